"""Local Geary: does a cell differ from its neighbours?"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .moran import deviations


def local_geary(values: np.ndarray, weights: sparse.spmatrix) -> np.ndarray:
    """Anselin's local Geary c_i = Σ_j w_ij (x_i - x_j)² / m2, with m2 the population variance; small where alike.

    values : (n_cells,). weights : (n_cells, n_cells) sparse without diagonal, by custom `row_standardised`. A map
    without contrast and a cell without neighbours are 0. Its tails: `significance.permutation_tails(squared=True)`.
    Raises ValueError for weights of another size. esda.Geary_Local scales alike; spdep's localC has (n - 1) / n of it.
    Source: Anselin (1995), Geographical Analysis 27(2), eq. 16; Anselin (2019), ibid. 51(2).
    """
    z, links = deviations(values, weights)
    if not z.any():
        return np.zeros(len(z))
    row = np.repeat(np.arange(len(z)), np.diff(links.indptr))
    apart = links.data * (z[row] - z[links.indices]) ** 2
    return np.bincount(row, apart, len(z)) / np.mean(z**2)
