"""Random draws made from one stream of uniform numbers, so that the same seed gives the same bytes on every numpy."""

from __future__ import annotations

import numpy as np


class Draws:
    """A seeded stream. Only `Generator.random` is used: other methods may change their algorithm between versions."""

    def __init__(self, random_state: int):
        self._uniform = np.random.Generator(np.random.PCG64(random_state)).random

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Uniform numbers in [low, high) of the given shape."""
        return low + (high - low) * self._uniform(shape)

    def chance(self, share: np.ndarray | float, n: int) -> np.ndarray:
        """(n,) booleans, each true with probability *share*."""
        return self._uniform(n) < share

    def whole(self, n: int, below: int) -> np.ndarray:
        """(n,) whole numbers in [0, below)."""
        return np.floor(self._uniform(n) * below).astype(np.int64)

    def pick(self, weights: np.ndarray, n: int) -> np.ndarray:
        """(n,) positions drawn with probabilities proportional to *weights*."""
        steps = np.cumsum(np.asarray(weights, dtype=float))
        return np.minimum(np.searchsorted(steps, self._uniform(n) * steps[-1], side="right"), len(steps) - 1)

    def some(self, n: int, of: int) -> np.ndarray:
        """*n* different whole numbers below *of*, in ascending order."""
        return np.sort(np.argsort(self._uniform(of), kind="stable")[:n])

    def gamma(self, shape: int, *size: int) -> np.ndarray:
        """Gamma numbers of mean 1 and variance 1/shape (a sum of exponentials: *shape* is a whole number)."""
        return -np.log1p(-self._uniform((shape, *size))).sum(axis=0) / shape

    def exponential(self, mean: np.ndarray | float, n: int) -> np.ndarray:
        """(n,) waiting times with the given mean."""
        return -np.log1p(-self._uniform(n)) * mean

    def poisson(self, mean: np.ndarray) -> np.ndarray:
        """Poisson counts by inversion, one per entry of *mean* (meant for means below about 60)."""
        mean = np.asarray(mean, dtype=float)
        u, term = self._uniform(mean.shape), np.exp(-mean)
        below, count = term.copy(), np.zeros(mean.shape, dtype=np.int64)
        for k in range(1, 200):
            higher = u > below
            if not higher.any():
                break
            count += higher
            term = term * mean / k
            below += term
        return count
