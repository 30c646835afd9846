"""What would have been warned over a stretch of the past, day by day; and drills over it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "replay_episodes": ".episodes",
    "level_table": ".episodes",
    "Known": ".known",
    "Day": ".days",
    "replay_days": ".days",
    "moments": ".days",
    "replay": ".tables",
    "Replay": ".tables",
    "write_replay": ".folder",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
