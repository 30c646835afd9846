"""The calendar people live by: days off and moved working days, lunar festivals, and what is known to have changed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "DAY_TYPES": ".days",
    "REGIONS": ".days",
    "DayTable": ".days",
    "day_table": ".days",
    "day_types": ".days",
    "unknown_years": ".days",
    "Festival": ".festivals",
    "FESTIVALS": ".festivals",
    "festival_codes": ".festivals",
    "festival_day": ".festivals",
    "festival_names": ".festivals",
    "reference_days": ".festivals",
    "lunar_day": ".lunar",
    "lunar_offset": ".lunar",
    "solar_term": ".lunar",
    "spring_festival": ".lunar",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
