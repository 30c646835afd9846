"""The dock: the form in one tab, the warnings of the last run in another, the story of a unit in the third."""

from __future__ import annotations

from pathlib import Path

from ...errors import GridBeaconError
from ..engine.last_run import last_briefing
from ..host import Host
from ..qt import QtCore, QtWidgets, Signal
from ..story.panel import StoryPanel
from ..table.widget import WarningTable
from ..words import tr
from .form import RunForm


class Dock(QtWidgets.QWidget):
    """What QGIS puts into its dock, and the desktop into its window."""

    run_finished = Signal(str)
    """A run has ended well: its folder."""

    def __init__(self, host: Host):
        super().__init__()
        self.setObjectName("gridbeacon")
        self.host = host
        self.form = RunForm(host)
        self.table = WarningTable(host)
        self.story = StoryPanel(self._states)
        self.tabs = QtWidgets.QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.form, tr("Run"))
        self.tabs.addTab(self.table, tr("Warnings"))
        self.tabs.addTab(self.story, tr("Story"))
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.form.run_finished.connect(self._finished)
        self.table.chosen.connect(self._chosen)
        self.story.failed.connect(self._tell)
        self._show_last()

    def sizeHint(self) -> QtCore.QSize:
        """Wide enough for the table's words, as narrow as the docks beside it."""
        return QtCore.QSize(400, 640)

    def _show_last(self) -> None:
        """The warnings of the last good run are there from the beginning."""
        page = last_briefing()
        if page is not None:
            self.table.show_run(page.parent, self.form.choices.record.ledger_path())

    def show_run(self, folder: Path) -> None:
        """Show the warnings of the run in *folder*."""
        self.table.show_run(folder, self.form.choices.record.ledger_path())
        self.tabs.setCurrentWidget(self.table)

    def _finished(self, folder: str) -> None:
        self.show_run(Path(folder))
        self.run_finished.emit(folder)

    def _chosen(self, warning: dict[str, str]) -> None:
        """The story of the unit that is warned of waits in its tab."""
        if self.table.run is not None:
            self.story.propose(self.table.run.folder, warning["cell_id"])

    def _states(self) -> dict[str, str]:
        """Where warnings stand by the ledger."""
        record = self.table.record
        return {own: str(row["state"]) for own, row in record.rows.items()} if record is not None else {}

    def _tell(self, error: GridBeaconError) -> None:
        self.host.say(f"{error.problem} {error.fix}", trouble=True)

    def stop(self) -> None:
        """End whatever goes on: the dock is taken away."""
        self.form.stop()
        self.table.stop()
