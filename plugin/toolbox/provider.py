"""The Processing provider: what the engine's schema lists, and nothing more."""

from __future__ import annotations

from qgis.core import Qgis, QgsMessageLog, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ...errors import GridBeaconError
from ..schema import read_schema
from ..words import in_words
from .algorithms import ICON, RunAlgorithm


class GridBeaconProvider(QgsProcessingProvider):
    """Registered before any engine is installed: its list comes from a file."""

    def id(self):
        return "gridbeacon"

    def name(self):
        return "GridBeacon"

    def longName(self):
        return "GridBeacon 网格烽燧"

    def icon(self):
        return QIcon(str(ICON))

    def svgIconPath(self):
        return str(ICON)

    def loadAlgorithms(self):
        try:
            self.addAlgorithm(RunAlgorithm(read_schema()))
        except GridBeaconError as error:
            QgsMessageLog.logMessage(in_words(error), "GridBeacon", Qgis.MessageLevel.Critical)
