"""What is wrong with a layer of cells as a whole: overlaps and gaps. Told, not repaired."""

from __future__ import annotations

import numpy as np
import shapely

from ...errors import Notice
from .coverage import holes_of
from .rules import told

LEAST_M2, LEAST_WIDTH_M = 1.0, 0.1
"""Overlaps and gaps that are smaller, or narrower on average, are the width of a line."""


def notice_topology(shapes: np.ndarray, loose: np.ndarray, city: np.ndarray) -> list[Notice]:
    """Notices on overlaps of the finest territorial cells and on gaps in the *city*; [] for a clean coverage.

    *loose* (n,) bool: cells whose borders do not match. Units in metres.
    """
    notices = []
    _, shared = find_overlaps(shapes, loose)
    areas = shapely.area(shared)
    if len(areas):
        notices.append(told("N-CELL-020", n=len(areas), area=areas.sum()))
    areas = shapely.area(find_gaps(city))
    if len(areas):
        notices.append(told("N-CELL-021", n=len(areas), area=areas.sum()))
    return notices


def find_overlaps(shapes: np.ndarray, loose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k, 2) row numbers of the polygons that share ground, and the (k,) shapes of what they share.

    *loose* (n,) bool: polygons whose borders do not match those of their neighbours; all others share nothing.
    """
    suspect = np.flatnonzero(loose)
    one, two = shapely.STRtree(shapes).query(shapes[suspect])
    one = suspect[one]
    pairs = np.unique(np.sort(np.column_stack([one, two])[one != two], axis=1), axis=0)
    pairs = pairs[_boxes_share(shapes, pairs)]
    shared = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    wide = _wide(shared)
    return pairs[wide], shared[wide]


def mean_width(shapes: np.ndarray) -> np.ndarray:
    """(n,) metres: twice the area over the length of the border, the width of a strip; half that of a square."""
    length = shapely.length(shapes)
    return np.divide(2 * shapely.area(shapes), length, out=np.zeros(len(shapes)), where=length > 0)


def _wide(shapes: np.ndarray) -> np.ndarray:
    """Whether each shape is more than the width of a line."""
    return (shapely.area(shapes) >= LEAST_M2) & (mean_width(shapes) >= LEAST_WIDTH_M)


def _boxes_share(shapes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    a, b = shapely.bounds(shapes[pairs[:, 0]]), shapely.bounds(shapes[pairs[:, 1]])
    wide = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    high = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    return (wide > 0) & (high > 0) & (wide * high >= LEAST_M2)


def find_gaps(city: np.ndarray) -> np.ndarray:
    """(k,) polygons of the places inside the whole city that no cell covers, but for lines."""
    holes = holes_of(city)
    return holes[_wide(holes)]
