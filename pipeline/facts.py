"""What a run as a whole has to say: the figures strip, the expected false alarms, what an empty day was checked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..cube import ALL_CLASSES
from ..layers import style
from ..layers.grids import full_name
from ..models.early_warning import LEVELS, family_recurrence
from ..models.significance import nb_log_sf
from .calibration import expected_false_of
from .maps import window_of
from .preparation import Prepared
from .scope import nodes_of, scope_words
from .surveillance import BIN_DAYS, Survey
from .wording import city_name, short_class, street_level


def run_id_of(ready: Prepared) -> str:
    """The run's name: the moment of decision and the plan; equal input and plan give an equal name."""
    return f"{ready.as_of:%Y%m%d-%H%M}-{ready.plan.version[:6]}"


def facts_of(ready: Prepared, found: Survey, warnings: pd.DataFrame) -> dict[str, Any]:
    """The JSON-able facts every output prints."""
    plan, counts = ready.plan, ready.counts
    n_bins = window_of(counts, plan)
    cells = ready.cells.table
    levels = {level: len(counts.cells.rows_at(level)) for level in counts.cells.levels()}
    return {
        "title": plan.title + scope_words(plan.classes),
        "scope": list(nodes_of(plan.classes)),
        "city": city_name(ready),
        "run_id": run_id_of(ready),
        "as_of": ready.as_of.isoformat(),
        "window_days": n_bins * BIN_DAYS[plan.bin],
        "window_start": pd.Timestamp(counts.bins[-n_bins]).isoformat(),
        "bin": plan.bin,
        "timezone": plan.timezone,
        "classification": plan.classification,
        "plan_version": plan.version,
        "version": __version__,
        "account": ready.account,
        "notices": [{"code": n.code, "zh": n.zh, "en": n.en} for n in ready.notices],
        "expected_false": expected_false_of(plan, ready.calibration),
        "calibration": {} if ready.calibration is None else ready.calibration.facts(),
        "columns": dict(ready.intake.mapping),
        "crs": ready.cells.crs.to_string() if ready.cells.crs.to_epsg() else ready.cells.crs.name,
        "tests": found.n_tests,
        "classes": found.n_classes,
        "units": levels,
        "level_names": {level: ready.cells.level_names.get(level, "") for level in levels},
        "street_level": street_level(counts),
        "budget": {
            "city_per_day": plan.early_warning.city_per_day,
            "street_per_week": plan.early_warning.street_per_week,
        },
        "cut": int((~warnings["within_budget"].astype(bool)).sum()) if len(warnings) else 0,
        "yesterday": _yesterday(found),
        "completeness": _completeness(ready),
        "reporting": _reporting(ready),
        "events": _events(ready),
        "nearest": _nearest(ready, found, full_name(cells)),
        **_smallest_rise(ready, found),
        "default_points": _default_points(ready),
        "default_point_rows": int(ready.incidents["default_point"].sum()),
        "outage_bins": [pd.Timestamp(b).isoformat() for b in counts.bins[~ready.valid]],
    }


def _yesterday(found: Survey) -> dict[str, Any]:
    last = found.city.iloc[-1]
    return {
        "count": int(last.observed),
        "expected": float(last.expected),
        "low": float(last.lower),
        "high": float(last.upper),
        "time": pd.Timestamp(last.time).isoformat(),
        "valid": bool(last.valid),
    }


def _events(ready: Prepared) -> list[dict[str, Any]]:
    """Declared events among the bins."""
    bins = ready.counts.bins
    return [
        {
            "name": event.name,
            "category": event.category,
            "effect": event.effect,
            "start": pd.Timestamp(bins[event.first]).isoformat(),
            "end": None if event.end is None else pd.Timestamp(bins[min(event.end, len(bins)) - 1]).isoformat(),
        }
        for event in ready.almanac.events
    ]


def _reporting(ready: Prepared) -> list[dict[str, Any]]:
    """The bins that are not complete yet, oldest first: share reported, and what they will hold (95 % limits)."""
    almanac = ready.almanac
    if almanac.delay is None or almanac.last is None:
        return []
    last, age = almanac.last, np.arange(len(almanac.last.observed))[::-1]
    low, high = almanac.delay.interval(age)
    table = zip(ready.counts.bins[-len(age) :], almanac.delay.completeness(age)[0], low, high, strict=True)
    return [
        {
            "time": pd.Timestamp(start).isoformat(),
            "share": float(share),
            "share_low": float(least),
            "share_high": float(most),
            "observed": int(last.observed[i]),
            "nowcast": float(last.expected[i]),
            "nowcast_low": int(last.low[i]),
            "nowcast_high": int(last.high[i]),
        }
        for i, (start, share, least, most) in enumerate(table)
    ]


def _completeness(ready: Prepared, last: int = 3) -> float | None:
    """Share of the *last* bins' incidents that is reported by now; None where nothing is reported late."""
    return None if ready.almanac.delay is None else float(ready.almanac.share[-last:].mean())


def _nearest(ready: Prepared, found: Survey, names: pd.Series) -> list[dict[str, Any]]:
    """The three rises of the last bin that came nearest to a warning."""
    rules = ready.plan.early_warning
    today = found.tests[
        (found.tests["bin"] == ready.counts.end_bin - 1) & (found.tests["recurrence_days"] < rules.blue_days)
    ]
    best = today.sort_values("log_rank").drop_duplicates("unit").head(3)
    return [
        {
            "cell_name": city_name(ready) if row.unit == 0 else str(names.iloc[row.unit]),
            "category": short_class(row.category),
            "observed": int(row.observed),
            "expected": float(row.expected),
            "reason": f"{int(row.observed)}件,平时约{row.expected:.1f}件,"
            f"约每{max(row.recurrence_days, 1):.0f}天会碰巧出现一次",
            "reason_en": f"{int(row.observed)} against about {row.expected:.1f}; "
            f"by chance about once in {max(row.recurrence_days, 1):.0f} days",
        }
        for row in best.itertuples()
    ]


def _smallest_rise(ready: Prepared, found: Survey) -> dict[str, str]:
    """The smallest one-bin count that would have been noted: for the whole city, and for an ordinary street."""
    plan, counts = ready.plan, ready.counts
    words = {"day": "单日", "hour": "单小时", "week": "单周"}[plan.bin]
    parts_zh, parts_en = [], []
    for level, zh, en in ((0, "全市", "the whole city"), (street_level(counts), "一个普通街道", "an ordinary street")):
        key = ("territorial", level, ALL_CLASSES)
        if key not in found.expected:
            continue
        middle = int(np.argsort(found.expected[key])[len(found.expected[key]) // 2])
        mean, size = found.expected[key][middle], found.size[key][middle]
        least = np.arange(np.ceil(mean + plan.early_warning.blue_excess), mean * 6 + 60)
        same = [np.full(len(least), v) for v in (mean, size, found.family[key[:2]])]
        log_p = np.minimum(nb_log_sf(least, same[0], same[1]) + np.log(len(plan.nb_predictive.windows_of(plan.bin))), 0)
        reach = family_recurrence(log_p, same[0], same[2], len(found.family), BIN_DAYS[plan.bin])
        reach = reach if ready.calibration is None else ready.calibration.tail.recurrence(reach)
        hit = least[reach >= plan.early_warning.blue_days]
        if len(hit):
            parts_zh.append(f"{zh}{words}{int(hit[0])}件(平时约{mean:.0f}件)")
            parts_en.append(f"{int(hit[0])} incidents in {en} in one {plan.bin} (about {mean:.0f} are ordinary)")
    return {"smallest_rise": "、".join(parts_zh), "smallest_rise_en": "; ".join(parts_en)}


def _default_points(ready: Prepared) -> list[dict[str, Any]]:
    piles = ready.default_points
    certain = piles[piles["certain"].astype(bool)] if len(piles) else piles
    return [{"x": float(p.x), "y": float(p.y), "rows": int(p.rows)} for p in certain.itertuples()]


def level_counts(warnings: pd.DataFrame) -> dict[str, int]:
    """Warnings in force of each level, the most urgent first."""
    live = warnings[~warnings["phase"].isin(style.OVER_PHASES)] if len(warnings) else warnings
    return {level: int((live["level"] == level).sum()) if len(live) else 0 for level in reversed(LEVELS)}
