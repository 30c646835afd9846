"""What a run would use, told before it runs: the findings of the check in few words, or why it cannot run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from ..qt import QtCore, QtWidgets, Signal
from ..words import pick, tr
from .findings import lines_of
from .option_words import in_form
from .pieces import Fold, grid_of, heading, in_a_row, plain_tip, small_button, stacked, words


class Summary(QtWidgets.QWidget):
    """Rows, cells, period, sources, classes and trouble; or the problem with its place and its way out."""

    check_asked = Signal()
    page_asked = Signal(str)
    engine_asked = Signal()

    def __init__(self):
        super().__init__()
        self.page = ""
        self.state = words(quiet=True)
        self.facts = QtWidgets.QWidget()
        self.grid = grid_of(self.facts)
        self.notices = words()
        self.trouble = Fold(tr("Notices"), self.notices, help=tr("What you should know of these data."))
        self.problem = Problem()
        self.problem.engine_asked.connect(self.engine_asked)
        line = QtWidgets.QFrame()
        line.setFrameShape(QtWidgets.QFrame.Shape.HLine)
        line.setFrameShadow(QtWidgets.QFrame.Shadow.Sunken)
        stacked(self, line, self._head(), self.state, self.problem, self.facts, self.trouble)
        self.wait(tr("Choose the incidents."))

    def _head(self) -> QtWidgets.QWidget:
        """The title, with the buttons beside it."""
        self.link = small_button(tr("Full report"), tr("Every rule with its rows, in the browser."))
        self.link.setObjectName("quality")
        self.link.clicked.connect(lambda: self.page_asked.emit(self.page))
        help = tr("Read the inputs and tell what a run would use, without running it.")
        self.check_button = small_button(tr("Check"), help)
        self.check_button.setObjectName("check")
        self.check_button.clicked.connect(self.check_asked)
        head = QtWidgets.QWidget()
        in_a_row(head, heading(tr("What will be used")), self.link, self.check_button)
        return head

    def buttons(self) -> tuple[QtWidgets.QWidget, ...]:
        """What the keyboard comes by, from the top."""
        return self.link, self.check_button, self.problem.engine, self.trouble.head

    def wait(self, text: str, *, by_hand: bool = False) -> None:
        """Nothing known yet: *text* says why; *by_hand* offers the button."""
        self._clear()
        self._say(text)
        self.check_button.setVisible(by_hand)

    def working(self, text: str) -> None:
        """A check goes on. What was found before stays to be seen, greyed, until it is done."""
        self._say(text)
        self.facts.setEnabled(False)
        for part in (self.problem, self.link, self.check_button):
            part.hide()

    def fail(self, error: GridBeaconError) -> None:
        """Tell why the inputs cannot be used."""
        self.wait("", by_hand=True)
        self.problem.tell(error)

    def show_findings(self, found: dict[str, Any], page: str = "") -> None:
        """Tell the findings of `gridbeacon check --json`; *page* is the full report."""
        self._clear()
        for row, (label, text) in enumerate(lines_of(found)):
            name, line = words(label, quiet=True), words(text)
            name.setWordWrap(False)
            line.setObjectName("fact")
            self.grid.addWidget(name, row, 0, QtCore.Qt.AlignmentFlag.AlignTop)
            self.grid.addWidget(line, row, 1)
        self.facts.setEnabled(True)
        self.facts.show()
        told = [pick(notice["en"], notice["zh"]) for notice in found.get("notices", ())]
        self.notices.setText("\n".join(f"· {line}" for line in told))
        self.trouble.tell(f"{len(told)}")
        self.trouble.setVisible(bool(told))
        self.page = page
        self.link.setVisible(bool(page) and Path(page).is_file())
        self.check_button.show()  # a layer may have been edited or filtered since
        self._say("")

    def _say(self, text: str) -> None:
        self.state.setText(text)
        self.state.setVisible(bool(text))

    def _clear(self) -> None:
        while self.grid.count():
            self.grid.takeAt(0).widget().deleteLater()
        for part in (self.facts, self.trouble, self.link, self.problem, self.check_button):
            part.hide()
        self.page = ""


class Problem(QtWidgets.QFrame):
    """An error in words: the problem, where it is, what to do."""

    engine_asked = Signal()

    def __init__(self):
        super().__init__()
        self.setObjectName("problem")
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        icon = QtWidgets.QLabel()
        style, size = QtWidgets.QApplication.style(), 20
        icon.setPixmap(style.standardIcon(QtWidgets.QStyle.StandardPixmap.SP_MessageBoxWarning).pixmap(size, size))
        icon.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.what, self.where, self.fix = words(), words(quiet=True), words()
        self.engine = QtWidgets.QPushButton(tr("Engine…"))
        self.engine.setToolTip(tr("Which Python runs the engine, and how it is."))
        self.engine.clicked.connect(self.engine_asked)
        told = QtWidgets.QWidget()
        stacked(told, self.what, self.engine, self.where, self.fix)
        layout = in_a_row(self, icon, told)
        layout.setStretch(0, 0)
        layout.setStretch(1, 1)
        layout.setContentsMargins(6, 6, 6, 6)
        self.hide()

    def tell(self, error: GridBeaconError) -> None:
        """Show *error*; trouble with the engine itself brings the way to its page."""
        self.what.setText(in_form(pick(error.problem, error.problem_zh)))
        self.where.setText(error.where)
        fix, more, by_hand = in_form(pick(error.fix, error.fix_zh)).partition("\n")
        ours = type(error).__name__ == "EngineError" and not error.code
        self.engine.setVisible(ours)
        # Commands for a terminal would push the button out of sight of the many who never open one.
        self.fix.setText(fix if ours else f"{fix}{more}{by_hand}")
        self.fix.setToolTip(plain_tip(by_hand) if ours else "")
        self.show()
