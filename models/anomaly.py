"""Anomalies in time: is the last window of a unit more than its own past explains?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm
from sklearn.utils.validation import check_is_fitted

from ..cube import SpaceTimeCube
from ..params import check, param
from .base import Estimator, check_cells
from .significance import family_log_p, nb_log_sf

_PHASES = {"hour": 168, "day": 7, "week": 1}
_BINS_A_DAY = {"hour": 24.0, "day": 1.0, "week": 1 / 7}
_WEEKDAY_PRIOR = 30.0  # incidents: a weekday's factor is trusted once its class has this many
_DISPERSION_PRIOR, _CLUSTERING_PRIOR, _PRIOR_WEIGHT = 0.05, 0.05, 1.0  # weight in expected incidents
_SURPRISING = np.log(0.01)  # tails below this are held against how often as much was seen before
_SPARSE = 0.1  # expected incidents below which a cell tells of clustering rather than of dispersion
_TOGETHER = 0.05  # dispersion allowed a whole class before a bin counts as a surge of all its cells together
_AS_TELLING = 0.6  # share of the strongest log tail from which a shorter window is the one reported
_CUT = 5.0  # deviations beyond which a single past surge says no more about the ordinary spread


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
    has_null = True
    temporal = True

    baseline: int = param(
        84, "Days of a unit's own past that say what is ordinary.", unit="days", low=14, high=1500, zh="基线天数"
    )
    guard: int = param(
        2, "Days between the baseline and the window tested.", unit="days", low=0, high=60, zh="隔离天数"
    )
    windows: tuple[int, ...] = param(
        (1, 3, 7), "Lengths of the window tested, in bins.", unit="bins", low=1, high=60, zh="检测窗口"
    )
    min_history: int = param(
        28,
        "Complete days needed before anything is scored.",
        unit="days",
        low=7,
        high=365,
        advanced=True,
        zh="最少历史",
    )
    past_surge: float = param(
        2.58, "Score beyond which a past surge counts less.", low=1.0, high=10.0, advanced=True, zh="历史突增阈值"
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

    def score(self, cube: SpaceTimeCube) -> Scores:
        """Every bin against the bins before it; see `Scores`."""
        check_is_fitted(self)
        check_cells(self, cube)
        past = _Past(cube, self)
        first = past.predict(1)
        past.weigh(first, self.past_surge)
        windows = sorted(self.windows)
        rounds = [past.predict(window) for window in windows]
        log_ps = np.stack([r.log_p for r in rounds])
        telling = log_ps <= _AS_TELLING * log_ps.min(axis=0)
        best = telling.argmax(axis=0)  # windows are in rising order: the shortest that tells as much
        pick = lambda values: np.take_along_axis(np.stack(values), best[None], axis=0)[0]  # noqa: E731
        last = past.predict(1) if 1 not in windows else rounds[windows.index(1)]
        return Scores(
            log_p=family_log_p(log_ps.min(axis=0), 1 / len(windows)),
            window=np.asarray(windows)[best],
            observed=pick([r.observed for r in rounds]),
            expected=pick([r.mean for r in rounds]),
            size=pick([r.size for r in rounds]),
            last_expected=last.mean,
            last_size=last.size,
            last_log_p=last.log_p,
        )

    def log_p(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) natural logarithm of the tail, over all windows; 0 where history is too short."""
        return self.score(cube).log_p

    def evidence(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_times, n_cells) in [0, 1]: 0 is ordinary, 0.5 one chance in 30, near 1 far out."""
        strength = -self.log_p(cube)
        return strength / (strength + np.log(30.0))

    def status(self, cube: SpaceTimeCube) -> np.ndarray:
        """(n_cells,) `ok`, `empty class` or `too few bins`."""
        enough = cube.valid.sum() >= self.min_history * _BINS_A_DAY[cube.bin] + self.guard
        empty = cube.counts.sum(axis=0) == 0
        return np.where(empty, "empty class", "ok") if enough else np.full(cube.n_cells, "too few bins")


@dataclass(frozen=True)
class _Round:
    """One window length, scored at every bin."""

    observed: np.ndarray
    mean: np.ndarray
    size: np.ndarray
    log_p: np.ndarray


class _Past:
    """Running sums over the complete bins of a cube, from which any baseline is a difference of two rows."""

    def __init__(self, cube: SpaceTimeCube, model: NegativeBinomialPredictive):
        per_day = _BINS_A_DAY[cube.bin]
        self.counts = cube.counts.astype(float)
        self.valid = cube.valid
        self.siblings = model.siblings_
        self.length = max(int(round(model.baseline * per_day)), 4)
        self.guard = int(np.ceil(model.guard * per_day))
        self.needed = max(int(round(model.min_history * per_day)), 4)
        self.before = np.concatenate([[0], np.cumsum(self.valid)])
        self.factor = _phase_factors(cube, self.length)
        self.weight: np.ndarray | None = None
        self.bin_weight = np.ones(len(self.counts))

    def predict(self, window: int) -> _Round:
        """Predictive mean, size and log tail of the sum over *window* bins ending at each bin."""
        shape, times = self.counts.shape, np.arange(self.counts.shape[0])
        end = self.before[np.maximum(times - window + 1 - self.guard, 0)]
        start = np.maximum(end - self.length, 0)
        ready = end >= self.needed
        seen, span = self._baseline_sums(start, end)
        shape_prior, rate_prior = self._sibling_prior(seen, span)
        load = _window_sums((self.factor * self.valid)[:, None], window)
        size = seen + shape_prior
        mean = size / np.maximum(span + rate_prior, 1e-9) * load
        observed = _window_sums(self.counts * self.valid[:, None], window)
        clustering, dispersion = self._dispersion(mean, size, window)
        size = 1 / (1 / size + dispersion[:, None] + clustering[:, None] / np.maximum(mean, 1e-9))
        log_p = np.zeros(shape)
        rows, columns = np.nonzero((observed > 0) & ready[:, None] & self.valid[:, None])
        log_p[rows, columns] = nb_log_sf(observed[rows, columns], mean[rows, columns], size[rows, columns])
        if self.weight is not None:
            self._admit_habits(log_p, observed, window)
        return _Round(observed, np.where(ready[:, None], mean, observed), size, log_p)

    def weigh(self, first: _Round, threshold: float) -> None:
        """Give past surges, seen as such when they happened, less weight in later baselines."""
        score = norm.isf(np.exp(np.maximum(first.log_p, -600.0)))
        self.weight = np.where(score > threshold, (np.maximum(score, threshold) / threshold) ** -2, 1.0)
        total, mean = first.observed.sum(axis=1), first.mean.sum(axis=1)
        together = (total - mean) / np.sqrt(mean + _TOGETHER * mean**2 + 0.5)
        self.bin_weight = np.where(together > threshold, (np.maximum(together, threshold) / threshold) ** -2, 1.0)

    def _admit_habits(self, log_p: np.ndarray, observed: np.ndarray, window: int) -> None:
        """What came at least twice in the two baselines before, to within a deviation, is no surprise: the tail is no less
        than its frequency.

        Down-weighting takes past surges for accidents; a market day every month is a habit. Overlapping windows
        count as one.
        """
        rows, columns = np.nonzero(log_p < _SURPRISING)
        end = np.maximum(rows - window + 1 - self.guard, 0)
        reach = np.arange(1, 2 * self.length + 1)
        past = end[:, None] - reach[None, :]
        seen = (past >= 0) & self.valid[np.maximum(past, 0)]
        now = observed[rows, columns]
        as_much = seen & (observed[np.maximum(past, 0), columns[:, None]] >= (now - np.sqrt(now))[:, None])
        times, chances = as_much.sum(axis=1) / window, np.maximum(seen.sum(axis=1) / window, 1)
        habit = times >= 2
        frequency = np.log(np.minimum(times / chances, 1.0), out=np.zeros(len(times)), where=habit)
        log_p[rows[habit], columns[habit]] = np.maximum(log_p[rows[habit], columns[habit]], frequency[habit])

    def _baseline_sums(self, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weight = np.ones_like(self.counts) if self.weight is None else self.weight
        rows = self.valid
        incidents = _running(weight[rows] * self.counts[rows])
        exposure = _running(weight[rows] * self.factor[rows, None])
        return incidents[end] - incidents[start], exposure[end] - exposure[start]

    def _sibling_prior(self, seen: np.ndarray, span: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shape and rate of the gamma prior of each unit at each bin, from its siblings (Jeffreys' for an only child)."""
        if self.counts.shape[1] == 1:
            return np.full((1, 1), 0.5), np.zeros((1, 1))
        group_rate = (seen @ self.siblings + 0.5) / np.maximum(span @ self.siblings, 1e-9)
        rate = group_rate @ self.siblings.T
        expected = rate * span
        between = ((seen - expected) ** 2 - expected).sum(axis=1, keepdims=True)
        scale = np.maximum((expected**2).sum(axis=1, keepdims=True), 1e-9)
        shape = 1 / np.clip(between / scale, 0.02, 5.0)
        return shape, shape / np.maximum(rate, 1e-9)

    def _dispersion(self, mean: np.ndarray, size: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
        """Clustering c and dispersion d, (n_times,) each: the variance is m (1 + c) + m² d beyond the rate's own uncertainty.

        Two moment equations pooled over all cells and the baseline before each bin; one weighs sparse cells
        (where incidents come in clusters: c), one busy cells (d). Single surges are cut off at five deviations and
        count less among busy cells; a bin in which the whole class surged counts less everywhere.
        """
        sums = _window_sums(self.counts * self.valid[:, None], window)
        own = mean**2 / size
        sums = np.minimum(sums, mean + _CUT * np.sqrt(mean + own) + _CUT)
        surplus = (sums - mean) ** 2 - mean - own
        thin = 1 / (mean + _SPARSE)
        bins = (_window_sums(self.bin_weight[:, None], window) / window) ** 2
        trust = bins if self.weight is None else bins * _window_sums(self.weight, window) / window
        thin = thin * bins
        columns = [surplus * trust, mean * trust, mean**2 * trust, surplus * thin, mean * thin, mean**2 * thin]
        total = np.stack([c.sum(axis=1) for c in columns], axis=1)
        rows = self.valid
        started = np.arange(len(rows)) >= self.needed + self.guard + window
        running = _running(np.where(started[:, None], total, 0)[rows])
        end = self.before[np.maximum(np.arange(len(rows)) - window + 1 - self.guard, 0)]
        start = np.maximum(end - 2 * self.length, 0)
        return _two_moments(*(running[end] - running[start]).T)


def _two_moments(
    surplus: np.ndarray,
    mean: np.ndarray,
    square: np.ndarray,
    thin_surplus: np.ndarray,
    thin_mean: np.ndarray,
    thin_square: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Solve surplus = c mean + d square in both weightings for c, d >= 0, with a weak prior on each."""
    mean, thin_mean = mean + _PRIOR_WEIGHT, thin_mean + _PRIOR_WEIGHT
    square = square + _PRIOR_WEIGHT
    surplus = surplus + _PRIOR_WEIGHT * (_CLUSTERING_PRIOR + _DISPERSION_PRIOR)
    thin_surplus = thin_surplus + _PRIOR_WEIGHT * _CLUSTERING_PRIOR
    determinant = mean * thin_square - square * thin_mean
    safe = np.where(np.abs(determinant) > 1e-9, determinant, np.inf)
    clustering = (surplus * thin_square - square * thin_surplus) / safe
    dispersion = (mean * thin_surplus - surplus * thin_mean) / safe
    only_clustering = np.clip(surplus / mean, 0, 10)
    only_dispersion = np.clip(surplus / square, 0, 3)
    clustering, dispersion = (
        np.where(dispersion < 0, only_clustering, np.where(clustering < 0, 0, clustering)),
        np.where(clustering < 0, only_dispersion, np.where(dispersion < 0, 0, dispersion)),
    )
    return np.clip(clustering, 0, 10), np.clip(dispersion, 1e-4, 3)


def _running(values: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])


def _window_sums(values: np.ndarray, window: int) -> np.ndarray:
    """Sum over the *window* rows ending at each row; shorter at the beginning."""
    total = _running(values)
    times = np.arange(1, len(values) + 1)
    return total[times] - total[np.maximum(times - window, 0)]


def _phase_factors(cube: SpaceTimeCube, length: int) -> np.ndarray:
    """(n_times,) factor of each bin's phase of the week, from the bins before it, mean about 1."""
    phases = _PHASES[cube.bin]
    times = np.arange(cube.n_times)
    if phases == 1:
        return np.ones(cube.n_times)
    hours = cube.bins.astype("datetime64[h]").astype(np.int64)
    phase = (hours // 24 % 7) if phases == 7 else hours % 168
    total = _without_peaks(cube.counts.sum(axis=1)) * cube.valid
    rows = np.zeros((cube.n_times, phases))
    rows[times, phase] = total
    seen = np.zeros_like(rows)
    seen[times, phase] = cube.valid
    rows, seen = _running(rows)[:-1], _running(seen)[:-1]
    start = np.maximum(times - length, 0)
    sums, days = rows[times] - rows[start], seen[times] - seen[start]
    level = sums.sum(axis=1, keepdims=True) / np.maximum(days.sum(axis=1, keepdims=True), 1)
    factors = (sums + _WEEKDAY_PRIOR) / (level * days + _WEEKDAY_PRIOR)
    return (factors / factors.mean(axis=1, keepdims=True))[times, phase]


def _without_peaks(total: np.ndarray, reach: int = 28) -> np.ndarray:
    """Cut single bins above two and a half times the running median before them, so a storm makes no weekday."""
    middle = pd.Series(total).rolling(reach, min_periods=1).median().shift().fillna(np.inf)
    return np.minimum(total, 2.5 * middle.to_numpy() + 3)


def find_outages(total: np.ndarray, bin: str = "day", reach: int = 28, share: float = 0.4) -> np.ndarray:
    """(n_times,) bool, True where the whole city reported so little that data must be missing.

    A day (hours are judged by their day) or week is low when it holds less than *share* of the median of the last
    *reach* complete bins and the Poisson chance of so few is below 1e-6. Low bins are outages, unless a low day comes
    every week among ordinary ones: that is a weekend. The first seven bins are taken as complete.
    """
    per_day = 24 if bin == "hour" else 1
    days = np.add.reduceat(total, np.arange(0, len(total), per_day)) if len(total) else total
    low, out = np.zeros(len(days), dtype=bool), np.zeros(len(days), dtype=bool)
    for i, value in enumerate(days):
        known = np.flatnonzero(~out[:i])[-reach:]
        if len(known) < 7:
            continue
        usual = float(np.median(days[known]))
        # Chernoff bound on P(Poisson(usual) <= value): exact enough to say "impossible"
        log_chance = value - usual + (value * np.log(usual / value) if value > 0 and usual > 0 else 0.0)
        low[i] = usual > 0 and value < share * usual and log_chance < np.log(1e-6)
        weekend = bin != "week" and low[i - 7] and low[i - 6 : i].sum() <= 2
        out[i] = low[i] and not weekend
    return np.repeat(out, per_day)[: len(total)]
