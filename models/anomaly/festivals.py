"""What a festival does to a class: learned from the same days of earlier years, doubtful until there are some."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from ...cube import SpaceTimeCube
from .past import Past
from .predictive import NegativeBinomialPredictive

_PRIOR = 2.0  # shape of the gamma prior of a festival's factor: mean 1, standard deviation 0.7
_BETWEEN = 0.1  # relative variance of one festival between years
_MOST = 6.0  # times the ordinary beyond which a past festival day was an accident of that year


def festival_effects(cube: SpaceTimeCube, model: NegativeBinomialPredictive) -> tuple[np.ndarray, np.ndarray]:
    """Factor of each bin's festival, and the relative variance left in it, each (n_times,); 1 and 0 on ordinary bins.

    A festival day's factor g has a gamma prior of mean 1. What the same festival day (equal code in the factor
    `festival`) of an earlier year held, O against E expected from its own past, adds O and E to its shape and rate,
    discounted for what differs between years; no year tells of more than six times the ordinary. With no earlier year
    the factor is 1 and the doubt that of the prior: the test is wider, never off.

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
    usual = past.predict(1).mean.sum(axis=1)
    seen = cube.counts.sum(axis=1)
    told = cube.valid & (usual > 0)
    worth = told / (1 + _BETWEEN * usual)
    shape = np.minimum(seen, _MOST * (usual + 1)) * worth
    rate = usual * worth
    for value in np.unique(code[code > 0]):
        bins = np.flatnonzero(code == value)
        of_shape, of_rate = (_PRIOR + np.cumsum(amounts[bins]) - amounts[bins] for amounts in (shape, rate))
        factor[bins] = of_shape / of_rate
        doubt[bins] = 1 / of_shape + _BETWEEN
    return factor, doubt
