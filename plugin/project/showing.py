"""A run's layers opened one at a time, the window living in between, and added when all of them are ready.

On the main thread throughout: QGIS 3.40 crashes when it ends if a layer of a GeoPackage was opened in another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayer, QgsProject

from ...errors import GridBeaconError
from ..qt import QtCore, Signal
from .results import Opened, Result, add_layers, layers_of, opening


class Showing(QtCore.QObject):
    """`Showing(folder, project, canvas, parent).start()`; one of `shown` and `failed` tells how it went."""

    shown = Signal(list)
    """The run's layers, from the top."""
    failed = Signal(object)
    """A GridBeaconError; nothing was added."""

    def __init__(self, folder: Path, project: QgsProject, canvas: Any = None, parent: QtCore.QObject | None = None):
        super().__init__(parent)
        self.folder, self.project, self.canvas = folder, project, canvas
        self.made: Opened = []
        self._left: Iterator[tuple[Result, QgsMapLayer]] = iter(())
        self._turn = QtCore.QTimer(self)
        self._turn.setSingleShot(True)  # a turn that fails is the last one
        self._turn.timeout.connect(self._next)
        project.cleared.connect(self.stop)  # another project is none of this run's

    def start(self) -> None:
        """Open the first layer when this call has returned, and each of the others a turn later."""
        self._left = opening(self.folder, set(layers_of(self.folder, self.project)))
        self._turn.start()

    def stop(self) -> None:
        """Open and add nothing more; neither signal comes."""
        self._turn.stop()
        self._left, self.made = iter(()), []

    def _next(self) -> None:
        try:
            opened = next(self._left, None)
        except GridBeaconError as error:
            self.stop()
            self.failed.emit(error)
            return
        if opened is not None:
            self.made.append(opened)
            self._turn.start()
            return
        here = layers_of(self.folder, self.project)
        made, self.made = [(kind, layer) for kind, layer in self.made if kind.output not in here], []
        self.shown.emit(add_layers(made, self.folder, self.project, canvas=self.canvas))
