"""In the layer tree, under each layer of a run's evidence: which class and which units it shows, chosen right there."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakSet

from qgis.core import QgsLayerTreeGroup, QgsMapLayer, QgsProject
from qgis.gui import QgsGui, QgsLayerTreeEmbeddedWidgetProvider
from qgis.PyQt import sip

from ..qt import QtWidgets
from ..words import tr
from .classes import FILTERED, show_class, shown, word_of
from .contents import contents
from .marks import LAYER, RUN, SWITCH
from .results import group_of

_OPEN: WeakSet[Switch] = WeakSet()


def register() -> None:
    """From now on QGIS's layer tree has the switch, in projects opened later too."""
    QgsGui.layerTreeEmbeddedWidgetRegistry().addProvider(Provider())


def unregister() -> None:
    """Take the switches out of the layer tree."""
    QgsGui.layerTreeEmbeddedWidgetRegistry().removeProvider(SWITCH)
    for widget in list(_OPEN):
        if not sip.isdeleted(widget):
            widget.hide()
            widget.deleteLater()


class Provider(QgsLayerTreeEmbeddedWidgetProvider):
    """What QGIS asks for a switch."""

    def id(self):
        return SWITCH

    def name(self):
        return tr("Class and units of a run")

    def createWidget(self, layer, widgetIndex):
        return Switch(layer)

    def supportsLayer(self, layer):
        return layer.customProperty(LAYER) in FILTERED


class Switch(QtWidgets.QWidget):
    """Two lists, classes and kinds of units; all layers of the evidence follow, and their other switches too."""

    def __init__(self, layer: QgsMapLayer):
        super().__init__()
        _OPEN.add(self)
        self.folder = Path(str(layer.customProperty(RUN, "")))
        self.category, self.level = QtWidgets.QComboBox(), QtWidgets.QComboBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 1, 4, 1)
        for choice, help in (
            (self.category, tr("Class that risk and hot spots are shown of")),
            (self.level, tr("Units that are shown: streets, cells …")),
        ):
            choice.setToolTip(help)
            choice.setAccessibleName(help)
            choice.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(6)
            choice.activated.connect(self._choose)
            row.addWidget(choice, 1)
        # How hot spots came about is found for all incidents only.
        self.category.setVisible(layer.customProperty(LAYER) != "EMERGING")
        self._fill()
        group = self._group()
        if group is not None:
            group.customPropertyChanged.connect(self._follow)
        self._follow()

    def _fill(self) -> None:
        held = contents(self.folder)
        for name in held.classes:
            self.category.addItem(word_of(name, held), name)
        for number, name in held.levels:
            self.level.addItem(name, number)

    def _group(self) -> QgsLayerTreeGroup | None:
        return group_of(self.folder, QgsProject.instance())

    def _choose(self, *_: int) -> None:
        group = self._group()
        if group is not None and self.level.currentData() is not None:
            show_class(group, self.category.currentData(), self.level.currentData())

    def _follow(self, *_: object) -> None:
        """Show what the evidence shows, whoever has chosen it."""
        group = self._group()
        if group is not None:
            category, level = shown(group)
            self.category.setCurrentIndex(self.category.findData(category))
            self.level.setCurrentIndex(self.level.findData(level))
