"""Starts runs in a thread of Processing and cancels each after a while; tells how long the end took and who is left."""

import os
import time
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
)
from session import Session, answer, asked
from strays import strays

wish = asked()
session = Session()
session.load(wish["name"])
os.environ.update(wish.get("environment", {}))


def cancel_after(seconds):
    """(seconds from cancel to the end of the task, processes seen before the cancel, processes left)."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("gridbeacon:run")
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
    context.setProject(QgsProject.instance())
    ended = []
    task = QgsProcessingAlgRunnerTask(algorithm, dict(wish["parameters"]), context, feedback)
    task.executed.connect(lambda fine, results: ended.append((time.monotonic(), fine)))
    QgsApplication.taskManager().addTask(task)
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        session.app.processEvents()
        time.sleep(0.005)
    seen, cancelled = strays(), time.monotonic()
    if not ended:  # QGIS takes a task that has ended apart
        task.cancel()
    while not ended and time.monotonic() - cancelled < 20:
        session.app.processEvents()
        time.sleep(0.005)
    session.app.processEvents()
    while strays() and time.monotonic() - cancelled < 2:
        time.sleep(0.01)  # what was killed takes a moment to go
    took = ended[0][0] - cancelled if ended else None
    return {
        "after": seconds,
        "took": took,
        "gone": time.monotonic() - cancelled,
        "ending": [] if took is None else ["cancelled"] if took >= 0 else ["finished" if ended[0][1] else "failed"],
        "seen": len(seen),
        "left": strays(),
        "layers": len(context.layersToLoadOnCompletion()) if took is None or took >= 0 else 0,
    }


cancels = [cancel_after(seconds) for seconds in wish["moments"]]
answer(
    cancels=cancels,
    left_work=[str(path) for path in Path(QgsProcessingUtils.tempFolder()).glob("gridbeacon-*")],
    left_runs=[
        path.name for path in Path(wish["parameters"]["OUTPUT"]).glob("*") if not (path / "manifest.json").is_file()
    ],
    project_layers=len(QgsProject.instance().mapLayers()),
)
