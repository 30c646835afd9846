/* GridBeacon: numbered beacons of fixed size, their names, and how they make room for each other. */
"use strict";

GB.levelOf = function (warning) {
  var found = GB.data.palette.levels.filter(function (level) { return level.name === warning.level; })[0];
  return found || GB.data.palette.levels[GB.data.palette.levels.length - 1];
};

/* A beacon is the same bright colour in both themes, with dark ink; words take the colour that reads on the ground. */
GB.colour = function (node, level) {
  node.style.setProperty("--level", level[GB.theme]);
  node.style.setProperty("--beacon", level.dark);
  node.style.setProperty("--ink", level.ink);
  node.setAttribute("data-numeral", level.numeral);  // paper may be grey
};

GB.labelPoint = function (row) {
  var unit = GB.units[row];
  return unit ? [unit.layer.labels[2 * unit.i], unit.layer.labels[2 * unit.i + 1]] : null;
};

/* Where a warning's beacon stands: well inside its unit. */
GB.anchor = function (warning) { return GB.labelPoint(warning.unit) || warning.at; };

GB.shortName = function (warning) {
  if (warning.city) return GB.t("wholeCity");
  var parts = String(warning.name || GB.fullName(warning.unit)).split("·").map(function (s) { return s.trim(); });
  return parts.slice(/\d/.test(parts[parts.length - 1]) ? -2 : -1).join("·");  // a number is no name: its community goes before it
};

/* A warning of the whole city stands in a tray above the map: its beacon would lie about a place. */
GB.makeBeacons = function () {
  (GB.beacons || []).forEach(function (b) { b.marker.remove(); });
  GB.beacons = [];
  GB.hiddenLabels = {};
  var tray = GB.clear(GB.byId("tray"));
  GB.shown.forEach(function (warning, i) {
    if (warning.city) { tray.appendChild(GB.trayBeacon(warning, i)); return; }
    var anchor = GB.anchor(warning);
    if (!anchor) return;
    GB.beacons.push(GB.makeBeacon(warning, i, anchor, false));
    if (warning.unit >= 0) GB.hiddenLabels[warning.unit] = true;
  });
  GB.makeSatellites();
};

GB.trayBeacon = function (warning, i) {
  var button = GB.el("button", "tray-beacon");
  button.type = "button";
  GB.colour(button, GB.levelOf(warning));
  button.appendChild(GB.el("span", "num", i + 1));
  button.appendChild(GB.el("span", null, GB.t("wholeCity") + " · " + GB.className(warning.category)));
  button.setAttribute("aria-label", GB.spoken(warning, i));
  button.addEventListener("click", function () { GB.select(i); });
  return button;
};

/* The places of a chosen warning of the whole city, each with a small beacon of the same number. */
GB.makeSatellites = function () {
  (GB.satellites || []).forEach(function (b) { b.marker.remove(); });
  GB.satellites = [];
  GB.namedBySatellite = {};
  var chosen = GB.selectedBeyond ? null : GB.shown[GB.selected];
  if (chosen && chosen.city) chosen.place_units.slice(0, 8).forEach(function (row) {
    GB.satellites.push(GB.makeBeacon(chosen, GB.selected, GB.labelPoint(row), true, row));
    GB.namedBySatellite[row] = true;
  });
  GB.placeBeacons();
};

GB.makeBeacon = function (warning, i, anchor, satellite, unit) {
  var level = GB.levelOf(warning), node = GB.el("span", "beacon" + (satellite ? " satellite" : ""));
  GB.colour(node, level);
  node.appendChild(GB.el("span", "num", i + 1));
  var name = node.appendChild(GB.el("span", "name", satellite ? GB.ownName(unit) : GB.shortName(warning)));
  var icon = L.divIcon({ className: "beacon-icon", html: node, iconSize: [0, 0] });
  var marker = L.marker(GB.toLatLng(anchor[0], anchor[1]), { icon: icon, pane: "beacons", keyboard: !satellite, interactive: true, riseOnHover: true, zIndexOffset: satellite ? 0 : 1000 - i * 10 });
  marker.on("click", function () { GB.select(i); });
  marker.on("mouseover", function (event) { GB.tipFor(event.originalEvent, GB.warningTip(warning, i)); });
  marker.on("mouseout", GB.hideTip);
  marker.addTo(GB.map);
  var box = marker.getElement();
  box.setAttribute("aria-label", GB.spoken(warning, i));
  if (satellite) box.setAttribute("aria-hidden", "true"); else box.setAttribute("role", "button");
  return { marker: marker, warning: warning, node: node, name: name, anchor: anchor, i: i, satellite: satellite, colour: level[GB.theme] };
};

/* Beacons never hide each other: they are pushed apart on the screen and tied to their place by a line. */
GB.placeBeacons = function () {
  var zoom = GB.map.getZoom(), rem = GB.rem();
  GB.placed = GB.beacons.concat(GB.satellites).map(function (b) {
    var at = GB.map.project(GB.toLatLng(b.anchor[0], b.anchor[1]), zoom), r = (b.satellite ? 0.72 : 1.3) * rem;
    return { at: at, world: at.clone(), r: r, beacon: b, colour: b.colour, name: null };
  });
  for (var round = 0; round < 120 && GB.pushApart(GB.placed); round++) continue;
  GB.placed.forEach(function (p) { p.beacon.marker.setLatLng(GB.map.unproject(p.world, zoom)); });
  GB.placeNames(rem);
  GB.markSelected();
};

GB.pushApart = function (placed) {
  var moved = false;
  for (var i = 0; i < placed.length; i++) for (var j = i + 1; j < placed.length; j++) {
    var a = placed[i], b = placed[j], gap = a.r + b.r + 7, dx = b.world.x - a.world.x, dy = b.world.y - a.world.y;
    var d = Math.sqrt(dx * dx + dy * dy);
    if (d >= gap - 0.5) continue;
    if (d < 0.01) { dx = Math.cos(2.4 * j); dy = Math.sin(2.4 * j); d = 1; }
    var push = (gap - d) / 2 / d;
    a.world = L.point(a.world.x - dx * push, a.world.y - dy * push);
    b.world = L.point(b.world.x + dx * push, b.world.y + dy * push);
    moved = true;
  }
  return moved;
};

GB.placeNames = function (rem) {
  var ctx = document.createElement("canvas").getContext("2d"), h = 1.35 * rem;
  var taken = GB.placed.map(function (p) { return [p.world.x - p.r, p.world.y - p.r, p.world.x + p.r, p.world.y + p.r]; });
  GB.placed.forEach(function (p) {
    ctx.font = (p.beacon.satellite ? "600 " + 0.95 * rem : "700 " + 1.06 * rem) + "px " + GB.FONTS;
    var w = ctx.measureText(p.beacon.name.textContent).width + 6, gap = p.r + 5;
    var spots = { below: [-w / 2, gap, w / 2, gap + h], right: [gap, -h / 2, gap + w, h / 2], left: [-gap - w, -h / 2, -gap, h / 2], above: [-w / 2, -gap - h, w / 2, -gap] };
    var found = Object.keys(spots).filter(function (key) {
      var s = spots[key];
      return !GB.overlaps([p.world.x + s[0], p.world.y + s[1], p.world.x + s[2], p.world.y + s[3]], taken);
    })[0];
    p.beacon.name.className = "name " + (found ? "name-" + found : "name-hidden");
    p.name = found ? spots[found] : null;
    if (found) taken.push([p.world.x + p.name[0], p.world.y + p.name[1], p.world.x + p.name[2], p.world.y + p.name[3]]);
  });
};

GB.markSelected = function () {
  var on = function (i) { return i === GB.selected && !GB.selectedBeyond; };
  GB.beacons.forEach(function (b) { b.node.classList.toggle("selected", on(b.i)); });
  Array.prototype.forEach.call(GB.byId("tray").children, function (node) {
    node.classList.toggle("selected", on(+node.firstChild.textContent - 1));
  });
};

/* What stands over the map: no name is written under it. */
GB.furniture = function (view) {
  var corner = GB.map.getContainer().getBoundingClientRect(), shift = GB.map.getPixelBounds().min.subtract(view.origin);
  var over = document.querySelectorAll(".states, .map .search, .legend, .zoom, .tray-beacon, .leaflet-control-scale");
  return Array.prototype.map.call(over, function (node) {
    var b = node.getBoundingClientRect(), dx = shift.x - corner.left, dy = shift.y - corner.top;
    return [b.left + dx, b.top + dy, b.right + dx, b.bottom + dy];
  });
};
