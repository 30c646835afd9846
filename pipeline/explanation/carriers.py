"""What carries a rise: classes, hours of the week and places, each with what is usual beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..retest import Retest
from ..wording import Raised, lowest_described, short_class, street_level
from .sightings import Sightings

_PRIOR = 10.0  # incidents: the wider past counts as many beside a unit's own
_MOST_CLASSES, _MOST_PLACES = 12, 40
_WEEK = 168


def usual_shares(own: np.ndarray, wide: np.ndarray, n_items: int) -> np.ndarray:
    """(n_items,) share of each item among the codes *own*; where these are few, drawn towards that among *wide*.

    Codes are whole numbers below *n_items*. Source: posterior mean under a Dirichlet prior worth `_PRIOR` incidents
    around the shares of the wider past (Gelman et al., Bayesian Data Analysis, 3.4).
    """
    prior = np.bincount(wide, minlength=n_items) + 1.0 / max(n_items, 1)
    seen = np.bincount(own, minlength=n_items)
    return (seen + _PRIOR * prior / prior.sum()) / (seen.sum() + _PRIOR)


def classes_of(seen: Sightings, row: Raised, members: np.ndarray, past: np.ndarray) -> list[dict[str, Any]]:
    """The classes one step below the warning's, what stands out most first: observed, usual, excess (tickets)."""
    codes, names = seen.children(row.category)
    if not names:
        return []
    level = int(seen.ready.counts.cells.unit_level[row.unit])
    own = codes[past & seen.of_unit(row)]
    wide = codes[past & seen.in_class(row.category, level)]
    share = usual_shares(own[own >= 0], wide[wide >= 0], len(names))
    now = codes[members]
    table = _table(np.bincount(now[now >= 0], minlength=len(names)), row.expected * share)
    named = [{"category": n, "name": short_class(n), **figures} for n, figures in zip(names, table, strict=True)]
    return _standing_out(named, "category")[:_MOST_CLASSES]


def week_of(seen: Sightings, row: Raised, members: np.ndarray, past: np.ndarray) -> dict[str, Any] | None:
    """Hour of the day × weekday: (7, 24) observed and usual tickets, Monday first, and the hours over all days.

    Weekdays outside the window are usual 0. None where hours are not told, or bins are weeks: such a window holds
    every weekday anyway, and its hours are those of its own.
    """
    hour = seen.week_hour
    told = members & (hour >= 0)
    if not told.any() or told.sum() * 2 < members.sum():
        return None
    level = int(seen.ready.counts.cells.unit_level[row.unit])
    own, wide = past & seen.of_unit(row), past & seen.in_class(row.category, level)
    own, wide = hour[own & (hour >= 0)], hour[wide & (hour >= 0)]
    days = seen.weekday_bins(row) / max(row.window_bins, 1)
    if seen.ready.counts.bin == "week":
        days = np.full(7, 1 / 7)
    by_hour = usual_shares(own % 24, wide % 24, 24)
    observed = np.bincount(hour[told], minlength=_WEEK).reshape(7, 24)
    usual = row.expected * days[:, None] * by_hour
    if seen.ready.counts.bin == "hour":
        usual = np.zeros((7, 24))
        np.add.at(usual, _hours_of(seen, row), row.expected / row.window_bins)
    hours = [{"hour": h, **figures} for h, figures in enumerate(_table(observed.sum(axis=0), usual.sum(axis=0)))]
    return {"observed": observed.tolist(), "usual": np.round(usual, 2).tolist(), "hours": hours}


def _hours_of(seen: Sightings, row: Raised) -> tuple[np.ndarray, np.ndarray]:
    hours = (np.arange(row.window_first, row.window_first + row.window_bins) + 3 * 24) % _WEEK
    return hours // 24, hours % 24


def places_of(retest: Retest, row: Raised) -> list[dict[str, Any]]:
    """The units inside the warning's, tested by the same model over the same window, what stands out most first.

    Streets for a unit above them, else units of the next level. Units without an incident that rose by nothing are left
    out. Empty where there are none, or the class may not be looked at so closely.
    """
    ready, counts = retest.ready, retest.ready.counts
    own, street = int(counts.cells.unit_level[row.unit]), street_level(counts)
    level = street if own < street else own + 1
    describes_only = ready.privacy.policy.describes_only(row.category)
    if row.role != "territorial" or level > max(counts.cells.levels()):
        return []
    if describes_only and level > lowest_described(counts):
        return []
    rows = counts.cells.rows_at(level)
    inside = rows[counts.cells.lineage[rows, own] == row.unit]
    table = retest.of_units(inside, row.category, row.role, level, row.window_first, row.window_bins)
    names, ids = retest.names, ready.cells.table["cell_id"]
    places = [
        {
            "cell_id": str(ids.iloc[test.unit]),
            "name": str(ready.cells.table["name"].iloc[test.unit]),
            "full_name": str(names.iloc[test.unit]),
            "unit_level": level,
            "observed": int(test.observed),
            "usual": round(float(test.expected), 2),
            "excess": round(float(test.excess), 2),
            "recurrence_days": round(float(test.recurrence_days), 1),
            "stands": bool(test.stands),
        }
        for test in table.itertuples()
        if test.observed > 0
    ]
    return _standing_out(places, "cell_id")[:_MOST_PLACES]


def _table(observed: np.ndarray, usual: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"observed": int(n), "usual": round(float(m), 2), "excess": round(float(n - m), 2) + 0.0}
        for n, m in zip(observed, usual, strict=True)
    ]


def _standing_out(items: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    kept = [item for item in items if item["observed"] > 0]
    return sorted(kept, key=lambda item: (-item["excess"], str(item[name])))


def carried_by(places: list[Mapping[str, Any]], excess: float, share: float = 0.75) -> list[Mapping[str, Any]]:
    """The fewest of *places*, the greatest excess first, that hold *share* of *excess*."""
    held, taken = 0.0, []
    for place in places:
        if held >= share * excess or place["excess"] <= 0:
            break
        held += place["excess"]
        taken.append(place)
    return taken
