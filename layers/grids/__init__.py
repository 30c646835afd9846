"""Units of every level: read from polygons or made over the incidents, with hierarchy, roles and neighbours."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "CELL_COLUMNS": ".layer",
    "CELL_NOTICES": ".rules",
    "CELL_RULES": ".rules",
    "ROLES": ".layer",
    "CellLayer": ".layer",
    "TopologyReport": ".examination",
    "Repaired": ".repair",
    "arrange_cells": ".reading",
    "carry_over": ".versions",
    "crosswalk": ".versions",
    "examine_cells": ".examination",
    "full_name": ".layer",
    "make_cells": ".making",
    "read_cells": ".reading",
    "read_polygons": ".files",
    "recode": ".versions",
    "repair_cells": ".repair",
    "valid_polygons": ".files",
    "with_former": ".former",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
