"""The plugin leaves a QGIS session as it found it, however often it is loaded and unloaded."""

from __future__ import annotations

import pytest
from desk import Desk

pytestmark = pytest.mark.qgis
WINDOWS = ["gridbeacon_engine", "gridbeacon_toggle"]
"""Actions that open a window which does not wait for an answer."""


def test_fifty_reloads_leave_nothing(tmp_path, require, root):
    """Objects under the main window, receivers of QGIS's signals, providers, modules, threads: all as before."""
    told = Desk(tmp_path, require("qgis")).put_plugin(root).ask("reload_plugin.py", reloads=50, open=WINDOWS)
    assert told["left"] == {}
    assert told["before"] == {"objects": {}, "modules": [], "registered": {}}
    assert told["reloaded"] == {}
    assert set(told["brought"]) >= {"children", "providers", "modules", "objects"}, "the census sees what is loaded"
    assert told["opened"] and told["signals"] > 5
    assert told["imported"] == []


LEAKY = """
import threading

from qgis.core import QgsApplication, QgsProcessingProvider, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction, QDockWidget

class Provider(QgsProcessingProvider):
    def id(self): return "leaky"
    def name(self): return "leaky"
    def loadAlgorithms(self): pass

class Plugin:
    def __init__(self, iface): self.iface = iface
    def initProcessing(self): pass
    def hear(self, *layers): pass
    def initGui(self):
        window = self.iface.mainWindow()
        QDockWidget("x", window).setObjectName("leaky dock")
        QTimer(window).start(100000)
        threading.Thread(target=threading.Event().wait, name="leaky thread", daemon=True).start()
        action = QAction("x", window)
        window.addAction(action)
        self.iface.registerCustomDropHandler(self)
        QgsProject.instance().layersAdded.connect(self.hear)
        QgsApplication.processingRegistry().addProvider(Provider())
    def unload(self): pass

def classFactory(iface): return Plugin(iface)
"""


def test_a_plugin_that_leaves_things_behind_is_found(tmp_path, require):
    """The census can fail: dock, timer, action, provider, handler, connection and classes are each told."""
    desk = Desk(tmp_path, require("qgis"), "leaky")
    desk.plugin.mkdir(parents=True)
    (desk.plugin / "metadata.txt").write_text("[general]\nname=leaky\nversion=1\nqgisMinimumVersion=3.0\n")
    (desk.plugin / "__init__.py").write_text(LEAKY)
    told = desk.ask("reload_plugin.py", reloads=1, open=[], patience=0.2)
    assert {"children", "receivers", "registered", "objects"} <= set(told["left"]), told["left"]
    assert told["left"]["threads"] == {"leaky thread": 1}
    more = set(told["left"]["children"])  # what a dock is made of comes with it
    assert more >= {"QDockWidget:leaky dock", "QTimer:", "QAction:x"}, more
