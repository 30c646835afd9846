"""Incidents and cells as parameters: layers or files, the fields that play a role, and what belongs to reading them."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
)

from ..schema import known_columns, read_schema
from ..words import pick, tr
from .convert import Handover, file_of, hand_over
from .fields import ADVANCED

INCIDENTS, INCIDENT_FILES, CELLS = "INCIDENTS", "INCIDENT_FILES", "CELLS"
INCIDENT_COLUMNS = {
    "TIME": "Time of the incident",
    "CATEGORY": "Class of the incident (several: from coarse to fine)",
    "ID": "Number of the incident",
    "LON": "Longitude, in a table without points",
    "LAT": "Latitude, in a table without points",
    "SOURCE": "Source (12345, 110, patrol)",
    "KIND": "Handled or reported only",
    "SEVERITY": "Severity",
    "REPORTED_TIME": "Time of the report",
    "CLOSED_TIME": "Time of closing",
    "HANDLER": "Unit that handles it",
    "CELL_CODE": "Code of the cell the incident lies in",
}
"""Role -> label. The engine's option of a role is its name in small letters."""
CELL_COLUMNS = {
    "CELL_ID": "Code of the cell",
    "CELL_NAME": "Name of the cell",
    "CELL_PARENT": "Code of the unit above the cell",
    "CELL_POPULATION": "Population of the cell",
    "CELL_RESPONSIBLE": "Responsible unit of the cell",
    "CELL_ROLE": "Role of the cell (territorial, sectoral)",
}
ROLES = (*INCIDENT_COLUMNS, *CELL_COLUMNS)
PLAIN = {"TIME", "CATEGORY"}
"""Roles shown at once; the others are folded away, for they are found by their names."""
SEVERAL = {"CATEGORY"}
"""Roles that may be read from more than one field."""


def add_sources(algorithm: QgsProcessingAlgorithm, inputs: list[str], *, cells_needed: bool) -> None:
    """Give *algorithm* the parameters of those of `incidents` and `cells` that stand in *inputs*."""
    if "incidents" in inputs:
        _add_incidents(algorithm)
    if "cells" in inputs:
        _add_cells(algorithm, needed=cells_needed)
    if "incidents" in inputs:
        label = tr("Columns of incident files, e.g. time=Opened; category=Group,Type")
        text = QgsProcessingParameterString("COLUMNS", label, "", False, True)
        _add(algorithm, text, tr("Which column of the files plays which role, where its name does not say it."), True)


def _add_incidents(algorithm: QgsProcessingAlgorithm) -> None:
    kinds = [QgsProcessing.TypeVector]
    layer = QgsProcessingParameterFeatureSource(INCIDENTS, tr("Incidents"), kinds, optional=True)
    told = tr("A layer of points, or a table with longitude and latitude. A layer that is a file is read where it is.")
    _add(algorithm, layer, told)
    label = tr("or incident files (several; also zipped)")
    files = QgsProcessingParameterMultipleLayers(INCIDENT_FILES, label, QgsProcessing.TypeFile, optional=True)
    _add(algorithm, files, _help("files", "incidents"))
    for role, words in INCIDENT_COLUMNS.items():
        _add_column(algorithm, role, words, INCIDENTS, advanced=role not in PLAIN)


def _add_cells(algorithm: QgsProcessingAlgorithm, *, needed: bool) -> None:
    label = tr("Cells") if needed else tr("Cells (without them, a regular grid is made)")
    kinds = [QgsProcessing.TypeVectorPolygon]
    layer = QgsProcessingParameterFeatureSource(CELLS, label, kinds, optional=not needed)
    _add(algorithm, layer, tr("Polygons of the grid, of streets or districts, with a code each."))
    for role, words in CELL_COLUMNS.items():
        _add_column(algorithm, role, words, CELLS, advanced=True)


def _add_column(algorithm: QgsProcessingAlgorithm, role: str, words: str, parent: str, *, advanced: bool) -> None:
    field = QgsProcessingParameterField(
        role, tr(words), None, parent, QgsProcessingParameterField.Any, role in SEVERAL, True
    )
    found = tr("Left empty, it is found by its name.")
    _add(algorithm, field, f"{_help('columns', role.lower())} {found}", advanced)


def _add(
    algorithm: QgsProcessingAlgorithm, made: QgsProcessingParameterDefinition, told: str, advanced: bool = False
) -> None:
    made.setHelp(told)
    if advanced:
        made.setFlags(made.flags() | ADVANCED)
    algorithm.addParameter(made)


def _help(table: str, name: str) -> str:
    """The engine's own words on a file or a column, as one sentence."""
    told = read_schema().get(table, {}).get(name, {})
    text = pick(told.get("help", ""), told.get("help_zh", "")).rstrip(".。")
    return f"{text[:1].upper()}{text[1:]}{pick('.', '。')}" if text else ""


def look_at(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> dict[str, Handover]:
    """The chosen layers, ready to be handed over, by the engine's option. Main thread only. Raises EngineError."""
    found = {}
    for option, name, roles, known in (
        ("--incidents", INCIDENTS, INCIDENT_COLUMNS, known_columns()),
        ("--cells", CELLS, CELL_COLUMNS, None),
    ):
        if algorithm.parameterDefinition(name) is not None:
            chosen = [field for role in roles for field in algorithm.parameterAsFields(parameters, role, context)]
            layer = hand_over(algorithm, name, parameters, context, chosen, known)
            found.update({option: layer} if layer is not None else {})
    return found


def source_options(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> list[str]:
    """Files and columns the way the command line spells them. Raises QgsProcessingException for a wrong role."""
    options: list[str] = []
    if algorithm.parameterDefinition(INCIDENT_FILES) is not None:
        files = algorithm.parameterAsFileList(parameters, INCIDENT_FILES, context)
        options += [part for path in files if path for part in ("--incidents", file_of(path))]
    for role in ROLES:
        if algorithm.parameterDefinition(role) is not None:
            names = algorithm.parameterAsFields(parameters, role, context)
            options += [f"--{option_name(role)}={','.join(names)}"] if names else []
    if algorithm.parameterDefinition("COLUMNS") is not None:
        options += _columns_of_files(algorithm.parameterAsString(parameters, "COLUMNS", context))
    return options


def _columns_of_files(text: str) -> list[str]:
    """`time=Opened; category=Group,Type` as options; a role that is none is refused."""
    options = []
    for pair in text.replace("；", ";").split(";"):
        role, _, column = (part.strip() for part in pair.partition("="))
        if pair.strip() and (role.upper() not in ROLES or not column):
            raise QgsProcessingException(
                tr(
                    "The columns cannot be read at {pair}. Write role=column; the roles are {roles}.",
                    pair=repr(pair.strip()),
                    roles=", ".join(name.lower() for name in ROLES),
                )
            )
        options += [f"--{option_name(role)}={column}"] if column else []
    return options


def incidents_missing(algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any]) -> bool:
    """Whether *algorithm* wants incidents and none were chosen."""
    wants = algorithm.parameterDefinition(INCIDENTS) is not None
    return wants and not parameters.get(INCIDENTS) and not parameters.get(INCIDENT_FILES)


def written(layers: dict[str, Handover], work: Any, context: QgsProcessingContext, feedback: QgsProcessingFeedback):
    """`--incidents FILE --cells FILE`: each layer's file, written into *work* where it has none of its own."""
    options: list[str] = []
    for option, layer in layers.items():
        options += [option, layer.written(work, context.transformContext(), feedback)]
    return options


def option_name(name: str) -> str:
    """The command line's name of a parameter: CELL_ID -> cell-id."""
    return name.lower().replace("_", "-")
