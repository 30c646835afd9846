"""Runs inside the real QGIS desktop: the sample city from the dock, the first warning chosen, the window as it is."""

import json
import os
import traceback
from pathlib import Path

import qgis.utils
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

wish = json.loads(Path(os.environ["GRIDBEACON_WISH"]).read_text(encoding="utf-8"))
folder = Path(wish["folder"])


def wait(is_so, seconds):
    """Let the window live until `is_so()`. Raises TimeoutError."""
    for _ in range(int(seconds * 10)):
        if is_so():
            return
        QTest.qWait(100)
    raise TimeoutError(is_so.__name__)


def still():
    return not iface.mapCanvas().isDrawing() and QgsApplication.taskManager().countActiveTasks() == 0


def walk():
    window = iface.mainWindow()
    window.setGeometry(0, 0, *wish["size"])
    docks = {dock.objectName(): dock for dock in window.findChildren(QDockWidget)}
    for name in ("Browser", "Browser2", "LayerOrder", "ProcessingToolbox", "MessageLog"):
        if name in docks:
            docks[name].hide()
    docking = qgis.utils.plugins[wish["name"]].docking
    docking.setVisible(True)
    dock = docking.dock
    form = dock.form
    form.choices.incidents.add_files(wish["incidents"])
    form.choices.cells.add_files([wish["cells"]])
    form.choices.files.choose(wish["files"])
    window.resizeDocks([docks["Layers"], docking], wish["widths"], Qt.Orientation.Horizontal)
    wait(lambda: form.checking.job is None, 120)
    QTest.qWait(1500)
    wait(lambda: form.checking.job is None, 120)
    if wish["tab"] == "form":
        return
    form.run()
    wait(lambda: form.job is None, 300)
    wait(lambda: still() and not dock.table.busy, 60)
    dock.tabs.setCurrentWidget(dock.table)
    QTest.qWait(1500)
    iface.messageBar().clearWidgets()
    wait(still, 60)


def begin():
    try:
        walk()
        (folder / "READY").write_text("", encoding="utf-8")
        wait(lambda: (folder / "LEAVE").exists(), 60)
        told = {}
    except Exception:
        told = {"error": traceback.format_exc()}
    (folder / "report.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    QgsProject.instance().clear()
    iface.actionExit().trigger()


QTimer.singleShot(1500, begin)
