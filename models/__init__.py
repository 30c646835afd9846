"""Models: arrays to arrays. Importing this package imports no model; `registry()` does."""

from __future__ import annotations

from typing import Any

_MODELS = {
    "emerging": (".emerging", "EmergingHotspots"),
    "getis_ord": (".hotspot", "GetisOrdHotspots"),
    "local_moran": (".hotspot", "LocalMoran"),
    "kernel_density": (".density", "KernelDensity"),
    "ears": (".anomaly", "EarsAnomaly"),
    "farrington": (".anomaly", "FarringtonAnomaly"),
    "nb_predictive": (".anomaly", "NegativeBinomialPredictive"),
    "bayes": (".anomaly", "BayesPredictive"),
    "isolation_forest": (".anomaly", "IsolationAnomaly"),
    "ladder": (".anomaly", "Ladder"),
    "silence": (".anomaly", "Silence"),
    "nb_cusum": (".anomaly", "NegativeBinomialCusum"),
    "nb_glr": (".anomaly", "NegativeBinomialGlr"),
    "scan_permutation": (".scan", "PermutationScan"),
    "scan_poisson": (".scan", "PoissonScan"),
    "scan_ebp": (".scan", "ExpectationScan"),
}


def registry() -> dict[str, Any]:
    """Every model by its step name, name -> class; imported when called."""
    from importlib import import_module

    return {name: getattr(import_module(module, __name__), cls) for name, (module, cls) in _MODELS.items()}
