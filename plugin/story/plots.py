"""Small plots of counts, drawn by Qt alone: bars in a row, and classes in the order of their number."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from ...layers import style
from ..qt import QtCore, QtGui, QtWidgets

BAR = {"dark": "#4faebb", "light": "#3f82a6"}
"""Colour of a bar: the hue of risk, so that the colours of levels stay free for warnings."""
SHADE = {"dark": "#3d3a22", "light": "#f6edc9"}
"""Ground of the window that is looked at."""
GAP = 4
Key = QtCore.Qt.Key
STEPS = {Key.Key_Left: -1, Key.Key_Right: 1}


class Bar(NamedTuple):
    """One bar: its number, what it says when pointed at, the word under it, how it is drawn."""

    value: int
    words: str
    tick: str = ""
    shaded: bool = False
    partial: bool = False
    """Not all of it is known yet: hatched."""
    missing: bool = False
    """No data: grey, whatever the number."""


def theme_of(widget: QtWidgets.QWidget) -> str:
    """`dark` or `light`, as the window is drawn."""
    return "dark" if widget.palette().color(QtGui.QPalette.ColorRole.Window).lightness() < 128 else "light"


def nice_top(value: int) -> int:
    """The end of a scale from zero to *value*: 1, or even in its first two digits, so that half of it is whole."""
    if value <= 1:
        return 1
    step = 2 * 10 ** max(len(str(value)) - 2, 0)
    return -(-value // step) * step


class BarPlot(QtWidgets.QWidget):
    """Bars in a row over a scale from zero. The pointer and the arrow keys read single bars."""

    def __init__(self, name: str, height: int = 96, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self.at = -1
        self.setMinimumHeight(height)
        self.setMouseTracking(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)

    def show_bars(self, bars: Sequence[Bar], summary: str) -> None:
        """Draw *bars*; *summary* is the plot in one sentence, for those who do not see it."""
        self.bars, self.at = tuple(bars), -1
        self.setAccessibleDescription(summary)
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(200, self.minimumHeight())

    def _frame(self) -> QtCore.QRectF:
        """Where the bars stand, inside the labels."""
        letters = self.fontMetrics()
        left = letters.horizontalAdvance(str(self._top())) + GAP
        return QtCore.QRectF(
            left, letters.height() / 2, max(self.width() - left - 1, 1), max(self.height() - 1.6 * letters.height(), 1)
        )

    def _top(self) -> int:
        return nice_top(max((bar.value for bar in self.bars), default=1))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        frame, top, theme = self._frame(), self._top(), theme_of(self)
        ink = QtGui.QColor(style.GROUND[theme]["muted"])
        width = frame.width() / max(len(self.bars), 1)
        for place, bar in enumerate(self.bars):
            self._draw(painter, bar, QtCore.QRectF(frame.left() + place * width, frame.top(), width, frame.height()))
        painter.setPen(QtGui.QPen(QtGui.QColor(style.GROUND[theme]["line"])))
        for share in (0, 0.5, 1) if top > 1 else (0, 1):
            y = frame.bottom() - share * frame.height()
            painter.drawLine(QtCore.QPointF(frame.left(), y), QtCore.QPointF(frame.right(), y))
        painter.setPen(ink)
        self._label(painter, frame, top, width)
        if self.hasFocus():
            self._mark(painter, frame, width)

    def _draw(self, painter: QtGui.QPainter, bar: Bar, box: QtCore.QRectF) -> None:
        theme = theme_of(self)
        if bar.shaded:
            painter.fillRect(box, QtGui.QColor(SHADE[theme]))
        if bar.missing:
            grey = QtGui.QColor(style.NO_DATA.colour(theme))
            painter.fillRect(box, QtGui.QBrush(grey, QtCore.Qt.BrushStyle.BDiagPattern))
        inset = min(1.0, box.width() * 0.15)
        height = box.height() * bar.value / self._top()
        body = QtCore.QRectF(box.left() + inset, box.bottom() - height, box.width() - 2 * inset, height)
        colour = QtGui.QColor(BAR[theme])
        if bar.partial:
            painter.fillRect(body, QtGui.QBrush(colour, QtCore.Qt.BrushStyle.Dense4Pattern))
        else:
            painter.fillRect(body, colour)

    def _label(self, painter: QtGui.QPainter, frame: QtCore.QRectF, top: int, width: float) -> None:
        """The scale at the left; the words under the bars, as many as do not run into one another."""
        letters = self.fontMetrics()
        right = QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter
        for value in (0, top):
            y = frame.bottom() - frame.height() * value / top
            box = QtCore.QRectF(0, y - letters.height() / 2, frame.left() - GAP, letters.height())
            painter.drawText(box, right, str(value))
        taken = -1.0
        for place, bar in enumerate(self.bars):
            wide = letters.horizontalAdvance(bar.tick)
            middle = frame.left() + (place + 0.5) * width
            start = min(max(middle - wide / 2, frame.left()), self.width() - wide)
            if bar.tick and start > taken:
                painter.drawText(QtCore.QPointF(start, self.height() - letters.descent() - 1), bar.tick)
                taken = start + wide + 2 * GAP

    def _mark(self, painter: QtGui.QPainter, frame: QtCore.QRectF, width: float) -> None:
        """What the keyboard points at: a bar, or the whole plot."""
        painter.setPen(QtGui.QPen(self.palette().color(QtGui.QPalette.ColorRole.Highlight), 1.5))
        if self.at < 0:
            painter.drawRect(QtCore.QRectF(self.rect()).adjusted(1, 1, -1, -1))
        else:
            left = frame.left() + self.at * width
            painter.drawRect(QtCore.QRectF(left, frame.top(), max(width, 2.0), frame.height()))

    def bar_at(self, x: float) -> int:
        """Place of the bar at *x* pixels from the left; -1 beside them."""
        frame = self._frame()
        place = int((x - frame.left()) / frame.width() * len(self.bars)) if x >= frame.left() else -1
        return place if place < len(self.bars) else -1

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.ToolTip:
            place = self.bar_at(event.pos().x())
            if place >= 0:
                QtWidgets.QToolTip.showText(event.globalPos(), self.bars[place].words, self)
                return True
        return super().event(event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        step = STEPS.get(event.key())
        if step is None or not self.bars:
            super().keyPressEvent(event)
            return
        self.at = min(max(self.at + step, 0), len(self.bars) - 1)
        frame = self._frame()
        x = frame.left() + (self.at + 0.5) * frame.width() / len(self.bars)
        point = self.mapToGlobal(QtCore.QPoint(int(x), int(frame.top())))
        QtWidgets.QToolTip.showText(point, self.bars[self.at].words, self)
        self.update()


class Ranking(QtWidgets.QWidget):
    """Names with a bar and a number each, the largest first. Names come from data: they are drawn, never rendered."""

    def __init__(self, name: str, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self.rows: tuple[tuple[str, int], ...] = ()
        self.setAccessibleName(name)

    def show_rows(self, rows: Sequence[tuple[str, int]], total: int) -> None:
        """Draw (name, number) rows; their shares are of *total*."""
        self.rows, self.total = tuple(rows), max(total, 1)
        self.setAccessibleDescription(", ".join(f"{name} {number:,}" for name, number in rows))
        self.setFixedHeight(max(len(rows), 1) * self._step())
        self.update()

    def _step(self) -> int:
        return self.fontMetrics().height() + 2 * GAP

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter, theme = QtGui.QPainter(self), theme_of(self)
        most = max((number for _, number in self.rows), default=1)
        colour = QtGui.QColor(BAR[theme])
        colour.setAlpha(70)
        for place, (name, number) in enumerate(self.rows):
            box = QtCore.QRectF(0, place * self._step() + 1, self.width(), self._step() - 2)
            painter.fillRect(QtCore.QRectF(box.left(), box.top(), box.width() * number / most, box.height()), colour)
            self._write(painter, box.adjusted(GAP, 0, -GAP, 0), name, number)

    def _write(self, painter: QtGui.QPainter, box: QtCore.QRectF, name: str, number: int) -> None:
        painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        figure = f"{number:,} · {number / self.total:.0%}"
        room = box.width() - self.fontMetrics().horizontalAdvance(figure) - 2 * GAP
        short = self.fontMetrics().elidedText(name, QtCore.Qt.TextElideMode.ElideMiddle, int(room))
        middle = QtCore.Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, middle | QtCore.Qt.AlignmentFlag.AlignLeft, short)
        painter.drawText(box, middle | QtCore.Qt.AlignmentFlag.AlignRight, figure)

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.ToolTip and self.rows:
            place = min(max(event.pos().y() // self._step(), 0), len(self.rows) - 1)
            QtWidgets.QToolTip.showText(event.globalPos(), _plain(self.rows[place][0]), self)
            return True
        return super().event(event)


def _plain(text: str) -> str:
    """Text for a tooltip, which Qt would else take for HTML where it looks like it."""
    return f"<qt>{escape(text)}</qt>"
