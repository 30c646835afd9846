"""Runs inside the real QGIS desktop with a fresh profile: installs the zip as the plugin manager does, reloads it."""

import os
import sys
from pathlib import Path

WITHOUT = ("geopandas", "shapely", "pyproj", "pyogrio", "sklearn", "pandas", "numba", "folium")
for package in WITHOUT:
    sys.modules[package] = None  # importing one of them is an ImportError from here on

import pyplugin_installer  # noqa: E402
import qgis.utils  # noqa: E402
from qgis.core import QgsApplication, QgsSettings  # noqa: E402
from qgis.utils import iface  # noqa: E402

sys.path.append(os.environ["GRIDBEACON_SCRIPTS"])
from census import census, more, reload, settle, unload  # noqa: E402
from inside import report, walk_through, wish  # noqa: E402

name = "gridbeacon"


def opened():
    """Open what opens without waiting for an answer; the names of the actions."""
    plugin = qgis.utils.plugins[name]
    found = [action for action in plugin.actions if action.objectName() in wish["open"]]
    for action in found:
        if not action.isChecked():
            action.trigger()
    settle()
    return [action.objectName() for action in found]


def walk():
    report["fresh"] = {"plugins": [key for key in qgis.utils.plugins if key == name], "provider": provider()}
    pyplugin_installer.instance().installFromZipFile(wish["zip"])
    settle()
    report["installed"] = {
        "provider": provider(),
        "active": QgsSettings().value(f"PythonPlugins/{name}", False, type=bool),
        "where": qgis.utils.plugins[name].__class__.__module__,
        "folder": Path(sys.modules[name].__file__).parent.as_posix(),
        "actions": [action.objectName() for action in qgis.utils.plugins[name].actions],
        "opened": opened(),
        "modules": [package for package in WITHOUT if sys.modules.get(package) is not None],
    }
    unload(name)  # what QGIS makes on first use is no leftover
    before = census(name, iface)
    for _ in range(wish["reloads"]):
        qgis.utils.loadPlugin(name)
        qgis.utils.startPlugin(name)
        opened()
        unload(name)
    report["left"] = more(before, census(name, iface))
    report["objects"] = before["objects"]
    reload(name)
    report["provider_again"] = provider()


def provider():
    """How many algorithms the provider has; None without it."""
    found = QgsApplication.processingRegistry().providerById("gridbeacon")
    return found and len(found.algorithms())


walk_through(walk)
