"""Tails of Poisson, negative-binomial and normal numbers in logarithms, and what is made of a pair of tails."""

from __future__ import annotations

import numpy as np
from scipy import special

_TINY = np.finfo(float).tiny
_DEEP = 1e-250  # below this scipy's tails run towards underflow, and a continued fraction takes over


def poisson_log_sf(count: np.ndarray | float, mean: np.ndarray | float) -> np.ndarray:
    """log P(Y >= count) of a Poisson count with this mean; broadcasts. 0 where count is 0; finite for finite counts."""
    return nb_log_sf(count, mean, np.inf)


def nb_log_sf(count: np.ndarray | float, mean: np.ndarray | float, size: np.ndarray | float) -> np.ndarray:
    """log P(Y >= count) of a negative binomial count; broadcasts.

    The variance is mean + mean² / size; size `inf` is the Poisson. Counts between whole numbers are interpolated
    (the incomplete beta function is continuous in them). A mean of 0 is read as the smallest positive float, so
    that the answer stays finite: 0 where count <= 0, else at most 0 and never -inf.

    Raises
    ------
    ValueError
        If a count, mean or size is NaN, a mean negative, or a size not positive.
    """
    parts = (np.asarray(part, dtype=float) for part in (count, mean, size))
    count, mean, size = np.broadcast_arrays(*parts)
    if np.isnan(count).any() or not (mean >= 0).all() or not (size > 0).all():
        raise ValueError("counts must be numbers, means at least 0 and sizes above 0")
    shape, log_p = count.shape, np.zeros(count.size)
    counted = np.flatnonzero(count.ravel() > 0)
    if counted.size:
        picked = (part.ravel()[counted] for part in (count, mean, size))
        log_p[counted] = _positive_log_sf(*picked)
    return log_p.reshape(shape)


def _positive_log_sf(count: np.ndarray, mean: np.ndarray, size: np.ndarray) -> np.ndarray:
    mean = np.maximum(mean, _TINY)
    size = np.where(size > 1e15, np.inf, size)
    poisson = np.isinf(size)
    finite = np.where(poisson, 1.0, size)
    success = np.where(poisson, 0.0, mean / (finite + mean))
    tail = special.betainc(count, finite, success)
    tail[poisson] = special.gammainc(count[poisson], mean[poisson])
    with np.errstate(divide="ignore"):
        log_p = np.log(tail)
    near = tail > 0.5
    beta = special.betaincc(count[near], finite[near], success[near])
    rest = np.where(poisson[near], special.gammaincc(count[near], mean[near]), beta)
    log_p[near] = np.log1p(-np.minimum(rest, 1.0))
    deep = (tail < _DEEP) & (count > mean)
    if deep.any():
        log_p[deep] = _deep_log_sf(count[deep], mean[deep], finite[deep], success[deep], poisson[deep])
    return np.minimum(log_p, 0.0)


def _deep_log_sf(
    count: np.ndarray, mean: np.ndarray, size: np.ndarray, success: np.ndarray, poisson: np.ndarray
) -> np.ndarray:
    """log of the probability of *count* itself times the continued fraction of the incomplete beta function."""
    pull = np.where(poisson, mean, size * success)
    thin = count * np.log(mean) - mean
    thick = count * np.log(success + poisson) - size * np.log1p(mean / size) + _log_rising(size, count)
    return np.where(poisson, thin, thick) - special.gammaln(count + 1) + np.log(_fraction(count, success, pull))


def nb_log_cdf(count: np.ndarray | float, mean: np.ndarray | float, size: np.ndarray | float) -> np.ndarray:
    """log P(Y <= count) of a negative binomial count; broadcasts. Finite, at most 0.

    The variance is mean + mean² / size; size `inf` is the Poisson. Counts between whole numbers are interpolated. Below
    1e-250 the tail is bounded from above by its largest term times a geometric sum.
    """
    parts = (np.asarray(part, dtype=float) for part in (count, mean, size))
    count, mean, size = np.broadcast_arrays(*parts)
    if np.isnan(count).any() or not (count >= 0).all() or not (mean >= 0).all() or not (size > 0).all():
        raise ValueError("counts and means must be at least 0 and sizes above 0")
    mean, poisson = np.maximum(mean, _TINY), size > 1e15
    k = np.where(poisson, 1.0, size)
    quiet = np.where(poisson, special.gammaincc(count + 1, mean), special.betainc(k, count + 1, k / (k + mean)))
    with np.errstate(divide="ignore"):
        log_p = np.log(quiet)
    return np.minimum(np.where(quiet < _DEEP, _deep_log_cdf(count, np.asarray(mean), k, poisson), log_p), 0.0)


def _deep_log_cdf(count: np.ndarray, mean: np.ndarray, size: np.ndarray, poisson: np.ndarray) -> np.ndarray:
    """log of the largest term times a geometric sum; meant for counts far below the mean."""
    thick = count * np.log(mean / (mean + size)) - size * np.log1p(mean / size) + _log_rising(size, count)
    term = np.where(poisson, count * np.log(mean) - mean, thick) - special.gammaln(count + 1)
    ratio = np.where(poisson, count / mean, count * (mean + size) / (mean * np.maximum(count - 1 + size, 1e-9)))
    return term - np.log1p(-np.clip(ratio, 0.0, 0.999))


def _log_rising(base: np.ndarray, step: np.ndarray) -> np.ndarray:
    """log Gamma(base + step) - log Gamma(base), without the cancellation of two large numbers."""
    large = np.maximum(base, 100.0)
    top = large + step
    series = (1 / top - 1 / large) / 12 - (top**-3.0 - large**-3.0) / 360
    stirling = step * np.log(large) + (top - 0.5) * np.log1p(step / large) - step + series
    return np.where(base >= 100, stirling, special.gammaln(base + step) - special.gammaln(base))


def _fraction(a: np.ndarray, x: np.ndarray, bx: np.ndarray) -> np.ndarray:
    """Lentz's evaluation of the incomplete beta's continued fraction at (a, b, x), given x and b·x.

    With x = 0 and b·x = mean it is the incomplete gamma's, so one loop serves both families.
    """
    upper, lower = np.ones_like(a), 1 / (1 - (a * x + bx) / (a + 1))
    value = lower.copy()
    for m in range(1, 20_000):
        odd = m * (bx - m * x) / ((a + 2 * m - 1) * (a + 2 * m))
        even = -(a + m) * (a * x + bx + m * x) / ((a + 2 * m) * (a + 2 * m + 1))
        before = value.copy()
        for term in (odd, even):
            lower, upper = 1 / (1 + term * lower), 1 + term / upper
            value *= lower * upper
        if np.all(np.abs(value - before) <= 1e-15 * value):
            break
    return value


def normal_log_tails(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(log P(Z >= z), log P(Z <= z)) of standard normal scores; both 0 where z is 0: no contrast."""
    z = np.asarray(z, dtype=float)
    return np.where(z != 0, special.log_ndtr(-z), 0.0), np.where(z != 0, special.log_ndtr(z), 0.0)


def two_sided_p(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """min(1, 2 min(upper, lower)) of a pair of log tails."""
    return np.minimum(2 * np.exp(np.minimum(upper, lower)), 1.0)


def mid_p_rank(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Rank in [0, 1] among what chance gives, of a pair of log tails; ties count half, so that 0.5 is ordinary."""
    return np.clip(0.5 * (1.0 + np.exp(lower) - np.exp(upper)), 0.0, 1.0)
