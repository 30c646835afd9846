"""Opening what people hand over: one file may hold several tables, and none is trusted to be what its name says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ...errors import Notice
from ..contents import KINDS, PARQUET, TEXT, WORKBOOK, Content, is_page, open_contents
from .urls import is_url


@dataclass(frozen=True)
class Loaded:
    """The rows of one table: columns by name, the number of each row as a person counts, rows that could not be split.

    `x`, `y` are the file's own points (NaN where missing), `odd` marks geometries that are no points; all None
    where the file has none. `lost` marks, per column, codes whose digits the file itself has lost. `from_1904` says
    that days given as numbers are counted from 1904.
    """

    table: pa.Table
    rows: np.ndarray
    rejected: tuple[tuple[int, str], ...] = ()
    x: np.ndarray | None = None
    y: np.ndarray | None = None
    odd: np.ndarray | None = None
    lost: dict[str, np.ndarray] = field(default_factory=dict)
    from_1904: bool = False


@dataclass(frozen=True)
class Source:
    """One table of one file, opened but not read: its column names are known, `load(columns)` reads them."""

    name: str
    columns: tuple[str, ...]
    load: Callable[[list[str] | None], Loaded]
    has_geometry: bool = False
    crs: Any = None
    encoding: str = ""
    notices: tuple[Notice, ...] = ()


def open_sources(path: str | Path, *, name: str = "") -> list[Source]:
    """Open *path*: `file|layer`, zipped or gzipped, or the URL of a database table; one source per table in it.

    Raises InputError if it is missing, empty, of no kind that is known, or not what its name says, and
    EnvironmentProblem if it may not be read.
    """
    if is_url(path):
        from .database import open_database

        return [open_database(str(path))]
    place, layer = split_layer(path)
    contents = open_contents(place, name or place.name)
    return [source for content in contents for source in _open(content, layer)]


def split_layer(path: str | Path) -> tuple[Path, str]:
    """`file.gpkg|layername` -> (path, layer name); QGIS's `|layername=` is understood."""
    place, _, layer = str(path).partition("|")
    return Path(place), layer.removeprefix("layername=").split("|")[0]


def _open(content: Content, layer: str) -> list[Source]:
    kind = KINDS[content.ending]
    if kind == TEXT or (kind == WORKBOOK and _is_text_named_xls(content)):
        from .delimited import open_text

        return [open_text(content)]
    if kind == WORKBOOK:
        from .workbooks import open_workbook

        return open_workbook(content, layer)
    if kind == PARQUET:
        from .vectors import open_parquet

        return [open_parquet(content)]
    from .vectors import open_vector

    return [open_vector(content, layer)]


def _is_text_named_xls(content: Content) -> bool:
    head = content.head()
    return content.ending == ".xls" and not head.startswith((b"\xd0\xcf\x11\xe0", b"PK")) and not is_page(head)


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Column names as they are, the second of a name as "name (2)", a nameless one as "column 3"."""
    seen: dict[str, int] = {}
    out = []
    for number, raw in enumerate(names, start=1):
        name = str(raw).replace("\ufeff", "").strip() or f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(out)
