"""GeoPackage, GeoJSON, Shapefile, FlatGeobuf, KML and Parquet: typed columns stay typed, points become coordinates.

Rows are counted from 1: such files have no header row.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from ...errors import InputError
from .sandbox import parse
from .sources import Content, Loaded, Source

_POINT, _MULTIPOINT = 0, 4
_NAMES = {"GB18030": "gb18030", "CP936": "gb18030", "CP950": "big5"}


def open_vector(content: Content, layer: str = "") -> Source:
    """A layer GDAL reads, in a process of its own. A file of several layers must name one."""
    parsed = parse(
        "vector", {"layer": layer}, name=content.name, path=content.path, files=content.files(f"layer{content.ending}")
    )
    whole, facts = parsed.tables[0], parsed.facts
    geometry = facts["geometry"]

    def load(columns: list[str] | None) -> Loaded:
        shapes = _from_wkb(whole[geometry]) if geometry else None
        return _loaded(whole.select(facts["fields"] if columns is None else columns), shapes, content.name)

    return Source(
        content.name,
        tuple(facts["fields"]),
        load,
        bool(geometry),
        _layer_crs(facts["crs"]),
        _NAMES.get(facts["encoding"], ""),
    )


def _layer_crs(text: str | None) -> pyproj.CRS | None:
    """The layer's coordinate system; None where it is absent or only says "undefined"."""
    try:
        crs = pyproj.CRS.from_user_input(text) if text else None
    except pyproj.exceptions.CRSError:
        return None
    return crs if crs is not None and (crs.is_geographic or crs.is_projected) else None


def _loaded(table: pa.Table, shapes: np.ndarray | None, where: str) -> Loaded:
    rows = np.arange(1, table.num_rows + 1)
    if shapes is None:
        return Loaded(table, rows)
    x, y, odd = points_of(shapes)
    if len(shapes) and odd.sum() == len(shapes):
        kinds = sorted({shape.geom_type for shape in shapes[:1000] if shape is not None})
        raise InputError(
            f"incidents must be points; this layer holds {', '.join(kinds)}",
            where=where,
            fix="Give the layer of points; polygons belong to --cells.",
        )
    return Loaded(table, rows, x=x, y=y, odd=odd)


def points_of(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x, y, mask of what is no point). A multipoint of one point is that point; None and empty are NaN."""
    shapes = np.where(shapely.is_empty(shapes), None, shapes)  # GEOS refuses the x of an empty point, which QGIS writes
    kinds = shapely.get_type_id(shapes)
    single = (kinds == _MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    odd = (kinds >= 0) & (kinds != _POINT) & ~single
    return shapely.get_x(shapes), shapely.get_y(shapes), odd


def open_parquet(content: Content) -> Source:
    """A Parquet file, with points of its own if it is GeoParquet."""
    place = pa.BufferReader(content.buffer()) if content.data is not None else str(content.path)
    try:
        file = pq.ParquetFile(place)
        schema = file.schema_arrow
        geometry, described = _geometry_of(schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError("the Parquet file is damaged", where=content.name, fix="Copy or export it again.") from error
    others = {*described}
    names = tuple(n for n in schema.names if n not in others and _is_plain(schema.field(n).type))

    def load(columns: list[str] | None) -> Loaded:
        wanted = list(names) if columns is None else columns
        try:
            table = file.read(columns=[*wanted, *([geometry] if geometry else [])])
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                "the Parquet file is damaged", where=content.name, fix="Copy or export it again."
            ) from error
        shapes = _shapes(table[geometry]) if geometry else None
        return _loaded(table.select(wanted), shapes, content.name)

    crs = _parquet_crs(described[geometry]) if geometry else None
    return Source(content.name, names, load, bool(geometry), crs)


def _geometry_of(schema: pa.Schema) -> tuple[str, dict[str, Any]]:
    """(name of the column of points, "" if there is none; what GeoParquet says of every geometry column)."""
    geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    if not isinstance(geo, dict) or not isinstance(geo.get("columns"), dict):
        return "", {}
    name = geo.get("primary_column", "")
    known = name in geo["columns"] and name in schema.names and isinstance(geo["columns"][name], dict)
    kind = schema.field(name).type if known else pa.null()
    bytes_ = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    points = pa.types.is_struct(kind) and {"x", "y"} <= {field.name for field in kind}
    return (name if bytes_ or points else ""), geo["columns"]


def _is_plain(kind: pa.DataType) -> bool:
    """Neither nested nor raw bytes."""
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _shapes(column: pa.ChunkedArray) -> np.ndarray:
    """Well-known binary, or GeoArrow points with x and y."""
    if pa.types.is_struct(column.type):
        whole = column.combine_chunks()
        return shapely.points(*(whole.field(axis).to_numpy(zero_copy_only=False) for axis in ("x", "y")))
    return _from_wkb(column)


def _from_wkb(column: pa.ChunkedArray) -> np.ndarray:
    """Shapes; None, which counts as missing, where the bytes are none."""
    return shapely.from_wkb(column.to_numpy(), on_invalid="ignore")


def _parquet_crs(column: dict[str, Any]) -> pyproj.CRS | None:
    """As the GeoParquet standard has it: absent means longitude and latitude, null means unknown."""
    if "crs" not in column:
        return pyproj.CRS("EPSG:4326")
    try:
        return pyproj.CRS.from_json_dict(column["crs"]) if column["crs"] else None
    except (pyproj.exceptions.CRSError, TypeError, ValueError):
        return None
