"""By when each step of a warning is due. Settings as data: a mapping, as a plan's TOML gives it. Standard library only.

```toml
[deadlines]
starts = "08:30"            # what comes in earlier on a day counts from here
ends = "18:00"              # a working day's end
days_off = ["2026-02-17"]   # besides Saturdays and Sundays
days_worked = ["2026-02-14"]
[deadlines.red]             # a level
judge = "2h"
[deadlines."供水"]           # a class: for every level, and for the classes below it
handle = "2d"
[deadlines."供水".red]       # a class and a level
handle = "8h"
```
`"2h"` is two hours, day or night, on whatever day; `"3d"` is the end of the third working day after; `"0d"` the end of
the same working day (of the next one, where the moment is not within one).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from ..refusals import refusal
from .states import URGENCY

KINDS = ("judge", "assign", "handle", "verify", "close")
AWAITED = {
    "issued": "judge",
    "reopened": "judge",
    "judged": "assign",
    "assigned": "handle",
    "received": "handle",
    "supervised": "handle",
    "handled": "verify",
    "reported": "verify",
    "verified": "close",
}
"""Step -> what is awaited next. A warning that is closed awaits nothing."""

SUPERVISED = ("judge", "assign", "handle")
"""What, when late, proposes supervision (督办)."""

DEFAULTS: dict[str, dict[str, str]] = {
    "red": {"judge": "2h", "assign": "1h", "handle": "24h", "verify": "1d", "close": "3d"},
    "orange": {"judge": "0d", "assign": "0d", "handle": "3d", "verify": "2d", "close": "5d"},
    "yellow": {"judge": "1d", "assign": "1d", "handle": "5d", "verify": "3d", "close": "5d"},
    "blue": {"judge": "3d", "assign": "3d", "handle": "10d", "verify": "5d", "close": "5d"},
}
"""Level -> what is awaited -> by when. Ours, to be replaced by a city's own rules; no statute is claimed."""

_SPAN = re.compile(r"(\d{1,3})([hd])")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Deadlines:
    """A city's deadlines. `rules` holds levels and classes as the module's example does."""

    starts: time = time(8, 30)
    ends: time = time(18, 0)
    days_off: frozenset[date] = frozenset()
    days_worked: frozenset[date] = frozenset()
    rules: Mapping[str, Any] = field(default_factory=dict)
    _known: dict[tuple[str, ...], str] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Answers given already: thousands of warnings share a class, a level and a morning."""

    @classmethod
    def read(cls, settings: Mapping[str, Any] | None) -> Deadlines:
        """The deadlines that *settings* (a TOML table) ask for; what they do not name keeps its default.

        Raises InputError for a time, day or span that cannot be read.
        """
        given = dict(settings or {})
        starts, ends = (_read(given.pop(n, d), n, _clock) for n, d in (("starts", "08:30"), ("ends", "18:00")))
        off, worked = (_read(given.pop(n, ()), n, _days) for n in ("days_off", "days_worked"))
        for name, rule in given.items():
            _check(rule, name)
        if ends <= starts:
            raise refusal("E-LEDGER-012", where="deadlines.ends", value=ends)
        return cls(starts, ends, off, worked, given)

    def span(self, kind: str, level: str, category: str) -> str:
        """By when *kind* is due (`"2h"`, `"3d"`): of the class and level, the class, the class above, the level."""
        parts = category.split("/")
        classes = ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]
        tables = [table for name in classes for table in (_at(self.rules, name, level), _at(self.rules, name))]
        tables += [_at(self.rules, level), DEFAULTS.get(level, DEFAULTS["blue"])]
        return next(table[kind] for table in tables if isinstance(table.get(kind), str))

    def due(self, kind: str, level: str, category: str, since: str) -> str:
        """The local instant (ISO) by which *kind* is due when it is awaited *since* another."""
        asked = (kind, level, category, since)
        if asked not in self._known:
            self._known[asked] = self._reckon(*asked)
        return self._known[asked]

    def _reckon(self, kind: str, level: str, category: str, since: str) -> str:
        number, unit = _SPAN.fullmatch(self.span(kind, level, category)).groups()  # type: ignore[union-attr]
        moment = datetime.fromisoformat(since)
        opening = datetime.combine(moment.date(), self.starts)
        if unit == "h":
            return (max(moment, opening) + timedelta(hours=int(number))).isoformat(timespec="seconds")
        return datetime.combine(self._working_day(moment, int(number)), self.ends).isoformat(timespec="seconds")

    def works(self, day: date) -> bool:
        """Whether *day* is a working day."""
        return day in self.days_worked or (day.weekday() < 5 and day not in self.days_off)

    def _working_day(self, moment: datetime, ahead: int) -> date:
        """The working day *ahead* days after the one *moment* falls into, or after the next one where it is in none."""
        day = self._working_from(moment.date() + _DAY * (moment.time() > self.ends))
        for _ in range(ahead):
            day = self._working_from(day + _DAY)
        return day

    def _working_from(self, day: date) -> date:
        while not self.works(day):
            day += _DAY
        return day


def _at(rules: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    table: Any = rules
    for name in names:
        table = table.get(name) if isinstance(table, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _check(rule: Any, *path: str) -> None:
    """Refuse what is neither a span of a known kind nor a table of such."""
    where = ".".join(("deadlines", *path))
    if not isinstance(rule, Mapping):
        if len(path) == 1 or not isinstance(rule, str) or not _SPAN.fullmatch(rule):
            raise refusal("E-LEDGER-012", where=where, value=rule)
        return
    for name, below in rule.items():
        known = URGENCY if isinstance(below, Mapping) else KINDS
        if name not in known:
            raise refusal("E-LEDGER-013", where=where, name=name, known=", ".join(known))
        _check(below, *path, name)


def _read(value: Any, name: str, reader: Any) -> Any:
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        raise refusal("E-LEDGER-012", where=f"deadlines.{name}", value=value) from error


def _clock(value: Any) -> time:
    return value if isinstance(value, time) else time.fromisoformat(str(value))


def _days(values: Any) -> frozenset[date]:
    return frozenset(value if isinstance(value, date) else date.fromisoformat(str(value)) for value in values)
