"""Every refusal of what users hand over, and every complaint about the machine: code, both languages, what to do."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {"REFUSALS": ".catalogue", "refusal": ".catalogue", "trouble": ".catalogue"}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
