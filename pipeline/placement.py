"""Step 3 of the journey: every incident in its units, by its point or its code, and what is doubtful about places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import Notice
from ..layers.coordinates import better_hypothesis, diagnose_datum, reproject
from ..layers.default_points import at_default_points, find_default_points
from ..layers.geocoding import Geocoded, find_conflicts, geocode, place_by_code, points_of_units
from ..layers.grids import CellLayer
from ..layers.incidents import Intake
from ..layers.incidents.rules import notice
from ..layers.overlay import assign_cells
from .plan import Plan

_TITLES = {"gcj02": "GCJ-02", "bd09": "BD-09", "swapped": "纬度在前 (latitude first)"}
_OPTIONS = {"gcj02": "--crs gcj02", "bd09": "--crs bd09", "swapped": "--lon / --lat"}


@dataclass(frozen=True)
class Placement:
    """Incidents in the cells' system and where they count.

    points : the incidents of `intake`; those in `by_code` have no geometry (see `on_the_map`). assigned : (n, n_roles)
    rows of the cells' table. piles : table of `find_default_points`; on_pile : rows on a certain one. datum : table of
    `diagnose_datum`, None where the coordinate system is no question. codes : figures of the geocoding by code;
    unmatched : codes that name no unit. notices : all of it in words.
    """

    intake: Intake
    cells: CellLayer
    points: gpd.GeoDataFrame
    assigned: np.ndarray
    by_code: np.ndarray
    piles: pd.DataFrame
    on_pile: np.ndarray
    datum: pd.DataFrame | None
    codes: dict[str, Any]
    unmatched: pd.DataFrame
    notices: tuple[Notice, ...] = field(default=())

    def on_the_map(self, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """*points*, those placed by their code on a point inside their unit."""
        at = np.flatnonzero(self.by_code)
        if not len(at):
            return points
        shapes = points.geometry.to_numpy().copy()
        units = np.where(self.assigned[at] >= 0, self.assigned[at], 0).max(axis=1)
        shapes[at] = points_of_units(units, self.cells)
        return points.set_geometry(gpd.GeoSeries(shapes, index=points.index, crs=points.crs))


@dataclass(frozen=True)
class Located:
    """Incidents in the cells' system, whatever the moment of decision: `points` of `coded`, and their units.

    datum : table of `diagnose_datum`, None where the coordinate system is no question.
    """

    coded: Geocoded
    points: gpd.GeoDataFrame
    assigned: np.ndarray
    datum: pd.DataFrame | None


def locate_incidents(intake: Intake, cells: CellLayer, plan: Plan, *, given_cells: bool, given_crs: bool) -> Located:
    """Give every incident its units, by its point; by the code it bears where it has no coordinates.

    *given_cells* is False where the cells were made, so that no code can mean them; *given_crs* True where the user
    said what the coordinates are, so that nothing is left to suggest.
    """
    coded = geocode(intake, cells, plan.code_pattern, duplicates=plan.duplicates) if given_cells else _uncoded(intake)
    points = reproject(coded.intake.incidents, cells.crs)
    return Located(coded, points, assign_cells(points, cells), None if given_crs else _datum(coded, cells))


def judge_places(located: Located, cells: CellLayer, plan: Plan, as_of: pd.Timestamp) -> Placement:
    """Which places are false or contradict their code. Fall-back points are looked for among what was known then."""
    coded, points, assigned = located.coded, located.points, located.assigned
    piles = find_default_points(points[~late_rows(points, as_of, plan)], cells)
    on_pile = at_default_points(points, piles)
    conflicts = find_conflicts(assigned, coded.unit, cells) & ~coded.by_code & ~on_pile
    by_code = coded.by_code | (conflicts if plan.code_conflict == "code" else False)
    if by_code.any():
        shapes = points.geometry.to_numpy().copy()
        shapes[by_code] = None
        points = points.set_geometry(gpd.GeoSeries(shapes, index=points.index, crs=points.crs))
        assigned = place_by_code(assigned, coded.unit, by_code, cells)
    datum = located.datum
    told = [*coded.notices, *_codes_told(coded, conflicts, plan), *_datum_told(datum), *_sticky_told(piles)]
    codes = {**coded.facts, "conflicts": int(conflicts.sum())} if coded.facts else {}
    return Placement(
        coded.intake, cells, points, assigned, by_code, piles, on_pile, datum, codes, coded.unmatched, tuple(told)
    )


def late_rows(incidents: pd.DataFrame, as_of: pd.Timestamp, plan: Plan) -> np.ndarray:
    """(n_incidents,) bool: occurred or reported at *as_of* or later. What is late is looked at by nothing below."""
    local = pd.DatetimeIndex(incidents["time"]).tz_convert(plan.timezone).tz_localize(None)
    reported = pd.DatetimeIndex(incidents["reported_time"]).tz_convert(plan.timezone).tz_localize(None)
    return np.asarray(local >= as_of) | np.asarray(reported >= as_of)


def _uncoded(intake: Intake) -> Geocoded:
    n = len(intake.incidents)
    return Geocoded(intake, np.full(n, -1, np.int64), np.zeros(n, bool), pd.DataFrame(columns=["code", "rows"]), {})


def _datum(coded: Geocoded, cells: CellLayer) -> pd.DataFrame | None:
    """The diagnosis of incidents in degrees; None where the file names a projection, which leaves nothing open."""
    incidents = coded.intake.incidents
    if incidents.crs is None or not incidents.crs.is_geographic:
        return None
    lonlat = np.column_stack([incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy()])
    return diagnose_datum(lonlat, cells, coded.unit)


def _datum_told(datum: pd.DataFrame | None) -> list[Notice]:
    better = better_hypothesis(datum) if datum is not None and len(datum) else ""
    if datum is None or not better:
        return []
    share = datum.set_index("hypothesis")["share"]
    figures = {"better": f"{share[better]:.2%}", "share": f"{share['wgs84']:.2%}"}
    return [notice("N-DATUM-001", other=_TITLES[better], option=_OPTIONS[better], **figures)]


def _codes_told(coded: Geocoded, conflicts: np.ndarray, plan: Plan) -> list[Notice]:
    with_point = coded.facts.get("with_point", {"coded": 0, "matched": 0})
    if not with_point["coded"]:
        return []
    winner, winner_en = ("编码", "code") if plan.code_conflict == "code" else ("坐标", "point")
    figures = {"n": with_point["matched"], "unmatched": with_point["coded"] - with_point["matched"]}
    return [notice("N-CODE-002", conflicts=int(conflicts.sum()), winner=winner, winner_en=winner_en, **figures)]


def _sticky_told(piles: pd.DataFrame) -> list[Notice]:
    sticky = piles[piles["kind"] == "sticky"] if len(piles) else piles
    return [notice("N-PLACE-003", spots=len(sticky), n=int(sticky["rows"].sum()))] if len(sticky) else []
