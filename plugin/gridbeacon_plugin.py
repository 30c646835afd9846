"""What QGIS loads: a provider, the dock with its toolbar icon, a menu; and all of it gone after unload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsMapLayer, QgsProject, QgsWkbTypes
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QMenu, QPushButton

from . import engine
from .docking import Docking
from .project import switch
from .project.results import reopened
from .qgis_host import is_input
from .qt import QAction
from .story.attach import Stories
from .toolbox.provider import ICON, GridBeaconProvider
from .words import pick, tr

MENU = "GridBeacon"
HELP = Path(__file__).parent / "help"


class GridBeaconPlugin:
    """The plugin of one QGIS session. `iface` is None in qgis_process, where only the provider is asked for."""

    def __init__(self, iface: Any):
        self.iface = iface
        self.provider: GridBeaconProvider | None = None
        self.actions: list[QAction] = []
        self.page: Any = None
        self.docking: Docking | None = None
        self.stories: Stories | None = None

    def initProcessing(self) -> None:
        """Register the provider; all that qgis_process calls."""
        if self.provider is None:
            self.provider = GridBeaconProvider()
            QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Register the provider and show the dock, its toolbar icon and the menu."""
        self.initProcessing()
        switch.register()
        icon = QIcon(str(ICON))
        self.docking = Docking(self.iface, icon, self.open_engine)
        toggle = self.docking.toggle
        toggle.setText(tr("GridBeacon dock"))
        self.stories = Stories(self.iface, self.docking)
        self.actions = [
            toggle,
            self._action("gridbeacon_run", tr("Run everything…"), self.open_run),
            self.stories.action,
            self._action("gridbeacon_engine", tr("Engine…"), self.open_engine),
            self._action("gridbeacon_last", tr("Last briefing"), self.open_last),
            self._action("gridbeacon_help", tr("Help"), self.open_help),
        ]
        for action in self.actions:
            self.iface.addPluginToMenu(MENU, action)
        self.iface.addToolBarIcon(toggle)
        self.iface.addToolBarIcon(self.stories.action)
        self.iface.projectRead.connect(self._project_read)
        engine.sweep_beside()

    def _action(self, name: str, text: str, call: Any) -> QAction:
        action = QAction(text, self.iface.mainWindow())
        action.setObjectName(name)
        action.triggered.connect(lambda: call())
        return action

    def unload(self) -> None:
        """Take back everything `initGui` and `initProcessing` gave; what still runs is ended."""
        for action in self.actions:
            self.iface.removePluginMenu(MENU, action)
            self.iface.removeToolBarIcon(action)
            if self.docking is None or action is not self.docking.toggle:
                action.deleteLater()
        if self.actions:
            self.iface.projectRead.disconnect(self._project_read)
            switch.unregister()
        self.actions = []
        self._drop_menu()
        if self.stories is not None:
            self.stories.take_away()
            self.stories = None
        if self.docking is not None:
            self.docking.take_away()
            self.docking = None
        engine.end_all()
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

    def _project_read(self) -> None:
        reopened(QgsProject.instance(), self.iface.mapCanvas())

    def open_run(self) -> None:
        """Open the Processing dialog of *Run everything*, with the layers that fit already chosen."""
        import processing

        results = processing.execAlgorithmDialog("gridbeacon:run", fitting_layers(self.iface.activeLayer()))
        if results and results.get("BRIEFING"):
            self.offer(results["BRIEFING"], results["WARNINGS"])
            if self.docking is not None:  # taken out while the dialog was open
                self.docking.show_run(Path(results["RUN_FOLDER"]))

    def offer(self, briefing: str, warnings: int) -> None:
        """Say how many warnings came out, with the briefing one click away."""
        bar = self.iface.messageBar()
        message = bar.createMessage(MENU, tr("{number} early warnings. The briefing is ready.", number=warnings))
        button = QPushButton(tr("Open the briefing"))
        button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(briefing)))
        message.layout().addWidget(button)
        bar.pushWidget(message, Qgis.MessageLevel.Success)

    def open_last(self) -> None:
        """Open the briefing of the last good run."""
        page = engine.last_briefing()
        if page is None:
            self.iface.messageBar().pushMessage(MENU, tr("There is no briefing yet: run first."))
        else:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))

    def open_help(self) -> None:
        """Open the guide that came with the plugin; it needs no network."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(HELP / pick("en", "zh") / "index.html")))

    def open_engine(self) -> None:
        """Open the page that tells and sets which Python runs the engine."""
        from .engine_page import EnginePage

        if self.page is None:
            self.page = EnginePage(self.iface.mainWindow())
            self.page.changed.connect(self.docking.engine_changed)
        self.page.show()
        self.page.raise_()
        self.page.refresh()


def fitting_layers(active: QgsMapLayer | None) -> dict[str, str]:
    """The first point layer and the first polygon layer of the project, the active layer before the others."""
    layers = [node.layer() for node in QgsProject.instance().layerTreeRoot().findLayers()]
    layers.sort(key=lambda layer: layer is not active)
    found: dict[str, str] = {}
    for name, kind in (("INCIDENTS", QgsWkbTypes.PointGeometry), ("CELLS", QgsWkbTypes.PolygonGeometry)):
        fits = [layer for layer in layers if is_input(layer) and layer.geometryType() == kind]
        if fits:
            found[name] = fits[0].id()
    return found
