/* GridBeacon: the start of the page, and what happens on click, key and print. */
"use strict";

GB.FONTS = '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC","Source Han Sans SC",sans-serif';
GB.BEACONS = 10;

GB.say = function (text) { GB.byId("live").textContent = text; };

/* Choose one warning: the row lights up, the map goes there, the unit flashes, the detail tells. */
GB.select = function (i, options) {
  options = options || {};
  GB.selected = i;
  GB.selectedBeyond = Boolean(options.beyond);
  GB.pinned = -1;
  var w = GB.current();
  GB.lightRow();
  GB.renderDetail();
  GB.makeSatellites();
  GB.cellCanvas.repaint();
  if (!w || options.quiet) { GB.markCanvas.repaint(); return; }
  var rows = GB.unitsOf(w);
  if (w.city) GB.goHome(); else if (!options.stay) GB.goTo(rows);
  GB.markCanvas.repaint();
  GB.flash(rows, GB.levelOf(w)[GB.theme]);
  GB.say(GB.spoken(w, i) + ". " + GB.reasonOf(w));
};

GB.lightRow = function () {
  [[GB.rowNodes, false], [GB.beyondNodes, true]].forEach(function (pair) {
    pair[0].forEach(function (node, k) {
      var on = k === GB.selected && pair[1] === GB.selectedBeyond;
      node.classList.toggle("selected", on);
      node.firstChild.setAttribute("aria-pressed", String(on));
      if (on) GB.reveal(node);
    });
  });
};

GB.reveal = function (node) {
  var box = GB.byId("scroll"), top = node.offsetTop - box.offsetTop;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + node.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + node.offsetHeight - box.clientHeight;
};

/* briefing.html#warning=ID: another program leads to one warning. */
GB.followAddress = function () {
  var asked = /^#warning=(.+)$/.exec(location.hash);
  if (!asked) return;
  [["inside", false], ["beyond", true]].some(function (pair) {
    return GB.data.warnings[pair[0]].some(function (w, i) {
      if (encodeURIComponent(w.warning_id) !== asked[1]) return false;
      GB.select(i, { beyond: pair[1] });
      return true;
    });
  });
};

GB.reset = function () {
  GB.showAbout(false);
  GB.showDossier(false);
  GB.showCharts(false);
  GB.goHome();
  GB.select(GB.data.warnings.inside.length ? 0 : -1, { quiet: true });
  GB.say(GB.t("cleared"));
};

GB.setMode = function (mode) {
  var through = mode === "time" || GB.mode === "time";
  GB.mode = mode;
  GB.renderStates();
  if (mode === "time") GB.showStep(GB.past.at);
  if (through) GB.renderTime();
  GB.renderLegend();
  GB.cellCanvas.repaint();
  var on = GB.byId("states").querySelector('[aria-checked="true"]');
  if (on && GB.byId("states").contains(document.activeElement)) on.focus();
};

GB.setTheme = function (theme) {
  GB.theme = theme;
  var root = document.documentElement, ground = GB.data.palette.ground[theme];
  root.setAttribute("data-theme", theme);
  Object.keys(ground).forEach(function (name) { root.style.setProperty("--" + name, ground[name]); });
  root.style.setProperty("--silent", GB.data.palette.no_data[theme]);
};

GB.renderAll = function () {
  GB.renderTitle();
  GB.renderFigures();
  GB.renderList();
  GB.renderFilters();
  GB.renderTime();
  GB.renderStates();
  GB.renderOverlays();
  GB.renderLegend();
  GB.renderDetail();
  GB.renderAbout();
  GB.renderSwipe();
  GB.byId("charts").textContent = GB.t("charts");
  GB.byId("charts").hidden = !GB.data.facts.charts;
  if (!GB.byId("charts-box").hidden) GB.renderCharts();
  GB.lightRow();
  GB.byId("search").placeholder = GB.t("search");
  GB.byId("search").setAttribute("aria-label", GB.t("search"));
  [["zoom-in", "zoomIn"], ["zoom-out", "zoomOut"], ["zoom-home", "home"]].forEach(function (pair) {
    GB.byId(pair[0]).setAttribute("aria-label", GB.t(pair[1]));
    GB.byId(pair[0]).title = GB.t(pair[1]);
  });
};

GB.repaintAll = function () {
  GB.makeBeacons();
  GB.splitBeacons();
  GB.cellCanvas.repaint();
  GB.markCanvas.repaint();
};

GB.showAbout = function (on) {
  var box = GB.byId("about-box");
  if (box.hidden === !on) return;
  box.hidden = !on;
  (on ? box.querySelector(".close") : GB.byId("about")).focus();
};

/* ---- the map's events ----------------------------------------------------------------------------------------- */

GB.under = function (latlng) {
  var at = GB.toLattice(latlng), layer = GB.showing();
  if (GB.mode === "density") layer = GB.stack[GB.levelAt(GB.map.getZoom())];
  return { at: at, layer: layer, i: layer.geo.find(at.x, at.y) };
};

GB.hover = function (event) {
  var point = GB.defaultPointAt(event.containerPoint), hit = GB.under(event.latlng), row = hit.i < 0 ? -1 : hit.layer.rows[hit.i];
  if (point) GB.tipFor(event.originalEvent, [GB.t("tipDefault", { n: GB.number(point.rows) })]);
  else if (hit.i >= 0) GB.tipFor(event.originalEvent, GB.unitTip(hit.layer, hit.i).concat(GB.densityTip(hit.at)));
  else GB.hideTip();
  if (row !== GB.hovered) { GB.hovered = row; GB.markCanvas.repaint(); }
};

GB.densityTip = function (at) {
  var d = GB.data.density;
  if (GB.mode !== "density" || !d || !d.bytes) return [];
  var col = Math.floor((at.x - d.box[0]) / (d.box[2] - d.box[0]) * d.cols), row = Math.floor((at.y - d.box[1]) / (d.box[3] - d.box[1]) * d.rows);
  if (col < 0 || row < 0 || col >= d.cols || row >= d.rows) return [];
  var stored = d.bytes.charCodeAt(row * d.cols + col);
  return stored > 254 ? [] : [GB.t("tipDensity", { n: GB.number(GB.densityValue(d, stored)) })];
};

GB.defaultPointAt = function (pixel) {
  return GB.data.default_points.filter(function (point) {
    return point.at && GB.map.latLngToContainerPoint(GB.toLatLng(point.at[0], point.at[1])).distanceTo(pixel) < 0.8 * GB.rem();
  })[0];
};

/* A cell was clicked: the warning of that very unit, one that names it, one it lies in, or one that lies in it. */
GB.pick = function (event) {
  var hit = GB.under(event.latlng);
  if (hit.i < 0) return;
  var row = hit.layer.rows[hit.i], found = -1;
  [
    function (w) { return w.unit === row; },
    function (w) { return GB.unitsOf(w).indexOf(row) >= 0; },
    function (w) { return GB.unitsOf(w).some(function (u) { return GB.within(row, u); }); },
    function (w) { return !w.city && GB.within(w.unit, row); }
  ].forEach(function (fits) {
    GB.data.warnings.inside.forEach(function (w, k) { if (found < 0 && fits(w)) found = k; });
  });
  if (found >= 0) { GB.select(found, { stay: true }); return; }
  GB.pinned = row;
  GB.markCanvas.repaint();
  GB.say(GB.t("noWarning", { name: GB.fullName(row) }));
};

/* As near as one finest unit fills a third of the map; nearer there is nothing to see. */
GB.limitZoom = function () {
  var finest = GB.stack[GB.stack.length - 1], zoom = GB.map.getMinZoom();
  while (zoom < 19 && GB.pixels(finest.side, zoom + 0.25) < GB.map.getSize().y / 3) zoom += 0.25;
  GB.map.setMaxZoom(Math.max(zoom, GB.home + 1));
};

GB.startMap = function () {
  var map = GB.map = window[GB.data.map], busy = false;
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false, maxWidth: 140, position: "bottomright" }).addTo(map);
  map.getContainer().setAttribute("role", "application");
  GB.home = map.getZoom();
  GB.renderAll();
  map.invalidateSize({ animate: false });
  GB.goHome();
  GB.limitZoom();
  GB.renderLegend();
  GB.cellCanvas = new GB.Canvas("cells", GB.paintCells).addTo(map);
  GB.markCanvas = new GB.Canvas("marks", GB.paintMarks).addTo(map);
  GB.makeBeacons();
  GB.cellCanvas.repaint();
  GB.markCanvas.repaint();
  map.on("zoomend", function () { GB.placeBeacons(); GB.renderLegend(); GB.cellCanvas.repaint(); GB.markCanvas.repaint(); });
  map.on("mousemove", function (event) {
    if (busy) return;
    busy = true;
    requestAnimationFrame(function () { busy = false; GB.hover(event); });
  });
  map.on("mouseout", function () { GB.hovered = -1; GB.hideTip(); GB.markCanvas.repaint(); });
  map.on("click", GB.pick);
};

/* ---- keys, search, print -------------------------------------------------------------------------------------- */

GB.onKey = function (event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { GB.closeSearch(); GB.reset(); return; }
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  if (/^[0-9]$/.test(event.key)) {
    var i = event.key === "0" ? 9 : +event.key - 1;
    if (i < GB.data.warnings.inside.length) GB.select(i);
    return;
  }
  var row = event.target.closest ? event.target.closest(".row") : null;
  if (row && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    var next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    if (next) { next.firstChild.focus(); event.preventDefault(); }
  }
  var state = event.target.getAttribute && event.target.getAttribute("role") === "radio";
  if (state && /^Arrow/.test(event.key)) {
    var other = /Right|Down/.test(event.key) ? event.target.nextElementSibling : event.target.previousElementSibling;
    if (other) { other.click(); event.preventDefault(); }
  }
};

GB.closeSearch = function () {
  var list = GB.clear(GB.byId("found"));
  list.hidden = true;
  GB.byId("search").setAttribute("aria-expanded", "false");
};

GB.search = function () {
  var text = GB.byId("search").value.trim().toLowerCase(), list = GB.byId("found"), hits = [];
  GB.closeSearch();
  if (!text) return;
  GB.units.some(function (unit) {
    if (String(unit.layer.ids[unit.i]).toLowerCase().indexOf(text) >= 0 || unit.layer.names[unit.i].toLowerCase().indexOf(text) >= 0) hits.push(unit.row);
    return hits.length >= 8;
  });
  hits.forEach(function (row) {
    var item = list.appendChild(GB.el("li", null, GB.fullName(row) || GB.t("wholeCity")));
    item.setAttribute("role", "option");
    item.tabIndex = -1;
    item.addEventListener("mousedown", function (event) { event.preventDefault(); GB.goToUnit(row); });
  });
  if (!hits.length) list.appendChild(GB.el("li", "nothing", GB.t("notFound")));
  list.hidden = false;
  GB.byId("search").setAttribute("aria-expanded", "true");
  GB.say(GB.t("found", { n: hits.length }));
  GB.firstHit = hits.length ? hits[0] : -1;
};

GB.goToUnit = function (row) {
  GB.closeSearch();
  GB.pinned = row;
  GB.goTo([row]);
  GB.markCanvas.repaint();
  GB.flash([row], GB.data.palette.ground[GB.theme].text);
  GB.say(GB.fullName(row));
};

/* Everything again: after a change of theme, language or size. */
GB.refresh = function () {
  GB.renderAll();
  GB.map.invalidateSize({ animate: false, pan: false });
  GB.goHome();
  GB.renderLegend();
  GB.repaintAll();
};

GB.wire = function () {
  var on = function (id, name, act) { GB.byId(id).addEventListener(name, act); };
  on("lang", "click", function () { GB.lang = GB.lang === "zh" ? "en" : "zh"; GB.renderAll(); GB.repaintAll(); });
  on("theme", "click", function () { GB.setTheme(GB.theme === "dark" ? "light" : "dark"); GB.renderAll(); GB.repaintAll(); });
  on("about", "click", function () { GB.showAbout(true); });
  on("charts", "click", function () { GB.showCharts(true); });
  on("charts-box", "click", function (event) { if (event.target.id === "charts-box") GB.showCharts(false); });
  on("dossier-box", "click", function (event) { if (event.target.id === "dossier-box") GB.showDossier(false); });
  on("about-box", "click", function (event) { if (event.target.id === "about-box") GB.showAbout(false); });
  on("zoom-in", "click", function () { GB.map.zoomIn(0.75); });
  on("zoom-out", "click", function () { GB.map.zoomOut(0.75); });
  on("zoom-home", "click", GB.reset);
  on("save-list", "click", GB.saveList);
  on("play", "click", GB.play);
  on("bars", "click", GB.seek);
  on("bars", "keydown", function (event) { if (GB.mode === "time") GB.onTimeKey(event); });
  on("search", "input", GB.search);
  on("search", "blur", GB.closeSearch);
  on("search", "keydown", function (event) { if (event.key === "Enter" && GB.firstHit >= 0) GB.goToUnit(GB.firstHit); });
  document.addEventListener("keydown", GB.onKey);
  window.addEventListener("beforeprint", function () { GB.print(true); });
  window.addEventListener("afterprint", function () { GB.print(false); });
  var timer = 0;
  window.addEventListener("resize", function () {
    clearTimeout(timer);
    timer = setTimeout(function () { if (!document.documentElement.classList.contains("printing")) GB.refresh(); }, 150);
  });
};

GB.start = function (data) {
  GB.data = data;
  GB.lang = GB.data.lang === "en" ? "en" : "zh";
  GB.mode = "risk";
  GB.selected = -1;
  GB.selectedBeyond = false;
  GB.hovered = -1;
  GB.pinned = -1;
  GB.firstHit = -1;
  GB.hiddenLabels = {};
  GB.namedBySatellite = {};
  GB.placed = [];
  GB.shown = GB.data.warnings.inside.slice(0, GB.BEACONS);
  GB.setTheme("dark");
  GB.readUnits();
  GB.readHistory();
  GB.startMap();
  GB.startSwipe();
  GB.wire();
  if (GB.data.warnings.inside.length) GB.select(0, { quiet: true });
  GB.byId("unsupported").hidden = true;  // last: where anything failed, the sentence stays
  GB.byId("page").classList.remove("waiting");
  document.documentElement.setAttribute("data-ready", "true");
  if (location.hash === "#paper") GB.print(true);  // the sheet as a picture
  GB.followAddress();
  window.addEventListener("hashchange", GB.followAddress);
};

(function () {
  var source = GB.byId("data");
  if (source.type !== "application/gzip") return GB.start(JSON.parse(source.textContent));
  if (typeof DecompressionStream === "undefined") return;  // the sentence for engines too old stays
  var packed = atob(source.textContent), bytes = new Uint8Array(packed.length);
  for (var i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json().then(GB.start);
})();
