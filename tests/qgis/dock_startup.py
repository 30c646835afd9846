"""Runs inside the real QGIS desktop: walks through the dock and writes down what happened."""

import os
import sys

import qgis.utils
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface

sys.path.append(os.environ["GRIDBEACON_SCRIPTS"])
from dock_walk import Walk
from inside import folder, make_room, report, walk_through, wish


def walk():
    """Layers, check, run and cancel, run again."""
    window = iface.mainWindow()
    make_room()
    steps = Walk(qgis.utils.plugins[wish["name"]], folder)
    steps.add_layers(wish["layers"])
    iface.zoomFull()
    steps.phase("open")
    steps.open(wish.get("width", 400))
    steps.type("runs", wish["runs"])
    report["chosen"] = [steps.choose(box, text) for box, text in wish["choose"]]
    steps.phase("check")
    report["facts"] = steps.checked(wish.get("patience", 120))
    report["cut_off"] = steps.form.choices.minimumSizeHint().width() - steps.form.scroll.viewport().width()
    steps.picture("dock")
    steps.picture("window", window)
    for number, after in enumerate(wish.get("cancel", ())):
        steps.phase(f"cancel {number}")
        report.setdefault("cancelled", []).append(steps.cancel(after))
    steps.phase("run")
    report["run"] = steps.run(wish.get("patience", 300))
    steps.phase("after")
    QTest.qWait(500)
    steps.picture("after", window)
    steps.phase("judge")
    report["judged"] = steps.judge(iface.mapCanvas())
    QTest.qWait(500)
    steps.picture("judged", window)
    steps.docking.dock.tabs.setCurrentIndex(0)
    steps.picture("dock_after")
    for part in wish.get("unfold", ()):
        fold = getattr(steps.form.choices, part)
        fold.unfold()
        QTest.qWait(200)
        steps.picture(part)
        fold.unfold(False)
    report["pauses"] = steps.heart.told()


walk_through(walk)
