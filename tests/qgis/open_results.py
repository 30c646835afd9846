"""Run by QGIS's own Python: open results.gpkg as a user would, tell what came of it as one line of JSON, draw it."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

NAMES = ("risk", "hotspots", "early_warnings", "cells")


def errors_of(rule):
    own = [rule.label()] if rule.filter() is not None and rule.filter().hasParserError() else []
    return own + [label for child in rule.children() for label in errors_of(child)]


def told_of(layer):
    _, default_style = layer.loadDefaultStyle()
    rules = layer.renderer().rootRule().children()
    feature = next(layer.getFeatures(), None)
    fields = layer.fields()
    told = {
        "valid": layer.isValid(),
        "count": layer.featureCount(),
        "default_style": default_style,
        "renderer": layer.renderer().type(),
        "rules": [rule.label() for rule in rules],
        "shown_rules": [rule.label() for rule in rules if rule.active()],
        "errors": [label for rule in rules for label in errors_of(rule)],
        "labels": layer.labelsEnabled(),
        "aliases": {field.name(): field.alias() for field in fields},
        "widgets": {field.name(): layer.editorWidgetSetup(number).type() for number, field in enumerate(fields)},
        "words": {},
    }
    for number, field in enumerate(fields):
        value = feature[number] if feature is not None else None
        words = {}
        for entry in layer.editorWidgetSetup(number).config().get("map", []):
            words |= {code: word for word, code in entry.items()}
        iso = value.toString("yyyy-MM-dd hh:mm") if hasattr(value, "toString") else value
        told["words"][field.name()] = words.get(value, str(iso))
    return told


def draw(layers, path):
    settings = QgsMapSettings()
    settings.setLayers([layers[name] for name in ("early_warnings", "cells", "risk")])
    settings.setDestinationCrs(layers["cells"].crs())
    settings.setOutputSize(QSize(1000, 800))
    extent = layers["cells"].extent()
    extent.scale(1.1)
    settings.setExtent(extent)
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(path)
    found = Counter(image.pixelColor(x, y).name() for x in range(0, 1000, 2) for y in range(0, 800, 2))
    return [name for name, number in found.items() if number >= 3]


def main():
    application = QgsApplication([], False)
    application.initQgis()
    layers = {name: QgsVectorLayer(f"{sys.argv[1]}|layername={name}", name, "ogr") for name in NAMES}
    told = {name: told_of(layer) for name, layer in layers.items()}
    density = QgsRasterLayer(sys.argv[3], "density")
    _, styled = density.loadDefaultStyle()
    classes = density.renderer().shader().rasterShaderFunction().colorRampItemList() if styled else []
    told["surface"] = {"valid": density.isValid(), "styled": styled, "classes": [item.label for item in classes]}
    told["risk"]["colours"] = draw(layers, str(Path(sys.argv[2]) / "risk.png"))
    print(json.dumps(told), flush=True)
    os._exit(0)  # QGIS may crash while Python takes it apart; what was asked is done


main()
