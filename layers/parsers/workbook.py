"""XLSX, XLSB, XLS and ODS by calamine: every sheet that holds cells, visible or not."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pyarrow as pa
import python_calamine

from ...errors import InputError
from ..refusals import refusal
from .grid import table_of

_MANY_CELLS = 20_000_000
_QUICK = 64 << 20
_THICKEST = 200
"""How many times a workbook may be larger unpacked; ten to twenty is usual."""
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')
_1904_XML = re.compile(rb"<workbookPr\b[^>]*\bdate1904=[\"'](?:1|true)[\"']")
_1904_XLS = b"\x22\x00\x02\x00\x01\x00\x0e\x00\x02\x00"
"""In an old workbook: the record of the calendar, set, and the beginning of the one that always follows."""


def parse(order: dict[str, Any]) -> tuple[dict[str, Any], list[pa.Table]]:
    """(sheets: name, visible, number of the table or None; from_1904), the tables.

    A hidden sheet is parsed only if the order's `layer` names it.
    """
    place, where, layer = Path(order["place"]), order["name"], order["layer"]
    if zipfile.is_zipfile(place):
        _check_extent(place, where)
        _check_document(place, where)
    try:
        book = python_calamine.load_workbook(io.BytesIO(place.read_bytes()))  # what it is, not its name, counts
        names = book.sheet_names
        if layer and layer not in names:
            raise refusal("E-XLS-002", where=where, sheet=layer, sheets=", ".join(names))
        visible = {m.name: m.visible == python_calamine.SheetVisibleEnum.Visible for m in book.sheets_metadata}
        sheets, tables = _sheets(book, [layer] if layer else names, visible, layer)
    except python_calamine.PasswordError as error:
        raise refusal("E-XLS-003", where=where) from error
    except InputError:
        raise
    except (python_calamine.CalamineError, zipfile.BadZipFile, ValueError, OSError) as error:
        raise refusal("E-XLS-004", where=where) from error
    return {"sheets": sheets, "from_1904": _from_1904(place)}, tables


def _sheets(
    book: python_calamine.CalamineWorkbook, names: list[str], visible: dict[str, bool], layer: str
) -> tuple[list[dict[str, Any]], list[pa.Table]]:
    sheets: list[dict[str, Any]] = []
    tables: list[pa.Table] = []
    for name in names:
        try:
            sheet = book.get_sheet_by_name(name)
        except python_calamine.WorksheetNotFound:  # a chart
            continue
        if sheet.start is None:
            continue
        seen = visible.get(name, True)
        number = len(tables) if seen or layer else None
        sheets.append({"name": name, "visible": seen, "table": number})
        if number is not None:
            tables.append(table_of(sheet.iter_rows(), sheet.width))
    return sheets, tables


def _from_1904(place: Path) -> bool:
    """Whether the workbook counts its days from 1904, as old Macintoshes did."""
    if not zipfile.is_zipfile(place):
        with place.open("rb") as stream:
            return _1904_XLS in stream.read()
    with zipfile.ZipFile(place) as book:
        if "xl/workbook.xml" not in book.namelist():
            return False
        with book.open("xl/workbook.xml") as part:
            return bool(_1904_XML.search(part.read(1 << 20)))


def _check_extent(place: Path, where: str) -> None:
    """Refuse a sheet whose few cells span millions: one stray cell at XFD1048576 exhausts the memory of any reader.

    Looked at in small workbooks only, for a message that helps; the limits of the process hold for all.
    """
    try:
        with zipfile.ZipFile(place) as book:
            if _is_bomb(book.infolist()):
                raise refusal("E-XLS-006", where=where)
            for part in book.infolist():
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part.filename) and part.file_size <= _QUICK:
                    _check_sheet(book.read(part), where)
    except InputError:
        raise
    except Exception as error:  # whatever a damaged archive makes the unpacker say
        raise refusal("E-XLS-005", where=where) from error


def _check_document(place: Path, where: str) -> None:
    """Refuse an OpenDocument whose content is no whole XML: calamine looks for its end for ever."""
    with zipfile.ZipFile(place) as book:
        if "content.xml" not in book.namelist():
            return
        try:
            expat.ParserCreate().ParseFile(book.open("content.xml"))
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise refusal("E-XLS-005", where=where) from error


def _is_bomb(parts: list[zipfile.ZipInfo]) -> bool:
    unpacked, packed = sum(p.file_size for p in parts), max(1, sum(p.compress_size for p in parts))
    return unpacked > (1 << 27) and unpacked / packed > _THICKEST


def _check_sheet(xml: bytes, where: str) -> None:
    columns, last_row, n_cells = set(), 0, 0
    for found in _CELL.finditer(xml):
        columns.add(found[1])
        last_row, n_cells = max(last_row, int(found[2])), n_cells + 1
    width = max((_column_number(c) for c in columns), default=0)
    if width * last_row > max(_MANY_CELLS, 50 * n_cells):
        raise refusal("E-XLS-001", where=where, n_rows=last_row, n_columns=width)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
