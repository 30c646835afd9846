"""GeoPackage, GeoJSON, Shapefile, FlatGeobuf, KML and Parquet: typed columns stay typed, points become coordinates.

Rows are counted from 1: such files have no header row.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely

from ...errors import InputError
from ..contents import Content
from ..coordinates import named_crs
from ..geoparquet import crs_of, encoding_of, geometry_of, shapes_of_nested
from ..refusals import refusal
from ..sandbox import parse
from .sources import Loaded, Source

_POINT, _MULTIPOINT = 0, 4
_NAMES = {"GB18030": "gb18030", "CP936": "gb18030", "CP950": "big5"}


def open_vector(content: Content, layer: str = "") -> Source:
    """A layer GDAL reads, in a process of its own. A file of several layers must name one."""
    parsed = parse("vector", {"layer": layer, "shapes": "Point"}, **content.as_asked(f"layer{content.ending}"))
    whole, facts = parsed.tables[0], parsed.facts
    geometry = facts["geometry"]

    def load(columns: list[str] | None) -> Loaded:
        shapes = _from_wkb(whole[geometry], content.name) if geometry else None
        return _loaded(whole.select(facts["fields"] if columns is None else columns), shapes, content.name)

    return Source(
        content.name,
        tuple(facts["fields"]),
        load,
        bool(geometry),
        named_crs(facts["crs"]),
        _NAMES.get(facts["encoding"], ""),
    )


def _loaded(table: pa.Table, shapes: np.ndarray | None, where: str) -> Loaded:
    rows = np.arange(1, table.num_rows + 1)
    if shapes is None:
        return Loaded(table, rows)
    x, y, odd = points_of(shapes)
    if len(shapes) and odd.sum() == len(shapes):
        kinds = sorted({shape.geom_type for shape in shapes[:1000] if shape is not None})
        raise refusal("E-LAYER-007", where=where, kinds=", ".join(kinds))
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
    """A Parquet file, read in a process of its own, with points of its own if it is GeoParquet."""
    asked = content.as_asked("table.parquet")
    schema = parse("columnar", {"columns": None}, **asked).tables[0].schema
    try:
        geometry, described = geometry_of(schema)
    except ValueError as error:
        raise _damaged(content.name) from error
    others = {*described}
    names = tuple(n for n in schema.names if n not in others and _is_plain(schema.field(n).type))

    def load(columns: list[str] | None) -> Loaded:
        wanted = list(names) if columns is None else columns
        named = [*wanted, *([geometry] if geometry else [])]
        table = parse("columnar", {"columns": named}, **asked).tables[0]
        read = _shapes(table[geometry], encoding_of(described, geometry), content.name) if geometry else None
        return _loaded(table.select(wanted), read, content.name)

    crs = crs_of(described[geometry]) if geometry else None
    return Source(content.name, names, load, bool(geometry), crs)


def _damaged(name: str) -> InputError:
    return refusal("E-LAYER-005", where=name)


def _is_plain(kind: pa.DataType) -> bool:
    """Neither nested nor raw bytes."""
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _shapes(column: pa.ChunkedArray, nested: str, where: str) -> np.ndarray:
    if not nested:
        return _from_wkb(column, where)
    try:
        return shapes_of_nested(column, nested)
    except ValueError as error:
        raise _damaged(where) from error


def _from_wkb(column: pa.ChunkedArray, where: str) -> np.ndarray:
    """Shapes; None, which counts as missing, where the bytes are none. Raises InputError for curves."""
    try:
        return shapely.from_wkb(column.to_numpy(), on_invalid="ignore")
    except NotImplementedError as error:
        raise refusal("E-LAYER-008", where=where) from error
