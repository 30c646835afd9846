"""Runs inside the real QGIS desktop: opens a run, clicks cells, drops files, and writes down what happened."""

import os
import sys
from pathlib import Path

import qgis.utils
from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsFeatureRequest, QgsProject
from qgis.PyQt.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QLabel, QPushButton
from qgis.utils import iface

sys.path.append(os.environ["GRIDBEACON_SCRIPTS"])
from dock_walk import Heart
from inside import be_photographed, folder, make_room, report, walk_through, wish

heart = Heart()
PLAIN, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


def wait_for_map():
    canvas = iface.mapCanvas()
    for _ in range(100):
        QTest.qWait(100)
        if not canvas.isDrawing():
            return


def panel():
    return qgis.utils.plugins[wish["name"]].stories.panel


def units():
    return next(layer for layer in QgsProject.instance().mapLayers().values() if "layername=cells" in layer.source())


def click(cell_id):
    """Click into the middle of a unit, as a person does."""
    layer, canvas = units(), iface.mapCanvas()
    feature = next(layer.getFeatures(QgsFeatureRequest().setFilterExpression(f"\"cell_id\" = '{cell_id}'")))
    system = canvas.mapSettings().destinationCrs()
    transform = QgsCoordinateTransform(layer.crs(), system, QgsProject.instance())
    box = transform.transformBoundingBox(feature.geometry().boundingBox())
    box.scale(wish.get("zoom", 6))
    canvas.setExtent(box)
    wait_for_map()
    QTest.qWait(200)
    middle = transform.transform(feature.geometry().pointOnSurface().asPoint())
    pixel = canvas.getCoordinateTransform().transform(middle)
    heart.phase = f"click {cell_id}"
    QTest.mouseClick(canvas.viewport(), LEFT, PLAIN, QPoint(round(pixel.x()), round(pixel.y())))
    for _ in range(50):
        QTest.qWait(100)
        if panel().story is not None and panel().story.unit.cell_id == cell_id:
            break
    QTest.qWait(300)
    heart.phase = "between"


def drop(widget, paths):
    """Drop files on the middle of a widget."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    spot, copy = widget.rect().center(), Qt.DropAction.CopyAction
    enter = QDragEnterEvent(spot, copy, data, LEFT, PLAIN)
    QApplication.sendEvent(widget, enter)
    event = QDropEvent(QPointF(spot), copy, data, LEFT, PLAIN)
    QApplication.sendEvent(widget, event)
    QTest.qWait(1500)
    return enter.isAccepted() and event.isAccepted()


def bar():
    """Words and buttons of the message bar."""
    items = iface.messageBar().items()
    words = [label.text() for item in items for label in item.findChildren(QLabel) if label.text()]
    return words, [button.text() for item in items for button in item.findChildren(QPushButton) if button.text()]


def walk():
    window, stories = iface.mainWindow(), qgis.utils.plugins[wish["name"]].stories
    make_room()
    before, report["missed"] = iface.mapCanvas().mapTool(), []
    stories.tool.missed.connect(report["missed"].append)
    stories.action.trigger()
    QTest.qWait(300)
    stories.docking.host.show_run(Path(wish["run"]))
    for _ in range(100):
        QTest.qWait(100)
        if any("layername=cells" in layer.source() for layer in QgsProject.instance().mapLayers().values()):
            break
    QTest.qWait(1500)  # QGIS goes to its first layer, and the run's map follows
    QgsProject.instance().setCrs(QgsCoordinateReferenceSystem(wish.get("crs", "EPSG:4326")))
    window.resizeDocks([stories.docking], [wish.get("width", 400)], Qt.Orientation.Horizontal)
    iface.messageBar().clearWidgets()
    report["shown"] = []
    for cell_id in wish["cells"]:
        click(cell_id)
        story = panel().story
        if story is None:
            raise RuntimeError(f"{cell_id} was not found: {report['missed']}, {iface.mapCanvas().extent().toString()}")
        report["shown"].append([story.unit.cell_id, stories.panel.title.text(), stories.panel.facts.text()])
    report["blocked"] = heart.told()
    report["in_front"] = stories.docking.dock.tabs.currentWidget() is stories.panel
    report["checked"] = stories.action.isChecked()
    report["tips"] = {
        layer.name(): layer.mapTipTemplate() != ""
        for layer in QgsProject.instance().mapLayers().values()
        if hasattr(layer, "mapTipTemplate")
    }
    QTest.qWait(500)
    be_photographed()
    QTest.keyClick(iface.mapCanvas(), Qt.Key.Key_Escape)
    report["given_back"] = iface.mapCanvas().mapTool() is before and not stories.action.isChecked()
    iface.messageBar().clearWidgets()
    if wish.get("drop"):
        layers = set(QgsProject.instance().mapLayers())
        report["dropped"] = drop(window, wish["drop"])
        report["offered"] = bar()
        report["opened"] = len(set(QgsProject.instance().mapLayers()) - layers)
        window.grab().save(str(folder / "offer.png"))
        next(b for i in iface.messageBar().items() for b in i.findChildren(QPushButton) if b.toolTip()).click()
        QTest.qWait(300)
        form = stories.docking.dock.form
        report["taken"] = [source.path for source in form.choices.incidents.chosen()]
        report["form_in_front"] = stories.docking.dock.tabs.currentWidget() is form
        drop(stories.docking.dock, wish["drop_on_dock"])
        report["on_dock"] = [s.path for s in form.choices.incidents.chosen() + form.choices.cells.chosen()]
        stories.docking.grab().save(str(folder / "dropped.png"))


walk_through(walk)
