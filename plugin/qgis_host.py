"""QGIS as the program around the dock: layers of the project, its map, its message bar."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsProviderRegistry, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt import sip

from ..errors import GridBeaconError
from .header import look
from .host import FILE, POINTS, POLYGONS, TABLE, Host, Job, Request, Source
from .layer_job import LayerJob
from .qt import QtCore, QtGui
from .words import tr

TITLE = "GridBeacon"
OURS = "gridbeacon/"
"""How the custom properties of layers begin that a run has made: they are no inputs."""
COUNTED = ("memory", "ogr", "delimitedtext")
"""Providers that know how many features they have."""
SETTLE = 200
"""Milliseconds in which changes of the layer tree are gathered."""


class QgisHost(Host):
    """What the dock asks of QGIS. `close` takes back every connection."""

    def __init__(self, iface: Any, open_engine_page: Callable[[], None]):
        super().__init__()
        self.iface, self._open_engine_page = iface, open_engine_page
        self._settling = self._gathered(self.sources_changed)
        self._unfollow: Callable[[], None] | None = None
        self._showing: QtCore.QObject | None = None
        self._watching: list[QtCore.QTimer] = []
        project = QgsProject.instance()
        self._signals = [project.layersAdded, project.layersRemoved, project.layerTreeRoot().nameChanged]
        for signal in self._signals:
            signal.connect(self._layers_changed)

    def _gathered(self, told: Any) -> QtCore.QTimer:
        """A timer that passes on, once, what was told it in a short while."""
        timer = QtCore.QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(SETTLE)
        timer.timeout.connect(told)
        return timer

    def close(self) -> None:
        """Hear nothing of the project any more."""
        for signal in self._signals:
            signal.disconnect(self._layers_changed)
        self._signals = []
        self._settling.stop()
        self._stop_showing()
        self.watch(())
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None

    def _layers_changed(self, *_: Any) -> None:
        self._settling.start()

    def incident_sources(self) -> list[Source]:
        """Point layers, then tables, the active layer before the others."""
        return [*self._sources(QgsWkbTypes.PointGeometry, POINTS), *self._sources(QgsWkbTypes.NullGeometry, TABLE)]

    def cell_sources(self) -> list[Source]:
        """Polygon layers, the active layer before the others."""
        return self._sources(QgsWkbTypes.PolygonGeometry, POLYGONS)

    def _sources(self, geometry: Any, kind: str) -> list[Source]:
        active = self.iface.activeLayer()
        layers = [node.layer() for node in QgsProject.instance().layerTreeRoot().findLayers()]
        layers.sort(key=lambda layer: layer is not active)
        fits = [layer for layer in layers if is_input(layer) and layer.geometryType() == geometry]
        return [Source(layer.name(), kind, layer=layer.id()) for layer in fits]

    def fields(self, source: Source) -> list[str]:
        """The layer's fields; of a file what its first bytes show, else the check tells them."""
        if source.kind == FILE:
            return list(look(source.path).fields)
        layer = QgsProject.instance().mapLayer(source.layer)
        return layer.fields().names() if isinstance(layer, QgsVectorLayer) else []

    def rows(self, source: Source) -> int:
        """What the layer's provider knows, else what its file may hold; a database would have to count, so it is not
        asked.
        """
        if source.kind == FILE:
            return super().rows(source)
        layer = QgsProject.instance().mapLayer(source.layer)
        if not isinstance(layer, QgsVectorLayer) or layer.providerType() not in COUNTED:
            return -1
        known = int(layer.featureCount())
        if known >= 0:
            return known
        parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())  # just filtered
        return super().rows(replace(source, path=str(parts.get("path") or "")))

    def selected(self, source: Source) -> int:
        """How many features of the layer are selected."""
        layer = QgsProject.instance().mapLayer(source.layer)
        return int(layer.selectedFeatureCount()) if isinstance(layer, QgsVectorLayer) else 0

    def watch(self, sources: Sequence[Source]) -> None:
        """Hear of filters, edits and selections. Timers gather them without Python, for there may be one signal for
        each feature; with the timers the connections go, whether their layers are still there or not.
        """
        for timer in self._watching:
            sip.delete(timer)
        self._watching = []
        found = [QgsProject.instance().mapLayer(source.layer) for source in sources if source.layer]
        layers = [layer for layer in found if isinstance(layer, QgsVectorLayer)]
        if not layers:
            return
        for told, changes in ((self.rows_changed, _row_changes), (self.selection_changed, _selection_changes)):
            timer = self._gathered(told)
            self._watching.append(timer)
            for changed in (signal for layer in layers for signal in changes(layer)):
                changed.connect(timer.start)

    def job(self, command: str, request: Request) -> Job:
        """A job over layers and files; it hands the layers over by itself."""
        return LayerJob(command, request)

    def show_run(self, folder: Path) -> None:
        """Add the run's layers in a group of their own; they are opened one by one, and the window lives on."""
        from .project.showing import Showing

        self._stop_showing()
        showing = self._showing = Showing(folder, QgsProject.instance(), self.iface.mapCanvas(), self)
        showing.shown.connect(self._follow)
        showing.failed.connect(self._tell)
        showing.start()

    def _stop_showing(self) -> None:
        if self._showing is not None:
            self._showing.stop()
            self._showing.deleteLater()
            self._showing = None

    def _follow(self, layers: list[QgsMapLayer]) -> None:
        """A warning selected on the map is chosen in the table; of the run shown last."""
        if not layers or not self._signals:
            return  # nothing to follow, or closed while the layers were opened
        from .project.places import follow

        if self._unfollow is not None:
            self._unfollow()
        self._unfollow = follow(layers[0], self.place_chosen.emit)

    def show_place(self, folder: Path, warning: dict[str, str]) -> None:
        """Zoom to the warning's unit and let it flash."""
        from .project.places import flash

        self._try(flash, self.iface, folder, warning)

    def print_warnings(self, folder: Path) -> None:
        """Open a print layout with a page for each warning."""
        from .project.atlas import print_warnings

        self._try(print_warnings, self.iface, folder)

    def _try(self, call: Callable[..., Any], *facts: Any) -> None:
        """Do it; what stands in its way is told in the message bar."""
        try:
            call(*facts)
        except GridBeaconError as error:
            self._tell(error)

    def _tell(self, error: GridBeaconError) -> None:
        self.say(" ".join(filter(None, (error.problem, error.where, error.fix))), trouble=True)

    def open_file(self, path: Path) -> None:
        """Open *path* in the system's program for it."""
        if not path.exists():
            self.say(tr("The file is not there any more: {path}", path=path), trouble=True)
        elif not QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(path))):
            self.say(tr("No program opens this file: {path}", path=path), trouble=True)

    def open_engine_page(self) -> None:
        """Show the page of the engine."""
        self._open_engine_page()

    def say(self, text: str, *, trouble: bool = False) -> None:
        """In QGIS's message bar."""
        level = Qgis.MessageLevel.Warning if trouble else Qgis.MessageLevel.Info
        self.iface.messageBar().pushMessage(TITLE, f"<span>{html.escape(text)}</span>", level)


def _row_changes(layer: QgsVectorLayer) -> list[Any]:
    """The signals after which a layer's rows or fields are others: saved, filtered, edited, taken back."""
    edits = [layer.layerModified, layer.editingStopped, layer.updatedFields]
    return [layer.dataChanged, layer.subsetStringChanged, *edits]


def _selection_changes(layer: QgsVectorLayer) -> list[Any]:
    return [layer.selectionChanged]


def is_input(layer: QgsMapLayer | None) -> bool:
    """Whether a layer may be read: a vector layer that works and is no result of ours."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return False
    return not any(key.startswith(OURS) for key in layer.customPropertyKeys())
