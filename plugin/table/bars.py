"""The rows of controls around the table: which run and ledger, what is to be seen, what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...layers.ledger.states import EVENTS
from ...layers.style import LEVELS, STATES
from ..qt import QAction, QtWidgets, Signal
from ..words import pick, speaks_chinese, tr
from . import moves
from .cells import Row, as_tip, shown
from .model import NOT_KNOWN, OVERDUE, Wanted

_FEWEST_SIGNS = 10


def ledger_name(place: str) -> str:
    """What a ledger is called: the file's name, or server and database without user and password."""
    if "://" not in place:
        return Path(place).name
    try:
        parts = urlsplit(place)
    except ValueError:  # no address at all; opening it says so
        return place.partition("://")[0]
    return f"{parts.hostname or ''}{parts.path}"


class RunBar(QtWidgets.QWidget):
    """Which run is shown, and by which ledger it is judged."""

    run_asked = Signal(str)
    other_run_asked = Signal()
    ledger_asked = Signal()

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.runs = QtWidgets.QComboBox()
        self.runs.setObjectName("runs")
        self.runs.setToolTip(tr("The run that is shown. Others in the same folder can be chosen, the newest first."))
        self.runs.setAccessibleName(tr("Finished run"))
        _narrow(self.runs)
        self.runs.activated.connect(self._chosen)
        self.other = _tool("other_run", tr("&Folder…"), tr("Show the run in another folder."))
        self.other.clicked.connect(self.other_run_asked)
        self.ledger = _tool("ledger", tr("Led&ger…"), tr("Choose the ledger in which the warnings are judged."))
        self.ledger.clicked.connect(self.ledger_asked)
        layout = _line(self)
        layout.addWidget(self.runs, 1)
        layout.addWidget(self.other)
        layout.addWidget(self.ledger)

    def show_runs(self, current: Path, beside: Sequence[Path]) -> None:
        """Offer the runs *beside*, with *current* chosen."""
        self.runs.clear()
        for run in [current, *(run for run in beside if run != current)]:
            self.runs.addItem(shown(run.name, 80), str(run))

    def show_ledger(self, place: str) -> None:
        """Name the ledger in use."""
        name = shown(ledger_name(place), 24).replace("&", "&&")
        self.ledger.setText(tr("Led&ger: {name}", name=name) if place else tr("Led&ger…"))
        told = tr("Choose the ledger in which the warnings are judged.")
        whole = place if "://" not in place else ledger_name(place)
        self.ledger.setToolTip(as_tip(f"{told}\n{shown(whole)}".strip()))

    def _chosen(self, number: int) -> None:
        self.run_asked.emit(str(self.runs.itemData(number) or ""))


class FilterBar(QtWidgets.QWidget):
    """What is to be seen."""

    wanted = Signal(object)

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.words = QtWidgets.QLineEdit()
        self.words.setObjectName("words")
        self.words.setPlaceholderText(tr("Filter: words of place, class, unit, reason (Ctrl+F)"))
        self.words.setToolTip(tr("Shows the warnings that hold all of these words. Ctrl+F comes here from the table."))
        self.words.setClearButtonEnabled(True)
        self.words.setMinimumWidth(_FEWEST_SIGNS * self.fontMetrics().averageCharWidth())
        self.levels, self.states = QtWidgets.QComboBox(), QtWidgets.QComboBox()
        self.levels.setObjectName("levels")
        self.levels.setToolTip(tr("Only warnings of this level."))
        self.states.setObjectName("states")
        self.states.setToolTip(tr("Only warnings that stand here in the ledger."))
        lang = "zh" if speaks_chinese() else "en"
        self.levels.addItem(tr("All levels"), "")
        for level in LEVELS:
            self.levels.addItem(level.verb(lang), level.name)
        self.states.addItem(tr("All states"), "")
        for chinese, english in STATES.items():
            self.states.addItem(pick(english, chinese), chinese)
        self.states.addItem(tr("overdue"), OVERDUE)
        self.states.addItem(tr("not in the ledger"), NOT_KNOWN)
        self.only_open = QtWidgets.QCheckBox(tr("Ope&n"))
        self.only_open.setObjectName("only_open")
        self.only_open.setToolTip(tr("Leave out what is signed off."))
        layout = _line(self)
        layout.addWidget(self.words, 1)
        for box in (self.levels, self.states):
            _narrow(box, 4)
            box.currentIndexChanged.connect(self._changed)
            layout.addWidget(box)
        layout.addWidget(self.only_open)
        self.words.textChanged.connect(self._changed)
        self.only_open.toggled.connect(self._changed)

    def now(self) -> Wanted:
        """What is asked for."""
        level, state = (str(box.currentData() or "") for box in (self.levels, self.states))
        return Wanted(self.words.text(), level, state, self.only_open.isChecked())

    def _changed(self, *unused: object) -> None:
        self.wanted.emit(self.now())


class MoveBar(QtWidgets.QWidget):
    """What can be done with the selected warnings: the usual moves as buttons, the rest in a menu."""

    asked = Signal(str)
    copy_asked = Signal()
    export_asked = Signal(bool)
    """True: the selected rows; false: all that are shown."""
    actor_asked = Signal()

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.actions_of: dict[str, QAction] = {}
        self.buttons: dict[str, QtWidgets.QPushButton] = {}
        for event in (*moves.USUAL, *(event for group in moves.MENU for event in group)):
            action = QAction(moves.label(event), self)
            action.setObjectName(f"act_{event}")
            action.triggered.connect(lambda checked=False, event=event: self.asked.emit(event))
            self.actions_of[event] = action
        self.more = _menu_button(
            "more", tr("O&ther"), tr("Everything else that can be done with the selected warnings.")
        )
        self.out = _menu_button("out", tr("E&xport"), tr("Copy the rows, or write them to a file."))
        self._fill_out(self.out.menu())
        for number, group in enumerate(moves.MENU):
            if number:
                self.more.menu().addSeparator()
            self.more.menu().addActions([self.actions_of[event] for event in group])
        self.actor = _tool("actor", "", tr("Who records what is done here. Click to change."))
        self.actor.clicked.connect(self.actor_asked)
        self._lay_out()
        self.allow([], busy=False)

    def _lay_out(self) -> None:
        """Two lines, so that a dock as narrow as QGIS's own holds them."""
        upper, lower = QtWidgets.QWidget(), QtWidgets.QWidget()
        layout = _line(upper)
        for event in moves.USUAL:
            self.buttons[event] = self._button(event)
            layout.addWidget(self.buttons[event], 1)
        layout.addWidget(self.more)
        layout = _line(lower)
        layout.addWidget(self.actor)
        layout.addStretch(1)
        layout.addWidget(self.out)
        lines = QtWidgets.QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(2)
        lines.addWidget(upper)
        lines.addWidget(lower)

    def _button(self, event: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(moves.label(event))
        button.setObjectName(event)
        button.clicked.connect(self.actions_of[event].trigger)
        return button

    def _fill_out(self, menu: QtWidgets.QMenu) -> None:
        copy = menu.addAction(tr("Cop&y the selected rows") + "\tCtrl+C")
        copy.triggered.connect(lambda: self.copy_asked.emit())
        menu.addAction(tr("Write the &selected rows (CSV)…")).triggered.connect(lambda: self.export_asked.emit(True))
        menu.addAction(tr("Write &all rows shown (CSV)…")).triggered.connect(lambda: self.export_asked.emit(False))

    def allow(self, rows: Sequence[Row], *, busy: bool) -> None:
        """Enable what every one of the selected rows allows; say of the rest why not."""
        allowed = set() if busy else moves.legal(rows)
        why = _why_not(rows, allowed, busy)
        for event, action in self.actions_of.items():
            action.setEnabled(event in allowed)
            tip = moves.meaning(event) if event in allowed else f"{moves.meaning(event)}\n{why}".strip()
            action.setToolTip(as_tip(tip))
            if event in self.buttons:
                self.buttons[event].setEnabled(event in allowed)
                self.buttons[event].setToolTip(as_tip(tip))

    def show_actor(self, actor: str) -> None:
        """Name who records."""
        self.actor.setText(tr("By: {actor}", actor=shown(actor, 16).replace("&", "&&")) if actor else tr("By: …"))


def _why_not(rows: Sequence[Row], allowed: set[str], busy: bool) -> str:
    """Why a move that is not among the *allowed* is not."""
    if busy:
        return tr("Not now: the ledger is being written.")
    if not rows:
        return tr("Not now: no warning is selected.")
    if not all(row.step for row in rows):
        return tr("Not possible: the ledger has no record of it.")
    side = 0 if speaks_chinese() else 1
    named = ", ".join(words[side] for event, words in EVENTS.items() if event in allowed)
    return tr("Not possible as it stands. Possible now: {events}.", events=named)


def _line(widget: QtWidgets.QWidget) -> QtWidgets.QHBoxLayout:
    layout = QtWidgets.QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    return layout


def _narrow(box: QtWidgets.QComboBox, signs: int = _FEWEST_SIGNS) -> None:
    """Let a dock be narrow: the box is not as wide as its longest entry."""
    box.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(signs)


def _tool(name: str, text: str, tip: str) -> QtWidgets.QToolButton:
    button = QtWidgets.QToolButton()
    button.setObjectName(name)
    button.setText(text)
    button.setToolTip(tip)
    button.setAutoRaise(name == "actor")
    return button


def _menu_button(name: str, text: str, tip: str) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    menu = QtWidgets.QMenu(button)
    menu.setToolTipsVisible(True)
    button.setMenu(menu)
    return button
