"""Which days of two periods may be held against each other: the same kind of day, both reported, one calendar."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ..models.calendar import festival_codes
from .preparation import Prepared

PREVIOUS, LAST_YEAR = "previous_period", "last_year"
KINDS = (PREVIOUS, LAST_YEAR)
"""环比: the weeks before. 同比: a year before, weekday on weekday, festival on festival."""

_YEAR = 364  # 52 weeks: the same weekday
_FESTIVAL_YEAR = (330, 400)  # days between one festival and the same one of the year before
_NEAR_WEEKS = (0, -7, 7, -14, 14, -21, 21)


@dataclass(frozen=True)
class Steps:
    """The days (weeks, where bins are weeks) of a run's counts, (n,) each.

    bin_step : (n_bins,) step of each bin; whole : its bins are all there and reported; festival : a code, 0 for none;
    kind : kind of day; share : part of it already reported; complete : steps before a last one that is not over yet.
    """

    days: np.ndarray
    bin_step: np.ndarray
    whole: np.ndarray
    festival: np.ndarray
    kind: np.ndarray
    share: np.ndarray
    per_week: int

    complete: int = 0

    def __len__(self) -> int:
        return len(self.days)


@dataclass(frozen=True)
class Pairs:
    """Steps of now and before that are compared, one with one; `dropped` tells why others are not (reason -> steps).

    `why` is '' or the reason why the two periods cannot be compared at all.
    """

    kind: str
    now: np.ndarray
    before: np.ndarray
    dropped: dict[str, int] = field(default_factory=dict)
    moved: int = 0
    why: str = ""


def steps_of(ready: Prepared) -> Steps:
    """The steps of everything counted."""
    counts = ready.counts
    per_week = 1 if counts.bin == "week" else 7
    days = counts.bins.astype("datetime64[D]")
    starts, bin_step = np.unique(days, return_inverse=True)
    first = np.searchsorted(bin_step, np.arange(len(starts)))
    needed = 24 if counts.bin == "hour" else 1
    size = np.bincount(bin_step, minlength=len(starts))
    good = np.bincount(bin_step, weights=ready.valid, minlength=len(starts)) == size
    day_bin = "day" if counts.bin == "hour" else counts.bin
    kinds = ready.almanac.factors.get("day_type")
    return Steps(
        starts,
        bin_step,
        good & (size == needed),
        festival_codes(starts, ready.plan.calendar, day_bin),
        np.full(len(starts), "week", dtype=object) if kinds is None else kinds[first],
        np.bincount(bin_step, weights=ready.almanac.share, minlength=len(starts)) / np.maximum(size, 1),
        per_week,
        len(starts) - int(size[-1] < needed) if len(starts) else 0,
    )


def pair_days(ready: Prepared, steps: Steps, category: str, window: int, kind: str) -> Pairs:
    """The last *window* days (weeks) against those before (`previous_period`) or a year before (`last_year`).

    A festival's day is held against the same day of that festival a year before, however the calendars lie, and never
    against an ordinary day. What was not reported, or is inside a declared event that makes no baseline, is left out on
    both sides. Too few days in common, or a declared new beginning between the two, make the periods not comparable.
    """
    n = steps.complete
    now = np.arange(max(n - window, 0), n)
    before, reasons = _counterparts(steps, now, kind)
    found = before >= 0
    for name, bad in (("outage", ~steps.whole), ("declared", _declared(ready, steps, category))):
        reasons[(reasons == "") & found & (bad[now] | bad[before])] = name
    kept = reasons == ""
    dropped = {str(name): count for name, count in Counter(reasons.tolist()).items() if name}
    a, b = now[kept], before[kept]
    moved = int((steps.days[a] - steps.days[b] != _shift(steps, window, kind)).sum()) if len(a) else 0
    return Pairs(kind, a, b, dropped, moved, _why_not(ready, steps, category, window, kind, a, b, dropped))


def _shift(steps: Steps, window: int, kind: str) -> np.timedelta64:
    weeks = 52 if kind == LAST_YEAR else int(np.ceil(window / steps.per_week))
    return np.timedelta64(7 * weeks, "D")


def _counterparts(steps: Steps, now: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """The step each of *now* is held against (-1 none), and why there is none. Festivals choose first."""
    place = {int(day): i for i, day in enumerate(steps.days.astype(np.int64))}
    shift = int(_shift(steps, len(now), kind).astype(np.int64))
    taken: set[int] = set()
    before, reasons = np.full(len(now), -1, dtype=np.int64), np.full(len(now), "", dtype=object)
    for i in sorted(range(len(now)), key=lambda i: (steps.festival[now[i]] == 0, i)):
        day, code = int(steps.days[now[i]].astype(np.int64)), int(steps.festival[now[i]])
        before[i], reasons[i] = _counterpart(steps, place, day, code, shift, kind, taken)
        taken.add(int(before[i]))
    return before, reasons


def _counterpart(
    steps: Steps, place: dict[int, int], day: int, code: int, shift: int, kind: str, taken: set[int]
) -> tuple[int, str]:
    if code and kind == PREVIOUS:
        return -1, "festival"
    if code:
        days = steps.days.astype(np.int64)
        like = np.flatnonzero((steps.festival == code) & (days <= day - _FESTIVAL_YEAR[0]))
        like = like[days[like] >= day - _FESTIVAL_YEAR[1]]
        return (int(like[-1]), "") if len(like) else (-1, "festival" if days[0] <= day - _YEAR else "no data")
    if day - shift not in place:
        return -1, "no data"
    if kind == PREVIOUS:
        other = place[day - shift]
        return (other, "") if steps.festival[other] == 0 else (-1, "festival")
    tries = (place.get(day - shift + move, -1) for move in _NEAR_WEEKS)
    return next(((i, "") for i in tries if i >= 0 and steps.festival[i] == 0 and i not in taken), (-1, "festival"))


def _declared(ready: Prepared, steps: Steps, category: str) -> np.ndarray:
    """(n_steps,) inside a declared event of the class that makes no baseline."""
    out = np.zeros(len(steps), dtype=bool)
    for event in ready.almanac.events:
        if event.effect == "exclude" and event.concerns(category):
            out[np.unique(steps.bin_step[event.first : event.end])] = True
    return out


def _why_not(
    ready: Prepared,
    steps: Steps,
    category: str,
    window: int,
    kind: str,
    now: np.ndarray,
    before: np.ndarray,
    dropped: dict[str, int],
) -> str:
    if dropped.get("no data", 0) > window / 2:
        return "no earlier year" if kind == LAST_YEAR else "no earlier period"
    if len(now) < max(window / 2, 1):
        return "too few days"
    n_bins = len(steps.bin_step)
    begun = {e.name for e in ready.almanac.events if steps.bin_step[min(e.first, n_bins - 1)] <= before.min()}
    for event in ready.almanac.events:
        begin = steps.bin_step[min(event.first, n_bins - 1)]
        yearly = kind == LAST_YEAR and event.name in begun  # heating begins every year: both periods lie after it
        between = before.min() < begin <= now.max()
        if event.effect == "restart" and event.concerns(category) and between and not yearly:
            return f"restart:{event.name}"
    return ""


def day_weights(steps: Steps, totals: np.ndarray) -> np.ndarray:
    """(n_steps,) what a day of each kind usually holds, over the mean day; festivals apart.

    totals : (n_steps,) the city's incidents of the class. Learned from whole ordinary days; kinds of few days are drawn
    towards the mean as if by seven ordinary days.
    """
    ordinary = steps.whole & (steps.festival == 0)
    mean = totals[ordinary].mean() if ordinary.any() else 0.0
    weights = np.ones(len(steps))
    if mean <= 0:
        return weights
    for kind in sorted(set(steps.kind)):
        own = steps.kind == kind
        seen = own & ordinary
        weights[own] = (totals[seen].sum() / mean + 7) / (seen.sum() + 7)
    return weights
