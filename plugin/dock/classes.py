"""The classes of the incidents as a tree to tick: everything ticked is no restriction."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtWidgets, Signal
from ..words import tr
from .pieces import stacked, words

BETWEEN = "/"
"""Between the levels of a class, as the engine writes it."""


class ClassTree(QtWidgets.QWidget):
    """Filled by the check; until then it says so, and what was chosen earlier still holds."""

    changed = Signal()

    def __init__(self):
        super().__init__()
        self.waiting: list[str] = []
        self.note = words(tr("The classes are listed when the incidents have been checked."), quiet=True)
        self.tree = QtWidgets.QTreeWidget()
        self.tree.setObjectName("classes")
        self.tree.setToolTip(tr("Only incidents of the ticked classes are counted and tested."))
        self.tree.setHeaderLabels([tr("Class"), tr("Rows")])
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.tree.setMinimumHeight(160)
        self.tree.itemChanged.connect(self._told)
        self.tree.hide()
        stacked(self, self.note, self.tree)

    def offer(self, tree: dict[str, Any]) -> None:
        """Show the class tree a check has found: {name: {"rows": n, "below": {...}}}."""
        if not tree:
            return
        chosen = self.chosen()
        self.tree.blockSignals(True)
        self.tree.clear()
        self._grow(self.tree.invisibleRootItem(), tree)
        self.tree.blockSignals(False)
        self.tree.show()
        self.note.hide()
        self.choose(chosen)

    def _grow(self, parent: QtWidgets.QTreeWidgetItem, below: dict[str, Any]) -> None:
        for name, facts in sorted(below.items(), key=lambda entry: -entry[1].get("rows", 0)):
            item = QtWidgets.QTreeWidgetItem(parent, [name, f"{facts.get('rows', 0):,}"])
            item.setTextAlignment(1, QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter)
            item.setFlags(item.flags() | QtCore.Qt.ItemFlag.ItemIsUserCheckable | QtCore.Qt.ItemFlag.ItemIsAutoTristate)
            item.setCheckState(0, QtCore.Qt.CheckState.Checked)
            self._grow(item, facts.get("below", {}))

    def chosen(self) -> list[str]:
        """The nodes whose incidents count, each as high up as it is wholly ticked; empty where all are."""
        if not self.tree.topLevelItemCount():
            return list(self.waiting)
        root = self.tree.invisibleRootItem()
        return [] if self._all(root) else self._ticked(root, "")

    def choose(self, nodes: list[str]) -> None:
        """Tick *nodes* and no others; without any, all."""
        self.waiting = list(nodes)
        if not self.tree.topLevelItemCount():
            return
        states = QtCore.Qt.CheckState
        self.tree.blockSignals(True)
        for item, path in list(self._items(self.tree.invisibleRootItem(), "")):
            if not item.childCount():
                counts = not nodes or any((path + BETWEEN).startswith(node + BETWEEN) for node in nodes)
                item.setCheckState(0, states.Checked if counts else states.Unchecked)
        self.tree.blockSignals(False)

    def in_words(self) -> str:
        """What is chosen, for the title of the fold."""
        nodes = self.chosen()
        if not nodes and self._ticked_tops() == 0 and self.tree.topLevelItemCount():
            return tr("none ticked: all count")
        return ", ".join(nodes[:2]) + (" …" if len(nodes) > 2 else "") if nodes else tr("all")

    def _all(self, root: QtWidgets.QTreeWidgetItem) -> bool:
        """Whether there is no restriction: everything is ticked, or nothing."""
        states = {root.child(row).checkState(0) for row in range(root.childCount())}
        return len(states) == 1 and QtCore.Qt.CheckState.PartiallyChecked not in states

    def _ticked_tops(self) -> int:
        tops = [self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount())]
        return sum(item.checkState(0) != QtCore.Qt.CheckState.Unchecked for item in tops)

    def _ticked(self, parent: QtWidgets.QTreeWidgetItem, above: str) -> list[str]:
        found: list[str] = []
        for row in range(parent.childCount()):
            item = parent.child(row)
            path = above + item.text(0)
            if item.checkState(0) == QtCore.Qt.CheckState.Checked:
                found.append(path)
            elif item.checkState(0) == QtCore.Qt.CheckState.PartiallyChecked:
                found += self._ticked(item, path + BETWEEN)
        return found

    def _items(self, parent: QtWidgets.QTreeWidgetItem, above: str) -> Any:
        for row in range(parent.childCount()):
            item = parent.child(row)
            path = above + item.text(0)
            yield item, path
            yield from self._items(item, path + BETWEEN)

    def _told(self, *_: Any) -> None:
        self.waiting = self.chosen()
        self.changed.emit()
