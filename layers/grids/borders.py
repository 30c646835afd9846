"""How much border two units share: what rook neighbours, and weights by border length, are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

_ROUNDING = 1e-12  # of the largest coordinate: corners on a slanted border are not on it to the last bit

Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""(k,) owner of each edge, and its two ends, (k, 2) each."""

Stretches = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""(k,) one owner and (k,) the other of each stretch of border, and its two ends, (k, 2) each."""


def shared_borders(
    shapes: np.ndarray, tolerance: float = 0.0, to_metres: Callable[[np.ndarray], np.ndarray] | None = None
) -> sparse.csr_matrix:
    """(n, n) symmetric CSR of the length in metres of the border that each two polygons share; no diagonal.

    Outer rings, holes and every part of a multipolygon count. Edges with the same two corners settle nearly all;
    the rest, such as a long edge with several neighbours along it, is measured where both edges run within
    *tolerance* (units of the shapes) of each other. A single common point has no length. Where the shapes are not in
    metres, *to_metres* takes (k, 2) points to a system that is. Polygons that overlap without a common stretch of
    border share none.
    """
    n = len(shapes)
    edges = _edges(shapes)
    if not len(edges[0]):
        return sparse.csr_matrix((n, n))
    same, lone = _same_corners(*edges)
    found = (same, _side_by_side(*(part[lone] for part in edges), tolerance))
    one, two, start, end = (np.concatenate([piece[k] for piece in found]) for k in range(4))
    if to_metres is not None and len(one):
        start, end = np.split(to_metres(np.concatenate([start, end])), 2)
    length = np.hypot(*(end - start).T)
    half = sparse.coo_matrix((length, (one, two)), shape=(n, n))
    return (half + half.T).tocsr()


def lift_borders(borders: sparse.csr_matrix, group: np.ndarray, n_groups: int) -> sparse.csr_matrix:
    """Border lengths between groups, the sum over their members; *group* is (n,), -1 for none."""
    member = np.flatnonzero(group >= 0)
    shape = (n_groups, len(group))
    belongs = sparse.csr_matrix((np.ones(len(member)), (group[member], member)), shape=shape)
    between = (belongs @ borders @ belongs.T).tocoo()
    off = between.row != between.col
    return sparse.csr_matrix((between.data[off], (between.row[off], between.col[off])), shape=between.shape)


def _edges(shapes: np.ndarray) -> Edges:
    """Every edge of every ring, without those of no length."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inside = np.flatnonzero((ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1))
    return owner[part[ring[inside]]], points[inside], points[inside + 1]


def _same_corners(owner: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[Stretches, np.ndarray]:
    """The edges that two polygons draw alike, and (k,) bool of all other edges."""
    corner, known = pd.factorize(np.ascontiguousarray(np.concatenate([start, end]) + 0.0).view(complex).ravel())
    a, b = np.split(corner.astype(np.int64), 2)
    key = np.minimum(a, b) * len(known) + np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    rising, who = key[order], owner[order]
    lone, pairs, step = np.ones(len(key), dtype=bool), [np.zeros((0, 2), dtype=np.int64)], 1
    while True:  # two owners as a rule, more where polygons overlap
        at = np.flatnonzero(rising[step:] == rising[:-step])
        if not len(at):
            break
        at = at[who[at] != who[at + step]]
        pairs.append(np.column_stack([order[at], order[at + step]]))
        step += 1
    one, two = np.concatenate(pairs).T
    lone[one] = lone[two] = False
    return (owner[one], owner[two], start[one], end[one]), lone


def _side_by_side(owner: np.ndarray, start: np.ndarray, end: np.ndarray, tolerance: float) -> Stretches:
    """Where edges of two polygons run side by side."""
    near = max(tolerance, _ROUNDING * float(np.abs(start).max(initial=1.0)))
    low, high = np.minimum(start, end) - near, np.maximum(start, end) + near
    boxes = shapely.box(*low.T, *high.T)
    one, two = shapely.STRtree(boxes).query(boxes)
    kept = owner[one] < owner[two]
    one, two = one[kept], two[kept]
    along = end[one] - start[one]
    length = np.hypot(*along.T)
    along /= length[:, None]
    first, last = start[two] - start[one], end[two] - start[one]
    place = np.stack([np.sum(first * along, axis=1), np.sum(last * along, axis=1)])
    apart = np.stack([along[:, 0] * v[:, 1] - along[:, 1] * v[:, 0] for v in (first, last)])
    begin, finish = np.maximum(place.min(axis=0), 0.0), np.minimum(place.max(axis=0), length)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (apart[1] - apart[0]) / (place[1] - place[0])
        gap = [np.abs(apart[0] + slope * (at - place[0])) for at in (begin, finish)]
        found = np.flatnonzero((finish - begin > near) & (np.maximum(*gap) <= near))
    begin, finish, one, two, along = (part[found] for part in (begin, finish, one, two, along))
    origin = start[one]
    return owner[one], owner[two], origin + begin[:, None] * along, origin + finish[:, None] * along
