"""Events folded into one row per warning: what it says, where it stands, what is due. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .deadlines import AWAITED, SUPERVISED, Deadlines
from .states import CLOSED, DEADLINES_SET, ISSUED, RUN_ISSUED, STATE_OF, URGENCY


@dataclass
class _Warning:
    """One warning while its events go by."""

    columns: dict[str, Any] = field(default_factory=dict)
    corrected: dict[str, Any] = field(default_factory=dict)
    """What a correction of the last issue sets in the columns."""
    step: str = ""
    level: str = ""
    """The level the deadlines go by, which a run may raise."""
    verdict: str = ""
    judged: bool = False
    assigned_to: str = ""
    due: str = ""
    first_issued: str = ""
    last_issued: str = ""
    judged_at: str = ""
    closed_at: str = ""
    supervised: int = 0
    reopened: int = 0

    def row(self, warning_id: str) -> dict[str, Any]:
        """The row people see."""
        return {
            **self.columns,
            **self.corrected,
            "warning_id": warning_id,
            "state": STATE_OF[self.step],
            "step": self.step,
            "verdict": self.verdict,
            "assigned_to": self.assigned_to,
            "due": "" if STATE_OF[self.step] == CLOSED else self.due,
            "first_issued": self.first_issued,
            "last_issued": self.last_issued,
            "judged_at": self.judged_at,
            "closed_at": self.closed_at,
            "line": str(self.columns.get("line") or ""),
            "supervised": self.supervised,
            "reopened": self.reopened,
        }


def fold(events: Iterable[Mapping[str, Any]], issued: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per warning, in the order in which they were first issued.

    Parameters
    ----------
    events : every event but the payloads of `issued`, oldest first.
    issued : warning_id -> its columns as last issued.
    """
    events = list(events)
    corrections = _corrections(events)
    warnings: dict[str, _Warning] = {}
    deadlines = Deadlines()
    for event in events:
        if event["event"] == DEADLINES_SET:
            deadlines = Deadlines.read(json.loads(event["payload"])["deadlines"])
        elif event["event"] == RUN_ISSUED:
            _levels(warnings, json.loads(event["payload"]), deadlines)
        elif event["warning_id"]:
            name = event["warning_id"]
            if name not in warnings:
                warnings[name] = _Warning(columns=dict(issued[name]))
            warning = warnings[name]
            changed = corrections.get(event["seq"], {})
            if event["event"] == ISSUED:
                warning.corrected = changed if event["time"] >= warning.last_issued else warning.corrected
                _issue(warning, event)
            else:
                _move(warning, event, {**json.loads(event["payload"]), **changed}, deadlines)
    return [warning.row(name) for name, warning in warnings.items()]


def _corrections(events: list[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    """seq of an event -> what later corrections set in its payload."""
    found: dict[int, dict[str, Any]] = {}
    for event in events:
        if event["event"] == "corrected":
            payload = json.loads(event["payload"])
            found.setdefault(payload["seq"], {}).update(payload.get("set", {}))
    return found


def _issue(warning: _Warning, event: Mapping[str, Any]) -> None:
    if warning.step and event["step"] != warning.step:
        warning.reopened += 1
        _begin_again(warning)
    warning.step = event["step"]
    warning.first_issued = min(warning.first_issued or event["time"], event["time"])
    warning.last_issued = max(warning.last_issued, event["time"])


def _begin_again(warning: _Warning) -> None:
    """A warning that comes back awaits judging, with nothing said yet."""
    warning.verdict = warning.assigned_to = warning.due = warning.judged_at = warning.closed_at = warning.level = ""
    warning.judged = False


def _levels(warnings: Mapping[str, _Warning], run: Mapping[str, Any], deadlines: Deadlines) -> None:
    """The levels a run listed: the first sets what is due, a higher one may bring it forward, a lower does nothing."""
    for warning_id, level in run["warnings"]:
        warning = warnings[warning_id]
        higher = URGENCY.get(level, 0) > URGENCY.get(warning.level, 0) or not warning.level
        if higher and run["as_of"] >= warning.last_issued:  # not a day gone by that was run again
            warning.level = level
            if warning.step in AWAITED:
                due = _due(warning, deadlines, run["as_of"])
                warning.due = min(warning.due or due, due)


def _due(warning: _Warning, deadlines: Deadlines, since: str) -> str:
    return deadlines.due(AWAITED[warning.step], warning.level, str(warning.columns.get("category") or ""), since)


def _move(warning: _Warning, event: Mapping[str, Any], payload: Mapping[str, Any], deadlines: Deadlines) -> None:
    """What an event of a person does to the warning."""
    name, before = event["event"], warning.step
    _say(warning, event, payload)
    warning.step = event["step"]
    if name == "reopened":
        warning.reopened += 1
        level = warning.level
        _begin_again(warning)
        warning.level = level
    if payload.get("due"):
        warning.due = payload["due"]
    elif warning.step in AWAITED and not _still_awaited(before, warning.step):
        warning.due = _due(warning, deadlines, event["time"])
    if STATE_OF[warning.step] == CLOSED and STATE_OF[before] != CLOSED:
        warning.closed_at = event["time"]


def _still_awaited(before: str, after: str) -> bool:
    """Whether the same is awaited as before: passing a warning on, or judging it twice, is no reason for more time."""
    return before == after or AWAITED.get(before) == AWAITED[after]


def _say(warning: _Warning, event: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
    """Verdict, unit and count of what was said. Assigning implies true and dismissing false, unless judged before."""
    name = event["event"]
    if name == "judged" or payload.get("verdict"):
        warning.verdict, warning.judged = str(payload.get("verdict") or ""), True
    elif name in ("assigned", "dismissed") and not warning.judged:
        warning.verdict = "true" if name == "assigned" else "false"
    if name in ("judged", "assigned", "dismissed") and not warning.judged_at:
        warning.judged_at = event["time"]
    if name == "assigned":
        warning.assigned_to = str(payload.get("to") or warning.columns.get("responsible") or "")
    warning.supervised += name == "supervised"


def late(rows: Iterable[Mapping[str, Any]], now: str) -> list[dict[str, Any]]:
    """The rows whose judging, assigning or handling was due before *now*, the latest first, with `late_hours`."""
    found = []
    for row in rows:
        if AWAITED.get(row["step"]) in SUPERVISED and row["due"] and row["due"] < now:
            gone = datetime.fromisoformat(now) - datetime.fromisoformat(row["due"])
            found.append({**row, "late_hours": round(gone.total_seconds() / 3600, 1)})
    return sorted(found, key=lambda row: (row["due"], row["warning_id"]))
