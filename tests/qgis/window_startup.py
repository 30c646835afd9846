"""Runs inside the real QGIS desktop: the sample city from the dock, the first warning chosen, the window as it is."""

import os
import sys

import qgis.utils
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface

sys.path.append(os.environ["GRIDBEACON_SCRIPTS"])
from inside import be_photographed, make_room, walk_through, wish


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
    window, docks = iface.mainWindow(), make_room()
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


walk_through(lambda: (walk(), be_photographed()))
