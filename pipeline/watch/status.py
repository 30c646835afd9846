"""How the watch stands: the last good run, its age, when the next is due, who holds the lock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .lock import lock_state
from .place import CityFolder
from .settings import WatchSettings


def due_after(as_of: str, bin: str, settings: WatchSettings, timezone: str) -> datetime:
    """When the run after the one of *as_of* is started: the next morning, week or hour, at its time."""
    last = datetime.fromisoformat(as_of).replace(tzinfo=ZoneInfo(timezone))
    if bin == "hour":
        return last + timedelta(hours=1, minutes=settings.minute)
    hour, minute = map(int, settings.at.split(":"))
    morning = last.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return morning + timedelta(days=7 if bin == "week" else 1)


def late_from(as_of: str, bin: str, settings: WatchSettings, timezone: str) -> datetime:
    """The instant from which the run after the one of *as_of* counts as late."""
    return due_after(as_of, bin, settings, timezone) + timedelta(hours=settings.grace_hours)


def watch_status(place: CityFolder, now: datetime, settings: WatchSettings, bin: str, timezone: str) -> dict[str, Any]:
    """JSON-able facts of the watch at the aware instant *now*.

    `ok` is true where the last good run is not late and the newest attempt did not fail. `last_good` holds run_id,
    as_of, folder, briefing and age_hours (of the data); `next_due`, `late`; `lock` (`lock_state`); `last_attempt` with
    its `state`: running, done, failed or interrupted; None where there was none.
    """
    good = next(iter(place.good_runs()), None)
    lock = lock_state(place.lock, now)
    attempt = place.attempt() or None
    if attempt is not None:
        attempt = {**attempt, "state": _state_of(attempt, lock)}
    facts: dict[str, Any] = {"last_good": None, "next_due": None, "late": good is None}
    if good is not None:
        until = datetime.fromisoformat(good.as_of).replace(tzinfo=ZoneInfo(timezone))
        facts["last_good"] = {
            "run_id": good.run_id,
            "as_of": good.as_of,
            "folder": str(good.folder),
            "briefing": str(good.folder / "briefing.html"),
            "age_hours": round((now - until) / timedelta(hours=1), 1),
        }
        facts["next_due"] = due_after(good.as_of, bin, settings, timezone).isoformat()
        facts["late"] = now > late_from(good.as_of, bin, settings, timezone)
    failed = attempt is not None and attempt["state"] in ("failed", "interrupted")
    return {"ok": not facts["late"] and not failed, **facts, "lock": lock, "last_attempt": attempt}


def _state_of(attempt: dict[str, Any], lock: dict[str, Any]) -> str:
    if "exit_code" in attempt:
        return "done" if attempt["exit_code"] == 0 else "failed"
    return "running" if lock["state"] == "held" else "interrupted"
