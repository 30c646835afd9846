"""Processing algorithms: each is one command of the engine, described by one entry of the schema."""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
    QgsProcessingUtils,
)
from qgis.PyQt.QtCore import QStandardPaths
from qgis.PyQt.QtGui import QIcon

from ...errors import Cancelled, GridBeaconError
from .. import engine
from ..project.results import add_outputs, load_outputs
from ..schema import known_columns
from ..words import in_words, pick, tr
from .convert import file_of, hand_over
from .fields import ADVANCED, add_parameters, read_settings

ICON = Path(__file__).parents[1] / "icons" / "gridbeacon.svg"

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
PLAIN = {"TIME", "CATEGORY"}
"""Roles shown at once; the others are folded away, for they are found by their names."""
SETTINGS_SHOWN = {"as_of", "window", "bin", "class_depth"}
"""Settings an analyst changes from day to day; the dialog folds away the others, whose defaults are right."""
SEVERAL = {"CATEGORY"}
"""Roles that may be read from more than one field."""


class RunAlgorithm(QgsProcessingAlgorithm):
    """The whole morning: incidents and cells in, briefing, warnings and styled layers out."""

    def __init__(self, schema: dict[str, Any]):
        super().__init__()
        self.schema = schema
        self.inputs: dict[str, Any] = {}
        self.options: list[str] = []

    def createInstance(self):
        return type(self)(self.schema)

    def name(self):
        return "run"

    def displayName(self):
        return pick("Run everything", "一键研判")

    def shortDescription(self):
        return pick(self._run.get("help", ""), self._run.get("help_zh", ""))

    def shortHelpString(self):
        return tr(
            "{what}\n\nChoose the incidents (a layer or files) and the cells, and press Run; all else has a default. "
            "Fields left empty are found by their names. The work is done by a process of its own: "
            "QGIS stays usable, and nothing in your layers is changed.",
            what=self.shortDescription(),
        )

    def icon(self):
        return QIcon(str(ICON))

    def svgIconPath(self):
        return str(ICON)

    def tags(self):
        return ["hot spot", "hotspot", "warning", "incident", "grid", "12345", "热点", "预警", "网格", "研判", "工单"]

    def initAlgorithm(self, config=None):
        self._add_incidents()
        self._add_cells()
        add_parameters(self, self._run["params"], shown=SETTINGS_SHOWN)
        self._add_files()
        where = tr("Folder for runs (each gets a dated folder of its own)")
        self.addParameter(QgsProcessingParameterFolderDestination("OUTPUT", where, str(usual_folder())))
        add_outputs(self)

    @property
    def _run(self) -> dict[str, Any]:
        return self.schema["run"]

    def _add_incidents(self) -> None:
        self.addParameter(
            QgsProcessingParameterFeatureSource("INCIDENTS", tr("Incidents"), [QgsProcessing.TypeVector], optional=True)
        )
        files = QgsProcessingParameterMultipleLayers(
            "INCIDENT_FILES",
            tr("or incident files (CSV, XLSX, GeoPackage, GeoJSON, GeoParquet; also zipped)"),
            QgsProcessing.TypeFile,
            optional=True,
        )
        self.addParameter(files)
        for role in INCIDENT_COLUMNS:
            self._add_column(role, "INCIDENTS", advanced=role not in PLAIN)

    def _add_cells(self) -> None:
        self.addParameter(
            QgsProcessingParameterFeatureSource(
                "CELLS",
                tr("Cells (without them, a regular grid is made)"),
                [QgsProcessing.TypeVectorPolygon],
                optional=True,
            )
        )
        for role in CELL_COLUMNS:
            self._add_column(role, "CELLS", advanced=True)

    def _add_column(self, role: str, parent: str, *, advanced: bool) -> None:
        field = QgsProcessingParameterField(
            role,
            tr({**INCIDENT_COLUMNS, **CELL_COLUMNS}[role]),
            None,
            parent,
            QgsProcessingParameterField.Any,
            role in SEVERAL,
            True,
        )
        field.setFlags(field.flags() | ADVANCED if advanced else field.flags())
        self.addParameter(field)

    def _add_files(self) -> None:
        extra = [
            QgsProcessingParameterString(
                "COLUMNS", tr("Columns of incident files, e.g. time=Opened; category=Group,Type"), "", False, True
            ),
            QgsProcessingParameterFile("RESPONSIBLE", tr("Table of responsible units (class × area)"), optional=True),
            QgsProcessingParameterFile("LEDGER", tr("Ledger of warnings"), optional=True),
            QgsProcessingParameterFile(
                "PLAN", tr("Plan file; the settings above win over it"), extension="toml", optional=True
            ),
            QgsProcessingParameterCrs("CRS", tr("Coordinate system of files that name none"), optional=True),
        ]
        for parameter in extra:
            parameter.setFlags(parameter.flags() | ADVANCED)
            self.addParameter(parameter)

    def checkParameterValues(self, parameters, context):
        if not parameters.get("INCIDENTS") and not parameters.get("INCIDENT_FILES"):
            return False, tr("Choose an incident layer or incident files.")
        return super().checkParameterValues(parameters, context)

    def prepareAlgorithm(self, parameters, context, feedback):
        """On the main thread: look at the layers, and make sure there is an engine before anything is written."""
        try:
            engine.find_python()
            incidents = self._fields(INCIDENT_COLUMNS, parameters, context)
            cells = self._fields(CELL_COLUMNS, parameters, context)
            self.inputs = {
                "--incidents": hand_over(self, "INCIDENTS", parameters, context, incidents, known_columns()),
                "--cells": hand_over(self, "CELLS", parameters, context, cells),
            }
        except GridBeaconError as error:
            raise QgsProcessingException(in_words(error)) from error
        self.options = self._options(parameters, context)
        return True

    def _fields(self, roles, parameters, context) -> list[str]:
        return [name for role in roles for name in self.parameterAsFields(parameters, role, context)]

    def _options(self, parameters, context) -> list[str]:
        """Everything but the layers, the way the command line spells it."""
        files = self.parameterAsFileList(parameters, "INCIDENT_FILES", context)
        options = [part for path in files if path for part in ("--incidents", file_of(path))]
        for role in (*INCIDENT_COLUMNS, *CELL_COLUMNS):
            names = self.parameterAsFields(parameters, role, context)
            options += [f"--{option_name(role)}={','.join(names)}"] if names else []
        options += self._columns_of_files(parameters, context)
        for name in ("RESPONSIBLE", "LEDGER", "PLAN"):
            path = self.parameterAsFile(parameters, name, context)
            options += [f"--{option_name(name)}={path}"] if path else []
        crs = self.parameterAsCrs(parameters, "CRS", context)
        options += [f"--crs={crs.authid() or crs.toWkt()}"] if crs.isValid() else []
        return options + read_settings(self, self._run["params"], parameters, context)

    def _columns_of_files(self, parameters, context) -> list[str]:
        """`time=Opened; category=Group,Type` as options; a role that is none is refused."""
        options = []
        for pair in self.parameterAsString(parameters, "COLUMNS", context).replace("；", ";").split(";"):
            role, _, column = (part.strip() for part in pair.partition("="))
            if pair.strip() and (role.upper() not in {**INCIDENT_COLUMNS, **CELL_COLUMNS} or not column):
                raise QgsProcessingException(
                    tr(
                        "The columns cannot be read at {pair}. Write role=column; the roles are {roles}.",
                        pair=repr(pair.strip()),
                        roles=", ".join(name.lower() for name in (*INCIDENT_COLUMNS, *CELL_COLUMNS)),
                    )
                )
            options += [f"--{option_name(role)}={column}"] if column else []
        return options

    def processAlgorithm(self, parameters, context, feedback):
        """In a thread: write what has to be written, run the engine, queue its layers."""
        runs = Path(self.parameterAsString(parameters, "OUTPUT", context))
        work = Path(tempfile.mkdtemp(prefix="gridbeacon-", dir=QgsProcessingUtils.tempFolder()))
        out = free_folder(runs)
        try:
            done = engine.run(self._arguments(work, out, context, feedback), work, FeedbackListener(feedback))
            feedback.pushInfo(tr("Briefing: {path}", path=done.get("briefing", "")))
        except Cancelled:
            return {}
        except GridBeaconError as error:
            raise QgsProcessingException(in_words(error)) from error
        finally:
            sweep(work, out)
        feedback.setProgress(100)
        return {"OUTPUT": str(runs), **load_outputs(done, context)}

    def _arguments(self, work, out, context, feedback) -> list[str]:
        layers: list[str] = []
        for option, layer in self.inputs.items():
            if layer is not None:
                layers += [option, layer.written(work, context.transformContext(), feedback)]
        return ["run", *layers, *self.options, "--out", str(out)]


class FeedbackListener(engine.Listener):
    """What the engine says, shown in Processing's dialog; its cancel button, heard by the engine."""

    def __init__(self, feedback: QgsProcessingFeedback):
        self.feedback = feedback
        self.text = ""

    def hear(self, message):
        if "fraction" in message:
            self.feedback.setProgress(100 * float(message["fraction"]))
        text = pick(str(message.get("text") or ""), str(message.get("text_zh") or ""))
        if text and text != self.text:
            self.text = text
            self.feedback.pushInfo(text)
        notice = message.get("notice")
        if notice:
            self.feedback.pushInfo("· " + pick(notice.get("en", ""), notice.get("zh", "")))

    def line(self, text):
        self.feedback.pushConsoleInfo(text)

    def cancelled(self):
        return self.feedback.isCanceled()


def option_name(name: str) -> str:
    """The command line's name of a parameter: CELL_ID -> cell-id."""
    return name.lower().replace("_", "-")


def usual_folder() -> Path:
    """Where runs go unless another folder is chosen: among the user's documents, for QGIS clears its temporary one."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents or Path.home()) / "GridBeacon"


def free_folder(runs: Path) -> Path:
    """A dated folder in *runs* that does not exist yet; the engine makes it when the run is complete."""
    stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
    names = [stamp, *(f"{stamp}_{number}" for number in range(2, 100))]
    return next(runs / name for name in names if not (runs / name).exists())


def sweep(work: Path, out: Path) -> None:
    """Remove the work folder, and what an engine ended by force has left beside its folder."""
    for left in (work, *out.parent.glob(f".{out.name}.*.part")):
        shutil.rmtree(left, ignore_errors=True)
