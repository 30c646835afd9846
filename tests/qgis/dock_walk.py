"""A walk through the dock, by mouse and keyboard: choose layers, look at the check, run, cancel, run again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QDateTime, QObject, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)

BEAT = 10
"""Milliseconds between two beats of the window's heart; a longer pause is a block."""


class Heart(QObject):
    """Beats in the window's thread and remembers the longest pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.pauses, self.phase = time.perf_counter(), {}, ""
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.beat)
        self.timer.start(BEAT)

    def beat(self) -> None:
        now = time.perf_counter()
        self.pauses[self.phase] = max(self.pauses.get(self.phase, 0.0), now - self.last)
        self.last = now

    def told(self) -> dict[str, int]:
        """Phase -> longest pause in milliseconds."""
        return {phase: round(1000 * pause) for phase, pause in self.pauses.items()}


class Walk:
    """One plugin's dock in one QGIS."""

    def __init__(self, plugin: Any, pictures: Path | None = None):
        self.plugin, self.pictures, self.heart = plugin, pictures, Heart()
        self.docking = plugin.docking

    @property
    def form(self) -> Any:
        return self.docking.dock.form

    def phase(self, name: str) -> None:
        """What goes on from here on; the pauses are told apart by it."""
        QTest.qWait(50)
        self.heart.phase = name

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        if self.pictures:
            phase = self.heart.phase
            self.phase("picture")  # taking it holds the window up
            (widget or self.docking).grab().save(str(self.pictures / f"{name}.png"))
            self.phase(phase)

    def add_layers(self, uris: dict[str, list[str]]) -> None:
        """name -> [uri, provider] as layers of the project."""
        for name, (uri, provider) in uris.items():
            layer = QgsVectorLayer(uri, name, provider)
            if not layer.isValid():
                raise RuntimeError(f"{uri} is no layer")
            QgsProject.instance().addMapLayer(layer)

    def open(self, width: int = 400) -> None:
        self.docking.toggle.trigger() if not self.docking.isVisible() else None
        self.wait(lambda: self.docking.dock is not None, 5)
        self.docking.window().resizeDocks([self.docking], [width], Qt.Orientation.Horizontal)
        QTest.qWait(400)

    def choose(self, box: str, text: str) -> str:
        """Choose the entry *text* of a list with the keyboard, as a person does; what is chosen then."""
        combo = self.form.findChild(QWidget, box)
        combo = combo if isinstance(combo, QComboBox) else combo.findChild(QComboBox)
        combo.setFocus()
        row = combo.findText(text)
        for _ in range(combo.count()):
            if combo.currentIndex() == row:
                break
            QTest.keyClick(combo, Qt.Key.Key_Down if combo.currentIndex() < row else Qt.Key.Key_Up)
        combo.activated.emit(combo.currentIndex())
        return combo.currentText()

    def type(self, field: str, text: str) -> None:
        line = self.form.findChild(QWidget, field)
        line = line if isinstance(line, QLineEdit) else line.findChild(QLineEdit)
        line.clear()
        line.insert(text)
        QTest.keyClick(line, Qt.Key.Key_Return)

    def press(self, button: str) -> None:
        found = self.form.findChild(QPushButton, button)
        QTest.mouseClick(found, Qt.MouseButton.LeftButton)

    def wait(self, until: Any, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until():
                return True
            QTest.qWait(20)
        return bool(until())

    def facts(self) -> list[str]:
        """What the summary says."""
        summary = self.form.checking.summary
        return [label.text() for label in summary.findChildren(QLabel, "fact")] if summary.facts.isVisible() else []

    def checked(self, seconds: float = 120) -> list[str]:
        self.wait(lambda: self.form.checking.job is not None or self.form.checking.summary.problem.isVisible(), 5)
        self.wait(lambda: self.form.checking.job is None, seconds)
        problem = self.form.checking.summary.problem
        return self.facts() or [problem.what.text(), problem.where.text(), problem.fix.text()]

    def run(self, seconds: float = 300) -> dict[str, Any]:
        """Press Run and wait for the end."""
        begun = QDateTime.currentDateTime()
        self.press("run")
        self.wait(lambda: self.form.job is not None, 5)
        over = self.wait(lambda: self.form.job is None, seconds)
        self.wait(lambda: QgsProject.instance().layerTreeRoot().findGroups(), 20)  # opened beside the window
        return {"over": over, "seconds": begun.msecsTo(QDateTime.currentDateTime()) / 1000, **self.state()}

    def cancel(self, after: float) -> dict[str, Any]:
        """Press Run, then Escape after some seconds."""
        self.press("run")
        QTest.qWait(int(1000 * after))
        at_work = self.form.job is not None
        QTest.keyClick(self.form.foot.cancel, Qt.Key.Key_Escape)
        asked = time.monotonic()
        self.wait(lambda: self.form.job is None, 10)
        return {"at_work": at_work, "took": time.monotonic() - asked, **self.state()}

    def state(self) -> dict[str, Any]:
        """What stands on the foot of the form, and in the project."""
        foot, root = self.form.foot, QgsProject.instance().layerTreeRoot()
        return {
            "told": foot.told.text() if foot.told.isVisibleTo(foot) else "",
            "problem": foot.problem.what.text() if foot.problem.isVisibleTo(foot) else "",
            "groups": [group.name() for group in root.findGroups()],
            "layers": [layer.name() for layer in QgsProject.instance().mapLayers().values()],
        }

    def judge(self, canvas: Any) -> dict[str, Any]:
        """Double-click the first warning, then judge it with the button and its dialog: the map, and what is known."""
        table, left = self.docking.dock.table, Qt.MouseButton.LeftButton
        self.docking.dock.tabs.setCurrentWidget(table)
        self.wait(lambda: table.model.rowCount() and table.record is not None and not table.busy, 20)
        QTest.qWait(1000)  # the map goes to the run's city a moment after its layers
        before = canvas.extent()
        centre = table.view.visualRect(table.view.model().index(0, 2)).center()
        QTest.mouseClick(table.view.viewport(), left, Qt.KeyboardModifier.NoModifier, centre)
        QTest.mouseDClick(table.view.viewport(), left, Qt.KeyboardModifier.NoModifier, centre)
        self.wait(lambda: canvas.extent() != before, 10)
        recorded: list[int] = []
        table.recorded.connect(recorded.append)
        button = table.findChild(QAbstractButton, "judged")
        self.wait(button.isEnabled, 10)
        QTest.mouseClick(button, left)
        self.wait(lambda: table.findChild(QDialog, "move_judged"), 5)
        dialog = table.findChild(QDialog, "move_judged")
        QTest.keyClicks(dialog.findChild(QLineEdit, "actor"), "duty desk")
        QTest.mouseClick(dialog.findChildren(QRadioButton)[0], left)
        QTest.mouseClick(dialog.findChild(QDialogButtonBox).buttons()[0], left)
        self.wait(lambda: recorded, 20)
        self.wait(lambda: table.view.current() and table.view.current().known.get("verdict"), 10)
        return {
            "zoomed": canvas.extent().width() < before.width() / 2,
            "recorded": recorded,
            "verdict": table.view.current().known.get("verdict"),
            "warning": table.view.current().warning_id,
        }
