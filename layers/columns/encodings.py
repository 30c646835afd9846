"""Which encoding a text is in: a mark, then strict UTF-8, then strict GB18030. Never a replaced character."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pyarrow as pa

from ...errors import InputError

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BLOCK = 1 << 24
_SAMPLE = 20_000
_COMMON_SHARE = 0.6


def decode(data: bytes | memoryview | pa.Buffer, *, where: str) -> tuple[pa.Buffer, str]:
    """The text as UTF-8 without a mark, and the name of the encoding it came in.

    Raises InputError if it is in none of them, or reads as GB18030 only into characters nobody writes.
    """
    view = memoryview(data)
    for mark, name in _MARKS:
        if bytes(view[:3]).startswith(mark):
            view = view[len(mark) :]
            if name == "utf-8":
                return _checked(view, where), "utf-8"
            return _recoded(view, name, where), name
    bad = _first_bad_line(view, "utf-8")
    if bad is None:
        return pa.py_buffer(view), "utf-8"
    try:
        text = _recoded(view, "gb18030", where)
    except InputError as error:
        raise _unreadable(where, bad) from error
    if not _reads_like_chinese(text):
        raise _unreadable(where, bad)
    return text, "gb18030"


def _checked(view: memoryview, where: str) -> pa.Buffer:
    bad = _first_bad_line(view, "utf-8")
    if bad is not None:
        raise _unreadable(where, bad)
    return pa.py_buffer(view)


def _unreadable(where: str, line: int) -> InputError:
    return InputError(
        "the text is neither UTF-8 nor GB18030",
        where=f"{where}, line {line}",
        fix="Save it again as UTF-8 (in Excel: 'CSV UTF-8'), or send the original export.",
    )


def _blocks(view: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(view), _BLOCK):
        yield view[start : start + _BLOCK]


def _first_bad_line(view: memoryview, encoding: str) -> int | None:
    """Line of the first byte that is not *encoding*; None if all are."""
    decoder, lines = codecs.getincrementaldecoder(encoding)("strict"), 1
    for block in _blocks(view):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return lines + bytes(error.object[: error.start]).count(b"\n")
        lines += bytes(block).count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return lines
    return None


def _recoded(view: memoryview, encoding: str, where: str) -> pa.Buffer:
    decoder, sink = codecs.getincrementaldecoder(encoding)("strict"), pa.BufferOutputStream()
    try:
        for block in _blocks(view):
            sink.write(decoder.decode(block).encode("utf-8"))
        sink.write(decoder.decode(b"", final=True).encode("utf-8"))
    except UnicodeError as error:
        raise InputError(
            f"the text is not {encoding}, although it begins or reads like it",
            where=where,
            fix="Save it again as UTF-8, or send the original export.",
        ) from error
    return sink.getvalue()


def _reads_like_chinese(text: pa.Buffer) -> bool:
    """Whether common characters prevail: UTF-8 or Big5 read as GB18030 "succeeds" into rare ones.

    Common are the 3,755 characters of the first level of GB 2312 (first byte B0-D7) and its punctuation (A1-A9).
    """
    sample = bytes(memoryview(text)[: _SAMPLE * 8]).decode("utf-8", "ignore")
    foreign = [c for c in sample if ord(c) > 127][:_SAMPLE]
    return not foreign or sum(_is_common(c) for c in foreign) >= _COMMON_SHARE * len(foreign)


def _is_common(character: str) -> bool:
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xB0 <= first <= 0xD7 or 0xA1 <= first <= 0xA9
