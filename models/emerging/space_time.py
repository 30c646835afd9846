"""Gi* in space and time: a cell's neighbourhood now and in the steps just before, against the whole cube."""

from __future__ import annotations

import numpy as np
from scipy import sparse, special

from ...cube import BIN_HOURS, SpaceTimeCube
from ..refusals import refusal
from ..significance import exchangeable_tails

_FLAT = 1e-12  # a spread this small beside the values is rounding, not contrast


def whole_steps(cube: SpaceTimeCube, step_days: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Counts of steps of *step_days*, counted back from the end of the cube.

    Returns (n_steps, n_cells) counts, (n_steps,) whether all bins of the step are valid, and how many bins at the
    start were left over because they fill no step.

    Raises InputError if a step is no whole number of the cube's bins.
    """
    hours = step_days * 24
    if hours % BIN_HOURS[cube.bin]:
        raise refusal("E-SET-003", where="EmergingHotspots", bin=cube.bin, step_days=step_days)
    width = hours // BIN_HOURS[cube.bin]
    n_steps, left_over = divmod(cube.n_times, width)
    counts = cube.counts[left_over:].reshape(n_steps, width, cube.n_cells).sum(axis=1)
    return counts, cube.valid[left_over:].reshape(n_steps, width).all(axis=1), left_over


def space_time_gi_star(
    counts: np.ndarray, weights: sparse.spmatrix, time_neighbours: int = 1, when: np.ndarray | None = None
) -> np.ndarray:
    """z of Gi* for every step and cell: neighbours in space, now and in the *time_neighbours* steps before.

    counts : (n_steps, n_cells); weights : (n_cells, n_cells) sparse, >= 0, diagonal included; when : (n_steps,)
    increasing integer numbers of the steps, where some are missing. The first steps have fewer neighbours in time.
    Mean and spread are those of all n_steps × n_cells values, so that z can be compared over time. A cube without
    contrast, and a neighbourhood that is the whole cube, score 0.

    Source: Ord & Getis (1995), eq. for Gi*, with the bins of a space-time cube as places.
    """
    counts = np.asarray(counts, dtype=float)
    size = counts.size
    links = sparse.csr_array(weights)
    centred = counts - counts.mean()
    spread = np.sqrt((centred**2).mean())
    terms = over_time(np.ones((len(counts), 1)), time_neighbours, when)
    total = terms * links.sum(axis=1)[None, :]
    squares = terms * links.multiply(links).sum(axis=1)[None, :]
    scale = spread * np.sqrt(np.maximum(size * squares - total**2, 0) / max(size - 1, 1))
    if np.ptp(counts) <= _FLAT * np.abs(counts).max():
        return np.zeros(counts.shape)
    excess = over_time((links @ centred.T).T, time_neighbours, when)
    return np.divide(excess, scale, out=np.zeros(counts.shape), where=scale > 0)


def over_time(values: np.ndarray, time_neighbours: int, when: np.ndarray | None = None) -> np.ndarray:
    """Each step's row of *values* plus those of the *time_neighbours* steps before it, by their numbers *when*."""
    when = np.arange(len(values)) if when is None else np.asarray(when)
    sums = np.array(values, dtype=float)
    for back in range(1, min(time_neighbours, len(values) - 1) + 1):
        near = when[back:] - when[:-back] <= time_neighbours
        sums[back:][near] += values[:-back][near]
    return sums


def cube_tails(
    values: np.ndarray, weights: sparse.spmatrix, time_neighbours: int, when: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n_steps, n_cells) log probability of a neighbourhood's sum at least, and at most, as large.

    The null: the values of the cube lie in any order over cells and steps, so that a neighbourhood of k bins holds k
    of them drawn without replacement (`significance.exchangeable_tails`). *weights* are binary.
    """
    links = sparse.csr_array(weights)
    sums = over_time((links @ values.T).T, time_neighbours, when)
    draws = over_time(np.ones((len(values), 1)), time_neighbours, when) * np.diff(links.indptr)[None, :]
    questions = np.stack([draws.ravel(), np.round(sums.ravel(), 6)])
    order = np.lexsort(questions[::-1])
    fresh = np.append(True, (np.diff(questions[:, order], axis=1) != 0).any(axis=0))
    answer = np.empty(len(order), dtype=np.int64)
    answer[order] = np.cumsum(fresh) - 1
    k, total = questions[:, order[fresh]]
    upper, lower = exchangeable_tails(values.ravel(), total, k.astype(np.int64))
    least = special.gammaln(k + 1) + special.gammaln(values.size - k + 1) - special.gammaln(values.size + 1)
    upper, lower = (np.maximum(tail, least) for tail in (upper, lower))  # one draw of all that are possible
    return upper[answer].reshape(values.shape), lower[answer].reshape(values.shape)
