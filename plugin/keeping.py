"""What the face remembers from one session to the next: in QGIS's settings, or in the user's own without QGIS."""

from __future__ import annotations

from .qt import IN_QGIS, QtCore

PREFIX = "gridbeacon/"


def _settings() -> QtCore.QSettings:
    if IN_QGIS:
        from qgis.core import QgsSettings

        return QgsSettings()
    return QtCore.QSettings("GridBeacon", "GridBeacon")


def recall(name: str, default: str = "") -> str:
    """The text kept under *name*; *default* where there is none."""
    return str(_settings().value(PREFIX + name, default) or default)


def keep(name: str, text: str) -> None:
    """Remember *text* under *name*; an empty one forgets it."""
    settings = _settings()
    if text:
        settings.setValue(PREFIX + name, text)
    else:
        settings.remove(PREFIX + name)
