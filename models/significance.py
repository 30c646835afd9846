"""How surprising a number is: one engine for every model.

Count tails and permutation tails in logarithms, false-discovery control, the chance of a whole family of tests, and
recurrence intervals. Everything is deterministic: permutation tails are computed exactly, not drawn, so that they
have no floor of one in the number of replicates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import special

MAX_RECURRENCE_DAYS = 3.6525e8
"""A million years: the largest recurrence interval ever stated. No null model is believed further out."""

_TINY = np.finfo(float).tiny
_DEEP = 1e-250  # below this scipy's tails run towards underflow, and a continued fraction takes over
_LATTICE_COST = 4e8  # multiplications one exact permutation table may take (about half a second)
_LOG_RANGE = 690.0  # e^690 is still a float; twice that is the whole range of one


# --- tails of counts ---------------------------------------------------------------------------------------------


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
    tail = np.where(poisson, special.gammainc(count, mean), special.betainc(count, finite, success))
    rest = np.where(poisson, special.gammaincc(count, mean), special.betaincc(count, finite, success))
    with np.errstate(divide="ignore"):
        log_p = np.where(tail > 0.5, np.log1p(-np.minimum(rest, 1.0)), np.log(tail))
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


# --- many tests --------------------------------------------------------------------------------------------------


def log_false_discovery(log_p: np.ndarray, method: str = "bh") -> np.ndarray:
    """log q of every test: the smallest false-discovery rate at which it would be called.

    The family is every element of *log_p*, whatever its shape; hand in one level × all classes of a run.
    *method* is `bh` (Benjamini-Hochberg 1995) or `by` (Benjamini-Yekutieli 2001, any dependence).
    """
    if method not in ("bh", "by"):
        raise ValueError(f"method must be 'bh' or 'by', not {method!r}")
    flat = np.asarray(log_p, dtype=float).ravel()
    if np.isnan(flat).any() or (flat > 1e-12).any():
        raise ValueError("log p must be numbers of at most 0")
    if flat.size == 0:
        return np.zeros(np.shape(log_p))
    ranks = np.arange(1, flat.size + 1)
    penalty = math.log(np.sum(1 / ranks)) if method == "by" else 0.0
    order = np.argsort(flat, kind="stable")
    stepped = flat[order] + np.log(flat.size / ranks) + penalty
    log_q = np.empty_like(flat)
    log_q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 0.0)
    return log_q.reshape(np.shape(log_p))


def benjamini_hochberg(p: np.ndarray, method: str = "bh") -> np.ndarray:
    """q-value of every test in *p*; the family and *method* are those of `log_false_discovery`."""
    p = np.asarray(p, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values must lie between 0 and 1")
    with np.errstate(divide="ignore"):
        return np.exp(log_false_discovery(np.log(p), method))


def family_log_p(log_p: np.ndarray | float, weight: np.ndarray | float) -> np.ndarray:
    """log(1 - (1 - p)^(1 / weight)): the chance that the whole family shows something as extreme (weighted Šidák).

    *weight* is the test's share of the family, between 0 and 1; over the family the weights sum to one. A test of
    weight 0 is never surprising. Stable for any log p, also far below the smallest float.
    """
    single, share = np.minimum(np.asarray(log_p, dtype=float), 0.0), np.asarray(weight, dtype=float)
    if np.isnan(single).any() or not ((share >= 0) & (share <= 1 + 1e-12)).all():
        raise ValueError("log p must be numbers and weights lie between 0 and 1")
    with np.errstate(divide="ignore"):
        hazard = _log_hazard(single) - np.log(np.where(share > 0, share, 1.0))
        rate = np.exp(np.clip(hazard, -30.0, 700.0))
        grown = np.where(rate > 0.7, np.log1p(-np.exp(-rate)), np.log(-np.expm1(-rate)))
    return np.where(share > 0, np.minimum(np.where(hazard > -30, grown, hazard), 0.0), 0.0)


def _log_hazard(log_p: np.ndarray) -> np.ndarray:
    """log(-log(1 - p)); below e^-37 it is log p itself to the last digit."""
    near = np.maximum(log_p, -37.0)
    calm = np.where(near > -0.6931, np.log(-np.expm1(near)), np.log1p(-np.exp(near)))
    return np.where(log_p > -37, np.log(-calm), log_p)


def recurrence_interval(
    log_p: np.ndarray | float, weight: np.ndarray | float, bin_days: float, cap: float = MAX_RECURRENCE_DAYS
) -> np.ndarray:
    """Days between chance occurrences, anywhere in the family, of something as extreme: bin_days / family p.

    At least *bin_days*, at most *cap* days.
    """
    longest = math.log(cap / bin_days)
    return bin_days * np.exp(np.minimum(-family_log_p(log_p, weight), longest))


# --- exchangeable draws ------------------------------------------------------------------------------------------


def exchangeable_tail(
    values: np.ndarray,
    sums: np.ndarray,
    k: np.ndarray | int,
    *,
    own: np.ndarray | None = None,
    side: str = "upper",
) -> np.ndarray:
    """log P(sum of k values drawn without replacement from *values* >= sums), or <= for side `lower`.

    See `exchangeable_tails`, which gives both at the price of one.
    """
    upper, lower = exchangeable_tails(values, sums, k, own=own)
    return {"upper": upper, "lower": lower}[side]


def exchangeable_tails(
    values: np.ndarray, sums: np.ndarray, k: np.ndarray | int, *, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(log P(sum >= sums), log P(sum <= sums)) for k values drawn without replacement from *values*.

    values : (n,) the city's values. sums, k, own : (q,), broadcast. With *own*, one copy of that value is left out
    of the draw (the conditional null of a statistic without self). All (q,) long.

    Whole numbers, or multiples of a common fraction, are exact: the generating function prod_v (1 + z y^v)^m_v is
    multiplied out over the histogram of values, all terms positive, up to the largest sum asked for. Where that
    would cost too much, or values have no common fraction, they are laid on a lattice, rounded against the
    analyst: the answer is then a bound, never smaller than the truth. The same holds, by the Chernoff bound, for
    draws so large that their number is no float. A sum that cannot be drawn has -inf.
    """
    values, sums = np.asarray(values, dtype=float).ravel(), np.atleast_1d(np.asarray(sums, dtype=float))
    k = np.broadcast_to(np.asarray(k, dtype=np.int64), sums.shape)
    if not (np.isfinite(values).all() and np.isfinite(sums).all()):
        raise ValueError("values and sums must be finite numbers")
    if k.size and (k.min() < 0 or k.max() > len(values) - (own is not None)):
        raise ValueError(f"k must lie between 0 and the {len(values)} values to draw from")
    if not k.size or not k.max():
        return np.zeros(sums.shape), np.zeros(sums.shape)
    least = values.min()
    values, sums = values - least, sums - k * least
    own = None if own is None else np.broadcast_to(np.asarray(own, dtype=float), sums.shape) - least
    if _log_choose(len(values), int(k.max())) > 2 * _LOG_RANGE or (k.max() > len(values) / 2 and len(values) > 1000):
        return _chernoff(values, sums, k, own), _chernoff(-values, -sums, k, None if own is None else -own)
    step, exact = _lattice_step(values, sums, int(k.max()))
    upper, lower = _lattice_tails(values, sums, k, own, step, "nearest" if exact else "up")
    return upper, lower if exact else _lattice_tails(values, sums, k, own, step, "down")[1]


def _lattice_step(values: np.ndarray, sums: np.ndarray, k: int) -> tuple[float, bool]:
    """The spacing of the lattice to count on, and whether every value lies on it."""
    for parts in (1, 2, 4, 10, 100):
        whole = np.rint(values * parts)
        if np.allclose(values * parts, whole, rtol=1e-12, atol=1e-9):
            step = max(int(np.gcd.reduce(whole.astype(np.int64))), 1) / parts
            if _cost(values, sums, k, step) <= _LATTICE_COST:
                return step, True
            break
    step = max(values.max(), sums.max()) / 50_000
    while _cost(values, sums, k, step) > _LATTICE_COST:
        step *= 1.5
    return step, False


def _cost(values: np.ndarray, sums: np.ndarray, k: int, step: float) -> float:
    distinct, repeats = np.unique(np.rint(values / step), return_counts=True)
    top = sums.max() / step + k
    return float(np.sum(k * np.minimum(repeats, k) * (np.minimum(k * distinct, top) + 20)))


def _lattice_tails(
    values: np.ndarray, sums: np.ndarray, k: np.ndarray, own: np.ndarray | None, step: float, towards: str
) -> tuple[np.ndarray, np.ndarray]:
    """Both log tails on the lattice of *step*, values and sums rounded `up`, `down` or to the `nearest` point."""
    slack = {"nearest": 0.0, "up": -1e-9, "down": 1e-9}[towards] * (1.0 + np.abs(sums) / step)
    rounded = {"nearest": np.rint, "up": np.ceil, "down": np.floor}[towards]
    wanted = rounded(sums / step + slack).astype(np.int64)
    placed = rounded(values / step).astype(np.int64)
    top, k_max = int(max(wanted.max(), 0)), int(k.max())
    distinct, repeats = np.unique(placed, return_counts=True)
    damp = max(0.0, _log_choose(len(values), k_max) - _LOG_RANGE) / k_max
    table = np.zeros((k_max + 1, top + 2))
    table[0, 0] = 1.0
    upper, lower = np.zeros(sums.shape), np.zeros(sums.shape)
    if own is None:
        _multiply(table, distinct, repeats, 0, damp)
        _look_up(table, wanted, k, np.arange(len(sums)), upper, lower)
        return upper, lower
    left_out = np.searchsorted(distinct, rounded(own / step).astype(np.int64))
    for number, part in _leave_one_out(table, distinct, repeats, damp):
        _look_up(part, wanted, k, np.flatnonzero(left_out == number), upper, lower)
    return upper, lower


def _multiply(table: np.ndarray, distinct: np.ndarray, repeats: np.ndarray, largest: int, damp: float) -> int:
    """Multiply (1 + z y^v)^m for each value v into *table* [draws, sum], in place; the last column is "more".

    *largest* is the largest value already in; the new one is returned. *damp* scales each draw by e^-damp.
    """
    k_max, top = table.shape[0] - 1, table.shape[1] - 2
    for value, copies in zip(distinct.tolist(), repeats.tolist(), strict=True):
        largest = max(largest, value)
        ways = [_ways(copies, i, damp) for i in range(min(copies, k_max) + 1)]
        for j in range(k_max, 0, -1):  # downwards: rows below j still hold the product without this value
            for i in range(1, min(copies, j) + 1):
                row, shift = table[j - i], i * value
                reach = min(top, (j - i) * largest) + 1
                kept = max(min(reach, top + 1 - shift), 0)
                table[j, shift : shift + kept] += ways[i] * row[:kept]
                table[j, -1] += ways[i] * (row[kept:reach].sum() + row[-1])
    return largest


def _leave_one_out(
    table: np.ndarray, distinct: np.ndarray, repeats: np.ndarray, damp: float, first: int = 0, largest: int = 0
) -> Iterator[tuple[int, np.ndarray]]:
    """For each distinct value, its number and the product with one copy of it missing; by halving, never dividing."""
    if len(distinct) == 1:
        _multiply(table, distinct, repeats - 1, largest, damp)
        yield first, table
        return
    half = len(distinct) // 2
    for mine, other in ((slice(None, half), slice(half, None)), (slice(half, None), slice(None, half))):
        branch = table.copy()
        reached = _multiply(branch, distinct[other], repeats[other], largest, damp)
        start = first + (mine.start or 0)
        yield from _leave_one_out(branch, distinct[mine], repeats[mine], damp, start, reached)


def _look_up(
    table: np.ndarray, wanted: np.ndarray, k: np.ndarray, rows: np.ndarray, upper: np.ndarray, lower: np.ndarray
) -> None:
    """Write both log tails of the queries in *rows*."""
    for draws in np.unique(k[rows]):
        at = rows[k[rows] == draws]
        below, above = np.cumsum(table[draws]), np.cumsum(table[draws, ::-1])[::-1]
        place = wanted[at]
        with np.errstate(divide="ignore"):
            upper[at] = np.minimum(np.log(above[np.maximum(place, 0)] / above[0]), 0.0)
            lower[at] = np.where(place < 0, -np.inf, np.minimum(np.log(below[place] / below[-1]), 0.0))


def _chernoff(values: np.ndarray, sums: np.ndarray, k: np.ndarray, own: np.ndarray | None) -> np.ndarray:
    """Upper bound on log P(sum >= sums); holds without replacement too (Hoeffding 1963, section 6)."""
    distinct, repeats = np.unique(values, return_counts=True)
    scale = max(float(np.ptp(distinct)), _TINY)
    bound = np.zeros(sums.shape)
    for tilt in np.concatenate([[0.0], np.geomspace(1e-6, 700.0, 600)]) / scale:
        lifted = repeats * np.exp(tilt * (distinct - distinct[-1]))
        total = np.full(sums.shape, lifted.sum())
        if own is not None:
            total = np.maximum(total - np.exp(tilt * (own - distinct[-1])), _TINY)
        log_mean = np.log(total / (len(values) - (own is not None))) + tilt * distinct[-1]
        bound = np.minimum(bound, k * log_mean - tilt * sums)
    return bound


def _ways(copies: int, drawn: int, damp: float) -> float:
    if damp == 0:
        return float(math.comb(copies, drawn))
    return math.exp(_log_choose(copies, drawn) - drawn * damp)


def _log_choose(n: int, k: int) -> float:
    """log of the number of ways to choose k of n."""
    return math.log(math.comb(n, k))
