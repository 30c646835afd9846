"""Small drawings beside a warning: its series with what was to be expected, its hours, its days of the week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...layers.style import GROUND
from ..qt import QtCore, QtGui, QtWidgets
from ..words import tr
from .cells import as_tip, figure
from .reading import number, sequence

_LEFT, _TOP, _BOTTOM, _RIGHT = 30, 6, 16, 6
_ACCENT = {"light": "#1c5cb8", "dark": "#63aaff"}
_BAND = {"light": "#d5dee9", "dark": "#2b3b52"}


@dataclass(frozen=True)
class Bars:
    """Counts beside what is usual, one pair for each label."""

    labels: tuple[str, ...]
    observed: tuple[float, ...]
    usual: tuple[float, ...]


@dataclass(frozen=True)
class Series:
    """Counts bin by bin with the expected number and its 95 % limits; `window` marks the bins of the warning."""

    times: tuple[str, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    valid: tuple[bool, ...]
    window: tuple[str, str]


def series_of(told: Mapping[str, Any], start: str, end: str) -> Series | None:
    """The series in an explanation; None where it holds none that can be drawn."""
    columns = {name: sequence(told.get(name)) for name in ("time", "observed", "expected", "lower", "upper", "valid")}
    size = min(len(column) for column in columns.values())
    if size < 2:
        return None
    numbers = {
        name: tuple(number(value) for value in columns[name][:size])
        for name in ("observed", "expected", "lower", "upper")
    }
    window = (start.replace(" ", "T"), end.replace(" ", "T"))
    times = tuple(str(moment) for moment in columns["time"][:size])
    return Series(times, **numbers, valid=tuple(map(bool, columns["valid"][:size])), window=window)


def hours_of(week: Mapping[str, Any]) -> Bars | None:
    """The 24 hours in what carries a warning; None where it holds none."""
    hours = [hour for hour in sequence(week.get("hours")) if isinstance(hour, dict)]
    if len(hours) != 24:
        return None
    labels = tuple(str(hour) if hour % 6 == 0 else "" for hour in range(24))
    return _bars(labels, [hour.get("observed") for hour in hours], [hour.get("usual") for hour in hours])


def weekdays_of(week: Mapping[str, Any]) -> Bars | None:
    """The days of the week, Monday first; None where they are not told."""
    observed, usual = (
        [sum(number(value) for value in sequence(day)) for day in sequence(week.get(name))]
        for name in ("observed", "usual")
    )
    if len(observed) != 7 or len(usual) != 7:
        return None
    return _bars(tuple(tr("Mo Tu We Th Fr Sa Su").split()), observed, usual)


def _bars(labels: tuple[str, ...], observed: Sequence[object], usual: Sequence[object]) -> Bars:
    return Bars(labels, tuple(number(value) for value in observed), tuple(number(value) for value in usual))


def theme_of(widget: QtWidgets.QWidget) -> str:
    """Whether the window's ground is `dark` or `light`: colours are chosen to be read on it."""
    return "dark" if widget.palette().color(QtGui.QPalette.ColorRole.Window).lightness() < 128 else "light"


class Plot(QtWidgets.QWidget):
    """Draws a `Series` or `Bars`; what it shows stands in its tooltip in words, for those who do not see it."""

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.shown: Series | Bars | None = None
        self.setMinimumHeight(64)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(220, 96 if isinstance(self.shown, Series) else 72)

    def show_figures(self, figures: Series | Bars | None, words: str = "") -> None:
        """Draw *figures*, said as *words*; nothing is seen where there are none."""
        self.shown = figures
        self.setVisible(figures is not None)
        self.setToolTip(as_tip(words))
        self.setAccessibleName(words)
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: Any) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(font.pointSizeF() * 0.85, 7.0))
        painter.setFont(font)
        theme = theme_of(self)
        field = QtCore.QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)
        if isinstance(self.shown, Series):
            _draw_series(painter, field, self.shown, theme)
        elif isinstance(self.shown, Bars):
            _draw_bars(painter, field, self.shown, theme)
        painter.end()


def _scale(painter: QtGui.QPainter, field: QtCore.QRectF, most: float, theme: str) -> None:
    """The axis on the left: nothing and the most, with a line each."""
    painter.setPen(QtGui.QColor(GROUND[theme]["line"]))
    for height in (field.top(), field.bottom()):
        painter.drawLine(QtCore.QPointF(field.left(), height), QtCore.QPointF(field.right(), height))
    painter.setPen(QtGui.QColor(GROUND[theme]["muted"]))
    right = QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter
    for height, text in ((field.top(), figure(most)), (field.bottom(), "0")):
        painter.drawText(QtCore.QRectF(0, height - 7, _LEFT - 4, 14), right, text)


def _draw_series(painter: QtGui.QPainter, field: QtCore.QRectF, series: Series, theme: str) -> None:
    most = max(1.0, *series.observed, *series.upper)
    step = field.width() / len(series.times)

    def spot(place: int, value: float) -> QtCore.QPointF:
        high = field.bottom() - field.height() * min(max(value, 0.0), most) / most
        return QtCore.QPointF(field.left() + (place + 0.5) * step, high)

    _scale(painter, field, most, theme)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(_BAND[theme]))
    painter.drawPolygon(
        QtGui.QPolygonF(
            [spot(place, value) for place, value in enumerate(series.upper)]
            + [spot(place, series.lower[place]) for place in range(len(series.lower) - 1, -1, -1)]
        )
    )
    ink = QtGui.QColor(_ACCENT[theme])
    for place, time in enumerate(series.times):
        if series.window[0] <= time < series.window[1]:
            ground = QtGui.QColor(ink)
            ground.setAlpha(46)
            column = QtCore.QRectF(field.left() + place * step, field.top(), step, field.height())
            painter.fillRect(column, ground)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setPen(QtGui.QPen(QtGui.QColor(GROUND[theme]["muted"]), 1, QtCore.Qt.PenStyle.DashLine))
    painter.drawPolyline(QtGui.QPolygonF([spot(place, value) for place, value in enumerate(series.expected)]))
    painter.setPen(QtGui.QPen(ink, max(1.5, min(step * 0.6, 6))))
    for place, value in enumerate(series.observed):
        if series.valid[place] and value > 0:
            painter.drawLine(QtCore.QPointF(spot(place, 0).x(), field.bottom()), spot(place, value))
    _ends(painter, field, series.times[0][:10], series.times[-1][:10], theme)


def _ends(painter: QtGui.QPainter, field: QtCore.QRectF, first: str, last: str, theme: str) -> None:
    painter.setPen(QtGui.QColor(GROUND[theme]["muted"]))
    below = QtCore.QRectF(field.left(), field.bottom() + 1, field.width(), _BOTTOM)
    painter.drawText(below, QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignTop, first)
    painter.drawText(below, QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignTop, last)


def _draw_bars(painter: QtGui.QPainter, field: QtCore.QRectF, bars: Bars, theme: str) -> None:
    most = max(1.0, *bars.observed, *bars.usual)
    step = field.width() / len(bars.labels)
    _scale(painter, field, most, theme)
    middle = QtCore.Qt.AlignmentFlag.AlignHCenter | QtCore.Qt.AlignmentFlag.AlignTop
    for place, label in enumerate(bars.labels):
        left = field.left() + place * step
        high = field.height() * bars.observed[place] / most
        seen = QtCore.QRectF(left + step * 0.18, field.bottom() - high, step * 0.64, high)
        painter.fillRect(seen, QtGui.QColor(_ACCENT[theme]))
        usual = field.bottom() - field.height() * bars.usual[place] / most
        painter.setPen(QtGui.QPen(QtGui.QColor(GROUND[theme]["text"]), 1.5))
        painter.drawLine(QtCore.QPointF(left + step * 0.06, usual), QtCore.QPointF(left + step * 0.94, usual))
        painter.setPen(QtGui.QColor(GROUND[theme]["muted"]))
        painter.drawText(QtCore.QRectF(left - 8, field.bottom() + 1, step + 16, _BOTTOM), middle, label)
