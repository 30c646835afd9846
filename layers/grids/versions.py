"""Cells that change: which version is valid when, how old ground lies in new cells, and what that means for codes."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import CRS

from ...errors import InputError, Notice
from ..columns.dates import parse_dates
from ..coordinates import reproject
from ..refusals import refusal
from . import names
from .layer import ROLES, VERSION_COLUMNS, CellLayer
from .names import Columns
from .rules import told

LEAST_SHARE = 0.001
"""Less of a cell's ground than this is the width of a border, not a part of it."""

SAME_GROUND = 0.5
"""Two versions of one code are one cell if they share at least this much of the smaller one's area."""

_OPEN = {"", "长期", "永久", "至今", "长期有效"}
_CROSSWALK = {"old_id": str, "new_id": str, "role": str, "share": float, "area_m2": float}


@dataclass(frozen=True)
class Validity:
    """From when to when (exclusive) each row is valid, datetime64[us], NaT for open; and which count now."""

    start: np.ndarray
    end: np.ndarray
    current: np.ndarray
    at: pd.Timestamp | None = None


def choose_version(table: gpd.GeoDataFrame, found: Columns, at: pd.Timestamp | str | None, where: str) -> Validity:
    """Which rows are valid at the local instant *at*; without one at the latest change, without any dates always.

    Last days of validity that are the eve of another's first day are meant inclusive, and read so.
    Raises InputError for dates that cannot be read and where no row is valid.
    """
    n, never = len(table), np.datetime64("NaT", "us")
    start = days_of(table, found.valid_from, where) if found.valid_from else np.full(n, never)
    end = days_of(table, found.valid_to, where) if found.valid_to else np.full(n, never)
    if np.isnat(start).all() and np.isnat(end).all():
        return Validity(start, end, np.ones(n, dtype=bool))
    day = np.timedelta64(1, "D")
    if np.isin(end + day, start).any() and not np.isin(end, start).any():
        end = end + day
    instant = pd.Timestamp(at) if at is not None else pd.Timestamp(np.nanmax(np.concatenate([start, end])))
    current = valid_rows(start, end, instant)
    if not current.any():
        raise refusal(
            "E-CELL-127",
            where=f"{where}, columns {found.valid_from or '-'} and {found.valid_to or '-'}",
            day=f"{instant:%Y-%m-%d}",
        )
    return Validity(start, end, current, instant)


def valid_rows(start: np.ndarray, end: np.ndarray, at: pd.Timestamp | np.ndarray) -> np.ndarray:
    """Whether *at* (an instant, or one per row) lies in [start, end); an open side holds always."""
    moment = at.to_datetime64() if isinstance(at, pd.Timestamp) else at
    return (np.isnat(start) | (start <= moment)) & (np.isnat(end) | (moment < end))


def days_of(table: gpd.GeoDataFrame, column: str, where: str) -> np.ndarray:
    """Days as datetime64[us]; blank, 长期 and years from 2100 on are open."""
    values = table[column]
    if pd.api.types.is_datetime64_any_dtype(values):
        plain = values.dt.tz_localize(None) if values.dt.tz is not None else values
        days = plain.to_numpy(dtype="datetime64[us]").copy()
        days[days >= np.datetime64("2100-01-01")] = "NaT"
        return days
    texts = np.array([text.removesuffix(".0") for text in names.as_names(values)], dtype=object)
    texts[np.isin(texts.astype(str), sorted(_OPEN))] = None
    far = np.array([text is not None and text[:4].isdigit() and int(text[:4]) >= 2100 for text in texts])
    texts[far] = None
    read = parse_dates(pa.array(texts, pa.string()))
    bad = np.flatnonzero(np.isnat(read.values) & np.array([text is not None for text in texts]))
    if len(bad):
        raise refusal("E-CELL-128", where=f"{where}, column {column}, row {bad[0] + 1}", n=len(bad))
    return read.values.astype("datetime64[us]")


def keep_versions(
    every: gpd.GeoDataFrame, found: Columns, validity: Validity, metric: CRS, where: str
) -> tuple[gpd.GeoDataFrame | None, list[Notice]]:
    """The cells of the file at all times, in metres, and what to tell of them; None where it knows one time only."""
    if validity.at is None or validity.current.all():
        return None, []
    role = np.full(len(every), ROLES[0], dtype=object)
    if found.role:
        words = names.as_names(every[found.role])
        role = np.array([names.ROLE_WORDS.get(word.casefold(), ROLES[0]) for word in words], dtype=object)
    table = gpd.GeoDataFrame(
        {
            "cell_id": names.as_codes(every[found.cell_id], f"{where}, column {found.cell_id}"),
            "role": role,
            "valid_from": validity.start,
            "valid_to": validity.end,
            "current": validity.current,
        },
        geometry=reproject(every[["geometry"]], metric).geometry.to_numpy(),
        crs=metric,
    )[VERSION_COLUMNS]
    current, former = table[table["current"]], table[~table["current"]]
    notices = [told("N-CELL-030", at=f"{validity.at:%Y-%m-%d}", n=len(current), others=len(former))]
    moved = reused_codes(former, current)
    if len(moved):
        some = "、".join(moved["cell_id"].unique()[:5])
        notices.append(told("N-CELL-031", n=moved["cell_id"].nunique(), codes=some))
    return table, notices


def crosswalk(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, least: float = LEAST_SHARE) -> pd.DataFrame:
    """How the ground of old cells lies in new ones: old_id, new_id, role, share of the old cell's area, area_m2.

    Both tables have cell_id and geometry in one CRS in metres, and may have `role`: cells go to cells of their role.
    Shares of an old cell add up to 1 where new cells cover it without overlap. Parts under *least* of both are left
    out. An unchanged cell goes to itself without being measured. Sorted by old_id, then share downwards, then new_id.
    """
    parts = []
    for role in ROLES:
        before, after = (t[t["role"] == role] if "role" in t else t[[role == ROLES[0]] * len(t)] for t in (old, new))
        if len(before) and len(after):
            parts.append(_overlay(before, after, least).assign(role=role))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_CROSSWALK))
    order = table.assign(_down=-table["share"].astype(float)).sort_values(["old_id", "_down", "new_id"], kind="stable")
    return order[list(_CROSSWALK)].reset_index(drop=True).astype({"share": float, "area_m2": float})


def _overlay(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, least: float) -> pd.DataFrame:
    shapes, others = old.geometry.to_numpy(), new.geometry.to_numpy()
    ids, other_ids = old["cell_id"].to_numpy(dtype=object), new["cell_id"].to_numpy(dtype=object)
    place = pd.Series(np.arange(len(new)), index=other_ids).groupby(level=0).first().reindex(ids).to_numpy()
    same = ~np.isnan(place)
    same[same] = shapely.equals_exact(shapes[same], others[place[same].astype(np.int64)], 0.0)
    rows = np.flatnonzero(~same)
    one, two = shapely.STRtree(others).query(shapes[rows], predicate="intersects")
    one = rows[one]
    areas, shared = shapely.area(shapes), shapely.area(shapely.intersection(shapes[one], others[two]))
    kept = (shared >= least * areas[one]) | (shared >= least * shapely.area(others[two]))
    kept &= shared > 0
    one, two, shared = one[kept], two[kept], shared[kept]
    alike = np.flatnonzero(same)
    return pd.DataFrame(
        {
            "old_id": np.concatenate([ids[alike], ids[one]]),
            "new_id": np.concatenate([ids[alike], other_ids[two]]),
            "share": np.concatenate([np.ones(len(alike)), shared / areas[one]]),
            "area_m2": np.concatenate([areas[alike], shared]),
        }
    )


def reused_codes(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> pd.DataFrame:
    """Codes that old and new cells carry on different ground: cell_id, overlap.

    `overlap` is the area they share over that of the smaller one; under `SAME_GROUND` the code was given away.
    A cell that was split, and one part of which kept the code, shares all of the smaller one: it is not re-used.
    """
    before = old[["cell_id", "geometry"]].merge(new[["cell_id", "geometry"]], on="cell_id", suffixes=("_old", "_new"))
    one, two = before["geometry_old"].to_numpy(), before["geometry_new"].to_numpy()
    shared = shapely.area(shapely.intersection(one, two)) / np.minimum(shapely.area(one), shapely.area(two))
    found = pd.DataFrame({"cell_id": before["cell_id"].to_numpy(dtype=object), "overlap": shared})
    return found[found["overlap"] < SAME_GROUND].reset_index(drop=True)


def carry_over(cell_id_old: str, walk: pd.DataFrame, least: float = 0.1) -> list[tuple[str, float]]:
    """The new cells an old cell lives on in, with the share of its area, largest first; those under *least* left out.

    *walk* is a `crosswalk`. Empty where the ground was given up, or the code is in none.
    """
    own = walk[(walk["old_id"] == cell_id_old) & (walk["share"] >= least)]
    return [(str(cell), float(share)) for cell, share in zip(own["new_id"], own["share"], strict=True)]


def changed_since(cells: CellLayer, before: pd.Timestamp) -> bool:
    """Whether the cells valid at the local instant *before* are others than those of the layer."""
    if cells.versions is None:
        return False
    then = valid_rows(*_spans(cells.versions), before)
    return bool((then != cells.versions["current"].to_numpy()).any())


def _spans(versions: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    return (
        versions["valid_from"].to_numpy(dtype="datetime64[us]"),
        versions["valid_to"].to_numpy(dtype="datetime64[us]"),
    )


def former_codes(codes: np.ndarray, times: np.ndarray, cells: CellLayer) -> np.ndarray:
    """(n,) row of `cells.versions` each code meant at its time where that is no cell of today, else -1.

    *codes* (n,) text, *times* (n,) local datetime64. A code means the version valid at the time of the incident, and
    if none was, the latest that ever had it. -1 also where the code is in no version, and where the layer has none.
    """
    answer = np.full(len(codes), -1, dtype=np.int64)
    if cells.versions is None:
        return answer
    start, end = _spans(cells.versions)
    table = pd.DataFrame({"code": cells.versions["cell_id"].to_numpy(), "row": np.arange(len(start))})
    asked = pd.DataFrame({"code": codes, "number": np.arange(len(codes))}).merge(table, on="code")
    then = valid_rows(start[asked["row"]], end[asked["row"]], np.asarray(times, "datetime64[us]")[asked["number"]])
    known = start[asked["row"]].astype(np.int64)
    known[np.isnat(start[asked["row"]])] = np.iinfo(np.int64).min
    best = asked.assign(then=then, known=known).sort_values(["number", "then", "known"], kind="stable")
    best = best.groupby("number").last()
    former = ~cells.versions["current"].to_numpy()[best["row"]]
    answer[best.index[former]] = best["row"][former]
    return answer


def recode(
    codes: np.ndarray, times: np.ndarray, cells: CellLayer, *, areal: bool = False
) -> tuple[np.ndarray, np.ndarray, list[Notice]]:
    """Codes of incidents without a point, as codes of today's cells; which of them are estimates; what to tell.

    A code of a former cell that is of the same ground as one cell of today takes that cell's code. Where the ground
    was divided, history cannot be recounted without points: InputError, unless *areal*: then such rows are dealt out
    over today's cells by the share of the former cell's area, evenly and without a draw, and marked.
    """
    codes, marked = np.asarray(codes, dtype=object).copy(), np.zeros(len(codes), dtype=bool)
    former = former_codes(codes, times, cells)
    rows = np.flatnonzero(former >= 0)
    if not len(rows) or cells.versions is None:
        return codes, marked, []
    used = np.unique(former[rows])
    then = cells.versions.iloc[used].assign(cell_id=[str(number) for number in used])
    walk = crosswalk(then, cells.versions[cells.versions["current"]], least=0.02)
    for number in used:
        own = rows[former[rows] == number]
        heirs = carry_over(str(number), walk, least=0.02)
        whole = len(heirs) == 1 and heirs[0][1] >= 1 - 0.02
        if not whole and not areal:
            raise _cannot_recount(len(rows), str(cells.versions["cell_id"].iloc[number]))
        codes[own] = _deal(len(own), heirs)
        marked[own] = not whole
    notices = [told("N-CELL-032", n=int(marked.sum()))] if marked.any() else []
    return codes, marked, notices


def _deal(n_rows: int, heirs: list[tuple[str, float]]) -> np.ndarray:
    """A code for each of *n_rows* rows, in proportion to the shares; '' where nothing is left of the ground."""
    if not heirs:
        return np.full(n_rows, "", dtype=object)
    edges = np.cumsum([share for _, share in heirs])
    fractions = np.mod((np.arange(n_rows) + 0.5) * (5**0.5 - 1) / 2, 1.0)
    picked = np.searchsorted(edges, fractions * edges[-1], side="right")
    return np.array([code for code, _ in heirs], dtype=object)[picked]


def _cannot_recount(n_rows: int, code: str) -> InputError:
    return refusal("E-CELL-126", where=f"cell code, first {code}", n=n_rows)
