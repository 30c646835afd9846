"""Spreadsheets: cells become text as a person reads them; numbers too long for a cell are known to be damaged."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine

from ...errors import InputError, Notice
from ..columns.names import count_known
from .rules import notice
from .sources import Content, Loaded, Source, unique_names, unpacking

_DIGITS = 1e15
_HEADER_WITHIN = 20
_MANY_CELLS = 20_000_000
_LARGEST_SHEET = 1 << 31
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')


def open_workbook(content: Content, layer: str = "") -> list[Source]:
    """The sheet named *layer*, else every sheet that has an incident table. Sheets without rows do not count."""
    _check_extent(content)
    try:
        book = python_calamine.load_workbook(io.BytesIO(bytes(content.buffer())))
        names = book.sheet_names
        if layer and layer not in names:
            raise InputError(
                f"there is no sheet {layer}", where=content.name, fix=f"The sheets are: {', '.join(names)}."
            )
        tables = [
            (n, book.get_sheet_by_name(n).to_python(skip_empty_area=False)) for n in ([layer] if layer else names)
        ]
    except (python_calamine.CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "the workbook cannot be opened", where=content.name, fix="Open it in Excel and save it again as .xlsx."
        ) from error
    tables = [(name, rows) for name, rows in tables if any(any(_text(cell) for cell in row) for row in rows)]
    if not tables:
        raise InputError("the workbook is empty", where=content.name, fix="Export it again.")
    return [_source(content, name, rows) for name, rows in _with_incidents(tables)]


def _with_incidents(tables: list[tuple[str, list[list[Any]]]]) -> list[tuple[str, list[list[Any]]]]:
    """Beside a table of incidents, sheets of another kind (notes, sums) are left out; alone, any sheet is taken."""
    found = [(name, rows) for name, rows in tables if _known_in_header(rows) >= 3]
    return found or tables[:1]


def _header_at(rows: list[list[Any]]) -> int:
    """Index of the header: of the first rows the one with most known names; else the first that is not blank."""
    known = [count_known([_text(cell) for cell in row]) for row in rows[:_HEADER_WITHIN]]
    if max(known) >= 2:
        return known.index(max(known))
    return next(i for i, row in enumerate(rows) if any(_text(cell) for cell in row))


def _known_in_header(rows: list[list[Any]]) -> int:
    return max(count_known([_text(cell) for cell in row]) for row in rows[:_HEADER_WITHIN])


def _source(content: Content, sheet: str, rows: list[list[Any]]) -> Source:
    at = _header_at(rows)
    names = unique_names([_text(cell) for cell in rows[at]])
    body = rows[at + 1 :]
    while body and not any(_text(cell) for cell in body[-1]):
        body.pop()
    name = content.name
    notices: tuple[Notice, ...] = (notice("N-FILE-003", file=name, row=at + 1),) if at else ()

    def load(columns: list[str] | None) -> Loaded:
        wanted = [(i, n) for i, n in enumerate(names) if columns is None or n in columns]
        table = {n: pa.array([_text(row[i]) for row in body], pa.string()) for i, n in wanted}
        lost = {n: np.array([_is_lost(row[i]) for row in body], bool) for i, n in wanted}
        return Loaded(pa.table(table), np.arange(at + 2, at + 2 + len(body)), lost=lost)

    return Source(name, names, load, notices=notices)


def _text(cell: Any) -> str:
    """A cell as text: whole numbers without ".0", dates in ISO."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ")
    return str(cell).strip()


def _is_lost(cell: Any) -> bool:
    """A number of more than fifteen digits: a spreadsheet has rounded the rest away."""
    return isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= _DIGITS


def _check_extent(content: Content) -> None:
    """Refuse a sheet whose few cells span millions: one stray cell at XFD1048576 exhausts the memory of any reader."""
    if content.ending not in (".xlsx", ".xlsm"):
        return
    with unpacking(content.name), zipfile.ZipFile(io.BytesIO(bytes(content.buffer()))) as book:
        for part in book.infolist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", part.filename):
                continue
            if part.file_size > _LARGEST_SHEET:
                raise InputError("the sheet is too large to be read", where=content.name, fix="Export it as CSV.")
            _check_sheet(book.read(part), content.name)


def _check_sheet(xml: bytes, where: str) -> None:
    columns, last_row, n_cells = set(), 0, 0
    for found in _CELL.finditer(xml):
        columns.add(found[1])
        last_row, n_cells = max(last_row, int(found[2])), n_cells + 1
    width = max((_column_number(c) for c in columns), default=0)
    if width * last_row > max(_MANY_CELLS, 50 * n_cells):
        raise InputError(
            f"a few stray cells stretch the sheet to {last_row} rows and {width} columns",
            where=where,
            fix="Delete the rows and columns beyond the table, and save it again.",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
