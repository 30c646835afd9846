"""Rates: incidents by exposure, smoothed by empirical Bayes, and two counts compared honestly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .comparison import exact_ratios

_ROUNDING = 1e-12  # a rate this near the city's, as a share of it, is the city's


@dataclass(frozen=True)
class Rates:
    """Rates of every cell and their `status` (text): `ok`, or `no exposure`, whose rate is told as 0.

    `rate` (n_cells,) is in incidents per unit of exposure, or in standard deviations where so said.
    """

    rate: np.ndarray
    status: np.ndarray


def crude_rates(incidents: np.ndarray, exposure: np.ndarray) -> Rates:
    """Incidents by exposure, (n_cells,) both. Raises ValueError for negative, missing or ill-shaped numbers."""
    incidents, exposure, known = _checked(incidents, exposure)
    rate = np.divide(incidents, exposure, out=np.zeros(len(incidents)), where=known)
    return Rates(rate, _status(known))


def eb_rates(incidents: np.ndarray, exposure: np.ndarray) -> Rates:
    """Rates shrunk towards the whole city's, the more the smaller a cell's exposure.

    m + a (r - m) / (a + m / exposure), with m the city's rate and a the method-of-moments variance between cells, at
    least 0. Cells without exposure take no part. Source: Marshall (1991), Applied Statistics 40(2), eq. 4-7.
    """
    incidents, exposure, known = _checked(incidents, exposure)
    rate = np.zeros(len(incidents))
    if known.any():
        mean, between = _moments(incidents[known], exposure[known])
        rate[known] = _shrunk(incidents[known] / exposure[known], exposure[known], mean, max(between, 0.0))
    return Rates(rate, _status(known))


def eb_local_rates(incidents: np.ndarray, exposure: np.ndarray, links: sparse.spmatrix) -> Rates:
    """Rates shrunk towards those of the cell's own neighbourhood, itself included.

    *links* is (n_cells, n_cells) binary without diagonal. For maps only: a smoothed rate borrows from its neighbours,
    so it resembles them whatever the truth, and a test for clusters run on it finds some everywhere.
    Source: Marshall (1991), section 3; as esda's Spatial_Empirical_Bayes and spdep's EBlocal(geoda = TRUE).
    """
    incidents, exposure, known = _checked(incidents, exposure)
    near = sparse.csr_array(links, dtype=float) + sparse.eye_array(len(incidents))
    near = sparse.csr_array(near @ sparse.diags_array(known.astype(float)))
    crude = np.divide(incidents, exposure, out=np.zeros(len(incidents)), where=known)
    people, size = near @ exposure, np.maximum(near @ np.ones(len(incidents)), 1.0)
    mean = np.divide(near @ incidents, people, out=np.zeros(len(incidents)), where=people > 0)
    row = np.repeat(np.arange(len(incidents)), np.diff(near.indptr))
    apart = near.data * exposure[near.indices] * (crude[near.indices] - mean[row]) ** 2
    spread = np.bincount(row, apart, len(incidents))
    between = np.divide(spread - mean * size, people, out=np.zeros(len(incidents)), where=people > 0)
    return Rates(np.where(known, _shrunk(crude, exposure, mean, np.maximum(between, 0.0)), 0.0), _status(known))


def eb_standardised(incidents: np.ndarray, exposure: np.ndarray) -> Rates:
    """Deviations of the rates from the city's in standard deviations of their own: comparable whatever the exposure.

    (r - m) / sqrt(a + m / exposure); where that variance is not positive, a counts as 0. A city without incidents is 0
    everywhere. Source: Assunção & Reis (1999), Statistics in Medicine 18(16).
    """
    incidents, exposure, known = _checked(incidents, exposure)
    score = np.zeros(len(incidents))
    if known.any() and incidents[known].any():
        mean, between = _moments(incidents[known], exposure[known])
        within = mean / exposure[known]
        variance = np.where(between + within > 0, between + within, within)
        apart = incidents[known] / exposure[known] - mean
        score[known] = np.where(np.abs(apart) > _ROUNDING * mean, apart, 0.0) / np.sqrt(variance)
    return Rates(score, _status(known))


@dataclass(frozen=True)
class RateRatio:
    """How a count compares with another: `ratio` of the rates (inf over nothing, 1 of nothing over nothing), interval
    `low` to `high`, and the p-values `upper` (a ratio as large), `lower` (as small) and `p_value` (both sides).
    """

    ratio: float
    low: float
    high: float
    upper: float
    lower: float

    @property
    def p_value(self) -> float:
        """min(1, 2 min(upper, lower)): it agrees with the interval on whether the rates differ."""
        return min(1.0, 2 * min(self.upper, self.lower))


def compare_counts(
    count: float,
    other: float,
    *,
    exposure: float = 1.0,
    other_exposure: float = 1.0,
    dispersion: float = 1.0,
    confidence: float = 0.95,
) -> RateRatio:
    """Rate of *count* over that of *other*, exactly, by the binomial law of one given the sum of both.

    *exposure* is population, time or both. *dispersion* is variance over mean: 1 for Poisson counts, 1 + mean / size
    for negative-binomial ones. Above 1 both counts are taken as that many times smaller, as much as the data are worth,
    which widens the interval and raises p; the beta laws of the interval hold between whole numbers too.

    Raises
    ------
    ValueError
        If a count is negative, an exposure not positive, the dispersion below 1 or the confidence not inside (0, 1).

    Source
    ------
    Przyborowski & Wilenski (1940), Biometrika 31; interval of Clopper & Pearson (1934), Biometrika 26.
    """
    facts = exact_ratios(count, other, exposure, other_exposure, dispersion, confidence)
    return RateRatio(*(float(part[0]) for part in (facts.ratio, facts.low, facts.high, facts.upper, facts.lower)))


def _moments(incidents: np.ndarray, exposure: np.ndarray) -> tuple[float, float]:
    """The city's rate, and the variance of the cells' true rates about it (may come out negative)."""
    mean = incidents.sum() / exposure.sum()
    spread = np.sum(exposure * (incidents / exposure - mean) ** 2) / exposure.sum()
    return float(mean), float(spread - mean / exposure.mean())


def _shrunk(
    crude: np.ndarray, exposure: np.ndarray, mean: np.ndarray | float, between: np.ndarray | float
) -> np.ndarray:
    """The crude rate's share is what varies between cells of all that varies."""
    within = np.divide(mean, exposure, out=np.zeros(len(crude)), where=exposure > 0)
    share = np.divide(between, between + within, out=np.zeros(len(crude)), where=between + within > 0)
    return np.asarray(mean + (crude - mean) * share)


def _checked(incidents: np.ndarray, exposure: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    incidents, exposure = np.asarray(incidents, dtype=float).ravel(), np.asarray(exposure, dtype=float).ravel()
    if incidents.shape != exposure.shape:
        raise ValueError(f"incidents and exposure must be of one length, not {len(incidents)} and {len(exposure)}")
    if not ((incidents >= 0).all() and (exposure >= 0).all() and np.isfinite([incidents, exposure]).all()):
        raise ValueError("incidents and exposure must be numbers of at least 0")
    return incidents, exposure, exposure > 0


def _status(known: np.ndarray) -> np.ndarray:
    return np.where(known, "ok", "no exposure").astype(object)
