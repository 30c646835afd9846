"""The hand-over sheet 交办表.xlsx: it goes out with what was assigned, and is read back filled in."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "write_handover": ".sheet",
    "read_handover": ".filled",
    "Filled": ".filled",
    "FilledRow": ".filled",
    "check_place": ".sheet",
    "check_origin": ".record",
    "record_handover": ".record",
    "Taken": ".record",
    "RESULTS": ".columns",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
