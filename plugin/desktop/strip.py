"""What the window has to say: trouble stays in a strip above everything until it is closed, the rest passes below."""

from __future__ import annotations

from ..qt import QtCore, QtWidgets
from ..words import tr


class Strip(QtWidgets.QFrame):
    """One line of trouble with a button that takes it away."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("strip")
        self.setStyleSheet(
            "#strip { background: #fff1d6; border-bottom: 1px solid #e0b15c; } #strip QLabel { color: #3a2a00; }"
        )
        self.words = QtWidgets.QLabel()
        self.words.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        button = QtWidgets.QToolButton()
        button.setAutoRaise(True)
        button.setText("✕")
        button.setToolTip(tr("Close this message"))
        button.setAccessibleName(tr("Close this message"))
        button.clicked.connect(self.hide)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 4, 4)
        layout.addWidget(self.words, 1)
        layout.addWidget(button)
        self.hide()

    def tell(self, text: str) -> None:
        """Show *text*."""
        self.words.setText(text)
        self.show()
