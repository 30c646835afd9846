"""Where the table begins in a grid of text, and which rows below are no incidents: totals, a header again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..columns.names import count_known, normal_name
from ..columns.values import to_text
from ..refusals import refusal

HEADER_WITHIN = 20
"""Rows the header is looked for in."""
TOTAL, AGAIN = "E-ROW-003", "E-ROW-004"
TOTAL_WORDS = tuple("本全各合总總小共累") + tuple(
    written for word in ("total", "grand", "sub") for written in (word, word.capitalize(), word.upper())
)
"""How a total may begin."""
_TOTAL = (
    r"(?i)^((本[页頁月日周]|全[市区區县縣]|各[^0-9]{0,4})?\s*[合总總小共累]\s*[计計](\s*[数數])?|(grand\s*|sub-?\s*)?totals?)"
    r"\s*[:：]?\s*[\d,.]*\s*[件条起宗行笔]?$"
)


def count_names(row: Sequence[str]) -> int:
    """How many cells of *row* are known column names."""
    return count_known(list(row))


def find_header(rows: Sequence[Sequence[str]], *, where: str) -> int:
    """Index of the header: of the first rows the one with most known names; else the first that is not blank.

    Raises InputError if the rows are all blank, or the row beside it is a second header.
    """
    rows = rows[: HEADER_WITHIN + 1]
    known = [count_names(row) for row in rows[:HEADER_WITHIN]]
    if max(known, default=0) < 2:
        found = next((i for i, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
        if found is None:
            raise refusal("E-COL-006", where=where)
        return found
    at = known.index(max(known))
    for other in (at - 1, at + 1):
        if 0 <= other < len(rows) and _is_second_header(rows[other], rows[at]):
            raise refusal("E-COL-007", where=f"{where}, rows {min(at, other) + 1} and {max(at, other) + 1}")
    return at


def _is_second_header(row: Sequence[str], header: Sequence[str]) -> bool:
    """Mostly column names, but not the header once more."""
    filled = [cell for cell in row if cell.strip()]
    known = count_names(filled)
    return known >= 2 and 2 * known >= len(filled) and not _same(row, header)


def _same(row: Sequence[str], header: Sequence[str]) -> bool:
    return [normal_name(cell) for cell in row] == [normal_name(cell) for cell in header]


def is_total(first: str) -> bool:
    """Whether a row whose first filled cell is *first* is a total, not an incident."""
    return bool(pc.match_substring_regex(pa.scalar(first.strip()), _TOTAL).as_py())


def set_aside(
    table: pa.Table, names: Sequence[str], header: Sequence[str], numbers: np.ndarray
) -> tuple[np.ndarray, tuple[tuple[int, str], ...]]:
    """(mask of the rows to keep; (row number, rule) of the others): totals, and the header repeated further down.

    table : all columns as text, `names` their names; header : the cells of the header as they were written.
    """
    totals = _totals(table)
    again = _repeats(table, names, header)
    odd = np.flatnonzero(totals | again)
    return ~(totals | again), tuple((int(numbers[i]), TOTAL if totals[i] else AGAIN) for i in odd)


def _totals(table: pa.Table) -> np.ndarray:
    """Mask of the rows whose first filled cell says 合计, 总计, 小计 or total."""
    found = np.zeros(table.num_rows, bool)
    open_ = np.arange(table.num_rows)
    for name in table.column_names:
        text = to_text(table[name] if len(open_) == table.num_rows else table[name].take(pa.array(open_)))[0]
        found[open_] = np.asarray(pc.match_substring_regex(text, _TOTAL).to_numpy(zero_copy_only=False), bool)
        open_ = open_[np.asarray(pc.equal(text, "").to_numpy(zero_copy_only=False), bool)]
        if not open_.size:
            break
    return found


def _repeats(table: pa.Table, names: Sequence[str], header: Sequence[str]) -> np.ndarray:
    """Mask of the rows that hold the header again, as exports pasted together do."""
    same = np.arange(table.num_rows)
    if count_names(header) < 2:
        return np.zeros(table.num_rows, bool)
    for name, written in zip(names, header, strict=True):
        text = to_text(table[name].take(pa.array(same)))[0]
        same = same[np.asarray(pc.equal(text, written.strip()).to_numpy(zero_copy_only=False), bool)]
        if not same.size:
            break
    mask = np.zeros(table.num_rows, bool)
    mask[same] = True
    return mask
