"""The dock in QGIS's window: there from the beginning, filled when it is first looked at, gone without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .dock.widget import Dock
from .keeping import keep, recall
from .layer_job import end_all
from .qgis_host import QgisHost
from .qt import QtCore, QtGui, QtWidgets, Signal

NAME = "gridbeacon_dock"
SHOWN = "dock_shown"


class Docking(QtWidgets.QDockWidget):
    """QGIS's frame around the dock, at the right of the map. It remembers whether it was shown."""

    filled = Signal()
    """The dock stands in the frame from here on."""

    def __init__(self, iface: Any, icon: QtGui.QIcon, open_engine_page: Callable[[], None]):
        super().__init__("GridBeacon", iface.mainWindow())
        self.setObjectName(NAME)
        self.setWindowIcon(icon)
        self.iface, self.open_engine_page = iface, open_engine_page
        self.host: QgisHost | None = None
        self.dock: Dock | None = None
        self.is_placed = False
        iface.addDockWidget(QtCore.Qt.DockWidgetArea.RightDockWidgetArea, self)  # QGIS shows it for a moment
        self.is_placed = True
        shown = recall(SHOWN) == "1"
        self.setVisible(shown)
        if shown and self.isVisible():
            self._fill()
        self.toggle = self.toggleViewAction()
        self.toggle.setObjectName("gridbeacon_toggle")
        self.toggle.setIcon(icon)
        self.toggle.toggled.connect(self._turned)

    def showEvent(self, event: Any) -> None:
        """Fill the dock; whoever never opens it does not pay for it."""
        super().showEvent(event)
        if self.is_placed:
            self._fill()

    def _fill(self) -> None:
        if self.dock is None:
            self.host = QgisHost(self.iface, self.open_engine_page)
            self.dock = Dock(self.host)
            self.setWidget(self.dock)
            self.filled.emit()

    def bring(self) -> None:
        """Show the dock in front of what it may share its place with, filled even before it is drawn."""
        self.show()
        self.raise_()
        self._fill()

    def _turned(self, shown: bool) -> None:
        keep(SHOWN, "1" if shown else "")

    def engine_changed(self) -> None:
        """Another Python runs the engine from now on."""
        if self.dock is not None:
            self.dock.form.engine_changed()

    def show_run(self, folder: Path) -> None:
        """The warnings of a run made elsewhere, by Processing, in the table."""
        if self.dock is not None:
            self.dock.show_run(folder)

    def take_away(self) -> None:
        """Stop what goes on and leave the window."""
        self.toggle.toggled.disconnect(self._turned)
        if self.dock is not None:
            self.dock.stop()
            self.host.close()
        end_all()
        self.iface.removeDockWidget(self)
        self.setParent(None)
        self.deleteLater()
