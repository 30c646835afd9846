"""The Engine page: which Python runs the engine, how to make one, and a self-test. Thin on purpose."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QProcess
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout

from ..errors import EngineError
from . import engine
from .keeping import keep as remember
from .words import in_words, tr


class EnginePage(QDialog):
    """Names the engine's Python in the settings and asks it how it is."""

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.setObjectName("gridbeacon_engine_page")
        self.setWindowTitle(tr("GridBeacon: engine"))
        self.resize(720, 460)
        self.process: QProcess | None = None
        self.work: tempfile.TemporaryDirectory | None = None
        self.chosen = QgsFileWidget()
        self.chosen.setObjectName("chosen")
        self.chosen.setDialogTitle(tr("Python that runs the engine"))
        self.chosen.setFilePath(engine.named_python())
        self.chosen.fileChanged.connect(self.keep)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.test = QPushButton(tr("Self-test"))
        self.test.setObjectName("test")
        self.test.clicked.connect(self.start_test)
        self._lay_out()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(tr("Python (empty: the plugin's own)"), self.chosen)
        form.addRow(tr("In use"), self.state)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.test, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def keep(self, path: str) -> None:
        """Remember the chosen Python; an empty path forgets it."""
        remember("engine_python", path.strip())
        self.refresh()

    def refresh(self) -> None:
        """Show which Python is in use, or how to make one."""
        try:
            found = engine.find_python()
        except EngineError as error:
            self.state.setText(error.problem)
            self.text.setPlainText(in_words(error))
            self.test.setEnabled(False)
            return
        self.state.setText(f"{found.python}\n({found.origin})")
        self.text.setPlainText(tr("Press Self-test to see its packages and a run on tiny data."))
        self.test.setEnabled(True)

    def start_test(self) -> None:
        """Run `gridbeacon doctor` without blocking the window."""
        self.test.setEnabled(False)
        self.text.setPlainText(tr("Testing…"))
        self.work = tempfile.TemporaryDirectory(prefix="gridbeacon-")
        self.process = engine.prepare(["doctor", "--json"], Path(self.work.name))
        self.process.finished.connect(self.show_test)
        self.process.errorOccurred.connect(self.show_failure)
        self.process.start()

    def show_failure(self, problem: QProcess.ProcessError) -> None:
        """The Python could not be started at all; other endings come through `show_test`."""
        if problem == QProcess.ProcessError.FailedToStart:
            self._tell(tr("The engine's Python cannot be started: {why}", why=self.process.errorString()))

    def show_test(self, code: int, status: QProcess.ExitStatus) -> None:
        """Show what the doctor says, as lines of text."""
        said = bytes(self.process.readAllStandardOutput()).decode("utf-8", "replace")
        complaint = bytes(self.process.readAllStandardError()).decode("utf-8", "replace")
        try:
            lines = lines_of(json.loads(said))
        except ValueError:
            lines = [complaint.strip() or tr("The engine ended with code {code} and without a result.", code=code)]
        verdict = tr("The engine is ready.") if code == 0 else tr("The engine cannot run yet.")
        self._tell("\n".join([verdict, "", *lines]))

    def _tell(self, text: str) -> None:
        self.text.setPlainText(text)
        self.test.setEnabled(True)
        if self.work is not None:
            self.work.cleanup()
            self.work = None

    def closeEvent(self, event: Any) -> None:
        """A test that still runs is ended with the window."""
        if self.process is not None and self.process.state() != QProcess.ProcessState.NotRunning:
            self.process.kill()
            self.process.waitForFinished(1000)
        super().closeEvent(event)


def lines_of(report: dict[str, Any]) -> list[str]:
    """The doctor's findings, one a line: a mark, what was looked at, what was found; below it what to do."""
    lines = []
    for finding in report.get("findings", []):
        mark = "✓" if finding.get("ok") else "✗" if finding.get("needed") else "–"
        lines.append(f"{mark} {finding.get('name', '')}: {finding.get('detail', '')}")
        lines += [f"   → {finding['fix']}"] if finding.get("fix") else []
    return lines
