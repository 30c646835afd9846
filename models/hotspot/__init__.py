"""Hot spots and spatial clusters: Getis-Ord Gi*, local Moran, local Geary, join counts, and who neighbours whom."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "HOTSPOT_CLASSES": ".classes",
    "GetisOrdHotspots": ".getis_ord",
    "GlobalStatistic": ".autocorrelation",
    "LocalMoran": ".lisa",
    "LocalMoranScores": ".moran",
    "QUADRANTS": ".moran",
    "bivariate_local_moran": ".moran",
    "classify_hotspots": ".classes",
    "geary_c": ".autocorrelation",
    "gi": ".getis_ord",
    "gi_star": ".getis_ord",
    "join_counts": ".joins",
    "local_geary": ".geary",
    "local_join_counts": ".joins",
    "local_moran": ".moran",
    "moderate_counts": ".moderation",
    "moderate_rates": ".moderation",
    "moran_i": ".autocorrelation",
    "neighbour_links": ".links",
    "row_standardised": ".links",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
