"""Points into cells: exact, each point once per role. And the points whose place is a geocoder's fall-back."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import InputError
from .coordinates import reproject
from .grids.layer import CellLayer

CHUNK = 1_000_000
"""Points looked up at a time: bounds memory to a few hundred megabytes."""

BUSY = 8
"""Points in a square from which on it is cheaper to test the square first."""

STEP_M = 0.1
"""Coordinates that agree to this length are one spot: a default is written to the last digit, busy places are not."""

NEXT_SPOTS = 20
"""A spot is compared with the median of this many spots that come after it in rank."""

CERTAIN_RATIO, CERTAIN_SHARE = 5.0, 0.005
SUSPECT_RATIO, SUSPECT_SHARE, SUSPECT_ROWS = 3.0, 0.002, 100
LEAST_ROWS = 30
"""Fewer rows on a spot prove nothing."""

SURE_ROWS, SURE_RATIO = 500, 20.0
"""From either on, a spot needs no likeness with the city's class mix: a few persistent callers do not reach it."""
MIXED = 0.25
"""Total variation distance to the city's class mix up to which a spot's mix counts as the city's own."""

MOST_IN_A_DAY = 0.25
"""A spot with more of its rows than this in one day is an outbreak, not a default."""

PILEUP_COLUMNS = ["x", "y", "rows", "share", "cell_id", "ratio", "classes", "days", "certain", "reason", "reason_zh"]


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


def find_default_points(points: gpd.GeoDataFrame, cells: CellLayer | None = None) -> pd.DataFrame:
    """Spots where rows pile up as they do at a geocoder's fall-back, most rows first.

    *points* is the incident table (geometry, category, time). Columns: `x, y` in the CRS of *points*, `rows`, `share`
    of all located rows, `cell_id` the spot lies in ('' outside, or without *cells*), `ratio` to the median of the next
    20 spots, `classes`, `days`, `certain`, `reason`, `reason_zh`.

    The sizes of true busy places fall off gradually, so each is a small multiple of the next ones (at most 3.7
    in Tainan and 2.1 in St Louis); a default stands apart (6.8 to 217). A spot is `certain` with a ratio of at least 5,
    0.5 % of all rows, and either the class mix of the city, 500 rows, or a ratio of 20. Lesser spots are suspects, for
    people to look at.
    Spots that owe a quarter of their rows to one day are outbreaks and never listed.
    """
    x, y = coordinates_of(points.geometry.to_numpy())
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(rows):
        return pd.DataFrame(columns=PILEUP_COLUMNS)
    keys = _spots(x[rows], y[rows], points)
    spot, first, sizes = _count(keys)
    ranked = np.argsort(-sizes, kind="stable")
    top = [number for number in range(len(ranked)) if number < 200 and sizes[ranked[number]] >= LEAST_ROWS]
    city = _mix(points["category"].iloc[rows])
    found = []
    for number in top:
        own = rows[spot == ranked[number]]
        typical = sizes[ranked[number + 1 : number + 1 + NEXT_SPOTS]]
        facts = _facts(points.iloc[own], len(rows), typical, city)
        if facts is not None:
            at = rows[first[ranked[number]]]
            found.append({"x": x[at], "y": y[at], **facts})
    table = pd.DataFrame(found, columns=PILEUP_COLUMNS)
    table["cell_id"] = _names_of_cells(table, points, cells)
    return table


def _names_of_cells(found: pd.DataFrame, points: gpd.GeoDataFrame, cells: CellLayer | None) -> np.ndarray:
    if cells is None or found.empty:
        return np.full(len(found), "", dtype=object)
    places = gpd.GeoDataFrame(geometry=shapely.points(found["x"], found["y"]), crs=points.crs)
    rows = assign_cells(places, cells)[:, 0]
    return np.where(rows >= 0, cells.table["cell_id"].to_numpy(dtype=object)[rows], "")


def at_default_points(points: gpd.GeoDataFrame, found: pd.DataFrame, *, suspects: bool = False) -> np.ndarray:
    """(n_points,) bool: which rows lie on the spots of *found*, the certain ones only unless *suspects* too."""
    picked = found if suspects else found[found["certain"].astype(bool)]
    x, y = coordinates_of(points.geometry.to_numpy())
    mask, finite = np.zeros(len(points), dtype=bool), np.isfinite(x) & np.isfinite(y)
    spots = _spots(picked["x"].to_numpy(float), picked["y"].to_numpy(float), points)
    own = _spots(x[finite], y[finite], points)
    mask[finite] = np.isin(own[:, 0] + 1j * own[:, 1], spots[:, 0] + 1j * spots[:, 1])
    return mask


def _spots(x: np.ndarray, y: np.ndarray, points: gpd.GeoDataFrame) -> np.ndarray:
    degrees = points.crs is not None and points.crs.is_geographic
    step = 1e-6 if degrees else STEP_M
    return np.column_stack([np.round(x / step), np.round(y / step)])


def _count(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of each row's spot, a first row and the size of each spot."""
    flat = np.ascontiguousarray(keys).view(complex).ravel()
    _, first, spot, sizes = np.unique(flat, return_index=True, return_inverse=True, return_counts=True)
    return spot.ravel(), first, sizes


def _mix(categories: pd.Series) -> pd.Series:
    """Shares of the top-level classes, or of the next level where there is one class only."""
    parts = categories.str.split("/")
    level = parts.str[0]
    return (level if level.nunique() > 1 else parts.str[:2].str.join("/")).value_counts(normalize=True)


def _facts(own: pd.DataFrame, n_rows: int, following: np.ndarray, city: pd.Series) -> dict[str, object] | None:
    """What is known of one spot, or None where it is an ordinary one."""
    n = len(own)
    days = own["time"].dt.date.value_counts()
    if len(following) < 5 or days.iloc[0] > MOST_IN_A_DAY * n:
        return None
    share, ratio = n / n_rows, n / float(np.median(following))
    mix = own["category"].str.split("/")
    mix = (mix.str[0] if "/" not in city.index[0] else mix.str[:2].str.join("/")).value_counts(normalize=True)
    distance = float(0.5 * (mix.reindex(city.index, fill_value=0.0) - city).abs().sum())
    mixed = distance <= MIXED and len(city) > 1
    certain = ratio >= CERTAIN_RATIO and share >= CERTAIN_SHARE and (mixed or n >= SURE_ROWS or ratio >= SURE_RATIO)
    suspect = n >= SUSPECT_ROWS and (ratio >= SUSPECT_RATIO or (mixed and ratio >= 1.5))
    if not (certain or (suspect and share >= SUSPECT_SHARE)):
        return None
    zh, en = f"同一点{n}件,为其后各点的{ratio:.1f}倍", f"{n} rows on one spot, {ratio:.1f} times the spots next in rank"
    if mixed:
        zh, en = f"{zh},类别构成与全市相同", f"{en}, with the class mix of the whole city"
    return {
        "rows": n,
        "share": share,
        "ratio": ratio,
        "classes": int(own["category"].nunique()),
        "days": len(days),
        "certain": bool(certain),
        "reason": en,
        "reason_zh": zh,
    }
