"""Whether a column of identifiers holds people: phones and identity numbers among what should be numbers of cases."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..columns.values import letters_of
from ..privacy import PERSON_SHARE, looks_personal

_LOOKS_PERSONAL = r"^(\+?86[- ]?)?1[3-9]\d{9}$|^[1-9]\d{16}[0-9Xx]$"
_MAY_BE_PERSONAL = (
    r"(^|\D)(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(\.0)?(\D|$)"
    r"|(^|[^0-9A-Za-z])[1-9]\d{5}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]([^0-9A-Za-z]|$)"
    r"|0\d{2,3}\)?[- ]\d{7,8}|[^\x00-\x7F]|@"
)
"""Whatever `mask_personal` changes matches this, and few codes do: an 18-digit one only with a date in its middle."""
_CARD = 18
_SAMPLE = 2_000


def maybe_personal(text: pa.Array) -> np.ndarray:
    """Places of the identifiers that may hold personal data: all that do, and few others.

    Digits alone are a mobile number or an identity number at three widths only, and this only with a century in it.
    """
    letters, at = letters_of(text), np.arange(len(text))
    if len(letters) and letters.min() >= ord("0") and letters.max() <= ord("9"):
        widths = pc.binary_length(text).to_numpy(zero_copy_only=False)
        cards = np.flatnonzero(widths == _CARD)
        starts = np.cumsum(widths)[cards] - _CARD
        cards = cards[(letters[starts + 6] == ord("1")) | (letters[starts + 6] == ord("2"))]
        at = np.union1d(np.flatnonzero((widths == 11) | (widths == 13)), cards)
    found = pc.match_substring_regex(text.take(pa.array(at)) if len(at) < len(text) else text, _MAY_BE_PERSONAL)
    return at[found.to_numpy(zero_copy_only=False)]


def is_personal(text: pa.Array, suspects: np.ndarray) -> bool:
    """Whether most of a column's values are phone or identity numbers, which all are among the rows *suspects*."""
    n_filled = len(text) - (pc.sum(pc.equal(text, "")).as_py() or 0)
    if not n_filled or len(suspects) < PERSON_SHARE * n_filled:
        return False
    words = text.take(pa.array(suspects))
    words = words.filter(pc.match_substring_regex(words, _LOOKS_PERSONAL))
    sample = words.slice(0, _SAMPLE).to_pylist()
    sure = sum(map(looks_personal, sample)) / max(1, len(sample))
    return sure * len(words) >= PERSON_SHARE * n_filled
