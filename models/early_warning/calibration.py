"""How often chance really lights what is called once in so many days: a tail of two parameters, learned on nulls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

_FURTHER = 20.0

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
    at *ceiling*, since of what lies beyond a part was taken out of the histories; greatest likelihood. With under ten
    episodes the slope is 1, the nominal one. Raises ValueError where *days* or the range is empty.
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

    Blue and yellow are counted up to the `ceiling`. Of orange and red the share of episodes between `lowered` and
    `ceiling` that passes the further conditions is counted, and how many lie beyond the level's own recurrence is the
    tail's; a yellow that became orange by lasting is counted too. Rarer episodes pass more often: the share is taken to
    go half the way to one (in logarithms) by `_FURTHER` times the ceiling, somewhere between no way and all of it.

    The interval is the delete-a-group jackknife over the parts of the past (log scale, gamma limits), with the doubt
    about that share, so it knows how short the one history is that all null histories were made from, and how far the
    tail reaches beyond it.
    """
    groups = walks["tail"].origin.shape[1]
    best = _rates(walks, days, tail, marks, None)
    left_out = []
    for group in range(groups):
        kept = days * (groups - 1) / groups
        own = fit_tail(walks["tail"].nominal, kept, 1.0 - walks["tail"].origin[:, group], tail.floor, marks.ceiling)
        left_out.append(_rates(walks, kept, own, marks, group))
    doubt = {name: _doubt(walks[name], marks, name) for name in ("orange", "red")}
    return {
        level: _interval(best[level], [rates[level] for rates in left_out], days / 7, doubt.get(level, 0.0))
        for level in best
    }


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
        name: _beyond((count(name, level, 3, *between) + 1) / (count(name, 0, 3, *between) + 1), marks, name)[0]
        for name, level in (("orange", 2), ("red", 3))
    }
    lasting = count("lasting", 2, 3, 0.0, min(marks.orange, marks.ceiling)) / days
    red = share["red"] * float(tail.rate(marks.red))
    orange = share["orange"] * float(tail.rate(marks.orange)) + lasting
    yellow = count("plan", 1, 1, 0.0, marks.ceiling) / days
    yellow += float(tail.rate(marks.ceiling)) - share["orange"] * float(tail.rate(max(marks.ceiling, marks.orange)))
    blue = count("plan", 0, 0, 0.0, marks.ceiling) / days
    return {"blue": 7 * blue, "yellow": 7 * yellow, "orange": 7 * max(orange - red, 0.0), "red": 7 * red}


def orange_days_for(walks: Mapping[str, NullEpisodes], days: float, tail: Tail, marks: Marks, per_week: float) -> float:
    """The nominal recurrence of orange at which orange and red come *per_week* times a week by chance.

    Red keeps its distance (as a power of ten). NaN where a yellow that lasts gives more than that by itself; never
    below `marks.lowered`.
    """

    def urgent(log_days: float) -> float:
        own = Marks(marks.ceiling, marks.lowered, math.exp(log_days), math.exp(log_days) * marks.red / marks.orange)
        rates = _rates(walks, days, tail, own, None)
        return rates["orange"] + rates["red"] - per_week

    least, most = math.log(marks.lowered), math.log(1e12)
    if urgent(most) > 0:
        return math.nan
    return marks.lowered if urgent(least) <= 0 else math.exp(optimize.brentq(urgent, least, most))


def _beyond(share: float, marks: Marks, name: str) -> tuple[float, float]:
    """The share passing at a level's own recurrence, from that below the ceiling; and the doubt about it (log sd)."""
    far = math.log(max(getattr(marks, name) / marks.ceiling, 1.0)) / math.log(_FURTHER)
    way = 0.5 * min(far, 1.0)
    return share ** (1 - way), -math.log(share) * way / math.sqrt(3)


def _doubt(walk: NullEpisodes, marks: Marks, name: str) -> float:
    between = (walk.nominal >= marks.lowered) & (walk.nominal < marks.ceiling)
    hits = int((between & (walk.level >= {"orange": 2, "red": 3}[name])).sum())
    return _beyond((hits + 1) / (int(between.sum()) + 1), marks, name)[1]


def _interval(best: float, left_out: list[float], weeks: float, doubt: float) -> Rate:
    """Gamma limits (Fay & Feuer 1997) of a rate whose relative variance is the jackknife's and the *doubt*'s."""
    values = np.log(np.maximum(left_out, 1e-12))
    n = len(values)
    variance = (n - 1) / n * float(((values - values.mean()) ** 2).sum()) + doubt**2
    if best * weeks < 0.5:
        return Rate(best, 0.0, max(best, float(stats.gamma.ppf(0.975, 1.0)) / weeks))
    strength = 1.0 / max(variance, 1e-6)
    low, high = stats.gamma.ppf(0.025, strength), stats.gamma.ppf(0.975, strength + 1.0)
    return Rate(best, best * float(low) / strength, best * float(high) / strength)
