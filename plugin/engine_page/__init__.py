"""The Engine page: which Python runs the engine, what it has and lacks, the ways to get one, and a self-test."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {"EnginePage": ".page", "lines_of": ".report"}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
