"""Lists one click away: the tickets behind a warning, and the tests it stands for. Numbers and places, no persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..qt import QtCore, QtGui, QtWidgets
from ..words import tr
from .cells import figure, shown


def tickets_list(numbers: Sequence[str], title: str, parent: Any = None) -> ListDialog:
    """The numbers of a warning's incidents."""
    return ListDialog(title, [tr("Ticket")], [[shown(number)] for number in numbers], parent)


def grouped_list(tests: Sequence[Mapping[str, str]], title: str, parent: Any = None) -> ListDialog:
    """The tests a warning stands for."""
    relations = {
        "broader": tr("above it"),
        "finer": tr("inside it"),
        "neighbour": tr("beside it"),
        "sibling class": tr("class beside"),
        "finer class": tr("class below"),
        "other role": tr("other responsibility"),
        "same episode": tr("same episode"),
    }
    header = [tr("Relation"), tr("Place"), tr("Class"), tr("Seen / usual")]
    rows = [
        [
            relations.get(test.get("relation", ""), shown(test.get("relation"))),
            shown(test.get("cell_name") or test.get("cell_id")),
            shown(test.get("category")),
            f"{figure(test.get('observed'))} / {figure(test.get('expected'))}",
        ]
        for test in tests
    ]
    return ListDialog(title, header, rows, parent)


class ListDialog(QtWidgets.QDialog):
    """A table to read and to copy from."""

    def __init__(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]], parent: Any = None):
        super().__init__(parent)
        self.setObjectName("list")
        self.setWindowTitle(shown(title, 120))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.lines = [header, *rows]
        self.table = QtWidgets.QTableWidget(len(rows), len(header), self)
        self.table.setHorizontalHeaderLabels(list(header))
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setToolTip(tr("Ctrl+C copies the list."))
        self.table.verticalHeader().setVisible(False)
        self.table.horizontalHeader().setStretchLastSection(True)
        for line, cells in enumerate(rows):
            for place, text in enumerate(cells):
                self.table.setItem(line, place, QtWidgets.QTableWidgetItem(text))
        self.table.resizeColumnsToContents()
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.StandardButton.Close)
        buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Close).setText(tr("Close"))
        copy = buttons.addButton(tr("&Copy"), QtWidgets.QDialogButtonBox.ButtonRole.ActionRole)
        copy.setToolTip(tr("Copy the list, for a spreadsheet or a message."))
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(buttons)
        self.resize(520, 420)

    def copy(self) -> None:
        """Put the list on the clipboard, tabs between."""
        from .export import guarded

        text = "\n".join("\t".join(map(guarded, line)) for line in self.lines)
        QtGui.QGuiApplication.clipboard().setText(text + "\n")

    def keyPressEvent(self, event: Any) -> None:
        if event.matches(QtGui.QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)
