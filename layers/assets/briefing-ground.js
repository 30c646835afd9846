/* GridBeacon: what lies beneath the cells, where the run was given a basemap: lines, water, a picture, or tiles. */
"use strict";

Object.assign(GB.WORDS.zh, { overlay_ground: "底图" });
Object.assign(GB.WORDS.en, { overlay_ground: "Basemap" });
GB.overlays.ground = true;

/* Colour per theme, width in pixels over the whole city; areas of water are filled, everything else is drawn as lines. */
GB.GROUND = {
  water: { dark: "rgba(66,126,186,0.38)", light: "rgba(96,156,210,0.40)", fill: true },
  stream: { dark: "rgba(96,160,220,0.62)", light: "rgba(54,118,180,0.62)", width: 0.9 },
  line: { dark: "rgba(232,236,242,0.24)", light: "rgba(44,54,68,0.24)", width: 0.45 },
  major: { dark: "rgba(240,226,190,0.52)", light: "rgba(112,84,40,0.55)", width: 1 },
  edge: { dark: "rgba(255,255,255,0.40)", light: "rgba(24,34,54,0.45)", width: 0.9 }
};
GB.VEIL = { dark: 0.7, light: 0.55 };  // how much of the cells' colour is left over a picture, so that both are seen

GB.readGround = function () {
  var ground = GB.ground = GB.data.ground;
  ground.kinds.forEach(function (kind) {
    var sizes = GB.unpack(kind.n), n = sizes.length, at, i;
    kind.x = GB.unstep(kind.x);
    kind.y = GB.unstep(kind.y);
    kind.ends = GB.sums(sizes);
    kind.boxes = new Int32Array(4 * n);
    for (at = 0; at < n; at++) {
      var w = 1e9, s = 1e9, e = -1e9, t = -1e9;
      for (i = kind.ends[at]; i < kind.ends[at + 1]; i++) {
        kind.x[i] *= ground.step; kind.y[i] *= ground.step;
        w = Math.min(w, kind.x[i]); e = Math.max(e, kind.x[i]); s = Math.min(s, kind.y[i]); t = Math.max(t, kind.y[i]);
      }
      kind.boxes.set([w, s, e, t], 4 * at);
    }
  });
  if (ground.picture) GB.loadPicture(ground.picture);
  if (ground.tiles) GB.tiles = L.tileLayer(ground.tiles, { maxZoom: 18, minZoom: 1 });
  if (ground.credit) GB.byId("map-section").appendChild(GB.el("p", "credit", ground.credit));
};

/* As a canvas: that can be painted on the screen and on paper alike. */
GB.loadPicture = function (picture) {
  var image = new Image();
  image.addEventListener("load", function () {
    var canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    canvas.getContext("2d").drawImage(image, 0, 0);
    picture.canvas = canvas;
    GB.cellCanvas.repaint();
  });
  image.src = "data:image/png;base64," + picture.png;
};

/* What lies beneath the cells' colours; from here on they are painted thinner, until `paintGround`. */
GB.paintPicture = function (ctx, view) {
  if (!GB.ground) GB.readGround();
  var on = GB.overlays.ground, picture = GB.ground.picture, box = picture && picture.box;
  if (GB.tiles && on !== GB.map.hasLayer(GB.tiles)) GB.map[on ? "addLayer" : "removeLayer"](GB.tiles);
  if (!on) return;
  if (picture && picture.canvas) {
    ctx.globalAlpha = GB.theme === "dark" ? 0.26 : 1;
    ctx.drawImage(picture.canvas, box[0] * view.k + view.tx, box[1] * view.k + view.ty, (box[2] - box[0]) * view.k, (box[3] - box[1]) * view.k);
  }
  ctx.globalAlpha = picture || GB.tiles ? GB.VEIL[GB.theme] : 1;
};

/* Lines and water over the cells' colours, beneath borders and names; painted anew only where the view has changed. */
GB.paintGround = function (ctx, view) {
  ctx.globalAlpha = 1;
  if (!GB.overlays.ground || !GB.ground.kinds.length) return;
  if (!ctx.canvas) { GB.paintLines(ctx, view); return; }  // paper
  var key = [view.k, view.tx, view.ty, ctx.canvas.width, ctx.canvas.height, GB.theme].join(), kept = GB.keptLines;
  if (!kept || kept.key !== key) {
    kept = GB.keptLines = { key: key, canvas: document.createElement("canvas") };
    kept.canvas.width = ctx.canvas.width; kept.canvas.height = ctx.canvas.height;
    var own = kept.canvas.getContext("2d");
    own.setTransform(ctx.getTransform());
    GB.paintLines(own, view);
  }
  ctx.save();
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.drawImage(kept.canvas, 0, 0);
  ctx.restore();
};

GB.paintLines = function (ctx, view) {
  var nearer = Math.max(0, GB.map.getZoom() - GB.home), wider = Math.min(0.8 + 0.45 * nearer, 3);
  GB.ground.kinds.forEach(function (kind) {
    var look = GB.GROUND[kind.kind];
    ctx.beginPath();
    for (var at = 0; at + 1 < kind.ends.length; at++) if (GB.inside(kind.boxes, at, view)) GB.traceGround(ctx, kind, at, view);
    if (look.fill) { ctx.fillStyle = look[GB.theme]; ctx.fill("evenodd"); return; }
    ctx.strokeStyle = look[GB.theme];
    ctx.lineWidth = look.width * wider;
    ctx.stroke();
  });
};

/* One line or ring; vertices closer than a pixel are passed over. */
GB.traceGround = function (ctx, kind, at, view) {
  var lx = 1e9, ly = 1e9, end = kind.ends[at + 1] - 1;
  for (var i = kind.ends[at]; i <= end; i++) {
    var px = kind.x[i] * view.k + view.tx, py = kind.y[i] * view.k + view.ty;
    if (lx === 1e9) ctx.moveTo(px, py);
    else if (i === end || Math.abs(px - lx) + Math.abs(py - ly) > 0.9) ctx.lineTo(px, py);
    else continue;
    lx = px; ly = py;
  }
};
