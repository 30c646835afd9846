"""Anomalies in time: units against their own past, and bins whose data are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "BayesPredictive": ".bayes",
    "EarsAnomaly": ".ears",
    "FarringtonAnomaly": ".farrington",
    "IsolationAnomaly": ".isolation",
    "Ladder": ".ladder",
    "NegativeBinomialCusum": ".cusum",
    "NegativeBinomialGlr": ".cusum",
    "NegativeBinomialPredictive": ".predictive",
    "Scores": ".predictive",
    "Silence": ".silence",
    "estimate_size": ".change",
    "find_changes": ".change",
    "find_outages": ".outages",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
