"""Steps 1 to 5 of the journey: files -> incidents on cells -> counts up to the moment of decision, and the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from ..cube import Counts
from ..errors import InputError, Notice
from ..layers.aggregate import count_incidents
from ..layers.grids import CellLayer, make_cells, read_cells
from ..layers.incidents import Intake, read_incidents
from ..layers.incidents.rules import notice
from ..layers.privacy import ClassPolicy, Privacy, Pseudonyms, read_key, read_policy
from ..models.anomaly import find_outages
from .confirmation import confirm_across_sources
from .placement import Placement, place_incidents
from .plan import Plan
from .redivision import codes_of_today

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Inputs:
    """Where a run's data come from; files, layers and coordinate systems are no settings."""

    incidents: tuple[str, ...]
    cells: str | None = None
    columns: Mapping[str, str] | None = None
    cell_columns: Mapping[str, str] | None = None
    crs: str | None = None
    cells_crs: str | None = None
    responsible: str | None = None
    classes: Mapping[str, str] | None = None
    class_policy: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Prepared:
    """Everything the models need, and everything the outputs must tell about where it came from.

    incidents : the used rows in the working CRS, with the columns `cell` (row of the finest territorial unit, -1
        none), `sectoral` (likewise), `default_point`, `by_code` (no coordinates: placed inside the unit of its code, of
        any level) and `also_sources` (further sources that told of the same event);
    counts : cut at `as_of`; valid : complete bins of counts. duplicates : every duplicate with the row kept, exact ones
    and those of other sources; near_duplicates : rows kept that nearly were. reasons : per row of `points`, all that
    were read, what became of it.
    """

    plan: Plan
    intake: Intake
    cells: CellLayer
    incidents: gpd.GeoDataFrame
    counts: Counts
    valid: np.ndarray
    as_of: pd.Timestamp
    account: dict[str, int]
    default_points: pd.DataFrame
    notices: tuple[Notice, ...]
    duplicates: pd.DataFrame = field(default_factory=pd.DataFrame)
    near_duplicates: pd.DataFrame = field(default_factory=pd.DataFrame)
    reasons: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=object))
    points: gpd.GeoDataFrame | None = None
    privacy: Privacy = field(default_factory=Privacy)
    placement: Placement | None = None


def prepare(plan: Plan, inputs: Inputs, progress: Progress) -> Prepared:
    """Read, place, count and cut. Raises InputError where nothing usable is left."""
    privacy = _privacy_of(plan, inputs)
    intake = _read(plan, inputs, privacy, progress)
    progress(0.2, "Reading cells|读取网格")
    cells = _cells_of(plan, inputs, intake)
    intake, recoded = codes_of_today(intake, cells, plan)
    progress(0.3, "Placing incidents on cells|事件落格")
    place = place_incidents(intake, cells, plan, given_cells=bool(inputs.cells), given_crs=bool(inputs.crs))
    intake, points, assigned, on_pile = place.intake, place.points, place.assigned, place.on_pile
    false_place = on_pile if plan.default_points != "keep" else np.zeros(len(points), dtype=bool)
    as_of = pd.Timestamp(plan.as_of) if plan.as_of else last_complete_day(points["time"], plan)
    reasons = _reasons(points, assigned, false_place, as_of, plan)
    confirmed = confirm_across_sources(points, (reasons == "used") & ~on_pile & ~place.by_code, plan)
    points = confirmed.points
    reasons[confirmed.dropped] = "duplicate"
    account = _account(intake, reasons)
    used = reasons == "used"
    if not used.any():
        raise _nothing_left(account, as_of, inputs, place)
    progress(0.5, "Counting|计数")
    counts = _count(points[used], assigned[used], cells, false_place[used], plan).until(as_of)
    valid = ~find_outages(counts.cube(unit_level=0).counts[:, 0], plan.bin)
    notices = (
        *intake.notices,
        *cells.notices,
        *recoded,
        *place.notices,
        *confirmed.notices,
        *_policy_told(privacy.policy),
        *_told(counts, valid, false_place[used], reasons, plan),
    )
    points = place.on_the_map(points)
    placed = points[used].assign(
        cell=assigned[used, 0],
        sectoral=assigned[used, 1] if assigned.shape[1] > 1 else -1,
        default_point=false_place[used],
        by_code=place.by_code[used],
    )
    return Prepared(
        plan,
        intake,
        cells,
        placed,
        counts,
        valid,
        as_of,
        account,
        place.piles,
        notices,
        duplicates=pd.concat([intake.duplicates, confirmed.duplicates], ignore_index=True),
        near_duplicates=confirmed.near,
        reasons=reasons,
        points=points,
        privacy=privacy,
        placement=place,
    )


def _read(plan: Plan, inputs: Inputs, privacy: Privacy, progress: Progress) -> Intake:
    return read_incidents(
        list(inputs.incidents),
        columns=dict(inputs.columns or {}) or None,
        crs=inputs.crs,
        timezone=plan.timezone,
        duplicates=plan.duplicates,
        progress=lambda f, text: progress(0.2 * f, text),
        privacy=privacy,
        classes=dict(inputs.classes or {}) or None,
    )


def _count(
    points: gpd.GeoDataFrame, assigned: np.ndarray, cells: CellLayer, false_place: np.ndarray, plan: Plan
) -> Counts:
    return count_incidents(
        points,
        assigned,
        cells.as_cells(),
        bin=plan.bin,
        timezone=plan.timezone,
        default_points=false_place,
        policy=plan.default_points,
        burst_metres=plan.burst_metres,
        burst_minutes=plan.burst_minutes,
    )


def _privacy_of(plan: Plan, inputs: Inputs) -> Privacy:
    maker = Pseudonyms(read_key(inputs.key)) if plan.people == "pseudonym" else None
    return Privacy(read_policy(inputs.class_policy), maker)


def _policy_told(policy: ClassPolicy) -> list[Notice]:
    if not policy.name:
        return []
    return [notice("N-POLICY-001", file=policy.name, added=len(policy.added), removed=len(policy.removed))]


def _cells_of(plan: Plan, inputs: Inputs, intake: Intake) -> CellLayer:
    if inputs.cells:
        columns = dict(inputs.cell_columns or {}) or None
        return read_cells(inputs.cells, columns=columns, crs=inputs.cells_crs, valid_at=_moment(plan, intake))
    return make_cells(plan.cell_shape, plan.cell_size, intake.incidents)


def _moment(plan: Plan, intake: Intake) -> pd.Timestamp | None:
    """The local moment of decision, before any incident is placed: whose cells count."""
    if plan.as_of:
        return pd.Timestamp(plan.as_of).tz_localize(None)
    unplaced = [] if intake.unplaced is None else [intake.unplaced["time"]]
    times = pd.concat([intake.incidents["time"], *unplaced]) if len(intake.incidents) else pd.concat(unplaced)
    return last_complete_day(times, plan) if len(times) else None


def last_complete_day(times: pd.Series, plan: Plan) -> pd.Timestamp:
    """Local midnight that ends the last complete day of *times*.

    The last day counts as complete if its last incident is as late as those of ordinary days: not before the 10 %
    quantile of the last times of the 28 days before it.
    """
    local = pd.DatetimeIndex(times).tz_convert(plan.timezone).tz_localize(None)
    days = local.normalize()
    last = days.max()
    latest = pd.Series(local - days, index=days).groupby(level=0).max().sort_index()
    before = latest.iloc[-29:-1]
    complete = len(before) >= 7 and latest.iloc[-1] >= before.quantile(0.1)
    return last + pd.Timedelta(days=1) if complete else last


def _reasons(
    points: gpd.GeoDataFrame, assigned: np.ndarray, false_place: np.ndarray, as_of: pd.Timestamp, plan: Plan
) -> np.ndarray:
    """(n_points,) why a row is used or not; the first matching reason wins."""
    local = pd.DatetimeIndex(points["time"]).tz_convert(plan.timezone).tz_localize(None)
    reported = pd.DatetimeIndex(points["reported_time"]).tz_convert(plan.timezone).tz_localize(None)
    late = (local >= as_of) | np.asarray(reported >= as_of)
    reasons = np.full(len(points), "used", dtype=object)
    reasons[(assigned < 0).all(axis=1) & ~false_place] = "outside"
    if plan.bin == "week" and len(points):
        first = local.min()
        monday = (first - pd.Timedelta(days=first.weekday())).normalize()
        if first - monday >= pd.Timedelta(days=1):
            reasons[local < monday + pd.Timedelta(days=7)] = "before_period"
    reasons[late] = "after_as_of"
    return reasons


def _account(intake: Intake, reasons: np.ndarray) -> dict[str, int]:
    found = pd.Series(reasons).value_counts()
    return {
        "rows_in": intake.rows_in,
        **{f"rows_{name}": int(found.get(name, 0)) for name in ("used", "after_as_of", "before_period", "outside")},
        "rows_duplicate": len(intake.duplicates) + int(found.get("duplicate", 0)),
        "rows_excluded": len(intake.excluded),
        "rows_quarantined": len(intake.quarantine),
    }


def _nothing_left(account: dict[str, int], as_of: pd.Timestamp, inputs: Inputs, place: Placement) -> InputError:
    if account["rows_after_as_of"] and not account["rows_outside"]:
        return InputError(
            f"all {account['rows_after_as_of']} incidents are after {as_of:%Y-%m-%d}",
            where="--as-of",
            fix="Choose a later moment.",
        )
    guess = "".join(f"{n.en[0].upper()}{n.en[1:]}. " for n in place.notices if n.code == "N-DATUM-001")
    return InputError(
        f"none of {account['rows_in']} incidents lies in a cell ({account['rows_outside']} lie outside)",
        where=Path(str(inputs.cells)).name if inputs.cells else "--cells",
        fix=f"{guess}Check that both cover the same city, and the coordinate system: pass --crs where the incidents "
        "name none.",
    )


def _told(counts: Counts, valid: np.ndarray, false_place: np.ndarray, reasons: np.ndarray, plan: Plan) -> list[Notice]:
    told = []
    outside, piled = int((reasons == "outside").sum()), int(false_place.sum())
    if outside:
        told.append(notice("N-PLACE-001", n=outside))
    if piled:
        told.append(notice({"city": "N-PLACE-002", "spread": "N-PLACE-004"}[plan.default_points], n=piled))
    missing = int((~valid).sum())
    if missing:
        told.append(notice("N-DATA-001", n=missing, recent=int((~valid[-28:]).sum())))
    if len(valid) and not valid[-1]:
        told.append(notice("N-DATA-002"))
    return told
