"""What an event's payload must hold, checked before it is recorded. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..refusals import refusal
from .chain import instant, plain
from .deadlines import Deadlines
from .states import ISSUED, VERDICTS

_History = Sequence[Mapping[str, Any]]
_SETTABLE = {
    "judged": ("verdict",),
    "dismissed": ("verdict",),
    "assigned": ("verdict", "to", "due"),
    "supervised": ("due",),
}
"""Event -> what a correction may set in it; in an issued one any column but the warning's id."""


def checked_payload(
    event: str, payload: Mapping[str, Any], history: Callable[[], _History], deadlines: Callable[[], Deadlines]
) -> dict[str, Any]:
    """*payload* as it is recorded for *event*; *history* gives the warning's events so far, if they are needed.

    Raises InputError for a verdict, a date or a reference that does not hold.
    """
    given = plain(payload)
    if event == "judged" or "verdict" in given:
        _check_verdict(event, given)
    if given.get("due"):
        given["due"] = _due(event, given["due"], deadlines)
    if event in ("corrected", "cancelled"):
        given = _linked(event, given, known := history())
        if event == "corrected":
            _check_set(given, known, deadlines)
    return given


def _check_verdict(event: str, given: Mapping[str, Any]) -> None:
    if given.get("verdict") not in VERDICTS:
        raise refusal("E-LEDGER-015", where=event, value=given.get("verdict"), known=", ".join(VERDICTS))


def _due(event: str, value: Any, deadlines: Callable[[], Deadlines]) -> str:
    """A deadline in ISO form; a day alone means until that working day ends."""
    try:
        if len(str(value)) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(str(value)), deadlines().ends).isoformat()
        return instant(value)
    except ValueError as error:
        raise refusal("E-LEDGER-014", where=f"{event}: due", value=value) from error


def _linked(event: str, given: Mapping[str, Any], history: _History) -> dict[str, Any]:
    """*given* with `seq` and `hash` of the event it corrects or cancels: the one named, else the last issue."""
    issues = [entry for entry in history if entry["event"] == ISSUED]
    seq = given.get("seq", issues[-1]["seq"])
    meant = next((entry for entry in history if entry["seq"] == seq), None)
    if meant is None or given.get("hash", meant["hash"]) != meant["hash"]:
        raise refusal("E-LEDGER-016", where=event, seq=seq)
    return {**given, "seq": meant["seq"], "hash": meant["hash"]}


def _check_set(given: dict[str, Any], history: _History, deadlines: Callable[[], Deadlines]) -> None:
    """The correction sets what its event holds, and to what it may hold."""
    meant = next(entry["event"] for entry in history if entry["seq"] == given["seq"])
    changed = given.get("set")
    if not isinstance(changed, dict) or not changed:
        raise refusal("E-LEDGER-017", where="corrected", event=meant, known="set")
    may = [name for name in changed if name != "warning_id"] if meant == ISSUED else _SETTABLE.get(meant, ())
    if not set(changed) <= set(may):
        raise refusal("E-LEDGER-017", where="corrected", event=meant, known=", ".join(may))
    if "verdict" in changed and meant != ISSUED:
        _check_verdict("corrected", changed)
    if "due" in changed and meant != ISSUED:
        changed["due"] = _due("corrected", changed["due"], deadlines)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Name of a setting -> [what it was, what it is], for those that changed; None where it was not, or is no more."""
    names = sorted({*before, *after})
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}
