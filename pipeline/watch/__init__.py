"""The daily watch: one unattended run per city folder, with lock, log, missed runs told, and the last good briefing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "CityFolder": ".place",
    "WatchSettings": ".settings",
    "RunLock": ".lock",
    "watch_run": ".morning",
    "watch_status": ".status",
    "make_recipe": ".recipes",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
