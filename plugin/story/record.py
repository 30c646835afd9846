"""The story of one unit as results.gpkg tells it, read with SQLite alone and only to read."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError, InputError
from ..read_only import address
from ..words import tr

RESULTS = "results.gpkg"
HIGHEST = 12
"""More units above one another are no hierarchy but a circle."""
WHOLE = "CITY"
"""The unit above all others: its first day is the first of the history."""
HERE, ABOVE, BELOW = "here", "above", "below"
DAY, NUMBER = re.compile(r"(\d+):(\d+)"), re.compile(r"\d+")
PATIENCE = 0.05
"""Seconds to wait for a file that another program is writing."""
_UNREADABLE = (sqlite3.Error, OSError, ValueError, TypeError, AttributeError, LookupError)
"""What a damaged or foreign file may lead to."""


@dataclass(frozen=True)
class Unit:
    """One unit of the city, of any level."""

    cell_id: str
    name: str = ""
    level: int = 0
    level_name: str = ""
    parent: str = ""
    role: str = ""
    population: float = 0.0
    responsible: str = ""


@dataclass(frozen=True)
class Warned:
    """One early warning as the run gave it, and where it stands as seen from the unit."""

    row: dict[str, Any]
    place: str
    """`here`, `above` or `below`."""


@dataclass(frozen=True)
class Story:
    """What is known of a unit. Days count from `first_day`; the window's end is no longer part of it."""

    unit: Unit
    above: tuple[Unit, ...] = ()
    """From the unit right above it to the whole city."""
    first_day: date | None = None
    """None where the run has kept no history of the unit."""
    days: tuple[int, ...] = ()
    """Incidents of every day of the history."""
    hours: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    """From Monday."""
    classes: tuple[tuple[str, int], ...] = ()
    """Class and incidents of the window, the most frequent first."""
    window: tuple[date, date] | None = None
    warnings: tuple[Warned, ...] = ()
    reported: dict[date, float] = field(default_factory=dict)
    """Share of a day's reports that are in, where it is below one."""
    missing: frozenset[date] = frozenset()
    """Days without data in the whole city: they are not calm."""

    @property
    def total(self) -> int:
        """Incidents of the whole history."""
        return sum(self.days)

    @property
    def in_window(self) -> int:
        """Incidents of the window."""
        if self.window is None or self.first_day is None:
            return 0
        start, end = ((day - self.first_day).days for day in self.window)
        return sum(self.days[max(start, 0) : max(end, 0)])

    @property
    def place(self) -> str:
        """Street, community and cell: the unit with the names above it, the city's own left out."""
        names = [unit.name for unit in reversed(self.above) if unit.level > 0 and unit.name]
        return " · ".join([*names[-2:], self.unit.name or self.unit.cell_id])


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """The tables of a run, only to read. Raises InputError where they cannot be read."""
    path = folder / RESULTS
    try:
        with closing(sqlite3.connect(address(path), uri=True, timeout=PATIENCE)) as tables:
            tables.row_factory = sqlite3.Row
            yield tables
    except GridBeaconError:
        raise
    except _UNREADABLE as error:
        raise InputError(
            tr("The results of this run cannot be read: {why}", why=error),
            where=str(path),
            fix=tr("See whether the file is still there, or run again."),
        ) from error


def read_story(folder: Path, cell_id: str) -> Story:
    """The story of the unit *cell_id* of the run in *folder*. Raises InputError."""
    with opened(folder) as tables:
        unit = _unit(tables, cell_id)
        if unit is None:
            raise InputError(
                tr("This run knows no unit {code}.", code=cell_id),
                where=str(folder),
                fix=tr("Choose a unit of this run on the map."),
            )
        above = tuple(_above(tables, unit))
        warnings = tuple(_warnings(tables, unit, above))
        numbers = _in_numbers(_known(tables, cell_id), _known(tables, WHOLE))
        return Story(unit, above, warnings=warnings, **numbers, **_reporting(folder))


def _columns(tables: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in tables.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _unit(tables: sqlite3.Connection, cell_id: str) -> Unit | None:
    row = tables.execute("SELECT * FROM cells WHERE cell_id = ?", (cell_id,)).fetchone()
    if row is None:
        return None
    told = dict(row)
    return Unit(
        cell_id=cell_id,
        name=str(told.get("name") or ""),
        level=int(told.get("unit_level") or 0),
        level_name=str(told.get("level_name") or ""),
        parent=_parent(cell_id, told.get("parent")),
        role=str(told.get("role") or ""),
        population=float(told.get("population") or 0),
        responsible=str(told.get("responsible") or ""),
    )


def _parent(cell_id: str, told: Any) -> str:
    """The unit above: what has none of its own, such as a sectoral unit, lies in the city."""
    return str(told or "") or ("" if cell_id == WHOLE else WHOLE)


def _above(tables: sqlite3.Connection, unit: Unit) -> Iterator[Unit]:
    for _ in range(HIGHEST):
        found = _unit(tables, unit.parent) if unit.parent else None
        if found is None:
            return
        yield found
        unit = found


def _warnings(tables: sqlite3.Connection, unit: Unit, above: tuple[Unit, ...]) -> Iterator[Warned]:
    """Warnings of the unit, of those it lies in and of those that lie in it, in the order of the list."""
    if "rank" not in _columns(tables, "early_warnings"):
        return
    higher = {other.cell_id for other in above}
    parents: dict[str, str] = {}
    for row in tables.execute("SELECT * FROM early_warnings ORDER BY rank IS NULL, rank"):
        told = {name: row[name] for name in row.keys() if name != "geom"}  # noqa: SIM118  a row iterates its values
        place = str(told.get("cell_id") or "")
        if place == unit.cell_id:
            yield Warned(told, HERE)
        elif place in higher:
            yield Warned(told, ABOVE)
        elif unit.cell_id in _line(tables, place, parents):
            yield Warned(told, BELOW)


def _line(tables: sqlite3.Connection, cell_id: str, parents: dict[str, str]) -> list[str]:
    """Codes of the units above *cell_id*; *parents* remembers what was looked up."""
    line: list[str] = []
    for _ in range(HIGHEST):
        if cell_id not in parents:
            row = tables.execute("SELECT parent FROM cells WHERE cell_id = ?", (cell_id,)).fetchone()
            parents[cell_id] = _parent(cell_id, row["parent"]) if row else ""
        cell_id = parents[cell_id]
        if not cell_id:
            break
        line.append(cell_id)
    return line


def _known(tables: sqlite3.Connection, cell_id: str) -> dict[str, Any]:
    """The unit's row of `stories`; empty where the run has none."""
    if "cell_id" not in _columns(tables, "stories"):
        return {}
    row = tables.execute("SELECT * FROM stories WHERE cell_id = ?", (cell_id,)).fetchone()
    return dict(row) if row is not None else {}


def _in_numbers(known: dict[str, Any], city: dict[str, Any]) -> dict[str, Any]:
    """The unit's numbers over the history of the city; all nought where the unit has no row, for nothing came there."""
    period = {**known, **city}
    first, start, end = (day_of(period.get(name)) for name in ("first_day", "window_start", "window_end"))
    if first is None or start is None or end is None:
        return {}
    shift = ((day_of(known.get("first_day")) or first) - first).days
    counts = {int(offset) + shift: int(count) for offset, count in DAY.findall(str(known.get("days") or ""))}
    gaps = NUMBER.findall(str(city.get("missing") or ""))
    return {
        "first_day": first,
        "days": tuple(counts.get(offset, 0) for offset in range((end - first).days)),
        "hours": _numbers(known.get("hours"), 24),
        "weekdays": _numbers(known.get("weekdays"), 7),
        "classes": tuple(_classes(known)),
        "window": (start, end),
        "missing": frozenset(first + timedelta(days=int(offset)) for offset in gaps),
    }


def _classes(known: dict[str, Any]) -> list[tuple[str, int]]:
    told = json.loads(known.get("classes") or "{}")
    return sorted(((str(name), int(number)) for name, number in told.items()), key=lambda pair: -pair[1])


def _numbers(text: Any, length: int) -> tuple[int, ...]:
    found = [int(number) for number in NUMBER.findall(str(text or ""))]
    return tuple((found + [0] * length)[:length])


def _reporting(folder: Path) -> dict[str, Any]:
    """How much of the last days is reported, from the run's manifest; nothing where it says nothing."""
    path = folder / "manifest.json"
    if not path.is_file():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    shares = {day_of(entry["time"]): entry.get("share") for entry in told.get("reporting") or []}
    known = {day: float(share) for day, share in shares.items() if day is not None and share is not None}
    return {"reported": {day: share for day, share in known.items() if share < 1}}


def day_of(text: Any) -> date | None:
    """The day of a date or moment as the tables write it; None where there is none."""
    try:
        return datetime.fromisoformat(str(text)[:10]).date()
    except ValueError:
        return None


def last_day(end: date) -> date:
    """The last day before an end that is no longer part."""
    return end - timedelta(days=1)
