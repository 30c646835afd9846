"""What the engine calls an option of the command line, as the form calls it."""

from __future__ import annotations

import re

from ..schema import label_of, read_schema
from ..words import pick, tr
from .columns import CELL_COLUMNS, INCIDENT_COLUMNS
from .files import FILE_COLUMNS

OPTION = re.compile(r"--([a-z][a-z0-9-]*)")
OWN_COLUMNS = {
    "incidents": "Incident data",
    "cells": "Cells",
    "as_of": "Up to",
    "window": "Hot spots over",
    "crs": "coordinate system of the incidents",
    "cells_crs": "coordinate system of the cells",
    "out": "Runs",
    "ledger": "Ledger",
}
"""Options that have a place of their own -> label."""


def in_form(text: str) -> str:
    """*text* with `--time` written as the form's “Time”; an option the form does not have stays as it is."""
    return OPTION.sub(lambda found: _label(found[1].replace("-", "_")) or found[0], text)


def _label(name: str) -> str:
    label = _labels().get(name, "")
    return pick(f'"{label}"', f"“{label}”") if label else ""


def _labels() -> dict[str, str]:
    known = {**INCIDENT_COLUMNS, **CELL_COLUMNS, **FILE_COLUMNS, **OWN_COLUMNS}
    settings = {param["name"]: label_of(param) for param in read_schema()["run"]["params"]}
    return {**settings, **{name: tr(label) for name, label in known.items()}}
