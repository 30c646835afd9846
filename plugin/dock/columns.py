"""Which field plays which role: found by its name, shown, and changed where the name misleads."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal
from ..words import tr
from .pieces import Combo, form_of, narrow

INCIDENT_COLUMNS = {
    "time": "Time",
    "category": "Class",
    "id": "Case number",
    "source": "Source",
    "kind": "Handled or reported",
    "severity": "Severity or weight",
    "reported_time": "Reported at",
    "closed_time": "Closed at",
    "handler": "Handled by",
    "cell_code": "Code of its cell",
    "lon": "Longitude or x",
    "lat": "Latitude or y",
}
"""Role -> label, the ones that matter first."""
CELL_COLUMNS = {
    "cell_id": "Code",
    "cell_name": "Name",
    "cell_parent": "Unit above",
    "cell_population": "Population",
    "cell_responsible": "Responsible",
    "cell_role": "Kind of cell",
}
PLAIN = ("time", "category", "id")
"""Roles shown at once; the others are folded away."""
SEVERAL = ("category",)
"""Roles read from several fields, from coarse to fine."""
BETWEEN = " › "


class FieldBox(Combo):
    """One role: the field found by name, or another one. With unknown fields a name can be typed."""

    changed = Signal()

    def __init__(self, role: str, label: str):
        super().__init__()
        self.role, self.guessed = role, ""
        self.setToolTip(tr("Field: {role}. As found by its name, unless you choose another.", role=label))
        narrow(self, 6)
        self.activated.connect(self._told)
        self.offer([], "")

    def offer(self, fields: list[str], guessed: str) -> None:
        """Show the field found by name first, then the others; what the user chose stays."""
        chosen, self.guessed = self.chosen(), guessed
        self.clear()
        self.addItem(guessed.replace(",", BETWEEN) or (tr("none found") if fields else ""), "")
        for name in fields:
            self.addItem(name, name)
        self._grey(not guessed)
        self._let_type(not fields)
        self.choose(chosen)

    def _let_type(self, free: bool) -> None:
        """Where the fields are not known yet, their names can be typed."""
        if free and not self.isEditable():
            self.setEditable(True)
            self.lineEdit().setPlaceholderText(tr("found by its name"))
            self.lineEdit().editingFinished.connect(self._told)
        elif not free:
            self.setEditable(False)

    def _grey(self, nothing: bool) -> None:
        """A role without a field is told in grey."""
        colour = self.palette().color(QtGui.QPalette.ColorGroup.Disabled, QtGui.QPalette.ColorRole.Text)
        self.setItemData(0, QtGui.QBrush(colour) if nothing else None, QtCore.Qt.ItemDataRole.ForegroundRole)

    def choose(self, name: str) -> None:
        """Choose the field *name*; an empty one leaves it to the name."""
        row = self.findData(name)
        if row < 0 and name and self.isEditable():
            self.setCurrentText(name)
        else:
            self.setCurrentIndex(max(row, 0))

    def chosen(self) -> str:
        """The field the user has chosen; empty where it is left to the name."""
        if self.isEditable():
            text = self.currentText().strip()
            return "" if text == self.itemText(0) else text
        return self.currentData() or ""

    def _told(self, *_: Any) -> None:
        self.changed.emit()


class SeveralBox(FieldBox):
    """As FieldBox, for a role of several fields: ticked in the list, from coarse to fine in the order of ticking."""

    def __init__(self, role: str, label: str):
        self.ticked: list[str] = []
        super().__init__(role, label)
        self.view().pressed.connect(self._tick)

    def offer(self, fields: list[str], guessed: str) -> None:
        """Every field gets a box to tick."""
        super().offer(fields, guessed)
        for row in range(1, self.count()):
            item = self.model().item(row)
            item.setFlags(item.flags() | QtCore.Qt.ItemFlag.ItemIsUserCheckable)
        self._show()

    def _tick(self, index: QtCore.QModelIndex) -> None:
        self._turn(index.data(QtCore.Qt.ItemDataRole.UserRole))

    def _turn(self, name: str) -> None:
        if not name:
            self.ticked = []
        else:
            self.ticked = [n for n in self.ticked if n != name] if name in self.ticked else [*self.ticked, name]
        self._show()
        self._told()

    def _show(self) -> None:
        states = QtCore.Qt.CheckState
        for row in range(1, self.count()):
            ticked = self.itemData(row) in self.ticked
            self.setItemData(row, states.Checked if ticked else states.Unchecked, QtCore.Qt.ItemDataRole.CheckStateRole)
        self.update()

    def keyPressEvent(self, event: Any) -> None:
        """Space ticks the field under the cursor, as a click does."""
        if event.key() == QtCore.Qt.Key.Key_Space and not self.isEditable() and self.currentData():
            self._turn(self.currentData())
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: Any) -> None:
        """The fields that are chosen stand in the closed box, not the row the cursor is on."""
        if self.isEditable():
            super().paintEvent(event)
            return
        painter, option = QtWidgets.QStylePainter(self), QtWidgets.QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = BETWEEN.join(self.ticked) or self.itemText(0)
        painter.drawComplexControl(QtWidgets.QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_ComboBoxLabel, option)

    def choose(self, name: str) -> None:
        """Tick the fields of *name*, joined by commas."""
        if self.isEditable():
            super().choose(name)
            return
        known = [self.itemData(row) for row in range(1, self.count())]
        self.ticked = [part for part in ([name] if name in known else name.split(",")) if part in known]
        self.setCurrentIndex(0)
        self._show()

    def chosen(self) -> str:
        """The ticked fields, joined by commas."""
        return super().chosen() if self.isEditable() else ",".join(self.ticked)


class ColumnBox(QtWidgets.QWidget):
    """The roles of one source, one below the other."""

    changed = Signal()

    def __init__(self, labels: dict[str, str]):
        super().__init__()
        self.layout_of = form_of(self)
        self.boxes: dict[str, FieldBox] = {}
        for role, label in labels.items():
            box = (SeveralBox if role in SEVERAL else FieldBox)(role, tr(label))
            box.setObjectName(f"field_{role}")
            box.changed.connect(self.changed)
            self.boxes[role] = box
            self.layout_of.addRow(tr(label), box)

    def offer(self, fields: list[str], guessed: dict[str, str]) -> None:
        """Show *fields*, those found by name first."""
        for role, box in self.boxes.items():
            box.offer(fields, guessed.get(role, ""))

    def show_roles(self, roles: tuple[str, ...], shown: bool) -> None:
        """Show or hide the rows of *roles*."""
        for role in roles:
            self.boxes[role].setVisible(shown)
            self.layout_of.labelForField(self.boxes[role]).setVisible(shown)

    def choose(self, columns: dict[str, str]) -> None:
        """Take up what was chosen earlier."""
        for role, box in self.boxes.items():
            box.choose(columns.get(role, ""))

    def chosen(self) -> dict[str, str]:
        """Role -> field, only where the user has chosen one."""
        return {role: name for role, box in self.boxes.items() if (name := box.chosen())}
