"""What a run's files hold, read with the standard library in a few milliseconds however large the city is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..read_only import address
from ..units import kind_of_unit
from ..words import tr

TABLES = "results.gpkg"
SURFACE = "surface.tif"
MANIFEST = "manifest.json"
LOCKED_SECONDS = 0.2
"""How long a file may be locked before it counts as one that cannot be read."""


class Contents(NamedTuple):
    """Tables; classes, all incidents first; levels as (unit_level, name), the finest first; window; extent of the city;
    whether patterns of hot spots were looked for; how many streets have days to play.

    The extent is (west, south, east, north) in the run's coordinate system, in metres.
    """

    tables: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    levels: tuple[tuple[int, str], ...] = ()
    window: tuple[datetime, datetime] | None = None
    extent: tuple[float, ...] = ()
    patterns: bool = False
    streets: int = 0


def contents(folder: Path) -> Contents:
    """What the run's tables hold; nothing where they cannot be read."""
    path = Path(folder) / TABLES
    try:
        return _contents(path, path.stat().st_mtime_ns)
    except (OSError, sqlite3.Error, TypeError, ValueError):  # no table, no number, no date where one has to be
        return Contents()


def manifest(folder: Path) -> dict[str, Any]:
    """The run's manifest; empty where it cannot be read."""
    path = Path(folder) / MANIFEST
    try:
        facts = _manifest(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


@lru_cache(maxsize=4)
def _manifest(path: Path, changed: int) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def _contents(path: Path, changed: int) -> Contents:
    """Rows of `risk` begin with the city's, a row for each class, and end with the finest units: no scan is needed."""
    with opened(path) as book:
        tables = tuple(str(row[0]) for row in book.execute("SELECT table_name FROM gpkg_contents"))
        found: dict[str, None] = {}
        first = None
        for cell, category in book.execute("SELECT cell_id, category FROM risk ORDER BY fid"):
            if first is not None and cell != first:
                break
            first, found[str(category)] = cell, None
        last = book.execute("SELECT unit_level FROM risk WHERE role = 'territorial' ORDER BY fid DESC LIMIT 1")
        finest = int((last.fetchone() or (0,))[0])
        levels = tuple((level, _level_name(book, level)) for level in range(finest, 0, -1))
        window = book.execute("SELECT window_start, window_end FROM risk ORDER BY fid LIMIT 1").fetchone()
        bounds = "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = 'cells'"
        extent = tuple(number for number in book.execute(bounds).fetchone() or () if number is not None)
        counted = "SELECT count(DISTINCT cell_id) FROM days"
        streets = int(book.execute(counted).fetchone()[0]) if "days" in tables else 0
        patterns = "pattern" in _columns(book, "hotspots")
    span = (_moment(window[0]), _moment(window[1])) if window and all(window) else None
    return Contents(tables, tuple(found), levels, span, extent, patterns, streets)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file for reading only. Raises sqlite3.Error."""
    with closing(sqlite3.connect(address(path), uri=True, timeout=LOCKED_SECONDS)) as book:
        yield book


def _level_name(book: sqlite3.Connection, level: int) -> str:
    if "level_name" in _columns(book, "cells"):
        row = book.execute("SELECT level_name FROM cells WHERE unit_level = ? LIMIT 1", (level,)).fetchone()
        if row and row[0]:
            return kind_of_unit(str(row[0]))
    return tr("Level {number}", number=level)


def _columns(book: sqlite3.Connection, table: str) -> set[str]:
    return {str(row[0]) for row in book.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:19])
