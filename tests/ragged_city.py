"""Irregular cells with ragged borders, drawn alike from both sides: the shape that real cities' grids have."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import Voronoi


def ragged_city(n: int, vertices: int = 44, seed: int = 0, side: float = 30_000.0) -> np.ndarray:
    """(n,) polygons that cover a square of *side* metres, with about so many *vertices* each.

    Voronoi cells of random points; every common border is cut and its points displaced once, for both its cells.
    """
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, side, (n, 2))
    for _ in range(2):  # towards the middle of their cells: no corner is too sharp to be ragged
        points = _middles(_voronoi(points, side), n)
    voronoi = _voronoi(points, side)
    inside = (voronoi.ridge_points < n).any(axis=1)
    cells, ends = voronoi.ridge_points[inside], np.array(voronoi.ridge_vertices)[inside]
    lines = _ragged(voronoi.vertices[ends], (cells >= n).any(axis=1), max(vertices // 6 - 1, 0), rng)
    return np.array([_around(points[i], lines[near]) for i, near in enumerate(_edges_of(cells, n))], dtype=object)


def _voronoi(points: np.ndarray, side: float) -> Voronoi:
    """Cells of the points and of their mirror images, so that those of the points end at the square."""
    mirrored = [points * [-1, 1], points * [1, -1], [2 * side, 0] + points * [-1, 1], [0, 2 * side] + points * [1, -1]]
    return Voronoi(np.concatenate([points, *mirrored]))


def _middles(voronoi: Voronoi, n: int) -> np.ndarray:
    corners = [voronoi.vertices[voronoi.regions[region]] for region in voronoi.point_region[:n]]
    return np.array([ring.mean(axis=0) for ring in corners])


def _ragged(ends: np.ndarray, outer: np.ndarray, cuts: int, rng: np.random.Generator) -> np.ndarray:
    """(edges, cuts + 2, 2) points of every border; those of the city's edge stay straight."""
    along = ends[:, 1] - ends[:, 0]
    across = np.column_stack([-along[:, 1], along[:, 0]])
    share = np.linspace(0, 1, cuts + 2)[1:-1]
    aside = rng.uniform(-0.15, 0.15, (len(ends), cuts)) * share * (1 - share)  # little near corners: no two cross
    aside[outer] = 0.0
    middle = ends[:, :1] + along[:, None] * share[None, :, None] + across[:, None] * aside[:, :, None]
    return np.concatenate([ends[:, :1], middle, ends[:, 1:]], axis=1).round(4)


def _edges_of(cells: np.ndarray, n: int) -> list[np.ndarray]:
    owner, edge = cells.T.ravel(), np.tile(np.arange(len(cells)), 2)
    order = np.argsort(owner, kind="stable")
    return np.split(edge[order], np.searchsorted(owner[order], np.arange(1, n + 1)))[:n]


def _around(centre: np.ndarray, lines: np.ndarray) -> shapely.Polygon:
    """The borders of one cell in turn, counter-clockwise."""
    first, last = lines[:, 0] - centre, lines[:, -1] - centre
    turned = first[:, 0] * last[:, 1] - first[:, 1] * last[:, 0] < 0
    lines = np.where(turned[:, None, None], lines[:, ::-1], lines)
    middle = (lines[:, 0] + lines[:, -1]) / 2 - centre
    order = np.argsort(np.arctan2(middle[:, 1], middle[:, 0]))
    return shapely.Polygon(lines[order, :-1].reshape(-1, 2))
