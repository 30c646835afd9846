"""A finished run as layers of the project: named, styled, in one group, always added on the main thread."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import qgis.utils
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
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

from ...errors import EnvironmentProblem
from ..words import tr
from . import classes, look, places, playing, provenance
from .contents import SURFACE, TABLES, contents
from .marks import LAYER, RANK, RUN, SWITCH
from .untouched import untouched


class Result(NamedTuple):
    """One layer of a run: its output, its table (the surface has none), its name; drawn, unfolded, one of several."""

    output: str
    layer: str
    english: str
    visible: bool
    unfolded: bool
    evidence: bool = False
    optional: bool = False

    def uri(self, folder: Path) -> str:
        """The layer as QGIS opens it; empty where the run has not made it."""
        path, held = folder / (TABLES if self.layer else SURFACE), contents(folder)
        made = held.patterns if self.output == "EMERGING" else self.layer in ("", *held.tables)
        if not made or not path.is_file():
            return ""
        return f"{path}|layername={self.layer}" if self.layer else str(path)

    @property
    def title(self) -> str:
        """The layer's name in QGIS's language."""
        return tr(self.english)


NAMES_COLUMNS = {
    "EARLY_WARNINGS": "Early warnings",
    "DAYS": "Incidents day by day",
    "EXCLUDED": "Points that were not counted",
    "CELLS": "Boundaries of the units",
    "RISK": "Risk",
    "HOTSPOTS": "Hot spots",
    "EMERGING": "How hot spots came about",
    "DENSITY": "Density (events/km² per period)",
}
RESULTS = (
    Result("EARLY_WARNINGS", "early_warnings", NAMES_COLUMNS["EARLY_WARNINGS"], True, True),
    Result("DAYS", "days", NAMES_COLUMNS["DAYS"], True, True, optional=True),
    Result("EXCLUDED", "excluded", NAMES_COLUMNS["EXCLUDED"], False, False, optional=True),
    Result("CELLS", "cells", NAMES_COLUMNS["CELLS"], True, False),
    Result("RISK", "risk", NAMES_COLUMNS["RISK"], True, True, evidence=True),
    Result("HOTSPOTS", "hotspots", NAMES_COLUMNS["HOTSPOTS"], False, False, evidence=True),
    Result("EMERGING", "hotspots", NAMES_COLUMNS["EMERGING"], False, False, evidence=True, optional=True),
    Result("DENSITY", "", NAMES_COLUMNS["DENSITY"], False, False, evidence=True, optional=True),
)
"""From the top of the layer tree to its bottom. Of the evidence one layer is drawn at a time."""

DRESS: list[Callable[[QgsMapLayer], None]] = []
"""Called with each layer of a run before it joins the project; other rooms add map tips and the like here."""


Opened = list[tuple[Result, QgsMapLayer]]


def show_run(folder: Path, project: QgsProject, *, canvas: Any = None) -> list[QgsMapLayer]:
    """The run's layers in *project*, in one group; layers of it that are there already are left as the user has them.

    All of them are opened before the first is added, so that nothing is half-added. Main thread only; `Showing` does
    the same without holding up the window. With *canvas*, days can be played. Raises EnvironmentProblem.
    """
    return add_layers(list(opening(folder, layers_of(folder, project))), folder, project, canvas=canvas)


def opening(folder: Path, present: Container[str] = ()) -> Iterator[tuple[Result, QgsMapLayer]]:
    """The run's layers but for those *present* in the project, one after the other, dressed and ready.

    Raises EnvironmentProblem if one of them cannot be opened.
    """
    if not contents(folder).tables:  # GDAL would wait for a locked file for a minute, and with it the window
        raise unreadable(tr(RESULTS[0].english), folder / TABLES)
    for result in RESULTS:
        with untouched():
            layer = _opened(result, folder) if result.output not in present else None
        if layer is not None:
            dress(layer)
            yield result, layer


def add_layers(made: Opened, folder: Path, project: QgsProject, *, canvas: Any = None) -> list[QgsMapLayer]:
    """Put opened layers into the run's group; returns all layers of the run, from the top. Main thread only."""
    alone = not project.mapLayers()
    if made:
        _put_aside(folder, project)
    if canvas is not None:
        canvas.freeze(True)
    try:
        for result, layer in made:
            project.addMapLayer(layer, False)
            place_in_group(layer, project, folder, result)
    finally:
        if canvas is not None:
            canvas.freeze(False)
    if made:
        playing.make_playable(project, canvas, contents(folder).window)
    if made and canvas is not None:
        places.look_at(canvas, project, made[0][1].crs(), contents(folder).extent, always=alone)
    everything = layers_of(folder, project)
    return [everything[result.output] for result in RESULTS if result.output in everything]


def _put_aside(folder: Path, project: QgsProject) -> None:
    """Switch off the groups of other runs: two cities of the same cells cannot be read through each other."""
    for group in project.layerTreeRoot().findGroups(True):
        if group.customProperty(RUN) not in (None, run_key(folder)):
            group.setItemVisibilityChecked(False)
            group.setExpanded(False)


def layers_of(folder: Path, project: QgsProject) -> dict[str, QgsMapLayer]:
    """Layers of this run in the project, by their output's name."""
    ours = [layer for layer in project.mapLayers().values() if layer.customProperty(RUN) == run_key(folder)]
    return {str(layer.customProperty(LAYER)): layer for layer in ours}


def reopened(project: QgsProject, canvas: Any) -> None:
    """A project was opened: the days of the runs in it are ready to play again."""
    folders = {str(layer.customProperty(RUN)) for layer in project.mapLayers().values() if layer.customProperty(RUN)}
    spans = [contents(Path(folder)).window for folder in sorted(folders)]
    playing.play_again(project, canvas, [span for span in spans if span is not None])


def run_key(folder: Path) -> str:
    """What tells this run from every other one."""
    return str(Path(folder).resolve())


def dress(layer: QgsMapLayer) -> None:
    """Let the other rooms add what is theirs."""
    for add in DRESS:
        add(layer)


def _opened(result: Result, folder: Path) -> QgsMapLayer | None:
    """The layer, furnished; None where this run has none. Raises EnvironmentProblem."""
    uri = result.uri(folder)
    if result.optional and not uri:
        return None
    options = QgsVectorLayer.LayerOptions()
    options.loadDefaultStyle = result.output in look.DRAWN_BY_THE_FILE
    layer = QgsVectorLayer(uri, result.title, "ogr", options) if result.layer else QgsRasterLayer(uri, result.title)
    if not layer.isValid():
        raise unreadable(result.title, folder / (TABLES if result.layer else SURFACE))
    furnish(layer, result, folder)
    return layer


def unreadable(title: str, path: Path) -> EnvironmentProblem:
    """A layer of a run that cannot be opened, in words."""
    return EnvironmentProblem(
        tr("The results of this run cannot be opened: {layer}.", layer=title),
        where=str(path),
        fix=tr("The file was moved, is being written to by another program, or is damaged. Run once more."),
    )


def furnish(layer: QgsMapLayer, result: Result, folder: Path) -> None:
    """Style, words, time and origin of one layer of a run."""
    layer.setCustomProperty(RANK, RESULTS.index(result))
    layer.setCustomProperty(RUN, run_key(folder))
    layer.setCustomProperty(LAYER, result.output)
    look.furnish(layer, result.output, contents(folder).streets)
    if isinstance(layer, QgsVectorLayer):
        layer.setReadOnly(True)
        classes.begin(layer, folder)
        extent = contents(folder).extent
        if result.output == "EXCLUDED" and extent:  # else "zoom full" goes to the farthest wrong coordinate
            layer.setExtent(QgsRectangle(*extent))
    if result.output in classes.FILTERED:
        layer.setCustomProperty("embeddedWidgets/count", 1)
        layer.setCustomProperty("embeddedWidgets/0/id", SWITCH)
    playing.set_time(layer, result.output)
    provenance.tell(layer, result.title, folder)


def place_in_group(layer: QgsMapLayer, project: QgsProject, folder: Path, result: Result) -> None:
    """Put *layer* into the run's group, below the layers that rank above it."""
    group = _group(project, folder)
    parent = _evidence(group) if result.evidence else group
    rank = RESULTS.index(result)
    above = [place for place, node in enumerate(parent.children()) if _rank(node) < rank]
    old = project.layerTreeRoot().findLayer(layer.id())
    node = QgsLayerTreeLayer(layer)
    look.shorten_legend(node, result.output)
    parent.insertChildNode(above[-1] + 1 if above else 0, node)
    node.setItemVisibilityChecked(result.visible)  # only now: the group of the evidence shows what comes first
    node.setExpanded(not result.unfolded)  # a view unfolds new nodes, and hears of changes only
    node.setExpanded(result.unfolded)
    # Only now: a layer whose last node is removed leaves the project.
    if old is not None and isinstance(old.parent(), QgsLayerTreeGroup):
        old.parent().removeChildNode(old)


def group_of(folder: Path, project: QgsProject) -> QgsLayerTreeGroup | None:
    """The run's group, whatever the user has called it since; None where there is none."""
    groups = project.layerTreeRoot().findGroups(True)
    return next((group for group in groups if group.customProperty(RUN) == run_key(folder)), None)


def group_name(folder: Path) -> str:
    """What the run is called in the layer tree at first."""
    return f"GridBeacon · {folder.name}"


def _group(project: QgsProject, folder: Path) -> QgsLayerTreeGroup:
    found = group_of(folder, project)
    if found is None:
        found = project.layerTreeRoot().insertGroup(0, group_name(folder))
        found.setCustomProperty(RUN, run_key(folder))
    return found


def _evidence(group: QgsLayerTreeGroup) -> QgsLayerTreeGroup:
    """The sub-group of which one layer is drawn at a time, for one would hide the other."""
    found = classes.evidence_of(group)
    if found is None:
        found = group.addGroup("")
        found.setCustomProperty(RANK, len(RESULTS))
        classes.name_evidence(group)
        found.setIsMutuallyExclusive(True, -1)
    return found


def _rank(node: QgsLayerTreeNode) -> int:
    """The rank of a layer of ours; what is not ours stays below."""
    layer = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
    return len(RESULTS) if layer is None else int(layer.customProperty(RANK, len(RESULTS)))


_WAITING: list[QgsProcessingLayerPostProcessorInterface] = []
"""Post-processors on their way: Processing keeps no reference of its own, and Python would collect them."""
MANY = 100
PATTERNS = "|subset=\"pattern\" <> ''"


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
    # Processing tells its results apart by this text: two layers of one table must not have the same.
    found = {result: uri + (PATTERNS if result.output == "EMERGING" else "") for result, uri in found.items()}
    for result, uri in found.items():
        outputs[result.output] = uri
        if context.project() is not None:
            _queue(result, uri, folder, context)
    del _WAITING[:-MANY]
    return outputs


def _queue(result: Result, uri: str, folder: Path, context: QgsProcessingContext) -> None:
    details = QgsProcessingContext.LayerDetails(result.title, context.project(), result.output)
    details.forceName = True
    # One for each layer: the context deletes it with the layer's details, and a shared one would be deleted twice.
    furnisher = Furnisher(result, folder)
    _WAITING.append(furnisher)
    details.setPostProcessor(furnisher)
    context.addLayerToLoadOnCompletion(uri, details)


class Furnisher(QgsProcessingLayerPostProcessorInterface):
    """Gives one layer of a run its style and its place in the run's group."""

    def __init__(self, result: Result, folder: Path):
        super().__init__()
        self.result, self.folder = result, folder

    def postProcessLayer(self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback):
        """Called by Processing on the main thread, after the layer was added to the project."""
        layer.setName(self.result.title)
        with untouched():
            if self.result.output in look.DRAWN_BY_THE_FILE:
                layer.loadDefaultStyle()  # Processing opens its results without the style that lies beside them
            furnish(layer, self.result, self.folder)
        dress(layer)
        project = context.project() or QgsProject.instance()
        place_in_group(layer, project, self.folder, self.result)
        if self.result is RESULTS[0]:
            canvas = qgis.utils.iface.mapCanvas() if qgis.utils.iface is not None else None
            playing.make_playable(project, canvas, contents(self.folder).window)
