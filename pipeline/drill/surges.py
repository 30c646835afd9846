"""Surges drawn from the city's own past, and put into its counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

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
    sd: float = 0.0
    size: int = 0
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)


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
    urn = _Urn(counts, settings, class_depth, lowest_level, quiet)
    passes: list[list[Surge]] = []
    for case, (where, strength) in enumerate(wanted):
        if case % len(slots) == 0:
            passes.append([])
        drawn = urn.draw(case, where, strength, slots[case % len(slots)])
        if drawn is not None:
            passes[-1].append(drawn)
    return passes


@dataclass(frozen=True)
class _Urn:
    """What surges are drawn from: the incidents of the year before, and where they may be put."""

    counts: Counts
    settings: DrillSettings
    class_depth: int
    lowest_level: Callable[[str], int]
    quiet: Quiet

    def draw(self, case: int, where: str, strength: float, start: int) -> Surge | None:
        """One surge; None where no quiet place was found in `_TRIES` draws."""
        rng = np.random.default_rng([self.settings.random_state, case])
        level, span = level_of(self.counts, where), int(rng.choice(self.settings.spans))
        past = self._past(start, level)
        weight = past["count"].to_numpy(float)
        for _ in range(_TRIES if len(past) else 0):
            row = past.iloc[int(rng.choice(len(past), p=weight / weight.sum()))]
            node = "/".join(str(row["category"]).split("/")[: self.class_depth]) or ALL_CLASSES
            unit = int(row["unit"])
            if self.lowest_level(node) >= level and self.quiet(unit, node, start - APART, start + span + AFTER):
                told = Surge(case, where, strength, span, unit, str(row["category"]), node, start)
                return _filled(told, past, rng)
        return None

    def _past(self, start: int, level: int) -> pd.DataFrame:
        """The rows of the year before *start* in territorial units, with the `unit` of *level* they lie in."""
        table, cells = self.counts.table, self.counts.cells
        inside = ((table["bin"] < start) & (table["bin"] >= start - YEAR) & (table["count"] > 0)).to_numpy()
        unit = cells.lineage[table["cell"].to_numpy(), level]
        inside = inside & (cells.role == "territorial")[table["cell"].to_numpy()] & (unit >= 0)
        return table[inside].assign(unit=unit[inside])


def _filled(surge: Surge, past: pd.DataFrame, rng: np.random.Generator) -> Surge:
    """*surge* with its size and its incidents: cells, sources and kinds as those of its class and unit have been."""
    node, start = surge.node, surge.start
    of_node = (past["category"] == node) | past["category"].str.startswith(node + "/") | (node == ALL_CLASSES)
    own = past[of_node & (past["unit"] == surge.unit)]
    recent = own[own["bin"] >= start - BASELINE]
    daily = np.bincount(recent["bin"] - (start - BASELINE), weights=recent["distinct"], minlength=BASELINE)
    sd = float(daily.std())
    size = int(np.ceil(surge.strength * max(sd, 1.0)))
    weight = own["count"].to_numpy(float)
    like = own.iloc[rng.choice(len(own), size=size, p=weight / weight.sum())]
    bins = start + np.arange(size) * surge.span // size
    rows = like[["source", "kind", "cell"]].assign(category=surge.category, bin=bins).reset_index(drop=True)
    return replace(surge, sd=sd, size=size, rows=rows)


def inject(counts: Counts, surges: Sequence[Surge]) -> Counts:
    """*counts* and the surges' incidents, each reported when it occurred."""
    if not surges:
        return counts
    added = pd.concat([surge.rows for surge in surges], ignore_index=True)
    more = added.assign(reported_bin=added["bin"], count=1, severity_sum=1.0, distinct=1)
    if "also" in counts.table:
        more = more.assign(also=0)
    return replace(counts, table=sum_counts(pd.concat([counts.table, more[list(counts.table.columns)]])))
