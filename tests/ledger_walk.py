"""A long random walk over a ledger beside a plain model of it that shares no line with the code.

The model knows the rules in its own words (`Model`). After every step the answer must be the model's; what the model
refuses must be refused, and leave no trace; now and then the ledger is closed, opened again and compared as a whole.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import Ledger, open_ledger

PEOPLE = (
    "judged dismissed assigned received handled reported verified supervised closed reopened noted corrected cancelled"
).split()
NONSENSE = ["deleted", "issued", "run_issued", "", "Judged"]
LEVELS = ["blue", "yellow", "orange", "red"]
WAITING, OUT = {"issued", "judged", "reopened"}, {"assigned", "received", "supervised"}
DONE, OVER = {"handled", "reported", "verified"}, {"closed", "dismissed", "cancelled"}


class Model:
    """What a ledger should hold: one dict per warning, and a count of events."""

    def __init__(self) -> None:
        self.warnings: dict[str, dict[str, Any]] = {}
        self.issues: set[tuple[str, str, str]] = set()
        self.listed: dict[str, list[list[str]]] = {}
        self.onces: set[tuple[str, str, str]] = set()
        self.events = 0

    def issue(self, rows: list[dict[str, str]], as_of: str) -> int:
        """What a run adds."""
        before = self.events
        for row in rows:
            name, level = row["warning_id"], row["level"]
            if (name, as_of, level) in self.issues:
                continue
            self.issues.add((name, as_of, level))
            self.events += 1
            known = self.warnings.get(name)
            if known is None:
                known = self.warnings[name] = self._fresh()
                known |= {"reopened": 0, "supervised": 0, "first": as_of, "last": as_of, "level": level}
            late = as_of < known["last"]  # a day gone by is run again
            if known["step"] in OVER and not late and LEVELS.index(level) > LEVELS.index(known["level"]):
                known |= {**self._fresh(), "reopened": known["reopened"] + 1}
            known["first"], known["last"] = min(known["first"], as_of), max(known["last"], as_of)
            known["level"] = known["level"] if late else level
        listing = [[row["warning_id"], row["level"]] for row in rows]
        if self.listed.get(as_of) != listing:
            self.listed[as_of] = listing
            self.events += 1
        return self.events - before

    @staticmethod
    def _fresh() -> dict[str, Any]:
        return {"step": "issued", "verdict": "", "said": False, "to": ""}

    def step_after(self, name: str, event: str) -> str | None:
        """The step an event leads to; None if it may not happen now."""
        step = self.warnings[name]["step"]
        if event in ("noted", "corrected"):
            return step
        ways = {
            "judged": [(WAITING, "judged"), (OUT | DONE, step)],
            "dismissed": [(WAITING, "dismissed")],
            "assigned": [(WAITING | OUT, "assigned")],
            "received": [({"assigned", "supervised"}, "received")],
            "handled": [(OUT | {"reported"}, "handled")],
            "reported": [(OUT, "reported")],
            "verified": [({"handled", "reported"}, "verified")],
            "supervised": [(WAITING, step), (OUT, "supervised")],
            "closed": [(DONE, "closed")],
            "reopened": [(DONE | OVER, "reopened")],
            "cancelled": [(WAITING | OUT | DONE, "cancelled")],
        }
        return next((after for where, after in ways.get(event, []) if step in where), None)

    def record(self, name: str, event: str, act: dict[str, Any]) -> str | None:
        """The step after; None if it must be refused."""
        if name not in self.warnings:
            return None
        once = (event, name, act.get("once") or "")
        if act.get("once") and once in self.onces:
            return self.warnings[name]["step"]
        after = self.step_after(name, event)
        silent = event in ("dismissed", "reopened", "noted", "corrected", "cancelled") and not act["note"].strip()
        payload = act["payload"]
        unsaid = event == "judged" and payload.get("verdict") not in ("true", "false", "unclear")
        if after is None or silent or unsaid or not act["actor"].strip():
            return None
        self.onces |= {once} if act.get("once") else set()
        self.events += 1
        self._apply(self.warnings[name], event, payload, after)
        return after

    def _apply(self, known: dict[str, Any], event: str, payload: dict[str, Any], after: str) -> None:
        if event == "judged":
            known |= {"verdict": payload["verdict"], "said": True}
        elif event in ("assigned", "dismissed") and not known["said"]:
            known["verdict"] = "true" if event == "assigned" else "false"
        if event == "assigned":
            known["to"] = payload.get("to", "")
        if event == "reopened":
            known |= {**self._fresh(), "reopened": known["reopened"] + 1}
        known["supervised"] += event == "supervised"
        known["step"] = after


class Walk:
    """A random walk over the ledger at *place*; `run` returns how often what happened.

    The ledger is closed and opened again after one step of *reopen*, and compared as a whole after *whole* steps.
    """

    def __init__(
        self,
        place: Path | str,
        seed: int,
        raw: Callable[[Ledger, str, tuple], None],
        names: int = 40,
        reopen: int = 100,
        whole: int = 250,
    ):
        self.place, self.draw, self.raw, self.reopen, self.whole = place, random.Random(seed), raw, reopen, whole
        self.names = [f"w{number}" for number in range(names)]
        self.model, self.now = Model(), datetime(2025, 7, 1)
        self.told = dict.fromkeys(("issued", "legal", "illegal", "repeated", "tampered", "reopened"), 0)

    def run(self, steps: int) -> dict[str, int]:
        """Walk; raises AssertionError at the first disagreement."""
        ledger = open_ledger(self.place)
        try:
            for number in range(steps):
                self.now += timedelta(minutes=self.draw.randrange(1, 90))
                kind = self.draw.choices(["record", "issue", "tamper"], [80, 14, 6])[0]
                getattr(self, f"_{kind}")(ledger)
                if self.draw.random() * self.reopen < 1:
                    ledger.close()
                    ledger = open_ledger(self.place)
                    self.told["reopened"] += 1
                if number % self.whole == 0 or number == steps - 1:
                    self._compare(ledger)
        finally:
            ledger.close()
        return self.told

    def _issue(self, ledger: Ledger) -> None:
        days = self.draw.choice([0, 0, 0, 0, 1, 5])
        as_of = (self.now - timedelta(days=days)).replace(hour=0, minute=0).isoformat()
        chosen = self.draw.sample(self.names, self.draw.randrange(6))
        rows = [{"warning_id": name, "level": self.draw.choice(LEVELS), "category": "供水"} for name in chosen]
        assert ledger.issue(rows, as_of, "run") == self.model.issue(rows, as_of)
        assert ledger.issue(rows, as_of, "again") == 0 == self.model.issue(rows, as_of)
        self.told["issued"] += 1

    def _record(self, ledger: Ledger) -> None:
        name = self.draw.choice([*self.names, "never issued"] if self.draw.random() < 0.05 else self.names)
        event = self.draw.choice(NONSENSE if self.draw.random() < 0.03 else PEOPLE)
        if name in self.model.warnings and self.draw.random() < 0.5:  # half of them wanted, or the walk stands still
            event = self.draw.choice([event for event in PEOPLE if self.model.step_after(name, event)])
        act = {
            "actor": self.draw.choice(["值班台", "指挥中心", " " if self.draw.random() < 0.1 else "x"]),
            "note": self.draw.choice(["", "说明", "说明", "说明"]),
            "payload": self._payload(event),
            "once": self.draw.choice([None, None, str(self.draw.randrange(30))]),
        }
        if self.model.onces and self.draw.random() < 0.05:  # what was sent already is sent again
            event, name, act["once"] = self.draw.choice(sorted(self.model.onces))
        head, count = ledger.head(), self.model.events
        expected = self.model.record(name, event, act)
        try:
            got = ledger.record(name, event, time=self.now, **act)
        except InputError:
            got = None
        assert got == expected, (name, event, act, got, expected)
        assert (ledger.head() != head) == (self.model.events > count)
        self.told["illegal" if got is None else "legal" if self.model.events > count else "repeated"] += 1

    def _payload(self, event: str) -> dict[str, Any]:
        if event == "judged":
            return {"verdict": self.draw.choice(["true", "false", "unclear", "unclear", "perhaps"])}
        if event == "assigned":
            return {"to": self.draw.choice(["水务科", "城管科", "供电所"])}
        return {"set": {"cell_name": "乙街道"}} if event == "corrected" else {}

    def _tamper(self, ledger: Ledger) -> None:
        """Past the program, straight into the database: an illegal move, a change or a removal."""
        head = ledger.head()
        name = self.draw.choice([*self.model.warnings, "nobody"])
        step = self.model.warnings.get(name, {"step": ""})["step"]
        wrong = self.draw.choice(
            [event for event in PEOPLE if not step or not self.model.step_after(name, event)] or [""]
        )
        after = wrong if wrong in WAITING | OUT | DONE | OVER else step
        insert = (
            "INSERT INTO ledger_events (seq, warning_id, event, step, state, actor, time, note, payload, once, "
            "previous_hash, hash) VALUES (?, ?, ?, ?, ?, 'x', '2025-07-01T00:00:00', 'x', '{}', NULL, ?, 'h')"
        )
        state = "待研判" if after in WAITING else "已交办" if after in OUT else "已办结" if after in DONE else "已销号"
        statement, values = self.draw.choice(
            [
                (insert, (self.model.events + 1, name, wrong, after, state, head)),
                (
                    "UPDATE ledger_events SET note = 'y' WHERE seq = ?",
                    (self.draw.randrange(self.model.events + 1) or 1,),
                ),
                ("DELETE FROM ledger_events WHERE warning_id = ?", (name,)),
            ]
        )
        before = self.model.events
        if before and (statement is insert or name != "nobody"):
            self.raw(ledger, statement, values)
        assert ledger.head() == head
        self.told["tampered"] += 1

    def _compare(self, ledger: Ledger) -> None:
        assert ledger.verify() == self.model.events
        rows = {row["warning_id"]: row for row in ledger.warnings()}
        assert list(rows) == list(self.model.warnings)
        for name, known in self.model.warnings.items():
            row = rows[name]
            got = {
                **{key: row[key] for key in ("step", "verdict", "supervised", "reopened", "level")},
                "to": row["assigned_to"],
                "first": row["first_issued"],
                "last": row["last_issued"],
            }
            assert got == {key: value for key, value in known.items() if key != "said"}, name
            steps = {"待研判": WAITING, "已交办": OUT, "已办结": DONE, "已销号": OVER}
            assert row["step"] in steps[row["state"]] == steps[ledger.states()[name]]
            assert bool(row["due"]) == (row["state"] != "已销号") and bool(row["closed_at"]) == (
                row["state"] == "已销号"
            )
