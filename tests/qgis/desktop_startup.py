"""Runs inside the real QGIS desktop: opens the Processing dialog from the menu, runs, zooms, takes pictures, leaves."""

import os
import sys
import time
from itertools import pairwise

import qgis.utils
from qgis.core import QgsLayerTreeGroup, QgsProject, QgsSettings
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QPushButton, QTableView
from qgis.utils import iface

sys.path.append(os.environ["GRIDBEACON_SCRIPTS"])
from inside import be_photographed, folder, later, leave, make_room, report, wish

report["ticks"] = []


def dialog():
    return next(
        (w for w in QApplication.topLevelWidgets() if type(w).__name__ == "AlgorithmDialog" and w.isVisible()), None
    )


def begin():
    make_room()
    plugin = qgis.utils.plugins[wish["name"]]
    report["actions"] = [action.text() for action in plugin.actions]
    later(fill, 800)
    run = next(action for action in plugin.actions if action.objectName() == "gridbeacon_run")
    run.trigger()  # modal: comes back when the dialog is closed
    later(arrange, 500)


def fill():
    """In the open dialog: choose the files, press Run, and count how often the window could breathe."""
    window = dialog()
    window.setParameters(wish["parameters"])
    window.resize(1180, 760)
    QApplication.processEvents()
    window.grab().save(str(folder / "dialog.png"))
    report["title"] = window.windowTitle()
    report["pressed"] = time.monotonic()
    window.runButton().click()
    later(watch, 50)


def watch():
    """Every 50 ms while the engine works: the longest gap between two looks is the longest block of the window."""
    report["ticks"].append(time.monotonic())
    window = dialog()
    if window is None:
        raise RuntimeError("the dialog went away")
    if not window.wasExecuted() and time.monotonic() - report["pressed"] < wish.get("patience", 300):
        if len(report["ticks"]) == 60:
            window.grab().save(str(folder / "running.png"))
        later(watch, 50)
        return
    report["took"] = time.monotonic() - report["pressed"]
    ticks = report["ticks"][:-1]
    report["longest_block"] = max((b - a for a, b in pairwise(ticks)), default=0.0)
    later(close, 1500)


def close():
    window = dialog()
    window.grab().save(str(folder / "log.png"))
    report["results"] = window.results()
    window.close()


def arrange():
    """Zoom to the first warnings, open the legend, keep the window as a person would."""
    root = QgsProject.instance().layerTreeRoot()
    groups = [node for node in root.children() if isinstance(node, QgsLayerTreeGroup)]
    report["groups"] = [group.name() for group in groups]
    report["layers"] = [[n.name(), n.isVisible(), n.layer().isValid()] for n in root.findLayers()]
    layers = [node.layer() for node in root.findLayers()]
    QgsProject.instance().setCrs(layers[0].crs())
    report["bar"] = [item.text() for item in iface.messageBar().items()]
    report["buttons"] = [b.text() for item in iface.messageBar().items() for b in item.findChildren(QPushButton)]
    iface.messageBar().clearWidgets()
    window, docks = iface.mainWindow(), {d.objectName(): d for d in iface.mainWindow().findChildren(QDockWidget)}
    window.resizeDocks([docks["Layers"]], [330], Qt.Orientation.Horizontal)
    if wish.get("table"):
        QgsSettings().setValue("qgis/dockAttributeTable", True)
        order_columns(layers[0])
        iface.showAttributeTable(layers[0])
    later(zoom, 1000)


def zoom():
    """The whole city; with the table of warnings below, where it is asked for."""
    window = iface.mainWindow()
    tables = [d for d in window.findChildren(QDockWidget) if d.findChild(QTableView, "mTableView")]
    if tables:
        window.resizeDocks(tables, [260], Qt.Orientation.Vertical)
    QApplication.processEvents()
    layers, canvas = QgsProject.instance().mapLayers().values(), iface.mapCanvas()
    cells = next(layer for layer in layers if layer.customProperty("gridbeacon/layer") == "CELLS")
    extent = canvas.mapSettings().layerExtentToOutputExtent(cells, cells.extent())
    extent.scale(1.04)
    canvas.setExtent(extent)
    iface.setActiveLayer(QgsProject.instance().layerTreeRoot().findLayers()[0].layer())
    canvas.refreshAllLayers()
    later(wait_for_map, 800)


def order_columns(layer):
    """The columns a duty officer reads come first; the others stay behind the scroll bar."""
    widths = {
        "rank": 50,
        "level": 110,
        "cell_name": 210,
        "category": 140,
        "observed": 80,
        "expected": 80,
        "reason": 520,
    }
    config = layer.attributeTableConfig()
    columns = {column.name: column for column in config.columns()}
    ordered = [columns[name] for name in widths] + [column for name, column in columns.items() if name not in widths]
    for column in ordered:
        column.width = widths.get(column.name, 110)
    config.setColumns(ordered)
    layer.setAttributeTableConfig(config)


def wait_for_map():
    if iface.mapCanvas().isDrawing():
        later(wait_for_map, 200)
        return
    be_photographed()
    leave()


later(begin, 1500)
