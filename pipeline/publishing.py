"""The folder for everyone, beside the run's own, and the record of what earlier ones withheld."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from ..layers.briefing import write_briefing
from ..layers.geopackage import write_results
from ..layers.run_folder import RunFolder
from ..layers.spreadsheets import write_csv, write_warnings_xlsx
from ..layers.whole_file import write_whole
from .outcome import Outcome
from .public import publish
from .refusals import refusal

RECORD = "public_record.json"
"""Lies beside the public folders: the periods that were published from there, and what each withheld."""


def write_public(
    outcome: Outcome, out: str | Path, overwrite: bool, progress: Callable[[float, str], None]
) -> set[tuple[str, str]]:
    """Write the public folder: briefing, list and map layers of `publish`; returns what it withholds.

    What an earlier publication beside it withheld in an overlapping period stays withheld, so that no difference of
    two publications gives a small count back.

    Raises InputError if the folder exists and is not to be replaced, or if the record beside it cannot be read.
    """
    record = Path(out).expanduser().resolve().parent / RECORD
    start, end = outcome.facts["window_start"], outcome.facts["as_of"]
    known = _read(record)
    also = {(cell, name) for entry in known if _overlaps(entry, start, end) for cell, name in entry["withheld"]}
    public, withheld = publish(outcome, also)
    folder = RunFolder(out, replace=overwrite)
    with folder:
        for name, write in _writers(public):
            progress(0.99, f"Writing {name} for the public|写入公开版{name}")
            write(folder / name)
        folder.write_manifest(_manifest(public))
    entry = {"window_start": start, "window_end": end, "withheld": sorted(map(list, withheld))}
    kept = [other for other in known if (other["window_start"], other["window_end"]) != (start, end)]
    text = json.dumps([*kept, entry], ensure_ascii=False, indent=1)
    write_whole(record, (text + "\n").encode("utf-8"))
    return withheld


def _writers(public: Outcome) -> list[tuple[str, Callable[[Path], Any]]]:
    o = public
    tables: dict[str, Any] = {"cells": o.cells.table, "risk": o.risk, "hotspots": o.hotspots}
    tables["early_warnings"] = o.early_warnings
    return [
        ("results.gpkg", lambda p: write_results(p, **tables, level_names=o.cells.level_names)),
        ("early_warnings.csv", lambda p: write_csv(p, o.early_warnings)),
        ("early_warnings.xlsx", lambda p: write_warnings_xlsx(p, o.early_warnings, o.facts)),
        ("briefing.html", lambda p: write_briefing(p, facts=o.facts, surface=None, series=o.series, **tables)),
    ]


def _manifest(public: Outcome) -> dict[str, Any]:
    facts = public.facts
    names = ("run_id", "as_of", "version", "plan_version")
    return {**{name: facts[name] for name in names}, "profile": "public", "public": facts["public"]}


def _overlaps(entry: dict[str, Any], start: str, end: str) -> bool:
    first, last = pd.Timestamp(entry["window_start"]), pd.Timestamp(entry["window_end"])
    return bool(first < pd.Timestamp(end) and pd.Timestamp(start) < last)


def _read(record: Path) -> list[dict[str, Any]]:
    if not record.exists():
        return []
    try:
        entries = json.loads(record.read_text(encoding="utf-8"))
        return [{name: entry[name] for name in ("window_start", "window_end", "withheld")} for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refusal("E-PUBLIC-001", where=str(record), why=error) from error
