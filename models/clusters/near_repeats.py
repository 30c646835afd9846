"""Near repeats: are incidents close in space also close in time, more than if their times were shuffled?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from ..refusals import refusal
from ..significance import benjamini_hochberg, poisson_log_sf
from .buckets import checked_points, checked_times, place_in_buckets

_TOGETHER = 16  # replicates counted at a time: the times of one point lie side by side


@dataclass(frozen=True)
class Knox:
    """Knox's test for one distance and one span of time.

    table : (2, 2) pairs, close in space or not × close in time or not; `table[0, 0]` is the statistic. expected : of
    it, if space and time were unrelated; log_p : upper tail of a Poisson count with that mean; p : by permutation, (1
    + replicates at least as large) / (1 + replicates), 1 without replicates.
    """

    table: np.ndarray
    expected: float
    log_p: float
    p: float


@dataclass(frozen=True)
class NearRepeat:
    """The Knox table by bands. Arrays are (n_distances, n_spans); bands are given by their upper ends, included.

    distances : metres; the first may be 0, the same place. days : upper ends of the bands in time, the first from 0.
    observed : pairs; expected : their mean over the replicates; ratio : observed / expected, 1 where both are 0 and
    observed where only the mean is; p : upper tail by permutation; q : of p, by Benjamini-Hochberg over all bands.
    """

    distances: np.ndarray
    days: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    ratio: np.ndarray
    p: np.ndarray
    q: np.ndarray
    replicates: int


def knox(
    points: np.ndarray, times: np.ndarray, distance: float, days: float, replicates: int = 0, random_state: int = 0
) -> Knox:
    """Knox's test on (n_points, 2) *points* in metres at *times*, datetime64 or numbers of days.

    Pairs count as close up to *distance* metres and *days* days, both included.

    Source: Knox (1964), Applied Statistics 13.
    """
    points = checked_points(points)
    ticks, day = checked_times(times, len(points))
    n = len(points)
    found = near_repeat(points, times, (distance,), (days,), replicates, random_state)
    both, in_space, in_time = int(found.observed[0, 0]), _pairs_near(points, distance), _pairs_within(ticks, days * day)
    pairs = n * (n - 1) // 2
    table = np.array([[both, in_space - both], [in_time - both, pairs - in_space - in_time + both]])
    expected = in_space * in_time / pairs if pairs else 0.0
    return Knox(table, expected, float(poisson_log_sf(both, expected)), float(found.p[0, 0]))


def near_repeat(
    points: np.ndarray,
    times: np.ndarray,
    distances: Sequence[float] = (0.0, 100.0, 200.0, 300.0, 400.0),
    days: Sequence[float] = (7.0, 14.0),
    replicates: int = 999,
    random_state: int = 0,
    progress: Callable[[float], None] | None = None,
) -> NearRepeat:
    """The Knox table by bands of distance (metres) and time (days), held against shuffled times.

    points : (n_points, 2) metres; times : (n_points,) datetime64 or numbers of days. In each replicate the times are
    dealt anew to the places, which keeps the pattern of places and that of times and breaks only what binds them.
    Replicate r has the stream r of *random_state*; the order of the rows changes nothing. Repeats at the very same
    place are a band of their own if the first of *distances* is 0. Memory grows with the points, not with the pairs;
    time with the pairs within the largest distance. *progress* receives fractions and may raise.

    What the test does not know: a district that grew or emptied within the period (population shift) looks like
    near repeats; an incident whose time is uncertain counts at the time it carries.

    Source: Knox (1964); Johnson et al. (2007), Journal of Quantitative Criminology 23, for bands and ratios.
    """
    points = checked_points(points)
    ticks, day = checked_times(times, len(points))
    far, late = _edges(distances, "distances", least=0.0), _edges(days, "days", least=0.0)
    if replicates < 0:
        raise refusal("E-SET-005", where="near_repeat")
    rows = np.lexsort((points[:, 1], points[:, 0], ticks))  # so that the order they came in changes nothing
    points, ticks = points[rows], ticks[rows]
    count = _counter(points, ticks, far, late * day)
    observed = count(ticks[:, None])[:, :, 0]
    total, reached = np.zeros(observed.shape), np.zeros(observed.shape, dtype=np.int64)
    done = 0
    for shuffled in _shuffles(ticks, replicates, random_state):
        null = count(shuffled)
        total += null.sum(axis=2)
        reached += (null >= observed[:, :, None]).sum(axis=2)
        done += shuffled.shape[1]
        if progress:
            progress(done / replicates)
    expected = total / replicates if replicates else np.zeros(observed.shape)
    ratio = np.where(observed > 0, observed / np.where(expected > 0, expected, 1.0), 0.0)
    ratio[(observed == 0) & (expected == 0)] = 1.0
    p = (1.0 + reached) / (1.0 + replicates)
    return NearRepeat(far, late, observed, expected, ratio, p, benjamini_hochberg(p), replicates)


def _edges(ends: Sequence[float], name: str, least: float) -> np.ndarray:
    edges = np.asarray(ends, dtype=float).ravel()
    if not len(edges) or not np.isfinite(edges).all() or edges[0] < least or (np.diff(edges) <= 0).any():
        raise refusal("E-SET-006", where="near_repeat", name=name, least=least)
    return edges


def _counter(
    points: np.ndarray, ticks: np.ndarray, far: np.ndarray, late: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """A function from (n_points, r) times to (n_distances, n_spans, r) pairs by band."""
    buckets = place_in_buckets(points, ticks, max(float(far[-1]), 1.0) * (1 + 1e-9), reach=1)
    order = buckets.order
    x, y = (np.ascontiguousarray(points[order, axis]) for axis in (0, 1))

    def count(times: np.ndarray) -> np.ndarray:
        within = np.zeros((len(far), len(late), times.shape[1]), dtype=np.int64)
        where = (buckets.starts, buckets.first, buckets.near)
        _count_pairs(x, y, times[order], *where, far**2, late, within)
        return np.diff(within, axis=1, prepend=0)

    return count


def _shuffles(ticks: np.ndarray, replicates: int, random_state: int) -> Iterator[np.ndarray]:
    """(n_points, up to 16) shuffled times; each replicate from a stream of its own."""
    streams = np.random.SeedSequence(random_state).spawn(replicates)
    for first in range(0, replicates, _TOGETHER):
        group = streams[first : first + _TOGETHER]
        shuffled = np.empty((len(ticks), len(group)))
        for column, stream in enumerate(group):
            shuffled[:, column] = np.random.default_rng(stream).permutation(ticks)
        yield shuffled


def _pairs_within(ticks: np.ndarray, span: float) -> int:
    """How many pairs of times are at most *span* apart."""
    ticks = np.sort(ticks)
    return int(_count_within(ticks, span))


def _pairs_near(points: np.ndarray, distance: float) -> int:
    """How many pairs of points are at most *distance* apart: all times taken as one."""
    count = _counter(points, np.zeros(len(points)), np.array([distance]), np.array([0.0]))
    return int(count(np.zeros((len(points), 1)))[0, 0, 0])


@njit(cache=True)
def _count_within(ticks, span):  # type: ignore[no-untyped-def]
    pairs, low = 0, 0
    for i in range(len(ticks)):
        while ticks[i] - ticks[low] > span:
            low += 1
        pairs += i - low
    return pairs


@njit(cache=True)
def _count_pairs(x, y, times, starts, first, near, far, late, within):  # type: ignore[no-untyped-def]
    """Add each pair to *within* [band of distance, span reached, replicate]; *far* holds squares of the band ends."""
    n_spans, n_together = late.shape[0], times.shape[1]
    for b in range(len(starts) - 1):
        for other in near[first[b] : first[b + 1]]:
            if other < b:
                continue
            for i in range(starts[b], starts[b + 1]):
                for j in range(i + 1 if other == b else starts[other], starts[other + 1]):
                    square = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2
                    if square > far[-1]:
                        continue
                    band = 0
                    while square > far[band]:
                        band += 1
                    mine, theirs = times[i], times[j]
                    for span in range(n_spans):
                        tally, latest = within[band, span], late[span]
                        for r in range(n_together):  # innermost and without branches: several at a time
                            tally[r] += np.int64(abs(mine[r] - theirs[r]) <= latest)
