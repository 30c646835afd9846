"""Where runs and their ledger lie, and the further files a run may read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..host import is_there
from ..keeping import keep, recall
from ..labels import plain_label
from ..qt import QtWidgets, Signal
from ..runs import LEDGER, documents_folder
from ..words import tr
from .pieces import FileField, form_of

FILE_COLUMNS = {
    "responsible": "Responsible units",
    "events": "Known events",
    "days": "Days off",
    "calibration": "Calibration",
    "plan": "Plan",
    "basemap": "Base map",
}
"""Option of the command line -> label."""
HELP_COLUMNS = {
    "responsible": "Table of class, area and responsible unit.",
    "events": "Table of what is known to have changed: start, end, name, category, effect.",
    "days": "Table of days off and moved working days of further years: date, kind.",
    "calibration": "What was learned on this city's history: how often chance lights a warning here.",
    "plan": "Settings, files and columns of a plan file; what is chosen here wins.",
    "basemap": "Roads, water or boundaries beneath the briefing's cells, or a picture exported from QGIS.",
}
TABLES = "CSV, XLSX (*.csv *.xlsx)"
KINDS = {
    "responsible": TABLES,
    "events": TABLES,
    "days": TABLES,
    "calibration": "JSON (*.json)",
    "plan": "TOML (*.toml)",
    "basemap": "GeoPackage, GeoJSON, PNG (*.gpkg *.geojson *.json *.png *.zip)",
}


class RecordBox(QtWidgets.QWidget):
    """The folder of the runs and the ledger that remembers their warnings; beside each other unless named otherwise."""

    changed = Signal()

    def __init__(self):
        super().__init__()
        self.runs = FileField(tr("Folder of the runs"), folder=True)
        self.runs.setObjectName("runs")
        self.runs.line.setPlaceholderText(str(documents_folder()))
        self.runs.line.setToolTip(tr("Each run gets a dated folder of its own in here."))
        self.ledger = FileField(tr("Ledger of warnings"), kinds="SQLite (*.sqlite)", new=True)
        self.ledger.setObjectName("ledger")
        self.ledger.line.setToolTip(tr("Remembers every warning and what people did about it. Made if absent."))
        self.note = plain_label(tr("The password was taken out: it belongs in PGPASSWORD or the file pgpass."), "note")
        self.note.hide()
        layout = form_of(self)
        layout.addRow(tr("Runs"), self.runs)
        layout.addRow(tr("Ledger"), self.ledger)
        layout.addRow("", self.note)
        for field, name in ((self.runs, "runs_folder"), (self.ledger, "ledger")):
            field.set_path(recall(name))
            field.changed.connect(self._told)
        self._told()

    def remember(self) -> None:
        """Keep both for the next session; an empty one is the usual again."""
        keep("runs_folder", self.runs.path())
        keep("ledger", self.ledger.path())

    def folder(self) -> Path:
        """The folder of the runs."""
        return Path(self.runs.path() or documents_folder())

    def ledger_path(self) -> str:
        """The ledger every run is noted in."""
        return self.ledger.path() or str(self.folder() / LEDGER)

    def _told(self) -> None:
        plain = without_password(self.ledger.path())
        if plain != self.ledger.path():
            self.note.show()
            self.ledger.set_path(plain)  # tells once more, without it
            return
        self.ledger.line.setPlaceholderText(str(self.folder() / LEDGER))
        self.changed.emit()


def without_password(address: str) -> str:
    """A database's address as it may be kept and shown: what stands between `:` and the last `@` is gone."""
    plain = re.sub(r"^(\w+://[^:/@\s]*):.*@", r"\1@", address)
    return re.sub(r"(?i)([?&])password=[^&]*&?", r"\1", plain).rstrip("?&") if plain.count("://") else address


class OtherFiles(QtWidgets.QWidget):
    """Files most runs do without."""

    changed = Signal()

    def __init__(self):
        super().__init__()
        layout = form_of(self)
        self.fields: dict[str, FileField] = {}
        for option, label in FILE_COLUMNS.items():
            field = FileField(tr(label), kinds=KINDS[option])
            field.setObjectName(f"file_{option}")
            field.line.setToolTip(tr(HELP_COLUMNS[option]))
            field.changed.connect(self.changed)
            self.fields[option] = field
            layout.addRow(tr(label), field)

    def chosen(self) -> dict[str, str]:
        """Option -> path, where one is named."""
        return {option: field.path() for option, field in self.fields.items() if field.path()}

    def choose(self, files: dict[str, Any]) -> None:
        """Take up what was chosen earlier; files that are gone are left out."""
        for option, field in self.fields.items():
            path = str(files.get(option, ""))
            field.set_path(path if path and is_there(path) else "")
