"""The past of every cell as running sums, and what it foretells: rates, weekdays, dispersion, habits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from ...cube import SpaceTimeCube
from ..significance import nb_log_sf
from .day_profile import day_factors

if TYPE_CHECKING:
    from .predictive import NegativeBinomialPredictive

BINS_A_DAY = {"hour": 24.0, "day": 1.0, "week": 1 / 7}
PHASES = {"hour": 168, "day": 7, "week": 1}
_WEEKDAY_PRIOR = 30.0  # incidents: a weekday's factor is trusted once its class has this many
_DISPERSION_PRIOR, _CLUSTERING_PRIOR, _PRIOR_WEIGHT = 0.05, 0.05, 1.0  # weight in expected incidents
_SURPRISING = np.log(0.01)  # tails below this are held against how often as much was seen before
_SPARSE = 0.1  # expected incidents below which a cell tells of clustering rather than of dispersion
_TOGETHER = 0.05  # dispersion allowed a whole class before a bin counts as a surge of all its cells together
_RENEWED = 7.0  # days after which a baseline that was begun anew is scored: its shortness is in the predictive
_DOUBTFUL = 4.0  # a festival whose effect is as doubtful as d counts 1 / (1 + 4 d) in later baselines
_CUT = 5.0  # deviations beyond which a single past surge says no more about the ordinary spread


@dataclass(frozen=True)
class Round:
    """One window length, scored at every bin."""

    observed: np.ndarray
    mean: np.ndarray
    size: np.ndarray
    log_p: np.ndarray


class Past:
    """Running sums over the complete bins of a cube, from which any baseline is a difference of two rows."""

    def __init__(
        self,
        cube: SpaceTimeCube,
        model: NegativeBinomialPredictive,
        columns: np.ndarray | None = None,
        pooled: np.ndarray | None = None,
    ):
        """Of the cells in *columns* (default: all); what is pooled is learned from those of them that are *pooled*."""
        per_day = BINS_A_DAY[cube.bin]
        self.bin = cube.bin
        self.hour = cube.bins.astype("datetime64[h]").astype(np.int64) % 24
        self.whole = cube.counts
        self.counts = (cube.counts if columns is None else cube.counts[:, columns]).astype(float)
        self.pooled = slice(None) if pooled is None else np.flatnonzero(pooled)
        self.valid = cube.valid
        self.usable = self.valid & cube.factors.get("baseline", True)
        self.doubt = cube.factors.get("doubt", np.zeros(cube.n_times))
        self.siblings = model.siblings_
        self.group = np.asarray(self.siblings.argmax(axis=1)).ravel()[slice(None) if columns is None else columns]
        self.group_total = None if columns is None else cube.counts @ self.siblings
        self.length = max(round(model.baseline * per_day), 4)
        self.guard = int(np.ceil(model.guard * per_day))
        self.needed = max(round(model.min_history * per_day), 4)
        self.renewed = max(round(_RENEWED * per_day), 2)
        self.before = running_sums(self.usable)
        self.oldest = self.before[cube.factors.get("regime", np.zeros(cube.n_times, dtype=np.int64))]
        self.by_hour = model.counts_today(cube.bin)
        phases = day_factors if self.by_hour else phase_factors
        self.factor = phases(cube, self.length) * cube.factors.get("load", 1.0)
        self.trust = 1 / (1 + _DOUBTFUL * self.doubt)
        self.weight: np.ndarray | None = None
        self.running: tuple[np.ndarray, np.ndarray] | None = None
        self.bin_weight = np.ones(len(self.counts))

    def predict(self, window: int | np.ndarray, first: int = 0) -> Round:
        """Predictive mean, size and log tail of the sum over *window* bins ending at each bin from *first* on.

        An array gives each bin a window of its own, as the hours since midnight have.
        """
        times = np.arange(self.counts.shape[0])
        start, end = self._reach(times, window)
        ready = self._ready(end)
        seen, span = self._baseline_sums(start, end)
        shape_prior, rate_prior = self._sibling_prior(seen, span, start, end)
        load = _window_sums((self.factor * self.valid)[:, None], window)
        doubt = _window_sums((self.factor * self.valid * np.sqrt(self.doubt))[:, None], window)
        doubt = (doubt / np.maximum(load, 1e-9)) ** 2  # the days of one festival are doubtful together
        size = seen + shape_prior
        mean = size / np.maximum(span + rate_prior, 1e-9) * load
        observed = _window_sums(self.counts * self.valid[:, None], window)
        clustering, dispersion = self._dispersion(mean, size, window)
        size = 1 / (1 / size + doubt + dispersion[:, None] + clustering[:, None] / np.maximum(mean, 1e-9))
        log_p = np.zeros(self.counts.shape)
        scored = (observed > 0) & (ready & self.valid & (times >= first))[:, None]
        rows, columns = np.nonzero(scored)
        log_p[rows, columns] = nb_log_sf(observed[rows, columns], mean[rows, columns], size[rows, columns])
        if self.weight is not None:
            self._admit_habits(log_p, observed, window)
        mean = np.where((end > start)[:, None], mean, 0.0)  # nothing is expected where nothing is known yet
        return Round(observed[first:], mean[first:], size[first:], log_p[first:])

    def _reach(self, times: np.ndarray, window: int | np.ndarray = 1) -> tuple[np.ndarray, np.ndarray]:
        """First and last (exclusive) usable bin of the baseline of the windows that end at *times*."""
        end = self.before[np.maximum(times - window + 1 - self.guard, 0)]
        end = np.maximum(end, self.oldest[times])
        return np.maximum(end - self.length, self.oldest[times]), end

    def _ready(self, end: np.ndarray) -> np.ndarray:
        """Whether baselines that end before *end* reach far enough; one begun anew may be short."""
        return end - self.oldest >= np.where(self.oldest > 0, self.renewed, self.needed)

    def quiet(self, first: int) -> np.ndarray:
        """(n_times - first, all cells) expected counts of single bins, as for a cell whose past had no surge."""
        times = np.arange(first, len(self.whole))
        start, end = self._reach(times)
        incidents = running_sums(self.whole[self.usable])
        exposure = running_sums(self.factor[self.usable])
        seen, span = incidents[end] - incidents[start], (exposure[end] - exposure[start])[:, None]
        rate = self._group_rate(start, end)[:, np.asarray(self.siblings.argmax(axis=1)).ravel()]
        shape = self.prior_shape[times]
        load = (self.factor * self.valid)[times, None]
        return (seen + shape) / np.maximum(span + shape / np.maximum(rate, 1e-9), 1e-9) * load

    def weigh(self, first: Round, threshold: float) -> None:
        """Give past surges, seen as such when they happened, less weight in later baselines."""
        score = norm.isf(np.exp(np.maximum(first.log_p, -600.0)))
        self.running = None
        self.weight = np.where(score > threshold, (np.maximum(score, threshold) / threshold) ** -2, 1.0)
        total, mean = (values[:, self.pooled].sum(axis=1) for values in (first.observed, first.mean))
        together = (total - mean) / np.sqrt(mean + _TOGETHER * mean**2 + 0.5)
        self.bin_weight = np.where(together > threshold, (np.maximum(together, threshold) / threshold) ** -2, 1.0)

    def _admit_habits(self, log_p: np.ndarray, observed: np.ndarray, window: int | np.ndarray) -> None:
        """What came at least twice in the two baselines before, to within a deviation, is no surprise.

        The tail is no less than its frequency.

        Down-weighting takes past surges for accidents; a market day every month is a habit. Overlapping windows
        count as one. Where the day so far is tested, only windows that ended at this hour of other days are looked
        at: a habit of the day is none of the night.
        """
        rows, columns = np.nonzero(log_p < _SURPRISING)
        if self.by_hour:
            window, apart = 1, np.arange(self.guard + 24, self.guard + 2 * self.length + 1, 24)
            past = rows[:, None] - apart[None, :]
        else:
            end = np.maximum(rows - window + 1 - self.guard, 0)
            past = end[:, None] - np.arange(1, 2 * self.length + 1)[None, :]
        seen = (past >= 0) & self.valid[np.maximum(past, 0)]
        now = observed[rows, columns]
        as_much = seen & (observed[np.maximum(past, 0), columns[:, None]] >= (now - np.sqrt(now))[:, None])
        times, chances = as_much.sum(axis=1) / window, np.maximum(seen.sum(axis=1) / window, 1)
        habit = times >= 2
        frequency = np.log(np.minimum(times / chances, 1.0), out=np.zeros(len(times)), where=habit)
        log_p[rows[habit], columns[habit]] = np.maximum(log_p[rows[habit], columns[habit]], frequency[habit])

    def _baseline_sums(self, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.running is None:
            weight = np.ones_like(self.counts) if self.weight is None else self.weight
            weight = (weight * self.trust[:, None])[self.usable]
            incidents = running_sums(weight * self.counts[self.usable])
            self.running = incidents, running_sums(weight * self.factor[self.usable, None])
        incidents, exposure = self.running
        return incidents[end] - incidents[start], exposure[end] - exposure[start]

    def _group_rate(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """(n_rows, n_groups) incidents per cell and bin of each group of siblings, from the whole grid."""
        sizes = np.asarray(self.siblings.sum(axis=0)).ravel()
        total = self.whole @ self.siblings if self.group_total is None else self.group_total
        incidents = running_sums(total[self.usable])
        exposure = running_sums(self.factor[self.usable])[:, None] * sizes
        return (incidents[end] - incidents[start] + 0.5) / np.maximum(exposure[end] - exposure[start], 1e-9)

    def _sibling_prior(
        self, seen: np.ndarray, span: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Shape and rate of each unit's gamma prior at each bin, from its siblings (Jeffreys' for an only child)."""
        if self.whole.shape[1] == 1:
            return np.full((1, 1), 0.5), np.zeros((1, 1))
        if self.group_total is None:
            rate = ((seen @ self.siblings + 0.5) / np.maximum(span @ self.siblings, 1e-9))[:, self.group]
        else:
            rate = self._group_rate(start, end)[:, self.group]
        expected = (rate * span)[:, self.pooled]
        between = ((seen[:, self.pooled] - expected) ** 2 - expected).sum(axis=1, keepdims=True)
        scale = np.maximum((expected**2).sum(axis=1, keepdims=True), 1e-9)
        self.prior_shape = shape = 1 / np.clip(between / scale, 0.02, 5.0)
        return shape, shape / np.maximum(rate, 1e-9)

    def _dispersion(
        self, mean: np.ndarray, size: np.ndarray, window: int | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Clustering c and dispersion d, (n_times,) each.

        The variance is m (1 + c) + m² d beyond the rate's own uncertainty.
        Two moment equations pooled over all cells and the baseline before each bin; one weighs sparse cells
        (where incidents come in clusters: c), one busy cells (d). Single surges are cut off at five deviations and
        count less among busy cells; a bin in which the whole class surged counts less everywhere.
        """
        sums = _window_sums(self.counts * self.valid[:, None], window)
        own = mean**2 / size
        sums = np.minimum(sums, mean + _CUT * np.sqrt(mean + own) + _CUT)
        surplus = (sums - mean) ** 2 - mean - own
        thin = 1 / (mean + _SPARSE)
        length = np.reshape(window, (-1, 1))
        bins = (_window_sums(self.bin_weight[:, None], window) / length) ** 2
        trust = bins if self.weight is None else bins * _window_sums(self.weight, window) / length
        thin = thin * bins
        columns = [surplus * trust, mean * trust, mean**2 * trust, surplus * thin, mean * thin, mean**2 * thin]
        total = np.stack([c[:, self.pooled].sum(axis=1) for c in columns], axis=1)
        rows = self.usable
        times = np.arange(len(rows))
        end = self._reach(times, window)[1]
        started = (times >= self.needed + self.guard + window) & self._ready(end)
        running = running_sums(np.where(started[:, None], total, 0)[rows])
        start = np.maximum(end - 2 * self.length, 0)
        return two_moments(*(running[end] - running[start]).T)


def two_moments(
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


def history_status(cube: SpaceTimeCube, needed: float) -> np.ndarray:
    """(n_cells,) `ok`, `empty class`, or `too few bins` where less than *needed* of the cube's bins are complete."""
    if cube.valid.sum() < needed:
        return np.full(cube.n_cells, "too few bins")
    return np.where(cube.counts.sum(axis=0) == 0, "empty class", "ok")


def running_sums(values: np.ndarray) -> np.ndarray:
    """(n + 1, ...) sums of the rows before each: row b less row a is the sum of the rows from a to b, b excluded."""
    total = np.zeros((len(values) + 1, *values.shape[1:]), np.cumsum(values[:1], axis=0).dtype)
    np.cumsum(values, axis=0, out=total[1:])
    return total


def _window_sums(values: np.ndarray, window: int | np.ndarray) -> np.ndarray:
    """Sum over the *window* rows (one number, or one of each row) ending at each row; shorter at the beginning."""
    total = running_sums(values)
    if isinstance(window, int):
        sums = total[1:].copy()
        sums[window:] -= total[1 : len(total) - window]
        return sums
    times = np.arange(1, len(values) + 1)
    return total[times] - total[np.maximum(times - window, 0)]


def phase_factors(cube: SpaceTimeCube, length: int) -> np.ndarray:
    """(n_times,) factor of each bin's phase of the week, from the bins before it, mean about 1.

    With the factor `day_type`, a day off has the phase of a Sunday and a moved working day that of a Monday.
    """
    phases = PHASES[cube.bin]
    times = np.arange(cube.n_times)
    if phases == 1:
        return np.ones(cube.n_times)
    hours = cube.bins.astype("datetime64[h]").astype(np.int64)
    day = hours // 24 % 7  # 1970-01-01 was a Thursday: 3 is a Sunday, 4 a Monday
    kind = cube.factors.get("day_type", np.full(cube.n_times, ""))
    day = np.where(kind == "holiday", 3, np.where(kind == "moved workday", 4, day))
    phase = day if phases == 7 else day * 24 + hours % 24
    total = cube.counts.sum(axis=1) / cube.factors.get("load", 1.0)
    total = without_peaks(np.where(cube.valid, total, np.nan))
    rows = np.zeros((cube.n_times, phases))
    rows[times, phase] = total
    seen = np.zeros_like(rows)
    seen[times, phase] = cube.valid
    rows, seen = running_sums(rows)[:-1], running_sums(seen)[:-1]
    start = np.maximum(times - length, 0)
    sums, days = rows[times] - rows[start], seen[times] - seen[start]
    level = sums.sum(axis=1, keepdims=True) / np.maximum(days.sum(axis=1, keepdims=True), 1)
    factors = (sums + _WEEKDAY_PRIOR) / (level * days + _WEEKDAY_PRIOR)
    return (factors / factors.mean(axis=1, keepdims=True))[times, phase]


def without_peaks(total: np.ndarray, reach: int = 28) -> np.ndarray:
    """Cut single bins above two and a half times the running median before them, so a storm makes no weekday.

    NaN, an incomplete bin, is in no median, so an outage does not lower the cut after it; it becomes 0.
    """
    middle = pd.Series(total).rolling(reach, min_periods=1).median().shift().ffill().fillna(np.inf)
    return np.nan_to_num(np.minimum(total, 2.5 * middle.to_numpy() + 3))
