"""What the incidents or the cells are read from: a layer of the project, or files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..host import FILE, Source
from ..qt import QtWidgets, Signal
from ..words import tr
from .pieces import CHOOSE, Combo, in_a_row, narrow, plain_tip, small_button

KINDS = "*.csv *.xlsx *.gpkg *.geojson *.json *.parquet *.geoparquet *.zip *.gz"
"""Names of files the engine reads itself."""


class SourceBox(QtWidgets.QWidget):
    """A list of sources and a button for files. One entry may stand for several files read together."""

    changed = Signal()

    def __init__(self, title: str, *, several: bool, none: str = ""):
        super().__init__()
        self.title, self.several, self.none = title, several, none
        self.files: list[tuple[Source, ...]] = []
        self.combo = Combo()
        narrow(self.combo, 8)
        self.combo.setToolTip(title)
        self.combo.currentIndexChanged.connect(self._told)
        self.combo.activated.connect(self._decided)
        self.button = small_button(CHOOSE, tr("Choose files…") if several else tr("Choose a file…"))
        self.button.clicked.connect(self.choose)
        in_a_row(self, self.combo, self.button)
        self.setFocusProxy(self.combo)
        self.offered: list[Source] = []
        self._last: Any = None
        self._wished: tuple[Source, ...] | None = None
        """What is to be chosen when it is there; None while nobody has decided."""

    def chosen(self) -> tuple[Source, ...]:
        """The sources of the entry that is chosen; empty where none is."""
        return self.combo.currentData() or ()

    def offer(self, sources: list[Source]) -> None:
        """Fill the list anew; what was chosen or wished for is chosen where it is there, else the likeliest."""
        self.offered = list(sources)
        wanted = self._wished if self._wished is not None else self.chosen()
        entries = [(source,) for source in sources]
        entries += [entry for entry in self.files if entry not in entries]
        self.combo.blockSignals(True)
        self.combo.clear()
        if self.none or not entries:
            self.combo.addItem(self.none or tr("choose a layer or a file"), ())
        for entry in entries:
            self.combo.addItem(name_of(entry), entry)
        self.combo.setCurrentIndex(self._row_of(wanted))
        self.combo.blockSignals(False)
        self._told()

    def decision(self) -> tuple[Source, ...] | None:
        """What the user has chosen, the empty entry too; None where the likeliest was taken."""
        return self._wished

    def wish(self, entry: tuple[Source, ...] | None) -> None:
        """Choose *entry* as soon as it is offered, for a layer may come later than the form; None: the likeliest."""
        if entry and all(source.kind == FILE for source in entry) and entry not in self.files:
            self.files.append(entry)
        self._wished = entry

    def _row_of(self, entry: tuple[Source, ...]) -> int:
        """The row that reads what *entry* reads, else the one of its name, else the likeliest."""
        rows = range(self.combo.count())
        if not entry:
            return 0 if self._wished is not None else self._likeliest()
        keys, name = [source.key for source in entry], name_of(entry)
        same = [row for row in rows if [source.key for source in self.combo.itemData(row) or ()] == keys]
        alike = [row for row in rows if self.combo.itemText(row) == name]
        return ([*same, *alike] or [self._likeliest()])[0]

    def _likeliest(self) -> int:
        return 1 if self.none and self.combo.count() > 1 else 0

    def add_files(self, paths: list[str]) -> None:
        """One more entry that reads *paths* together, and choose it."""
        entry = tuple(Source(Path(path).name, FILE, path=path) for path in paths)
        if entry not in self.files:
            self.files.append(entry)
        self._wished = entry
        self.offer(self.offered)

    def choose(self) -> None:
        """Ask for files in the system's dialog."""
        kinds = tr("Tables and layers ({kinds})", kinds=KINDS)
        dialogs, start = QtWidgets.QFileDialog, next((source.path for source in self.chosen()), "")
        if self.several:
            paths, _ = dialogs.getOpenFileNames(self, self.title, start, kinds)
        else:
            path, _ = dialogs.getOpenFileName(self, self.title, start, kinds)
            paths = [path] if path else []
        if paths:
            self.add_files(paths)

    def _decided(self, *_: Any) -> None:
        self._wished = self.chosen()

    def _told(self, *_: Any) -> None:
        named = "\n".join(source.path or source.name for source in self.chosen())
        self.combo.setToolTip(plain_tip(named or self.title))
        if self.chosen() != self._last:
            self._last = self.chosen()
            self.changed.emit()


def name_of(entry: tuple[Source, ...]) -> str:
    """What the list calls an entry."""
    if len(entry) > 1:
        return tr("{first} and {more} more", first=entry[0].name, more=len(entry) - 1)
    return entry[0].name if entry else ""
