"""Where the rows lie that are not counted where they lie: outside, duplicate, set aside, or on a default point."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import Notice
from ..layers.coordinates import reproject
from ..layers.incidents.rules import DUPLICATES, RULES, notice
from .preparation import Prepared

MOST_POINTS = 200_000
"""Points listed; of more, the first of every reason in the order of the reasons, and it is told."""

COLUMNS = ("incident_id", "reason", "reason_en", "rule", "source_file", "source_row", "time", "category")
OUTSIDE = ("N-PLACE-001", "不在任何网格内", "in no cell")
DEFAULTS = {
    "city": ("N-PLACE-002", "默认坐标,只计入全市", "on a default point, counts for the city only"),
    "spread": ("N-PLACE-004", "默认坐标,按比例分摊", "on a default point, spread over the cells"),
    "keep": ("N-PLACE-005", "默认坐标,按原位计入", "on a default point, counts where it lies"),
}
"""Rows without a rule of their own: the code of the notice that counts them, and its reason in both languages."""

_CARRIED = ["incident_id", "time", "category", "source_file", "source_row"]


def excluded_of(ready: Prepared) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Columns `COLUMNS` and points in the system of the cells; a notice where there are too many to list.

    Not listed are rows without usable coordinates, and rows of classes that are refused or only described: neither may
    stand on a map as points.
    """
    parts = [part for part in _parts(ready) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else _nothing(ready)
    table = gpd.GeoDataFrame(table, geometry="geometry", crs=ready.cells.crs)
    table = table[_may_be_shown(table, ready)]
    local = pd.to_datetime(table["time"], utc=True).dt.tz_convert(ready.plan.timezone).dt.tz_localize(None)
    table = table.assign(time=local)[[*COLUMNS, "geometry"]].reset_index(drop=True)
    if len(table) <= MOST_POINTS:
        return table, []
    return table.iloc[:MOST_POINTS], [notice("N-PLACE-006", n=len(table), most=MOST_POINTS)]


def _parts(ready: Prepared) -> list[gpd.GeoDataFrame]:
    """The rows of every reason: in no cell, set aside or twice, told by another source before, on a default point."""
    points, aside = ready.points, ready.intake.set_aside
    parts = []
    if points is not None:
        parts.append(_with_rule(points[ready.reasons == "outside"], *OUTSIDE))
    if aside is not None and len(aside):
        known = {**RULES, **DUPLICATES}
        zh, en = (
            aside["rule"].map({code: getattr(rule, lang) for code, rule in known.items()}) for lang in ("zh", "en")
        )
        parts.append(reproject(aside.assign(reason=zh, reason_en=en), ready.cells.crs))
    if points is not None:
        again = DUPLICATES["D-DUP-003"]
        parts.append(_with_rule(points[ready.reasons == "duplicate"], again.code, again.zh, again.en))
    on_pile = ready.incidents[ready.incidents["default_point"].to_numpy(bool)]
    parts.append(_with_rule(on_pile, *DEFAULTS[ready.plan.default_points]))
    return parts


def _with_rule(rows: gpd.GeoDataFrame, code: str, zh: str, en: str) -> gpd.GeoDataFrame:
    words = {"rule": code, "reason": zh, "reason_en": en}
    return gpd.GeoDataFrame(rows[_CARRIED].assign(**words), geometry=rows.geometry.to_numpy(), crs=rows.crs)


def _may_be_shown(table: gpd.GeoDataFrame, ready: Prepared) -> np.ndarray:
    """Mask of the points that are one, of classes that may stand on a map as points."""
    policy = ready.privacy.policy
    code, names = pd.factorize(table["category"].astype(str))
    open_to_all = np.array([not (policy.refuses(name) or policy.describes_only(name)) for name in names], dtype=bool)
    shapes = table.geometry
    placed = shapes.notna() & ~shapes.is_empty & np.isfinite(shapes.x) & np.isfinite(shapes.y)
    return placed.to_numpy(bool) & (open_to_all[code] if len(names) else np.zeros(0, dtype=bool))


def _nothing(ready: Prepared) -> gpd.GeoDataFrame:
    empty = {name: pd.Series(dtype=object) for name in COLUMNS}
    return gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=ready.cells.crs), crs=ready.cells.crs)
