"""Where the rows of one table lie: its own points or columns of coordinates, in a coordinate system that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyproj

from ...errors import Notice
from ..columns.names import Mapping
from ..coordinates.shifts import SHIFTED
from ..coordinates.text import EAST, NORTH, read_angles, split_pairs
from ..coordinates.zones import zone_of
from ..refusals import refusal
from .rules import notice
from .sources import Loaded, Source
from .systems import GEOGRAPHIC, Named, parse_crs, settle

__all__ = ["WGS84", "Places", "Written", "parse_crs", "read_places", "read_written"]

WGS84 = GEOGRAPHIC
_MOST = 0.5
_FARTHEST = 1e8


class _Verdicts(Protocol):
    def put(self, mask: np.ndarray, code: str) -> None:
        """Rows of *mask* break the rule *code*."""
        ...


@dataclass(frozen=True)
class Places:
    """x and y of every row in `crs` (NaN where missing), the mask of rows without any, what there is to tell."""

    x: np.ndarray
    y: np.ndarray
    missing: np.ndarray
    crs: Any
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Written:
    """Coordinates as written, before anything is known of their system; a rule -> the rows that break it."""

    x: np.ndarray
    y: np.ndarray
    broken: dict[str, np.ndarray]
    notices: tuple[Notice, ...] = ()


def read_written(source: Source, mapping: Mapping, loaded: Loaded) -> Written:
    """The coordinates of one table as they are written, from its columns or its own points."""
    return _columns(source.name, mapping, loaded) if "lon" in mapping.columns else _points(loaded)


def read_places(source: Source, mapping: Mapping, read: Written, crs: Any, verdicts: _Verdicts) -> Places:
    """Coordinates of every row, and a verdict on those that are missing, unreadable, zero, swapped or out of range.

    What is certain is read and told: degrees and minutes, two coordinates in a cell, letters of the compass, metres
    with the number of their zone in front. What is not breaks a rule. *crs* is what `parse_crs` made of the user's
    word. Raises InputError if the coordinates cannot be in degrees and no system is named.
    """
    known = None if "lon" in mapping.columns else source.crs
    named_degrees = "lon" in mapping.columns and not mapping.planar
    columns = tuple(dict.fromkeys(mapping.columns[role] for role in ("lon", "lat") if role in mapping.columns))
    named = Named(source.name, columns, named_degrees, known, crs)
    told = list(read.notices)
    system = settle(named, read.x, read.y)
    told += system.notices
    read = replace(read, x=system.x, y=system.y)
    broken = np.any([*read.broken.values(), np.zeros(len(read.x), bool)], axis=0)
    missing = np.isnan(read.x) & np.isnan(read.y) & ~broken
    _judge(read, system.crs, verdicts, source.name)
    x, y = read.x, read.y
    if system.shift:
        x, y = SHIFTED[system.shift](x, y)
    return Places(x, y, missing, system.crs, tuple(told))


def _points(loaded: Loaded) -> Written:
    """The file's own points."""
    n_rows = loaded.table.num_rows
    nowhere = np.full(n_rows, np.nan)
    x, y = (nowhere if axis is None else axis for axis in (loaded.x, loaded.y))
    return Written(x, y, {"E-COORD-006": np.zeros(n_rows, bool) if loaded.odd is None else loaded.odd})


def _columns(name: str, mapping: Mapping, loaded: Loaded) -> Written:
    """One or two columns of numbers or angles."""
    lon, lat = mapping.columns["lon"], mapping.columns["lat"]
    none = np.zeros(loaded.table.num_rows, bool)
    unsplit, told = none, []
    first: pa.ChunkedArray | pa.Array = loaded.table[lon]
    second: pa.ChunkedArray | pa.Array = loaded.table[lat]
    if lon == lat:
        first, second, unsplit = split_pairs(first)
    one, two = read_angles(first), read_angles(second)
    x, y = one.values, two.values
    if lon == lat:
        latitude_first = _latitude_first(lon, x, y)
        order = ("纬度在前", "latitude first") if latitude_first else ("经度在前", "longitude first")
        told.append(notice("N-COORD-002", file=name, column=lon, order=order[0], order_en=order[1]))
        if latitude_first:
            one, two, x, y = two, one, y, x
    crossed = (one.axis == NORTH) & (two.axis != NORTH) | (two.axis == EAST) & (one.axis != EAST)
    alike = (one.axis == two.axis) & (one.axis != 0)
    if crossed.any():
        x, y = np.where(crossed, y, x), np.where(crossed, x, y)
    n_crossed, n_angles = int(crossed.sum()), int((one.sexagesimal | two.sexagesimal).sum())
    told += [notice("N-COORD-001", file=name, n=n_angles)] if n_angles else []
    told += [notice("N-COORD-003", file=name, n=n_crossed)] if n_crossed else []
    broken = {
        "E-COORD-005": (one.bad | two.bad) & ~unsplit,
        "E-COORD-007": one.impossible | two.impossible | alike,
        "E-COORD-010": unsplit,
    }
    if alike.any():
        x, y = np.where(alike, np.nan, x), np.where(alike, np.nan, y)
    return Written(x, y, broken, tuple(told))


def _latitude_first(column: str, first: np.ndarray, second: np.ndarray) -> bool:
    """Whether a joined column has its latitudes in front: what the numbers show, else the column's name."""
    with np.errstate(invalid="ignore"):
        certain_first = int(((np.abs(first) > 90) & (np.abs(second) <= 90)).sum())
        certain_second = int(((np.abs(second) > 90) & (np.abs(first) <= 90)).sum())
    if certain_first != certain_second:
        return certain_second > certain_first
    return column.casefold().lstrip().startswith(("lat", "纬", "緯"))


def _judge(read: Written, crs: Any, verdicts: _Verdicts, where: str) -> None:
    x, y = read.x, read.y
    for code in ("E-COORD-006", "E-COORD-005", "E-COORD-007", "E-COORD-010"):
        if code in read.broken:
            verdicts.put(read.broken[code], code)
    verdicts.put(~np.isfinite(x) | ~np.isfinite(y), "E-COORD-001")
    verdicts.put((x == 0) & (y == 0), "E-COORD-002")
    with np.errstate(invalid="ignore"):
        if crs.is_geographic:
            _judge_degrees(x, y, verdicts.put, where)
        else:
            _judge_metres(x, y, crs, verdicts.put, where)


def _judge_degrees(x: np.ndarray, y: np.ndarray, put: Callable[[np.ndarray, str], None], where: str) -> None:
    swapped = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    zoned = (zone_of(x, y) > 0) | (zone_of(y, x) > 0)
    outside = ((np.abs(x) > 180) | (np.abs(y) > 90)) & ~swapped & np.isfinite(x) & np.isfinite(y)
    n_there = max(1, int((np.isfinite(x) & np.isfinite(y)).sum()))
    _refuse_swapped(int(swapped.sum()), n_there, where)
    if outside.sum() > _MOST * n_there:
        raise refusal("E-CRS-013", where=where, n=int(outside.sum()), n_there=n_there)
    put((x == 0) | (y == 0), "E-COORD-009")
    put(swapped, "E-COORD-004")
    put(zoned, "E-COORD-008")
    put(outside, "E-COORD-003")


def _judge_metres(x: np.ndarray, y: np.ndarray, crs: Any, put: Callable[[np.ndarray, str], None], where: str) -> None:
    west, south, east, north = _reach(crs)
    here = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    swapped = ~here & (y >= west) & (y <= east) & (x >= south) & (x <= north)
    _refuse_swapped(int(swapped.sum()), max(1, int((np.isfinite(x) & np.isfinite(y)).sum())), where)
    put(swapped, "E-COORD-004")
    put(~(np.abs(x) < _FARTHEST) | ~(np.abs(y) < _FARTHEST), "E-COORD-003")


def _refuse_swapped(n_swapped: int, n_there: int, where: str) -> None:
    if n_swapped > _MOST * n_there:
        raise refusal("E-CRS-014", where=where, n=n_swapped, n_there=n_there)


def _reach(crs: Any) -> tuple[float, float, float, float]:
    """Bounds in metres of the area *crs* is made for, three times as wide; empty where it does not say."""
    area = crs.area_of_use
    if area is None:
        return np.inf, np.inf, -np.inf, -np.inf
    to_metres = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    west, south, east, north = to_metres.transform_bounds(area.west, area.south, area.east, area.north)
    if not np.isfinite([west, south, east, north]).all():
        return np.inf, np.inf, -np.inf, -np.inf
    wide, high = east - west, north - south
    return west - wide, south - high / 10, east + wide, north + high / 10
