"""The stories in QGIS's window: the tool that asks the map, map tips, dropped files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsFeatureRequest, QgsProject

from ..project import results
from ..qt import QAction, QtCore, QtGui
from ..words import tr
from . import tips
from .drop import FileDrop
from .offer import OfferDrop
from .panel import StoryPanel
from .pick import Place, StoryTool, folder_of, unit_layers

ICON = Path(__file__).parents[1] / "icons" / "story.svg"
NAME = "gridbeacon_pick"


class Stories(QtCore.QObject):
    """Everything of this room that lives in QGIS's window. *docking* fills its dock when it is first shown."""

    def __init__(self, iface: Any, docking: Any):
        super().__init__(iface.mainWindow())
        self.iface, self.docking = iface, docking
        self.panel: StoryPanel | None = None
        self.tool = StoryTool(iface.mapCanvas())
        self.action = QAction(QtGui.QIcon(str(ICON)), tr("Story of a cell"), iface.mainWindow())
        self.action.setObjectName(NAME)
        self.action.setCheckable(True)
        self.action.setToolTip(tr("A cell's history, hours, classes and warnings: click it on the map (Esc ends it)"))
        self.tool.setAction(self.action)
        self.action.triggered.connect(self._turned)
        self.tool.chosen.connect(self.show_place, QtCore.Qt.ConnectionType.QueuedConnection)
        self.tool.missed.connect(self._say)
        self.drops = OfferDrop(iface, self.take_files)
        iface.registerCustomDropHandler(self.drops)
        results.DRESS.append(tips.dress)
        docking.filled.connect(self._join)
        if docking.dock is not None:
            self._join()

    def take_away(self) -> None:
        """Give the pointer back and leave nothing behind."""
        self.tool.end()
        self.iface.unregisterCustomDropHandler(self.drops)
        self.drops.end()
        results.DRESS.remove(tips.dress)
        for gone in (self.tool, self.drops, self):  # the action goes with the plugin's other ones
            gone.deleteLater()

    def _join(self) -> None:
        """The dock is there: a button in its panel, and files dropped on it."""
        dock = self.docking.dock
        self.panel = dock.story
        self.panel.offer(self.action)
        self.panel.shown.connect(self._flash)
        drop = FileDrop(dock)
        drop.incidents.connect(self.take_files)
        drop.cells.connect(lambda path: dock.form.choices.cells.add_files([path]))
        drop.said.connect(self._say)

    def _turned(self, on: bool) -> None:
        if on:
            self.docking.bring()
            self.tool.begin()
        else:
            self.tool.end()

    def show_place(self, place: Place) -> None:
        """Show the story of the unit that was clicked, in front of everything else in the dock."""
        self.docking.bring()
        self.docking.dock.tabs.setCurrentWidget(self.panel)
        if self.panel.show_cell(place.folder, place.cell_id):
            self.docking.host.place_chosen.emit(place.cell_id)

    def take_files(self, paths: list[str]) -> None:
        """Files with incidents into the form, and the form in front."""
        self.docking.bring()
        dock = self.docking.dock
        dock.tabs.setCurrentWidget(dock.form)
        dock.form.choices.incidents.add_files(paths)

    def _flash(self, folder: str, cell_id: str) -> None:
        """Let the unit that is shown flash on the map, so that both are seen to be the same."""
        for layer in unit_layers(QgsProject.instance()):
            if folder_of(layer)[0] == Path(folder):
                request = QgsFeatureRequest().setFilterExpression(f"{tips.column('cell_id')} = {tips.value(cell_id)}")
                found = next(layer.getFeatures(request.setLimit(1)), None)
                if found is not None:
                    self.iface.mapCanvas().flashGeometries([found.geometry()], layer.crs())

    def _say(self, text: str) -> None:
        self.docking.host.say(text)
