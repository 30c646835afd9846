"""What the ledger says of a run's warnings, and what is written into it. Called in the worker's thread only.

The ledger is opened anew for every call, which proves its whole past, and closed again: nothing is written into a file
that was replaced or moved away meanwhile, and no other program finds it held.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError, InputError
from ...layers.ledger.deadlines import Deadlines
from ...layers.ledger.opening import open_ledger
from ...layers.ledger.states import EVENTS, ISSUED
from ...layers.privacy.texts import mask_text
from ..words import pick, tr


@dataclass(frozen=True)
class Record:
    """A ledger at one moment."""

    place: str
    head: str
    mark: tuple[float, ...]
    """What the file looked like before it was read; see `mark_of`."""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """warning_id -> where it stands, as `Ledger.warnings` tells it; of the run's warnings only."""
    lives: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """warning_id -> its events, oldest first; `payload` is a mapping, of `issued` its level alone."""
    deadlines: Deadlines = field(default_factory=Deadlines)

    def last(self, warning_id: str) -> int:
        """Number of the warning's last event; 0 where it has none."""
        return int(self.lives[warning_id][-1]["seq"]) if warning_id in self.lives else 0


@dataclass(frozen=True)
class Move:
    """What a person does to a warning; `time` is the city's clock without an offset."""

    event: str
    actor: str
    time: str
    note: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What became of a move for several warnings: those recorded, the rest, and why it stopped."""

    done: list[str]
    left: list[str]
    error: GridBeaconError | None
    masked: bool
    record: Record | None
    """The ledger afterwards; None where it could not be read again."""


def mark_of(place: str) -> tuple[float, ...]:
    """Changes whenever the ledger's file does, or the log SQLite keeps beside one; empty of what is no file."""
    found: list[float] = []
    for path in (Path(place), Path(f"{place}-wal")):
        if path.is_file():
            told = path.stat()
            found += [told.st_ino, told.st_size, told.st_mtime_ns]
    return tuple(found)


def read_record(place: str, ids: Collection[str]) -> Record:
    """What the ledger at *place* says of the warnings *ids*.

    Raises InputError or EnvironmentProblem as `open_ledger` does.
    """
    mark = mark_of(place)
    with open_ledger(place, create=False) as book:
        head = book.head()
        rows = {str(row["warning_id"]): row for row in book.warnings() if row["warning_id"] in ids}
        lives: dict[str, list[dict[str, Any]]] = {}
        for event in book.events():
            if event["warning_id"] in ids:
                lives.setdefault(event["warning_id"], []).append({**event, "payload": _told(event)})
        return Record(place, head, mark, rows, lives, book.deadlines())


def changed_record(known: Record, ids: Collection[str]) -> Record | None:
    """What the ledger says now if another has written since *known*; else None."""
    if mark_of(known.place) == known.mark != ():
        return None
    with open_ledger(known.place, create=False) as book:
        head = book.head()
    return read_record(known.place, ids) if head != known.head else None


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event's payload; an issued one holds the whole warning, of which the level is told."""
    payload: dict[str, Any] = json.loads(event["payload"])
    return {"level": payload.get("level")} if event["event"] == ISSUED else payload


def write(place: str, move: Move, seen: Mapping[str, int], units: Mapping[str, str], ids: Collection[str]) -> Written:
    """Record *move* for each warning of *seen*, which maps it to the last event the user knew of; then read it anew.

    Stops at the first that the ledger refuses, or that another has touched since it was looked at. What was recorded
    until then stays recorded. *units* gives each warning's own unit where an assignment names none. Personal data in
    the note are blotted out, as the command line does.
    """
    note, done = mask_text(move.note), []
    error: GridBeaconError | None = None
    try:
        with open_ledger(place, create=False) as book:
            for own, known in seen.items():
                _refuse_changed(list(book.events(own)), known)
                payload = {**move.payload, **({"to": units[own]} if units.get(own) else {})}
                book.record(own, move.event, actor=move.actor, time=move.time, note=note, payload=payload)
                done.append(own)
    except GridBeaconError as refused:
        error = refused
    left = [own for own in seen if own not in done]
    return Written(done, left, error, note != move.note, _read_again(place, ids))


def _read_again(place: str, ids: Collection[str]) -> Record | None:
    try:
        return read_record(place, ids)
    except GridBeaconError:
        return None


def _refuse_changed(events: Iterable[Mapping[str, Any]], known: int) -> None:
    """Raise InputError if anything happened to the warning after event number *known*."""
    newer = [event for event in events if event["seq"] > known]
    if newer:
        last = newer[-1]
        zh, en = EVENTS.get(last["event"], (last["event"], last["event"]))
        raise InputError(
            tr(
                "Meanwhile it was changed by {actor}: {event}, {time}.",
                actor=last["actor"],
                event=pick(en, zh),
                time=str(last["time"]).replace("T", " ")[:16],
            ),
            where=str(last["warning_id"]),
            fix=tr("Look at it as it is now, and decide again."),
        )
