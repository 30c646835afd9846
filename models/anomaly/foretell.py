"""What Farrington's method foretells of a week: bounds as R gives them, and a tail that is honest on sparse series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..significance import nb_log_sf
from . import quasipoisson as qp
from .dispersion import UPPER_95, upper_dispersion
from .reference_weeks import ReferenceWeeks

BLOCK = 4096
"""Series gathered at a time, so that memory stays small."""


@dataclass(frozen=True)
class Foretold:
    """One week of every series, arrays (n_series,); NaN where no fit converged.

    `mean` is the expected count, `variance` that of its logarithm for a dispersion of 1, `se` the standard error of its
    logarithm; `dispersion` variance over mean (at least 1), `raw_dispersion` the same with surges of the past in full;
    `freedom` degrees of freedom; `trend` whether a trend was used; `level` the mean of all reference weeks; `cases` and
    `weeks` what the same weeks of former years hold.
    """

    mean: np.ndarray
    variance: np.ndarray
    dispersion: np.ndarray
    raw_dispersion: np.ndarray
    se: np.ndarray
    freedom: np.ndarray
    trend: np.ndarray
    level: np.ndarray
    cases: np.ndarray
    weeks: np.ndarray


def foretell(
    counts: np.ndarray,
    reference: ReferenceWeeks,
    years: int,
    threshold: float = 2.58,
    trend_p: float = 1.0,
    flexible: bool = True,
) -> Foretold:
    """Fit the *reference* weeks of every column of *counts*, (n_weeks, n_series), NaN where missing.

    A trend is kept if *years* is at least 3, its p is below *trend_p* and what it foretells is no more than the
    largest count of the past; else the series is fitted again without. *threshold* is the Anscombe residual from
    which a past count weighs less. *flexible*: standard errors with the dispersion of R's `farringtonFlexible`, else
    that of `algo.farrington`.

    Source: Noufaily et al. (2013); Farrington et al. (1996), JRSS A 159. Independent: R surveillance 1.20.
    """
    blocks = range(0, counts.shape[1], BLOCK)
    parts = [_fit(counts[:, b : b + BLOCK], reference, years, threshold, trend_p, flexible) for b in blocks]
    fits, own = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    return Foretold(
        mean=np.exp(fits[:, qp.LOG_MEAN]),
        variance=fits[:, qp.VARIANCE],
        dispersion=fits[:, qp.DISPERSION],
        raw_dispersion=fits[:, qp.RAW_DISPERSION],
        se=np.sqrt(fits[:, qp.SE_DISPERSION] * fits[:, qp.VARIANCE]),
        freedom=fits[:, qp.FREEDOM],
        trend=fits[:, qp.TREND] == 1,
        level=own[:, 0],
        cases=own[:, 1],
        weeks=own[:, 2],
    )


def _fit(
    counts: np.ndarray, reference: ReferenceWeeks, years: int, threshold: float, trend_p: float, flexible: bool
) -> tuple[np.ndarray, np.ndarray]:
    past = np.ascontiguousarray(counts[reference.rows].T, dtype=float)
    settings = (reference.time, reference.first, threshold, flexible)
    fits = qp.fit_series(past, *settings, np.full(len(past), True))
    p = 2 * stats.t.sf(np.abs(fits[:, qp.SLOPE_T]), fits[:, qp.FREEDOM])
    with np.errstate(over="ignore"):
        within = np.exp(fits[:, qp.LOG_MEAN]) <= np.fmax.reduce(past, axis=1)
    dropped = np.flatnonzero((fits[:, qp.TREND] == 1) & ~((years >= 3) & (p < trend_p) & within))
    fits[dropped] = qp.fit_series(past[dropped], *settings, np.full(len(dropped), False))
    own = past[:, reference.first[-2] :]
    level = np.nansum(past, axis=1) / np.maximum((~np.isnan(past)).sum(axis=1), 1)
    return fits, np.column_stack([level, np.nansum(own, axis=1), (~np.isnan(own)).sum(axis=1)])


def upper_bound(told: Foretold, method: str, alpha: float) -> np.ndarray:
    """(n_series,) the count that is exceeded by chance with probability *alpha*, as R surveillance computes it.

    `nbPlugin`: quantile of the negative binomial with the mean foretold; `muan`: with the upper 1 - alpha limit of that
    mean; `delta`: normal on the 2/3 power, with the mean's standard error (Farrington et al. 1996).
    """
    z = stats.norm.isf(alpha)
    if method == "delta":
        return _power_bound(told, z)
    with np.errstate(over="ignore"):
        mean = told.mean * np.exp(z * told.se) if method == "muan" else told.mean
    return _quantile(1 - alpha, mean, told.dispersion)


def two_sided_power_bound(told: Foretold, alpha: float) -> np.ndarray:
    """(n_series,) upper end of the 1 - alpha interval on the 2/3 power: the bound of `algo.farrington` (1996)."""
    return _power_bound(told, stats.norm.isf(alpha / 2))


def _power_bound(told: Foretold, z: float) -> np.ndarray:
    tau = told.dispersion + told.mean * told.se**2  # the standard error of the mean itself is mean * se
    return (told.mean ** (2 / 3) + z * np.sqrt(4 / 9 * told.mean ** (1 / 3) * tau)) ** 1.5


def _quantile(p: float, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    bound = np.full(len(mean), np.nan)
    for plain in (True, False):
        rows = np.flatnonzero(np.isfinite(mean) & (dispersion == 1 if plain else dispersion > 1))
        m, d = mean[rows], dispersion[rows]
        bound[rows] = stats.poisson.ppf(p, m) if plain else stats.nbinom.ppf(p, m / (d - 1), 1 / d)
    return np.maximum(bound, 0)


def poisson_bound(mean: np.ndarray, alpha: float) -> np.ndarray:
    """(n,) the Poisson quantile that is exceeded with probability at most *alpha*."""
    return np.asarray(stats.poisson.ppf(1 - alpha, mean))


def plugin_log_p(told: Foretold, observed: np.ndarray) -> np.ndarray:
    """(n_series,) log P(Y >= observed), mean and dispersion taken for known: R's p-value for `nbPlugin`."""
    known = np.isfinite(told.mean)
    size = np.where(told.dispersion > 1, told.mean / np.maximum(told.dispersion - 1, 1e-300), np.inf)
    tail = nb_log_sf(observed, np.where(known, told.mean, 1.0), np.where(known, np.maximum(size, 1e-300), 1.0))
    return np.where(known, tail, np.nan)


def log_tail(told: Foretold, observed: np.ndarray) -> np.ndarray:
    """(n_series,) log P(Y >= observed), neither mean nor dispersion being known.

    With v the `variance` of the mean's logarithm, 1 / (v mean) is how many weeks like this one the fit rests on
    (never more than the same weeks of former years are). The mean then is gamma as after that many weeks of counts
    with this dispersion (Jeffreys' prior), and the count negative binomial: without trend and dispersion the Poisson
    predictive. No cases in the reference weeks is not a mean of 0. The dispersion is `safe_dispersion`. Where no fit
    converged (a nearly empty series), the same weeks of former years stand alone.
    """
    alone = ~np.isfinite(told.mean)
    dispersion = safe_dispersion(told)
    weeks = np.maximum(told.weeks, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        resting = np.where(alone, weeks, np.fmin(1 / (told.variance * told.mean), weeks))
    mean = np.where(alone, told.cases / weeks, told.mean) + dispersion / (2 * resting)
    return nb_log_sf(observed, mean, mean / (dispersion - 1 + dispersion / resting))


def safe_dispersion(told: Foretold) -> np.ndarray:
    """(n_series,) The upper 95 % limit of the dispersion, surges of the past in full; 1 where no fit converged."""
    fitted = np.isfinite(told.mean)
    raw = np.where(fitted, told.raw_dispersion, 1.0)
    freedom = np.where(fitted, told.freedom, np.maximum(told.weeks, 1))
    return np.where(fitted, upper_dispersion(raw, told.level, freedom, UPPER_95), 1.0)


def farrington_1996(
    counts: np.ndarray, now: int, anniversaries: np.ndarray, half_width: int, alpha: float
) -> tuple[np.ndarray, Foretold]:
    """Bound and fit of the method of 1996: the same weeks of former years alone, a trend if p < 0.05.

    counts : (n_weeks, n_series); anniversaries : positions of the same week (`same_week`). Weeks before the first are
    left out. Source: Farrington et al. (1996), JRSS A 159. Independent: R surveillance's `algo.farrington`.
    """
    rows = (anniversaries[::-1, None] + np.arange(-half_width, half_width + 1)).ravel()
    rows = rows[rows >= 0]
    reference = ReferenceWeeks(rows, np.array([0, len(rows)]), (rows - now).astype(float))
    told = foretell(counts, reference, len(anniversaries), threshold=1.0, trend_p=0.05, flexible=False)
    return two_sided_power_bound(told, alpha), told
