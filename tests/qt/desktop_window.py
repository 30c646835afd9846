"""Drives the window without QGIS as a person would: drops files, runs, cancels, judges, closes; tells what came of it.

    python desktop_window.py '{"binding": "PyQt5", "files": [...], "ledger": ...}'

Run in a process of its own: the binding of Qt is chosen before anything of ours is imported.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

wish = json.loads(sys.argv[1])
sys.modules["PyQt6" if wish["binding"] == "PyQt5" else "PyQt5"] = None  # type: ignore[assignment]
for package in ("qgis", "geopandas", "shapely", "pyproj", "pyogrio", "sklearn", "pandas", "numba", "folium", "numpy"):
    sys.modules[package] = None  # type: ignore[assignment]  # the window needs the standard library and Qt

sys.path.append(str(Path(__file__).parents[1] / "qgis"))
from gridbeacon.plugin.desktop import program  # noqa: E402
from gridbeacon.plugin.qt import QtCore, QtGui, QtWidgets  # noqa: E402
from strays import strays  # noqa: E402

if wish["binding"] == "PyQt5":
    from PyQt5.QtTest import QTest
else:
    from PyQt6.QtTest import QTest

application = program.make_application(["desktop"])
from gridbeacon.plugin.desktop.window import Window  # noqa: E402

LEFT = QtCore.Qt.MouseButton.LeftButton
opened: list[str] = []
faults: list[str] = []
longest = 0.0
QtGui.QDesktopServices.openUrl = lambda url: opened.append(url.toLocalFile()) or True


def note_fault(kind, error, trace):
    """A fault in a click is told at the end; one of this script ends it, and stands on stderr."""
    traceback.print_exception(kind, error, trace)
    faults.append(f"{kind.__name__}: {error}")


sys.excepthook = note_fault


def wait(for_what, seconds=60.0):
    """Let the window live until *for_what* holds; the longest block is kept."""
    global longest
    deadline = time.monotonic() + seconds
    while not for_what():
        before = time.monotonic()
        application.processEvents()
        longest = max(longest, time.monotonic() - before)
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s; faults: {faults}")
        time.sleep(0.004)


def pause(seconds):
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


def drop(window, paths):
    """Drag *paths* from a file manager and let go over the window."""
    data = QtCore.QMimeData()
    data.setUrls([QtCore.QUrl.fromLocalFile(path) for path in paths])
    modifiers, copy = QtCore.Qt.KeyboardModifier.NoModifier, QtCore.Qt.DropAction.CopyAction
    arrives = QtGui.QDragEnterEvent(QtCore.QPoint(60, 60), copy, data, LEFT, modifiers)
    QtWidgets.QApplication.sendEvent(window, arrives)
    if arrives.isAccepted():
        let_go = QtGui.QDropEvent(QtCore.QPointF(60, 60), copy, data, LEFT, modifiers)
        QtWidgets.QApplication.sendEvent(window, let_go)
    return arrives.isAccepted()


def field(window, role):
    return window.dock.form.choices.columns.boxes[role].itemText(0)


def child(parent, kind, name):
    """The widget or action *name* within *parent*, once it is there."""
    wait(lambda: parent.findChild(kind, name), 5)
    return parent.findChild(kind, name)


def judge(window):
    """Judge the first warning with the table's button and dialog, as true; the verdict the ledger then tells."""
    table = window.dock.table
    table.view.select({table.model.shown_rows[0].warning_id})
    recorded = []
    table.recorded.connect(recorded.append)
    button = child(table, QtWidgets.QAbstractButton, "judged")
    wait(button.isEnabled, 5)
    QTest.mouseClick(button, LEFT)
    dialog = child(table, QtWidgets.QDialog, "move_judged")
    QTest.keyClicks(dialog.findChild(QtWidgets.QLineEdit, "actor"), "duty desk")
    QTest.mouseClick(dialog.findChildren(QtWidgets.QRadioButton)[0], LEFT)
    QTest.mouseClick(dialog.findChild(QtWidgets.QDialogButtonBox).buttons()[0], LEFT)
    wait(lambda: recorded or table.message.text().startswith("⚠"))
    wait(lambda: table.view.current() and table.view.current().known.get("verdict"), 5)
    return recorded, table.view.current().known["verdict"]


window = Window()
window.show()
wait(lambda: window.isVisible())
told = {"title": window.windowTitle(), "icon": not window.windowIcon().isNull(), "qt": QtCore.qVersion()}
told["menus"] = [action.text() for action in window.menuBar().actions()]
form = window.dock.form
told["before"] = [len(window.host.incident_sources()), len(window.host.cell_sources())]
told["refused"] = drop(window, [])
drop(window, [__file__])
told["unknown"] = [window.strip.isVisible(), window.strip.words.text()]
window.strip.hide()
told["dropped"] = drop(window, wish["files"])
told["fields"] = {role: field(window, role) for role in ("time", "category", "id")}
told["chosen"] = [[s.path for s in box.chosen()] for box in (form.choices.incidents, form.choices.cells)]

form.choices.record.runs.set_path(wish["runs"])
form.choices.record.ledger.set_path(wish["ledger"])
QTest.mouseClick(form.foot.run, LEFT)
pause(wish.get("cancel_after", 1.5))
told["at_work"] = len(strays())
asked = time.monotonic()
QTest.mouseClick(form.foot.cancel, LEFT)
wait(lambda: form.job is None, 5)
told["cancel_took"] = time.monotonic() - asked
told["after_cancel"] = {"strays": strays(), "left": sorted(p.name for p in Path(wish["runs"]).glob("*"))}

finished: list[str] = []
window.dock.run_finished.connect(finished.append)
QTest.mouseClick(form.foot.run, LEFT)
wait(lambda: finished or form.foot.problem.isVisible(), 120)
told["problem"] = form.foot.problem.what.text() if form.foot.problem.isVisible() else ""
told["finished"] = finished
table = window.dock.table
wait(lambda: table.run is not None and table.record is not None and not table.busy, 20)
told["opened"] = list(opened)
told["rows"] = len(table.model.shown_rows)
told["in_front"] = window.dock.tabs.currentWidget() is table
told["judged"], told["known"] = judge(window)

row = table.view.model().index(0, 0)
centre = table.view.visualRect(row).center()
QTest.mouseClick(table.view.viewport(), LEFT, QtCore.Qt.KeyboardModifier.NoModifier, centre)
QTest.mouseDClick(table.view.viewport(), LEFT, QtCore.Qt.KeyboardModifier.NoModifier, centre)
wait(lambda: len(opened) > len(told["opened"]), 5)
told["door"] = Path(opened[-1]).read_text(encoding="utf-8")
told["first"] = table.model.shown_rows[0].warning_id
told["run_of_drop"] = drop(window, [finished[0]]) if finished else False

window.host.open_file(Path(wish["runs"]) / "gone.html")
told["strip"] = [window.strip.isVisible(), window.strip.words.text()]
if wish.get("picture"):
    window.strip.hide()
    pause(1.0)
    window.grab().save(wish["picture"])
window.close()
pause(0.5)
told["after_close"] = {"strays": strays(), "doors": window.host.doors.exists()}

again = Window()
wait(lambda: again.dock.form.choices.incidents.combo.count() > 0)
told["again"] = [
    [s.path for s in box.chosen()] for box in (again.dock.form.choices.incidents, again.dock.form.choices.cells)
]
told["recent"] = [len(again.host.incident_sources()), len(again.host.cell_sources())]
again.close()
told.update(faults=faults, longest_block=round(longest, 3), loaded=[n for n in ("numpy", "qgis") if sys.modules.get(n)])
print("\n" + json.dumps(told, ensure_ascii=False))
sys.stdout.flush()
os._exit(0)
