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


def open_vector(content: Content, layer: str = "") -> Source:
    """A layer GDAL reads. A file of several layers must name one."""
    place: Any = content.vsi or (content.data if content.data is not None else str(content.path))
    options = {"DATE_AS_STRING": "YES"} if content.ending in (".geojson", ".json") else {}
    try:
        chosen = _choose_layer(pyogrio.list_layers(place), layer, content.name)
        info = pyogrio.read_info(place, layer=chosen, **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
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
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pa.ArrowException) as error:
            raise _cannot_open(content) from error
        geometry = meta.get("geometry_name") or _GEOMETRY
        shapes = (
            shapely.from_wkb(table[geometry].to_numpy()) if has_geometry and geometry in table.column_names else None
        )
        return _loaded(table.drop_columns([geometry]) if shapes is not None else table, shapes, content.name)

    crs = pyproj.CRS.from_user_input(info["crs"]) if info["crs"] else None
    return Source(content.name, tuple(info["fields"]), load, has_geometry, crs)


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
    kinds = shapely.get_type_id(shapes)
    single = (kinds == _MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    odd = (kinds >= 0) & (kinds != _POINT) & ~single & ~shapely.is_empty(shapes)
    return shapely.get_x(shapes), shapely.get_y(shapes), odd


def open_parquet(content: Content) -> Source:
    """A Parquet file, with points of its own if it is GeoParquet."""
    place = pa.BufferReader(content.buffer()) if content.data is not None else str(content.path)
    try:
        file = pq.ParquetFile(place)
        schema = file.schema_arrow
        geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError("the Parquet file is damaged", where=content.name, fix="Copy or export it again.") from error
    geometry = geo.get("primary_column", "")
    others = {*geo.get("columns", {})}
    names = tuple(n for n in schema.names if n not in others and not pa.types.is_nested(schema.field(n).type))

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

    crs = _parquet_crs(geo["columns"][geometry]) if geometry else None
    return Source(content.name, names, load, bool(geometry), crs)


def _shapes(column: pa.ChunkedArray) -> np.ndarray:
    """Well-known binary, or GeoArrow points with x and y."""
    if pa.types.is_struct(column.type):
        whole = column.combine_chunks()
        return shapely.points(*(whole.field(axis).to_numpy(zero_copy_only=False) for axis in ("x", "y")))
    return shapely.from_wkb(column.to_numpy())


def _parquet_crs(column: dict[str, Any]) -> pyproj.CRS | None:
    """As the GeoParquet standard has it: absent means longitude and latitude, null means unknown."""
    if "crs" not in column:
        return pyproj.CRS("EPSG:4326")
    return pyproj.CRS.from_json_dict(column["crs"]) if column["crs"] else None
