"""The hand-over sheet, read back: parsed like every file from outside, in a process with limits, and checked by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ...errors import InputError
from ..contents import KINDS, WORKBOOK, Content, open_contents
from ..refusals import refusal
from ..sandbox import parse
from .columns import CHECK, FILL, FORMAT, NOTHING, OURS, cell_text, sheet_fingerprint

_HEADER_WITHIN = 30
"""Rows within which the header stands, whatever was put above it."""


@dataclass(frozen=True)
class FilledRow:
    """One row as it came back: its number in the sheet, the texts of OURS, and what was filled in by column."""

    row: int
    ours: tuple[str, ...]
    filled: Mapping[str, str]

    @property
    def warning_id(self) -> str:
        """The id the row names, which may have been tampered with."""
        return self.ours[0]


@dataclass(frozen=True)
class Filled:
    """A hand-over sheet read back.

    head : the ledger's head when it went out. sheet : the sheet's own fingerprint.
    codes : warning_id -> the fingerprint of its row, from the hidden sheet.
    rows : what stands in the list now, without empty rows.
    """

    name: str
    head: str
    sheet: str
    codes: Mapping[str, str]
    rows: tuple[FilledRow, ...]
    from_1904: bool = False

    @property
    def missing(self) -> list[str]:
        """Ids of rows that went out and did not come back."""
        here = {row.warning_id for row in self.rows}
        return [own for own in self.codes if own not in here]


def read_handover(path: str | Path) -> Filled:
    """Read a hand-over sheet: XLSX, or what another program made of it (XLS, XLSB, ODS).

    Raises InputError if the file is none, has lost its hidden sheet or a column, or cannot be parsed within its limits.
    """
    path = Path(path)
    contents = open_contents(path, path.name)
    if len(contents) != 1 or KINDS.get(contents[0].ending) != WORKBOOK:
        raise refusal("E-HAND-001", where=path.name)
    head, sheet, codes = _check_sheet(contents[0])
    grids, from_1904 = _grids(contents[0], "")
    for grid in grids:
        at = _header(grid)
        if at is not None:
            return Filled(path.name, head, sheet, codes, tuple(_rows(grid, at, path.name)), from_1904)
    raise refusal("E-HAND-001", where=path.name)


def _grids(content: Content, layer: str) -> tuple[list[list[list[str]]], bool]:
    """The sheet *layer*, or every visible one, as rows of texts; and whether days are counted from 1904."""
    asked = {"name": content.name, "path": content.path, "files": content.files(f"book{content.ending}")}
    parsed = parse("workbook", {"layer": layer}, **asked)
    return [_texts(table) for table in parsed.tables], bool(parsed.facts["from_1904"])


def _texts(table: pa.Table) -> list[list[str]]:
    columns = [table[name].to_pylist() for name in table.column_names if not name.startswith("lost ")]
    return [[cell_text(cell) for cell in row] for row in zip(*columns, strict=True)]


def _check_sheet(content: Content) -> tuple[str, str, dict[str, str]]:
    """The ledger's head, the sheet's fingerprint and those of the rows, from the hidden sheet."""
    try:
        grids, _ = _grids(content, CHECK)
    except InputError as error:
        if error.code == "E-XLS-002":
            raise refusal("E-HAND-001", where=content.name) from error
        raise
    pairs = [(row[0], row[1]) for row in (grids[0] if grids else []) if len(row) > 1]
    facts = dict(pairs[:5])
    if facts.get("format") != FORMAT:
        raise refusal("E-HAND-001", where=content.name)
    head, codes = facts.get("ledger_head", ""), {own: code for own, code in pairs[5:] if own}
    if facts.get("sheet") != sheet_fingerprint(head, codes.values()):
        raise refusal("E-HAND-012", where=content.name)
    return head, facts["sheet"], codes


def _header(grid: list[list[str]]) -> int | None:
    """The row that holds the header; None where no row does."""
    first = OURS[0].zh
    return next((n for n, row in enumerate(grid[:_HEADER_WITHIN]) if first in map(_word, row)), None)


def _word(header: str) -> str:
    """The Chinese line of a header, without the English one."""
    return header.split(" ")[0]


def _rows(grid: list[list[str]], at: int, name: str) -> list[FilledRow]:
    words = [_word(header) for header in grid[at]]
    lost = [column.zh for column in (*OURS, *FILL) if column.zh not in words]
    if lost:
        raise refusal("E-HAND-002", where=name, columns=", ".join(lost))
    place = {column.name: words.index(column.zh) for column in (*OURS, *FILL)}
    rows = []
    for number, cells in enumerate(grid[at + 1 :], start=at + 2):
        ours = tuple(cells[place[column.name]] for column in OURS)
        filled = {column.name: cells[place[column.name]] for column in FILL}
        if (any(ours) or any(filled.values())) and ours[0] != cell_text(NOTHING):
            rows.append(FilledRow(number, ours, filled))
    return rows
