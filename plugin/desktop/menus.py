"""The menus of the window: every action has a key or a letter."""

from __future__ import annotations

from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from ..qt import QAction, QtCore, QtGui, QtWidgets
from ..schema import ROOT
from ..words import pick, tr
from .recent import CELLS, INCIDENTS, forget, recent


def add_menus(window: Any) -> None:
    """Give *window* its menu bar."""
    bar, form = window.menuBar(), window.dock.form
    file = bar.addMenu(tr("&File"))
    _add(file, tr("&Open files…"), "Ctrl+O", window.choose_files)
    lately = file.addMenu(tr("&Recent files"))
    lately.aboutToShow.connect(lambda: _fill(lately, window))
    _add(file, tr("Open an earlier &run…"), "Ctrl+Shift+O", window.choose_run)
    file.addSeparator()
    _add(file, tr("&Quit"), "Ctrl+Q", window.close)
    run = bar.addMenu(tr("R&un"))
    start = _add(run, tr("&Run"), "F5", form.run)
    stop = _add(run, tr("&Cancel"), "", form.cancel)
    run.addSeparator()
    page = _add(run, tr("Open the &briefing"), "Ctrl+B", form.open_briefing)
    paper = _add(run, tr("&Print"), "Ctrl+P", form.print_warnings)
    run.aboutToShow.connect(lambda: _allow(form, start, stop, page, paper))
    about = bar.addMenu(tr("&Help"))
    _add(about, tr("&Engine…"), "", window.open_engine_page)
    _add(about, tr("&About GridBeacon"), "", lambda: tell_about(window))


def _add(menu: Any, text: str, keys: str, call: Callable[[], Any]) -> Any:
    action = QAction(text, menu)
    if keys:
        action.setShortcut(QtGui.QKeySequence(keys))
    action.triggered.connect(lambda *_: call())
    menu.addAction(action)
    return action


def _allow(form: Any, start: Any, stop: Any, page: Any, paper: Any) -> None:
    """Only what can be done now can be chosen."""
    start.setEnabled(form.job is None)
    stop.setEnabled(form.job is not None)
    for action in (page, paper):
        action.setEnabled(form.folder is not None)


def _fill(menu: Any, window: Any) -> None:
    """The files used lately, incidents above cells."""
    menu.clear()
    for role in (INCIDENTS, CELLS):
        for path in recent(role):
            action = QAction(Path(path).name.replace("&", "&&"), menu)
            action.setToolTip(path)
            action.triggered.connect(lambda *_, path=path: window.take([path.split("|")[0]]))
            menu.addAction(action)
        menu.addSeparator()
    if recent(INCIDENTS) or recent(CELLS):
        _add(menu, tr("&Forget these files"), "", forget)
    else:
        menu.addAction(tr("none yet")).setEnabled(False)


def tell_about(window: Any) -> None:
    """What this is, which version, whose licence, and how to read its warnings."""
    meta = ConfigParser(interpolation=None)
    meta.read(ROOT / "metadata.txt", encoding="utf-8")
    box = QtWidgets.QMessageBox(window)
    box.setWindowTitle(tr("About GridBeacon"))
    box.setIconPixmap(window.windowIcon().pixmap(64, 64))
    box.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    box.setText(f"{pick('GridBeacon', '网格烽燧 GridBeacon')} {meta['general']['version']}")
    box.setInformativeText(
        tr(
            "Where a city's incidents pile up, and which few places deserve attention today. Everything stays on this "
            "machine.\n\nA warning is a prompt for people: internal analysis, not a statutory warning.\n\n"
            "Free software under the GNU General Public License, version 3 or later."
        )
    )
    box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
