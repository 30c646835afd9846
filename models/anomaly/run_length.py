"""How long control charts of counts run before they signal: Markov chain for CUSUM, simulation for GLR."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from scipy import stats

_STATES = 200  # intervals of the chain: run lengths hold to some per cent (the chart jumps, so more need not help)
_STRETCH = 730  # bins simulated at most for a threshold of the GLR
_ENDLESS = 1e13  # run lengths beyond are rounding
_REACH_OF_COUNTS = 1e-12  # upper tail of the counts left out of the chain


def run_length(
    mean: float,
    ratio: float,
    threshold: float,
    size: float = math.inf,
    true_mean: float | None = None,
    states: int = _STATES,
    most: int | None = None,
) -> float:
    """Mean number of bins until the likelihood-ratio CUSUM of counts passes *threshold*, started at 0.

    The chart is S = max(0, S + log f(y; ratio mean) - log f(y; mean)), Poisson or negative binomial with variance
    mean + mean² / size. The counts have *true_mean* (default *mean*: the in-control run length, ARL0; with
    ratio × mean: ARL1). *states* are the intervals [0, threshold] is cut into plus the one at 0; counts beyond
    *most* (default: where the tail is below 1e-12) are left out. inf where the chart never signals.

    Source: Brook & Evans (1972) Biometrika 59; transitions between intervals by Simpson's rule after Hawkins (1992),
    Commun. Stat. Simul. 21, the definition of `LRCUSUM.runlength` of R's surveillance (there g = *states*).
    """
    if threshold <= 0 or ratio <= 0 or ratio == 1 or mean <= 0 or size <= 0 or states < 2:
        raise ValueError("mean, size and threshold must be above 0, ratio above 0 and not 1, and states at least 2")
    moves, chances = _steps(mean, ratio, size, mean if true_mean is None else true_mean, most)
    return _mean_passage(moves, chances, threshold, states)


def _mean_passage(moves: np.ndarray, chances: np.ndarray, threshold: float, states: int) -> float:
    """Mean number of steps from 0 until the chain signals, inf where it never does."""
    system = np.eye(states) - _transitions(moves, chances, threshold, states)
    try:
        found = float(np.linalg.solve(system, np.ones(states))[0])
    except np.linalg.LinAlgError:
        return math.inf
    return found if 0 < found < _ENDLESS else math.inf


def _law(mean: float, size: float) -> Any:
    return stats.poisson(mean) if math.isinf(size) else stats.nbinom(size, size / (size + mean))


def _steps(mean: float, ratio: float, size: float, true_mean: float, most: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The steps of the chart for counts 0, 1, 2 ... and their chances."""
    top = int(_law(true_mean, size).isf(_REACH_OF_COUNTS)) + 1 if most is None else most
    counts = np.arange(top + 1)
    moves = counts * math.log(ratio) - mean * (ratio - 1)
    if math.isfinite(size):
        drop = math.log1p(ratio * mean / size) - math.log1p(mean / size)
        moves = counts * math.log(ratio) - (counts + size) * drop
    return moves, _law(true_mean, size).pmf(counts)


def _transitions(moves: np.ndarray, chances: np.ndarray, threshold: float, states: int) -> np.ndarray:
    """(states, states) chances to get from one interval of the chart to another without a signal."""
    order = np.argsort(moves, kind="stable")
    steps, total = moves[order], np.concatenate([[0.0], np.cumsum(chances[order])])
    upto = lambda step: total[np.searchsorted(steps, step, side="right")]  # noqa: E731
    edges = np.concatenate([[-np.inf], np.linspace(0, threshold, states)])
    low, high = edges[None, :-1], edges[None, 1:]
    first, last = edges[1:-1, None], edges[2:, None]
    middle = (first + last) / 2
    inner = [upto(high - at) - upto(low - at) for at in (first, middle, last)]
    return np.concatenate([upto(high) - upto(low), (inner[0] + 4 * inner[1] + inner[2]) / 6])


def solve_threshold(
    mean: float, ratio: float, bins: float, size: float = math.inf, states: int = _STATES, close: float = 1e-4
) -> float:
    """The least threshold, to *close*, at which the in-control `run_length` is at least *bins*.

    It lies below log(bins): a likelihood-ratio CUSUM with threshold h runs at least e^h bins in control
    (Lorden 1971, Ann. Math. Stat. 42).
    """
    moves, chances = _steps(mean, ratio, size, mean, None)
    low, high = 1e-6, math.log(max(bins, 1.0001))
    if _mean_passage(moves, chances, low, states) >= bins:
        return low
    while high - low > close:
        middle = (low + high) / 2
        low, high = (low, middle) if _mean_passage(moves, chances, middle, states) >= bins else (middle, high)
    return high


def glr_run_lengths(
    mean: float,
    threshold: float,
    size: float = math.inf,
    true_mean: float | None = None,
    reach: int = 28,
    horizon: int = 10_000,
    runs: int = 200,
    random_state: int = 0,
) -> np.ndarray:
    """(runs,) bins until the window-limited GLR of `cusum.glr` passes *threshold*, simulated from an empty window on.

    *horizon* + 1 where it has not by then. Every run draws from a stream of its own. The mean of the answer is the
    run length (ARL0, or ARL1 where *true_mean* differs from *mean*).
    """
    lengths = np.empty(runs, dtype=np.int64)
    law = _law(mean if true_mean is None else true_mean, size)
    for i, seed in enumerate(np.random.SeedSequence(random_state).spawn(runs)):
        counts = law.rvs(horizon, random_state=np.random.default_rng(seed)).astype(float)
        lengths[i] = _first_passage(counts, mean, size, reach, threshold)
    return lengths


def solve_glr_threshold(
    mean: float, bins: float, size: float = math.inf, reach: int = 28, runs: int = 400, random_state: int = 0
) -> float:
    """Threshold at which the GLR's in-control run length is *bins*, by simulation.

    From the largest statistic of *runs* in-control stretches of at most 730 bins: run lengths are nearly geometric, so
    a share exp(-length / *bins*) of the stretches passes without a signal.
    """
    law, tops, length = _law(mean, size), np.empty(runs), int(min(bins, _STRETCH))
    for i, seed in enumerate(np.random.SeedSequence(random_state).spawn(runs)):
        counts = law.rvs(length, random_state=np.random.default_rng(seed)).astype(float)
        tops[i] = _highest(counts, mean, size, reach)
    return float(np.quantile(tops, math.exp(-length / bins), method="higher"))


@njit(cache=True)
def window_glr(total: float, mean: float, size: float) -> float:
    """Log likelihood ratio of the sum *total* against its in-control *mean*, 0 unless it lies above.

    The rate under change is the one that fits best; *size* is the negative-binomial size of the sum.
    """
    if total <= mean:
        return 0.0
    if np.isinf(size):
        return total * np.log(total / mean) - (total - mean)
    return total * np.log(total / mean) - (total + size) * np.log((total + size) / (mean + size))


@njit(cache=True)
def _highest(counts: np.ndarray, mean: float, size: float, reach: int) -> float:
    best = 0.0
    for now in range(counts.size):
        best = max(best, _statistic(counts, now, mean, size, reach))
    return best


@njit(cache=True)
def _first_passage(counts: np.ndarray, mean: float, size: float, reach: int, threshold: float) -> int:
    for now in range(counts.size):
        if _statistic(counts, now, mean, size, reach) >= threshold:
            return now + 1
    return counts.size + 1


@njit(cache=True)
def _statistic(counts: np.ndarray, now: int, mean: float, size: float, reach: int) -> float:
    best, total = 0.0, 0.0
    for back in range(min(reach, now + 1)):
        if counts[now - back] > 0:
            total += counts[now - back]
            best = max(best, window_glr(total, (back + 1) * mean, (back + 1) * size))
    return best
