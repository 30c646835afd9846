"""Runs in QGIS's Python: a run is put into a project, looked at from all sides, and told as JSON."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import sys
import time
from pathlib import Path

from session import Session, answer, asked

wish = asked()
session = Session(wish.get("locale", "en"))

from gridbeacon.errors import GridBeaconError  # noqa: E402
from gridbeacon.plugin.project import atlas, classes, places, results, showing, switch  # noqa: E402
from qgis.core import (  # noqa: E402
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsLayerNotesUtils,
    QgsLayerTreeGroup,
    QgsLayerTreeModel,
    QgsProject,
    QgsRectangle,
    QgsTemporalNavigationObject,
    QgsVectorLayer,
    QgsVectorLayerTemporalContext,
)
from qgis.PyQt.QtCore import QCoreApplication  # noqa: E402

folder, project = Path(wish["run"]), QgsProject.instance()
canvas = session.face.canvas
navigation = QgsTemporalNavigationObject(canvas)
canvas.setTemporalController(navigation)


def checksum() -> str:
    return hashlib.sha256((folder / "results.gpkg").read_bytes()).hexdigest()


BEFORE = checksum()


def tree(node) -> list:
    """[name, checked, children] of every node below *node*."""
    return [
        [child.name(), child.itemVisibilityChecked(), tree(child) if isinstance(child, QgsLayerTreeGroup) else []]
        for child in node.children()
    ]


def legend(layer) -> list[str]:
    node = project.layerTreeRoot().findLayer(layer.id())
    model = QgsLayerTreeModel(project.layerTreeRoot())
    return [str(part.data(0)) for part in model.layerLegendNodes(node)]


def rows_at(layer, frame: int) -> int:
    """How many rows the layer draws in a frame of the temporal controller."""
    context = QgsVectorLayerTemporalContext()
    context.setLayer(layer)
    span = navigation.dateTimeRangeForFrameNumber(frame)
    condition = layer.temporalProperties().createFilterString(context, span)
    return sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setFilterExpression(condition)))


def told_of(layer) -> dict:
    told = {"name": layer.name(), "renderer": layer.renderer().type(), "legend": legend(layer)}
    told["notes"] = QgsLayerNotesUtils.layerNotes(layer)
    told["abstract"] = layer.metadata().abstract()
    told["history"] = layer.metadata().history()
    told["rights"] = layer.metadata().rights()
    if isinstance(layer, QgsVectorLayer):
        told["aliases"] = {field.name(): field.alias() for field in layer.fields()}
        told["read_only"] = layer.readOnly()
        told["subset"] = layer.subsetString()
        told["timed"] = layer.temporalProperties().isActive()
    return told


def wait(until, seconds: float = 20.0) -> float:
    """Let the window breathe until something is so; the longest time it could not, in seconds."""
    ends, last, longest = time.monotonic() + seconds, time.monotonic(), 0.0
    while time.monotonic() < ends and not until():
        QCoreApplication.processEvents()
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    return longest


def shown() -> dict:
    """Layers, order, legend, time, origin; twice the same; one taken out and brought back; the file untouched."""
    layers = results.show_run(folder, project, canvas=canvas)
    outputs = [layer.customProperty("gridbeacon/layer") for layer in layers]
    told = {name: told_of(layer) for name, layer in zip(outputs, layers, strict=True)}
    first_tree = tree(project.layerTreeRoot())
    group = results.group_of(folder, project)
    group.setName("mine")
    again = results.show_run(folder, project, canvas=canvas)
    same = [layer.id() for layer in again] == [layer.id() for layer in layers]
    project.removeMapLayer(layers[outputs.index("RISK")].id())
    back = results.show_run(folder, project, canvas=canvas)
    return {
        "outputs": outputs,
        "layers": told,
        "tree": first_tree,
        "same": same,
        "tree_after": tree(project.layerTreeRoot()),
        "back": [layer.customProperty("gridbeacon/layer") for layer in back],
        "untouched": checksum() == BEFORE,
    }


def played() -> dict:
    """The controller is ready, and pressing play moves it."""
    layers = results.layers_of(folder, project)
    total = navigation.totalFrameCount()
    frames = {name: [rows_at(layers[name], frame) for frame in range(total)] for name in ("EARLY_WARNINGS", "DAYS")}
    standing = navigation.currentFrameNumber()
    seen = []
    navigation.updateTemporalRange.connect(lambda span: seen.append(span.begin().toString("yyyy-MM-dd")))
    navigation.setFramesPerSecond(50)
    navigation.playForward()
    wait(lambda: len(seen) >= 5, 5)
    navigation.pause()
    span = project.timeSettings().temporalRange()
    days = [span.begin().toString("yyyy-MM-dd hh:mm"), span.end().toString("yyyy-MM-dd hh:mm")]
    return {"total": total, "standing": standing, "frames": frames, "seen": seen[:5], "project": days}


def classed() -> dict:
    """Every class on every level, however it is called: how many rows each layer shows."""
    group, layers = results.group_of(folder, project), results.layers_of(folder, project)
    held = classes.contents(folder)
    found = []
    for category in held.classes:
        for level, _ in held.levels:
            classes.show_class(group, category, level)
            counts = [sum(1 for _ in layers[name].getFeatures()) for name in ("RISK", "HOTSPOTS", "EMERGING")]
            found.append([category, level, *counts, classes.shown(group) == (category, level)])
    classes.show_class(group, held.classes[0], held.levels[0][0])
    switched = _switched(layers, held.classes[-1])
    return {
        "switched": switched,
        "classes": held.classes,
        "levels": held.levels,
        "counts": found,
        "untouched": checksum() == BEFORE,
    }


def _switched(layers, category) -> list:
    """Chosen in the layer tree under one layer: both lists of the other layer follow, and so do the rows."""
    switch.register()
    one, other = switch.Switch(layers["RISK"]), switch.Switch(layers["HOTSPOTS"])
    one.category.setCurrentIndex(one.category.findData(category))
    one.category.activated.emit(one.category.currentIndex())
    one.level.setCurrentIndex(1)
    one.level.activated.emit(1)
    rows = {str(feature["category"]) for feature in layers["HOTSPOTS"].getFeatures()}
    levels = {feature["unit_level"] for feature in layers["HOTSPOTS"].getFeatures()}
    texts = [one.category.itemText(0), other.category.currentData(), other.level.currentData()]
    name = classes.evidence_of(results.group_of(folder, project)).name()
    switch.unregister()
    return [*texts, sorted(rows), sorted(levels), name]


def flashed() -> list:
    """Zoom and flash in three coordinate systems: is the place in the middle of the map, what is flashed in which."""
    found = []
    flashes = []
    canvas.flashGeometries = lambda shapes, crs, *rest: flashes.append([len(shapes), crs.authid()])
    canvas.resize(800, 600)
    layer = results.layers_of(folder, project)["EARLY_WARNINGS"]
    for code in ("EPSG:32649", "EPSG:4326", "EPSG:3857"):
        canvas.setDestinationCrs(QgsCoordinateReferenceSystem(code))
        for warning in wish["warnings"]:
            places.flash(session.face, folder, warning)
            want = next(f for f in layer.getFeatures() if f["warning_id"] == warning["warning_id"]).geometry()
            box = canvas.mapSettings().layerExtentToOutputExtent(layer, want.boundingBox())
            view = canvas.extent()
            found.append([code, view.contains(box), box.width() / view.width() + box.height() / view.height() > 0.5])
    try:
        places.flash(session.face, folder, {"warning_id": "x", "cell_id": "' OR 1=1 --"})
        refused = ""
    except GridBeaconError as error:
        refused = error.problem
    heard = []
    stop = places.follow(layer, heard.append)
    layer.selectByIds([next(layer.getFeatures()).id()])
    layer.removeSelection()
    stop()
    layer.selectByIds([next(layer.getFeatures()).id()])
    layer.removeSelection()
    return [found, flashes, refused, heard]


def printed() -> dict:
    """The atlas: as many pages as warnings, and their PDF."""
    layout = atlas.make_layout(folder, project)
    atlas.export_pages(layout, folder.parent / "pages.pdf")
    trouble = ""
    try:
        atlas.export_pages(layout, folder.parent)  # a folder is no file
    except GridBeaconError as error:
        trouble = error.problem
    layout.atlas().updateFeatures()
    names = [entry.name() for entry in project.layoutManager().layouts()]
    found = atlas.layout_of(folder, project) is layout
    return {"pages": layout.atlas().count(), "names": names, "found": found, "trouble": trouble}


def damaged() -> list:
    """Nothing is added of a run whose file is gone, empty, cut, without a date, or held by another program."""
    found = []
    for kind in ("gone", "empty", "cut", "undated", "locked"):
        bad = folder.parent / kind
        bad.mkdir()
        whole = (folder / "results.gpkg").read_bytes()
        if kind != "gone":
            (bad / "results.gpkg").write_bytes({"empty": b"", "cut": whole[:5000]}.get(kind, whole))
        if kind == "undated":
            _undate(bad / "results.gpkg")
        holder = _hold(bad / "results.gpkg") if kind == "locked" else None
        before = len(project.mapLayers()), tree(project.layerTreeRoot())
        try:
            results.show_run(bad, project, canvas=canvas)
            problem = ""
        except GridBeaconError as error:
            problem = error.problem + error.fix
        found.append([kind, problem, (len(project.mapLayers()), tree(project.layerTreeRoot())) == before])
        if holder is not None:
            holder.close()
    return found


def _undate(path: Path) -> None:
    book = sqlite3.connect(path)
    for (trigger,) in book.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        book.execute(f'DROP TRIGGER "{trigger}"')  # they name functions of GDAL
    book.execute("UPDATE risk SET window_start = 'yesterday'")
    book.commit()
    book.close()


def _hold(path: Path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def beside() -> dict:
    """The same a layer a turn: the window goes on, what is added is the same, and the map goes there."""
    project.clear()
    canvas.setExtent(QgsRectangle(0, 0, 1, 1))
    done, failed = [], []
    task = showing.Showing(folder, project, canvas)
    task.shown.connect(done.append)
    task.failed.connect(failed.append)
    task.start()
    longest = wait(lambda: done or failed)
    city = _middle()
    bad = showing.Showing(folder.parent / "cut", project, canvas)
    bad.shown.connect(done.append)
    bad.failed.connect(failed.append)
    bad.start()
    wait(lambda: failed)
    groups = len(project.layerTreeRoot().children())
    return {
        "layers": [layer.customProperty("gridbeacon/layer") for layer in done[0]] if done else [],
        "longest": longest,
        "city": city,
        "failed": [error.problem for error in failed],
        "groups": groups,
        "another": _interrupted(project.clear),
        "faulty": _interrupted(lambda: results.DRESS.append(_no_more)),
    }


def _no_more(layer) -> None:
    raise RuntimeError("a fault of another room")


def _interrupted(befalls) -> list:
    """What is added, and told, of a run to which something befalls when its first layers are open."""
    project.clear()
    heard, excepthook = [], sys.excepthook
    showing_now = showing.Showing(folder, project, canvas)
    showing_now.shown.connect(lambda layers: heard.append("shown"))
    showing_now.start()
    wait(lambda: len(showing_now.made) > 1)
    sys.excepthook = lambda *_: heard.append("fault")
    befalls()
    wait(lambda: False, 1)
    sys.excepthook = excepthook
    results.DRESS[:] = [add for add in results.DRESS if add is not _no_more]
    return [len(project.mapLayers()), heard]


def second() -> dict:
    """Another run beside the first: its days are played too, and the first is switched off."""
    other = folder.parent / "second"
    shutil.copytree(folder, other)
    with sqlite3.connect(other / "results.gpkg") as book:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            book.create_function(name, 1, lambda shape: 0)
        book.execute("UPDATE risk SET window_start = '2025-12-06T00:00:00.000', window_end = '2026-01-03T00:00:00.000'")
        book.execute("ALTER TABLE hotspots DROP COLUMN pattern")
    layers = results.show_run(other, project, canvas=canvas)
    span = navigation.temporalExtents()
    return {
        "tree": [[name, checked] for name, checked, _ in tree(project.layerTreeRoot())],
        "outputs": [layer.customProperty("gridbeacon/layer") for layer in layers],
        "days": [span.begin().toString("yyyy-MM-dd"), span.end().toString("yyyy-MM-dd")],
        "frame": navigation.currentFrameNumber(),
        "middle": _middle(),
    }


def _middle() -> bool:
    """Whether the map shows the city, once the event loop has turned."""
    wait(lambda: False, 0.3)
    cells = results.layers_of(folder, project)["CELLS"]
    return canvas.extent().contains(canvas.mapSettings().layerExtentToOutputExtent(cells, cells.extent()).center())


def backwards() -> list:
    """Layers that Processing brings in another order end in the same places."""
    project.clear()
    for result, layer in reversed(list(results.opening(folder))):
        project.addMapLayer(layer, False)
        results.place_in_group(layer, project, folder, result)
    return tree(project.layerTreeRoot())


PARTS = {part.__name__: part for part in (shown, played, classed, flashed, printed, damaged, second, backwards, beside)}
told = {name: PARTS[name]() for name in wish["parts"]}
answer(**told)
