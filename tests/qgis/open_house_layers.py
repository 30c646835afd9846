"""Run by QGIS's own Python: open the layers for the house alone and the style by pattern; one line of JSON."""

from __future__ import annotations

import json
import os
import sys

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.PyQt.QtXml import QDomDocument


def errors_of(rule):
    """Labels of the rules whose condition cannot be read."""
    own = [rule.label()] if rule.filter() is not None and rule.filter().hasParserError() else []
    return own + [label for child in rule.children() for label in errors_of(child)]


def drawn_of(layer):
    """What the layer's renderer is, the labels of its rules, and how many features each of them draws."""
    renderer = layer.renderer()
    rules = [child for rule in renderer.rootRule().children() for child in (rule.children() or [rule])]
    found = {}
    for rule in rules:
        found[rule.label()] = sum(rule.filter().evaluate(_context(layer, one)) == 1 for one in layer.getFeatures())
    return {"kind": renderer.type(), "rules": found, "errors": errors_of(renderer.rootRule())}


def _context(layer, feature):
    context = layer.createExpressionContext()
    context.setFeature(feature)
    return context


def told_of(path, name):
    """One layer with its default style."""
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    _, styled = layer.loadDefaultStyle()
    temporal = layer.temporalProperties()
    told = {"valid": layer.isValid(), "styled": styled, "count": layer.featureCount(), **drawn_of(layer)}
    return {**told, "plays": [temporal.isActive(), temporal.startField(), temporal.endField(), int(temporal.mode())]}


def patterns_of(path):
    """Hot spots under their second style, found by its name."""
    layer = QgsVectorLayer(f"{path}|layername=hotspots", "hotspots", "ogr")
    n_own, ids, names, *_ = layer.listStylesInDatabase()
    text, _ = layer.getStyleFromDatabase(ids[names.index("emerging")])
    document = QDomDocument()
    document.setContent(text)
    understood, _ = layer.importNamedStyle(document)
    return {"understood": understood, "names": sorted(names[:n_own]), **drawn_of(layer)}


def main():
    """Look at the file named first."""
    application = QgsApplication([], False)
    application.initQgis()
    told = {name: told_of(sys.argv[1], name) for name in ("excluded", "days")}
    told["emerging"] = patterns_of(sys.argv[1])
    stories = QgsVectorLayer(f"{sys.argv[1]}|layername=stories", "stories", "ogr")
    told["stories"] = {"valid": stories.isValid(), "count": stories.featureCount(), "spatial": stories.isSpatial()}
    print(json.dumps(told), flush=True)
    os._exit(0)  # QGIS may crash while Python takes it apart; what was asked is done


main()
