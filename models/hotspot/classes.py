"""What a hot spot is called on the map."""

from __future__ import annotations

import numpy as np

HOTSPOT_CLASSES = ("hot 99", "hot 95", "hot 90", "", "cold 90", "cold 95", "cold 99")
"""The values of `hotspot_class`, hottest first; the number is the confidence in percent, 1 - q."""


def classify_hotspots(
    z: np.ndarray, p_value: np.ndarray, q_value: np.ndarray, side: np.ndarray | None = None
) -> np.ndarray:
    """Label every cell `hot 99`, `hot 95`, `hot 90`, ``, `cold 90`, `cold 95` or `cold 99`.

    A cell is called at 99 % where q <= .01, at 95 % where q <= .05, at 90 % where q <= .1: q, not p, so that of the
    cells called at most that share is false. The family is whatever *q_value* was computed over: by default all
    units of one level × all classes of the run (`significance.benjamini_hochberg`). Hot or cold is the sign of *z*;
    where *side* (`GetisOrdHotspots.two_sided`) names the other tail, as on a city whose mean one cell has dragged
    away, nothing is called. All arrays have one shape, and so has the answer (text).
    """
    z, p_value, q_value = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (z, p_value, q_value)))
    if not ((q_value >= 0) & (q_value <= 1) & (p_value >= 0) & (p_value <= 1)).all():
        raise ValueError("p and q must lie between 0 and 1")
    sign = np.sign(z)
    if side is not None:
        sign = np.where(np.sign(side) == sign, sign, 0.0)
    labels = np.full(z.shape, "", dtype=object)
    for bound, confidence in ((0.1, "90"), (0.05, "95"), (0.01, "99")):
        called = (q_value <= bound) & (p_value <= bound)
        labels[called & (sign > 0)] = f"hot {confidence}"
        labels[called & (sign < 0)] = f"cold {confidence}"
    return labels
