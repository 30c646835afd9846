"""Polygons that share borders: hairlines closed, borders that do not match found, and the union of many."""

from __future__ import annotations

import numpy as np
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

HAIRLINE_M = 0.05
"""Corners this near to one another are one corner: digitised twice, or rounded on the way."""


def snap_corners(shapes: np.ndarray, tolerance: float = HAIRLINE_M) -> np.ndarray:
    """Polygons whose corners within *tolerance* (units of the shapes) of one another are one and the same.

    A group of near corners takes the place of its first in order of x and y; a chain of corners longer than twice the
    tolerance is left as it is, and so is a shape that would become invalid. Nothing is changed where corners agree.
    """
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    whole = np.ascontiguousarray(coordinates).view(complex).ravel()
    known, place = np.unique(whole, return_inverse=True)
    target = _first_of_near(known, tolerance)
    if target is None:
        return shapes
    moved = target != np.arange(len(known))
    touched = np.unique(owner[moved[place]])
    snapped = shapes.copy()
    corners = np.isin(owner, touched)
    placed = np.ascontiguousarray(known[target][place[corners]]).view(float).reshape(-1, 2)
    snapped[touched] = shapely.set_coordinates(shapes[touched], placed)
    broken = touched[~shapely.is_valid(snapped[touched])]
    snapped[broken] = shapes[broken]
    return snapped


def _first_of_near(known: np.ndarray, tolerance: float) -> np.ndarray | None:
    """For each of the sorted places, the number of the place it moves to; None where none is near another."""
    places = known.view(float).reshape(-1, 2)
    pairs = cKDTree(places, balanced_tree=False, compact_nodes=False).query_pairs(tolerance, output_type="ndarray")
    if not len(pairs):
        return None
    n = len(known)
    links = sparse.coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    n_groups, group = sparse.csgraph.connected_components(links, directed=False)
    first = np.full(n_groups, n)
    np.minimum.at(first, group, np.arange(n))
    target = first[group]
    far = np.abs(known - known[target]) > 2 * tolerance
    chained = np.zeros(n_groups, dtype=bool)
    chained[group[far]] = True
    return np.where(chained[group], np.arange(n), target)


def mismatched(shapes: np.ndarray) -> np.ndarray:
    """(n,) bool: polygons with a border that does not run exactly along that of their neighbours."""
    marked = shapely.coverage_invalid_edges(shapes)
    return ~(shapely.is_missing(marked) | shapely.is_empty(marked))


def merge(shapes: np.ndarray, loose: np.ndarray | None = None) -> shapely.Geometry:
    """Union of polygons; the fast way of a clean coverage where it is one, the sure way otherwise.

    *loose* (n,) bool names the polygons whose borders do not match, where that is known: only they take the sure way.
    """
    missing = shapely.is_missing(shapes)
    if loose is not None:
        loose = loose[~missing]
    shapes = shapes[~missing]
    if len(shapes) == 1:
        return shapes[0]
    if loose is not None and loose.any() and not loose.all():
        return shapely.union_all(np.concatenate([[merge(shapes[~loose])], shapes[loose]]))
    if loose is not None and loose.all():
        return shapely.union_all(shapes)
    try:
        whole = shapely.coverage_union_all(shapes)
    except shapely.errors.GEOSException:
        return shapely.union_all(shapes)
    total = shapely.area(shapes).sum()
    sound = (
        whole.is_valid and whole.geom_type in {"Polygon", "MultiPolygon"} and abs(whole.area - total) <= 1e-9 * total
    )
    return whole if sound else shapely.union_all(shapes)


def holes_of(whole: np.ndarray) -> np.ndarray:
    """Polygons of the places inside *whole* (one or more polygons) that none of them covers."""
    parts = shapely.get_parts(whole)
    rings, owner = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return parts[:0]
    inner = np.ones(len(rings), dtype=bool)
    inner[np.searchsorted(owner, np.arange(len(parts)))] = False  # the first ring of a part is its outline
    holes = shapely.polygons(rings[inner])
    if not len(holes) or len(parts) == 1:
        return holes
    hole, part = shapely.STRtree(parts).query(holes, predicate="covers")
    for number in np.unique(hole):  # an island in a lake is no part of the lake
        holes[number] = shapely.difference(holes[number], shapely.union_all(parts[part[hole == number]]))
    return shapely.get_parts(holes)
