"""An older ledger made one of today: what is missing is added, no event and no hash changes. Standard library only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .schema import TABLES
from .sqlite import add_rules, writing
from .states import step_after
from .store import VERSION
from .verifying import verify_events

_OLD_GUARDS = ("events_never_change", "events_never_go", "events_follow")
_COPY = (
    "INSERT INTO ledger_events "
    "(seq, warning_id, event, step, state, actor, time, note, payload, once, previous_hash, hash) "
    "SELECT seq, warning_id, event, ?, state, actor, time, note, payload, once, previous_hash, hash "
    "FROM events WHERE seq = ?"
)


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Version 1 to 2, in one transaction: every event gets its step, the legal moves and their guards are added.

    Raises InputError, and leaves the file as it is, if its past is not what was recorded.
    """
    verify_events(map(dict, connection.execute("SELECT * FROM events ORDER BY seq")), str(path), with_steps=False)
    with writing(connection):
        if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:  # another process was quicker
            return
        for statement in TABLES:
            connection.execute(statement)
        steps: dict[str, str] = {}
        events = connection.execute("SELECT seq, warning_id, event, state FROM events ORDER BY seq").fetchall()
        for event in events:
            step = step_after(event["event"], steps.get(event["warning_id"], ""), event["state"]) or ""
            if step:
                steps[event["warning_id"]] = step
            connection.execute(_COPY, (step, event["seq"]))
        for name in _OLD_GUARDS:
            connection.execute("DROP TRIGGER IF EXISTS " + name)
        connection.execute("DROP TABLE events")
        add_rules(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")
