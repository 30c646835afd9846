"""Polygons as shared, quantised arcs: every border stands once, as small whole numbers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

MERCATOR = "EPSG:3857"
"""The map's own coordinates: a basemap can be laid under them later."""

STEPS = 1 << 17
"""The longer side of the map in quantisation steps: 0.4 m in a city 50 km wide."""

SIMPLIFY_ABOVE = 150_000
"""Vertices of one level above which borders are simplified for display."""

SIMPLIFY_SHARE = 0.06
"""Tolerance of that simplification, as a share of the side of a median unit."""

LEAST_ARC = 3
"""Arcs per ring below which none of them is simplified: a ring of one or two could collapse."""

THIN = 0.12
"""Roundness (4π·area/length², 1 for a disc) below which a hole is a crack between borders, not a place."""


@dataclass(frozen=True)
class Lattice:
    """Whole-number map coordinates: Web Mercator metres = (x0 + unit·i, y0 − unit·j); j runs south."""

    x0: float
    y0: float
    unit: float
    width: int
    height: int

    @classmethod
    def over(cls, bounds: Sequence[float]) -> Lattice:
        """The lattice that spans *bounds* (west, south, east, north; Web Mercator metres)."""
        west, south, east, north = bounds
        longer = max(east - west, north - south, 1.0)
        unit = 2.0 ** np.ceil(np.log2(longer / STEPS))
        return cls(
            float(west), float(north), float(unit), int((east - west) / unit) + 1, int((north - south) / unit) + 1
        )

    def place(self, xy: np.ndarray) -> np.ndarray:
        """(n, 2) Web Mercator metres -> (n, 2) int64 lattice steps."""
        steps = (np.asarray(xy, dtype=float) - (self.x0, self.y0)) / (self.unit, -self.unit)
        return np.rint(steps).astype(np.int64)


def without_slivers(polygons: np.ndarray) -> np.ndarray:
    """Units without hair-thin holes, which a union of neighbours leaves where their borders do not quite meet."""
    every_part, owner = shapely.get_parts(polygons, return_index=True)
    cleaned = polygons.copy()
    for row in np.unique(owner[shapely.get_num_interior_rings(every_part) > 0]):
        parts = [_without_thin_holes(part) for part in shapely.get_parts(polygons[row])]
        cleaned[row] = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return cleaned


def _without_thin_holes(polygon: shapely.Polygon) -> shapely.Polygon:
    if not polygon.interiors:
        return polygon
    holes = shapely.polygons(list(polygon.interiors))
    roundness = 4 * np.pi * shapely.area(holes) / shapely.length(holes) ** 2
    places = [ring for ring, is_place in zip(polygon.interiors, roundness >= THIN, strict=True) if is_place]
    return shapely.Polygon(polygon.exterior, places)


def encode(polygons: np.ndarray, lattice: Lattice) -> dict[str, str]:
    """Polygons (Web Mercator metres) as text: arcs, then rings of arcs, then units of rings.

    Keys: `n` vertices per arc; `x`, `y` along all vertices; `r` arcs per ring; `a` references of rings to arcs, 2·arc,
    +1 where run backwards; `u` rings per unit. Each is base64 of variable-length integers; `x`, `y` and `a` hold
    differences.
    A ring that collapses on the lattice is left out; rings fill even-odd, so holes need no mark. The borders of a level
    with very many vertices are simplified, each once, so that they stay shared.
    """
    xy, ring_of, unit_of_ring = _rings(polygons, lattice)
    sizes = np.bincount(ring_of, minlength=len(unit_of_ring)).astype(np.int64)
    rings_per_unit = np.bincount(unit_of_ring, minlength=len(polygons))
    if not len(xy):
        return _pack(n=[], x=[], y=[], r=[], a=[], u=rings_per_unit)
    vertex, edge, forward, opens, following = _cut(xy, sizes)
    starts = np.flatnonzero(opens)
    lengths = np.diff(np.append(starts, len(vertex)))
    keys = np.minimum.reduceat(edge, starts)
    at_key = np.flatnonzero(edge == np.repeat(keys, lengths))
    owner = np.repeat(np.arange(len(starts)), lengths)[at_key]
    first_at_key = at_key[np.unique(owner, return_index=True)[1]]
    _, stored, arc = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(stored)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    stored, arc = stored[order], rank[arc]
    backwards = forward[first_at_key] != forward[first_at_key][stored][arc]
    points = xy[_points_of(starts[stored], lengths[stored], following)]
    n_points = lengths[stored] + 1
    ring_at_start = np.repeat(np.arange(len(sizes)), sizes)[starts]
    if len(xy) > SIMPLIFY_ABOVE:
        alone = np.bincount(ring_at_start, minlength=len(sizes))[ring_at_start] < LEAST_ARC
        tolerance = SIMPLIFY_SHARE * float(np.sqrt(np.median(shapely.area(polygons)))) / lattice.unit
        points, n_points = _simpler(points, n_points, np.isin(np.arange(len(stored)), arc[alone]), tolerance)
    return _pack(
        n=n_points,
        x=_steps(points[:, 0]),
        y=_steps(points[:, 1]),
        r=np.bincount(ring_at_start, minlength=len(sizes)),
        a=_steps(2 * arc + backwards),
        u=rings_per_unit,
    )


def _rings(polygons: np.ndarray, lattice: Lattice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Open rings on the lattice: vertices, the ring of each, the unit of each ring. Collapsed rings are dropped."""
    parts, unit_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coordinates, ring_of = shapely.get_coordinates(rings, return_index=True)
    xy = lattice.place(coordinates)
    repeats = np.zeros(len(xy), dtype=bool)
    repeats[1:] = (ring_of[1:] == ring_of[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
    xy, ring_of = xy[~repeats], ring_of[~repeats]
    last = np.append(ring_of[1:] != ring_of[:-1], True)[: len(ring_of)]
    xy, ring_of = xy[~last], ring_of[~last]  # the closing vertex repeats the first
    whole = np.bincount(ring_of, minlength=len(rings)) >= 3
    kept = np.flatnonzero(whole)
    number = np.full(len(rings), -1)
    number[kept] = np.arange(len(kept))
    inside = whole[ring_of]
    return xy[inside], number[ring_of[inside]], unit_of_part[part_of_ring[kept]]


def _cut(xy: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rings turned so that each starts at a junction, and where their arcs start.

    Returns, per position: vertex number, undirected edge to the next, whether that edge runs upward in vertex number,
    whether an arc starts here, and the position in *xy* as (this, next).
    """
    _, vertex = np.unique(xy[:, 0] * (1 << 32) + xy[:, 1], return_inverse=True)
    begin = np.cumsum(sizes) - sizes
    ring = np.repeat(np.arange(len(sizes)), sizes)
    step = np.arange(len(vertex)) - begin[ring]
    after = begin[ring] + (step + 1) % sizes[ring]
    opens = _junctions(vertex, vertex[after])[vertex]
    lonely = ~np.logical_or.reduceat(opens, begin)
    lowest = np.minimum.reduceat(vertex, begin)
    opens |= lonely[ring] & (vertex == lowest[ring])
    first = np.minimum.reduceat(np.where(opens, step, len(vertex)), begin)
    turned = begin[ring] + (step + first[ring]) % sizes[ring]
    this, following = vertex[turned], vertex[after[turned]]
    low, high = np.minimum(this, following), np.maximum(this, following)
    _, edge = np.unique(low * (int(vertex.max()) + 1) + high, return_inverse=True)
    return this, edge, this < following, opens[turned], np.column_stack([turned, after[turned]])


def _junctions(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(n_vertices,) bool: vertices where other than two different edges meet."""
    count = int(start.max()) + 1
    edges = np.unique(np.minimum(start, end) * count + np.maximum(start, end))
    degree = np.bincount(edges // count, minlength=count) + np.bincount(edges % count, minlength=count)
    return degree != 2


def _points_of(starts: np.ndarray, lengths: np.ndarray, following: np.ndarray) -> np.ndarray:
    """Positions of the vertices of the stored arcs, each with its last vertex included."""
    total = lengths + 1
    offset = np.arange(total.sum()) - np.repeat(np.cumsum(total) - total, total)
    ends = offset == np.repeat(lengths, total)
    at = np.repeat(starts, total) + offset - ends
    return np.where(ends, following[at, 1], following[at, 0])


def _simpler(
    points: np.ndarray, n_points: np.ndarray, kept: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Arcs with fewer vertices (Douglas & Peucker 1973), their ends unmoved; those *kept* stay as they are."""
    lines = shapely.linestrings(points.astype(float), indices=np.repeat(np.arange(len(n_points)), n_points))
    simpler = np.where(kept, lines, shapely.simplify(lines, tolerance, preserve_topology=False))
    return shapely.get_coordinates(simpler).astype(np.int64), shapely.get_num_coordinates(simpler)


def _steps(values: np.ndarray) -> np.ndarray:
    """Differences from one value to the next, folded to be never negative: 0, -1, 1, -2 … become 0, 1, 2, 3 …"""
    steps = np.diff(np.asarray(values, dtype=np.int64), prepend=0)
    return np.where(steps < 0, -2 * steps - 1, 2 * steps)


def packed(values: np.ndarray) -> str:
    """Whole numbers of any sign as text, small where neighbours are alike."""
    return varints(_steps(values))


def _pack(**columns: np.ndarray | list[int]) -> dict[str, str]:
    return {name: varints(np.asarray(values, dtype=np.int64)) for name, values in columns.items()}


def varints(values: np.ndarray) -> str:
    """Whole numbers in [0, 2³⁵) as base64 of 7-bit groups, low group first, top bit set on all but the last."""
    values = np.asarray(values, dtype=np.int64)
    n_bytes = 1 + np.stack([values >= 1 << (7 * k) for k in range(1, 5)]).sum(axis=0)
    offset = np.cumsum(n_bytes) - n_bytes
    out = np.zeros(int(n_bytes.sum()), dtype=np.uint8)
    for k in range(5):
        some = n_bytes > k
        more = (n_bytes[some] > k + 1).astype(np.int64) << 7
        out[offset[some] + k] = ((values[some] >> (7 * k)) & 127) | more
    return base64.b64encode(out.tobytes()).decode("ascii")
