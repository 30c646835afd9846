"""The folder of a finished run, read back: its warnings, its moment, and whether it was a drill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .drills import DRILL_ZH
from .geopackage.tables import LAYERS
from .refusals import refusal
from .run_folder import MANIFEST, sha256_of
from .spreadsheets import read_guarded_csv

WARNINGS, RESULTS = "early_warnings.csv", "results.gpkg"
_TRUE = {"true", "1", "1.0"}


@dataclass(frozen=True)
class FinishedRun:
    """A run as its folder tells it.

    warnings : one dict per early warning, in rank order: numbers as numbers, flags as bool, times as ISO texts.
    as_of : the moment of decision, ISO, in local time of `timezone`.
    """

    folder: Path
    warnings: list[dict[str, Any]]
    manifest: dict[str, Any]
    as_of: str
    timezone: str
    run_id: str
    drill: bool

    @property
    def cells(self) -> Path:
        """Where the polygons of its units lie."""
        return self.folder / RESULTS


def read_run(folder: str | Path) -> FinishedRun:
    """Read the folder of a finished run.

    Raises InputError if it is none, or if its list of warnings is not the one that the run wrote.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        expected, as_of = manifest["outputs"][WARNINGS], str(manifest["as_of"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refusal("E-READ-001", where=str(folder)) from error
    path = folder / WARNINGS
    if not path.is_file() or sha256_of(path) != expected:
        raise refusal("E-READ-002", where=str(path))
    rows = [typed(row) for row in read_guarded_csv(path).to_dict("records")]
    plan = manifest.get("plan") or {}
    settings = plan.get("plan") if isinstance(plan.get("plan"), Mapping) else plan
    return FinishedRun(
        folder=folder,
        warnings=rows,
        manifest=manifest,
        as_of=as_of,
        timezone=str(settings.get("timezone") or "Asia/Shanghai"),
        run_id=str(manifest.get("run_id", "")),
        drill=bool(manifest.get("drill")) or str(settings.get("title", "")).startswith(DRILL_ZH),
    )


def typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of texts with numbers, flags and times as such; what is empty is None, unknown columns stay texts."""
    kinds = LAYERS["early_warnings"]
    return {str(name): _typed(value, kinds.get(str(name), "text")) for name, value in row.items()}


def _typed(value: Any, kind: str) -> Any:
    text = str(value)
    if kind == "text":
        return text
    if text == "":
        return None
    if kind == "flag":
        return text.lower() in _TRUE
    if kind == "time":
        return text.replace(" ", "T")
    number = float(text)
    return int(number) if kind == "whole" and number.is_integer() else number
