"""The form: what to run over what, what will be used of it, and the run itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from .. import schema
from ..engine.last_run import last_briefing
from ..host import POINTS, Host, Job, Request, Source
from ..keeping import keep, recall
from ..qt import QtCore, QtWidgets, Signal
from ..request import RUN
from ..runs import free_folder
from ..words import tr
from .checking import Checking
from .choices import Choices
from .pieces import DownOnly, Fold
from .progress import RunBar

PATIENCE = 500
"""Milliseconds without a change after which the form is remembered."""
LAID_OUT = 200
"""Milliseconds in which what was unfolded has found its place."""


class RunForm(QtWidgets.QWidget):
    """The tab *Run* of the dock. It knows its host only as `Host`."""

    run_finished = Signal(str)
    """A run has ended well: its folder."""

    def __init__(self, host: Host):
        super().__init__()
        self.host = host
        self.job: Job | None = None
        self.folder: Path | None = None
        self.unfolded: Fold | None = None
        self.choices = Choices(schema.read_schema()["run"])
        self.checking = Checking(host, self.request, self)
        self.foot = RunBar()
        self._lay_out()
        self._connect()
        self.restore(recall("form"))
        self.offer_sources()
        self._take_last()

    def _lay_out(self) -> None:
        self.choices.put_summary(self.checking.summary)
        scroll = self.scroll = DownOnly()
        scroll.setWidget(self.choices)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.foot)

    def _connect(self) -> None:
        self.remembering = _once(self, PATIENCE, self.remember)
        self.laying_out = _once(self, LAID_OUT, self._laid_out)
        self.scroll.verticalScrollBar().rangeChanged.connect(lambda *_: self._show_unfolded())
        self.choices.incidents.changed.connect(self._incidents_changed)
        self.choices.cells.changed.connect(self._cells_changed)
        self.choices.changed.connect(self._changed)
        self.choices.opened.connect(self._bring_into_view)
        self.checking.found.connect(self._take_findings)
        self.checking.engine_asked.connect(self.host.open_engine_page)
        self.foot.run_asked.connect(self.run)
        self.foot.cancel_asked.connect(self.cancel)
        self.foot.engine_asked.connect(self.host.open_engine_page)
        self.foot.briefing_asked.connect(self.open_briefing)
        self.foot.print_asked.connect(self.print_warnings)
        self.host.sources_changed.connect(self.offer_sources)
        self.host.rows_changed.connect(self._rows_changed)
        self.host.selection_changed.connect(self._selection_changed)

    def showEvent(self, event: Any) -> None:
        """Shown again: the inputs may have changed while nobody looked."""
        super().showEvent(event)
        if self.job is None:
            self.checking.inputs_changed()

    def _bring_into_view(self, fold: Fold) -> None:
        """What has just been unfolded is to be seen, as soon as it is laid out."""
        self.unfolded = fold
        self.laying_out.start()

    def _show_unfolded(self) -> None:
        if self.unfolded is not None:
            self.scroll.ensureWidgetVisible(self.unfolded.content, 0, 0)
            self.scroll.ensureWidgetVisible(self.unfolded.head, 0, 0)

    def _laid_out(self) -> None:
        self._show_unfolded()
        self.unfolded = None

    def keyPressEvent(self, event: Any) -> None:
        """Ctrl+Return runs, Escape stops, wherever in the form the cursor is."""
        keys, control = QtCore.Qt.Key, QtCore.Qt.KeyboardModifier.ControlModifier
        if event.key() == keys.Key_Escape and self.job is not None:
            self.cancel()
        elif event.key() in (keys.Key_Return, keys.Key_Enter) and event.modifiers() & control:
            self.run()
        else:
            super().keyPressEvent(event)

    def offer_sources(self) -> None:
        """Show what the host has now; what was chosen stays chosen where it still is there."""
        self.choices.incidents.offer(self.host.incident_sources())
        self.choices.cells.offer(self.host.cell_sources())
        self._watch()  # a project that was opened again has other layers of the same ids

    def request(self) -> Request:
        """What stands in the form. `out` is left open."""
        return self.choices.request()

    def _take_last(self) -> None:
        """The briefing and the pages of the last good run can be opened from the beginning."""
        page = last_briefing()
        if page is not None:
            self.folder = page.parent
            self.foot.done(tr("Last run: {name}", name=self.folder.name))

    # --- the inputs -----------------------------------------------------------------------------------------------

    def engine_changed(self) -> None:
        """Another Python runs the engine: what could not be looked at for want of one is looked at now."""
        self.foot.engine_changed()
        self.checking.rows_changed()
        self._changed()

    def _incidents_changed(self) -> None:
        self.foot.ask()
        self._watch()
        self.choices.selected.setChecked(False)
        self._show_fields()
        self._changed()

    def _cells_changed(self) -> None:
        self._watch()
        self._show_cell_fields()
        self._changed()

    def _watch(self) -> None:
        self.host.watch((*self.choices.incidents.chosen(), *self.choices.cells.chosen()))

    def _rows_changed(self) -> None:
        """A layer was filtered or edited: what the check has found of it no longer counts."""
        self._show_fields()
        self._show_cell_fields()
        self.checking.rows_changed()
        self._changed()

    def _selection_changed(self) -> None:
        if self.choices.selected.isChecked():
            self.checking.rows_changed()
        self._show_selected()
        self._changed()

    def _show_fields(self) -> None:
        sources = self.choices.incidents.chosen()
        fields = self._fields_of(sources)
        has_points = bool(sources) and all(source.kind == POINTS for source in sources)
        self.choices.offer_fields(fields, schema.guess(fields, has_points=has_points), has_points=has_points)
        self._show_selected()

    def _show_selected(self) -> None:
        self.choices.offer_selected(sum(self.host.selected(source) for source in self.choices.incidents.chosen()))

    def _show_cell_fields(self) -> None:
        fields = self._fields_of(self.choices.cells.chosen())
        self.choices.offer_cell_fields(fields, schema.guess_cells(fields))

    def _fields_of(self, sources: tuple[Source, ...]) -> list[str]:
        names = dict.fromkeys(name for source in sources for name in self.host.fields(source))
        return [name for name in names if not schema.is_person_field(name)]

    def _changed(self) -> None:
        self.choices.tell()
        self.remembering.start()
        if self.job is None:
            self.checking.inputs_changed()

    def _take_findings(self, found: dict[str, Any]) -> None:
        """The engine has looked: its classes, and the fields of files whose names only it can read."""
        self.choices.classes.offer(found.get("class_tree") or {})
        self.choices.period.tell_latest(str((found.get("period") or {}).get("as_of", "")))
        sources = self.choices.incidents.chosen()
        if not self._fields_of(sources):
            names = dict.fromkeys(name for file in found.get("files", ()) for name in file.get("columns", ()))
            fields = [name for name in names if not schema.is_person_field(name)]
            self.choices.offer_fields(fields, found.get("mapping", {}), has_points=False)
        self.choices.tell()

    # --- the run --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start the engine over what stands in the form."""
        if self.job is not None:
            return
        request = self.request()
        if not request.incidents:
            self.foot.ask(tr("Choose the incidents first: a layer or files."))
            self.choices.incidents.setFocus()
            return
        self.remember()
        self.checking.pause()
        request = replace(request, out=str(free_folder(self.choices.record.folder())))
        job = self.job = self.host.job(RUN, request)
        job.progressed.connect(self.foot.progress)
        job.said.connect(self.foot.say)
        job.finished.connect(self._finished)
        job.failed.connect(self._failed)
        job.cancelled.connect(self._cancelled)
        self.foot.begin()
        job.start()

    def cancel(self) -> None:
        """Stop the run that goes on, if one does."""
        if self.job is not None:
            self.foot.stopping()
            self.job.cancel()

    def _finished(self, done: dict[str, Any]) -> None:
        self.job = None
        self.folder = Path(done["out"])
        self.foot.done(tr("{number} early warnings.", number=int(done.get("warnings") or 0)))
        self.host.show_run(self.folder)
        self.run_finished.emit(str(self.folder))

    def _failed(self, error: GridBeaconError) -> None:
        self.job = None
        self.foot.fail(error)
        self.checking.inputs_changed()

    def _cancelled(self) -> None:
        self.job = None
        self.foot.cancelled()
        self.checking.inputs_changed()

    def open_briefing(self) -> None:
        """Open the briefing of the run that has just ended."""
        if self.folder is not None:
            self.host.open_file(self.folder / "briefing.html")

    def print_warnings(self) -> None:
        """A page for each of its warnings."""
        if self.folder is not None:
            self.host.print_warnings(self.folder)

    def stop(self) -> None:
        """End whatever goes on: the window closes."""
        if self.remembering.isActive():
            self.remembering.stop()
            self.remember()
        self.checking.stop()
        self.cancel()

    # --- from one session to the next -----------------------------------------------------------------------------

    def remember(self) -> None:
        """Keep what stands in the form, and apart from it what other parts of the face ask for."""
        self.choices.record.remember()
        keep("preset", self.choices.period.preset())
        keep("form", json.dumps(self.choices.remembered(), ensure_ascii=False))

    def restore(self, text: str) -> None:
        """Take up a form kept earlier; one that cannot be read is passed over."""
        try:
            self.choices.restore(json.loads(text or "{}"))
        except (AttributeError, TypeError, ValueError):
            return  # of another version, or damaged: the form opens with what could be taken up


def _once(parent: QtCore.QObject, milliseconds: int, call: Callable[[], None]) -> QtCore.QTimer:
    """A timer that calls once, some time after it was last started."""
    timer = QtCore.QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
