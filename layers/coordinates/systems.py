"""Coordinate systems: which one to work in, and how to get there without a silent shift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError

from ...errors import InputError, Notice
from ..points import without_collecting
from ..refusals import refusal

WGS84 = CRS.from_epsg(4326)
SCALE_TOLERANCE = 0.01
"""A projection whose distances are further off than this at the centre is not worked in (Web Mercator: 1.4 at 45°)."""

_UNPUBLISHED = ("beijing 1954", "new beijing", "xian 1980", "beijing_1954", "xian_1980")
"""Datums whose way to WGS 84 is not published. PROJ knows parameters of some oil fields, and takes them anywhere."""

_COINCIDING = ("World Geodetic System 1984", "WGS 84", "WGS_1984", "China 2000", "China_2000", "CGCS2000")


def read_crs(text: Any, *, where: str) -> CRS:
    """The coordinate system named by *text*: an EPSG code, WKT, a PROJ text, or a CRS.

    Raises InputError when PROJ does not know it.
    """
    known = {"cgcs2000": 4490, "wgs84": 4326}
    try:
        return CRS.from_user_input(known.get(str(text).strip().casefold(), text))
    except CRSError as error:
        raise refusal("E-CRS-001", where=where, text=str(text)[:60]) from error


def named_crs(text: str | None) -> CRS | None:
    """The system a layer of a file names; None where it names none, or only says "undefined"."""
    try:
        crs = CRS.from_user_input(text) if text else None
    except CRSError:
        return None
    return crs if crs is not None and (crs.is_geographic or crs.is_projected) else None


def transformer(source: CRS | str | int, target: CRS | str | int) -> Transformer | _Chain:
    """The transformation from *source* to *target*, always x (east) before y (north).

    A "ballpark" transformation, which ignores the shift between two datums, is refused with InputError.
    WGS 84 and CGCS2000 coincide, so between them it is exact and allowed.
    """
    source, target = read_crs(source, where="source"), read_crs(target, where="target")
    return _transformer(source.to_wkt(), target.to_wkt())


@lru_cache(maxsize=32)
def _transformer(source_wkt: str, target_wkt: str) -> Transformer | _Chain:
    source, target = CRS.from_wkt(source_wkt), CRS.from_wkt(target_wkt)
    if source.is_bound != target.is_bound and any(_coincides(crs) for crs in (source, target)):
        # the parameters lead to WGS 84; asked for the way to CGCS2000, PROJ silently leaves them out
        return _Chain(_from_bound(source, WGS84), _from_bound(WGS84, target))
    if not same_datum(source, target) and any(_is_unpublished(crs) for crs in (source, target)):
        raise _no_way(source, target)
    try:
        return Transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        if same_datum(source, target):
            return Transformer.from_crs(source, target, always_xy=True)
        raise _no_way(source, target) from error


class _Chain:
    """Two transformations, one after the other."""

    def __init__(self, first: Transformer, second: Transformer):
        self.first, self.second = first, second

    def transform(self, x: Any, y: Any) -> tuple[Any, Any]:
        """As `pyproj.Transformer.transform`."""
        return self.second.transform(*self.first.transform(x, y))

    def transform_bounds(self, *bounds: float) -> tuple[float, float, float, float]:
        """As `pyproj.Transformer.transform_bounds`."""
        return self.second.transform_bounds(*self.first.transform_bounds(*bounds))


def _from_bound(source: CRS, target: CRS) -> Transformer:
    """Between WGS 84 and a system that brings its own parameters, or one that coincides with WGS 84."""
    return Transformer.from_crs(source, target, always_xy=True)


def _coincides(crs: CRS) -> bool:
    return not crs.is_bound and _datum(crs).startswith(_COINCIDING)


def _is_unpublished(crs: CRS) -> bool:
    """Whether *crs* rests on a datum without public parameters, and does not bring its own (TOWGS84, a bound CRS)."""
    return not crs.is_bound and _datum(crs).casefold().startswith(_UNPUBLISHED)


def _no_way(source: CRS, target: CRS) -> InputError:
    return refusal(
        "E-CRS-003",
        where=f"{_datum(source) or 'unknown datum'} to {_datum(target) or 'unknown datum'}",
        source=source.name,
        target=target.name,
    )


def same_datum(one: CRS, other: CRS) -> bool:
    """Whether two systems rest on the same datum; WGS 84 and CGCS2000 count as the same."""
    names = [_datum(one), _datum(other)]
    if not all(names):
        return False
    return names[0] == names[1] or all(name.startswith(_COINCIDING) for name in names)


def _datum(crs: CRS) -> str:
    datum = crs.geodetic_crs.datum if crs.geodetic_crs is not None else None
    return str(datum.name) if datum is not None else ""


def reproject(table: gpd.GeoDataFrame, target: CRS | str | int) -> gpd.GeoDataFrame:
    """*table* in the coordinate system *target*; a geometry that has no finite place there becomes None.

    Raises InputError when *table* names no coordinate system, or the way there is not known exactly.
    """
    if table.crs is None:
        raise _no_crs()
    target = read_crs(target, where="target")
    if table.crs == target:
        return table
    moved = _move(table.geometry.to_numpy(), transformer(table.crs, target))
    return table.set_geometry(gpd.GeoSeries(moved, index=table.index, crs=target))


def _no_crs() -> InputError:
    return refusal("E-CRS-004", where="geometry")


def _move(shapes: np.ndarray, change: Transformer | _Chain) -> np.ndarray:
    coordinates = shapely.get_coordinates(shapes)
    x, y = change.transform(coordinates[:, 0], coordinates[:, 1])
    with without_collecting():
        flat = shapely.force_2d(shapes)
    moved = shapely.set_coordinates(flat, np.column_stack([x, y]))
    lost = ~np.isfinite(shapely.bounds(moved)).all(axis=1) & ~shapely.is_missing(moved)
    moved[lost] = None
    return moved


def working_crs(place: gpd.GeoDataFrame | Sequence[float]) -> tuple[CRS, Notice]:
    """The coordinate system in metres to work in, and a notice that says which and why.

    *place* is a layer, or bounds (west, south, east, north) in degrees. A layer already projected in true metres
    keeps its own; everything else gets the UTM zone (WGS 84) of its centre. The same place gives the same answer.
    """
    if isinstance(place, gpd.GeoDataFrame):
        if place.crs is None:
            raise _no_crs()
        if is_metric(place.crs, place.total_bounds):
            return place.crs, working_in(place.crs, "单元图层自带", "the cells' own")
        west, south, east, north = transformer(place.crs, WGS84).transform_bounds(*place.total_bounds)
    else:
        west, south, east, north = place
    crs = CRS.from_epsg(_utm_zone((west + east) / 2, (south + north) / 2))
    return crs, working_in(crs, "按单元中心选定", "chosen by the centre of the cells")


def working_in(crs: CRS, zh: str, en: str) -> Notice:
    """The notice that names the working system and why it was taken."""
    return Notice("N-CRS-007", f"计算坐标系:{crs.name}({zh}),单位米", f"working in {crs.name}, {en}, in metres")


def is_metric(crs: CRS, bounds: Sequence[float]) -> bool:
    """Whether distances in *crs* are true metres at the centre of *bounds* (in its own units), within 1 %.

    A local engineering grid in metres counts; Web Mercator does not.
    """
    if not all(axis.unit_name in {"metre", "meter"} for axis in crs.axis_info[:2]):
        return False
    if not crs.is_projected:
        return not crs.is_geographic
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    projection = Proj(crs)
    try:
        factors = projection.get_factors(*projection(x, y, inverse=True), errcheck=True)
    except ProjError:
        return False
    scales = (factors.meridional_scale, factors.parallel_scale)
    return all(abs(scale - 1.0) <= SCALE_TOLERANCE for scale in scales)


def _utm_zone(lon: float, lat: float) -> int:
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise refusal("E-CRS-007", where="coordinate system of the cells", lon=lon, lat=lat)
    if lat > 84 or lat < -80:
        return 32661 if lat > 0 else 32761
    zone = min(int((lon + 180) // 6) + 1, 60)
    return (32600 if lat >= 0 else 32700) + zone
