"""Further files of a run as Processing parameters, and back as the engine's options: what the engine calls `files`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
)

from ..schema import read_schema
from ..words import pick, tr
from .convert import file_of
from .fields import ADVANCED, said
from .sources import option_name

LABELS_COLUMNS = {
    "PRESET": "Preset (settings left at their default take its values)",
    "PLAN": "Plan file; the settings above win over it",
    "RESPONSIBLE": "Table of responsible units (class × area)",
    "LEDGER": "Ledger of warnings",
    "CALIBRATION": "Calibration of this city",
    "EVENTS": "Table of known events",
    "DAYS": "Table of days off and moved working days",
    "RENAME": "Renamed classes, e.g. old=new; older=newer",
    "CLASS_POLICY": "Class policy of your own",
    "CRS": "Coordinate system of incident files that name none",
    "CELLS_CRS": "Coordinate system of cells that name none",
    "CELLS_BEFORE": "Cells of the division before",
    "CELLS_SINCE": "First day of today's cells",
    "REPAIR": "Use a repaired copy of the cells",
    "KEY": "Key of pseudonyms",
    "BASEMAP": "Layers or a picture beneath the briefing's map",
    "BASEMAP_CRS": "Coordinate system of base map files that name none",
    "PUBLIC": "Folder for the public version (a dated folder is made in it)",
}
"""Parameter -> label. The engine's option is the name in small letters; its help is the engine's own."""
OF_READING = ("CRS", "CELLS_CRS", "RENAME", "CLASS_POLICY", "DAYS", "EVENTS", "CELLS_BEFORE", "CELLS_SINCE")
"""What every command that reads incidents and cells takes."""
OF_REPLAY = ("PRESET", "PLAN", "RESPONSIBLE", *OF_READING, "KEY")
OF_CHECK = ("PRESET", "PLAN", "RESPONSIBLE", "LEDGER", *OF_READING, "REPAIR", "KEY")
OF_RUN = (
    *("PRESET", "PLAN", "RESPONSIBLE", "LEDGER", "CALIBRATION"),
    *(*OF_READING, "REPAIR", "KEY", "BASEMAP", "BASEMAP_CRS", "PUBLIC"),
)
SHOWN = {"PRESET"}
TABLES = "CSV, XLSX (*.csv *.xlsx)"
KINDS = {
    "PLAN": "TOML (*.toml)",
    "RESPONSIBLE": TABLES,
    "LEDGER": "SQLite, GeoPackage (*.sqlite *.gpkg)",
    "CALIBRATION": "JSON (*.json)",
    "EVENTS": TABLES,
    "DAYS": TABLES,
    "CLASS_POLICY": "JSON (*.json)",
    "CELLS_BEFORE": "GeoPackage, GeoJSON, Shapefile (*.gpkg *.geojson *.json *.shp *.zip)",
}


def add_files(algorithm: QgsProcessingAlgorithm, names: Iterable[str]) -> None:
    """Give *algorithm* the parameters *names*; all but the preset are folded away."""
    told = read_schema().get("files", {})
    for name in names:
        made = _MAKERS.get(name, _file)(name, tr(LABELS_COLUMNS[name]))
        facts = told.get(name.lower(), {})
        made.setHelp(pick(facts.get("help", ""), facts.get("help_zh", "")))
        if name not in SHOWN:
            made.setFlags(made.flags() | ADVANCED)
        algorithm.addParameter(made)


def file_options(
    algorithm: QgsProcessingAlgorithm, names: Iterable[str], parameters: dict[str, Any], context: QgsProcessingContext
) -> list[str]:
    """The engine's options of those of *names* that were chosen."""
    options: list[str] = []
    for name in names:
        for value in _READERS.get(name, _read_text)(algorithm, parameters, name, context):
            options.append(f"--{option_name(name)}={value}" if value else f"--{option_name(name)}")
    return options


def _file(name: str, label: str) -> QgsProcessingParameterDefinition:
    made = QgsProcessingParameterFile(name, label, optional=True)
    made.setFileFilter(f"{KINDS[name]};;(*.*)" if name in KINDS else "(*.*)")
    return made


def _folder(name: str, label: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFile(name, label, QgsProcessingParameterFile.Folder, optional=True)


def _crs(name: str, label: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterCrs(name, label, optional=True)


def _text(name: str, label: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterString(name, label, "", False, True)


def _switch(name: str, label: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterBoolean(name, label, False)


def _files(name: str, label: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterMultipleLayers(name, label, QgsProcessing.TypeFile, optional=True)


def _preset(name: str, label: str) -> QgsProcessingParameterDefinition:
    presets = {
        preset["name"]: pick(preset["name"].capitalize(), preset.get("zh", ""))
        for preset in read_schema()["run"].get("presets", [])
    }
    return said(QgsProcessingParameterEnum(name, label, list(presets), False, None, True, True), presets)


_MAKERS: dict[str, Callable[[str, str], QgsProcessingParameterDefinition]] = {
    "PRESET": _preset,
    "CRS": _crs,
    "CELLS_CRS": _crs,
    "BASEMAP_CRS": _crs,
    "RENAME": _text,
    "CELLS_SINCE": _text,
    "REPAIR": _switch,
    "BASEMAP": _files,
    "PUBLIC": _folder,
}


def _read_text(algorithm, parameters, name, context):
    text = algorithm.parameterAsString(parameters, name, context).strip()
    return [text] if text else []


def _read_preset(algorithm, parameters, name, context):
    chosen = algorithm.parameterAsEnumString(parameters, name, context) if parameters.get(name) else ""
    return [chosen] if chosen else []


def _read_crs(algorithm, parameters, name, context):
    crs = algorithm.parameterAsCrs(parameters, name, context) if parameters.get(name) else None
    return [crs.authid() or crs.toWkt()] if crs is not None and crs.isValid() else []


def _read_pairs(algorithm, parameters, name, context):
    text = algorithm.parameterAsString(parameters, name, context).replace("；", ";")
    return [pair.strip() for pair in text.split(";") if pair.strip()]


def _read_switch(algorithm, parameters, name, context):
    return [""] if algorithm.parameterAsBool(parameters, name, context) else []


def _read_files(algorithm, parameters, name, context):
    return [file_of(path) for path in algorithm.parameterAsFileList(parameters, name, context) if path]


def _read_nothing(algorithm, parameters, name, context):
    return []


_READERS: dict[str, Callable[..., list[str]]] = {
    "PRESET": _read_preset,
    "CRS": _read_crs,
    "CELLS_CRS": _read_crs,
    "BASEMAP_CRS": _read_crs,
    "RENAME": _read_pairs,
    "REPAIR": _read_switch,
    "BASEMAP": _read_files,
    "PUBLIC": _read_nothing,
}


def public_option(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext, out: Path
) -> list[str]:
    """`--public`, into a folder named like the run's own; nothing where none was chosen."""
    place = algorithm.parameterAsFile(parameters, "PUBLIC", context)
    return [f"--public={Path(place) / out.name}"] if place else []
