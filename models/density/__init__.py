"""Where incidents lie thickest: surfaces from points, bandwidths, relative risk, and the density of cells."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "KERNELS": ".kernel",
    "KernelDensity": ".model",
    "RelativeRisk": ".comparison",
    "StudyArea": ".study_area",
    "abramson_bandwidths": ".bandwidth",
    "adaptive_surface": ".surface",
    "default_bandwidth": ".bandwidth",
    "density_surface": ".surface",
    "diggle_bandwidth": ".bandwidth",
    "kernel_weight": ".kernel",
    "likelihood_bandwidth": ".bandwidth",
    "likelihood_criterion": ".bandwidth",
    "nearest_bandwidths": ".bandwidth",
    "relative_risk": ".comparison",
    "scott_bandwidth": ".bandwidth",
    "surface_shape": ".surface",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
