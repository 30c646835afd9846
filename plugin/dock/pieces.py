"""Small widgets every part of the form is put together from: a fold, a line of words, a field for a file."""

from __future__ import annotations

from html import escape
from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal
from ..words import tr

INDENT = 16
"""Pixels by which what belongs to a field or a fold stands in."""
WIDE = 220
"""Pixels of what is told behind a title: more would push the form out of a narrow dock."""
CHOOSE = "…"


class Fold(QtWidgets.QWidget):
    """A title with an arrow, and what it hides until it is clicked."""

    opened = Signal()

    def __init__(self, title: str, content: QtWidgets.QWidget, *, help: str = ""):
        super().__init__()
        self.content, self.title = content, title
        self.head = QtWidgets.QToolButton()
        self.head.setText(title)
        self.head.setToolTip(help or title)
        self.head.setAutoRaise(True)
        self.head.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.head.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.clicked.connect(lambda: self.unfold(not self.is_unfolded()))
        row = QtWidgets.QWidget()
        in_a_row(row, self.head).addStretch(1)
        stacked(self, row, content).setSpacing(2)
        content.setContentsMargins(INDENT, 0, 0, 4)
        self.unfold(False)

    def is_unfolded(self) -> bool:
        """Whether the content is to be seen."""
        return self.content.isVisibleTo(self)

    def unfold(self, unfolded: bool = True) -> None:
        """Show or hide the content."""
        arrows = QtCore.Qt.ArrowType
        self.head.setArrowType(arrows.DownArrow if unfolded else arrows.RightArrow)
        self.content.setVisible(unfolded)
        if unfolded:
            self.opened.emit()

    def tell(self, words: str) -> None:
        """Put *words* behind the title: what is chosen inside, to be read while it is folded."""
        short = self.head.fontMetrics().elidedText(words, QtCore.Qt.TextElideMode.ElideRight, WIDE)
        self.head.setText(f"{self.title} · {short.replace('&', '&&')}" if words else self.title)


class DownOnly(QtWidgets.QScrollArea):
    """Scrolls down, never sideways: it is never narrower than what it holds, whatever the letters' size."""

    def __init__(self):
        super().__init__()
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def minimumSizeHint(self) -> QtCore.QSize:
        """As wide as the content at its narrowest, with the bar beside it."""
        hint, content = super().minimumSizeHint(), self.widget()
        inside = content.minimumSizeHint().width() if content is not None else 0
        return QtCore.QSize(inside + self.verticalScrollBar().sizeHint().width(), hint.height())

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class Steady:
    """Lets the wheel scroll the form instead of changing the value it passes over; a field in focus still turns."""

    def __init__(self, *facts: Any):
        super().__init__(*facts)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Combo(Steady, QtWidgets.QComboBox):
    """A list."""


class WholeBox(Steady, QtWidgets.QSpinBox):
    """A whole number."""


class MomentBox(Steady, QtWidgets.QDateTimeEdit):
    """A day and a time."""


class FileField(QtWidgets.QWidget):
    """A path that can be typed, chosen or emptied."""

    changed = Signal()

    def __init__(self, title: str, *, kinds: str = "", folder: bool = False, new: bool = False):
        super().__init__()
        self.title, self.kinds, self.folder, self.new = title, kinds, folder, new
        self.line = QtWidgets.QLineEdit()
        self.line.setClearButtonEnabled(True)
        self.line.setToolTip(title)
        self.line.editingFinished.connect(self._told)
        self.line.textChanged.connect(self._emptied)
        self.button = small_button(CHOOSE, tr("Choose: {what}", what=title))
        self.button.clicked.connect(self.choose)
        in_a_row(self, self.line, self.button)
        self.setFocusProxy(self.line)
        self._last = ""

    def path(self) -> str:
        """The path as it stands; empty where there is none."""
        return self.line.text().strip()

    def set_path(self, path: str) -> None:
        """Show *path*."""
        self.line.setText(path)
        self._told()

    def choose(self) -> None:
        """Ask for a path in the system's dialog."""
        dialogs = QtWidgets.QFileDialog
        if self.folder:
            path = dialogs.getExistingDirectory(self, self.title, self.path())
        elif self.new:
            options = dialogs.Option.DontConfirmOverwrite  # an existing ledger is gone on with
            path, _ = dialogs.getSaveFileName(self, self.title, self.path(), self.kinds, "", options)
        else:
            path, _ = dialogs.getOpenFileName(self, self.title, self.path(), self.kinds)
        if path:
            self.set_path(path)

    def _emptied(self, text: str) -> None:
        if not text:
            self._told()

    def _told(self) -> None:
        if self.path() != self._last:
            self._last = self.path()
            self.changed.emit()


def small_button(text: str, help: str) -> QtWidgets.QToolButton:
    """A button beside a field."""
    button = QtWidgets.QToolButton()
    button.setText(text)
    button.setToolTip(help)
    button.setAccessibleName(help)
    button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
    return button


def plain_tip(text: str) -> str:
    """Text for a tooltip: Qt would take it for HTML where it looks like it, and else never break its lines."""
    return f"<qt>{escape(text)}</qt>".replace("\n", "<br>")


def words(text: str = "", *, quiet: bool = False) -> QtWidgets.QLabel:
    """A label that breaks its lines and takes its text for text, never for a page; *quiet* ones are grey."""
    label = QtWidgets.QLabel(text)
    label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if quiet:
        label.setForegroundRole(QtGui.QPalette.ColorRole.PlaceholderText)
    label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def heading(text: str) -> QtWidgets.QLabel:
    """A title in bold."""
    label = words(text)
    label.setWordWrap(False)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def narrow(box: QtWidgets.QComboBox, letters: int) -> None:
    """Let a list take the room there is, however long its entries are, and no less than some letters."""
    box.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(letters)
    box.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)


def form_of(parent: QtWidgets.QWidget) -> QtWidgets.QFormLayout:
    """A layout of labels and fields without margins, as QGIS's docks have it."""
    layout = QtWidgets.QFormLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    layout.setLabelAlignment(QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter)
    layout.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return layout


def grid_of(parent: QtWidgets.QWidget) -> QtWidgets.QGridLayout:
    """As `form_of`, where a line of words may break: a form layout miscounts its height."""
    layout = QtWidgets.QGridLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    layout.setHorizontalSpacing(6)
    layout.setColumnStretch(1, 1)
    return layout


def add_row(layout: QtWidgets.QGridLayout, label: str, field: QtWidgets.QWidget) -> None:
    """One more line of a grid: a label that leads to its field, if it has one, and the field."""
    row = layout.rowCount()
    if label:
        name = QtWidgets.QLabel(label)
        name.setBuddy(field)
        layout.addWidget(name, row, 0, QtCore.Qt.AlignmentFlag.AlignVCenter)
    layout.addWidget(field, row, 1)


def stacked(parent: QtWidgets.QWidget, *children: QtWidgets.QWidget) -> QtWidgets.QVBoxLayout:
    """The children of *parent* one below the other."""
    return _laid(QtWidgets.QVBoxLayout(parent), children)


def in_a_row(parent: QtWidgets.QWidget, *children: QtWidgets.QWidget) -> QtWidgets.QHBoxLayout:
    """The children of *parent* side by side, the first one taking the room that is left."""
    layout = _laid(QtWidgets.QHBoxLayout(parent), children)
    layout.setStretch(0, 1)
    return layout


def _laid(layout: Any, children: tuple[QtWidgets.QWidget, ...]) -> Any:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for child in children:
        layout.addWidget(child)
    return layout
