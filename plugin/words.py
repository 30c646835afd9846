"""English or Chinese: which one the face speaks, and the plugin's own sentences in it."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

from ..errors import GridBeaconError
from .qt import IN_QGIS, QtCore

CATALOGUES = Path(__file__).parent / "i18n" / "zh_CN"
"""One file for each room: English sentence -> Chinese."""


def speaks_chinese() -> bool:
    """Whether to speak Chinese: QGIS's own language, GRIDBEACON_LANG without QGIS, else the system's."""
    name = _qgis_language() if IN_QGIS else os.environ.get("GRIDBEACON_LANG", "")
    return str(name or QtCore.QLocale.system().name()).startswith("zh")


def _qgis_language() -> str:
    from qgis.core import QgsSettings

    settings = QgsSettings()
    overridden = settings.value("locale/overrideFlag", False, type=bool)
    return settings.value("locale/userLocale", "") if overridden else ""


@lru_cache(maxsize=1)
def _chinese() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(CATALOGUES.glob("*.json")):
        found.update(json.loads(path.read_text(encoding="utf-8")))
    return found


def tr(text: str, **values: object) -> str:
    """*text* in the face's language, with *values* put into its {places}."""
    spoken = _chinese().get(text, text) if speaks_chinese() else text
    return spoken.format(**values) if values else spoken


def pick(english: str, chinese: str) -> str:
    """The text of the pair in the face's language; the other one where it is empty."""
    return (chinese or english) if speaks_chinese() else (english or chinese)


def in_words(error: GridBeaconError) -> str:
    """Problem with its code, where and fix on three lines."""
    problem = f"{error.problem} [{error.code}]" if error.code else error.problem
    return "\n".join(part for part in (problem, error.where, error.fix) if part)
