"""Tables to one GeoPackage that opens styled in QGIS."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {"FURTHER": ".contract", "LAYERS": ".contract", "write_results": ".tables"}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
