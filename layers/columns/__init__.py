"""What a column may be called, and how its values are read: names, dates, numbers, codes, encodings."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Mapping": ".names",
    "find_columns": ".names",
    "known_names": ".names",
    "normal_name": ".names",
    "Dates": ".dates",
    "parse_dates": ".dates",
    "localise": ".dates",
    "to_numbers": ".values",
    "to_text": ".values",
    "decode": ".encodings",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
