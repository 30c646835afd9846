/* GridBeacon: the chart of one warning and the bar of the whole city's days. */
"use strict";

GB.svg = function (tag, attributes) {
  var node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.keys(attributes || {}).forEach(function (key) { node.setAttribute(key, attributes[key]); });
  return node;
};

/* Observed over the usual range; outages grey; the last value and the highest one said in figures. */
GB.chart = function (s, w, width, height) {
  var W = width || 600, crowd = GB.byId("side").getAttribute("data-crowd"), H = height ? height : /packed/.test(crowd) ? 78 : /tight/.test(crowd) ? 108 : 150, left = 6, right = 58, top = 26, bottom = 24, n = s.t.length;
  var high = Math.max(1, Math.max.apply(null, s.o.concat(s.u).map(function (v) { return v || 0; })));
  var x = function (i) { return left + (W - left - right) * (n > 1 ? i / (n - 1) : 0.5); };
  var y = function (v) { return H - bottom - (H - top - bottom) * Math.min(v || 0, high) / high; };
  var svg = GB.svg("svg", { viewBox: "0 0 " + W + " " + H, "class": "chart", role: "img" });
  svg.setAttribute("aria-label", GB.byId("detail").querySelector("h3").textContent);
  GB.chartBand(svg, s, x, y, n, H - bottom);
  var line = "", pen = false;
  for (var i = 0; i < n; i++) {
    if (s.o[i] === null || s.v[i] === false) { pen = false; continue; }
    line += (pen ? "L" : "M") + x(i).toFixed(1) + " " + y(s.o[i]).toFixed(1);
    pen = true;
  }
  svg.appendChild(GB.svg("path", { d: line, "class": "observed" }));
  svg.appendChild(GB.svg("line", { x1: left, x2: W - right, y1: H - bottom, y2: H - bottom, "class": "axis" }));
  GB.chartMarks(svg, s, w, x, y, n, W, H);
  return svg;
};

GB.chartBand = function (svg, s, x, y, n, floor) {
  var up = "", down = "", mean = "", half = n > 1 ? (x(1) - x(0)) / 2 : 4;
  for (var i = 0; i < n; i++) {
    if (s.v[i] === false) svg.appendChild(GB.svg("rect", { x: (x(i) - half).toFixed(1), y: 26, width: (2 * half).toFixed(1), height: floor - 26, "class": "outage" }));
    if (s.u[i] === null || s.e[i] === null) continue;
    up += (up ? "L" : "M") + x(i).toFixed(1) + " " + y(s.u[i]).toFixed(1);
    mean += (mean ? "L" : "M") + x(i).toFixed(1) + " " + y(s.e[i]).toFixed(1);
    down = "L" + x(i).toFixed(1) + " " + y(Math.max(0, 2 * s.e[i] - s.u[i])).toFixed(1) + down;
  }
  svg.appendChild(GB.svg("path", { d: up + down + "Z", "class": "band" }));
  svg.appendChild(GB.svg("path", { d: mean, "class": "mean" }));
};

GB.chartMarks = function (svg, s, w, x, y, n, W, H) {
  var text = function (value, at, height, anchor, name) {
    var node = svg.appendChild(GB.svg("text", { x: at.toFixed(1), y: height.toFixed(1), "text-anchor": anchor, "class": name }));
    node.textContent = value;
  };
  var colour = w ? GB.levelOf(w)[GB.theme] : GB.data.palette.ground[GB.theme].text, last = n - 1, from = w ? String(w.window_start) : "~";
  var peak = -1, high = Math.max.apply(null, s.o.map(function (v) { return v || 0; }));
  for (var i = 0; i < n; i++) {
    if (s.o[i] === null || s.v[i] === false) continue;
    if (i < n - 6 && s.o[i] > s.u[i] && s.o[i] > high / 3 && (peak < 0 || s.o[i] > s.o[peak])) peak = i;
    if (String(s.t[i]) >= from) svg.appendChild(GB.mark(x(i), y(s.o[i]), i === last ? 5.5 : 4, colour));
  }
  if (n) text(GB.t("pieces", { n: GB.number(s.o[last]) }), x(last) + 9, Math.max(y(s.o[last]) + 6, 16), "start", "value");
  if (n) svg.lastChild.style.fill = colour;
  if (peak >= 0) text(GB.t("peak", { day: GB.day(GB.moment(s.t[peak])), n: GB.number(s.o[peak]) }), Math.max(x(peak), 60), y(s.o[peak]) - 8, "middle", "peak");
  [0, Math.floor(last / 2), last].forEach(function (i, k) {
    if (n) text(GB.day(GB.moment(s.t[i])), x(i), H - 5, ["start", "middle", "end"][k], "tick");
  });
};

GB.mark = function (x, y, r, colour) {
  var node = GB.svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: r });
  node.style.fill = colour;
  return node;
};

/* ---- the time bar --------------------------------------------------------------------------------------------- */

GB.renderTime = function () {
  var s = GB.mode === "time" ? GB.historySeries() : GB.data.series[""], f = GB.data.facts, bars = GB.clear(GB.byId("bars"));
  GB.byId("time-title").textContent = GB.t("timeTitle", { unit: GB.t("unitword_" + (f.bin || "day")) });
  var start = GB.moment(f.window_start), end = GB.moment(f.as_of);
  GB.byId("time-note").textContent = start && end ? GB.t("timeWindow", { from: GB.day(start), to: GB.day(GB.lastDay(end)) }) : "";
  if (!s) return;
  var high = Math.max.apply(null, s.o.map(function (v) { return v || 0; }).concat([1]));
  var share = {}, out = {}, every = Math.max(1, Math.round(s.t.length / 8));
  (f.outage_bins || []).forEach(function (stamp) { out[String(stamp).slice(0, 16)] = true; });
  (f.reporting || []).forEach(function (bin) { if (bin.share < 0.98) share[String(bin.time).slice(0, 16)] = bin.share; });
  s.t.forEach(function (stamp, i) {
    var moment = GB.moment(stamp), outage = s.v[i] === false || out[stamp], bar = bars.appendChild(GB.el("span", "bar-slot"));
    var fill = bar.appendChild(GB.el("span", "bar-fill"));
    fill.style.height = Math.max(2, 100 * (s.o[i] || 0) / high) + "%";
    if (outage) bar.classList.add("outage");
    else if (share[stamp]) bar.classList.add("partial");  // more of this day will still be reported
    if (start && moment >= start && (!end || moment < end)) bar.classList.add("in-window");
    var level = GB.warnedOn(stamp);
    if (level && !outage) fill.style.backgroundColor = level[GB.theme];
    if ((s.t.length - 1 - i) % every === 0) bar.appendChild(GB.el("span", "bar-date", f.bin === "hour" ? GB.clock(moment) : GB.day(moment)));
    var text = outage ? GB.day(moment) + " · " + GB.t("outage") : GB.t(s.e[i] === null ? "barCount" : "barTip", { date: GB.day(moment), n: GB.number(s.o[i]), e: GB.number(s.e[i]) });
    var lines = share[stamp] && !outage ? [text, GB.t("complete", { n: Math.round(100 * share[stamp]) })] : [text];
    bar.addEventListener("mousemove", function (event) { GB.tipFor(event, lines); });
    bar.addEventListener("mouseleave", GB.hideTip);
  });
  GB.wireBars();
};

/* The most urgent level of the warnings whose days hold this bin. */
GB.warnedOn = function (stamp) {
  var best = null;
  GB.data.warnings.inside.forEach(function (w) {
    if (!(w.window_start <= stamp && stamp < w.window_end)) return;
    var at = GB.data.palette.levels.indexOf(GB.levelOf(w));
    if (best === null || at < best) best = at;
  });
  return best === null ? null : GB.data.palette.levels[best];
};

