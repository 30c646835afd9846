"""Does what it is asked with the plugin's engine under PyQt5 or PyQt6, without QGIS, and answers as JSON.

python engine_session.py '{"qt": 5, "acts": [{"do": "job", "arguments": ["run", ...], "cancel_after": 100}, ...]}'
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

asked = json.loads(sys.argv[1])
if asked.get("qt") == 6:
    sys.modules["PyQt5"] = None  # type: ignore[assignment]

sys.path.append(str(Path(__file__).parents[1] / "qgis"))
from gridbeacon.plugin import engine  # noqa: E402
from gridbeacon.plugin.engine import job as engine_jobs  # noqa: E402
from gridbeacon.plugin.engine import probing, ways  # noqa: E402
from gridbeacon.plugin.keeping import keep  # noqa: E402
from gridbeacon.plugin.qt import QtCore, QtWidgets  # noqa: E402
from strays import strays  # noqa: E402

application = QtWidgets.QApplication([])
ENDINGS = ("finished", "failed", "cancelled")
LINGER = 0.3
"""Seconds in which a second ending would show."""


def breathe(until: Any, seconds: float) -> float:
    """Let the window live until *until* holds; the longest time, in seconds, in which it could not."""
    end, longest, last = time.monotonic() + seconds, 0.0, time.monotonic()
    while not until() and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.002)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return longest


def watched(job: Any, cancel_after: int | None = None, patience: float = 300) -> dict[str, Any]:
    """Run a job to its end, or cancel it after some milliseconds; everything that showed."""
    endings: list[tuple[float, str, Any]] = []
    steps, said = [], []
    for name in ENDINGS:
        getattr(job, name).connect(lambda *facts, name=name: endings.append((time.monotonic(), name, facts)))
    job.progressed.connect(lambda fraction, text: steps.append([fraction, text]))
    job.said.connect(said.append)
    start, cancelled, seen = time.monotonic(), None, 0
    job.start()
    longest = 0.0
    if cancel_after is not None:
        longest = breathe(lambda: time.monotonic() - start >= cancel_after / 1000, 60)
        seen, cancelled = len(strays()), time.monotonic()
        job.cancel()
    longest = max(longest, breathe(lambda: bool(endings), patience))
    left_at = time.monotonic()
    if cancelled is not None:
        while strays() and time.monotonic() - cancelled < 2:
            time.sleep(0.01)
        left_at = time.monotonic()
    left = strays()
    breathe(lambda: False, LINGER)
    (moment, name, facts), *_ = endings
    told = {"ending": name, "endings": len(endings), "steps": steps[-3:], "said": said[-5:], "longest": longest}
    told.update(seen=seen, left=left, took=(moment if cancelled is None else left_at) - (cancelled or start))
    if name == "finished":
        told["done"] = facts[0]
    if name == "failed":
        error = facts[0]
        told["error"] = [error.problem, error.where, error.fix]
    return told


def job(act: dict[str, Any]) -> dict[str, Any]:
    """Run the engine."""
    os.environ["GRIDBEACON_STAND_IN"] = act.get("behaviour", "fine")
    if act.get("full"):
        engine_jobs.work_folder = refuse
    work = Path(act["work"]) if act.get("work") else None
    told = watched(engine.EngineJob(act["arguments"], work), act.get("cancel_after"))
    if act.get("brief") and "json" in told.get("done", {}):
        told["done"] = {"rows": len(told["done"]["json"]["rows"])}
    return told


def refuse(*facts: Any) -> None:
    """What the system says where another program holds a folder, or the disk is full."""
    raise OSError(28, "no room", "/somewhere")


def way(act: dict[str, Any]) -> dict[str, Any]:
    """Go one of the ways to get an engine; *held*: another program holds what has to be taken away."""
    if act.get("held"):
        ways.discard = refuse
    folder = [Path(act["folder"])] if act.get("folder") else []
    return watched(getattr(engine, act["name"])(Path(act["python"]), *folder), act.get("cancel_after"))


def probe(act: dict[str, Any]) -> dict[str, Any]:
    """Ask a Python what it is: the one named, or the engine's."""
    probing.PATIENCE = act.get("patience", probing.PATIENCE)
    found = engine.Found(Path(act["python"]), "") if act.get("python") else engine.find_python()
    return watched(engine.ProbeJob(found.python, found.packages))


def search(act: dict[str, Any]) -> dict[str, Any]:
    """Look for the Python of the program around."""
    places = [Path(place) for place in act["places"]] if "places" in act else None
    return watched(engine.SearchJob(places))


def find(act: dict[str, Any]) -> dict[str, Any]:
    """Which Python would run the engine."""
    for name, text in act.get("keep", {}).items():
        keep(name, text)
    found = engine.find_python()
    last = engine.last_briefing()
    packages = str(found.packages) if found.packages else ""
    return {"python": str(found.python), "origin": found.origin, "packages": packages, "last": str(last or "")}


def require(act: dict[str, Any]) -> None:
    """Other packages than the engine's own: small ones."""
    ways.PIP = tuple(act["file"] if part == str(ways.REQUIREMENTS) else part for part in ways.PIP)
    probing.REQUIREMENTS = Path(act["file"])


def poison(act: dict[str, Any]) -> None:
    """What a QGIS may have in its surroundings."""
    os.environ.update(act["with"])


def quit_early(act: dict[str, Any]) -> dict[str, Any]:
    """Leave while the engine works; nothing may stay behind."""
    os.environ["GRIDBEACON_STAND_IN"] = "deaf"
    leaving = engine.EngineJob(act["arguments"])
    leaving.start()
    breathe(lambda: len(strays()) >= 3, 20)
    seen = len(strays())
    engine.end_all()
    end = time.monotonic() + 2
    while strays() and time.monotonic() < end:
        time.sleep(0.01)
    return {"seen": seen, "left": strays()}


def main() -> None:
    told = [globals()[act["do"]](act) for act in asked["acts"]]
    sys.stdout.write(json.dumps({"qt": QtCore.__name__, "told": told}, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
    os._exit(0)


main()
