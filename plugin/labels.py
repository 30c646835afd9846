"""Labels for text of any origin: it is shown as it is, never read as HTML."""

from __future__ import annotations

from .qt import QtCore, QtWidgets


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
