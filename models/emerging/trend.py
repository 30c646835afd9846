"""Is a series rising? Mann-Kendall on many series at once, and its correction for autocorrelation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import stats

_BLOCK = 2_000_000  # slopes held at a time


@dataclass(frozen=True)
class Trend:
    """Mann-Kendall of each series, all (n_series,): score S, its variance, tau = S / pairs, z and the two-sided p.

    A series whose values are all equal has variance, z and tau 0 and p 1.
    """

    score: np.ndarray
    variance: np.ndarray
    tau: np.ndarray
    z: np.ndarray
    p: np.ndarray


def mann_kendall(series: np.ndarray) -> Trend:
    """Mann-Kendall test of the columns of *series*, (n_steps, n_series) finite numbers.

    S is the number of rising pairs less the falling ones; its variance under any order being equally likely is
    (n(n-1)(2n+5) - sum t(t-1)(2t+5)) / 18 over the groups of t equal values; z has the continuity correction of one,
    p is two-sided and normal. The null is independence in time: where neighbouring steps are alike, p is too small,
    and `hamed_rao` is meant for that.

    Source: Mann (1945), Econometrica 13; Kendall (1975), Rank Correlation Methods.
    """
    rows = _rows(series)
    score, ties = _scores(rows)
    return _trend(score, _variance(ties, rows.shape[1]), rows.shape[1])


def hamed_rao(series: np.ndarray, alpha: float = 0.05, lags: int | None = None) -> Trend:
    """Mann-Kendall with the variance corrected for autocorrelation: shapes as in `mann_kendall`.

    The autocorrelation is that of the ranks of the series less its Theil-Sen line; of lags 1 to *lags* (all by
    default) those outside the two-sided 1 - *alpha* interval of white noise enter. A correction that would make the
    variance zero or negative, as strongly alternating series do, is left out.

    Source: Hamed & Rao (1998), Journal of Hydrology 204, eq. 13.
    """
    rows = _rows(series)
    n = rows.shape[1]
    score, ties = _scores(rows)
    bound = float(stats.norm.ppf(1 - alpha / 2)) / math.sqrt(n)
    factor = _inflation(rows, bound, n - 1 if lags is None else min(lags, n - 1))
    return _trend(score, _variance(ties, n) * np.where(factor > 0, factor, 1.0), n)


def _rows(series: np.ndarray) -> np.ndarray:
    """The series as rows, contiguous."""
    series = np.asarray(series, dtype=float)
    if series.ndim != 2 or len(series) < 3 or not np.isfinite(series).all():
        raise ValueError("series must be (n_steps, n_series) finite numbers, at least three steps")
    return np.ascontiguousarray(series.T)


def _variance(ties: np.ndarray, n: int) -> np.ndarray:
    return (n * (n - 1) * (2 * n + 5) - ties) / 18.0


def _trend(score: np.ndarray, variance: np.ndarray, n: int) -> Trend:
    spread = np.sqrt(variance)
    shrunk = score - np.sign(score)
    z = np.divide(shrunk, spread, out=np.zeros(len(score)), where=spread > 0)
    return Trend(score, variance, score / (0.5 * n * (n - 1)), z, np.minimum(2 * stats.norm.sf(np.abs(z)), 1.0))


@njit(cache=True)
def _scores(rows):  # type: ignore[no-untyped-def]
    """S of every row, and sum t(t-1)(2t+5) over its groups of equal values."""
    n_series, n = rows.shape
    score, ties = np.zeros(n_series, np.int64), np.zeros(n_series, np.int64)
    equal = np.empty(n, np.int64)
    for s in range(n_series):
        row = rows[s]
        equal[:] = 1
        for i in range(n):
            for j in range(i + 1, n):
                score[s] += (row[j] > row[i]) - (row[j] < row[i])
                same = row[j] == row[i]
                equal[i] += same
                equal[j] += same
        for i in range(n):  # each of the t members of a group gives its share
            ties[s] += (equal[i] - 1) * (2 * equal[i] + 5)
    return score, ties


def _inflation(rows: np.ndarray, bound: float, lags: int) -> np.ndarray:
    """n / n* of Hamed & Rao for every row; 1 where the ranks are flat."""
    n = rows.shape[1]
    i, j = np.triu_indices(n, 1)
    factor = np.ones(len(rows))
    block = max(_BLOCK // len(i), 1)
    for first in range(0, len(rows), block):
        part = rows[first : first + block]
        slopes = np.median((part[:, j] - part[:, i]) / (j - i), axis=1, keepdims=True)
        ranks = stats.rankdata(part - np.arange(1, n + 1) * slopes, axis=1) - 0.5 * (n + 1)
        power = (ranks**2).sum(axis=1)
        for lag in range(1, lags + 1):
            shared = (ranks[:, lag:] * ranks[:, : n - lag]).sum(axis=1)
            likeness = np.divide(shared, power, out=np.zeros(len(part)), where=power > 0)
            weight = 2 * (n - lag) * (n - lag - 1) * (n - lag - 2) / (n * (n - 1) * (n - 2))
            factor[first : first + block] += np.where(np.abs(likeness) > bound, weight * likeness, 0.0)
    return factor
