"""The other process: finds or makes the engine's Python, starts it, listens to it, ends it. Nothing of it runs in QGIS.

`engine.run` waits for the end and belongs into a thread of Processing; `engine.EngineJob` goes on beside the window.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "SETTING": ".finding",
    "VARIABLE": ".finding",
    "Found": ".finding",
    "find_python": ".finding",
    "making_commands": ".finding",
    "named_python": ".finding",
    "own_folder": ".finding",
    "python_of": ".finding",
    "FOREIGN": ".surroundings",
    "LAUNCH": ".surroundings",
    "ROOT": ".surroundings",
    "environment": ".surroundings",
    "Listener": ".hearing",
    "prepare": ".running",
    "run": ".running",
    "EngineJob": ".job",
    "end_all": ".job",
    "ProbeJob": ".probing",
    "SearchJob": ".probing",
    "environment_from": ".ways",
    "environment_online": ".ways",
    "packages_from": ".ways",
    "packages_online": ".ways",
    "last_briefing": ".last_run",
    "sweep": ".sweeping",
    "sweep_beside": ".sweeping",
    "sweep_dead": ".sweeping",
    "work_folder": ".sweeping",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
