"""What a filled-in sheet says, into the ledger: at most one event a row, nothing twice, nothing guessed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
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


def check_origin(book: Ledger, filled: Filled) -> None:
    """Raise InputError if *filled* went out from another ledger: its head is none that *book* ever had."""
    if filled.codes and all(event["hash"] != filled.head for event in book.events()):
        raise refusal("E-HAND-003", where=filled.name)


def record_handover(book: Ledger, filled: Filled, *, actor: str, now: datetime) -> Taken:
    """Record what *filled* says, row by row; what cannot be recorded is told by row, and the rest goes in.

    Each row gives at most one event, known by its fingerprint and its content: the same sheet again adds nothing,
    and one that was filled in further adds only what is new. *now* is the city's own clock, and the time of a row
    that names none.

    Raises InputError if the sheet went out from another ledger: then nothing is recorded.
    """
    check_origin(book, filled)
    begun = book.first_seen()
    seen: set[str] = set()
    fates = []
    for row in filled.rows:
        fates.append(_take(book, filled, row, seen, begun, actor, now))
        seen.add(row.warning_id)
    return Taken(filled.name, tuple(fates), tuple(filled.missing))


def _take(
    book: Ledger, filled: Filled, row: FilledRow, seen: set[str], begun: Mapping[str, str], actor: str, now: datetime
) -> Fate:
    where = f"{filled.name}, row {row.row}"
    told = {"row": row.row, "warning_id": row.warning_id, "result": row.filled["result"]}
    try:
        code = _code_of(filled, row, seen, begun, where)
        if not any(row.filled.values()):
            return Fate(**told, fate=BLANK)
        entry = _entry(filled, row, begun, now, where)
        past = _past(book, row.warning_id, code)
        masked = entry.masked
        if entry.digest(code) in {own["content"] for own in past}:
            return Fate(**told, fate=KNOWN, masked=masked)
        again = any(own["result"] == entry.result.zh for own in past)
        event = "noted" if again else entry.result.event
        payload = entry.payload(filled.sheet, code, now)
        book.record(
            row.warning_id,
            event,
            actor=actor,
            time=entry.time,
            note=entry.words(again),
            payload=payload,
            once=payload["handover"]["content"],
        )
    except InputError as error:
        return Fate(**told, fate=REFUSED, error=error)
    return Fate(**told, fate=RECORDED, event=event, masked=masked)


def _code_of(filled: Filled, row: FilledRow, seen: set[str], begun: Mapping[str, str], where: str) -> str:
    """The row's fingerprint, once it is sure that the row is what went out."""
    code = filled.codes.get(row.warning_id)
    if code is None or row.warning_id not in begun:
        raise refusal("E-HAND-004", where=where)
    if code != row_fingerprint(filled.head, row.ours):
        raise refusal("E-HAND-005", where=where)
    if row.warning_id in seen:
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


def _entry(filled: Filled, row: FilledRow, begun: Mapping[str, str], now: datetime, where: str) -> _Entry:
    chosen, written = row.filled["result"], row.filled["time"]
    if not chosen:
        raise refusal("E-HAND-007", where=where)
    result = next((result for result in RESULTS if chosen in (result.zh, result.en)), None)
    if result is None:
        raise refusal("E-HAND-008", where=where, results=", ".join(result.zh for result in RESULTS))
    note, unit = mask_text(row.filled["note"]), mask_text(row.filled["unit"])
    if result is SENT_BACK and not note:
        raise refusal("E-HAND-009", where=where)
    time = _time(written, filled.from_1904, where) if written else now
    if time > now or time.date() < datetime.fromisoformat(begun[row.warning_id]).date():
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


def _past(book: Ledger, warning_id: str, code: str) -> list[dict[str, str]]:
    """What this row gave before: `content`, `result`."""
    payloads = [json.loads(event["payload"]) for event in book.events(warning_id)]
    own = [payload for payload in payloads if payload.get("handover", {}).get("row") == code]
    return [{"content": payload["handover"]["content"], "result": payload["result"]} for payload in own]
