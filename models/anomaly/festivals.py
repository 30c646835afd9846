"""What a festival does to a class: learned from the same days of earlier years, doubtful until there are some."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from ...cube import SpaceTimeCube
from .past import Past
from .predictive import NegativeBinomialPredictive

_VARIANCE = 0.35  # of a festival's factor, before a class's own festivals say otherwise
_WEIGHT = 20.0  # perfectly known festival days that this counts for
_BETWEEN = 0.25  # share of that variance that differs between the years of one festival
_MOST = 6.0  # times the ordinary beyond which a past festival day was an accident of that year
_LEAST = 0.02  # variance that is always allowed for


def festival_effects(cube: SpaceTimeCube, model: NegativeBinomialPredictive) -> tuple[np.ndarray, np.ndarray]:
    """Factor of each bin's festival, and the relative variance left in it, each (n_times,); 1 and 0 on ordinary bins.

    A festival day's factor g has a gamma prior of mean 1 whose variance the class's own earlier festival days tell: one
    that festivals leave alone is thought to be left alone by the next. What the same festival day (equal code in the
    factor `festival`) of an earlier year held, O against E expected from its own past, adds O and E to its shape and
    rate, discounted for what differs between years; no year tells of more than six times the ordinary. With no earlier
    year the factor is 1 and the doubt that of the prior: the test is wider, never off.

    Parameters
    ----------
    cube : one class, with the factor `festival`; the cells are added up, so the whole city's cube is what to give.
    model : whose baseline says what is expected.

    Each bin learns from earlier bins only. A cube without the factor `festival` has no festivals.
    """
    code = cube.factors.get("festival", np.zeros(cube.n_times, dtype=np.int64))
    factor, doubt = np.ones(cube.n_times), np.zeros(cube.n_times)
    if not code.any():
        return factor, doubt
    past = Past(cube, clone(model).fit(cube))
    past.weigh(past.predict(1), model.past_surge)
    usual = past.predict(1)
    mean, seen = usual.mean.sum(axis=1), cube.counts.sum(axis=1)
    told = cube.valid & (mean > 0)
    seen = np.minimum(seen, _MOST * (mean + 1))
    variance = _variance_so_far(np.where(told & (code > 0), mean, 0.0), seen, 1 / usual.size.min(axis=1))
    between = _BETWEEN * variance
    worth = told / (1 + between * mean)
    for value in np.unique(code[code > 0]):
        bins = np.flatnonzero(code == value)
        of_shape, of_rate = (
            1 / variance[bins] + np.cumsum(amounts[bins]) - amounts[bins] for amounts in (seen * worth, mean * worth)
        )
        factor[bins] = of_shape / of_rate
        doubt[bins] = 1 / of_shape + between[bins]
    return factor, doubt


def _variance_so_far(mean: np.ndarray, seen: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """(n_times,) variance of the factors of the festival days before each bin (*mean* is 0 on ordinary ones).

    Of (O - E) / E, 1 / E and the ordinary *dispersion* are what is no festival's; days of many incidents tell more.
    """
    noise = 1 / np.maximum(mean, 1e-9) + dispersion
    surplus = (seen / np.maximum(mean, 1e-9) - 1) ** 2 - noise
    trust = np.where(mean > 0, (_VARIANCE / (_VARIANCE + noise)) ** 2, 0.0)
    before = lambda values: np.cumsum(values) - values  # noqa: E731
    pooled = (_WEIGHT * _VARIANCE + before(trust * surplus)) / (_WEIGHT + before(trust))
    return np.clip(pooled, _LEAST, 2.0)
