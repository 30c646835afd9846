"""The one door to Qt: QGIS's own where the face lives in QGIS, else PyQt5 or PyQt6. No other name of Qt is imported.

What is only Qt (the form, the table, the plots) imports from here, so that it works in QGIS 3, in QGIS 4 and in a
window of its own; what needs QGIS imports `qgis.core` and `qgis.gui` beside it.
"""

from __future__ import annotations

import sys

IN_QGIS = "qgis.core" in sys.modules
"""Whether QGIS has loaded us; a QGIS that merely lies on the path does not count."""

if IN_QGIS:
    from qgis.PyQt import QtCore, QtGui, QtWidgets
else:
    try:
        from PyQt5 import QtCore, QtGui, QtWidgets
    except ImportError:
        from PyQt6 import QtCore, QtGui, QtWidgets

Signal = QtCore.pyqtSignal
QAction = getattr(QtGui, "QAction", None) or QtWidgets.QAction
"""Qt 6 has moved it."""

__all__ = ["IN_QGIS", "QAction", "QtCore", "QtGui", "QtWidgets", "Signal"]
