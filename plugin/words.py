"""English or Chinese: which one QGIS speaks, and the plugin's own sentences in it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QLocale

CATALOGUE = Path(__file__).parent / "i18n" / "zh_CN.json"


def speaks_chinese() -> bool:
    """Whether QGIS is set to Chinese: its own setting where it overrides the system's, else the system's."""
    settings = QgsSettings()
    overridden = settings.value("locale/overrideFlag", False, type=bool)
    name = settings.value("locale/userLocale", "") if overridden else ""
    return str(name or QLocale.system().name()).startswith("zh")


@lru_cache(maxsize=1)
def _chinese() -> dict[str, str]:
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))


def tr(text: str, **values: object) -> str:
    """*text* in QGIS's language, with *values* put into its {places}."""
    spoken = _chinese().get(text, text) if speaks_chinese() else text
    return spoken.format(**values) if values else spoken


def pick(english: str, chinese: str) -> str:
    """The text of the pair that QGIS's language asks for; the other one where it is empty."""
    return (chinese or english) if speaks_chinese() else (english or chinese)
