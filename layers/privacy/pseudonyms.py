"""Keyed names for callers: who calls twice is seen, who it is is not. The key never lies among the outputs."""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from pathlib import Path

from ..refusals import refusal

KEY_VARIABLE = "GRIDBEACON_PSEUDONYM_KEY"
LEAST = 16
"""Bytes a key must have."""
_KEY = {"least": LEAST, "variable": KEY_VARIABLE}


class Pseudonyms:
    """HMAC-SHA256 of a value in its normal form, as 16 hexadecimal digits; "" stays ""."""

    def __init__(self, key: bytes):
        self._key = key

    def of(self, value: str) -> str:
        """The pseudonym of *value*: blanks, hyphens, width, +86 and a trailing ".0" make no difference."""
        plain = unicodedata.normalize("NFKC", value).casefold().removesuffix(".0")
        plain = "".join(mark for mark in plain if mark.isalnum())
        plain = plain.removeprefix("86") if len(plain) == 13 and plain.isdigit() else plain
        if not plain:
            return ""
        return hmac.new(self._key, plain.encode(), hashlib.sha256).hexdigest()[:16]

    def __repr__(self) -> str:
        return "Pseudonyms(key=...)"


def read_key(path: str | Path | None, *, outputs: str | Path | None = None) -> bytes:
    """The key from the file *path*, else from the environment.

    Raises InputError where there is none, it is too short, or it lies inside the folder *outputs*.
    """
    if path is None:
        key = os.environ.get(KEY_VARIABLE, "").encode()
        where = KEY_VARIABLE
    else:
        place, where = Path(path), Path(path).name
        if outputs is not None and place.resolve().is_relative_to(Path(outputs).resolve()):
            raise refusal("E-KEY-001", where=where, **_KEY)
        try:
            key = place.read_bytes().strip()
        except OSError as error:
            raise refusal("E-KEY-002", where=where, **_KEY) from error
    if len(key) < LEAST:
        raise refusal("E-KEY-004" if key else "E-KEY-003", where=where, n=len(key), **_KEY)
    return key
