"""Drills (演练): how what belongs to one is told from what is real. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DRILL_ZH, DRILL_EN = "【演练】", "[DRILL] "
"""What every title and level word of a drill begins with."""


def is_drill(warning: Mapping[str, Any]) -> bool:
    """Whether a warning, of a run's table or of the ledger, belongs to a drill."""
    marked = (str(warning.get(name) or "") for name in ("cell_name", "reason", "category"))
    return bool(warning.get("drill")) or any(text.startswith(DRILL_ZH) for text in marked)
