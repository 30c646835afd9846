"""Drills (演练): synthetic surges put into a city's own recent past, and how soon its warnings find them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "DrillSettings": ".settings",
    "Surge": ".surges",
    "draw_surges": ".surges",
    "inject": ".surges",
    "Drill": ".journey",
    "drill": ".journey",
    "write_drill": ".folder",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
