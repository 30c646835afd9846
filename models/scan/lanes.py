"""How the counts of spans and replicates lie side by side in 64-bit words, and what each block of zones needs."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .kernels import WORDS, count_blocks, fill_needs, fill_table, pack
from .likelihood import EXPECTATION
from .nulls import Null
from .windows import Zones

_FINE = 2048  # cases up to which every number has its own entry in the table of needs
_IN_CACHE = 1 << 19  # bytes of counts one pass holds: what a core keeps near


class Lanes:
    """Sixteen counts below 2^15, or eight below 2^31, in a group of four words.

    Few spans leave room for several replicates in a group (`slots`); many spans take several groups.
    """

    def __init__(self, spans: np.ndarray, n_bins: int, bits: int):
        n_spans, per_group = len(spans), WORDS * 64 // bits
        self.bits, self.n_bins = bits, n_bins
        width = min(1 << (n_spans - 1).bit_length(), per_group)
        self.slots, self.groups = per_group // width, -(-n_spans // per_group)
        lane = np.arange(self.groups * per_group)
        self.span = np.where(lane % width + lane // per_group * per_group < n_spans, lane, -1)
        if self.slots > 1:
            self.span = np.where(lane % width < n_spans, lane % width, -1)
        self.slot = lane % per_group // width
        self._spans = spans

    @cached_property
    def ones(self) -> np.ndarray:
        """(slots, n_bins, groups, WORDS): a one in each lane whose span holds the bin."""
        lane = np.flatnonzero(self.span >= 0)
        first, end = self._spans[self.span[lane]].T
        holds = (np.arange(self.n_bins)[:, None] >= first) & (np.arange(self.n_bins)[:, None] < end)
        per_word = 64 // self.bits
        one = np.uint64(1) << (lane % per_word * self.bits).astype(np.uint64)
        words = np.zeros((self.slots, self.n_bins, self.groups * WORDS), dtype=np.uint64)
        for slot in range(self.slots):
            mine = self.slot[lane] == slot
            bits = np.where(holds[:, mine], one[mine], np.uint64(0))
            for bin_ in range(self.n_bins):
                np.bitwise_or.at(words[slot, bin_], lane[mine] // per_word, bits[bin_])
        return words.reshape(self.slots, self.n_bins, self.groups, WORDS)

    def replicates_of_a_pass(self, n_sites: int) -> int:
        """How many replicates to look at together, so that their counts stay in the cache."""
        return max(1, _IN_CACHE // (n_sites * WORDS * 8 * self.groups)) * self.slots

    def packed(self, drawn: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Words (n_groups, n_sites, WORDS) of the replicates, and the replicate of each lane."""
        packs = -(-len(drawn) // self.slots)
        words = np.zeros((packs * self.groups, drawn[0].shape[1], WORDS), dtype=np.uint64)
        replicate = np.full((packs, len(self.span)), -1, dtype=np.int64)
        for number, counts in enumerate(drawn):
            place, slot = divmod(number, self.slots)
            at = slice(place * self.groups, (place + 1) * self.groups)
            pack(np.ascontiguousarray(counts, dtype=np.int64), self.ones[slot], words[at])
            replicate[place, (self.slot == slot) & (self.span >= 0)] = number
        return words, replicate.ravel()

    def holds(self, counts: np.ndarray, longest: int) -> bool:
        """Whether no lane can overflow, whichever *longest* sites a zone is made of."""
        return largest_zone(counts, longest) < 2.0 ** (self.bits - 1)


def largest_zone(counts: np.ndarray, longest: int) -> float:
    """What *longest* sites of (n_bins, n_sites) counts hold at most."""
    held = counts.sum(axis=0)
    return float(np.partition(held, -longest)[-longest:].sum()) if longest < len(held) else float(held.sum())


def needs_of(zones: Zones, lanes: Lanes, baseline: np.ndarray, null: Null, floor: float) -> np.ndarray:
    """(n_blocks, groups, WORDS) what each block of zones needs to pass *floor*; *baseline* (n_sites, n_spans)."""
    first = count_blocks(zones.start)
    needs = np.zeros((int(first[-1]), lanes.groups, WORDS), dtype=np.uint64)
    penalties, table = np.unique(zones.penalty, return_inverse=True)
    grid = _grid(null.cases if null.kind != EXPECTATION else 2 * (null.cases + null.mass), 2 ** (lanes.bits - 1) - 2)
    tables = np.empty((len(penalties), len(grid)))
    for row, penalty in zip(tables, penalties, strict=True):
        fill_table(null.kind, null.cases, null.mass, floor * (1 - 1e-9) / penalty, grid, row)
    members, start, lowest = zones.members, zones.start, zones.lowest
    fill_needs(members, start, lowest, grid, tables, table.ravel(), baseline, lanes.span, lanes.bits, first, needs)
    return needs


def _grid(most: float, limit: int) -> np.ndarray:
    """Numbers of cases up to *most*: all small ones, of the large ones one in five hundred."""
    fine = np.arange(min(most, _FINE) + 1)
    steps = np.log(max(most, 1.0) / _FINE) * _FINE / 4
    coarse = _FINE * np.exp(np.arange(1, int(steps) + 2) * 4 / _FINE) if steps > 0 else np.empty(0)
    return np.unique(np.minimum(np.concatenate([fine, np.floor(coarse)]), limit)).astype(np.int64)
