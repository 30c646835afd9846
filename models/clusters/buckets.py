"""Points in square buckets, ordered by time within each: who is near whom, without a matrix of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..refusals import refusal

_DAY = 86_400.0


@dataclass(frozen=True)
class Buckets:
    """Points sorted into buckets.

    order : (n_points,) the points by bucket, and by time within one; starts : (n_buckets + 1,) where each begins in
    that order; first, near : the buckets within reach of bucket b, itself included, are near[first[b]:first[b + 1]].
    """

    order: np.ndarray
    starts: np.ndarray
    first: np.ndarray
    near: np.ndarray


def place_in_buckets(points: np.ndarray, times: np.ndarray, width: float, reach: int) -> Buckets:
    """Buckets of *width* metres; those at most *reach* rows and columns apart are near each other."""
    at = np.floor((points - points.min(axis=0, initial=np.inf)) / width).astype(np.int64)
    order = np.lexsort((times, at[:, 1], at[:, 0]))
    at = at[order]
    begins = np.append(True, (np.diff(at, axis=0) != 0).any(axis=1)) if len(at) else np.zeros(0, dtype=bool)
    starts = np.append(np.flatnonzero(begins), len(at))
    column, row = (np.ascontiguousarray(part) for part in at[begins].T)
    sizes = _links(column, row, reach, np.zeros(len(column) + 1, np.int64), np.zeros(0, np.int64))
    first = np.append(0, np.cumsum(sizes[:-1]))
    near = np.zeros(int(first[-1]), np.int64)
    _links(column, row, reach, first, near)
    return Buckets(order, starts, first, near)


def checked_points(points: np.ndarray) -> np.ndarray:
    """(n_points, 2) float metres. Raises InputError for anything that is no finite place."""
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise refusal("E-MODEL-003", where=f"an array of shape {points.shape}")
    return points


def checked_times(times: np.ndarray, n_points: int) -> tuple[np.ndarray, float]:
    """(n_points,) times as floats, and how many of their units make a day.

    datetime64 become whole microseconds since the first; numbers are days and stay as they are. Either way the
    difference of two times is exact where the times are.
    """
    times = np.asarray(times).ravel()
    missing = np.isnat(times).any() if times.dtype.kind == "M" else not np.isfinite(times.astype(float)).all()
    if len(times) != n_points or missing:
        raise refusal("E-MODEL-004", where=f"{len(times)} times", n=n_points)
    if times.dtype.kind != "M":
        return times.astype(float), 1.0
    ticks = times.astype("datetime64[us]").astype(np.int64)
    return (ticks - ticks.min(initial=ticks[0] if len(ticks) else 0)).astype(float), _DAY * 1e6


@njit(cache=True)
def _links(column, row, reach, first, near):  # type: ignore[no-untyped-def]
    """How many buckets are near each; with room in *near*, also which."""
    n = len(column)
    sizes = np.zeros(n + 1, np.int64)
    for b in range(n):
        for step in range(-reach, reach + 1):
            at = _not_before(column, row, column[b] + step, row[b] - reach)
            while at < n and column[at] == column[b] + step and row[at] <= row[b] + reach:
                if len(near):
                    near[first[b] + sizes[b]] = at
                sizes[b] += 1
                at += 1
    return sizes


@njit(cache=True)
def _not_before(column, row, wanted_column, wanted_row):  # type: ignore[no-untyped-def]
    """The first bucket not before the one wanted, in the order of columns and rows."""
    low, high = 0, len(column)
    while low < high:
        middle = (low + high) // 2
        if column[middle] < wanted_column or (column[middle] == wanted_column and row[middle] < wanted_row):
            low = middle + 1
        else:
            high = middle
    return low
