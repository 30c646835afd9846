"""Time: which rows a moment shows, and a temporal controller that is ready to play the days of a run."""

from __future__ import annotations

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

SPANS = {"EARLY_WARNINGS": ("window_start", "window_end"), "DAYS": ("day_start", "day_end")}
"""Layers whose rows have a beginning and an end of their own."""


def set_time(layer: QgsMapLayer, output: str) -> None:
    """Rows of warnings and days appear in their own time; the evidence is of the whole window, so it stays."""
    columns = SPANS.get(output)
    if columns is None or not isinstance(layer, QgsVectorLayer):
        return
    start, end = columns
    if layer.fields().lookupField(start) < 0 or layer.fields().lookupField(end) < 0:
        return
    time = layer.temporalProperties()
    time.setMode(QgsVectorLayerTemporalProperties.TemporalMode.FeatureDateTimeStartAndEndFromFields)
    time.setStartField(start)
    time.setEndField(end)
    time.setIsActive(True)


def make_playable(project: QgsProject, canvas: Any, span: tuple[datetime, datetime] | None) -> None:
    """Set the days that can be played, one a frame, and stand on the last one. A time the user plays by is left alone.

    *span* is the run's window in local time, its end not included.
    """
    if span is None:
        return
    days = QgsDateTimeRange(_moment(span[0]), _moment(span[1]), True, False)
    if project.timeSettings().temporalRange().isInfinite():
        project.timeSettings().setTemporalRange(days)
        project.timeSettings().setTimeStep(1)
        project.timeSettings().setTimeStepUnit(QgsUnitTypes.TemporalUnit.TemporalDays)
    controller = canvas.temporalController() if canvas is not None else None
    if not isinstance(controller, QgsTemporalNavigationObject):
        return
    off = QgsTemporalNavigationObject.NavigationMode.NavigationOff
    if controller.navigationMode() != off:
        return
    controller.setTemporalExtents(days)
    controller.setFrameDuration(QgsInterval(1, QgsUnitTypes.TemporalUnit.TemporalDays))
    controller.setNavigationMode(QgsTemporalNavigationObject.NavigationMode.Animated)
    controller.setCurrentFrameNumber(controller.totalFrameCount() - 1)


def _moment(when: datetime) -> QtCore.QDateTime:
    return QtCore.QDateTime(
        QtCore.QDate(when.year, when.month, when.day), QtCore.QTime(when.hour, when.minute, when.second)
    )
