"""What GeoParquet says of its shapes, and the shapes themselves: WKB, or GeoArrow's nested coordinates."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

_NESTED = ("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon")


def geometry_of(schema: pa.Schema) -> tuple[str, dict[str, Any]]:
    """(name of the main column of shapes, "" if there is none; what the file says of every such column).

    Raises ValueError where what it says is no JSON.
    """
    geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    if not isinstance(geo, dict) or not isinstance(geo.get("columns"), dict):
        return "", {}
    name = geo.get("primary_column", "")
    known = name in geo["columns"] and name in schema.names and isinstance(geo["columns"][name], dict)
    kind = schema.field(name).type if known else pa.null()
    right = pa.types.is_nested(kind) if encoding_of(geo["columns"], name) else _is_bytes(kind)
    return (name if right else ""), geo["columns"]


def encoding_of(described: dict[str, Any], name: str) -> str:
    """How the coordinates of a column are nested, such as `polygon`; "" for WKB."""
    told = described.get(name)
    encoding = str(told.get("encoding", "")).lower() if isinstance(told, dict) else ""
    return encoding if encoding in _NESTED else ""


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def crs_of(column: dict[str, Any]) -> CRS | None:
    """As the standard has it: absent means longitude and latitude, null means unknown."""
    if "crs" not in column:
        return CRS("EPSG:4326")
    try:
        return CRS.from_json_dict(column["crs"]) if column["crs"] else None
    except (CRSError, TypeError, ValueError):
        return None


def shapes_of_nested(column: pa.ChunkedArray, encoding: str) -> np.ndarray:
    """(n,) shapes from lists of lists of x and y; missing ones are empty. Raises ValueError where they are no such."""
    array, offsets = column.combine_chunks(), []
    while pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        offsets.append(np.asarray(array.offsets))
        array = array.values
    if not pa.types.is_struct(array.type) or not {"x", "y"} <= {field.name for field in array.type}:
        raise ValueError(f"coordinates of type {array.type}")
    corners = np.column_stack([array.field(axis).to_numpy(zero_copy_only=False) for axis in ("x", "y")])
    kind = getattr(shapely.GeometryType, encoding.upper())
    if kind == shapely.GeometryType.POINT:
        return shapely.points(corners)
    return shapely.from_ragged_array(kind, corners, tuple(reversed(offsets)))
