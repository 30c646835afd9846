"""Exact tails of sums of values drawn without replacement: permutation p without permutations."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

_TINY = np.finfo(float).tiny
_LATTICE_COST = 4e8  # multiplications one exact permutation table may take (about half a second)
_LOG_RANGE = 690.0  # e^690 is still a float; twice that is the whole range of one


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
