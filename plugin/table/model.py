"""The warnings as Qt's tables see them: sorted and filtered here, in one pass over plain texts.

Qt's own sorting proxy asks Python twice for every comparison: at 5,000 warnings that is most of a second, this is a few
milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...layers.style import LEVELS
from ..qt import QtCore, QtGui
from .cells import Column, Columns, Row, as_tip, shown

_DISPLAY = QtCore.Qt.ItemDataRole.DisplayRole
_TIP = QtCore.Qt.ItemDataRole.ToolTipRole
_SWATCH = QtCore.Qt.ItemDataRole.DecorationRole
_ALIGNED = QtCore.Qt.ItemDataRole.TextAlignmentRole
_FONT = QtCore.Qt.ItemDataRole.FontRole
_GAP = "\u2002"
"""Keeps figures on the right of a column off the words of the next."""
_SPOKEN = QtCore.Qt.ItemDataRole.AccessibleTextRole


@dataclass(frozen=True)
class Wanted:
    """Which warnings are to be seen; empty texts let all through."""

    words: str = ""
    level: str = ""
    state: str = ""
    """A state, or `OVERDUE`, or `NOT_KNOWN`."""
    only_open: bool = False


OVERDUE, NOT_KNOWN = "overdue", "not known"


@dataclass(frozen=True)
class Listed:
    """Rows with what the words of the filter are looked for in. Made in the worker's thread: thousands take a while."""

    rows: list[Row]
    haystacks: dict[str, str]


def listed(
    warnings: Iterable[Mapping[str, str]], known: Mapping[str, Mapping[str, Any]], now: str, columns: Columns
) -> Listed:
    """The warnings of a run, and where each stands in the ledger at the city's time *now*."""
    rows = [Row(warning, known.get(warning["warning_id"], {}), now) for warning in warnings]
    return Listed(rows, {row.warning_id: _haystack(row, columns.all) for row in rows})


class Warnings(QtCore.QAbstractTableModel):
    """Rows and columns; `shown_rows` are those the filter lets through, in their order."""

    def __init__(self, columns: Columns, parent: Any = None):
        super().__init__(parent)
        self.columns = columns
        self.rows: list[Row] = []
        self.shown_rows: list[Row] = []
        self._haystacks: dict[str, str] = {}
        self._wanted = Wanted()
        self._sorted_by, self._order = 0, QtCore.Qt.SortOrder.AscendingOrder
        self._swatches = {level.name: _swatch(level.dark, level.light) for level in LEVELS}
        self._bold = QtGui.QFont()
        self._bold.setBold(True)

    def put(self, listed: Listed) -> None:
        """Show other rows instead of what was there; the filter and the order stay."""
        self.rows, self._haystacks = listed.rows, listed.haystacks
        self._refresh()

    def want(self, wanted: Wanted) -> None:
        """Show only what is wanted."""
        self._wanted = wanted
        self._refresh()

    def sort(self, column: int, order: QtCore.Qt.SortOrder = QtCore.Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; what is equal in it stays in the order of rank."""
        self._sorted_by, self._order = max(column, 0), order
        self._refresh()

    def _refresh(self) -> None:
        fits = self._fits()
        down = self._order == QtCore.Qt.SortOrder.DescendingOrder
        self.beginResetModel()
        found = [row for row in self.rows if fits(row)]
        self.shown_rows = sorted(found, key=self.columns.all[self._sorted_by].key, reverse=down)
        self.endResetModel()

    def _fits(self) -> Callable[[Row], bool]:
        wanted, words = self._wanted, self._wanted.words.casefold().split()
        states: dict[str, Callable[[Row], bool]] = {
            "": lambda row: True,
            OVERDUE: lambda row: row.overdue,
            NOT_KNOWN: lambda row: not row.known,
        }
        in_state = states.get(wanted.state, lambda row: row.state == wanted.state)

        def fits(row: Row) -> bool:
            if wanted.level not in ("", row.warning["level"]) or not in_state(row):
                return False
            if wanted.only_open and not row.open:
                return False
            return all(word in self._haystacks[row.warning_id] for word in words)

        return fits

    def at(self, number: int) -> Row | None:
        """The row shown at a place, or None."""
        return self.shown_rows[number] if 0 <= number < len(self.shown_rows) else None

    def places_of(self, ids: Iterable[str]) -> list[int]:
        """Where warnings are shown, rising; those that are not shown are left out."""
        wanted = set(ids)
        return [place for place, row in enumerate(self.shown_rows) if row.warning_id in wanted]

    def rowCount(self, parent: QtCore.QModelIndex = QtCore.QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.shown_rows)

    def columnCount(self, parent: QtCore.QModelIndex = QtCore.QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.columns.all)

    def headerData(self, section: int, orientation: QtCore.Qt.Orientation, role: int = _DISPLAY) -> Any:
        if orientation != QtCore.Qt.Orientation.Horizontal or not 0 <= section < len(self.columns.all):
            return None
        column = self.columns.all[section]
        if role == _TIP:
            return column.help
        return column.header if role == _DISPLAY else None

    def data(self, index: QtCore.QModelIndex, role: int = _DISPLAY) -> Any:
        row = self.at(index.row()) if index.isValid() else None
        if row is None:
            return None
        column = self.columns.all[index.column()]
        if role == _DISPLAY:
            return f"{column.text(row)}{_GAP}" if column.right else column.text(row)
        if role == _SPOKEN:
            return column.text(row)
        if role == _TIP:
            return as_tip(_tip(row, column))
        if role == _SWATCH and column.name == "level":
            return self._swatches.get(row.warning["level"])
        if role == _ALIGNED:
            side = QtCore.Qt.AlignmentFlag.AlignRight if column.right else QtCore.Qt.AlignmentFlag.AlignLeft
            return side | QtCore.Qt.AlignmentFlag.AlignVCenter
        return self._bold if role == _FONT and column.name == "due" and row.overdue else None


def _haystack(row: Row, columns: Iterable[Column]) -> str:
    """All that the words of the filter are looked for in."""
    names = ("warning_id", "cell_id", "category", "reason", "reason_en", "places")
    told = [row.warning.get(name, "") for name in names]
    return " ".join([*(column.text(row) for column in columns), *told]).casefold()


def _tip(row: Row, column: Column) -> str:
    """What a cell has no room for."""
    if column.name == "category":
        return shown(row.warning.get("category"))
    if column.name == "window":
        return shown(f"{row.warning.get('window_start')} – {row.warning.get('window_end')}")
    if column.name in ("rank", "level"):
        return shown(row.warning.get("reason"))
    return column.text(row)


def _swatch(fill: str, edge: str) -> QtGui.QIcon:
    """A small square in a level's colour, with an edge that is seen on any ground; the same where it is selected."""
    picture = QtGui.QPixmap(14, 14)
    picture.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(picture)
    painter.setPen(QtGui.QColor(edge))
    painter.setBrush(QtGui.QColor(fill))
    painter.drawRect(1, 1, 11, 11)
    painter.end()
    icon = QtGui.QIcon(picture)
    icon.addPixmap(picture, QtGui.QIcon.Mode.Selected)
    return icon
