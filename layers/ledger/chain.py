"""How an event is written and hashed: the same text for the same event in every database. Standard library only."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

GENESIS = "0" * 64
HASHED = ("seq", "warning_id", "event", "state", "actor", "time", "note", "payload", "once", "previous_hash")
"""What an event's hash covers. Its step follows from these and the event before, and is checked against them."""


def digest(parts: list[Any]) -> str:
    """SHA-256 of *parts* as JSON, 64 hexadecimal digits."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def as_json(payload: Mapping[str, Any]) -> str:
    """*payload* as the text that is recorded."""
    return storable(json.dumps(plain(payload), ensure_ascii=False, sort_keys=True, allow_nan=False))


def storable(text: Any) -> str:
    """*text* without what a database cannot hold: a zero character is left out, half a surrogate pair becomes `?`."""
    return str(text).replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def instant(moment: Any) -> str:
    """A local instant in the one form that compares as text.

    Raises ValueError if *moment* is no date, or carries an offset: the ledger keeps the city's own clock.
    """
    known = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    if known.tzinfo is not None:
        raise ValueError("an offset")
    return known.isoformat()


def plain(value: Any) -> Any:
    """*value* as JSON holds it: no NaN, no numpy, no dates; unknown things as their text."""
    if value is None or type(value) in (str, int, bool):  # most are
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
