"""How far a dispersion learned from few counts may be off."""

from __future__ import annotations

import numpy as np

UPPER_90, UPPER_95 = 1.2816, 1.6449
"""Normal quantiles of one-sided limits."""


def upper_dispersion(
    dispersion: np.ndarray, level: np.ndarray, freedom: np.ndarray | float, quantile: float
) -> np.ndarray:
    """A one-sided upper limit of variance over mean, at least 1; broadcasts.

    dispersion : estimated from *freedom* degrees of freedom at mean counts *level* (0: half a case in all); *quantile*
    of the normal distribution, `UPPER_90` or `UPPER_95`. Half of all estimates are too small, and a tail with too small
    a dispersion is far too light. The relative variance of the estimate is (2 + excess kurtosis) / freedom, the
    kurtosis that of a negative binomial: 6 / size + 1 / variance.
    """
    dispersion = np.maximum(dispersion, 1.0)
    level = np.maximum(level, 0.5 / freedom)
    kurtosis = 6 * (dispersion - 1) / level + 1 / (level * dispersion)
    return dispersion * (1 + quantile * np.sqrt((2 + kurtosis) / freedom))
