/* GridBeacon: the detail of one warning answers five questions; behind it the tickets and everything it stands for. */
"use strict";

Object.assign(GB.WORDS.zh, {
  askWhy: "为什么是这个级别?", askYear: "与去年同期相比?", askWho: "谁负责?", askDone: "办了没有?", askFalse: "会不会又是误报?",
  carriedClasses: "类别", carriedPlaces: "地点", carriedHours: "时段", carried: "{name} {n}(平时{e})", hour: "{h}时",
  assignedTo: "交办 {unit}", dueBy: "期限 {t}", late: "已超期", supervisedOn: "已督办", judged_true: "研判属实", judged_false: "研判误报", judged_unclear: "研判未核",
  ticketsOf: "关联 {n} 件,已办结 {c} 件({p}%)", ticketsOnly: "关联 {n} 件,无办结记录", openDossier: "工单明细",
  badgeOf: "边界复核:{word}", yearDays: "近{n}天", dossierTitle: "{name}", ticketsTitle: "关联工单 {n} 件", ticketsCut: "列出前 {n} 件,全部见 members.csv",
  groupedTitle: "这条提示归并了 {n} 项", groupedCut: "列出前 {n} 项,全部见 grouped.csv", weekTitle: "时段 × 星期(实际件数;平时见提示)", classesCarry: "承担上升的类别", placesCarry: "承担上升的地点",
  colName: "名称", colNow: "实际", colUsual: "平时", colMore: "超出", colRelation: "关系", colClass: "类别",
  weekTip: "{day}{h}时:{n} 件,平时约 {e} 件", stands: "单独也超常"
});
Object.assign(GB.WORDS.en, {
  askWhy: "Why this level?", askYear: "Compared with last year?", askWho: "Who is responsible?", askDone: "Has it been handled?", askFalse: "Could it be another false alarm?",
  carriedClasses: "Classes", carriedPlaces: "Places", carriedHours: "Hours", carried: "{name} {n} (usually {e})", hour: "{h}h",
  assignedTo: "assigned to {unit}", dueBy: "due {t}", late: "overdue", supervisedOn: "supervised", judged_true: "judged true", judged_false: "judged a false alarm", judged_unclear: "judged unclear",
  ticketsOf: "{n} tickets, {c} closed ({p}%)", ticketsOnly: "{n} tickets, none recorded as closed", openDossier: "The tickets",
  badgeOf: "Borders moved: {word}", yearDays: "last {n} days: ", dossierTitle: "{name}", ticketsTitle: "{n} linked tickets", ticketsCut: "first {n}; all are in members.csv",
  groupedTitle: "{n} findings this warning stands for", groupedCut: "first {n}; all are in grouped.csv", weekTitle: "Hour × weekday (observed; what is usual in the tip)", classesCarry: "Classes that carry it", placesCarry: "Places that carry it",
  colName: "Name", colNow: "Now", colUsual: "Usual", colMore: "Above", colRelation: "Relation", colClass: "Class",
  weekTip: "{day} {h}h: {n}, usually about {e}", stands: "stands out by itself"
});

GB.RELATIONS = {
  zh: { "broader": "上级", "finer": "下级", "neighbour": "相邻", "sibling class": "同类", "finer class": "细类", "other role": "另一权责", "same episode": "同一过程" },
  en: {}
};

GB.either = function (part, name) {
  name = name || "sentence";
  return part ? (GB.lang === "en" && part[name + "_en"]) || part[name] || "" : "";
};

GB.explained = function (w) { return (w && GB.data.explained && GB.data.explained[w.warning_id]) || null; };

GB.titleOf = function (w) { return GB.dots(w.city ? GB.t("wholeCity") : w.name || GB.fullName(w.unit)) + " · " + GB.className(w.category); };

GB.renderDetail = function () {
  var w = GB.current(), box = GB.clear(GB.byId("detail")), told = GB.explained(w);
  var own = w && GB.data.series[w.warning_id], series = own || GB.data.series[""], bin = GB.data.facts.bin || "day";
  var values = { name: own ? GB.titleOf(w) : "", n: series ? series.t.length : 0, unit: GB.t("unit_" + bin) };
  box.classList.toggle("answers", Boolean(told));
  var head = box.appendChild(GB.el("div", "detail-head"));
  head.appendChild(GB.el("h3", null, series ? GB.t(own ? "chartTitle" : "chartCity", values) : GB.t("chartNone")));
  if (series) head.appendChild(GB.el("span", "legend-word", GB.t("chartBand")));
  if (told) { GB.answers(box, w, told, series); return; }
  if (w && w.recurrence_days !== null) box.appendChild(GB.el("p", "recurs", GB.recurrence(w.recurrence_days)));
  if (series) box.appendChild(GB.chart(series, w));
  if (w) box.appendChild(GB.details(w));
};

/* ---- the five questions --------------------------------------------------------------------------------------- */

GB.question = function (box, key) {
  var part = box.appendChild(GB.el("section", "ask"));
  part.appendChild(GB.el("h4", null, GB.t(key)));
  return part.appendChild(GB.el("div", "answer"));
};

GB.line = function (part, text, name) { if (text) part.appendChild(GB.el("p", name || null, text.charAt(0).toUpperCase() + text.slice(1))); };

/* Several short texts on one line, the first of them strong. */
GB.phrases = function (part, texts) {
  var line = part.appendChild(GB.el("p")), said = texts.filter(function (t) { return t && t.text; });
  said.forEach(function (t, i) {
    line.appendChild(GB.el("span", t.kind || null, t.text));
    if (i < said.length - 1) line.appendChild(document.createTextNode("\u00a0· "));
  });
  return line;
};

GB.answers = function (box, w, told, series) {
  var why = GB.question(box, "askWhy");
  GB.line(why, GB.either(told.why && told.why.level), "lead");
  var side = box.appendChild(GB.el("div", "evidence"));
  if (series) side.appendChild(GB.chart(series, w, 270, 92));
  side.appendChild(GB.carriers(told, w));
  var year = GB.question(box, "askYear"), days = GB.data.facts.window_days;
  if (told.year) GB.line(year, (days ? GB.t("yearDays", { n: GB.number(days) }) : "") + GB.either(told.year));
  GB.line(year, GB.either(told.season), told.year ? "soft" : null);
  GB.line(GB.question(box, "askWho"), GB.unitResponsible(w), GB.unassigned(w) ? "lead soft" : "lead");
  GB.answerDone(GB.question(box, "askDone"), w, told);
  GB.answerFalse(GB.question(box, "askFalse"), told);
};

GB.answerDone = function (part, w, told) {
  var h = told.handling || {}, due = GB.moment(h.due), now = GB.moment(GB.data.facts.as_of);
  var late = due && now && due < now && !/closed|dismissed|cancelled/.test(h.step || "");
  var values = { n: GB.number(w.incidents || 0), c: GB.number(w.closed_count || 0), p: GB.percent(w.closed_count || 0, w.incidents || 0) };
  var line = GB.phrases(part, [
    { text: GB.translated("states", h.state || w.state), kind: "lead" },
    { text: h.verdict && GB.t("judged_" + h.verdict) },
    { text: h.assigned_to && GB.t("assignedTo", { unit: h.assigned_to }) },
    { text: due && GB.t("dueBy", { t: GB.day(due) + " " + GB.clock(due) }) },
    { text: late && GB.t("late"), kind: "late" },
    { text: h.supervised && GB.t("supervisedOn") },
    { text: w.incidents && GB.t(GB.knowsClosings() ? "ticketsOf" : "ticketsOnly", values), kind: "soft" }
  ]);
  var button = line.insertBefore(GB.el("button", "open-dossier", GB.t("openDossier", values)), line.firstChild);
  button.type = "button";
  button.addEventListener("click", function () { GB.showDossier(true); });
};

GB.answerFalse = function (part, told) {
  if (told.stability) {
    var first = part.appendChild(GB.el("p"));
    first.appendChild(GB.el("b", "badge badge-" + told.stability.badge.replace(/\W/g, "-"), GB.t("badgeOf", { word: GB.either(told.stability, "word") })));
    first.appendChild(document.createTextNode(GB.either(told.stability)));
  }
  GB.line(part, GB.either(told.record));
  GB.line(part, GB.either(told.chance) || GB.recurrence(told.why && told.why.recurrence_days));
  GB.line(part, (told.caveats || []).map(function (c) { return c[GB.lang] || c.zh; }).join(GB.lang === "zh" ? ";" : "; "), "soft");
};

/* A line breaks between entries only, and never begins with the dot. */
GB.entries = function (text) {
  return String(text || "").split(";").map(function (s) { return s.trim().replace(/ /g, "\u00a0"); }).filter(Boolean).join("\u00a0· ");
};

GB.carried = function (items, name, most) {
  return items.slice(0, most).map(function (item) { return GB.t("carried", { name: name(item), n: GB.number(item.observed), e: item.usual < 0.05 ? "0" : GB.number(item.usual) }).replace(/ /g, "\u00a0"); });
};

/* Classes, places and hours with the greatest excess, each beside what is usual for it. */
GB.carriers = function (told, w) {
  var c = told.carriers || {}, list = GB.el("dl", "carriers"), up = function (item) { return item.excess >= 0.5; };
  var add = function (key, texts, all) {
    if (!texts.length) return;
    var pair = list.appendChild(GB.el("div"));
    pair.appendChild(GB.el("dt", null, GB.t(key)));
    pair.appendChild(GB.el("dd", null, texts.join("\u00a0· ") + (all > texts.length ? " …" : "")));
  };
  var classes = (c.classes || []).filter(up), places = (c.places || []).filter(up);
  add("carriedClasses", GB.carried(classes, function (item) { return GB.className(item.category); }, 2), classes.length);
  add("carriedPlaces", GB.carried(places, function (item) { return item.name; }, 2), places.length);
  var hours = ((c.week && c.week.hours) || []).filter(up).sort(function (a, b) { return b.excess - a.excess || a.hour - b.hour; }).slice(0, 2);
  hours.sort(function (a, b) { return a.hour - b.hour; });
  add("carriedHours", GB.carried(hours, function (item) { return GB.t("hour", { h: item.hour }); }, 2), 0);
  if (!/^来源不明[^;]*$/.test(w.sources)) add("source", w.sources ? [GB.entries(w.sources)] : [], 0);
  return list;
};

GB.details = function (w) {
  var list = GB.el("dl", "facts");
  var add = function (key, text) {
    if (!text) return;
    var pair = list.appendChild(GB.el("div"));
    pair.appendChild(GB.el("dt", null, GB.t(key)));
    pair.appendChild(GB.el("dd", null, text));
  };
  add("members", w.incidents ? GB.t(GB.knowsClosings() ? "memberText" : "memberOnly", { n: GB.number(w.incidents), c: GB.number(w.closed_count || 0), p: GB.percent(w.closed_count || 0, w.incidents) }) : "");
  if (!/^来源不明[^;]*$/.test(w.sources)) add("source", GB.entries(w.sources));
  add("places", GB.entries(w.places));
  var since = GB.moment(w.first_seen);
  add("since", since ? GB.day(since) + (w.times_seen > 1 ? " · " + GB.t("seen", { n: w.times_seen }) : "") : "");
  add("caveats", GB.entries((GB.lang === "en" && w.caveats_en) || w.caveats));
  return list;
};

/* ---- the tickets, and everything the warning stands for ------------------------------------------------------- */

GB.showDossier = function (on) {
  var box = GB.byId("dossier-box"), told = GB.explained(GB.current());
  if (box.hidden === !on || (on && !told)) return;
  if (on) GB.renderDossier(box, GB.current(), told);
  box.hidden = !on;
  var back = GB.byId("detail").querySelector(".open-dossier");
  if (on) box.querySelector(".close").focus(); else if (back) back.focus();
};

GB.renderDossier = function (box, w, told) {
  var card = GB.clear(box).appendChild(GB.el("div", "card dossier")), c = told.carriers || {};
  var title = GB.titleOf(w);
  box.setAttribute("aria-label", title);
  var head = card.appendChild(GB.el("div", "dossier-head"));
  head.appendChild(GB.el("h2", null, title));
  var close = head.appendChild(GB.el("button", "close", GB.t("close")));
  close.type = "button";
  close.addEventListener("click", function () { GB.showDossier(false); });
  card.appendChild(GB.el("p", null, GB.reasonOf(w)));
  GB.ticketsOf(card, told);
  if (w.models) card.appendChild(GB.el("p", "models", GB.t("models") + ": " + GB.entries(w.models)));  // for those who ask
  var grid = card.appendChild(GB.el("div", "dossier-grid")), one = grid.appendChild(GB.el("div")), two = grid.appendChild(GB.el("div"));
  var heads = ["colName", "colNow", "colUsual", "colMore"], figures = function (i) { return [i.observed, i.usual, i.excess]; };
  if (c.week) GB.weekOf(GB.part(one, GB.t("weekTitle")), c.week);
  if ((c.classes || []).length) GB.tableOf(GB.part(one, GB.t("classesCarry")), heads, c.classes.map(function (i) { return [GB.className(i.category)].concat(figures(i)); }));
  if ((c.places || []).length) GB.tableOf(GB.part(two, GB.t("placesCarry")), heads, c.places.map(function (i) { return [i.name + (i.stands ? " · " + GB.t("stands") : "")].concat(figures(i)); }));
  GB.groupedOf(card, told);
};

GB.part = function (grid, title) {
  var part = grid.appendChild(GB.el("section"));
  part.appendChild(GB.el("h3", null, title));
  return part;
};

GB.tableOf = function (part, heads, rows) {
  var table = part.appendChild(GB.el("table")), row = table.appendChild(GB.el("tr"));
  heads.forEach(function (key) { row.appendChild(GB.el("th", null, GB.t(key))); });
  rows.forEach(function (cells) {
    var line = table.appendChild(GB.el("tr"));
    cells.forEach(function (value) { line.appendChild(GB.el("td", typeof value === "number" ? "n" : null, typeof value === "number" ? GB.number(value) : value)); });
  });
};

GB.weekOf = function (part, week) {
  var most = Math.max(1, Math.max.apply(null, [].concat.apply([], week.observed))), grid = part.appendChild(GB.el("div", "week"));
  week.observed.forEach(function (row, day) {
    var name = GB.WEEKDAYS[GB.lang][(day + 1) % 7];
    grid.appendChild(GB.el("span", "week-day", name));
    row.forEach(function (n, h) {
      var cell = grid.appendChild(GB.el("span", "week-hour", n || ""));
      cell.style.setProperty("--share", (n / most).toFixed(2));
      cell.title = GB.t("weekTip", { day: name, h: h, n: n, e: GB.number(week.usual[day][h]) });
    });
  });
  grid.appendChild(GB.el("span", "week-day"));
  for (var h = 0; h < 24; h++) grid.appendChild(GB.el("span", "week-tick", h % 6 ? "" : h));
};

GB.groupedOf = function (grid, told) {
  if (!told.n_grouped) return;
  var part = GB.part(grid, GB.t("groupedTitle", { n: told.n_grouped }));
  GB.tableOf(part, ["colName", "colClass", "colNow", "colUsual", "colRelation"], told.grouped.map(function (row) {
    return [GB.dots(row[0]), GB.className(row[1]), row[2], row[3], GB.RELATIONS[GB.lang][row[4]] || row[4]];
  }));
  if (told.grouped.length < told.n_grouped) part.appendChild(GB.el("p", "soft", GB.t("groupedCut", { n: told.grouped.length })));
};

GB.ticketsOf = function (grid, told) {
  if (!told.tickets) return;
  var part = GB.part(grid, GB.t("ticketsTitle", { n: GB.number(told.number) })), list = part.appendChild(GB.el("ul", "tickets"));
  told.tickets.forEach(function (id) { list.appendChild(GB.el("li", null, id)); });
  if (told.tickets.length < told.number) part.appendChild(GB.el("p", "soft", GB.t("ticketsCut", { n: GB.number(told.tickets.length) })));
};
