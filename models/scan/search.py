"""Looking at every window of the data, and for the largest ratio of every replicate."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .kernels import best_of_rows, count_blocks, largest_in_lanes
from .lanes import Lanes, largest_zone, needs_of
from .likelihood import EXPECTATION, SCORE
from .nulls import Null
from .windows import Zones, in_spans

_PILOT_SHARE = 0.97  # of the smallest maximum of the first replicates: the floor of all others
_NEEDS_BYTES = 1_000_000_000  # of needs held at once; more spans are looked at in parts


class Search:
    """One null, its zones and spans, and what counts as a window worth telling.

    spans : (n_spans, 2) of bins; side : `high` or `low`; min_cases and min_relative_risk hold on the high side.
    """

    def __init__(
        self, null: Null, zones: Zones, spans: np.ndarray, *, side: str, min_cases: int, min_relative_risk: float
    ):
        self.null, self.zones = null, zones
        self.side = {"high": 1, "low": -1}[side]
        self.least, self.risk = float(min_cases), float(min_relative_risk)
        self.first = int(spans[:, 0].min())
        self.spans = spans - self.first
        self.baseline = in_spans(null.baseline[self.first :], self.spans)
        self._draw = null.sampler(self.first)
        self._floor = 0.0

    def observed(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per row of zones the largest statistic, the length of the zone and the number of the span."""
        return self._best(np.asarray(counts, dtype=float)[self.first :])

    def _best(self, scanned: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n_rows = self.zones.n_rows
        best, length, window = np.zeros(n_rows), np.zeros(n_rows, dtype=np.int64), np.zeros(n_rows, dtype=np.int64)
        inside = in_spans(scanned, self.spans)
        signal = in_spans(self.null.signal(scanned), self.spans) if self.null.kind == SCORE else inside
        zones = self.zones
        best_of_rows(
            zones.members,
            zones.start,
            zones.lowest,
            zones.penalty,
            inside,
            signal,
            self.baseline,
            self.null.kind,
            self.null.cases,
            self.null.mass,
            self.side,
            self.least,
            self.risk,
            best,
            length,
            window,
        )
        return best, length, window

    def maxima(self, seeds: list[np.random.SeedSequence]) -> np.ndarray:
        """The largest statistic of a replicate drawn from each of the seeds, 0 where no window is worth telling."""
        drawn = [self._draw(np.random.default_rng(seed)) for seed in seeds]
        found = np.zeros(len(drawn))
        if self._by_lanes and all(self._lanes[0].holds(counts, self._longest) for counts in drawn):
            found = self._above(self._floor or self._guess, drawn)
        for i in np.flatnonzero(found == 0):
            found[i] = self._best(drawn[i].astype(float))[0].max(initial=0.0)
        return found

    def set_floor(self, maxima: np.ndarray) -> None:
        """Take what the first replicates found as the floor the others start from: speed, never the answer."""
        self._floor = _PILOT_SHARE * float(maxima.min(initial=np.inf)) if len(maxima) else 0.0
        self._needs.clear()

    @property
    def replicates_of_a_pass(self) -> int:
        """How many replicates are best looked at together."""
        return self._lanes[0].replicates_of_a_pass(self.baseline.shape[0]) if self._by_lanes else 1

    @cached_property
    def _by_lanes(self) -> bool:
        return self.side > 0 and self.null.kind != SCORE

    @cached_property
    def _guess(self) -> float:
        return 0.35 * float(np.log(max(self.zones.n_zones * len(self.spans), 2)))

    @cached_property
    def _longest(self) -> int:
        return int(np.diff(self.zones.start).max(initial=1))

    @cached_property
    def _lanes(self) -> list[Lanes]:
        n_bins = len(self.null.baseline) - self.first
        reach = largest_zone(self.null.baseline[self.first :], self._longest)
        most = min(reach + 12 * np.sqrt(reach) + 100, np.inf if self.null.kind == EXPECTATION else self.null.cases)
        bits = 16 if most < 2**15 else 32
        blocks = int(count_blocks(self.zones.start)[-1])
        groups = max(1, _NEEDS_BYTES // max(blocks * 32, 1))
        part = groups * (256 // bits)
        return [Lanes(self.spans[i : i + part], n_bins, bits) for i in range(0, len(self.spans), part)]

    @cached_property
    def _needs(self) -> dict[tuple[int, float], np.ndarray]:
        return {}

    def _above(self, floor: float, drawn: list[np.ndarray]) -> np.ndarray:
        """The largest ratio of each replicate where it is above *floor*, else 0."""
        found = np.full(len(drawn), floor)
        done = 0
        for number, lanes in enumerate(self._lanes):
            n_spans = int(lanes.span.max()) + 1
            baseline = self.baseline[:, done : done + n_spans]
            done += n_spans
            needs = self._needs_for(number, lanes, baseline, floor)
            words, replicate = lanes.packed(drawn)
            zones = self.zones
            largest_in_lanes(
                zones.members,
                zones.start,
                zones.lowest,
                zones.penalty,
                words,
                needs,
                count_blocks(zones.start),
                lanes.span,
                replicate,
                lanes.bits,
                np.ascontiguousarray(baseline.T),
                self.null.kind,
                self.null.cases,
                self.null.mass,
                self.least,
                self.risk,
                found,
            )
        return np.where(found > floor, found, 0.0)

    def _needs_for(self, number: int, lanes: Lanes, baseline: np.ndarray, floor: float) -> np.ndarray:
        if len(self._lanes) > 1:  # too large to keep
            return needs_of(self.zones, lanes, np.ascontiguousarray(baseline), self.null, floor)
        if (number, floor) not in self._needs:
            self._needs[number, floor] = needs_of(self.zones, lanes, np.ascontiguousarray(baseline), self.null, floor)
        return self._needs[number, floor]
