"""Scan statistics as models of the registry: what stands out in the windows that end with the last bin."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ...cube import BIN_HOURS, SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells
from .clusters import Cluster, ScanResult, scan
from .expectations import NoPast, expect
from .nulls import ExpectationNull, NegativeBinomialNull, Null, PermutationNull, PoissonNull
from .windows import Sites, circles, spans

LARGEST_RISK = 9999.0
"""What `details` tells of a cluster outside which there is nothing."""

_LEVEL = 0.05  # the level at which evidence is a half


@dataclass(frozen=True)
class _Scanned:
    """What one cube gave: the result, or the reason why there is none; cells left out."""

    result: ScanResult | None
    trouble: str
    left_out: np.ndarray

    @property
    def clusters(self) -> list[Cluster]:
        return self.result.clusters if self.result else []


@dataclass(eq=False, repr=False)
class _Scan(Estimator):
    """The settings and answers that all scans share; see `PermutationScan`."""

    has_null = True
    end_only = True

    longest: int = param(
        14,
        "Longest window of time; at most half of all bins are used.",
        unit="bins",
        low=1,
        zh="最长时间窗口(时段数)。",
    )
    max_share: float = param(
        0.5,
        "Largest share of what is expected in the city that one zone may hold.",
        low=0.001,
        high=1.0,
        zh="单个区域占全市期望的最大比例。",
    )
    max_radius: float = param(
        0.0, "Largest radius of a zone; 0 for no limit.", unit="m", low=0.0, zh="区域最大半径,0为不限。"
    )
    max_cells: int = param(300, "Most cells of a zone.", low=1, zh="单个区域最多网格数。")
    min_cases: int = param(2, "Fewest incidents of a cluster.", low=1, zh="聚集区最少事件数。")
    min_relative_risk: float = param(
        1.0, "Least rate inside a cluster over the rate outside.", low=1.0, advanced=True, zh="聚集区最小相对风险。"
    )
    n_replicates: int = param(
        999, "Monte Carlo replicates: the smallest p is 1 / (replicates + 1).", low=19, zh="蒙特卡罗模拟次数。"
    )
    stop_after: int = param(
        0,
        "Stop once so many replicates reach the strongest cluster (sequential test); 0 for never.",
        low=0,
        advanced=True,
        zh="序贯检验:达到此超越次数即停止,0为不停。",
    )
    random_state: int = param(0, "Seed of the replicates.", low=0, advanced=True, zh="随机种子。")

    def fit(self, cube: SpaceTimeCube) -> _Scan:
        """Learn where the cells lie."""
        check(self)
        self.cells_ = cube.cells.copy()
        self.sites_ = Sites.of(cube.centres)
        return self

    def scan(self, cube: SpaceTimeCube) -> ScanResult | None:
        """The clusters of *cube* as seen from its last bin; None where there is nothing to scan (`status` says why).

        Bins of clusters count from the cube's first bin.
        """
        return self._scanned(cube).result

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells): in the last row s / (s + c), of the statistic s of the cluster a cell belongs to.

        c is the statistic that chance reaches in 5 % of replicates, so that 0.5 is a cluster just significant at 5 %;
        0 outside clusters and in the rows before.
        """
        found = self._scanned(cube)
        evidence = np.zeros(cube.counts.shape)
        if found.result and found.clusters:
            usual = found.result.critical(_LEVEL)
            for cluster in found.clusters:
                evidence[-1, cluster.cells] = cluster.llr / (cluster.llr + usual)
        return evidence

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) log of the Monte Carlo p of the cluster a cell belongs to; 0 outside and before."""
        log_p = np.zeros(cube.counts.shape)
        for cluster in self._scanned(cube).clusters:
            log_p[-1, cluster.cells] = np.log(cluster.p_value)
        return log_p

    def least_p(self) -> float:
        """1 / (replicates + 1)."""
        return 1.0 / (self.n_replicates + 1)

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) text: `ok`, `empty class`, `too few bins`, `no past`, or `no exposure` (left out)."""
        found = self._scanned(cube)
        status = np.full(cube.n_cells, found.trouble or "ok", dtype=object)
        status[found.left_out] = "no exposure"
        return status

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """Facts of the cluster a cell belongs to, each (n_cells,).

        `cluster` is its number, 0 for none; `llr`, `observed`, `expected` (0 outside), `relative_risk` (at most 9999),
        `p_value`, `gumbel_p` (for ranking, not a stated p), `window` (bins), `recurrence_days` = bin / p.
        """
        days = BIN_HOURS[cube.bin] / 24
        neutral = {"llr": 0.0, "observed": 0.0, "expected": 0.0, "relative_risk": 1.0, "p_value": 1.0, "gumbel_p": 1.0}
        facts = {name: np.full(cube.n_cells, value) for name, value in neutral.items()}
        number, window = np.zeros(cube.n_cells, dtype=np.int64), np.zeros(cube.n_cells, dtype=np.int64)
        for cluster in self._scanned(cube).clusters:
            number[cluster.cells], window[cluster.cells] = cluster.number, cluster.end - cluster.start
            for name in facts:
                facts[name][cluster.cells] = min(getattr(cluster, name), LARGEST_RISK)
        return {"cluster": number, "window": window, **facts, "recurrence_days": days / facts["p_value"]}

    def _null(self, counts: np.ndarray, cube: SpaceTimeCube, n_last: int) -> tuple[Null, np.ndarray, int]:
        """The null, the weight of sites for the share of a zone, and the bin the null's counts begin with."""
        raise NotImplementedError

    def _left_out(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) bool: cells nothing can be said of."""
        return np.zeros(cube.n_cells, dtype=bool)

    def _scanned(self, cube: SpaceTimeCube) -> _Scanned:
        check_is_fitted(self)
        check_cells(self, cube)
        key = _fingerprint(cube)
        if getattr(self, "last_", ("", None))[0] != key:
            self.last_ = key, self._judge(cube)
        return self.last_[1]

    def _judge(self, cube: SpaceTimeCube) -> _Scanned:
        left_out = self._left_out(cube)
        kept = np.where(cube.valid[:, None] & ~left_out, np.rint(np.maximum(cube.counts, 0.0)), 0.0)
        n_last = min(self.longest, cube.n_times // 2)
        if not kept.any():
            return _Scanned(None, "empty class", left_out)
        if n_last < 1:
            return _Scanned(None, "too few bins", left_out)
        counts = self.sites_.gather(kept)
        try:
            null, weight, first = self._null(counts, cube, n_last)
        except NoPast:
            return _Scanned(None, "no past", left_out)
        zones = circles(
            self.sites_,
            weight,
            max_share=self.max_share,
            max_radius=self.max_radius or np.inf,
            max_sites=self.max_cells,
        )
        windows = spans(cube.n_times - first, n_last)
        result = scan(
            counts[first:],
            null,
            self.sites_,
            zones,
            windows,
            n_replicates=self.n_replicates,
            random_state=self.random_state,
            min_cases=self.min_cases,
            min_relative_risk=self.min_relative_risk,
            stop_after=self.stop_after,
        )
        return _Scanned(_counted_from(first, result), "", left_out)


@dataclass(eq=False, repr=False)
class PermutationScan(_Scan):
    """Places where lately more happened than the place's and the time's own totals explain.

    Space-time permutation scan statistic (Kulldorff, Heffernan, Hartman, Assunção & Mostashari 2005), prospective: all
    circles of cells, all windows of time that end with the last bin. Under the null every incident keeps its place
    and its time, but which goes with which is chance; so it needs neither population nor a model of the season,
    and a rise of the whole city is no cluster. It is misled where some places grow faster than others.
    """

    title = "Scan statistic (space-time permutation)"
    title_zh = "时空扫描(时空置换)"
    about = (
        "All circles of cells and all windows of time that end with the last bin (Kulldorff and others, 2005). "
        "Under the null every incident keeps its place and its time, but which goes with which is chance: neither "
        "population nor a model of the season is needed, and a rise of the whole city is no cluster. It is misled "
        "where some places grow faster than others."
    )
    about_zh = (
        "近期件数多于地点自身与时间自身的总量所能解释之处(时空置换扫描,"
        "Kulldorff 等 2005)。遍历所有圆形区域与所有到末端为止的时间窗口。"
        "零假设下每件事的地点与时间不变,只是搭配随机,因此不需要人口,也不需要季节模型;"
        "全市同步上升不算聚集。若各地增长快慢不同,结果会偏。"
    )

    def _null(self, counts: np.ndarray, cube: SpaceTimeCube, n_last: int) -> tuple[Null, np.ndarray, int]:
        return PermutationNull.of(counts), counts.sum(axis=0), 0


@dataclass(eq=False, repr=False)
class PoissonScan(_Scan):
    """Places that lately hold a larger part of the city's incidents than they should.

    Discrete Poisson scan statistic (Kulldorff 1997, 2001), conditional on all incidents of the period scanned,
    prospective. What a place should hold is its share of the past (`expected="past"`: its own rate, steadied by the
    city's; the period is the longest window), or of people (`expected="exposure"`; the period is the whole cube, and
    a place that is always busy is a cluster). With `adjust_time` every bin's total is taken as it is, in the
    expectation and in the replicates, so that a rise of the whole city is no cluster. Replicates draw rates that are
    known from the past anew each time, as far as the past leaves them open.
    """

    title = "Scan statistic (Poisson)"
    title_zh = "时空扫描(泊松)"
    about = (
        "All circles of cells and all windows of time that end with the last bin (Kulldorff 1997, 2001). What a "
        "place should hold is its share of the past, steadied by the city's, or of people. With the adjustment "
        "for time every bin's total is taken as it is, so that a rise of the whole city is no cluster."
    )
    about_zh = (
        "近期占全市件数的份额高于应有份额之处(离散泊松扫描,Kulldorff 1997、"
        "2001)。应有份额取自过去(各地自身水平,以全市加以稳定)或取自人口等基数。按时间调整时,"
        "各时段总量照实取用,全市同步上升不算聚集。"
    )

    expected: str = param(
        "past",
        "What incidents are expected by: each cell's own past, or its population (exposure).",
        choices=("past", "exposure"),
        zh="期望来源:本格历史(past)或人口等暴露量(exposure)。",
    )
    adjust_time: bool = param(
        True,
        "Take each bin's total as it is: a rise of the whole city is no cluster.",
        advanced=True,
        zh="按各时段总量调整:全市同升不算聚集。",
    )

    def _null(self, counts: np.ndarray, cube: SpaceTimeCube, n_last: int) -> tuple[Null, np.ndarray, int]:
        if self.expected == "exposure":
            people = self.sites_.gather(np.where(self._left_out(cube), 0.0, cube.exposure))
            expected = np.outer(cube.valid, people)
            return PoissonNull.of(counts, expected, by_bin=self.adjust_time), people, 0
        known = expect(counts, cube.valid, cube.bins, cube.bin, n_last)
        null = PoissonNull.of(counts[-n_last:], known.expected, known.shape, by_bin=self.adjust_time)
        return null, known.expected.sum(axis=0), cube.n_times - n_last

    def _left_out(self, cube: SpaceTimeCube) -> np.ndarray:
        return ~(cube.exposure > 0) if self.expected == "exposure" else super()._left_out(cube)


@dataclass(eq=False, repr=False)
class ExpectationScan(_Scan):
    """Places that lately have more incidents than their past lets one expect.

    Expectation-based scan statistic, prospective: Poisson (Neill 2009), or by the score of a negative binomial (Tango,
    Takahashi & Kohriyama 2011) where counts scatter more than that. Nothing is conditional on the city's total, so a
    rise of the whole city is found too. The expectation is each cell's own past rate, steadied by the city's, times
    the city's rhythm of the week; replicates draw rates anew each time, as far as the past leaves them open.
    """

    title = "Scan statistic (expectation-based)"
    title_zh = "时空扫描(基于期望)"
    about = (
        "All circles of cells and all windows of time that end with the last bin. The expectation is each cell's "
        "own past rate, steadied by the city's, times the rhythm of the week; Poisson, or a negative binomial "
        "where counts scatter more. Nothing is conditional on the city's total, so a rise of the whole city is "
        "found too."
    )
    about_zh = (
        "近期件数多于自身历史所预期之处(基于期望的扫描)。泊松,或在波动更大时用负二项得分。"
        "不以全市总量为条件,因此全市上升也能发现。期望为各单元自身的历史水平,以全市加以稳定,"
        "并乘以全市的星期节律。"
    )

    distribution: str = param(
        "poisson",
        "How single counts scatter around their expectation.",
        choices=("poisson", "negative binomial"),
        zh="计数分布:泊松(poisson)或负二项(negative binomial)。",
    )

    def _null(self, counts: np.ndarray, cube: SpaceTimeCube, n_last: int) -> tuple[Null, np.ndarray, int]:
        known = expect(counts, cube.valid, cube.bins, cube.bin, n_last)
        recent, weight = counts[-n_last:], known.expected.sum(axis=0)
        null: Null = ExpectationNull.of(recent, known.expected, known.shape)
        if self.distribution == "negative binomial":
            known_by = known.shape / (1 + known.expected.mean(axis=0) / known.size)  # bursts tell less of a rate
            null = NegativeBinomialNull.of(recent, known.expected, known.size, known_by)
        return null, weight, cube.n_times - n_last


def _counted_from(first: int, result: ScanResult) -> ScanResult:
    """The same result with bins counted from the cube's first."""
    moved = [replace(one, start=one.start + first, end=one.end + first) for one in result.clusters]
    return replace(result, clusters=moved)


def _fingerprint(cube: SpaceTimeCube) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in (cube.counts, cube.bins, cube.valid, cube.exposure, cube.centres):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest() + str(cube.counts.shape)
