"""The model of emerging hot spots: which cells are hot, since when, and whether they are getting hotter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells
from ..hotspot import GetisOrdHotspots, moderate_counts
from ..significance import log_false_discovery, mid_p_rank, normal_log_tails
from .rules import classify_patterns, pattern_rules
from .space_time import cube_tails, space_time_gi_star, whole_steps
from .trend import Trend, hamed_rao, mann_kendall

_LEAST_STEPS = 10


@dataclass(frozen=True)
class Emergence:
    """What the model found in one cube.

    z, state : (n_steps, n_cells), the z of Gi*, and 1 where a bin is hot, -1 cold, 0 neither; last, upper, lower,
    log_q : (n_cells,), incidents of the last step, its log tails and log false-discovery rate; trend : of z; pattern :
    (n_cells,) text; n_steps : 0 where `status` tells why nothing was looked at; left_over : bins at the start that
    fill no step; incomplete : steps left out because bins in them are not valid.
    """

    z: np.ndarray
    state: np.ndarray
    last: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    log_q: np.ndarray
    trend: Trend
    pattern: np.ndarray
    n_steps: int
    left_over: int
    incomplete: int


@dataclass(eq=False, repr=False)
class EmergingHotspots(Estimator):
    """Hot and cold spots in space and time, and the pattern of each cell: new, intensifying, sporadic ...

    Bins are added up to steps of `step_days`, counted back from the end; a first step that is not whole, and steps
    with bins whose data are incomplete, are left out. z is Gi* over space and time (`space_time_gi_star`). A bin is
    hot where z > 0 and its two-sided tail is called at `alpha` by Benjamini-Hochberg, the family being all bins of
    the cube; cold likewise. The tails (`tails="exact"`) take the values of the cube as exchangeable over cells and
    steps and are exact for that null also where counts are sparse; the normal ones are not. Mann-Kendall on each
    cell's z gives the trend, and a table of rules with a version (`pattern_rules`) the pattern.

    `evidence` and `log_p` speak of the last step alone: log_p is the upper tail of its neighbourhood, evidence its
    mid-p rank, so cells hot at the end lie above those without pattern, and those above cold ones; what was hot
    earlier adds nothing. The null of log_p knows no city-wide rise: in a step in which the whole city is up, cells
    are hot that are ordinary within that step.

    p of the trend is meant for series independent in time. Neighbours in time make z alike from one step to the next,
    so on cities without any trend p <= 0.1 comes up in a fifth of the cells with one neighbour in time (`hamed_rao`
    hardly helps at that length); `own_steps` takes the trend from z without neighbours in time and keeps its word.
    """

    title = "Emerging hot spots"
    title_zh = "新兴时空热点"
    about = (
        "Days are added up to steps, counted back from the end. A step of a cell is hot where its neighbourhood "
        "in space and time holds more than as many values drawn from the whole city and period would, at the "
        "false-discovery rate you set; quiet spots likewise. A Mann-Kendall test gives the trend, and a table of "
        "rules with a version the pattern: new, consecutive, intensifying, persistent, diminishing, sporadic, "
        "oscillating, historical. The result speaks of the last step. In a step in which the whole city is up, "
        "cells are hot that are ordinary within that step."
    )
    about_zh = (
        "在时间与空间上同时找热点和冷点,并说明每个单元属于哪种情形:新增、加强、持续、零星、减弱等。"
        "从末端向前按“步长”合并时段;末步之外不完整的步和数据不全的时段不用。"
        "某步某单元的邻域件数高于全市所有时空单元随机排列的水平,且在设定的错误发现率下成立,即为热;"
        "冷亦然。每个单元的走势用 Mann-Kendall 检验,再按附带版本号的规则表定出情形。"
        "结果只说明最后一步;全市同步上升时,步内平常的单元也会偏热。"
    )
    has_null = True
    end_only = True

    neighbours: str = param(
        "queen",
        "Which cells are neighbours: those that touch, or those within the bandwidth.",
        choices=("queen", "distance"),
        zh="邻接方式:相邻(queen)或距离内(distance)。",
    )
    bandwidth: float = param(
        1000.0,
        "Distance between centres within which cells are neighbours (neighbours = distance).",
        unit="m",
        low=1.0,
        zh="距离邻接的半径。",
    )
    step_days: int = param(
        7, "Length of a time step, counted back from the end.", unit="days", low=1, zh="时间步长(天),自末端向前划分。"
    )
    time_neighbours: int = param(
        1, "How many steps before a step are neighbours in time.", low=0, high=10, zh="时间邻域:向前的步数。"
    )
    alpha: float = param(
        0.05,
        "False-discovery rate at which a bin is hot or cold, over all bins of the cube.",
        low=1e-6,
        high=0.5,
        zh="判定冷热的错误发现率(全部时空单元)。",
    )
    trend_test: str = param(
        "mann_kendall",
        "Test of the trend of z: Mann-Kendall, the same corrected for autocorrelation (Hamed and Rao), or Mann-Kendall "
        "on z of each step's own counts, which alone keeps its p by chance.",
        choices=("mann_kendall", "hamed_rao", "own_steps"),
        zh="z 的趋势检验:Mann-Kendall(mann_kendall)、自相关修正(hamed_rao)或各步自身计数(own_steps),后者唯一不偏乐观。",
    )
    trend_alpha: float = param(
        0.1, "Two-sided p at which a trend counts.", low=1e-6, high=0.5, zh="趋势显著性水平(双侧)。"
    )
    tails: str = param(
        "exact",
        "Tail probabilities: exact under exchangeable counts, or the normal approximation.",
        choices=("exact", "normal"),
        advanced=True,
        zh="尾概率:精确(exact)或正态近似(normal)。",
    )
    scale: str = param(
        "root",
        "What exact tails add up: roots of capped counts, so that one pile-up masks no hot spot, or plain counts.",
        choices=("root", "count"),
        advanced=True,
        zh="精确尾概率所加总的量:截顶计数的平方根(root)或计数(count)。",
    )

    def fit(self, cube: SpaceTimeCube) -> EmergingHotspots:
        """Learn which cells are neighbours. Raises InputError for a step that is no whole number of bins."""
        check(self)
        whole_steps(cube.window(0), self.step_days)
        fitted = GetisOrdHotspots(neighbours=self.neighbours, bandwidth=self.bandwidth).fit(cube)
        self.cells_ = cube.cells.copy()
        self.weights_ = sparse.csr_array(fitted.weights_)
        self.n_neighbours_ = fitted.n_neighbours_
        self.found_: tuple[SpaceTimeCube, Emergence, str] | None = None
        return self

    def emergence(self, cube: SpaceTimeCube) -> Emergence:
        """Everything found in *cube*; neutral where `status` is neither `ok` nor `island`."""
        return self._look(cube)[0]

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells): in the last row the mid-p rank of the last step's neighbourhood, 0.5 is ordinary."""
        found, evidence = self.emergence(cube), np.zeros(cube.counts.shape)
        evidence[-1:] = mid_p_rank(found.upper, found.lower)
        return evidence

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells): in the last row the log of the upper tail of the last step's neighbourhood."""
        log_p = np.zeros(cube.counts.shape)
        log_p[-1:] = self.emergence(cube).upper
        return log_p

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) text: `ok`, `too few bins`, `empty class`, `no contrast`, `incomplete end`, or `island`."""
        _, why = self._look(cube)
        status = np.full(cube.n_cells, why, dtype=object)
        if why == "ok":
            status[self.n_neighbours_ == 0] = "island"
        return status

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """`pattern`, what it rests on, and what was used, each (n_cells,).

        Incidents, z and q of the last step; shares of hot and cold steps; the trend of z; steps used, bins and steps
        left out, and the version of the table of rules.
        """
        found, n, rules = self.emergence(cube), cube.n_cells, pattern_rules()
        return {
            "pattern": found.pattern,
            "pattern_zh": np.array([rules.names[key][1] for key in found.pattern], dtype=object),
            "last_step": found.last,
            "last_z": found.z[-1],
            "last_q": np.exp(found.log_q),
            "hot_share": (found.state > 0).mean(axis=0),
            "cold_share": (found.state < 0).mean(axis=0),
            "mk_z": found.trend.z,
            "mk_p": found.trend.p,
            "mk_tau": found.trend.tau,
            "steps": np.full(n, found.n_steps),
            "bins_left_over": np.full(n, found.left_over),
            "steps_left_out": np.full(n, found.incomplete),
            "pattern_rules": np.full(n, rules.version, dtype=object),
        }

    def _look(self, cube: SpaceTimeCube) -> tuple[Emergence, str]:
        check_is_fitted(self)
        check_cells(self, cube)
        if self.found_ is None or self.found_[0] is not cube:  # several questions are asked of one cube
            self.found_ = (cube, *self._find(cube))
        return self.found_[1:]

    def _find(self, cube: SpaceTimeCube) -> tuple[Emergence, str]:
        counts, whole, left_over = whole_steps(cube, self.step_days)
        if whole.sum() < _LEAST_STEPS:
            return _nothing(cube.n_cells), "too few bins"
        if not whole[-1]:
            return _nothing(cube.n_cells), "incomplete end"
        when, counts = np.flatnonzero(whole), counts[whole]
        z = space_time_gi_star(counts, self.weights_, self.time_neighbours, when)
        if not z.any():
            return _nothing(cube.n_cells), "no contrast" if counts.any() else "empty class"
        upper, lower = self._tails(counts, z, when)
        log_q = log_false_discovery(np.minimum(np.log(2) + np.minimum(upper, lower), 0.0))
        side = np.where(upper < lower, 1, -1)
        state = np.where((log_q <= np.log(self.alpha)) & (np.sign(z) == side), side, 0)
        series = space_time_gi_star(counts, self.weights_, 0) if self.trend_test == "own_steps" else z
        trend = (hamed_rao if self.trend_test == "hamed_rao" else mann_kendall)(series)
        pattern = classify_patterns(state, np.where(trend.p <= self.trend_alpha, np.sign(trend.z), 0))
        last = (counts[-1], upper[-1], lower[-1], log_q[-1])
        return Emergence(z, state, *last, trend, pattern, len(z), left_over, int((~whole).sum())), "ok"

    def _tails(self, counts: np.ndarray, z: np.ndarray, when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.tails == "normal":
            return normal_log_tails(z)
        values = moderate_counts(counts.ravel()).reshape(counts.shape) if self.scale == "root" else counts
        return cube_tails(values, self.weights_, self.time_neighbours, when)


def _nothing(n_cells: int) -> Emergence:
    """What is said of a cube that cannot be looked at."""
    row, none = np.zeros((1, n_cells)), np.full(n_cells, "none", dtype=object)
    flat = np.zeros(n_cells)
    trend = Trend(flat, flat, flat, flat, np.ones(n_cells))
    return Emergence(row, row, flat, flat, flat, flat, trend, none, 0, 0, 0)
