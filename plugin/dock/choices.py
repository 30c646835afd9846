"""Everything that can be chosen, from top to bottom, and the request it makes."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Any

from ..host import FILE, Request, Source, is_there
from ..labels import tab_through
from ..qt import QtWidgets, Signal
from ..words import tr
from .classes import ClassTree
from .columns import CELL_COLUMNS, INCIDENT_COLUMNS, PLAIN, ColumnBox
from .files import OtherFiles, RecordBox
from .period import Period
from .pieces import Fold, add_row, grid_of, stacked
from .settings import SettingsBox
from .sources import SourceBox
from .summary import Summary

OWN_PLACE = ("as_of", "window", "classes")
"""Settings that stand in the form itself."""


class Choices(QtWidgets.QWidget):
    """The scrolled part of the form."""

    changed = Signal()
    opened = Signal(object)
    """A part was unfolded."""

    def __init__(self, run: dict[str, Any]):
        super().__init__()
        self.incidents = SourceBox(tr("Incident data"), several=True)
        self.incidents.setObjectName("incidents")
        self.selected = QtWidgets.QCheckBox()
        self.selected.setObjectName("selected")
        self.selected.setToolTip(tr("Leave out the incidents that are not selected in the layer."))
        self.cells = SourceBox(tr("Cells"), several=False, none=tr("none: make a regular grid"))
        self.cells.setObjectName("cells")
        self.columns = ColumnBox({role: INCIDENT_COLUMNS[role] for role in PLAIN})
        self.more = ColumnBox({role: label for role, label in INCIDENT_COLUMNS.items() if role not in PLAIN})
        self.cell_columns = ColumnBox(CELL_COLUMNS)
        self.period = Period(run)
        self.classes = ClassTree()
        self.record, self.files = RecordBox(), OtherFiles()
        self.settings = SettingsBox([param for param in run["params"] if param["name"] not in OWN_PLACE])
        self._fold()
        self._lay_out()
        for part in (self.columns, self.more, self.cell_columns, self.classes, self.record, self.files, self.settings):
            part.changed.connect(self.changed)
        self.settings.built.connect(partial(self.opened.emit, self.setting_fold))
        self.selected.toggled.connect(lambda _: self.changed.emit())
        self.period.changed.connect(self._period_changed)
        self._period_changed()

    def _fold(self) -> None:
        self.more_fold = Fold(tr("More fields"), self.more, help=tr("Further fields of the incidents."))
        self.cell_fold = Fold(tr("Fields of the cells"), self.cell_columns)
        self.class_fold = Fold(tr("Classes"), self.classes, help=tr("Restrict the run to some classes."))
        self.record_fold = Fold(tr("Runs and ledger"), self.record, help=tr("Where results and warnings are kept."))
        self.file_fold = Fold(tr("Other files"), self.files, help=tr("Files most runs do without."))
        self.setting_fold = Fold(tr("Advanced settings"), self.settings, help=tr("Their defaults are right."))
        self.setting_fold.opened.connect(self.settings.build)
        folds = (self.more_fold, self.cell_fold, self.class_fold, self.record_fold, self.file_fold, self.setting_fold)
        for fold in folds:
            fold.opened.connect(partial(self.opened.emit, fold))

    def _lay_out(self) -> None:
        top, below = QtWidgets.QWidget(), QtWidgets.QWidget()
        grid = grid_of(top)
        add_row(grid, tr("Incident data"), self.incidents)
        add_row(grid, "", self.selected)
        add_row(grid, "", self.columns)
        add_row(grid, "", self.more_fold)
        add_row(grid, tr("Cells"), self.cells)
        add_row(grid, "", self.cell_fold)
        for label, field in self.period.rows():
            add_row(grid, label, field)
        self.place_of_summary = stacked(below)
        layout = stacked(
            self,
            top,
            self.class_fold,
            below,
            self.record_fold,
            self.file_fold,
            self.setting_fold,
        )
        layout.addStretch(1)

    def put_summary(self, summary: Summary) -> None:
        """Show *summary* among the choices, above what is folded away."""
        self.place_of_summary.addWidget(summary)
        tab_through(self.class_fold.head, *summary.buttons(), self.record_fold.head)

    def offer_fields(self, fields: list[str], guessed: dict[str, str], *, has_points: bool) -> None:
        """Show the fields of the incidents; coordinates are asked for only where there are no points."""
        self.columns.offer(fields, guessed)
        self.more.offer(fields, guessed)
        self.more.show_roles(("lon", "lat"), not has_points)

    def offer_selected(self, number: int) -> None:
        """Let the *number* of incidents selected in their layer be used alone; as in QGIS, not where there are none."""
        self.selected.setVisible(any(source.layer for source in self.incidents.chosen()))
        self.selected.setEnabled(number > 0)
        if number:
            self.selected.setText(tr("Selected features only ({number})", number=f"{number:,}"))
        else:
            self.selected.setText(tr("Selected features only"))
            self.selected.setChecked(False)

    def offer_cell_fields(self, fields: list[str], guessed: dict[str, str]) -> None:
        """Show the fields of the cells."""
        self.cell_columns.offer(fields, guessed)
        self.cell_fold.setVisible(bool(self.cells.chosen()))

    def tell(self) -> None:
        """Say behind each folded title what is chosen inside."""
        self.class_fold.tell(self.classes.in_words())
        changed, files = len(self.settings.chosen()), len(self.files.chosen())
        self.setting_fold.tell(tr("{number} changed", number=changed) if changed else "")
        self.file_fold.tell(str(files) if files else "")
        self.record_fold.tell(self.record.folder().name)

    def request(self) -> Request:
        """What stands in the form."""
        cells = self.cells.chosen()
        classes = self.classes.chosen()
        columns = {**self.columns.chosen(), **self.more.chosen(), **(self.cell_columns.chosen() if cells else {})}
        settings = {**self.period.settings(), **self.settings.chosen()}
        return Request(
            incidents=tuple(replace(each, selected=self.selected.isChecked()) for each in self.incidents.chosen()),
            cells=cells[0] if cells else None,
            columns=columns,
            settings={**settings, **({"classes": classes} if classes else {})},
            files={**self.files.chosen(), "ledger": self.record.ledger_path()},
            preset=self.period.preset(),
        )

    def remembered(self) -> dict[str, Any]:
        """The choices as plain values, for the next session."""
        return {
            **{name: _plain(box.decision()) for name, box in self._boxes()},
            "columns": {**self.columns.chosen(), **self.more.chosen(), **self.cell_columns.chosen()},
            "preset": self.period.preset(),
            "period": self.period.settings(),
            "settings": self.settings.chosen(),
            "classes": self.classes.chosen(),
            "files": self.files.chosen(),
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Take up choices remembered earlier; files and layers that are gone are left out."""
        self.period.choose(str(kept.get("preset", "")), kept.get("period") or {})
        self.settings.choose(kept.get("settings") or {})
        self.classes.choose(list(kept.get("classes") or ()))
        self.files.choose(kept.get("files") or {})
        for name, box in self._boxes():
            box.wish(_sources(kept.get(name)))
        for box in (self.columns, self.more, self.cell_columns):
            box.choose(kept.get("columns") or {})

    def _boxes(self) -> tuple[tuple[str, SourceBox], ...]:
        return ("incidents", self.incidents), ("cells", self.cells)

    def _period_changed(self) -> None:
        self.settings.use_preset(self.period.sets())
        self.changed.emit()


def _plain(entry: tuple[Source, ...] | None) -> list[dict[str, str]] | None:
    return None if entry is None else [asdict(source) for source in entry]


def _sources(kept: Any) -> tuple[Source, ...] | None:
    """An entry remembered earlier, without the files that are gone; None where nothing of it is left."""
    if not isinstance(kept, list):
        return None
    found = [Source(*(str(facts.get(key, "")) for key in ("name", "kind", "layer", "path"))) for facts in kept]
    here = [source for source in found if source.kind != FILE or is_there(source.path)]
    return tuple(here) if here or not kept else None
