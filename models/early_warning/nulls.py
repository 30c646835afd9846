"""Histories in which nothing happens, made from the city's own: whole weeks moved, places dealt anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...cube import Counts

WEEK_BINS = {"hour": 168, "day": 7, "week": 1}
_THURSDAY = 3  # 1970-01-01 was a Thursday: three days into its week


@dataclass(frozen=True)
class Rise:
    """Something that happened: incidents of a class in a unit over bins *first* to *last*, against what was usual."""

    unit: int
    category: str
    role: str
    first: int
    last: int
    observed: float
    expected: float


def weeks_of(counts: Counts) -> np.ndarray:
    """(n_bins,) number of the Monday week that each bin lies in."""
    numbers = np.arange(counts.first_bin, counts.end_bin)
    if counts.bin == "week":
        return numbers
    days = numbers // 24 if counts.bin == "hour" else numbers
    return (days + _THURSDAY) // 7


def without_rises(counts: Counts, rises: Iterable[Rise], rng: np.random.Generator) -> Counts:
    """*counts* with every rise thinned to what was expected: each of its incidents stays with chance expected/observed.

    Rises that overlap do not add up: an incident stays with the smallest chance any of them gives it.
    """
    table, cells = counts.table, counts.cells
    stays = np.ones(len(table))
    rows, bins = table["cell"].to_numpy(), table["bin"].to_numpy()
    of_class = {}
    for rise in rises:
        if rise.category not in of_class:
            of_class[rise.category] = counts.in_class(rise.category)
        inside = of_class[rise.category] & (bins >= rise.first) & (bins <= rise.last)
        inside &= cells.role[rows] == rise.role
        inside &= cells.lineage[rows, cells.unit_level[rise.unit]] == rise.unit
        stays[inside] = np.minimum(stays[inside], min(rise.expected / max(rise.observed, 1.0), 1.0))
    left = rng.binomial(table["distinct"].to_numpy(), stays)
    thinned = table.assign(count=np.where(stays < 1, left, table["count"]), distinct=left)
    return replace(counts, table=thinned[thinned["distinct"] > 0].reset_index(drop=True))


def null_history(
    counts: Counts,
    ordinary: np.ndarray,
    regimes: dict[str, np.ndarray],
    rng: np.random.Generator,
    *,
    season: int = 8,
    reach: int = 26,
) -> Counts:
    """One history as it might have been had nothing happened, of the same bins as *counts*.

    Of every class the whole city's weeks are dealt anew among the weeks of one season (*season* weeks of the calendar,
    beginning at a place drawn anew), each class for itself: weekdays, seasons and the swings that a class has in the
    whole city survive, and what befell several classes at once dissolves. Then each incident's unit is drawn anew from
    those of its class's incidents of *reach* weeks, with replacement: every unit keeps its share, and what befell one
    place dissolves. (Dealt without replacement, the few incidents of a sparse unit could hardly ever come together.)

    ordinary : (n_bins,) bool; a week with a bin that is not (a day off, an outage) stays where it is.
    regimes : class -> (n_bins,) numbers; weeks move and units are dealt only within one (declared beginnings anew).
    The table's further column `origin` is the week an incident was counted in.
    """
    single = _one_by_one(counts)
    week = weeks_of(counts)
    at = single["bin"].to_numpy() - counts.first_bin
    codes, classes = pd.factorize(single["category"])
    moved, pool = at.copy(), np.zeros(len(single), dtype=np.int64)
    movable = _whole_weeks(week, ordinary, WEEK_BINS[counts.bin])
    for code, name in enumerate(classes):
        mine = np.flatnonzero(codes == code)
        regime = regimes.get(str(name), np.zeros(len(week), dtype=np.int64))
        to, places = _dealt_weeks(week, movable, regime, season, reach, WEEK_BINS[counts.bin], rng)
        moved[mine] = to[at[mine]]
        pool[mine] = places[to[at[mine]]]
    key = pool * len(classes) + codes
    table = single.assign(bin=moved + counts.first_bin, origin=week[at])
    dealt = _deal_units(table, key, (counts.cells.role == "sectoral")[table["cell"].to_numpy()], rng)
    return replace(counts, table=dealt.assign(reported_bin=dealt["bin"]))


def _one_by_one(counts: Counts) -> pd.DataFrame:
    """The table with one row per distinct incident."""
    table = counts.table[["category", "source", "kind", "cell", "bin", "distinct"]]
    single = table.loc[table.index.repeat(table["distinct"].to_numpy())].reset_index(drop=True)
    return single.assign(count=1, severity_sum=1.0, distinct=1)


def _whole_weeks(week: np.ndarray, ordinary: np.ndarray, length: int) -> np.ndarray:
    """(n_bins,) bool: bins of weeks that are covered wholly and hold ordinary bins only."""
    first = week - week.min()
    good = np.bincount(first, weights=ordinary) == length
    return good[first]


def _dealt_weeks(
    week: np.ndarray,
    movable: np.ndarray,
    regime: np.ndarray,
    season: int,
    reach: int,
    length: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """(n_bins,) position each bin's incidents move to, and (n_bins,) the pool its incidents' units are dealt in."""
    to = np.arange(len(week))
    offset, wide = rng.integers(season), rng.integers(reach)
    blocks = (week + offset) // season
    starts = np.flatnonzero(movable & np.r_[True, np.diff(week) > 0])
    groups: dict[tuple[int, int], list[int]] = {}
    for start in starts.tolist():
        if (regime[start : start + length] == regime[start]).all():
            groups.setdefault((int(blocks[start]), int(regime[start])), []).append(start)
    for members in groups.values():
        for old, new in zip(members, rng.permutation(members).tolist(), strict=True):
            to[old : old + length] = np.arange(new, new + length)
    wides = (week + wide) // reach
    return to, (wides - wides.min()) * (int(regime.max()) + 1) + regime


def _deal_units(table: pd.DataFrame, key: np.ndarray, sectoral: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Each incident gets the unit of one of the incidents of equal *key*, drawn with replacement.

    Sectoral units take their incidents from the others' of equal *key*, drawn likewise.
    """
    ground, over = table[~sectoral], table[sectoral]
    own, theirs = key[~sectoral], key[sectoral]
    order = np.argsort(own, kind="stable")
    cell = ground["cell"].to_numpy()[_drawn(own[order], own, order, rng)]
    known = np.isin(theirs, own)
    chosen = ground.iloc[_drawn(own[order], theirs[known], order, rng)]
    over = chosen.assign(cell=over["cell"].to_numpy()[known])
    return pd.concat([ground.assign(cell=cell), over], ignore_index=True)


def _drawn(pools: np.ndarray, wanted: np.ndarray, order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each wanted key a row of that key: *order* sorts the rows, *pools* are their keys in that order."""
    first, end = (np.searchsorted(pools, wanted, side=side) for side in ("left", "right"))
    return order[first + np.floor(rng.random(len(wanted)) * (end - first)).astype(np.int64)]
