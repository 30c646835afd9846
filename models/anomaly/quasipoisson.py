"""Quasi-Poisson fits of many short series at once: levels per season, one trend, surges of the past down-weighted.

The model is log(mean) = level of the season + slope * time, in weeks. Iteratively re-weighted least squares needs no
matrix here: given the working weights, levels and slope follow from sums within seasons. Start, stopping rule
(relative change of the deviance below 1e-8, at most 25 rounds) and floor of the means are those of R's `glm`, each
series stopping by itself, because on nearly empty series the maximum lies at minus infinity and a fit is what its
stopping rule makes it.

Source: McCullagh & Nelder (1989), Generalized Linear Models, 2.5; Farrington et al. (1996), JRSS A 159, for weights.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ROUNDS, CLOSE, FLOOR = 25, 1e-8, np.finfo(float).eps
LOG_FLOOR = np.log(FLOOR)

LOG_MEAN, VARIANCE, DISPERSION, SE_DISPERSION, SLOPE, SLOPE_T, FREEDOM, TREND, RAW_DISPERSION = range(9)
"""Columns of a fit (see `fit_series`)."""


@njit(cache=True, error_model="numpy")
def fit_series(
    counts: np.ndarray, time: np.ndarray, first: np.ndarray, threshold: float, flexible: bool, with_trend: np.ndarray
) -> np.ndarray:
    """Fit each row of *counts*; what the last season foretells for time 0.

    counts : (n_series, n) counts, NaN where missing, seasons one after another; time : (n,) weeks, 0 is the week
    judged; first : (n_seasons + 1,) where each season begins. Where the Anscombe residual exceeds *threshold*, a
    second fit gives the count the weight (residual)^-2. with_trend : (n_series,) bool. *flexible*: the dispersion used
    for standard errors is the one R's `farringtonFlexible` uses (weights of the second fit in the place of working
    weights).

    Returns (n_series, 9): log of the mean at time 0; its variance for a dispersion of 1; dispersion, at least 1; the
    dispersion for standard errors; slope per week; its t; degrees of freedom; 1 with trend; dispersion of the first
    fit, where surges count in full. A series whose fit did not converge, or that has too few counts, is NaN.
    """
    fits = np.full((len(counts), 9), np.nan)
    n = counts.shape[1]
    y, t, weight = np.empty(n), np.empty(n), np.empty(n)
    mean, eta, pull = np.empty(n), np.empty(n), np.empty(n)
    edge = np.empty_like(first)
    sums = np.empty((4, len(first) - 1))
    for row in range(len(counts)):
        _keep_known(counts[row], time, first, y, t, edge)
        size = edge[-1]
        known = (y[:size], t[:size], weight[:size], edge, mean[:size], eta[:size], pull[:size], sums)
        weight[:size] = 1.0
        trend = with_trend[row]
        if edge[-2] == size or size <= len(edge):  # nothing of the last season, or nothing left to judge the fit by
            continue
        if not _fit(known, trend, fits[row]):
            trend = False
            if not _fit(known, trend, fits[row]):
                fits[row] = np.nan
                continue
        _, dispersion = _dispersions(known, fits[row])
        fits[row, RAW_DISPERSION] = dispersion
        _weigh(known, max(dispersion, 1.0), trend, threshold)
        _fit(known, trend, fits[row])
        oddly, dispersion = _dispersions(known, fits[row])
        fits[row, DISPERSION] = max(dispersion, 1.0)
        fits[row, SE_DISPERSION] = oddly if flexible else dispersion
        fits[row, SLOPE_T] /= np.sqrt(fits[row, SE_DISPERSION])
        if not flexible:
            fits[row, SE_DISPERSION] = fits[row, DISPERSION]
    return fits


@njit(cache=True, error_model="numpy")
def _keep_known(
    counts: np.ndarray, time: np.ndarray, first: np.ndarray, y: np.ndarray, t: np.ndarray, edge: np.ndarray
) -> None:
    """Copy what is known, and where the seasons begin among it."""
    kept = 0
    for season in range(len(first) - 1):
        edge[season] = kept
        for i in range(first[season], first[season + 1]):
            if not np.isnan(counts[i]):
                y[kept], t[kept] = counts[i], time[i]
                kept += 1
    edge[-1] = kept


@njit(cache=True, error_model="numpy")
def _fit(known: tuple, trend: bool, fit: np.ndarray) -> bool:
    """Levels and slope by iteratively re-weighted least squares; whether they converged."""
    y, t, weight, edge, mean, eta, _, sums = known
    before, still = 0.0, 0.0
    for i in range(len(y)):
        mean[i] = y[i] + 0.1
        eta[i] = np.log(mean[i])
        if y[i] > 0:
            still += weight[i] * y[i] * np.log(y[i])
        before += weight[i] * (mean[i] - y[i] - y[i] * eta[i])
    before = 2 * (before + still)
    fit[TREND] = 1.0 if trend else 0.0
    for _ in range(ROUNDS):
        slope = _least_squares(known, trend, fit)
        deviance = still
        for season in range(len(edge) - 1):
            level = sums[3, season]
            expected = np.exp(level)
            for i in range(edge[season], edge[season + 1]):
                eta[i] = level
                mean[i] = expected
                if trend:
                    eta[i] += slope * t[i]
                    mean[i] = np.exp(eta[i])
                mean[i] = max(mean[i], FLOOR)
                deviance += weight[i] * (mean[i] - y[i] - y[i] * max(eta[i], LOG_FLOOR))
        deviance *= 2
        if not np.isfinite(deviance):
            return False
        if abs(deviance - before) / (abs(deviance) + 0.1) < CLOSE:
            return True
        before = deviance
    return False


@njit(cache=True, error_model="numpy")
def _least_squares(known: tuple, trend: bool, fit: np.ndarray) -> float:
    """One weighted regression on the working response; levels go to sums[3], what is foretold to *fit*."""
    y, t, weight, edge, mean, eta, pull, sums = known
    spread, shared = 0.0, 0.0
    for season in range(len(edge) - 1):
        total, middle, response = 0.0, 0.0, 0.0
        for i in range(edge[season], edge[season + 1]):
            pull[i] = weight[i] * mean[i]
            total += pull[i]
            middle += pull[i] * t[i]
            response += pull[i] * eta[i] + weight[i] * (y[i] - mean[i])
        if total > 0:
            middle, response = middle / total, response / total
        sums[0, season], sums[1, season], sums[2, season] = total, middle, response
        if trend:
            for i in range(edge[season], edge[season + 1]):
                off = t[i] - middle
                spread += pull[i] * off * off
                shared += off * (pull[i] * (eta[i] - response) + weight[i] * (y[i] - mean[i]))
    slope = shared / spread if spread > 0 else 0.0
    for season in range(len(edge) - 1):
        sums[3, season] = sums[2, season] - slope * sums[1, season]
    now = len(edge) - 2
    fit[LOG_MEAN], fit[SLOPE] = sums[3, now], slope
    fit[VARIANCE] = 1 / sums[0, now] + (sums[1, now] ** 2 / spread if spread > 0 else 0.0)
    fit[SLOPE_T] = slope * np.sqrt(spread)
    return slope


@njit(cache=True, error_model="numpy")
def _dispersions(known: tuple, fit: np.ndarray) -> tuple[float, float]:
    """Dispersion with the fit's weights in the place of the working weights, and Pearson's."""
    y, _, weight, edge, mean, _, pull, _ = known
    seasons = 0
    for season in range(len(edge) - 1):
        seasons += edge[season + 1] > edge[season]
    fit[FREEDOM] = len(y) - seasons - fit[TREND]
    oddly, pearson = 0.0, 0.0
    for i in range(len(y)):
        square = ((y[i] - mean[i]) / mean[i]) ** 2
        oddly += weight[i] * square
        pearson += pull[i] * square
    return oddly / fit[FREEDOM], pearson / fit[FREEDOM]


@njit(cache=True, error_model="numpy")
def _weigh(known: tuple, dispersion: float, trend: bool, threshold: float) -> None:
    """Weights from Anscombe residuals, standardised by the leverage; they sum to the number of counts."""
    y, t, weight, edge, mean, _, pull, sums = known
    spread, total = 0.0, 0.0
    if trend:
        for season in range(len(edge) - 1):
            for i in range(edge[season], edge[season + 1]):
                spread += pull[i] * (t[i] - sums[1, season]) ** 2
    for season in range(len(edge) - 1):
        for i in range(edge[season], edge[season + 1]):
            weight[i] = 1.0
            if y[i] > mean[i]:
                leverage = pull[i] / sums[0, season]
                if spread > 0:
                    leverage += pull[i] * (t[i] - sums[1, season]) ** 2 / spread
                if leverage > 1 - 10 * FLOOR:
                    leverage = 1.0
                residual = 1.5 * (y[i] ** (2 / 3) * mean[i] ** (-1 / 6) - np.sqrt(mean[i]))
                residual /= np.sqrt(dispersion * (1 - leverage))
                if residual > threshold:
                    weight[i] = residual**-2
            total += weight[i]
    for i in range(len(y)):
        weight[i] *= len(y) / total
