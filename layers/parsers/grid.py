"""A grid of cells as a table of text: columns "0", "1", …; "lost 0", … mark numbers whose digits a file has lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_DIGITS = 1e15
_BATCH = 20_000
_NEAR = 2_000
"""Microseconds: how far a spreadsheet's fraction of a day may lie from the second that was meant."""


def table_of(rows: Iterable[list[Any]], width: int) -> pa.Table:
    """The rows as text, in batches; every row has *width* cells, a shorter one is filled up."""
    rows, batches = iter(rows), []
    names = [str(i) for i in range(width)]
    while batch := list(islice(rows, _BATCH)):
        columns = list(zip(*(_filled(row, width) for row in batch), strict=True))
        text = [pa.array([as_text(cell) for cell in column], pa.string()) for column in columns]
        lost = [pa.array([is_lost(cell) for cell in column], pa.bool_()) for column in columns]
        batches.append(pa.table([*text, *lost], names=[*names, *(f"lost {name}" for name in names)]))
    if not batches:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    whole = pa.concat_tables(batches)
    return whole.select([n for n in whole.column_names if not n.startswith("lost ") or pc.any(whole[n]).as_py()])


def _filled(row: list[Any], width: int) -> list[Any]:
    return row if len(row) == width else [*row[:width], *[""] * (width - len(row))]


def as_text(cell: Any) -> str:
    """A cell as text: whole numbers without ".0", dates and times in ISO."""
    kind = type(cell)
    if kind is str:
        return cell.strip()
    if kind is bool:
        return str(cell).upper()
    if kind is float:
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if kind is dt.datetime:
        return _to_second(cell).isoformat(" ")
    if kind is dt.timedelta:
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(cell).strip()


def _to_second(time: dt.datetime) -> dt.datetime:
    off = time.microsecond
    if 0 < off <= _NEAR:
        return time.replace(microsecond=0)
    if off >= 1_000_000 - _NEAR:
        return time.replace(microsecond=0) + dt.timedelta(seconds=1)
    return time


def is_lost(cell: Any) -> bool:
    """A number of more than fifteen digits: a spreadsheet has rounded the rest away."""
    return type(cell) in (int, float) and abs(cell) >= _DIGITS
