"""Do counts of one class lead those of another, place by place and at street level? Disputes and violence, say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .refusals import refusal
from .significance import rank_p

_ALIKE = 1e-12  # two correlations closer than that are one
_LEAST_CYCLES = 4  # bins, as a multiple of the longest lag, that a shift needs to break what a lag binds


@dataclass(frozen=True)
class Escalation:
    """What leads what, and by how much.

    lags : (n_lags,) bins, 1 upwards; association : (n_lags,) correlation of what was new in the leading class so many
    bins before with what is new in the following one; p : (n_lags,) upper tail by shifts, corrected for looking at all
    lags; reverse, reverse_p : the same with the two classes exchanged; together : correlation within the same bin.
    p_any : p of the largest association; p_more : p of the largest lead over the reverse at the same lag; lead : the
    lag of the strongest association where the verdict is `leads`, else 0. verdict : `leads`; `moves together`, where
    each tells as much of the other; `does not lead`; or `too few bins`, `no contrast`.
    """

    lags: np.ndarray
    association: np.ndarray
    p: np.ndarray
    reverse: np.ndarray
    reverse_p: np.ndarray
    together: float
    lead: int
    p_any: float
    p_more: float
    verdict: str


def find_escalation(
    leading: np.ndarray,
    following: np.ndarray,
    unit_level: int,
    street_level: int,
    max_lag: int = 8,
    replicates: int = 999,
    random_state: int = 0,
    alpha: float = 0.05,
    groups: np.ndarray | None = None,
) -> Escalation:
    """Whether *leading* counts come before *following* ones, both (n_times, n_units), units on *unit_level*.

    Counts are made steady by sqrt(count + 3/8); each unit's mean and each bin's mean over units are taken out, so
    that neither a busy street nor a busy season counts. What is new in a class is what its own last *max_lag* bins, by
    one regression over all units, do not tell. The association at a lag is the correlation, over units and bins, of
    what was new in the leading class then with what is new in the following class now.

    The null shifts the leading class of each unit around the circle of time by an amount of its own, 0 included: the
    rhythm of each series stays as it is, and only what binds the two is lost. Units with the same number in *groups*
    (n_units,) shift together, which keeps what neighbours share. p compares the largest association over all lags, so
    looking at many costs nothing; replicate r has the stream r of *random_state*. Two classes that rise and fall
    together are associated at short lags both ways: `leads` also asks that the association exceed the reverse one by
    more than shifts make it, both at *alpha*.

    An association is no cause, and says nothing about persons or single cells: units below *street_level* are refused
    with InputError, as are arrays that do not match.

    Source: Haugh (1976), JASA 71, for correlating what is new; Westfall & Young (1993) for the largest of many.
    """
    _refuse(leading, following, unit_level, street_level, max_lag)
    lags = np.arange(1, max_lag + 1)
    steady = [_steady(np.asarray(part, dtype=float)) for part in (leading, following)]
    if len(steady[0]) < _LEAST_CYCLES * (max_lag + 1):
        return _nothing(lags, "too few bins")
    first, second = (_news(part, max_lag) for part in steady)
    if not (first.any() and second.any()):
        return _nothing(lags, "no contrast")
    marks = np.arange(first.shape[1]) if groups is None else np.unique(groups, return_inverse=True)[1]
    association, reverse = _correlate(first, second, lags), _correlate(second, first, lags)
    null = np.empty((replicates, 3))
    for r, stream in enumerate(np.random.SeedSequence(random_state).spawn(replicates)):
        shift = np.random.default_rng(stream).integers(0, len(first), marks.max() + 1)[marks]
        moved = _shifted(first, shift)
        there, back = _correlate(moved, second, lags), _correlate(second, moved, lags)
        null[r] = there.max(), back.max(), (there - back).max()
    seen = (association, reverse, association - reverse)
    p, reverse_p, more = (rank_p(found - _ALIKE, null[:, i]) for i, found in enumerate(seen))
    p_more = float(more.min())
    together = float(_correlate(first, second, np.zeros(1, dtype=int))[0])
    verdict = "does not lead" if p.min() > alpha else "leads" if p_more <= alpha else "moves together"
    lead = int(lags[association.argmax()]) if verdict == "leads" else 0
    return Escalation(lags, association, p, reverse, reverse_p, together, lead, float(p.min()), p_more, verdict)


def _refuse(leading: np.ndarray, following: np.ndarray, unit_level: int, street_level: int, max_lag: int) -> None:
    if unit_level > street_level:
        raise refusal("E-SET-008", where="escalation", level=unit_level, street_level=street_level)
    if np.ndim(leading) != 2 or np.shape(leading) != np.shape(following) or max_lag < 1:
        raise refusal("E-MODEL-007", where="escalation")


def _nothing(lags: np.ndarray, verdict: str) -> Escalation:
    flat, sure = np.zeros(len(lags)), np.ones(len(lags))
    return Escalation(lags, flat, sure, flat.copy(), sure.copy(), 0.0, 0, 1.0, 1.0, verdict)


def _steady(counts: np.ndarray) -> np.ndarray:
    """Roots of counts without each unit's level and, with several units, each bin's."""
    roots = np.sqrt(np.maximum(counts, 0) + 0.375)
    centred = roots - roots.mean(axis=0)
    if centred.shape[1] > 1:
        centred = centred - centred.mean(axis=1, keepdims=True)
    return np.where(np.abs(centred) < 1e-12, 0.0, centred)


def _news(series: np.ndarray, n_lags: int) -> np.ndarray:
    """(n_times, n_units) what the last *n_lags* bins of the same class do not tell; the first *n_lags* rows are 0."""
    past = np.stack([series[n_lags - lag : len(series) - lag].ravel() for lag in range(1, n_lags + 1)], axis=1)
    now = series[n_lags:].ravel()
    news = np.zeros_like(series)
    weights = np.linalg.lstsq(past, now, rcond=None)[0]
    news[n_lags:] = (now - past @ weights).reshape(-1, series.shape[1])
    return np.where(np.abs(news) < 1e-9, 0.0, news)


def _correlate(earlier: np.ndarray, later: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """(n_lags,) correlation of *earlier* so many bins before with *later*, over all units; 0 without spread."""
    found = np.zeros(len(lags))
    for place, lag in enumerate(lags):
        cause, effect = earlier[: len(earlier) - lag], later[lag:]
        size = np.sqrt((cause**2).sum() * (effect**2).sum())
        found[place] = (cause * effect).sum() / size if size > 0 else 0.0
    return found


def _shifted(series: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Each unit's series turned around the circle of time by its *shift* bins."""
    n_times, n_units = series.shape
    return series[(np.arange(n_times)[:, None] - shift) % n_times, np.arange(n_units)]
