"""Runs gridbeacon:run with the parameters asked for, adds its layers as Processing's dialog does, and tells all.

Several runs in one QGIS are `turns`, each with its `parameters` and `environment`.
"""

import os
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorLayer,
)
from session import FORBIDDEN, Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))
import processing  # noqa: E402 - found only once QGIS is up
from processing.gui.Postprocessing import handleAlgorithmResults  # noqa: E402

session.load(wish["name"])
os.environ.update(wish.get("environment", {}))
project = QgsProject.instance()


class Feedback(QgsProcessingFeedback):
    """Remembers what the user would see."""

    def __init__(self):
        super().__init__(False)
        self.said, self.warned, self.steps = [], [], []
        self.progressChanged.connect(self.steps.append)

    def pushInfo(self, text):
        self.said.append(text)

    def pushWarning(self, text):
        self.warned.append(text)


def open_layers(parameters):
    """Parameters that name a layer of the project get one: {"open": uri, "filter": ..., "provider": ...}."""
    for name, value in parameters.items():
        if isinstance(value, dict) and "open" in value:
            layer = QgsVectorLayer(value["open"], name.lower(), value.get("provider", "ogr"))
            if not layer.isValid():
                raise RuntimeError(f"the layer {value['open']} does not open")
            if value.get("filter"):
                layer.setSubsetString(value["filter"])
            project.addMapLayer(layer)
            parameters[name] = layer.id()
    return parameters


def tree(group):
    """The layer tree as nested lists: [group, [...]] and [layer, visible, renderer, features]."""
    rows = []
    for node in group.children():
        if hasattr(node, "children") and not hasattr(node, "layer"):
            rows.append([node.name(), tree(node)])
        else:
            layer = node.layer()
            renderer = layer.renderer().type() if layer.renderer() else ""
            count = layer.featureCount() if isinstance(layer, QgsVectorLayer) else -1
            rows.append([layer.name(), node.isVisible(), renderer, count, layer.isValid()])
    return rows


def run(parameters):
    """One run, and what a user would see of it."""
    context, feedback = QgsProcessingContext(), Feedback()
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("gridbeacon:run")
    parameters, facts = open_layers(parameters), {}
    try:
        results, error = processing.run(algorithm, parameters, context=context, feedback=feedback), ""
        facts["handled"] = handleAlgorithmResults(algorithm, context, feedback, parameters=parameters)
    except Exception as raised:
        results, error = {}, str(raised)
    return {
        "results": results,
        "error": error,
        "said": feedback.said,
        "warned": feedback.warned,
        "steps": feedback.steps[-3:],
        "log": feedback.textLog()[-2000:],
        "tree": tree(project.layerTreeRoot()),
        "left_work": [str(path) for path in Path(QgsProcessingUtils.tempFolder()).glob("gridbeacon-*")],
        "imported": [name for name in FORBIDDEN if __import__("sys").modules.get(name) is not None],
        **facts,
    }


def take(turn):
    """One of several runs."""
    os.environ.update(turn["environment"])
    return run(turn["parameters"])


answer(**{"turns": [take(turn) for turn in wish["turns"]]} if "turns" in wish else run(wish["parameters"]))
