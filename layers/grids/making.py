"""Cells made over the incidents' extent: squares or hexagons on a fixed lattice."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from ...cube import ROOT_CELL
from ...errors import Notice
from ..coordinates import is_metric, reproject, working_crs
from ..refusals import refusal
from .borders import shared_borders
from .layer import CELL_COLUMNS, CellLayer
from .names import CITY_WORD, LEAF_WORD
from .neighbours import queen

SHAPES = ("square", "hexagon")
MOST_CELLS = 500_000


def make_cells(shape: str, size_m: float, points: gpd.GeoDataFrame) -> CellLayer:
    """Square or hexagonal cells over the extent of *points*, one level below CITY.

    *size_m* is the distance in metres between the centres of neighbouring cells. The lattice is fixed to the working
    CRS, so more incidents add cells and move none. Codes count rows from the south and columns from the west: R012C034.
    Raises InputError for an unknown shape, a size that is not positive, no points, or too many cells.
    """
    if shape not in SHAPES or not (math.isfinite(size_m) and size_m > 0):
        raise refusal("E-CELL-113", where="cells", shape=shape, size=size_m)
    points, notice = _in_metres(points)
    bounds = points.total_bounds
    if not np.isfinite(bounds).all():
        raise refusal("E-CELL-114", where="incidents")
    rows, columns, shapes = _lattice(shape, size_m, bounds)
    table = _table(rows, columns, shapes, points.crs)
    made, tolerance = table.geometry.to_numpy()[1:], size_m * 1e-6
    contiguity, borders = (
        sparse.block_diag([sparse.csr_matrix((1, 1)), links(made, tolerance)], format="csr")
        for links in (queen, shared_borders)
    )
    return CellLayer(table, contiguity, (notice,), {0: CITY_WORD, 1: LEAF_WORD}, borders=borders)


def _in_metres(points: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Notice]:
    points = points[~(points.geometry.isna() | points.geometry.is_empty)]
    if points.crs is not None and not len(points):
        raise refusal("E-CELL-114", where="incidents")
    crs, notice = working_crs(points)
    return (points, notice) if is_metric(points.crs, points.total_bounds) else (reproject(points, crs), notice)


def _lattice(shape: str, size: float, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rise = size if shape == "square" else size * math.sqrt(3) / 2
    slack = 0 if shape == "square" else 1  # hexagons overlap the next row and column
    west, south = math.floor(bounds[0] / size) - slack, math.floor(bounds[1] / rise) - slack
    n_columns = math.floor(bounds[2] / size) + 1 + slack - west
    n_rows = math.floor(bounds[3] / rise) + 1 + slack - south
    if n_columns * n_rows > MOST_CELLS:
        raise refusal("E-CELL-115", where="extent of the incidents", size=size, n=n_columns * n_rows, most=MOST_CELLS)
    row, column = np.divmod(np.arange(n_rows * n_columns), n_columns)
    if shape == "square":
        x, y = (column + west) * size, (row + south) * rise
        return row, column, shapely.box(x, y, (column + west + 1) * size, (row + south + 1) * rise)
    x = (column + west) * size + np.where((row + south) % 2, size, size / 2)
    return row, column, _hexagons(x, (row + south + 0.5) * rise, size)


def _hexagons(x: np.ndarray, y: np.ndarray, size: float) -> np.ndarray:
    """Hexagons with a corner to the north, *size* from flat side to flat side."""
    reach, half = size / math.sqrt(3), size / 2
    east = np.array([0, half, half, 0, -half, -half])
    north = np.array([reach, reach / 2, -reach / 2, -reach, -reach / 2, reach / 2])
    corners = np.stack([x[:, None] + east, y[:, None] + north], axis=-1)
    return shapely.polygons(np.round(corners, 6))


def _table(rows: np.ndarray, columns: np.ndarray, shapes: np.ndarray, crs: object) -> gpd.GeoDataFrame:
    wide = max(3, len(str(rows.max() + 1))), max(3, len(str(columns.max() + 1)))
    codes = [f"R{row + 1:0{wide[0]}d}C{column + 1:0{wide[1]}d}" for row, column in zip(rows, columns, strict=True)]
    n = len(codes)
    city = shapely.union_all(shapes) if n <= 20_000 else shapely.box(*shapely.total_bounds(shapes))
    table = pd.DataFrame(
        {
            "cell_id": [ROOT_CELL, *codes],
            "name": [CITY_WORD, *(f"{LEAF_WORD} {code}" for code in codes)],
            "unit_level": [0] + [1] * n,
            "parent": [""] + [ROOT_CELL] * n,
            "role": "territorial",
            "population": 0.0,
            "responsible": "",
            "valid_from": pd.NaT,
            "valid_to": pd.NaT,
        }
    )
    return gpd.GeoDataFrame(table, geometry=np.concatenate([[city], shapes]), crs=crs)[CELL_COLUMNS]
