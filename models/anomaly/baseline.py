"""What a unit's rate is while nothing changes: learned before a window, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...cube import SpaceTimeCube
from .past import BINS_A_DAY, PHASES, phase_factors, running_sums, two_moments

_CUT = 10.0  # deviations beyond which one surge says no more about the ordinary spread
_SPARSE = 0.1  # expected incidents below which a unit tells of clustering rather than of dispersion
_SURE = 1e-6  # the drift a baseline is never believed to be free of


@dataclass(frozen=True)
class InControl:
    """The state of control as seen from one bin.

    The rate of each unit per bin (at weekday factor 1) is gamma with `shape` and mean `level`, both (n_cells,); a
    single bin of mean m varies by m (1 + `clustering`) + m² `dispersion` about it. `ready` says whether the past is
    long enough for anything to be said.
    """

    bin: int
    ready: bool
    level: np.ndarray
    shape: np.ndarray
    clustering: float
    dispersion: float


class Baseline:
    """In-control rates at every bin, from the complete bins that end *reach* bins before it.

    The window of *reach* bins that ends at a bin is judged against the `baseline` bins before that window, so nothing
    judged is among what it is judged by, and nothing later is looked at. A unit's gamma prior has the mean of its
    siblings (per head, where `by_exposure` and all exposures are known) and is as strong as siblings are alike.
    Clustering and dispersion are pooled over the cube by moments of single bins; what windows of *reach* bins vary
    beyond that is drift, and makes the rate less sure. Of the cube's factors, `load` multiplies what is expected of a
    bin, bins that are not `baseline` are no part of any, and a baseline begins no earlier than its `regime`.
    """

    def __init__(
        self,
        cube: SpaceTimeCube,
        baseline: int,
        reach: int,
        min_history: int,
        by_exposure: bool = False,
        alone: bool = False,
        beside: np.ndarray | None = None,
    ) -> None:
        per_day = BINS_A_DAY[cube.bin]
        self.counts, self.valid, self.reach = cube.counts, cube.valid, reach
        self.length = max(round(baseline * per_day), 4)
        self.needed = min(max(round(min_history * per_day), 4), self.length)
        self.phases = PHASES[cube.bin]
        self.phase_factor = phase_factors(cube, self.length)
        self.load = (
            np.broadcast_to(np.asarray(cube.factors.get("load", 1.0), dtype=float), self.valid.shape) * self.valid
        )
        self.factor = self.phase_factor * self.load
        self.usable = self.valid & cube.factors.get("baseline", True)
        self.regime = cube.factors.get("regime", np.zeros(cube.n_times, dtype=np.int64))
        _, self.group = np.unique(cube.parents, return_inverse=True)
        known = by_exposure and bool((cube.exposure > 0).all())
        self.share = cube.exposure / cube.exposure.mean() if known else np.ones(cube.n_cells)
        self.group_share = np.bincount(self.group, weights=self.share)
        self.alone, self.beside = alone or cube.n_cells == 1, beside

    def walk(self, first: int = 0) -> Iterator[InControl]:
        """The state of control at every bin from *first* on; earlier bins are walked through and not told."""
        n_times, n_cells = self.counts.shape
        complete, before = np.flatnonzero(self.usable), running_sums(self.usable)
        seen, other, span = np.zeros(n_cells), np.zeros(n_cells), 0.0
        window, moments = np.zeros(n_cells), _Moments(n_times, self.reach, 2 * self.length)
        start = end = 0
        for now in range(n_times):
            oldest = before[self.regime[now]]
            last = max(before[max(now - self.reach + 1, 0)], oldest)
            for old in complete[end:last]:
                seen, span = seen + self.counts[old], span + self.factor[old]
                other = other if self.beside is None else other + self.beside[old]
            first_used = max(last - self.length, oldest)
            for old in complete[start:first_used]:
                seen, span = seen - self.counts[old], span - self.factor[old]
                other = other if self.beside is None else other - self.beside[old]
            start, end = first_used, last
            level, shape = self._posterior(np.maximum(seen, 0.0), max(span, 0.0), np.maximum(other, 0.0))
            ready = end - start >= self.needed
            clustering, dispersion, drift = moments.at(now)
            if now >= first:
                shape_now = 1 / (1 / shape + drift)
                yield InControl(now, ready, level, shape_now, clustering, dispersion)
            window = window + self.counts[now] * self.valid[now]
            if now >= self.reach:
                window = window - self.counts[now - self.reach] * self.valid[now - self.reach]
            if ready and self.valid[now]:
                load = self.factor[max(now - self.reach + 1, 0) : now + 1]
                moments.add(now, self.counts[now], window, level, shape, load)

    def window_load(self, now: int) -> tuple[np.ndarray, np.ndarray]:
        """(load, kind) of the bins of the window that ends at *now*, (at most reach,) each.

        The load is the factor of the bin, as last estimated for its phase of the week, 0 where the bin is incomplete;
        bins of one kind have one load.
        """
        first = max(now - self.reach + 1, 0)
        since = (now - np.arange(first, now + 1)) % self.phases
        load = self.phase_factor[np.maximum(now - since, 0)] * self.load[first : now + 1]
        return load, np.unique(load, return_inverse=True)[1]

    def _posterior(self, seen: np.ndarray, span: float, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and shape of each unit's rate, from its own baseline and what it borrows from."""
        if self.alone:
            return (seen + 1.0) / max(span, 1e-9), seen + 1.0
        rate = self._group_rate(seen, span)
        if other.any():
            beside, _ = self._pool(other, span, self._group_rate(other, span))
            rate = beside * ((seen.sum() + 0.5) / other.sum())
        return self._pool(seen, span, rate)

    def _group_rate(self, seen: np.ndarray, span: float) -> np.ndarray:
        """Each unit's share of the rate of all its siblings."""
        total = np.bincount(self.group, weights=seen) + 0.5
        return (total / np.maximum(self.group_share * span, 1e-9))[self.group] * self.share

    def _pool(self, seen: np.ndarray, span: float, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and shape of the gamma posterior whose prior has mean *rate*, as strong as units keep to it."""
        expected = rate * span
        between = ((seen - expected) ** 2 - expected).sum() / max((expected**2).sum(), 1e-9)
        prior = 1 / np.clip(between, 0.02, 5.0)
        return (seen + prior) / (span + prior / np.maximum(rate, 1e-12)), seen + prior


class _Moments:
    """Clustering, dispersion and drift by pooled moments of what has passed, as seen a window later."""

    def __init__(self, n_times: int, reach: int, memory: int) -> None:
        self.rows = np.zeros((n_times, 8))
        self.reach, self.memory, self.known = reach, memory, (0.05, 0.05, 0.0)

    def at(self, now: int) -> tuple[float, float, float]:
        """(clustering, dispersion, drift) from the bins more than a window before *now*."""
        end = max(now - self.reach + 1, 0)
        total = self.rows[max(end - self.memory, 0) : end].sum(axis=0)
        clustering, dispersion = (float(v) for v in two_moments(*total[:6]))
        drift = float(np.clip(total[6] / (total[7] + 1.0), 0.0, 3.0)) + _SURE
        self.known = clustering, dispersion, drift
        return self.known

    def add(
        self, now: int, counts: np.ndarray, window: np.ndarray, level: np.ndarray, shape: np.ndarray, load: np.ndarray
    ) -> None:
        """Take in the bin *now* and the window that ends there; *load* are the factors of the window's bins."""
        clustering, dispersion, drift = self.known
        mean, unsure = level * load[-1], 1 / shape
        spread = np.sqrt(mean * (1 + clustering) + mean**2 * (unsure + dispersion + drift))
        surplus = (np.minimum(counts, mean + _CUT * spread + _CUT) - mean) ** 2 - mean - mean**2 * unsure
        thin = 1 / (mean + _SPARSE)
        whole, square = level * load.sum(), level**2 * (load**2).sum()
        noise = whole * (1 + clustering) + square * dispersion + whole**2 * unsure
        odd = np.minimum(window, whole + _CUT * np.sqrt(noise + whole**2 * drift) + _CUT)
        slow = (odd - whole) ** 2 - noise
        parts = (surplus, mean, mean**2, surplus * thin, mean * thin, mean**2 * thin, slow, whole**2)
        self.rows[now] = [part.sum() for part in parts]
