"""What is wrong with a layer of cells as a whole: overlaps and gaps. Told, not repaired."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from ...cube import ROOT_CELL
from ...errors import Notice

LEAST_M2, LEAST_WIDTH_M = 1.0, 0.1
"""Overlaps and gaps that are smaller, or narrower on average, are the width of a line."""


def notice_topology(table: gpd.GeoDataFrame) -> list[Notice]:
    """Notices on overlapping territorial cells and on gaps between them; [] for a clean coverage. Units in metres."""
    parents = set(table["parent"])
    finest = (table["role"] == "territorial") & ~table["cell_id"].isin(parents) & (table["cell_id"] != ROOT_CELL)
    notices = []
    _, shared = find_overlaps(table.geometry[finest].to_numpy())
    if len(shared):
        zh = f"{len(shared)}对网格重叠,共{shared.sum():,.0f}平方米;重叠处的事件计入编码最小的网格"
        en = f"{len(shared)} pairs of cells overlap, {shared.sum():,.0f} m²; incidents there go to the smallest code"
        notices.append(Notice("N-CELL-020", zh, en))
    gaps = find_gaps(table.geometry[table["cell_id"] == ROOT_CELL].to_numpy())
    if len(gaps):
        zh = f"网格之间有{len(gaps)}处空隙,共{gaps.sum():,.0f}平方米;落入的事件不属于任何网格"
        en = f"{len(gaps)} gaps between cells, {gaps.sum():,.0f} m²; incidents there are in no cell"
        notices.append(Notice("N-CELL-021", zh, en))
    return notices


def find_overlaps(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k, 2) row numbers of the polygons that share an area, and the (k,) areas they share, in m²."""
    marked = shapely.coverage_invalid_edges(shapes)
    suspect = np.flatnonzero(~shapely.is_missing(marked) & ~shapely.is_empty(marked))
    one, two = shapely.STRtree(shapes).query(shapes[suspect])
    one = suspect[one]
    pairs = np.unique(np.sort(np.column_stack([one, two])[one != two], axis=1), axis=0)
    pairs = pairs[_boxes_share(shapes, pairs)]
    shared = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    wide = _wide(shared)
    return pairs[wide], shapely.area(shared[wide])


def _wide(shapes: np.ndarray) -> np.ndarray:
    """Whether each shape is more than the width of a line."""
    areas = shapely.area(shapes)
    return (areas >= LEAST_M2) & (2 * areas >= LEAST_WIDTH_M * shapely.length(shapes))


def _boxes_share(shapes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    a, b = shapely.bounds(shapes[pairs[:, 0]]), shapely.bounds(shapes[pairs[:, 1]])
    wide = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    high = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    return (wide > 0) & (high > 0) & (wide * high >= LEAST_M2)


def find_gaps(city: np.ndarray) -> np.ndarray:
    """(k,) areas in m² of the holes of the whole city."""
    parts = shapely.get_parts(city)
    filled = shapely.polygons(shapely.get_exterior_ring(parts)) if len(parts) else parts
    holes = shapely.get_parts(shapely.difference(filled, parts))
    return shapely.area(holes[_wide(holes)])
