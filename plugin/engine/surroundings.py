"""The environment of the engine: QGIS's own paths removed, text in UTF-8, this copy of the code, its packages alone."""

from __future__ import annotations

from pathlib import Path

from ..qt import QtCore
from ..words import pick

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = Path(__file__).resolve().parents[1] / "launch"
PACKAGES = "GRIDBEACON_PACKAGES"
"""Names the folder of packages to the launcher; never PYTHONPATH, which every Python started below would read."""
FOREIGN = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONEXECUTABLE",
    "PYTHONPLATLIBDIR",
    "PYTHONUSERBASE",
    "PYTHONIOENCODING",
    "__PYVENV_LAUNCHER__",
    "PROJ_LIB",
    "PROJ_DATA",
    "GDAL_DATA",
    "GDAL_DRIVER_PATH",
    PACKAGES,
)
"""Variables with which QGIS finds its own Python, PROJ and GDAL; another Python breaks on them. And one that wins over
PYTHONUTF8 where a user has set it."""


def environment(packages: Path | None = None) -> QtCore.QProcessEnvironment:
    """The engine's environment; with *packages*, that folder stands in for the site packages of its Python."""
    variables = clean()
    variables.insert("PYTHONPATH", str(LAUNCH))
    variables.insert("PYTHONSAFEPATH", "1")  # a file of the work folder is never a module
    variables.insert("PYTHONUNBUFFERED", "1")
    variables.insert("GRIDBEACON_GROUP", "1")
    variables.insert("GRIDBEACON_LANG", pick("en", "zh"))
    if packages is not None:
        variables.insert(PACKAGES, str(packages))
        variables.insert("PYTHONNOUSERSITE", "1")
    return variables


def clean() -> QtCore.QProcessEnvironment:
    """The environment of any Python that is not QGIS's own process."""
    variables = QtCore.QProcessEnvironment.systemEnvironment()
    for name in FOREIGN:
        variables.remove(name)
    variables.insert("PYTHONUTF8", "1")
    return variables
