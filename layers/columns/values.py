"""How values are read: text first, numbers from text, codes never through rounded numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EXACT = float(2**53)
"""Whole numbers beyond this are rounded in a floating-point column: a code stored so is already damaged."""

MISSING = ("", "null", "none", "nan", "nat", "na", "n/a", "-", "--", "\\n", "无", "空")
"""What stands for "nothing" in a cell of numbers or dates; in a text column it stays text."""

_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
_LONGEST_MISSING = max(len(word.encode()) for word in MISSING)


def to_text(column: pa.ChunkedArray | pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Any column as trimmed text, blanks as "", and a mask of codes whose digits are already lost.

    Whole floating-point numbers lose their ".0"; beyond 2**53, or in scientific notation, they are marked lost.
    """
    column = _one_array(column)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    lost = np.zeros(len(column), bool)
    kind = column.type
    if pa.types.is_floating(kind):
        return _floats_to_text(column)
    text = column if is_text(kind) else column.cast(pa.string())
    text = pc.utf8_trim_whitespace(pc.fill_null(text.cast(pa.large_string()), ""))
    return text, lost


def coded(column: pa.ChunkedArray | pa.Array) -> tuple[list[str], np.ndarray]:
    """A column as `to_text` has it: its distinct texts, and (n,) the place of each row's among them.

    For columns of few distinct values: what is done to them is done once a value, not once a row.
    """
    if not is_text(column.type):
        column = to_text(column)[0]
    whole = pc.fill_null(column, "").dictionary_encode()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.unify_dictionaries().combine_chunks()
    tidy = to_text(whole.dictionary)[0].dictionary_encode()
    at = np.asarray(whole.indices.to_numpy(zero_copy_only=False))
    merged = np.asarray(tidy.indices.to_numpy(zero_copy_only=False))
    if len(tidy.dictionary) < len(merged):  # texts that differed in blanks around them
        at = merged[at]
    return tidy.dictionary.to_pylist(), at


def letters_of(text: pa.Array) -> np.ndarray:
    """The bytes of all values of a large_string array, one after the other, without copying."""
    _, offsets, data = text.buffers()
    if not len(text) or data is None:
        return np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, np.int64, len(text) + 1, text.offset * 8)
    return np.frombuffer(data, np.uint8, int(ends[-1] - ends[0]), int(ends[0]))


def is_ascii(text: pa.Array) -> bool:
    """Whether no value of a large_string array holds a letter beyond ASCII."""
    letters = letters_of(text)
    return not len(letters) or int(letters.max()) < 128


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _floats_to_text(column: pa.Array) -> tuple[pa.Array, np.ndarray]:
    numbers = np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False))
    with np.errstate(invalid="ignore"):
        lost = np.abs(numbers) > EXACT
        whole = np.isfinite(numbers) & ~lost & (numbers == np.floor(numbers))
    out = pc.if_else(
        pa.array(whole),
        pa.array(np.where(whole, numbers, 0).astype(np.int64)).cast(pa.large_string()),
        pa.array(numbers).cast(pa.large_string()),
    )
    return pc.if_else(pa.array(np.isnan(numbers)), "", out), lost


def scientific(text: pa.Array) -> np.ndarray:
    """Mask of codes a spreadsheet wrote as `1.10105E+17`: their digits are lost."""
    if not (letters_of(text) == ord("+")).any():
        return np.zeros(len(text), bool)
    found = pc.match_substring_regex(text, r"^\d(\.\d+)?[eE]\+\d{2}$")
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def to_numbers(column: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """(float64, NaN where blank or unreadable; mask of what is there but is no number). Full-width digits are read."""
    column = _one_array(column)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.array(numbers, dtype=float), np.zeros(len(column), bool)
    text, _ = to_text(column)
    plain = _plain_numbers(text)
    if plain is not None:
        return plain, np.zeros(len(text), bool)
    readable = pc.match_substring_regex(text, _NUMBER)
    if not pc.all(readable).as_py():
        text = pc.utf8_trim_whitespace(pc.utf8_normalize(text, form="NFKC"))
        readable = pc.match_substring_regex(text, _NUMBER)
    numbers = pc.if_else(readable, text, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    bad = ~np.asarray(readable.to_numpy(zero_copy_only=False), bool) & ~is_missing(text)
    return np.array(numbers, dtype=float), bad


def _plain_numbers(text: pa.Array) -> np.ndarray | None:
    """The quick way for a column that holds digits, signs and points or nothing in every cell; None for any other."""
    letters = letters_of(text)
    if len(letters) and (letters.min() < ord("+") or letters.max() > ord("9")):
        return None
    if any((letters == ord(other)).any() for other in ",/"):
        return None
    filled = text
    if len(text) and not pc.min(pc.binary_length(text)).as_py():
        filled = pc.if_else(pc.equal(text, ""), None, text)
    try:
        return np.array(filled.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float)
    except pa.ArrowInvalid:  # two points, or a plus sign
        return None


def is_missing(text: pa.Array) -> np.ndarray:
    """Mask of the cells that stand for "nothing" among numbers or dates."""
    missing = np.zeros(len(text), bool)
    at = np.flatnonzero(pc.less_equal(pc.binary_length(text), _LONGEST_MISSING).to_numpy(zero_copy_only=False))
    if len(at):
        found = pc.is_in(pc.utf8_lower(text.take(pa.array(at))), value_set=pa.array(MISSING, text.type))
        missing[at] = found.to_numpy(zero_copy_only=False)
    return missing


def _one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One contiguous array, its offsets wide enough for any size of text."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if is_text(column.type):
        column = column.cast(pa.large_string())
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)
