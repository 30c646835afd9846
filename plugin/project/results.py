"""A finished run as layers of the project: named, styled, in one group, always added on the main thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import (
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputFile,
    QgsProcessingOutputFolder,
    QgsProcessingOutputNumber,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputVectorLayer,
    QgsProject,
)

from ..words import pick, tr

SURFACE = "surface.tif"
TABLES = "results.gpkg"
RANK = "gridbeacon/rank"


class Result(NamedTuple):
    """One layer of a run: its output, its table (the surface has none), its names; drawn, unfolded."""

    output: str
    layer: str
    english: str
    chinese: str
    visible: bool
    unfolded: bool

    def uri(self, folder: Path) -> str:
        """The layer as QGIS opens it; empty where the run has not made its file."""
        path = folder / (TABLES if self.layer else SURFACE)
        if not path.is_file():
            return ""
        return f"{path}|layername={self.layer}" if self.layer else str(path)

    @property
    def title(self) -> str:
        """The layer's name in QGIS's language."""
        return pick(self.english, self.chinese)


RESULTS = (
    Result("EARLY_WARNINGS", "early_warnings", "Early warnings", "早期预警", True, True),
    Result("CELLS", "cells", "Cells", "网格单元", True, False),
    Result("HOTSPOTS", "hotspots", "Hot spots", "热点", False, False),
    Result("RISK", "risk", "Risk", "风险", True, True),
    Result("DENSITY", "", "Density (events/km² per period)", "密度(件/平方公里·周期)", False, False),
)
"""From the top of the layer tree to its bottom."""

_WAITING: list[QgsProcessingLayerPostProcessorInterface] = []
"""Post-processors on their way: Processing keeps no reference of its own, and Python would collect them."""
MANY = 100


def add_outputs(algorithm: QgsProcessingAlgorithm) -> None:
    """Declare what a run gives back."""
    algorithm.addOutput(QgsProcessingOutputFolder("RUN_FOLDER", tr("Folder of this run")))
    algorithm.addOutput(QgsProcessingOutputFile("BRIEFING", tr("Briefing")))
    algorithm.addOutput(QgsProcessingOutputNumber("WARNINGS", tr("Number of early warnings")))
    for result in RESULTS:
        kind = QgsProcessingOutputVectorLayer if result.layer else QgsProcessingOutputRasterLayer
        algorithm.addOutput(kind(result.output, result.title))


def load_outputs(done: dict[str, Any], context: QgsProcessingContext) -> dict[str, Any]:
    """What the run made, as outputs; its layers are queued to be added when Processing is back on the main thread."""
    folder = Path(done["out"])
    outputs: dict[str, Any] = {
        "RUN_FOLDER": str(folder),
        "BRIEFING": str(done.get("briefing") or ""),
        "WARNINGS": int(done.get("warnings") or 0),
    }
    found = {result: uri for result in RESULTS if (uri := result.uri(folder))}
    for result, uri in found.items():
        outputs[result.output] = uri
        if context.project() is None:
            continue
        details = QgsProcessingContext.LayerDetails(result.title, context.project(), result.output)
        details.forceName = True
        # One for each layer: the context deletes it with the layer's details, and a shared one would be deleted twice.
        furnisher = Furnisher(result, group_name(folder))
        _WAITING.append(furnisher)
        details.setPostProcessor(furnisher)
        context.addLayerToLoadOnCompletion(uri, details)
    del _WAITING[:-MANY]
    return outputs


def group_name(folder: Path) -> str:
    """What the run is called in the layer tree."""
    return f"GridBeacon · {folder.name}"


class Furnisher(QgsProcessingLayerPostProcessorInterface):
    """Gives one layer of a run its name and its place in the run's group; its style lies in the file."""

    def __init__(self, result: Result, group: str):
        super().__init__()
        self.result, self.group = result, group

    def postProcessLayer(self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback):
        """Called by Processing on the main thread, after the layer was added to the project."""
        layer.setName(self.result.title)
        layer.loadDefaultStyle()  # Processing opens its results without the style that lies beside them
        place_in_group(layer, context.project() or QgsProject.instance(), self.group, self.result)


def place_in_group(layer: QgsMapLayer, project: QgsProject, name: str, result: Result) -> None:
    """Move *layer* into the group *name*, below the layers that rank above it."""
    root = project.layerTreeRoot()
    group = root.findGroup(name) or root.insertGroup(0, name)
    rank = RESULTS.index(result)
    layer.setCustomProperty(RANK, rank)
    above = [place for place, node in enumerate(group.children()) if _rank(node) < rank]
    old = root.findLayer(layer.id())
    node = group.insertLayer(above[-1] + 1 if above else 0, layer)
    node.setItemVisibilityChecked(result.visible)
    node.setExpanded(result.unfolded)
    # Only now: a layer whose last node is removed leaves the project.
    if old is not None and isinstance(old.parent(), QgsLayerTreeGroup):
        old.parent().removeChildNode(old)


def _rank(node: QgsLayerTreeNode) -> int:
    """The rank of a layer of ours; what is not ours stays below."""
    layer = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
    return len(RESULTS) if layer is None else int(layer.customProperty(RANK, len(RESULTS)))
