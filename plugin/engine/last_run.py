"""The last good run, remembered from one session to the next, so that its briefing is one click away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..keeping import keep, recall

BRIEFING = "briefing.html"


def remember(done: dict[str, Any]) -> None:
    """Note a finished run that has a briefing; what the engine does besides (`check`, a step) is passed over."""
    if done.get("out") and done.get("briefing"):
        keep("last_run", str(done["out"]))


def last_briefing() -> Path | None:
    """The briefing of the last good run; None where there was none, or it has been taken away."""
    folder = recall("last_run")
    page = Path(folder) / BRIEFING
    return page if folder and page.is_file() else None
