"""Labels for text of any origin: it is shown as it is, never read as HTML; and the way of the keyboard."""

from __future__ import annotations

from .qt import QtCore, QtWidgets


def tab_through(*widgets: QtWidgets.QWidget) -> None:
    """Let the tab key go from each of the widgets to the next."""
    for place in range(1, len(widgets)):
        QtWidgets.QWidget.setTabOrder(widgets[place - 1], widgets[place])


def plain_label(text: str = "", name: str = "", *, bold: bool = False, larger: float = 0.0) -> QtWidgets.QLabel:
    """A label that breaks its lines; *larger* in points."""
    label = QtWidgets.QLabel()
    label.setObjectName(name)
    label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setText(text)
    font = label.font()
    font.setBold(bold)
    if larger:
        font.setPointSizeF(font.pointSizeF() + larger)
    label.setFont(font)
    return label
