"""Units -> the rings of a CAP area."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from ..plain_text import one_line
from ..refusals import refusal

Ring = list[tuple[float, float]]
TOLERANCE = 25.0
"""Metres by which a simplified outline may leave the true one."""
LARGEST = 400
"""Corners a ring has at most: outlines are simplified further until it has no more."""


def rings_of(cells: gpd.GeoDataFrame, tolerance: float = TOLERANCE) -> dict[str, list[Ring]]:
    """cell_id -> closed rings of (latitude, longitude) in WGS 84, to five decimals (about a metre).

    cells : `cell_id` and polygons, in a CRS in metres. Only outlines: CAP knows no holes. A piece that is too small to
    have three corners after rounding is left out; a unit without a polygon has no rings.
    """
    outlines: dict[str, list[Ring]] = {}
    for cell_id, shape in zip(cells["cell_id"].astype(str), cells.geometry, strict=True):
        parts = [] if shape is None or shape.is_empty else list(shapely.get_parts(shape))
        simple = [_simplified(part, tolerance) for part in parts if part.geom_type == "Polygon"]
        degrees = gpd.GeoSeries(simple, crs=cells.crs).to_crs(4326) if simple else []
        rings = [_ring(part) for part in degrees]
        outlines[cell_id] = [ring for ring in rings if len(ring) >= 4]
    return outlines


def read_rings(path: str | Path, wanted: set[str]) -> dict[str, list[Ring]]:
    """The rings of the units *wanted* from a file of units: a run's `results.gpkg` (layer `cells`), or another layer.

    *path* may name a layer, `file.gpkg|layer`. Raises InputError if there is no layer of polygons with a `cell_id` in a
    known coordinate system.
    """
    place, _, layer = str(path).partition("|")
    try:
        names = [str(name) for name in pyogrio.list_layers(place)[:, 0]]
        chosen = layer or ("cells" if "cells" in names else names[0])
        cells: Any = gpd.read_file(place, layer=chosen, engine="pyogrio")
    except (DataSourceError, DataLayerError, IndexError) as error:
        raise refusal("E-CAP-003", where=one_line(place, 200)) from error
    if not isinstance(cells, gpd.GeoDataFrame) or "cell_id" not in cells or cells.crs is None:
        raise refusal("E-CAP-003", where=one_line(path, 200))
    cells = cells[cells["cell_id"].astype(str).isin(wanted)]
    return rings_of(cells if cells.crs.is_projected else cells.to_crs(cells.estimate_utm_crs()))


def _simplified(part: shapely.Polygon, tolerance: float) -> shapely.Polygon:
    """The outline within *tolerance* metres, more where it still has too many corners."""
    outline = shapely.Polygon(part.exterior)
    simple = outline.simplify(tolerance)
    while len(simple.exterior.coords) > LARGEST:
        tolerance *= 2.0
        simple = outline.simplify(tolerance)
    return outline if simple.is_empty else simple


def _ring(part: shapely.Polygon) -> Ring:
    """(latitude, longitude) rounded, without repeats, closed."""
    ring: Ring = []
    for x, y in part.exterior.coords[:-1]:
        corner = (round(y, 5), round(x, 5))
        if not ring or ring[-1] != corner:
            ring.append(corner)
    while len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    return [*ring, ring[0]] if len(ring) >= 3 else []
