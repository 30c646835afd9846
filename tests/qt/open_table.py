"""The table in a window of its own, without QGIS: opened on a run, driven as a person would, closed."""

from __future__ import annotations

import contextlib
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from gridbeacon.errors import GridBeaconError
from gridbeacon.plugin.host import Host
from gridbeacon.plugin.qt import QtCore, QtWidgets
from gridbeacon.plugin.table.widget import WarningTable
from made_run import make_ledger, make_run, warning

QtTest = import_module(QtCore.__name__.replace("QtCore", "QtTest"))


class Remembering(Host):
    """A program that shows nothing, and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[tuple[Path, dict[str, str]]] = []
        self.trouble: GridBeaconError | None = None

    def show_place(self, folder: Path, warning: dict[str, str]) -> None:
        if self.trouble:
            raise self.trouble
        self.places.append((folder, warning))


def wait(done: Any, seconds: float = 20.0) -> None:
    """Let the window live until *done* says so; fails after *seconds*."""
    end = time.monotonic() + seconds
    while not done():
        QtWidgets.QApplication.processEvents()
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there")
        time.sleep(0.002)


@pytest.fixture(scope="session", name="app")
def the_app(tmp_path_factory):
    """The program, its settings in a folder of the test's own."""
    folder = str(tmp_path_factory.mktemp("settings"))
    for form in (QtCore.QSettings.Format.NativeFormat, QtCore.QSettings.Format.IniFormat):
        QtCore.QSettings.setPath(form, QtCore.QSettings.Scope.UserScope, folder)
    yield QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


@pytest.fixture(name="table")
def the_table(app, tmp_path, monkeypatch):
    """Twelve warnings of a run that a ledger knows, shown in a window."""
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    QtCore.QSettings("GridBeacon", "GridBeacon").clear()
    rows = [warning(number) for number in range(12)]
    run = make_run(tmp_path / "runs" / "today", rows)
    with opened(run, make_ledger(tmp_path / "ledger.sqlite", rows)) as shown:
        yield shown


@contextlib.contextmanager
def opened(run, ledger=""):
    """The table with a run, ready; closed and its thread ended afterwards."""
    shown = WarningTable(Remembering())
    shown.resize(480, 900)
    shown.show()
    shown.show_run(run, str(ledger))
    wait(lambda: shown.run is not None and not shown.busy)
    yield shown
    wait(lambda: not shown.busy)
    shown.close()
    shown.deleteLater()
    QtWidgets.QApplication.processEvents()


def column(table, name):
    """The texts of a column, as they are shown."""
    number = [c.name for c in table.columns.all].index(name)
    texts = [table.model.index(row, number).data() for row in range(table.model.rowCount())]
    return [text.strip() for text in texts]


def click(table, row, name="place", modifier=QtCore.Qt.KeyboardModifier.NoModifier):
    """Click on a row, as a mouse does."""
    number = [c.name for c in table.columns.all].index(name)
    place = table.view.visualRect(table.model.index(row, number)).center()
    QtTest.QTest.mouseClick(table.view.viewport(), QtCore.Qt.MouseButton.LeftButton, modifier, place)
    wait(lambda: not table.busy)
    return place
