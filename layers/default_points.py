"""Places that are false: a geocoder's fall-back, and spots where it stuck for a day. Listed here, never removed."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .grids.layer import CellLayer
from .overlay import assign_cells, coordinates_of

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

STICKY_ROWS, STICKY_CLASSES, STICKY_SHARE, STICKY_HOURS = 5, 2, 0.5, 2.0
"""A geocoder that repeats its last answer: rows of several classes on one point, most of all the point ever had, within
one day and spread over hours. A true event is of one class or over within the hour."""

PILEUP_COLUMNS = [
    "x",
    "y",
    "rows",
    "share",
    "cell_id",
    "ratio",
    "classes",
    "days",
    "certain",
    "kind",
    "day",
    "reason",
    "reason_zh",
]


def find_default_points(points: gpd.GeoDataFrame, cells: CellLayer | None = None) -> pd.DataFrame:
    """Spots where rows pile up as they do at a geocoder's fall-back, most rows first; then those where it stuck.

    *points* is the incident table (geometry, category, time). Columns: `x, y` in the CRS of *points*, `rows`, `share`
    of all located rows, `cell_id` the spot lies in ('' outside, or without *cells*), `ratio` to the median of the next
    20 spots (0 for sticky ones), `classes`, `days`, `certain`, `kind`, `day`, `reason`, `reason_zh`.

    The sizes of true busy places fall off gradually, so each is a small multiple of the next ones (at most 3.7
    in Tainan and 2.1 in St Louis); a default stands apart (6.8 to 217). A spot is `certain` with a ratio of at least 5,
    0.5 % of all rows, and either the class mix of the city, 500 rows, or a ratio of 20. Lesser spots are suspects, for
    people to look at.
    Spots that owe a quarter of their rows to one day are outbreaks and never listed as such.

    `kind` is `default`, or `sticky` where for one `day` (ISO, local) a geocoder seems to have repeated its last answer
    (in Tainan from April to July and in October 2018): only ever a suspect, and of that day alone.
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
    found: dict[int, dict[str, object]] = {}
    for number in top:
        own = rows[spot == ranked[number]]
        typical = sizes[ranked[number + 1 : number + 1 + NEXT_SPOTS]]
        facts = _facts(points.iloc[own], len(rows), typical, city)
        if facts is not None:
            at = rows[first[ranked[number]]]
            found[int(ranked[number])] = {"x": x[at], "y": y[at], "kind": "default", "day": "", **facts}
    sticky = _sticky(points.iloc[rows], spot, sizes, np.array(list(found), np.int64))
    table = pd.DataFrame([*found.values(), *sticky], columns=PILEUP_COLUMNS)
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
    own = _spots(x[finite], y[finite], points)
    at = own[:, 0] + 1j * own[:, 1]
    for day, spots in picked.groupby("day"):
        keys = _spots(spots["x"].to_numpy(float), spots["y"].to_numpy(float), points)
        here = np.isin(at, keys[:, 0] + 1j * keys[:, 1])
        if day:  # sticky: of that day only
            here &= _days(points["time"])[finite] == np.datetime64(str(day), "D")
        mask[finite] |= here
    return mask


def _sticky(located: pd.DataFrame, spot: np.ndarray, sizes: np.ndarray, listed: np.ndarray) -> list[dict[str, object]]:
    """Spots where a geocoder stuck for a day, in order of day; *listed* are default points already.

    *located* are the rows with a place, *spot* the number of each one's spot, *sizes* the rows of each spot.
    """
    days = _days(located["time"]).astype(np.int64)
    first_day = days.min()
    key = spot.astype(np.int64) * (int(days.max() - first_day) + 1) + days - first_day
    keys, where, n_rows = np.unique(key, return_inverse=True, return_counts=True)
    of_spot = keys // (int(days.max() - first_day) + 1)
    suspects = (n_rows >= STICKY_ROWS) & (n_rows >= STICKY_SHARE * sizes[of_spot]) & ~np.isin(of_spot, listed)
    rows = np.flatnonzero(suspects[where.ravel()])
    found = []
    for number, own in located.iloc[rows].groupby(where.ravel()[rows], sort=True):
        hours = (own["time"].max() - own["time"].min()).total_seconds() / 3600
        classes = int(own["category"].str.split("/").str[0].nunique())
        if classes >= STICKY_CLASSES and hours >= STICKY_HOURS:
            day = _days(own["time"])[0]
            that_day = int((days == day.astype(np.int64)).sum())
            found.append(_sticky_facts(own, str(day), classes, int(sizes[of_spot[number]]), that_day))
    return sorted(found, key=lambda facts: (str(facts["day"]), -int(str(facts["rows"]))))


def _sticky_facts(own: pd.DataFrame, day: str, classes: int, n_ever: int, n_that_day: int) -> dict[str, object]:
    n = len(own)
    x, y = coordinates_of(own.geometry.to_numpy()[:1])
    return {
        "x": x[0],
        "y": y[0],
        "rows": n,
        "share": n / n_that_day,
        "ratio": 0.0,
        "classes": int(own["category"].nunique()),
        "days": 1,
        "certain": False,
        "kind": "sticky",
        "day": day,
        "reason": f"{n} rows of {classes} classes on one point on {day}, of {n_ever} ever: a geocoder may have stuck",
        "reason_zh": f"{day}同一点{n}件、{classes}个大类(历来共{n_ever}件),疑似地理编码滞留",
    }


def _days(times: pd.Series) -> np.ndarray:
    """Local days, datetime64[D]."""
    local = pd.DatetimeIndex(times)
    return (local.tz_localize(None) if local.tz is not None else local).to_numpy().astype("datetime64[D]")


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
    rows = categories.value_counts(sort=False)  # few classes, many rows
    parts = rows.index.str.split("/")
    level = parts.str[0]
    level = level if level.nunique() > 1 else parts.str[:2].str.join("/")
    return (rows.groupby(level, sort=False).sum() / rows.sum()).sort_values(ascending=False, kind="stable")


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
