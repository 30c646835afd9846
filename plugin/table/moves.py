"""What a person may do to warnings, in words, and which of it is legal for those that are selected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...layers.ledger.deadlines import Deadlines
from ...layers.ledger.states import NEEDS_NOTE, possible
from ...layers.style import UNKNOWN_RESPONSIBLE_EN, UNKNOWN_RESPONSIBLE_ZH
from ..words import tr
from .cells import Row

USUAL = ("judged", "assigned", "closed")
"""Moves that have a button of their own."""

MENU = (
    ("dismissed", "received", "handled", "reported", "verified"),
    ("supervised", "reopened", "noted", "cancelled"),
)
"""The other ones, in groups."""

_CHOSEN_BY = re.compile(r"\(&.\)|&")
WITH_UNIT, WITH_DUE = ("assigned",), ("assigned", "supervised")


def label(event: str) -> str:
    """What the button or the line of the menu says; with the letter that chooses it."""
    return {
        "judged": tr("J&udge…"),
        "assigned": tr("&Assign…"),
        "closed": tr("S&ign off…"),
        "dismissed": tr("&Dismiss…"),
        "received": tr("Re&ceived…"),
        "handled": tr("&Handled…"),
        "reported": tr("&Reported only…"),
        "verified": tr("&Verified…"),
        "supervised": tr("&Supervise…"),
        "reopened": tr("O&pen again…"),
        "noted": tr("Add a &note…"),
        "cancelled": tr("Cance&l…"),
    }[event]


def name(event: str) -> str:
    """What the move is called, without the letter that chooses it."""
    return _CHOSEN_BY.sub("", label(event)).rstrip("…")


def meaning(event: str) -> str:
    """What the move says of a warning, in a sentence."""
    return {
        "judged": tr("Say what was found: true, a false alarm, or not established. The warning stays open."),
        "assigned": tr("Give it to a unit. Unless judged before, this says that it is true."),
        "closed": tr("Sign it off: it was handled, and nothing is left to do."),
        "dismissed": tr("Close it without a unit: it needs nobody. Unless judged before, this says: a false alarm."),
        "received": tr("The unit has confirmed that it received it."),
        "handled": tr("The unit has handled it."),
        "reported": tr("It was only reported, not handled; counted apart."),
        "verified": tr("What the unit says was checked on the spot."),
        "supervised": tr("Urge it: it is late, or matters."),
        "reopened": tr("Open again what was handled or signed off."),
        "noted": tr("Add a note; nothing else changes."),
        "cancelled": tr("Withdraw a warning that should not have been issued."),
    }[event]


def legal(rows: Iterable[Row]) -> set[str]:
    """Moves that every one of the rows allows; none where a row is not in the ledger."""
    steps = {row.step for row in rows}
    if not steps or "" in steps:
        return set()
    return set.intersection(*(set(possible(step)) for step in steps))


def needs_note(event: str) -> bool:
    """Whether the move says nothing without a note."""
    return event in NEEDS_NOTE


def unit_of(row: Row) -> str:
    """The unit the run names as responsible; empty where it names none."""
    unit = str(row.known.get("responsible") or row.warning.get("responsible") or "").strip()
    return "" if unit in (UNKNOWN_RESPONSIBLE_ZH, UNKNOWN_RESPONSIBLE_EN) else unit


def usual_due(deadlines: Deadlines, row: Row, now: str) -> str:
    """By when the ledger's rules want a warning handled that is assigned *now*; ISO."""
    return deadlines.due("handle", row.warning["level"], row.warning.get("category", ""), now)


@dataclass(frozen=True)
class Asked:
    """What the dialog was answered: the payload of the move and the note."""

    actor: str
    note: str
    payload: Mapping[str, Any]
    units: Mapping[str, str]
    """warning_id -> its own unit, where the assignment names none."""
