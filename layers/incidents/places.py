"""Where the rows of one table lie: its own points or two columns of numbers, in a coordinate system that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyproj

from ...errors import InputError, Notice
from ..columns.names import Mapping
from ..columns.values import to_numbers
from .rules import notice
from .sources import Loaded, Source

WGS84 = "EPSG:4326"
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


def parse_crs(crs: Any) -> Any:
    """The coordinate system the user named, or None. Raises InputError if there is none of that name."""
    if crs is None or crs == "":
        return None
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise InputError(
            f"there is no coordinate system {crs}", where="--crs", fix="Use a code such as EPSG:4490, or WKT."
        ) from error


def read_places(source: Source, mapping: Mapping, loaded: Loaded, crs: Any, verdicts: _Verdicts) -> Places:
    """Coordinates of every row, and a verdict on those that are missing, no numbers, zero, swapped or out of range.

    Raises InputError if the coordinates cannot be in degrees and no system is named.
    """
    n_rows = loaded.table.num_rows
    bad, odd = np.zeros(n_rows, bool), np.zeros(n_rows, bool)
    if "lon" in mapping.columns:
        x, bad_x = to_numbers(loaded.table[mapping.columns["lon"]])
        y, bad_y = to_numbers(loaded.table[mapping.columns["lat"]])
        bad, known = bad_x | bad_y, None
    else:
        nowhere = np.full(n_rows, np.nan)
        x, y = (nowhere if axis is None else axis for axis in (loaded.x, loaded.y))
        odd, known = odd if loaded.odd is None else loaded.odd, source.crs
    system, notices = _settle(source.name, mapping, known, crs, x, y)
    missing = np.isnan(x) & np.isnan(y) & ~bad & ~odd
    _judge(x, y, bad, odd, system.is_geographic, verdicts, source.name)
    return Places(x, y, missing, system, notices)


def _settle(
    name: str, mapping: Mapping, known: Any, given: Any, x: np.ndarray, y: np.ndarray
) -> tuple[Any, tuple[Notice, ...]]:
    """The coordinate system: the file's own, else the user's, else degrees where the numbers leave no doubt."""
    if known is not None:
        return known, ()
    by_column = "lon" in mapping.columns
    named_degrees = by_column and not mapping.planar
    if given is not None:
        if given.is_projected and named_degrees and _are_degrees(x, y):
            return pyproj.CRS(WGS84), (notice("N-CRS-002", file=name),)
        return given, ()
    if named_degrees:
        return pyproj.CRS(WGS84), ()
    if _are_degrees(x, y):
        return pyproj.CRS(WGS84), (notice("N-CRS-001", file=name),)
    columns = f", columns {mapping.columns['lon']} and {mapping.columns['lat']}" if by_column else ""
    raise InputError(
        "the coordinates are not degrees, and their coordinate system is not known",
        where=name + columns,
        fix="Name it with --crs, such as --crs EPSG:4547.",
    )


def _are_degrees(x: np.ndarray, y: np.ndarray) -> bool:
    there = np.isfinite(x) & np.isfinite(y)
    return bool(there.any() and (np.abs(x[there]) <= 180).all() and (np.abs(y[there]) <= 180).all())


def _judge(
    x: np.ndarray, y: np.ndarray, bad: np.ndarray, odd: np.ndarray, degrees: bool, verdicts: _Verdicts, where: str
) -> None:
    verdicts.put(odd, "E-COORD-006")
    verdicts.put(bad, "E-COORD-005")
    verdicts.put(np.isnan(x) | np.isnan(y), "E-COORD-001")
    verdicts.put((x == 0) & (y == 0), "E-COORD-002")
    with np.errstate(invalid="ignore"):
        if not degrees:
            verdicts.put(~(np.abs(x) < _FARTHEST) | ~(np.abs(y) < _FARTHEST), "E-COORD-003")
            return
        swapped = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
        outside = ((np.abs(x) > 180) | (np.abs(y) > 90)) & ~swapped
    n_there = max(1, int((np.isfinite(x) & np.isfinite(y)).sum()))
    if swapped.sum() > _MOST * n_there:
        raise InputError(
            f"longitude and latitude are swapped in {int(swapped.sum())} of {n_there} rows",
            where=where,
            fix="Name the columns the other way round with --lon and --lat.",
        )
    if outside.sum() > _MOST * n_there:
        raise InputError(
            f"{int(outside.sum())} of {n_there} coordinates are not degrees",
            where=where,
            fix="Name their coordinate system with --crs, such as --crs EPSG:4547.",
        )
    verdicts.put(swapped, "E-COORD-004")
    verdicts.put(outside, "E-COORD-003")
