"""Monte Carlo tests: replicates in any number of threads, stopping early, ranks, and a Gumbel tail for ranking."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_EULER = 0.5772156649015329

Simulation = Callable[[list[np.random.SeedSequence]], np.ndarray]


def run_replicates(
    simulate: Simulation,
    n_replicates: int,
    random_state: int | None,
    *,
    batch: int = 1,
    threads: int | None = None,
    enough: Callable[[np.ndarray], bool] | None = None,
) -> np.ndarray:
    """The statistics of *n_replicates* replicates, in order, or of fewer once *enough* of them says so.

    *simulate* turns a list of seeds into as many statistics. Every replicate has a seed of its own, so neither
    *batch* (replicates handed over together) nor *threads* (default: one per processor) changes any of them; only
    how many more than enough are drawn.
    """
    seeds = np.random.SeedSequence(random_state).spawn(n_replicates)
    batches = [seeds[i : i + batch] for i in range(0, n_replicates, batch)]
    n_threads = max(1, threads or os.cpu_count() or 1)
    found: list[np.ndarray] = []
    with ThreadPoolExecutor(n_threads) as pool:
        at_once = n_threads if enough else max(len(batches), 1)
        for first in range(0, len(batches), at_once):
            found.extend(pool.map(simulate, batches[first : first + at_once]))
            if enough and enough(np.concatenate(found)):
                break
    return np.concatenate(found) if found else np.empty(0)


def rank_p(observed: np.ndarray | float, simulated: np.ndarray) -> np.ndarray:
    """(1 + number of simulated >= observed) / (1 + number simulated); broadcasts over *observed*."""
    ordered = np.sort(np.asarray(simulated, dtype=float))
    above = len(ordered) - np.searchsorted(ordered, np.asarray(observed, dtype=float), side="left")
    return np.asarray((1.0 + above) / (1.0 + len(ordered)))


def stopping_time(observed: float, simulated: np.ndarray, exceedances: int) -> int:
    """How many replicates it takes until *exceedances* of them reach *observed*; 0 where they never do."""
    reached = np.flatnonzero(np.asarray(simulated) >= observed)
    return int(reached[exceedances - 1]) + 1 if 0 < exceedances <= len(reached) else 0


def sequential_p(observed: np.ndarray | float, simulated: np.ndarray, exceedances: int) -> np.ndarray:
    """The p-value of a sequential test that stops at the h-th replicate to reach *observed*; broadcasts over it.

    h / l if that is the l-th replicate, else the rank p over all. Source: Besag & Clifford (1991), Biometrika 78(2).
    """
    observed = np.asarray(observed, dtype=float)
    p = rank_p(observed, simulated)
    for at in np.ndindex(observed.shape):
        stop = stopping_time(float(observed[at]), simulated, exceedances)
        if stop:
            p[at] = exceedances / stop
    return p


def fit_gumbel(simulated: np.ndarray) -> tuple[float, float]:
    """Location and scale of the Gumbel distribution with the mean and standard deviation of *simulated* maxima.

    (0, 0) where there are fewer than two, or all are equal. For ranking clusters beyond the reach of the replicates,
    not for a stated p. Source: Abrams, Kulldorff & Kleinman (2010), International Journal of Health Geographics 9:61.
    """
    simulated = np.asarray(simulated, dtype=float)
    spread = float(simulated.std(ddof=1)) if len(simulated) > 1 else 0.0
    if spread == 0:
        return 0.0, 0.0
    scale = spread * np.sqrt(6.0) / np.pi
    return float(simulated.mean()) - _EULER * scale, scale


def gumbel_log_p(observed: np.ndarray | float, location: float, scale: float) -> np.ndarray:
    """log P(maximum >= observed) under the Gumbel distribution; 0 where *scale* is 0; broadcasts over *observed*."""
    observed = np.asarray(observed, dtype=float)
    if scale == 0:
        return np.zeros(observed.shape)
    z = (observed - location) / scale
    rate = np.exp(-np.maximum(z, -700.0))
    with np.errstate(divide="ignore", over="ignore"):
        log_p = np.log(-np.expm1(-rate))
    return np.where(z > 30, -z, np.minimum(log_p, 0.0))
