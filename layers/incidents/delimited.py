"""Delimited text: every column read as text, every record counted, also those that do not fit the header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from ..columns.encodings import decode
from ..contents import Content
from ..refusals import refusal
from .headers import HEADER_WITHIN, TOTAL, TOTAL_WORDS, count_names, find_header, is_total, set_aside
from .rules import notice
from .sources import Loaded, Source, unique_names

_DELIMITERS = (",", "\t", ";", "|")
_HEADER = 1 << 20
_BLOCK = 1 << 23
_MARGIN = 64
_SKIPPED = b' ,;|\t"\xe3\x80'
"""Bytes that may stand before a total: delimiters, blanks, and what begins a full-width blank."""


def open_text(content: Content) -> Source:
    """A CSV, TSV or TXT file: its encoding and delimiter found, its header read."""
    text, encoding = decode(content.buffer(), where=content.name)
    form, end, above = read_form(text, content.ending, content.name)
    body = text.slice(end, _end_of_text(text, end) - end)

    def load(columns: list[str] | None) -> Loaded:
        return _load(body, form, columns)

    notices = [notice("N-FILE-001", file=content.name, encoding=encoding.upper())] if encoding != "utf-8" else []
    notices += [notice("N-FILE-003", file=content.name, row=form.first_row - 1)] if above else []
    return Source(content.name, form.columns, load, encoding=encoding, notices=tuple(notices))


def read_form(text: pa.Buffer, ending: str, where: str) -> tuple[_Form, int, int]:
    """(how the text is to be read, where its first row begins, number of records above the header)."""
    start, first_row, forced = _skip_separator_line(text)
    records, ends = _first_records(text, start)
    delimiter = forced or _find_delimiter(records, ending)
    cells = [_split(record, delimiter) for record in records]
    at = find_header(cells, where=where)
    spare = _ends_with_a_delimiter(cells[at + 1 :], len(cells[at]))
    names = unique_names([*cells[at], ""] if spare else cells[at])
    return _Form(names, tuple(cells[at]), delimiter, first_row + at + 1, where, spare), ends[at], at


def _ends_with_a_delimiter(rows: list[list[str]], n_names: int) -> bool:
    """Whether all of the first rows have one field more than the header, a blank one: the export ends them so."""
    full = [row for row in rows if any(cell.strip() for cell in row)]
    return bool(full) and all(len(row) == n_names + 1 and not row[-1].strip() for row in full)


def _skip_separator_line(text: pa.Buffer) -> tuple[int, int, str]:
    """Excel's own first line `sep=;`: (where the header starts, its row number, the delimiter)."""
    head = bytes(memoryview(text)[:16])
    if head[:4].lower() == b"sep=" and len(head) > 5 and head[5:6] in (b"\r", b"\n"):
        return head.index(b"\n") + 1, 2, head[4:5].decode()
    return 0, 1, ""


def _first_records(text: pa.Buffer, start: int) -> tuple[list[str], list[int]]:
    """The first records as text, and where each ends, just after its newline; newlines inside quotes end none."""
    head = bytes(memoryview(text)[start : start + _HEADER])
    newline = b"\n" if b"\n" in head else b"\r"
    records, ends, at = [], [], 0
    while at < len(head) and len(records) <= HEADER_WITHIN:
        end = head.find(newline, at)
        while end >= 0 and head.count(b'"', at, end) % 2:
            end = head.find(newline, end + 1)
        end = end + 1 if end >= 0 else len(head)
        records.append(head[at:end].decode("utf-8", "ignore").strip("\r\n"))
        ends.append(start + end)
        at = end
    return records, ends


def _split(record: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [""])
    except csv.Error:  # a field too long for a header
        return record.split(delimiter)


def _end_of_text(text: pa.Buffer, start: int) -> int:
    """Before the blank lines at the very end, which are no rows."""
    view, end = memoryview(text).cast("B"), len(text)
    while end > start and view[end - 1] in b"\r\n\x1a":
        end -= 1
    return end


def _find_delimiter(records: list[str], ending: str) -> str:
    """The delimiter that makes most known column names out of one of the first rows, then most columns."""
    if ending == ".tsv" and any("\t" in record for record in records):
        return "\t"

    def merit(delimiter: str) -> tuple[int, int]:
        rows = [_split(record, delimiter) for record in records]
        return max(map(count_names, rows), default=0), len(next((row for row in rows if any(row)), []))

    return max(_DELIMITERS, key=merit)


@dataclass(frozen=True)
class _Form:
    """How a text file is to be read: column names, the header as written, delimiter, number of the first row, file.

    spare : a delimiter ends every row, so that the last of `names` is no column.
    """

    names: tuple[str, ...]
    header: tuple[str, ...]
    delimiter: str
    first_row: int
    where: str
    spare: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns there are."""
        return self.names[:-1] if self.spare else self.names


def _load(body: pa.Buffer, form: _Form, columns: list[str] | None) -> Loaded:
    wanted = list(form.columns) if columns is None else columns
    if not len(body):
        return Loaded(pa.table({name: pa.array([], pa.large_string()) for name in wanted}), np.zeros(0, np.int64))
    n_quotes = _count(body, ord('"'))
    if n_quotes % 2:
        raise refusal("E-CSV-004", where=f"{form.where}, near line {_line_of_open_quote(body) + form.first_row - 1}")
    rejected: list[tuple[int, int, str]] = []
    look = _may_hold_other_rows(body, form)
    quoted, damaged = n_quotes > 0, _holds_any(memoryview(body), [b"\x00"])
    read = list(form.names) if look or quoted or damaged or form.spare else wanted
    try:
        table = _parse(body, form, read, quoted, None)
    except pa.ArrowInvalid:
        table = _parse(body, form, read, quoted, rejected)
    swallowed = [(number, lines) for number, lines, _ in rejected if lines]
    if swallowed:
        number, lines = swallowed[0]
        raise refusal("E-CSV-005", where=f"{form.where}, row {number + form.first_row - 1}", n=lines + 1)
    numbers = np.arange(form.first_row, form.first_row + table.num_rows + len(rejected))
    misfits = tuple((int(numbers[number - 1]), rule) for number, _, rule in rejected)
    numbers = np.delete(numbers, np.array([number for number, _, _ in rejected], np.int64) - 1)
    if quoted:
        _refuse_joined(body, table, form)
    for rule, rows in _spoilt(table, form, damaged):
        misfits += tuple((int(number), rule) for number in numbers[rows])
        table, numbers = table.filter(pa.array(~rows)), numbers[~rows]
    if not look:
        return Loaded(table.select(wanted), numbers, misfits)
    keep, others = set_aside(table, form.names, form.header, numbers)
    table = table.select(wanted)
    return Loaded(table if keep.all() else table.filter(pa.array(keep)), numbers[keep], (*misfits, *others))


def _spoilt(table: pa.Table, form: _Form, damaged: bool) -> Iterator[tuple[str, np.ndarray]]:
    """(rule, (n,) bool) of rows that hold a NUL, then of those of the rest whose spare field is not blank."""
    if damaged:
        marks = [pc.match_substring(column, "\x00").to_numpy(zero_copy_only=False) for column in table.columns]
        holds = np.logical_or.reduce([mark.astype(bool) for mark in marks])
        yield "E-ROW-005", holds
        table = table.filter(pa.array(~holds))
    if form.spare:
        yield (
            "E-ROW-002",
            pc.not_equal(pc.utf8_trim_whitespace(table.column(form.names[-1])), "")
            .to_numpy(zero_copy_only=False)
            .astype(bool),
        )


def _may_hold_other_rows(body: pa.Buffer, form: _Form) -> bool:
    """Whether a line begins like a total or like the header: only then are all columns read to look closer."""
    data = memoryview(body)
    head = bytes(data[:_MARGIN])
    newline = b"\r" if b"\n" not in bytes(data[:_HEADER]) else b"\n"
    first = form.header[0].strip().encode() if count_names(form.header) >= 2 else b""
    words = [word.encode() for word in TOTAL_WORDS] + ([first] if first else [])
    if not _begins_with(body, newline, {word[0] for word in words} | set(_SKIPPED)) or not _holds_any(data, words):
        return False
    begins = re.compile(newline + b"[" + re.escape(_SKIPPED) + b"]*(?:" + b"|".join(map(re.escape, words)) + b")")
    return bool(begins.search(newline + head) or begins.search(data))


def _begins_with(body: pa.Buffer, newline: bytes, letters: set[int]) -> bool:
    """Whether any line begins with one of *letters*, bytes: by far the quickest question, and mostly the last."""
    data = np.frombuffer(body, np.uint8)
    wanted = np.zeros(256, bool)
    wanted[list(letters)] = True
    if wanted[data[0]]:
        return True
    for start in range(0, len(data) - 1, _BLOCK):
        ends = np.flatnonzero(data[start : min(start + _BLOCK, len(data) - 1)] == newline[0])
        if wanted[data[ends + (start + 1)]].any():
            return True
    return False


def _holds_any(data: memoryview, words: list[bytes]) -> bool:
    """Whether one of *words* stands anywhere: much faster to ask than where it begins a line."""
    longest = max(map(len, words))
    blocks = (bytes(data[i : i + _BLOCK + longest]) for i in range(0, len(data), _BLOCK))
    return any(word in block for block in blocks for word in words)


def _refuse_joined(body: pa.Buffer, table: pa.Table, form: _Form) -> None:
    """Refuse rows that two stray quotation marks have joined into one that has the right number of fields.

    Such a field holds k newlines and exactly k times the delimiters of a row. Looked for only where there are fewer
    rows than lines.
    """
    width = len(form.names) - 1
    if width < 2 or _count(body, ord("\n")) <= table.num_rows:
        return
    for name in form.names:
        column = table[name]
        suspects = pc.and_(pc.match_substring(column, "\n"), pc.match_substring(column, form.delimiter))
        for row in np.flatnonzero(np.asarray(pc.fill_null(suspects, False))):
            text = column[int(row)].as_py()
            if text.count(form.delimiter) == width * text.count("\n"):
                raise refusal(
                    "E-CSV-006", where=f"{form.where}, row {int(row) + form.first_row}", n=text.count(chr(10)) + 1
                )


def _parse(
    body: pa.Buffer, form: _Form, wanted: list[str], quoted: bool, rejected: list[tuple[int, int, str]] | None
) -> pa.Table:
    """All *wanted* columns as text. With a list for *rejected* the slower way: misfits are put there and left out."""

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        if rejected is not None:
            cells = _split(row.text, form.delimiter)
            first = next((cell for cell in cells if cell.strip()), "")
            rejected.append((row.number, row.text.count("\n"), TOTAL if is_total(first) else "E-ROW-002"))
        return "skip"

    try:
        return arrow_csv.read_csv(
            pa.BufferReader(body),
            arrow_csv.ReadOptions(column_names=list(form.names), block_size=_BLOCK, use_threads=rejected is None),
            arrow_csv.ParseOptions(
                delimiter=form.delimiter,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
                invalid_row_handler=None if rejected is None else set_aside,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(form.names, pa.large_string()),
                include_columns=wanted,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if rejected is None:
            raise
        raise refusal("E-CSV-007", where="the text file") from error


def _count(body: pa.Buffer, letter: int) -> int:
    letters = np.frombuffer(body, np.uint8)
    return sum(int(np.count_nonzero(letters[i : i + _BLOCK] == letter)) for i in range(0, len(letters), _BLOCK))


def _line_of_open_quote(body: pa.Buffer) -> int:
    """Line, counted from 1 in the body, where the last quotation mark that stays open stands."""
    data = bytes(body)
    return data.count(b"\n", 0, data.rfind(b'"')) + 1
