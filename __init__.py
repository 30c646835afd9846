"""GridBeacon (网格烽燧): where a city's incidents pile up, and which few places deserve attention today."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Plan": ".pipeline",
    "run": ".pipeline",
    "Outcome": ".pipeline",
    "Counts": ".cube",
    "SpaceTimeCube": ".cube",
    "InputError": ".errors",
}


def _read_version() -> str:
    from configparser import ConfigParser
    from pathlib import Path

    parser = ConfigParser(interpolation=None)
    parser.read(Path(__file__).with_name("metadata.txt"), encoding="utf-8")
    return parser["general"]["version"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _read_version()
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "__version__", "classFactory"])


def classFactory(iface: Any) -> Any:
    """Called by QGIS to load the plugin."""
    from .plugin.gridbeacon_plugin import GridBeaconPlugin

    return GridBeaconPlugin(iface)
