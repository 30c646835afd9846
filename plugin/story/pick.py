"""Click a cell on the map and see its story: the map tool that asks for a unit."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from qgis.core import (
    QgsExpressionContextUtils,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsMapLayer,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsProviderRegistry,
    QgsRectangle,
    QgsRenderContext,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt import sip

from ..qt import QtCore, QtGui, Signal
from ..words import tr
from .record import RESULTS

UNITS = "cells"


class Place(NamedTuple):
    """A unit of a run, and the layer and feature that draw it."""

    folder: Path
    cell_id: str
    layer: QgsVectorLayer
    feature: QgsFeature


class StoryTool(QgsMapTool):
    """The pointer that asks for a unit. Esc, or its action once more, brings back the tool that was there before."""

    chosen = Signal(object)
    """The `Place` that was clicked."""
    missed = Signal(str)
    """Nothing was there: why, in words."""

    def __init__(self, canvas: QgsMapCanvas):
        super().__init__(canvas)
        self.before: QgsMapTool | None = None
        self.setCursor(QtGui.QCursor(QtCore.Qt.CursorShape.WhatsThisCursor))

    def begin(self) -> None:
        """Take the pointer, and remember whose it was."""
        if self.canvas().mapTool() is not self:
            self.before = self.canvas().mapTool()
            self.canvas().setMapTool(self)

    def end(self) -> None:
        """Give the pointer back."""
        if self.canvas().mapTool() is not self:
            return
        before, self.before = self.before, None
        if before is not None and not sip.isdeleted(before):
            self.canvas().setMapTool(before)
        else:
            self.canvas().unsetMapTool(self)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self.ask(event.mapPoint())

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() == QtCore.Qt.Key.Key_Escape:
            event.ignore()  # the canvas takes an ignored key as dealt with
            self.end()

    def ask(self, point: QgsPointXY) -> None:
        """Emit the unit at *point*, in the map's coordinates, of the first run that has one there."""
        layers = unit_layers(QgsProject.instance())
        for layer in layers:
            place = unit_at(layer, self.canvas().mapSettings(), point)
            if place is not None:
                self.chosen.emit(place)
                return
        no_run = tr("No run is in the project: run first, or open a finished run.")
        self.missed.emit(tr("No unit of a run lies there.") if layers else no_run)


def folder_of(layer: QgsMapLayer) -> tuple[Path, str] | None:
    """(folder, table) where the layer is a table of a run; None for any other layer."""
    if not isinstance(layer, QgsVectorLayer) or layer.providerType() != "ogr":
        return None
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path, table = Path(str(parts.get("path") or "")), parts.get("layerName")
    return (path.parent, str(table)) if path.name == RESULTS and table else None


def unit_layers(project: QgsProject) -> list[QgsVectorLayer]:
    """Layers of the units of the project's runs; runs of which something is drawn first, then as the tree has them."""
    layers: dict[Path, QgsVectorLayer] = {}
    drawn: dict[Path, bool] = {}
    for node in project.layerTreeRoot().findLayers():
        found = folder_of(node.layer())
        if found is None:
            continue
        folder, table = found
        drawn[folder] = drawn.get(folder, False) or node.isVisible()
        if table == UNITS:
            layers[folder] = node.layer()
    return [layers[folder] for folder in sorted(drawn, key=lambda folder: not drawn[folder]) if folder in layers]


def unit_at(layer: QgsVectorLayer, settings: QgsMapSettings, point: QgsPointXY) -> Place | None:
    """The finest unit at *point* (map coordinates) that is drawn at this scale; else the finest of all.

    Reads by the layer's spatial index what the pixel under the pointer touches.
    """
    pixel = QgsRectangle.fromCenterAndSize(point, settings.mapUnitsPerPixel(), settings.mapUnitsPerPixel())
    box = settings.mapToLayerCoordinates(layer, pixel)
    if box.isEmpty() or not box.isFinite():
        return None
    exact = QgsGeometry.fromPointXY(settings.mapToLayerCoordinates(layer, point))
    near = list(layer.getFeatures(QgsFeatureRequest().setFilterRect(box)))
    here = [feature for feature in near if feature.geometry().intersects(exact)]
    seen = set(_drawn(layer, settings, here))
    here.sort(key=lambda feature: _rank(feature, feature.id() in seen))
    found = folder_of(layer)
    return Place(found[0], str(here[0]["cell_id"]), layer, here[0]) if here and found else None


def _rank(feature: QgsFeature, drawn: bool) -> tuple:
    """Drawn before not drawn, fine before coarse, the grid before a sector's units, small before large."""
    return not drawn, -int(feature["unit_level"]), feature["role"] == "sectoral", feature.geometry().area()


def _drawn(layer: QgsVectorLayer, settings: QgsMapSettings, features: list[QgsFeature]) -> list[int]:
    """Ids of the features that the layer's renderer draws at this scale."""
    context = QgsRenderContext.fromMapSettings(settings)
    context.expressionContext().appendScope(QgsExpressionContextUtils.layerScope(layer))
    renderer = layer.renderer().clone()
    renderer.startRender(context, layer.fields())
    found = []
    for feature in features:
        context.expressionContext().setFeature(feature)
        if renderer.willRenderFeature(feature, context):
            found.append(feature.id())
    renderer.stopRender(context)
    return found
