"""Upper units: found in columns, in a code's prefix or by links, ordered by nesting, dissolved from what lies below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ...cube import ROOT_CELL
from ...errors import Notice
from ..refusals import refusal
from .coverage import merge
from .names import CITY_WORD
from .rules import told

MOST_LEVELS = 12
PREFIXES = ((6, "区"), (9, "街道"), (12, "社区"))


@dataclass(frozen=True)
class Level:
    """One upper level over the leaves: the (n,) key of each leaf's unit ('' none), and the unit's name."""

    word: str
    keys: np.ndarray
    names: np.ndarray
    column: str = ""
    by_name: bool = False


def order_levels(levels: list[Level], n_leaves: int, strict: bool, where: str) -> tuple[list[Level], str, list[Notice]]:
    """Levels from coarse to fine that nest, the name of the city where a level has one unit, and notices.

    A level is as coarse as it has few units. Levels that repeat another, the city or the leaves are left out.
    With *strict* (the user named the columns) a level that does not nest raises InputError, otherwise it is told.
    """
    kept: list[Level] = []
    notices, city = [], ""
    sizes = [len(set(level.keys) - {""}) for level in levels]
    for index in sorted(range(len(levels)), key=lambda i: (sizes[i], i)):
        level = levels[index]
        if sizes[index] <= 1:
            city = next((name for name in level.names if name), city)
            continue
        if sizes[index] >= n_leaves:
            continue
        if kept and level.by_name and _astray(kept[-1], level) is not None:
            level = _under(kept[-1], level)
            notices.append(told("N-CELL-013", column=level.column))
        astray = _astray(kept[-1], level) if kept else None
        if astray is None:
            if not (kept and len(set(kept[-1].keys)) == len(set(level.keys))):
                kept.append(level)
        elif strict:
            raise refusal("E-CELL-112", where=f"{where}, column {level.column}", unit=astray, column=kept[-1].column)
        else:
            notices.append(told("N-CELL-010", column=level.column))
    return kept, city, notices


def _astray(coarse: Level, fine: Level) -> str | None:
    """The first unit of *fine* with two parents in *coarse*, or None."""
    pairs = pd.DataFrame({"fine": fine.keys, "coarse": coarse.keys})
    pairs = pairs[(pairs["fine"] != "") & (pairs["coarse"] != "")].drop_duplicates()
    twice = pairs["fine"][pairs["fine"].duplicated()]
    return None if twice.empty else str(twice.iloc[0])


def _under(coarse: Level, level: Level) -> Level:
    """A level known by names only: two units of one name under different parents are two units."""
    keys = [f"{above}/{key}" if key else "" for above, key in zip(coarse.keys, level.keys, strict=True)]
    return Level(level.word, np.array(keys, dtype=object), level.names, level.column, True)


def levels_by_prefix(codes: np.ndarray) -> list[Level]:
    """Levels in 15-digit grid codes, 6+3+3+3 (district, street, community, cell); [] when not all codes are such."""
    if not len(codes) or not all(len(code) == 15 and code.isascii() and code.isdigit() for code in codes):
        return []
    blank = np.full(len(codes), "", dtype=object)
    return [
        Level(word, np.array([code[:digits] for code in codes], dtype=object), blank, f"first {digits} digits")
        for digits, word in PREFIXES
    ]


def stack_levels(leaves: pd.DataFrame, levels: list[Level], city: str) -> tuple[pd.DataFrame, list[Notice]]:
    """All territorial units: the city, the units of *levels*, the leaves; geometry still missing above the leaves.

    *leaves* has cell_id, name, population, responsible, geometry. A leaf without a code on some level hangs on the next
    known one above.
    """
    taken = set(leaves["cell_id"]) | {ROOT_CELL}
    above = np.full(len(leaves), ROOT_CELL, dtype=object)
    parts = [pd.DataFrame({"cell_id": [ROOT_CELL], "name": [city or CITY_WORD], "unit_level": [0], "parent": [""]})]
    lone = np.zeros(len(leaves), dtype=bool)
    for number, level in enumerate(levels, start=1):
        ids = _free_ids(level, taken)
        known = level.keys != ""
        lone |= ~known
        rows = pd.DataFrame({"key": level.keys[known], "parent": above[known], "name": level.names[known]})
        rows["blank"] = rows["parent"] == ROOT_CELL
        units = rows.sort_values("blank", kind="stable").groupby("key", sort=True).agg(parent=("parent", "first"))
        units["name"] = rows[rows["name"] != ""].groupby("key")["name"].first().reindex(units.index).fillna("")
        units["cell_id"] = [ids[key] for key in units.index]
        units["unit_level"] = number
        parts.append(units.reset_index(drop=True))
        taken |= set(ids.values())
        above = np.where(known, np.array([ids.get(key, "") for key in level.keys], dtype=object), above)
    parts.append(leaves.assign(unit_level=len(levels) + 1, parent=above))
    notices = [told("N-CELL-011", n=int(lone.sum()))] if lone.any() else []
    return pd.concat(parts, ignore_index=True), notices


def _free_ids(level: Level, taken: set[str]) -> dict[str, str]:
    """Key -> `cell_id`: the key itself, unless units of another level use the same codes."""
    keys = sorted(set(level.keys) - {""})
    if taken.isdisjoint(keys):
        return {key: key for key in keys}
    return {key: f"{level.column or level.word}:{key}" for key in keys}


def follow_links(units: pd.DataFrame, link: np.ndarray, where: str) -> pd.DataFrame:
    """A file that holds every level and names each unit's parent by its code: levels by depth below the city."""
    ids = units["cell_id"].to_numpy(dtype=object)
    place = {cell: row for row, cell in enumerate(ids) if cell != ROOT_CELL}
    parent = np.array([place.get(code, -1) for code in link], dtype=np.int64)
    depth, current = np.zeros(len(ids), dtype=np.int64), np.arange(len(ids))
    while (current >= 0).any():
        alive = current >= 0
        depth[alive] += 1
        if depth.max() > MOST_LEVELS:
            raise refusal("E-CELL-111", where=where)
        current = np.where(alive, parent[np.maximum(current, 0)], -1)
    rooted = ids == ROOT_CELL
    above = np.where(parent >= 0, ids[np.maximum(parent, 0)], ROOT_CELL)
    return units.assign(unit_level=np.where(rooted, 0, depth), parent=np.where(rooted, "", above))


def links_hold(ids: np.ndarray, link: np.ndarray) -> bool:
    """Whether *link* names rows of the same file: more than half of those that are no root are codes among *ids*.

    A root names nothing, the city, or itself.
    """
    known = set(ids)
    named = [code in known for own, code in zip(ids, link, strict=True) if code not in {"", ROOT_CELL, own}]
    return 2 * sum(named) > len(named)


def without_roots(ids: np.ndarray, link: np.ndarray) -> np.ndarray:
    """*link*, where a unit that names itself as its parent names none."""
    return np.where(ids == link, "", link)


def orphans(ids: np.ndarray, link: np.ndarray) -> np.ndarray:
    """Row numbers of the units whose parent is named in *link* and is not in the file."""
    return np.flatnonzero(~np.isin(link.astype(str), [*ids.astype(str), "", ROOT_CELL]))


def dissolve(units: pd.DataFrame, loose: np.ndarray) -> np.ndarray:
    """Shapes of all units: those missing are the union of the units right below, finest level first.

    *loose* (n,) bool: units whose borders do not match those of their neighbours.
    """
    shapes = units["geometry"].where(units["geometry"].notna(), None).to_numpy(dtype=object).copy()
    parent = pd.Index(units["cell_id"]).get_indexer(units["parent"])
    level = units["unit_level"].to_numpy()
    for number in range(int(level.max()), 0, -1):
        rows = np.flatnonzero((level >= number) & (parent >= 0))
        rows = rows[level[parent[rows]] == number - 1]
        children = pd.Series(rows).groupby(parent[rows]).indices
        for row, members in children.items():
            if shapely.is_missing(shapes[row]):
                below = rows[members]
                shapes[row] = merge(shapes[below], loose[below])
    return shapes
