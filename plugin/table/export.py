"""Rows of the table as text for other programs: CSV files, and tab-separated text for the clipboard."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import EnvironmentProblem
from ...layers.style import STATUTORY_EN, STATUTORY_ZH
from ..words import pick, tr
from .cells import Columns, Row, shown

_GUARDED = re.compile("'*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_WHOLE = 32767
"""Signs a cell of a spreadsheet holds."""

_MORE = ("warning_id", "cell_id", "reason", "caveats")
_MORE_EN = ("warning_id", "cell_id", "reason_en", "caveats_en")


def guarded(text: str) -> str:
    """*text* with an apostrophe in front where a spreadsheet program would run it as a formula."""
    return "'" + text if _GUARDED.match(text) else text


def cells_of(rows: Iterable[Row], columns: Columns) -> list[list[str]]:
    """A header and the rows as they are shown, with id, code of the unit, reason and caveats behind."""
    named = _MORE if columns.chinese else _MORE_EN
    more = (tr("Warning id"), tr("Code of the unit"), tr("Reason"), tr("To mind"))
    header = [*(column.header for column in columns.all), *more]
    lines = [header]
    for row in rows:
        told = [shown(row.warning.get(name), _WHOLE) for name in named]
        lines.append([*(column.text(row) for column in columns.all), *told])
    return lines


def as_tsv(rows: Iterable[Row], columns: Columns) -> str:
    """The rows with their header for the clipboard: one line each, tabs between, no formulas."""
    return "\n".join("\t".join(map(guarded, line)) for line in cells_of(rows, columns)) + "\n"


def write_csv(path: Path, rows: Iterable[Row], columns: Columns, told: Sequence[str]) -> None:
    """Write the rows as UTF-8 with a mark at its start, then *told* and the line that says what this is not.

    The file is complete or as it was before. Raises EnvironmentProblem if it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([guarded(cell) for cell in line] for line in cells_of(rows, columns))
    writer.writerows([guarded(line)] for line in (*told, pick(STATUTORY_EN, STATUTORY_ZH)))
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        fresh.write_bytes(text.getvalue().encode("utf-8-sig", "replace"))
        fresh.replace(path)
    except OSError as error:
        raise EnvironmentProblem(
            tr("The file cannot be written: {what}", what=error.strerror or str(error)),
            where=str(path),
            fix=tr("Close it in other programs, or choose another folder with space in it."),
        ) from error
    finally:
        if fresh.exists():
            fresh.unlink()
