"""Control charts of counts with a known in-control mean: CUSUM and GLR over many series at once, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

from .run_length import window_glr

_STEPS, _CLOSE = 50, 1e-12


def cusum(
    counts: np.ndarray,
    mean: np.ndarray | float,
    ratio: float,
    size: np.ndarray | float = np.inf,
    threshold: float = np.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """Likelihood-ratio CUSUM of every series against a rise to *ratio* times its in-control mean.

    Parameters
    ----------
    counts : (n_times, n_cells) incidents per bin; mean, size : broadcast to it, in-control mean above 0 and
    negative-binomial size (variance mean + mean² / size; inf is the Poisson).
    threshold : the chart signals at or above it and starts again from 0.

    Returns
    -------
    (statistic, start), both (n_times, n_cells): S_t = max(0, S_t-1 + log f(y; ratio mean) - log f(y; mean)), and the
    bin the present climb began with (-1 where the chart stands at 0).

    Source
    ------
    Page (1954); for counts Höhle & Paul (2008) Comput. Stat. Data Anal. 52; `glrnb` with `theta` in R's surveillance.
    """
    counts, mean, size = _aligned(counts, mean, size)
    if not ratio > 0 or ratio == 1:
        raise ValueError("ratio must be above 0 and not 1")
    return _cusum(counts, mean, size, float(np.log(ratio)), float(ratio), float(threshold))


def glr(
    counts: np.ndarray,
    mean: np.ndarray | float,
    size: np.ndarray | float = np.inf,
    reach: int | None = 28,
    least: int = 1,
    threshold: float = np.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """Generalised likelihood ratio of every series against a rise of unknown size that began at most *reach* bins ago.

    Arguments and answer are those of `cusum`; *reach* None looks back to the last signal, *least* is the shortest
    window. The statistic is the largest, over windows that end at the bin, of the log likelihood ratio with the mean
    multiplied by the factor (at least 1) that fits the window best; 0 where no window lies above its mean.

    Source: Höhle & Paul (2008), intercept change; `glrnb` and `glrpois` in R's surveillance, whose M is *reach* - 1
    (its Poisson chart with M > 0 begins with windows of one bin more than it says: *least* 2 there).
    """
    counts, mean, size = _aligned(counts, mean, size)
    if least < 1 or (reach is not None and reach < least):
        raise ValueError("least must be at least 1 and reach at least least")
    return _glr(counts, mean, size, len(counts) if reach is None else reach, least, float(threshold))


def _aligned(
    counts: np.ndarray, mean: np.ndarray | float, size: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    mean, size = (np.broadcast_to(np.asarray(part, dtype=float), counts.shape) for part in (mean, size))
    if not (counts >= 0).all() or not (mean > 0).all() or not (size > 0).all():
        raise ValueError("counts must be at least 0, in-control means and sizes above 0")
    return counts, mean, size


@njit(cache=True)
def _cusum(counts, mean, size, log_ratio, ratio, threshold):  # type: ignore[no-untyped-def]
    n_times, n_cells = counts.shape
    statistic, start = np.zeros((n_times, n_cells)), np.full((n_times, n_cells), -1)
    level, since = np.zeros(n_cells), np.full(n_cells, -1)
    for t in range(n_times):
        for j in range(n_cells):
            y, m, k = counts[t, j], mean[t, j], size[t, j]
            step = y * log_ratio
            step -= m * (ratio - 1) if np.isinf(k) else (y + k) * np.log((k + ratio * m) / (k + m))
            if level[j] == 0.0:
                since[j] = t
            level[j] = max(0.0, level[j] + step)
            statistic[t, j] = level[j]
            start[t, j] = since[j] if level[j] > 0 else -1
            if level[j] >= threshold:
                level[j] = 0.0
    return statistic, start


@njit(cache=True)
def _glr(counts, mean, size, reach, least, threshold):  # type: ignore[no-untyped-def]
    n_times, n_cells = counts.shape
    statistic, start = np.zeros((n_times, n_cells)), np.full((n_times, n_cells), -1)
    restart = np.zeros(n_cells, dtype=np.int64)
    for t in range(n_times):
        for j in range(n_cells):
            total, expected, room, even = 0.0, 0.0, 0.0, True
            for i in range(t, max(t - reach, restart[j] - 1), -1):
                total += counts[i, j]
                expected += mean[i, j]
                room += size[i, j]
                even = even and mean[i, j] == mean[t, j] and size[i, j] == size[t, j]
                if t - i + 1 < least or total <= expected or (counts[i, j] == 0 and t - i + 1 > least):
                    continue
                value = window_glr(total, expected, room)
                if not even and not np.isinf(room):
                    value = _fitted(counts[i : t + 1, j], mean[i : t + 1, j], size[i : t + 1, j], total / expected)
                if value > statistic[t, j]:
                    statistic[t, j], start[t, j] = value, i
            if statistic[t, j] >= threshold:
                restart[j] = t + 1
    return statistic, start


@njit(cache=True)
def _fitted(counts, mean, size, factor):  # type: ignore[no-untyped-def]
    """Log likelihood ratio at the best common factor of uneven negative-binomial means, by Newton's method."""
    kappa = np.log(factor)
    for _ in range(_STEPS):
        score, information = 0.0, 0.0
        for y, m, k in zip(counts, mean, size):  # noqa: B905 (compiled)
            moved = m * np.exp(kappa)
            score += k * (y - moved) / (k + moved)
            information += k * moved * (k + y) / (k + moved) ** 2
        kappa += score / information
        if abs(score) < _CLOSE * information:
            break
    if kappa <= 0:
        return 0.0
    value = 0.0
    for y, m, k in zip(counts, mean, size):  # noqa: B905 (compiled)
        moved = m * np.exp(kappa)
        value += y * kappa - (y + k) * np.log((k + moved) / (k + m))
    return value
