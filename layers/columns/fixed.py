"""Dates whose values all have one width and shape: read as a block of digits, much faster than by a pattern."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_CLOCKS = ("", " HH:MM", " HH:MM:SS")
SHAPES = {
    "2026-01-05 08:03": tuple("yyyy-mm-dd" + clock for clock in _CLOCKS),
    "2026/1/5 8:03": tuple("yyyy/mm/dd" + clock for clock in _CLOCKS),
    "2026.1.5 8:03": tuple("yyyy.mm.dd" + clock for clock in _CLOCKS),
    "20260105080300": ("yyyymmdd", "yyyymmddHHMM", "yyyymmddHHMMSS"),
}
"""Layout -> the shapes it has where every number is written in full. A blank may be a T."""

FIELDS = "ymdHMS"


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
    _, offsets, data = text.buffers()
    ends = np.frombuffer(offsets, np.int64, len(text) + 1, text.offset * 8)
    width = int(ends[1] - ends[0])
    if data is None or not width or not (np.diff(ends) == width).all():
        return None
    return np.frombuffer(data, np.uint8, len(text) * width, int(ends[0])).reshape(-1, width)
