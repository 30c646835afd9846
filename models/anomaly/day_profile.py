"""How the hours of a day differ, by its kind: what the day so far is held against."""

from __future__ import annotations

import numpy as np

from ...cube import SpaceTimeCube

KINDS = {"workday": 0, "moved workday": 0, "eve": 0, "weekend": 1, "holiday": 2}
"""Day type -> kind of day: working day, weekend, day off."""

_PRIOR = 10.0  # incidents: an hour's factor is trusted once its class has this many in it


def day_factors(cube: SpaceTimeCube, length: int) -> np.ndarray:
    """(n_times,) factor of each hour in the day of its kind, from the *length* bins before it, mean about 1.

    An hour of one kind of day is pulled towards that hour of any day, and this, where a class has few incidents,
    towards the day of all classes together, the factor `hours` of the cube (a flat day where it holds none). Kinds are
    those of the factor `day_type`; without it Saturday and Sunday are weekends. Only ratios matter: a common scale of
    all factors drops out of rates and expectations alike.
    """
    hours = cube.bins.astype("datetime64[h]").astype(np.int64)
    kind = _kinds(cube, hours)
    total = _capped(np.where(cube.valid, cube.counts.sum(axis=1) / cube.factors.get("load", 1.0), 0.0))
    base = _factors(total, cube.valid, hours % 24, length, cube.factors.get("hours", np.ones(len(hours))))
    return _factors(total, cube.valid, kind * 24 + hours % 24, length, base)


def _kinds(cube: SpaceTimeCube, hours: np.ndarray) -> np.ndarray:
    named = cube.factors.get("day_type")
    if named is None:
        return ((hours // 24 + 3) % 7 >= 5).astype(np.int64)  # 1970-01-01 was a Thursday
    return np.array([KINDS[str(name)] for name in named], dtype=np.int64)


def _factors(total: np.ndarray, valid: np.ndarray, phase: np.ndarray, length: int, base: np.ndarray) -> np.ndarray:
    """Factor of each bin's phase from the *length* bins before it, pulled towards *base* by the weight of `_PRIOR`."""
    sums, seen = (_of_phase(values, phase, length) for values in (total, valid.astype(float)))
    everything, bins = (_before(values, length) for values in (total, valid.astype(float)))
    level = everything / np.maximum(bins, 1)
    return (sums + _PRIOR * base) / (level * seen + _PRIOR)


def _before(values: np.ndarray, length: int) -> np.ndarray:
    """(n,) sum of the *length* values before each."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    times = np.arange(len(values))
    return running[times] - running[np.maximum(times - length, 0)]


def _of_phase(values: np.ndarray, phase: np.ndarray, length: int) -> np.ndarray:
    """(n,) sum of those of the *length* values before each that have its phase."""
    found = np.zeros(len(values))
    for each in np.unique(phase):
        at = np.flatnonzero(phase == each)
        running = np.concatenate([[0.0], np.cumsum(values[at])])
        found[at] = running[np.arange(len(at))] - running[np.searchsorted(at, at - length)]
    return found


def _capped(total: np.ndarray, reach: int = 168) -> np.ndarray:
    """Cut single hours far above those of the week before, so that a storm makes no hour of the day."""
    mean = _before(total, reach) / np.maximum(np.minimum(np.arange(len(total)), reach), 1)
    limit = np.where(np.arange(len(total)) < reach, np.inf, 6.0 * mean + 3.0)
    return np.minimum(total, limit)
