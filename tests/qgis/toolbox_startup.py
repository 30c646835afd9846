"""Runs inside the real QGIS desktop: Getis-Ord from its Processing dialog, beside the toolbox with the pinned three."""

import os
import sys
import time

from processing.gui.AlgorithmDialog import AlgorithmDialog
from qgis.core import QgsApplication, QgsProcessingOutputLayerDefinition, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget, QTreeView
from qgis.utils import iface

sys.path.append(os.environ["GRIDBEACON_SCRIPTS"])
from inside import be_photographed, folder, later, leave, make_room, report, wish

dialogs = []


def begin():
    window, docks = iface.mainWindow(), make_room()
    for name, dock in docks.items():
        dock.setVisible(name == "ProcessingToolbox")
    window.resizeDocks([docks["ProcessingToolbox"]], [390], Qt.Orientation.Horizontal)
    for uri, name in wish["layers"]:
        layer = QgsVectorLayer(uri, name, "ogr")
        if not layer.isValid():
            raise RuntimeError(f"{uri} does not open")
        QgsProject.instance().addMapLayer(layer)
    report["toolbox"] = unfold(docks["ProcessingToolbox"])
    later(open_dialog, 500)


def unfold(dock):
    """The provider and one of its groups opened; the texts under the provider from top to bottom, as they stand."""
    tree = dock.findChild(QTreeView)
    model = tree.model()
    provider = next(
        model.index(row, 0)
        for row in range(model.rowCount())
        if "GridBeacon" in str(model.index(row, 0).data(Qt.ItemDataRole.DisplayRole))
    )
    tree.expand(provider)
    rows = [model.index(row, 0, provider) for row in range(model.rowCount(provider))]
    for row in rows:
        if row.data(Qt.ItemDataRole.DisplayRole) in wish["open"]:
            tree.expand(row)
    return [row.data(Qt.ItemDataRole.DisplayRole) for row in rows]


def open_dialog():
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(wish["algorithm"])
    dialog = AlgorithmDialog(algorithm, False, iface.mainWindow())
    dialogs.append(dialog)
    output = QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", QgsProject.instance())
    dialog.setParameters({**wish["parameters"], "OUTPUT": output})
    dialog.setGeometry(20, 150, 790, 800)
    dialog.show()
    report["started"] = time.monotonic()
    dialog.runButton().click()
    later(watch, 500)


def watch():
    dialog = dialogs[0]
    if not dialog.wasExecuted() and time.monotonic() - report["started"] < 240:
        later(watch, 300)
        return
    report["results"] = dialog.results()
    later(arrange, 1500)


def arrange():
    dialog = dialogs[0]
    report["layers"] = [[node.name(), node.layer().renderer().type()] for node in layers_with_shapes()]
    dialog.grab().save(str(folder / "log.png"))
    dialog.tabWidget().setCurrentIndex(0)
    dialog.messageBar().clearWidgets()
    iface.messageBar().clearWidgets()
    result, *others = layers_with_shapes()
    for node in others:
        node.setItemVisibilityChecked(False)
    iface.mainWindow().findChild(QDockWidget, "ProcessingToolbox").findChild(QTreeView).scrollToBottom()
    layer, canvas = result.layer(), iface.mapCanvas()
    extent = canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    extent.setXMinimum(extent.xMinimum() - 1.9 * extent.width())  # the dialog covers the left of the map
    canvas.setExtent(extent)
    dialog.setGeometry(20, 150, 790, 800)
    dialog.raise_()
    later(wait_for_map, 1500)


def layers_with_shapes():
    return [node for node in QgsProject.instance().layerTreeRoot().findLayers() if node.layer().isSpatial()]


def wait_for_map():
    if iface.mapCanvas().isDrawing():
        later(wait_for_map, 200)
        return
    be_photographed()
    dialogs[0].close()
    leave()


later(begin, 2500)
