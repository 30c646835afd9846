"""How warnings were answered, counted from the ledger's rows and events; handling and mere reporting never mix.

A warning is *handled* (办理) when a unit did something about it, *reported* (报备) when it was only told of. Both lead
to the same state, so the state alone cannot tell; the last answer since the warning was last opened does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from . import style
from .ledger import CLOSED, STATES

HANDLED, REPORTED = ROUTES = ("handled", "reported")


def routes(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """warning_id -> `handled`, `reported`, or "" where neither was said since the warning was last opened.

    *events* as `Ledger.events` gives them, oldest first. Who reports and later handles has handled.
    """
    found: dict[str, str] = {}
    for event in events:
        own, name = event["warning_id"], event["event"]
        if name in ROUTES:
            found[own] = name
        elif name == "reopened" or event["step"] == "issued":
            found[own] = ""
        elif own:
            found.setdefault(own, "")
    return found


def summarise(
    rows: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]], overdue: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Counts by state and by level, what is overdue, and the closure of both routes side by side.

    `routes` holds for `handled` and `reported`: how many warnings were answered so, how many of these were false
    alarms, how many are signed off, and the share of the last in those answered so (None of none). `unanswered` are
    those with a unit that has said neither.
    """
    rows, chosen = list(rows), routes(events)
    answered = [(chosen.get(row["warning_id"], ""), row) for row in rows]
    return {
        "warnings": len(rows),
        "states": {state: sum(row["state"] == state for row in rows) for state in STATES},
        "levels": {level: sum(row.get("level") == level for row in rows) for level in style.LEVEL_NAMES},
        "open_levels": {
            level: sum(row.get("level") == level and row["state"] != CLOSED for row in rows)
            for level in style.LEVEL_NAMES
        },
        "verdicts": dict(sorted(Counter(str(row.get("verdict") or "") for row in rows).items())),
        "overdue": len(list(overdue)),
        "routes": {route: _closure([row for own, row in answered if own == route]) for route in ROUTES},
        "unanswered": sum(not own and bool(row.get("assigned_to")) and row["state"] != CLOSED for own, row in answered),
    }


def _closure(rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    closed = sum(row["state"] == CLOSED for row in rows)
    false = sum(row.get("verdict") == "false" for row in rows)
    return {
        "answered": len(rows),
        "false_alarms": false,
        "closed": closed,
        "rate": closed / len(rows) if rows else None,
    }
