"""Evidence from several models -> one risk, for the colour of the map. Never a recurrence interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

WEIGHTS = {"nb_predictive": 0.4, "kernel_density": 0.35, "getis_ord": 0.25}
"""How much each model's evidence colours the map; rescaled over the models that took part."""


def fuse(
    evidences: Mapping[str, np.ndarray], weights: Mapping[str, float] | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Weighted mean of evidences in [0, 1], all of one shape.

    Returns the risk, that shape, in [0, 1], and for each model its share of it (shares sum to one where risk > 0).
    A model that failed is simply not in *evidences*: the others' weights are rescaled. Raises ValueError on none.
    """
    if not evidences:
        raise ValueError("fuse needs the evidence of at least one model")
    given = dict(weights or WEIGHTS)
    total = sum(given.get(name, 0.0) for name in evidences) or 1.0
    parts = {name: np.asarray(values, float) * given.get(name, 0.0) / total for name, values in evidences.items()}
    risk = np.sum(list(parts.values()), axis=0)
    shares = {name: np.divide(part, risk, out=np.zeros_like(part), where=risk > 0) for name, part in parts.items()}
    return np.clip(risk, 0.0, 1.0), shares
