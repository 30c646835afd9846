"""Where incidents lie thickest: a density surface from points, and the density of cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage, sparse, spatial
from sklearn.utils.validation import check_is_fitted

from ..cube import SpaceTimeCube
from ..params import check, param
from .base import Estimator, check_cells

KERNELS = ("quartic", "gaussian")
_REACH = {"quartic": 1.0, "gaussian": 5.0}  # bandwidths beyond which a kernel is nil
_SPREAD = math.sqrt(8.0)  # a quartic kernel of this radius is as wide, per axis, as a gaussian of bandwidth 1
_SAMPLE = 1200
_BACKGROUND = 0.05  # share of incidents taken to lie anywhere, so that one far outlier does not set the bandwidth


def kernel_weight(distance: np.ndarray, bandwidth: float, kernel: str) -> np.ndarray:
    """Kernel density at a distance, per square unit of *bandwidth*'s unit; integrates to one over the plane.

    Quartic: 3 / (pi h²) (1 - d²/h²)², *bandwidth* h is the radius. Gaussian: *bandwidth* is the standard deviation,
    cut at five of them.
    """
    u2 = (np.asarray(distance, dtype=float) / bandwidth) ** 2
    if kernel == "quartic":
        return np.where(u2 < 1, 3 / (math.pi * bandwidth**2) * (1 - np.minimum(u2, 1)) ** 2, 0.0)
    if kernel != "gaussian":
        raise ValueError(f"kernel must be {' or '.join(KERNELS)}, not {kernel!r}")
    return np.where(u2 < _REACH[kernel] ** 2, np.exp(-u2 / 2) / (2 * math.pi * bandwidth**2), 0.0)


def surface_shape(bounds: tuple[float, float, float, float], cell_size: float) -> tuple[int, int]:
    """(rows, cols) of the raster that covers *bounds* (xmin, ymin, xmax, ymax) from its top left corner."""
    west, south, east, north = bounds
    if not (cell_size > 0 and east > west and north > south):
        raise ValueError("bounds must be (xmin, ymin, xmax, ymax) with some extent, and cell_size above 0")
    return (
        max(math.ceil((north - south) / cell_size - 1e-9), 1),
        max(math.ceil((east - west) / cell_size - 1e-9), 1),
    )


def density_surface(
    x: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray | None,
    bounds: tuple[float, float, float, float],
    cell_size: float,
    bandwidth: float,
    kernel: str = "quartic",
    mask: np.ndarray | None = None,
    edge: str = "diggle",
) -> np.ndarray:
    """Kernel density of incidents on a raster, in incidents per km² (per period, if the incidents are of one).

    Parameters
    ----------
    x, y : (n,) metres. weights : (n,) or None for one each.
    bounds : (xmin, ymin, xmax, ymax) in metres; cell_size : metres per pixel. Row 0 is the northern one
        (`surface_shape`; the top left corner is (xmin, ymax)).
    bandwidth : metres; the radius of the quartic kernel, the standard deviation of the gaussian.
    mask : (rows, cols) bool, the study area. Incidents more than a pixel outside it do not count.
    edge : what becomes of the part of a kernel that falls outside *mask*. `diggle`: each incident's kernel is scaled
        up to lie wholly inside (Jones 1993, Diggle 2010), so that the surface integrates to the number of incidents;
        `uniform`: the surface is divided by the share of the kernel inside at each pixel (Diggle 1985), so that an
        even city comes out even; `none`: it is lost. Without *mask* there is no correction.

    Returns
    -------
    (rows, cols) float32, nan outside *mask*.

    Incidents are spread over four pixels each (linear binning) and convolved with the kernel; with a quartic radius
    of 30 pixels (gaussian: 15) and more this is within 1e-3 of the maximum of the sum over incidents.
    """
    rows, cols = surface_shape(bounds, cell_size)
    if edge not in ("diggle", "uniform", "none"):
        raise ValueError(f"edge must be 'diggle', 'uniform' or 'none', not {edge!r}")
    if mask is not None and np.shape(mask) != (rows, cols):
        raise ValueError(f"mask must be {(rows, cols)} to match the raster, not {np.shape(mask)}")
    inside = np.ones((rows, cols), dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    study = np.pad(inside, 2)
    stamp = _stamp(bandwidth / cell_size, kernel, max(study.shape))
    mass = _bin_linearly(x, y, weights, bounds, cell_size, study)
    if mask is None or edge == "none":
        smooth = _convolve(mass, stamp)
    else:
        share = _convolve(study.astype(float), stamp)
        smooth = _correct(mass, share, stamp, study) if edge == "diggle" else _ratio(_convolve(mass, stamp), share)
    density = smooth[2:-2, 2:-2] / (cell_size / 1000) ** 2
    return np.where(inside, density, np.nan).astype(np.float32)


def _stamp(bandwidth: float, kernel: str, furthest: int) -> np.ndarray:
    """The kernel on pixels, *bandwidth* in pixels, summing to one unless cut off *furthest* pixels out."""
    if not bandwidth > 0:
        raise ValueError(f"bandwidth must be above 0, not {bandwidth!r}")
    reach = max(math.ceil(bandwidth * _REACH.get(kernel, 1.0)), 1)
    step = np.arange(-min(reach, furthest), min(reach, furthest) + 1)
    stamp = kernel_weight(np.hypot(step[:, None], step[None, :]), bandwidth, kernel)
    return stamp / stamp.sum() if reach <= furthest else stamp


def _bin_linearly(
    x: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray | None,
    bounds: tuple[float, float, float, float],
    cell_size: float,
    study: np.ndarray,
) -> np.ndarray:
    """Incidents per pixel of the raster padded by two, each shared by the four pixel centres around it."""
    rows, cols = study.shape
    across = (np.asarray(x, dtype=float) - bounds[0]) / cell_size + 1.5
    down = (bounds[3] - np.asarray(y, dtype=float)) / cell_size + 1.5
    weight = np.ones(len(across)) if weights is None else np.asarray(weights, dtype=float)
    near = ndimage.binary_dilation(study, np.ones((3, 3)))
    possible = (across > 0.5) & (across < cols - 1.5) & (down > 0.5) & (down < rows - 1.5)
    across, down, weight = across[possible], down[possible], weight[possible]
    counted = near[np.floor(down + 0.5).astype(int), np.floor(across + 0.5).astype(int)]
    across, down, weight = across[counted], down[counted], weight[counted]
    left, top = np.floor(across).astype(np.int64), np.floor(down).astype(np.int64)
    right_share, low_share = across - left, down - top
    corner, mass = top * cols + left, np.zeros(rows * cols)
    for step, share in (
        (0, (1 - right_share) * (1 - low_share)),
        (1, right_share * (1 - low_share)),
        (cols, (1 - right_share) * low_share),
        (cols + 1, right_share * low_share),
    ):
        mass += np.bincount(corner + step, weights=weight * share, minlength=rows * cols)
    return mass.reshape(rows, cols)


def _convolve(field: np.ndarray, stamp: np.ndarray) -> np.ndarray:
    """*field* convolved with the kernel, same shape, nothing wrapped round; rounding noise cut to zero."""
    half = stamp.shape[0] // 2
    size = [fft.next_fast_len(length + stamp.shape[0] - 1, real=True) for length in field.shape]
    product = fft.rfft2(field, size) * fft.rfft2(stamp, size)
    smooth = fft.irfft2(product, size)[half : half + field.shape[0], half : half + field.shape[1]]
    return np.where(smooth > 1e-12 * max(float(np.abs(smooth).max()), 1e-300), smooth, 0.0)


def _correct(mass: np.ndarray, share: np.ndarray, stamp: np.ndarray, study: np.ndarray) -> np.ndarray:
    """The surface with each incident's kernel scaled up to lie inside; what hangs out too far is first moved in."""
    astray = (mass > 0) & (share < 0.05) & ~study
    if astray.any():
        row, col = ndimage.distance_transform_edt(~study, return_distances=False, return_indices=True)
        mass = mass.copy()
        np.add.at(mass, (row[astray], col[astray]), mass[astray])
        mass[astray] = 0.0
    return _convolve(_ratio(mass, share), stamp)


def _ratio(part: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.divide(part, share, out=np.zeros_like(part), where=share > 0)


def default_bandwidth(points: np.ndarray, kernel: str = "quartic") -> float:
    """A bandwidth in metres for (n, 2) *points* in metres, rounded to two digits.

    Likelihood cross-validation over 16 candidates below the normal-scale bandwidth (spread × n^(-1/6), the spread
    by quartiles; Silverman 1986), on at most 1,200 distinct places, every twentieth incident taken to lie anywhere, so
    that neither outliers nor pile-ups on one spot decide. Under ten places the normal-scale bandwidth itself, for
    a single one 500 m; never under 50 m. Deterministic, and the order of points does not matter.
    """
    factor = _SPREAD if kernel == "quartic" else 1.0
    places = np.unique(np.asarray(points, dtype=float).reshape(-1, 2).round(1), axis=0)
    total = len(places)
    if total > _SAMPLE:
        places = places[np.sort(np.random.default_rng(0).choice(total, _SAMPLE, replace=False))]
    spread = _robust_spread(places)
    if spread == 0:
        return 500.0
    widest = spread * len(places) ** (-1 / 6)
    if total < 10:
        return max(_two_digits(widest * factor), 50.0)
    candidates = widest * np.geomspace(1 / 16, 1, 16)
    scores = _left_out_likelihood(places, candidates)
    best = candidates[int(np.argmax(scores))] * (len(places) / total) ** (1 / 6)
    return max(_two_digits(best * factor), 50.0)


def _robust_spread(places: np.ndarray) -> float:
    """The smaller of the standard deviation and the quartile range / 1.349, averaged over both axes."""
    if len(places) < 2:
        return 0.0
    quartiles = np.subtract(*np.percentile(places, [75, 25], axis=0)) / 1.349
    deviation = places.std(axis=0)
    return float(np.mean(np.where(quartiles > 0, np.minimum(quartiles, deviation), deviation)))


def _left_out_likelihood(places: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean log density of each place under the others, for each gaussian bandwidth."""
    n = len(places)
    low, high = np.percentile(places, [1, 99], axis=0)
    anywhere = _BACKGROUND / max(float(np.prod(np.maximum(high - low, 1.0))), 1.0)
    squares = spatial.distance.pdist(places, "sqeuclidean")
    scores = np.empty(len(candidates))
    for i, bandwidth in enumerate(candidates):
        bump = spatial.distance.squareform(np.exp(squares / (-2 * bandwidth**2))).sum(axis=1)
        others = bump / ((n - 1) * 2 * math.pi * bandwidth**2)
        scores[i] = np.log((1 - _BACKGROUND) * others + anywhere).mean()
    return scores


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


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
    return max(2 * side / (1.0 if kernel == "quartic" else _SPREAD), 1.0)


def _kernel_matrix(centres: np.ndarray, bandwidth: float, kernel: str) -> sparse.csr_array:
    """(n_cells, n_cells) kernel weights between centres, the cell itself included."""
    n = len(centres)
    pairs = spatial.cKDTree(centres).query_pairs(bandwidth * _REACH[kernel], output_type="ndarray")
    apart = np.hypot(*(centres[pairs[:, 0]] - centres[pairs[:, 1]]).T)
    row, col = np.concatenate([pairs, pairs[:, ::-1]]).T
    itself = np.arange(n)
    distance = np.concatenate([apart, apart, np.zeros(n)])
    rows, cols = np.concatenate([row, itself]), np.concatenate([col, itself])
    return sparse.csr_array((kernel_weight(distance, bandwidth, kernel), (rows, cols)), shape=(n, n))
