"""From a warning to its place on the map, and from a place on the map to its warning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateTransform,
    QgsExpression,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt import sip

from ...errors import InputError
from ...layers import style
from ..qt import QtCore, QtGui
from ..words import tr
from .contents import TABLES, contents

ROOM_AROUND, ROOM_AROUND_CITY = 1.6, 1.06
"""Width of the map around a place and around the city, in their own widths."""
SETTLE = 150
"""Milliseconds without a change of the layers on the map after which it is moved."""
FLASHES, FLASH_MS = 3, 500


def flash(iface: Any, folder: Path, warning: dict[str, str]) -> None:
    """Zoom to the unit of a *warning* (a row of early_warnings.csv), and flash it with the units that carry it.

    The run's layers are added first where they are missing. Raises InputError if the run does not know the place,
    EnvironmentProblem if its layers cannot be opened.
    """
    from .results import RESULTS, layers_of, show_run, unreadable

    if not contents(folder).tables:  # layers that are there already would find nothing in it
        raise unreadable(RESULTS[0].title, folder / TABLES)
    project, canvas = QgsProject.instance(), iface.mapCanvas()
    layers = layers_of(folder, project)
    if "EARLY_WARNINGS" not in layers or "CELLS" not in layers:
        show_run(folder, project, canvas=canvas)
        layers = layers_of(folder, project)
    layer = layers["EARLY_WARNINGS"]
    whole = shapes(layer, "warning_id", [warning.get("warning_id", "")])
    if not whole:
        layer = layers["CELLS"]
        whole = shapes(layer, "cell_id", [warning.get("cell_id", "")])
    if not whole:
        raise InputError(
            tr("The place of this warning is not in the run."),
            where=str(warning.get("cell_name") or warning.get("cell_id") or ""),
            fix=tr("Choose the run that the warning belongs to."),
        )
    zoom_to(canvas, whole, layer, project)
    carriers = shapes(layers["CELLS"], "cell_id", _codes(warning.get("place_ids", "")))
    canvas.flashGeometries([*carriers, *whole], layer.crs(), *_colours(warning.get("level", "")), FLASHES, FLASH_MS)


def shapes(layer: QgsVectorLayer, column: str, codes: Iterable[str]) -> list[QgsGeometry]:
    """Geometries of the rows whose *column* is one of *codes*."""
    wanted = [code for code in codes if code]
    if not wanted:
        return []
    listed = ", ".join(QgsExpression.quotedValue(code) for code in wanted)
    request = QgsFeatureRequest().setFilterExpression(f"{QgsExpression.quotedColumnRef(column)} IN ({listed})")
    found = [feature.geometry() for feature in layer.getFeatures(request.setSubsetOfAttributes([]))]
    return [shape for shape in found if not shape.isEmpty()]


def zoom_to(canvas: Any, whole: list[QgsGeometry], layer: QgsVectorLayer, project: QgsProject) -> None:
    """Show the place with some of its surroundings, whatever coordinate system the map is in."""
    bounds = QgsRectangle()
    for shape in whole:
        bounds.combineExtentWith(shape.boundingBox())
    there = QgsCoordinateTransform(layer.crs(), canvas.mapSettings().destinationCrs(), project)
    bounds = there.transformBoundingBox(bounds)
    bounds.scale(ROOM_AROUND)
    canvas.setExtent(bounds)
    canvas.refresh()


def follow(layer: QgsVectorLayer, chosen: Callable[[str], None]) -> Callable[[], None]:
    """Call *chosen* with the `cell_id` of a warning that the user selects on the map; returns what ends that."""

    def tell(selected: list[int], *_: Any) -> None:
        if len(selected) == 1:
            feature = next(layer.getFeatures(QgsFeatureRequest(selected[0])), None)
            if feature is not None:
                chosen(str(feature["cell_id"]))

    def stop() -> None:
        if not sip.isdeleted(layer):
            layer.selectionChanged.disconnect(tell)

    layer.selectionChanged.connect(tell)
    return stop


def look_at(canvas: Any, project: QgsProject, crs: Any, extent: tuple[float, ...], *, always: bool) -> None:
    """Show an *extent* (west, south, east, north in *crs*) if *always*, else only where the map shows nothing of it.

    It is done when the map has been still for a moment: QGIS moves it itself, after a project got its first layer.
    """

    def look() -> None:
        soon.deleteLater()
        there = QgsCoordinateTransform(crs, canvas.mapSettings().destinationCrs(), project)
        bounds = there.transformBoundingBox(QgsRectangle(*extent))
        if always or not canvas.extent().intersects(bounds):
            bounds.scale(ROOM_AROUND_CITY)
            canvas.setExtent(bounds)
            canvas.refresh()

    if extent:
        soon = QtCore.QTimer(canvas)  # gone with the map, should that be sooner
        soon.setSingleShot(True)
        soon.setInterval(SETTLE)
        soon.timeout.connect(look)
        canvas.layersChanged.connect(soon.start)
        soon.start()


def _codes(text: str) -> list[str]:
    return [code for code in (text or "").split(";") if code]


def _colours(level: str) -> tuple[QtGui.QColor, QtGui.QColor]:
    """The level's colour, and the same gone: what a flash begins and ends with."""
    known = {entry.name: entry.dark for entry in style.LEVELS}
    begins, ends = (QtGui.QColor(known.get(level, style.GROUND["light"]["muted"])) for _ in range(2))
    begins.setAlpha(200)
    ends.setAlpha(0)
    return begins, ends
