"""Complaints that come back after closing: the next incident at a place, survival curves, and what chance gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats
from scipy.spatial import cKDTree

NEVER = int(np.iinfo(np.int64).max // 4)
"""A moment that never comes."""


@dataclass(frozen=True)
class Survival:
    """Kaplan-Meier estimate at the (n,) `times` something happened: `at_risk` before, `events`, and the share without
    an event so far with its interval.
    """

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def at(self, time: float) -> tuple[float, float, float]:
        """(share, low, high) without an event up to *time*."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 1.0, 1.0, 1.0
        return float(self.survival[place]), float(self.low[place]), float(self.high[place])


def kaplan_meier(durations: np.ndarray, happened: np.ndarray, confidence: float = 0.95) -> Survival:
    """Survival of (n,) *durations*, right-censored where not *happened* (bool); ties count events first.

    The interval is Greenwood's on the log-minus-log scale, as R's survfit(conf.type = "log-log"); NaN once nobody is
    left. Source: Kaplan & Meier (1958), JASA 53; Kalbfleisch & Prentice (1980).
    """
    spans, hit = np.asarray(durations, dtype=float), np.asarray(happened, dtype=bool)
    times, where = np.unique(spans[hit], return_inverse=True)
    events = np.bincount(where, minlength=len(times)).astype(float)
    at_risk = len(spans) - np.searchsorted(np.sort(spans), times, side="left").astype(float)
    share = np.cumprod(1 - events / at_risk)
    left = at_risk - events
    greenwood = np.cumsum(np.divide(events, at_risk * left, out=np.full(len(times), np.inf), where=left > 0))
    z = stats.norm.isf((1 - confidence) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(share)
        spread = z * np.sqrt(greenwood) / np.abs(logs)
        low, high = share ** np.exp(spread), share ** np.exp(-spread)
    gone = share <= 0
    return Survival(times, at_risk, events, share, np.where(gone, np.nan, low), np.where(gone, np.nan, high))


@dataclass(frozen=True)
class Places:
    """The incidents near each of (n_places,) places in order of time, as one long list.

    `place` is the place of each incident (-1: it has none). `start[k]` to `start[k + 1]` are the entries of place *k*:
    `member` (number of the incident) and `opened`.
    """

    place: np.ndarray
    start: np.ndarray
    member: np.ndarray
    opened: np.ndarray

    def next_after(self, who: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """(n,) when the next incident came at the place of each of *who* after its moment, itself left out."""
        return self._find(who, moments)[0]

    def still_open(self, who: np.ndarray, closed: np.ndarray) -> np.ndarray:
        """(n,) bool: whether another incident at the place, opened before, was closed later than that of *who*.

        *closed* holds the moment of closing of every incident, the largest number where it never was: such a one keeps
        nothing open, for it may just not be known. Of several closed at one moment the last opened stands for all.
        """
        if not len(self.member):
            return np.zeros(len(who), dtype=bool)
        _, position = self._find(who, closed[who])
        ends = np.where(closed[self.member] >= NEVER, -NEVER, closed[self.member])
        latest = _running_maximum(ends, self.start)
        first = self.start[np.maximum(self.place[who], 0)]
        before = position - 1
        later = (before >= first) & (self.place[who] >= 0) & (latest[np.maximum(before, 0)] > closed[who])
        return later | self._outlived(who, closed)

    def _outlived(self, who: np.ndarray, closed: np.ndarray) -> np.ndarray:
        """Closed at the same moment as an incident of the place that was opened later (or is listed later)."""
        owner = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        order = np.lexsort((np.arange(len(owner)), closed[self.member], owner))
        same = (owner[order][1:] == owner[order][:-1]) & (
            closed[self.member][order][1:] == closed[self.member][order][:-1]
        )
        outlived = np.zeros(len(owner), dtype=bool)
        outlived[order[:-1]] = same
        own = outlived & (self.place[self.member] == owner)
        return np.isin(who, self.member[own])

    def _find(self, who: np.ndarray, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not len(self.member):
            return np.full(len(who), NEVER), np.zeros(len(who), dtype=np.int64)
        place = self.place[who]
        low, high = self.start[np.maximum(place, 0)], self.start[np.maximum(place, 0) + 1]
        position = _first_after(self.opened, low, high, moments)
        found = position.copy()
        inside = (place >= 0) & (found < high)
        itself = np.zeros(len(who), dtype=bool)
        itself[inside] = self.member[found[inside]] == who[inside]
        found = found + itself
        inside = (place >= 0) & (found < high)
        answer = np.full(len(who), NEVER)
        answer[inside] = self.opened[found[inside]]
        return answer, position


def _first_after(values: np.ndarray, low: np.ndarray, high: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """For each query the first position in [low, high) whose (sorted) value is above the moment; *high* if none."""
    low, high = low.copy(), high.copy()
    while True:
        open_ = low < high
        if not open_.any():
            return low
        middle = (low + high) // 2
        later = np.zeros(len(low), dtype=bool)
        later[open_] = values[middle[open_]] > moments[open_]
        high = np.where(open_ & later, middle, high)
        low = np.where(open_ & ~later, middle + 1, low)


def _running_maximum(values: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The largest value so far within each stretch from one *start* to the next."""
    if not len(values):
        return values
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
    ranks = np.unique(values, return_inverse=True)[1].astype(np.int64)
    raised = np.maximum.accumulate(ranks + owner * (int(ranks.max()) + 1))
    return np.asarray(np.unique(values)[raised - owner * (int(ranks.max()) + 1)])


def near_places(xy: np.ndarray, opened: np.ndarray, groups: np.ndarray, metres: float) -> Places:
    """Places of (n,) incidents: those of one of *groups* (integer, a class) within *metres* of each other.

    xy : (n, 2) metres, NaN where an incident has no place of its own; opened : (n,) integer moments. Incidents on one
    spot (to a decimetre) are one place, so that a thousand of them cost a thousand entries and not a million.
    """
    n = len(xy)
    place = np.full(n, -1, dtype=np.int64)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(known):
        return Places(place, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    keys = np.column_stack([groups[known], np.round(xy[known] * 10)]).astype(np.int64)
    spots, place[known] = np.unique(keys, axis=0, return_inverse=True)
    far = 10 * (metres + 1) + np.ptp(spots[:, 1:], axis=0).max()  # classes are set so far apart that none is near
    lifted = np.column_stack([spots[:, 1:], np.unique(spots[:, 0], return_inverse=True)[1] * far])
    pairs = cKDTree(lifted).query_pairs(10 * metres + 1e-6, output_type="ndarray")
    own = np.arange(len(spots))
    one, two = (np.concatenate([pairs[:, i], pairs[:, 1 - i], own]) for i in (0, 1))
    return _listed(place, one, two, opened, len(spots))


def same_codes(codes: np.ndarray, opened: np.ndarray, groups: np.ndarray) -> Places:
    """Places of (n,) incidents of one of *groups* that name one code; '' names none."""
    place = np.full(len(codes), -1, dtype=np.int64)
    named = np.flatnonzero(codes.astype(str) != "")
    numbers = np.unique(codes[named].astype(str), return_inverse=True)[1]
    keys = np.column_stack([groups[named], numbers]).astype(np.int64)
    spots, place[named] = np.unique(keys, axis=0, return_inverse=True) if len(named) else (keys, place[named])
    own = np.arange(len(spots))
    return _listed(place, own, own, opened, len(spots))


def _listed(place: np.ndarray, one: np.ndarray, two: np.ndarray, opened: np.ndarray, n_places: int) -> Places:
    """The entries of every place *one*: the incidents that lie at any place *two* near it."""
    order = np.argsort(place, kind="stable")
    order = order[place[order] >= 0]
    sizes = np.bincount(place[order], minlength=n_places)
    first = np.concatenate([[0], np.cumsum(sizes)])
    repeats = sizes[two]
    owner = np.repeat(one, repeats)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    member = order[np.repeat(first[two], repeats) + inside]
    by_time = np.lexsort((member, opened[member], owner))
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n_places))])
    return Places(place, start, member[by_time], opened[member[by_time]])


def next_complaint(places: list[Places], who: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """(n,) when the next incident came at any of the *places* of each of *who* after its moment."""
    return np.minimum.reduce([kind.next_after(who, moments) for kind in places])


def expected_share(
    places: list[Places],
    who: np.ndarray,
    closed: np.ndarray,
    groups: np.ndarray,
    follow: np.ndarray,
    end: int,
    replicates: int,
    random_state: int,
) -> np.ndarray:
    """(n,) chance that the place of each of *who* has its next incident within *follow*, whenever it was closed.

    The null: closing does nothing to what comes after. Each replicate gives every closing the moment of another one of
    its group (class) that leaves it as long a time before *end*, at its own place, itself left out; so a busy place
    and a busy season are allowed for.
    """
    order = np.lexsort((closed, groups))
    sorted_groups, sorted_closed = groups[order], closed[order]
    low = np.searchsorted(sorted_groups, groups, side="left")
    high = np.searchsorted(sorted_groups, groups, side="right")
    high = np.maximum(_first_after(sorted_closed, low, high, end - follow), low + 1)
    hits = np.zeros(len(who))
    for replicate in range(replicates):
        draw = np.random.default_rng([random_state, replicate]).random(len(who))
        moments = sorted_closed[low + np.floor(draw * (high - low)).astype(np.int64)]
        hits += next_complaint(places, who, moments) - moments <= follow
    return hits / replicates


def excess_of(happened: np.ndarray, chance: np.ndarray, unit: np.ndarray, n_units: int) -> dict[str, np.ndarray]:
    """Re-complaints of each unit beyond what chance gives: (n_units,) `closings`, `repeats`, `expected`, `excess`
    (share of closings) with its 95 % interval `low`, `high`, and the chance `p_value` of so many or more.

    happened : (n,) bool; chance : (n,) from `expected_share`; unit : (n,) number, -1 none. The number of a unit follows
    the Poisson-binomial law of its chances, exactly. The interval holds what the excess would be if the odds of every
    closing were raised alike (logit shift), at the two ends where so many are just not too many, or too few.
    """
    names = ("closings", "repeats", "expected", "low", "high", "p_value")
    found = {name: np.zeros(n_units) for name in names}
    found["p_value"] += 1.0
    for number in np.unique(unit[unit >= 0]):
        own = unit == number
        odds, n, repeats = chance[own], int(own.sum()), int(happened[own].sum())
        low, high = _shifted_limits(odds, repeats)
        facts = (n, repeats, odds.sum(), low, high, _upper_tail(odds, repeats))
        for name, value in zip(names, facts, strict=True):
            found[name][number] = value
    share = lambda values: np.divide(  # noqa: E731
        values, found["closings"], out=np.full(n_units, np.nan), where=found["closings"] > 0
    )
    expected = found["expected"]
    return {
        **found,
        "excess": share(found["repeats"] - expected),
        "low": share(found["low"] - expected),
        "high": share(found["high"] - expected),
    }


def _law(chance: np.ndarray) -> np.ndarray:
    """Probabilities of 0, 1, ... successes among independent trials: one binomial law for each distinct chance."""
    law = np.ones(1)
    for value, times in zip(*np.unique(np.round(chance, 6), return_counts=True), strict=True):
        law = np.convolve(law, _binomial(int(times), float(value)))
    return law


def _binomial(times: int, chance: float) -> np.ndarray:
    k = np.arange(times + 1)
    ways = special.gammaln(times + 1) - special.gammaln(k + 1) - special.gammaln(times - k + 1)
    return np.exp(ways + special.xlogy(k, chance) + special.xlog1py(times - k, -chance))


def _upper_tail(chance: np.ndarray, repeats: int) -> float:
    return float(min(_law(chance)[repeats:].sum(), 1.0)) if repeats else 1.0


def _shifted_limits(chance: np.ndarray, repeats: int, tail: float = 0.025) -> tuple[float, float]:
    """Expected numbers at the two logit shifts at which *repeats* or more, or fewer, have a chance of *tail*."""
    inside = np.clip(chance, 1e-3, 1 - 1e-3)
    logits = np.log(inside / (1 - inside))
    at = lambda shift: 1 / (1 + np.exp(-(logits + shift)))  # noqa: E731
    more = lambda shift: float(_law(at(shift))[repeats:].sum()) - tail  # noqa: E731
    fewer = lambda shift: float(_law(at(shift))[: repeats + 1].sum()) - tail  # noqa: E731
    low = 0.0 if repeats == 0 else float(at(optimize.brentq(more, -25, 25, xtol=1e-4)).sum())
    high = len(chance) if repeats == len(chance) else float(at(optimize.brentq(fewer, -25, 25, xtol=1e-4)).sum())
    return low, high
