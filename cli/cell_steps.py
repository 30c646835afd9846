"""Steps that need cells alone: the topology report as a layer, and a repaired copy."""

from __future__ import annotations

from typing import Any

from .inputs import Files
from .refusals import refusal
from .voice import Progress


def _reading(files: Files) -> dict[str, Any]:
    if not files.cells:
        raise refusal("E-ASK-001", where="command line")
    return {"path": files.cells, "columns": dict(files.cell_columns) or None, "crs": files.cells_crs}


def examine(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """The findings of `examine_cells`, one row each; what kinds there are is told."""
    from ..errors import Notice
    from ..layers.grids import CELL_RULES, examine_cells

    progress(0.1, "Examining cells|检查网格")
    report = examine_cells(**_reading(files))
    told = [(CELL_RULES[code], n) for code, n in report.counts.items() if n]
    return report.table, [Notice(rule.code, f"{n}处:{rule.zh}", f"{n}: {rule.en}. {rule.fix}") for rule, n in told]


def repair(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """The table of `repair_cells`; the file itself stays as it is."""
    from ..layers.grids import repair_cells

    progress(0.1, "Repairing a copy|修复副本")
    repaired = repair_cells(**_reading(files))
    return repaired.table, list(repaired.notices)
