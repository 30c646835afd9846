"""The window: the dock inside, a menu above, files dropped anywhere."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from ..dock.widget import Dock
from ..engine import end_all
from ..engine_page import EnginePage
from ..keeping import keep, recall
from ..qt import QtCore, QtGui, QtWidgets
from ..words import pick, tr
from .desktop_host import BRIEFING, DesktopHost
from .menus import add_menus
from .strip import Strip

ICON = Path(__file__).resolve().parents[1] / "icons" / "gridbeacon.svg"
PASSING = 8000
"""Milliseconds a line in the status bar stays."""
SIZE = (1160, 820)


class Window(QtWidgets.QMainWindow):
    """GridBeacon without QGIS."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("gridbeacon_window")
        self.setWindowTitle(pick("GridBeacon", "网格烽燧 GridBeacon"))
        self.setWindowIcon(QtGui.QIcon(str(ICON)))
        self.setAcceptDrops(True)
        self.host = DesktopHost()
        self.strip, self.dock = Strip(), Dock(self.host)
        self.engine_page: EnginePage | None = None
        centre = QtWidgets.QWidget()
        layout = QtWidgets.QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addWidget(self.dock, 1)
        self.setCentralWidget(centre)
        self.statusBar().showMessage(tr("Drop incident files and cells here, or choose them above."))
        add_menus(self)
        self.host.told.connect(self.tell)
        self.host.engine_page_asked.connect(self.open_engine_page)
        self._take_up_size()

    def tell(self, text: str, trouble: bool = False) -> None:
        """Say something: trouble in the strip, until it is closed; all else in the status bar."""
        if trouble:
            self.strip.tell(text)
        else:
            self.strip.hide()
            self.statusBar().showMessage(text, PASSING)

    # --- files from outside ---------------------------------------------------------------------------------------

    def choose_files(self) -> None:
        """Ask for files; they are parted into incidents and cells."""
        title = tr("Incident files and cells")
        paths, _ = QtWidgets.QFileDialog.getOpenFileNames(self, title, recall("desktop_folder"))
        self.take(paths)

    def take(self, paths: list[str]) -> None:
        """Put files into the form, or show a run where it is the folder of one."""
        folders = [folder for path in paths if (folder := run_of(Path(path)))]
        if folders:
            self.show_run(folders[0])
            return
        taken = self.host.take(paths)
        if taken.unknown:
            names = ", ".join(Path(path).name for path in taken.unknown)
            self.tell(tr("These files are of no kind that can be read: {files}", files=names), trouble=True)
        choices = self.dock.form.choices
        for box, files in ((choices.incidents, taken.incidents), (choices.cells, taken.cells[:1])):
            if files:
                keep("desktop_folder", str(Path(files[0]).parent))
                self.dock.tabs.setCurrentWidget(self.dock.form)
                box.add_files(files)

    def choose_run(self) -> None:
        """Ask for the folder of an earlier run and show its warnings."""
        start = str(self.dock.form.choices.record.folder())
        folder = QtWidgets.QFileDialog.getExistingDirectory(self, tr("Folder of a run"), start)
        if folder and run_of(Path(folder)):
            self.show_run(Path(folder))
        elif folder:
            self.tell(tr("This folder holds no run: {path}", path=folder), trouble=True)

    def show_run(self, folder: Path) -> None:
        """Show the warnings of a run that is there already."""
        self.dock.table.show_run(folder, self.dock.form.choices.record.ledger_path())
        self.dock.tabs.setCurrentWidget(self.dock.table)

    def dragEnterEvent(self, event: Any) -> None:
        """Files and folders are welcome."""
        if _paths(event):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Take what was dropped."""
        event.acceptProposedAction()
        self.take(_paths(event))

    # --- the window itself ----------------------------------------------------------------------------------------

    def open_engine_page(self) -> None:
        """Show which Python runs the engine, and how it is."""
        if self.engine_page is None:
            self.engine_page = EnginePage(self)
            self.engine_page.changed.connect(self.dock.form.engine_changed)
        self.engine_page.show()
        self.engine_page.raise_()
        self.engine_page.refresh()

    def _take_up_size(self) -> None:
        kept = recall("desktop_size")
        if not kept or not self.restoreGeometry(QtCore.QByteArray(base64.b64decode(kept.encode()))):
            self.resize(*SIZE)

    def closeEvent(self, event: Any) -> None:
        """A run that goes on is ended, if the user says so; the size is remembered."""
        if self.dock.form.job is not None and not self._may_stop():
            event.ignore()
            return
        keep("desktop_size", base64.b64encode(bytes(self.saveGeometry())).decode())
        self.dock.form.remember()
        self.dock.stop()
        end_all()
        self.host.leave()
        super().closeEvent(event)

    def _may_stop(self) -> bool:
        buttons = QtWidgets.QMessageBox.StandardButton
        question = tr("A run goes on. Stop it and close the window?")
        answer = QtWidgets.QMessageBox.question(self, self.windowTitle(), question, buttons.Yes | buttons.No)
        return answer == buttons.Yes


def _paths(event: Any) -> list[str]:
    """The files and folders that are dragged."""
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]


def run_of(path: Path) -> Path | None:
    """The folder of the run that *path* is, or lies in; None where it belongs to none."""
    folder = path if path.is_dir() else path.parent if path.name in (BRIEFING, "early_warnings.csv") else None
    return folder if folder and (folder / "early_warnings.csv").is_file() else None
