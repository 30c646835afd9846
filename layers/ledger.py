"""The append-only record of warnings and of what people did about them. Standard library only.

One SQLite file, one table `events`. Nothing in it is ever changed or removed: triggers refuse it, and every event holds
the hash of the one before, so that a changed past is found when the file is opened. What was acknowledged is on the
disk (synchronous FULL). There is no clock inside: the caller gives every time, so a run can be repeated.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import GridBeaconError, InputError
from .refusals import refusal, trouble

VERSION = 1
APPLICATION = 1195527217
"""Marks the file as a ledger of ours: 'GBL1'."""

ISSUED, RUN_ISSUED = "issued", "run_issued"
TO_JUDGE, ASSIGNED, HANDLED, CLOSED = "待研判", "已交办", "已办结", "已销号"
STATES = (TO_JUDGE, ASSIGNED, HANDLED, CLOSED)
"""What people see of a warning, in the order of its life."""

_REASONS = {
    "database or disk is full": ("the disk is full", "磁盘已满"),
    "database is locked": ("another program holds it", "其他程序正占用它"),
}
"""What SQLite says -> what it means, in both languages."""

TRANSITIONS: dict[str, dict[str, str]] = {
    "judged": {TO_JUDGE: TO_JUDGE},
    "dismissed": {TO_JUDGE: CLOSED},
    "assigned": {TO_JUDGE: ASSIGNED, ASSIGNED: ASSIGNED},
    "handled": {ASSIGNED: HANDLED},
    "closed": {HANDLED: CLOSED},
    "reopened": {HANDLED: TO_JUDGE, CLOSED: TO_JUDGE},
    "noted": {state: state for state in STATES},
}
"""Event of a person -> state before -> state after. What is not here is not allowed."""

NEW, RAISED, CONTINUING, ENDED = "新增", "升级", "持续", "解除"
_URGENCY = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}
_GENESIS = "0" * 64
_HASHED = ("seq", "warning_id", "event", "state", "actor", "time", "note", "payload", "once", "previous_hash")

_SCHEMA = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    warning_id TEXT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    time TEXT NOT NULL,
    note TEXT NOT NULL,
    payload TEXT NOT NULL,
    once TEXT UNIQUE,
    previous_hash TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE
);
CREATE INDEX events_of_warning ON events (warning_id, seq);
CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER events_follow BEFORE INSERT ON events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
  OR NEW.previous_hash <> coalesce(
    (SELECT hash FROM events ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
BEGIN SELECT RAISE(ABORT, 'an event must follow the last one'); END;
PRAGMA application_id = 1195527217;
PRAGMA user_version = 1;
"""


def open_ledger(path: str | Path, create: bool = True) -> Ledger:
    """Open the ledger at *path*; make a new one where no file is, unless *create* is false.

    Raises InputError if the file is no ledger, is damaged, is from a newer version, or its chain of hashes is broken:
    it is never repaired or made anew, for what it holds may be the only record. Raises EnvironmentProblem if the
    file cannot be read or written.
    """
    path = Path(path)
    if not path.exists():
        if not create:
            raise refusal("E-LEDGER-001", where=str(path))
        _make(path)
    if not path.is_file():
        raise refusal("E-LEDGER-002", where=str(path))
    connection = None
    try:
        connection = _connect(path)
        _check_kind(connection, path)
        ledger = Ledger(connection, path)
        ledger.verify()
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise _trouble(error, path) from error
        raise
    return ledger


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60.0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA fullfsync=ON")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _make(path: Path) -> None:
    """Make an empty ledger beside *path* and put it there at once; a file that came meanwhile is left alone."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(fresh)
        try:
            connection.executescript(_SCHEMA)
        finally:
            connection.close()
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not path.exists():
                fresh.rename(path)
    except (OSError, sqlite3.Error) as error:
        raise trouble("E-LEDGER-003", where=str(path)) from error
    finally:
        if fresh.exists():
            fresh.unlink()


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        raise refusal("E-LEDGER-004", where=str(path))
    if version > VERSION:
        raise refusal("E-LEDGER-005", where=str(path), version=version, known=VERSION)
    if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise _damaged(path, "its pages do not fit together", "数据页不一致")


def _damaged(path: Path, why: str, why_zh: str) -> InputError:
    return refusal("E-LEDGER-006", where=str(path), why=why, why_zh=why_zh)


def _trouble(error: sqlite3.Error, path: Path) -> GridBeaconError:
    text = str(error)
    if isinstance(error, sqlite3.OperationalError) and "malformed" not in text:
        reason, reason_zh = _REASONS.get(text, (text, text))
        return trouble("E-LEDGER-007", where=str(path), why=reason, why_zh=reason_zh)
    return _damaged(path, "it cannot be read as a database", "无法作为数据库读取")


class Ledger:
    """An open ledger; made by `open_ledger`. A context manager that closes the file."""

    def __init__(self, connection: sqlite3.Connection, path: Path):
        self._connection = connection
        self.path = path

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def head(self) -> str:
        """The hash of the last event, 64 hexadecimal digits; zeros while there is none."""
        row = self._connection.execute("SELECT hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return row[0] if row else _GENESIS

    def verify(self) -> int:
        """Recompute the whole chain; returns the number of events. Raises InputError where it is broken."""
        previous, count = _GENESIS, 0
        for event in self.events():
            count += 1
            if (
                event["seq"] != count
                or event["previous_hash"] != previous
                or event["hash"] != _digest([event[name] for name in _HASHED])
            ):
                raise _damaged(self.path, f"event {count} is not what was recorded", f"第{count}条记录被改动过")
            previous = event["hash"]
        return count

    def events(self, warning_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Every event, oldest first, or those of one warning; `payload` is JSON text."""
        everything = "SELECT * FROM events"
        if warning_id is None:
            rows = self._connection.execute(everything + " ORDER BY seq")
        else:
            rows = self._connection.execute(everything + " WHERE warning_id = ? ORDER BY seq", (warning_id,))
        for row in rows:
            yield dict(row)

    def states(self) -> dict[str, str]:
        """warning_id -> its state now (待研判, 已交办, 已办结 or 已销号)."""
        rows = self._connection.execute(
            "SELECT warning_id, state FROM events WHERE seq IN "
            "(SELECT max(seq) FROM events WHERE warning_id <> '' GROUP BY warning_id) ORDER BY warning_id"
        )
        return {row["warning_id"]: row["state"] for row in rows}

    def issue(self, warnings: Iterable[Mapping[str, Any]] | Any, as_of: str, run_id: str, actor: str = "run") -> int:
        """Record what a run issued, in one transaction; returns the number of events added.

        *warnings* are mappings (or a table with `to_dict("records")`) with `warning_id` and `level`. Idempotent: a
        warning is recorded once per (warning_id, as_of, level), and the same list for the same *as_of* adds nothing.
        A day without warnings is recorded too. A warning keeps the state people gave it; one that was closed
        and comes back at a higher level is to be judged again.
        """
        as_of = _instant(as_of)
        rows = [plain(row) for row in (warnings.to_dict("records") if hasattr(warnings, "to_dict") else warnings)]
        listed = [[str(row["warning_id"]), str(row["level"])] for row in rows]
        with self._transaction():
            before = self._count()
            states, levels = self.states(), self._last_levels()
            for row, (warning_id, level) in zip(rows, listed):  # noqa: B905 - QGIS may run this on Python 3.9
                state = _state_when_issued(states.get(warning_id, TO_JUDGE), level, levels.get(warning_id, ""))
                key = _digest([ISSUED, warning_id, as_of, level])
                self._append((warning_id, ISSUED, state, actor, as_of, ""), {"run_id": run_id, **row}, key)
            if self._listed_at(as_of) != listed:
                listing = {"as_of": as_of, "run_id": run_id, "warnings": listed}
                self._append(("", RUN_ISSUED, "", actor, as_of, ""), listing, None)
            return self._count() - before

    def record(
        self,
        warning_id: str,
        event: str,
        *,
        actor: str,
        time: str,
        note: str = "",
        payload: Mapping[str, Any] | None = None,
        once: str | None = None,
    ) -> str:
        """Record what a person did; returns the state after it. With *once*, a repeated call adds nothing.

        Raises InputError for a warning never issued, an event that does not exist, or one that the warning's state
        does not allow.
        """
        with self._transaction():
            state = self.states().get(warning_id)
            if state is None:
                raise refusal("E-LEDGER-008", where=warning_id)
            key = None if once is None else _digest([event, warning_id, once])
            if key is not None and self._known(key):
                return state
            after = TRANSITIONS.get(event, {}).get(state)
            if after is None:
                allowed = sorted(name for name, moves in TRANSITIONS.items() if state in moves)
                raise refusal("E-LEDGER-009", where=warning_id, state=state, event=event, events=", ".join(allowed))
            self._append((warning_id, event, after, actor, str(time), note), plain(payload or {}), key)
            return after

    def last_issued(self, before_as_of: str) -> list[dict[str, Any]]:
        """The warnings of the last run issued with an *as_of* before the one given, as they were recorded.

        Empty if there was none (see `has_run_before`), or if that run issued no warning.
        """
        listing = self._last_run(_instant(before_as_of)) or {"warnings": []}
        found = []
        for warning_id, level in listing["warnings"]:
            key = _digest([ISSUED, warning_id, listing["as_of"], level])
            row = self._connection.execute("SELECT payload FROM events WHERE once = ?", (key,)).fetchone()
            found.append(json.loads(row["payload"]))
        return found

    def has_run_before(self, before_as_of: str) -> bool:
        """Whether any run was issued with an *as_of* before the one given."""
        return self._last_run(_instant(before_as_of)) is not None

    def first_seen(self) -> dict[str, str]:
        """warning_id -> the `as_of` at which it was first issued."""
        rows = self._connection.execute(
            "SELECT warning_id, min(time) AS first FROM events WHERE event = ? GROUP BY warning_id", (ISSUED,)
        )
        return {row["warning_id"]: row["first"] for row in rows}

    def _last_run(self, before: str) -> dict[str, Any] | None:
        """What the last run issued before an instant listed: `as_of`, `run_id`, `warnings` [[id, level], ...]."""
        row = self._connection.execute(
            "SELECT payload FROM events WHERE event = ? AND time < ? ORDER BY time DESC, seq DESC LIMIT 1",
            (RUN_ISSUED, before),
        ).fetchone()
        return None if row is None else json.loads(row["payload"])

    def _listed_at(self, as_of: str) -> list[list[str]] | None:
        row = self._connection.execute(
            "SELECT payload FROM events WHERE event = ? AND time = ? ORDER BY seq DESC LIMIT 1", (RUN_ISSUED, as_of)
        ).fetchone()
        return None if row is None else json.loads(row["payload"])["warnings"]

    def _last_levels(self) -> dict[str, str]:
        query = "SELECT warning_id, payload FROM events WHERE event = ? ORDER BY seq"
        rows = self._connection.execute(query, (ISSUED,))
        return {row["warning_id"]: str(json.loads(row["payload"]).get("level", "")) for row in rows}

    def _count(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])

    def _known(self, once: str) -> bool:
        return self._connection.execute("SELECT 1 FROM events WHERE once = ?", (once,)).fetchone() is not None

    def _append(self, what: tuple[str, str, str, str, str, str], payload: Mapping[str, Any], once: str | None) -> None:
        """Add one event; *what* is its warning_id, event, state, actor, time, note. A known *once* adds nothing."""
        if once is not None and self._known(once):
            return
        text = json.dumps(payload, ensure_ascii=False, sort_keys=True, allow_nan=False)
        values = (self._count() + 1, *what, text, once, self.head())
        self._connection.execute(
            "INSERT INTO events (seq, warning_id, event, state, actor, time, note, payload, once, previous_hash, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, _digest(list(values))),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _trouble(error, self.path) from error


def change_of(warning_id: str, level: str, before: Mapping[str, str]) -> str:
    """新增, 升级 or 持续, against the levels (warning_id -> level) of the last issued run. What went is 解除."""
    if warning_id not in before:
        return NEW
    return RAISED if _URGENCY.get(level, 0) > _URGENCY.get(before[warning_id], 0) else CONTINUING


def _state_when_issued(state: str, level: str, last_level: str) -> str:
    worse = _URGENCY.get(level, 0) > _URGENCY.get(last_level, 0)
    return TO_JUDGE if state == CLOSED and worse else state


def _instant(as_of: Any) -> str:
    """A local instant in the one form that compares as text."""
    return (as_of if isinstance(as_of, datetime) else datetime.fromisoformat(str(as_of))).isoformat()


def _digest(parts: list[Any]) -> str:
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plain(value: Any) -> Any:
    """*value* as JSON holds it: no NaN, no numpy, no dates; unknown things as their text."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
