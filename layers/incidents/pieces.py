"""A text file in pieces: whole records, one after the other, never the whole file in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from ...errors import InputError
from ..columns.encodings import decode
from ..contents import KINDS, TEXT, Content
from .delimited import _end_of_text, _Form, _load, open_text, read_form
from .sources import Loaded, Source

PIECE = 16 << 20
"""Bytes of a piece: nearly two hundred thousand rows."""
_TRIES = 2_000


class CannotStream(Exception):
    """The file must be read whole: only then can what is said of it be the same as ever. Not an error for people."""


def head_of(path: Path, name: str) -> Source:
    """The file as far as its first piece: its columns, encoding and notices.

    Raises CannotStream where it is no plain text in UTF-8, GB18030 or Big5.
    """
    if KINDS.get(path.suffix.lower()) != TEXT:
        raise CannotStream(name)
    head = next(_raw_pieces(path, name))
    source = open_text(Content(name, path.suffix.lower(), data=head))
    if source.encoding.startswith("utf-16"):
        raise CannotStream(name)
    return source


def pieces_of(path: Path, name: str, encoding: str) -> Iterator[Source]:
    """One source per piece, with the header and the row numbers of the whole file.

    Each piece must be loaded before the next is asked for: its rows tell where the next begins.
    """
    form: _Form | None = None
    raw = _raw_pieces(path, name)
    data, last = next(raw), False
    while not last:
        following = next(raw, None)
        last = following is None
        text = _text(data, encoding, name)
        body, form = (text, form) if form is not None else _first(text, encoding, path.suffix.lower(), name)
        body = body.slice(0, _end_of_text(body, 0)) if last else body
        if not len(body):
            return  # blank to the end
        piece = _Piece(body, form)
        yield Source(name, form.columns, piece.load, encoding=encoding)
        form = replace(form, first_row=form.first_row + piece.n_rows)
        data = following or b""


class _Piece:
    """Loads its rows and knows how many records they were."""

    def __init__(self, body: pa.Buffer, form: _Form):
        self.body, self.form, self.n_rows = body, form, 0

    def load(self, columns: list[str] | None) -> Loaded:
        loaded = _load(self.body, self.form, columns)
        self.n_rows = len(loaded.rows) + len(loaded.rejected)
        return loaded


def _text(data: bytes, encoding: str, name: str) -> pa.Buffer:
    if encoding == "utf-8":
        try:
            text, found = decode(data, where=name)
        except InputError as error:
            raise CannotStream(name) from error
        if found != "utf-8":
            raise CannotStream(name)
        return text
    try:
        return pa.py_buffer(data.decode({"big5": "cp950"}.get(encoding, encoding)).encode())
    except UnicodeError as error:
        raise CannotStream(name) from error


def _first(text: pa.Buffer, encoding: str, ending: str, name: str) -> tuple[pa.Buffer, _Form]:
    form, end, _ = read_form(text, ending, name)
    return text.slice(end), form


def _raw_pieces(path: Path, name: str) -> Iterator[bytes]:
    """The bytes of the file, cut after a newline that no quotation mark encloses; at least one piece."""
    kept, n_pieces = b"", 0
    with path.open("rb") as stream:
        while block := stream.read(PIECE):
            data = kept + block
            cut = _cut(data)
            if not cut and len(data) > 4 * PIECE:
                raise CannotStream(name)
            if cut:
                yield data[:cut]
                n_pieces += 1
            kept = data[cut:]
    if kept or not n_pieces:
        yield kept


def _cut(data: bytes) -> int:
    """Just after the last newline with an even number of quotation marks before it; 0 if there is none near the end."""
    end, quotes = data.rfind(b"\n") + 1, 0
    quotes = data.count(b'"', 0, end)
    for _ in range(_TRIES):
        if not end or quotes % 2 == 0:
            return _before_blank_lines(data, end)
        before = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(b'"', before, end)
        end = before
    return 0


def _before_blank_lines(data: bytes, end: int) -> int:
    """*end*, moved to just after the last line that is not blank: blank lines at the end of a file are no rows."""
    at = end
    while at and data[at - 1] in b"\r\n":
        at -= 1
    return data.find(b"\n", at, end) + 1 if at else 0
