/* GridBeacon: everything around the map. Data are shown through textContent only. */
"use strict";

GB.percent = function (part, whole) { return whole > 0 ? Math.round(100 * part / whole) : 0; };

GB.sum = function (list, name) { return list.reduce(function (total, entry) { return total + (+entry[name] || 0); }, 0); };

GB.counts = function () {
  var counts = {};
  GB.data.warnings.inside.forEach(function (w) { counts[w.level] = (counts[w.level] || 0) + 1; });
  return counts;
};

/* ---- title and figures ---------------------------------------------------------------------------------------- */

GB.renderTitle = function () {
  var f = GB.data.facts, end = GB.moment(f.as_of), start = GB.moment(f.window_start);
  var title = GB.lang === "zh" && f.title ? f.title : GB.t("title");
  GB.byId("title").textContent = title;
  document.title = title + (f.city ? " · " + f.city : "");
  document.documentElement.lang = GB.lang === "zh" ? "zh-CN" : "en";
  var span = start && end ? GB.span(start, GB.lastDay(end)) : "";
  var city = f.city === GB.WORDS.zh.wholeCity ? GB.t("wholeCity") : f.city;
  GB.byId("place").textContent = [city, span].filter(Boolean).join(" · ");
  var cut = end ? GB.t("cutoff", { at: GB.until(end) }) : "";
  var whole = typeof f.completeness === "number" ? GB.t("complete", { n: Math.round(100 * f.completeness) }) : "";
  GB.byId("cutoff").textContent = [cut, whole].filter(Boolean).join(" · ");
  GB.byId("classification").textContent = f.public ? GB.t("publicTag", f.public) : (GB.lang === "zh" && f.classification) || GB.t("internal");
  GB.byId("statutory").textContent = GB.data.palette.statutory[GB.lang];
  var run = GB.clear(GB.byId("run"));
  if (f.run_id) run.appendChild(GB.el("span", null, GB.t("run", { id: f.run_id })));
  run.appendChild(GB.el("span", null, [f.version && GB.t("version", { v: f.version }), f.plan_version].filter(Boolean).join(" · ")));
  GB.byId("lang").textContent = GB.t("lang");
  GB.byId("lang").setAttribute("aria-label", GB.t("langLabel"));
  GB.byId("theme").textContent = GB.t(GB.theme === "dark" ? "light" : "dark");
  GB.byId("about").textContent = GB.t("about");
};

GB.figure = function (label, big, note, extra) {
  var box = GB.el("div", "figure" + (extra ? " " + extra : ""));
  box.appendChild(GB.el("div", "label", label));
  var line = box.appendChild(GB.el("div", "line"));
  big.forEach(function (part) {
    var node = line.appendChild(GB.el("span", part.kind || "big", part.text));
    if (part.colour) node.style.color = part.colour;
  });
  if (note) box.appendChild(GB.el("div", "note", note));
  return box;
};

GB.renderFigures = function () {
  var f = GB.data.facts, box = GB.clear(GB.byId("figures")), levels = GB.data.palette.levels, counts = GB.counts(), theme = GB.theme;
  box.setAttribute("aria-label", GB.t("figures"));
  box.appendChild(GB.figureOfYesterday(f));
  if (f.against) box.appendChild(GB.figureOfChange(f.against, f));
  var said = function (part) {
    return [].concat.apply([], part.map(function (level) {
      var n = counts[level.name] || 0;
      return [{ text: n, colour: n ? level[theme] : "" }, { kind: "verb", text: level["verb_" + GB.lang], colour: n ? level[theme] : "" }];
    }));
  };
  box.appendChild(GB.figure(GB.t("urgent"), said(levels.slice(0, 2)), "", "wide"));
  box.appendChild(GB.figure(GB.t("softer"), said(levels.slice(2)), ""));
  if (!f.public) box.appendChild(f.last_list ? GB.figureOfLastList(f.last_list) : GB.figureOfClosings());
  var e = f.expected_false || {}, urgent = levels.slice(0, 2).map(function (level) { return e[level.name]; }), known = urgent.every(Boolean);
  var two = function (value) { return +(+value).toPrecision(2); };
  var spans = (known ? urgent : []).map(function (told, i) { return levels[i][GB.lang] + " " + two(told.low) + "–" + two(told.high); });
  var note = known ? GB.t(urgent[0].basis === "calibrated" ? "falseBetween" : "falseAtMost", { spans: spans.join(GB.lang === "zh" ? "," : ", ") }) : "";
  box.appendChild(GB.figure(GB.t("falseAlarms"), [{ text: known ? GB.t("about_n", { n: two(GB.sum(urgent, "per_week")) }) : "–" }, { kind: "small", text: GB.t("perWeek") }], note));
  if (f.urgent_record && f.urgent_record.n) box.appendChild(GB.figureOfRecord(f.urgent_record));
  else if (f.tests) box.appendChild(GB.figure(GB.t("checked"), [{ text: GB.bigNumber(f.tests) }, { kind: "small", text: GB.t("tests") }], GB.t("checkedOf", { units: GB.number(GB.total(f.units)), classes: GB.number(f.classes) })));
};

/* Whether any ticket at all is recorded as closed: where none is, "0 %" would blame someone for a missing column. */
GB.knowsClosings = function () {
  var all = GB.data.warnings;
  return GB.sum(all.inside.concat(all.beyond, all.ended), "closed_count") > 0;
};

GB.figureOfClosings = function () {
  var inside = GB.data.warnings.inside, linked = GB.sum(inside, "incidents"), closed = GB.sum(inside, "closed_count");
  var values = { c: GB.number(closed), n: GB.number(linked) }, known = linked && GB.knowsClosings();
  var note = known ? GB.t("closedOf", values) : linked ? GB.t("noClosings", values) : GB.t("none");
  return GB.figure(GB.t("closedShare"), [{ text: known ? GB.percent(closed, linked) + "%" : "—" }, { kind: "small", text: note }], "");
};

/* The window against last year, with its interval; a change within chance is called so. */
GB.figureOfChange = function (a, f) {
  var percent = function (share) { return (share > 0 ? "+" : share < 0 ? "−" : "") + GB.number(Math.round(100 * Math.abs(share))) + "%"; };
  var noise = a.verdict === "noise", label = GB.t(a.kind === "last_year" ? "againstYear" : "againstBefore", { n: f.window_days });
  var big = [{ text: percent(a.change) }, { kind: "small" + (noise ? "" : " strong"), text: GB.t(noise ? "withinChance" : a.verdict === "up" ? "rose" : "fell") }];
  return GB.figure(label, big, GB.t("interval", { low: percent(a.low), high: percent(a.high) }));
};

/* What became of the last list that was issued. */
GB.figureOfLastList = function (l) {
  var note = GB.t("lastNote", { working: l.working, waiting: l.waiting });
  var late = l.overdue ? [{ kind: "small strong", text: GB.t("lastOverdue", { n: l.overdue }), colour: GB.data.palette.levels[1][GB.theme] }] : [];
  return GB.figure(GB.t("lastList", { n: l.n }), [{ text: l.done }, { kind: "verb", text: GB.t("lastDone") }].concat(late), note);
};

GB.figureOfRecord = function (r) {
  return GB.figure(GB.t("record90", r), [{ text: r["true"] }, { kind: "verb", text: GB.t("recordTrue") }], GB.t("recordNote", { wrong: r["false"], open: r.open }));
};

GB.total = function (units) {
  return Object.keys(units || {}).reduce(function (total, key) { return total + (+units[key] || 0); }, 0);
};

GB.bigNumber = function (n) {
  if (GB.lang === "zh" && n >= 1e5) return GB.number(+(n / 1e4).toPrecision(3)) + "万";
  return GB.number(n);
};

GB.figureOfYesterday = function (f) {
  var y = f.yesterday || {}, label = GB.t({ hour: "hourly", week: "weekly" }[f.bin] || "yesterday");
  if (typeof y.count !== "number") return GB.figure(label, [{ text: "–" }], "");
  var inside = y.count >= y.low && y.count <= y.high, change = y.expected ? Math.round(100 * (y.count / y.expected - 1)) : 0;
  var word = y.valid === false ? GB.t("partial") : inside || !change ? GB.t("usual") : GB.t(change > 0 ? "above" : "below", { n: Math.abs(change) });
  var note = GB.t("against", { n: GB.number(Math.round(y.expected)) }) + " · " + GB.t("band", { low: GB.number(Math.round(y.low)), high: GB.number(Math.round(y.high)) });
  return GB.figure(label, [{ text: GB.number(y.count) }, { kind: "small" + (inside ? "" : " strong"), text: word }], note);
};

/* ---- the list ------------------------------------------------------------------------------------------------- */

GB.spoken = function (w, i) {
  return GB.t("selected", { n: i + 1, verb: GB.levelOf(w)["verb_" + GB.lang], name: w.name || GB.fullName(w.unit), cls: GB.className(w.category) });
};

GB.dots = function (text) { return String(text || "").split("·").map(function (s) { return s.trim(); }).join(" · "); };

GB.reasonOf = function (w) { return (GB.lang === "en" && w.reason_en) || w.reason; };

GB.unassigned = function (w) { return !w.responsible || w.responsible === GB.data.palette.unassigned.zh; };

GB.unitResponsible = function (w) {
  return GB.unassigned(w) ? GB.t("unassigned") : w.responsible;
};

GB.translated = function (table, word) { return GB.lang === "en" ? GB.data.palette[table][word] || word : word; };

GB.row = function (w, i, beyond) {
  var level = GB.levelOf(w), item = GB.el("li", "row"), button = item.appendChild(GB.el("button", "row-button"));
  button.type = "button";
  GB.colour(item, level);
  button.appendChild(GB.el("span", "num", beyond ? level.numeral : i + 1));
  var body = button.appendChild(GB.el("span", "row-body")), head = body.appendChild(GB.el("span", "row-head"));
  head.appendChild(GB.el("span", "where", GB.dots(w.city ? GB.t("wholeCity") : w.name || GB.fullName(w.unit)) + " · " + GB.className(w.category)));
  head.appendChild(GB.el("span", "verb", level["verb_" + GB.lang]));
  body.appendChild(GB.el("span", "reason", GB.reasonOf(w)));
  var meta = body.appendChild(GB.el("span", "meta"));
  if (!GB.data.facts.public) meta.appendChild(GB.el("span", GB.unassigned(w) ? null : "unit", GB.unitResponsible(w)));
  if (w.change) meta.appendChild(GB.el("span", "chip", GB.translated("changes", w.change)));
  if (w.phase === "quiet") meta.appendChild(GB.el("span", null, GB.t("quiet")));
  if (w.state) meta.appendChild(GB.el("span", null, GB.translated("states", w.state)));
  if (w.incidents) meta.appendChild(GB.el("span", null, GB.t(GB.knowsClosings() ? "linkedClosed" : "linked", { n: GB.number(w.incidents), c: GB.number(w.closed_count) })));
  var due = GB.moment(w.deadline);
  if (w.deadline) meta.appendChild(GB.el("span", null, GB.t("due", { t: due ? GB.day(due) + " " + GB.clock(due) : w.deadline })));
  button.addEventListener("click", function () { GB.select(i, { beyond: beyond }); });
  return item;
};

/* What is folded away under the list: warnings beyond the budget, then those that ended. */
GB.folded = function () { return GB.data.warnings.beyond.concat(GB.data.warnings.ended); };

GB.renderList = function () {
  var inside = GB.data.warnings.inside, beyond = GB.folded(), listed = GB.data.warnings.beyond.length, ended = GB.data.warnings.ended.length;
  GB.byId("list-title").textContent = GB.t("listTitle");
  GB.byId("list-note").textContent = inside.length ? GB.t("listNote") : "";
  var rows = GB.clear(GB.byId("rows")), more = GB.clear(GB.byId("beyond-rows"));
  GB.rowNodes = inside.map(function (w, i) { return rows.appendChild(GB.row(w, i, false)); });
  GB.beyondNodes = beyond.map(function (w, i) { return more.appendChild(GB.row(w, i, true)); });
  var n = GB.data.warnings.n_beyond || GB.data.facts.cut || 0, fold = GB.byId("beyond"), title = [];
  if (n) title.push(listed < n && listed ? GB.t("beyondMore", { n: n, m: listed }) : GB.t("beyond", { n: n }));
  if (ended) title.push(GB.t("ended", { n: ended }));
  fold.hidden = !title.length;
  GB.byId("beyond-title").textContent = title.join(" · ");
  var crowd = inside.length + (Object.keys(GB.data.explained || {}).length ? 2 : 0);  // the answers beneath need room
  GB.byId("side").setAttribute("data-crowd", crowd > 8 ? "packed tight" : crowd > 6 ? "tight" : crowd > 4 ? "snug" : crowd > (GB.lang === "zh" ? 3 : 2) ? "roomy" : "few");
  GB.renderCalm();
};

/* A day without red or orange says what was checked, what came nearest, and what would have been caught. */
GB.renderCalm = function () {
  var f = GB.data.facts, counts = GB.counts(), urgent = GB.data.palette.levels.slice(0, 2).some(function (level) { return counts[level.name]; });
  var box = GB.clear(GB.byId("calm")), some = GB.data.warnings.inside.length > 0;
  box.hidden = urgent;
  if (urgent) return;
  box.appendChild(GB.el("p", "calm-title", GB.t("calmTitle")));
  if (f.tests) box.appendChild(GB.el("p", "calm-checked", GB.t(some ? "calmShort" : "calmChecked", { units: GB.number(GB.total(f.units)), classes: GB.number(f.classes), tests: GB.number(f.tests) })));
  var near = f.nearest || [];
  if (near.length && !some) {
    box.appendChild(GB.el("h3", null, GB.t("calmNearest")));
    var list = box.appendChild(GB.el("ul", "nearest"));
    near.slice(0, 3).forEach(function (entry) {
      var item = list.appendChild(GB.el("li"));
      item.appendChild(GB.el("span", "where", GB.dots(entry.cell_name) + " · " + GB.className(entry.category)));
      item.appendChild(GB.el("span", "reason", (GB.lang === "en" && entry.reason_en) || (GB.lang === "zh" && entry.reason) || GB.t("calmRow", { o: GB.number(entry.observed), e: GB.number(entry.expected) })));
    });
  }
  var rise = (GB.lang === "en" && f.smallest_rise_en) || f.smallest_rise;
  if (rise && typeof rise === "object") rise = rise[GB.lang];
  if (rise) {
    box.appendChild(GB.el("h3", null, GB.t("calmSmallest")));
    box.appendChild(GB.el("p", "calm-rise", rise));
  }
};

/* ---- the detail ----------------------------------------------------------------------------------------------- */

GB.current = function () {
  return (GB.selectedBeyond ? GB.folded() : GB.data.warnings.inside)[GB.selected] || null;
};

/* ---- legend and states ---------------------------------------------------------------------------------------- */

GB.renderStates = function () {
  var box = GB.clear(GB.byId("states"));
  box.setAttribute("aria-label", GB.t("mapState"));
  ["risk", "hot", "emerging", "density", "time"].forEach(function (mode) {
    if (mode === "density" && !GB.data.density || mode === "time" && !GB.past) return;
    if (/hot|emerging/.test(mode) && !GB.layers.some(function (layer) { return layer[mode]; })) return;
    var button = box.appendChild(GB.el("button", null, GB.t(mode)));
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(GB.mode === mode));
    button.tabIndex = GB.mode === mode ? 0 : -1;
    button.addEventListener("click", function () { GB.setMode(mode); });
  });
};

/* One switch per overlay that there is. */
GB.renderOverlays = function () {
  var box = GB.clear(GB.byId("overlays"));
  box.setAttribute("aria-label", GB.t("overlays"));
  Object.keys(GB.overlays).forEach(function (name) {
    if (name === "points" && !GB.data.default_points.length) return;
    var button = box.appendChild(GB.el("button", null, GB.t("overlay_" + name)));
    button.type = "button";
    button.setAttribute("aria-pressed", String(GB.overlays[name]));
    button.addEventListener("click", function () {
      GB.overlays[name] = !GB.overlays[name];
      button.setAttribute("aria-pressed", String(GB.overlays[name]));
      GB.cellCanvas.repaint();
      GB.markCanvas.repaint();
    });
  });
};

GB.legendRow = function (box, colour, word, count, kind) {
  var row = box.appendChild(GB.el("div", "legend-row")), swatch = row.appendChild(GB.el("span", "swatch" + (kind ? " " + kind : "")));
  if (colour) swatch.style.backgroundColor = colour;
  row.appendChild(GB.el("span", "word", word));
  row.appendChild(GB.el("span", "count", count));
};

GB.renderLegend = function () {
  var box = GB.clear(GB.byId("legend")), theme = GB.theme, f = GB.data.facts, showing = GB.showing();
  if (GB.mode === "density") GB.legendOfDensity(box, theme);
  else {
    var drawn = showing[GB.key()], classes = GB.classes(), words = GB.mode === "time" ? GB.timeWords() : { n: f.window_days || "–" };
    words.level = GB.levelName(showing);
    box.appendChild(GB.el("h2", null, GB.t({ hot: "legendHot", emerging: "legendEmerging", time: "legendTime" }[GB.mode] || "legendRisk", words)));
    var counts = classes.map(function () { return 0; }), silent = 0;
    if (drawn) drawn.k.forEach(function (k) { if (k < 0) silent++; else counts[k]++; });
    var order = classes.map(function (c, k) { return k; });
    if (!GB.clusters()) order.reverse();
    order.forEach(function (k) {
      if (GB.mode === "emerging" && !counts[k]) return;  // of ten patterns most are rare
      GB.legendRow(box, classes[k][theme], classes[k][GB.lang], GB.t("units", { n: GB.number(counts[k]) }));
    });
    if (silent) GB.legendRow(box, GB.data.palette.no_data[theme], GB.data.palette.no_data[GB.lang], GB.t("units", { n: GB.number(silent) }));
  }
  if (GB.data.default_points.length) GB.legendRow(box, "", GB.t("legendDefault"), GB.t("places_n", { n: GB.data.default_points.length }), "hatched");
  var next = GB.stack[Math.min(GB.levelAt(GB.map.getZoom()) + 1, GB.stack.length - 1)];
  if (GB.mode === "time") box.appendChild(GB.el("p", "legend-note", GB.t("timeFixed")));
  if (GB.mode === "risk" && next !== showing) box.appendChild(GB.el("p", "legend-note", GB.t("legendNote", { level: GB.levelName(next) })));
};

GB.legendOfDensity = function (box, theme) {
  var d = GB.data.density, colours = GB.data.palette.density[theme];
  var period = String(d.period || "").replace(/^(\d+) days?$/, function (all, n) { return GB.lang === "zh" ? "近" + n + "天" : n + " days"; });
  box.appendChild(GB.el("h2", null, GB.t("legendDensity", { period: period })));
  for (var k = d.breaks.length - 1; k >= 0; k--) {
    var low = GB.number(d.breaks[k]), word = k === d.breaks.length - 1 ? GB.t("orMore", { n: low }) : GB.t("range", { a: low, b: GB.number(d.breaks[k + 1]) });
    GB.legendRow(box, colours[Math.min(k, colours.length - 1)], word, GB.t("km2", { n: GB.number(d.km2[k + 1]) }));
  }
  if (d.breaks.length) GB.legendRow(box, GB.data.palette.risk[0][theme], GB.t("under", { n: GB.number(d.breaks[0]) }), GB.t("km2", { n: GB.number(d.km2[0]) }));
};

/* ---- tips and help -------------------------------------------------------------------------------------------- */

GB.tipFor = function (event, lines) {
  var tip = GB.clear(GB.byId("tip"));
  lines.forEach(function (line, i) { if (line) tip.appendChild(GB.el("div", i ? null : "first", line)); });
  tip.hidden = false;
  var box = tip.getBoundingClientRect(), x = event.clientX + 16, y = event.clientY + 18;
  if (x + box.width > window.innerWidth - 8) x = event.clientX - box.width - 12;
  if (y + box.height > window.innerHeight - 8) y = event.clientY - box.height - 12;
  tip.style.left = Math.max(4, x) + "px";
  tip.style.top = Math.max(4, y) + "px";
};

GB.hideTip = function () { GB.byId("tip").hidden = true; };

GB.warningTip = function (w, i) {
  var name = GB.dots(w.city ? GB.t("wholeCity") : w.name || GB.fullName(w.unit));
  return [name + " · " + GB.className(w.category), GB.t("tipWarning", { n: i + 1, verb: GB.levelOf(w)["verb_" + GB.lang] }), GB.reasonOf(w)];
};

GB.unitTip = function (layer, i) {
  var row = layer.rows[i], lines = [GB.fullName(row)], drawn = layer[GB.key()] || layer.risk, days = GB.data.facts.window_days || "–";
  if (drawn && drawn.k[i] < 0) lines.push(GB.t("tipNoData"));
  else if (drawn) {
    var expected = drawn.e && drawn.e[i] !== null ? ", " + GB.t("tipExpected", { e: GB.number(drawn.e[i]) }) : "";
    var words = GB.mode === "time" ? GB.timeWords() : { n: days };
    words.c = GB.number(drawn.n[i]);
    if (drawn.n[i] === null && GB.data.facts.public) lines.push(GB.t("tipWithheld", GB.data.facts.public));
    else lines.push(GB.t(GB.mode === "time" ? "tipTime" : "tipCount", words) + (GB.lang === "zh" ? expected.replace(", ", ",") : expected));
    if (GB.mode === "risk" || GB.clusters()) lines.push(GB.classes()[drawn.k[i]][GB.lang]);
  }
  GB.shown.forEach(function (w, k) { if (GB.unitsOf(w).indexOf(row) >= 0) lines.push(GB.t("tipWarning", { n: k + 1, verb: GB.levelOf(w)["verb_" + GB.lang] })); });
  return lines;
};

GB.renderAbout = function () {
  var box = GB.clear(GB.byId("about-box")), card = box.appendChild(GB.el("div", "card")), f = GB.data.facts;
  box.setAttribute("aria-label", GB.t("aboutTitle"));
  card.appendChild(GB.el("h2", null, GB.t("aboutTitle")));
  GB.t("aboutLines").forEach(function (line) { card.appendChild(GB.el("p", null, line)); });
  var names = Object.keys(f.account || {}), notices = f.notices || [];
  if (names.length) {
    card.appendChild(GB.el("h3", null, GB.t("account")));
    var table = card.appendChild(GB.el("dl", "account"));
    names.forEach(function (name) {
      var pair = table.appendChild(GB.el("div"));
      pair.appendChild(GB.el("dt", null, GB.t(name) || name));
      pair.appendChild(GB.el("dd", null, GB.number(f.account[name])));
    });
  }
  if (notices.length) card.appendChild(GB.el("h3", null, GB.t("notices")));
  var list = notices.length ? card.appendChild(GB.el("ul", "notices")) : null;
  notices.forEach(function (notice) { list.appendChild(GB.el("li", null, notice[GB.lang] || notice.zh || notice.en)); });
  card.appendChild(GB.el("p", "licence", GB.t("licence")));
  var close = card.appendChild(GB.el("button", "close", GB.t("close")));
  close.type = "button";
  close.addEventListener("click", function () { GB.showAbout(false); });
};
