"""Points into cells: exact, each point once per role."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from .cell_index import CellIndex, build_index
from .coordinates import reproject
from .grids.layer import CellLayer
from .refusals import refusal

_OUTGROWN = 8
"""Times as many points as an index was made for, from which on a finer one pays."""


def assign_cells(points: gpd.GeoDataFrame, cells: CellLayer) -> np.ndarray:
    """Row of `cells.table` of the finest unit each point lies in, (n_points, n_roles) int64, -1 outside.

    Columns are the roles present, in the order of `cells.roles`. Cells are closed regions, so a point on a shared
    border lies in several: it goes to the smallest `cell_id` as text, and re-ordered cells change nothing.
    A missing, empty or not finite point is outside. Points in another CRS are brought into that of the cells;
    InputError when they name none.
    """
    if points.crs is None:
        raise refusal("E-CRS-005", where="incidents")
    x, y = coordinates_of(reproject(points, cells.crs).geometry.to_numpy())
    answer = np.full((len(points), len(cells.roles)), -1, dtype=np.int64)
    for column, role in enumerate(cells.roles):
        rows, index = index_of(cells, role, len(points))
        answer[:, column] = rows_or_outside(rows, index.find(x, y))
    return answer


def index_of(cells: CellLayer, role: str, n_points: int) -> tuple[np.ndarray, CellIndex]:
    """The finest units of a role in the order of their codes, and the index over them, fit for *n_points*.

    It stays with the layer, and is made anew where many more points are to be looked up than it was made for.
    """
    kept: dict[str, tuple[int, np.ndarray, CellIndex]] = cells.__dict__.setdefault("_indexes", {})
    if role not in kept or n_points > _OUTGROWN * kept[role][0]:
        shapes, ids = cells.table.geometry.to_numpy(), cells.table["cell_id"].to_numpy(dtype=object)
        rows = np.array(sorted(cells.leaves(role), key=lambda row: ids[row]), dtype=np.int64)
        kept[role] = (n_points, rows, build_index(shapes[rows], n_points))
    return kept[role][1:]


def rows_or_outside(rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """*rows* picked by *found*, where -1 stays -1."""
    return np.where(found >= 0, rows[np.maximum(found, 0)], -1) if len(rows) else found


def locate(x: np.ndarray, y: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """(n,) number of the first of *shapes* whose closed region holds each point, -1 where none does."""
    return build_index(shapes, len(x)).find(x, y)


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
