"""On which side of an edge a point lies, exactly: doubles where they suffice, expansions of doubles where not.

Source: Shewchuk (1997) Discrete & Computational Geometry 18, adaptive precision floating-point arithmetic.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_CERTAIN = 3.3306690738754716e-16  # a determinant beyond this share of its terms has the right sign
_SPLIT = 134217729.0  # 2^27 + 1


@njit(cache=True)
def side_of(x0: float, y0: float, x1: float, y1: float, px: float, py: float) -> int:
    """Sign of the area of (x0, y0), (x1, y1), (px, py): above 0 to the left of the edge, 0 exactly on its line."""
    one, two = (x0 - px) * (y1 - py), (y0 - py) * (x1 - px)
    area = one - two
    if abs(area) > _CERTAIN * (abs(one) + abs(two)):
        return 1 if area > 0 else -1
    return _exact_side(x0, y0, x1, y1, px, py)


@njit(cache=True)
def _exact_side(x0, y0, x1, y1, px, py):  # type: ignore[no-untyped-def]
    """The same in exact arithmetic: differences and products as pairs of doubles, summed as an expansion."""
    total, n = np.zeros(32), 0
    a, b = _difference(x0, px), _difference(y1, py)
    c, d = _difference(y0, py), _difference(x1, px)
    for u in a:
        for v in b:
            high, low = _product(u, v)
            n = _grow(total, _grow(total, n, low), high)
    for u in c:
        for v in d:
            high, low = _product(-u, v)
            n = _grow(total, _grow(total, n, low), high)
    for k in range(n - 1, -1, -1):  # the last nonzero part outweighs all before it
        if total[k] != 0:
            return 1 if total[k] > 0 else -1
    return 0


@njit(cache=True)
def _difference(a, b):  # type: ignore[no-untyped-def]
    """a - b as a rounded part and its error, exactly (Knuth)."""
    high = a - b
    back = a - high
    return high, (a - (high + back)) + (back - b)


@njit(cache=True)
def _product(a, b):  # type: ignore[no-untyped-def]
    """a * b as a rounded part and its error, exactly (Dekker)."""
    high = a * b
    up_a, up_b = _SPLIT * a, _SPLIT * b
    a_high, b_high = up_a - (up_a - a), up_b - (up_b - b)
    a_low, b_low = a - a_high, b - b_high
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(cache=True)
def _grow(total, n, value):  # type: ignore[no-untyped-def]
    """Add one double to an expansion of n parts, smallest first, exactly (Shewchuk 1997, figure 6); its new length."""
    rest = value
    for k in range(n):
        high = total[k] + rest
        part = high - total[k]
        total[k], rest = (total[k] - (high - part)) + (rest - part), high
    total[n] = rest
    return n + 1
