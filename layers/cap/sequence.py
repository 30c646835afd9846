"""Which message a warning calls for now: an Alert first, then Updates, a Cancel when it has gone.

The ledger knows what was sent: every message that was written is noted there under its own identifier. An Update or a
Cancel refers to the earlier messages of the same warning, sender and status that have not expired, and in any case to
the last of them. Messages made from a run's folder
alone know of no earlier ones and are all Alerts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .. import style
from ..drills import is_drill
from ..finished_run import FinishedRun
from ..ledger import RUN_ISSUED, TO_JUDGE
from ..plain_text import one_line
from .message import ALERT, CANCEL, UPDATE, CapSettings, Message, make_alert

Rings = Mapping[str, Sequence[Sequence[tuple[float, float]]]]
Sent = dict[str, Any]
_GONE = {
    "dismissed": ("经研判排除", "Judged not to be the case"),
    "cancelled": ("本提示已撤销", "This warning was withdrawn"),
    "closed": ("已办结销号", "Handled and closed"),
}
_CALM = ("情况已回落,提示解除", "The rise is over")


def messages_of_run(run: FinishedRun, settings: CapSettings, rings: Rings) -> list[Message]:
    """One Alert per warning in force and within the budget, in rank order."""
    live = [row for row in run.warnings if row.get("within_budget") and row.get("phase") not in style.OVER_PHASES]
    about = [{"rings": rings.get(str(row.get("cell_id")), ()), "drill": run.drill or is_drill(row)} for row in live]
    return [make_alert(row, run.as_of, settings, **facts) for row, facts in zip(live, about, strict=True)]


def messages_of_ledger(
    warnings: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]], settings: CapSettings, rings: Rings
) -> list[Message]:
    """The message each warning calls for now, in the order of *warnings*; none for what was never sent and is gone.

    warnings : rows of `Ledger.warnings()`.
    events : every event of the ledger, oldest first.

    The same ledger gives the same messages, also after they were noted in it.
    """
    history = _History(events)
    found = []
    for row in warnings:
        message = _message(row, history, settings, rings.get(str(row.get("cell_id")), ()))
        found += [message] if message is not None else []
    return found


def note_sent(ledger: Any, messages: Iterable[Message], actor: str, time: str) -> None:
    """Note in the *ledger* (a `Ledger`) that *messages* were written; once for each identifier."""
    for message in messages:
        names = ("identifier", "sender", "sent", "status", "kind", "level")
        ledger.record(
            message.warning_id,
            "noted",
            actor=actor,
            time=time,
            note=f"CAP {message.kind} {message.status}",
            payload={"paper": "cap", **{name: getattr(message, name) for name in names}},
            once=f"cap {message.sender} {message.identifier} {message.kind}",
        )


class _History:
    """What the events tell of messages sent, of how warnings went, and of the last run."""

    def __init__(self, events: Iterable[Mapping[str, Any]]):
        self.sent: dict[str, list[Sent]] = {}
        self.gone: dict[str, tuple[str, str]] = {}
        self.changed: dict[str, str] = {}
        """warning_id -> when it was last corrected or judged, since it was last issued."""
        self.last_run, self.listed = "", set[str]()
        for event in events:
            self._read(event)

    def _read(self, event: Mapping[str, Any]) -> None:
        name, warning_id = str(event["event"]), str(event["warning_id"])
        if name in _GONE:
            self.gone[warning_id] = (name, str(event["time"]))
        elif name == "reopened":
            self.gone.pop(warning_id, None)
            self.changed[warning_id] = str(event["time"])
        elif name == RUN_ISSUED and str(event["time"]) >= self.last_run:
            listing = _payload(event)
            self.last_run = str(event["time"])
            self.listed = {str(own) for own, _ in listing.get("warnings", [])}
        elif name == "issued":
            self.changed.pop(warning_id, None)
            if event["state"] == TO_JUDGE:
                self.gone.pop(warning_id, None)
        elif name in ("corrected", "judged", "assigned"):
            self.changed[warning_id] = str(event["time"])
        elif name == "noted" and _payload(event).get("paper") == "cap":
            self.sent.setdefault(warning_id, []).append(_payload(event))

    def earlier(self, warning_id: str, sender: str, status: str, identifier: str) -> list[Sent]:
        """The messages sent before the one named, of the same sender and status."""
        before = []
        for sent in self.sent.get(warning_id, []):
            if (sent["sender"], sent["status"]) != (sender, status):
                continue
            if sent["identifier"] == identifier:
                break
            before.append(sent)
        return before


def _message(row: Mapping[str, Any], history: _History, settings: CapSettings, rings: Sequence[Any]) -> Message | None:
    warning_id = str(row["warning_id"])
    drill = is_drill(row)
    moment, why = max(str(row["last_issued"]), history.changed.get(warning_id, "")), ("", "")
    if warning_id in history.gone:
        event, moment = history.gone[warning_id]
        why = _GONE[event]
    elif warning_id not in history.listed:
        moment, why = history.last_run, _CALM
    elif not row.get("within_budget", True):
        return None
    facts: dict[str, Any] = {"rings": rings, "drill": drill, "why": why}
    first = make_alert(row, moment, settings, kind=CANCEL if why[0] else ALERT, **facts)
    earlier = history.earlier(warning_id, first.sender, first.status, first.identifier)
    if not earlier:
        return None if why[0] else first
    expired = datetime.fromisoformat(first.sent) - timedelta(hours=settings.valid_hours)
    meant = [one for one in earlier[:-1] if datetime.fromisoformat(one["sent"]) > expired] + earlier[-1:]
    references = [f"{one['sender']},{one['identifier']},{one['sent']}" for one in meant]
    return make_alert(row, moment, settings, kind=CANCEL if why[0] else UPDATE, references=references, **facts)


def file_name(message: Message) -> str:
    """A name for the message's file, of its identifier's plain letters alone."""
    return re.sub("[^0-9A-Za-z.+_-]", "_", one_line(message.identifier, 120)) + ".xml"


def _payload(event: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = event["payload"]
    return payload if isinstance(payload, Mapping) else json.loads(payload or "{}")
