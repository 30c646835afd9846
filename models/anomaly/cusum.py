"""Has a unit's rate risen some time ago, a little every day? Control charts against its own past."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells, tail_evidence
from ..significance import nb_log_sf
from .baseline import Baseline, InControl
from .past import BINS_A_DAY, history_status, running_sums
from .run_length import solve_glr_threshold, solve_threshold, window_glr

_NODES = 5  # rates that stand for what is not known about a unit's in-control rate
_SHAPES = np.geomspace(0.05, 1e6, 147)  # steps of an eighth of e: a shape is taken as the next one below
_MEANS = np.geomspace(1e-3, 1e3, 13)  # in-control means the chain is solved for
_STATES = 50  # intervals of the chain there
_STEP = 0.25  # steps of the logarithm of clustering and dispersion there
_RUNS = 200  # stretches simulated for a threshold of the GLR
_LIKELY = math.log(0.5)  # tails above this are left at their bound


@dataclass(eq=False, repr=False)
class _Chart(Estimator):
    """What both charts share: the in-control state before the window, and the look at every bin."""

    has_null = True
    temporal = True

    baseline: int = param(
        84, "Days of a unit's own past that say what is in control.", unit="days", low=14, high=1500, zh="基线天数"
    )
    reach: int = param(
        28,
        "Bins a change may have begun before today; the baseline ends before them.",
        unit="bins",
        low=1,
        high=365,
        zh="回溯窗口",
    )
    run_length_days: int = param(
        365,
        "Days a unit in control runs on average before it signals by chance.",
        unit="days",
        low=7,
        high=36525,
        zh="受控平均运行长度",
    )
    min_history: int = param(
        28,
        "Complete days of baseline needed before anything is scored.",
        unit="days",
        low=7,
        high=365,
        advanced=True,
        zh="最少历史",
    )

    def fit(self, cube: SpaceTimeCube) -> _Chart:
        """Learn the cells; rates are learned at each bin from the bins before its window."""
        check(self)
        self.cells_ = cube.cells.copy()
        return self

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of a bound on the tail; 0 where history is too short."""
        return self._walk(cube, 0)[0]

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out."""
        return tail_evidence(self.log_p(cube))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class` or `too few bins`."""
        return history_status(cube, self.min_history * BINS_A_DAY[cube.bin] + self.reach)

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """`statistic`, `threshold`, `alarm`, `change_start` (ISO date, blank where nothing rises), `observed` and
        `expected` since then, of the last bin.
        """
        _, statistic, begin, state = self._walk(cube, cube.n_times - 1)
        threshold = self._thresholds(cube, state)
        rising = begin >= 0
        first = np.where(rising, begin, cube.n_times - 1)
        load = Baseline(cube, self.baseline, self.reach, self.min_history).factor
        running, counted = running_sums(load), running_sums(cube.counts * cube.valid[:, None])
        return {
            "statistic": statistic,
            "threshold": threshold,
            "alarm": ((statistic >= threshold) & rising).astype(int),
            "change_start": np.where(rising, np.datetime_as_string(cube.bins, unit="D")[first], ""),
            "observed": counted[-1] - counted[first, np.arange(cube.n_cells)],
            "expected": state.level * (running[-1] - running[first]),
        }

    def _walk(self, cube: SpaceTimeCube, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, InControl]:
        """log p of the bins from *first* on; statistic, first bin of the change and state of control of the last."""
        check_is_fitted(self)
        check_cells(self, cube)
        past = Baseline(cube, self.baseline, self.reach, self.min_history)
        log_p = np.zeros((cube.n_times - first, cube.n_cells))
        statistic, begin = np.zeros(cube.n_cells), np.full(cube.n_cells, -1)
        for state in past.walk(first):
            if not (state.ready and cube.valid[state.bin]):
                statistic, begin = np.zeros(cube.n_cells), np.full(cube.n_cells, -1)
                continue
            low = max(state.bin - self.reach + 1, 0)
            load, kind = past.window_load(state.bin)
            log_p[state.bin - first], statistic, begin = self._look(cube.counts[low : state.bin + 1], kind, load, state)
            begin = np.where(begin >= 0, begin + low, -1)
        return log_p, statistic, begin, state

    def _look(
        self, window: np.ndarray, kind: np.ndarray, load: np.ndarray, state: InControl
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """log p, statistic and first row of the change of one window, (n_cells,) each.

        *load* and *kind* are those of `Baseline.window_load`.
        """
        raise NotImplementedError(type(self).__name__)

    def _thresholds(self, cube: SpaceTimeCube, state: InControl) -> np.ndarray:
        """(n_cells,) thresholds of the statistic for the run length wanted."""
        raise NotImplementedError(type(self).__name__)

    def _run_bins(self, cube: SpaceTimeCube) -> float:
        return max(self.run_length_days * BINS_A_DAY[cube.bin], 1.5)


@dataclass(eq=False, repr=False)
class NegativeBinomialCusum(_Chart):
    """Units whose rate has risen to one of several multiples of its in-control level and stayed there.

    The statistic is a CUSUM: the largest log likelihood ratio, over the windows of at most `reach` bins that end
    today, of a rate `ratios` times as high against the rate in control (of the ratios, the mean of the likelihoods).
    What is not known about the rate in control is averaged over in both likelihoods, with the gamma posterior of the
    baseline before the window; the counts vary about it as a negative binomial does, with the Poisson as limit. With
    an endless baseline, one ratio and no limit on the window this is the chart of `glrnb(theta = log ratio)`.

    log p = -statistic, and this is a bound that holds whatever the means of the single bins: read backwards from
    today, the likelihood ratio is a martingale of mean 1 in control, so the chance that it ever reaches e^S is at most
    e^-S (Ville's inequality). Hence p is never anti-conservative where counts follow the predictive, and conservative
    by the overshoot: the true tail is a tenth to a half of it. p is the chance to see the statistic so high on a given
    day in control, not the chance of a signal up to that day.

    `threshold` is solved by Markov chain for `run_length_days`, with each ratio's chart given its share of the
    signals, at the unit's mean and the pooled dispersion of a single bin; never above log(bins), where Lorden's bound
    holds for the mean of likelihood ratios itself.

    Source: Page (1954) Biometrika 41; Höhle & Paul (2008) Comput. Stat. Data Anal. 52; Ville (1939).
    """

    title = "Rise that lasts (CUSUM)"
    title_zh = "持续上升(累积和)"
    about = (
        "The statistic is the largest likelihood ratio over recent windows for a rate several times the usual "
        "one; what is not known of the usual rate is averaged over. The probability is a bound that holds "
        "whatever the means of single bins, hence careful. The threshold is solved for the time between false "
        "alarms that you set."
    )
    about_zh = (
        "找出水平上升到原来若干倍并持续的单元(累积和控制图)。"
        "统计量为近期各窗口的对数似然比之最大者;控制状态下的水平并非已知,两边都对其取平均。"
        "给出的概率是上界,不论单个时段的均值如何都成立,因而偏保守。门限按设定的平均误报间隔求得。"
    )

    ratios: tuple[float, ...] = param(
        (1.5, 2.5, 8.0), "Multiples of the ordinary rate looked for.", low=1.05, high=100.0, zh="检测倍数"
    )

    def _look(
        self, window: np.ndarray, kind: np.ndarray, load: np.ndarray, state: InControl
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        nodes, weights = _rate_nodes()
        row = np.maximum(np.searchsorted(_SHAPES, state.shape, side="right") - 1, 0)
        ratios = np.asarray(self.ratios, dtype=float)
        statistic, begin = _mixture_cusum(
            window, kind, load, state.level, row, nodes, weights, ratios, state.clustering, state.dispersion
        )
        return -statistic, statistic, begin

    def _thresholds(self, cube: SpaceTimeCube, state: InControl) -> np.ndarray:
        """By chain on a grid of means, the larger of the two neighbours; all at the pooled dispersion."""
        bins = self._run_bins(cube) * len(self.ratios)
        solved = _cusum_thresholds(tuple(self.ratios), bins, _step_up(state.clustering), _step_up(state.dispersion))
        return np.maximum(_between(_MEANS, solved, state.level), 0.0)


@dataclass(eq=False, repr=False)
class NegativeBinomialGlr(_Chart):
    """Units whose rate has risen by any factor, some time within the last `reach` bins.

    The statistic is the generalised likelihood ratio: the largest, over the windows that end today, of the log
    likelihood ratio of the window's sum at the rate that fits it best against the rate in control. The sum is
    negative binomial; its variance holds what is not known about the rate in control, the pooled clustering and
    dispersion of single bins and the drift of windows. With an endless baseline and no dispersion this is `glrpois`.

    log p: each window pays for the choice among them by weighted Bonferroni (weight in proportion to 1 / its
    length, as there are about as many independent windows of a length as fit into `reach`). It is the
    exact tail of the window that is most surprising after paying, so p is never anti-conservative where sums follow
    the predictive, and conservative since windows overlap. p is the chance on a given day in control.

    `threshold` is where the GLR of a unit whose rate in control is known passes once in `run_length_days`, simulated on
    a grid of means at the pooled dispersion of a single bin.

    Source: Höhle & Paul (2008) Comput. Stat. Data Anal. 52; Lai (1998) IEEE Trans. Inf. Theory 44 for limited windows.
    """

    title = "Rise of unknown size (GLR)"
    title_zh = "未知幅度上升(广义似然比)"
    about = (
        "The statistic is the largest likelihood ratio over recent windows for the rate that fits each best. Each "
        "window pays for the choice among them, so the probability is never too small. The threshold is simulated "
        "for the time between false alarms that you set."
    )
    about_zh = (
        "找出近期某时起水平上升、幅度未知的单元(广义似然比)。统计量为近期各窗口中似然比最大者;"
        "方差包含水平的不确定性、聚集与漂移。每个窗口都为“多选一”付出代价,概率不会偏低。"
        "门限按设定的平均误报间隔由模拟得出。"
    )

    random_state: int = param(0, "Seed of the simulated run lengths.", low=0, advanced=True, zh="随机种子")

    def _look(
        self, window: np.ndarray, kind: np.ndarray, load: np.ndarray, state: InControl
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        statistic, paid, begin, length, total, mean, size = _window_glrs(
            window, load, state.level, state.shape, state.clustering, state.dispersion
        )
        harmonic = math.log(np.sum(1 / np.arange(1, self.reach + 1)))
        log_p = np.minimum(harmonic - paid, 0.0)
        telling = np.flatnonzero(log_p < _LIKELY)
        exact = nb_log_sf(total[telling], mean[telling], size[telling]) + np.log(length[telling])
        log_p[telling] = np.minimum(exact + harmonic, 0.0)
        return log_p, statistic, begin

    def _thresholds(self, cube: SpaceTimeCube, state: InControl) -> np.ndarray:
        spread = _step_up(state.clustering), _step_up(state.dispersion)
        solved = _glr_thresholds(self._run_bins(cube), self.reach, self.random_state, *spread)
        return _between(_MEANS, solved, state.level)


def _step_up(spread: float) -> float:
    """A clustering or dispersion as the next of a few steps above it, so that thresholds are solved once."""
    return math.exp(math.ceil(math.log(max(spread, 1e-4)) / _STEP) * _STEP)


@cache
def _cusum_thresholds(ratios: tuple[float, ...], bins: float, clustering: float, dispersion: float) -> np.ndarray:
    """(len(_MEANS),) thresholds of the log mean likelihood ratio, each ratio's chart having *bins* in control."""
    solved = []
    for mean in _MEANS.tolist():
        size = 1 / (dispersion + clustering / mean)
        highest = max(solve_threshold(mean, ratio, bins, size, _STATES, 0.01) for ratio in ratios)
        solved.append(min(highest, math.log(bins / len(ratios))))  # the mean passes no sooner than one of its charts
    return np.asarray(solved)


@cache
def _glr_thresholds(bins: float, reach: int, random_state: int, clustering: float, dispersion: float) -> np.ndarray:
    """(len(_MEANS),) simulated thresholds of the GLR."""
    sizes = 1 / (dispersion + clustering / _MEANS)
    pairs = zip(_MEANS.tolist(), sizes.tolist(), strict=True)
    return np.asarray([solve_glr_threshold(mean, bins, size, reach, _RUNS, random_state) for mean, size in pairs])


def _between(means: np.ndarray, values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The larger of the two *values* solved at the *means* on either side of each *level*."""
    below = np.clip(np.searchsorted(means, level) - 1, 0, len(means) - 2)
    return np.maximum(values[below], values[below + 1])


@cache
def _rate_nodes() -> tuple[np.ndarray, np.ndarray]:
    """(n_shapes, _NODES) rates of mean 1 and their weights: Gauss-Laguerre quadrature of each gamma of `_SHAPES`."""
    steps = np.arange(_NODES)
    jacobi = np.zeros((len(_SHAPES), _NODES, _NODES))
    jacobi[:, steps, steps] = 2 * steps + _SHAPES[:, None]
    beside = np.sqrt(steps[1:] * (steps[1:] + _SHAPES[:, None] - 1))
    jacobi[:, steps[1:], steps[:-1]] = jacobi[:, steps[:-1], steps[1:]] = beside
    values, vectors = np.linalg.eigh(jacobi)
    return np.ascontiguousarray(values / _SHAPES[:, None]), np.ascontiguousarray(vectors[:, 0, :] ** 2)


@njit(cache=True)
def _mixture_cusum(counts, kind, load, level, row, nodes, weights, ratios, clustering, dispersion):  # type: ignore[no-untyped-def]
    """Largest log mixture likelihood ratio over the windows that end in the last row, and the row it begins with."""
    n_bins, n_cells, n_rows, n_nodes = counts.shape[0], counts.shape[1], 1 + ratios.size, nodes.shape[1]
    best, begin = np.zeros(n_cells), np.full(n_cells, -1)
    rate, log_rate, fit = np.zeros((n_rows, n_nodes)), np.zeros((n_rows, n_nodes)), np.zeros((n_rows, n_nodes))
    room, filled = np.zeros((kind.max() + 1, n_rows, n_nodes)), np.full(kind.max() + 1, -1)
    for j in range(n_cells):
        if not _rises(counts, load, level[j], j):
            continue
        for r in range(n_rows):
            for k in range(n_nodes):
                rate[r, k] = (ratios[r - 1] if r > 0 else 1.0) * nodes[row[j], k]
                log_rate[r, k] = np.log(rate[r, k])
                fit[r, k] = 0.0
        for i in range(n_bins - 1, -1, -1):
            mean, at, y = level[j] * load[i], kind[i], counts[i, j]
            if mean <= 0:
                continue
            size = 1 / (dispersion + clustering / mean)
            if filled[at] != j:
                filled[at] = j
                for r in range(n_rows):
                    for k in range(n_nodes):
                        room[at, r, k] = np.log1p(rate[r, k] * (mean / size))
            for r in range(n_rows):
                for k in range(n_nodes):
                    fit[r, k] += y * log_rate[r, k] - (size + y) * room[at, r, k]
            if y > 0:
                value = _log_ratio(fit, weights, row[j])
                if value > best[j]:
                    best[j], begin[j] = value, i
    return best, begin


@njit(cache=True)
def _log_ratio(fit, weights, row):  # type: ignore[no-untyped-def]
    """Log of the mean likelihood of the rates that rise over that of the rate in control, each a mean over nodes."""
    risen = calm = 0.0
    top = fit.max()
    calmest = fit[0].max()
    for r in range(fit.shape[0]):
        for k in range(fit.shape[1]):
            if r == 0:
                calm += weights[row, k] * np.exp(fit[r, k] - calmest)
            else:
                risen += weights[row, k] * np.exp(fit[r, k] - top) / (fit.shape[0] - 1)
    return np.log(max(risen, 1e-300)) + top - np.log(calm) - calmest


@njit(cache=True)
def _rises(counts, load, level, j):  # type: ignore[no-untyped-def]
    """Whether any window that ends in the last row holds more than its mean: nothing else can favour a rise."""
    total, expected = 0.0, 0.0
    for i in range(counts.shape[0] - 1, -1, -1):
        if load[i] > 0:
            total += counts[i, j]
            expected += level * load[i]
        if total > expected:
            return True
    return False


@njit(cache=True)
def _window_glrs(counts, load, level, shape, clustering, dispersion):  # type: ignore[no-untyped-def]
    """The most telling window of every unit: its GLR, GLR - log length, first row, length, sum, mean and size."""
    n_bins, n_cells = counts.shape
    statistic, paid = np.zeros(n_cells), np.zeros(n_cells)
    begin, length = np.full(n_cells, -1), np.ones(n_cells)
    sums, means, sizes = np.zeros(n_cells), np.ones(n_cells), np.ones(n_cells)
    for j in range(n_cells):
        total, expected, square = 0.0, 0.0, 0.0
        for i in range(n_bins - 1, -1, -1):
            mean = level[j] * load[i]
            if mean <= 0:
                continue
            total += counts[i, j]
            expected += mean
            square += mean * mean
            if counts[i, j] == 0 or total <= expected:
                continue
            size = 1 / (1 / shape[j] + dispersion * square / expected**2 + clustering / expected)
            value = window_glr(total, expected, size)
            statistic[j] = max(statistic[j], value)
            value -= np.log(n_bins - i)
            if begin[j] < 0 or value > paid[j]:
                paid[j], begin[j], length[j] = value, i, n_bins - i
                sums[j], means[j], sizes[j] = total, expected, size
    return statistic, paid, begin, length, sums, means, sizes
