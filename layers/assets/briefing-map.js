/* GridBeacon: the map. Cells on canvas, warned units outlined over them, beacons of fixed size on top. */
"use strict";

GB.EARTH = 2 * Math.PI * 6378137;

GB.toLatLng = function (x, y) {
  var l = GB.data.lattice;
  return L.Projection.SphericalMercator.unproject(L.point(l.x0 + l.unit * x, l.y0 - l.unit * y));
};

GB.toLattice = function (latlng) {
  var l = GB.data.lattice, p = L.Projection.SphericalMercator.project(latlng);
  return { x: (p.x - l.x0) / l.unit, y: (l.y0 - p.y) / l.unit };
};

/* Pixels = steps · k + (tx, ty), for a canvas whose corner is *origin* in world pixels; w, n, e, s: the window in steps. */
GB.view = function (zoom, origin, size) {
  var l = GB.data.lattice, world = 256 * Math.pow(2, zoom), k = l.unit / GB.EARTH * world;
  var tx = (l.x0 / GB.EARTH + 0.5) * world - origin.x, ty = (0.5 - l.y0 / GB.EARTH) * world - origin.y;
  return { k: k, tx: tx, ty: ty, w: -tx / k, e: (size.x - tx) / k, n: -ty / k, s: (size.y - ty) / k, origin: origin };
};

/* A canvas that Leaflet moves and scales while zooming, and that we paint when it rests. */
GB.Canvas = L.Renderer.extend({
  initialize: function (pane, paint) {
    L.Renderer.prototype.initialize.call(this, { pane: pane, padding: 0.2 });
    this.paint = paint;
  },
  _initContainer: function () {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
  },
  _destroyContainer: function () { L.DomUtil.remove(this._container); },
  _updatePaths: function () {},
  _update: function () {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    this.repaint();
  },
  repaint: function () {
    if (!this._map || !this._bounds || (this._map._animatingZoom)) return;
    var corner = this._bounds.min, size = this._bounds.getSize(), ratio = window.devicePixelRatio || 1, c = this._container;
    c.width = Math.round(size.x * ratio); c.height = Math.round(size.y * ratio);
    c.style.width = size.x + "px"; c.style.height = size.y + "px";
    L.DomUtil.setPosition(c, corner);
    var ctx = c.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.lineJoin = "round";
    this.paint(ctx, GB.view(this._zoom, corner.add(this._map.getPixelOrigin()), size));
  }
});

/* ---- units ---------------------------------------------------------------------------------------------------- */

GB.readUnits = function () {
  GB.units = [];
  GB.layers = GB.data.layers;
  GB.layers.forEach(function (layer) {
    var n = layer.ids.length, points = GB.unstep(layer.labels);
    layer.geo = new GB.Shape(layer.shape);
    layer.parents = GB.unpack(layer.parents).map(function (row) { return row - 1; });
    layer.labels = new Int32Array(2 * n);
    layer.rows = new Int32Array(n);
    for (var i = 0; i < n; i++) {
      var b = layer.geo.boxes;
      layer.labels[2 * i] = ((b[4 * i] + b[4 * i + 2]) >> 1) + points[i];  // steps from the middle of the box
      layer.labels[2 * i + 1] = ((b[4 * i + 1] + b[4 * i + 3]) >> 1) + points[n + i];
      layer.rows[i] = layer.row + i;
      GB.units[layer.row + i] = { layer: layer, i: i, row: layer.row + i };
    }
    layer.shape = null;
  });
  GB.stack = GB.layers.filter(function (layer) { return layer.role === "territorial"; });
  if (!GB.stack.length) GB.stack = GB.layers.slice();
  GB.opening = GB.stack.length - 1;
  for (var k = GB.stack.length - 1; k >= 0; k--) if (GB.stack[k].rows.length >= 8) GB.opening = k;
  GB.stack.forEach(function (layer, k) { if (layer.level === GB.data.facts.street_level) GB.opening = k; });
};

GB.ownName = function (row) { var u = GB.units[row]; return u ? u.layer.names[u.i] : ""; };

GB.parent = function (row) { var u = GB.units[row]; return u ? u.layer.parents[u.i] : -1; };

/* 街道·社区·格: the last three names below the city. */
GB.fullName = function (row) {
  var names = [];
  for (var at = row, guard = 0; at >= 0 && GB.units[at] && guard < 12; at = GB.parent(at), guard++) {
    if (GB.units[at].layer.level === 0 && names.length) break;
    if (names.length < 3) names.unshift(GB.ownName(at));
  }
  return names.join(" · ");
};

GB.within = function (row, ancestor) {
  for (var at = row, guard = 0; at >= 0 && guard < 12; at = GB.parent(at), guard++) if (at === ancestor) return true;
  return false;
};

GB.levelName = function (layer) {
  var names = GB.data.facts.level_names || {}, name = names[layer.level];
  if (name && typeof name === "object") name = name[GB.lang];
  if (GB.lang === "en" && Object.prototype.hasOwnProperty.call(GB.LEVEL_WORDS, name)) name = GB.LEVEL_WORDS[name];
  return name ? String(name) : (GB.lang === "zh" ? "单元" : "unit");
};

/* Ground metres -> screen pixels at a zoom, in the middle of the map. */
GB.pixels = function (metres, zoom) {
  var lat = GB.map.getCenter().lat * Math.PI / 180;
  return metres / Math.cos(lat) / GB.EARTH * 256 * Math.pow(2, zoom);
};

/* The level drawn: streets first, finer ones as they grow large enough to be read. */
GB.levelAt = function (zoom) {
  var at = GB.opening;
  for (var k = GB.opening + 1; k < GB.stack.length; k++) {
    if (zoom >= GB.home + 0.7 * (k - GB.opening) && GB.pixels(GB.stack[k].side, zoom) >= 9) at = k;
  }
  return at;
};

GB.showing = function () {
  var key = GB.key();
  var at = GB.levelAt(GB.map.getZoom()), k;
  if (GB.clusters()) at = Math.min(Math.max(at, GB.opening + 1), GB.stack.length - 1);  // clusters show below street level
  for (k = at; k < GB.stack.length; k++) if (GB.stack[k][key]) return GB.stack[k];
  for (k = at; k >= 0; k--) if (GB.stack[k][key]) return GB.stack[k];
  return GB.stack[at];
};

/* Under which name the values of the map's state stand in a layer. */
GB.key = function () { return { hot: "hot", emerging: "emerging", time: "time" }[GB.mode] || "risk"; };

/* Whether the map shows clusters, of which single cells are part. */
GB.clusters = function () { return GB.mode === "hot" || GB.mode === "emerging"; };

GB.classes = function () {
  if (GB.mode === "time") return GB.historyClasses();
  return { hot: GB.data.palette.hotspots, emerging: GB.data.palette.emerging }[GB.mode] || GB.data.palette.risk;
};

/* ---- painting ------------------------------------------------------------------------------------------------- */

GB.paintCells = function (ctx, view) {
  var showing = GB.showing(), streets = GB.stack[GB.opening], finer = GB.stack[GB.levelAt(GB.map.getZoom())];
  if (GB.paintPicture) GB.paintPicture(ctx, view);
  if (GB.mode === "density") GB.paintDensity(ctx, view, streets);
  else GB.paintClasses(ctx, view, showing, streets);
  GB.paintBefore(ctx, view, function () { GB.paintClasses(ctx, view, showing, streets); });
  if (GB.paintGround) GB.paintGround(ctx, view);
  var ink = GB.theme === "dark" ? "255,255,255" : "20,34,54";
  if (!GB.clusters() && GB.mode !== "density") finer = showing;
  if (GB.overlays.borders) GB.paintBorders(ctx, view, streets, finer, ink);
  if (GB.overlays.labels) GB.paintLabels(ctx, view, finer);
};

/* What lies over the colours, each of which may be taken away. */
GB.overlays = { borders: true, labels: true, points: true };

GB.paintBorders = function (ctx, view, streets, finer, ink) {
  if (finer !== streets) GB.stroke(ctx, finer, view, "rgba(" + ink + ",0.16)", 0.7);
  GB.stroke(ctx, streets, view, "rgba(" + ink + (finer === streets ? ",0.24)" : ",0.42)"), finer === streets ? 1 : 1.5);
  for (var k = 0; k < GB.opening; k++) GB.stroke(ctx, GB.stack[k], view, "rgba(" + ink + ",0.42)", 1.8);
};

GB.stroke = function (ctx, layer, view, style, width) {
  ctx.beginPath();
  layer.geo.borders(ctx, view);
  ctx.strokeStyle = style;
  ctx.lineWidth = width;
  ctx.stroke();
};

GB.fillUnit = function (ctx, layer, i, view, style) {
  ctx.beginPath();
  layer.geo.path(ctx, i, view);
  ctx.fillStyle = style;
  ctx.fill("evenodd");
};

GB.paintClasses = function (ctx, view, layer, streets) {
  var drawn = layer[GB.key()], classes = GB.classes(), theme = GB.theme;
  var calm = GB.clusters() ? classes.filter(function (c) { return c.name === ""; })[0] : classes[0];
  for (var s = 0; s < streets.rows.length; s++) if (GB.inside(streets.geo.boxes, s, view)) GB.fillUnit(ctx, streets, s, view, calm[theme]);
  if (!drawn) return;
  for (var i = 0; i < layer.rows.length; i++) {
    var at = drawn.k[i], style = at < 0 ? GB.data.palette.no_data[theme] : classes[at][theme];
    if (classes[at] === calm || !GB.inside(layer.geo.boxes, i, view)) continue;
    GB.fillUnit(ctx, layer, i, view, style);
  }
};

GB.paintDensity = function (ctx, view, streets) {
  for (var s = 0; s < streets.rows.length; s++) if (GB.inside(streets.geo.boxes, s, view)) GB.fillUnit(ctx, streets, s, view, GB.data.palette.risk[0][GB.theme]);
  var d = GB.data.density;
  if (!d) return;
  if (!d.pictures) d.pictures = {};
  if (!d.pictures[GB.theme]) d.pictures[GB.theme] = GB.densityPicture(d);
  var x = d.box[0] * view.k + view.tx, y = d.box[1] * view.k + view.ty;
  ctx.imageSmoothingEnabled = true;
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(d.pictures[GB.theme], x, y, (d.box[2] - d.box[0]) * view.k, (d.box[3] - d.box[1]) * view.k);
};

GB.densityValue = function (d, stored) { var part = stored / 254; return part * part * d.top; };

GB.densityClass = function (d, value) {
  var at = -1;
  for (var k = 0; k < d.breaks.length; k++) if (value >= d.breaks[k]) at = k;
  return at;
};

GB.densityPicture = function (d) {
  if (!d.bytes) d.bytes = atob(d.values);
  var canvas = document.createElement("canvas"), colours = GB.data.palette.density[GB.theme], table = [];
  canvas.width = d.cols; canvas.height = d.rows;
  for (var v = 0; v < 255; v++) {
    var at = GB.densityClass(d, GB.densityValue(d, v));
    table.push(at < 0 ? null : GB.rgb(colours[Math.min(at, colours.length - 1)]));
  }
  var ctx = canvas.getContext("2d"), image = ctx.createImageData(d.cols, d.rows);
  for (var p = 0; p < d.rows * d.cols; p++) {
    var rgb = table[d.bytes.charCodeAt(p)];
    if (!rgb) continue;
    image.data[4 * p] = rgb[0]; image.data[4 * p + 1] = rgb[1]; image.data[4 * p + 2] = rgb[2]; image.data[4 * p + 3] = 235;
  }
  ctx.putImageData(image, 0, 0);
  return canvas;
};

GB.rgb = function (colour) {
  var n = parseInt(colour.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
};

GB.tint = function (colour, alpha) { return "rgba(" + GB.rgb(colour).join(",") + "," + alpha + ")"; };

GB.rem = function () { return parseFloat(getComputedStyle(document.documentElement).fontSize) || 16; };

GB.overlaps = function (box, boxes) {
  return boxes.some(function (b) { return box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1]; });
};

/* Names of streets, and of finer units once they have room; none over another, none under a beacon. */
GB.paintLabels = function (ctx, view, finer) {
  var taken = GB.beaconBoxes(view).concat(GB.furniture(view)), ground = GB.data.palette.ground[GB.theme], rem = GB.rem();
  var named = finer === GB.stack[GB.opening] ? [finer] : [finer, GB.stack[GB.opening]];
  ctx.textAlign = "center"; ctx.textBaseline = "middle";
  ctx.lineWidth = 3;
  named.reverse().forEach(function (layer, k) {
    var size = k === 0 ? 0.95 : 0.9;
    ctx.font = (k === 0 ? "600 " : "400 ") + size * rem + "px " + GB.FONTS;
    ctx.fillStyle = k === 0 ? ground.text : ground.muted;
    ctx.globalAlpha = k === 0 ? 0.82 : 1;
    ctx.strokeStyle = GB.tint(ground.page, 0.75);
    for (var i = 0; i < layer.rows.length; i++) {
      if (!GB.inside(layer.geo.boxes, i, view) || GB.hiddenLabels[layer.rows[i]] || GB.namedBySatellite[layer.rows[i]]) continue;
      var x = layer.labels[2 * i] * view.k + view.tx, y = layer.labels[2 * i + 1] * view.k + view.ty;
      var room = (layer.geo.boxes[4 * i + 2] - layer.geo.boxes[4 * i]) * view.k;
      if (room < 2.2 * rem) continue;
      var width = ctx.measureText(layer.names[i]).width;
      if (width > room * (k === 0 ? 1.25 : 0.92)) continue;
      var box = [x - width / 2 - 4, y - size * rem * 0.7, x + width / 2 + 4, y + size * rem * 0.7];
      if (GB.overlaps(box, taken)) continue;
      taken.push(box);
      ctx.strokeText(layer.names[i], x, y);
      ctx.fillText(layer.names[i], x, y);
    }
    ctx.globalAlpha = 1;
  });
};

GB.beaconBoxes = function (view) {
  var all = [];
  GB.placed.forEach(function (p) {
    var x = p.world.x - view.origin.x, y = p.world.y - view.origin.y;
    all.push([x - p.r, y - p.r, x + p.r, y + p.r]);
    if (p.name) all.push([x + p.name[0], y + p.name[1], x + p.name[2], y + p.name[3]]);
  });
  return all;
};

GB.unitsOf = function (warning) {
  if (warning.city || warning.unit < 0) return warning.place_units;
  return [warning.unit];
};

GB.paintMarks = function (ctx, view) {
  var theme = GB.theme;
  for (var w = GB.shown.length - 1; w >= 0; w--) {
    var on = w === GB.selected && !GB.selectedBeyond;
    if (GB.shown[w].city && !on) continue;  // the whole city is no place: its places show when it is chosen
    GB.outline(ctx, view, GB.unitsOf(GB.shown[w]), GB.levelOf(GB.shown[w])[theme], on ? 3.6 : 1.8, 0);  // no fill: the colour beneath is the legend's
  }
  if (GB.selected >= 10 || GB.selectedBeyond) {
    var extra = GB.current();
    if (extra) GB.outline(ctx, view, GB.unitsOf(extra), GB.levelOf(extra)[theme], 3.6, 0);
  }
  if (GB.pinned >= 0) GB.outline(ctx, view, [GB.pinned], GB.data.palette.ground[theme].text, 2.6, 0);
  if (GB.hovered >= 0) GB.outline(ctx, view, [GB.hovered], GB.data.palette.ground[theme].text, 1.4, 0.08);
  if (GB.flashing) GB.outline(ctx, view, GB.flashing.units, GB.flashing.colour, 3 + 7 * GB.flashing.strength, 0.1 + 0.3 * GB.flashing.strength);
  if (GB.overlays.points) GB.paintDefaultPoints(ctx, view);
  GB.paintOtherWarnings(ctx, view);
  GB.paintLeaders(ctx, view);
};

GB.outline = function (ctx, view, rows, colour, width, fill) {
  rows.forEach(function (row) {
    var unit = GB.units[row];
    if (!unit || !GB.inside(unit.layer.geo.boxes, unit.i, view)) return;
    ctx.beginPath();
    unit.layer.geo.path(ctx, unit.i, view);
    if (fill) { ctx.fillStyle = GB.tint(colour, fill); ctx.fill("evenodd"); }
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  });
};

GB.paintDefaultPoints = function (ctx, view) {
  var ground = GB.data.palette.ground[GB.theme], r = 0.62 * GB.rem();
  GB.data.default_points.forEach(function (point) {
    if (!point.at) return;
    var x = point.at[0] * view.k + view.tx, y = point.at[1] * view.k + view.ty;
    ctx.save();
    ctx.beginPath();
    ctx.arc(x, y, r, 0, 7);
    ctx.fillStyle = ground.page; ctx.fill();
    ctx.strokeStyle = ground.muted; ctx.lineWidth = 1.4; ctx.stroke();
    ctx.clip();
    ctx.beginPath();
    for (var d = -2 * r; d < 2 * r; d += 4) { ctx.moveTo(x + d, y + r); ctx.lineTo(x + d + 2 * r, y - r); }
    ctx.stroke();
    ctx.restore();
  });
};

GB.paintLeaders = function (ctx, view) {
  GB.placed.forEach(function (p) {
    if (p.world.distanceTo(p.at) < p.r * 0.8) return;
    var x = p.at.x - view.origin.x, y = p.at.y - view.origin.y;
    ctx.strokeStyle = ctx.fillStyle = p.colour;
    ctx.lineWidth = 1.6;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(p.world.x - view.origin.x, p.world.y - view.origin.y);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, y, 3.2, 0, 7);
    ctx.fill();
  });
};

/* ---- moving --------------------------------------------------------------------------------------------------- */

GB.still = function () { return window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches; };

/* The whole city, beside the legend or above it, whichever shows it larger. */
GB.homeView = function () {
  var l = GB.data.lattice, bounds = L.latLngBounds(GB.toLatLng(0, l.h), GB.toLatLng(l.w, 0)), pad = 1.4 * GB.rem();
  var legend = GB.byId("legend").getBoundingClientRect(), top = 4.4 * GB.rem(), size = GB.map.getSize();
  var choices = [[[legend.width + 2 * pad, pad], [pad, pad]], [[pad, top], [pad, pad]]].map(function (p, i) {
    var room = L.point(p[0][0] + p[1][0], p[0][1] + p[1][1] + (i ? legend.height : 0));
    if (size.x - room.x < 80 || size.y - room.y < 80) return { zoom: -1 };  // the legend leaves no room
    return { zoom: GB.map.getBoundsZoom(bounds, false, room), left: L.point(p[0]), right: L.point(p[1][0], p[1][1] + (i ? legend.height : 0)) };
  });
  var best = choices[1].zoom > choices[0].zoom ? choices[1] : choices[0];
  if (best.zoom < 0) best = { zoom: GB.map.getBoundsZoom(bounds), left: L.point(0, 0), right: L.point(0, 0) };
  return { bounds: bounds, options: { paddingTopLeft: best.left, paddingBottomRight: best.right, animate: false }, zoom: best.zoom };
};

/* End a zoom under way; Leaflet ignores a new view while one is being animated. */
GB.settle = function () {
  GB.map.stop();
  if (GB.map._animatingZoom) GB.map._onZoomTransitionEnd();
};

GB.goHome = function () {
  GB.settle();
  var view = GB.homeView();
  GB.map.fitBounds(view.bounds, view.options);
  GB.home = GB.map.getZoom();
  GB.map.setMinZoom(Math.max(GB.home - 1, 0));
};

GB.boundsOf = function (rows) {
  var bounds = L.latLngBounds([]);
  rows.forEach(function (row) {
    var u = GB.units[row];
    if (!u) return;
    var b = u.layer.geo.boxes;
    bounds.extend(GB.toLatLng(b[4 * u.i], b[4 * u.i + 3])).extend(GB.toLatLng(b[4 * u.i + 2], b[4 * u.i + 1]));
  });
  return bounds;
};

GB.goTo = function (rows) {
  var bounds = GB.boundsOf(rows);
  if (!bounds.isValid()) { GB.goHome(); return; }
  GB.settle();
  var zoom = Math.min(GB.map.getBoundsZoom(bounds.pad(1.2)), GB.home + 2.6);
  GB.map.setView(bounds.getCenter(), Math.max(zoom, GB.home), { animate: !GB.still() });
};

GB.flash = function (rows, colour) {
  if (GB.still() || !rows.length) return;
  var start = performance.now(), token = {};
  GB.flashToken = token;
  var step = function (now) {
    if (GB.flashToken !== token) return;
    var part = (now - start) / 1500;
    GB.flashing = part < 1 ? { units: rows, colour: colour, strength: Math.abs(Math.sin(part * Math.PI * 3)) * (1 - part) } : null;
    GB.markCanvas.repaint();
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
};
