/* GridBeacon: the words of the page, in Chinese and English. */
"use strict";
var GB = {};

GB.WORDS = {
  zh: {
    title: "城市风险晨报",
    window: "{from} — {to}",
    cutoff: "数据截至 {at}",
    complete: "完整度 {n}%",
    run: "运行 {id}",
    version: "GridBeacon {v}",
    internal: "内部资料", publicTag: "公开版 · 少于{k}件不显示,其余为{step}的倍数", tipWithheld: "少于{k}件或须一并隐去,不显示",
    lang: "EN", langLabel: "Switch to English", light: "浅色", dark: "深色", about: "说明",
    figures: "今日数字", againstYear: "近{n}天同比", againstBefore: "近{n}天环比", withinChance: "无法区分于波动", rose: "上升", fell: "下降", interval: "95%区间 {low} 至 {high}", lastList: "上次印发 {n} 条", lastDone: "办结", lastOverdue: "超期 {n}", lastNote: "在办 {working} · 待研判 {waiting}",
    record90: "近{days}天红橙 {n} 条", recordTrue: "属实", recordNote: "误报 {wrong} · 未核 {open}", yesterday: "昨日工单", hourly: "上一时段工单", weekly: "上周工单",
    against: "平时约 {n}", band: "常态 {low}–{high}", usual: "在常态范围内", above: "较平时 +{n}%", below: "较平时 −{n}%",
    urgent: "今日提示", softer: "持续留意", closedShare: "关联工单办结", closedOf: "{c} / {n} 件", none: "无关联工单", noClosings: "{n} 件,无办结记录",
    falseAlarms: "碰巧误报(红橙合计)", perWeek: "条 / 周", falseBetween: "95%区间:{spans}", falseAtMost: "上限,未经本市历史校准", about_n: "约 {n}",
    checked: "本次检查", tests: "项", checkedOf: "{units} 个单元 × {classes} 个类别", complete_days: "数据完整度",
    risk: "风险", hot: "热点", emerging: "演变", density: "密度", mapState: "地图内容",
    listTitle: "今日提示清单", listNote: "按紧迫排序 · 数字键 1–9 巡看 · Esc 返回",
    calmTitle: "今日无红橙预警", calmChecked: "已检查 {units} 个单元、{classes} 个类别,共 {tests} 项,没有一项超出常态到需要核查的程度。",
    calmShort: "已检查 {tests} 项,没有需要当日核查的异常。",
    calmNearest: "最接近的三处", calmRow: "{o} 件,平时约 {e} 件", calmSmallest: "能发现的最小上升",
    beyond: "另有 {n} 条超出预算", beyondMore: "另有 {n} 条超出预算(列出前 {m} 条)", ended: "{n} 条已解除", quiet: "趋缓", partial: "数据未到齐",
    linked: "关联工单 {n} 件", linkedClosed: "关联 {n} · 已办结 {c}", due: "期限 {t}",
    source: "来源", places: "地点", members: "关联工单", recurrence: "碰巧程度", caveats: "注意", models: "依据", since: "首次出现",
    recurs: "若无异常,全市约每{n}才会碰巧出现一次", recursMore: "若无异常,全市{n}以上才会碰巧出现一次",
    days: "{n}天", years: "{n}年", seen: "第 {n} 次提示",
    memberText: "{n} 件,已办结 {c} 件({p}%)", memberOnly: "{n} 件", unassigned: "责任单位待明确",
    chartTitle: "{name} · 近 {n} {unit}", chartCity: "全市 全部类别 · 近 {n} {unit}", chartBand: "灰带为常态范围",
    chartNone: "没有时间序列", pieces: "{n} 件", peak: "{day} {n} 件",
    unit_day: "天", unit_hour: "小时", unit_week: "周",
    legendRisk: "{level}风险 · 近 {n} 天", legendHot: "{level}聚集程度 · 近 {n} 天", legendDensity: "每平方公里件数 · {period}",
    overlays: "图上叠加", overlay_borders: "边界", overlay_labels: "地名", overlay_points: "缺省点",
    legendEmerging: "{level}热点演变 · 近半年逐周", units: "{n} 个", km2: "{n} km²", orMore: "{n} 以上", range: "{a}–{b}", under: "{n} 以下",
    legendDefault: "地址未定位(只计入全市)", places_n: "{n} 处", legendOutage: "数据中断,不等于没有风险", legendNote: "点击放大;放大后显示{level}",
    tipCount: "近 {n} 天 {c} 件", tipExpected: "平时约 {e} 件", tipWarning: "提示 {n}:{verb}", tipDensity: "约 {n} 件/km²", tipDefault: "{n} 件落在默认坐标上:地址未能定位,只计入全市,不计入任何单元",
    tipNoData: "数据中断",
    timeTitle: "全市每{unit}件数", timeWindow: "窗口 {from} — {to}", outage: "数据中断", barTip: "{date}:{n} 件,平时约 {e} 件",
    unitword_day: "日", unitword_hour: "小时", unitword_week: "周",
    search: "搜索编码或名称", found: "{n} 个结果", notFound: "没有找到", noWarning: "{name}:今日无提示",
    zoomIn: "放大", zoomOut: "缩小", home: "回到全市",
    wholeCity: "全市", whole: "全部类别", selected: "提示 {n},{verb}:{name},{cls}", cleared: "已返回全市",
    aboutTitle: "怎么读这张图", close: "关闭",
    aboutLines: [
      "编号圆标是今天值得去看的地方,与右侧清单编号相同。颜色与动词是处理的紧迫程度,不是法定预警级别。",
      "底图颜色是近期风险(或聚集、密度),只说明哪里通常多、哪里近来偏多,不等于需要出动。",
      "“碰巧误报”是什么都没有发生时,按现在的尺度平均每周也会出现的红橙提示条数;经本市历史校准的附95%区间,否则是上限。",
      "灰色表示数据中断:没有数据,不等于没有风险。"
    ],
    account: "数据账目", notices: "本次须知", licence: "地图组件 Leaflet 1.9.4,BSD-2-Clause 许可,© Volodymyr Agafonkin, CloudMade。",
    rows_in: "读入行数", rows_used: "采用", rows_after_as_of: "截止之后", rows_before_period: "时段之前", rows_outside: "辖区之外",
    rows_duplicate: "重复", rows_excluded: "类别不计", rows_quarantined: "隔离待查"
  },
  en: {
    title: "City risk briefing",
    window: "{from} – {to}",
    cutoff: "Data up to {at}",
    complete: "{n}% complete",
    run: "Run {id}",
    version: "GridBeacon {v}",
    internal: "Internal", publicTag: "Public · counts below {k} withheld, others in steps of {step}", tipWithheld: "withheld: below {k}, or hidden with one that is",
    lang: "中文", langLabel: "切换到中文", light: "Light", dark: "Dark", about: "Help",
    figures: "Today in figures", againstYear: "{n} days on last year", againstBefore: "{n} days on the {n} before", withinChance: "within chance", rose: "up", fell: "down", interval: "95% interval {low} to {high}", lastList: "Last list: {n}", lastDone: "done", lastOverdue: "{n} overdue", lastNote: "{working} at work · {waiting} to judge",
    record90: "Red and orange, {days} days: {n}", recordTrue: "true", recordNote: "{wrong} false · {open} open", yesterday: "Incidents yesterday", hourly: "Incidents last hour", weekly: "Incidents last week",
    against: "usually about {n}", band: "usual {low}–{high}", usual: "within the usual range", above: "+{n}% on usual", below: "−{n}% on usual",
    urgent: "Today", softer: "Keep in view", closedShare: "Linked tickets closed", closedOf: "{c} of {n}", none: "no linked tickets", noClosings: "{n}, none recorded as closed",
    falseAlarms: "False alarms by chance (red + orange)", perWeek: "a week", falseBetween: "95 %: {spans}", falseAtMost: "at most; not calibrated on this city", about_n: "~{n}",
    checked: "Checked", tests: "tests", checkedOf: "{units} units × {classes} classes", complete_days: "Data complete",
    risk: "Risk", hot: "Hot spots", emerging: "Emerging", density: "Density", mapState: "What the map shows",
    listTitle: "Today's list", listNote: "most urgent first · keys 1–9 · Esc returns",
    calmTitle: "No red or orange today", calmChecked: "Checked {units} units and {classes} classes in {tests} tests; none is so far out of the ordinary that it needs a check.",
    calmShort: "{tests} tests made; nothing needs a check today.",
    calmNearest: "The three nearest", calmRow: "{o}, usually about {e}", calmSmallest: "Smallest rise that would have been caught",
    beyond: "{n} more beyond the budget", beyondMore: "{n} more beyond the budget (first {m} listed)", ended: "{n} ended", quiet: "easing", partial: "data not complete yet",
    linked: "{n} linked tickets", linkedClosed: "{n} linked · {c} closed", due: "due {t}",
    source: "Sources", places: "Places", members: "Linked tickets", recurrence: "By chance", caveats: "Mind", models: "Evidence", since: "First seen",
    recurs: "by chance alone the whole city would see this about once in {n}", recursMore: "by chance alone the whole city would see this less than once in {n}",
    days: "{n} days", years: "{n} years", seen: "warned {n} times",
    memberText: "{n}, of which {c} closed ({p}%)", memberOnly: "{n}", unassigned: "unit to be named",
    chartTitle: "{name} · last {n} {unit}", chartCity: "Whole city, all classes · last {n} {unit}", chartBand: "grey band: usual range",
    chartNone: "no series", pieces: "{n}", peak: "{day}: {n}",
    unit_day: "days", unit_hour: "hours", unit_week: "weeks",
    legendRisk: "Risk by {level} · last {n} days", legendHot: "Clustering by {level} · last {n} days", legendDensity: "Incidents per km² · {period}",
    overlays: "Over the map", overlay_borders: "Borders", overlay_labels: "Names", overlay_points: "Default points",
    legendEmerging: "How hot spots came about, by {level} · half a year of weeks", units: "{n}", km2: "{n} km²", orMore: "{n} and more", range: "{a}–{b}", under: "under {n}",
    legendDefault: "address not found (city only)", places_n: "{n}", legendOutage: "data outage: not the same as no risk", legendNote: "zoom in for {level}",
    tipCount: "{c} in {n} days", tipExpected: "usually about {e}", tipWarning: "No. {n}: {verb}", tipDensity: "about {n} per km²", tipDefault: "{n} incidents on a default point: their address was not found; counted for the city only",
    tipNoData: "data outage",
    timeTitle: "Incidents per {unit}", timeWindow: "window {from} – {to}", outage: "data outage", barTip: "{date}: {n}, usually about {e}",
    unitword_day: "day", unitword_hour: "hour", unitword_week: "week",
    search: "Search code or name", found: "{n} found", notFound: "nothing found", noWarning: "{name}: no warning today",
    zoomIn: "Zoom in", zoomOut: "Zoom out", home: "Whole city",
    wholeCity: "Whole city", whole: "all classes", selected: "No. {n}, {verb}: {name}, {cls}", cleared: "Back to the whole city",
    aboutTitle: "How to read this page", close: "Close",
    aboutLines: [
      "Numbered beacons are the places worth someone's attention today; the list at the right has the same numbers. Colour and verb tell how urgent, they are not statutory warning levels.",
      "The colours beneath show recent risk (or clustering, or density): where there is usually much, or lately more. They do not ask for action by themselves.",
      "False alarms by chance: how many red and orange warnings an average week would bring although nothing happened; with the 95 % interval where calibrated on this city, else an upper bound.",
      "Grey is a data outage: no data is not the same as no risk."
    ],
    account: "Account of the data", notices: "Notices", licence: "Map component Leaflet 1.9.4, BSD-2-Clause licence, © Volodymyr Agafonkin, CloudMade.",
    rows_in: "rows in", rows_used: "used", rows_after_as_of: "after the cut-off", rows_before_period: "before the period", rows_outside: "outside",
    rows_duplicate: "duplicate", rows_excluded: "left out by class", rows_quarantined: "quarantined"
  }
};

/* A sentence of the page. Values are put in as text, never as a pattern. */
GB.t = function (key, values) {
  var words = GB.WORDS[GB.lang] || GB.WORDS.zh;
  var text = words[key];
  if (typeof text !== "string") return text;
  return text.replace(/\{(\w+)\}/g, function (all, name) {
    return values && Object.prototype.hasOwnProperty.call(values, name) ? String(values[name]) : "";
  });
};

/* Level names of Chinese cities in English, as far as they are common. */
GB.LEVEL_WORDS = {
  "城市": "city", "全市": "city", "市": "city", "区": "district", "区县": "district", "县": "county", "街道": "subdistrict", "镇街": "subdistrict",
  "乡镇": "township", "社区": "community", "村居": "community", "村里": "village", "网格": "grid cell", "单元格": "grid cell", "格": "grid cell"
};

GB.WEEKDAYS = { zh: ["周日", "周一", "周二", "周三", "周四", "周五", "周六"], en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] };
GB.MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/* A local stamp "2016-09-28T00:00" as a Date whose UTC fields are the local ones; null where it is none. */
GB.moment = function (stamp) {
  var m = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?/.exec(String(stamp || ""));
  return m ? new Date(Date.UTC(+m[1], +m[2] - 1, +m[3], +(m[4] || 0), +(m[5] || 0))) : null;
};

GB.day = function (date, full) {
  if (!date) return "";
  var y = date.getUTCFullYear(), m = date.getUTCMonth(), d = date.getUTCDate();
  if (GB.lang === "en") return d + " " + GB.MONTHS[m] + (full ? " " + y : "");
  return (full ? y + "年" : "") + (m + 1) + "月" + d + "日";
};

GB.clock = function (date) {
  return ("0" + date.getUTCHours()).slice(-2) + ":" + ("0" + date.getUTCMinutes()).slice(-2);
};

/* An exclusive end, said as people say it: midnight is 24:00 of the day before. */
GB.until = function (date) {
  if (!date) return "";
  var midnight = !date.getUTCHours() && !date.getUTCMinutes(), day = midnight ? GB.lastDay(date) : date;
  var clock = midnight ? "24:00" : GB.clock(date);
  return GB.lang === "en" ? GB.weekday(day) + " " + GB.day(day) + ", " + clock : GB.day(day) + " " + GB.weekday(day) + " " + clock;
};

/* From one day to another, the year said once where it is the same. */
GB.span = function (from, to) {
  var same = from.getUTCFullYear() === to.getUTCFullYear();
  return GB.t("window", { from: GB.day(from, GB.lang === "zh" || !same), to: GB.day(to, GB.lang === "en" || !same) });
};

GB.lastDay = function (date) { return date ? new Date(date.getTime() - 1) : null; };

GB.weekday = function (date) { return date ? GB.WEEKDAYS[GB.lang][date.getUTCDay()] : ""; };

/* A number short enough for a wall: 1234 -> 1,234; 0.04 -> 0.04; 12.34 -> 12. */
GB.number = function (value) {
  if (value === null || value === undefined || !isFinite(value)) return "–";
  var size = Math.abs(value);
  if (size >= 100 || value === Math.round(value)) return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  if (size >= 10) return value.toFixed(0);
  if (size >= 1) return value.toFixed(1);
  return String(+value.toPrecision(size < 0.1 ? 1 : 2));
};

/* How long until chance alone shows the same: in days, then in years. */
GB.recurrence = function (days) {
  if (days === null || days === undefined) return "";
  if (days > 36525) return GB.t("recursMore", { n: GB.t("years", { n: 100 }) });
  if (days >= 730) return GB.t("recurs", { n: GB.t("years", { n: GB.number(Math.round(days / 365.25)) }) });
  return GB.t("recurs", { n: GB.t("days", { n: GB.number(Math.round(days)) }) });
};

/* A class-tree node as people read it. */
GB.className = function (category) {
  if (!category || category === "全部") return GB.t("whole");
  var parts = String(category).split("/");
  return parts[parts.length - 1];
};

GB.el = function (tag, className, text) {
  var node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = String(text);
  return node;
};

GB.clear = function (node) {
  while (node.firstChild) node.removeChild(node.firstChild);
  return node;
};

GB.byId = function (id) { return document.getElementById(id); };
