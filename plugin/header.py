"""A light look at a file: the names of its columns, and whether it holds areas. Only its first bytes are read.

Spreadsheets and Parquet are left to the engine, which reads them in a process with limits.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sqlite3
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .read_only import address

HEAD = 256 * 1024
"""Bytes that are looked at."""
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = ",;\t|"
TABLES = (".csv", ".tsv", ".txt")
JSONS = (".geojson", ".json")
POLYGON_SHAPES = {5, 15, 25}
"""Shape types of a shapefile's header that are areas."""


_UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    RuntimeError,  # a locked archive, brackets without end
    struct.error,
    zlib.error,
    sqlite3.Error,
    csv.Error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class Look:
    """What a file shows at first sight; nothing of it is known where the fields are empty."""

    fields: tuple[str, ...] = ()
    areas: bool = False
    """Whether it holds polygons: cells, not incidents."""
    layers: tuple[tuple[str, bool], ...] = ()
    """The layers of a GeoPackage: name, and whether it holds polygons."""


def look(path: str) -> Look:
    """What *path* (`file` or `file|layer`) shows at first sight; an empty look where it cannot be read."""
    name, _, layer = path.partition("|")
    try:
        return _look(Path(name), layer)
    except _UNREADABLE:
        return Look()


def _look(path: Path, layer: str) -> Look:
    kind = path.suffix.lower()
    if kind == ".gpkg":
        return _geopackage(path, layer)
    if kind == ".zip":
        return _archive(path)
    if kind == ".gz":
        with gzip.open(path) as packed:
            return _stream(path.stem, packed)
    with path.open("rb") as stream:
        return _stream(path.name, stream)


def _archive(path: Path) -> Look:
    """The first member that can be looked into."""
    with zipfile.ZipFile(path) as archive:
        known = [name for name in archive.namelist() if name.lower().endswith((*TABLES, *JSONS, ".shp"))]
        if not known:
            return Look()
        first = min(known, key=lambda name: name.lower().endswith(".txt"))  # a read-me is looked at last
        with archive.open(first) as stream:
            return _stream(first, stream)


def _stream(name: str, stream: IO[bytes]) -> Look:
    kind = Path(name).suffix.lower()
    if kind in TABLES:
        return Look(tuple(_columns(stream.read(HEAD))))
    if kind in JSONS:
        return _geojson(stream.read(HEAD).decode("utf-8-sig", "ignore"))
    if kind == ".shp":
        return Look(areas=struct.unpack("<i", stream.read(36)[32:36])[0] in POLYGON_SHAPES)
    return Look()


def _columns(head: bytes) -> list[str]:
    """The first row of a table; the delimiter is the one that parts it most."""
    line = _decoded(head)
    delimiter = max(DELIMITERS, key=line.split("\n", 1)[0].count)
    first = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    return [name.strip() for name in first if name.strip()]


def _decoded(head: bytes) -> str:
    """The whole lines of *head* in the encoding that fits. Raises ValueError where none does."""
    whole = head[: head.rfind(b"\n") + 1] or head
    for encoding in ENCODINGS:
        try:
            return whole.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("no encoding fits")


def _geojson(text: str) -> Look:
    """Names and kind of the first feature."""
    found = re.search(r'"features"\s*:\s*\[', text)
    if not found:
        return Look()
    begin = text.index("{", found.end())
    try:
        feature = json.JSONDecoder().raw_decode(text, begin)[0]
    except ValueError:  # a first feature larger than what is looked at
        return Look(areas='"Polygon"' in text or '"MultiPolygon"' in text)
    properties, shape = _part(feature, "properties"), _part(feature, "geometry")
    return Look(tuple(properties), areas=str(shape.get("type")).endswith("Polygon"))


def _part(feature: Any, name: str) -> dict[str, Any]:
    """An object within an object; an empty one where there is none."""
    part = feature.get(name) if isinstance(feature, dict) else None
    return part if isinstance(part, dict) else {}


def _geopackage(path: Path, layer: str) -> Look:
    """Its layers, and the columns of the one asked for, else of the first."""
    connection = sqlite3.connect(address(path), uri=True)
    try:
        rows = connection.execute(
            "SELECT c.table_name, coalesce(g.column_name, ''), upper(coalesce(g.geometry_type_name, ''))"
            " FROM gpkg_contents c LEFT JOIN gpkg_geometry_columns g USING (table_name)"
            " WHERE c.data_type IN ('features', 'attributes') ORDER BY c.rowid"
        ).fetchall()
        layers = tuple((name, shape.endswith(("POLYGON", "SURFACE"))) for name, _, shape in rows)
        wanted = {row[0]: row for row in rows}[layer or rows[0][0]]
        columns = connection.execute("SELECT name FROM pragma_table_info(?)", (wanted[0],)).fetchall()
    finally:
        connection.close()
    fields = tuple(name for (name,) in columns if name != wanted[1])
    return Look(fields, dict(layers)[wanted[0]], layers)
