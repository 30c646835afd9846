/* GridBeacon: two runs on one map. Left of the hand the earlier one, right of it the later one. */
"use strict";

Object.assign(GB.WORDS.zh, { before: "此前 {at}", after: "本次 {at}", swipe: "左右拖动对比", changesNote: "与 {at} 相比:新增 {added} · 不再提示 {gone} · 仍在 {kept}" });
Object.assign(GB.WORDS.en, { before: "Before: {at}", after: "Now: {at}", swipe: "Drag to compare", changesNote: "against {at}: {added} new · {gone} no longer · {kept} still" });

GB.startSwipe = function () {
  var other = GB.data.other, box = GB.byId("swipe");
  if (!other) return;
  GB.hand = 0.5;
  other.layers.forEach(function (values, k) { GB.layers[k].before = values; });
  box.hidden = false;
  box.setAttribute("aria-valuemin", 0);
  box.setAttribute("aria-valuemax", 100);
  box.addEventListener("pointerdown", function (event) {
    box.setPointerCapture(event.pointerId);
    box.classList.add("held");
    event.preventDefault();
  });
  box.addEventListener("pointermove", function (event) {
    if (!box.classList.contains("held")) return;
    var map = GB.byId("map-section").getBoundingClientRect();
    GB.setHand((event.clientX - map.left) / map.width);
  });
  ["pointerup", "pointercancel"].forEach(function (name) { box.addEventListener(name, function () { box.classList.remove("held"); }); });
  box.addEventListener("keydown", function (event) {
    var step = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
    if (!step) return;
    GB.setHand(GB.hand + step);
    event.preventDefault();
    event.stopPropagation();
  });
  GB.map.on("move zoomend", GB.splitBeacons);
  GB.setHand(0.5);
};

GB.setHand = function (share) {
  GB.hand = Math.max(0.02, Math.min(0.98, share));
  var box = GB.byId("swipe");
  box.style.left = 100 * GB.hand + "%";
  box.setAttribute("aria-valuenow", Math.round(100 * GB.hand));
  GB.cellCanvas.repaint();
  GB.markCanvas.repaint();
  GB.splitBeacons();
};

GB.renderSwipe = function () {
  var other = GB.data.other;
  if (!other) return;
  var at = function (f) { return GB.until(GB.moment(f.as_of)); };
  GB.byId("swipe").setAttribute("aria-label", GB.t("swipe"));
  GB.byId("swipe").title = GB.t("swipe");
  GB.byId("swipe-before").textContent = GB.t("before", { at: at(other.facts) });
  GB.byId("swipe-after").textContent = GB.t("after", { at: at(GB.data.facts) });
  GB.byId("list-note").textContent = GB.t("changesNote", { at: at(other.facts), added: other.changes.new, gone: other.changes.gone, kept: other.changes.kept });
};

/* The hand in pixels of a canvas that is being painted. */
GB.handAt = function (view) {
  var x = GB.hand * GB.byId("map-section").clientWidth;
  return GB.map.containerPointToLayerPoint([x, 0]).x + GB.map.getPixelOrigin().x - view.origin.x;
};

/* Paint again, left of the hand only, what *paint* shows of the earlier run. */
GB.paintBefore = function (ctx, view, paint) {
  if (!GB.data.other || GB.mode === "density" || GB.mode === "time") return;
  var x = GB.handAt(view), key = GB.key();
  ctx.save();
  ctx.beginPath();
  ctx.moveTo(-9999, -9999); ctx.lineTo(x, -9999); ctx.lineTo(x, 99999); ctx.lineTo(-9999, 99999); ctx.closePath();
  ctx.clip();
  GB.layers.forEach(function (layer) { layer.now = layer[key]; layer[key] = layer.before && layer.before[key] || layer[key]; });
  paint();
  GB.layers.forEach(function (layer) { layer[key] = layer.now; });
  ctx.restore();
};

/* The earlier run's warnings: borders, and hollow beacons with their numbers. */
GB.paintOtherWarnings = function (ctx, view) {
  if (!GB.data.other) return;
  var x = GB.handAt(view), r = 1.05 * GB.rem(), ground = GB.data.palette.ground[GB.theme];
  ctx.save();
  ctx.beginPath();
  ctx.moveTo(-9999, -9999); ctx.lineTo(x, -9999); ctx.lineTo(x, 99999); ctx.lineTo(-9999, 99999); ctx.closePath();
  ctx.clip();
  GB.data.other.warnings.slice(0, GB.BEACONS).forEach(function (w, i) {
    if (w.city) return;
    var colour = GB.levelOf(w)[GB.theme], at = GB.labelPoint(w.unit) || w.at;
    GB.outline(ctx, view, GB.unitsOf(w), colour, 1.8, 0);
    if (!at) return;
    var px = at[0] * view.k + view.tx, py = at[1] * view.k + view.ty;
    ctx.beginPath();
    ctx.arc(px, py, r, 0, 7);
    ctx.fillStyle = ground.page; ctx.fill();
    ctx.strokeStyle = colour; ctx.lineWidth = 3; ctx.stroke();
    ctx.fillStyle = colour;
    ctx.font = "800 " + 1.1 * GB.rem() + "px " + GB.FONTS;
    ctx.textAlign = "center"; ctx.textBaseline = "middle";
    ctx.fillText(String(i + 1), px, py);
  });
  ctx.restore();
};

/* Beacons of the later run stand right of the hand only. */
GB.splitBeacons = function () {
  if (!GB.data.other) return;
  var x = GB.hand * GB.byId("map-section").clientWidth;
  (GB.beacons || []).concat(GB.satellites || []).forEach(function (b) {
    var node = b.marker.getElement();
    if (node) node.style.visibility = GB.map.latLngToContainerPoint(b.marker.getLatLng()).x < x ? "hidden" : "visible";
  });
};
