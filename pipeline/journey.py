"""The whole journey in one call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES
from ..errors import Notice
from ..layers.basemap import BasemapFiles
from ..layers.import_record import write_record
from ..layers.incidents.rules import notice
from ..layers.privacy import read_key
from ..layers.quality_report import check_report_place, write_quality_report
from ..layers.run_folder import check_account
from ..models.early_warning import raise_warnings
from .basemap import lay_beneath, open_basemap
from .calibration import hash_of, in_plan, read_calibration, realised, with_false
from .cells import CellFiles, cell_findings, examine, topology_left
from .charts import charts_of
from .excluded import excluded_of
from .explanation import explain, with_chance
from .facts import facts_of
from .files import issue, with_ledger, write_files
from .findings import check_findings, findings_against, marks_of, record_of
from .history import history_of
from .known import informed
from .line import rules_in_line
from .loop import look_back
from .maps import find_hotspots, map_risk
from .outcome import Outcome
from .plan import Plan
from .preparation import Inputs, Prepared, prepare
from .publishing import write_public
from .retest import Retest
from .stories import days_of, stories_of
from .surfaces import map_density
from .surveillance import BIN_DAYS, Survey, survey, unit_series, visible_at
from .watch.since import since_last
from .wording import UNKNOWN, Responsible, describe, lowest_described, street_level

log = logging.getLogger(__name__)
Progress = Callable[[float, str], None]

EARLY_WARNING_COLUMNS = (
    "warning_id rank level within_budget cell_id cell_name unit_level role category window_start window_end observed "
    "expected ratio excess recurrence_days risk models sources source_count reason reason_en responsible incidents "
    "closed closed_count places place_ids first_seen times_seen change phase state caveats x y caveats_en stability "
    "merged_into steps needs_confirmation false_per_week false_low false_high"
).split()


def run(
    plan: Plan,
    incidents: Sequence[str | Path],
    cells: str | Path | CellFiles | None = None,
    *,
    out: str | Path | Callable[[str], Path] | None = None,
    columns: Mapping[str, str] | None = None,
    cell_columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    cells_crs: str | None = None,
    responsible: str | Path | None = None,
    classes: Mapping[str, str] | None = None,
    class_policy: str | Path | None = None,
    key: str | Path | None = None,
    days: str | Path | None = None,
    events: str | Path | None = None,
    calibration: str | Path | None = None,
    basemap: BasemapFiles | None = None,
    remarks: Sequence[str] = (),
    ledger: str | Path | None = None,
    record: str | Path | None = None,
    last_run: str | None = None,
    public: str | Path | Callable[[str], Path] | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """From files of incidents and cells to early warnings; with *out*, also to the run's folder.

    Parameters
    ----------
    plan : every setting; `Plan()` is right with two files and nothing else.
    incidents : files (a layer of a file is `file.gpkg|layer`). cells : polygons, or None to make cells; `CellFiles`
        where the division before has a file of its own, or a repaired copy is to be used.
    columns, cell_columns : columns named by the user, by role. crs, cells_crs : where a file names none.
    responsible : CSV of class, area and responsible unit. ledger : the record warnings are issued to.
    classes : old name of a class -> new name. class_policy : a policy file instead of the one brought along. key : file
        with the key of pseudonyms. days : table of days off and moved working days. events : table of what is known to
        have changed (docs/calendar.md). calibration : what `calibrate` learned on this city's history.
        basemap : layers or a picture beneath the briefing's cells. remarks : what a reader has to know of the data.
        record : where to keep what this import looked like, for the next `check`.
    out : the folder to write, complete or absent; refused if it exists, unless *replace*. Or what names it, given the
        moment of decision (ISO). public : a folder for what everyone may see (docs/public.md), likewise. last_run :
        moment of decision of the last complete run, where no ledger knows it.
    progress : called with (fraction, "English|中文"); may raise `Cancelled`.

    Raises
    ------
    InputError
        Input or a setting the analyst can correct. EnvironmentProblem: disk, permission. AccountError: a fault of ours.
    """
    told = progress or _silent
    inputs = gather_inputs(
        incidents, cells, columns, cell_columns, crs, cells_crs, responsible, classes, class_policy, key, days, events,
        calibration, basemap, remarks,
    )  # fmt: skip
    if out is not None and not callable(out):
        _refuse_early(out, replace, key)
    if public is not None and not callable(public):
        _refuse_early(public, replace, key)
    words, ground = Responsible.read(responsible), open_basemap(basemap, plan)
    learned = None if calibration is None else read_calibration(calibration, plan.checked())
    ready = informed(prepare(in_plan(plan.checked(), learned), inputs, told), learned, ledger)
    check_account(ready.account)
    outcome = lay_beneath(study(ready, words, told), ground)
    if ledger is not None:
        outcome = with_ledger(outcome, ledger, inputs)
    outcome = since_last(outcome, ledger, last_run)
    if out is not None:
        place = out(outcome.facts["as_of"]) if callable(out) else out
        outcome = write_files(outcome, inputs, place, replace, told)
    if public is not None:
        seen = public(outcome.facts["as_of"]) if callable(public) else public
        write_public(outcome, seen, replace, told)
    if ledger is not None:
        issue(outcome, ledger)
    if record is not None:
        write_record(record_of(ready), record)
    told(1.0, "Done|完成")
    return outcome


def check_inputs(
    plan: Plan,
    incidents: Sequence[str | Path],
    cells: str | Path | CellFiles | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    cell_columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    cells_crs: str | None = None,
    responsible: str | Path | None = None,
    classes: Mapping[str, str] | None = None,
    class_policy: str | Path | None = None,
    key: str | Path | None = None,
    days: str | Path | None = None,
    events: str | Path | None = None,
    remarks: Sequence[str] = (),
    out: str | Path | None = None,
    against: str | Path | None = None,
    replace: bool = False,
    lang: str = "zh",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """What a run with these files would use and what not, as JSON-able facts; no model runs.

    out : folder for the report (`quality.html`, `quality.json`, of cells `topology.gpkg`), in the language *lang*; None
    writes nothing. against : the record of the last import, to compare with.
    """
    Responsible.read(responsible)
    if out is not None:
        check_report_place(out, replace)
    inputs = gather_inputs(
        incidents, cells, columns, cell_columns, crs, cells_crs, responsible, classes, class_policy, key, days, events,
        remarks=remarks,
    )  # fmt: skip
    with topology_left(inputs, plan.moment(), out):
        ready = prepare(plan.checked(), inputs, progress or _silent)
    check_account(ready.account)
    topology = examine(inputs, ready.as_of)
    found = {**check_findings(ready), **cell_findings(topology, ready.repaired)}
    if against is not None:
        found["against"] = findings_against(ready, against)
    if out is not None:
        write_quality_report(
            out,
            found,
            cells=ready.cells.table,
            marks=marks_of(ready),
            faults=topology.table if topology is not None else None,
            repaired=ready.repaired.table if ready.repaired is not None else None,
            lang=lang,
            replace=replace,
        )
    return found


def study(ready: Prepared, responsible: Responsible, progress: Progress) -> Outcome:
    """Steps 7 to 9 on prepared counts: tests, hot spots, risk, warnings, words."""
    plan = ready.plan
    progress(0.52, "Testing every class on every level|逐级逐类检测")
    told = lambda f: progress(0.52 + 0.2 * f, "Testing|检测")  # noqa: E731
    found = survey(ready.counts, plan, ready.valid, lowest_level(ready), told, ready.almanac)
    found = realised(found, ready.calibration)
    progress(0.72, "Hot spots and density|热点与密度")
    statuses: dict[str, str] = {"nb_predictive": _history_status(ready)}
    hotspots, evidence = _taking_part(
        "getis_ord", statuses, lambda: find_hotspots(ready, lowest_level(ready)), (_NO_HOTSPOTS, {})
    )
    surface = _taking_part("kernel_density", statuses, lambda: map_density(ready), None)
    described, members = warn(ready, found, responsible)
    described, explanations, grouped = explain(Retest(ready, found, lowest_level(ready)), described)
    risk, shares = map_risk(ready, found, evidence, described, lowest_level(ready))
    warnings = _finished(described, risk, shares, ready)
    facts = facts_of(ready, found, warnings)
    facts["statuses"] = statuses
    facts["charts"] = charts_of(ready, lowest_level(ready))
    back, told_back = look_back(ready)
    facts |= back
    excluded, told_excluded = excluded_of(ready)
    levels = lowest_level(ready)
    further = {"excluded": excluded, "days": days_of(ready, levels), "stories": stories_of(ready, levels)}
    notices = [*_model_notices(statuses, ready, plan), *told_back, *told_excluded]
    facts["notices"] += [{"code": n.code, "zh": n.zh, "en": n.en} for n in notices]
    return Outcome(
        plan=plan,
        account=ready.account,
        quarantine=ready.intake.quarantine,
        cells=ready.cells,
        risk=risk,
        hotspots=hotspots,
        early_warnings=warnings,
        members=members,
        series=_series(ready, found, described),
        surface=surface,
        facts=facts,
        notices=ready.notices,
        statuses=statuses,
        duplicates=ready.duplicates,
        class_policy=ready.privacy.policy.facts(),
        repaired=ready.repaired.table if ready.repaired is not None else None,
        history=history_of(ready, lowest_level(ready)),
        grouped=grouped,
        explanations=with_chance(explanations, warnings, facts["expected_false"]),
        further=further,
    )


def warn(ready: Prepared, found: Survey, responsible: Responsible) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Step 9: the tests of the last bins -> warnings in words, and their members. `study` and the replay share it."""
    plan = ready.plan
    facts = {"bin_days": BIN_DAYS[plan.bin], "street_level": street_level(ready.counts)}
    rules = rules_in_line(plan, hash_of(ready.calibration))
    raised = raise_warnings(found.tests, ready.counts, rules, record=ready.record, **facts)
    raised = with_false(_few_weeks(ready, raised), plan, ready.calibration)
    return describe(ready, raised, responsible)


_NO_HOTSPOTS = pd.DataFrame(
    columns=(
        "cell_id category window_start window_end incidents gi_star p_value q_value hotspot_class status unit_level"
    ).split()
)


def _silent(fraction: float, text: str) -> None:
    log.debug("%.2f %s", fraction, text)


def gather_inputs(
    incidents: Sequence[str | Path] | str | Path,
    cells: str | Path | CellFiles | None = None,
    columns: Mapping[str, str] | None = None,
    cell_columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    cells_crs: str | None = None,
    responsible: str | Path | None = None,
    classes: Mapping[str, str] | None = None,
    class_policy: str | Path | None = None,
    key: str | Path | None = None,
    days: str | Path | None = None,
    events: str | Path | None = None,
    calibration: str | Path | None = None,
    basemap: BasemapFiles | None = None,
    remarks: Sequence[str] = (),
) -> Inputs:
    """The arguments of `run` that name where data come from, as one; every path as text."""
    files = [incidents] if isinstance(incidents, (str, Path)) else incidents
    as_text = lambda value: str(value) if value is not None else None  # noqa: E731
    source = cells if isinstance(cells, CellFiles) else CellFiles(as_text(cells))
    return Inputs(
        tuple(str(f) for f in files),
        source.path,
        columns,
        cell_columns,
        crs,
        cells_crs,
        as_text(responsible),
        classes,
        as_text(class_policy),
        as_text(key),
        as_text(days),
        as_text(events),
        source,
        as_text(calibration),
        basemap,
        tuple(remarks),
    )


def _refuse_early(out: str | Path, overwrite: bool, key: str | Path | None) -> None:
    """Say that the folder exists, or that it holds the key of pseudonyms, before the work, not after it."""
    from ..layers.run_folder import RunFolder

    if key is not None:
        read_key(key, outputs=out)
    RunFolder(out, replace=overwrite).check_place()


def lowest_level(ready: Prepared) -> Callable[[str], int]:
    """The finest unit level a class may be tested on: the plan's, and describe-only classes stop at the street."""
    levels = {"cell": max(ready.counts.cells.levels()), "street": street_level(ready.counts), "city": 0}
    finest = levels[ready.plan.finest]
    described, policy = min(lowest_described(ready.counts), finest), ready.privacy.policy
    return lambda node: described if node != ALL_CLASSES and policy.describes_only(node) else finest


def _history_status(ready: Prepared) -> str:
    """Whether the last bin could be held against a past at all."""
    plan, n_bins = ready.plan, int(ready.valid.sum())
    needed = (plan.nb_predictive.min_history + plan.nb_predictive.guard) / BIN_DAYS[plan.bin]
    return "ok" if n_bins > needed else "too few bins"


def _taking_part(name: str, statuses: dict[str, str], work: Callable[[], Any], instead: Any) -> Any:
    """A map model that fails is named on every output, and the rest finishes."""
    try:
        result = work()
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, MemoryError) as error:
        log.exception("%s did not take part", name)
        statuses[name] = f"failed: {type(error).__name__}"
        return instead
    statuses[name] = "ok"
    return result


def _few_weeks(ready: Prepared, raised: pd.DataFrame) -> pd.DataFrame:
    """With little history there is a map and no orange or red: such warnings are shown as yellow at most."""
    weeks = int((ready.total > 0).sum()) * BIN_DAYS[ready.plan.bin] / 7
    if weeks >= ready.plan.early_warning.min_weeks or raised.empty:
        return raised
    return raised.assign(level=raised["level"].replace({"red": "yellow", "orange": "yellow"}))


def _finished(described: pd.DataFrame, risk: pd.DataFrame, shares: dict, ready: Prepared) -> pd.DataFrame:
    """Risk, models and state beside the words; columns in the order of the contract."""
    if described.empty:
        return pd.DataFrame(columns=EARLY_WARNING_COLUMNS)
    at = risk.set_index(["cell_id", "category"])["risk"]
    values, models = [], []
    for row in described.itertuples():
        top = row.category.split("/")[0]
        key = next((k for k in ((row.cell_id, top), (row.cell_id, ALL_CLASSES)) if k in at.index), None)
        values.append(float(at[key]) if key else np.nan)
        models.append(_shares_of(ready, shares, row, top))
    table = described.assign(risk=values, models=models, state="待研判").round(DIGITS)
    table["responsible"] = table["responsible"].replace("", UNKNOWN)
    return table[list(EARLY_WARNING_COLUMNS)]


DIGITS = {"expected": 3, "ratio": 2, "excess": 2, "recurrence_days": 1, "risk": 3, "x": 2, "y": 2}


def _shares_of(ready: Prepared, shares: dict, row: Any, top: str) -> str:
    titles = {"nb_predictive": "自身历史异常", "kernel_density": "密度", "getis_ord": "热点"}
    share = shares.get((row.role, row.unit_level, top)) or shares.get((row.role, row.unit_level, ALL_CLASSES))
    if not share:
        return "自身历史异常 1.00"
    column = int(np.flatnonzero(ready.counts.cells.rows_at(row.unit_level, row.role) == row.unit)[0])
    parts = sorted(((float(values[column]), name) for name, values in share.items()), reverse=True)
    return ";".join(f"{titles[name]} {value:.2f}" for value, name in parts)


def _series(ready: Prepared, found: Survey, described: pd.DataFrame, last: int = 60) -> pd.DataFrame:
    frames = [found.city.tail(last).assign(warning_id="")]
    for row in described.itertuples():
        seen = visible_at(ready.counts, row.unit_level, lowest_level(ready))
        own = unit_series(seen, ready.plan, ready.valid, row.unit, row.category, row.role, ready.almanac, last)
        frames.append(own.assign(warning_id=row.warning_id))
    table = pd.concat(frames, ignore_index=True)
    return table[["warning_id", "time", "observed", "expected", "lower", "upper", "valid"]]


def _model_notices(statuses: dict[str, str], ready: Prepared, plan: Plan) -> list[Notice]:
    told = []
    names = {"getis_ord": ("热点分析", "Hot spots"), "kernel_density": ("核密度", "Kernel density")}
    for name, status in statuses.items():
        if status != "ok" and name in names:
            zh, en = names[name]
            told.append(notice("N-MODEL-001", model=zh, model_en=en))
    weeks = int((ready.total > 0).sum()) * BIN_DAYS[plan.bin] / 7
    if weeks < plan.early_warning.min_weeks:
        told.append(notice("N-DATA-003", weeks=float(weeks), least=plan.early_warning.min_weeks))
    return told
