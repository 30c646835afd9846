"""Whether a whole map is clustered: global Moran's I and Geary's C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from .moran import deviations


@dataclass(frozen=True)
class GlobalStatistic:
    """One number for a whole map, its moments under the null, its standard score and two-sided normal p."""

    value: float
    expected: float
    variance: float

    @property
    def z(self) -> float:
        """(value - expected) / standard deviation; 0 without contrast."""
        return (self.value - self.expected) / self.variance**0.5 if self.variance > 0 else 0.0

    @property
    def p_value(self) -> float:
        """Two-sided, by the normal approximation: for maps, not for a handful of cells."""
        return float(2 * stats.norm.sf(abs(self.z)))


def moran_i(values: np.ndarray, weights: sparse.spmatrix, *, null: str = "randomisation") -> GlobalStatistic:
    """Moran's I = n Σ w_ij z_i z_j / (S0 Σ z²): above -1 / (n - 1) where like neighbours like.

    values : (n_cells,). weights : (n_cells, n_cells) sparse without diagonal. *null* is `randomisation` (the values in
    any order) or `normality`. Every cell counts in n, also one without neighbours. A map without contrast, or with
    fewer than four cells, is told as its expectation with variance 0.
    Raises ValueError for weights of another size. Source: Cliff & Ord (1981), Spatial Processes, eq. 1.36-1.39 and
    2.12.
    """
    z, links, n = _prepared(values, weights, null)
    expected = -1 / max(n - 1, 1)
    s0, s1, s2 = weight_sums(links)
    if n < 4 or not z.any() or s0 == 0:
        return GlobalStatistic(expected, expected, 0.0)
    value = n / s0 * (z @ (links @ z)) / (z @ z)
    if null == "normality":
        second = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1))
    else:
        tails = _kurtosis(z)
        second = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
        second -= tails * (n * (n - 1) * s1 - 2 * n * s2 + 6 * s0**2)
        second /= (n - 1) * (n - 2) * (n - 3) * s0**2
    return GlobalStatistic(float(value), expected, float(second - expected**2))


def geary_c(values: np.ndarray, weights: sparse.spmatrix, *, null: str = "randomisation") -> GlobalStatistic:
    """Geary's C = (n - 1) Σ w_ij (x_i - x_j)² / (2 S0 Σ z²): below 1 where like neighbours like.

    Arguments, errors and the map without contrast as in `moran_i`; z is negative for a clustered map (R's spdep turns
    the sign). Source: Cliff & Ord (1981), eq. 1.40-1.45.
    """
    z, links, n = _prepared(values, weights, null)
    s0, s1, s2 = weight_sums(links)
    if n < 4 or not z.any() or s0 == 0:
        return GlobalStatistic(1.0, 1.0, 0.0)
    row = np.repeat(np.arange(n), np.diff(links.indptr))
    value = (n - 1) * np.sum(links.data * (z[row] - z[links.indices]) ** 2) / (2 * s0 * (z @ z))
    if null == "normality":
        return GlobalStatistic(float(value), 1.0, float(((2 * s1 + s2) * (n - 1) - 4 * s0**2) / (2 * (n + 1) * s0**2)))
    tails = _kurtosis(z)
    variance = (n - 1) * s1 * (n**2 - 3 * n + 3 - (n - 1) * tails)
    variance -= (n - 1) * s2 * (n**2 + 3 * n - 6 - (n**2 - n + 2) * tails) / 4
    variance += s0**2 * (n**2 - 3 - (n - 1) ** 2 * tails)
    return GlobalStatistic(float(value), 1.0, float(variance / (n * (n - 2) * (n - 3) * s0**2)))


def _prepared(values: np.ndarray, weights: sparse.spmatrix, null: str) -> tuple[np.ndarray, sparse.csr_array, int]:
    if null not in ("randomisation", "normality"):
        raise ValueError(f"null must be 'randomisation' or 'normality', not {null!r}")
    z, links = deviations(values, weights)
    return z, links, len(z)


def weight_sums(links: sparse.spmatrix) -> tuple[float, float, float]:
    """S0 = Σ w_ij, S1 = ½ Σ (w_ij + w_ji)², S2 = Σ_i (w_i. + w_.i)²: all that a global null asks of the weights."""
    both = links + links.T
    edges = np.asarray(links.sum(axis=1)).ravel() + np.asarray(links.sum(axis=0)).ravel()
    return float(links.sum()), float(both.multiply(both).sum()) / 2, float(np.sum(edges**2))


def _kurtosis(z: np.ndarray) -> float:
    return float(np.mean(z**4) / np.mean(z**2) ** 2)
