"""The program around the dock where there is no QGIS: files for layers, the browser for the map."""

from __future__ import annotations

import html
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from ..engine import EngineJob
from ..header import Look, look
from ..host import FILE, Host, Job, Request, Source
from ..qt import QtCore, QtGui, Signal
from ..request import RUN, arguments
from ..story.dropped import Files, sorted_out
from ..words import tr
from .recent import CELLS, INCIDENTS, note, recent

BRIEFING = "briefing.html"
_DOOR = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={url}">'


class DesktopHost(Host):
    """Files instead of layers; results in the browser. The engine's Python is this very one unless another is named."""

    told = Signal(str, bool)
    """Something to know, and whether it is trouble."""
    engine_page_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.doors = Path(tempfile.mkdtemp(prefix="gridbeacon-doors-"))
        self.printing: EngineJob | None = None

    def incident_sources(self) -> list[Source]:
        """The files last used as incidents."""
        return [_source(path) for path in recent(INCIDENTS)]

    def cell_sources(self) -> list[Source]:
        """The files last used as cells."""
        return [_source(path) for path in recent(CELLS)]

    def fields(self, source: Source) -> list[str]:
        """The columns as the file's first bytes tell them; empty where only the engine can read it."""
        return list(look_again(source.path).fields)

    def take(self, paths: list[str]) -> Files:
        """Files brought from outside, parted into incidents and cells; a GeoPackage counts by its layers."""
        files = sorted_out(paths)
        layered = {path: look_again(path).layers for path in files.incidents + files.cells}
        incidents = [path for path in files.incidents if not layered[path]]
        cells = [path for path in files.cells if not layered[path]]
        for path, layers in layered.items():
            incidents += [f"{path}|{name}" for name, areas in layers if not areas]
            cells += [f"{path}|{name}" for name, areas in layers if areas]
        return Files(incidents, cells, files.unknown)

    def job(self, command: str, request: Request) -> Job:
        """The engine over the files as they lie."""
        if command == RUN:
            note(INCIDENTS, [source.path for source in request.incidents])
            note(CELLS, [request.cells.path] if request.cells else [])
        return EngineJob(arguments(command, request), parent=self)

    def show_run(self, folder: Path) -> None:
        """Open the briefing."""
        self.say(tr("The briefing opens in the browser."))
        self.open_file(folder / BRIEFING)

    def show_place(self, folder: Path, warning: dict[str, str]) -> None:
        """Open the briefing at the warning.

        Windows and most desktops drop what follows the # of a file's address, so a page that leads there is opened.
        """
        address = QtCore.QUrl.fromLocalFile(str(folder / BRIEFING))
        address.setFragment(f"warning={warning.get('warning_id', '')}")
        coded = address.toString(QtCore.QUrl.ComponentFormattingOption.FullyEncoded)
        self.doors.mkdir(mode=0o700, parents=True, exist_ok=True)  # systems clean their temporary folders
        door = self.doors / "warning.html"
        door.write_text(_DOOR.format(url=html.escape(coded, quote=True)), encoding="utf-8")
        self.open_file(door)

    def print_warnings(self, folder: Path) -> None:
        """The briefing as PDF, by the Chromium or Edge of this machine; without one the page, to print there."""
        if self.printing is not None:
            return
        job = self.printing = EngineJob(["print", str(folder), "--replace", "--json"], parent=self)
        job.finished.connect(self._printed)
        job.failed.connect(lambda error: self._not_printed(folder, error))
        job.cancelled.connect(self._printing_over)
        self.say(tr("The briefing is being printed as PDF."))
        job.start()

    def _printed(self, done: dict[str, Any]) -> None:
        self._printing_over()
        self.open_file(Path(done["json"]["pdf"]))

    def _not_printed(self, folder: Path, error: GridBeaconError) -> None:
        self._printing_over()
        self.say(
            tr("{problem} The page is opened instead; print it there (Ctrl+P).", problem=error.problem), trouble=True
        )
        self.open_file(folder / BRIEFING)

    def _printing_over(self) -> None:
        self.printing = None

    def open_file(self, path: Path) -> None:
        """Open a file in the program the system has for it."""
        if not path.exists():
            self.say(tr("The file is not there any more: {path}", path=path), trouble=True)
        elif not QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(path))):
            self.say(tr("No program opens this file: {path}", path=path), trouble=True)

    def open_engine_page(self) -> None:
        """Show how the engine is."""
        self.engine_page_asked.emit()

    def say(self, text: str, *, trouble: bool = False) -> None:
        """Tell the window."""
        self.told.emit(text, trouble)

    def leave(self) -> None:
        """The program ends."""
        shutil.rmtree(self.doors, ignore_errors=True)


def look_again(path: str) -> Look:
    """As `look`, remembered until the file changes."""
    try:
        facts = Path(path.split("|")[0]).stat()
    except OSError:
        return Look()
    return _looked(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=64)
def _looked(path: str, changed: int, size: int) -> Look:
    return look(path)


def _source(path: str) -> Source:
    name, _, layer = path.partition("|")
    return Source(f"{Path(name).name} · {layer}" if layer else Path(name).name, FILE, path=path)
