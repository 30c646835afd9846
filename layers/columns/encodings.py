"""Which encoding a text is in: a mark, then strict trials of UTF-8, GB18030 and Big5. Never a replaced character."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ...errors import InputError
from ..refusals import refusal

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BLOCK = 1 << 24
_HEAD = 4096
_SAMPLE = 20_000
_COMMON_SHARE = 0.6
_CODECS = {"big5": "cp950"}
"""The name people know -> the codec that reads what Windows writes under it."""
_LEVELS = (("gb2312", range(0xA1, 0xAA), range(0xB0, 0xD8)), ("cp950", range(0xA1, 0xA4), range(0xA4, 0xC7)))
"""Codec, first bytes of its punctuation and of its first level of characters."""


def decode(data: bytes | memoryview | pa.Buffer, *, where: str) -> tuple[pa.Buffer, str]:
    """The text as UTF-8 without a mark, and the name of the encoding it came in.

    Without a mark: UTF-16 where zero bytes show it, then UTF-8, then GB18030 or Big5, whichever reads into more of the
    characters people write. Raises InputError if it is in none of them, or only in characters nobody writes.
    """
    view = memoryview(data)
    for mark, name in _MARKS:
        if bytes(view[:3]).startswith(mark):
            view = view[len(mark) :]
            if name == "utf-8":
                return _checked(view, where), "utf-8"
            return _recoded(view, name, where), name
    if b"\x00" in bytes(view[:_HEAD]):
        return _without_mark(view, where)
    bad = _first_bad_line(view, "utf-8")
    if bad is None:
        return pa.py_buffer(view), "utf-8"
    name = _best_guess(view)
    if not name:
        raise _unreadable(where, bad)
    try:
        return _recoded(view, _CODECS.get(name, name), where), name
    except InputError as error:
        raise _unreadable(where, bad) from error


def _without_mark(view: memoryview, where: str) -> tuple[pa.Buffer, str]:
    """UTF-16 that lacks its mark: delimiters and digits then show as zero bytes at every second place."""
    head = bytes(view[:_HEAD])
    low, high = head[1::2].count(0), head[0::2].count(0)
    name = "utf-16-le" if low > high else "utf-16-be"
    if min(low, high) or max(low, high) < len(head) // 20 or len(view) % 2:
        raise refusal("E-CSV-002", where=where)
    return _recoded(view, name, where), name


def _best_guess(view: memoryview) -> str:
    """GB18030 or Big5, by the share of characters people write; "" if neither reads or none prevails."""
    shares: dict[str, float] = {}
    sample = bytes(view[: _SAMPLE * 8])
    for name in ("gb18030", "big5"):
        text = codecs.getincrementaldecoder(_CODECS.get(name, name))("strict")
        try:
            characters = text.decode(sample)
        except UnicodeDecodeError:
            continue
        foreign = [c for c in characters if ord(c) > 127][:_SAMPLE]
        shares[name] = sum(map(_is_common, foreign)) / len(foreign) if foreign else 1.0
    best = max(shares, key=lambda name: shares[name], default="")  # the first of equals: GB18030
    return best if best and shares[best] >= _COMMON_SHARE else ""


def _checked(view: memoryview, where: str) -> pa.Buffer:
    bad = _first_bad_line(view, "utf-8")
    if bad is not None:
        raise _unreadable(where, bad)
    return pa.py_buffer(view)


def _unreadable(where: str, line: int) -> InputError:
    return refusal("E-CSV-001", where=f"{where}, line {line}")


def _blocks(view: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(view), _BLOCK):
        yield view[start : start + _BLOCK]


def _first_bad_line(view: memoryview, encoding: str) -> int | None:
    """Line of the first byte that is not *encoding*; None if all are."""
    if encoding == "utf-8" and _is_utf8(view):
        return None
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


def _is_utf8(view: memoryview) -> bool:
    """Whether every byte is part of a UTF-8 character: one pass by Arrow, ten times as fast as decoding."""
    if not len(view):
        return True
    ends = pa.py_buffer(np.array([0, len(view)], np.int64))
    whole = pa.LargeBinaryArray.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(view)])
    try:
        whole.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _recoded(view: memoryview, encoding: str, where: str) -> pa.Buffer:
    decoder, sink = codecs.getincrementaldecoder(encoding)("strict"), pa.BufferOutputStream()
    try:
        for block in _blocks(view):
            sink.write(decoder.decode(block).encode("utf-8"))
        sink.write(decoder.decode(b"", final=True).encode("utf-8"))
    except UnicodeError as error:
        raise refusal("E-CSV-003", where=where, encoding=encoding) from error
    return sink.getvalue()


def _is_common(character: str) -> bool:
    """Among the 3,755 of the first level of GB 2312, the 5,401 of the first level of Big5, or their punctuation."""
    for codec, marks, letters in _LEVELS:
        try:
            first = character.encode(codec)[0]
        except UnicodeEncodeError:
            continue
        if first in marks or first in letters:
            return True
    return False
