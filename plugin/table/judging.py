"""Judging, assigning and closing: what is asked, what is written beside the window, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ...errors import GridBeaconError
from ..keeping import keep, recall
from ..qt import QtCore, QtWidgets
from ..words import tr
from . import moves, telling
from .asking import MoveDialog
from .clock import now_in
from .record import Move, Written, write

PATIENCE_MS = 1_500
"""After how long a write that has not ended is said to wait for another program."""


class Judging(QtCore.QObject):
    """One move at a time for the warnings selected in a table. Nothing is written in the window's own thread."""

    def __init__(self, table: Any):
        super().__init__(table)
        self.table = table
        self.writing = False
        self.patience = QtCore.QTimer(self)
        self.patience.setSingleShot(True)
        self.patience.timeout.connect(self._say_waiting)

    def begin(self, event: str) -> MoveDialog | None:
        """Ask for what *event* needs of the selected warnings; None, and words, where it is not possible."""
        table, rows = self.table, self.table.view.selected()
        if self.writing or table.record is None or event not in moves.legal(rows):
            table.say(tr("This cannot be done with the selected warnings as they stand."), trouble=True)
            return None
        dialog = MoveDialog(
            event,
            rows,
            table.columns,
            actor=recall("actor"),
            now=now_in(table.run.zone),
            deadlines=table.record.deadlines,
            parent=table,
        )
        seen = {row.warning_id: table.record.last(row.warning_id) for row in rows}
        place, zone = table.ledger, table.run.zone  # another run may be shown by the time the dialog is answered
        dialog.accepted.connect(lambda: self._write(event, dialog.asked(), seen, place, zone))
        dialog.open()
        return dialog

    def ask_actor(self) -> None:
        """Ask who records what is done here."""
        dialog = QtWidgets.QInputDialog(self.table)
        dialog.setObjectName("ask_actor")
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Who records"))
        dialog.setLabelText(tr("Office or duty post that stands in the ledger beside what is done here:"))
        dialog.setTextValue(recall("actor"))
        dialog.textValueSelected.connect(self._keep_actor)
        dialog.open()

    def _keep_actor(self, actor: str) -> None:
        keep("actor", actor.strip())
        self.table.bar.show_actor(actor.strip())

    def _write(self, event: str, asked: moves.Asked, seen: Mapping[str, int], place: str, zone: str) -> None:
        table = self.table
        self._keep_actor(asked.actor)
        move = Move(event, asked.actor, now_in(zone).text, asked.note, asked.payload)
        self.writing = True
        table.bar.allow([], busy=True)
        table.say(tr("Writing into the ledger…"))
        self.patience.start(PATIENCE_MS)
        work = partial(write, place, move, seen, asked.units, table.ids())
        table.ask(work, partial(self._written, event, list(seen), place))

    def _written(self, event: str, meant: list[str], place: str, answer: Written | GridBeaconError) -> None:
        table = self.table
        self.patience.stop()
        self.writing = False
        if isinstance(answer, GridBeaconError):
            answer = Written([], meant, answer, False, None)
        if answer.record is not None and place == table.ledger:
            table.record = answer.record
        if answer.left:
            table.view.select(set(answer.left))
        table.put()
        table.say(_told(event, answer), trouble=answer.error is not None)
        if answer.done:
            table.recorded.emit(len(answer.done))

    def _say_waiting(self) -> None:
        self.table.say(
            tr("Another program holds the ledger; waiting, for a minute at most. Nothing is lost."),
        )


def _told(event: str, answer: Written) -> str:
    """What was recorded and what was not, and why."""
    done = tr("Recorded: {what} ({number}).", number=len(answer.done), what=moves.name(event))
    masked = tr("Personal data in the note were blotted out.")
    parts = [done] if answer.done else []
    if answer.error is not None:
        parts.append(tr("Not recorded, and still selected: {number}.", number=len(answer.left)))
        parts.append(telling.told(answer.error))
    return " ".join([*parts, masked] if answer.masked and answer.done else parts)
