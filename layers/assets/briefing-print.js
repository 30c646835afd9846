/* GridBeacon: paper. The map is drawn again as SVG, because canvases come out blank in some printed files. */
"use strict";

/* As much of a canvas context as the painters use, writing SVG. */
GB.SvgPen = function (width, height) {
  this.root = GB.svg("svg", { width: width, height: height, viewBox: "0 0 " + width + " " + height, "class": "paper" });
  this.group = this.root;
  this.measure = document.createElement("canvas").getContext("2d");
  this.clips = 0;
  this.fillStyle = this.strokeStyle = "#000";
  this.lineWidth = 1;
  this.globalAlpha = 1;
  this.font = "";
  this.d = "";
};

GB.SvgPen.prototype.beginPath = function () { this.d = ""; };
GB.SvgPen.prototype.moveTo = function (x, y) { this.d += "M" + x.toFixed(1) + " " + y.toFixed(1); };
GB.SvgPen.prototype.lineTo = function (x, y) { this.d += "L" + x.toFixed(1) + " " + y.toFixed(1); };
GB.SvgPen.prototype.closePath = function () { this.d += "Z"; };
GB.SvgPen.prototype.arc = function (x, y, r) {
  this.d += "M" + (x - r) + " " + y + "a" + r + " " + r + " 0 1 0 " + 2 * r + " 0a" + r + " " + r + " 0 1 0 " + -2 * r + " 0Z";
};
GB.SvgPen.prototype.add = function (tag, attributes) {
  if (this.globalAlpha !== 1) attributes.opacity = this.globalAlpha;
  return this.group.appendChild(GB.svg(tag, attributes));
};
GB.SvgPen.prototype.fill = function () { if (this.d) this.add("path", { d: this.d, fill: this.fillStyle, "fill-rule": "evenodd" }); };
GB.SvgPen.prototype.stroke = function () {
  if (this.d) this.add("path", { d: this.d, fill: "none", stroke: this.strokeStyle, "stroke-width": this.lineWidth, "stroke-linejoin": "round" });
};
GB.SvgPen.prototype.measureText = function (text) { this.measure.font = this.font; return this.measure.measureText(text); };
GB.SvgPen.prototype.strokeText = function (text, x, y) { this.text(text, x, y, { fill: "none", stroke: this.strokeStyle, "stroke-width": this.lineWidth }); };
GB.SvgPen.prototype.fillText = function (text, x, y) { this.text(text, x, y, { fill: this.fillStyle }); };
GB.SvgPen.prototype.text = function (text, x, y, attributes) {
  var node = this.add("text", attributes);
  node.setAttribute("x", x.toFixed(1));
  node.setAttribute("y", y.toFixed(1));
  node.setAttribute("text-anchor", "middle");
  node.setAttribute("dominant-baseline", "central");
  node.style.font = this.font;
  node.textContent = text;
};
GB.SvgPen.prototype.save = function () { this.kept = this.group; };
GB.SvgPen.prototype.restore = function () { this.group = this.kept; };
GB.SvgPen.prototype.clip = function () {
  var name = "paper-clip-" + this.clips++, clip = this.root.appendChild(GB.svg("clipPath", { id: name }));
  clip.appendChild(GB.svg("path", { d: this.d }));
  this.group = this.group.appendChild(GB.svg("g", { "clip-path": "url(#" + name + ")" }));
};
GB.SvgPen.prototype.drawImage = function (canvas, x, y, width, height) {
  this.add("image", { href: canvas.toDataURL(), x: x, y: y, width: width, height: height, preserveAspectRatio: "none" });
};

/* The painters once more, for the view the map has now. */
GB.drawPaper = function () {
  GB.clearPaper();
  var map = GB.map, size = map.getSize(), corner = map.containerPointToLayerPoint([0, 0]), pen = new GB.SvgPen(size.x, size.y);
  var view = GB.view(map.getZoom(), corner.add(map.getPixelOrigin()), size);
  GB.paintCells(pen, view);
  GB.paintMarks(pen, view);
  GB.paper = map.getPane("marks").appendChild(pen.root);
  L.DomUtil.setPosition(pen.root, corner);
};

GB.clearPaper = function () {
  if (GB.paper) GB.paper.parentNode.removeChild(GB.paper);
  GB.paper = null;
};

/* Before printing: light colours, sizes of the sheet, everything unfolded. After it: as it was. */
GB.print = function (on) {
  var root = document.documentElement;
  if (root.classList.contains("printing") === on) return;
  if (on) GB.screenTheme = GB.theme;
  root.classList.toggle("printing", on);
  GB.setTheme(on ? "light" : GB.screenTheme);
  if (on) root.style.setProperty("--page", "#ffffff");
  GB.byId("beyond").open = on;
  GB.byId("side").firstElementChild.setAttribute("data-line", [GB.byId("classification").textContent, GB.data.palette.statutory[GB.lang]].join(" · "));
  GB.refresh();
  if (on) GB.drawPaper(); else GB.clearPaper();
};
