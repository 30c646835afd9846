"""Files, layers and databases -> the validated incident table, and every row that did not make it, with the reason."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Intake": ".intake",
    "FileRead": ".intake",
    "read_incidents": ".intake",
    "RULES": ".rules",
    "NOTICES": ".rules",
    "Rule": ".rules",
    "UNCLASSIFIED": ".rows",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
