"""A repaired copy of a file of cells. The original is never touched, and every area that changed hands is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ...errors import Notice
from ..coordinates import reproject
from ..quality_report.words import FIXES
from ..refusals import refusal
from . import hierarchy
from .closing import close_coverage
from .examination import SLIVER_M, Drawn, read_drawn
from .files import make_valid
from .layer import ROLES
from .rules import CELL_RULES, told
from .topology import find_gaps

AREA_CHANGE = "area_change_m2"
"""The column of the copy that says what a cell gained or lost."""

LEAST_CHANGE_M2 = 0.01


@dataclass(frozen=True)
class Repaired:
    """A repaired copy. `table` has the file's columns, rows and CRS, and `area_change_m2`; `changes` one row per cell
    that changed: cell_id, before_m2, after_m2, change_m2, largest change first."""

    table: gpd.GeoDataFrame
    changes: pd.DataFrame
    notices: tuple[Notice, ...]


def repair_cells(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: dict[str, str] | None = None,
    crs: str | None = None,
    valid_at: pd.Timestamp | str | None = None,
) -> Repaired:
    """The cells of a file with valid rings, the finest territorial ones without overlap, gap or sliver between them.

    Overlaps go to the smaller code; gaps, and overlaps narrower than a metre, to the neighbour with the longest shared
    border. A gap larger than an ordinary cell (the median) is left and told: there a cell is missing. Cells may lie
    apart, and sectoral ones may lie over territorial ones. Arguments as for `read_cells`; of several versions the one
    valid at *valid_at* is repaired and the others are copied.
    Raises InputError for what only people can mend: codes that repeat or are missing, parents that are not there, and a
    cell that lies wholly under others.
    """
    drawn = read_drawn(path, layer=layer, columns=columns, crs=crs, valid_at=valid_at)
    _refuse(drawn)
    rows, shapes = drawn.finest(ROLES[0]), drawn.shapes.copy()
    areas = shapely.area(shapes)
    rank = np.argsort(np.argsort(drawn.ids[rows].astype(str), kind="stable"), kind="stable")
    median = float(np.median(areas[rows]))
    shapes[rows] = close_coverage(shapes[rows], rank, SLIVER_M, median)
    gone = rows[shapely.is_empty(shapes[rows])]
    if len(gone):
        raise refusal(
            "E-CELL-124", where=f"{drawn.where}, cells {', '.join(map(str, drawn.ids[gone[:3]]))}", n=len(gone)
        )
    table = _copy(drawn, rows, shapes)
    after = areas.copy()
    after[rows] = shapely.area(_metric(drawn, table.geometry.iloc[drawn.rows[rows]].to_numpy()))
    change = after - areas
    change[np.abs(change) < LEAST_CHANGE_M2] = 0.0
    table[AREA_CHANGE] = 0.0
    table.loc[drawn.rows, AREA_CHANGE] = np.round(np.nan_to_num(change), 2)
    return Repaired(table, _changes(drawn.ids, areas, change), _told(drawn, rows, shapes, change, median))


def _refuse(drawn: Drawn) -> None:
    ids = pd.Series(drawn.ids)
    lost = hierarchy.orphans(drawn.ids, drawn.link) if (drawn.link != "").any() else np.zeros(0, np.int64)
    faults = {
        "E-CELL-001": np.flatnonzero(ids.duplicated(keep=False) & (ids != "")),
        "E-CELL-002": np.flatnonzero(ids == ""),
        "E-CELL-003": lost,
    }
    for code, rows in faults.items():
        if len(rows):
            rule = CELL_RULES[code]
            numbers = ", ".join(str(drawn.rows[row] + 1) for row in rows[:5])
            raise refusal(
                "E-CELL-125",
                where=f"{drawn.where}, rows {numbers}",
                n=len(rows),
                rule=code,
                fault=rule.en,
                fault_zh=rule.zh,
                fix=rule.fix,
                fix_zh=FIXES[rule.code],
            )


def _copy(drawn: Drawn, rows: np.ndarray, shapes: np.ndarray) -> gpd.GeoDataFrame:
    """The file's table with the new shapes in the file's CRS; corners that were there keep their very coordinates."""
    table = drawn.table.copy()
    original, _ = make_valid(table.geometry.to_numpy())
    back = _restored(drawn, shapes[rows])
    if not (shapely.coverage_is_valid(back) and shapely.is_valid(back).all()):
        back = _moved_back(drawn, shapes[rows])
    original[drawn.rows[rows]] = back
    return table.set_geometry(gpd.GeoSeries(original, index=table.index, crs=table.crs))


def _moved_back(drawn: Drawn, shapes: np.ndarray) -> np.ndarray:
    return reproject(gpd.GeoDataFrame(geometry=shapes, crs=drawn.crs), drawn.table.crs).geometry.to_numpy()


def _metric(drawn: Drawn, shapes: np.ndarray) -> np.ndarray:
    return reproject(gpd.GeoDataFrame(geometry=shapes, crs=drawn.table.crs), drawn.crs).geometry.to_numpy()


def _restored(drawn: Drawn, shapes: np.ndarray) -> np.ndarray:
    """As `_moved_back`, but a corner within a millimetre of one of the file's takes that one's coordinates."""
    own = drawn.table.geometry.iloc[drawn.rows]
    own = own[~(own.isna() | own.is_empty)]
    places = _keys(shapely.get_coordinates(_metric(drawn, own.to_numpy())))
    known, first = np.unique(places, return_index=True)
    drawn_at = shapely.get_coordinates(own.to_numpy())[first]
    asked = _keys(shapely.get_coordinates(shapes))
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    back = _moved_back(drawn, shapes)
    corners = np.where((known[at] == asked)[:, None], drawn_at[at], shapely.get_coordinates(back))
    return shapely.set_coordinates(back.copy(), corners)


def _keys(corners: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.round(corners, 3) + 0.0).view(complex).ravel()


def _changes(ids: np.ndarray, areas: np.ndarray, change: np.ndarray) -> pd.DataFrame:
    rows = np.flatnonzero(np.nan_to_num(change) != 0)
    rows = rows[np.lexsort((ids[rows].astype(str), -np.abs(change[rows])))]
    return pd.DataFrame(
        {
            "cell_id": ids[rows],
            "before_m2": areas[rows],
            "after_m2": areas[rows] + change[rows],
            "change_m2": change[rows],
        }
    )


def _told(drawn: Drawn, rows: np.ndarray, shapes: np.ndarray, change: np.ndarray, median: float) -> tuple[Notice, ...]:
    changed = np.nan_to_num(change)
    notices = [told("N-CELL-002", n=int(drawn.broken.sum()))] if drawn.broken.any() else []
    if (changed != 0).any():
        n, moved = int((changed != 0).sum()), float(np.abs(changed).sum())
        notices.append(told("N-CELL-040", n=n, moved=moved, net=float(changed.sum())))
    whole = np.array([shapely.coverage_union_all(shapes[rows])], dtype=object)
    left = shapely.area(find_gaps(whole))
    if len(left):
        notices.append(told("N-CELL-041", n=len(left), area=float(left.sum())))
    return tuple(notices or [told("N-CELL-042")])
