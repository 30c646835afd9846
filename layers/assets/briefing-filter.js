/* GridBeacon: the list narrowed to a level, a class or a district, and taken away as a table. */
"use strict";

Object.assign(GB.WORDS.zh, { filter: "筛选", anyLevel: "各等级", anyClass: "各类别", anyArea: "各{level}", csv: "导出", csvLabel: "将清单导出为CSV", shownOf: "显示 {m} / {n} 条" });
Object.assign(GB.WORDS.en, { filter: "Filter", anyLevel: "all levels", anyClass: "all classes", anyArea: "every {level}", csv: "CSV", csvLabel: "Save the list as CSV", shownOf: "{m} of {n} shown" });

GB.FEW = 6;  // fewer are seen at a glance

GB.chosen = { level: "", "class": "", area: "" };

GB.topClass = function (w) { return String(w.category || "").split("/")[0]; };

/* The first level below the city that has more than one unit: where districts are told apart. */
GB.areaLayer = function () {
  return GB.stack.filter(function (layer) { return layer.level > 0 && layer.rows.length > 1; })[0] || null;
};

GB.areaOf = function (w) {
  var layer = GB.areaLayer();
  for (var at = w.unit, guard = 0; layer && at >= 0 && guard < 12; at = GB.parent(at), guard++) {
    if (GB.units[at] && GB.units[at].layer === layer) return String(at);
  }
  return "";
};

GB.passes = function (w) {
  var c = GB.chosen;
  return (!c.level || w.level === c.level) && (!c["class"] || GB.topClass(w) === c["class"]) && (!c.area || GB.areaOf(w) === c.area);
};

GB.renderFilters = function () {
  var box = GB.clear(GB.byId("filters")), all = GB.data.warnings.inside.concat(GB.folded()), layer = GB.areaLayer();
  var save = GB.byId("save-list");
  save.hidden = !all.length;
  save.textContent = GB.t("csv");
  save.title = GB.t("csvLabel");
  save.setAttribute("aria-label", GB.t("csvLabel"));
  box.hidden = all.length < GB.FEW;
  if (box.hidden) { GB.applyFilters(); return; }
  var distinct = function (value) {
    var seen = {};
    all.forEach(function (w) { var v = value(w); if (v) seen[v] = true; });
    return Object.keys(seen).sort();
  };
  GB.chooser(box, "level", GB.t("anyLevel"), GB.data.palette.levels.filter(function (l) { return all.some(function (w) { return w.level === l.name; }); }).map(function (l) { return [l.name, l["verb_" + GB.lang]]; }));
  GB.chooser(box, "class", GB.t("anyClass"), distinct(GB.topClass).map(function (name) { return [name, GB.className(name)]; }));
  if (layer) GB.chooser(box, "area", GB.t("anyArea", { level: GB.levelName(layer) }), distinct(GB.areaOf).map(function (row) { return [row, GB.ownName(+row)]; }));
  GB.applyFilters();
};

GB.chooser = function (box, name, any, pairs) {
  if (pairs.length < 2 && !GB.chosen[name]) return;
  var select = box.appendChild(GB.el("select"));
  select.setAttribute("aria-label", GB.t("filter") + ": " + any);
  [["", any]].concat(pairs).forEach(function (pair) {
    var option = select.appendChild(GB.el("option", null, pair[1]));
    option.value = pair[0];
  });
  select.value = GB.chosen[name];
  select.addEventListener("change", function () { GB.chosen[name] = select.value; GB.applyFilters(); });
};

GB.applyFilters = function () {
  var shown = 0, inside = GB.data.warnings.inside, narrowed = GB.chosen.level || GB.chosen["class"] || GB.chosen.area;
  inside.forEach(function (w, i) { var on = GB.passes(w); GB.rowNodes[i].hidden = !on; shown += on; });
  GB.folded().forEach(function (w, i) { GB.beyondNodes[i].hidden = !GB.passes(w); });
  (GB.beacons || []).forEach(function (b) { var node = b.marker.getElement(); if (node) node.classList.toggle("dimmed", Boolean(narrowed && b.warning && !GB.passes(b.warning))); });
  if (narrowed) GB.byId("list-note").textContent = GB.t("shownOf", { m: shown, n: inside.length });
  else if (!GB.data.other) GB.byId("list-note").textContent = inside.length ? GB.t("listNote") : "";
};

/* A field of a CSV file that no spreadsheet takes for a formula. */
GB.field = function (value) {
  var text = value === null || value === undefined ? "" : String(value);
  if (typeof value !== "number" && /^'*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]/.test(text)) text = "'" + text;
  return '"' + text.replace(/"/g, '""') + '"';
};

GB.COLUMNS = "rank level name category reason observed expected responsible change state deadline window_start window_end first_seen warning_id".split(" ");

GB.listAsCsv = function () {
  var rows = GB.data.warnings.inside.concat(GB.data.warnings.beyond).filter(GB.passes).map(function (w) {
    return GB.COLUMNS.map(function (name) { return GB.field(name === "reason" ? GB.reasonOf(w) : w[name]); }).join(",");
  });
  return "\ufeff" + [GB.COLUMNS.map(GB.field).join(",")].concat(rows).join("\r\n") + "\r\n";
};

GB.saveList = function () {
  var link = document.createElement("a"), url = URL.createObjectURL(new Blob([GB.listAsCsv()], { type: "text/csv" }));
  link.href = url;
  link.download = "early-warnings-" + String(GB.data.facts.run_id || "list").replace(/[^0-9A-Za-z-]/g, "") + ".csv";
  link.click();
  setTimeout(function () { URL.revokeObjectURL(url); }, 1000);
};
