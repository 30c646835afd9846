"""Files dropped on the dock: they go into its form. Qt alone."""

from __future__ import annotations

from pathlib import Path

from ..qt import QtCore, QtWidgets, Signal
from ..words import tr
from .dropped import READ, sorted_out

Type = QtCore.QEvent.Type


class FileDrop(QtCore.QObject):
    """Watches *widget* for files; what else is dropped there is left to it."""

    incidents = Signal(list)
    """Paths of files with incidents."""
    cells = Signal(str)
    """Path of a file with cells."""
    said = Signal(str)
    """What was taken, or why nothing was."""

    def __init__(self, widget: QtWidgets.QWidget):
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() in (Type.DragEnter, Type.DragMove) and paths_of(event.mimeData()):
            event.acceptProposedAction()
            return True
        if event.type() == Type.Drop and (paths := paths_of(event.mimeData())):
            event.acceptProposedAction()
            # After the drop: what drags waits for it, and a file takes a moment to be looked into.
            QtCore.QTimer.singleShot(0, lambda: self.take(paths))
            return True
        return super().eventFilter(watched, event)

    def take(self, paths: list[str]) -> None:
        """Put *paths* where they belong, and say so."""
        files = sorted_out(paths)
        if files.incidents:
            self.incidents.emit(files.incidents)
        if files.cells:
            self.cells.emit(files.cells[0])
        said = [tr("as incidents: {files}", files=_names(files.incidents))] if files.incidents else []
        said += [tr("as cells: {files}", files=_names(files.cells[:1]))] if files.cells else []
        if said:
            self.said.emit(tr("Taken {what}.", what=", ".join(said)))
        left = files.unknown + files.cells[1:]
        if left:
            what = tr("Incidents and one file of cells can be dropped: {kinds}", kinds=" ".join(READ))
            self.said.emit(tr("Not taken: {files}.", files=_names(left)) + " " + what)


def paths_of(data: QtCore.QMimeData | None) -> list[str]:
    """The files on this machine that are being dragged."""
    urls = data.urls() if data is not None and data.hasUrls() else []
    return [url.toLocalFile() for url in urls if url.isLocalFile()]


def _names(paths: list[str]) -> str:
    return ", ".join(Path(path).name for path in paths)
