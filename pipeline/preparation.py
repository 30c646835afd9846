"""Steps 1 to 5 of the journey: files -> incidents on cells -> counts up to the moment of decision, and the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from ..cube import Cells, Counts
from ..errors import InputError, Notice
from ..layers.aggregate import count_incidents, place_rows
from ..layers.basemap import BasemapFiles
from ..layers.grids import CellLayer, Repaired, make_cells
from ..layers.incidents import Intake, read_incidents
from ..layers.incidents.rules import notice
from ..layers.privacy import ClassPolicy, Privacy, Pseudonyms, read_key, read_policy
from ..models.anomaly import find_outages
from ..models.early_warning import Record
from .almanac import Almanac, make_almanac
from .calibration import Calibration
from .cells import CellFiles, cells_of
from .confirmation import confirm_across_sources
from .placement import Located, Placement, judge_places, late_rows, locate_incidents
from .plan import Plan, floor_to_bin
from .redivision import codes_of_today
from .refusals import refusal
from .scope import check_classes, chosen, narrowed, nodes_of

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
    days: str | None = None
    events: str | None = None
    cell_files: CellFiles = field(default_factory=CellFiles)
    calibration: str | None = None
    basemap: BasemapFiles | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """Everything the models need, and everything the outputs must tell about where it came from.

    incidents : the used rows in the working CRS, with the columns `cell` (row of the finest territorial unit they
        count for, 0 the city, -1 none), `sectoral` (likewise), `default_point`, `by_code` (no coordinates: placed
        inside the unit of its code, of any level) and `also_sources` (further sources that told of the same event);
    counts : cut at `as_of`; valid : complete bins of counts. duplicates : every duplicate with the row kept, exact ones
    and those of other sources; near_duplicates : rows kept that nearly were. reasons : per row of `points`, all that
    were read, what became of it. almanac : what is known of the bins of counts beside their incidents. renamed : old
    names of classes and what they are called now. calibration : how often chance lights a warning here, where that was
    learned; record : what the ledger knows. total : (n_bins,) incidents of the city, whatever classes were chosen: what
    tells a calm class from missing data.
    """

    plan: Plan
    intake: Intake
    cells: CellLayer
    incidents: gpd.GeoDataFrame
    counts: Counts
    valid: np.ndarray
    almanac: Almanac
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
    repaired: Repaired | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    record: Record = field(default_factory=Record)
    total: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Source:
    """Step 1 done: what the files of incidents hold, whatever the moment of decision."""

    plan: Plan
    inputs: Inputs
    privacy: Privacy
    intake: Intake


@dataclass(frozen=True)
class Ground:
    """Steps 2 and 3 done: the cells of a time, and where the incidents of `intake` lie in them."""

    intake: Intake
    cells: CellLayer
    repaired: Repaired | None
    recoded: tuple[Notice, ...]
    located: Located


def prepare(plan: Plan, inputs: Inputs, progress: Progress) -> Prepared:
    """Read, place, count and cut. Raises InputError where nothing usable is left."""
    source = read_source(plan, inputs, progress)
    as_of = plan.moment() or last_complete(_times_of(source.intake), plan)
    return prepare_at(source, ground_of(source, as_of, progress), as_of, progress)


def read_source(plan: Plan, inputs: Inputs, progress: Progress) -> Source:
    """Read the incidents."""
    privacy = _privacy_of(plan, inputs)
    return Source(plan, inputs, privacy, _read(plan, inputs, privacy, progress))


def ground_of(source: Source, as_of: pd.Timestamp, progress: Progress) -> Ground:
    """Read the cells valid at *as_of* and locate the incidents in them."""
    plan, inputs = source.plan, source.inputs
    progress(0.2, "Reading cells|读取网格")
    cells, repaired = _cells_of(plan, inputs, source.intake, as_of)
    intake, recoded = codes_of_today(source.intake, cells, plan)
    progress(0.3, "Placing incidents on cells|事件落格")
    given = {"given_cells": bool(inputs.cells), "given_crs": bool(inputs.crs)}
    return Ground(intake, cells, repaired, tuple(recoded), locate_incidents(intake, cells, plan, **given))


def prepare_at(source: Source, ground: Ground, as_of: pd.Timestamp, progress: Progress) -> Prepared:
    """What was known at *as_of* of incidents that are located. Raises InputError where nothing usable is left."""
    plan, inputs, privacy = source.plan, source.inputs, source.privacy
    cells, repaired, recoded = ground.cells, ground.repaired, ground.recoded
    place = judge_places(ground.located, cells, plan, as_of)
    intake, points, false_place = place.intake, place.points, place.on_pile
    assigned = _at_least_in_the_city(place.assigned)
    reasons = _reasons(points, assigned, false_place, late_rows(points, as_of, plan), plan)
    confirmed = confirm_across_sources(points, (reasons == "used") & ~false_place & ~place.by_code, plan)
    points = confirmed.points
    reasons[confirmed.dropped] = "duplicate"
    known, used = _in_scope(points, reasons, plan, privacy.policy)
    account = _account(intake, reasons)
    if not used.any():
        raise _nothing_left(account, points["time"], as_of, plan, inputs, place)
    progress(0.5, "Counting|计数")
    units = cells.as_cells()
    placed = place_rows(points[known], assigned[known], units, false_place[known], plan.default_points)
    every = _count(points[known], placed, units, false_place[known], plan).until(as_of)
    total, valid = _complete_bins(every)
    counts, placed = narrowed(every, plan.classes), placed[used[known]]
    almanac = make_almanac(every, plan, valid, inputs.days, inputs.events, told=counts)
    notices = (
        *(notice("N-REMARK-001", text=text) for text in inputs.remarks),
        *intake.notices,
        *cells.notices,
        *recoded,
        *place.notices,
        *confirmed.notices,
        *_policy_told(privacy.policy),
        *_scope_told(plan, reasons),
        *_told(every, valid, false_place[used], reasons, plan, as_of),
        *almanac.notices,
    )
    points = place.on_the_map(points)
    incidents = _located(points[used], placed, place, used)
    return Prepared(
        plan,
        intake,
        cells,
        incidents,
        counts,
        valid,
        almanac,
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
        repaired=repaired,
        renamed=dict(inputs.classes or {}),
        total=total,
    )


def _in_scope(
    points: gpd.GeoDataFrame, reasons: np.ndarray, plan: Plan, policy: ClassPolicy
) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the rows that count and of those of the chosen classes among them; *reasons* tells the others.

    Everything that is said of places, duplicates and missing data rests on all that count, whatever was chosen.
    """
    known = reasons == "used"
    check_classes(plan.classes, points["category"].unique(), policy)
    used = known & chosen(points["category"], plan.classes)
    reasons[known & ~used] = "excluded"
    if known.any() and not used.any():
        raise refusal("E-PLAN-011", where="--classes", n=int(known.sum()))
    return known, used


def _complete_bins(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """(n_bins,) incidents of the city, and whether each bin's data are believed complete."""
    total = counts.cube(unit_level=0).counts[:, 0]
    start_hour = counts.first_bin % 24 if counts.bin == "hour" else 0
    return total, ~find_outages(total, counts.bin, start_hour=start_hour)


def _located(rows: gpd.GeoDataFrame, placed: np.ndarray, place: Placement, used: np.ndarray) -> gpd.GeoDataFrame:
    """The used rows with where they count, and how that is known."""
    return rows.assign(
        cell=placed[:, 0],
        sectoral=placed[:, 1] if placed.shape[1] > 1 else -1,
        default_point=place.on_pile[used],
        by_code=place.by_code[used],
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


def _count(points: gpd.GeoDataFrame, placed: np.ndarray, units: Cells, false_place: np.ndarray, plan: Plan) -> Counts:
    return count_incidents(
        points,
        placed,
        units,
        bin=plan.bin,
        timezone=plan.timezone,
        default_points=false_place,
        policy="keep",  # they are placed already
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


def _scope_told(plan: Plan, reasons: np.ndarray) -> list[Notice]:
    nodes = nodes_of(plan.classes)
    if not nodes:
        return []
    words = {"classes": ", ".join(nodes), "classes_zh": "、".join(nodes)}
    return [notice("N-CLASS-006", n=int((reasons == "excluded").sum()), **words)]


def _at_least_in_the_city(assigned: np.ndarray) -> np.ndarray:
    """A row that lies in a sectoral unit only counts for the city too (row 0), and for no territorial unit below."""
    if assigned.shape[1] > 1:
        assigned = assigned.copy()
        assigned[(assigned[:, 0] < 0) & (assigned[:, 1:] >= 0).any(axis=1), 0] = 0
    return assigned


def _cells_of(plan: Plan, inputs: Inputs, intake: Intake, as_of: pd.Timestamp) -> tuple[CellLayer, Repaired | None]:
    if inputs.cells:
        return cells_of(inputs, as_of)
    on_time = intake.incidents[~late_rows(intake.incidents, as_of, plan)]
    return make_cells(plan.cell_shape, plan.cell_size, on_time), None


def _times_of(intake: Intake) -> pd.Series:
    """Times of all incidents, those without coordinates too."""
    parts = [intake.incidents["time"], *([] if intake.unplaced is None else [intake.unplaced["time"]])]
    return pd.concat([part for part in parts if len(part)])


def last_complete(times: pd.Series, plan: Plan) -> pd.Timestamp:
    """The end of the last complete bin: of an hour by the latest report, of a day or week by the last complete day."""
    if plan.bin != "hour":
        return floor_to_bin(last_complete_day(times, plan), plan.bin)
    local = pd.DatetimeIndex(times).tz_convert(plan.timezone).tz_localize(None).sort_values()
    usual = np.median(pd.Series(1, index=local.normalize()).groupby(level=0).sum())
    day_before = np.searchsorted(local, local - pd.Timedelta(days=1), side="right")
    believed = np.arange(1, len(local) + 1) - day_before >= 0.1 * usual  # a mistyped date in the future stands alone
    return local[np.flatnonzero(believed)[-1]].floor("h")


def last_complete_day(times: pd.Series, plan: Plan) -> pd.Timestamp:
    """Local midnight that ends the last complete day of *times*.

    The last day is the last with at least a tenth of the median day's incidents, so that a mistyped date in the
    future moves nothing. It counts as complete if its last incident is as late as those of ordinary days: not before
    the 10 % quantile of the last times of the 28 days before it.
    """
    local = pd.DatetimeIndex(times).tz_convert(plan.timezone).tz_localize(None)
    days = local.normalize()
    sizes = pd.Series(1, index=days).groupby(level=0).sum().sort_index()
    last = sizes.index[sizes >= 0.1 * sizes.median()].max()
    latest = pd.Series(local - days, index=days).groupby(level=0).max().sort_index()[:last]
    before = latest.iloc[-29:-1]
    complete = len(before) >= 7 and latest.iloc[-1] >= before.quantile(0.1)
    return last + pd.Timedelta(days=1) if complete else last


def _reasons(
    points: gpd.GeoDataFrame, assigned: np.ndarray, false_place: np.ndarray, late: np.ndarray, plan: Plan
) -> np.ndarray:
    """(n_points,) why a row is used or not; the first matching reason wins."""
    reasons = np.full(len(points), "used", dtype=object)
    reasons[(assigned < 0).all(axis=1) & ~false_place] = "outside"
    if plan.bin == "week" and len(points):
        local = pd.DatetimeIndex(points["time"]).tz_convert(plan.timezone).tz_localize(None)
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
        "rows_excluded": len(intake.excluded) + int(found.get("excluded", 0)),
        "rows_quarantined": len(intake.quarantine),
    }


def _nothing_left(
    account: dict[str, int], times: pd.Series, as_of: pd.Timestamp, plan: Plan, inputs: Inputs, place: Placement
) -> InputError:
    if account["rows_after_as_of"] and not account["rows_outside"]:
        first = pd.DatetimeIndex(times).tz_convert(plan.timezone).tz_localize(None).min()
        if not plan.as_of and first >= as_of:
            return refusal("E-RUN-106", where="--incidents", n=account["rows_after_as_of"], day=f"{as_of:%Y-%m-%d}")
        return refusal("E-RUN-107", where="--as-of", n=account["rows_after_as_of"], day=f"{as_of:%Y-%m-%d}")
    guesses = [n for n in place.notices if n.code == "N-DATUM-001"]
    guess = "".join(f"{n.en[0].upper()}{n.en[1:]}. " for n in guesses)
    guess_zh = "".join(f"{n.zh}。" for n in guesses)
    return refusal(
        "E-RUN-108",
        where=Path(str(inputs.cells)).name if inputs.cells else "--cells",
        rows_in=account["rows_in"],
        n=account["rows_outside"],
        guess=guess,
        guess_zh=guess_zh,
    )


_POLICY_NOTICES = {"city": "N-PLACE-002", "spread": "N-PLACE-004", "keep": "N-PLACE-005"}


def _told(
    counts: Counts, valid: np.ndarray, false_place: np.ndarray, reasons: np.ndarray, plan: Plan, as_of: pd.Timestamp
) -> list[Notice]:
    told = []
    if plan.as_of and as_of.isoformat() not in (plan.as_of, plan.as_of + "T00:00:00"):
        told.append(notice("N-TIME-101", moment=f"{as_of:%Y-%m-%d %H:%M}"))
    silent = int(counts.end_bin - 1 - counts.table["bin"].max()) if len(counts.table) else 0
    if silent:
        told.append(notice("N-DATA-004", n=silent))
    outside, piled = int((reasons == "outside").sum()), int(false_place.sum())
    if outside:
        told.append(notice("N-PLACE-001", n=outside))
    if piled:
        told.append(notice(_POLICY_NOTICES[plan.default_points], n=piled))
    missing = int((~valid).sum())
    if missing:
        told.append(notice("N-DATA-001", n=missing, recent=int((~valid[-28:]).sum())))
    if len(valid) and not valid[-1]:
        told.append(notice("N-DATA-002"))
    return told
