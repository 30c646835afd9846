/* GridBeacon: the map through time. Incidents of the bins up to the hand, on a scale that never changes. */
"use strict";

GB.TRAIL = { hour: 24, day: 7, week: 4 };

GB.WORDS.zh.time = "过程"; GB.WORDS.en.time = "Over time";
GB.WORDS.zh.legendTime = "{level}件数 · {to} 止 {n} {unit}"; GB.WORDS.en.legendTime = "Incidents by {level} · {n} {unit} to {to}";
GB.WORDS.zh.timeFixed = "色阶固定,各日可比"; GB.WORDS.en.timeFixed = "one scale for all days";
GB.WORDS.zh.barCount = "{date}:{n} 件"; GB.WORDS.en.barCount = "{date}: {n}";
GB.WORDS.zh.play = "播放"; GB.WORDS.en.play = "Play";
GB.WORDS.zh.pause = "暂停"; GB.WORDS.en.pause = "Pause";
GB.WORDS.zh.tipTime = "{to} 止 {n} {unit} {c} 件"; GB.WORDS.en.tipTime = "{c} in the {n} {unit} to {to}";

GB.readHistory = function () {
  var h = GB.data.history;
  if (!h || !h.t.length) return;
  var finest = GB.stack[GB.stack.length - 1];
  GB.past = { t: h.t, v: h.v, ends: GB.sums(GB.unpack(h.n)), cells: GB.unstep(h.c), counts: GB.unpack(h.k), at: h.t.length - 1 };
  GB.past.up = GB.stack.map(function (layer) {
    var place = {}, up = new Int32Array(finest.rows.length);
    layer.rows.forEach(function (row, i) { place[row] = i; });
    finest.rows.forEach(function (row, i) {
      for (var at = row, guard = 0; at >= 0 && guard < 12; at = GB.parent(at), guard++) {
        if (Object.prototype.hasOwnProperty.call(place, at)) { up[i] = place[at]; return; }
      }
      up[i] = -1;
    });
    return up;
  });
};

GB.trail = function () { return GB.TRAIL[GB.data.facts.bin || "day"]; };

/* Add (or, with sign -1, take away) the incidents of one bin to every level's sums. */
GB.addBin = function (sums, step, sign) {
  var p = GB.past;
  if (step < 0) return;
  for (var e = p.ends[step]; e < p.ends[step + 1]; e++) {
    for (var k = 0; k < sums.length; k++) {
      var unit = p.up[k][p.cells[e]];
      if (unit >= 0) sums[k][unit] += sign * p.counts[e];
    }
  }
};

GB.emptySums = function () { return GB.stack.map(function (layer) { return new Int32Array(layer.rows.length); }); };

/* The least counts of the classes of each level: 1, then a half, 85 and 97 in a hundred of what ever stood there. */
GB.scaleHistory = function () {
  var p = GB.past, sums = GB.emptySums(), seen = GB.stack.map(function () { return []; });
  for (var step = 0; step < p.t.length; step++) {
    GB.addBin(sums, step, 1);
    GB.addBin(sums, step - GB.trail(), -1);
    sums.forEach(function (level, k) { for (var i = 0; i < level.length; i++) if (level[i] > 0) seen[k][level[i]] = (seen[k][level[i]] || 0) + 1; });
  }
  p.breaks = seen.map(function (tally) {
    var all = 0, under = 0, breaks = [1], shares = [0.5, 0.85, 0.97];
    tally.forEach(function (n) { all += n; });
    tally.forEach(function (n, count) {
      under += n;
      while (breaks.length < 4 && under >= shares[breaks.length - 1] * all) breaks.push(Math.max(count + 1, breaks[breaks.length - 1] + 1));
    });
    return breaks;
  });
};

GB.showStep = function (step) {
  var p = GB.past, sums = p.sums;
  if (!p.breaks) GB.scaleHistory();
  if (sums && step === p.at + 1) { GB.addBin(sums, step, 1); GB.addBin(sums, step - GB.trail(), -1); }
  else {
    sums = p.sums = GB.emptySums();
    for (var back = 0; back < GB.trail(); back++) GB.addBin(sums, step - back, 1);
  }
  p.at = step;
  GB.stack.forEach(function (layer, k) {
    var breaks = p.breaks[k], classes = new Int8Array(layer.rows.length), level = sums[k];
    for (var i = 0; i < level.length; i++) {
      var c = 0;
      while (c < breaks.length && level[i] >= breaks[c]) c++;
      classes[i] = p.v[step] ? c : -1;
    }
    layer.time = { k: classes, n: level };
  });
  GB.cellCanvas.repaint();
  GB.renderLegend();
  GB.markHand();
};

GB.historyClasses = function () {
  var k = GB.stack.indexOf(GB.showing()), breaks = GB.past.breaks[Math.max(k, 0)], colours = GB.data.palette.risk;
  return colours.slice(0, breaks.length + 1).map(function (entry, c) {
    var low = breaks[c - 1], high = breaks[c];
    var word = c === 0 ? "0" : c === breaks.length ? GB.t("orMore", { n: low }) : high === low + 1 ? String(low) : low + "–" + (high - 1);
    return { name: entry.name, zh: word, en: word, dark: entry.dark, light: entry.light };
  });
};

GB.timeWords = function () {
  var p = GB.past, bin = GB.data.facts.bin || "day", moment = GB.moment(p.t[p.at]);
  return { to: bin === "hour" ? GB.day(moment) + " " + GB.clock(moment) : GB.day(moment), n: GB.trail(), unit: GB.t("unit_" + bin) };
};

/* ---- the bar of days as a slider ------------------------------------------------------------------------------ */

GB.historySeries = function () {
  var p = GB.past, totals = p.t.map(function (stamp, step) {
    var sum = 0;
    for (var e = p.ends[step]; e < p.ends[step + 1]; e++) sum += p.counts[e];
    return sum;
  });
  return { t: p.t, o: totals, e: totals.map(function () { return null; }), v: p.v };
};

GB.markHand = function () {
  var bars = GB.byId("bars"), p = GB.past;
  if (GB.mode !== "time") return;
  for (var i = 0; i < bars.children.length; i++) bars.children[i].classList.toggle("hand", i <= p.at && i > p.at - GB.trail());
  bars.setAttribute("aria-valuenow", p.at);
  bars.setAttribute("aria-valuetext", GB.timeWords().to);
};

GB.wireBars = function () {
  var bars = GB.byId("bars"), on = GB.mode === "time" && GB.past;
  ["role", "tabindex", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext", "aria-label"].forEach(function (name) { bars.removeAttribute(name); });
  GB.byId("play").hidden = !on;
  if (!on) return;
  bars.setAttribute("role", "slider");
  bars.setAttribute("tabindex", "0");
  bars.setAttribute("aria-valuemin", 0);
  bars.setAttribute("aria-valuemax", GB.past.t.length - 1);
  bars.setAttribute("aria-label", GB.t("time"));
  GB.renderPlay();
  GB.markHand();
};

GB.renderPlay = function () {
  var button = GB.byId("play"), word = GB.t(GB.playing ? "pause" : "play");
  button.textContent = GB.playing ? "❚❚" : "▶";
  button.setAttribute("aria-label", word);
  button.title = word;
};

GB.seek = function (event) {
  if (GB.mode !== "time") return;
  var box = GB.byId("bars").getBoundingClientRect(), n = GB.past.t.length;
  GB.stop();
  GB.showStep(Math.max(0, Math.min(n - 1, Math.floor((event.clientX - box.left) / box.width * n))));
};

GB.stop = function () {
  clearTimeout(GB.playing);
  GB.playing = 0;
  GB.renderPlay();
};

GB.play = function () {
  if (GB.playing) { GB.stop(); return; }
  var p = GB.past, wait = Math.max(40, Math.min(400, 20000 / p.t.length));
  if (p.at === p.t.length - 1) GB.showStep(Math.min(GB.trail() - 1, p.t.length - 1));
  var next = function () {
    if (GB.mode !== "time" || p.at >= p.t.length - 1) { GB.stop(); return; }
    GB.showStep(p.at + 1);
    GB.playing = setTimeout(next, wait);
  };
  GB.playing = setTimeout(next, wait);
  GB.renderPlay();
};

GB.onTimeKey = function (event) {
  var step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 7, PageDown: -7 }[event.key], p = GB.past, last = p.t.length - 1;
  if (event.key === " ") GB.play();
  else if (event.key === "Home" || event.key === "End") { GB.stop(); GB.showStep(event.key === "Home" ? 0 : last); }
  else if (step) { GB.stop(); GB.showStep(Math.max(0, Math.min(last, p.at + step))); }
  else return;
  event.preventDefault();
  event.stopPropagation();
};
