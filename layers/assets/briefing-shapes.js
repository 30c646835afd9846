/* GridBeacon: borders as shared arcs on a lattice of whole numbers; drawing them and finding what lies under a point. */
"use strict";

GB.unpack = function (text) {
  var bytes = atob(text), n = 0, i;
  for (i = 0; i < bytes.length; i++) if (bytes.charCodeAt(i) < 128) n++;
  var out = new Int32Array(n), value = 0, shift = 0, k = 0;
  for (i = 0; i < bytes.length; i++) {
    var b = bytes.charCodeAt(i);
    value |= (b & 127) << shift;
    if (b < 128) { out[k++] = value; value = 0; shift = 0; } else shift += 7;
  }
  return out;
};

GB.sums = function (sizes) {
  var out = new Int32Array(sizes.length + 1);
  for (var i = 0; i < sizes.length; i++) out[i + 1] = out[i] + sizes[i];
  return out;
};

/* Differences, folded to be never negative, back to values. */
GB.unstep = function (text) {
  var v = GB.unpack(text), at = 0;
  for (var i = 0; i < v.length; i++) { at += v[i] & 1 ? -((v[i] + 1) >>> 1) : v[i] >>> 1; v[i] = at; }
  return v;
};

GB.Shape = function (spec) {
  this.x = GB.unstep(spec.x);
  this.y = GB.unstep(spec.y);
  this.arcs = GB.sums(GB.unpack(spec.n));
  this.rings = GB.sums(GB.unpack(spec.r));
  this.units = GB.sums(GB.unpack(spec.u));
  this.refs = GB.unstep(spec.a);
  this.n = this.units.length - 1;
  this.arcBoxes = this.boxesOfArcs();
  this.boxes = this.boxesOfUnits();
  this.grid = null;
};

GB.Shape.prototype.boxesOfArcs = function () {
  var n = this.arcs.length - 1, boxes = new Int32Array(4 * n);
  for (var a = 0; a < n; a++) {
    var w = 1e9, s = 1e9, e = -1e9, t = -1e9;
    for (var i = this.arcs[a]; i < this.arcs[a + 1]; i++) {
      if (this.x[i] < w) w = this.x[i];
      if (this.x[i] > e) e = this.x[i];
      if (this.y[i] < s) s = this.y[i];
      if (this.y[i] > t) t = this.y[i];
    }
    boxes[4 * a] = w; boxes[4 * a + 1] = s; boxes[4 * a + 2] = e; boxes[4 * a + 3] = t;
  }
  return boxes;
};

GB.Shape.prototype.boxesOfUnits = function () {
  var boxes = new Int32Array(4 * this.n);
  for (var u = 0; u < this.n; u++) {
    var w = 1e9, s = 1e9, e = -1e9, t = -1e9;
    for (var k = this.rings[this.units[u]]; k < this.rings[this.units[u + 1]]; k++) {
      var b = 4 * (this.refs[k] >> 1);
      w = Math.min(w, this.arcBoxes[b]); s = Math.min(s, this.arcBoxes[b + 1]);
      e = Math.max(e, this.arcBoxes[b + 2]); t = Math.max(t, this.arcBoxes[b + 3]);
    }
    boxes[4 * u] = w; boxes[4 * u + 1] = s; boxes[4 * u + 2] = e; boxes[4 * u + 3] = t;
  }
  return boxes;
};

/* Whether box number i lies in the view's window (lattice steps). */
GB.inside = function (boxes, i, view) {
  return boxes[4 * i] <= view.e && boxes[4 * i + 2] >= view.w && boxes[4 * i + 1] <= view.s && boxes[4 * i + 3] >= view.n;
};

/* Add one unit to the current path. Vertices closer than a pixel are passed over. */
GB.Shape.prototype.path = function (ctx, unit, view) {
  var k = view.k, tx = view.tx, ty = view.ty;
  for (var r = this.units[unit]; r < this.units[unit + 1]; r++) {
    var open = false, lx = 0, ly = 0;
    for (var a = this.rings[r]; a < this.rings[r + 1]; a++) {
      var ref = this.refs[a], arc = ref >> 1, back = ref & 1;
      var from = back ? this.arcs[arc + 1] - 1 : this.arcs[arc], to = back ? this.arcs[arc] : this.arcs[arc + 1] - 1;
      var step = back ? -1 : 1;
      for (var i = from; ; i += step) {
        var px = this.x[i] * k + tx, py = this.y[i] * k + ty;
        if (!open) { ctx.moveTo(px, py); open = true; lx = px; ly = py; }
        else if (i === to || Math.abs(px - lx) + Math.abs(py - ly) > 0.9) { ctx.lineTo(px, py); lx = px; ly = py; }
        if (i === to) break;
      }
    }
    ctx.closePath();
  }
};

/* Add every border in the window to the current path, each once. */
GB.Shape.prototype.borders = function (ctx, view) {
  var k = view.k, tx = view.tx, ty = view.ty;
  for (var a = 0; a + 1 < this.arcs.length; a++) {
    if (!GB.inside(this.arcBoxes, a, view)) continue;
    var lx = 1e9, ly = 1e9, end = this.arcs[a + 1] - 1;
    for (var i = this.arcs[a]; i <= end; i++) {
      var px = this.x[i] * k + tx, py = this.y[i] * k + ty;
      if (lx === 1e9) { ctx.moveTo(px, py); lx = px; ly = py; }
      else if (i === end || Math.abs(px - lx) + Math.abs(py - ly) > 0.9) { ctx.lineTo(px, py); lx = px; ly = py; }
    }
  }
};

/* Even-odd: arcs may be read in any order and direction. */
GB.Shape.prototype.holds = function (unit, x, y) {
  var odd = false;
  for (var a = this.rings[this.units[unit]]; a < this.rings[this.units[unit + 1]]; a++) {
    var arc = this.refs[a] >> 1;
    for (var i = this.arcs[arc] + 1; i < this.arcs[arc + 1]; i++) {
      var y0 = this.y[i - 1], y1 = this.y[i];
      if ((y0 > y) !== (y1 > y) && x < this.x[i - 1] + (this.x[i] - this.x[i - 1]) * (y - y0) / (y1 - y0)) odd = !odd;
    }
  }
  return odd;
};

GB.Shape.prototype.index = function () {
  var side = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(this.n)))), w = GB.data.lattice.w + 1, h = GB.data.lattice.h + 1;
  var buckets = new Array(side * side);
  for (var u = 0; u < this.n; u++) {
    var i0 = Math.max(0, Math.floor(this.boxes[4 * u] / w * side)), i1 = Math.min(side - 1, Math.floor(this.boxes[4 * u + 2] / w * side));
    var j0 = Math.max(0, Math.floor(this.boxes[4 * u + 1] / h * side)), j1 = Math.min(side - 1, Math.floor(this.boxes[4 * u + 3] / h * side));
    for (var j = j0; j <= j1; j++) for (var i = i0; i <= i1; i++) (buckets[j * side + i] = buckets[j * side + i] || []).push(u);
  }
  this.grid = { side: side, w: w, h: h, buckets: buckets };
};

/* The unit under a lattice point, -1 where there is none. */
GB.Shape.prototype.find = function (x, y) {
  if (!this.grid) this.index();
  var g = this.grid, i = Math.floor(x / g.w * g.side), j = Math.floor(y / g.h * g.side);
  if (i < 0 || j < 0 || i >= g.side || j >= g.side) return -1;
  var near = g.buckets[j * g.side + i] || [];
  for (var k = 0; k < near.length; k++) {
    var u = near[k], b = 4 * u;
    if (x >= this.boxes[b] && x <= this.boxes[b + 2] && y >= this.boxes[b + 1] && y <= this.boxes[b + 3] && this.holds(u, x, y)) return u;
  }
  return -1;
};
