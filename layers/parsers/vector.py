"""GeoPackage, GeoJSON, Shapefile, FlatGeobuf and KML by GDAL: one layer as an Arrow table.

Times of incidents come from GDAL as ISO text: its typed columns take a local time for UTC and forget which offset was
written. The days of cells stay typed.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio

from ...errors import InputError
from ..refusals import refusal
from .shapefile import dbf_encoding

_GEOMETRY = "wkb_geometry"
_ANY = ("Unknown", "Geometry Collection")
_GDAL_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError)


def parse(order: dict[str, Any]) -> tuple[dict[str, Any], list[pa.Table]]:
    """(fields; geometry: name of its column or ""; crs; encoding), [the layer's table].

    The order names the `layer` ("" for the only one) and the `shapes` that are wanted: "Point", "Polygon", "" for any.
    """
    place, where = order["place"], order["name"]
    points = order["shapes"] == "Point"
    options: dict[str, Any] = {"DATE_AS_STRING": "YES"} if points and place.endswith((".geojson", ".json")) else {}
    try:
        chosen = _choose_layer(pyogrio.list_layers(place), order["layer"], order["shapes"], where)
        encoding = dbf_encoding(Path(place)) if place.lower().endswith(".shp") else None
        info = pyogrio.read_info(place, layer=chosen, encoding=encoding, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an offset beside a GeoPackage time: it is read as written
            meta, table = pyogrio.read_arrow(
                place, layer=chosen, encoding=encoding, datetime_as_string=points, **options
            )
    except InputError:
        raise
    except (*_GDAL_ERRORS, pa.ArrowException, OSError, ValueError) as error:
        raise _cannot_open(where) from error
    has_geometry = bool(info["geometry_type"]) and info["geometry_type"] not in ("None", "Unknown (none)")
    geometry = (meta.get("geometry_name") or _GEOMETRY) if has_geometry else ""
    geometry = geometry if geometry in table.column_names else ""
    fields = [n for n in map(str, info["fields"]) if n in table.column_names]
    _check_text(table, where)
    wanted = table.select([*fields, *([geometry] if geometry else [])])
    return {"fields": fields, "geometry": geometry, "crs": info["crs"], "encoding": encoding or ""}, [wanted]


def _choose_layer(layers: np.ndarray, layer: str, shapes: str, where: str) -> str | None:
    """The layer to read; None for the only one (in memory its name is not stable)."""
    names = [str(name) for name, _ in layers]
    if not names:
        raise _cannot_open(where)
    if layer in names:
        return layer
    if layer:
        raise refusal("E-LAYER-001", where=where, layer=layer, layers=", ".join(names))
    if len(names) == 1:
        return None
    kinds = {str(name): str(kind) for name, kind in layers if kind}
    fit = [name for name, kind in kinds.items() if shapes in kind] or [n for n, k in kinds.items() if k in _ANY]
    if shapes == "Polygon" and "cells" in fit:
        return "cells"
    if shapes and len(fit) == 1:
        return fit[0]
    kind = f" of {shapes.lower()}s" if shapes else ""
    what = f"{len(fit)} layers{kind}" if fit else f"{len(names)} layers, none{kind}"
    kind_zh = {"Point": "点", "Polygon": "面"}.get(shapes, shapes)
    what_zh = f"{len(fit)}个{kind_zh}图层" if fit else f"{len(names)}个图层,没有{kind_zh}图层"
    listing = fit or names
    raise refusal(
        "E-LAYER-002",
        where=where,
        what=what,
        what_zh=what_zh,
        example=f"{where}|{listing[0]}",
        layers=", ".join(listing),
    )


def _check_text(table: pa.Table, where: str) -> None:
    """Refuse text that is none: GDAL hands on what it finds."""
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:
        raise refusal("E-FILE-019", where=where) from error


def _cannot_open(where: str) -> InputError:
    return refusal("E-LAYER-003", where=where)
