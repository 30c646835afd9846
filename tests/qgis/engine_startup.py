"""Runs inside the real QGIS desktop: opens the Engine page from the menu, waits until it has looked, and leaves."""

import os
import sys

import qgis.utils
from qgis.PyQt.QtCore import QProcess

sys.path.append(os.environ["GRIDBEACON_SCRIPTS"])
from inside import be_photographed, later, leave, make_room, report, wish


def begin():
    make_room()
    plugin = qgis.utils.plugins[wish["name"]]
    next(action for action in plugin.actions if action.objectName() == "gridbeacon_engine").trigger()
    page = plugin.page
    page.resize(*wish["page"])
    page.move((wish["size"][0] - wish["page"][0]) // 2, (wish["size"][1] - wish["page"][1]) // 2)
    later(lambda: ready(page), 500)


def ready(page):
    if page.looking():
        later(lambda: ready(page), 200)
        return
    report.update(title=page.title.text(), own=page.ways.own.text.text())
    later(lambda: (be_photographed(), leave()), 1500)


QProcess.startDetached("openbox", [])  # frames around the windows; it goes with its screen
later(begin, 2000)
