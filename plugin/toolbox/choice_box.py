"""The list of a choice in Processing's dialogs: said in QGIS's language, worth what scripts and models write.

Processing imports this by the name that `said` puts into a parameter: only where there are dialogs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsProcessingParameterDefinition
from qgis.gui import QgsGui
from qgis.PyQt.QtWidgets import QComboBox

from ..words import tr


class ChoiceBox(WidgetWrapper):
    """What Processing asks of the widget of a parameter; *words* are value -> what it is called."""

    def __new__(cls, param, dialog, row=0, col=0, words=None):
        """In the Model Designer QGIS's own widget, which knows inputs, outputs and expressions, with our words."""
        if type(dialog).__name__ != "ModelerParametersDialog":
            return super().__new__(cls, param, dialog, row, col)
        registry = QgsGui.processingGuiRegistry()
        native = registry.createModelerParameterWidget(dialog.model, dialog.childId, param, dialog.context)
        native.setDialog(dialog)
        for box in native.findChildren(QComboBox):
            _relabel(box, words or {})
        return native

    def createWidget(self, words=None):
        box, param = QComboBox(), self.parameterDefinition()
        if param.flags() & QgsProcessingParameterDefinition.FlagOptional:
            box.addItem(tr("none"), None)
        for value in param.options():
            box.addItem(value, value)
        _relabel(box, words or {})
        box.currentIndexChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        return box

    def createLabel(self):
        return super(WidgetWrapper, self).createLabel()  # QGIS's own, in its language

    def setValue(self, value):
        self.widget.setCurrentIndex(max(self.widget.findData(value), 0))

    def value(self):
        return self.widget.currentData()


def _relabel(box: QComboBox, words: Mapping[str, Any]) -> None:
    for place in range(box.count()):
        word = words.get(str(box.itemData(place)))
        if word:
            box.setItemText(place, str(word))
