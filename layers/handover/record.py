"""What a filled-in sheet says, into the ledger: at most one event a row, nothing twice, nothing guessed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ...errors import InputError
from ..columns.dates import parse_dates
from ..privacy.texts import mask_text
from ..refusals import refusal
from .columns import FALSE_ALARM, RESULTS, SENT_BACK, Result, row_fingerprint
from .filled import Filled, FilledRow

if TYPE_CHECKING:
    from ..ledger import Ledger

RECORDED, KNOWN, BLANK, REFUSED = FATES = ("recorded", "known", "blank", "refused")
"""What became of a row; every row has one of these."""


@dataclass(frozen=True)
class Fate:
    """What became of one row: the event it gave, if it gave one, or why it was refused."""

    row: int
    warning_id: str
    fate: str
    event: str = ""
    result: str = ""
    error: InputError | None = None
    masked: bool = False


@dataclass(frozen=True)
class Taken:
    """The account of one sheet: rows = recorded + known + blank + refused.

    missing : ids of rows that went out and did not come back.
    """

    name: str
    fates: tuple[Fate, ...]
    missing: tuple[str, ...]

    @property
    def account(self) -> dict[str, int]:
        """Rows, and how many met which fate."""
        counts = Counter(row.fate for row in self.fates)
        return {"rows": len(self.fates), **{fate: counts[fate] for fate in FATES}}


def check_origin(book: Ledger, filled: Filled) -> int:
    """The number of the last event when *filled* went out. Raises InputError if it went out from another ledger."""
    if not filled.codes:
        return 0
    found = next((event["seq"] for event in book.events() if event["hash"] == filled.head), None)
    if found is None:
        raise refusal("E-HAND-003", where=filled.name)
    return found


@dataclass(frozen=True)
class _Reading:
    """One sheet being read into a ledger: `went_out` is the last event when it did, `begun` when warnings began."""

    book: Ledger
    filled: Filled
    actor: str
    now: datetime
    went_out: int
    begun: Mapping[str, str]


def record_handover(book: Ledger, filled: Filled, *, actor: str, now: datetime) -> Taken:
    """Record what *filled* says, row by row; what cannot be recorded is told by row, and the rest goes in.

    Each row gives at most one event, known by its fingerprint and its content: the same sheet again adds nothing,
    and one that was filled in further adds only what is new. *now* is the city's own clock, and the time of a row
    that names none.

    Raises InputError if the sheet went out from another ledger: then nothing is recorded.
    """
    reading = _Reading(book, filled, actor, now, check_origin(book, filled), book.first_seen())
    seen: set[str] = set()
    fates = []
    for row in filled.rows:
        fates.append(_take(reading, row, row.warning_id in seen))
        seen.add(row.warning_id)
    return Taken(filled.name, tuple(fates), tuple(filled.missing))


def _take(reading: _Reading, row: FilledRow, twice: bool) -> Fate:
    where = f"{reading.filled.name}, row {row.row}"
    told = {"row": row.row, "warning_id": row.warning_id, "result": row.filled["result"]}
    try:
        code = _code_of(reading, row, twice, where)
        if not any(row.filled.values()):
            return Fate(**told, fate=BLANK)
        entry = _entry(reading, row, where)
        history = list(reading.book.events(row.warning_id))
        past = _answers(history, code)
        if entry.digest(code) in {answer["handover"]["content"] for answer in past}:
            return Fate(**told, fate=KNOWN, masked=entry.masked)
        if any(event["seq"] > reading.went_out and _begins_anew(event) for event in history):
            raise refusal("E-HAND-013", where=where)
        again = any(answer["result"] == entry.result.zh for answer in past)
        event = "noted" if again else entry.result.event
        reading.book.record(
            row.warning_id,
            event,
            actor=reading.actor,
            time=entry.time,
            note=entry.words(again),
            payload=entry.payload(reading.filled.sheet, code, reading.now),
            once=entry.digest(code),
        )
    except InputError as error:
        return Fate(**told, fate=REFUSED, error=error)
    return Fate(**told, fate=RECORDED, event=event, masked=entry.masked)


def _answers(history: Iterable[Mapping[str, Any]], code: str) -> list[dict[str, Any]]:
    """The payloads of the events that this row gave before."""
    payloads = [json.loads(event["payload"]) for event in history]
    return [payload for payload in payloads if payload.get("handover", {}).get("row") == code]


def _begins_anew(event: Mapping[str, Any]) -> bool:
    """Whether the handling of a warning begins with *event*: what a unit was asked before is no answer to it."""
    return event["event"] == event["step"] and event["step"] in ("assigned", "reopened", "issued")


def _code_of(reading: _Reading, row: FilledRow, twice: bool, where: str) -> str:
    """The row's fingerprint, once it is sure that the row is what went out."""
    code = reading.filled.codes.get(row.warning_id)
    if code is None or row.warning_id not in reading.begun:
        raise refusal("E-HAND-004", where=where)
    if code != row_fingerprint(reading.filled.head, row.ours):
        raise refusal("E-HAND-005", where=where)
    if twice:
        raise refusal("E-HAND-006", where=where)
    return code


@dataclass(frozen=True)
class _Entry:
    """What a unit filled in, without personal data, and understood."""

    result: Result
    note: str
    unit: str
    time: str
    own_time: bool
    masked: bool

    def digest(self, code: str) -> str:
        """Known again by this: the row that went out, and what was filled in."""
        parts = [code, self.result.zh, self.note, self.unit, self.time if self.own_time else ""]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    def payload(self, sheet: str, code: str, now: datetime) -> dict[str, Any]:
        """What the event holds beside the note."""
        origin = {"sheet": sheet, "row": code, "content": self.digest(code), "read": _written(now)}
        found: dict[str, Any] = {"result": self.result.zh, "unit": self.unit, "handover": origin}
        return {**found, "verdict": "false"} if self.result is FALSE_ALARM else found

    def words(self, again: bool) -> str:
        """The note of the event; one that only adds to an earlier one says so."""
        if not again and self.result is not SENT_BACK:
            return self.note
        more = self.note or ",".join(filter(None, (self.unit, self.time if self.own_time else "")))
        return f"{self.result.zh}{'(补充)' if again else ''}:{more}"


def _entry(reading: _Reading, row: FilledRow, where: str) -> _Entry:
    now, chosen, written = reading.now, row.filled["result"], row.filled["time"]
    if not chosen:
        raise refusal("E-HAND-007", where=where)
    result = next((result for result in RESULTS if chosen in (result.zh, result.en)), None)
    if result is None:
        raise refusal("E-HAND-008", where=where, results=", ".join(result.zh for result in RESULTS))
    note, unit = mask_text(row.filled["note"]), mask_text(row.filled["unit"])
    if result is SENT_BACK and not note:
        raise refusal("E-HAND-009", where=where)
    time = _time(written, reading.filled.from_1904, where) if written else now
    if time > now or time.date() < datetime.fromisoformat(reading.begun[row.warning_id]).date():
        raise refusal("E-HAND-011", where=where)
    masked = (note, unit) != (row.filled["note"], row.filled["unit"])
    return _Entry(result, note, unit, _written(time), bool(written), masked)


def _time(text: str, from_1904: bool, where: str) -> datetime:
    """The moment a cell names, on the city's own clock."""
    read = parse_dates(pa.array([text]), from_1904=from_1904)
    if read.why[0] or read.offsets[0] == read.offsets[0]:
        raise refusal("E-HAND-010", where=where)
    return read.values[0].item()


def _written(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()
