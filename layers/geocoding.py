"""Codes as geocoder: a row without coordinates still says where it is, if it bears the code of a unit.

Cell codes hold the codes of the units above in front (15 digits = 6 district + 3 street + 3 community + 3 cell), and
codes of buildings and rooms (25 digits) hold the cell's. So a code is looked up whole, then by its beginnings, the
longest first, down to the finest unit that exists. How long the beginnings are differs between cities: it is a setting.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..cube import ROOT_CELL
from ..errors import Notice
from .grids.layer import ROLES, CellLayer
from .incidents.intake import Intake
from .incidents.rules import DUPLICATES, notice, quarantined
from .refusals import refusal

NO_PLACE = ("E-COORD-001", "E-COORD-002")
"""Rules of rows that have no coordinates: the ones a code may still place."""

_SHORTEST = 4


@dataclass(frozen=True)
class CodeMatch:
    """Which unit each code names: `unit` (n,) row of the cells' table, -1 none; `length` (n,) characters that matched.

    `coded` (n,) bool marks rows that bear a code at all; `lengths` are the beginnings tried, the longest first.
    """

    unit: np.ndarray
    length: np.ndarray
    coded: np.ndarray
    lengths: tuple[int, ...]

    @property
    def rate(self) -> float:
        """Share of the coded rows whose code names a unit; 1 where there is no code."""
        return float((self.unit >= 0).sum() / self.coded.sum()) if self.coded.any() else 1.0


@dataclass(frozen=True)
class Geocoded:
    """An intake after its codes were looked up.

    intake : rows without coordinates whose code names a unit stand among the incidents, with no geometry; the others
        stay set aside under their old rule. unit : (n,) unit each incident's code names, -1 none.
    by_code : (n,) bool, incidents placed by their code alone. unmatched : `code, rows, source_file, source_row` of the
        codes that name no unit, most rows first; longer ones are cut to the length of a unit's: no room is named.
    facts : figures to tell. notices : the same in words.
    """

    intake: Intake
    unit: np.ndarray
    by_code: np.ndarray
    unmatched: pd.DataFrame
    facts: dict[str, Any]
    notices: tuple[Notice, ...] = ()


def read_pattern(text: str) -> tuple[int, ...]:
    """Lengths of a code's beginnings from `15,12,9,6`, the longest first; empty for "".

    Raises InputError for what is no list of whole numbers.
    """
    parts = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
    if not all(part.isdigit() and 0 < int(part) <= 64 for part in parts):
        raise refusal("E-GEO-001", where="plan", text=text[:40])
    return tuple(sorted({int(part) for part in parts}, reverse=True))


def match_codes(codes: Sequence[str] | pd.Series, cells: CellLayer, pattern: str = "") -> CodeMatch:
    """The finest unit each code names: the code whole, then its beginnings of the lengths of *pattern*.

    Without a *pattern* the lengths are those of the units' own codes, if these hold their parents' codes in front;
    else only whole codes count, since the beginning of a number that is no hierarchy means nothing.
    """
    lengths = read_pattern(pattern) or own_lengths(cells)
    where, distinct = pd.factorize(pd.Series(codes, dtype=object).fillna(""))
    plain = np.array([_plain(code) for code in distinct], dtype=object)
    ids = cells.table["cell_id"].to_numpy(dtype=object)
    rows = {str(code): row for row, code in enumerate(ids) if code != ROOT_CELL}
    unit, length = np.full(len(plain), -1, np.int64), np.zeros(len(plain), np.int64)
    for number, code in enumerate(plain):
        tried = [code, *(code[:n] for n in lengths if n < len(code))]
        found = next((start for start in tried if start in rows), None)
        if found:
            unit[number], length[number] = rows[found], len(found)
    coded = np.array([bool(code) for code in plain], bool)
    if not len(plain):
        return CodeMatch(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool), lengths)
    return CodeMatch(unit[where], length[where], coded[where], lengths)


def _plain(code: object) -> str:
    return "".join(unicodedata.normalize("NFKC", str(code)).split())


def own_lengths(cells: CellLayer) -> tuple[int, ...]:
    """Lengths of the territorial units' codes, the longest first, if children's codes begin with their parents'."""
    table = cells.table[(cells.table["role"] == ROLES[0]) & (cells.table["cell_id"] != ROOT_CELL)]
    ids, parents = table["cell_id"].astype(str), table["parent"].astype(str)
    below = parents.ne(ROOT_CELL) & parents.ne("")
    nested = [code.startswith(parent) for code, parent in zip(ids[below], parents[below], strict=True)]
    if not nested or np.mean(nested) < 0.99:
        return ()
    return tuple(sorted({n for n in ids.str.len() if n >= _SHORTEST}, reverse=True))


def geocode(intake: Intake, cells: CellLayer, pattern: str = "", *, duplicates: str = "drop") -> Geocoded:
    """Bring the rows without coordinates whose code names a unit back among the incidents; the account stays exact.

    Equal rows among them (identifier, time, class, code) are duplicates, unless these are kept. Raises InputError if
    no row of the intake has coordinates and no code names a unit.
    """
    unplaced = intake.unplaced if intake.unplaced is not None else intake.incidents.iloc[:0]
    lost = match_codes(_codes_of(unplaced), cells, pattern)
    back = unplaced[lost.unit >= 0].reset_index(drop=True)
    again = _repeats(back) if duplicates == "drop" else np.full(len(back), -1)
    joined = _joined(intake, back, again)
    if joined.incidents.empty:
        raise refusal("E-GEO-002", where="cells", n=len(unplaced))
    here = match_codes(_codes_of(intake.incidents), cells, pattern)
    unmatched = _unmatched([(intake.incidents, here), (unplaced, lost)])
    added = lost.unit[lost.unit >= 0][again < 0]
    levels = _levels(added, cells)
    facts = {
        "pattern": list(here.lengths),
        "with_point": {"coded": int(here.coded.sum()), "matched": int((here.unit >= 0).sum())},
        "without_point": {"coded": len(unplaced), "matched": int((lost.unit >= 0).sum()), "used": len(added)},
        "used_by_level": levels,
        "rate": round(here.rate, 4),
        "unmatched_codes": len(unmatched),
    }
    told: tuple[Notice, ...] = ()
    if len(unplaced):
        words = [f"{name} {n}" for name, n in levels.items()] or ["-"]
        rest = int((lost.unit < 0).sum())
        told = (notice("N-CODE-001", n=len(added), rest=rest, levels="、".join(words), levels_en=", ".join(words)),)
    by_code = np.arange(len(joined.incidents)) >= len(intake.incidents)
    return Geocoded(joined, np.concatenate([here.unit, added]), by_code, unmatched, facts, told)


def _codes_of(table: pd.DataFrame) -> pd.Series:
    return table["cell_code"] if "cell_code" in table else pd.Series("", index=table.index, dtype=object)


def _repeats(rows: pd.DataFrame) -> np.ndarray:
    """(n,) the earlier row that each row repeats, -1 where it is the first of its kind."""
    keys = ["incident_id", "time", "category", "cell_code"]
    first = rows.groupby(keys, sort=False, dropna=False).ngroup().to_numpy() if len(rows) else np.zeros(0, np.int64)
    place = pd.Series(np.arange(len(rows))).groupby(first).transform("first").to_numpy()
    return np.where(place < np.arange(len(rows)), place, -1)


def _joined(intake: Intake, back: gpd.GeoDataFrame, again: np.ndarray) -> Intake:
    """The intake with *back* among its incidents, those that repeat another among its duplicates."""
    if back.empty:
        return intake
    gone = pd.MultiIndex.from_frame(back[["source_file", "source_row"]])
    left = intake.quarantine
    left = left[~pd.MultiIndex.from_frame(left[["source_file", "source_row"]]).isin(gone)].reset_index(drop=True)
    double, kept = back[again >= 0], back.iloc[again[again >= 0]]
    rule = DUPLICATES["D-DUP-001"]
    repeated = pd.DataFrame(
        {
            "source_file": double["source_file"].to_numpy(),
            "source_row": double["source_row"].to_numpy(),
            "kept_file": kept["source_file"].to_numpy(),
            "kept_row": kept["source_row"].to_numpy(),
            "rule": rule.code,
            "reason": rule.zh,
            "reason_en": rule.en,
        }
    )
    added = back[again < 0]
    incidents = pd.concat([intake.incidents, added], ignore_index=True) if len(intake.incidents) else added
    incidents = gpd.GeoDataFrame(incidents, geometry="geometry", crs=intake.incidents.crs)
    return replace(
        intake,
        incidents=incidents,
        quarantine=left,
        duplicates=pd.concat([intake.duplicates, repeated], ignore_index=True) if len(repeated) else intake.duplicates,
        notices=_recounted(intake.notices, left["rule"].value_counts()),
        unplaced=None,
    )


def _recounted(notices: tuple[Notice, ...], left: pd.Series) -> tuple[Notice, ...]:
    """Notices of rows set aside for lack of coordinates say how many still are."""
    told = [quarantined(n.code, int(left.get(n.code, 0))) if n.code in NO_PLACE else n for n in notices]
    return tuple(n for n in told if n.code not in NO_PLACE or left.get(n.code, 0))


def _unmatched(parts: list[tuple[pd.DataFrame, CodeMatch]]) -> pd.DataFrame:
    """Codes that name no unit: rows and the first of them."""
    tables = []
    for table, match in parts:
        at = match.coded & (match.unit < 0)
        longest = max(match.lengths, default=0) or 15
        codes = [_plain(code)[:longest] for code in _codes_of(table)[at]]
        tables.append(table.loc[at, ["source_file", "source_row"]].assign(code=codes))
    every = pd.concat(tables, ignore_index=True)
    listed = every.groupby("code", sort=False, as_index=False).agg(
        rows=("code", "size"), source_file=("source_file", "first"), source_row=("source_row", "first")
    )
    return listed.sort_values(["rows", "code"], ascending=[False, True], kind="stable", ignore_index=True)


def _levels(units: np.ndarray, cells: CellLayer) -> dict[str, int]:
    """Rows per level of the units they were given to, the finest first."""
    levels = cells.table["unit_level"].to_numpy(np.int64)[units]
    n_rows = pd.Series(levels).value_counts()
    return {cells.level_names.get(int(n), f"level {n}"): int(n_rows[n]) for n in sorted(n_rows.index, reverse=True)}


def place_by_code(assigned: np.ndarray, units: np.ndarray, rows: np.ndarray, cells: CellLayer) -> np.ndarray:
    """*assigned* (n, n_roles) with the incidents of the mask *rows* counted for the unit of their code.

    A territorial unit of any level counts as such: nothing below it is touched. The code of a sectoral unit places its
    row there and, territorially, in the city.
    """
    placed = assigned.copy()
    role = cells.table["role"].to_numpy(dtype=object)
    city = int(np.flatnonzero((cells.table["cell_id"] == ROOT_CELL).to_numpy())[0])
    at = np.flatnonzero(rows & (units >= 0))
    sectoral = role[units[at]] != ROLES[0]
    placed[at] = -1
    placed[at, 0] = np.where(sectoral, city, units[at])
    if placed.shape[1] > 1:
        placed[at[sectoral], 1] = units[at[sectoral]]
    return placed


def find_conflicts(assigned: np.ndarray, units: np.ndarray, cells: CellLayer) -> np.ndarray:
    """(n,) bool: incidents whose point lies in another unit than their code names, or in none."""
    lineage = cells.as_cells().lineage
    level = cells.table["unit_level"].to_numpy(np.int64)
    role = cells.table["role"].to_numpy(dtype=object)
    conflict = np.zeros(len(units), bool)
    at = np.flatnonzero(units >= 0)
    for column, name in enumerate(cells.roles):
        own = at[role[units[at]] == name]
        here = assigned[own, column]
        held = np.where(here >= 0, lineage[np.maximum(here, 0), level[units[own]]], -1)
        conflict[own] = held != units[own]
    return conflict


def points_of_units(units: np.ndarray, cells: CellLayer) -> np.ndarray:
    """A point inside each unit, to show on a map what has no place of its own."""
    distinct, where = np.unique(units, return_inverse=True)
    return shapely.point_on_surface(cells.table.geometry.to_numpy()[distinct])[where]
