"""The window in which the engine's Python is looked at, made, named and tested. Nothing in it waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import EngineError, GridBeaconError
from .. import engine
from ..host import Job
from ..keeping import keep
from ..labels import plain_label
from ..qt import QtCore, QtGui, QtWidgets, Signal
from ..words import in_words, tr
from .cards import Ways
from .report import FINE, TROUBLE, WAITING, PackageTable, lacking, lines_of, shade

ICON = Path(__file__).resolve().parents[1] / "icons" / "gridbeacon.svg"


class EnginePage(QtWidgets.QDialog):
    """Which Python runs the engine and what it lacks; three ways to get one; a self-test."""

    changed = Signal()
    """Another Python runs the engine from now on."""

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.setObjectName("gridbeacon_engine_page")
        self.setWindowTitle(tr("GridBeacon: engine"))
        self.resize(760, 580)
        self.job: Job | None = None
        self.looks: list[Job] = []
        self.found: engine.Found | None = None
        self.bundled: Path | None = None
        self._make_widgets()
        self._lay_out()
        self._connect()

    def _make_widgets(self) -> None:
        self.title, self.dot = plain_label(bold=True, larger=4.0), plain_label("●", larger=4.0)
        self.dot.setSizePolicy(QtWidgets.QSizePolicy.Policy.Fixed, QtWidgets.QSizePolicy.Policy.Preferred)
        self.state = plain_label()
        self.state.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.ways, self.table = Ways(engine.named_python()), PackageTable()
        self.stack = QtWidgets.QStackedWidget()
        self.stack.addWidget(self.ways)
        self.stack.addWidget(self.table)
        self.doing, self.bar = plain_label(), QtWidgets.QProgressBar()
        self.bar.setTextVisible(False)
        self.text = QtWidgets.QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(2000)
        self.text.setMinimumHeight(110)
        self.text.setMaximumHeight(170)
        self.text.setToolTip(tr("What was done, and what the self-test found."))
        self.text.setVisible(False)
        self.test = self._button(
            "test", tr("Self-&test"), tr("A run on tiny made-up data, and a look at this computer.")
        )
        self.other = self._button("other", tr("&Other ways…"), tr("Show the ways to get an engine."))
        self.stop = self._button("stop", tr("&Cancel"), tr("Stop; what was there before stays in use."))

    def _button(self, name: str, label: str, tip: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(label)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        icon = QtWidgets.QLabel()
        icon.setPixmap(QtGui.QIcon(str(ICON)).pixmap(52, 52))
        first = QtWidgets.QHBoxLayout()
        first.addWidget(self.dot)
        first.addWidget(self.title, 1)
        words = QtWidgets.QVBoxLayout()
        words.addLayout(first)
        words.addWidget(self.state)
        head = QtWidgets.QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(icon, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        self.busy = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(self.busy)
        row.setContentsMargins(0, 0, 0, 0)
        for widget, share in ((self.doing, 2), (self.bar, 3), (self.stop, 0)):
            row.addWidget(widget, share)
        self.busy.setVisible(False)
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Close)
        close.setText(tr("C&lose"))
        close.setAutoDefault(False)  # Return takes the path that was typed; the window stays and says what it is worth
        buttons.addButton(self.test, QtWidgets.QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.other, QtWidgets.QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.close)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self.stack, 1)
        for widget in (self.busy, self.text, buttons):
            layout.addWidget(widget)

    def _connect(self) -> None:
        self.test.clicked.connect(self.start_test)
        self.stop.clicked.connect(lambda: self.job and self.job.cancel())
        self.other.clicked.connect(self._turn)
        self.ways.python_named.connect(self.name)
        self.ways.packages_online.connect(lambda: self.make(engine.packages_online(self.bundled)))
        self.ways.environment_online.connect(lambda: self.make(engine.environment_online(self.bundled)))
        self.ways.packages_from.connect(lambda: self._with_folder(engine.packages_from))
        self.ways.environment_from.connect(lambda: self._with_folder(engine.environment_from))

    def refresh(self) -> None:
        """Look which Python is in use and what it has; and which one QGIS has brought."""
        if self.bundled is None:
            search = self._look(engine.SearchJob())
            search.finished.connect(self._show_bundled)
            search.failed.connect(lambda error: self.ways.show_no_bundled(f"{error.problem} {error.fix}"))
            search.start()
        self.found = None
        try:
            found = self.found = engine.find_python()
        except EngineError as error:
            self._show_none(error)
            return
        self._head(WAITING, tr("Looking at the engine…"), self._where())
        self.test.setEnabled(False)
        probe = self._look(engine.ProbeJob(found.python, found.packages))
        probe.finished.connect(lambda told: self._asked_of(found, self._show_packages, told["json"]))
        probe.failed.connect(lambda error: self._asked_of(found, self._show_none, error))
        probe.start()

    def _asked_of(self, found: engine.Found, show: Any, answer: Any) -> None:
        """Show the answer of a Python, unless another one is looked at by now."""
        if found is self.found:
            show(answer)

    def _look(self, job: Job) -> Job:
        """Keep a reference for as long as the look lasts."""
        self.looks.append(job)
        for ending in (job.finished, job.failed, job.cancelled):
            ending.connect(lambda *facts: job in self.looks and self.looks.remove(job))
        return job

    def looking(self) -> bool:
        """Whether a Python is still being asked what it is."""
        return bool(self.looks)

    def _where(self) -> str:
        if self.found is None:
            return ""
        lines = [tr("Python: {path}", path=self.found.python)]
        lines += [tr("Packages: {path}", path=self.found.packages)] if self.found.packages else []
        return "\n".join([*lines, tr("From: {origin}", origin=self.found.origin)])

    def _head(self, colour: tuple[str, str] | None, title: str, text: str) -> None:
        self.dot.setVisible(colour is not None)
        self.dot.setStyleSheet(f"color: {shade(colour)}" if colour else "")
        self.title.setText(title)
        self.state.setText(text)

    def _show_none(self, error: GridBeaconError) -> None:
        """No engine: an invitation where nothing was set up, what is wrong where something was."""
        self.test.setEnabled(False)
        self.other.setVisible(False)
        self.stack.setCurrentWidget(self.ways)
        if engine.named_python() or self.found is not None:
            self._head(TROUBLE, error.problem, "\n".join(part for part in (error.where, error.fix) if part))
            return
        self._head(
            None,
            tr("Set up the engine: once, in a few minutes"),
            tr(
                "GridBeacon counts in a process of its own, so that QGIS never freezes or breaks. That process needs a "
                "Python with scientific packages. Choose one of three ways; the first one suits nearly everybody."
            ),
        )

    def _show_bundled(self, told: dict[str, Any]) -> None:
        self.bundled = Path(told["python"])
        self.ways.show_bundled(told["python"], told["json"])

    def _show_packages(self, facts: dict[str, Any]) -> None:
        """The engine's Python has answered: ready, or what it lacks."""
        self.table.show_packages(facts["packages"])
        short = lacking(facts)
        where = tr("Python {version} on {platform}", version=facts["version"], platform=facts["platform"])
        text = f"{where}\n{self._where()}"
        if not facts["enough"]:
            self._head(TROUBLE, tr("This Python is too old: the engine needs 3.11 or newer"), text)
        elif short:
            names = ", ".join(package["name"] for package in short[:6]) + ("…" if len(short) > 6 else "")
            title = tr("This Python lacks {number} packages, or has them too old", number=len(short))
            self._head(TROUBLE, title, f"{text}\n{names}")
        else:
            self._head(FINE, tr("The engine is ready"), text)
        ready = facts["enough"] and not short
        self.test.setEnabled(self.job is None)
        self.other.setVisible(True)
        self._turn_to(self.table if ready or self.found.origin else self.ways)

    def _turn(self) -> None:
        self._turn_to(self.ways if self.stack.currentWidget() is self.table else self.table)

    def _turn_to(self, widget: QtWidgets.QWidget) -> None:
        self.stack.setCurrentWidget(widget)
        self.other.setText(tr("&Other ways…") if widget is self.table else tr("&Packages"))

    def name(self, path: str) -> None:
        """Remember the named Python; an empty path forgets it."""
        keep("engine_python", path)
        self.changed.emit()
        self.refresh()

    def _with_folder(self, way: Any) -> None:
        folder = QtWidgets.QFileDialog.getExistingDirectory(self, tr("Folder of packages"))
        if folder:
            self.make(way(self.bundled, Path(folder)))

    def make(self, job: Job) -> None:
        """Begin one of the ways; its log is shown, and at its end the engine is tested."""
        job.finished.connect(self._made)
        self._begin(job)

    def _made(self, made: dict[str, str]) -> None:
        self.ways.named.set_path("")
        self.changed.emit()
        self._end(tr("The engine is installed; now it is tested."))
        self.refresh()
        self.start_test()

    def start_test(self) -> None:
        """Run `gridbeacon doctor` beside the window."""
        job = engine.EngineJob(["doctor", "--json"])
        job.finished.connect(self._tested)
        self._begin(job)
        self.doing.setText(tr("Testing…"))

    def _tested(self, told: dict[str, Any]) -> None:
        fit = told["json"].get("fit")
        verdict = tr("The engine is ready.") if fit else tr("The engine cannot run yet.")
        self.text.setPlainText("\n".join([verdict, "", *lines_of(told["json"])]))
        self._end("")
        if not fit:
            self._head(TROUBLE, verdict, self._where())

    def _begin(self, job: Job) -> None:
        self.job = job
        self.text.clear()
        self.text.setVisible(True)
        self._busy(True)
        job.said.connect(self.text.appendPlainText)
        job.progressed.connect(self._progress)
        job.failed.connect(self._failed)
        job.cancelled.connect(lambda: self._end(tr("Cancelled. What was there before stays in use.")))
        job.start()

    def _failed(self, error: GridBeaconError) -> None:
        """What went wrong stands at the top, with what to do; the log has what led to it."""
        self._end(in_words(error))
        self._head(TROUBLE, error.problem, "\n".join(part for part in (error.where, error.fix) if part))

    def _progress(self, fraction: float, text: str) -> None:
        self.bar.setRange(0, 0 if fraction < 0 else 1000)
        self.bar.setValue(int(1000 * max(fraction, 0.0)))
        self.doing.setText(text)

    def _end(self, words: str) -> None:
        """The job is over, and was told so in *words*."""
        self.job = None
        if words:
            self.text.appendPlainText(words)
        self._busy(False)

    def _busy(self, busy: bool) -> None:
        self.busy.setVisible(busy)
        self.ways.setEnabled(not busy)
        self.test.setEnabled(not busy and self.found is not None)
        self.bar.setRange(0, 0)
        self.doing.setText("")
