"""Hot spots on a window: Getis-Ord Gi* with tails that are exact for sparse, skewed counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import check_cells
from ..significance import (
    benjamini_hochberg,
    exchangeable_tails,
    mid_p_rank,
    normal_log_tails,
    permutation_tails,
    two_sided_p,
)
from .classes import classify_hotspots
from .links import Neighbourhood, row_sums
from .moderation import moderate_counts

_BLOCK = 65_536  # numbers scored at a time: they stay in the processor's cache
_FLAT = 1e-12  # a spread this small beside the values is rounding, not contrast


def gi_star(counts: np.ndarray, weights: sparse.spmatrix) -> np.ndarray:
    """Getis-Ord Gi* z-score of every cell.

    Parameters
    ----------
    counts : (n_times, n_cells) array of incidents per bin; each row is scored alone.
    weights : (n_cells, n_cells) sparse array, >= 0, diagonal included.

    Returns
    -------
    (n_times, n_cells) array of z-scores, unitless. A row whose cells are all equal has no contrast and scores 0
    everywhere (status `no contrast`), and so does a cell whose neighbourhood is the whole study area.

    Raises
    ------
    ValueError
        If *weights* is not square in the number of cells.

    Source
    ------
    Ord & Getis (1995), Geographical Analysis 27(4), eq. for Gi*: mean and spread of the population, over all cells.
    """
    counts = _rows(counts, weights)
    n = counts.shape[1]
    total, squares = row_sums(weights)
    scale = np.sqrt(np.maximum(n * squares - total**2, 0) / max(n - 1, 1))
    z = np.zeros(counts.shape)
    block = max(_BLOCK // max(n, 1), 1)
    for first in range(0, len(counts), block):
        rows = counts[first : first + block]
        spread = np.where(_flat(rows), 0.0, rows.std(axis=1, keepdims=True)) * scale
        excess = _gather(rows - rows.mean(axis=1, keepdims=True), weights)
        np.divide(excess, spread, out=z[first : first + block], where=spread > 0)
    return z


def gi(counts: np.ndarray, weights: sparse.spmatrix) -> np.ndarray:
    """Getis-Ord Gi z-score of every cell: as `gi_star`, with the cell itself left out of its sum, mean and spread.

    *weights* has no diagonal. Source: Ord & Getis (1995), eq. for Gi.
    """
    counts = _rows(counts, weights)
    others = max(counts.shape[1] - 1, 1)
    centred = counts - counts.mean(axis=1, keepdims=True)
    mean = (centred.sum(axis=1, keepdims=True) - centred) / others
    variance = ((centred**2).sum(axis=1, keepdims=True) - centred**2) / others - mean**2
    total, squares = row_sums(weights)
    scale = np.sqrt(np.maximum(variance * (others * squares - total**2), 0) / max(others - 1, 1))
    excess = _gather(centred, weights) - mean * total
    flat = variance <= _FLAT * (centred**2).mean(axis=1, keepdims=True)
    return np.divide(excess, scale, out=np.zeros_like(excess), where=~_flat(counts) & ~flat & (scale > 0))


@dataclass(eq=False, repr=False)
class GetisOrdHotspots(Neighbourhood):
    """Cells whose neighbourhood holds more incidents than as many cells drawn from the whole city would.

    Fitting learns the neighbourhood only, so one fitted model scores any later cube on the same grid; every row of
    the cube is scored on its own. `score_samples` is the z-score of Gi* and the number that other tools print. What
    is *called* rests on the tails instead: under the null the city's values lie in any order, and the sum of the
    k + 1 cells of a neighbourhood is that many values drawn without replacement. Its distribution is computed
    exactly (`tails="exact"`), because on sparse counts the normal one calls hot spots in most empty cities.
    What is summed are square roots of counts, capped far out (`scale="root"`, `moderate_counts`), which is no less
    exact: with plain counts a single pile-up anywhere in the city can enter any draw, so that every p is at least
    about k / n and all hot spots are masked. `tails="permutation"` holds the cell's own count and shuffles the others
    (`significance.permutation_tails`); its p is at least 1 / (replicates + 1), too much for one cell among thousands.
    The normal tails are told for comparison: on sparse or skewed counts they are too small.

    `evidence` is the mid-p rank of the sum: 0.5 is ordinary, near 1 hot. Neither it nor `log_p` is corrected for
    looking at many cells; `significance.benjamini_hochberg` is.
    """

    title = "Hot spots (Getis-Ord Gi*)"
    title_zh = "热点分析(Getis-Ord Gi*)"
    about = (
        "The score is the z value of Gi*, as other tools print it. What is called hot rests on exact tails "
        "instead: the city's values may lie in any order, and the distribution of a neighbourhood's sum is "
        "computed. On sparse or skewed counts the normal approximation calls hot spots in calm cities, so it is "
        "not the default. What is summed are square roots of capped counts, so that one pile-up masks no other "
        "hot spot. Hot spots come in three steps of certainty, by the false-discovery rate over the cells of the "
        "map."
    )
    about_zh = (
        "找出邻域内件数多于从全市随机抽取同样多单元的网格。分数为 Gi* 的 Z 值,"
        "与其他软件一致;判定则依据精确的尾概率:把全市各单元的值看作可任意排列,"
        "计算邻域之和的确切分布。稀疏或偏斜的件数用正态近似会在平静的城市里也报出热点,因此不作默认。"
        "相加的是封顶件数的平方根,单点堆积不会掩盖其他热点。热点类别按错误发现率分为三档把握程度。"
    )
    has_null = True

    self_included: bool = param(
        True, "Count the cell itself in its neighbourhood (Gi*), or not (Gi).", advanced=True, zh="是否包含本格(Gi*)。"
    )
    tails: str = param(
        "exact",
        "Tail probabilities: exact under exchangeable counts, by conditional permutation, or the normal approximation.",
        choices=("exact", "permutation", "normal"),
        advanced=True,
        zh="尾概率:精确(exact)、条件置换(permutation)或正态近似(normal)。",
    )
    scale: str = param(
        "root",
        "What exact and permutation tails add up: roots of capped counts, so that one pile-up masks no hot spot, "
        "or plain counts.",
        choices=("root", "count"),
        advanced=True,
        zh="精确与置换尾概率所加总的量:截顶计数的平方根(root)或计数(count);前者单点堆积不掩盖其他热点。",
    )
    replicates: int = param(
        999, "Shuffles of the city (tails = permutation).", low=99, advanced=True, zh="置换次数(tails = permutation)。"
    )
    random_state: int = param(
        0, "Seed of the shuffles (tails = permutation).", low=0, advanced=True, zh="置换的随机种子。"
    )

    def fit(self, cube: SpaceTimeCube) -> GetisOrdHotspots:
        """Learn which cells are neighbours."""
        check(self)
        links = self.links(cube)
        self.cells_ = cube.cells.copy()
        self.n_neighbours_ = np.diff(links.indptr)
        self.weights_ = (links + sparse.eye_array(cube.n_cells)).tocsr() if self.self_included else links
        return self

    def score_samples(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) z-scores; higher is hotter."""
        self._check(cube)
        return (gi_star if self.self_included else gi)(cube.counts, self.weights_)

    def log_tails(self, cube: SpaceTimeCube) -> tuple[np.ndarray, np.ndarray]:
        """(n_times, n_cells) log probability of a sum at least, and at most, as large; both 0 without contrast."""
        self._check(cube)
        if self.tails == "normal":
            return normal_log_tails(self.score_samples(cube))
        upper, lower = np.zeros(cube.counts.shape), np.zeros(cube.counts.shape)
        for row in np.flatnonzero(~_flat(cube.counts).ravel()):
            upper[row], lower[row] = self._tails(cube.counts[row])
        return upper, lower

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) log of the upper tail: how surprising the neighbourhood is on the high side."""
        return self.log_tails(cube)[0]

    def two_sided(self, cube: SpaceTimeCube) -> tuple[np.ndarray, np.ndarray]:
        """(n_times, n_cells) two-sided p = min(1, 2 min(upper, lower)), and its side: 1 high, -1 low, 0 neither."""
        upper, lower = self.log_tails(cube)
        return two_sided_p(upper, lower), np.sign(lower - upper)

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) mid-p rank of the neighbourhood's sum among the draws; 0.5 is ordinary."""
        return mid_p_rank(*self.log_tails(cube))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) text: `ok`, `empty class`, `no contrast`, or `island` (no neighbours: scored alone)."""
        self._check(cube)
        status = np.full(cube.n_cells, "ok", dtype=object)
        status[self.n_neighbours_ == 0] = "island"
        if not np.any(cube.counts):
            status[:] = "empty class"
        elif _flat(cube.counts).all():
            status[:] = "no contrast"
        else:
            status[np.diff(self.weights_.indptr) >= cube.n_cells - (not self.self_included)] = "no contrast"
            if not self.self_included:
                status[self.n_neighbours_ == 0] = "no neighbours"
        return status

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """Two-sided p, q over the cells of this cube (the family), and `hotspot_class` of the last bin."""
        last = cube.between(cube.n_times - 1, cube.n_times)
        p_value, side = (part[0] for part in self.two_sided(last))
        q_value = benjamini_hochberg(p_value)
        called = classify_hotspots(self.score_samples(last)[0], p_value, q_value, side)
        return {"p_value": p_value, "q_value": q_value, "hotspot_class": called}

    def least_p(self) -> float:
        """1 / (replicates + 1) with permutations; exact and normal tails have no floor."""
        return 1 / (self.replicates + 1) if self.tails == "permutation" else 0.0

    def _tails(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = moderate_counts(counts) if self.scale == "root" else counts
        if self.tails == "permutation":
            found = permutation_tails(values, self.weights_, replicates=self.replicates, random_state=self.random_state)
            return np.log(found.upper), np.log(found.lower)
        draws = np.diff(self.weights_.indptr)
        return exchangeable_tails(values, self.weights_ @ values, draws, own=None if self.self_included else values)

    def _check(self, cube: SpaceTimeCube) -> None:
        check_is_fitted(self)
        check_cells(self, cube)


def _rows(counts: np.ndarray, weights: sparse.spmatrix) -> np.ndarray:
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    n = counts.shape[1]
    if weights.shape != (n, n):
        raise ValueError(f"weights must be {(n, n)} to match {n} cells, not {weights.shape}")
    return counts


def _gather(values: np.ndarray, weights: sparse.spmatrix) -> np.ndarray:
    """Weighted sum over each cell's neighbourhood, row by row."""
    return np.ascontiguousarray((weights @ values.T).T)


def _flat(counts: np.ndarray) -> np.ndarray:
    """(n_times, 1) whether all cells of a row are equal, but for rounding."""
    return np.ptp(counts, axis=1, keepdims=True) <= _FLAT * np.abs(counts).max(axis=1, keepdims=True)
