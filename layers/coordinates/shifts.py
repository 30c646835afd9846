"""GCJ-02 and BD-09, the shifted degrees of Chinese web maps: there and back, on whole arrays.

The shifts are published by nobody; these are the formulas that every converter agrees on (`prcoords`, CC0, is the
oracle of the tests). GCJ-02 moves a place by about 400 m, BD-09 by about 1.1 km. The one-shot inverse in common use is
up to 4 m off, so ours iterates until nothing moves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LonLat = tuple[np.ndarray, np.ndarray]
Shift = Callable[[np.ndarray, np.ndarray], LonLat]

ROUNDS = 10
"""Rounds of the fixed-point iteration at most; BD-09 needs six for 1e-6 m."""

_STILL = 1e-12  # degrees: 1e-7 m
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
_RADIUS, _ECCENTRICITY2 = 6378245.0, 0.00669342162296594323  # Krasovsky 1940
_BD_EAST, _BD_NORTH = 0.0065, 0.0060


def in_china(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Mask of the degrees that web maps shift: the formulas' box. Missing places are not in it."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    with np.errstate(invalid="ignore"):
        return (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)


def wgs84_to_gcj02(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    """Degrees of WGS 84 (or CGCS2000) as a web map shows them. (n,) arrays; outside China unchanged."""
    return _inside(_shift_gcj02, lon, lat)


def gcj02_to_wgs84(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    """The inverse of `wgs84_to_gcj02`, to less than 1e-6 m. Outside China unchanged."""
    return _inside(_inverse(_shift_gcj02), lon, lat)


def gcj02_to_bd09(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    """Baidu's second shift, upon GCJ-02. Outside China unchanged."""
    return _inside(_shift_bd09, lon, lat)


def bd09_to_gcj02(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    """The inverse of `gcj02_to_bd09`, to less than 1e-6 m. Outside China unchanged."""
    return _inside(_inverse(_shift_bd09), lon, lat)


def wgs84_to_bd09(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    """Degrees of WGS 84 (or CGCS2000) as Baidu shows them. Outside China unchanged."""
    return _inside(_both, lon, lat)


def bd09_to_wgs84(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    """The inverse of `wgs84_to_bd09`, to less than 1e-6 m. Outside China unchanged."""
    return _inside(_inverse(_both), lon, lat)


SHIFTED: dict[str, Shift] = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}
"""What `--crs` may name beside a coordinate system -> the way to WGS 84."""


def _inside(change: Shift, lon: np.ndarray, lat: np.ndarray) -> LonLat:
    """*change* where the shift applies, a copy elsewhere."""
    moved_lon, moved_lat = np.array(lon, float, ndmin=1), np.array(lat, float, ndmin=1)
    at = np.flatnonzero(in_china(moved_lon, moved_lat))
    moved_lon[at], moved_lat[at] = change(moved_lon[at], moved_lat[at])
    return moved_lon, moved_lat


def _inverse(forward: Shift) -> Shift:
    """Fixed-point iteration: what is still off is taken away, until nothing moves. The shifts are nearly constant."""

    def back(lon: np.ndarray, lat: np.ndarray) -> LonLat:
        found_lon, found_lat = lon.copy(), lat.copy()
        for _ in range(ROUNDS):
            there_lon, there_lat = forward(found_lon, found_lat)
            off_lon, off_lat = there_lon - lon, there_lat - lat
            found_lon, found_lat = found_lon - off_lon, found_lat - off_lat
            if max(np.abs(off_lon).max(initial=0.0), np.abs(off_lat).max(initial=0.0)) < _STILL:
                break
        return found_lon, found_lat

    return back


def _shift_gcj02(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    x, y, pi = lon - 105.0, lat - 35.0, np.pi
    ripple = 2 * np.sin(6 * pi * x) + 2 * np.sin(2 * pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (2 * np.sin(pi * y) + 4 * np.sin(pi * y / 3)) * 20 / 3
    north += (ripple + 16 * np.sin(pi * y / 12) + 32 * np.sin(pi * y / 30)) * 20 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (2 * np.sin(pi * x) + 4 * np.sin(pi * x / 3)) * 20 / 3
    east += (ripple + 15 * np.sin(pi * x / 12) + 30 * np.sin(pi * x / 30)) * 20 / 3
    flattened = 1 - _ECCENTRICITY2 * np.sin(np.radians(lat)) ** 2
    metres_north = np.radians(_RADIUS * (1 - _ECCENTRICITY2) / flattened**1.5)
    metres_east = np.radians(_RADIUS * np.cos(np.radians(lat)) / np.sqrt(flattened))
    return lon + east / metres_east, lat + north / metres_north


def _shift_bd09(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(np.radians(lat) * 3000)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(np.radians(lon) * 3000)
    return radius * np.cos(angle) + _BD_EAST, radius * np.sin(angle) + _BD_NORTH


def _both(lon: np.ndarray, lat: np.ndarray) -> LonLat:
    return _shift_bd09(*_shift_gcj02(lon, lat))
