"""The work behind `gridbeacon ledger …`: open the record, ask or add, tell."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..layers.answers import routes, summarise
from ..layers.ledger import CLOSED, STATE_OF, STATES, Ledger, open_ledger
from ..layers.ledger.deadlines import KINDS
from ..layers.privacy.texts import mask_text
from ..layers.style import LEVEL_NAMES
from .inputs import of_plan_file, read_plan_tables
from .ledger_report import (
    tell_chain,
    tell_deadlines,
    tell_list,
    tell_overdue,
    tell_recorded,
    tell_summary,
    tell_warning,
)
from .options import load_schema
from .refusals import refusal
from .voice import Voice, print_json

_FEWEST = 4
"""Signs an id must be given with: one alone is sooner a slip than an id."""


@dataclass(frozen=True)
class Record:
    """Which ledger is meant, and the clock of its city."""

    place: str
    zone: ZoneInfo

    def open(self) -> Ledger:
        """The ledger, which must be there."""
        return open_ledger(self.place, create=False)

    def moment(self, text: str | None) -> datetime.datetime:
        """The local time that *text* names, to the second; now where it names none.

        Raises InputError if it names no time.
        """
        if not text:
            return datetime.datetime.now(self.zone).replace(tzinfo=None, microsecond=0)
        try:
            known = datetime.datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise refusal("E-ASK-020", where="--time", text=text) from error
        return known if known.tzinfo is None else known.astimezone(self.zone).replace(tzinfo=None)


def record_of(ledger: str | None, plan: str | None, timezone: str | None = None) -> Record:
    """The ledger named, else the plan's; its clock is the one named, else the plan's, else the default.

    Raises InputError if no ledger is named, or the time zone is none.
    """
    place, zone = ledger, timezone
    if plan:
        place = place or of_plan_file(plan).ledger
        zone = zone or read_plan_tables(plan).get("plan", {}).get("timezone")
    if not place:
        raise refusal("E-ASK-018", where="--ledger")
    zone = zone or next(entry["default"] for entry in load_schema()["run"]["params"] if entry["name"] == "timezone")
    try:
        return Record(place, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise refusal("E-ASK-019", where="--timezone", zone=zone) from error


def full_id(book: Ledger, text: str) -> str:
    """The id that *text* is, or the only one that begins with it (four signs at least).

    Raises InputError where none or several do.
    """
    known, text = book.states(), text.strip()
    found = [text] if text in known else [own for own in known if own.startswith(text) and len(text) >= _FEWEST]
    if len(found) != 1:
        raise refusal("E-ASK-021", where=text, n=len(found))
    return found[0]


def chosen(rows: Iterable[Mapping[str, Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of *rows* that every filter lets through: open before closed, then by level, state and deadline."""
    first, last = _day(values.get("first"), "--from"), _day(values.get("last"), "--to")
    found = [
        dict(row)
        for row in rows
        if (not values.get("state") or row["state"] in values["state"])
        and (not values.get("level") or row.get("level") in values["level"])
        and _is_of(row, values.get("unit"))
        and _is_at(row, values.get("place"))
        and _is_in(str(row.get("category") or ""), values.get("category"))
        and (first or "") <= row["first_issued"][:10] <= (last or "9999")
    ]
    return sorted(found, key=_urgency)


def _urgency(row: Mapping[str, Any]) -> tuple[Any, ...]:
    level = row.get("level")
    rank = LEVEL_NAMES.index(level) if level in LEVEL_NAMES else len(LEVEL_NAMES)
    order = list(STATES).index(row["state"])
    return (row["state"] == CLOSED, rank, order, row["due"] or "9999", row["warning_id"])


def _day(text: str | None, option: str) -> str | None:
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise refusal("E-ASK-020", where=option, text=text) from error


def _is_of(row: Mapping[str, Any], unit: str | None) -> bool:
    return not unit or unit in str(row.get("assigned_to") or row.get("responsible") or "")


def _is_at(row: Mapping[str, Any], place: str | None) -> bool:
    return not place or place == row.get("cell_id") or place in str(row.get("cell_name") or "")


def _is_in(category: str, wanted: str | None) -> bool:
    return not wanted or f"/{wanted}/" in f"/{category}/"


def list_warnings(voice: Voice, ledger: str | None, plan: str | None, as_json: bool, **filters: Any) -> None:
    """`ledger list`."""
    with record_of(ledger, plan).open() as book:
        route = routes(book.events())
        rows = [{**row, "route": route.get(row["warning_id"], "")} for row in chosen(book.warnings(), filters)]
        known = list(book.states())
    tell_list(voice, rows, known)
    if as_json:
        print_json(rows)


def list_overdue(
    voice: Voice,
    ledger: str | None,
    plan: str | None,
    timezone: str | None,
    time: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """`ledger overdue`: in the order of lateness."""
    record = record_of(ledger, plan, timezone)
    now = record.moment(time)
    with record.open() as book:
        late = book.overdue(now)
        known = list(book.states())
    wanted = {row["warning_id"] for row in chosen(late, filters)}
    rows = [row for row in late if row["warning_id"] in wanted]
    tell_overdue(voice, rows, known)
    if as_json:
        print_json(rows)


def summarise_ledger(
    voice: Voice,
    ledger: str | None,
    plan: str | None,
    timezone: str | None,
    time: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """`ledger summary`."""
    record = record_of(ledger, plan, timezone)
    now = record.moment(time)
    with record.open() as book:
        late, rows = chosen(book.overdue(now), filters), chosen(book.warnings(), filters)
        counts = {"as_of": now.isoformat(), **summarise(rows, book.events(), late)}
    tell_summary(voice, counts)
    if as_json:
        print_json(counts)


def show_warning(voice: Voice, warning_id: str, ledger: str | None, plan: str | None, as_json: bool) -> None:
    """`ledger show ID`: the evidence as last issued, how such warnings ended, and every event."""
    from ..pipeline.explanation.record import record_of as how_such_ended
    from ..pipeline.stability import WORDS

    with record_of(ledger, plan).open() as book:
        own = full_id(book, warning_id)
        rows = book.warnings()
        events = [{**event, "payload": json.loads(event["payload"])} for event in book.events(own)]
    row = next(row for row in rows if row["warning_id"] == own)
    ended = how_such_ended(row, rows, row["last_issued"])
    row = {**row, "route": routes(events).get(own, "")}
    english = {"stability_en": dict(WORDS.values()).get(str(row.get("stability")), "")}
    tell_warning(voice, {**row, **english}, events, ended)
    if as_json:
        print_json({"warning": row, "such_warnings": ended, "events": events})


def verify_chain(voice: Voice, ledger: str | None, plan: str | None, as_json: bool, **unused: Any) -> None:
    """`ledger verify` without an id: opening recomputes the chain; here again, so that what is told was seen."""
    with record_of(ledger, plan).open() as book:
        facts = {"events": book.verify(), "warnings": len(book.states()), "head": book.head()}
    tell_chain(voice, facts)
    if as_json:
        print_json(facts)


def tell_or_set_deadlines(
    voice: Voice,
    ledger: str | None,
    plan: str | None,
    actor: str | None,
    apply: bool,
    time: str | None,
    timezone: str | None,
    as_json: bool,
) -> None:
    """`ledger deadlines`: those in force, or with *apply* the plan's table [deadlines] put in force from now on."""
    record = record_of(ledger, plan, timezone)
    if apply and not (actor and plan):
        raise refusal("E-ASK-022" if plan else "E-ASK-024", where="--apply")
    with record.open() as book:
        if apply and plan and actor:
            settings = read_plan_tables(plan).get("deadlines", {})
            book.set_deadlines(settings, actor=actor, time=record.moment(time).isoformat())
        rules = book.deadlines()
    spans = {level: {kind: rules.span(kind, level, "") for kind in KINDS} for level in LEVEL_NAMES}
    facts = {"starts": str(rules.starts)[:5], "ends": str(rules.ends)[:5], "levels": spans}
    facts["classes"] = {name: rule for name, rule in rules.rules.items() if name not in LEVEL_NAMES}
    tell_deadlines(voice, facts)
    if as_json:
        print_json(facts)


def record_event(
    voice: Voice,
    event: str,
    *,
    warning_id: str,
    actor: str | None,
    note: str,
    time: str | None,
    timezone: str | None,
    ledger: str | None,
    plan: str | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Any command that adds an event. Raises InputError where the warning's step does not allow it."""
    if not actor:
        raise refusal("E-ASK-022", where="--actor")
    record = record_of(ledger, plan, timezone)
    moment = record.moment(time).isoformat()
    plain = mask_text(note)
    with record.open() as book:
        own = full_id(book, warning_id)
        payload = _payload(book, event, own, more)
        step = book.record(own, event, actor=actor, time=moment, note=plain, payload=payload)
        row = next(row for row in book.warnings() if row["warning_id"] == own)
        facts = {"warning_id": own, "event": event, "time": moment, "step": step, "state": STATE_OF[step]}
        facts |= {"due": row["due"], "assigned_to": row["assigned_to"], "head": book.head()}
    tell_recorded(voice, {**facts, "masked": plain != note})
    if as_json:
        print_json(facts)


def _payload(book: Ledger, event: str, own: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """What the event holds beside the note; a unit that is not named is the one the warning names as responsible."""
    payload = {name: more[name] for name in ("verdict", "due", "seq") if more.get(name) is not None}
    if event == "assigned":
        row = next(row for row in book.warnings() if row["warning_id"] == own)
        payload["to"] = more.get("to") or str(row.get("responsible") or "")
    if event == "corrected":
        payload["set"] = dict(_setting(text) for text in more["changes"])
    return payload


def _setting(text: str) -> tuple[str, Any]:
    """`name=value` of --set; a value that is JSON is taken as that, else as text."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals):
        raise refusal("E-ASK-023", where="--set")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
