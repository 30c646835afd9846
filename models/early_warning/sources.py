"""Which sources carry a rise, and which normally report that class and place."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...cube import Counts
from ..significance import nb_log_sf

_USUAL_SHARE, _USUAL_COUNT = 0.15, 20  # a source is usual with this share of at least so many past incidents
_PAST_DAYS, _RECENT_DAYS = 364, 84
_BINS_A_DAY = {"hour": 24.0, "day": 1.0, "week": 1 / 7}


@dataclass(frozen=True)
class SourceMix:
    """What each source reports.

    `rising`: sources with more reports than their own past explains; `usual`: sources that normally report here;
    `now`: counts; `log_p`: the tail of each source's reports against its own past.
    """

    rising: tuple[str, ...]
    usual: tuple[str, ...]
    now: dict[str, int]
    log_p: dict[str, float] = field(default_factory=dict)

    @property
    def confirmed(self) -> bool:
        """Whether two sources or more rise, each for itself."""
        return len(self.rising) >= 2

    @property
    def one_only(self) -> bool:
        """Whether one source alone rises where two or more normally report."""
        return len(self.usual) >= 2 and len(self.rising) == 1

    @property
    def text(self) -> str:
        """`12345 18;110 9`, the largest first; empty where no incident names its source."""
        if set(self.now) <= {""}:
            return ""
        named = sorted(self.now.items(), key=lambda item: (-item[1], item[0]))
        return ";".join(f"{name or '来源不明'} {count}" for name, count in named)


def source_mix(
    counts: Counts,
    unit: int,
    category: str,
    role: str,
    last_bin: int,
    window: int,
    *,
    expected: float = 0.0,
    size: float = np.inf,
    tail: float = 0.05,
) -> SourceMix:
    """Sources of one class and unit in the *window* bins up to *last_bin*, each against its own past.

    All reports count, repeated ones too: that two sources report one event is what confirms it. A source is held
    against its share of what is expected: of *expected* (the model's figure, which knows weekday and season), or of
    what the last 84 days bring in so long a window where that is more. Its share is that of the last 364 days, and
    where these hold few incidents leans on the share in the unit above. It rises where the chance of so many is at most
    *tail*, by a negative binomial of the test's own *size*, the share's uncertainty added.
    """
    table = _of_class(counts, category, role)
    per_day = _BINS_A_DAY[counts.bin]
    first, long = last_bin - window + 1, round(_PAST_DAYS * per_day)
    inside = _within(table, counts, unit)
    now = _told_by(inside[(inside["bin"] >= first) & (inside["bin"] <= last_bin)])
    own = _told_by(inside[(inside["bin"] < first) & (inside["bin"] >= first - long)])
    wider, above = own, unit
    while wider.sum() < _USUAL_COUNT and counts.cells.parent[above] >= 0:
        above = int(counts.cells.parent[above])
        around = _within(table, counts, above)
        wider = _told_by(around[(around["bin"] < first) & (around["bin"] >= first - long)])
    total = float(wider.sum())
    usual = [str(s) for s, n in wider.items() if total >= _USUAL_COUNT and n >= _USUAL_SHARE * total]
    recent = max(min(first - counts.first_bin, round(_RECENT_DAYS * per_day)), 1)
    rate = inside["count"][(inside["bin"] < first) & (inside["bin"] >= first - recent)].sum() / recent
    log_p = _tails(now, own, wider, max(expected, float(rate) * window), size)
    rising = [s for s, n in now.items() if n >= 2 and log_p[str(s)] <= np.log(tail)]
    numbers = {str(s): int(n) for s, n in now.items() if n > 0}
    return SourceMix(tuple(sorted(map(str, rising))), tuple(sorted(usual)), numbers, log_p)


def _of_class(counts: Counts, category: str, role: str) -> pd.DataFrame:
    return counts.table[counts.in_class(category) & (counts.cells.role == role)[counts.table["cell"].to_numpy()]]


def _within(table: pd.DataFrame, counts: Counts, unit: int) -> pd.DataFrame:
    return table[counts.cells.lineage[table["cell"].to_numpy(), counts.cells.unit_level[unit]] == unit]


def _tails(now: pd.Series, own: pd.Series, wider: pd.Series, expected: float, size: float) -> dict[str, float]:
    """log P of so many reports of each source: its share of *expected*, uncertain as a share of few incidents is."""
    around = wider / max(float(wider.sum()), 1.0)
    log_p = {}
    for source, n in now.items():
        seen = float(own.get(source, 0.0)) + _USUAL_COUNT * float(around.get(source, 0.0))
        share = (seen + 0.5) / (float(own.sum()) + _USUAL_COUNT + 0.5 * max(len(around), 1))
        spread = 1 / (1 / size + 1 / (seen + 0.5))
        log_p[str(source)] = float(nb_log_sf(np.array([float(n)]), np.array([expected * share]), np.array([spread]))[0])
    return log_p


def _told_by(table: pd.DataFrame) -> pd.Series:
    """Incidents per source; one that two sources told of, though it counts once, speaks for both."""
    told = table["count"] + table["also"].fillna(0) if "also" in table else table["count"]
    return told.groupby(table["source"], observed=True).sum()
