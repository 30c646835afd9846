"""What a run reads and where it writes: given as options, or in the tables [inputs] and [columns] of a plan file."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..layers.incidents.urls import is_url
from .file_words import OF_SOURCES
from .options import Command, Option
from .refusals import refusal
from .voice import language

COLUMNS = {
    "time": ("when it happened or was received", "发生或受理时间"),
    "category": ("class; several columns joined by commas make a class tree", "诉求类型;多列用逗号连接成分类树"),
    "id": ("number of the case", "工单编号"),
    "lon": ("longitude or x", "经度或X坐标"),
    "lat": ("latitude or y", "纬度或Y坐标"),
    "source": ("where it came from (12345, 110, patrol)", "来源(12345、110、巡查)"),
    "kind": ("handled or reported only", "办理或报备"),
    "severity": ("weight of a case", "严重程度"),
    "reported_time": ("when it was reported", "上报时间"),
    "closed_time": ("when it was closed", "办结时间"),
    "handler": ("unit that handles it", "承办单位"),
    "cell_code": ("code of the cell it lies in", "所在网格编码"),
    "text": (
        "free text, carried with personal data blotted out; never written",
        "自由文本,遮盖个人信息后带入,不写入成果",
    ),
}
"""Columns of the incident files: role -> what it holds."""

CELL_COLUMNS = {
    "cell_id": ("code of the cell", "网格编码"),
    "cell_name": ("name of the cell", "网格名称"),
    "cell_parent": ("code of the unit above", "上级编码"),
    "cell_population": ("population or another exposure", "人口或其他基数"),
    "cell_responsible": ("responsible unit", "责任单位"),
    "cell_role": ("territorial or sectoral", "属地或专属"),
}
"""Columns of the cell file: option -> what it holds. `cell_population` is the reader's `population`, and so on."""

RECORD = "last_import.json"
"""The record of the last import, beside the plan or the ledger."""

_FILES = (
    *("cells", "cells_before", "responsible", "ledger", "runs", "class_policy", "key", "record", "days", "events"),
    *("public", "calibration"),
)

_PLAIN = ("crs", "cells_crs", "cells_since", "repair", "basemap_crs")
"""Entries of [inputs] that are no files."""


@dataclass(frozen=True)
class Files:
    """The files of a run, the columns named by the user, and the folder to write.

    `out` is the run's own folder; `runs` the one that holds a dated folder per run.
    """

    incidents: tuple[str, ...] = ()
    cells: str | None = None
    responsible: str | None = None
    ledger: str | None = None
    out: str | None = None
    runs: str | None = None
    crs: str | None = None
    cells_crs: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    cell_columns: tuple[tuple[str, str], ...] = ()
    classes: tuple[tuple[str, str], ...] = ()
    class_policy: str | None = None
    key: str | None = None
    record: str | None = None
    days: str | None = None
    events: str | None = None
    cells_before: str | None = None
    cells_since: str | None = None
    repair: bool = False
    public: str | None = None
    calibration: str | None = None
    basemap: tuple[str, ...] = ()
    basemap_crs: str | None = None
    remarks: tuple[str, ...] = ()

    def beneath(self) -> Any:
        """The layers and the picture beneath the briefing's cells, as `pipeline.run` takes them."""
        from ..layers.basemap import BasemapFiles

        return BasemapFiles(tuple(expand(self.basemap)), self.basemap_crs) if self.basemap else None

    def for_run(self) -> dict[str, Any]:
        """The keyword arguments of `pipeline.run` and `pipeline.check_inputs`, without `out` and `ledger`.

        Raises InputError where no incident file was named.
        """
        if not self.incidents:
            raise refusal("E-ASK-006", where="command line")
        return {
            "incidents": expand(self.incidents),
            "cells": self._cells(),
            "columns": dict(self.columns) or None,
            "cell_columns": dict(self.cell_columns) or None,
            "crs": self.crs,
            "cells_crs": self.cells_crs,
            "responsible": self.responsible,
            "classes": dict(self.classes) or None,
            "class_policy": self.class_policy,
            "key": self.key,
            "days": self.days,
            "events": self.events,
            "remarks": self.remarks,
        }

    def _cells(self) -> Any:
        """The file of cells as `pipeline.run` takes it. Raises InputError where a repair or a division lacks one."""
        more = {"--repair": self.repair, "--cells-before": self.cells_before, "--cells-since": self.cells_since}
        asked = [name for name, value in more.items() if value]
        if not asked:
            return self.cells
        if not self.cells:
            raise refusal("E-ASK-001", where=asked[0])
        if self.cells_since and not self.cells_before:
            raise refusal("E-ASK-007", where="--cells-since")
        from ..pipeline.cells import CellFiles

        return CellFiles(self.cells, self.cells_before, self.cells_since, self.repair)

    def last_import(self) -> str | None:
        """Where the record of the last import lies: as named, else beside the plan, else beside the ledger."""
        beside = self.ledger if self.ledger and not is_url(self.ledger) else None
        return self.record or (str(Path(beside).parent / RECORD) if beside else None)


def expand(names: Sequence[str]) -> list[str]:
    """Names with `*` or `?` replaced by the files they stand for, sorted (Windows consoles leave that to us).

    Raises InputError where a pattern stands for no file.
    """
    found: list[str] = []
    for name in names:
        if is_url(name) or not any(mark in name for mark in "*?") or Path(name).exists():
            found.append(name)
            continue
        matches = sorted(str(path) for path in Path(name).parent.glob(Path(name).name))
        if not matches:
            raise refusal("E-ASK-008", where=name)
        found += matches
    return found


def dated_folder(runs: str | None, as_of: str) -> Path:
    """Where a run goes that names no folder: `runs/2026-01-05`, by the moment of decision if given, else by today."""
    date = re.sub(r"[^0-9-]+", "T", as_of.strip()) if as_of.strip() else datetime.date.today().isoformat()
    return Path(runs) / date if runs else Path(f"gridbeacon-{date}")


def of_options(values: dict[str, Any]) -> Files:
    """Inputs from the values of the command line's options."""
    files = {name: values.get(name) for name in (*_FILES, "out", "crs", "cells_crs", "cells_since", "basemap_crs")}
    files["repair"], files["basemap"] = bool(values.get("repair")), tuple(values.get("basemap") or ())
    named = tuple((role, values[role]) for role in COLUMNS if values.get(role))
    cell = tuple((_cell_key(role), values[role]) for role in CELL_COLUMNS if values.get(role))
    classes = tuple(_renaming(text) for text in values.get("rename") or ())
    return Files(
        incidents=tuple(values.get("incidents") or ()),
        columns=named,
        cell_columns=cell,
        classes=classes,
        remarks=tuple(text.strip() for text in values.get("remark") or () if text.strip()),
        **files,
    )


def _renaming(text: str) -> tuple[str, str]:
    """`old=new` of the option --rename. Raises InputError where a side is missing."""
    old, equals, new = (part.strip() for part in text.partition("="))
    if not (old and equals and new):
        raise refusal("E-ASK-005", where="--rename")
    return old, new


def of_plan_file(path: str | Path) -> Files:
    """Inputs from the tables [inputs] and [columns] of a plan file; its paths are relative to its folder.

    Raises InputError naming an entry that is not known.
    """
    path = Path(path)
    tables = read_plan_tables(path)
    inputs, columns = tables.get("inputs", {}), tables.get("columns", {})
    _refuse_unknown(inputs, {"incidents", "basemap", "remark", *_PLAIN, *_FILES}, path, "inputs")
    _refuse_unknown(columns, {*COLUMNS, *CELL_COLUMNS}, path, "columns")
    listed, beneath = (_listed(inputs.get(name, [])) for name in ("incidents", "basemap"))
    values: dict[str, Any] = {**columns, **{name: inputs.get(name) for name in _PLAIN}}
    values["incidents"] = [name if is_url(name) else str(path.parent / name) for name in listed]
    values["basemap"] = [str(path.parent / name) for name in beneath]
    values["remark"] = _listed(inputs.get("remark", []))
    values["runs"] = str(path.parent / "runs")
    values["record"] = str(path.parent / RECORD)
    places = {name: inputs[name] for name in _FILES if name in inputs}
    values |= {name: place if is_url(place) else str(path.parent / place) for name, place in places.items()}
    made = of_options(values)
    return replace(made, classes=tuple((str(old), str(new)) for old, new in tables.get("classes", {}).items()))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def read_plan_tables(path: str | Path) -> dict[str, Any]:
    """The tables of a plan file as they stand. Raises InputError where it cannot be read."""
    import tomllib

    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise refusal("E-ASK-009", where=str(path), why=f": {error}") from error


def _refuse_unknown(table: dict[str, Any], known: set[str], path: Path, name: str) -> None:
    for key in table:
        if key not in known:
            raise refusal("E-ASK-010", where=str(path), table=name, name=key, known=", ".join(sorted(known)))


def merged(first: Files, beneath: Files) -> Files:
    """*first*, with what it leaves open taken from *beneath*; columns are merged one by one."""
    chosen = {f.name: getattr(first, f.name) or getattr(beneath, f.name) for f in fields(Files)}
    chosen["columns"] = tuple((dict(beneath.columns) | dict(first.columns)).items())
    chosen["classes"] = tuple((dict(beneath.classes) | dict(first.classes)).items())
    chosen["cell_columns"] = tuple((dict(beneath.cell_columns) | dict(first.cell_columns)).items())
    return replace(first, **chosen)


def _cell_key(option: str) -> str:
    """The reader's name of a cell column: `cell_id`, `cell_name`, `cell_parent`, else without `cell_`."""
    return option if option in ("cell_id", "cell_name", "cell_parent") else option.removeprefix("cell_")


def with_inputs(command: Command) -> Command:
    """Give a command the options of files and columns, before its others."""
    command.params = [*_file_options(), *_column_options(), *command.params]
    return command


def _text(english: str, chinese: str) -> str:
    return chinese if language() == "zh" else english


def _file_options() -> list[Option]:
    return [
        Option(
            [f"--{name.replace('_', '-')}", name],
            multiple=name in ("incidents", "rename", "remark"),
            metavar=_metavar(name),
            help=_text(*text),
            section="files",
        )
        for name, text in OF_SOURCES.items()
    ]


def _metavar(name: str) -> str:
    return _METAVARS.get(name, "FILE")


_METAVARS = {
    "incidents": "FILE...",
    "crs": "CRS",
    "cells_crs": "CRS",
    "rename": "OLD=NEW",
    "cells_since": "DATE",
    "remark": "TEXT",
}


def _column_options() -> list[Option]:
    return [
        Option([f"--{role.replace('_', '-')}", role], metavar="COL", help=_text(*text), section="columns")
        for role, text in {**COLUMNS, **CELL_COLUMNS}.items()
    ]
