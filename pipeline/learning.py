"""What the ledger teaches: how often warnings were right, what another threshold would have given, what was closed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..layers import ledger as ledgers
from ..models.early_warning import LEVELS
from ..models.learning import Threshold, clopper_pearson, false_per_days, pooled_precision, suggest_threshold

BANDS = (0.0, 30.0, 90.0, 365.0, 1825.0)
"""Lower ends of the bands of recurrence that verdicts are told by, in days: those of the levels' defaults."""

_FEWEST = 10
"""Verdicts below which no threshold is suggested."""


def warning_rows(book: ledgers.Ledger) -> list[dict[str, Any]]:
    """The rows of `Ledger.warnings` without those that a later one succeeded, with what their events tell besides.

    `level` and `recurrence_days` are the highest ever issued: a warning that calmed down was not a milder one.
    `assigned`: whether it ever was; `way`: `handled` or `reported`, the last of them, or empty; `said`: whether the
    verdict was given in so many words, or only follows from assigning or dismissing.
    """
    facts: dict[str, dict[str, Any]] = {}
    replaced = set()
    for event in book.events():
        if not event["warning_id"]:
            continue
        name, payload = event["event"], json.loads(event["payload"])
        own = facts.setdefault(event["warning_id"], {"assigned": False, "way": "", "said": False, **_NOTHING})
        own["assigned"] |= name == "assigned"
        own["way"] = name if name in ("handled", "reported") else own["way"]
        own["said"] |= name in ("judged", "assigned", "dismissed") and bool(payload.get("verdict"))
        if name == ledgers.ISSUED:
            own["recurrence_days"] = max(own["recurrence_days"], float(payload.get("recurrence_days") or 0.0))
            own["level"] = max(own["level"], str(payload["level"]), key=_urgency)
        if name == "cancelled" and payload.get("successor"):
            replaced.add(event["warning_id"])
    return [{**row, **facts[row["warning_id"]]} for row in book.warnings() if row["warning_id"] not in replaced]


_NOTHING: dict[str, Any] = {"level": "", "recurrence_days": 0.0}


def _urgency(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else -1


def learned(book: ledgers.Ledger, precision: float = 0.7) -> dict[str, Any]:
    """Everything verdicts teach, JSON-able.

    precision : share of true ones that a suggested threshold should have given. Keys: `totals`; `by_level`, `by_model`,
    `by_class`, `by_line` (tables of precision, exact 95 % intervals; classes pooled up the class tree besides);
    `calibration` (verdicts by band of recurrence, and false ones against what chance alone was said to give);
    `thresholds` (suggestions for orange and red, or why there is none); `closure` (by level, `handled` and `reported`
    apart); `caveats`, `caveats_en`.
    """
    rows = warning_rows(book)
    totals = _totals(rows, book)
    return {
        "totals": totals,
        "by_level": _precision_by(rows, lambda row: str(row["level"]), order=LEVELS[::-1]),
        "by_model": _precision_by(rows, _leading_model),
        "by_class": _classes(rows),
        "by_line": _precision_by(rows, lambda row: row["line"] or "-"),
        "calibration": _calibration(rows, totals["days"]),
        "thresholds": [_suggestion(rows, level, precision, book) for level in ("orange", "red")],
        "closure": _closure(rows),
        **_caveats(totals, rows),
    }


def _totals(rows: Sequence[Mapping[str, Any]], book: ledgers.Ledger) -> dict[str, Any]:
    runs = [pd.Timestamp(event["time"]) for event in book.events("") if event["event"] == ledgers.RUN_ISSUED]
    verdicts = Counter(row["verdict"] for row in rows)
    n, unjudged = len(rows), verdicts[""]
    return {
        "warnings": n,
        "true": verdicts["true"],
        "false": verdicts["false"],
        "unclear": verdicts["unclear"],
        "unjudged": unjudged,
        "unjudged_share": round(unjudged / n, 4) if n else None,
        "implied": sum(1 for row in rows if row["verdict"] and not row["said"]),
        "days": round((max(runs) - min(runs)) / pd.Timedelta(days=1) + 1, 2) if runs else 0.0,
    }


def _precision_by(
    rows: Sequence[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str], order: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """One row per group: verdicts, precision with its exact interval, and the bounds the unjudged leave open."""
    groups: dict[str, Counter[str]] = {}
    for row in rows:
        groups.setdefault(key(row), Counter())[row["verdict"]] += 1
    place = {name: i for i, name in enumerate(order)}
    return [_figures(name, groups[name]) for name in sorted(groups, key=lambda g: (place.get(g, len(place)), g))]


def _figures(name: str, verdicts: Counter[str]) -> dict[str, Any]:
    hits, wrong, total = verdicts["true"], verdicts["false"], verdicts.total()
    found = clopper_pearson(hits, hits + wrong)
    open_ = total - hits - wrong
    return {
        "group": name,
        "warnings": total,
        **{word: verdicts[word] for word in ("true", "false", "unclear")},
        "unjudged": verdicts[""],
        "precision": _number(found.share[0]),
        "low": _number(found.low[0]),
        "high": _number(found.high[0]),
        "if_open_were_false": _number(hits / total) if total else None,
        "if_open_were_true": _number((hits + open_) / total) if total else None,
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _leading_model(row: Mapping[str, Any]) -> str:
    """The model with the largest share: `自身历史异常 0.80;热点 0.20` -> 自身历史异常."""
    return str(row.get("models") or "-").split(";")[0].rsplit(" ", 1)[0] or "-"


def _judged(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["verdict"] in ("true", "false")]


def _classes(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    judged = _judged(rows)
    pooled = pooled_precision([str(r["category"]) for r in judged], [r["verdict"] == "true" for r in judged])
    table = []
    for node, (hits, n, mean, low, high) in pooled.items():
        own = clopper_pearson(hits, n)
        row = {"group": node, "judged": n, "true": hits, "precision": _number(own.share[0])}
        row |= {"low": _number(own.low[0]), "high": _number(own.high[0])}
        table.append({**row, "pooled": _number(mean), "pooled_low": _number(low), "pooled_high": _number(high)})
    return table


def _calibration(rows: Sequence[Mapping[str, Any]], days: float) -> list[dict[str, Any]]:
    """Of each band of recurrence: verdicts, and false ones per 365 days beside what its lower end says chance gives."""
    table = []
    for low, high in zip(BANDS, (*BANDS[1:], np.inf), strict=True):
        own = [row for row in rows if low <= _recurrence(row) < high]
        row = _figures(
            f"{low:.0f}-{high:.0f}" if np.isfinite(high) else f"{low:.0f}+", Counter(r["verdict"] for r in own)
        )
        said = 365 * (1 / low - (0 if np.isinf(high) else 1 / high)) if low else None
        if days:
            rate, least, most = (365 * v for v in false_per_days(row["false"], row["unclear"] + row["unjudged"], days))
            row |= {"false_a_year": _number(rate), "false_low": _number(least), "false_high": _number(most)}
            row["chance_a_year"] = None if said is None else _number(said)
            row["as_said"] = None if said is None else ("more than said" if least > said else "within what was said")
        table.append(row)
    return table


def _recurrence(row: Mapping[str, Any]) -> float:
    return float(row.get("recurrence_days") or 0.0)


def _suggestion(
    rows: Sequence[Mapping[str, Any]], level: str, precision: float, book: ledgers.Ledger
) -> dict[str, Any]:
    """The lowest recurrence threshold of a level that would have given the precision; `status` says if there is one.

    Only what was issued was judged: nothing can be said of thresholds below the one in force.
    """
    names = LEVELS[LEVELS.index(level) :]
    own = [row for row in _judged(rows) if row["level"] in names]
    told: dict[str, Any] = {"level": level, "wanted": precision, "judged": len(own), "in_force": _in_force(book, level)}
    if len(own) < _FEWEST:
        return {**told, "status": "too few verdicts"}
    recurrence = np.array([_recurrence(row) for row in own])
    right = np.array([row["verdict"] == "true" for row in own])
    found = suggest_threshold(recurrence, right, precision, fewest=_FEWEST)
    if found is None:
        return {**told, "status": "no threshold reaches it"}
    if found.true_lost == found.false_spared == 0:
        return {**told, "status": "as it is", **_of_threshold(found), "days": told["in_force"]}
    return {**told, "status": "suggested", **_of_threshold(found)}


def _of_threshold(found: Threshold) -> dict[str, Any]:
    return {
        "days": round(found.days, 1),
        "kept": found.judged,
        "true": found.true,
        "precision": _number(found.precision),
        "low": _number(found.low),
        "high": _number(found.high),
        "true_lost": found.true_lost,
        "false_spared": found.false_spared,
    }


def _in_force(book: ledgers.Ledger, level: str) -> float | None:
    """The level's recurrence threshold of the last line the ledger knows."""
    lines = [json.loads(e["payload"]) for e in book.events("") if e["event"] == ledgers.LINE_STARTED]
    value = lines[-1]["settings"].get(f"early_warning.{level}_days") if lines else None
    return None if value is None else float(value)


def _closure(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By level, unit and top class: warnings assigned and handled, of them closed, with the exact interval.

    What was only reported (报备) stands apart and is in no rate.
    """
    own = [row for row in rows if row["assigned"]]
    units = sorted({str(row["assigned_to"]) for row in own})
    classes = sorted({_top(row) for row in own})
    return [
        *(_closed("level", name, [r for r in own if r["level"] == name]) for name in LEVELS[::-1]),
        *(_closed("unit", name or "-", [r for r in own if str(r["assigned_to"]) == name]) for name in units),
        *(_closed("class", name, [r for r in own if _top(r) == name]) for name in classes),
    ]


def _top(row: Mapping[str, Any]) -> str:
    return str(row["category"]).split("/")[0]


def _closed(by: str, name: str, own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    handled = [row for row in own if row["way"] != "reported"]
    closed = sum(row["step"] == "closed" for row in handled)
    found = clopper_pearson(closed, len(handled))
    return {
        "by": by,
        "group": name,
        "handled": len(handled),
        "closed": closed,
        "share": _number(found.share[0]),
        "low": _number(found.low[0]),
        "high": _number(found.high[0]),
        "reported": len(own) - len(handled),
    }


def _caveats(totals: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    told = []
    if still_open := totals["unjudged"] + totals["unclear"]:
        told.append(
            (
                f"{still_open}条未研判或未核:先研判的不是随机抽取,属实率可能偏高或偏低,上下界一并列出",
                f"{still_open} are not judged or not established: what is judged first is no random sample; bounds are "
                "given for the case that all of them were false, or true",
            )
        )
    if totals["implied"]:
        told.append(
            (
                f"{totals['implied']}条的结论由交办或排除推得,未单独研判",
                f"of {totals['implied']} the verdict only follows from assigning or dismissing",
            )
        )
    if len({row["line"] for row in rows}) > 1:
        told.append(
            (
                "含多条监测线:设置不同,见分线统计",
                "several surveillance lines are in it, under different settings: see the table by line",
            )
        )
    told.append(
        (
            "建议只供参考,系统不会自动改动;改动设置即开始新的监测线",
            "suggestions are never applied by themselves; a changed setting starts a new surveillance line",
        )
    )
    return {"caveats": [zh for zh, _ in told], "caveats_en": [en for _, en in told]}


def long_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """The tables of `learned` one beneath the other, for a CSV: the first column names the table."""
    names = ("by_level", "by_model", "by_class", "by_line", "calibration", "thresholds", "closure")
    rows = [
        {
            "table": name,
            "group": row.get("group", row.get("level", "")),
            **{k: v for k, v in row.items() if k != "group"},
        }
        for name in names
        for row in found[name]
    ]
    return pd.DataFrame(rows)


def as_text(found: Mapping[str, Any]) -> str:
    """`learned` as JSON text, the same bytes for the same ledger."""
    return json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
