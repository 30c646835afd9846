"""The table itself: a view that keeps its selection by warning, whatever is sorted, filtered or read anew."""

from __future__ import annotations

from typing import Any

from ..keeping import keep, recall
from ..qt import QAction, QtCore, QtGui, QtWidgets, Signal
from ..words import tr
from .cells import Row
from .model import Warnings

HIDDEN = "table_hidden"
_MARGIN = 8
_BESIDE = ("rank", "level", "category", "figures")
_SIGNS = (8, 12, 16, 24)
"""Signs of a place: at least, and at least beside a state; at most without the state, and at most."""


class MiddleOut(QtWidgets.QStyledItemDelegate):
    """Leaves out the middle of a name that is too long: its end tells one place from the next."""

    def initStyleOption(self, option: Any, index: QtCore.QModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = QtCore.Qt.TextElideMode.ElideMiddle


class WarningView(QtWidgets.QTableView):
    """Rows are selected whole, several at once. Return and a double click ask for the place on the map."""

    place_asked = Signal(object)
    copy_asked = Signal()
    find_asked = Signal()
    picked = Signal()
    """The selection or the current row is another."""

    def __init__(self, model: Warnings, parent: Any = None):
        super().__init__(parent)
        self.setObjectName("warnings")
        self.setAccessibleName(tr("Early warnings"))
        self.rows = model
        self._kept: tuple[set[str], str] = (set(), "")
        self._fitting, self._own_width = False, False
        self.setModel(model)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAlternatingRowColors(True)
        self._places = MiddleOut(self)
        places = [number for number, column in enumerate(model.columns.all) if column.name == "place"]
        self.setItemDelegateForColumn(places[0], self._places)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self._set_headers()
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._restore)
        self.selectionModel().selectionChanged.connect(lambda *unused: self.picked.emit())
        self.selectionModel().currentRowChanged.connect(lambda *unused: self.picked.emit())
        self.doubleClicked.connect(lambda index: self._ask_place(index.row()))

    def _set_headers(self) -> None:
        signs = QtGui.QFontMetrics(self.font())
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(signs.height() + 8)
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter)
        hidden = recall(HIDDEN).split(",")
        for number, column in enumerate(self.rows.columns.all):
            self.setColumnWidth(number, signs.averageCharWidth() * column.width + 2 * _MARGIN)
            self.setColumnHidden(number, column.name in hidden)
        self.setSortingEnabled(True)
        self.sortByColumn(0, QtCore.Qt.SortOrder.AscendingOrder)
        header.setContextMenuPolicy(QtCore.Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._offer_columns)
        header.sectionResized.connect(self._resized)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if not self._own_width:
            self._fit_place()

    def _fit_place(self) -> None:
        """The place takes what is left beside the figures, and beside the state where there is room for it too: what
        was seen and where it stands are not cut in a narrow dock.
        """
        columns = self.rows.columns.all
        widths = {column.name: self.columnWidth(n) for n, column in enumerate(columns) if not self.isColumnHidden(n)}
        sign = QtGui.QFontMetrics(self.font()).averageCharWidth()
        few, enough, many, most = (signs * sign + 2 * _MARGIN for signs in _SIGNS)
        left = self.viewport().width() - sum(widths.get(name, 0) for name in _BESIDE)
        with_state = left - widths.get("state", 0)
        fits = min(with_state, most) if with_state >= enough else min(max(left, few), many)
        place = next(number for number, column in enumerate(columns) if column.name == "place")
        self._fitting = True
        self.setColumnWidth(place, fits)
        self._fitting = False

    def _resized(self, number: int, *_: int) -> None:
        """A place that was made wider or narrower by hand stays so."""
        if not self._fitting and self.rows.columns.all[number].name == "place":
            self._own_width = True

    def selected(self) -> list[Row]:
        """The selected rows, in their order."""
        places: set[int] = set()
        for stretch in self.selectionModel().selection():
            places.update(range(stretch.top(), stretch.bottom() + 1))
        return [row for row in map(self.rows.at, sorted(places)) if row is not None]

    def current(self) -> Row | None:
        """The row the keyboard is on; None where there is none."""
        return self.rows.at(self.currentIndex().row()) if self.currentIndex().isValid() else None

    def select(self, ids: set[str], current: str = "") -> None:
        """Select the warnings of *ids* that are shown, the keyboard on *current*, else on the first of them."""
        places = self.rows.places_of(ids)
        chosen = QtCore.QItemSelection()
        last = self.rows.columnCount() - 1
        for first, final in _runs(places):
            chosen.select(self.rows.index(first, 0), self.rows.index(final, last))
        flags = QtCore.QItemSelectionModel.SelectionFlag
        at = self.rows.places_of({current}) or places
        if at:
            visible = next((n for n in range(last + 1) if not self.isColumnHidden(n)), 0)
            self.selectionModel().setCurrentIndex(self.rows.index(at[0], visible), flags.NoUpdate)
        self.selectionModel().select(chosen, flags.ClearAndSelect | flags.Rows)

    def keyPressEvent(self, event: Any) -> None:
        if event.matches(QtGui.QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        elif event.matches(QtGui.QKeySequence.StandardKey.Find):
            self.find_asked.emit()
        elif event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            self._ask_place(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def _ask_place(self, number: int) -> None:
        row = self.rows.at(number)
        if row is not None:
            self.place_asked.emit(row)

    def _remember(self) -> None:
        current = self.current()
        self._kept = ({row.warning_id for row in self.selected()}, current.warning_id if current else "")

    def _restore(self) -> None:
        self.select(*self._kept)
        self.picked.emit()

    def _offer_columns(self, place: QtCore.QPoint) -> None:
        menu = QtWidgets.QMenu(self)
        for number, column in enumerate(self.rows.columns.all):
            action = QAction(column.header, menu)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(number))
            action.setEnabled(column.name != "level")
            action.toggled.connect(lambda on, number=number: self._show_column(number, on))
            menu.addAction(action)
        menu.popup(self.horizontalHeader().mapToGlobal(place))

    def _show_column(self, number: int, on: bool) -> None:
        self.setColumnHidden(number, not on)
        columns = self.rows.columns.all
        keep(HIDDEN, ",".join(column.name for n, column in enumerate(columns) if self.isColumnHidden(n)))


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Rising numbers as stretches without a gap: [0, 1, 2, 5] as (0, 2), (5, 5)."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
