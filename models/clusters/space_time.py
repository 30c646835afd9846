"""ST-DBSCAN: clusters in space and time, in memory that grows with the points and not with their pairs."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..refusals import refusal
from .buckets import Buckets, checked_points, checked_times, place_in_buckets
from .density_based import NOISE, Clusters


def st_dbscan(points: np.ndarray, times: np.ndarray, distance: float, days: float, min_points: int) -> Clusters:
    """ST-DBSCAN of (n_points, 2) *points* in metres at (n_points,) *times*, datetime64 or numbers of days.

    Two points are neighbours if they are at most *distance* metres and at most *days* days apart. A core point has at
    least *min_points* neighbours, itself included; core points that are neighbours share a cluster. Clusters are
    numbered by their earliest core point (then the westernmost, then the southernmost), and a border point belongs to
    the lowest-numbered cluster of a core point it neighbours: rows may come in any order. The optional threshold of
    the source on a third, non-spatial value is not used.

    Buckets are small enough that all points of one are near each other in space, so that many incidents at one
    address are joined along time, and two parts of clusters that are joined already are not compared again.

    Source: Birant & Kut (2007), Data & Knowledge Engineering 60.
    """
    points = checked_points(points)
    times, day = checked_times(times, len(points))
    if not (distance > 0 and days >= 0 and min_points >= 1):
        raise refusal("E-SET-007", where="st_dbscan")
    if not len(points):
        return Clusters(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool))
    width = distance / math.sqrt(2) * (1 - 1e-9)  # the diagonal stays below the distance in spite of rounding
    buckets = place_in_buckets(points, times, width, reach=2)
    return _cluster(points, times, buckets, float(distance), float(days) * day, int(min_points))


def _cluster(
    points: np.ndarray, times: np.ndarray, buckets: Buckets, distance: float, span: float, min_points: int
) -> Clusters:
    order = buckets.order
    rank = np.empty(len(order), dtype=np.int64)
    rank[np.lexsort((points[:, 1], points[:, 0], times))] = np.arange(len(order))
    x, y, t = (np.ascontiguousarray(part[order]) for part in (points[:, 0], points[:, 1], times))
    where = (buckets.starts, buckets.first, buckets.near)
    core = _count_neighbours(x, y, t, *where, distance**2, span, min_points) >= min_points
    root = _join(x, y, t, core, *where, distance**2, span)
    labels = np.full(len(order), NOISE, dtype=np.int64)
    labels[core] = _numbered(root[core], rank[order][core])
    _adopt(x, y, t, core, labels, *where, distance**2, span)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Clusters(labels[back], core[back])


def _numbered(root: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Cluster numbers of core points, by the lowest *rank* in each cluster."""
    _, cluster = np.unique(root, return_inverse=True)
    earliest = np.full(int(cluster.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(earliest, cluster, rank)
    return np.argsort(np.argsort(earliest))[cluster]


@njit(cache=True)
def _count_neighbours(x, y, t, starts, first, near, square, span, enough):  # type: ignore[no-untyped-def]
    """How many neighbours each point has, itself included; counting stops at *enough*."""
    count = np.zeros(len(x), np.int64)
    for b in range(len(starts) - 1):
        low = high = starts[b]
        for i in range(starts[b], starts[b + 1]):  # its own bucket lies within the distance
            while t[i] - t[low] > span:
                low += 1
            while high < starts[b + 1] and t[high] - t[i] <= span:
                high += 1
            count[i] = high - low
        for other in near[first[b] : first[b + 1]]:
            if other == b:
                continue
            low = starts[other]
            for i in range(starts[b], starts[b + 1]):
                while low < starts[other + 1] and t[i] - t[low] > span:
                    low += 1
                j = low
                while count[i] < enough and j < starts[other + 1] and t[j] - t[i] <= span:
                    count[i] += (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 <= square
                    j += 1
    return count


@njit(cache=True)
def _join(x, y, t, core, starts, first, near, square, span):  # type: ignore[no-untyped-def]
    """The representative of each core point's cluster."""
    parent = np.arange(len(x))
    end = np.arange(len(x))  # the last core point of the bucket that is joined to this one along time
    for b in range(len(starts) - 1):
        after = -1
        for i in range(starts[b + 1] - 1, starts[b] - 1, -1):
            if core[i]:
                if after >= 0 and t[after] - t[i] <= span:
                    parent[i], end[i] = parent[after], end[after]
                after = i
    for b in range(len(starts) - 1):
        for other in near[first[b] : first[b + 1]]:
            if other <= b:
                continue
            low = starts[other]
            for i in range(starts[b], starts[b + 1]):
                while low < starts[other + 1] and t[i] - t[low] > span:
                    low += 1
                if not core[i]:
                    continue
                j, mine = low, _top(parent, i)
                while j < starts[other + 1] and t[j] - t[i] <= span:
                    if core[j]:
                        theirs = _top(parent, j)
                        if theirs == mine:
                            j = end[j]
                        elif (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 <= square:
                            parent[theirs] = mine
                            j = end[j]
                    j += 1
    for i in range(len(x)):
        parent[i] = _top(parent, i)
    return parent


@njit(cache=True)
def _top(parent, i):  # type: ignore[no-untyped-def]
    """The root above *i*; paths are halved on the way."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True)
def _adopt(x, y, t, core, labels, starts, first, near, square, span):  # type: ignore[no-untyped-def]
    """Give each border point the lowest label among the core points it neighbours."""
    for b in range(len(starts) - 1):
        for other in near[first[b] : first[b + 1]]:
            low = starts[other]
            for i in range(starts[b], starts[b + 1]):
                while low < starts[other + 1] and t[i] - t[low] > span:
                    low += 1
                if core[i]:
                    continue
                j = low
                while j < starts[other + 1] and t[j] - t[i] <= span:
                    lower = core[j] and (labels[i] < 0 or labels[j] < labels[i])
                    if lower and (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 <= square:
                        labels[i] = labels[j]
                    j += 1
