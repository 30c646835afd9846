"""Which sources carry a rise, and which normally report that class and place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...cube import Counts

_USUAL_SHARE, _USUAL_COUNT = 0.15, 20  # a source is usual with this share of at least so many past incidents
_PAST_BINS = 364


@dataclass(frozen=True)
class SourceMix:
    """What each source reports.

    `rising`: sources with more than their past share explains; `usual`: sources that normally report here; `now`:
    counts.
    """

    rising: tuple[str, ...]
    usual: tuple[str, ...]
    now: dict[str, int]

    @property
    def text(self) -> str:
        """`12345 18;110 9`, the largest first; empty where no incident names its source."""
        if set(self.now) <= {""}:
            return ""
        named = sorted(self.now.items(), key=lambda item: (-item[1], item[0]))
        return ";".join(f"{name or '来源不明'} {count}" for name, count in named)


def source_mix(counts: Counts, unit: int, category: str, role: str, last_bin: int, window: int) -> SourceMix:
    """Sources of one class and unit in the *window* bins up to *last_bin*, against the 364 bins before.

    All reports count, repeated ones too: that two sources report one event is what confirms it. A unit too sparse to
    say who normally reports there is judged by its ancestors.
    """
    table = counts.table[counts.in_class(category) & (counts.cells.role == role)[counts.table["cell"].to_numpy()]]
    level = counts.cells.unit_level[unit]
    inside = table[counts.cells.lineage[table["cell"].to_numpy(), level] == unit]
    first = last_bin - window + 1
    now = _told_by(inside[(inside["bin"] >= first) & (inside["bin"] <= last_bin)])
    past = _past(inside, first)
    while past.sum() < _USUAL_COUNT and counts.cells.parent[unit] >= 0:
        unit = int(counts.cells.parent[unit])
        wider = table[counts.cells.lineage[table["cell"].to_numpy(), counts.cells.unit_level[unit]] == unit]
        past = _past(wider, first)
    usual = tuple(
        sorted(str(s) for s, n in past.items() if n >= _USUAL_SHARE * max(past.sum(), 1) and past.sum() >= _USUAL_COUNT)
    )
    own_past = _past(inside, first)
    covered = max(min(first - counts.first_bin, _PAST_BINS), 1)
    expected = own_past / covered * window
    rising = tuple(sorted(str(s) for s, n in now.items() if n >= 2 and n > 1.5 * float(expected.get(s, 0.0))))
    return SourceMix(rising, usual, {str(s): int(n) for s, n in now.items() if n > 0})


def _past(table: pd.DataFrame, first: int) -> pd.Series:
    before = table[(table["bin"] < first) & (table["bin"] >= first - _PAST_BINS)]
    return _told_by(before).astype(float).replace(np.nan, 0.0)


def _told_by(table: pd.DataFrame) -> pd.Series:
    """Incidents per source; one that two sources told of, though it counts once, speaks for both."""
    told = table["count"] + table["also"].fillna(0) if "also" in table else table["count"]
    return told.groupby(table["source"], observed=True).sum()
