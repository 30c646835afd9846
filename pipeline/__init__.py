"""The second floor: `Plan` says what to do, `run(plan, ...)` does it and returns an `Outcome`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {"Plan": ".plan", "run": ".journey", "Outcome": ".outcome", "check_inputs": ".journey"}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
