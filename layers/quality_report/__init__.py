"""The data-quality report (体检): what came in, what became of it, and where; one page without scripts, and JSON."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = dict.fromkeys(("check_report_place", "write_quality_report", "PAGE", "DATA", "LAYER", "COPY"), ".report")


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
