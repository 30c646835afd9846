"""Surges drawn from the city's own past, and put into its counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...cube import ALL_CLASSES, Counts, sum_counts
from ..wording import street_level
from .settings import DrillSettings

BASELINE, YEAR = 84, 364
"""Bins before a surge that say what is ordinary there, and that classes, places and sources are drawn from."""

AFTER, APART = 7, 3
"""Bins after a surge in which it may still be found, and free ones before the next."""

_TRIES = 50


@dataclass(frozen=True)
class Surge:
    """One synthetic surge: *size* incidents of *category* in *unit* (row of the cells) over *span* bins from *start*.

    `node` is the class as deep as it is tested; `sd` of the unit's daily counts of it; `rows` what is added to the
    counts: category, source, kind, cell, bin.
    """

    case: int
    where: str
    strength: float
    span: int
    unit: int
    category: str
    node: str
    start: int
    sd: float
    size: int
    rows: pd.DataFrame


Quiet = Callable[[int, str, int, int], bool]
"""(unit, class, first bin, last bin) -> whether nothing was warned of there without the drill."""


def level_of(counts: Counts, where: str) -> int:
    """The unit level of a kind of place."""
    return {"city": 0, "street": street_level(counts), "cell": max(counts.cells.levels())}[where]


def draw_surges(
    counts: Counts,
    slots: Sequence[int],
    settings: DrillSettings,
    class_depth: int,
    lowest_level: Callable[[str], int],
    quiet: Quiet,
) -> list[list[Surge]]:
    """The surges of a drill in passes; within a pass each has a slot (its first bin) of its own.

    A class that may only be described is not put below the level where it may be looked at (*lowest_level*). Where
    something was warned of anyway (*quiet* says no), another class and unit are drawn. Every surge has a stream of its
    own, so that more cases leave the others as they are.
    """
    wanted = [(w, k) for _ in range(settings.cases) for k in settings.strength for w in settings.where]
    passes: list[list[Surge]] = []
    for case, (where, strength) in enumerate(wanted):
        if case % len(slots) == 0:
            passes.append([])
        drawn = _draw(
            counts, slots[case % len(slots)], case, where, strength, settings, class_depth, lowest_level, quiet
        )
        if drawn is not None:
            passes[-1].append(drawn)
    return passes


def _draw(
    counts: Counts,
    start: int,
    case: int,
    where: str,
    strength: float,
    settings: DrillSettings,
    class_depth: int,
    lowest_level: Callable[[str], int],
    quiet: Quiet,
) -> Surge | None:
    """One surge; None where no quiet place was found in `_TRIES` draws."""
    rng = np.random.default_rng([settings.random_state, case])
    level = level_of(counts, where)
    span = int(rng.choice(settings.spans))
    past = _past_rows(counts, start, level)
    weight = past["count"].to_numpy(float)
    if not weight.sum():
        return None
    for _ in range(_TRIES):
        row = past.iloc[int(rng.choice(len(past), p=weight / weight.sum()))]
        node = "/".join(str(row["category"]).split("/")[:class_depth]) or ALL_CLASSES
        unit = int(row["unit"])
        if lowest_level(node) >= level and quiet(unit, node, start - APART, start + span + AFTER):
            return _made(counts, past, case, where, strength, span, unit, str(row["category"]), node, start, rng)
    return None


def _past_rows(counts: Counts, start: int, level: int) -> pd.DataFrame:
    """The rows of the year before *start* in territorial units, with the `unit` of *level* they lie in."""
    table = counts.table
    inside = ((table["bin"] < start) & (table["bin"] >= start - YEAR) & (table["count"] > 0)).to_numpy()
    cells = table["cell"].to_numpy()
    unit = counts.cells.lineage[cells, level]
    inside = inside & (counts.cells.role == "territorial")[cells] & (unit >= 0)
    return table[inside].assign(unit=unit[inside])


def _made(
    counts: Counts,
    past: pd.DataFrame,
    case: int,
    where: str,
    strength: float,
    span: int,
    unit: int,
    category: str,
    node: str,
    start: int,
    rng: np.random.Generator,
) -> Surge:
    of_node = (past["category"] == node) | past["category"].str.startswith(node + "/") | (node == ALL_CLASSES)
    own = past[of_node & (past["unit"] == unit)]
    recent = own[own["bin"] >= start - BASELINE]
    daily = np.bincount(recent["bin"] - (start - BASELINE), weights=recent["distinct"], minlength=BASELINE)
    sd = float(daily.std())
    size = int(np.ceil(strength * max(sd, 1.0)))
    weight = own["count"].to_numpy(float)
    like = own.iloc[rng.choice(len(own), size=size, p=weight / weight.sum())]
    bins = start + np.arange(size) * span // size
    rows = like[["source", "kind", "cell"]].assign(category=category, bin=bins).reset_index(drop=True)
    return Surge(case, where, strength, span, unit, category, node, start, sd, size, rows)


def inject(counts: Counts, surges: Sequence[Surge]) -> Counts:
    """*counts* and the surges' incidents, each reported when it occurred."""
    if not surges:
        return counts
    added = pd.concat([surge.rows for surge in surges], ignore_index=True)
    more = added.assign(reported_bin=added["bin"], count=1, severity_sum=1.0, distinct=1)
    if "also" in counts.table:
        more = more.assign(also=0)
    return replace(counts, table=sum_counts(pd.concat([counts.table, more[list(counts.table.columns)]])))
