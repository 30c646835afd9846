"""Warnings per level and week beside what was printed and what the budget allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...models.early_warning import LEVELS
from ..plan import Plan

URGENT = ("orange", "red")


def reached(warnings: pd.DataFrame) -> pd.DataFrame:
    """One row per warning: its highest level, when it reached it, and whether the budget let it through then.

    Columns: warning_id, level, as_of (of that day), within_budget.
    """
    live = warnings[warnings["phase"].isin(["open", "escalated"])]
    if live.empty:
        return pd.DataFrame(columns=["warning_id", "level", "as_of", "within_budget"])
    order = live["level"].map({name: number for number, name in enumerate(LEVELS)})
    sorted_ = live.assign(_urgency=-order).sort_values(["_urgency", "as_of"], kind="stable")
    peak = sorted_.drop_duplicates("warning_id").sort_values("as_of", kind="stable")
    return peak[["warning_id", "level", "as_of", "within_budget"]].reset_index(drop=True)


def level_weeks(
    warnings: pd.DataFrame, days: pd.DataFrame, plan: Plan, expected: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """One row per week (Monday) and level, every week of *days* too that held none.

    *expected* holds of each level the false warnings printed per week: per_week, low, high. Columns: week, level, days
    (of the week that lie in the stretch), raised, issued, cut, printed, printed_low, printed_high (for so many days),
    allowed (orange and red together that the city's budget lets through in so many days; 0 without one).
    """
    peaks = reached(warnings)
    step = pd.Timedelta(hours=1)  # a day's moment is its end: it belongs to the week before that instant
    monday = lambda times: (times - step).dt.to_period("W-SUN").dt.start_time  # noqa: E731
    held = monday(days["as_of"]).value_counts().sort_index()
    span = days["as_of"].diff().min() / pd.Timedelta(days=1) if len(days) > 1 else 1.0
    found = peaks.assign(week=monday(peaks["as_of"])) if len(peaks) else peaks.assign(week=pd.NaT)
    rows = []
    for week, count in held.items():
        for level in reversed(LEVELS):
            own = found[(found["week"] == week) & (found["level"] == level)]
            issued = int(own["within_budget"].astype(bool).sum())
            chance = {name: float(expected[level][name]) * count * span / 7 for name in ("per_week", "low", "high")}
            rows.append(
                {
                    "week": week,
                    "level": level,
                    "days": count * span,
                    "raised": len(own),
                    "issued": issued,
                    "cut": len(own) - issued,
                    "printed": chance["per_week"],
                    "printed_low": chance["low"],
                    "printed_high": chance["high"],
                    "allowed": plan.early_warning.city_per_day * count * span if level in URGENT else 0.0,
                }
            )
    return pd.DataFrame(rows)


def levels_told(weeks: pd.DataFrame) -> pd.DataFrame:
    """Per level over all *weeks*: raised, issued, cut, most (raised in one week), per_week, and what was printed.

    `printed_per_week` with `printed_low` and `printed_high`, and `ratio` of raised to printed.
    """
    span = weeks.drop_duplicates("week")["days"].sum() / 7
    table = weeks.groupby("level", sort=False).agg(
        raised=("raised", "sum"),
        issued=("issued", "sum"),
        cut=("cut", "sum"),
        most=("raised", "max"),
        printed_per_week=("printed", "sum"),
        printed_low=("printed_low", "sum"),
        printed_high=("printed_high", "sum"),
    )
    table = table.assign(per_week=table["raised"] / span, ratio=table["raised"] / table["printed_per_week"])
    chance = ["printed_per_week", "printed_low", "printed_high"]
    return table.assign(**{name: table[name] / span for name in chance}).reset_index()
