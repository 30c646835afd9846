"""Where a series changed level: change points as annotations beside a chart, never as warnings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from .past import running_sums

_SURE = 1e-9  # gain in cost below which two splits are as good


@dataclass(frozen=True)
class Change:
    """A change of level: `index` is the first bin of the new level.

    `before` and `after` are incidents per unit of exposure in the segments on either side, `ratio` is after / before
    (inf from 0), `gain` twice the log likelihood ratio of the split, `p_value` its chance under no change
    between the changes beside it.
    """

    index: int
    before: float
    after: float
    ratio: float
    gain: float
    p_value: float


def find_changes(
    counts: np.ndarray,
    exposure: np.ndarray | None = None,
    size: float = math.inf,
    penalty: float | None = None,
    least: int = 7,
    replicates: int = 999,
    random_state: int = 0,
) -> list[Change]:
    """Changes of level of one series of counts, exact under a penalty, each with its significance.

    Parameters
    ----------
    counts : (n_times,) incidents per bin.
    exposure : (n_times,) above 0, what a bin of one level is proportional to (weekday factors, complete hours);
        Poisson only.
    size : negative-binomial size about each level (variance m + m² / size); inf is the Poisson. `estimate_size`
        finds it.
    penalty : what a change must gain, in twice the log likelihood; default 3 log(n), the main term of the modified
        BIC of Zhang & Siegmund.
    least : bins of the shortest segment.
    replicates, random_state : simulated series behind each p-value, (1 + those at least as extreme) / (1 + replicates).

    Returns
    -------
    The changes of the segmentation that minimises cost + penalty × changes, in time. For each, the p-value is of the
    best split of the stretch between its two neighbours, under a parametric bootstrap at one level: the choice of
    place is paid for, that of how many changes there are is not.

    Raises
    ------
    ValueError
        Of negative or missing counts, exposures not above 0, or an exposure with a finite size.

    Source
    ------
    Killick, Fearnhead & Eckley (2012) JASA 107 (PELT); Zhang & Siegmund (2007) Biometrics 63.
    """
    series, weight = _checked(counts, exposure, size, least)
    n = len(series)
    if n < 2 * least:
        return []
    fine = 3 * math.log(n) if penalty is None else float(penalty)
    total, load = (running_sums(part) for part in (series, weight))
    cuts = _pelt(total, load, size, fine, least)
    edges = [0, *cuts.tolist(), n]
    seeds = np.random.SeedSequence(random_state).spawn(max(len(cuts), 1))
    found = []
    for i, seed in zip(range(1, len(edges) - 1), seeds, strict=False):
        first, cut, end = edges[i - 1 : i + 2]
        before, after = ((total[b] - total[a]) / (load[b] - load[a]) for a, b in ((first, cut), (cut, end)))
        gain = _gain(total[first : end + 1], load[first : end + 1], size, cut - first)
        p_value = _chance(gain, weight[first:end], total[end] - total[first], size, least, replicates, seed)
        ratio = after / before if before > 0 else math.inf
        found.append(Change(cut, float(before), float(after), float(ratio), gain, p_value))
    return found


def estimate_size(counts: np.ndarray, reach: int = 14) -> float:
    """Negative-binomial size of a series whose level may change: the median over stretches of *reach* bins.

    By moments within each stretch, so that changes of level do not count as dispersion; inf where the variance is
    no larger than the mean.
    """
    series = np.asarray(counts, dtype=float)
    blocks = series[: len(series) // reach * reach].reshape(-1, reach)
    mean, variance = blocks.mean(axis=1), blocks.var(axis=1, ddof=1)
    kept = mean > 0
    if not kept.any():
        return math.inf
    surplus = float((variance[kept] - mean[kept]).sum() / (mean[kept] ** 2).sum())
    return 1 / surplus if surplus > 1e-9 else math.inf


def _checked(counts: np.ndarray, exposure: np.ndarray | None, size: float, least: int) -> tuple[np.ndarray, np.ndarray]:
    series = np.asarray(counts, dtype=float)
    weight = np.ones(series.shape) if exposure is None else np.asarray(exposure, dtype=float)
    if series.ndim != 1 or weight.shape != series.shape or least < 1:
        raise ValueError("counts and exposure are single series of one length, and least at least 1")
    if not (series >= 0).all() or not (weight > 0).all() or not size > 0:
        raise ValueError("counts must be numbers of at least 0, exposures and size above 0")
    if exposure is not None and math.isfinite(size):
        raise ValueError("an exposure goes with the Poisson only; leave size at infinity")
    return series, weight


def _chance(
    gain: float,
    weight: np.ndarray,
    total: float,
    size: float,
    least: int,
    replicates: int,
    seed: np.random.SeedSequence,
) -> float:
    """Share of series of one level whose best split gains as much."""
    mean, as_much = total / weight.sum() * weight, 0
    for stream in seed.spawn(replicates):
        rng = np.random.default_rng(stream)
        drawn = rng.poisson(mean if math.isinf(size) else rng.gamma(size, mean / size)).astype(float)
        sums, load = (running_sums(part) for part in (drawn, weight))
        as_much += _best_gain(sums, load, size, least) >= gain - _SURE
    return (1 + as_much) / (1 + replicates)


@njit(cache=True)
def _cost(total: float, load: float, bins: float, size: float) -> float:
    """-2 log likelihood of a segment at its own level, without what no level changes."""
    if total <= 0:
        return 0.0
    level = total / load
    if np.isinf(size):
        return -2 * (total * np.log(level) - total)
    return -2 * (total * np.log(level / (level + size)) - bins * size * np.log1p(level / size))


@njit(cache=True)
def _gain(total: np.ndarray, load: np.ndarray, size: float, cut: int) -> float:
    n = total.size - 1
    whole = _cost(total[n] - total[0], load[n] - load[0], n, size)
    left = _cost(total[cut] - total[0], load[cut] - load[0], cut, size)
    return whole - left - _cost(total[n] - total[cut], load[n] - load[cut], n - cut, size)


@njit(cache=True)
def _best_gain(total: np.ndarray, load: np.ndarray, size: float, least: int) -> float:
    best = 0.0
    for cut in range(least, total.size - least):
        best = max(best, _gain(total, load, size, cut))
    return best


@njit(cache=True)
def _pelt(total: np.ndarray, load: np.ndarray, size: float, penalty: float, least: int) -> np.ndarray:
    """First bins of the segments after the first, of the cheapest segmentation; starts that cannot win are pruned.

    A start that is beaten at a bin goes only when a segment can begin at that bin, *least* bins later: until then
    nothing that is allowed takes its place.
    """
    n = total.size - 1
    cheapest, origin = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    cheapest[0] = -penalty
    starts, beaten = np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    price, alive = np.zeros(n + 1), 0
    for end in range(least, n + 1):
        if end == least or end >= 2 * least:
            starts[alive], beaten[alive] = end - least, n + 1
            alive += 1
        for k in range(alive):
            s = starts[k]
            price[k] = cheapest[s] + _cost(total[end] - total[s], load[end] - load[s], end - s, size)
            if price[k] + penalty < cheapest[end]:
                cheapest[end], origin[end] = price[k] + penalty, s
        kept = 0
        for k in range(alive):
            since = min(beaten[k], end) if price[k] > cheapest[end] else beaten[k]
            if end + 1 - since < least:
                starts[kept], beaten[kept] = starts[k], since
                kept += 1
        alive = kept
    cuts, at = [np.int64(0) for _ in range(0)], n
    while origin[at] > 0:
        at = origin[at]
        cuts.append(at)
    return np.array(cuts[::-1], dtype=np.int64)
