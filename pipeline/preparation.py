"""Steps 1 to 5 of the journey: files -> incidents on cells -> counts up to the moment of decision, and the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from ..cube import Counts
from ..errors import InputError, Notice
from ..layers.aggregate import count_incidents, place_rows
from ..layers.coordinates import reproject
from ..layers.grids import CellLayer, make_cells, read_cells
from ..layers.incidents import Intake, read_incidents
from ..layers.overlay import assign_cells, at_default_points, find_default_points
from ..models.anomaly import find_outages
from .plan import Plan, floor_to_bin

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


@dataclass(frozen=True)
class Prepared:
    """Everything the models need, and everything the outputs must tell about where it came from.

    incidents : the used rows in the working CRS, with the columns `cell` (row of the finest territorial unit they
        count for, 0 the city, -1 none), `sectoral` (likewise) and `default_point`;
    counts : cut at `as_of`; valid : complete bins of counts.
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


def prepare(plan: Plan, inputs: Inputs, progress: Progress) -> Prepared:
    """Read, place, count and cut. Raises InputError where nothing usable is left."""
    intake = read_incidents(
        list(inputs.incidents),
        columns=dict(inputs.columns or {}) or None,
        crs=inputs.crs,
        timezone=plan.timezone,
        duplicates=plan.duplicates,
        progress=lambda f, text: progress(0.2 * f, text),
    )
    as_of = plan.moment() or floor_to_bin(last_complete_day(intake.incidents["time"], plan), plan.bin)
    late = _late(intake.incidents, as_of, plan)
    progress(0.2, "Reading cells|读取网格")
    cells = _cells_of(plan, inputs, intake.incidents[~late])
    progress(0.3, "Placing incidents on cells|事件落格")
    points = reproject(intake.incidents, cells.crs)
    piles = find_default_points(points[~late], cells)
    false_place = at_default_points(points, piles)
    assigned = _at_least_in_the_city(assign_cells(points, cells))
    reasons = _reasons(points, assigned, false_place, late, plan)
    account = _account(intake, reasons)
    used = reasons == "used"
    if not used.any():
        raise _nothing_left(account, intake.incidents["time"], as_of, plan, inputs)
    progress(0.5, "Counting|计数")
    units = cells.as_cells()
    placed = place_rows(points[used], assigned[used], units, false_place[used], plan.default_points)
    counts = count_incidents(
        points[used],
        placed,
        units,
        bin=plan.bin,
        timezone=plan.timezone,
        default_points=false_place[used],
        policy="keep",  # they are placed already
        burst_metres=plan.burst_metres,
        burst_minutes=plan.burst_minutes,
    ).until(as_of)
    total = counts.cube(unit_level=0).counts[:, 0]
    valid = ~find_outages(total, plan.bin, start_hour=counts.first_bin % 24 if plan.bin == "hour" else 0)
    notices = (*intake.notices, *cells.notices, *_told(counts, valid, false_place[used], reasons, plan, as_of))
    incidents = points[used].assign(
        cell=placed[:, 0],
        sectoral=placed[:, 1] if placed.shape[1] > 1 else -1,
        default_point=false_place[used],
    )
    return Prepared(plan, intake, cells, incidents, counts, valid, as_of, account, piles, notices)


def _late(incidents: gpd.GeoDataFrame, as_of: pd.Timestamp, plan: Plan) -> np.ndarray:
    """(n_incidents,) bool: occurred or reported at *as_of* or later. What is late is looked at by nothing below."""
    local = pd.DatetimeIndex(incidents["time"]).tz_convert(plan.timezone).tz_localize(None)
    reported = pd.DatetimeIndex(incidents["reported_time"]).tz_convert(plan.timezone).tz_localize(None)
    return np.asarray(local >= as_of) | np.asarray(reported >= as_of)


def _at_least_in_the_city(assigned: np.ndarray) -> np.ndarray:
    """A row that lies in a sectoral unit only counts for the city too (row 0), and for no territorial unit below."""
    if assigned.shape[1] > 1:
        assigned = assigned.copy()
        assigned[(assigned[:, 0] < 0) & (assigned[:, 1:] >= 0).any(axis=1), 0] = 0
    return assigned


def _cells_of(plan: Plan, inputs: Inputs, incidents: gpd.GeoDataFrame) -> CellLayer:
    if inputs.cells:
        return read_cells(inputs.cells, columns=dict(inputs.cell_columns or {}) or None, crs=inputs.cells_crs)
    return make_cells(plan.cell_shape, plan.cell_size, incidents)


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
        "rows_duplicate": len(intake.duplicates),
        "rows_excluded": len(intake.excluded),
        "rows_quarantined": len(intake.quarantine),
    }


def _nothing_left(
    account: dict[str, int], times: pd.Series, as_of: pd.Timestamp, plan: Plan, inputs: Inputs
) -> InputError:
    if account["rows_after_as_of"] and not account["rows_outside"]:
        first = pd.DatetimeIndex(times).tz_convert(plan.timezone).tz_localize(None).min()
        if not plan.as_of and first >= as_of:
            return InputError(
                f"there is no complete day of incidents: all {account['rows_after_as_of']} are of {as_of:%Y-%m-%d}",
                where="--incidents",
                fix="Add earlier days, or name the moment of decision with --as-of.",
            )
        return InputError(
            f"all {account['rows_after_as_of']} incidents are after {as_of:%Y-%m-%d}",
            where="--as-of",
            fix="Choose a later moment.",
        )
    return InputError(
        f"none of {account['rows_in']} incidents lies in a cell ({account['rows_outside']} lie outside)",
        where=Path(str(inputs.cells)).name if inputs.cells else "--cells",
        fix="Check that both cover the same city, and the coordinate system: pass --crs where the incidents name none.",
    )


_POLICY_WORDS = {
    "city": ("只计入全市,不计入下级单元", "count for the city and for no unit below"),
    "spread": ("按比例分摊到各网格", "are spread over the cells"),
    "keep": ("按原坐标计入", "count where they lie"),
}


def _told(
    counts: Counts, valid: np.ndarray, false_place: np.ndarray, reasons: np.ndarray, plan: Plan, as_of: pd.Timestamp
) -> list[Notice]:
    told = []
    if plan.as_of and as_of.isoformat() not in (plan.as_of, plan.as_of + "T00:00:00"):
        zh, en = (
            f"研判时点取整到{as_of:%Y-%m-%d %H:%M},不完整的时段不计入。",
            f"The moment of decision is {as_of:%Y-%m-%d %H:%M}.",
        )
        told.append(Notice("N-TIME-101", zh, f"{en} Partial bins are not counted."))
    silent = int(counts.end_bin - 1 - counts.table["bin"].max()) if len(counts.table) else 0
    if silent:
        zh = f"最后{silent}个时段没有任何事件:没有提示不等于没有风险。"
        told.append(
            Notice("N-DATA-004", zh, f"The last {silent} bins hold no incident at all: no warning is not no risk.")
        )
    outside, piled = int((reasons == "outside").sum()), int(false_place.sum())
    if outside:
        told.append(
            Notice(
                "N-PLACE-001",
                f"{outside}条事件不在任何网格内,未计入。",
                f"{outside} incidents lie in no cell and are not counted.",
            )
        )
    if piled:
        zh, en = _POLICY_WORDS[plan.default_points]
        told.append(
            Notice(
                "N-PLACE-002",
                f"{piled}条事件落在默认坐标上,{zh}。",
                f"{piled} incidents lie on default points; they {en}.",
            )
        )
    missing = int((~valid).sum())
    if missing:
        recent = int((~valid[-28:]).sum())
        zh = f"历史中有{missing}个时段数据中断,未作基线" + (f";其中最近28个时段内{recent}个" if recent else "") + "。"
        told.append(
            Notice(
                "N-DATA-001",
                zh,
                f"Data are missing in {missing} bins ({recent} of the last 28); they make no baseline and no calm.",
            )
        )
    if len(valid) and not valid[-1]:
        told.append(
            Notice(
                "N-DATA-002",
                "最后一个时段数据中断:没有提示不等于没有风险。",
                "Data of the last bin are missing: no warning does not mean no risk.",
            )
        )
    return told
