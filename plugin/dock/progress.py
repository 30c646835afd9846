"""Run, cancel, how far it is, how long it has taken, and what came of it."""

from __future__ import annotations

import time
from typing import Any

from ..qt import QtCore, QtWidgets, Signal
from ..words import tr
from .pieces import Fold, in_a_row, stacked, words
from .summary import Problem

TICK = 1000
"""Milliseconds between two looks at the clock."""
LINES = 2000
"""Lines of the log that are kept."""


class RunBar(QtWidgets.QWidget):
    """The foot of the form: it never scrolls away."""

    run_asked = Signal()
    cancel_asked = Signal()
    engine_asked = Signal()
    briefing_asked = Signal()
    print_asked = Signal()

    def __init__(self):
        super().__init__()
        self.begun = 0.0
        self.bar = QtWidgets.QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(12)
        self.doing, self.clock = words(), words(quiet=True)
        self.clock.setWordWrap(False)
        self.told, self.asked = words(), words()
        self.log = QtWidgets.QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LINES)
        self.log.setMaximumHeight(120)
        self.log_fold = Fold(tr("Log"), self.log, help=tr("What the engine says while it works."))
        self.problem = Problem()
        self.problem.engine_asked.connect(self.engine_asked)
        self._make_buttons()
        line = QtWidgets.QWidget()
        in_a_row(line, self.doing, self.clock)
        stacked(self, self.problem, self.asked, self.told, self.bar, line, self.log_fold, self.after, self.buttons)
        self.timer = QtCore.QTimer(self)
        self.timer.setInterval(TICK)
        self.timer.timeout.connect(self._tell_time)
        self.line = line
        self.rest()
        self.told.hide()
        self.asked.hide()
        self.log_fold.hide()
        self.after.hide()

    def _make_buttons(self) -> None:
        self.run = _button(tr("&Run"), "run", tr("Run the engine over these inputs (Ctrl+Return)."), self.run_asked)
        self.run.setDefault(True)
        cancel_help = tr("Stop; nothing of the run is kept (Esc).")
        self.cancel = _button(tr("Cancel"), "cancel", cancel_help, self.cancel_asked, Patient)
        self.briefing = _button(tr("Open the &briefing"), "briefing", tr("In the browser."), self.briefing_asked)
        layout_help = tr("A page for each warning, ready to print.")
        self.print = _button(tr("Print &layout"), "print", layout_help, self.print_asked)
        self.buttons, self.after = QtWidgets.QWidget(), QtWidgets.QWidget()
        in_a_row(self.buttons, self.run, self.cancel)
        in_a_row(self.after, self.briefing, self.print).setStretch(1, 1)

    def is_working(self) -> bool:
        """Whether a run goes on."""
        return self.cancel.isVisibleTo(self)

    def ask(self, text: str = "") -> None:
        """Say what is needed before a run can begin; nothing, once it is there."""
        self.asked.setText(f"⚠ {text}")
        self.asked.setVisible(bool(text))

    def engine_changed(self) -> None:
        """Another Python runs the engine: the trouble there was with the one before is over."""
        if self.problem.engine.isVisibleTo(self.problem):
            self.problem.hide()

    def begin(self) -> None:
        """A run has begun."""
        self.ask()
        self.begun = time.monotonic()
        self.log.clear()
        self.log_fold.show()
        self.log_fold.unfold(False)
        for part in (self.told, self.problem, self.after, self.run):
            part.hide()
        for part in (self.bar, self.line, self.cancel):
            part.show()
        self.cancel.setEnabled(True)
        self.cancel.setFocus()
        self.progress(-1.0, tr("Starting"))
        self._tell_time()
        self.timer.start()

    def progress(self, fraction: float, text: str) -> None:
        """How far the run is; below 0 it is not known."""
        self.bar.setRange(0, 1000 if fraction >= 0 else 0)
        self.bar.setValue(int(1000 * fraction))
        if text:
            self.doing.setText(text)

    def say(self, text: str) -> None:
        """A line for the log."""
        self.log.appendPlainText(text)

    def stopping(self) -> None:
        """The cancel was heard."""
        self.cancel.setEnabled(False)
        self.doing.setText(tr("Stopping"))

    def rest(self) -> None:
        """No run goes on."""
        self.timer.stop()
        for part in (self.bar, self.line, self.cancel):
            part.hide()
        self.run.show()

    def done(self, text: str) -> None:
        """There is a run whose briefing and pages can be opened."""
        self.rest()
        self.told.setText(text)
        self.told.show()
        self.after.show()

    def cancelled(self) -> None:
        """The run was stopped."""
        self.rest()
        self.told.setText(tr("Stopped. Nothing of this run was kept."))
        self.told.show()

    def fail(self, error: Any) -> None:
        """The run failed: the problem, where, and what to do."""
        self.rest()
        self.problem.tell(error)

    def _tell_time(self) -> None:
        self.clock.setText(elapsed(time.monotonic() - self.begun))


def elapsed(seconds: float) -> str:
    """Time as minutes and seconds, `3:07`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Patient(QtWidgets.QPushButton):
    """Takes the place of *Run* under the pointer: the second click of a double click there is not meant for it."""

    def mouseDoubleClickEvent(self, event: Any) -> None:
        event.accept()


def _button(text: str, name: str, help: str, signal: Any, kind: Any = QtWidgets.QPushButton) -> QtWidgets.QPushButton:
    button = kind(text)
    button.setObjectName(name)
    button.setToolTip(help)
    button.clicked.connect(lambda: signal.emit())
    return button
