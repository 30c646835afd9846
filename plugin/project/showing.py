"""A run's layers opened beside the window and added when all of them are ready: a large city does not hold it up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProject, QgsTask

from ...errors import GridBeaconError
from ..qt import QtWidgets, Signal
from ..words import tr
from .results import Opened, add_layers, layers_of, open_layers


class Showing(QgsTask):
    """`Showing(folder, project, canvas).start()`; one of `shown` and `failed` tells how it went."""

    shown = Signal(list)
    """The run's layers, from the top."""
    failed = Signal(object)
    """A GridBeaconError; nothing was added."""

    def __init__(self, folder: Path, project: QgsProject, canvas: Any = None):
        super().__init__(tr("Opening the results"), QgsTask.Flag.CanCancel)
        self.folder, self.project, self.canvas = folder, project, canvas
        self.present = set(layers_of(folder, project))
        self.made: Opened = []
        self.error: GridBeaconError | None = None

    def start(self) -> None:
        """Hand it to QGIS's task manager; returns at once."""
        _UNDER_WAY.append(self)
        QgsApplication.taskManager().addTask(self)

    def run(self) -> bool:
        """In a thread of its own: open the layers and give them to the main thread."""
        try:
            self.made = open_layers(self.folder, self.present)
        except GridBeaconError as error:
            self.error = error
            return False
        for _, layer in self.made:
            layer.moveToThread(QtWidgets.QApplication.instance().thread())
        return True

    def finished(self, result: bool) -> None:
        """On the main thread: add them, or say why not. Cancelled, it says nothing and adds nothing."""
        _UNDER_WAY.remove(self)
        if result:
            here = layers_of(self.folder, self.project)
            made = [(kind, layer) for kind, layer in self.made if kind.output not in here]
            self.shown.emit(add_layers(made, self.folder, self.project, canvas=self.canvas))
        elif self.error is not None:
            self.failed.emit(self.error)


_UNDER_WAY: list[Showing] = []
"""The task manager keeps no Python reference, and a collected task never finishes."""
