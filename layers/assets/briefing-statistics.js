/* GridBeacon: four charts beside the map: classes, concentration, the days of a year, the streets beside each other. */
"use strict";

Object.assign(GB.WORDS.zh, {
  charts: "图表", chartsTitle: "图表",
  classesTitle: "各类件数 · 近 {n} 天", classesNote: "竖线为前 {n} 天", others: "其他",
  curveTitle: "集中程度", curveNote: "{p}% 的{level}({n} 个)承担了一半的工单", curveEven: "虚线为各处一样多", curveX: "{level}占比(由多到少)", curveY: "件数占比",
  daysTitle: "近一年每日件数", daysNote: "颜色越{shade}件数越多,灰色为数据中断,加框为今日提示所在日", paler: "浅", darker: "深", daysTip: "{date}:{n} 件",
  streetsTitle: "各{level}与自身常态 · 近 {n} 天", streetsNote: "横条内属偶然波动(粗 95%,细 99.8%);圆点在条外才值得比较", streetsNone: "各处均在偶然波动之内", streetTip: "{name}:{o} 件,常态约 {e} 件"
});
Object.assign(GB.WORDS.en, {
  charts: "Charts", chartsTitle: "Charts",
  classesTitle: "Incidents by class · last {n} days", classesNote: "mark: the {n} days before", others: "others",
  curveTitle: "Concentration", curveNote: "{p}% of units ({level}: {n}) hold half of the incidents", curveEven: "dashed: all places alike", curveX: "share of units ({level}), the fullest first", curveY: "share of incidents",
  daysTitle: "Incidents per day, last year", daysNote: "{shade} is more; grey is an outage; framed: days of today's list", paler: "paler", darker: "darker", daysTip: "{date}: {n}",
  streetsTitle: "Each {level} against what is usual for it · last {n} days", streetsNote: "within the bar is chance (thick 95%, thin 99.8%); only dots outside differ", streetsNone: "all within chance", streetTip: "{name}: {o}, usually about {e}"
});

GB.showCharts = function (on) {
  var box = GB.byId("charts-box");
  if (box.hidden === !on) return;
  if (on) GB.renderCharts();
  box.hidden = !on;
  (on ? box.querySelector(".close") : GB.byId("charts")).focus();
};

GB.renderCharts = function () {
  var box = GB.clear(GB.byId("charts-box")), card = box.appendChild(GB.el("div", "card charts-card")), all = GB.data.facts.charts || {};
  box.setAttribute("aria-label", GB.t("chartsTitle"));
  var close = card.appendChild(GB.el("button", "close charts-close", GB.t("close")));
  close.type = "button";
  close.addEventListener("click", function () { GB.showCharts(false); });
  var grid = card.appendChild(GB.el("div", "charts-grid")), one = grid.appendChild(GB.el("div")), two = grid.appendChild(GB.el("div"));
  if (all.classes) GB.panel(one, GB.t("classesTitle", { n: GB.data.facts.window_days }), GB.t("classesNote", { n: GB.data.facts.window_days }), GB.classBars(all.classes));
  if (all.streets) GB.panel(two, GB.t("streetsTitle", { level: GB.levelWord(all.streets.level), n: all.streets.days }), GB.t("streetsNote"), GB.funnel(all.streets.rows));
  if (all.days) GB.panel(one, GB.t("daysTitle"), GB.t("daysNote", { shade: GB.t(GB.theme === "dark" ? "paler" : "darker") }), GB.yearOfDays(all.days));
  if (all.concentration) GB.panel(two, GB.t("curveTitle"), GB.t("curveNote", GB.curveWords(all.concentration)), GB.curve(all.concentration));
};

GB.levelWord = function (level) {
  var layer = GB.stack.filter(function (entry) { return entry.level === level; })[0];
  return layer ? GB.levelName(layer) : "";
};

GB.panel = function (grid, title, note, drawing) {
  var part = grid.appendChild(GB.el("section", "chart-panel"));
  part.appendChild(GB.el("h3", null, title));
  part.appendChild(GB.el("p", "chart-note", note));
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", title + ". " + note);
  part.appendChild(drawing);
};

GB.paper2 = function (width, height) { return GB.svg("svg", { viewBox: "0 0 " + width + " " + height, "class": "statistic" }); };

GB.write = function (svg, text, x, y, anchor, name) {
  var node = svg.appendChild(GB.svg("text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor || "start", "class": name || "" }));
  node.textContent = text;
  return node;
};

/* A text that fits: shortened with an ellipsis where it is too long for its column. */
GB.short = function (text, most) { return text.length > most ? text.slice(0, most - 1) + "…" : text; };

GB.tipOn = function (node, text) {
  node.addEventListener("mousemove", function (event) { GB.tipFor(event, [text]); });
  node.addEventListener("mouseleave", GB.hideTip);
};

GB.classBars = function (rows) {
  var W = 600, line = 24, svg = GB.paper2(W, rows.length * line + 4), left = 130, right = 70;
  var high = Math.max.apply(null, rows.map(function (row) { return Math.max(row.now, row.before || 0); }).concat([1]));
  rows.forEach(function (row, i) {
    var y = i * line, name = row.name || GB.t("others"), width = (W - left - right) * row.now / high;
    GB.write(svg, GB.short(name, 9), left - 10, y + 17, "end", "name");
    var bar = svg.appendChild(GB.svg("rect", { x: left, y: y + 4, width: Math.max(width, 1).toFixed(1), height: line - 8, "class": "bar" }));
    GB.tipOn(bar, name + ": " + GB.number(row.now));
    if (row.before !== null) svg.appendChild(GB.svg("rect", { x: (left + (W - left - right) * row.before / high - 1.5).toFixed(1), y: y + 1, width: 3, height: line - 2, "class": "before" }));
    GB.write(svg, GB.number(row.now), left + Math.max(width, (W - left - right) * (row.before || 0) / high) + 8, y + 17, "start", "value2");
  });
  return svg;
};

GB.curveWords = function (c) { return { p: GB.number(Math.round(1000 * c.half) / 10), n: GB.number(c.n_half), level: GB.levelWord(c.level) }; };

GB.curve = function (c) {
  var W = 600, H = 190, left = 52, bottom = 36, svg = GB.paper2(W, H), x = function (v) { return left + (W - left - 16) * v; }, y = function (v) { return H - bottom - (H - bottom - 12) * v; };
  var d = c.cells.map(function (v, i) { return (i ? "L" : "M") + x(v).toFixed(1) + " " + y(c.incidents[i]).toFixed(1); }).join("");
  [0, 0.5, 1].forEach(function (v) {
    svg.appendChild(GB.svg("line", { x1: x(0), x2: x(1), y1: y(v), y2: y(v), "class": "axis" }));
    GB.write(svg, 100 * v + "%", x(0) - 8, y(v) + 5, "end", "tick");
    GB.write(svg, 100 * v + "%", x(v), H - bottom + 18, v === 1 ? "end" : "middle", "tick");
  });
  svg.appendChild(GB.svg("line", { x1: x(0), x2: x(1), y1: y(0), y2: y(1), "class": "even" }));
  svg.appendChild(GB.svg("path", { d: d, "class": "curve" }));
  svg.appendChild(GB.svg("circle", { cx: x(c.half), cy: y(0.5), r: 6, "class": "dot" }));
  GB.write(svg, GB.t("curveX", { level: GB.levelWord(c.level) }), x(0.5), H - 2, "middle", "tick");
  GB.write(svg, GB.t("curveEven"), x(0.62), y(0.5) + 18, "start", "tick");
  return svg;
};

/* Columns are weeks that begin on Monday. */
GB.yearOfDays = function (days) {
  var W = 600, cell = 10.6, top = 20, left = 24, svg = GB.paper2(W, top + 7 * cell + 6), colours = GB.data.palette.risk, first = GB.moment(days.first);
  var shift = (first.getUTCDay() + 6) % 7, known = days.n.filter(function (n) { return n !== null; }).sort(function (a, b) { return a - b; });
  var cut = [0.35, 0.7, 0.9, 0.98].map(function (share) { return known[Math.min(known.length - 1, Math.floor(share * known.length))]; });
  days.n.forEach(function (n, i) {
    var date = new Date(first.getTime() + 864e5 * i), week = Math.floor((i + shift) / 7), day = (i + shift) % 7, k = 0;
    while (n !== null && k < 4 && n > cut[k]) k++;
    var stamp = date.toISOString().slice(0, 16), box = svg.appendChild(GB.svg("rect", { x: (left + week * cell).toFixed(1), y: (top + day * cell).toFixed(1), width: cell - 1.6, height: cell - 1.6, rx: 1.5 }));
    box.style.fill = n === null ? GB.data.palette.no_data[GB.theme] : colours[k][GB.theme];
    var level = GB.warnedOn(stamp);
    if (level) { box.style.stroke = level[GB.theme]; box.style.strokeWidth = 2; }
    GB.tipOn(box, n === null ? GB.day(date, true) + " · " + GB.t("outage") : GB.t("daysTip", { date: GB.day(date, true) + " " + GB.weekday(date), n: GB.number(n) }));
    if (date.getUTCDate() === 1 && week < 51) GB.write(svg, GB.lang === "en" ? GB.MONTHS[date.getUTCMonth()] : date.getUTCMonth() + 1 + "月", left + week * cell, 14, "start", "tick");
  });
  [0, 2, 4].forEach(function (day) { GB.write(svg, GB.WEEKDAYS[GB.lang][day + 1].slice(-1 * (GB.lang === "en" ? 3 : 1)), left - 5, top + day * cell + 8.5, "end", "tick small"); });
  return svg;
};

GB.MOST_STREETS = 20;

GB.funnel = function (all) {
  var rows = all.map(function (row) { return { row: row, out: Math.max(row.now - row.high, row.low - row.now) / Math.sqrt(Math.max(row.expected, 1)) }; });
  rows.sort(function (a, b) { return b.out - a.out; });
  rows = rows.slice(0, GB.MOST_STREETS).map(function (entry) { return entry.row; });
  rows.sort(function (a, b) { return b.now / b.expected - a.now / a.expected; });
  var W = 600, line = Math.max(14, Math.min(20, 270 / rows.length)), left = 150, svg = GB.paper2(W, rows.length * line + 26), low = 0.5, high = 1.5;
  rows.forEach(function (row) { low = Math.min(low, row.low3 / row.expected, row.now / row.expected); high = Math.max(high, row.high3 / row.expected, row.now / row.expected); });
  var x = function (ratio) { return left + (W - left - 60) * (ratio - low) / (high - low); };
  svg.appendChild(GB.svg("line", { x1: x(1), x2: x(1), y1: 0, y2: rows.length * line, "class": "axis" }));
  rows.forEach(function (row, i) {
    var y = i * line + line / 2, at = function (value) { return x(value / row.expected); }, out = row.now > row.high || row.now < row.low;
    GB.write(svg, GB.short(row.name.split("·").pop(), 11), left - 12, y + 5, "end", "name");
    svg.appendChild(GB.svg("rect", { x: at(row.low3).toFixed(1), y: y - 1, width: Math.max(at(row.high3) - at(row.low3), 1).toFixed(1), height: 2, "class": "band2" }));
    svg.appendChild(GB.svg("rect", { x: at(row.low).toFixed(1), y: y - 4, width: Math.max(at(row.high) - at(row.low), 1).toFixed(1), height: 8, "class": "band2" }));
    var dot = svg.appendChild(GB.svg("circle", { cx: at(row.now).toFixed(1), cy: y, r: out ? 6 : 4, "class": out ? "dot" : "dot calm-dot" }));
    GB.tipOn(dot, GB.t("streetTip", { name: row.name, o: GB.number(row.now), e: GB.number(row.expected) }));
    GB.write(svg, GB.number(row.now), W - 4, y + 5, "end", out ? "value2" : "tick");
  });
  [0.5, 1, 1.5, 2].filter(function (v) { return v >= low && v <= high; }).forEach(function (v) { GB.write(svg, v === 1 ? "1×" : v + "×", x(v), rows.length * line + 18, "middle", "tick"); });
  return svg;
};
