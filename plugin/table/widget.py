"""The early-warning table: a run's warnings, why each was given, and judging, assigning and closing them.

No engine is needed: the run's files are read with the standard library, and the ledger is a room of the standard
library too. Whatever waits for the disk goes on in the worker's thread.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from ..host import Host
from ..keeping import recall
from ..labels import plain_label, tab_through
from ..qt import QtCore, QtWidgets, Signal
from ..runs import LEDGER
from ..words import tr
from . import lists, moves, telling
from .bars import FilterBar, MoveBar, RunBar
from .cells import Columns, Row
from .clock import now_in
from .judging import Judging
from .model import Listed, Warnings, listed
from .reading import Run, read_run
from .reason import ReasonPanel
from .record import Record, changed_record, read_record
from .sharing import Sharing
from .view import WarningView
from .worker import Worker

LOOK_AGAIN_MS, LOOK_AGAIN_DATABASE_MS = 5_000, 60_000
"""How often is looked whether another program has written into the ledger."""
LAST_WRITE = 5.0
"""Seconds that the end of the window waits for what was just recorded."""
WIDE = 900
"""Pixels from which on the panel stands beside the table, not below it."""

_STACKED, _BESIDE = QtWidgets.QBoxLayout.Direction.TopToBottom, QtWidgets.QBoxLayout.Direction.LeftToRight


class WarningTable(QtWidgets.QWidget):
    """Shows the runs of a host and lets their warnings be judged."""

    chosen = Signal(dict)
    """A warning was chosen: its row of early_warnings.csv."""
    recorded = Signal(int)
    """So many events were just written into the ledger."""

    def __init__(self, host: Host, parent: Any = None):
        super().__init__(parent)
        self.setObjectName("gridbeacon_warnings")
        self.host = host
        self.run: Run | None = None
        self.record: Record | None = None
        self.ledger = ""
        self._asked = 0
        self._standing, self._trouble = "", ""
        self._fresh, self._totals = False, ""
        self.worker = Worker()
        self.destroyed.connect(self.worker.stop)  # where nobody calls `stop`: the thread must not outlive the table
        self.columns = Columns()
        self.model = Warnings(self.columns, self)
        self.runs, self.filters, self.bar = RunBar(), FilterBar(), MoveBar()
        self.view, self.panel = WarningView(self.model), ReasonPanel(self.columns)
        self.message, self.empty = _label("message"), _label("empty")
        self.counts, self.false_ones = _label("counts"), _label("false_ones")
        self.pages = QtWidgets.QStackedWidget()
        self.splitter = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical)
        self.above, self.below = (QtWidgets.QBoxLayout(_STACKED) for _ in range(2))
        self.clock, self.soon = QtCore.QTimer(self), QtCore.QTimer(self)
        self.judging, self.sharing = Judging(self), Sharing(self)
        self._lay_out()
        self._connect()
        self.bar.show_actor(recall("actor"))
        self._say_empty(tr("No run yet. Run one, or choose the folder of a run that is finished."))

    def _lay_out(self) -> None:
        self.splitter.addWidget(self.view)
        self.splitter.addWidget(self.panel)
        self.splitter.setChildrenCollapsible(False)
        self.empty.setMargin(14)
        self.pages.addWidget(self.splitter)
        self.pages.addWidget(self.empty)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addLayout(self.above)
        layout.addWidget(self.message)
        layout.addWidget(self.pages, 1)
        layout.addLayout(self.below)
        self.above.addWidget(self.runs, 2)
        self.above.addWidget(self.filters, 3)
        words = QtWidgets.QVBoxLayout()
        words.addWidget(self.counts)
        words.addWidget(self.false_ones)
        self.below.addLayout(words, 1)
        self.below.addWidget(self.bar)
        self.message.hide()
        self.view.setContextMenuPolicy(QtCore.Qt.ContextMenuPolicy.CustomContextMenu)
        # The keyboard goes as the eye does: from what is filtered to the table, why, and what can be done.
        panel = (self.panel, self.panel.tickets, self.panel.grouped)
        tab_through(self.filters.only_open, self.view, *panel, *self.bar.buttons.values())

    def _connect(self) -> None:
        self.runs.run_asked.connect(lambda folder: self.show_run(Path(folder), self.ledger))
        self.runs.other_run_asked.connect(self._choose_run)
        self.runs.ledger_asked.connect(self._choose_ledger)
        self.filters.wanted.connect(self._filter)
        self.view.place_asked.connect(self._show_place)
        self.view.copy_asked.connect(self.sharing.copy)
        self.view.find_asked.connect(self.filters.words.setFocus)
        self.soon.setSingleShot(True)
        self.soon.timeout.connect(self.show_picked)
        self.view.picked.connect(self.soon.start)
        self.view.customContextMenuRequested.connect(self._offer)
        self.panel.tickets_asked.connect(self._show_tickets)
        self.panel.grouped_asked.connect(self._show_grouped)
        self.bar.asked.connect(self.judging.begin)
        self.bar.copy_asked.connect(self.sharing.copy)
        self.bar.export_asked.connect(self.sharing.choose_file)
        self.bar.actor_asked.connect(self.judging.ask_actor)
        self.clock.setInterval(LOOK_AGAIN_MS)
        self.clock.timeout.connect(self.look_again)
        self.host.place_chosen.connect(self.choose_place)

    @property
    def busy(self) -> bool:
        """Whether something is under way that will change what is shown."""
        return self._asked > 0 or self.soon.isActive()

    def ids(self) -> frozenset[str]:
        """The warnings of the run."""
        return frozenset(warning["warning_id"] for warning in self.run.warnings) if self.run else frozenset()

    # ---- what is shown ------------------------------------------------------------------------------------------

    def show_run(self, folder: Path, ledger: str = "") -> None:
        """Read the run in *folder* and show it, judged by *ledger*, else by the one last used or lying beside it."""
        self.ask(partial(read_run, Path(folder)), partial(self._run_read, ledger=ledger))

    def show_ledger(self, place: str) -> None:
        """Judge by the ledger at *place* from now on; the empty text means by none."""
        self.ledger, self.record, self._trouble = place, None, ""
        self.runs.show_ledger(place)
        self.clock.setInterval(LOOK_AGAIN_DATABASE_MS if "://" in place else LOOK_AGAIN_MS)
        if place:
            self.ask(partial(read_record, place, self.ids()), self._record_read)
        else:
            self.put()

    def choose_place(self, cell_id: str) -> None:
        """Select the warnings of a unit that was clicked on the map; one without warnings changes nothing."""
        there = {row.warning_id for row in self.model.shown_rows if row.warning.get("cell_id") == cell_id}
        if there:
            self.view.select(there)

    def look_again(self) -> None:
        """Read the ledger anew if another program has written into it meanwhile."""
        known = self.record
        if known is not None and not self.busy and self.isVisible():
            self.ask(partial(changed_record, known, self.ids()), self._looked)

    def say(self, text: str, *, trouble: bool = False) -> None:
        """Say something above the table; what is trouble says so with a sign, not by its colour alone."""
        self.message.setText(f"⚠ {text}" if trouble else text)
        self.message.setVisible(bool(text))

    def _run_read(self, answer: Run | GridBeaconError, ledger: str) -> None:
        if isinstance(answer, GridBeaconError):
            self.say(telling.told(answer), trouble=True)
            return
        self.run, self.record, self._standing, self._fresh = answer, None, "", True
        self.say("")
        self.runs.show_runs(answer.folder, answer.beside)
        self.false_ones.setText(telling.false_ones(answer))
        self.show_ledger(ledger or recall("ledger") or _beside(answer.folder))

    def _record_read(self, answer: Record | GridBeaconError) -> None:
        failed = isinstance(answer, GridBeaconError)
        self._trouble = telling.told(answer) if failed else ""
        if not failed and answer.place != self.ledger:
            return  # another ledger was chosen meanwhile
        self.record = self.record if failed else answer
        self.put()

    def _looked(self, answer: Record | GridBeaconError | None) -> None:
        if answer is not None:
            self._record_read(answer)
            return
        now = now_in(self.run.zone if self.run else "").text
        if any(row.becomes_overdue(now) for row in self.model.rows):
            self.put()

    def put(self) -> None:
        """Show the run and what the ledger says of it."""
        run, record = self.run, self.record
        if run is None:
            return
        known, now = (record.rows if record else {}), now_in(run.zone).text

        def prepared() -> tuple[Listed, str, str]:
            found = listed(run.warnings, known, now, self.columns)
            return found, telling.totals(found.rows), telling.unrecorded(found.rows, self.ledger)

        self.ask(prepared, partial(self._show, run, record))

    def _show(self, run: Run, record: Record | None, answer: Any) -> None:
        if run is not self.run or record is not self.record or isinstance(answer, GridBeaconError):
            return  # another run was asked for meanwhile
        found, self._totals, lacking = answer
        self.model.put(found)
        if found.rows:
            self.pages.setCurrentIndex(0)
        else:
            self._say_empty(telling.calm(run))
        standing = self._trouble or lacking
        if standing != self._standing:
            self._standing = standing
            self.say(standing, trouble=bool(self._trouble))
        fresh, self._fresh = self._fresh, False
        if fresh:
            self._share()
        if found.rows and (fresh or self.view.current() is None):  # of a new run the most urgent
            self.view.select({found.rows[0].warning_id})
        self._count()

    def _say_empty(self, text: str) -> None:
        self.empty.setText(text)
        self.pages.setCurrentIndex(1)
        self._count()

    def _filter(self, wanted: Any) -> None:
        self.model.want(wanted)
        self._count()

    def _count(self) -> None:
        all_rows, seen = len(self.model.rows), len(self.model.shown_rows)
        part = "" if seen == all_rows else f" · {tr('{number} shown', number=f'{seen:,}')}"
        self.counts.setText(f"{self._totals}{part}" if self.run else "")
        for label in (self.counts, self.false_ones):
            label.setVisible(bool(label.text()))
        self.bar.allow(self.view.selected(), busy=self.judging.writing)

    # ---- what is chosen -----------------------------------------------------------------------------------------

    def show_picked(self) -> None:
        """Show why the warning that was chosen was given, and what may be done with those that are selected."""
        rows = self.view.selected()
        self.bar.allow(rows, busy=self.judging.writing)
        row = self.view.current() if rows else None
        if row is None or self.run is None:
            self.panel.clear()
            return
        own = row.warning_id
        tickets, grouped = (len(found.get(own, [])) for found in (self.run.tickets, self.run.grouped))
        self.panel.show_warning(row, self.run.explained.of(own), tickets, grouped)
        if self.record is not None:
            self.panel.show_life(self.record.lives.get(own, []))
        self.chosen.emit(dict(row.warning))

    def _show_place(self, row: Row) -> None:
        if self.run is None:
            return
        try:
            self.host.show_place(self.run.folder, dict(row.warning))
        except GridBeaconError as error:
            self.say(telling.told(error), trouble=True)

    def _show_tickets(self) -> None:
        row = self.view.current()
        if row is not None and self.run is not None:
            lists.tickets_list(self.run.tickets.get(row.warning_id, []), self._title(row), self).open()

    def _show_grouped(self) -> None:
        row = self.view.current()
        if row is not None and self.run is not None:
            lists.grouped_list(self.run.grouped.get(row.warning_id, []), self._title(row), self).open()

    def _title(self, row: Row) -> str:
        return f"{self.columns.place(row)} · {self.columns.category(row)}"

    def _offer(self, place: QtCore.QPoint) -> None:
        row = self.view.current()
        menu = QtWidgets.QMenu(self)
        menu.setToolTipsVisible(True)
        if row is not None:
            menu.addAction(tr("Show on the &map")).triggered.connect(lambda: self._show_place(row))
            menu.addSeparator()
        for group in (moves.USUAL, *moves.MENU):
            menu.addActions([self.bar.actions_of[event] for event in group])
            menu.addSeparator()
        menu.addAction(tr("Cop&y the selected rows")).triggered.connect(self.sharing.copy)
        menu.popup(self.view.viewport().mapToGlobal(place))

    # ---- which run, which ledger ---------------------------------------------------------------------------------

    def _choose_run(self) -> None:
        start = recall("runs_folder") or str(self.run.folder.parent if self.run else Path.home())
        folder = QtWidgets.QFileDialog.getExistingDirectory(self, tr("Folder of a finished run"), start)
        if folder:
            self.show_run(Path(folder))

    def _choose_ledger(self) -> None:
        start = self.ledger if "://" not in self.ledger else ""
        kinds = tr("Ledgers") + " (*.sqlite *.db *.gpkg);;" + tr("All files") + " (*)"
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, tr("Ledger of warnings"), start, kinds)
        if path:
            self.show_ledger(path)

    def stop(self) -> None:
        """Show nothing more: the table is taken away. A write gets a moment to end: the program may end with it."""
        self.clock.stop()
        self.worker.stop()
        if self.judging.writing:
            self.worker.wait(LAST_WRITE)

    # ---- beside the window --------------------------------------------------------------------------------------

    def ask(self, work: Any, then: Any) -> None:
        """Do *work* beside the window, then *then* with its answer."""
        self._asked += 1
        self.worker.ask(work, partial(self._answered, then))

    def _answered(self, then: Any, answer: Any) -> None:
        self._asked -= 1
        then(answer)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        last = recall("last_run")
        if self.run is None and not self.busy and last and Path(last).is_dir():
            self.show_run(Path(last))
        self.clock.start()
        self.look_again()

    def hideEvent(self, event: Any) -> None:
        self.clock.stop()
        super().hideEvent(event)

    def changeEvent(self, event: Any) -> None:
        if event.type() == QtCore.QEvent.Type.ActivationChange and self.isActiveWindow():
            self.look_again()
        super().changeEvent(event)

    def resizeEvent(self, event: Any) -> None:
        beside = self.width() >= WIDE
        wanted = QtCore.Qt.Orientation.Horizontal if beside else QtCore.Qt.Orientation.Vertical
        if self.splitter.orientation() != wanted:
            self.splitter.setOrientation(wanted)
            for line in (self.above, self.below):
                line.setDirection(_BESIDE if beside else _STACKED)
            self._share()
        super().resizeEvent(event)

    def _share(self) -> None:
        """Give the list as much as it needs, and the panel what is left: most of it, where warnings are few."""
        if self.splitter.orientation() == QtCore.Qt.Orientation.Horizontal:
            self.splitter.setSizes([58, 42])
            return
        line = self.view.verticalHeader().defaultSectionSize()
        needed = line * (min(max(len(self.model.rows), 4), 40) + 2)
        room = max(self.pages.height(), 2 * line)
        self.splitter.setSizes([min(needed, room // 2), room - min(needed, room // 2)])


def _beside(folder: Path) -> str:
    """The ledger that lies beside a run; the empty text where there is none."""
    place = folder.parent / LEDGER
    return str(place) if place.is_file() else ""


def _label(name: str) -> QtWidgets.QLabel:
    label = plain_label("", name)
    label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
