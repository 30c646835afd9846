"""Step 10: the tables of an Outcome -> the files of a run's folder, complete or absent."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..layers import ledger as ledgers
from ..layers.briefing import write_briefing
from ..layers.geopackage import write_results
from ..layers.papers import write_docx
from ..layers.raster import write_surface
from ..layers.run_folder import RunFolder, sha256_of
from ..layers.spreadsheets import write_csv, write_warnings_xlsx
from .outcome import Outcome
from .preparation import Inputs

LIBRARIES = ("numpy", "pandas", "scipy", "shapely", "geopandas", "pyproj", "scikit-learn")


def write_files(outcome: Outcome, inputs: Inputs, out: str | Path, overwrite: bool, progress: Callable[[float, str], None]) -> Outcome:
    """Write every file of DESIGN's run folder; returns the outcome with `manifest` and `out`."""
    folder = RunFolder(out, replace=overwrite)
    with folder:
        for fraction, name, write in _writers(outcome):
            progress(fraction, f"Writing {name}|写入{name}")
            write(folder / name)
        folder.write_manifest(_manifest(outcome, inputs))
    return replace(outcome, manifest=folder.manifest, out=folder.out)


def _writers(outcome: Outcome) -> list[tuple[float, str, Callable[[Path], Any]]]:
    o = outcome
    cells, levels = o.cells.table, o.cells.level_names
    drawn: dict[str, Any] = {"facts": o.facts, "cells": cells, "early_warnings": o.early_warnings}
    writers: list[tuple[float, str, Callable[[Path], Any]]] = [
        (0.80, "results.gpkg", lambda p: write_results(p, cells=cells, risk=o.risk, hotspots=o.hotspots, early_warnings=o.early_warnings, level_names=levels)),
        (0.86, "early_warnings.csv", lambda p: write_csv(p, o.early_warnings)),
        (0.86, "early_warnings.xlsx", lambda p: write_warnings_xlsx(p, o.early_warnings, o.facts)),
        (0.87, "members.csv", lambda p: write_csv(p, o.members)),
        (0.87, "quarantine.csv", lambda p: write_csv(p, o.quarantine)),
        (0.88, "briefing.docx", lambda p: write_docx(p, o.early_warnings, o.facts, cells=cells, series=o.series)),
        (0.92, "briefing.html", lambda p: write_briefing(p, **drawn, risk=o.risk, hotspots=o.hotspots, surface=o.surface, series=o.series)),
    ]
    if o.surface is not None:
        surface = o.surface
        writers.append((0.98, "surface.tif", lambda p: write_surface(p, surface)))
    return writers


def _manifest(outcome: Outcome, inputs: Inputs) -> dict[str, Any]:
    files = [*inputs.incidents, inputs.cells, inputs.responsible]
    return {
        "run_id": outcome.facts["run_id"],
        "as_of": outcome.facts["as_of"],
        "plan": outcome.plan.as_dict(),
        "plan_version": outcome.plan.version,
        "version": outcome.facts["version"],
        "versions": {"python": sys.version.split()[0], **{name: importlib.metadata.version(name) for name in LIBRARIES}},
        "inputs": {Path(str(f).split("|")[0]).name: sha256_of(str(f).split("|")[0]) for f in files if f},
        "seeds": {"random_state": outcome.plan.random_state},
        "account": outcome.account,
        "default_point_rows": outcome.facts["default_point_rows"],
        "statuses": outcome.statuses,
        "notices": outcome.facts["notices"],
    }


def from_ledger(early_warnings: pd.DataFrame, path: str | Path, as_of: str, run_id: str) -> pd.DataFrame:
    """Issue *early_warnings* in the ledger; returns them with state, first seen and the change against the last issued run."""
    with ledgers.open_ledger(path) as book:
        before = {row["warning_id"]: row["level"] for row in book.last_issued(as_of)}
        first = book.first_seen()
        known = book.has_run_before(as_of)
        table = early_warnings.copy()
        if known and len(table):
            gone = table["phase"] == "ended"
            change = [ledgers.change_of(i, level, before) for i, level in zip(table["warning_id"], table["level"], strict=True)]
            table["change"] = table["change"].where(gone, pd.Series(change, index=table.index))
        if len(table):
            seen = table["warning_id"].map(first)
            table["first_seen"] = pd.to_datetime(seen).where(seen.notna(), table["first_seen"]) if seen.notna().any() else table["first_seen"]
        book.issue(table[table["phase"] != "ended"] if len(table) else table, as_of, run_id)
        states = book.states()
    if len(table):
        table["state"] = table["warning_id"].map(states).fillna(ledgers.TO_JUDGE)
    return table
