"""The weekly and the monthly list: what a period's record says, by unit and level, and what is open at its end.

Everything is counted in warnings. 办理 (handled) and 报备 (reported) are columns of their own and are never added up: a
warning that was reported first and handled later counts as handled.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import style
from ..drills import is_drill
from ..ledger.chain import digest
from ..ledger.rows import fold, late
from .occasions import by_urgency, item_of

COUNTS = ("issued", "true", "false", "unclear", "handled", "reported", "overdue", "closed", "open")
"""What is counted of every unit and level; `overdue` and `open` at the end of the period, the others within it."""


@dataclass(frozen=True)
class PeriodList:
    """A period's figures.

    counts : one row per unit and level that has any, units by name, levels by urgency: unit, level, then COUNTS.
    totals : the sums of COUNTS over all rows.
    items : what is open at the end, with its deadline and how late it is.
    drills : warnings of drills, which are not counted.
    """

    first: str
    end: str
    unit: str
    counts: list[dict[str, Any]]
    totals: dict[str, int]
    items: list[dict[str, Any]]
    drills: int

    @property
    def key(self) -> str:
        """Names the list by all that it says: the same list keeps its number, another gets its own."""
        said = [self.first, self.end, self.unit, self.counts, self.items, self.drills]
        return digest([json.dumps(said, ensure_ascii=False, sort_keys=True)])


def period_list(events: Iterable[Mapping[str, Any]], first: str, end: str, unit: str | None = None) -> PeriodList:
    """The list of a period, from every event of a ledger (oldest first) before its end.

    first, end : local instants (ISO), the end not included. unit : only warnings of this unit: the one they were
    assigned to, else the one that their class and place name as responsible.
    """
    past = [event for event in events if event["time"] < end]
    issued = {e["warning_id"]: json.loads(e["payload"]) for e in past if e["event"] == "issued"}
    rows = [row | {"unit": unit_of(row)} for row in fold(past, issued)]
    rows = [row for row in rows if unit is None or row["unit"] == unit]
    drills = sum(map(is_drill, rows))
    rows = [row for row in rows if not is_drill(row)]
    overdue = {row["warning_id"]: row["late_hours"] for row in late(rows, end)}
    done = _done(past, first)
    table: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        figures = _figures(row, done.get(str(row["warning_id"]), ""), row["warning_id"] in overdue, first)
        place = table.setdefault((row["unit"], str(row["level"])), dict.fromkeys(COUNTS, 0))
        for name, number in figures.items():
            place[name] += number
    levels = {name: number for number, name in enumerate(style.LEVEL_NAMES)}
    ordered = sorted(table, key=lambda key: (key[0], levels.get(key[1], 9)))
    counts = [
        {"unit": own, "level": level, **table[own, level]} for own, level in ordered if any(table[own, level].values())
    ]
    totals = {name: sum(row[name] for row in counts) for name in COUNTS}
    assigned = {e["warning_id"]: e["time"] for e in past if e["event"] == "assigned"}
    routes = _done(past, "")
    items = [
        item_of(row, row["unit"], assigned.get(row["warning_id"], ""), overdue.get(row["warning_id"]))
        | {"route": routes.get(str(row["warning_id"]), "")}
        for row in rows
        if row["state"] != "已销号"
    ]
    return PeriodList(first, end, unit or "", counts, totals, by_urgency(items), drills)


def unit_of(row: Mapping[str, Any]) -> str:
    """Who has a warning: the unit it was assigned to, else the responsible one, else 待明确."""
    return str(row.get("assigned_to") or row.get("responsible") or style.UNKNOWN_RESPONSIBLE_ZH)


def _done(events: Iterable[Mapping[str, Any]], first: str) -> dict[str, str]:
    """warning_id -> `handled` or `reported`, as the last of them since *first* says."""
    return {
        str(e["warning_id"]): str(e["event"])
        for e in events
        if e["event"] in ("handled", "reported") and e["time"] >= first
    }


def _figures(row: Mapping[str, Any], done: str, overdue: bool, first: str) -> dict[str, int]:
    """What one warning adds to each count."""
    judged = bool(row["judged_at"]) and row["judged_at"] >= first
    return {
        "issued": int(row["first_issued"] >= first),
        **{verdict: int(judged and row["verdict"] == verdict) for verdict in ("true", "false", "unclear")},
        "handled": int(done == "handled"),
        "reported": int(done == "reported"),
        "overdue": int(overdue),
        "closed": int(row["step"] == "closed" and row["closed_at"] >= first),
        "open": int(row["state"] != "已销号"),
    }
