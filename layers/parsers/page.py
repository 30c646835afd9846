"""Tables in a web page or an XML spreadsheet of 2003, both often named .xls: read with the standard library."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..columns.encodings import decode
from ..refusals import refusal
from .grid import table_of

_WIDEST, _MOST_CELLS = 16_384, 4_000_000
_TABLES, _ROWS, _CELLS = {"table"}, {"tr", "row"}, {"td", "th", "cell"}
_SILENT = {"script", "style"}


def parse(order: dict[str, Any]) -> tuple[dict[str, Any], list[pa.Table]]:
    """As `workbook.parse`; a page's tables are named "table 1", "table 2", …"""
    text, encoding = decode(Path(order["place"]).read_bytes(), where=order["name"])
    page = _Page()
    try:
        page.feed(bytes(memoryview(text)).decode("utf-8"))
        page.close()
    except OverflowError as error:
        raise refusal("E-XLS-007", where=order["name"]) from error
    found = [(name, rows) for name, rows in page.finished() if any(any(row) for row in rows)]
    layer = order["layer"]
    if layer and layer not in [name for name, _ in found]:
        listing = ", ".join(name for name, _ in found)
        raise refusal("E-XLS-002", where=order["name"], sheet=layer, sheets=listing)
    chosen = [(name, rows) for name, rows in found if not layer or name == layer]
    sheets = [{"name": n, "visible": True, "table": i} for i, (n, _) in enumerate(chosen)]
    tables = [table_of(rows, max(map(len, rows))) for _, rows in chosen]
    return {"sheets": sheets, "from_1904": False, "encoding": encoding}, tables


class _Page(HTMLParser):
    """Collects the outermost tables; a table inside a cell is text of that cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[str, list[list[str]]]] = []
        self.depth, self.silent, self.sheet, self.n_cells = 0, 0, "", 0
        self.row: list[str] | None = None
        self.cell: list[str] | None = None
        self.span = (1, 1)
        self.below: dict[int, tuple[int, str]] = {}

    def finished(self) -> list[tuple[str, list[list[str]]]]:
        """(name, rows) of every table, also of one the page does not close."""
        self._end_row()
        return self.tables

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A table, a row or a cell begins."""
        given = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self.silent += 1
        elif tag.endswith("worksheet"):
            self.sheet = given.get("ss:name", "")
        elif tag in _TABLES:
            self.depth += 1
            if self.depth == 1:
                self.tables.append((self.sheet or f"table {len(self.tables) + 1}", []))
                self.below = {}
        elif self.depth == 1 and tag in _ROWS:
            self._begin_row(given)
        elif self.depth == 1 and tag in _CELLS:
            self._begin_cell(given)
        elif tag in {"br", "p", "div"} and self.cell is not None:
            self.cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """A table, a row or a cell ends."""
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in _TABLES and self.depth:
            if self.depth == 1:
                self._end_row()
            self.depth -= 1
        elif self.depth == 1 and tag in _ROWS:
            self._end_row()
        elif self.depth == 1 and tag in _CELLS:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        """Text counts inside a cell only."""
        if self.cell is not None and not self.silent:
            self.cell.append(data)

    def _begin_row(self, given: dict[str, str]) -> None:
        self._end_row()
        rows = self.tables[-1][1]
        missing = _number(given.get("ss:index", ""), 0) - 1 - len(rows)
        rows.extend([] for _ in range(min(missing, 1 << 20)))
        self.row = []

    def _begin_cell(self, given: dict[str, str]) -> None:
        if self.row is None:
            self.row = []
        self._end_cell()
        self._fill()
        at = _number(given.get("ss:index", ""), 0) - 1
        self.row.extend([""] * (min(at, _WIDEST) - len(self.row)))
        wide = _number(given.get("colspan", ""), _number(given.get("ss:mergeacross", ""), 0) + 1)
        high = _number(given.get("rowspan", ""), 1)
        self.span, self.cell = (max(1, min(wide, _WIDEST)), high), []

    def _end_cell(self) -> None:
        if self.cell is None or self.row is None:
            return
        text = " ".join("".join(self.cell).replace("\xa0", " ").split())
        wide, high = self.span
        if high > 1:
            self.below.update({len(self.row) + i: (high - 1, text if not i else "") for i in range(wide)})
        self.row.extend([text, *[""] * (wide - 1)])
        self.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None:
            self._fill()
            self.n_cells += len(self.row)
            if self.n_cells > _MOST_CELLS:
                raise OverflowError
            self.tables[-1][1].append(self.row)
        self.row = None

    def _fill(self) -> None:
        """Cells of rows above that reach down into this place stand for this row too."""
        while self.row is not None and len(self.row) in self.below:
            left, text = self.below.pop(len(self.row))
            if left > 1:
                self.below[len(self.row)] = (left - 1, text)
            self.row.append(text)
            if len(self.row) > _WIDEST:
                break


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else default
