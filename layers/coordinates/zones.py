"""CGCS2000 in 3° Gauss-Krüger zones: the number of the zone stands in front of x, and the code follows from it."""

from __future__ import annotations

import numpy as np

FIRST_ZONE, LAST_ZONE = 25, 45
_WITH_PREFIX, _WITHOUT = 4513, 4534
_NARROW, _WIDE = 150_000.0, 850_000.0
_SOUTH, _NORTH = 1_700_000.0, 6_100_000.0


def zone_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n,) zone 25..45 of the metres whose x carries its zone in front (39 500 000), 0 for everything else.

    What lies behind the number must lie near the zone's meridian, and y at a latitude of China: no other metres or
    degrees look so.
    """
    with np.errstate(invalid="ignore"):
        if not (x >= FIRST_ZONE * 1e6).any():
            return np.zeros(len(x), np.int64)
        zone, rest = np.floor(x / 1e6), np.mod(x, 1e6)
        fits = (zone >= FIRST_ZONE) & (zone <= LAST_ZONE) & (rest >= _NARROW) & (rest <= _WIDE)
        fits &= (y >= _SOUTH) & (y <= _NORTH)
        return np.where(fits, zone, 0).astype(np.int64)


def zone_system(zone: int) -> int:
    """EPSG code of CGCS2000 in *zone*, with the zone in front of x: 25 -> 4513, 45 -> 4533."""
    return _WITH_PREFIX + zone - FIRST_ZONE


def zone_of_system(epsg: int | None) -> tuple[int, bool]:
    """(zone, whether it stands in front of x) of an EPSG code; (0, False) where it is no 3° zone of CGCS2000."""
    if epsg is None:
        return 0, False
    n_zones = LAST_ZONE - FIRST_ZONE + 1
    if _WITH_PREFIX <= epsg < _WITH_PREFIX + n_zones:
        return epsg - _WITH_PREFIX + FIRST_ZONE, True
    if _WITHOUT <= epsg < _WITHOUT + n_zones:
        return epsg - _WITHOUT + FIRST_ZONE, False
    return 0, False
