"""Polygon files of any format -> one table of valid polygons."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS

from ...errors import InputError, Notice
from ..contents import KINDS, PARQUET, VECTOR, Content, open_contents
from ..coordinates import named_crs, read_crs
from ..geoparquet import crs_of, encoding_of, geometry_of, shapes_of_nested
from ..refusals import refusal
from ..sandbox import parse
from .rules import told

_GEOMETRIES = ("geometry", "geom", "wkb", "wkb_geometry", "wkt")
"""Columns of plain Parquet that hold shapes."""
_POLYGONS = (3, 6)
_KINDS = ("Point LineString LinearRing Polygon MultiPoint MultiLineString MultiPolygon GeometryCollection").split()


def read_polygons(
    path: str | Path, *, layer: str | None = None, crs: str | None = None
) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """The polygons of a file with all their columns, made valid, in the file's coordinate system.

    *path* may be `file|layer`. *crs* is used where the file names none. Rows keep the file's order (index 0..n-1).
    Raises InputError when the file cannot be read, holds no polygons, or names no coordinate system.
    """
    table, where = read_as_drawn(path, layer=layer, crs=crs)
    return valid_polygons(table, where)


def read_as_drawn(
    path: str | Path, *, layer: str | None = None, crs: str | None = None
) -> tuple[gpd.GeoDataFrame, str]:
    """The rows of a file of polygons as they are, rows without a shape and invalid rings too; and where they are from.

    Raises InputError as `read_polygons` does.
    """
    file, layer = _split(path, layer)
    table = _read(file, layer)
    where = file.name + (f", layer {layer}" if layer else "")
    shapes = shapely.force_2d(table.geometry.to_numpy())
    empty = _without_shape(shapes)
    other = ~empty & ~np.isin(shapely.get_type_id(shapes), _POLYGONS)
    if other.any() or empty.all():
        kinds = sorted({_KINDS[kind] for kind in shapely.get_type_id(shapes[other])})
        raise refusal("E-CELL-103" if kinds else "E-CELL-104", where=where, kinds=", ".join(kinds))
    if table.crs is None and crs is None:
        raise refusal("E-CRS-006", where=where)
    system = table.crs if table.crs is not None else read_crs(crs, where=where)
    return table.set_geometry(gpd.GeoSeries(shapes, crs=system)), where


def read_shapes(path: str | Path, *, crs: str | None = None) -> tuple[gpd.GeoDataFrame, str]:
    """Lines and polygons of a file with all their columns, rows without a shape left out; and where they are from.

    *path* may be `file|layer`, which is needed where the file has several. Raises InputError as `read_polygons` does.
    """
    file, layer = _split(path, None)
    table = _read(file, layer, "")
    where = file.name + (f", layer {layer}" if layer else "")
    shapes = shapely.force_2d(table.geometry.to_numpy())
    if table.crs is None and crs is None:
        raise refusal("E-CRS-006", where=where)
    system = table.crs if table.crs is not None else read_crs(crs, where=where)
    whole = table.set_geometry(gpd.GeoSeries(shapes, crs=system))
    return whole[~_without_shape(shapes)].reset_index(drop=True), where


def _without_shape(shapes: np.ndarray) -> np.ndarray:
    return shapely.is_missing(shapes) | shapely.is_empty(shapes)


def _split(path: str | Path, layer: str | None) -> tuple[Path, str]:
    file = Path(path)
    if not file.exists() and "|" in str(path):
        head, _, tail = str(path).partition("|")
        file, layer = Path(head), tail.removeprefix("layername=") or layer
    if not file.exists():
        raise refusal("E-CELL-101", where="cells", file=file.name)
    return file, layer or ""


def _read(file: Path, layer: str, shapes_wanted: str = "Polygon") -> gpd.GeoDataFrame:
    content = _content(file)
    columnar = KINDS.get(content.ending) == PARQUET
    read = _read_parquet(content) if columnar else _read_layer(content, layer, shapes_wanted)
    columns, shapes, crs = read
    table = columns.to_pandas(integer_object_nulls=True, date_as_object=False)
    return gpd.GeoDataFrame(table, geometry=shapes, crs=crs)


def _content(file: Path) -> Content:
    """The file as it lies, or the one layer file inside a .zip or .gz."""
    if file.suffix.lower() not in (".zip", ".gz"):
        return Content(file.name, file.suffix.lower(), file)
    inside = [one for one in open_contents(file, file.name) if KINDS[one.ending] in (VECTOR, PARQUET)]
    if len(inside) != 1:
        raise refusal("E-CELL-102", where=file.name, n=len(inside))
    return inside[0]


def _read_layer(content: Content, layer: str, wanted: str) -> tuple[pa.Table, np.ndarray, CRS | None]:
    """(columns, shapes, coordinate system) of a layer GDAL reads, in a process of its own."""
    parsed = parse("vector", {"layer": layer, "shapes": wanted}, **content.as_asked(f"cells{content.ending}"))
    table, facts = parsed.tables[0], parsed.facts
    columns = table.select(facts["fields"])
    if not facts["geometry"]:
        return columns, np.full(len(table), None), None
    return columns, _shapes(table[facts["geometry"]], content.name), named_crs(facts["crs"])


def _shapes(column: pa.ChunkedArray, where: str) -> np.ndarray:
    """Shapes from WKB or WKT. Raises InputError for one that cannot be built."""
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    try:
        return shapely.from_wkt(column.to_numpy()) if text else shapely.from_wkb(column.to_numpy())
    except NotImplementedError as error:
        raise refusal("E-CELL-105", where=where) from error
    except (shapely.errors.ShapelyError, TypeError) as error:
        raise _damaged(where) from error


def _damaged(where: str) -> InputError:
    return refusal("E-CELL-106", where=where)


def _read_parquet(content: Content) -> tuple[pa.Table, np.ndarray, CRS | None]:
    """As `_read_layer`, of GeoParquet or of plain Parquet with a column of WKB or WKT."""
    asked = content.as_asked("cells.parquet")
    schema = parse("columnar", {"columns": None}, **asked).tables[0].schema
    try:
        name, described = geometry_of(schema)
        crs, nested = crs_of(described[name]) if name else None, encoding_of(described, name)
        name = name or next((known for known in _GEOMETRIES if known in schema.names), "")
        if not name:
            raise refusal("E-CELL-107", where=content.name)
        table = parse("columnar", {"columns": schema.names}, **asked).tables[0]
        shapes = shapes_of_nested(table[name], nested) if nested else _shapes(table[name], content.name)
    except InputError:
        raise
    except ValueError as error:
        raise _damaged(content.name) from error
    others = [n for n in schema.names if n != name and not n.startswith("__index_level_")]
    return table.select(others).replace_schema_metadata(None), shapes, crs


def valid_polygons(table: gpd.GeoDataFrame, where: str) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """The rows with a shape, every ring made valid, and what to tell. Raises InputError for cells without area."""
    empty = _without_shape(table.geometry.to_numpy())
    notices = [told("N-CELL-001", n=int(empty.sum()))] if empty.any() else []
    table = table[~empty].reset_index(drop=True)
    shapes, repaired = make_valid(table.geometry.to_numpy())
    if repaired.any():
        notices.append(told("N-CELL-002", n=int(repaired.sum())))
    gone = shapely.is_empty(shapes)
    if gone.any():
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(gone)[:5])
        raise refusal("E-CELL-108", where=f"{where}, rows {rows}", n=int(gone.sum()))
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs)), notices


def make_valid(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Valid polygons and which of them had to be repaired; no part of an area is lost (unlike with buffer(0))."""
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes = shapes.copy()
    shapes[broken] = [_areas(shape) for shape in shapely.make_valid(shapes[broken])]
    return shapes, broken


def _areas(shape: shapely.Geometry) -> shapely.Geometry:
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    parts = [part for part in shapely.get_parts(shape) if shapely.get_type_id(part) in _POLYGONS]
    return shapely.union_all(parts) if parts else shapely.Polygon()
