"""Which Python runs the engine, and how it was found."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from ...errors import EngineError
from ..keeping import recall
from ..qt import IN_QGIS, QtCore
from ..words import tr
from .surroundings import ROOT

SETTING = "gridbeacon/engine_python"
VARIABLE = "GRIDBEACON_ENGINE_PYTHON"
RECORD = "engine.json"
"""In the plugin's own folder: which Python runs the engine with which folder of packages."""


class Found(NamedTuple):
    """The engine's Python, how it was found, and the folder of its packages where that is not the Python's own."""

    python: Path
    origin: str
    packages: Path | None = None


def home() -> Path:
    """The plugin's own folder of the QGIS profile, or of the user where there is no QGIS; outside the plugin."""
    if IN_QGIS:
        from qgis.core import QgsApplication

        return Path(QgsApplication.qgisSettingsDirPath()) / "gridbeacon"
    kind = QtCore.QStandardPaths.StandardLocation.GenericDataLocation
    return Path(QtCore.QStandardPaths.writableLocation(kind)) / "GridBeacon"


def own_folder() -> Path:
    """Where the plugin's own virtual environment lies."""
    return home() / "engine"


def set_aside() -> Path:
    """Where the environment lies, and is used, while a new one is made: until then, even if that was broken off."""
    return own_folder().with_name("engine.before")


def own_packages() -> Path:
    """Where the plugin's own folder of packages lies, for a Python that is not ours to change."""
    return home() / "packages"


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def making_commands() -> tuple[str, str]:
    """The two commands that make the plugin's own engine environment."""
    first = "py -3" if os.name == "nt" else "python3"
    environment = own_folder()
    return f'{first} -m venv "{environment}"', f'"{python_of(environment)}" -m pip install "{ROOT}"'


def named_python() -> str:
    """The Python named on the Engine page; empty where none is."""
    return recall("engine_python")


def find_python() -> Found:
    """The Python that runs the engine: named in the settings, in the environment, or one the Engine page has made.

    Raises EngineError where a named one is missing, or none is there; it tells how to make one.
    """
    found = _named() or _made()
    if found:
        return found
    first, second = making_commands()
    raise EngineError(
        tr("No Python is set up yet to run the engine."),
        where=tr("this QGIS profile"),
        fix=tr(
            "Name or make one on the Engine page (menu item Engine…).\nOr with these two commands:\n{first}\n{second}",
            first=first,
            second=second,
        ),
    )


def _named() -> Found | None:
    named = [
        (tr("the plugin's settings"), named_python()),
        (tr("the variable {name}", name=VARIABLE), os.environ.get(VARIABLE, "")),
    ]
    for origin, text in named:
        if text.strip():
            return Found(_there(Path(text.strip()), origin), origin)
    return None


def _made() -> Found | None:
    """What the Engine page has made; without QGIS, at last the Python of this very window."""
    record = read_record()
    if record:
        origin = tr("a folder of packages")
        return Found(_there(Path(record["python"]), origin), origin, _there(Path(record["packages"]), origin))
    for own in map(python_of, (set_aside(), own_folder())):
        if own.is_file():
            return Found(own, tr("the plugin's own environment"))
    return None if IN_QGIS else Found(Path(sys.executable), tr("the Python of this window"))


def read_record() -> dict[str, str]:
    """`python` and `packages` as the Engine page has noted them; empty where it has not."""
    try:
        noted = json.loads((home() / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) and {"python", "packages"} <= set(noted) else {}


def _there(path: Path, origin: str) -> Path:
    if path.exists():
        return path
    raise EngineError(
        tr("The engine's Python is not where it should be: {path}", path=path),
        where=origin,
        fix=tr("Correct it on the Engine page (menu item Engine…)."),
    )
