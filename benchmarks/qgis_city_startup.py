"""Runs inside the real QGIS desktop: opens a large city, runs it from the dock, pans the result, and counts how long
the window could not breathe. What to do stands in the JSON file GRIDBEACON_WISH names."""

import json
import os
import time
from pathlib import Path

import qgis.utils
from qgis.core import QgsApplication, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface

BEAT = 5
"""Milliseconds between two heartbeats of the window."""
wish = json.loads(Path(os.environ["GRIDBEACON_WISH"]).read_text(encoding="utf-8"))
folder = Path(wish["folder"])
report = {"phases": {}, "started": time.time()}
seen = {"name": "start", "last": time.perf_counter(), "began": time.perf_counter(), "gaps": []}


def beat():
    now = time.perf_counter()
    seen["gaps"].append(now - seen["last"])
    seen["last"] = now


pulse = QTimer()
pulse.setInterval(BEAT)
pulse.timeout.connect(beat)
pulse.start()


def memory():
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {name: int(lines[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM")}


def phase(name):
    """End the phase that goes on, write down what was seen in it, and begin the next."""
    beat()
    gaps = sorted(seen["gaps"], reverse=True) or [0.0]
    report["phases"][seen["name"]] = {
        "seconds": round(time.perf_counter() - seen["began"], 2),
        "longest_block_ms": round(1000 * gaps[0]),
        "next_blocks_ms": [round(1000 * gap) for gap in gaps[1:4]],
        "blocks_over_100_ms": sum(gap > 0.1 for gap in gaps),
        **memory(),
    }
    seen.update(name=name, began=time.perf_counter(), gaps=[], last=time.perf_counter())


def guarded(step):
    def call():
        try:
            step()
        except Exception as error:
            report["error"] = f"{step.__name__}: {error!r}"
            leave()

    return call


def later(step, milliseconds=300):
    QTimer.singleShot(milliseconds, guarded(step))


def when(is_so, step, milliseconds=100):
    """Call *step* once `is_so()`; looks every so often, which is the only work done here meanwhile."""

    def look():
        if is_so():
            step()
        else:
            later(look, milliseconds)

    later(look, milliseconds)


def still():
    return not iface.mapCanvas().isDrawing() and QgsApplication.taskManager().countActiveTasks() == 0


def dock():
    return qgis.utils.plugins[wish["name"]].docking


def begin():
    iface.mainWindow().setGeometry(0, 0, 1600, 1000)
    phase("idle")
    later(open_layers, 3000)


def open_layers():
    """The user's own layers, as QGIS opens them: not our work, the measure to hold ours against."""
    phase("QGIS opens and draws the two layers")
    for name, path, where in (("cells", wish["cells"], ""), ("incidents", wish["incidents"], wish["filter"])):
        layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
        layer.setSubsetString(where)
        QgsProject.instance().addMapLayer(layer)
    iface.zoomFull()
    when(still, open_dock, 500)


def open_dock():
    phase("the dock opens, layers and fields found")
    dock().setVisible(True)
    later(wait_for_check, 1000)


def wait_for_check():
    phase("the check before the run")
    form = dock().dock.form
    report["chosen"] = [form.choices.incidents.combo.currentText(), form.choices.cells.combo.currentText()]
    form.checking.start()
    when(lambda: form.checking.job is None, press_run, 300)


def press_run():
    phase("the run")
    form = dock().dock.form
    form.run_finished.connect(lambda out: report.__setitem__("out", out))
    form.run()
    when(lambda: form.job is None, shown, 100)


def shown():
    phase("results opened, added and drawn")
    when(lambda: still() and "out" in report, pan, 500)


def pan():
    phase("twenty movements of the map")
    report["layers"] = [[n.name(), n.isVisible()] for n in QgsProject.instance().layerTreeRoot().findLayers()]
    moves = iter([("zoom", 0.5), ("zoom", 0.5), *[("pan", n) for n in range(14)], ("zoom", 2.0), ("zoom", 2.0)])

    def move():
        step = next(moves, None)
        if step is None:
            later(picture, 500)
            return
        canvas = iface.mapCanvas()
        extent = canvas.extent()
        if step[0] == "zoom":
            canvas.zoomByFactor(step[1])
        else:
            extent.setXMinimum(extent.xMinimum() + 0.2 * extent.width() * (-1) ** step[1])
            extent.setXMaximum(extent.xMinimum() + canvas.extent().width())
            canvas.setExtent(extent)
            canvas.refresh()
        when(still, move, 60)

    move()


def picture():
    phase("end")
    (folder / "READY").write_text("", encoding="utf-8")
    when(lambda: (folder / "LEAVE").exists(), leave)


def leave():
    pulse.stop()
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, default=str), encoding="utf-8")
    QgsProject.instance().clear()
    iface.actionExit().trigger()


later(begin, 2000)
