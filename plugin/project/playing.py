"""Time: which rows a moment shows, and a temporal controller that is ready to play the days of a run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from qgis.core import (
    QgsDateTimeRange,
    QgsInterval,
    QgsMapLayer,
    QgsProject,
    QgsTemporalNavigationObject,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsVectorLayerTemporalProperties,
)

from ..qt import QtCore

SET_BY_USER = ("TemporalControllerWidget", "/NavigationMode")
"""Where a project keeps what was set in QGIS's temporal controller by hand."""
OURS = "gridbeacon"
"""Property of a temporal controller that we have set: another run may widen it."""


def set_time(layer: QgsMapLayer, output: str) -> None:
    """A day's rows are shown on their day. A warning is shown from the day it was first seen, and stays.

    The evidence is of the whole window: it has no time of its own.
    """
    if not isinstance(layer, QgsVectorLayer):
        return
    modes, time = QgsVectorLayerTemporalProperties.TemporalMode, layer.temporalProperties()
    known = layer.fields().names()
    if output == "DAYS" and "day_end" in known:
        time.setMode(modes.FeatureDateTimeStartAndEndFromFields)
        time.setStartField("day_start")
        time.setEndField("day_end")
        time.setIsActive(True)
    elif output == "EARLY_WARNINGS":
        time.setMode(modes.FeatureDateTimeInstantFromField)
        time.setStartField("first_seen" if "first_seen" in known else "window_start")
        time.setAccumulateFeatures(True)
        time.setIsActive(True)


def make_playable(project: QgsProject, canvas: Any, span: tuple[datetime, datetime] | None) -> None:
    """Set the days that can be played, one a frame, and stand on the last one; several runs are played together.

    A time that the user plays by is left alone. *span* is the run's window in local time, its end not included.
    """
    if span is None:
        return
    settings, days = project.timeSettings(), _range(*span)
    if settings.temporalRange().isInfinite():
        settings.setTemporalRange(days)
        settings.setTimeStep(1)
        settings.setTimeStepUnit(QgsUnitTypes.TemporalUnit.TemporalDays)
    controller = canvas.temporalController() if canvas is not None else None
    if not isinstance(controller, QgsTemporalNavigationObject):
        return
    modes = QgsTemporalNavigationObject.NavigationMode
    if controller.navigationMode() == modes.NavigationOff:
        controller.setProperty(OURS, True)
    elif controller.property(OURS):
        days.extend(controller.temporalExtents())
    else:
        return
    controller.setTemporalExtents(days)
    controller.setFrameDuration(QgsInterval(1, QgsUnitTypes.TemporalUnit.TemporalDays))
    controller.setNavigationMode(modes.Animated)
    controller.setCurrentFrameNumber(controller.totalFrameCount() - 1)


def play_again(project: QgsProject, canvas: Any, spans: Iterable[tuple[datetime, datetime]]) -> None:
    """Let the days of runs be played in a project that was opened, unless its user has set how: else all of them would
    be drawn over each other.
    """
    if not project.readNumEntry(*SET_BY_USER)[1]:
        for span in spans:
            make_playable(project, canvas, span)


def _range(start: datetime, end: datetime) -> QgsDateTimeRange:
    return QgsDateTimeRange(_moment(start), _moment(end), True, False)


def _moment(when: datetime) -> QtCore.QDateTime:
    return QtCore.QDateTime(QtCore.QDate(when.year, when.month, when.day), QtCore.QTime(when.hour, when.minute))
