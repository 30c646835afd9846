"""The panel beside the table: why the chosen warning was given, whether it holds, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...layers.style import LEVELS, STATUTORY_EN, STATUTORY_ZH, Level
from ..labels import plain_label
from ..qt import QtCore, QtWidgets, Signal
from ..words import pick, tr
from . import answers
from .cells import Columns, Row, shown
from .plot import Plot, hours_of, series_of, theme_of, weekdays_of
from .reading import mapping


class ReasonPanel(QtWidgets.QScrollArea):
    """Shows one warning. Every text of the data is plain text: labels here take nothing for HTML."""

    tickets_asked = Signal()
    grouped_asked = Signal()

    def __init__(self, columns: Columns, parent: Any = None):
        super().__init__(parent)
        self.setObjectName("reason")
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.columns = columns
        self._level: Level | None = None
        self.title, self.sentence = _label("title", bold=True), _label("sentence")
        self.series, self.hours, self.weekdays = Plot(), Plot(), Plot()
        self.legend, self.bars_title = _label("legend"), _label("bars_title", bold=True)
        self.questions = [(_label(f"question_{n}", bold=True), _label(f"answer_{n}")) for n in range(5)]
        self.tickets = _button("tickets", tr("The numbers of the tickets behind this warning."))
        self.grouped = _button("grouped", tr("Every test this warning stands for: places above, inside and beside it."))
        self.tickets.clicked.connect(self.tickets_asked)
        self.grouped.clicked.connect(self.grouped_asked)
        self.life_title, self.life = _label("life_title", bold=True), _label("life")
        self.note = _label("note")
        self._lay_out()
        self.clear()

    def _lay_out(self) -> None:
        inside = QtWidgets.QWidget()
        layout = QtWidgets.QVBoxLayout(inside)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(3)
        for widget in (self.title, self.sentence, self.series, self.legend):
            layout.addWidget(widget)
        for question, answer in self.questions:
            answer.setIndent(8)
            layout.addWidget(question)
            layout.addWidget(answer)
        layout.addWidget(self.bars_title)
        bars = QtWidgets.QHBoxLayout()
        bars.addWidget(self.hours, 3)
        bars.addWidget(self.weekdays, 2)
        layout.addLayout(bars)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self.tickets)
        buttons.addWidget(self.grouped)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        for widget in (self.life_title, self.life, self.note):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.setWidget(inside)

    def clear(self, words: str = "") -> None:
        """Show no warning, but *words*."""
        self.title.setText("")
        self.sentence.setText(words or tr("Choose a warning to see why it was given."))
        for plot in (self.series, self.hours, self.weekdays):
            plot.show_figures(None)
        for question, answer in self.questions:
            question.hide()
            answer.hide()
        for widget in (self.legend, self.bars_title, self.tickets, self.grouped, self.life_title, self.life, self.note):
            widget.hide()

    def show_warning(self, row: Row, told: Mapping[str, Any], tickets: int, grouped: int) -> None:
        """Show a warning and what explains it; *tickets* and *grouped* are how many there are to list."""
        level = next((level for level in LEVELS if level.name == row.warning["level"]), None)
        verb = self.columns.level(row)
        word = f"{level.numeral} · {verb}" if level else verb
        self._level = level
        self._colour()
        self.title.setText(f"{word}  {self.columns.place(row)} · {shown(row.warning.get('category'))}")
        self.sentence.setText(answers.reason(row))
        self._draw(row, told)
        for (question, answer), (asked, lines) in zip(  # noqa: B905 - QGIS may run this on Python 3.9
            self.questions, answers.answers(row, told, self.columns)
        ):
            question.setText(asked)
            answer.setText("\n".join(lines))
            question.show()
            answer.show()
        self.tickets.setText(tr("Tic&kets ({number})", number=tickets))
        self.grouped.setText(tr("Tests &behind it ({number})", number=grouped))
        self.tickets.setVisible(tickets > 0)
        self.grouped.setVisible(grouped > 0)
        self.note.setText(pick(STATUTORY_EN, STATUTORY_ZH))
        self.note.show()
        self.life_title.hide()
        self.life.hide()
        self.verticalScrollBar().setValue(0)

    def changeEvent(self, event: Any) -> None:
        """The window has become dark or light."""
        super().changeEvent(event)
        if event.type() in (QtCore.QEvent.Type.PaletteChange, QtCore.QEvent.Type.StyleChange):
            self._colour()

    def _colour(self) -> None:
        """The title in its level's colour, as it is read on the window's ground."""
        sheet = f"color: {self._level.colour(theme_of(self))}" if self._level else ""
        if self.title.styleSheet() != sheet:
            self.title.setStyleSheet(sheet)

    def show_life(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Show what the ledger holds of the warning."""
        lines = answers.life(events)
        self.life_title.setText(tr("In the ledger"))
        self.life.setText("\n".join(lines) or tr("The ledger has no record of it."))
        self.life_title.show()
        self.life.show()

    def _draw(self, row: Row, told: Mapping[str, Any]) -> None:
        start, end = row.warning.get("window_start", ""), row.warning.get("window_end", "")
        self.series.show_figures(series_of(mapping(told.get("series")), start, end), answers.series_words(told, row))
        self.legend.setText(tr("Bars: counted. Dashed: usual. Band: 95 % of what is usual. Shaded: this warning."))
        self.legend.setVisible(self.series.shown is not None)
        week = mapping(mapping(told.get("carriers")).get("week"))
        self.hours.show_figures(hours_of(week), tr("By hour of the day: counted (bars), usual (line)."))
        self.weekdays.show_figures(weekdays_of(week), tr("By day of the week: counted (bars), usual (line)."))
        self.bars_title.setText(tr("When? (bars: counted, lines: usual)"))
        self.bars_title.setVisible(self.hours.shown is not None)


def _label(name: str, bold: bool = False) -> QtWidgets.QLabel:
    label = plain_label("", name, bold=bold)
    by_mouse, by_keys = (
        QtCore.Qt.TextInteractionFlag.TextSelectableByMouse,
        QtCore.Qt.TextInteractionFlag.TextSelectableByKeyboard,
    )
    label.setTextInteractionFlags(by_mouse | by_keys)
    label.setMinimumWidth(40)
    return label


def _button(name: str, tip: str) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton()
    button.setObjectName(name)
    button.setToolTip(tip)
    return button
