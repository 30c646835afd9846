"""The topology report of a file of cells: what is wrong with it, where, and how large. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from ...cube import ROOT_CELL
from .. import coordinates
from ..coordinates import reproject
from . import hierarchy, names
from .coverage import merge, mismatched, snap_corners
from .files import make_valid, read_as_drawn
from .layer import ROLES
from .names import Columns
from .rules import CELL_RULES, KINDS
from .topology import find_gaps, find_overlaps, mean_width
from .versions import choose_version

SLIVER_M = 1.0
"""An overlap, a gap or a part of a cell narrower than this on average is a sliver; see `topology` for hairlines."""

EXAMPLES = 5
"""Findings named per rule in `TopologyReport.as_dict`; the table has all."""

FINDINGS = ["rule", "kind", "cell_ids", "area_m2", "length_m", "refused", "words", "words_en", "fix", "geometry"]


@dataclass(frozen=True)
class Drawn:
    """A file of cells as it was drawn, the rows of one moment.

    `ids` may repeat or be ''; `roles` and `link` ('' none) are per row; `shapes` are valid, in the CRS in metres `crs`,
    and None where there is none; `broken` marks rings that had to be repaired; `rows` are row numbers of `table`.
    """

    table: gpd.GeoDataFrame
    rows: np.ndarray
    ids: np.ndarray
    roles: np.ndarray
    link: np.ndarray
    shapes: np.ndarray
    broken: np.ndarray
    crs: CRS
    where: str

    def finest(self, role: str) -> np.ndarray:
        """Positions of the units of *role* with a shape that no other names as its parent."""
        above = set(self.link) - {""}
        leaf = np.array([cell not in above and cell != ROOT_CELL for cell in self.ids], dtype=bool)
        return np.flatnonzero(leaf & (self.roles == role) & ~shapely.is_missing(self.shapes))


@dataclass(frozen=True)
class TopologyReport:
    """What was found. `table` has the columns `FINDINGS`, one row per finding, worst rule and largest area first.

    `cell_ids` are joined by ';'; `length_m` is the length of the border of what was found.
    """

    table: gpd.GeoDataFrame
    n_cells: int

    @property
    def counts(self) -> dict[str, int]:
        """Rule code -> number of findings, every rule named."""
        found = self.table["rule"].value_counts()
        return {code: int(found.get(code, 0)) for code in CELL_RULES}

    @property
    def refused(self) -> bool:
        """Whether a run would refuse the file."""
        return bool(self.table["refused"].any())

    def as_dict(self) -> dict[str, Any]:
        """Counts, areas and the codes of the largest by rule, with their words, JSON-able."""
        rows = self.table.groupby("rule")
        area, largest = rows["area_m2"].sum(), rows["cell_ids"].agg(lambda ids: ids.head(EXAMPLES).tolist())
        return {
            "cells": self.n_cells,
            "refused": self.refused,
            "rules": [
                {
                    "rule": code,
                    "kind": rule.kind,
                    "zh": rule.zh,
                    "en": rule.en,
                    "fix": rule.fix,
                    "refused": rule.refused,
                    "count": self.counts[code],
                    "area_m2": round(float(area.get(code, 0.0)), 1),
                    "examples": largest.get(code, []),
                }
                for code, rule in CELL_RULES.items()
            ],
        }


def examine_cells(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: dict[str, str] | None = None,
    crs: str | None = None,
    valid_at: pd.Timestamp | str | None = None,
) -> TopologyReport:
    """Everything wrong with a file of cells, also what a run would refuse. Arguments as for `read_cells`.

    Overlaps and gaps are looked for among the finest units of one role (gaps among territorial ones). Those under 1 m²
    or 0.1 m of mean width are hairlines of digitising and not listed; those under `SLIVER_M` are slivers. The mean
    width is twice the area over the length of the border. A gap with one neighbour is a hole.
    Raises InputError where the file cannot be read at all.
    """
    drawn = read_drawn(path, layer=layer, columns=columns, crs=crs, valid_at=valid_at)
    found = [*_codes(drawn), *_shapes(drawn)]
    for role in ROLES:
        found += _coverage(drawn, drawn.finest(role), role)
    table = gpd.GeoDataFrame(found, columns=FINDINGS, geometry="geometry", crs=drawn.crs)
    order = table.assign(_big=-table["area_m2"].astype(float)).sort_values(["rule", "_big", "cell_ids"], kind="stable")
    typed = order[FINDINGS].reset_index(drop=True).astype({"area_m2": float, "length_m": float, "refused": bool})
    return TopologyReport(typed, len(drawn.ids))


def read_drawn(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: dict[str, str] | None = None,
    crs: str | None = None,
    valid_at: pd.Timestamp | str | None = None,
) -> Drawn:
    """The rows of a file of cells of one moment as they are, with shapes in metres."""
    table, where = read_as_drawn(path, layer=layer, crs=crs)
    found = names.find_columns(table, columns, where)
    rows = np.flatnonzero(choose_version(table, found, valid_at, where).current)
    own = table.iloc[rows].reset_index(drop=True)
    ids = names.as_codes(own[found.cell_id], f"{where}, column {found.cell_id}")
    metric, _ = coordinates.working_crs(own[~own.geometry.isna()])
    shapes = reproject(own[["geometry"]], metric).geometry.to_numpy().copy()
    shapes[shapely.is_empty(shapes)] = None
    shapes, broken = make_valid(shapes)
    return Drawn(table, rows, ids, _roles(own, found), _link(own, found, ids), shapes, broken, metric, where)


def _roles(table: gpd.GeoDataFrame, found: Columns) -> np.ndarray:
    words = names.as_names(table[found.role]) if found.role else np.full(len(table), "", dtype=object)
    return np.array([names.ROLE_WORDS.get(word.casefold(), ROLES[0]) for word in words], dtype=object)


def _link(table: gpd.GeoDataFrame, found: Columns, ids: np.ndarray) -> np.ndarray:
    if found.link:
        link = names.as_codes(table[found.link], found.link)
        if hierarchy.links_hold(ids, link):
            return hierarchy.without_roots(ids, link)
    return np.full(len(table), "", dtype=object)


def _codes(drawn: Drawn) -> list[list[Any]]:
    """Codes that repeat or are missing, and parents that are not there."""
    ids, shapes = drawn.ids, drawn.shapes
    found = [_finding("no code", "", shapes[row]) for row in np.flatnonzero(ids == "")]
    twice = pd.Series(np.arange(len(ids))).groupby(ids).indices
    found += [
        _finding("duplicate code", code, merge(shapes[rows])) for code, rows in twice.items() if len(rows) > 1 and code
    ]
    if (drawn.link != "").any():
        lost = hierarchy.orphans(ids, drawn.link)
        found += [_finding("orphan parent", f"{ids[row]};{drawn.link[row]}", shapes[row]) for row in lost]
    return found


def _shapes(drawn: Drawn) -> list[list[Any]]:
    """Cells whose own shape is missing, crosses itself, has several parts or a part like a thread."""
    ids, shapes = drawn.ids, drawn.shapes
    missing = shapely.is_missing(shapes)
    found = [_finding("no shape", ids[row], None) for row in np.flatnonzero(missing)]
    found += [_finding("invalid ring", ids[row], shapes[row]) for row in np.flatnonzero(drawn.broken)]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    several = np.flatnonzero(np.bincount(owner, minlength=len(shapes)) > 1)
    found += [_finding("multipart", ids[row], shapes[row]) for row in several]
    thin = np.flatnonzero((mean_width(parts) < SLIVER_M) & (shapely.area(parts) > 0))
    return found + [_finding("sliver", ids[owner[part]], parts[part]) for part in thin]


def _coverage(drawn: Drawn, rows: np.ndarray, role: str) -> list[list[Any]]:
    """Overlaps of the cells in *rows*, and the gaps and holes between territorial ones."""
    if not len(rows):
        return []
    ids, closed = drawn.ids[rows], snap_corners(drawn.shapes[rows])
    loose = mismatched(closed)
    pairs, shared = find_overlaps(closed, loose)
    thin = mean_width(shared) < SLIVER_M
    found = [
        _finding("sliver" if narrow else "overlap", ";".join(sorted(ids[pair].tolist())), shape)
        for pair, shape, narrow in zip(pairs, shared, thin, strict=True)
    ]
    if role != ROLES[0]:
        return found
    gaps = find_gaps(np.array([merge(closed, loose)], dtype=object))
    gap, cell = _beside(gaps, closed)
    thin = mean_width(gaps) < SLIVER_M
    for number, shape in enumerate(gaps):
        around = np.unique(ids[cell[gap == number]].astype(str))
        kind = "sliver" if thin[number] else "gap" if len(around) > 1 else "hole"
        found.append(_finding(kind, ";".join(around), shape))
    return found


def _beside(gaps: np.ndarray, shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a gap and a polygon that share a border with it, not just a corner."""
    reach = 0.02
    grown = shapely.buffer(gaps, reach)
    gap, cell = shapely.STRtree(shapes).query(grown, predicate="intersects")
    along = shapely.area(shapely.intersection(grown[gap], shapes[cell])) > 0.25 * reach
    return gap[along], cell[along]


def _finding(kind: str, cell_ids: str, shape: shapely.Geometry | None) -> list[Any]:
    rule = KINDS[kind]
    area, length = (0.0, 0.0) if shape is None else (shape.area, shape.length)
    return [rule.code, kind, str(cell_ids), area, length, rule.refused, rule.zh, rule.en, rule.fix, _areas(shape)]


def _areas(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """Polygons alone: what two cells share may have lines and points on its rim."""
    if shape is None or shape.geom_type == "MultiPolygon":
        return shape
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.multipolygons(polygons) if polygons else None
