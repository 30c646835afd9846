"""The cells of a run: as their file has them or repaired, and the division before where it has a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import InputError
from ..layers.grids import (
    CellLayer,
    Repaired,
    TopologyReport,
    arrange_cells,
    examine_cells,
    read_cells,
    repair_cells,
    valid_polygons,
    with_former,
)
from ..layers.quality_report import COPY, LAYER
from ..layers.tables import write_table

if TYPE_CHECKING:
    from .preparation import Inputs


@dataclass(frozen=True)
class CellFiles:
    """Where cells come from, if not from one file as it is.

    before : the file of the division before, which held until the local day `since` (see `grids.with_former`). repair :
    use a repaired copy; the file itself is never touched.
    """

    path: str | None = None
    before: str | None = None
    since: str | None = None
    repair: bool = False


def reading_of(inputs: Inputs) -> dict[str, Any]:
    """The arguments of `read_cells` for the cells of *inputs*."""
    files = inputs.cell_files
    columns = dict(inputs.cell_columns or {}) or None
    facts = {"path": inputs.cells, "columns": columns, "crs": inputs.cells_crs}
    return {**facts, "before": files.before, "since": files.since} if files.before else facts


def cells_of(inputs: Inputs, as_of: pd.Timestamp) -> tuple[CellLayer, Repaired | None]:
    """The cells valid at *as_of*, and the repaired copy they are from if one was wanted.

    Raises InputError as `read_cells` and `repair_cells` do.
    """
    reading = reading_of(inputs)
    if not inputs.cell_files.repair:
        return read_cells(**reading, valid_at=as_of), None
    before = {name: reading.pop(name) for name in ("before", "since") if name in reading}
    repaired = repair_cells(**reading, valid_at=as_of)
    where = Path(str(inputs.cells)).name
    every, notices = valid_polygons(repaired.table, where)
    told = [*repaired.notices, *notices]
    if before:
        facts = {"columns": reading["columns"], "crs": reading["crs"], "since": before["since"]}
        every, more = with_former(every, where, before["before"], **facts)
        told += more
    return arrange_cells(every, where, told, columns=reading["columns"], valid_at=as_of), repaired


def examine(inputs: Inputs, as_of: pd.Timestamp | None) -> TopologyReport | None:
    """The topology report of the file of cells as it is; None where cells are made."""
    if not inputs.cells:
        return None
    columns = dict(inputs.cell_columns or {}) or None
    return examine_cells(inputs.cells, columns=columns, crs=inputs.cells_crs, valid_at=as_of)


@contextmanager
def topology_left(inputs: Inputs, as_of: pd.Timestamp | None, out: str | Path | None) -> Iterator[None]:
    """Where the cells are refused, what is wrong with them is left as a layer in *out*, and the error says so."""
    try:
        yield
    except InputError as error:
        report = _refused(inputs, as_of) if out is not None else None
        if report is None or out is None:
            raise
        Path(out).mkdir(parents=True, exist_ok=True)
        write_table(Path(out) / LAYER, report.table, "topology", replace=True)
        fix = f"{error.fix} Where it is shows {LAYER} in the report's folder."
        fix_zh = error.fix_zh and f"{error.fix_zh}位置见报告文件夹中的{LAYER}。"
        raise InputError(**{**error.parts(), "fix": fix, "fix_zh": fix_zh}) from error


def _refused(inputs: Inputs, as_of: pd.Timestamp | None) -> TopologyReport | None:
    """The report on cells that no run would use; None where they are not what is wrong."""
    try:
        report = examine(inputs, as_of)
    except InputError:
        return None
    return report if report is not None and report.refused else None


def cell_findings(topology: TopologyReport | None, repaired: Repaired | None) -> dict[str, Any]:
    """What the data-quality report says of the cells, JSON-able: `topology`, and `repair` where there was one."""
    found = {} if topology is None else {"topology": {**topology.as_dict(), "layer": LAYER}}
    return found if repaired is None else {**found, "repair": repair_facts(repaired)}


def repair_facts(repaired: Repaired, most: int = 12) -> dict[str, Any]:
    """What a repair changed, JSON-able: cells, m² that changed hands, net change, and the largest changes."""
    changes = repaired.changes
    rows = changes.head(most).round({"before_m2": 1, "after_m2": 1, "change_m2": 1})
    return {
        "file": COPY,
        "cells": len(changes),
        "moved_m2": round(float(changes["change_m2"].abs().sum()), 1),
        "net_m2": round(float(changes["change_m2"].sum()), 1),
        "changes": [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")],
        "notices": [{"code": n.code, "zh": n.zh, "en": n.en} for n in repaired.notices],
    }
