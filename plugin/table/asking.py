"""The dialog before a move: who does it, what is said, to whom, by when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...layers.ledger.deadlines import Deadlines
from ...layers.ledger.states import VERDICTS
from ..labels import plain_label
from ..qt import QtCore, QtWidgets
from ..words import speaks_chinese, tr
from . import moves
from .cells import Columns, Row
from .clock import Moment

_LISTED = 6
_FORM = "yyyy-MM-ddTHH:mm:ss"


class MoveDialog(QtWidgets.QDialog):
    """Asks for what a move needs; `asked` is the answer once it is accepted. Nothing is recorded here."""

    def __init__(
        self,
        event: str,
        rows: Sequence[Row],
        columns: Columns,
        *,
        actor: str,
        now: Moment,
        deadlines: Deadlines,
        parent: Any = None,
    ):
        super().__init__(parent)
        self.event_name, self.rows = event, list(rows)
        self.setObjectName(f"move_{event}")
        self.setWindowTitle(moves.name(event))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = QtWidgets.QFormLayout()
        self.missing = plain_label("", "missing")
        self.actor = QtWidgets.QLineEdit(actor)
        self.actor.setObjectName("actor")
        self.actor.setPlaceholderText(tr("office or duty post, e.g. duty desk"))
        self.actor.setToolTip(tr("Stands in the ledger beside what was done. Name an office or a post, not a person."))
        self.note = QtWidgets.QPlainTextEdit()
        self.note.setObjectName("note")
        self.note.setTabChangesFocus(True)
        self.note.setMaximumHeight(84)
        self.note.setToolTip(tr("Phone and identity numbers, plates and names are blotted out before it is recorded."))
        self.buttons = QtWidgets.QDialogButtonBox(
            QtWidgets.QDialogButtonBox.StandardButton.Ok | QtWidgets.QDialogButtonBox.StandardButton.Cancel
        )
        self.record = self.buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Ok)
        self.record.setText(tr("Record"))
        self.buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Cancel).setText(tr("Back"))
        self.verdicts = self._made_verdicts()
        self.unit = self._made_unit()
        self.with_due, self.due = self._made_due(now, deadlines)
        self._lay_out(columns, now)
        self._check()

    def asked(self) -> moves.Asked:
        """The answers."""
        payload: dict[str, Any] = {}
        units: dict[str, str] = {}
        if self.event_name == "judged":
            payload["verdict"] = next(name for name, button in self.verdicts.items() if button.isChecked())
        if self.event_name in moves.WITH_UNIT:
            payload["to"] = self.unit.text().strip()
            units = {} if payload["to"] else {row.warning_id: moves.unit_of(row) for row in self.rows}
        if self.event_name in moves.WITH_DUE and self.with_due.isChecked():
            payload["due"] = self.due.dateTime().toString(_FORM)
        return moves.Asked(self.actor.text().strip(), self.note.toPlainText().strip(), payload, units)

    def _made_verdicts(self) -> dict[str, QtWidgets.QRadioButton]:
        side = 0 if speaks_chinese() else 1
        found = {name: QtWidgets.QRadioButton(words[side]) for name, words in VERDICTS.items()}
        for name, button in found.items():
            button.setObjectName(f"verdict_{name}")
            button.toggled.connect(self._check)
        return found

    def _made_unit(self) -> QtWidgets.QLineEdit:
        units = {moves.unit_of(row) for row in self.rows}
        edit = QtWidgets.QLineEdit(units.pop() if len(units) == 1 else "")
        edit.setObjectName("unit")
        edit.setToolTip(tr("The unit that shall handle it; filled in from the table of responsible units."))
        if len(self.rows) > 1:
            edit.setPlaceholderText(tr("empty: each goes to its own responsible unit"))
        edit.textChanged.connect(self._check)
        return edit

    def _made_due(self, now: Moment, deadlines: Deadlines) -> tuple[QtWidgets.QCheckBox, QtWidgets.QDateTimeEdit]:
        earliest = min(moves.usual_due(deadlines, row, now.text) for row in self.rows)
        edit = QtWidgets.QDateTimeEdit(QtCore.QDateTime.fromString(earliest[:19], _FORM))
        edit.setObjectName("due")
        edit.setCalendarPopup(True)
        edit.setDisplayFormat("yyyy-MM-dd HH:mm")
        edit.setToolTip(tr("On the city's clock: {zone}.", zone=now.zone))
        box = QtWidgets.QCheckBox(tr("another day than the rules of the ledger give"))
        box.setObjectName("with_due")
        box.setToolTip(tr("Without it the deadlines in force apply, each warning by its level and class."))
        edit.setEnabled(False)
        box.toggled.connect(edit.setEnabled)
        return box, edit

    def _lay_out(self, columns: Columns, now: Moment) -> None:
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(plain_label(moves.meaning(self.event_name)))
        named = [f"{columns.level(row)} · {columns.place(row)} · {columns.category(row)}" for row in self.rows]
        more = [tr("… and {number} more", number=len(named) - _LISTED)] if len(named) > _LISTED else []
        layout.addWidget(plain_label("\n".join([*named[:_LISTED], *more]), "rows"))
        if self.event_name == "judged":
            line = QtWidgets.QHBoxLayout()
            for button in self.verdicts.values():
                line.addWidget(button)
            line.addStretch(1)
            self.form.addRow(tr("Found to be"), line)
        if self.event_name in moves.WITH_UNIT:
            self.form.addRow(tr("To unit"), self.unit)
        if self.event_name in moves.WITH_DUE:
            self.form.addRow(tr("Due"), self.due)
            self.form.addRow("", self.with_due)
        needed = moves.needs_note(self.event_name)
        self.form.addRow(tr("Note (needed)") if needed else tr("Note"), self.note)
        self.form.addRow(tr("By"), self.actor)
        self.form.addRow(tr("Time"), plain_label(now.words()))
        layout.addLayout(self.form)
        layout.addWidget(self.missing)
        layout.addWidget(self.buttons)
        self.resize(440, self.sizeHint().height())
        self.note.textChanged.connect(self._check)
        self.actor.textChanged.connect(self._check)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _check(self) -> None:
        """Allow *Record* once all is there, and say what is not."""
        missing = []
        if self.event_name == "judged" and not any(button.isChecked() for button in self.verdicts.values()):
            missing.append(tr("what it was found to be"))
        if self.event_name in moves.WITH_UNIT and not self.unit.text().strip():
            nameless = sum(not moves.unit_of(row) for row in self.rows)
            if nameless:
                missing.append(tr("a unit ({number} warnings name none)", number=nameless))
        if moves.needs_note(self.event_name) and not self.note.toPlainText().strip():
            missing.append(tr("a note that says why"))
        if not self.actor.text().strip():
            missing.append(tr("who records it"))
        self.missing.setText(tr("Still needed: {what}", what=", ".join(missing)) if missing else "")
        self.record.setEnabled(not missing)
