"""Whether the warnings found a surge, how soon, and what else they said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...cube import Cells
from ...models.early_warning import LEVELS
from ...models.early_warning.phenomena import contains, same_branch
from .surges import AFTER, Surge


@dataclass(frozen=True)
class Alarm:
    """One warning over time: bin -> (number of its level, unit reported) of every bin it was seen in."""

    category: str
    seen: dict[int, tuple[int, int]]

    @property
    def first(self) -> int:
        """The bin it was seen in first."""
        return min(self.seen)

    @property
    def peak(self) -> int:
        """The number of its highest level."""
        return max(level for level, _ in self.seen.values())


def touches(cells: Cells, alarm: Alarm, unit: int, node: str, first: int, last: int) -> bool:
    """Whether *alarm* was seen between two bins (both included) of a class's branch at, in or around a unit."""
    return same_branch(alarm.category, node) and any(
        first <= number <= last and (contains(cells, unit, place) or contains(cells, place, unit))
        for number, (_, place) in alarm.seen.items()
    )


def delays(cells: Cells, alarms: Sequence[Alarm], surge: Surge) -> list[float]:
    """Bins from a surge's first until it was warned of at each level or above, blue first; NaN where it never was.

    0 is on its first day, which is told at the end of it. Looked for until `AFTER` bins after its last.
    """
    last = surge.start + surge.span - 1 + AFTER
    found = np.full(len(LEVELS), np.nan)
    for alarm in alarms:
        if touches(cells, alarm, surge.unit, surge.node, surge.start, last):
            for number, (level, _) in alarm.seen.items():
                if surge.start <= number <= last:
                    found[: level + 1] = np.fmin(found[: level + 1], number - surge.start)
    return [float(value) for value in found]


def strangers(
    cells: Cells, alarms: Sequence[Alarm], surges: Sequence[Surge], calm: Sequence[Alarm], first: int
) -> list[Alarm]:
    """Alarms from bin *first* on that belong to no surge and were not there without the drill."""
    return [
        alarm
        for alarm in alarms
        if alarm.first >= first
        and not any(touches(cells, alarm, s.unit, s.node, s.start, s.start + s.span - 1 + AFTER) for s in surges)
        and not any(_alike(cells, alarm, other) for other in calm)
    ]


def _alike(cells: Cells, alarm: Alarm, other: Alarm) -> bool:
    """Whether two alarms tell of one thing: one branch, one place, days that meet."""
    place = alarm.seen[alarm.first][1]
    return touches(cells, other, place, alarm.category, alarm.first - AFTER, max(alarm.seen) + AFTER)


def proportion(found: int, n: int) -> tuple[float, float, float]:
    """Share and its Clopper-Pearson limits (95 %); NaN where there is nothing to share."""
    from scipy.stats import beta

    if not n:
        return np.nan, np.nan, np.nan
    low = 0.0 if found == 0 else float(beta.ppf(0.025, found, n - found + 1))
    high = 1.0 if found == n else float(beta.ppf(0.975, found + 1, n - found))
    return found / n, low, high


def rate(found: int, days: float, per: float = 100.0) -> tuple[float, float, float]:
    """Events per *per* days and its exact Poisson limits (95 %; Garwood 1936)."""
    from scipy.stats import chi2

    low = 0.0 if found == 0 else float(chi2.ppf(0.025, 2 * found) / 2)
    return found / days * per, low / days * per, float(chi2.ppf(0.975, 2 * found + 2) / 2) / days * per


def summed(cases: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Per group of *cases* and level: cases, found, share with limits, delay (median, 90 % quantile), on_the_day.

    *cases* holds a column `delay_LEVEL` for each level, NaN where the surge was not found at it or above.
    """
    rows = []
    for key, own in cases.groupby(list(by), sort=False):
        for level in LEVELS:
            late = own[f"delay_{level}"].dropna()
            share, low, high = proportion(len(late), len(own))
            rows.append(
                {
                    **dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True)),
                    "level": level,
                    "cases": len(own),
                    "found": len(late),
                    "share": share,
                    "low": low,
                    "high": high,
                    "delay_median": float(late.median()) if len(late) else np.nan,
                    "delay_90": float(late.quantile(0.9)) if len(late) else np.nan,
                    "on_the_day": int((late == 0).sum()),
                }
            )
    return pd.DataFrame(rows)
