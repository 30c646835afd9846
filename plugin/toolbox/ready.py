"""Ready models: files of the Model Designer, shown in the toolbox among the algorithms, in QGIS's language."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingModelAlgorithm
from qgis.PyQt.QtGui import QIcon

from ..words import tr
from .base import ICONS

MODELS = Path(__file__).parents[1] / "models"
TITLES_COLUMNS = {
    "weekly_hot_spots": "Hot spots and their history",
    "density_and_hot_spots": "Density and hot spots",
    "repaired_run": "Cells repaired, then run",
}
"""Model -> its title; the file's name is its id."""
HELP_COLUMNS = {
    "weekly_hot_spots": "Hot spots over four weeks, and over twelve weeks which of them are new, growing or fading.",
    "density_and_hot_spots": "The density surface of the window's incidents, and the cells that stand out from it.",
    "repaired_run": "Faults of the cells as a layer, a repaired copy, and the whole morning on that copy.",
}
LABELS_COLUMNS = {
    "INCIDENTS": "Incidents",
    "CELLS": "Cells",
    "CLASS_NODE": "Class, with every class below it; empty takes all",
    "AS_OF": "Moment of decision, e.g. 2026-01-05; empty: the end of the last complete day",
    "RUNS": "Folder for runs (each gets a dated folder of its own)",
    "HOT_SPOTS": "Hot spots",
    "EMERGING": "How hot spots came about",
    "DENSITY": "Density surface",
    "FAULTS": "Faults of the cells",
    "REPAIRED": "Repaired cells",
}
"""Parameter, or output of a child (`getis_ord:HOT_SPOTS`) -> label; it is the help too."""


class ReadyModel(QgsProcessingModelAlgorithm):
    """One model of the plugin. It is read anew for each use: only then are all of its algorithms registered."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.read = self.fromFile(str(path))

    def createInstance(self):
        return type(self)(self.path)

    def displayName(self):
        return tr(TITLES_COLUMNS[self.path.stem])

    def group(self):
        return tr("Ready models")

    def groupId(self):
        return "ready_models"

    def shortHelpString(self):
        parts = map(self._parts, self.parameterDefinitions())
        told = [f"<b>{escape(name)}</b>: {escape(more)}" for name, more in parts if more]
        return "\n".join([self.shortDescription(), *told])

    def shortDescription(self):
        return tr(HELP_COLUMNS[self.path.stem])

    def icon(self):
        return QIcon(self.svgIconPath())

    def svgIconPath(self):
        return str(ICONS / "ready_models.svg")

    def initAlgorithm(self, config=None):
        """The parameters as the file has them, said in QGIS's language."""
        super().initAlgorithm(config or {})
        for definition in self.parameterDefinitions():
            name, more = self._parts(definition)
            definition.setDescription(name)
            definition.setHelp(more or name)
        for output in self.outputDefinitions():
            output.setDescription(self._label(output))

    def _parts(self, definition: Any) -> tuple[str, str]:
        """What a parameter is called, and what more there is to say: a label as long as that widens the dialog."""
        name, _, more = self._label(definition).partition(",")
        return name, more.strip()

    def _label(self, definition: Any) -> str:
        return tr(LABELS_COLUMNS.get(definition.name().rpartition(":")[2], definition.description()))


def ready_models() -> list[ReadyModel]:
    """Every model that can be read, by name."""
    found = [ReadyModel(path) for path in sorted(MODELS.glob("*.model3")) if path.stem in TITLES_COLUMNS]
    return [model for model in found if model.read]
