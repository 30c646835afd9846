"""One event, several sources: the first row is kept and remembers who else told of it; the others are duplicates."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import Notice
from ..layers.incidents.across import Across, also_sources, find_across_sources
from ..layers.incidents.rules import DUPLICATES, notice
from .plan import Plan


@dataclass(frozen=True)
class Confirmed:
    """`points` with the column `also_sources`; `dropped` (n_points,) bool; the tables `duplicates` and `near`; notices.

    duplicates : `source_file, source_row, kept_file, kept_row, rule, reason, reason_en`.
    near : `source_file, source_row, near_file, near_row, metres, minutes`, rows that are kept.
    """

    points: gpd.GeoDataFrame
    dropped: np.ndarray
    duplicates: pd.DataFrame
    near: pd.DataFrame
    notices: tuple[Notice, ...]


def confirm_across_sources(points: gpd.GeoDataFrame, usable: np.ndarray, plan: Plan) -> Confirmed:
    """Look among the *usable* rows of *points* (metres) for events that more than one source told of.

    Rows at default points are not usable: their place is not true. With the plan's `duplicates = keep` nothing is
    looked for.
    """
    rows = np.flatnonzero(usable) if plan.duplicates == "drop" else np.zeros(0, np.int64)
    found = _find(points.iloc[rows], plan)
    kept = np.full(len(points), -1, np.int64)
    kept[rows] = np.where(found.kept >= 0, rows[found.kept], -1)
    near = found.near
    told = []
    if found.dropped.any():
        limits = {"metres": plan.duplicate_metres, "minutes": plan.duplicate_minutes}
        told.append(notice("N-DUP-004", n=int(found.dropped.sum()), **limits))
    if len(near):
        told.append(notice("N-DUP-005", n=len(near)))
    return Confirmed(
        points.assign(also_sources=also_sources(kept, points["source"])),
        kept >= 0,
        _linked(points, np.flatnonzero(kept >= 0), kept[kept >= 0]),
        pd.DataFrame(
            {
                **_links(points, rows[near["row"]], rows[near["other"]], "near"),
                "metres": near["metres"].to_numpy(),
                "minutes": near["minutes"].to_numpy(),
            }
        ),
        tuple(told),
    )


def _find(points: gpd.GeoDataFrame, plan: Plan) -> Across:
    utc = pd.DatetimeIndex(points["time"]).tz_convert("UTC").tz_localize(None)
    local = pd.DatetimeIndex(points["time"]).tz_convert(plan.timezone).tz_localize(None)
    return find_across_sources(
        points.geometry.x.to_numpy(),
        points.geometry.y.to_numpy(),
        utc.to_numpy(dtype="datetime64[s]").astype(np.int64),
        points["category"],
        points["source"],
        metres=plan.duplicate_metres,
        minutes=plan.duplicate_minutes,
        vague=np.asarray(local == local.normalize()),
    )


def _links(points: gpd.GeoDataFrame, rows: np.ndarray, others: np.ndarray, name: str) -> dict[str, np.ndarray]:
    files, numbers = points["source_file"].to_numpy(), points["source_row"].to_numpy()
    return {
        "source_file": files[rows],
        "source_row": numbers[rows],
        f"{name}_file": files[others],
        f"{name}_row": numbers[others],
    }


def _linked(points: gpd.GeoDataFrame, rows: np.ndarray, kept: np.ndarray) -> pd.DataFrame:
    rule = DUPLICATES["D-DUP-003"]
    links = pd.DataFrame(_links(points, rows, kept, "kept"))
    return links.assign(rule=rule.code, reason=rule.zh, reason_en=rule.en)
