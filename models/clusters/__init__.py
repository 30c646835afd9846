"""Clusters of points, in space and in space and time; near repeats; how concentrated incidents are."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Clusters": ".density_based",
    "Concentration": ".lorenz",
    "Knox": ".near_repeats",
    "NearRepeat": ".near_repeats",
    "concentration": ".lorenz",
    "dbscan": ".density_based",
    "hdbscan": ".density_based",
    "knox": ".near_repeats",
    "near_repeat": ".near_repeats",
    "st_dbscan": ".space_time",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
