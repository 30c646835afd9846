"""Kernels: the shape in which an incident is spread over its surroundings."""

from __future__ import annotations

import math

import numpy as np

KERNELS = ("quartic", "gaussian")
REACH = {"quartic": 1.0, "gaussian": 5.0}
"""Bandwidths beyond which a kernel is nil."""

SPREAD = math.sqrt(8.0)
"""A quartic kernel of this radius is as wide, per axis, as a gaussian of bandwidth 1."""


def kernel_weight(distance: np.ndarray, bandwidth: float, kernel: str) -> np.ndarray:
    """Kernel density at a distance, per square unit of *bandwidth*'s unit; integrates to one over the plane.

    Quartic: 3 / (pi h²) (1 - d²/h²)², *bandwidth* h is the radius. Gaussian: *bandwidth* is the standard deviation,
    cut at five of them.
    """
    u2 = (np.asarray(distance, dtype=float) / bandwidth) ** 2
    if kernel == "quartic":
        return np.where(u2 < 1, 3 / (math.pi * bandwidth**2) * (1 - np.minimum(u2, 1)) ** 2, 0.0)
    if kernel != "gaussian":
        raise ValueError(f"kernel must be {' or '.join(KERNELS)}, not {kernel!r}")
    return np.where(u2 < REACH[kernel] ** 2, np.exp(-u2 / 2) / (2 * math.pi * bandwidth**2), 0.0)


def kernel_stamp(bandwidth: float, kernel: str, furthest: int) -> np.ndarray:
    """The kernel on pixels, *bandwidth* in pixels, summing to one unless cut off *furthest* pixels out."""
    if not bandwidth > 0:
        raise ValueError(f"bandwidth must be above 0, not {bandwidth!r}")
    reach = max(math.ceil(bandwidth * REACH.get(kernel, 1.0)), 1)
    step = np.arange(-min(reach, furthest), min(reach, furthest) + 1)
    stamp = kernel_weight(np.hypot(step[:, None], step[None, :]), bandwidth, kernel)
    return stamp / stamp.sum() if reach <= furthest else stamp
