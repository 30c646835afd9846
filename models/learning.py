"""What verdicts teach: how often warnings were right, and which threshold would have been right often enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..cube import ALL_CLASSES, ancestors_of

PRIOR = 4.0
"""Verdicts that the class above is worth to a class of its own."""


@dataclass(frozen=True)
class Shares:
    """Shares (n,) with an interval each."""

    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


def clopper_pearson(hits: np.ndarray | float, tries: np.ndarray | float, confidence: float = 0.95) -> Shares:
    """Share of *hits* among *tries*, (n,) each, with the exact interval; without a try 0 to 1 and NaN.

    Source: Clopper & Pearson (1934), Biometrika 26; as R's binom.test.
    """
    k, n = np.broadcast_arrays(np.atleast_1d(np.asarray(hits, float)), np.atleast_1d(np.asarray(tries, float)))
    tail = (1 - confidence) / 2
    low = np.where(k > 0, stats.beta.ppf(tail, np.maximum(k, 1e-9), n - k + 1), 0.0)
    high = np.where(k < n, stats.beta.isf(tail, k + 1, np.maximum(n - k, 1e-9)), 1.0)
    return Shares(np.divide(k, n, out=np.full(k.shape, np.nan), where=n > 0), low, high)


def pooled_precision(
    categories: Sequence[str], true: Sequence[bool] | np.ndarray, confidence: float = 0.95
) -> dict[str, tuple[int, int, float, float, float]]:
    """Node of the class tree -> (true, judged, precision, low, high), every node on the way to a judged class.

    A sparse class borrows from the class above: its prior is a beta law with that one's precision, worth `PRIOR`
    verdicts; the root's is Jeffreys'. The interval holds *confidence* of the posterior, equal tails. The fewer verdicts
    a class has of its own, the nearer it is to the class above, and the wider.
    """
    hits = np.asarray(true, dtype=bool)
    tally: dict[str, list[int]] = {}
    for category, right in zip(categories, hits, strict=True):
        for node in [ALL_CLASSES] if category == ALL_CLASSES else ancestors_of(category):
            own = tally.setdefault(node, [0, 0])
            own[0], own[1] = own[0] + int(right), own[1] + 1
    means: dict[str, float] = {}
    found = {}
    tail = (1 - confidence) / 2
    for node in sorted(tally, key=lambda name: (name != ALL_CLASSES, name.count("/"), name)):
        k, n = tally[node]
        above = _above(node)
        a, b = (0.5, 0.5) if above is None else (PRIOR * means[above], PRIOR * (1 - means[above]))
        a, b = a + k, b + n - k
        means[node] = a / (a + b)
        found[node] = (k, n, means[node], float(stats.beta.ppf(tail, a, b)), float(stats.beta.isf(tail, a, b)))
    return found


def _above(node: str) -> str | None:
    """The class above: 'a/b' -> 'a', 'a' -> the root, the root -> None."""
    return None if node == ALL_CLASSES else node.rpartition("/")[0] or ALL_CLASSES


@dataclass(frozen=True)
class Threshold:
    """A recurrence interval, and what a list cut there would have held: verdicts `judged`, of them `true`, the
    precision with its exact interval, and how many `true_lost` and `false_spared` below it.
    """

    days: float
    judged: int
    true: int
    precision: float
    low: float
    high: float
    true_lost: int
    false_spared: int


def thresholds(recurrence: np.ndarray, true: np.ndarray, least: float = 0.0) -> list[Threshold]:
    """What each cut would have given, the lowest first: at *least*, and at every recurrence interval above it.

    recurrence : (n,) days of judged warnings; true : (n,) bool. A cut keeps what is at least as rare as it.
    """
    days, right = np.asarray(recurrence, dtype=float), np.asarray(true, dtype=bool)
    inside = days >= least
    days, right = days[inside], right[inside]
    cuts = np.unique(np.append(days, least)) if len(days) else np.zeros(0)
    kept = days[None, :] >= cuts[:, None]
    judged, hits = kept.sum(axis=1), (kept & right).sum(axis=1)
    shares = clopper_pearson(hits, judged)
    lost, spared = right.sum() - hits, (~right).sum() - (judged - hits)
    columns = (cuts, judged, hits, shares.share, shares.low, shares.high, lost, spared)
    return [
        Threshold(float(cut), int(n), int(k), float(p), float(low), float(high), int(gone), int(saved))
        for cut, n, k, p, low, high, gone, saved in zip(*columns, strict=True)
        if n > 0
    ]


def suggest_threshold(
    recurrence: np.ndarray, true: np.ndarray, wanted: float, least: float = 0.0, fewest: int = 10
) -> Threshold | None:
    """The lowest cut from which the precision would have been as *wanted*, and at every higher cut that *fewest*
    verdicts speak for; None where there is none.

    A suggestion from a look back: the cut was chosen on the verdicts it is judged by, so its precision flatters it.
    """
    tried = [cut for cut in thresholds(recurrence, true, least) if cut.judged >= fewest]
    chosen = None
    for cut in reversed(tried):
        if cut.precision < wanted:
            break
        chosen = cut
    return chosen


def false_per_days(n_false: int, n_open: int, days: float, confidence: float = 0.95) -> tuple[float, float, float]:
    """False warnings per day: the judged ones, and the interval that also holds what is still open.

    From the exact (Garwood 1936) lower limit of the *n_false* judged false, to the upper limit if all *n_open* not yet
    judged were false too.
    """
    tail = (1 - confidence) / 2
    low = stats.gamma.ppf(tail, n_false) if n_false else 0.0
    high = stats.gamma.isf(tail, n_false + n_open + 1)
    return n_false / days, float(low) / days, float(high) / days
