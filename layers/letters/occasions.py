"""Which letters the record calls for: what was assigned, supervised or came back, by unit. Standard library only.

An *occasion* is the event that a letter is about (an assignment, a supervision). It stands in one letter of a kind
and no other, so a letter printed again is the letter that was, and only what is new gets a new number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import style
from ..drills import is_drill
from ..ledger import ASSIGNED
from ..ledger.chain import digest

_URGENCY = {name: number for number, name in enumerate(style.LEVEL_NAMES)}
_CARRIED = (
    *("warning_id", "level", "cell_name", "category", "reason", "observed", "expected", "window_start", "window_end"),
    *("verdict", "due", "supervised", "reopened", "state", "drill"),
)


@dataclass(frozen=True)
class Letter:
    """A letter to one unit: its items as facts, the occasions it is about, the key that names it.

    `paper` is what the ledger recorded of it, where it has a number already; its items are then those recorded.
    """

    kind: str
    unit: str
    items: list[dict[str, Any]]
    occasions: list[str]
    key: str
    paper: dict[str, Any] | None = None


def letters_due(
    kind: str,
    warnings: Iterable[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]],
    papers: Iterable[Mapping[str, Any]],
    *,
    now: str,
    unit: str | None = None,
    period: tuple[str, str] | None = None,
) -> list[Letter]:
    """The letters of a *kind* (`assign`, `supervise`, `tasks`, `rectify`), by unit; those numbered before come first.

    warnings, events, papers : of the ledger (`Ledger.warnings()`, `events()`, `papers()`).
    now : local instant (ISO) of writing, by which a deadline is past.
    unit : only letters to this unit.
    period : (first, end) instants, end not included: what was assigned or supervised then, whatever became of it.
        Without it, what is with a unit now.
    """
    last = _last_events(events)
    found = [
        (row, occasion)
        for row in warnings
        if (occasion := _occasion(kind, row, last.get(str(row["warning_id"]), {}), now, period is not None))
        and (unit is None or row["assigned_to"] == unit)
        and (period is None or period[0] <= occasion["time"] < period[1])
    ]
    known = [dict(paper) for paper in papers if paper["kind"] == kind]
    if kind == "tasks":
        return [_of_unit(kind, name, rows, last, known) for name, rows in _by_unit(found)]
    wanted = {occasion["hash"] for _, occasion in found}
    before = [paper for paper in known if wanted & set(paper["occasions"])]
    written = {hash_ for paper in before for hash_ in paper["occasions"]}
    fresh = [(row, occasion) for row, occasion in found if occasion["hash"] not in written]
    letters = [Letter(kind, paper["unit"], paper["items"], paper["occasions"], paper["key"], paper) for paper in before]
    return letters + [_of_unit(kind, name, rows, last, known) for name, rows in _by_unit(fresh)]


def item_of(row: Mapping[str, Any], unit: str, assigned_at: str, now_late: float | None = None) -> dict[str, Any]:
    """What a paper says of one warning, as facts; *row* is one of `Ledger.warnings()`."""
    facts = {name: row.get(name) for name in _CARRIED}
    late = {} if now_late is None else {"late_hours": now_late}
    return {**facts, "drill": is_drill(row), "unit": unit, "assigned_at": assigned_at, **late}


def by_urgency(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items, the most urgent level first, then by deadline and id."""
    return sorted(items, key=lambda i: (_URGENCY.get(str(i["level"]), 9), str(i["due"] or "9"), str(i["warning_id"])))


def _last_events(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """warning_id -> event -> the last one."""
    last: dict[str, dict[str, Mapping[str, Any]]] = {}
    for event in events:
        if event["event"] in ("assigned", "supervised"):
            last.setdefault(str(event["warning_id"]), {})[str(event["event"])] = event
    return last


def _occasion(
    kind: str, row: Mapping[str, Any], last: Mapping[str, Mapping[str, Any]], now: str, also_past: bool
) -> Mapping[str, Any] | None:
    """The event a letter of this kind would be about; None where the warning calls for none."""
    if not row["assigned_to"] or (row["state"] != ASSIGNED and (kind == "tasks" or not also_past)):
        return None
    if kind in ("assign", "tasks"):
        return last.get("assigned")
    supervised = last.get("supervised")
    if kind == "supervise":
        return supervised
    failed = row["reopened"] or (supervised and row["due"] and row["due"] < now)
    if row["verdict"] != "true" or not failed:
        return None
    return max(last.values(), key=lambda event: event["seq"], default=None)


def _by_unit(found: list[tuple[Any, Any]]) -> list[tuple[str, list[tuple[Any, Any]]]]:
    units = sorted({str(row["assigned_to"]) for row, _ in found})
    return [(unit, [pair for pair in found if str(pair[0]["assigned_to"]) == unit]) for unit in units]


def _of_unit(
    kind: str, unit: str, found: list[tuple[Any, Any]], last: Mapping[str, Any], known: list[dict[str, Any]]
) -> Letter:
    items = by_urgency(item_of(row, unit, str(last[str(row["warning_id"])]["assigned"]["time"])) for row, _ in found)
    occasions = sorted(str(occasion["hash"]) for _, occasion in found)
    named: list[Any] = [kind, unit, occasions]
    if kind == "tasks":  # a list of how things stand: the same list is the same paper
        named.append(json.dumps(items, ensure_ascii=False, sort_keys=True))
    key = digest(named)
    paper = next((paper for paper in known if paper["key"] == key), None)
    return Letter(kind, unit, paper["items"] if paper else items, occasions, key, paper)
