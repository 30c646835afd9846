"""What every script inside the real QGIS desktop begins and ends with: its wish, its report, the picture, the way out.

The wish stands in the JSON file GRIDBEACON_WISH names, and the report is written beside it. The picture is taken from
outside (`desktop.drive`) while the file READY is there and LEAVE is not.
"""

import json
import os
import traceback
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

PANELS = ("Browser", "Browser2", "LayerOrder", "ProcessingToolbox", "MessageLog")
"""What QGIS opens beside the map by itself."""
wish = json.loads(Path(os.environ["GRIDBEACON_WISH"]).read_text(encoding="utf-8"))
folder = Path(wish["folder"])
report = {}


def make_room():
    """The window as large as wished for, without QGIS's own panels; the panels that stay, by name."""
    window = iface.mainWindow()
    window.setGeometry(0, 0, *wish.get("size", (1600, 1000)))
    docks = {dock.objectName(): dock for dock in window.findChildren(QDockWidget)}
    for name in docks.keys() & set(PANELS):
        docks[name].hide()
    return docks


def later(step, milliseconds=300):
    """Call *step* after a while; a failure is written down and ends QGIS, else the test would wait for ever."""

    def call():
        try:
            step()
        except Exception:
            report["error"] = traceback.format_exc()
            leave()

    QTimer.singleShot(milliseconds, call)


def walk_through(walk):
    """Call *walk*, which ends when all is done, once QGIS is up; then leave."""
    later(lambda: (walk(), leave()), 1500)


def be_photographed():
    """Wait until the picture was taken."""
    (folder / "READY").write_text("", encoding="utf-8")
    while not (folder / "LEAVE").exists():
        QTest.qWait(100)


def leave():
    """Write the report and end QGIS."""
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, default=str), encoding="utf-8")
    QgsProject.instance().clear()
    iface.actionExit().trigger()
