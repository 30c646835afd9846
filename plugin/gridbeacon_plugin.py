"""What QGIS loads: a provider, a menu of two actions, a toolbar icon; and all of it gone after unload."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis, QgsApplication, QgsMapLayer, QgsProject, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QMenu, QPushButton

from .qt import QAction
from .toolbox.provider import ICON, GridBeaconProvider
from .words import tr

MENU = "GridBeacon"


class GridBeaconPlugin:
    """The plugin of one QGIS session. `iface` is None in qgis_process, where only the provider is asked for."""

    def __init__(self, iface: Any):
        self.iface = iface
        self.provider: GridBeaconProvider | None = None
        self.actions: list[QAction] = []
        self.page: Any = None

    def initProcessing(self) -> None:
        """Register the provider; all that qgis_process calls."""
        if self.provider is None:
            self.provider = GridBeaconProvider()
            QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Register the provider and show menu and toolbar icon."""
        self.initProcessing()
        window = self.iface.mainWindow()
        run = QAction(QIcon(str(ICON)), tr("Run everything…"), window)
        run.setObjectName("gridbeacon_run")
        run.triggered.connect(self.open_run)
        engine = QAction(tr("Engine…"), window)
        engine.setObjectName("gridbeacon_engine")
        engine.triggered.connect(self.open_engine)
        self.actions = [run, engine]
        for action in self.actions:
            self.iface.addPluginToMenu(MENU, action)
        self.iface.addToolBarIcon(run)

    def unload(self) -> None:
        """Take back everything `initGui` and `initProcessing` gave."""
        for action in self.actions:
            self.iface.removePluginMenu(MENU, action)
            self.iface.removeToolBarIcon(action)
            action.deleteLater()
        self.actions = []
        self._drop_menu()
        if self.page is not None:
            self.page.close()
            self.page.deleteLater()
            self.page = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None

    def _drop_menu(self) -> None:
        """QGIS takes our empty submenu out of its menu but keeps it: one more with each reload."""
        for menu in self.iface.mainWindow().findChildren(QMenu) if self.iface else []:
            if menu.title() == MENU and not menu.actions():
                menu.deleteLater()

    def open_run(self) -> None:
        """Open the Processing dialog of *Run everything*, with the layers that fit already chosen."""
        import processing

        results = processing.execAlgorithmDialog("gridbeacon:run", fitting_layers(self.iface.activeLayer()))
        if results and results.get("BRIEFING"):
            self.offer(results["BRIEFING"], results["WARNINGS"])

    def offer(self, briefing: str, warnings: int) -> None:
        """Say how many warnings came out, with the briefing one click away."""
        bar = self.iface.messageBar()
        message = bar.createMessage(MENU, tr("{number} early warnings. The briefing is ready.", number=warnings))
        button = QPushButton(tr("Open the briefing"))
        button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(briefing)))
        message.layout().addWidget(button)
        bar.pushWidget(message, Qgis.MessageLevel.Success)

    def open_engine(self) -> None:
        """Open the page that tells and sets which Python runs the engine."""
        from .engine_page import EnginePage

        if self.page is None:
            self.page = EnginePage(self.iface.mainWindow())
        self.page.show()
        self.page.raise_()
        self.page.refresh()


def fitting_layers(active: QgsMapLayer | None) -> dict[str, str]:
    """The first point layer and the first polygon layer of the project, the active layer before the others."""
    layers = [node.layer() for node in QgsProject.instance().layerTreeRoot().findLayers()]
    layers.sort(key=lambda layer: layer is not active)
    found: dict[str, str] = {}
    for name, kind in (("INCIDENTS", QgsWkbTypes.PointGeometry), ("CELLS", QgsWkbTypes.PolygonGeometry)):
        fits = [layer for layer in layers if isinstance(layer, QgsVectorLayer) and layer.geometryType() == kind]
        fits = [layer for layer in fits if layer.customProperty("gridbeacon/rank") is None]
        if fits:
            found[name] = fits[0].id()
    return found
