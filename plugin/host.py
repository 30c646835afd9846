"""What the dock asks of the program it lives in: QGIS with its layers and its map, or a window of its own with files.

The dock, the table and the plots know these classes only. `qgis_host` and `desktop` fill them in.
"""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .qt import QtCore, Signal

POINTS, POLYGONS, TABLE, FILE = "points", "polygons", "table", "file"
ROW = 150
"""Bytes a row of a file has, roughly."""


def is_there(path: str) -> bool:
    """Whether the file of a `path` or `path|layer` is there, and may be looked for.

    Path.exists raises in a folder that is closed to us, and for a name that is too long.
    """
    return os.path.exists(path.split("|")[0])  # noqa: PTH110


@dataclass(frozen=True)
class Source:
    """Something that incidents or cells are read from: a layer of the project (its id) or a file (`path|layer`)."""

    name: str
    kind: str
    layer: str = ""
    path: str = ""
    selected: bool = False
    """Only the rows that are selected in the layer."""

    @property
    def key(self) -> str:
        """What tells this source from every other one."""
        return self.layer or self.path


@dataclass(frozen=True)
class Request:
    """What the form asks the engine for. Nothing in it belongs to QGIS."""

    incidents: tuple[Source, ...] = ()
    cells: Source | None = None
    columns: dict[str, str] = field(default_factory=dict)
    """Role of the engine (`time`, `category`, `cell-id` ...) -> field, several joined by commas."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Setting of `schema["run"]["params"]` -> value, where it is not the default."""
    files: dict[str, str] = field(default_factory=dict)
    """Further files by their option: `ledger`, `responsible`, `plan`, `calibration`, `events`, `days`, `basemap` ..."""
    preset: str = ""
    out: str = ""
    """Folder the result shall have; it does not exist yet."""


class Job(QtCore.QObject):
    """Work that goes on beside the window. Exactly one of `finished`, `failed`, `cancelled` ends it."""

    progressed = Signal(float, str)
    """Fraction done (below 0: unknown) and what is being done, in the face's language."""
    said = Signal(str)
    """A notice or a line of the engine."""
    finished = Signal(dict)
    """What the engine says it has done: `out`, `briefing`, `warnings` ..., and under `json` what it printed there."""
    failed = Signal(object)
    """A GridBeaconError: problem, where, fix."""
    cancelled = Signal()

    def start(self) -> None:
        """Begin; returns at once."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Stop; the work and every process it started are gone within two seconds, and nothing half-made is left."""
        raise NotImplementedError


class Host(QtCore.QObject):
    """The program around the dock."""

    sources_changed = Signal()
    """Layers came, went or were renamed."""
    place_chosen = Signal(str)
    """A cell was clicked on the map: its `cell_id`."""
    rows_changed = Signal()
    """Another filter, other rows or other fields in a source that is watched."""
    selection_changed = Signal()
    """Other rows are selected in a source that is watched."""

    def incident_sources(self) -> list[Source]:
        """What can be chosen as incidents, the likeliest first."""
        raise NotImplementedError

    def cell_sources(self) -> list[Source]:
        """What can be chosen as cells, the likeliest first."""
        raise NotImplementedError

    def fields(self, source: Source) -> list[str]:
        """Names of the columns of a source; empty where they are not known before the engine has looked."""
        raise NotImplementedError

    def rows(self, source: Source) -> int:
        """How many rows a source has, roughly and without reading it; below 0 where that is not known."""
        path = Path(source.path.split("|")[0])
        return path.stat().st_size // ROW if source.path and is_there(source.path) and path.is_file() else -1

    def selected(self, source: Source) -> int:
        """How many rows of a source are selected; none where there is no selecting."""
        return 0

    def watch(self, sources: Sequence[Source]) -> None:
        """Tell `rows_changed` and `selection_changed` of these sources from now on, and of no others."""

    def job(self, command: str, request: Request) -> Job:
        """A job, not yet started, for `run` or `check` over *request*."""
        raise NotImplementedError

    def show_run(self, folder: Path) -> None:
        """Show a finished run: as layers, or as the page in the browser."""
        raise NotImplementedError

    def show_place(self, folder: Path, warning: dict[str, str]) -> None:
        """Take the user to a warning (a row of early_warnings.csv) of a run: zoom and flash, or the page."""
        raise NotImplementedError

    def print_warnings(self, folder: Path) -> None:
        """A page for each warning of the run: a print layout, or the page's own print."""
        raise NotImplementedError

    def open_file(self, path: Path) -> None:
        """Open a file in the program the system has for it."""
        raise NotImplementedError

    def open_engine_page(self) -> None:
        """Show the page on which the engine's Python is named or made."""
        raise NotImplementedError

    def say(self, text: str, *, trouble: bool = False) -> None:
        """Tell the user something without stopping them."""
        raise NotImplementedError
