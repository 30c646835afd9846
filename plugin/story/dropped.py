"""What a dropped file is for, seen from its first bytes: incidents, cells, or nothing of ours.

Only to put a file where it belongs; the engine reads it and has the last word. A file that cannot be looked into is
taken for incidents, and the engine says what is wrong with it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from html import unescape
from pathlib import Path
from typing import NamedTuple

from .. import schema
from ..header import look

READ = (".csv", ".xlsx", ".gpkg", ".geojson", ".json", ".parquet", ".geoparquet", ".zip", ".gz")
"""Names of files the engine reads itself."""
HEAD = 1 << 16
"""Bytes looked at."""
AREAS = re.compile(rb'"geometry_types"\s*:\s*\[[^\]]*Polygon')
"""What the end of a GeoParquet file says of polygons."""
CELL_TEXT = re.compile(r"<t(?: [^>]*)?>([^<]+)</t>")
WORDS = "xl/sharedStrings.xml"


class Files(NamedTuple):
    """Dropped files by what they are for."""

    incidents: list[str]
    cells: list[str]
    unknown: list[str]
    """No kind of file the engine reads."""


def sorted_out(paths: Sequence[str]) -> Files:
    """Which of *paths* are incidents, which are cells, which are neither."""
    files = Files([], [], [])
    for path in paths:
        if not _is_read(Path(path)):
            files.unknown.append(path)
        elif holds_polygons(Path(path)):
            files.cells.append(path)
        else:
            files.incidents.append(path)
    return files


def holds_polygons(path: Path) -> bool:
    """Whether the file's shapes are polygons."""
    if path.suffix.lower() in (".parquet", ".geoparquet"):
        return AREAS.search(_end(path)) is not None
    return look(str(path)).areas


def holds_incidents(path: Path) -> bool:
    """Whether the columns look like incidents: a time, and a class or a number of the case."""
    if not _is_read(path):
        return False
    seen = look(str(path))
    names: Iterable[str] = _workbook(path) if path.suffix.lower() == ".xlsx" else seen.fields
    roles = schema.guess(names)
    return not seen.areas and "time" in roles and bool({"category", "id"} & set(roles))


def _is_read(path: Path) -> bool:
    return path.name.lower().endswith(READ) and path.is_file()


def _end(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - HEAD, 0))
            return file.read(HEAD)
    except OSError:
        return b""


def _workbook(path: Path) -> list[str]:
    """The first texts of a workbook, among them the names of its columns."""
    try:
        with zipfile.ZipFile(path) as book, book.open(WORDS) as words:
            return [unescape(text) for text in CELL_TEXT.findall(words.read(HEAD).decode("utf-8", "ignore"))]
    except (OSError, KeyError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return []
