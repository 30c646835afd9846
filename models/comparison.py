"""Two periods compared: exact intervals for over-dispersed counts, what a selected place was bound to fall, funnels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

_FEWEST = 8
"""Triples of blocks below which a dispersion is not learned."""

_SIBLINGS = 20.0
"""Degrees of freedom that the units of a level together are worth to each of them."""

_EFFICIENCY = 18 / 35
"""Degrees of freedom per triple of blocks: second differences overlap (Gasser, Sroka & Jennen-Steinmetz 1986)."""


@dataclass(frozen=True)
class Ratios:
    """How each of (n,) counts compares with another: `ratio` of the rates (inf over nothing, 1 of nothing over
    nothing), the interval `low` to `high`, and the chances of a ratio as large (`upper`) or as small (`lower`).
    """

    ratio: np.ndarray
    low: np.ndarray
    high: np.ndarray
    upper: np.ndarray
    lower: np.ndarray

    @property
    def p_value(self) -> np.ndarray:
        """min(1, 2 min(upper, lower)): it agrees with the interval on whether the rates differ."""
        return np.asarray(np.minimum(1.0, 2 * np.minimum(self.upper, self.lower)))


def exact_ratios(
    counts: np.ndarray | float,
    others: np.ndarray | float,
    exposure: np.ndarray | float = 1.0,
    other_exposure: np.ndarray | float = 1.0,
    dispersion: np.ndarray | float = 1.0,
    confidence: float = 0.95,
) -> Ratios:
    """Rates of *counts* over those of *others*, exactly, by the binomial law of one given the sum of both.

    All arguments broadcast to (n,). *dispersion* is variance over mean: above 1 both counts are taken as that many
    times smaller, as much as the data are worth, which widens the interval and raises p. The beta laws of the interval
    hold between whole numbers too; such counts lie 1 / dispersion apart instead of 1, and the allowance for whole
    numbers shrinks in proportion (at dispersion 1 it is that of the exact interval).

    Raises ValueError if a count is negative, an exposure not positive, a dispersion below 1 or the confidence not
    inside (0, 1).

    Source: Przyborowski & Wilenski (1940), Biometrika 31; interval of Clopper & Pearson (1934), Biometrika 26.
    """
    parts = (counts, others, exposure, other_exposure, dispersion)
    now, then, own, other, excess = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=float)) for v in parts))
    if not ((now >= 0).all() and (then >= 0).all() and (own > 0).all() and (other > 0).all()):
        raise ValueError("counts must be at least 0 and exposures above 0")
    if not ((excess >= 1).all() and 0 < confidence < 1):
        raise ValueError("dispersion must be at least 1 and confidence between 0 and 1")
    a, b, odds, tail = now / excess, then / excess, own / other, (1 - confidence) / 2
    some, others_some, step = a > 0, b > 0, (1 - 1 / excess) / 2
    lower_a, upper_a = np.where(some, a + step, 1.0), a + 1 - step
    lower_b, upper_b = np.where(others_some, b + step, 1.0), b + 1 - step
    low = np.where(some, stats.beta.ppf(tail, lower_a, upper_b), 0.0)
    high = np.where(others_some, stats.beta.isf(tail, upper_a, lower_b), 1.0)
    upper = np.where(some, stats.beta.cdf(odds / (1 + odds), lower_a, upper_b), 1.0)
    lower = np.where(others_some, stats.beta.cdf(1 / (1 + odds), lower_b, upper_a), 1.0)
    ratio = np.divide(now, then * odds, out=np.where(some, np.inf, 1.0), where=others_some)
    return Ratios(ratio, _odds(low) / odds, _odds(high) / odds, upper, lower)


def _odds(share: np.ndarray) -> np.ndarray:
    return np.divide(share, 1 - share, out=np.full(share.shape, np.inf), where=share < 1)


@dataclass(frozen=True)
class Dispersion:
    """Variance over mean of each unit's counts in a block, at least 1, and the degrees of freedom it rests on.

    `learned` is False where history was too short and counts are taken as Poisson.
    """

    value: np.ndarray
    freedom: np.ndarray
    learned: bool

    def widened(self, confidence: float = 0.95) -> np.ndarray:
        """(n,) dispersion that makes an interval allow for its own uncertainty: t in place of the normal quantile."""
        level = (1 + confidence) / 2
        wider = np.maximum(stats.t.ppf(level, self.freedom) / stats.norm.ppf(level), 1.0)
        return np.asarray(self.value * wider**2)


def block_dispersion(blocks: np.ndarray, exposure: np.ndarray) -> Dispersion:
    """Dispersion of (n_blocks, n_units) counts of successive blocks of time, learned from their second differences.

    exposure : (n_blocks,) what of each block was reported, 0 where it is to be left out. A trend or a season passes
    through unseen; a surge counts, as it belongs to what is ordinary. A unit's own estimate is pooled with that of all
    units together, of which one negative-binomial size is learned, the more the sparser the unit is.
    """
    x, e = np.asarray(blocks, dtype=float), np.asarray(exposure, dtype=float)
    n_units = x.shape[1]
    triples = np.flatnonzero((e[:-2] > 0) & (e[1:-1] > 0) & (e[2:] > 0)) if len(e) > 2 else np.zeros(0, dtype=int)
    if len(triples) < _FEWEST:
        return Dispersion(np.ones(n_units), np.full(n_units, np.inf), False)
    one, two, three = (e[triples + k][:, None] for k in range(3))
    rate = [x[triples + k] / e[triples + k][:, None] for k in range(3)]
    noise = (rate[0] - 2 * rate[1] + rate[2]) ** 2 / (1 / one + 4 / two + 1 / three)
    mean = sum(x[triples + k] for k in range(3)) / (one + two + three)
    ordinary = (one + two + three) / 3
    squares = np.maximum(mean**2 - mean / (3 * ordinary), 0.0) * ordinary
    per_mean = max(float((noise - mean).sum() / max(squares.sum(), 1e-12)), 0.0)
    level = (mean * ordinary).mean(axis=0)
    pooled = 1 + per_mean * level
    own = np.divide(noise.sum(axis=0), mean.sum(axis=0), out=pooled.copy(), where=mean.sum(axis=0) > 0)
    freedom = _EFFICIENCY * len(triples) * 2 / (2 + _kurtosis(pooled, level))
    siblings = _SIBLINGS if n_units > 1 else 0.0
    value = (freedom * own + siblings * pooled) / (freedom + siblings)
    return Dispersion(np.maximum(value, 1.0), freedom + siblings, True)


def _kurtosis(dispersion: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Excess kurtosis of negative-binomial counts."""
    level = np.maximum(level, 0.05)
    return np.asarray(6 * (dispersion - 1) / level + 1 / (level * dispersion))


def expected_fall(before: np.ndarray, usual: np.ndarray, dispersion: np.ndarray | float) -> np.ndarray:
    """(n,) change of each unit to be expected without anything being done, as a share of *before*; at most 0.

    usual : what the unit's own past or its siblings give for as long a time. Counts above it are high partly by chance,
    and a place picked for them falls back by itself. NaN where there is nothing to fall from, and where nothing is
    usual. Source: empirical Bayes shrinkage of before / usual as `models.rates.eb_rates`, with the noise *dispersion*
    times that of Poisson counts; for before-after studies, Hauer (1997), Observational Before-After Studies.
    """
    before, usual, excess = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (before, usual, dispersion)))
    known = (usual > 0) & (before > 0)
    fall = np.full(before.shape, np.nan)
    if not known.any():
        return fall
    b, u, worth = before[known], usual[known], usual[known] / excess[known]
    ratio = b / u
    middle = float((worth * ratio).sum() / worth.sum())
    spread = float((worth * (ratio - middle) ** 2).sum() / worth.sum())
    between = max(spread - middle / float(worth.mean()), 0.0)
    shrunk = middle + (ratio - middle) * between / (between + middle / worth)
    fall[known] = np.minimum(shrunk / ratio - 1, 0.0) + 0.0  # no -0.0
    return fall


def funnel_limits(
    expected: np.ndarray, dispersion: np.ndarray | float = 1.0, share: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Counts (low, high), (n,) each, that hold *share* of what chance gives around *expected*, exact in both tails.

    Poisson where *dispersion* (variance over mean) is 1, else negative binomial with that variance. A unit outside
    differs from what is expected of it; units inside are not to be ranked. Source: Spiegelhalter (2005), Statistics in
    Medicine 24(8).
    """
    mean, excess = np.broadcast_arrays(np.asarray(expected, dtype=float), np.asarray(dispersion, dtype=float))
    size = np.where(excess > 1, mean / np.maximum(excess - 1, 1e-12), np.inf)
    wide = np.isfinite(size) & (mean > 0)
    limits = []
    for tail in ((1 - share) / 2, (1 + share) / 2):
        plain = stats.poisson.ppf(tail, mean)
        broad = stats.nbinom.ppf(tail, np.where(wide, size, 1.0), np.where(wide, 1 / excess, 0.5))
        limits.append(np.maximum(np.where(wide, broad, plain), 0.0))
    return limits[0], limits[1]
