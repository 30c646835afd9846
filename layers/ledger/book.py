"""The ledger itself: what may be recorded, and what can be asked. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..refusals import refusal
from .chain import GENESIS, HASHED, as_json, digest, instant, plain, storable
from .deadlines import Deadlines
from .entries import changes, checked_payload
from .rows import fold, late
from .states import (
    DEADLINES_SET,
    EVENTS,
    HIGHEST,
    ISSUED,
    LINE_STARTED,
    NEEDS_NOTE,
    PAPER_NUMBERED,
    RUN_ISSUED,
    STATE_OF,
    STATES,
    TRANSITIONS,
    possible,
    step_when_issued,
)
from .store import Store
from .verifying import verify_events

_OF_THE_RECORD = "SELECT payload FROM ledger_events WHERE warning_id = '' AND event = ?"
"""Events that belong to no warning: few, and found by the index that warnings are found by."""


class Ledger:
    """An open ledger; made by `open_ledger`. A context manager that closes it. Times are local, without an offset."""

    def __init__(self, store: Store):
        self._store = store
        self.path = store.name
        """The file, or the database without its password."""

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file or the connection."""
        self._store.close()

    def head(self) -> str:
        """The hash of the last event, 64 hexadecimal digits; zeros while there is none."""
        return self._last()[1]

    def verify(self) -> int:
        """Recompute the chain and every step; returns the number of events. Raises InputError where it is broken."""
        return verify_events(self.events(), self._store.name)

    def events(self, warning_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Every event, oldest first, or those of one warning; `payload` is JSON text."""
        if warning_id is None:
            yield from self._store.rows("SELECT * FROM ledger_events ORDER BY seq")
        else:
            yield from self._store.rows(
                "SELECT * FROM ledger_events WHERE warning_id = ? ORDER BY seq", (storable(warning_id),)
            )

    def steps(self) -> dict[str, str]:
        """warning_id -> its step now: the last event that moved it."""
        rows = self._store.rows(
            "SELECT warning_id, step FROM ledger_events WHERE seq IN "
            "(SELECT max(seq) FROM ledger_events WHERE warning_id <> '' GROUP BY warning_id) ORDER BY seq"
        )
        return {row["warning_id"]: row["step"] for row in rows}

    def states(self) -> dict[str, str]:
        """warning_id -> its state now (待研判, 已交办, 已办结 or 已销号)."""
        return {warning_id: STATE_OF[step] for warning_id, step in self.steps().items()}

    def warnings(self) -> list[dict[str, Any]]:
        """One row per warning ever issued: its columns as last issued, where it stands, and what is due.

        Beside the columns: `state`, `step`, `verdict` ("", "true", "false", "unclear"), `assigned_to`, `due` (ISO or
        ""), `first_issued`, `last_issued`, `judged_at`, `closed_at`, `line`, `supervised` and `reopened` (how often).
        """
        last = self._last()[0]  # what others append meanwhile is left for the next call
        issued = self._store.rows(
            "SELECT warning_id, payload FROM ledger_events WHERE seq IN (SELECT seq FROM "
            "(SELECT seq, row_number() OVER (PARTITION BY warning_id ORDER BY time DESC, seq DESC) AS place "
            "FROM ledger_events WHERE event = ? AND seq <= ?) AS ranked WHERE place = 1)",
            (ISSUED, last),
        )
        columns = {row["warning_id"]: json.loads(row["payload"]) for row in issued}
        events = self._store.rows(
            "SELECT seq, warning_id, event, step, time, CASE WHEN event = ? THEN '' ELSE payload END AS payload "
            "FROM ledger_events WHERE seq <= ? ORDER BY seq",
            (ISSUED, last),
        )
        return fold(events, columns)

    def overdue(self, now: Any) -> list[dict[str, Any]]:
        """The rows of `warnings` whose judging, assigning or handling was due before *now*, with `late_hours`."""
        return late(self.warnings(), self._instant(now))

    def issue(
        self,
        warnings: Iterable[Mapping[str, Any]] | Any,
        as_of: Any,
        run_id: str,
        actor: str = "run",
        line: Mapping[str, Any] | None = None,
    ) -> int:
        """Record what a run issued, in one transaction; returns the number of events added.

        *warnings* are mappings (or a table with `to_dict("records")`) with `warning_id` and `level`. Idempotent: a
        warning is recorded once per (warning_id, as_of, level), and the same list for the same *as_of* adds nothing.
        A day without warnings is recorded too. A warning keeps the step people gave it; one that was closed and comes
        back at a higher level is to be judged again. *line* names the surveillance line: `name`, `fingerprint` of its
        settings, `settings`; a fingerprint that differs from that name's last one starts a new line, with what changed.
        """
        as_of = self._instant(as_of)
        rows = [plain(row) for row in (warnings.to_dict("records") if hasattr(warnings, "to_dict") else warnings)]
        listed = [[storable(row["warning_id"]), storable(row["level"])] for row in rows]
        with self._store.transaction():
            before = self._last()[0]
            under = {} if line is None else {"line": self._start_line(line, as_of, actor)}
            for row, (warning_id, level) in zip(rows, listed):  # noqa: B905 - QGIS may run this on Python 3.9
                step = step_when_issued(self._step(warning_id), level, self._last_level(warning_id, as_of))
                key = digest([ISSUED, warning_id, as_of, level])
                payload = {"run_id": run_id, **row, **under}
                self._append((warning_id, ISSUED, step, actor, as_of, ""), payload, key)
            if self._listed_at(as_of) != listed:
                listing = {"as_of": as_of, "run_id": run_id, "warnings": listed}
                self._append(("", RUN_ISSUED, "", actor, as_of, ""), listing, None)
            return self._last()[0] - before

    def record(
        self,
        warning_id: str,
        event: str,
        *,
        actor: str,
        time: Any,
        note: str = "",
        payload: Mapping[str, Any] | None = None,
        once: str | None = None,
    ) -> str:
        """Record what a person did; returns the step after it. With *once*, a repeated call adds nothing.

        `judged` takes `payload["verdict"]` (true, false or unclear), `assigned` takes `to` and may take `due`,
        `supervised` may take `due`; `corrected` and `cancelled` refer to an earlier event of the warning by `seq` and
        `hash` (by default to its last issue), and `corrected` names in `set` what it should have said.

        Raises InputError for a warning never issued, an event that does not exist or that the warning's step does not
        allow, a missing actor, time or note, and a payload that does not fit the event.
        """
        time, warning_id = self._instant(time), storable(warning_id)
        actor, note = storable(actor).strip(), storable(note).strip()
        with self._store.transaction():
            step = self._step(warning_id)
            if not step:
                raise refusal("E-LEDGER-008", where=warning_id)
            key = None if once is None else digest([event, warning_id, once])
            if key is not None and self._known(key):
                return step
            after = TRANSITIONS.get(event, {}).get(step)
            if after is None:
                raise self._not_now(warning_id, step, event)
            if event in NEEDS_NOTE and not note:
                raise refusal("E-LEDGER-011", where=f"{warning_id}: {event}")
            checked = checked_payload(event, payload or {}, lambda: list(self.events(warning_id)), self.deadlines)
            self._append((warning_id, event, after, actor, time, note), checked, key)
            return after

    def deadlines(self) -> Deadlines:
        """The deadlines in force: those last set, else the defaults."""
        last = self._last_of(DEADLINES_SET)
        return Deadlines.read(last["deadlines"] if last else {})

    def set_deadlines(self, settings: Mapping[str, Any], *, actor: str, time: Any) -> int:
        """Put deadlines in force from now on (see `deadlines`); returns 0 if they already are, else 1."""
        Deadlines.read(settings)
        chosen, time = plain(settings), self._instant(time)
        with self._store.transaction():
            if (self._last_of(DEADLINES_SET) or {"deadlines": {}})["deadlines"] == chosen:
                return 0
            self._append(("", DEADLINES_SET, "", actor, time, ""), {"deadlines": chosen}, None)
            return 1

    def number_paper(
        self, kind: str, key: str, payload: Mapping[str, Any], *, actor: str, time: Any, once_in: str = ""
    ) -> dict[str, Any]:
        """Give a paper its number; returns what is recorded of it: *payload*, `kind`, `key`, `year`, `number`, `time`.

        Each *kind* counts from 1 in every year. A *key* that has a number keeps it, and all that was recorded with it.
        *once_in* names a list of the payload whose entries may stand in no other paper of this kind: InputError where
        one does, because somebody numbered it a moment ago.
        """
        time, year = self._instant(time), int(self._instant(time)[:4])
        with self._store.transaction():
            known = [paper for paper in self.papers() if paper["kind"] == kind]
            for paper in known:
                if paper["key"] == key:
                    return paper
                if once_in and set(paper[once_in]) & set(payload[once_in]):
                    raise refusal("E-PAPER-009", where=self._store.name, number=paper["number"])
            number = 1 + max((paper["number"] for paper in known if paper["year"] == year), default=0)
            paper = {**payload, "kind": kind, "key": key, "year": year, "number": number, "time": time}
            self._append(("", PAPER_NUMBERED, "", actor, time, ""), paper, digest([PAPER_NUMBERED, kind, key]))
            return json.loads(as_json(paper))

    def papers(self) -> list[dict[str, Any]]:
        """What is recorded of every numbered paper, oldest first; see `number_paper`."""
        rows = self._store.rows(_OF_THE_RECORD + " ORDER BY seq", (PAPER_NUMBERED,))
        return [json.loads(row["payload"]) for row in rows]

    def last_issued(self, before_as_of: Any) -> list[dict[str, Any]]:
        """The warnings of the last run issued with an *as_of* before the one given, as they were recorded.

        Empty if there was none (see `has_run_before`), or if that run issued no warning.
        """
        listing = self._last_run(self._instant(before_as_of)) or {"warnings": []}
        keys = [digest([ISSUED, warning_id, listing["as_of"], level]) for warning_id, level in listing["warnings"]]
        found = [self._store.row("SELECT payload FROM ledger_events WHERE once = ?", (key,)) for key in keys]
        return [json.loads(row["payload"]) for row in found if row is not None]

    def has_run_before(self, before_as_of: Any) -> bool:
        """Whether any run was issued with an *as_of* before the one given."""
        return self._last_run(self._instant(before_as_of)) is not None

    def first_seen(self) -> dict[str, str]:
        """warning_id -> the `as_of` at which it was first issued."""
        rows = self._store.rows(
            "SELECT warning_id, min(time) AS first FROM ledger_events WHERE event = ? GROUP BY warning_id", (ISSUED,)
        )
        return {row["warning_id"]: row["first"] for row in rows}

    def _start_line(self, line: Mapping[str, Any], as_of: str, actor: str) -> str:
        """The surveillance line's name and number, begun anew where its fingerprint changed."""
        name, settings = str(line["name"]), plain(line.get("settings") or {})
        rows = self._store.rows(_OF_THE_RECORD + " ORDER BY seq", (LINE_STARTED,))
        known = [found for found in (json.loads(row["payload"]) for row in rows) if found["name"] == name]
        last: dict[str, Any] = known[-1] if known else {"fingerprint": "", "settings": {}, "line": ""}
        if last["fingerprint"] == str(line["fingerprint"]):
            return str(last["line"])
        fresh = {"name": name, "line": f"{name}#{len(known) + 1}", "fingerprint": str(line["fingerprint"])}
        changed = changes(last["settings"], settings) if known else {}
        payload = {**fresh, "settings": settings, "before": last["line"], "changed": changed}
        self._append(("", LINE_STARTED, "", actor, as_of, ""), payload, None)
        return fresh["line"]

    def _not_now(self, warning_id: str, step: str, event: str) -> Exception:
        zh, en = EVENTS.get(event, (event, event))
        state, allowed = STATE_OF[step], possible(step)
        return refusal(
            "E-LEDGER-009",
            where=warning_id,
            state=f"{STATES[state]} ({state})",
            state_zh=state,
            event=en,
            event_zh=zh,
            events=", ".join(allowed),
            events_zh="、".join(f"{EVENTS[name][0]}({name})" for name in allowed),
        )

    def _instant(self, moment: Any) -> str:
        try:
            return instant(moment)
        except (TypeError, ValueError) as error:
            raise refusal("E-LEDGER-014", where=self._store.name, value=moment) from error

    def _last_run(self, before: str) -> dict[str, Any] | None:
        """What the last run issued before an instant listed: `as_of`, `run_id`, `warnings` [[id, level], ...]."""
        row = self._store.row(
            _OF_THE_RECORD + " AND time < ? ORDER BY time DESC, seq DESC LIMIT 1", (RUN_ISSUED, before)
        )
        return None if row is None else json.loads(row["payload"])

    def _listed_at(self, as_of: str) -> list[list[str]] | None:
        row = self._store.row(_OF_THE_RECORD + " AND time = ? ORDER BY seq DESC LIMIT 1", (RUN_ISSUED, as_of))
        return None if row is None else json.loads(row["payload"])["warnings"]

    def _last_of(self, event: str) -> dict[str, Any] | None:
        """The payload of the last event of that kind."""
        row = self._store.row(_OF_THE_RECORD + " ORDER BY seq DESC LIMIT 1", (event,))
        return None if row is None else json.loads(row["payload"])

    def _step(self, warning_id: str) -> str:
        row = self._store.row(
            "SELECT step FROM ledger_events WHERE warning_id = ? ORDER BY seq DESC LIMIT 1", (warning_id,)
        )
        return row["step"] if row and warning_id else ""

    def _last_level(self, warning_id: str, as_of: str) -> str:
        """The level as last issued; the highest there is where that was after *as_of*: the past reopens nothing."""
        row = self._store.row(
            "SELECT time, payload FROM ledger_events WHERE warning_id = ? AND event = ? "
            "ORDER BY time DESC, seq DESC LIMIT 1",
            (warning_id, ISSUED),
        )
        if row is None:
            return ""
        return HIGHEST if row["time"] > as_of else str(json.loads(row["payload"]).get("level", ""))

    def _last(self) -> tuple[int, str]:
        row = self._store.row("SELECT seq, hash FROM ledger_events ORDER BY seq DESC LIMIT 1")
        return (0, GENESIS) if row is None else (row["seq"], row["hash"])

    def _known(self, once: str) -> bool:
        return self._store.row("SELECT 1 AS known FROM ledger_events WHERE once = ?", (once,)) is not None

    def _append(self, what: tuple[str, str, str, str, str, str], payload: Mapping[str, Any], once: str | None) -> None:
        """Add one event; *what* is its warning_id, event, step, actor, time, note. A known *once* adds nothing."""
        if once is not None and self._known(once):
            return
        warning_id, event, step, actor, time, note = map(storable, what)
        if not actor.strip():
            raise refusal("E-LEDGER-010", where=event)
        seq, previous = self._last()
        values = [
            seq + 1,
            warning_id,
            event,
            STATE_OF.get(step, ""),
            actor,
            time,
            note,
            as_json(payload),
            once,
            previous,
        ]
        self._store.append({**dict(zip(HASHED, values)), "step": step, "hash": digest(values)})  # noqa: B905
