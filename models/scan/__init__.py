"""Scan statistics: the windows in space and time that hold more incidents than chance would put into any.

`scan` takes arrays (counts, a null, zones, spans) and gives clusters; the models of the registry are that, set up for
a cube. Definitions in `likelihood`, windows in `windows` and `shapes`, what a replicate is drawn from in `nulls`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "BernoulliNull": ".nulls",
    "Cluster": ".clusters",
    "ExpectationNull": ".nulls",
    "ExpectationScan": ".model",
    "NegativeBinomialNull": ".nulls",
    "PermutationNull": ".nulls",
    "PermutationScan": ".model",
    "PoissonNull": ".nulls",
    "PoissonScan": ".model",
    "ScanResult": ".clusters",
    "Sites": ".windows",
    "Zones": ".windows",
    "bernoulli_llr": ".likelihood",
    "circles": ".windows",
    "connected_sets": ".shapes",
    "ellipses": ".shapes",
    "expectation_llr": ".likelihood",
    "poisson_llr": ".likelihood",
    "scan": ".clusters",
    "spans": ".windows",
    "standardised_expectation": ".expectations",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
