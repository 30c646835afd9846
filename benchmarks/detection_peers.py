"""What plain surveillance systems do with the same counts: EARS C2, Farrington flexible, two thresholds.

Each gives every class and unit of a level a score for every day of the stretch; what is above the method's bound is an
alarm. None of them knows of other classes, units or days: alarms of one unit and class no more than `GAP` days apart
are one, and that is all the grouping they get.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from gridbeacon.cube import Counts
from gridbeacon.models.anomaly.farrington import FarringtonAnomaly
from gridbeacon.models.anomaly.foretell import foretell, plugin_log_p
from gridbeacon.models.anomaly.reference_weeks import whole_weeks
from scipy import stats

GAP = 3
DAYS = 365


@dataclass(frozen=True)
class Peer:
    """A method. *score* turns (n_days, n_units) counts into scores of the last `DAYS` days; *bound* is its own alarm
    limit; *careful* the same score with a standard deviation of at least 1, which is what can be matched."""

    name: str
    score: Callable[[np.ndarray], np.ndarray]
    bound: float
    careful: Callable[[np.ndarray], np.ndarray]


def ears_c2(counts: np.ndarray, floor: float = 0.0) -> np.ndarray:
    """(x - mean) / s over the seven days that end three days before: an alarm of `earsC` is above the quantile of z."""
    past = np.stack([counts[len(counts) - DAYS - lag : len(counts) - lag] for lag in range(3, 10)])
    return _standardised(counts[-DAYS:], past.mean(axis=0), past.std(axis=0, ddof=1), floor)


def three_sd(counts: np.ndarray, floor: float = 0.0) -> np.ndarray:
    """(x - mean) / s over the 28 days before."""
    total = np.cumsum(np.vstack([np.zeros((1, counts.shape[1])), counts]), axis=0)
    square = np.cumsum(np.vstack([np.zeros((1, counts.shape[1])), counts**2]), axis=0)
    at = np.arange(len(counts) - DAYS, len(counts))
    mean = (total[at] - total[at - 28]) / 28
    variance = np.maximum((square[at] - square[at - 28] - 28 * mean**2) / 27, 0)
    return _standardised(counts[-DAYS:], mean, np.sqrt(variance), floor)


def _standardised(now: np.ndarray, mean: np.ndarray, sd: np.ndarray, floor: float) -> np.ndarray:
    """Above the mean with a deviation of nothing is infinitely far above, as the bounds have it."""
    off, sd = now - mean, np.maximum(sd, floor)
    far = np.where(off > 1e-9, np.inf, 0.0)
    return np.divide(off, sd, out=far, where=sd > 1e-9).astype(np.float32)


def doubled(counts: np.ndarray, floor: float = 0.0) -> np.ndarray:
    """The last seven days over the seven before; fewer than five incidents are never an alarm."""
    total = np.cumsum(np.vstack([np.zeros((1, counts.shape[1])), counts]), axis=0)
    at = np.arange(len(counts) - DAYS, len(counts)) + 1
    now, before = total[at] - total[at - 7], total[at - 7] - total[at - 14]
    ratio = np.divide(now, before + floor, out=np.where(now > 0, np.inf, 0.0), where=before + floor > 0)
    return np.where(now >= 5, ratio, 0.0).astype(np.float32)


PEERS = (
    Peer("EARS C2", ears_c2, float(stats.norm.isf(0.001)), lambda counts: ears_c2(counts, 1.0)),
    Peer("mean + 3 sd, 28 days", three_sd, 3.0, lambda counts: three_sd(counts, 1.0)),
    Peer("twice last week", doubled, 2.0 - 1e-6, lambda counts: doubled(counts, 1.0)),
)


class Scores:
    """Scores of one method over classes and levels: {(level, class): (DAYS, n_units)}."""

    def __init__(self, table: dict[tuple[int, str], np.ndarray], counts: Counts):
        self.table, self.counts = table, counts

    def false_alarms(self, levels: Sequence[int], bound: float) -> int:
        """Runs of alarms on *levels*: one for a unit, a class and days no more than `GAP` apart."""
        return sum(_runs(scores > bound) for (level, _), scores in self.table.items() if level in levels)

    def matched(self, levels: Sequence[int], wanted: float) -> float:
        """The lowest bound with at most *wanted* false alarms."""
        values = [scores[np.isfinite(scores)] for (level, _), scores in self.table.items() if level in levels]
        known = np.unique(np.concatenate([v[v > 0] for v in values]))
        low, high = 0, len(known) - 1
        while low < high:
            middle = (low + high) // 2
            if self.false_alarms(levels, known[middle]) <= wanted:
                high = middle
            else:
                low = middle + 1
        return float(known[low])


def _runs(alarm: np.ndarray) -> int:
    """Runs of True down the columns, gaps of up to `GAP` bridged."""
    before = np.zeros_like(alarm)
    for lag in range(1, GAP + 1):
        before[lag:] |= alarm[:-lag]
    return int((alarm & ~before).sum())


def tested_nodes(counts: Counts, depth: int, lowest_level: Callable[[str], int]) -> list[tuple[int, str]]:
    """(level, class) of every test of the territorial units."""
    return [(lv, node) for node in counts.nodes(depth) for lv in counts.cells.levels() if lv <= lowest_level(node)]


def scored(
    counts: Counts, tests: Sequence[tuple[int, str]], score: Callable[[np.ndarray], np.ndarray]
) -> dict[tuple[int, str], np.ndarray]:
    """The scores of every test."""
    return {(level, node): score(counts.cube(node, level, measure="distinct").counts) for level, node in tests}


def farrington(
    counts: Counts, tests: Sequence[tuple[int, str]], days: Sequence[int] | None = None
) -> dict[tuple[int, str], np.ndarray]:
    """-log p of `farringtonFlexible` (nbPlugin) on the last day of each whole week, 0 on the other days.

    *days* are those of the stretch whose week is asked for (default: all).
    """
    model = FarringtonAnomaly(years=5, min_years=2)
    found = {}
    for level, node in tests:
        cube = counts.cube(node, level, measure="distinct")
        weeks = whole_weeks(cube)
        scores = np.zeros((DAYS, cube.n_cells), np.float32)
        first = cube.n_times - DAYS
        last_day = {int(week): day for day, week in enumerate(weeks.last) if weeks.last[day - 1] != week}
        wanted = None if days is None else {int(weeks.last[min(first + day + 7, cube.n_times - 1)]) for day in days}
        for week, day in last_day.items():
            if day < first or (wanted is not None and week not in wanted):
                continue
            reference = model.reference(weeks, week)
            cases = np.nansum(weeks.counts[max(week - 3, 0) : week + 1], axis=0)
            asked = np.flatnonzero(cases >= model.min_cases)
            if reference is not None and len(asked):
                counted = np.ascontiguousarray(weeks.counts[:, asked])
                told = foretell(counted, reference[0], reference[1], model.surge, model.trend_p)
                log_p = plugin_log_p(told, counted[week])
                scores[day - first, asked] = np.where(np.isfinite(log_p), -log_p, 0.0)
        found[level, node] = scores
    return found


def kin(tests: Sequence[tuple[int, str]], node: str) -> list[tuple[int, str]]:
    """The tests whose class is *node*, above or below it; all classes together name nothing."""
    return [
        (level, name)
        for level, name in tests
        if name == node or name.startswith(node + "/") or node.startswith(name + "/")
    ]
