"""Imports every module of the plugin with PyQt6 behind `qgis.PyQt` and stand-ins for QGIS's own classes.

python import_under_qt6.py ROOT
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"
ROOT = Path(sys.argv[1]).resolve()
sys.modules["PyQt5"] = None  # type: ignore[assignment]
from PyQt6 import QtCore, QtGui, QtWidgets, sip  # noqa: E402


class AnyName(type(QtCore.QObject)):  # type: ignore[misc]
    """A class of QGIS: it can be inherited from, and has every name that is asked of it."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return AnyName(name, (QtCore.QObject,), {})

    def __or__(cls, other: Any) -> Any:
        return cls


class StandIn(ModuleType):
    """A module of QGIS that has every class."""

    __path__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = AnyName(name, (QtCore.QObject,), {})
        setattr(self, name, made)
        return made


def put_stand_ins() -> None:
    """qgis, processing and osgeo as stand-ins; qgis.PyQt as PyQt6 itself."""
    qgis = ("qgis", "qgis.core", "qgis.gui", "qgis.analysis", "qgis.utils")
    for name in (*qgis, "processing", "processing.gui", "processing.gui.wrappers", "osgeo"):
        sys.modules[name] = StandIn(name)
    door = ModuleType("qgis.PyQt")
    sys.modules["qgis.PyQt"] = door
    for module in (QtCore, QtGui, QtWidgets, sip):
        short = module.__name__.split(".")[-1]
        setattr(door, short, module)
        sys.modules[f"qgis.PyQt.{short}"] = module


def load_root() -> None:
    """The folder under the name gridbeacon, whatever it is called."""
    spec = importlib.util.spec_from_file_location(
        "gridbeacon", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["gridbeacon"] = package
    spec.loader.exec_module(package)


def names() -> list[str]:
    """Every module of the plugin; launcher and scripts are run by other Pythons, and `__main__` starts a program."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in sorted((ROOT / "plugin").rglob("*.py"))]
    paths = [path for path in paths if not {"launch", "scripts"} & set(path.parts) and path.name != "__main__"]
    return [".".join(["gridbeacon", *path.parts]).removesuffix(".__init__") for path in paths]


put_stand_ins()
load_root()
failed, loaded = {}, []
for name in names():
    try:
        importlib.import_module(name)
        loaded.append(name)
    except Exception:
        failed[name] = traceback.format_exc()[-600:]
application = QtGui.QGuiApplication([])
font = sys.modules["gridbeacon.plugin.project.page"].font_family()
print(json.dumps({"failed": failed, "loaded": loaded, "qt": QtCore.PYQT_VERSION_STR, "font": font}))
