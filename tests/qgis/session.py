"""A headless QGIS with the plugin in it: started, asked, answered as JSON. Run by the Python QGIS was built for."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

FORBIDDEN = (
    "geopandas",
    "shapely",
    "pyproj",
    "pyogrio",
    "sklearn",
    "pandas",
    "numba",
    "folium",
    "rasterio",
    "pyarrow",
    "scipy",
)
for package in FORBIDDEN:
    sys.modules[package] = None  # type: ignore[assignment]  # importing one of them is an ImportError from here on

import qgis.utils  # noqa: E402
from qgis.core import QgsApplication, QgsLayerTreeModel, QgsMapLayer, QgsProject, QgsSettings  # noqa: E402
from qgis.gui import QgsLayerTreeView, QgsMapCanvas, QgsMessageBar  # noqa: E402
from qgis.PyQt.QtCore import QObject, pyqtSignal  # noqa: E402
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QMainWindow  # noqa: E402


class Face(QObject):
    """What a plugin may ask of QGIS's window, with a real map, message bar and layer tree; each wish recorded."""

    currentLayerChanged = pyqtSignal(object)
    newProjectCreated = pyqtSignal()
    projectRead = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.window = QMainWindow()
        self.menu: list[QAction] = []
        self.toolbar: list[QAction] = []
        self.registered: dict[str, list[Any]] = {}
        self.active: QgsMapLayer | None = None
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.bar = QgsMessageBar(self.canvas)
        self.tree = QgsLayerTreeView(self.window)
        self.tree.setModel(QgsLayerTreeModel(QgsProject.instance().layerTreeRoot(), self.tree))

    def __getattr__(self, name: str) -> Any:
        """`registerX(it)` is remembered under X until `unregisterX(it)`: options, drop handlers, locators ..."""
        if name.startswith("register"):
            return self.registered.setdefault(name.removeprefix("register"), []).append
        if name.startswith("unregister"):
            return self.registered.setdefault(name.removeprefix("unregister"), []).remove
        raise AttributeError(name)

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def layerTreeView(self) -> QgsLayerTreeView:
        return self.tree

    def activeLayer(self) -> QgsMapLayer | None:
        return self.active

    def setActiveLayer(self, layer: QgsMapLayer) -> bool:
        self.active = layer
        self.currentLayerChanged.emit(layer)
        return True

    def addDockWidget(self, area: Any, dock: QDockWidget) -> None:
        self.window.addDockWidget(area, dock)

    def addTabifiedDockWidget(self, area: Any, dock: QDockWidget, *rest: Any) -> None:
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock: QDockWidget) -> None:
        self.window.removeDockWidget(dock)

    def addPluginToMenu(self, name: str, action: QAction) -> None:
        self.menu.append(action)

    def removePluginMenu(self, name: str, action: QAction) -> None:
        if action in self.menu:
            self.menu.remove(action)

    def addToolBarIcon(self, action: QAction) -> None:
        self.toolbar.append(action)

    def removeToolBarIcon(self, action: QAction) -> None:
        if action in self.toolbar:
            self.toolbar.remove(action)


class Session:
    """QGIS with Processing; plugins are found in the profile, as QGIS finds them."""

    def __init__(self, locale: str = "en") -> None:
        self.app = QgsApplication([], True)
        self.app.initQgis()
        QgsSettings().setValue("locale/overrideFlag", True)
        QgsSettings().setValue("locale/userLocale", locale)
        self.face = Face()
        qgis.utils.iface = self.face
        self.home = Path(QgsApplication.qgisSettingsDirPath()) / "python" / "plugins"
        bundled = Path(QgsApplication.pkgDataPath()) / "python" / "plugins"
        sys.path[:0] = [str(self.home), str(bundled)]
        qgis.utils.plugin_paths = [str(self.home), *qgis.utils.plugin_paths]
        from processing.core.Processing import Processing

        Processing.initialize()

    def load(self, name: str) -> Any:
        """Load and start the plugin in the folder *name*, the way the plugin manager does; returns its instance."""
        qgis.utils.updateAvailablePlugins()
        if name not in qgis.utils.available_plugins:
            raise RuntimeError(f"{name!r} is not among the available plugins: {qgis.utils.available_plugins}")
        if not qgis.utils.loadPlugin(name) or not qgis.utils.startPlugin(name):
            raise RuntimeError(f"the plugin {name!r} does not start")
        return qgis.utils.plugins[name]

    def unload(self, name: str) -> None:
        """Take the plugin out again, its modules too."""
        qgis.utils.unloadPlugin(name)
        for module in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[module]

    def provider(self) -> Any:
        """The plugin's provider as the registry knows it, or None."""
        return QgsApplication.processingRegistry().providerById("gridbeacon")


def answer(**facts: Any) -> None:
    """The script's answer, one JSON object on the last line of stdout; ends the process without QGIS's tear-down."""
    sys.stdout.write("\n" + json.dumps(facts, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def asked() -> dict[str, Any]:
    """What the test asks for: the JSON object in the first argument."""
    return json.loads(sys.argv[1])
