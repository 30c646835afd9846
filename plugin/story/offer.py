"""Files dropped on QGIS's own window: QGIS opens them as it always does; one with incidents is offered to the dock too.

A drop on the map means "show me this file", and another plugin may want it as much as we do, so nothing is taken over.
But a hotline's table opened as a layer has neither places nor Chinese when it was written in GB18030: the bar says that
the dock reads it as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.gui import QgsCustomDropHandler
from qgis.PyQt import sip

from ..qt import QtCore, QtWidgets
from ..words import tr
from .dropped import holds_incidents

TITLE = "GridBeacon"
GATHERED = 300
"""Milliseconds in which files dropped together arrive one by one."""
STAYS = 20
"""Seconds the offer stays."""


class OfferDrop(QgsCustomDropHandler):
    """Looks at files on their way into QGIS, takes none, and offers those with incidents."""

    def __init__(self, iface: Any, take: Callable[[list[str]], None]):
        super().__init__()
        self.iface, self.take = iface, take
        self.seen: list[str] = []
        self.gathering = QtCore.QTimer(self)
        self.gathering.setSingleShot(True)
        self.gathering.setInterval(GATHERED)
        self.gathering.timeout.connect(self.offer)
        self.messages: list[QtWidgets.QWidget] = []

    def handleFileDrop(self, file: str) -> bool:
        if holds_incidents(Path(file)):
            self.seen.append(file)
            self.gathering.start()
        return False

    def offer(self) -> None:
        """One line in the message bar for all that was dropped together."""
        paths, self.seen = self.seen, []
        self.messages = [message for message in self.messages if not sip.isdeleted(message)]
        bar = self.iface.messageBar()
        names = ", ".join(Path(path).name for path in paths)
        message = bar.createMessage(TITLE, "")
        self.messages.append(message)
        words = QtWidgets.QLabel(tr("{files}: these look like incidents.", files=names))
        words.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        button = QtWidgets.QPushButton(tr("Use them in GridBeacon"))
        button.setToolTip(tr("Put these files into the form of the GridBeacon dock"))

        def leave() -> None:
            self._take_back(message)

        def use() -> None:
            self.take(paths)
            QtCore.QTimer.singleShot(0, leave)  # not from here: the button would go while it is being clicked

        button.clicked.connect(use)
        message.layout().addWidget(words)
        message.layout().addWidget(button)
        bar.pushWidget(message, Qgis.MessageLevel.Info, STAYS)

    def end(self) -> None:
        """Take back every offer: there is nobody left to take it up."""
        self.gathering.stop()
        for message in list(self.messages):
            self._take_back(message)

    def _take_back(self, message: QtWidgets.QWidget) -> None:
        if message in self.messages and not sip.isdeleted(message):
            self.messages.remove(message)
            self.iface.messageBar().popWidget(message)
