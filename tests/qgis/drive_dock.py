"""Drives the dock in a headless QGIS by mouse and keyboard: layers, check, run, cancels at given moments, run again."""

import os
from pathlib import Path

from dock_walk import Walk
from qgis.core import QgsProject
from qgis.PyQt.QtTest import QTest
from session import Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))
plugin = session.load(wish["name"])
session.face.window.resize(1200, 900)
session.face.window.show()
walk = Walk(plugin)
walk.add_layers(wish["layers"])
walk.phase("open")
walk.open()
walk.type("runs", wish["runs"])
told = {"chosen": [walk.choose(box, text) for box, text in wish["choose"]]}
walk.phase("check")
told["facts"] = walk.checked()
layer = QgsProject.instance().mapLayersByName(wish["choose"][0][1])[0]
layer.setSubsetString(wish["filter"])  # now the layer is less than its file, and has to be written
told["filtered"] = walk.checked()
layer.setSubsetString("")
walk.wait(lambda: walk.form.checking.timer.isActive(), 5)
told["cancels"] = []
for moment in wish.get("cancels", ()):
    walk.phase("cancel")
    told["cancels"].append(walk.cancel(moment))
walk.phase("run")
told["run"] = walk.run() if wish.get("run", True) else {}
told["left"] = sorted(path.name for path in Path(wish["runs"]).glob("*") if path.is_dir())
told["hidden"] = sorted(path.name for path in Path(wish["runs"]).glob(".*.part"))
told["tab"] = walk.docking.dock.tabs.tabText(walk.docking.dock.tabs.currentIndex())
walk.phase("judge")
told["judged"] = walk.judge(session.face.canvas)
walk.phase("unload")
if wish.get("unload_at_work"):
    walk.docking.dock.tabs.setCurrentIndex(0)
    walk.press("run")
    QTest.qWait(int(1000 * wish["unload_at_work"]))
    told["at_work"] = walk.form.job is not None
session.unload(wish["name"])
QTest.qWait(300)
mark = os.environ["GRIDBEACON_MARK"]
told["processes"] = []
for entry in Path("/proc").iterdir():
    try:
        if entry.name.isdigit() and int(entry.name) != os.getpid() and mark in (entry / "environ").read_text():
            told["processes"].append((entry / "cmdline").read_text().replace("\0", " "))
    except OSError:
        continue
told["work"] = sorted(path.name for path in Path(os.environ["TMPDIR"]).glob("gridbeacon-*"))
answer(**told, pauses=walk.heart.told())
