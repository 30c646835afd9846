"""Dates whose values all have one width and shape: read as a block of digits, much faster than by a pattern."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .values import letters_of

_CLOCKS = ("", " HH:MM", " HH:MM:SS")
SHAPES = {
    "2026-01-05 08:03": tuple("yyyy-mm-dd" + clock for clock in _CLOCKS),
    "2026/1/5 8:03": tuple("yyyy/mm/dd" + clock for clock in _CLOCKS),
    "2026.1.5 8:03": tuple("yyyy.mm.dd" + clock for clock in _CLOCKS),
    "20260105080300": ("yyyymmdd", "yyyymmddHHMM", "yyyymmddHHMMSS"),
}
"""Layout -> the shapes it has where every number is written in full. A blank may be a T."""

FIELDS = "ymdHMS"

_ISO = "2026-01-05 08:03"


def read_instants(text: pa.Array, layout: str) -> np.ndarray | None:
    """(n,) datetime64[us] of a column in which every value is `yyyy-mm-dd HH:MM:SS` or shorter, all of one width, and
    every date exists; None for any other, which `read_block` may still read.

    text : large_string array without nulls. Arrow's own reader of ISO 8601 does it: with these widths and hyphens there
    is nothing else it would take, and it takes no date that does not exist.
    """
    widths = [len(shape) for shape in SHAPES[_ISO]]
    if layout != _ISO or not len(text) or len(text[0].as_buffer()) not in widths or _letters(text) is None:
        return None
    try:
        instants = text.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    return np.asarray(instants.to_numpy(zero_copy_only=False))


def read_block(text: pa.Array, layout: str) -> list[np.ndarray] | None:
    """Year, month, day, hour, minute, second of every value (each (n,) int64), or None if one has another shape.

    text : large_string array without nulls.
    """
    letters = _letters(text)
    shape = next((s for s in SHAPES.get(layout, ()) if letters is not None and len(s) == letters.shape[1]), None)
    if letters is None or shape is None:
        return None
    numbers = {field: np.zeros(len(letters), np.int64) for field in FIELDS}
    for place, mark in enumerate(shape):
        column = letters[:, place]
        if mark in FIELDS:
            if column.min() < ord("0") or column.max() > ord("9"):
                return None
            numbers[mark] = numbers[mark] * 10 + (column - ord("0"))
        elif not ((column == ord(mark)) | ((mark == " ") & (column == ord("T")))).all():
            return None
    return [numbers[field] for field in FIELDS]


def _letters(text: pa.Array) -> np.ndarray | None:
    """(n, width) bytes of values that all have the same width; None if they have not."""
    if not len(text):
        return None
    width = len(text[0].as_buffer())
    if not width or not pc.all(pc.equal(pc.binary_length(text), width)).as_py():
        return None
    return letters_of(text).reshape(-1, width)
