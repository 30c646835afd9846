"""The two loops over all windows: one that looks at every window, one that skips whole blocks of them.

A row of zones is walked once; the counts of all spans are carried along. `best_of_rows` asks for the ratio of every
window. `largest_in_lanes` is for replicates, of which only the largest ratio is wanted: sixteen (or eight) counts lie
side by side in four 64-bit words and are added at once, and a block of zones is entered only if the counts at its
end reach what its smallest zone would need to pass a floor. It finds the same maximum to the last bit, because what
it does enter is computed by the same sums in the same order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .likelihood import BERNOULLI, EXPECTATION, SCORE, expected_of, ratio_of, risk_of

WORDS = 4
"""64-bit words in a group of lanes: one register of 256 bits."""

_BLOCK = 16  # members of the longest block


@njit(cache=True, nogil=True)
def _block_end(k: int) -> int:
    """End of the block of zones that begins at the k-th member: blocks grow with the zone, by a sixteenth."""
    return k + min(max(1, k >> 4), _BLOCK)


@njit(cache=True, nogil=True)
def count_blocks(start: np.ndarray) -> np.ndarray:
    """(n_rows + 1,) where each row's blocks begin, among those of all rows."""
    first = np.zeros(len(start), dtype=np.int64)
    for row in range(len(start) - 1):
        k, n = 0, start[row + 1] - start[row]
        blocks = 0
        while k < n:
            k = _block_end(k)
            blocks += 1
        first[row + 1] = first[row] + blocks
    return first


@njit(cache=True, nogil=True)
def _value(
    kind: int, c: float, signal: float, mu: float, cases: float, mass: float, side: int, least: float, risk: float
) -> float:
    """The statistic of one window, 0 where it is not on the wanted side, or too small to be told."""
    if mu <= 0:
        return 0.0
    if kind == SCORE:
        return signal * signal / (2 * mu) if signal * side > 0 and (side < 0 or c >= least) else 0.0
    if (c - expected_of(kind, mu, cases, mass)) * side <= 0 or (kind != EXPECTATION and mu >= mass):
        return 0.0
    if side > 0 and (c < least or (risk > 1 and risk_of(kind, c, mu, cases, mass) < risk)):
        return 0.0
    return ratio_of(kind, c, mu, cases, mass)


@njit(cache=True, nogil=True)
def _cannot_beat(kind: int, c: float, mu: float, mass: float, best: float) -> bool:
    """Whether a quadratic bound, without a logarithm, keeps a window of excess cases below *best*.

    (1 + u) ln(1 + u) - u <= u^2 / 2 for u >= 0, and (1 - v) ln(1 - v) + v <= v^2 for 0 <= v <= 1.
    """
    if kind in (BERNOULLI, SCORE) or c <= mu or mu <= 0:
        return False
    excess = c - mu
    bound = excess * excess / (2 * mu)
    if kind != EXPECTATION:
        bound += excess * excess / (mass - mu)
    return bound <= best


@njit(cache=True, nogil=True)
def best_of_rows(
    members: np.ndarray,
    start: np.ndarray,
    lowest: np.ndarray,
    penalty: np.ndarray,
    counts: np.ndarray,
    signal: np.ndarray,
    baseline: np.ndarray,
    kind: int,
    cases: float,
    mass: float,
    side: int,
    least: float,
    risk: float,
    best: np.ndarray,
    length: np.ndarray,
    window: np.ndarray,
) -> None:
    """For each row its largest statistic, the length of that zone and its span; of equals the smallest zone.

    counts, signal, baseline : (n_sites, n_spans); *signal* is the summed residual for SCORE, whose *baseline* is the
    variance, and the counts otherwise. side : 1 high, -1 low. The last three are written, (n_rows,) each.
    """
    n_spans = counts.shape[1]
    for row in range(len(start) - 1):
        c, x, mu = np.zeros(n_spans), np.zeros(n_spans), np.zeros(n_spans)
        best[row], length[row], window[row] = 0.0, 0, 0
        for k in range(start[row], start[row + 1]):
            site = members[k]
            size = k - start[row] + 1
            for w in range(n_spans):
                c[w] += counts[site, w]
                mu[w] += baseline[site, w]
                if kind == SCORE:
                    x[w] += signal[site, w]
                if size < lowest[row] or (side > 0 and c[w] < least):
                    continue
                if side > 0 and _cannot_beat(kind, c[w], mu[w], mass, best[row] / penalty[row]):
                    continue
                value = _value(kind, c[w], x[w], mu[w], cases, mass, side, least, risk) * penalty[row]
                if value > best[row]:
                    best[row], length[row], window[row] = value, size, w


@njit(cache=True, nogil=True)
def pack(counts: np.ndarray, lanes: np.ndarray, words: np.ndarray) -> None:
    """Add a replicate's counts (n_bins, n_sites) to the lanes of its spans.

    lanes : (n_bins, n_groups, WORDS) ones in the lanes of the spans that hold the bin; words : (n_groups, n_sites,
    WORDS). No lane may reach half its range.
    """
    for t in range(counts.shape[0]):
        for site in range(counts.shape[1]):
            c = np.uint64(counts[t, site])
            if c:
                for g in range(words.shape[0]):
                    for j in range(WORDS):
                        words[g, site, j] += c * lanes[t, g, j]


@njit(cache=True, nogil=True)
def fill_table(kind: int, cases: float, mass: float, floor: float, grid: np.ndarray, table: np.ndarray) -> None:
    """For every number of cases of *grid* the baseline up to which its ratio passes *floor*, by bisection."""
    table[0] = 0.0
    for i in range(1, len(grid)):
        c = float(grid[i])
        low, high = table[i - 1], c * mass / cases if kind == BERNOULLI else c
        if kind != EXPECTATION:
            high = min(high, mass)
        if kind == BERNOULLI:
            low = min(max(low, c), high)
        if kind != EXPECTATION and c > cases:
            low = high
        for _ in range(60):
            middle = 0.5 * (low + high)
            if middle <= low or middle >= high:
                break
            if ratio_of(kind, c, middle, cases, mass) > floor:
                low = middle
            else:
                high = middle
        table[i] = max(high, table[i - 1])


@njit(cache=True, nogil=True)
def fill_needs(
    members: np.ndarray,
    start: np.ndarray,
    lowest: np.ndarray,
    grid: np.ndarray,
    tables: np.ndarray,
    table: np.ndarray,
    baseline: np.ndarray,
    lane_span: np.ndarray,
    bits: int,
    first_block: np.ndarray,
    needs: np.ndarray,
) -> None:
    """For each block and lane, the half range less the fewest cases with which its smallest zone may pass the floor.

    Added to the counts of a lane it sets the lane's top bit where they are enough. grid : (n_grid,) numbers of cases
    from 0 on; tables : (n_penalties, n_grid) the baseline up to which so many cases pass; table : (n_rows,) which of
    them; baseline : (n_sites, n_spans); lane_span : (n_lanes,) span, -1 none; needs : (n_blocks, n_groups, WORDS),
    written. More cases than the grid has are always looked at.
    """
    half, per_word = np.uint64(1) << np.uint64(bits - 1), 64 // bits
    n_grid, n_spans = len(grid), baseline.shape[1]
    for row in range(len(start) - 1):
        cut = tables[table[row]]
        mu, place = np.zeros(n_spans), np.ones(n_spans, dtype=np.int64)
        k, n, block = 0, start[row + 1] - start[row], first_block[row]
        while k < n:
            end = min(_block_end(k), n)
            needs[block] = 0
            for w in range(n_spans):
                mu[w] += baseline[members[start[row] + k], w]
                while place[w] < n_grid and cut[place[w]] <= mu[w]:
                    place[w] += 1
            if end >= lowest[row]:
                for lane in range(len(lane_span)):
                    if lane_span[lane] >= 0:
                        least = np.uint64(grid[place[lane_span[lane]] - 1] + 1)
                        word, at = lane // per_word, lane % per_word
                        needs[block, word // WORDS, word % WORDS] |= (half - least) << np.uint64(bits * at)
            for i in range(k + 1, end):
                for w in range(n_spans):
                    mu[w] += baseline[members[start[row] + i], w]
            k, block = end, block + 1


@njit(cache=True, nogil=True)
def _look_closer(
    ring: np.ndarray,
    k: int,
    end: int,
    lowest: int,
    penalty: float,
    column: np.ndarray,
    shift: np.uint64,
    mask: np.uint64,
    reached: float,
    baseline: np.ndarray,
    kind: int,
    cases: float,
    mass: float,
    least: float,
    risk: float,
    best: float,
) -> float:
    """The larger of *best* and the largest ratio of one lane in zones k to end of a row."""
    mu, c = 0.0, reached
    for i in range(k + 1):
        mu += baseline[ring[i]]
    if kind != BERNOULLI and mu > 0 and _value(kind, reached, 0.0, mu, cases, mass, 1, 0.0, 1.0) * penalty <= best:
        return best
    for i in range(k, end):
        c -= float((column[ring[i]] >> shift) & mask)
    for i in range(k, end):
        c += float((column[ring[i]] >> shift) & mask)
        if i > k:
            mu += baseline[ring[i]]
        if i + 1 >= lowest and c >= least:
            value = _value(kind, c, 0.0, mu, cases, mass, 1, least, risk) * penalty
            best = max(best, value)
    return best


@njit(cache=True, nogil=True)
def largest_in_lanes(
    members: np.ndarray,
    start: np.ndarray,
    lowest: np.ndarray,
    penalty: np.ndarray,
    words: np.ndarray,
    needs: np.ndarray,
    first_block: np.ndarray,
    lane_span: np.ndarray,
    lane_replicate: np.ndarray,
    bits: int,
    baseline: np.ndarray,
    kind: int,
    cases: float,
    mass: float,
    least: float,
    risk: float,
    best: np.ndarray,
) -> None:
    """Raise *best*, (n_replicates,), which holds the floor, to each replicate's largest ratio where one passes it.

    words : (n_groups, n_sites, WORDS) counts in lanes; needs : (n_blocks, n_need_groups, WORDS), used in turn;
    lane_span : of the lanes of the need groups; lane_replicate : (n_groups * n_lanes_of_a_group,) replicate, -1 none.
    """
    high, mask = np.uint64(0), (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    per_word = 64 // bits
    for i in range(per_word):
        high |= np.uint64(1) << np.uint64(bits * (i + 1) - 1)
    n_needs = needs.shape[1]
    for row in range(len(start) - 1):
        ring = members[start[row] : start[row + 1]]
        n = len(ring)
        for g in range(words.shape[0]):
            here, need = words[g], g % n_needs
            a, b, c, d = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
            k, block = 0, first_block[row]
            while k < n:
                end = min(_block_end(k), n)
                for i in range(k, end):
                    site = ring[i]
                    a += here[site, 0]
                    b += here[site, 1]
                    c += here[site, 2]
                    d += here[site, 3]
                p, q = a + needs[block, need, 0], b + needs[block, need, 1]
                r, s = c + needs[block, need, 2], d + needs[block, need, 3]
                if (p | q | r | s) & high:
                    for j in range(WORDS):
                        hit = (p if j == 0 else q if j == 1 else r if j == 2 else s) & high
                        full = a if j == 0 else b if j == 1 else c if j == 2 else d
                        for i in range(per_word):
                            shift = np.uint64(bits * i)
                            if not (hit >> (shift + np.uint64(bits - 1))) & np.uint64(1):
                                continue
                            replicate = lane_replicate[(g * WORDS + j) * per_word + i]
                            w = lane_span[(need * WORDS + j) * per_word + i]
                            if replicate < 0 or w < 0:
                                continue
                            best[replicate] = _look_closer(
                                ring,
                                k,
                                end,
                                lowest[row],
                                penalty[row],
                                here[:, j],
                                shift,
                                mask,
                                float((full >> shift) & mask),
                                baseline[w],
                                kind,
                                cases,
                                mass,
                                least,
                                risk,
                                best[replicate],
                            )
                k, block = end, block + 1
