"""A polygon file -> units of every level in a CRS in metres."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy import sparse

from ...cube import ROOT_CELL
from ...errors import Notice
from .. import coordinates
from ..coordinates import is_metric, read_crs, reproject, transformer
from ..refusals import refusal
from . import hierarchy, names
from .borders import lift_borders, shared_borders
from .coverage import mismatched, snap_corners
from .files import make_valid, read_polygons
from .former import with_former
from .hierarchy import Level
from .layer import CELL_COLUMNS, ROLES, CellLayer
from .names import CITY_WORD, Columns, Upper
from .neighbours import binary, lift, queen
from .rules import told
from .topology import notice_topology
from .versions import choose_version, keep_versions

SNAP_M = 0.01
"""Borders closer than this touch: digitised corners rarely meet to the last bit."""


def read_cells(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: dict[str, str] | None = None,
    crs: str | None = None,
    working_crs: CRS | str | None = None,
    valid_at: pd.Timestamp | str | None = None,
    before: str | Path | None = None,
    since: str | None = None,
) -> CellLayer:
    """Units of every level from any polygon file, with hierarchy, roles and queen neighbours.

    *path* may be `file|layer`. *columns* names the columns to use (keys cell_id, cell_name, cell_parent, population,
    responsible, role; cell_parent may be several, comma separated); the others are found by known names. *crs* is
    used where the file names none; *working_crs* overrides the CRS in metres that is otherwise chosen and told.
    Where cells carry a time of validity (生效日期/失效日期, valid_from/valid_to) those valid at the local instant
    *valid_at* are the cells, by default the latest; the others are kept in `versions`. The division before may lie in
    a file of its own, *before*, that held until the day *since* (see `former.with_former`).
    Parents missing from the file are dissolved from their children, up to the root CITY.
    Raises InputError for no polygons, no or duplicate codes, damaged codes, parents that are not there or do not nest.
    """
    where = Path(str(path)).name
    every, notices = read_polygons(path, layer=layer, crs=crs)
    if before is not None:
        every, more = with_former(every, where, before, columns=columns, crs=crs, since=since)
        notices += more
    return arrange_cells(every, where, notices, columns=columns, working_crs=working_crs, valid_at=valid_at)


def arrange_cells(
    every: gpd.GeoDataFrame,
    where: str,
    notices: list[Notice],
    *,
    columns: dict[str, str] | None = None,
    working_crs: CRS | str | None = None,
    valid_at: pd.Timestamp | str | None = None,
) -> CellLayer:
    """As `read_cells`, of valid polygons that were read; *where* names the file in messages."""
    notices = list(notices)
    found = names.find_columns(every, columns, where)
    validity = choose_version(every, found, valid_at, where)
    table = every[validity.current].reset_index(drop=True)
    leaves = _leaves(table, found, where, notices)
    _refuse_duplicates(leaves, where)
    metric, notice = _working(table, working_crs)
    notices.append(notice)
    territorial = leaves[leaves["role"] == "territorial"]
    if territorial.empty:
        raise refusal("E-CELL-120", where=where)
    units, words = _territorial(territorial, table, found, where, notices)
    sectoral = leaves[leaves["role"] == "sectoral"].assign(unit_level=max(words), parent="")
    units = _finish(pd.concat([units, sectoral], ignore_index=True), table.crs, metric, words, notices)
    versions, more = keep_versions(every, found, validity, metric, where)
    contiguity, borders = _contiguity(units, leaves, table.crs)
    return CellLayer(units, contiguity, (*notices, *more), words, versions, borders)


def _working(table: gpd.GeoDataFrame, wanted: CRS | str | None) -> tuple[CRS, Notice]:
    if wanted is None:
        return coordinates.working_crs(table)
    crs = read_crs(wanted, where="working CRS")
    if not is_metric(crs, reproject(table, crs).total_bounds):
        raise refusal("E-CRS-009", where="working CRS", system=crs.name)
    return crs, coordinates.working_in(crs, "指定", "as told")


def _leaves(table: gpd.GeoDataFrame, found: Columns, where: str, notices: list[Notice]) -> pd.DataFrame:
    """The rows of the file under the names of the cells table, in the file's order and coordinate system."""
    codes = names.as_codes(table[found.cell_id], f"{where}, column {found.cell_id}")
    blank = np.flatnonzero(codes == "")
    if len(blank):
        rows = ", ".join(str(row + 1) for row in blank[:5])
        raise refusal("E-CELL-121", where=f"{where}, column {found.cell_id}, rows {rows}", n=len(blank))
    if found.cell_id in names.LAST_RESORTS and "cell_id" not in found.named:
        notices.append(told("N-CELL-003", column=found.cell_id))
    blank_text = np.full(len(table), "", dtype=object)
    return pd.DataFrame(
        {
            "cell_id": codes,
            "name": names.as_names(table[found.cell_name]) if found.cell_name else blank_text,
            "role": _roles(table, found, where),
            "population": _population(table, found, notices),
            "responsible": names.as_names(table[found.responsible]) if found.responsible else blank_text,
            "geometry": table.geometry.to_numpy(),
        }
    )


def _refuse_duplicates(leaves: pd.DataFrame, where: str) -> None:
    twice = leaves["cell_id"].duplicated(keep=False)
    if not twice.any() and ROOT_CELL not in set(leaves["cell_id"].iloc[1:]):
        return
    rows = ", ".join(str(row + 1) for row in np.flatnonzero(twice)[:5])
    raise refusal("E-CELL-119", where=f"{where}, rows {rows}", n=int(leaves["cell_id"].duplicated().sum()))


def _roles(table: gpd.GeoDataFrame, found: Columns, where: str) -> np.ndarray:
    everyone = np.full(len(table), "territorial", dtype=object)
    if not found.role:
        return everyone
    words = names.as_names(table[found.role])
    roles = np.array(
        [names.ROLE_WORDS.get(word.casefold(), "" if word else "territorial") for word in words], dtype=object
    )
    unknown = np.flatnonzero(roles == "")
    if len(unknown) == len(roles) and "role" not in found.named:
        return everyone
    if len(unknown):
        raise refusal("E-CELL-122", where=f"{where}, column {found.role}, row {unknown[0] + 1}", n=len(unknown))
    return roles


def _population(table: gpd.GeoDataFrame, found: Columns, notices: list[Notice]) -> np.ndarray:
    if not found.population:
        return np.zeros(len(table))
    texts = pd.Series(names.as_names(table[found.population])).str.replace(",", "", regex=False)
    values = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    bad = ~(np.isfinite(values) & (values >= 0))
    count = int((bad & (texts != "").to_numpy()).sum())
    if count:
        notices.append(told("N-CELL-004", n=count))
    return np.where(bad, 0.0, values)


def _territorial(
    leaves: pd.DataFrame, table: gpd.GeoDataFrame, found: Columns, where: str, notices: list[Notice]
) -> tuple[pd.DataFrame, dict[int, str]]:
    """Units of every level, and what the levels are called; shapes of dissolved units are still missing."""
    rows = leaves.index.to_numpy()
    if found.link:
        link = names.as_codes(table[found.link], f"{where}, column {found.link}")[rows]
        if hierarchy.links_hold(leaves["cell_id"].to_numpy(), link):
            link = hierarchy.without_roots(leaves["cell_id"].to_numpy(), link)
            _refuse_orphans(leaves["cell_id"].to_numpy(), link, f"{where}, column {found.link}")
            return _linked(leaves, link, found.word, where)
    above = found.uppers or ((Upper("", found.link),) if found.link else ())
    levels = [_level(table, upper, where, rows) for upper in above]
    if not levels:
        levels = hierarchy.levels_by_prefix(leaves["cell_id"].to_numpy())
        if levels:
            notices.append(told("N-CELL-012"))
    levels, city, unfit = hierarchy.order_levels(levels, len(leaves), "cell_parent" in found.named, where)
    units, lone = hierarchy.stack_levels(leaves, levels, city)
    notices += [*unfit, *lone]
    called = {number: level.word or f"level {number}" for number, level in enumerate(levels, start=1)}
    return units, {0: CITY_WORD, **called, len(levels) + 1: found.word}


def _refuse_orphans(ids: np.ndarray, link: np.ndarray, where: str) -> None:
    lost = hierarchy.orphans(ids, link)
    if len(lost):
        some = ", ".join(map(str, ids[lost[:3]]))
        raise refusal("E-CELL-123", where=f"{where}, cells {some}", n=len(lost))


def _level(table: gpd.GeoDataFrame, upper: Upper, where: str, rows: np.ndarray) -> Level:
    keys = names.as_codes(table[upper.code], f"{where}, column {upper.code}")[rows]
    named = names.as_names(table[upper.name])[rows] if upper.name else np.full(len(rows), "", dtype=object)
    return Level(upper.word, keys, named, upper.code, by_name=upper.code == upper.name)


def _linked(leaves: pd.DataFrame, link: np.ndarray, word: str, where: str) -> tuple[pd.DataFrame, dict[int, str]]:
    units = hierarchy.follow_links(leaves, link, where)
    if ROOT_CELL not in set(units["cell_id"]):
        city = pd.DataFrame({"cell_id": [ROOT_CELL], "name": [CITY_WORD], "unit_level": [0], "parent": [""]})
        units = pd.concat([city, units], ignore_index=True)
    finest = int(units["unit_level"].max())
    return units, {0: CITY_WORD, **{number: f"level {number}" for number in range(1, finest)}, finest: word}


def _finish(
    units: pd.DataFrame, source: CRS, metric: CRS, words: dict[int, str], notices: list[Notice]
) -> gpd.GeoDataFrame:
    """Shapes in metres and dissolved, blanks filled, rows in their final order; overlaps and gaps told."""
    units = units.copy()
    units["role"] = units["role"].fillna("territorial")
    own = units["geometry"].notna().to_numpy()
    units["geometry"] = units["geometry"].where(own, None)
    moved = reproject(gpd.GeoDataFrame(geometry=units["geometry"][own].to_numpy(), crs=source), metric)
    shapes, _ = make_valid(moved.geometry.to_numpy())
    if (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any():
        raise refusal("E-CRS-008", where=metric.name)
    units.loc[own, "geometry"] = shapes
    units["geometry"] = _dissolved(units, own, notices)
    units["responsible"] = units["responsible"].fillna("")
    units["population"] = _sum_up(units)
    units["name"] = [
        name or f"{words[level]} {cell}"
        for name, level, cell in zip(units["name"], units["unit_level"], units["cell_id"], strict=True)
    ]
    units["valid_from"] = units["valid_to"] = pd.NaT
    rank = np.array([ROLES.index(role) for role in units["role"]])
    order = np.lexsort((units["cell_id"].to_numpy(dtype=str), units["unit_level"], rank))
    table = units.iloc[order].reset_index(drop=True)
    return gpd.GeoDataFrame(table[CELL_COLUMNS], geometry="geometry", crs=metric)


def _dissolved(units: pd.DataFrame, own: np.ndarray, notices: list[Notice]) -> np.ndarray:
    """Shapes of all units. For the union alone the corners of the finest cells are snapped; their own shapes stay."""
    finest = np.flatnonzero(own & (units["role"] == ROLES[0]) & ~units["cell_id"].isin(set(units["parent"])))
    snapped, loose = units[["cell_id", "parent", "unit_level", "geometry"]].copy(), np.zeros(len(units), dtype=bool)
    closed = snap_corners(units["geometry"].to_numpy(dtype=object)[finest])
    loose[finest] = mismatched(closed)
    snapped.iloc[finest, 3] = closed
    shapes = hierarchy.dissolve(snapped, loose)
    root = np.flatnonzero(units["cell_id"] == ROOT_CELL)
    notices += notice_topology(closed, loose[finest], shapes[root])
    return np.where(own, units["geometry"].to_numpy(dtype=object), shapes)


def _sum_up(units: pd.DataFrame) -> np.ndarray:
    """Population of every unit: its own figure, else the sum of the units right below."""
    people = units["population"].fillna(0.0).to_numpy(float).copy()
    known, level = people > 0, units["unit_level"].to_numpy()
    parent = pd.Index(units["cell_id"]).get_indexer(units["parent"])
    for number in range(int(level.max()), 0, -1):
        rows = np.flatnonzero((level == number) & (parent >= 0))
        rows = rows[~known[parent[rows]]]
        np.add.at(people, parent[rows], people[rows])
    return people


def _contiguity(
    units: gpd.GeoDataFrame, leaves: pd.DataFrame, source: CRS
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """(n, n) queen neighbours of the final rows, and their shared borders in metres.

    Found in the file's own coordinates, where drawn borders meet, and lifted from the finest units to those above.
    """
    index = pd.Index(units["cell_id"])
    parent = index.get_indexer(units["parent"])
    bottom = leaves[~leaves["cell_id"].isin(set(units["parent"]))]
    rows = index.get_indexer(bottom["cell_id"])
    role, level = (bottom["role"] == "sectoral").to_numpy(), units["unit_level"].to_numpy()
    shapes, tolerance = bottom["geometry"].to_numpy(), SNAP_M / _metres_per_unit(source)
    touching = _alike(queen(shapes, tolerance), role)
    along = _alike(shared_borders(shapes, tolerance, _to_metres(source, units.crs)), role)
    total, lengths = (sparse.csr_matrix((len(units), len(units))) for _ in range(2))
    current = rows
    for number in range(int(level.max()), 0, -1):
        at = (current >= 0) & (level[np.maximum(current, 0)] == number)
        group = np.where(at, current, -1)
        total = total + lift(touching, group, len(units))
        lengths = lengths + lift_borders(along, group, len(units))
        current = np.where(at, parent[np.maximum(current, 0)], current)
    return binary(total), lengths


def _alike(links: sparse.csr_matrix, role: np.ndarray) -> sparse.csr_matrix:
    """The links between units of one role."""
    found = links.tocoo()
    kept = role[found.row] == role[found.col]
    return sparse.csr_matrix((found.data[kept], (found.row[kept], found.col[kept])), shape=found.shape)


def _to_metres(source: CRS, metric: CRS) -> Callable[[np.ndarray], np.ndarray] | None:
    """How points of the file's system come to the working one; None where they are there."""
    if source == metric:
        return None
    change = transformer(source, metric)
    return lambda points: np.column_stack(change.transform(points[:, 0], points[:, 1]))


def _metres_per_unit(crs: CRS) -> float:
    factor = crs.axis_info[0].unit_conversion_factor
    return factor * 6_371_000 if crs.is_geographic else factor
