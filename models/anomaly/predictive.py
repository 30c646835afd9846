"""Is the last window of a unit more than its own past explains?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from ...cube import SpaceTimeCube
from ...params import check, param
from ..base import Estimator, check_cells, tail_evidence
from ..significance import family_log_p
from .past import BINS_A_DAY, Past, history_status

_AS_TELLING = 0.6  # share of the strongest log tail from which a shorter window is the one reported
_WHOLE = 4000  # units up to which every one is scored, and the size of the sample beyond


@dataclass(frozen=True)
class Scores:
    """What a temporal model found, arrays (n_times, n_cells).

    `log_p` is over all windows together; `window` the length in bins of the shortest one that tells nearly as much as
    the strongest; `observed` and `expected` are its incidents, `size` its negative-binomial size; `last_expected`,
    `last_size` and `last_log_p` belong to the last bin alone.
    """

    log_p: np.ndarray
    window: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    size: np.ndarray
    last_expected: np.ndarray
    last_size: np.ndarray
    last_log_p: np.ndarray


@dataclass(eq=False, repr=False)
class NegativeBinomialPredictive(Estimator):
    """Units whose last days hold more incidents than their own past foretells.

    Each bin is held against the same unit's `baseline` before it, a `guard` apart, incomplete bins left out.
    The rate has a gamma prior around the mean of the unit's siblings (as strong as siblings are alike), so a sparse
    unit borrows from its parent; weekday factors and the dispersion are pooled over the cube (one class on one
    level). The predictive is negative binomial with the Poisson as its limit. Past surges are down-weighted
    (weight (r/t)^-2 beyond a score of r > t, as Farrington does), so one storm does not hide the next.

    Source: Farrington et al. (1996) JRSS A 159 for the weights; the gamma-Poisson predictive is standard
    (Gelman et al., Bayesian Data Analysis, 2.6). The tail is P(Y >= observed).
    """

    title = "Anomaly against own past"
    title_zh = "自身历史异常检测"
    about = (
        "The last days are held against the days before them, a few days apart, without incomplete ones. Sparse "
        "units borrow from their siblings; weekdays and scatter are learned from all units together; past surges "
        "count less. This is the detector of the daily run."
    )
    about_zh = (
        "最近几天的件数是否多于本单元自身历史所预示的水平。每个时段与其之前的基线相比,中间隔开几天,"
        "不完整的时段不用。稀疏单元借用同级单元的水平;星期效应与离散度由全体单元共同估计;"
        "过去的突增降权。这是日常运行默认使用的检测方法。"
    )
    has_null = True
    temporal = True

    baseline: int = param(
        84,
        "Days of a unit's own past that say what is ordinary.",
        unit="days",
        low=14,
        high=1500,
        zh="基线天数",
        help_zh="用各单元自身多少天的历史衡量什么是平时。",
    )
    guard: int = param(
        2,
        "Days between the baseline and the window tested.",
        unit="days",
        low=0,
        high=60,
        zh="隔离天数",
        help_zh="基线与检测窗口之间留出的天数。",
    )
    windows: tuple[int, ...] = param(
        (1, 3, 7),
        "Lengths of the window tested where bins are days.",
        unit="days",
        low=1,
        high=60,
        zh="检测窗口",
        help_zh="按天统计时检测的窗口长度,逗号分隔。",
    )
    hourly_windows: tuple[int, ...] = param(
        (1, 6, 24),
        "Lengths of the window tested where bins are hours.",
        unit="hours",
        low=1,
        high=168,
        advanced=True,
        zh="检测窗口(按小时统计时)",
        help_zh="按小时统计时检测的窗口长度,逗号分隔。",
    )
    so_far: bool = param(
        False,
        "Where bins are hours: test the hours of the day so far together, against the same hours of past days of its "
        "kind (working day, weekend, day off), beside the hourly windows.",
        advanced=True,
        zh="按小时统计时检测今日至今(与同类日期同时段相比)",
        help_zh="按小时统计时,除小时窗口外,另将今日至今与同类日期(工作日、周末、放假)的同时段相比。",
    )
    weekly_windows: tuple[int, ...] = param(
        (1, 2, 4),
        "Lengths of the window tested where bins are weeks.",
        unit="weeks",
        low=1,
        high=26,
        advanced=True,
        zh="检测窗口(按周统计时)",
        help_zh="按周统计时检测的窗口长度,逗号分隔。",
    )
    min_history: int = param(
        28,
        "Complete days needed before anything is scored.",
        unit="days",
        low=7,
        high=365,
        advanced=True,
        zh="最少历史",
        help_zh="开始评分前所需的完整天数。",
    )
    past_surge: float = param(
        2.58,
        "Score beyond which a past surge counts less.",
        low=1.0,
        high=10.0,
        advanced=True,
        zh="历史突增阈值",
        help_zh="历史突增的得分超过此值后,越高权重越低。",
    )

    def fit(self, cube: SpaceTimeCube) -> NegativeBinomialPredictive:
        """Learn the cells and their sibling groups; rates are learned at each bin from the bins before it."""
        check(self)
        self.cells_ = cube.cells.copy()
        _, group = np.unique(cube.parents, return_inverse=True)
        ones = np.ones(cube.n_cells)
        self.siblings_ = sparse.csr_matrix(
            (ones, (np.arange(cube.n_cells), group)), shape=(cube.n_cells, group.max(initial=0) + 1)
        )
        return self

    def windows_of(self, bin: str) -> tuple[int, ...]:
        """Lengths tested, in bins: hours, days or weeks; of the day so far, its full length."""
        hours = (*self.hourly_windows, 24) if self.so_far else self.hourly_windows
        return {"hour": hours, "day": self.windows, "week": self.weekly_windows}[bin]

    def counts_today(self, bin: str) -> bool:
        """Whether the hours of the day so far are tested."""
        return self.so_far and bin == "hour"

    def score(self, cube: SpaceTimeCube, last: int | None = None) -> Scores:
        """The *last* bins (default: all), each against the bins before it; see `Scores`.

        On a large grid only units with an incident in the bins asked for are scored one by one; what is pooled is
        then learned from them and an even sample of `_WHOLE` units, and the others get their expected counts.
        """
        check_is_fitted(self)
        check_cells(self, cube)
        first = 0 if last is None else max(cube.n_times - last, 0)
        if first == 0 or cube.n_cells <= _WHOLE:
            return self._score(Past(cube, self), first)
        reach = max(first - max(self.windows_of(cube.bin)) + 1, 0)
        sample = np.linspace(0, cube.n_cells - 1, _WHOLE).astype(np.int64)
        columns = np.union1d(np.flatnonzero(cube.counts[reach:].any(axis=0)), sample)
        past = Past(cube, self, columns, np.isin(columns, sample))
        return _spread(self._score(past, first), columns, past.quiet(first))

    def _score(self, past: Past, first: int) -> Scores:
        past.weigh(past.predict(1), self.past_surge)
        windows = self._lengths(past)
        rounds = [past.predict(window, first) for window in windows]
        log_ps = np.stack([r.log_p for r in rounds])
        telling = log_ps <= _AS_TELLING * log_ps.min(axis=0)
        best = telling.argmax(axis=0)  # the day so far, then in rising order: the first that tells as much
        pick = lambda values: np.take_along_axis(np.stack(values), best[None], axis=0)[0]  # noqa: E731
        single = next((i for i, window in enumerate(windows) if isinstance(window, int) and window == 1), None)
        last = past.predict(1, first) if single is None else rounds[single]
        shape = (past.counts.shape[0], 1)
        lengths = np.stack([np.broadcast_to(np.reshape(window, (-1, 1)), shape)[first:] for window in windows])
        return Scores(
            log_p=family_log_p(log_ps.min(axis=0), 1 / len(windows)),
            window=pick([np.broadcast_to(length, best.shape) for length in lengths]),
            observed=pick([r.observed for r in rounds]),
            expected=pick([r.mean for r in rounds]),
            size=pick([r.size for r in rounds]),
            last_expected=last.mean,
            last_size=last.size,
            last_log_p=last.log_p,
        )

    def _lengths(self, past: Past) -> list[int | np.ndarray]:
        """Windows in the order of preference; an array holds the hours since midnight of each bin."""
        if not self.counts_today(past.bin):
            return sorted(self.windows_of(past.bin))
        return [past.hour + 1, *sorted(self.hourly_windows)]

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of the tail, over all windows; 0 where history is too short."""
        return self.score(cube).log_p

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out."""
        return tail_evidence(self.log_p(cube))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class` or `too few bins`."""
        return history_status(cube, self.min_history * BINS_A_DAY[cube.bin] + self.guard)


def _spread(scores: Scores, columns: np.ndarray, expected: np.ndarray) -> Scores:
    """Scores of some *columns* as scores of all cells: the others saw nothing and have their *expected* counts."""

    def wide(values: np.ndarray, blank: np.ndarray) -> np.ndarray:
        blank[:, columns] = values
        return blank

    shape = expected.shape
    return Scores(
        log_p=wide(scores.log_p, np.zeros(shape)),
        window=wide(scores.window, np.ones(shape, dtype=np.int64)),
        observed=wide(scores.observed, np.zeros(shape)),
        expected=wide(scores.expected, expected.copy()),
        size=wide(scores.size, np.ones(shape)),
        last_expected=wide(scores.last_expected, expected.copy()),
        last_size=wide(scores.last_size, np.ones(shape)),
        last_log_p=wide(scores.last_log_p, np.zeros(shape)),
    )
