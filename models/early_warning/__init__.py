"""Significance, effect and history -> few, ranked, de-duplicated early warnings."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "WarningRules": ".rules",
    "LEVELS": ".rules",
    "expected_false": ".rules",
    "bound_per_week": ".rules",
    "Record": ".budget",
    "Issued": ".budget",
    "Rise": ".nulls",
    "null_history": ".nulls",
    "weeks_of": ".nulls",
    "without_rises": ".nulls",
    "FLOOR_DAYS": ".calibration",
    "Marks": ".calibration",
    "NullEpisodes": ".calibration",
    "Tail": ".calibration",
    "fit_tail": ".calibration",
    "level_rates": ".calibration",
    "orange_days_for": ".calibration",
    "combine_log_p": ".evidence",
    "model_weights": ".evidence",
    "family_recurrence": ".rules",
    "raise_warnings": ".episodes",
    "find_phenomena": ".phenomena",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
