"""Rows of the table given to other programs: by the clipboard, or as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from ..keeping import keep, recall
from ..qt import QtCore, QtGui, QtWidgets
from ..words import tr
from . import export, telling
from .cells import Row


class Sharing(QtCore.QObject):
    """Copies and writes what a table has selected, or what it shows."""

    def __init__(self, table: Any):
        super().__init__(table)
        self.table = table

    def copy(self) -> None:
        """Put the selected rows on the clipboard, tabs between, without anything a spreadsheet would run."""
        rows = self.table.view.selected()
        if rows:
            QtGui.QGuiApplication.clipboard().setText(export.as_tsv(rows, self.table.columns))
            self.table.say(tr("{number} rows copied.", number=len(rows)))

    def export_to(self, path: Path, *, selected: bool) -> None:
        """Write the selected rows, or all that are shown, to *path* as CSV."""
        table = self.table
        if table.run is None:
            return
        rows: Sequence[Row] = table.view.selected() if selected else table.model.shown_rows
        until = table.run.manifest.get("as_of", "")
        about = [tr("Run {run}, data until {until}", run=table.run.folder.name, until=until)]
        about += [line for line in (table.counts.text(), table.false_ones.text()) if line]
        try:
            export.write_csv(path, rows, table.columns, about)
        except GridBeaconError as error:
            table.say(telling.told(error), trouble=True)
            return
        table.say(tr("{number} rows written to {path}.", number=len(rows), path=str(path)))

    def choose_file(self, selected: bool) -> None:
        """Ask where to write, then write."""
        name = str(Path(recall("export_folder") or Path.home()) / f"{tr('early warnings')}.csv")
        path, _ = QtWidgets.QFileDialog.getSaveFileName(self.table, tr("Write the rows"), name, "CSV (*.csv)")
        if path:
            keep("export_folder", str(Path(path).parent))
            self.export_to(Path(path), selected=selected)
