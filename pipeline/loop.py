"""What every run tells when it looks back: now against before, and grid workers' reports against citizens' calls."""

from __future__ import annotations

from typing import Any

from ..errors import Notice
from .closure import shift_alarms
from .comparison import year_on_year_facts
from .preparation import Prepared


def look_back(ready: Prepared) -> tuple[dict[str, Any], list[Notice]]:
    """The facts `year_on_year` (see `year_on_year_facts`) and `reporting_shift` (places of the alarm), and notices."""
    alarms, told = shift_alarms(ready)
    return {"year_on_year": year_on_year_facts(ready), "reporting_shift": alarms}, told
