"""The density of cells, as a model of the registry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse, spatial
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells
from .kernel import KERNELS, REACH, SPREAD, kernel_weight


@dataclass(eq=False, repr=False)
class KernelDensity(Estimator):
    """Incidents per km² around each cell, smoothed over its surroundings.

    Counts are taken to lie at the cells' centres. The smoothed count is divided by the area smoothed the same way,
    so that neither small cells nor the edge of the study area look thin. `evidence` is d / (d + D), with d the
    cell's density and D the study area's: 0.5 is the city's mean, 0.75 three times it; an even city is 0.5
    everywhere, an empty one 0. It ranks places and colours the map; it has no null and makes no warning.
    Every row of the cube is scored on its own.
    """

    title = "Kernel density"
    title_zh = "核密度"
    about = (
        "Counts lie at the centres of cells; the smoothed count is divided by the area smoothed the same way, so "
        "that neither small cells nor the edge of the city look thin. It ranks and colours places; there is no "
        "null, and it makes no warning."
    )
    about_zh = (
        "每个单元周围每平方公里的件数,按周边平滑。件数视为落在单元中心;"
        "平滑后的件数再除以同样平滑的面积,小单元和研究区边缘不会显得偏稀。只用于排序和着色,"
        "没有零假设,不产生预警。"
    )
    has_null = False

    bandwidth: float = param(
        0.0,
        "Reach of the kernel: radius (quartic) or standard deviation (gaussian). 0: about one cell and its neighbours.",
        unit="m",
        low=0.0,
        zh="核函数带宽;0 表示自动(约一格及其邻格)。",
    )
    kernel: str = param(
        "quartic", "Shape of the kernel.", choices=KERNELS, advanced=True, zh="核函数:四次(quartic)或高斯(gaussian)。"
    )

    def fit(self, cube: SpaceTimeCube) -> KernelDensity:
        """Learn the smoothing weights between cells; counts are not looked at."""
        check(self)
        self.cells_ = cube.cells.copy()
        self.bandwidth_ = self.bandwidth or _cell_bandwidth(cube.areas, self.kernel)
        self.areas_ = np.where(cube.areas > 0, cube.areas, 1e-6)
        self.weights_ = _kernel_matrix(cube.centres, self.bandwidth_, self.kernel)
        return self

    def score_samples(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) incidents per km² and bin; higher is denser."""
        check_is_fitted(self)
        check_cells(self, cube)
        counts = np.asarray(cube.counts, dtype=float)
        return np.ascontiguousarray((self.weights_ @ counts.T).T) / (self.weights_ @ self.areas_)

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) d / (d + D): 0.5 at the study area's own density, 0 where there is nothing."""
        density = self.score_samples(cube)
        mean = cube.counts.sum(axis=1, keepdims=True) / self.areas_.sum()
        total = density + mean
        evidence = np.divide(density, total, out=np.zeros_like(density), where=total > 0)
        return np.where(np.abs(density - mean) <= 1e-9 * mean, np.where(mean > 0, 0.5, 0.0), evidence)

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) text: `ok`, or `empty class`."""
        check_is_fitted(self)
        check_cells(self, cube)
        return np.full(cube.n_cells, "ok" if np.any(cube.counts) else "empty class", dtype=object)


def _cell_bandwidth(areas: np.ndarray, kernel: str) -> float:
    """Twice the side of a median cell as a quartic radius, or as wide a gaussian; at least one metre."""
    side = 1000 * math.sqrt(float(np.median(areas[areas > 0]))) if np.any(areas > 0) else 1000.0
    return max(2 * side / (1.0 if kernel == "quartic" else SPREAD), 1.0)


def _kernel_matrix(centres: np.ndarray, bandwidth: float, kernel: str) -> sparse.csr_array:
    """(n_cells, n_cells) kernel weights between centres, the cell itself included."""
    n = len(centres)
    pairs = spatial.cKDTree(centres).query_pairs(bandwidth * REACH[kernel], output_type="ndarray")
    apart = np.hypot(*(centres[pairs[:, 0]] - centres[pairs[:, 1]]).T)
    row, col = np.concatenate([pairs, pairs[:, ::-1]]).T
    itself = np.arange(n)
    distance = np.concatenate([apart, apart, np.zeros(n)])
    rows, cols = np.concatenate([row, itself]), np.concatenate([col, itself])
    return sparse.csr_array((kernel_weight(distance, bandwidth, kernel), (rows, cols)), shape=(n, n))
