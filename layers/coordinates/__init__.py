"""Coordinate systems, the shifts of Chinese web maps, coordinates as text, and which of them a file is in."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "WGS84": ".systems",
    "SCALE_TOLERANCE": ".systems",
    "is_metric": ".systems",
    "named_crs": ".systems",
    "read_crs": ".systems",
    "reproject": ".systems",
    "same_datum": ".systems",
    "transformer": ".systems",
    "working_crs": ".systems",
    "working_in": ".systems",
    "SHIFTED": ".shifts",
    "bd09_to_gcj02": ".shifts",
    "bd09_to_wgs84": ".shifts",
    "gcj02_to_bd09": ".shifts",
    "gcj02_to_wgs84": ".shifts",
    "in_china": ".shifts",
    "wgs84_to_bd09": ".shifts",
    "wgs84_to_gcj02": ".shifts",
    "zone_of": ".zones",
    "zone_system": ".zones",
    "Angles": ".text",
    "read_angles": ".text",
    "split_pairs": ".text",
    "better_hypothesis": ".datum",
    "diagnose_datum": ".datum",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
