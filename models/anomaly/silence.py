"""Has a unit stopped reporting? The low side: in a system judged by numbers, silence is the more dangerous anomaly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells, tail_evidence
from ..significance import family_log_p, nb_log_cdf
from .baseline import Baseline, InControl
from .past import BINS_A_DAY

_LOW = np.log(0.05)  # tails below this are held against how often as little was seen before
_LIKE = 0.5  # share of a log tail from which two earlier windows are the same habit
_CLASS = 60.0  # windows' worth of trust in how often all units were as silent, against the unit's own habit


@dataclass(eq=False, repr=False)
class Silence(Estimator):
    """Units (of a class, or of a source) whose reporting has collapsed below what their own past foretells.

    Sums over the last `windows` are held against the predictive of `nb_cusum`'s baseline, on the low side:
    log p is that of P(Y <= observed), over all windows (Šidák). Complete bins count only, so a day on which the whole
    city was silent (an outage) is nobody's silence. Where every unit has an exposure (population), what a unit borrows
    from its siblings is their rate per head: an empty quarter is not expected to speak. Reports are inflated with
    zeros: units fall silent as a habit (a patrol on leave). So p is no less than the chance of a window as silent,
    learned from the unit's own windows of the last two baselines and, as a beta prior, from those of all units.

    `evidence` is high where silence is. Source: negative-binomial predictive as in `bayes`; Lambert (1992)
    Technometrics 34 for zero inflation, here of whole windows and empirical.
    """

    title = "Silent units"
    title_zh = "失声检测"
    about = (
        "No data is not no risk. Sums over the last days are held against what the unit's past foretells, on the "
        "low side. Complete days count only, so a day on which the whole city was silent is nobody's silence. "
        "Where every unit has a population, a unit borrows its siblings' rate per head. Silence that is a habit, "
        "such as a patrol on leave, is learned from the unit's own past."
    )
    about_zh = (
        "找出来件骤减、低于自身历史所预示水平的单元:“没有数据”不等于“没有风险”。"
        "对最近几个窗口的件数做下侧检验;只计完整时段,全市同时停报不算某单元失声。"
        "有人口等基数时按人均借用同级水平。习惯性的空白(如巡查员休假)从该单元自身历史中学习,"
        "不误报。"
    )
    has_null = True
    temporal = True
    side = "low"

    baseline: int = param(
        84, "Days of a unit's own past that say how much it reports.", unit="days", low=14, high=1500, zh="基线天数"
    )
    windows: tuple[int, ...] = param(
        (7, 14, 28), "Lengths of the window that may be silent, in bins.", unit="bins", low=1, high=365, zh="检测窗口"
    )
    least_expected: float = param(
        3.0,
        "Incidents a window must be expected to hold for its silence to tell.",
        low=0.0,
        high=1000.0,
        zh="最少期望件数",
    )
    by_exposure: bool = param(
        True, "Whether units borrow rates per head where exposure is known.", advanced=True, zh="按人口计率"
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

    def fit(self, cube: SpaceTimeCube) -> Silence:
        """Learn the cells; rates are learned at each bin from the bins before its longest window."""
        check(self)
        self.cells_ = cube.cells.copy()
        return self

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of the lower tail, over all windows; 0 where history is too short."""
        return self._walk(cube, 0)[0]

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 a silence out of the ordinary."""
        return tail_evidence(self.log_p(cube))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class`, `too few bins`, or `too little expected` for silence to be seen."""
        if cube.valid.sum() < self.min_history * BINS_A_DAY[cube.bin] + max(self.windows):
            return np.full(cube.n_cells, "too few bins")
        expected = self._walk(cube, cube.n_times - 1)[2].max(axis=0)
        told = np.where(expected < self.least_expected, "too little expected", "ok")
        return np.where(cube.counts.sum(axis=0) == 0, "empty class", told)

    def details(self, cube: SpaceTimeCube) -> dict[str, np.ndarray]:
        """Of the last bin: `window` (bins, the most telling), its `observed` and `expected`, `silent_bins` (complete
        bins since the last incident) and `silent` (p below 1 in 1000).
        """
        log_p, observed, expected, best = self._walk(cube, cube.n_times - 1)
        pick = np.arange(cube.n_cells)
        spoken = (cube.counts > 0) & cube.valid[:, None]
        complete = np.cumsum(cube.valid)
        last = np.where(spoken.any(axis=0), cube.n_times - 1 - spoken[::-1].argmax(axis=0), -1)
        since = complete[-1] - np.where(last >= 0, complete[np.maximum(last, 0)], 0)
        return {
            "window": np.sort(np.asarray(self.windows))[best],
            "observed": observed[best, pick],
            "expected": expected[best, pick],
            "silent_bins": since,
            "silent": (log_p[-1] < np.log(0.001)).astype(int),
        }

    def _walk(self, cube: SpaceTimeCube, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """log p from *first* on; observed and expected by window, and the most telling window, of the last bin."""
        check_is_fitted(self)
        check_cells(self, cube)
        windows = np.sort(np.asarray(self.windows))
        past = Baseline(cube, self.baseline, int(windows[-1]), self.min_history, by_exposure=self.by_exposure)
        habits = [_Habit(int(window), past.length * 2) for window in windows]
        spans = list(zip(windows.tolist(), habits, strict=True))
        told = np.zeros((cube.n_times - first, cube.n_cells))
        observed = expected = np.zeros((len(windows), cube.n_cells))
        best = np.zeros(cube.n_cells, dtype=np.int64)
        for state in past.walk():
            if not state.ready:
                continue
            parts = [self._window(cube, past, state, *span, state.bin >= first) for span in spans]
            if state.bin >= first and cube.valid[state.bin]:
                log_ps, observed, expected = (np.stack(part) for part in zip(*parts, strict=True))
                best = log_ps.argmin(axis=0)
                told[state.bin - first] = family_log_p(log_ps.min(axis=0), 1 / len(windows))
        return told, observed, expected, best

    def _window(
        self, cube: SpaceTimeCube, past: Baseline, state: InControl, window: int, habit: _Habit, judged: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """log p, observed and expected of one window that ends at the state's bin; its silences become a habit."""
        low = max(state.bin - window + 1, 0)
        rows = slice(low, state.bin + 1)
        load = past.phase_factor[rows] * past.load[rows]
        observed = (cube.counts[rows] * cube.valid[rows, None]).sum(axis=0)
        expected = state.level * load.sum()
        variance = state.dispersion * (load**2).sum() / max(load.sum(), 1e-9) ** 2
        size = 1 / (1 / state.shape + variance + state.clustering / np.maximum(expected, 1e-9))
        asked = expected >= max(self.least_expected, 1e-9)
        tail = np.zeros(cube.n_cells)
        if judged or habit.due(state.bin):
            tail[asked] = nb_log_cdf(observed[asked], expected[asked], size[asked])
        log_p = habit.admit(tail, state.bin - past.reach) if judged else tail
        if cube.valid[state.bin] and habit.due(state.bin):
            habit.add(state.bin, tail, asked)
        return log_p, observed, expected


class _Habit:
    """How often units were as silent in the past without anything being wrong: the zero inflation of whole windows."""

    def __init__(self, window: int, memory: int) -> None:
        self.step, self.memory = max(window // 2, 1), memory
        self.rows: list[tuple[int, np.ndarray, np.ndarray]] = []

    def due(self, now: int) -> bool:
        """Whether the window that ends at *now* is one of those kept: they overlap by half."""
        return now % self.step == 0

    def add(self, now: int, tail: np.ndarray, asked: np.ndarray) -> None:
        """Keep the log tails of the windows that end at *now*."""
        self.rows.append((now, tail.astype(np.float32), asked))
        while self.rows[0][0] < now - 2 * self.memory:
            self.rows.pop(0)

    def admit(self, tail: np.ndarray, end: int) -> np.ndarray:
        """(n_cells,) log tails, no less than the chance of a window as silent among those that ended by *end*."""
        known = [row for row in self.rows if end - self.memory <= row[0] <= end]
        low = np.flatnonzero(tail < _LOW)
        if not known or not low.size:
            return tail
        before, asked = np.stack([row[1] for row in known]), np.stack([row[2] for row in known])
        bound = tail[low] + 1e-4  # single precision
        every = np.sort(before[asked & (before < _LOW)])
        share = np.searchsorted(every, bound, side="right") / max(asked.sum(), 1)
        alike = (before[:, low] <= _LIKE * bound).sum(
            axis=0
        )  # kept windows overlap by half: few lie quite like this one
        own = np.where(alike >= 2, alike, (before[:, low] <= bound).sum(axis=0))
        chance = (own + _CLASS * share) / (asked[:, low].sum(axis=0) + _CLASS)
        told = tail.copy()
        seen = np.log(chance, out=np.full(chance.shape, -np.inf), where=chance > 0)
        told[low] = np.maximum(tail[low], seen)
        return np.minimum(told, 0.0)
