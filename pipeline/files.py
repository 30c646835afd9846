"""Step 10: the tables of an Outcome -> the files of a run's folder, complete or absent."""

from __future__ import annotations

import importlib.metadata
import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..layers import ledger as ledgers
from ..layers import style
from ..layers.briefing import write_briefing
from ..layers.geopackage import write_results
from ..layers.papers import write_docx
from ..layers.quality_report import COPY
from ..layers.raster import write_surface
from ..layers.run_folder import RunFolder, sha256_of
from ..layers.settings_sheet import Setting
from ..layers.spreadsheets import write_csv, write_warnings_xlsx
from ..layers.tables import write_table
from .explanation import for_profile, with_record
from .last_list import with_last_list
from .line import line_of, other_lines, split_by_line, started_before, succeed
from .outcome import Outcome
from .plan import Plan, plan_params
from .preparation import Inputs
from .redivision import carry_on, inherit_states, last_moment

LIBRARIES = ("numpy", "pandas", "scipy", "shapely", "geopandas", "pyproj", "scikit-learn")


def write_files(
    outcome: Outcome, inputs: Inputs, out: str | Path, overwrite: bool, progress: Callable[[float, str], None]
) -> Outcome:
    """Write every file of DESIGN's run folder; returns the outcome with `manifest` and `out`."""
    folder = RunFolder(out, replace=overwrite)
    with folder:
        for fraction, name, write in _writers(outcome):
            progress(fraction, f"Writing {name}|写入{name}")
            write(folder / name)
        (folder / "plan.toml").write_text(outcome.plan.to_toml(), encoding="utf-8", newline="\n")
        folder.write_manifest(_manifest(outcome, inputs))
    return replace(outcome, manifest=folder.manifest, out=folder.out)


def _writers(outcome: Outcome) -> list[tuple[float, str, Callable[[Path], Any]]]:
    o = outcome
    cells, levels = o.cells.table, o.cells.level_names
    drawn: dict[str, Any] = {"facts": o.facts, "cells": cells, "early_warnings": o.early_warnings}
    writers: list[tuple[float, str, Callable[[Path], Any]]] = [
        (
            0.80,
            "results.gpkg",
            lambda p: write_results(
                p,
                cells=cells,
                risk=o.risk,
                hotspots=o.hotspots,
                early_warnings=o.early_warnings,
                level_names=levels,
                kin=o.grouped,
                further=o.further,
            ),
        ),
        (0.86, "early_warnings.csv", lambda p: write_csv(p, o.early_warnings)),
        (
            0.86,
            "early_warnings.xlsx",
            lambda p: write_warnings_xlsx(p, o.early_warnings, o.facts, o.grouped, _settings(o.plan)),
        ),
        (0.86, "grouped.csv", lambda p: write_csv(p, o.grouped)),
        (0.86, "explanations.json", lambda p: _write_explanations(p, o)),
        (0.87, "members.csv", lambda p: write_csv(p, o.members)),
        (0.87, "quarantine.csv", lambda p: write_csv(p, o.quarantine)),
        (0.87, "duplicates.csv", lambda p: write_csv(p, o.duplicates)),
        (0.88, "briefing.docx", lambda p: write_docx(p, o.early_warnings, o.facts, cells=cells, series=o.series)),
        (
            0.92,
            "briefing.html",
            lambda p: write_briefing(
                p,
                **drawn,
                risk=o.risk,
                hotspots=o.hotspots,
                surface=o.surface,
                series=o.series,
                history=o.history,
                explanations=for_profile(o.explanations, "internal"),
                grouped=o.grouped,
                basemap=o.basemap,
            ),
        ),
    ]
    if o.repaired is not None:
        repaired = o.repaired
        writers.append((0.97, COPY, lambda p: write_table(p, repaired, "cells")))
    if o.surface is not None:
        surface = o.surface
        writers.append((0.98, "surface.tif", lambda p: write_surface(p, surface)))
    return writers


def _settings(plan: Plan) -> list[Setting]:
    """Every setting of the plan beside its default, in the plan's order."""
    tables = plan.as_dict()
    rows = []
    for name, table, own, _, default, told in plan_params():
        shown = (
            ", ".join(map(str, v)) if isinstance(v, (list, tuple)) else str(v) for v in (tables[table][own], default)
        )
        value, usual = shown
        rows.append(Setting(name, told.zh or told.help, value, told.unit, usual))
    return rows


def _write_explanations(path: Path, outcome: Outcome) -> None:
    facts = {name: outcome.facts[name] for name in ("run_id", "as_of")}
    note = {"zh": style.STATUTORY_ZH, "en": style.STATUTORY_EN}
    series = _series_of(outcome.series)
    warnings = for_profile(outcome.explanations, "internal")
    warnings = {own: {**why, "series": series.get(own)} for own, why in warnings.items()}
    told = {"note": note, **facts, "warnings": warnings}
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def _series_of(table: pd.DataFrame) -> dict[str, dict[str, list[Any]]]:
    """warning_id -> its unit and class bin by bin: `time`, `observed`, `expected`, `lower`, `upper`, `valid`."""
    found: dict[str, dict[str, list[Any]]] = {}
    for own, part in table.sort_values("time", kind="stable").groupby("warning_id"):
        numbers = {name: [round(float(v), 2) for v in part[name]] for name in ("expected", "lower", "upper")}
        found[str(own)] = {
            "time": [pd.Timestamp(moment).isoformat() for moment in part["time"]],
            "observed": [int(count) for count in part["observed"]],
            **{name: [v if math.isfinite(v) else None for v in column] for name, column in numbers.items()},
            "valid": [bool(known) for known in part["valid"]],
        }
    return found


_CHECKED = ("tests", "classes", "units", "cut", "budget", "expected_false", "nearest")
"""What the manifest says was looked at, so that a list without warnings says what it was empty of."""


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    named = ("smallest_rise", "smallest_rise_en")
    return {**{name: facts[name] for name in _CHECKED}, **{name: facts.get(name, "") for name in named}}


def _manifest(outcome: Outcome, inputs: Inputs) -> dict[str, Any]:
    line = line_of(outcome.plan, outcome.facts.get("calibration", {}).get("hash", ""))
    return {
        "run_id": outcome.facts["run_id"],
        "as_of": outcome.facts["as_of"],
        "plan": outcome.plan.as_dict(),
        "plan_version": outcome.plan.version,
        "version": outcome.facts["version"],
        "versions": library_versions(),
        "inputs": input_hashes(inputs),
        "columns": outcome.facts["columns"],
        "crs": outcome.facts["crs"],
        "seeds": {"random_state": outcome.plan.random_state},
        "account": outcome.account,
        "default_point_rows": outcome.facts["default_point_rows"],
        "class_policy": outcome.class_policy,
        "reporting": outcome.facts["reporting"],
        "events": outcome.facts["events"],
        "calibration": outcome.facts.get("calibration", {}),
        "line": {name: line[name] for name in ("name", "fingerprint")},
        "statuses": outcome.statuses,
        "checked": _checked(outcome.facts),
        "notices": outcome.facts["notices"],
    }


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that figures may depend on."""
    return {
        "python": sys.version.split()[0],
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def input_hashes(inputs: Inputs) -> dict[str, str]:
    """SHA-256 of every file a result follows from, by file name; a name that came before gets a number.

    Of a database's table there is none, and its URL may hold a password: only its name.
    """
    from ..layers.incidents.folders import expand
    from ..layers.incidents.urls import is_url, shown_name

    files = [*inputs.incidents, inputs.cells, inputs.cell_files.before, inputs.responsible, inputs.class_policy]
    hashes: dict[str, str] = {}
    files += [inputs.days, inputs.events, inputs.calibration, *(inputs.basemap.read() if inputs.basemap else ())]
    for file in map(str, expand([str(f) for f in files if f])[0]):
        place = file.split("|")[0]
        name = shown_name(file) if is_url(file) else Path(place).name
        times = sum(1 for known in hashes if known.split(" #")[0] == name)
        hashes[f"{name} #{times + 1}" if times else name] = "" if is_url(file) else sha256_of(place)
    return hashes


def with_ledger(outcome: Outcome, path: str | Path, inputs: Inputs | None = None) -> Outcome:
    """The warnings with what the ledger knows of them: identity, state, first seen, change against the last issued run.

    A warning of a unit and class that the last issued run had too keeps that run's id, however long it lasts, within
    one surveillance line; where a setting changed, it has an id of the new line and succeeds the former one. With
    *inputs*, warnings of cells divided anew since then carry on in the cells of today. What that run had and this one
    has not is appended as ended (解除). Nothing is issued yet: a run whose files could not be written must leave no
    trace in the ledger.
    """
    with ledgers.open_ledger(path) as book:
        return against(outcome, book, inputs)


def against(outcome: Outcome, book: ledgers.Ledger, inputs: Inputs | None = None) -> Outcome:
    """As `with_ledger`, of a ledger that is open."""
    as_of = outcome.facts["as_of"]
    line = line_of(outcome.plan, outcome.facts.get("calibration", {}).get("hash", ""))
    last = started_before(book, line["name"], as_of)
    kept, earlier = split_by_line(book.last_issued(as_of), line, last)
    known, first, states = book.has_run_before(as_of), book.first_seen(), book.states()
    outcome = carry_on(_with_old_ids(outcome, kept), kept, last_moment(book, as_of), inputs)
    outcome, issued = succeed(outcome, earlier, line, last, other_lines(book, line["name"])), [*kept, *earlier]
    before = {row["warning_id"]: row["level"] for row in issued}
    carried = outcome.facts.get("carried", [])
    for entry in carried:
        own, former = entry["warning_id"], entry["former_id"]
        before[own], first[own] = before[former], first[former]
        states.setdefault(own, states[former])
    table = outcome.early_warnings.copy()
    ids = list(table["warning_id"])
    if known:
        levels = zip(ids, table["level"], strict=True)
        change = pd.Series([ledgers.change_of(own, level, before) for own, level in levels], index=table.index)
        table["change"] = table["change"].where(table["phase"].isin(style.OVER_PHASES), change)
    begun = [
        min(own, pd.Timestamp(first[i])) if i in first else own for i, own in zip(ids, table["first_seen"], strict=True)
    ]
    table["first_seen"] = pd.Series(begun, index=table.index, dtype=table["first_seen"].dtype)
    table["state"] = [states.get(own, state) for own, state in zip(ids, table["state"], strict=True)]
    alive = {*ids, *(entry["former_id"] for entry in carried)}
    gone = [row for row in issued if row["warning_id"] not in alive]
    outcome = replace(outcome, early_warnings=_with_gone(table, gone, states))
    return with_last_list(with_record(outcome, book.warnings()), book)


def _with_old_ids(outcome: Outcome, issued: list[dict[str, Any]]) -> Outcome:
    """Warnings of a unit and class the last issued run had get its id, in every table."""
    table = outcome.early_warnings
    old = {(row["cell_id"], row["category"]): row["warning_id"] for row in issued}
    taken, renamed = set(table["warning_id"]), {}
    live_first = table.sort_values("rank", kind="stable")
    for cell, category, own in zip(*(live_first[name] for name in ("cell_id", "category", "warning_id")), strict=True):
        known = old.get((cell, category), own)
        if known not in taken:
            renamed[own] = known
            taken.add(known)
    return _renamed(outcome, renamed) if renamed else outcome


def _renamed(outcome: Outcome, ids: dict[str, str]) -> Outcome:
    """*outcome* with other warning ids (old -> new) wherever they stand."""
    tables = {name: getattr(outcome, name) for name in ("early_warnings", "members", "series", "grouped")}
    named = {n: t.assign(warning_id=t["warning_id"].replace(ids)) for n, t in tables.items() if len(t)}
    if "merged_into" in outcome.early_warnings and "early_warnings" in named:
        table = named["early_warnings"]
        named["early_warnings"] = table.assign(merged_into=table["merged_into"].replace(ids))
    told = {ids.get(own, own): facts for own, facts in outcome.explanations.items()}
    return replace(outcome, **named, explanations=told)


def _with_gone(table: pd.DataFrame, gone: list[dict[str, Any]], states: dict[str, str]) -> pd.DataFrame:
    """*table* with the warnings of the last issued run that are no more, as they were then, ended."""
    if not gone:
        return table
    last = pd.DataFrame(gone).reindex(columns=table.columns)
    for name in ("window_start", "window_end", "first_seen"):
        last[name] = pd.to_datetime(last[name])
    last = last.assign(phase="ended", change="解除", rank=range(len(table) + 1, len(table) + 1 + len(last)))
    last["state"] = [states.get(own, ledgers.TO_JUDGE) for own in last["warning_id"]]
    return last if table.empty else pd.concat([table, last.astype(table.dtypes)], ignore_index=True)


def issue(outcome: Outcome, path: str | Path) -> None:
    """Record the outcome's warnings as issued; the same outcome twice adds nothing."""
    with ledgers.open_ledger(path) as book:
        issue_to(book, outcome)


def issue_to(book: ledgers.Ledger, outcome: Outcome) -> None:
    """As `issue`, to a ledger that is open."""
    table = outcome.early_warnings
    line = line_of(outcome.plan, outcome.facts.get("calibration", {}).get("hash", ""))
    live = table[~table["phase"].isin(style.OVER_PHASES)]
    book.issue(live, outcome.facts["as_of"], outcome.facts["run_id"], line=line)
    inherit_states(book, outcome)
    _note_merged(book, table[table["phase"] == "merged"], outcome.facts["as_of"])


def _note_merged(book: ledgers.Ledger, merged: pd.DataFrame, as_of: str) -> None:
    """Record of warnings that were issued and are now part of another into which one they went; twice adds nothing."""
    known = book.states()
    for own, other in zip(merged["warning_id"], merged["merged_into"], strict=True):
        if own in known:
            note, payload = f"并入{other}", {"merged_into": other}
            book.record(own, "noted", actor="run", time=as_of, note=note, payload=payload, once=f"merged {other}")
