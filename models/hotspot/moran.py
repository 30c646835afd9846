"""Local Moran: does a cell resemble its neighbours? The statistic, its moments and its quadrant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .links import row_sums

QUADRANTS = ("", "HH", "LH", "LL", "HL")
"""Names of the quadrants 0 to 4: the cell high or low, then its neighbours; 0 where there is nothing to tell."""

_FLAT = 1e-12  # a spread this small beside the values is rounding, not contrast


@dataclass(frozen=True)
class LocalMoranScores:
    """One bin's local Moran, each (n_cells,).

    `i` is the statistic, `expected` and `variance` its moments, `z` its standard score, `lag` the weighted sum of the
    neighbours' deviations and `quadrant` a number of `QUADRANTS`. Where all cells are equal, or a cell has no
    neighbours, all are 0.
    """

    i: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    z: np.ndarray
    lag: np.ndarray
    quadrant: np.ndarray


def local_moran(values: np.ndarray, weights: sparse.spmatrix, *, moments: str = "conditional") -> LocalMoranScores:
    """Anselin's local Moran I_i = z_i Σ_j w_ij z_j / m2, with z the deviations from the mean and m2 = Σ z² / n.

    Parameters
    ----------
    values : (n_cells,) counts or rates. weights : (n_cells, n_cells) sparse without diagonal; by custom with rows that
    sum to one (`row_standardised`).
    moments : `conditional`, where the cell keeps its value and the others lie in any order (Sokal et al. 1998), or
    `total`, where all do (Anselin 1995).

    Returns
    -------
    `LocalMoranScores`. R's spdep::localmoran scales alike; esda.Moran_Local has (n - 1) / n of this I.

    Raises
    ------
    ValueError
        If *weights* is not square in the number of cells, or *moments* is unknown.

    Source
    ------
    Anselin (1995), Geographical Analysis 27(2), eq. 12-14; Sokal, Oden & Thomson (1998), ibid. 30(4), appendix.
    """
    z, links = deviations(values, weights)
    return _scores(z, z, links, moments)


def bivariate_local_moran(x: np.ndarray, y: np.ndarray, weights: sparse.spmatrix) -> LocalMoranScores:
    """Local Moran of *x* in the cell and *y* around it: z_x,i Σ_j w_ij z_y,j / (s_x s_y), conditional moments.

    The cell's own y is held out of the shuffle with its place. A resemblance of x and y *within* cells makes no
    difference to it. Source: Anselin, Syabri & Smirnov (2002); scaled as `local_moran`.
    """
    own, links = deviations(x, weights)
    other, _ = deviations(y, weights)
    return _scores(own, other, links, "conditional")


def deviations(values: np.ndarray, weights: sparse.spmatrix) -> tuple[np.ndarray, sparse.csr_array]:
    """(n_cells,) deviations from the mean, all 0 where they are rounding alone, and *weights* checked against them."""
    values = np.asarray(values, dtype=float).ravel()
    if weights.shape != (len(values),) * 2:
        raise ValueError(f"weights must be {(len(values),) * 2} to match {len(values)} cells, not {weights.shape}")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite numbers")
    flat = np.ptp(values) <= _FLAT * np.abs(values).max() if len(values) else True
    return np.zeros(len(values)) if flat else values - values.mean(), sparse.csr_array(weights)


def lag_moments(apart: np.ndarray, weights: sparse.spmatrix) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of Σ_j w_ij z_j when every cell keeps its value and the others lie in any order.

    *apart* (n_cells,) are deviations from the mean. A draw without replacement from the n - 1 others.
    """
    n = len(apart)
    others = max(n - 1, 1)
    total, squares = row_sums(weights)
    mean = -apart / others
    spread = np.maximum((np.sum(apart**2) - apart**2) / others - mean**2, 0.0)
    return mean * total, spread * np.maximum(others * squares - total**2, 0.0) / max(others - 1, 1)


def _scores(own: np.ndarray, other: np.ndarray, links: sparse.csr_array, moments: str) -> LocalMoranScores:
    n, filled = len(own), np.diff(links.indptr) > 0
    scale = np.sqrt(np.mean(own**2) * np.mean(other**2)) if n else 0.0
    lag = links @ other
    if scale == 0:
        nothing = np.zeros(n)
        return LocalMoranScores(nothing, nothing, nothing, nothing, nothing, np.zeros(n, dtype=np.int64))
    i = own * lag / scale
    expected, variance = _moments(own, other, links, scale, moments)
    spread = np.sqrt(variance)
    z = np.divide(i - expected, spread, out=np.zeros(n), where=spread > _FLAT * np.sqrt(np.mean(own**2) / scale))
    quadrant = np.where(own > 0, np.where(lag > 0, 1, 4), np.where(lag > 0, 2, 3))
    return LocalMoranScores(i, expected, variance, z, lag, np.where(filled, quadrant, 0))


def _moments(
    own: np.ndarray, other: np.ndarray, links: sparse.csr_array, scale: float, moments: str
) -> tuple[np.ndarray, np.ndarray]:
    if moments == "conditional":
        mean, variance = lag_moments(other, links)
        return own * mean / scale, variance * (own / scale) ** 2
    if moments != "total":
        raise ValueError(f"moments must be 'conditional' or 'total', not {moments!r}")
    n = len(own)
    total, squares = row_sums(links)
    b2 = np.mean(own**4) / np.mean(own**2) ** 2
    expected = -total / (n - 1)
    pairs = (2 * b2 - n) / ((n - 1) * (n - 2)) if n > 2 else 0.0
    return expected, np.maximum((n - b2) / (n - 1) * squares + pairs * (total**2 - squares) - expected**2, 0.0)
