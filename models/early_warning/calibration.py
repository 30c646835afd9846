"""How often chance really lights what is called once in so many days: a tail of two parameters, learned on nulls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

FLOOR_DAYS = 10.0
"""Nominal recurrence from which the tail is fitted: rarer than that, and chance shows enough of it to learn from."""


@dataclass(frozen=True)
class Tail:
    """Chance episodes a day whose nominal recurrence is at least x: per_day * (x / floor) ** -slope."""

    floor: float
    per_day: float
    slope: float

    def rate(self, nominal: np.ndarray | float) -> np.ndarray:
        """Episodes a day, in the whole city, at least as extreme as a *nominal* recurrence in days."""
        return self.per_day * (np.asarray(nominal, float) / self.floor) ** -self.slope

    def recurrence(self, nominal: np.ndarray | float, least: float = 1.0, most: float = math.inf) -> np.ndarray:
        """The realised recurrence in days of a *nominal* one; rises with it, between *least* and *most*."""
        return np.clip(1.0 / self.rate(nominal), least, most)

    def nominal(self, realised: float) -> float:
        """The nominal recurrence that comes about once in *realised* days."""
        return float(self.floor * (self.per_day * realised) ** (1.0 / self.slope))


def fit_tail(nominal: np.ndarray, days: float, weight: np.ndarray, floor: float, ceiling: float) -> Tail:
    """The tail of the episodes seen in *days* days with a nominal recurrence between *floor* and *ceiling*.

    nominal : (n,) days; weight : (n,), 1 each or less where a part of the history is left out. A Pareto tail cut off
    at *ceiling*, since what lay beyond was taken out of the histories; greatest likelihood. With under ten episodes
    the slope is 1, the nominal one. Raises ValueError where *days* or the range is empty.
    """
    if days <= 0 or not 0 < floor < ceiling:
        raise ValueError("a tail needs days above 0 and a floor below its ceiling")
    inside = (nominal >= floor) & (nominal < ceiling)
    seen, reach = float(weight[inside].sum()), math.log(ceiling / floor)
    slope = 1.0
    if seen >= 10:
        mean = float(np.average(np.log(nominal[inside] / floor), weights=weight[inside]))
        slope = _slope(mean, reach)
    return Tail(floor, max(seen, 0.5) / days / -math.expm1(-slope * reach), slope)


def _slope(mean: float, reach: float) -> float:
    """The rate b of an exponential cut off at *reach* whose mean is *mean*."""
    gap = lambda b: 1 / b - reach / math.expm1(b * reach) - mean  # noqa: E731
    least, most = 0.2, 5.0
    if gap(least) <= 0:
        return least
    return most if gap(most) >= 0 else float(optimize.brentq(gap, least, most))


@dataclass(frozen=True)
class NullEpisodes:
    """Episodes of one walk through null histories.

    nominal : (n,) recurrence in days at the loudest; level : (n,) number of the level at the peak; origin : (n,
    n_groups) shares, in sum 1, of the parts of the real past that the incidents come from.
    """

    nominal: np.ndarray
    level: np.ndarray
    origin: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[NullEpisodes]) -> NullEpisodes:
        """All episodes of several histories."""
        names = ("nominal", "level", "origin")
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


WALKS = ("tail", "plan", "lasting", "orange", "red")
"""Walks through each null history: everything from the floor on; the plan's levels; neither orange nor red by their
recurrence (so that what is orange has lasted); orange and red from a lower recurrence, to learn how many pass the
further conditions."""


@dataclass(frozen=True)
class Rate:
    """Expected number a week, and the 95 % interval of this expectation."""

    per_week: float
    low: float
    high: float


@dataclass(frozen=True)
class Marks:
    """Nominal recurrences: where the histories were cut off, and where the levels and the lowered ones begin."""

    ceiling: float
    lowered: float
    orange: float
    red: float


def level_rates(walks: Mapping[str, NullEpisodes], days: float, tail: Tail, marks: Marks) -> dict[str, Rate]:
    """False warnings of each level a week, from *walks* through *days* null days.

    Blue and yellow are counted. Of orange and red the share of episodes between `lowered` and `ceiling` that passes the
    further conditions is counted, and how many lie beyond the level's own recurrence is the tail's; a yellow that
    became orange by lasting is counted too.

    The interval is the delete-a-group jackknife over the parts of the past (log scale, gamma limits), so it knows how
    short the one history is that all null histories were made from, and how far the tail reaches beyond it.
    """
    groups = walks["tail"].origin.shape[1]
    best = _rates(walks, days, tail, marks, None)
    left_out = []
    for group in range(groups):
        kept = days * (groups - 1) / groups
        own = fit_tail(walks["tail"].nominal, kept, 1.0 - walks["tail"].origin[:, group], tail.floor, marks.ceiling)
        left_out.append(_rates(walks, kept, own, marks, group))
    return {level: _interval(best[level], [rates[level] for rates in left_out], days / 7) for level in best}


def _rates(
    walks: Mapping[str, NullEpisodes], days: float, tail: Tail, marks: Marks, group: int | None
) -> dict[str, float]:
    """Episodes a week of each level, without what comes from one *group* of the past."""

    def count(name: str, least: int, most: int, low: float, high: float) -> float:
        walk = walks[name]
        weight = np.ones(len(walk.nominal)) if group is None else 1.0 - walk.origin[:, group]
        levels = (walk.level >= least) & (walk.level <= most)
        return float(weight[levels & (walk.nominal >= low) & (walk.nominal < high)].sum())

    between = (marks.lowered, marks.ceiling)
    share = {
        name: count(name, level, 3, *between) / max(count(name, 0, 3, *between), 1e-9)
        for name, level in (("orange", 2), ("red", 3))
    }
    lasting = count("lasting", 2, 3, 0.0, min(marks.orange, marks.ceiling)) / days
    red = share["red"] * float(tail.rate(marks.red))
    orange = share["orange"] * float(tail.rate(marks.orange)) + lasting
    yellow = count("plan", 1, 1, 0.0, marks.ceiling) / days
    yellow += (1 - share["orange"]) * float(tail.rate(max(marks.ceiling, marks.orange)))
    blue = count("plan", 0, 0, 0.0, marks.ceiling) / days
    return {"blue": 7 * blue, "yellow": 7 * yellow, "orange": 7 * max(orange - red, 0.0), "red": 7 * red}


def orange_days_for(walks: Mapping[str, NullEpisodes], days: float, tail: Tail, marks: Marks, per_week: float) -> float:
    """The nominal recurrence of orange at which orange and red come *per_week* times a week by chance.

    NaN where a yellow that lasts alone gives more than that.
    """
    now = _rates(walks, days, tail, marks, None)
    nothing = Marks(marks.ceiling, marks.lowered, 1e30, 1e30)
    left = per_week - _rates(walks, days, tail, nothing, None)["orange"]
    beyond = now["orange"] + now["red"] - (per_week - left)
    if left <= 0 or beyond <= 0:
        return math.nan
    return float(marks.orange * (beyond / left) ** (1.0 / tail.slope))


def _interval(best: float, left_out: list[float], weeks: float) -> Rate:
    """Gamma limits (Fay & Feuer 1997) of a rate whose relative variance is the jackknife's."""
    values = np.log(np.maximum(left_out, 1e-12))
    n = len(values)
    variance = (n - 1) / n * float(((values - values.mean()) ** 2).sum())
    if best * weeks < 0.5:
        return Rate(best, 0.0, max(best, float(stats.gamma.ppf(0.975, 1.0)) / weeks))
    strength = 1.0 / max(variance, 1e-6)
    low, high = stats.gamma.ppf(0.025, strength), stats.gamma.ppf(0.975, strength + 1.0)
    return Rate(best, best * float(low) / strength, best * float(high) / strength)
