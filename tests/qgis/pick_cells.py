"""Asks the map for units in several projections, by function and by mouse; reads map tips over hostile text."""

import importlib
import time
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsPointXY,
    QgsProject,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)
from qgis.gui import QgsMapToolPan
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from session import Session, answer, asked
from small_run import ORIGIN, SIDE

wish = asked()
folder = Path(wish["run"])
session = Session(wish.get("locale", "en"))
room = f"{wish['name']}.plugin"
pick, tips = importlib.import_module(f"{room}.story.pick"), importlib.import_module(f"{room}.story.tips")
project, canvas = QgsProject.instance(), session.face.canvas
canvas.resize(800, 800)
OUTPUTS = {"EARLY_WARNINGS": "early_warnings", "RISK": "risk", "HOTSPOTS": "hotspots", "EMERGING": "hotspots"}
layers = {}
for output, table in {**OUTPUTS, "CELLS": "cells"}.items():
    layer = QgsVectorLayer(f"{folder / 'results.gpkg'}|layername={table}", table, "ogr")
    layer.setCustomProperty(tips.LAYER, output)
    tips.dress(layer)
    project.addMapLayer(layer)
    layers[output] = layer
units = layers["CELLS"]


def tip_of(output):
    """The tip QGIS would show over the last feature of the layer."""
    layer = layers[output]
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(list(layer.getFeatures())[-1])
    return QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context)


def look(authid, width):
    """The map in a coordinate system, *width* cells wide around the middle."""
    system = QgsCoordinateReferenceSystem(authid)
    canvas.setLayers([units])
    canvas.setDestinationCrs(system)
    extent = units.extent()
    extent.scale(width * SIDE / extent.width())
    canvas.setExtent(QgsCoordinateTransform(units.crs(), system, project).transformBoundingBox(extent))


def at(x, y):
    """The unit at a place of the city, in cells from its lower left corner, and how long it took, in ms."""
    point = QgsPointXY(ORIGIN[0] + x * SIDE, ORIGIN[1] + y * SIDE)
    point = QgsCoordinateTransform(units.crs(), canvas.mapSettings().destinationCrs(), project).transform(point)
    begun = time.perf_counter()
    place = pick.unit_at(units, canvas.mapSettings(), point)
    took.append((time.perf_counter() - begun) * 1000)
    return place and place.cell_id


texts = {output: tip_of(output) for output in layers}
took, found = [], {}
for authid in ("EPSG:32649", "EPSG:4326", "EPSG:3857", "EPSG:4490"):
    look(authid, 8)
    found[authid] = [at(3.5, 3.5), at(9.5, 0.5), at(0.5, 0.5), at(-40, 3)]
streets = QgsRuleBasedRenderer.Rule(None)
streets.appendChild(QgsRuleBasedRenderer.Rule(units.renderer().symbol().clone(), 0, 0, '"unit_level" = 2'))
units.setRenderer(QgsRuleBasedRenderer(streets))
look("EPSG:4326", 8)
found["streets drawn"] = [at(3.5, 3.5)]

tool, before = pick.StoryTool(canvas), QgsMapToolPan(canvas)
canvas.setMapTool(before)
seen, missed = [], []
tool.chosen.connect(lambda place: seen.append(place.cell_id))
tool.missed.connect(missed.append)
tool.begin()
is_taken = canvas.mapTool() is tool
look("EPSG:32649", 8)
middle = canvas.getCoordinateTransform().transform(QgsPointXY(ORIGIN[0] + 3.5 * SIDE, ORIGIN[1] + 3.5 * SIDE))
spot, plain = QPoint(int(middle.x()), int(middle.y())), Qt.KeyboardModifier.NoModifier
QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, plain, spot)
QTest.keyClick(canvas, Qt.Key.Key_Escape)
is_back = canvas.mapTool() is before
for layer in list(project.mapLayers()):
    project.removeMapLayer(layer)
tool.ask(QgsPointXY(0, 0))

answer(
    found=found,
    took=max(took),
    is_taken=is_taken,
    is_back=is_back,
    seen=seen,
    missed=missed,
    tips=texts,
)
