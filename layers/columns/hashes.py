"""Texts as numbers of 64 bits, all rows at once: equal texts have equal numbers, and hardly any others do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .values import letters_of

_AT_ONCE = 1 << 16
"""Rows hashed at a time, so that what lies between is never fetched from memory."""
_TABLE = (1 << 22) - 1


def hash_texts(text: pa.Array, seed: int) -> np.ndarray:
    """(n,) uint64 of a large_string array without nulls. Different seeds give hashes that do not depend on each other.

    Texts of one length are taken together, eight bytes of each at a time.
    """
    out = np.empty(len(text), np.uint64)
    ends = np.concatenate([[0], np.cumsum(pc.binary_length(text).to_numpy(zero_copy_only=False))])
    letters = np.concatenate([letters_of(text), np.zeros(8, np.uint8)])
    eights = np.ndarray(len(letters) - 7, "<u8", letters, strides=(1,))  # the eight bytes from every byte on
    for width, rows in _by_width(np.diff(ends)):
        value = mixed(np.array([width], np.uint64), np.uint64(seed), seed)
        for place in range(0, width, 8):
            own = np.uint64((1 << 8 * min(8, width - place)) - 1)  # not those of the next text
            value = mixed(value, eights[ends[rows] + place] & own, seed)
        out[rows] = value
    return out


def _by_width(widths: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(width, places of texts that wide), at most `_AT_ONCE` of them at a time."""
    if not len(widths):
        return
    order = np.argsort(widths, kind="stable") if widths.min() < widths.max() else np.arange(len(widths))
    steps = np.flatnonzero(np.diff(widths[order])) + 1
    for rows in np.split(order, steps):
        for start in range(0, len(rows), _AT_ONCE):
            yield int(widths[rows[0]]), rows[start : start + _AT_ONCE]


def mixed(value: np.ndarray, other: np.ndarray | np.uint64, seed: int) -> np.ndarray:
    """One number out of two, every bit of which depends on every bit of both (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        bits = (value ^ (other + np.uint64(seed | 1))) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))


def maybe_repeated(hashes: np.ndarray) -> np.ndarray:
    """Places of the hashes that occur more than once, and of a few others."""
    ordered = np.sort(hashes)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    marked = np.zeros(_TABLE + 1, bool)
    marked[again & np.uint64(_TABLE)] = True
    return np.flatnonzero(marked[hashes & np.uint64(_TABLE)]) if len(again) else np.zeros(0, np.int64)
