"""Emerging hot spots: space-time Gi*, the trend of its z, and 17 patterns by a versioned table of rules."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "EmergingHotspots": ".hotspots",
    "PatternRules": ".rules",
    "Trend": ".trend",
    "classify_patterns": ".rules",
    "hamed_rao": ".trend",
    "mann_kendall": ".trend",
    "pattern_rules": ".rules",
    "space_time_gi_star": ".space_time",
    "whole_steps": ".space_time",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
