"""Spatial clusters and outliers on a window: local Moran with tails that are exact for sparse, skewed counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import check_cells
from ..rates import crude_rates, eb_rates, eb_standardised
from ..significance import (
    benjamini_hochberg,
    exchangeable_tails,
    mid_p_rank,
    normal_log_tails,
    permutation_tails,
    two_sided_p,
)
from .links import Neighbourhood, row_standardised
from .moderation import moderate_counts, moderate_rates
from .moran import QUADRANTS, LocalMoranScores, lag_moments, local_moran

_RATES = {"crude": crude_rates, "eb": eb_standardised, "eb_global": eb_rates}
_CALLED = 0.05  # the false-discovery rate at which `cluster` names a quadrant


@dataclass(eq=False, repr=False)
class LocalMoran(Neighbourhood):
    """Cells that are high among high neighbours, and in the details also low among low, and the odd ones out.

    `score_samples` is local Moran's I and the number that other tools print. What is judged is the sum over the
    neighbours given the cell's own value: under the null the others' values lie in any order, and its distribution
    is computed exactly (`tails="exact"`), by conditional permutation, or normally (too small on sparse counts; told
    for comparison). As in `GetisOrdHotspots` what exact and permutation tails add up are moderate values
    (`scale="root"`), so that one pile-up masks no cluster; rates are laid on two hundred steps of their range.

    `evidence` and `log_p` speak of high among high alone: a cell that is not above the mean has log_p 0. `details`
    tell of all four quadrants: I, its standard score, the two-sided p, q over the cells of this cube (the family; hand
    p to `significance.benjamini_hochberg` for a larger one) and `cluster`, the quadrant where q <= .05.

    With `rate` the cells' exposure counts. `eb` makes cells of unequal exposure comparable, in mean and in spread;
    `crude` rates of unequal exposure are not exchangeable, and their p too small where small exposures lie together.
    A cell without exposure is no neighbour and has the status `no exposure`.

    Source: Anselin (1995), Geographical Analysis 27(2); Assunção & Reis (1999), Statistics in Medicine 18(16).
    """

    title = "Clusters and outliers (local Moran)"
    title_zh = "聚集与异常值(局部Moran)"
    about = (
        "High among high, low among low, and the odd ones out: high among low, low among high. The index is local "
        "Moran's I, as other tools print it; what is called rests on the exact distribution of the neighbours' "
        "sum given the cell's own value. With rates, population or another exposure counts, and a cell without it "
        "takes no part."
    )
    about_zh = (
        "找出高值被高值包围的单元,以及低值被低值包围、高低相间的异常单元。"
        "分数为局部 Moran 指数,与其他软件一致;判定依据本单元取值给定时邻域之和的精确分布。"
        "类别:HH 高-高、LL 低-低、HL 高值在低值之中、LH 低值在高值之中。"
        "选择比率(rate)时按人口等基数计算;没有基数的单元不参与。"
    )
    has_null = True

    rate: str = param(
        "count",
        "What is compared: counts, crude rates by exposure, rates standardised by empirical Bayes (eb), or rates "
        "shrunk towards the city's (eb_global).",
        choices=("count", "crude", "eb", "eb_global"),
        zh="比较的量:计数(count)、粗率(crude)、经验贝叶斯标准化率(eb)或全局收缩率(eb_global)。",
    )
    tails: str = param(
        "exact",
        "Tail probabilities: exact under exchangeable values, by conditional permutation, or the normal approximation.",
        choices=("exact", "permutation", "normal"),
        advanced=True,
        zh="尾概率:精确(exact)、条件置换(permutation)或正态近似(normal)。",
    )
    scale: str = param(
        "root",
        "What exact and permutation tails add up: moderate values, so that one pile-up masks no cluster, "
        "or plain counts.",
        choices=("root", "count"),
        advanced=True,
        zh="精确与置换尾概率所加总的量:截顶后的值(root,单点堆积不掩盖其他聚集)或原值(count)。",
    )
    replicates: int = param(
        999, "Shuffles of the city (tails = permutation).", low=99, advanced=True, zh="置换次数(tails = permutation)。"
    )
    random_state: int = param(
        0, "Seed of the shuffles (tails = permutation).", low=0, advanced=True, zh="置换的随机种子。"
    )

    def fit(self, cube: SpaceTimeCube) -> LocalMoran:
        """Learn which cells are neighbours."""
        check(self)
        self.cells_ = cube.cells.copy()
        self.usable_ = np.ones(cube.n_cells, dtype=bool) if self.rate == "count" else cube.exposure > 0
        usable = np.flatnonzero(self.usable_)
        self.links_ = sparse.csr_array(self.links(cube)[usable][:, usable])
        self.exposure_ = cube.exposure[usable].astype(float)
        return self

    def score_samples(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) local Moran's I with row-standardised neighbours; high where like neighbours like."""
        return np.vstack([self._spread(self._scores(row).i) for row in self._rows(cube)])

    def log_tails(self, cube: SpaceTimeCube) -> tuple[np.ndarray, np.ndarray]:
        """(n_times, n_cells) log probability of a neighbours' sum at least, and at most, as large, given the cell."""
        tails = [self._tails(row) for row in self._rows(cube)]
        upper, lower = (np.vstack([self._spread(pair[side]) for pair in tails]) for side in (0, 1))
        return upper, lower

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) log of the upper tail of a high cell's neighbours; 0 for a cell not above the mean."""
        return np.where(self._high(cube), self.log_tails(cube)[0], 0.0)

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) mid-p rank of a high cell's neighbours among the draws; at most 0.5 for other cells."""
        rank = mid_p_rank(*self.log_tails(cube))
        return np.where(self._high(cube), rank, np.minimum(rank, 0.5))

    def two_sided(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) p = min(1, 2 min(upper, lower)): neighbours as unusual, high or low."""
        return two_sided_p(*self.log_tails(cube))

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """I, standard score, p, q, quadrant (HH LH LL HL, blank where nothing is told) and cluster of the last bin."""
        last = cube.between(cube.n_times - 1, cube.n_times)
        scores = self._scores(next(iter(self._rows(last))))
        p_value = self.two_sided(last)[0]
        q_value = np.ones(cube.n_cells)
        scored = self.status(last) == "ok"
        q_value[scored] = benjamini_hochberg(p_value[scored])
        quadrant = np.array(QUADRANTS, dtype=object)[self._spread(scores.quadrant).astype(np.int64)]
        return {
            "local_moran": self._spread(scores.i),
            "z_score": self._spread(scores.z),
            "p_value": p_value,
            "q_value": q_value,
            "quadrant": quadrant,
            "cluster": np.where(q_value <= _CALLED, quadrant, ""),
        }

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) text: `ok`, `empty class`, `no contrast`, `no neighbours` or `no exposure`."""
        status = np.full(cube.n_cells, "ok", dtype=object)
        rows = list(self._rows(cube))
        k = np.diff(self.links_.indptr)
        named = np.where(k == 0, "no neighbours", np.where(k >= len(k) - 1, "no contrast", "ok"))
        status[self.usable_] = named.astype(object)
        if not np.any(cube.counts):
            status[:] = "empty class"
        elif not any(self._scores(row).i.any() for row in rows):
            status[self.usable_] = "no contrast"
        status[~self.usable_] = "no exposure"
        return status

    def least_p(self) -> float:
        """1 / (replicates + 1) with permutations; exact and normal tails have no floor."""
        return 1 / (self.replicates + 1) if self.tails == "permutation" else 0.0

    def _rows(self, cube: SpaceTimeCube) -> list[np.ndarray]:
        """What is compared, bin by bin, of the usable cells."""
        check_is_fitted(self)
        check_cells(self, cube)
        counts = cube.counts[:, self.usable_].astype(float)
        if self.rate == "count":
            return list(counts)
        return [_RATES[self.rate](row, self.exposure_).rate for row in counts]

    def _scores(self, values: np.ndarray) -> LocalMoranScores:
        return local_moran(values, row_standardised(self.links_))

    def _high(self, cube: SpaceTimeCube) -> np.ndarray:
        return np.vstack([self._spread(row > row.mean() if row.size else row > 0) for row in self._rows(cube)]) > 0

    def _spread(self, values: np.ndarray) -> np.ndarray:
        """The values of usable cells among all cells, 0 elsewhere."""
        full = np.zeros(len(self.usable_))
        full[self.usable_] = values
        return full

    def _tails(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        k = np.diff(self.links_.indptr)
        scores = self._scores(values)
        if not scores.lag.any():
            return np.zeros(len(k)), np.zeros(len(k))
        if self.tails == "normal":
            mean, variance = lag_moments(values - values.mean(), row_standardised(self.links_))
            z = np.divide(scores.lag - mean, np.sqrt(variance), out=np.zeros(len(k)), where=scores.z != 0)
            return normal_log_tails(z)
        values = self._moderate(values)
        if self.tails == "permutation":
            found = permutation_tails(values, self.links_, replicates=self.replicates, random_state=self.random_state)
            return np.log(found.upper), np.log(found.lower)
        return exchangeable_tails(values, self.links_ @ values, k, own=values)

    def _moderate(self, values: np.ndarray) -> np.ndarray:
        if self.rate != "count":
            return moderate_rates(values)
        return moderate_counts(values) if self.scale == "root" else values
