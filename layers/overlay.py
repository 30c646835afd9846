"""Points into cells: exact, each point once per role."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..errors import InputError
from .coordinates import reproject
from .grids.layer import CellLayer

CHUNK = 1_000_000
"""Points looked up at a time: bounds memory to a few hundred megabytes."""

BUSY = 8
"""Points in a square from which on it is cheaper to test the square first."""


def assign_cells(points: gpd.GeoDataFrame, cells: CellLayer) -> np.ndarray:
    """Row of `cells.table` of the finest unit each point lies in, (n_points, n_roles) int64, -1 outside.

    Columns are the roles present, in the order of `cells.roles`. Cells are closed regions, so a point on a shared
    border lies in several: it goes to the smallest `cell_id` as text, and re-ordered cells change nothing.
    A missing, empty or not finite point is outside. Points in another CRS are brought into that of the cells;
    InputError when they name none.
    """
    if points.crs is None:
        raise InputError(
            "the incidents name no coordinate system", where="incidents", fix="Name it with --crs EPSG:4326."
        )
    x, y = coordinates_of(reproject(points, cells.crs).geometry.to_numpy())
    shapes, ids = cells.table.geometry.to_numpy(), cells.table["cell_id"].to_numpy(dtype=object)
    answer = np.full((len(points), len(cells.roles)), -1, dtype=np.int64)
    for column, role in enumerate(cells.roles):
        rows = np.array(sorted(cells.leaves(role), key=lambda row: ids[row]), dtype=np.int64)
        shapely.prepare(shapes[rows])
        for start in range(0, len(points), CHUNK):
            part = slice(start, start + CHUNK)
            answer[part, column] = rows_or_outside(rows, locate(x[part], y[part], shapes[rows]))
    return answer


def rows_or_outside(rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """*rows* picked by *found*, where -1 stays -1."""
    return np.where(found >= 0, rows[np.maximum(found, 0)], -1) if len(rows) else found


def locate(x: np.ndarray, y: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """(n,) number of the first of *shapes* whose closed region holds each point, -1 where none does.

    Points are sorted into squares first. Where a busy square lies wholly inside or outside a shape, all its
    points are settled at once; only the others are tested one by one, exactly.
    """
    answer = np.full(len(x), -1, dtype=np.int64)
    if not len(shapes):
        return answer
    west, south, east, north = shapely.total_bounds(shapes)
    near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
    if not len(near):
        return answer
    order, starts, sizes, boxes = _squares(x[near], y[near])
    square, shape = shapely.STRtree(shapes).query(boxes)
    inside, partly = _settle(shapes, boxes, square, shape, sizes)
    first = np.full(len(near), len(shapes), dtype=np.int64)
    for pairs, certain in ((inside, True), (partly, False)):
        members = sizes[square[pairs]]
        point = order[_runs(starts[square[pairs]], members)]
        holder = np.repeat(shape[pairs], members)
        if not certain:
            held = shapely.intersects_xy(shapes[holder], x[near[point]], y[near[point]])
            point, holder = point[held], holder[held]
        np.minimum.at(first, point, holder)
    answer[near] = np.where(first < len(shapes), first, -1)
    return answer


def _squares(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points ordered by square; first position, number of points and box of every square that holds any."""
    n_side = int(min(max(np.sqrt(len(x)), 1), 4096))
    west, south = x.min(), y.min()
    width = max((x.max() - west) / n_side, (y.max() - south) / n_side, 1e-6)
    key = ((y - south) // width).astype(np.int64) * (n_side + 2) + ((x - west) // width).astype(np.int64)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    row, column = np.divmod(ordered[starts], n_side + 2)
    grown = width * 1e-3  # a box must hold its points whatever the rounding
    left, low = west + column * width - grown, south + row * width - grown
    boxes = shapely.box(left, low, left + width + 2 * grown, low + width + 2 * grown)
    return order, starts, np.diff(np.append(starts, len(x))), boxes


def _settle(
    shapes: np.ndarray, boxes: np.ndarray, square: np.ndarray, shape: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the (square, shape) pairs where the shape holds all of the square, and where points must be tested."""
    busy = np.flatnonzero(sizes[square] >= BUSY)
    covered = shapely.covers(shapes[shape[busy]], boxes[square[busy]])
    inside, other = busy[covered], busy[~covered]
    apart = other[~shapely.intersects(shapes[shape[other]], boxes[square[other]])]
    settled = np.zeros(len(square), dtype=bool)
    settled[inside] = settled[apart] = True
    return inside, np.flatnonzero(~settled)


def _runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """start, start + 1, ... of every run, one after the other."""
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - before, lengths)


def coordinates_of(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and y of points, NaN where missing, empty, or not a point."""
    held = shapes.copy()
    held[shapely.is_empty(held)] = None  # asking an empty point for its x raises
    return shapely.get_x(held), shapely.get_y(held)


def __getattr__(name: str) -> Any:
    """`find_default_points` and `at_default_points` live in a room of their own; they can still be had from here."""
    if name in ("find_default_points", "at_default_points"):
        return getattr(import_module(".default_points", __package__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
