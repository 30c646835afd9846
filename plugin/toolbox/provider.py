"""The Processing provider: what the engine's schema lists, three commands pinned on top, and the ready models."""

from __future__ import annotations

from qgis.core import Qgis, QgsMessageLog, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ...errors import GridBeaconError
from ..schema import read_schema
from ..words import in_words
from .base import ICON
from .commands import PINNED
from .ready import ready_models
from .step import ENDINGS, StepAlgorithm

__all__ = ["ICON", "GridBeaconProvider"]


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

    def supportedOutputVectorLayerExtensions(self):
        return list(ENDINGS)

    def supportsNonFileBasedOutput(self):
        return False

    def loadAlgorithms(self):
        try:
            schema = read_schema()
            for key, algorithm in PINNED.items():
                if key in schema:
                    self.addAlgorithm(algorithm(key, schema))
            for key in schema["steps"]:
                self.addAlgorithm(StepAlgorithm(key, schema))
            for model in ready_models() if schema["steps"] else ():
                self.addAlgorithm(model)
        except GridBeaconError as error:
            QgsMessageLog.logMessage(in_words(error), "GridBeacon", Qgis.MessageLevel.Critical)
