"""In which coordinate system the numbers of one table are: what the file says, what the user says, what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj

from ...errors import InputError, Notice
from ..coordinates.shifts import SHIFTED
from ..coordinates.zones import zone_of, zone_of_system, zone_system
from ..refusals import refusal
from .rules import notice

GEOGRAPHIC = "EPSG:4326"
_CGCS2000 = 4490
_TITLES = {"gcj02": "GCJ-02", "bd09": "BD-09"}
_OTHER_NAMES = {
    "gcj02": ("gcj02", "gcj_02", "火星坐标", "火星坐标系", "高德", "amap"),
    "bd09": ("bd09", "bd_09", "bd09ll", "百度", "百度坐标", "百度坐标系", "baidu"),
    "cgcs2000": ("cgcs2000", "cgcs_2000", "国家2000", "国家大地2000", "2000坐标系"),
    "wgs84": ("wgs84", "wgs_84"),
}
_SHARE = 0.5


@dataclass(frozen=True)
class ByName:
    """A system the user named that is none of PROJ's: `gcj02`, `bd09`, or `cgcs2000` with the zone left open."""

    name: str
    is_projected: bool = False
    is_geographic: bool = True


@dataclass(frozen=True)
class Named:
    """What is known of a table's coordinates before a number is looked at."""

    file: str
    columns: tuple[str, ...]
    named_degrees: bool
    known: Any
    given: Any


@dataclass(frozen=True)
class Settled:
    """The numbers in the order x, y and in `crs`; `shift` is what must be taken away from them yet."""

    crs: Any
    x: np.ndarray
    y: np.ndarray
    shift: str = ""
    notices: tuple[Notice, ...] = ()


def parse_crs(crs: Any) -> Any:
    """The coordinate system the user named (EPSG code, WKT, PROJ text, gcj02, bd09, cgcs2000), or None.

    Raises InputError if there is none of that name, or it is one no public parameters lead away from.
    """
    if crs is None or crs == "":
        return None
    word = str(crs).strip().casefold().replace("-", "_").replace(" ", "_")
    for name, words in _OTHER_NAMES.items():
        if word in words:
            return pyproj.CRS(GEOGRAPHIC) if name == "wgs84" else ByName(name)
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise refusal("E-CRS-002", where="--crs", text=str(crs)[:60]) from error


def are_degrees(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether every number that is there could be a degree, in one order or the other."""
    there = np.isfinite(x) & np.isfinite(y)
    return bool(there.any() and (np.abs(x[there]) <= 180).all() and (np.abs(y[there]) <= 180).all())


def settle(named: Named, x: np.ndarray, y: np.ndarray) -> Settled:
    """The file's own system, else the user's, else what the numbers leave no doubt of.

    Raises InputError where they are no degrees and nobody says what they are.
    """
    given, known = named.given, named.known
    if isinstance(given, ByName) and given.name in SHIFTED and (known is None or known.is_geographic):
        told = notice("N-CRS-003", file=named.file, system=_TITLES[given.name])
        return Settled(pyproj.CRS(GEOGRAPHIC), x, y, given.name, (told,))
    if known is not None:
        return Settled(known, x, y)
    zoned = _by_zone(named, x, y)
    if zoned is not None:
        return zoned
    if isinstance(given, ByName):
        return Settled(_degrees_only(named, x, y), x, y)
    if given is not None:
        if given.is_projected and named.named_degrees and are_degrees(x, y):
            return Settled(pyproj.CRS(GEOGRAPHIC), x, y, "", (notice("N-CRS-002", file=named.file),))
        return Settled(given, x, y)
    if named.named_degrees:
        return Settled(pyproj.CRS(GEOGRAPHIC), x, y)
    if are_degrees(x, y):
        return Settled(pyproj.CRS(GEOGRAPHIC), x, y, "", (notice("N-CRS-001", file=named.file),))
    if not (np.isfinite(x) & np.isfinite(y)).any():  # nothing that could be misread
        return Settled(pyproj.CRS(GEOGRAPHIC), x, y)
    raise _unknown(named)


def _unknown(named: Named) -> InputError:
    columns = f", columns {' and '.join(named.columns)}" if named.columns else ""
    return refusal("E-CRS-010", where=named.file + columns)


def _degrees_only(named: Named, x: np.ndarray, y: np.ndarray) -> pyproj.CRS:
    """CGCS2000 in degrees; metres without a zone in front do not say which zone they are in."""
    there = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    if (np.abs(x[there]) > 180).sum() <= _SHARE * max(1, there.sum()):
        return pyproj.CRS.from_epsg(_CGCS2000)
    raise refusal("E-CRS-011", where=named.file)


def _by_zone(named: Named, x: np.ndarray, y: np.ndarray) -> Settled | None:
    """Metres of CGCS2000 with the zone in front of x, in the order x, y or in that of surveyors; None if they are not.

    A system the user named counts: only a 3° zone of CGCS2000, or `cgcs2000`, leaves the zone to the numbers.
    """
    given = named.given
    zone, prefixed = (0, True) if given is None or isinstance(given, ByName) else zone_of_system(given.to_epsg())
    if given is not None and not zone and not isinstance(given, ByName):
        return None
    there = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    found = [(zone_of(a, b), a, b, order) for a, b, order in ((x, y, False), (y, x, True))]
    zones, east, north, surveyors = max(found, key=lambda one: int((one[0] > 0).sum()))
    fitting = zones[there & (zones > 0)]
    if not len(fitting) or len(fitting) <= _SHARE * there.sum():
        return _add_zone(named, zone, x, y) if zone and prefixed else None
    distinct = sorted(set(fitting.tolist()))
    if zone and distinct != [zone]:
        raise refusal(
            "E-CRS-012",
            where=named.file,
            zones=", ".join(map(str, distinct)),
            system=given.name,
            zone=zone,
            epsg=zone_system(distinct[0]),
        )
    told = [notice("N-CRS-005", file=named.file)] if surveyors else []
    if not (zone and prefixed):
        codes = ",".join(str(zone_system(one)) for one in distinct)
        told.insert(0, notice("N-CRS-004", file=named.file, zones=",".join(map(str, distinct)), epsg=codes))
    if len(distinct) == 1:
        return Settled(pyproj.CRS.from_epsg(zone_system(distinct[0])), east, north, "", tuple(told))
    return Settled(pyproj.CRS.from_epsg(_CGCS2000), *_to_degrees(zones, east, north), "", tuple(told))


def _add_zone(named: Named, zone: int, x: np.ndarray, y: np.ndarray) -> Settled | None:
    """x lacks the zone that the named system puts in front: the same zone without it."""
    there = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    bare = (zone_of(x + zone * 1e6, y) == zone) & there
    if bare.sum() <= _SHARE * max(1, there.sum()):
        return None
    crs = pyproj.CRS.from_epsg(zone_system(zone) + 21)
    return Settled(crs, x, y, "", (notice("N-CRS-006", file=named.file, epsg=crs.to_epsg()),))


def _to_degrees(zones: np.ndarray, east: np.ndarray, north: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees of metres in several zones; rows of no zone keep their numbers, which are no degrees."""
    lon, lat = east.copy(), north.copy()
    for zone in sorted(set(zones[zones > 0].tolist())):
        at = zones == zone
        change = pyproj.Transformer.from_crs(zone_system(zone), _CGCS2000, always_xy=True)
        lon[at], lat[at] = change.transform(east[at], north[at])
    return lon, lat
