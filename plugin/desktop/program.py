"""The program around the window: Qt made ready, the window shown, an end without anything left running."""

from __future__ import annotations

import signal
import sys
import traceback
from types import TracebackType
from typing import Any

from ..engine import sweep_dead
from ..qt import QtCore, QtGui, QtWidgets
from ..words import speaks_chinese, tr

HEARTBEAT = 300
"""Milliseconds between two moments at which Python may hear a signal."""
SHARP = ("AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps")
"""What Qt 5 has to be told for screens of many pixels; Qt 6 knows no other way."""


def main(arguments: list[str]) -> int:
    """Show the window until it is closed; the exit code."""
    application = make_application(arguments)
    from .window import Window  # only now: some widgets ask for the application when they are made

    window = Window()
    sys.excepthook = lambda kind, error, trace: tell_fault(window, kind, error, trace)
    end_on_signals(application)
    application.aboutToQuit.connect(window.host.leave)
    sweep_dead()
    window.show()
    return application.exec()


def make_application(arguments: list[str]) -> QtWidgets.QApplication:
    """Qt with sharp pixels and its own buttons in the language of the face."""
    for name in SHARP:
        attribute = getattr(QtCore.Qt.ApplicationAttribute, name, None)
        if attribute is not None:
            QtCore.QCoreApplication.setAttribute(attribute)
    if sys.platform == "win32":  # 125 % and 150 % as they are set; elsewhere they follow from a screen's size, roughly
        policies = QtCore.Qt.HighDpiScaleFactorRoundingPolicy
        QtGui.QGuiApplication.setHighDpiScaleFactorRoundingPolicy(policies.PassThrough)
    application = QtWidgets.QApplication(arguments)
    application.setApplicationName("GridBeacon")
    application.setDesktopFileName("gridbeacon")
    if speaks_chinese():
        QtCore.QLocale.setDefault(QtCore.QLocale("zh_CN"))
        translator = QtCore.QTranslator(application)
        if translator.load("qtbase_zh_CN", _translations()):
            application.installTranslator(translator)
    return application


def _translations() -> str:
    """Where Qt keeps its own translations; the call has another name in Qt 5."""
    library = QtCore.QLibraryInfo
    kinds = getattr(library, "LibraryPath", None) or library.LibraryLocation
    ask = getattr(library, "path", None) or library.location
    return ask(kinds.TranslationsPath)


def end_on_signals(application: QtWidgets.QApplication) -> None:
    """Ctrl+C in the terminal, or the system's wish to end: the program ends unasked, and the engine with it.

    Qt 6 closes the windows when it is told to quit, and the window would ask about a run that goes on.
    """
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: application.exit())
    beat = QtCore.QTimer(application)
    beat.timeout.connect(lambda: None)
    beat.start(HEARTBEAT)


def tell_fault(window: Any, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours in a click must not take the window with it: it is told, and written to the terminal."""
    traceback.print_exception(kind, error, trace)
    window.tell(
        tr("A fault of the program ({kind}). What you did last may not have happened.", kind=kind.__name__), True
    )
