"""What a dropped file holds, seen from its first bytes: columns, and whether its shapes are polygons.

Only to put a file where it belongs; the engine reads it and has the last word. A file that cannot be looked into is
taken for incidents, and the engine says what is wrong with it.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import NamedTuple

from .. import schema
from .record import PATIENCE, address

READ = (".csv", ".xlsx", ".gpkg", ".geojson", ".json", ".parquet", ".geoparquet", ".zip", ".gz")
"""Names of files the engine reads itself."""
HEAD = 1 << 16
"""Bytes looked at."""
POLYGONS = re.compile(
    rb'"type"\s*:\s*"(?:Multi)?Polygon"|"geometry_types"\s*:\s*\[[^\]]*Polygon|(?:MULTI)?POLYGON(?![A-Za-z_])'
)
CELL_TEXT = re.compile(r"<t(?: [^>]*)?>([^<]+)</t>")
PROPERTY = re.compile(r'"([^"\\]+)"\s*:')
SEPARATORS = re.compile(r"[,;\t|]")
TITLES = 6
"""Lines above the columns' names that a table may have."""


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
        if not path.lower().endswith(READ) or not Path(path).is_file():
            files.unknown.append(path)
        elif holds_polygons(Path(path)):
            files.cells.append(path)
        else:
            files.incidents.append(path)
    return files


def holds_polygons(path: Path) -> bool:
    """Whether the file's shapes are polygons."""
    if path.suffix.lower() == ".gpkg":
        kinds = _asked(path, "SELECT geometry_type_name FROM gpkg_geometry_columns")
        return any("POLYGON" in kind for kind in kinds)
    name, head = _begin(path)
    if name.endswith((".csv", ".xlsx")):
        return False
    return POLYGONS.search(head) is not None


def holds_incidents(path: Path) -> bool:
    """Whether the columns look like incidents: a time, and a class or a number of the case."""
    if not path.name.lower().endswith(READ) or not path.is_file() or holds_polygons(path):
        return False
    return any("time" in (roles := schema.guess(names)) and {"category", "id"} & set(roles) for names in _rows(path))


def _rows(path: Path) -> list[list[str]]:
    """What may be the names of the file's columns."""
    if path.suffix.lower() == ".gpkg":
        tables = _asked(path, "SELECT table_name FROM gpkg_contents")
        return [_asked(path, "SELECT name FROM pragma_table_info(?)", table) for table in tables]
    name, head = _begin(path)
    if name.endswith(".xlsx"):
        return [[unescape(text) for text in CELL_TEXT.findall(_text(head))]]
    if name.endswith((".json", ".geojson")):
        return [PROPERTY.findall(_text(head))]
    lines = _text(head).splitlines()[:TITLES] if name.endswith(".csv") else []
    return [[name.strip(' "') for name in SEPARATORS.split(line)] for line in lines]


def _asked(path: Path, question: str, *values: str) -> list[str]:
    try:
        with closing(sqlite3.connect(address(path), uri=True, timeout=PATIENCE)) as tables:
            return [str(row[0]) for row in tables.execute(question, values)]
    except sqlite3.Error:
        return []


def _begin(path: Path) -> tuple[str, bytes]:
    """Name and first bytes of the file, or of a table in an archive; of Parquet its end, where the columns stand."""
    name = path.name.lower()
    try:
        if name.endswith((".zip", ".xlsx")):
            return _packed(path)
        if name.endswith(".gz"):
            with gzip.open(path) as packed:
                return name[: -len(".gz")], packed.read(HEAD)
        with path.open("rb") as file:
            if name.endswith("parquet"):
                file.seek(max(path.stat().st_size - HEAD, 0))
            return name, file.read(HEAD)
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return name, b""


def _packed(path: Path) -> tuple[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        texts = [name for name in names if name == "xl/sharedStrings.xml"]
        inside = texts or [name for name in names if name.lower().endswith(READ)]
        if not inside:
            return path.name.lower(), b""
        with archive.open(inside[0]) as member:
            head = member.read(HEAD)
    return ("book.xlsx" if texts else inside[0].lower()), head


def _text(head: bytes) -> str:
    """Bytes as text, cut anywhere: UTF-8, else what Chinese systems write."""
    for encoding in ("utf-8-sig", "gb18030"):
        for end in range(4):
            try:
                return head[: len(head) - end].decode(encoding)
            except UnicodeDecodeError:
                continue
    return ""
