"""GeoPackage, GeoJSON, Shapefile, FlatGeobuf and Parquet: typed columns stay typed, points become coordinates.

Times come from GDAL as ISO text: its typed columns take a local time for UTC and forget which offset was written.
Rows are counted from 1: such files have no header row.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely

from ...errors import InputError
from .sources import Content, Loaded, Source

_POINT, _MULTIPOINT = 0, 4
_GEOMETRY = "wkb_geometry"
_GDAL_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError)


def open_vector(content: Content, layer: str = "") -> Source:
    """A layer GDAL reads. A file of several layers must name one."""
    place: Any = content.vsi or (content.data if content.data is not None else str(content.path))
    options = {"DATE_AS_STRING": "YES"} if content.ending in (".geojson", ".json") else {}
    try:
        chosen = _choose_layer(pyogrio.list_layers(place), layer, content.name)
        info = pyogrio.read_info(place, layer=chosen, **options)
    except (*_GDAL_ERRORS, UnicodeError) as error:
        raise _cannot_open(content) from error
    has_geometry = bool(info["geometry_type"]) and info["geometry_type"] not in ("None", "Unknown (none)")

    def load(columns: list[str] | None) -> Loaded:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", RuntimeWarning
                )  # an offset beside a GeoPackage time: it is read as written
                meta, table = pyogrio.read_arrow(
                    place, layer=chosen, columns=columns, datetime_as_string=True, **options
                )
        except (*_GDAL_ERRORS, pa.ArrowException, OSError, UnicodeError) as error:
            raise _cannot_open(content) from error
        geometry = meta.get("geometry_name") or _GEOMETRY
        shapes = _from_wkb(table[geometry]) if has_geometry and geometry in table.column_names else None
        return _loaded(table.drop_columns([geometry]) if shapes is not None else table, shapes, content.name)

    return Source(content.name, tuple(info["fields"]), load, has_geometry, _layer_crs(info["crs"]))


def _layer_crs(text: str | None) -> pyproj.CRS | None:
    """The layer's coordinate system; None where it is absent or only says "undefined"."""
    try:
        crs = pyproj.CRS.from_user_input(text) if text else None
    except pyproj.exceptions.CRSError:
        return None
    return crs if crs is not None and (crs.is_geographic or crs.is_projected) else None


def _choose_layer(layers: np.ndarray, layer: str, where: str) -> str | None:
    """The layer to read; None for the only one (in memory its name is not stable)."""
    names = [str(name) for name, _ in layers]
    if layer in names:
        return layer
    if layer:
        raise InputError(f"there is no layer {layer}", where=where, fix=f"The layers are: {', '.join(names)}.")
    if len(names) == 1:
        return None
    points = [str(name) for name, kind in layers if kind and "Point" in str(kind)]
    if len(points) != 1:
        listing = ", ".join(names)
        raise InputError(
            f"the file holds {len(names)} layers", where=where, fix=f"Name one as file|layer, of: {listing}."
        )
    return points[0]


def _cannot_open(content: Content) -> InputError:
    return InputError("the layer cannot be read", where=content.name, fix="Open it in QGIS and save it again.")


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
