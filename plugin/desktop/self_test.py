"""Which Python runs the engine, and what its self-test finds."""

from __future__ import annotations

from typing import Any

from ...errors import GridBeaconError
from .. import engine
from ..qt import QtWidgets
from ..words import in_words, tr


class SelfTest(QtWidgets.QDialog):
    """Asks the engine how it is, as soon as it is shown and whenever it is told to."""

    def __init__(self, parent: QtWidgets.QWidget):
        super().__init__(parent)
        self.setObjectName("gridbeacon_self_test")
        self.setWindowTitle(tr("Engine"))
        self.resize(680, 420)
        self.job: engine.EngineJob | None = None
        self.text = QtWidgets.QPlainTextEdit()
        self.text.setReadOnly(True)
        kinds = QtWidgets.QDialogButtonBox
        buttons = kinds(kinds.StandardButton.Close)
        self.again = buttons.addButton(tr("Test again"), kinds.ButtonRole.ActionRole)
        self.again.clicked.connect(self.ask)
        buttons.rejected.connect(self.close)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def ask(self) -> None:
        """Start `gridbeacon doctor`; the window goes on meanwhile."""
        if self.job is not None:
            return
        self.again.setEnabled(False)
        self.text.setPlainText(tr("The engine is being tested."))
        self.job = engine.EngineJob(["doctor", "--json"], parent=self)
        self.job.finished.connect(self._told)
        self.job.failed.connect(self._failed)
        self.job.cancelled.connect(self._over)
        self.job.start()

    def _told(self, done: dict[str, Any]) -> None:
        report = done["json"]
        found = engine.find_python()
        lines = [f"{found.python} ({found.origin})", ""]
        for finding in report.get("findings", []):
            mark = "✓" if finding.get("ok") else "✗" if finding.get("needed") else "–"
            lines.append(f"{mark} {finding.get('name', '')}: {finding.get('detail', '')}")
            lines += [f"   → {finding['fix']}"] if finding.get("fix") else []
        self.text.setPlainText("\n".join(lines))
        self._over()

    def _failed(self, error: GridBeaconError) -> None:
        self.text.setPlainText(in_words(error))
        self._over()

    def _over(self) -> None:
        self.job = None
        self.again.setEnabled(True)

    def closeEvent(self, event: Any) -> None:
        """A test nobody waits for is ended."""
        if self.job is not None:
            self.job.cancel()
        super().closeEvent(event)
