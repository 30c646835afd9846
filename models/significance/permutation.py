"""Conditional permutation of a local statistic: one engine for Gi, local Moran, local Geary and their relatives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse

_ROUNDING = 1e-12  # sums of numbers that are not whole tie within this share of their largest possible size
_STRIDE = 64  # replicates worked on at a time, and between two looks at early stopping
_GOLDEN, _MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class PermutationTails:
    """p-values of every cell's statistic, each (n_cells,) and never 0.

    `upper` is P(statistic >= observed), `lower` P(statistic <= observed); a tie counts for both. `replicates` is how
    many shuffles each cell was given, at most those asked for.
    """

    upper: np.ndarray
    lower: np.ndarray
    replicates: np.ndarray

    @property
    def two_sided(self) -> np.ndarray:
        """min(1, 2 min(upper, lower)), (n_cells,)."""
        return np.minimum(2 * np.minimum(self.upper, self.lower), 1.0)


def permutation_tails(
    values: np.ndarray,
    weights: sparse.spmatrix,
    *,
    replicates: int = 999,
    random_state: int = 0,
    squared: bool = False,
    stop_after: int = 0,
    n_jobs: int = 1,
) -> PermutationTails:
    """Tails of every cell's weighted neighbourhood sum when all values but its own are shuffled over the other cells.

    Parameters
    ----------
    values : (n_cells,) the city's values. weights : (n_cells, n_cells) sparse, >= 0; the diagonal is left out.
    replicates : shuffles R. random_state : seed; every replicate has a stream of its own.
    squared : sum w (x_i - x_j)², as in local Geary, in place of sum w x_j, as in Gi, local Moran and join counts.
    stop_after : give up a cell once h shuffles were as extreme as it on both sides; 0 never does.
    n_jobs : threads. Their number changes nothing.

    Returns
    -------
    p = (1 + #{as extreme as observed}) / (R + 1), each side. *A tie is as extreme as observed*, so p is never too
    small: sums of whole numbers under equal weights are compared exactly, others within 1e-12 of their largest size.
    With *stop_after*, p = h / (shuffles until the h-th as extreme) where that came first (Besag & Clifford 1991).

    All cells read the same R random orders of the *sorted* values, and a cell of k neighbours takes the first k of
    each; where its own value is among them the next one stands in, which makes them a uniform draw of k from the
    others. So cells of equal value and weights share one null, re-ordered cells re-order the answer, and p is valid
    for every cell by itself, while cells share their Monte Carlo error. Where weights are equal within each row,
    one sorted null per number of neighbours serves all cells, corrected in the few shuffles that drew the cell itself.

    Raises
    ------
    ValueError
        If shapes do not match, a value is no finite number, or a weight is negative.

    Source
    ------
    Anselin (1995), Geographical Analysis 27(2); Besag & Clifford (1991), Biometrika 78(2).
    """
    values, links = _checked(values, weights)
    if replicates < 1 or stop_after < 0:
        raise ValueError("replicates must be at least 1 and stop_after at least 0")
    n, k = len(values), np.diff(links.indptr).astype(np.int64)
    ranked = np.sort(values)
    slot = np.searchsorted(ranked, values)
    draws = _draw_orders(stream_seeds(random_state, replicates), n, min(int(k.max(initial=0)) + 1, n))
    drawn = np.ascontiguousarray(ranked[draws.T])
    starts, places = _appearances(draws, n)
    equal = _equal_rows(links)
    observed, slack = _observed(values, links, squared, equal)
    if equal and not squared and not stop_after:
        sizes, row = np.unique(k, return_inverse=True)
        sums = np.vstack([np.zeros(replicates), np.cumsum(drawn, axis=0)])[sizes]
        rising = np.sort(sums, axis=1)
        hits = _shared_null(slot, k, row, observed, slack, ranked, drawn, sums, rising, starts, places)
        asked = np.full((2, n), replicates)
    else:
        rows = links.indptr.astype(np.int64), _falling(links)
        job = (ranked, slot, observed, slack, *rows, drawn, starts, places, squared, stop_after)
        hits, asked = _in_blocks(job, n, n_jobs)
    stopped = (hits >= stop_after) & (stop_after > 0)
    upper, lower = np.where(stopped, hits / np.maximum(asked, 1), (1 + hits) / (asked + 1))
    return PermutationTails(upper, lower, asked.max(axis=0))


def stream_seeds(random_state: int, replicates: int) -> np.ndarray:
    """(replicates,) 64-bit seeds, one stream for every replicate; the first ones stay when more are asked for."""
    return np.random.SeedSequence(random_state).generate_state(replicates, np.uint64)


def _checked(values: np.ndarray, weights: sparse.spmatrix) -> tuple[np.ndarray, sparse.csr_array]:
    values = np.asarray(values, dtype=float).ravel()
    if weights.shape != (len(values),) * 2:
        raise ValueError(f"weights must be {(len(values),) * 2} to match {len(values)} cells, not {weights.shape}")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite numbers")
    links = sparse.csr_array(weights, dtype=float)
    if (links.data < 0).any():
        raise ValueError("weights must be at least 0")
    if not links.data.all() or links.diagonal().any():
        found = links.tocoo()
        kept = (found.row != found.col) & (found.data > 0)
        links = sparse.csr_array((found.data[kept], (found.row[kept], found.col[kept])), shape=found.shape)
    return values, _unit_rows(links)


def _unit_rows(links: sparse.csr_array) -> sparse.csr_array:
    """Rows of equal weights as ones: whole numbers then have whole sums, and tails are the same."""
    if (links.data == 1.0).all():
        return links
    k = np.diff(links.indptr)
    first = np.ones(len(k))
    first[k > 0] = links.data[links.indptr[:-1][k > 0]]
    like_first = np.abs(links.data / np.repeat(first, k) - 1.0) < 1e-14
    unlike = np.bincount(np.repeat(np.arange(len(k)), k)[~like_first], minlength=len(k)) > 0
    return sparse.csr_array((np.where(np.repeat(unlike, k), links.data, 1.0), links.indices, links.indptr), links.shape)


def _equal_rows(links: sparse.csr_array) -> bool:
    return bool((links.data == 1.0).all())


def _falling(links: sparse.csr_array) -> np.ndarray:
    """The weights, largest first within each row, so that the order of cells means nothing."""
    row = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    return links.data[np.lexsort((-links.data, row))]


def _observed(values: np.ndarray, links: sparse.csr_array, squared: bool, equal: bool) -> tuple[np.ndarray, np.ndarray]:
    """Every cell's statistic, and how far from it a shuffle still ties."""
    total = np.asarray(links.sum(axis=1)).ravel()
    observed = links @ values
    largest = np.abs(values).max(initial=0.0)
    if squared:
        row = np.repeat(np.arange(len(values)), np.diff(links.indptr))
        apart = links.data * (values[row] - values[links.indices]) ** 2
        observed, largest = np.bincount(row, apart, len(values)), 4 * largest**2
    whole = equal and np.array_equal(values, np.rint(values)) and largest * total.max(initial=0.0) < 2**53
    return observed, np.zeros(len(values)) if whole else _ROUNDING * total * largest


def _in_blocks(job: Any, n: int, n_jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Hits and shuffles used of both sides, (2, n) each; *job* is what `_weighted_null` takes before its cells."""
    hits, asked = np.zeros((2, n), dtype=np.int64), np.zeros((2, n), dtype=np.int64)
    edges = np.linspace(0, n, max(n_jobs, 1) + 1).astype(np.int64)
    null: Any = _weighted_null

    def run(block: int) -> None:
        null(*job, edges[block], edges[block + 1], hits, asked)

    if n_jobs <= 1:
        run(0)
        return hits, asked
    with ThreadPoolExecutor(n_jobs) as threads:
        list(threads.map(run, range(n_jobs)))
    return hits, asked


@njit(cache=True, nogil=True)
def _draw_orders(seeds: np.ndarray, n: int, m: int) -> np.ndarray:
    """(R, m) the first m of a random order of 0..n-1, a stream each (splitmix64 by its seed, Fisher-Yates)."""
    order = np.arange(n)
    swaps = np.empty(m, np.int64)
    draws = np.empty((len(seeds), m), np.int64)
    for r in range(len(seeds)):
        state = seeds[r]
        for s in range(m):
            state += _GOLDEN
            word = (state ^ (state >> np.uint64(30))) * _MIX_1
            word = (word ^ (word >> np.uint64(27))) * _MIX_2
            word ^= word >> np.uint64(31)
            at = s + np.int64(word % np.uint64(n - s))
            order[s], order[at] = order[at], order[s]
            draws[r, s], swaps[s] = order[s], at
        for s in range(m - 1, -1, -1):  # back to 0..n-1, so that no replicate depends on the one before
            order[s], order[swaps[s]] = order[swaps[s]], order[s]
    return draws


@njit(cache=True, nogil=True)
def _appearances(draws: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each slot was drawn: flat places in *draws*, rising, from starts[slot] to starts[slot + 1]."""
    starts = np.zeros(n + 2, np.int64)
    flat = draws.ravel()
    for slot in flat:
        starts[slot + 2] += 1
    starts = np.cumsum(starts)
    places = np.empty(len(flat), np.int64)
    for place in range(len(flat)):
        slot = flat[place]
        places[starts[slot + 1]] = place
        starts[slot + 1] += 1
    return starts[:-1], places


@njit(cache=True, nogil=True)
def _shared_null(
    slot: np.ndarray,
    k: np.ndarray,
    row: np.ndarray,
    observed: np.ndarray,
    slack: np.ndarray,
    ranked: np.ndarray,
    drawn: np.ndarray,
    sums: np.ndarray,
    rising: np.ndarray,
    starts: np.ndarray,
    places: np.ndarray,
) -> np.ndarray:
    """(2, n) shuffles with a sum at least, and at most, as large as observed.

    *sums* are those of the shuffles by size of neighbourhood, *rising* the same sorted; *row* is each cell's.
    """
    m, r_all = drawn.shape
    hits = np.empty((2, len(slot)), np.int64)
    for i in range(len(slot)):
        least, most = observed[i] - slack[i], observed[i] + slack[i]
        above = r_all - np.searchsorted(rising[row[i]], least)
        below = np.searchsorted(rising[row[i]], most, side="right")
        for at in range(starts[slot[i]], starts[slot[i] + 1]):
            r, s = divmod(places[at], m)
            if s < k[i]:  # this shuffle drew the cell itself: the next value stands in
                old = sums[row[i], r]
                new = old - ranked[slot[i]] + drawn[k[i], r]
                above += int(new >= least) - int(old >= least)
                below += int(new <= most) - int(old <= most)
        hits[0, i], hits[1, i] = above, below
    return hits


@njit(cache=True, nogil=True)
def _weighted_null(
    ranked: np.ndarray,
    slot: np.ndarray,
    observed: np.ndarray,
    slack: np.ndarray,
    indptr: np.ndarray,
    weights: np.ndarray,
    drawn: np.ndarray,
    starts: np.ndarray,
    places: np.ndarray,
    squared: bool,
    stop_after: int,
    first: int,
    end: int,
    hits: np.ndarray,
    asked: np.ndarray,
) -> None:
    """Write hits and shuffles used of the cells from *first* to *end*, a stretch of shuffles at a time."""
    m, r_all = drawn.shape
    sums = np.empty(_STRIDE)
    for i in range(first, end):
        start, k, own = indptr[i], indptr[i + 1] - indptr[i], ranked[slot[i]]
        seen, last_seen = starts[slot[i]], starts[slot[i] + 1]
        for begin in range(0, r_all, _STRIDE):
            width = min(_STRIDE, r_all - begin)
            sums[:] = 0.0
            for s in range(k):
                if squared:
                    for b in range(width):
                        sums[b] += weights[start + s] * (own - drawn[s, begin + b]) ** 2
                else:
                    for b in range(width):
                        sums[b] += weights[start + s] * drawn[s, begin + b]
            while seen < last_seen and places[seen] < (begin + width) * m:
                r, s = divmod(places[seen], m)
                if s < k:  # this shuffle drew the cell itself: the next value stands in
                    other = drawn[k, r]
                    sums[r - begin] += weights[start + s] * ((own - other) ** 2 if squared else other - own)
                seen += 1
            for b in range(width):
                for side in range(2):
                    if stop_after == 0 or hits[side, i] < stop_after:
                        gap = sums[b] - observed[i] if side == 0 else observed[i] - sums[b]
                        hits[side, i] += int(gap >= -slack[i])
                        asked[side, i] += 1
            if stop_after > 0 and hits[0, i] >= stop_after and hits[1, i] >= stop_after:
                break
