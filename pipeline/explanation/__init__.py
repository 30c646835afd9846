"""Why a warning was given: what carries the rise, the season before, how sure it is, and how such warnings ended."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "explain": ".reasons",
    "for_profile": ".reasons",
    "with_chance": ".reasons",
    "GROUPED_COLUMNS": ".grouped",
    "with_record": ".record",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
