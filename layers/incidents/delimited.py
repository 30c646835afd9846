"""Delimited text: every column read as text, every record counted, also those that do not fit the header."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from ...errors import InputError
from ..columns.encodings import decode
from ..columns.names import count_known
from .rules import notice
from .sources import Content, Loaded, Source, unique_names

_DELIMITERS = (",", "\t", ";", "|")
_HEADER = 1 << 20
_BLOCK = 1 << 23


def open_text(content: Content) -> Source:
    """A CSV, TSV or TXT file: its encoding and delimiter found, its header read."""
    head = content.head()
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("the file is not text", where=content.name, fix="Export it again as CSV in UTF-8.")
    text, encoding = decode(content.buffer(), where=content.name)
    start, first_row, forced = _skip_separator_line(text)
    end = _end_of_record(text, start)
    header = bytes(memoryview(text)[start:end]).decode("utf-8").strip("\r\n")
    if not header.strip():
        raise InputError("the first row is blank", where=content.name, fix="Put the column names into the first row.")
    delimiter = forced or _find_delimiter(header, content.ending)
    names = unique_names(next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter)))
    body = text.slice(end, _end_of_text(text, end) - end)

    def load(columns: list[str] | None) -> Loaded:
        return _load(body, names, columns, delimiter, first_row + 1, content.name)

    notices = (notice("N-FILE-001", file=content.name, encoding=encoding.upper()),) if encoding != "utf-8" else ()
    return Source(content.name, names, load, encoding=encoding, notices=notices)


def _skip_separator_line(text: pa.Buffer) -> tuple[int, int, str]:
    """Excel's own first line `sep=;`: (where the header starts, its row number, the delimiter)."""
    head = bytes(memoryview(text)[:16])
    if head[:4].lower() == b"sep=" and len(head) > 5 and head[5:6] in (b"\r", b"\n"):
        return head.index(b"\n") + 1, 2, head[4:5].decode()
    return 0, 1, ""


def _end_of_record(text: pa.Buffer, start: int) -> int:
    """Just after the newline that ends the first record; newlines inside quotes do not."""
    head = bytes(memoryview(text)[start : start + _HEADER])
    newline = b"\n" if b"\n" in head else b"\r"
    at = head.find(newline)
    while at >= 0 and head[:at].count(b'"') % 2:
        at = head.find(newline, at + 1)
    return start + at + 1 if at >= 0 else start + len(head)


def _end_of_text(text: pa.Buffer, start: int) -> int:
    """Before the blank lines at the very end, which are no rows."""
    view, end = memoryview(text).cast("B"), len(text)
    while end > start and view[end - 1] in b"\r\n\x1a":
        end -= 1
    return end


def _find_delimiter(header: str, ending: str) -> str:
    """The delimiter that makes most known column names out of the header, then most columns."""
    if ending == ".tsv" and "\t" in header:
        return "\t"
    split = {d: next(csv.reader(io.StringIO(header, newline=""), delimiter=d)) for d in _DELIMITERS}
    return max(_DELIMITERS, key=lambda d: (count_known(split[d]), len(split[d])))


def _load(
    body: pa.Buffer, names: tuple[str, ...], columns: list[str] | None, delimiter: str, first_row: int, where: str
) -> Loaded:
    wanted = list(names) if columns is None else columns
    if not len(body):
        return Loaded(pa.table({name: pa.array([], pa.string()) for name in wanted}), np.zeros(0, np.int64))
    n_quotes = _count_quotes(body)
    if n_quotes % 2:
        raise InputError(
            "a quotation mark is opened and never closed",
            where=f"{where}, near line {_line_of_open_quote(body) + first_row - 1}",
            fix="Double or remove the stray quotation mark.",
        )
    rejected: list[tuple[int, int]] = []
    try:
        table = _parse(body, names, wanted, delimiter, n_quotes > 0, None)
    except pa.ArrowInvalid:
        table = _parse(body, names, wanted, delimiter, n_quotes > 0, rejected)
    swallowed = [(number, lines) for number, lines in rejected if lines]
    if swallowed:
        number, lines = swallowed[0]
        raise InputError(
            f"{lines + 1} lines read as one row: a stray quotation mark joins them",
            where=f"{where}, row {number + first_row - 1}",
            fix="Double or remove the stray quotation mark.",
        )
    numbers = np.arange(first_row, first_row + table.num_rows + len(rejected))
    bad = np.array([number for number, _ in rejected], np.int64) - 1
    return Loaded(table, np.delete(numbers, bad), tuple((int(numbers[b]), "E-ROW-002") for b in bad))


def _parse(
    body: pa.Buffer,
    names: tuple[str, ...],
    wanted: list[str],
    delimiter: str,
    quoted: bool,
    rejected: list[tuple[int, int]] | None,
) -> pa.Table:
    """All *wanted* columns as text. With a list for *rejected* the slower way: misfits are put there and left out."""

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        if rejected is not None:
            rejected.append((row.number, row.text.count("\n")))
        return "skip"

    try:
        return arrow_csv.read_csv(
            pa.BufferReader(body),
            arrow_csv.ReadOptions(column_names=list(names), block_size=_BLOCK, use_threads=rejected is None),
            arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
                invalid_row_handler=None if rejected is None else set_aside,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=wanted,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if rejected is None:
            raise
        raise InputError(
            "the rows cannot be told apart, perhaps by a stray quotation mark",
            where="the text file",
            fix="Open it in a spreadsheet, look where the columns shift, and export it again.",
        ) from error


def _count_quotes(body: pa.Buffer) -> int:
    view = memoryview(body)
    return sum(bytes(view[i : i + _BLOCK]).count(b'"') for i in range(0, len(view), _BLOCK))


def _line_of_open_quote(body: pa.Buffer) -> int:
    """Line, counted from 1 in the body, where the last quotation mark that stays open stands."""
    data = bytes(body)
    return data.count(b"\n", 0, data.rfind(b'"')) + 1
