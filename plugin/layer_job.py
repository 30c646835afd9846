"""A job over layers of the project: those that are no files are written in a thread first, then the engine works."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFeatureRequest,
    QgsProject,
    QgsTask,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ..errors import Cancelled, EngineError, GridBeaconError, InputError
from .engine.job import EngineJob
from .engine.sweeping import hold, sweep, work_folder
from .host import Job, Request, Source
from .qt import QtCore
from .request import arguments
from .schema import known_columns
from .toolbox.convert import Handover, is_remote, needed_fields, own_path, remark_on
from .words import tr

_AT_WORK: set[LayerJob] = set()
"""Jobs that have not ended: nobody else may hold them while they write."""
LAST_WAIT = 2000
"""Milliseconds that the end of the plugin waits for a layer that is being written."""
PATIENCE = 1500
"""Milliseconds after which a cancelled job is over for its user, though a database has not answered yet."""


def end_all() -> None:
    """End every job at once and wait until nothing of ours is in a thread: the plugin is taken out."""
    for job in list(_AT_WORK):
        job.end_now()


class LayerSource:
    """The features of a layer as they are now, to be read in a thread while the layer lives on in the window."""

    def __init__(self, layer: QgsVectorLayer, *, selected: bool = False):
        self._features = QgsVectorLayerFeatureSource(layer)
        self._only = layer.selectedFeatureIds() if selected else None
        self._fields, self._kind, self._crs = layer.fields(), layer.wkbType(), layer.crs()

    def fields(self) -> Any:
        """The fields of the layer."""
        return self._fields

    def wkbType(self) -> Any:
        """Its kind of geometry."""
        return self._kind

    def sourceCrs(self) -> Any:
        """Its coordinate system."""
        return self._crs

    def getFeatures(self, request: QgsFeatureRequest) -> Any:
        """The features *request* asks for, of those that were selected."""
        if self._only is not None:
            request.setFilterFids(self._only)
        return self._features.getFeatures(request)


def hand_over_layer(
    layer: QgsVectorLayer, name: str, chosen: list[str], known: frozenset[str] | None, *, selected: bool = False
) -> Handover:
    """*layer* on its way to the engine: by its own path where it is a file, else as features still to be written.

    *chosen* are the fields the user named, *known* those the engine finds by itself (None: any); *selected* leaves all
    other features behind. Main thread only. Raises InputError for a layer without a coordinate system.
    """
    path = "" if selected else own_path(layer)
    if path:
        return Handover(name, path)
    if layer.isSpatial() and not layer.crs().isValid():
        raise InputError(
            tr("The layer {name} has no coordinate system.", name=layer.name()),
            where=layer.name(),
            fix=tr("Give it one: right click on it among the layers, Layer CRS."),
        )
    fields = needed_fields(layer.fields(), chosen, known)
    remark = remark_on(layer, selected=selected)
    source = LayerSource(layer, selected=selected)
    return Handover(name, "", source, fields, is_remote=is_remote(layer), remark=remark)


class Writing(QgsTask):
    """Writes layers into a work folder, beside the window."""

    def __init__(self, handovers: dict[str, Handover], work: Path, done: Any):
        super().__init__(tr("GridBeacon: handing layers over"), QgsTask.Flag.CanCancel)
        self.handovers, self.work, self.done = handovers, work, done
        self.context = QgsProject.instance().transformContext()
        self.written: dict[str, str] = {}
        self.error: GridBeaconError | None = None

    def run(self) -> bool:
        """In the thread."""
        try:
            for key, handover in self.handovers.items():
                self.written[key] = handover.written(self.work, self.context, self)
        except Cancelled:
            return False
        except GridBeaconError as error:
            self.error = error
            return False
        except (OSError, RuntimeError, ValueError) as error:
            self.error = _not_written(error)
            return False
        return not self.isCanceled()

    def finished(self, result: bool) -> None:
        """Back on the main thread."""
        self.done(result)


class LayerJob(Job):
    """`run` or `check` over a request whose sources may be layers."""

    def __init__(self, command: str, request: Request):
        super().__init__()
        self.command, self.request = command, request
        self.work: Path | None = None
        self.lock: Any = None
        self.task: Writing | None = None
        self.engine: EngineJob | None = None
        self.is_stopped = self.is_over = False

    def start(self) -> None:
        """Look at the layers now, write and run after this call has returned."""
        _AT_WORK.add(self)
        try:
            handovers = self._handovers()
            self.work = work_folder()
        except (GridBeaconError, OSError) as error:
            told = error if isinstance(error, GridBeaconError) else _not_written(error)
            QtCore.QTimer.singleShot(0, partial(self._end, self.failed, told))
            return
        if all(handover.path for handover in handovers.values()):
            self._start_engine({key: handover.path for key, handover in handovers.items()})
            return
        self.lock = hold(self.work)
        self.task = Writing(handovers, self.work, self._written)
        self.progressed.emit(-1.0, tr("Handing over the layers"))
        QgsApplication.taskManager().addTask(self.task)

    def cancel(self) -> None:
        """Stop writing, or the engine."""
        if self.is_over or self.is_stopped:
            return
        self.is_stopped = True
        if self.engine is not None:
            self.engine.cancel()
        elif self.task is not None:
            self.task.cancel()
            QtCore.QTimer.singleShot(PATIENCE, self._leave_behind)

    def _leave_behind(self) -> None:
        """A layer that hangs cannot be interrupted: its thread is left to itself, and sweeps when it comes back."""
        if self.task is not None:
            self._tell(self.cancelled)

    def end_now(self) -> None:
        """Stop and say nothing: there is nobody left to hear it."""
        self.is_over = True
        _AT_WORK.discard(self)
        task, self.task = self.task, None
        if task is not None:
            task.cancel()
            task.waitForFinished(LAST_WAIT)
            sweep(self.work)
        if self.engine is not None:
            self.engine.end_now()

    def _handovers(self) -> dict[str, Handover]:
        """Key of each layer -> how it goes to the engine. Raises EngineError for a layer that is gone."""
        chosen = [part for names in self.request.columns.values() for part in (names, *names.split(","))]
        known, found = known_columns(), {}
        for number, source in enumerate(self.request.incidents):
            if source.layer:
                layer, name = _layer_of(source), f"incidents{number}"
                found[source.key] = hand_over_layer(layer, name, chosen, known, selected=source.selected)
        cells = self.request.cells
        if cells is not None and cells.layer:
            found[cells.key] = hand_over_layer(_layer_of(cells), "cells", chosen, None)
        return found

    def _written(self, result: bool) -> None:
        task, self.task, self.lock = self.task, None, None
        if task is None:
            return
        if result and not self.is_stopped:
            remarks = [handover.remark for handover in task.handovers.values() if handover.remark]
            self._start_engine(task.written, remarks)
            return
        sweep(self.work)
        if task.error is not None:
            self._end(self.failed, task.error)
        else:
            self._end(self.cancelled)

    def _start_engine(self, written: dict[str, str], remarks: list[str] | None = None) -> None:
        command = arguments(self.command, self.request, written, remarks or ())
        engine = self.engine = EngineJob(command, self.work, self)
        engine.progressed.connect(self.progressed)
        engine.said.connect(self.said)
        engine.finished.connect(lambda done: self._end(self.finished, done))
        engine.failed.connect(lambda error: self._end(self.failed, self._in_layers(error, written)))
        engine.cancelled.connect(lambda: self._end(self.cancelled))
        engine.start()

    def _in_layers(self, error: GridBeaconError, written: dict[str, str]) -> GridBeaconError:
        """*error* with layers called what the user calls them, not as the files they were written to."""
        sources = (*self.request.incidents, *([self.request.cells] if self.request.cells else ()))
        for source in sources:
            if source.layer and source.key in written:
                file = written[source.key].partition("|")[0]
                error.where = error.where.replace(Path(file).name, source.name)
        return error

    def _tell(self, ending: Any, *facts: Any) -> None:
        if not self.is_over:
            self.is_over = True
            ending.emit(*facts)

    def _end(self, ending: Any, *facts: Any) -> None:
        self._tell(ending, *facts)
        if self in _AT_WORK:
            _AT_WORK.discard(self)
            self.deleteLater()  # here, not in the thread of a task in which Python collects its garbage


def _not_written(error: Exception) -> EngineError:
    return EngineError(
        tr("A layer could not be written for the engine: {why}", why=error),
        where=tr("the project"),
        fix=tr("Make room on the disk of the temporary folder, or save the layer to a file and choose that."),
        code="layer",
    )


def _layer_of(source: Source) -> QgsVectorLayer:
    layer = QgsProject.instance().mapLayer(source.layer)
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        raise EngineError(
            tr("The layer {name} is no longer there.", name=source.name),
            where=tr("the project"),
            fix=tr("Choose another one."),
            code="layer",
        )
    return layer
