"""Runs the dock over a layer that has to be written first and over files, cancels each after a while; who is left."""

import os
import tempfile
import time
from pathlib import Path

from qgis.core import QgsProject
from session import Session, answer, asked
from strays import strays

wish = asked()
session = Session()
from dock_walk import Walk  # noqa: E402 - found only once QGIS is up

os.environ.update(wish.get("environment", {}))
session.face.window.resize(1200, 800)
session.face.window.show()
work = Path(wish["runs"]).with_name("work")
work.mkdir()
tempfile.tempdir = str(work)
walk = Walk(session.load(wish["name"]))
walk.add_layers(wish["layers"])
walk.open()
form = walk.form
form.choices.record.runs.set_path(wish["runs"])
form.choices.record.ledger.set_path(wish["ledger"])
form.choices.cells.add_files([wish["cells"]])


def layers_at_rest():
    """How many layers the project has, once those of a run that has ended, which come one after another, are there."""
    known, since = -1, time.monotonic()
    while time.monotonic() - since < 0.4:
        now = len(QgsProject.instance().mapLayers())
        known, since = now, since if now == known else time.monotonic()
        walk.wait(lambda: False, 0.05)
    return known


def cancel_after(seconds, source):
    """As in `cancel_runs.py`: how long the end took, whether the run had ended by itself, and what was left."""
    walk.choose("incidents", source)
    endings, layers = [], layers_at_rest()
    form.run()
    job = form.job
    for name in ("finished", "failed", "cancelled"):
        getattr(job, name).connect(lambda *_, name=name: endings.append(name))
    walk.wait(lambda: endings, seconds)
    seen, cancelled = strays(), time.monotonic()
    form.cancel()
    walk.wait(lambda: endings, 20)
    took = time.monotonic() - cancelled
    form.checking.stop()  # a check of the same inputs begins again when the run has ended
    walk.wait(lambda: not strays(), 2.5 - took)
    gone = time.monotonic() - cancelled
    return {
        "after": seconds,
        "took": took if endings else None,
        "gone": gone,
        "ending": endings,
        "seen": len(seen),
        "left": strays(),
        "layers": layers_at_rest() - layers if endings == ["cancelled"] else 0,
    }


cancels = []
for number, seconds in enumerate(wish["moments"]):
    cancels.append(cancel_after(seconds, wish["sources"][number % len(wish["sources"])]))
form.stop()
walk.wait(lambda: not strays(), 3)
answer(
    cancels=cancels,
    left=strays(),
    left_runs=[path.name for path in Path(wish["runs"]).glob("*") if not (path / "manifest.json").is_file()],
    left_work=[path.name for path in work.glob("gridbeacon-*")],
    pauses=walk.heart.told(),
)
