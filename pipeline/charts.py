"""Figures for the charts of the briefing: classes, concentration, the days of a year, the streets beside each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES
from ..models.clusters import concentration
from .comparison import compare_units
from .maps import window_of
from .periods import PREVIOUS
from .preparation import Prepared
from .surveillance import BIN_DAYS, visible_at
from .wording import street_level

MOST_CLASSES = 12
DAYS = 371
"""A year and a week: the calendar's first column is a whole week."""


def charts_of(ready: Prepared, lowest_level: Callable[[str], int]) -> dict[str, Any]:
    """JSON-able: `classes`, `concentration`, `days` and `streets`, each as its function tells."""
    return {
        "classes": class_bars(ready),
        "concentration": concentration_curve(ready, lowest_level),
        "days": days_of(ready),
        "streets": street_funnel(ready),
    }


def class_bars(ready: Prepared) -> list[dict[str, Any]]:
    """Incidents of the top classes in the window and in the one before it, the largest first, the rest as one."""
    counts, n_bins = ready.counts, window_of(ready.counts, ready.plan)
    table = counts.since(counts.end_bin - 2 * n_bins).table
    top = table["category"].astype(str).str.split("/").str[0]
    recent = table["bin"] >= counts.end_bin - n_bins
    now, before = (table["count"][rows].groupby(top[rows]).sum() for rows in (recent, ~recent))
    whole = n_bins * 2 <= len(counts.bins)
    sums = pd.DataFrame({"now": now, "before": before if whole else np.nan}).fillna({"now": 0})
    sums = sums.fillna({"before": 0}) if whole else sums
    order = sums.assign(name=sums.index).sort_values(["now", "name"], ascending=[False, True]).drop(columns="name")
    rest = order.iloc[MOST_CLASSES:]
    rows = [_bar(str(name), row["now"], row["before"]) for name, row in order.head(MOST_CLASSES).iterrows()]
    return [*rows, _bar("", rest["now"].sum(), rest["before"].sum(min_count=1))] if len(rest) else rows


def _bar(name: str, now: float, before: float) -> dict[str, Any]:
    return {"name": name, "now": int(now), "before": None if np.isnan(before) else int(before)}


def concentration_curve(ready: Prepared, lowest_level: Callable[[str], int]) -> dict[str, Any] | None:
    """How the window's incidents are shared out among the finest units: the Lorenz curve, and how few hold half."""
    counts = ready.counts
    finest, n_bins = max(counts.cells.levels()), window_of(counts, ready.plan)
    recent = visible_at(counts.since(counts.end_bin - n_bins), finest, lowest_level)
    found = concentration(recent.cube(ALL_CLASSES, finest).counts.sum(axis=0), share=0.5)
    if found.status != "ok" or len(found.cells) < 9:
        return None
    at = np.unique(np.linspace(0, len(found.cells) - 1, 101).round().astype(int))
    return {
        "level": finest,
        "cells": [round(float(v), 4) for v in found.cells[at]],
        "incidents": [round(float(v), 4) for v in found.incidents[at]],
        "half": round(float(found.share_of_cells), 4),
        "n_half": int(found.n_cells),
    }


def days_of(ready: Prepared) -> dict[str, Any] | None:
    """Incidents of the whole city on each of the last 371 days, None where one is not complete; hours are added up."""
    counts = ready.counts
    if BIN_DAYS[ready.plan.bin] > 1:
        return None
    totals = pd.Series(counts.cube(ALL_CLASSES, 0).counts[:, 0], index=pd.DatetimeIndex(counts.bins))
    complete = pd.Series(ready.valid, index=totals.index).resample("D").min()
    daily = totals.resample("D").sum().where(complete).tail(DAYS)
    numbers = [None if np.isnan(value) else int(value) for value in daily]
    return {"first": daily.index[0].strftime("%Y-%m-%dT%H:%M"), "n": numbers}


def street_funnel(ready: Prepared) -> dict[str, Any] | None:
    """Every street's incidents beside what is usual for it, with the limits chance stays within (95 % and 99.8 %)."""
    street = street_level(ready.counts)
    if not street:
        return None
    table = compare_units(ready, ALL_CLASSES, street, "territorial", PREVIOUS)
    table = table[table["funnel"] != ""].sort_values(["funnel_expected", "cell_id"])
    names = ("funnel_expected", "funnel_low", "funnel_high", "funnel_low3", "funnel_high3")
    rows = [
        {
            "name": str(row["cell_name"]),
            "now": int(row["now"]),
            **{name.removeprefix("funnel_"): round(float(row[name]), 2) for name in names},
        }
        for _, row in table.iterrows()
    ]
    return {"level": street, "days": int(table["window_days"].iloc[0]), "rows": rows} if len(rows) >= 8 else None
