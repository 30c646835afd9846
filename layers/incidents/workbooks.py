"""Spreadsheets and what is named like them: parsed in a process of its own, then read like any grid of text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ...errors import InputError, Notice
from ..contents import Content
from ..refusals import refusal
from ..sandbox import Parsed, parse
from .headers import HEADER_WITHIN, count_names, find_header, set_aside
from .rules import notice
from .sources import Loaded, Source, unique_names

_SURE = 3
"""Known column names that make a sheet a table of incidents."""


def open_workbook(content: Content, layer: str = "") -> list[Source]:
    """The sheet named *layer*, else every visible sheet that has an incident table. Sheets without cells do not count.

    A file named .xls may hold a web page, an XML spreadsheet or delimited text.
    """
    job = "workbook" if content.head(4).startswith((b"\xd0\xcf\x11\xe0", b"PK")) else "page"
    files = content.files(f"book{content.ending}")
    parsed = parse(job, {"layer": layer}, name=content.name, path=content.path, files=files)
    sheets = [sheet for sheet in parsed.facts["sheets"] if sheet["table"] is not None]
    grids = [(s["name"], _without_blank_end(parsed.tables[s["table"]])) for s in sheets]
    grids = [(name, grid) for name, grid in grids if grid.num_rows]
    if not grids:
        raise _empty(content, parsed)
    chosen = _with_incidents(grids)
    told = _told(content, parsed, [name for name, _ in grids], [name for name, _ in chosen])
    sources = []
    for name, grid in chosen:
        shown = f"{content.name}|{name}" if len(chosen) > 1 else content.name
        sources.append(_source(shown, grid, parsed, told if not sources else ()))
    return sources


def _without_blank_end(grid: pa.Table) -> pa.Table:
    """The grid without the rows at its end that hold no text: sheets often have thousands of them."""
    end = 0
    for name in grid.column_names:
        if name.startswith("lost "):
            continue
        filled = np.flatnonzero(grid[name].combine_chunks().to_numpy(zero_copy_only=False) != "")
        end = max(end, int(filled[-1]) + 1 if filled.size else 0)
    return grid.slice(0, end)


def _empty(content: Content, parsed: Parsed) -> InputError:
    hidden = [sheet["name"] for sheet in parsed.facts["sheets"] if not sheet["visible"]]
    if hidden:
        return refusal("E-XLS-008", where=content.name, sheets=", ".join(hidden), example=f"{content.name}|{hidden[0]}")
    return refusal("E-XLS-009", where=content.name)


def _with_incidents(grids: list[tuple[str, pa.Table]]) -> list[tuple[str, pa.Table]]:
    """Beside a table of incidents, sheets of another kind (notes, sums) are left out; alone, any sheet is taken."""
    found = [(name, grid) for name, grid in grids if max(map(count_names, _first_rows(grid))) >= _SURE]
    return found or grids[:1]


def _told(content: Content, parsed: Parsed, filled: list[str], chosen: list[str]) -> tuple[Notice, ...]:
    """What was left out, and in which encoding a page was."""
    hidden = [sheet["name"] for sheet in parsed.facts["sheets"] if sheet["table"] is None]
    others = [name for name in filled if name not in chosen]
    encoding = parsed.facts.get("encoding", "utf-8")
    told = [notice("N-FILE-001", file=content.name, encoding=encoding.upper())] if encoding != "utf-8" else []
    told += [notice("N-FILE-004", file=content.name, sheets=", ".join(others))] if others else []
    told += [notice("N-FILE-005", file=content.name, sheets=", ".join(hidden))] if hidden else []
    return tuple(told)


def _first_rows(grid: pa.Table) -> list[list[str]]:
    names = [name for name in grid.column_names if not name.startswith("lost ")]
    columns = [grid[name].slice(0, HEADER_WITHIN + 1).to_pylist() for name in names]
    return [list(row) for row in zip(*columns, strict=True)]


def _source(name: str, grid: pa.Table, parsed: Parsed, told: tuple[Notice, ...]) -> Source:
    rows = _first_rows(grid)
    at = find_header(rows, where=name)
    names = unique_names(rows[at])
    body = grid.slice(at + 1)
    notices = (*told, *((notice("N-FILE-003", file=name, row=at + 1),) if at else ()))
    text = body.select([str(i) for i in range(len(names))]).rename_columns(list(names))
    numbers = np.arange(at + 2, at + 2 + body.num_rows)
    keep, rejected = set_aside(text, names, rows[at], numbers)

    def load(columns: list[str] | None) -> Loaded:
        wanted = [(i, n) for i, n in enumerate(names) if columns is None or n in columns]
        mask = pa.array(keep)
        lost = {n: np.asarray(body[f"lost {i}"])[keep] for i, n in wanted if f"lost {i}" in body.column_names}
        table = text.select([n for _, n in wanted])
        table = table if keep.all() else table.filter(mask)
        return Loaded(table, numbers[keep], rejected, lost=lost, from_1904=parsed.facts["from_1904"])

    return Source(name, names, load, notices=notices, encoding=parsed.facts.get("encoding", ""))
