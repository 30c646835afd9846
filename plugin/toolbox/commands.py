"""The three algorithms pinned on top: 体检 (check), 研判 (run) and 复盘 (replay)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingOutputFolder,
    QgsProcessingOutputHtml,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterFolderDestination,
)

from ..project.results import add_outputs, load_outputs
from ..runs import free_folder, usual_folder
from ..words import tr
from .base import EngineAlgorithm
from .city_files import OF_CHECK, OF_REPLAY, OF_RUN, add_files, file_options, public_option
from .fields import add_parameters, read_settings
from .loading import load_layer
from .sources import add_sources

SETTINGS_SHOWN = {"as_of", "window", "bin", "class_depth", "classes"}
"""Settings an analyst changes from day to day; the dialog folds away the others, whose defaults are right."""


class _City(EngineAlgorithm):
    """Reads incidents and cells under the settings of a run and writes a dated folder into the one chosen."""

    place = 0
    """Where it stands among the pinned ones."""
    files: tuple[str, ...] = ()

    def displayName(self):
        return f"{self.place} {super().displayName()}"

    def notes(self):
        precedence = tr(
            "A setting left at its default is not passed on: then the plan file's value holds, or else the preset's. A "
            "setting changed here wins over both."
        )
        return [*super().notes(), precedence]

    def settings_shown(self):
        own = self.entry["params"] if self.key != "run" else []
        return [*own, *(param for param in self.schema["run"]["params"] if param["name"] in SETTINGS_SHOWN)]

    def initAlgorithm(self, config=None):
        add_sources(self, ["incidents", "cells"], cells_needed=False)
        add_parameters(self, self.entry["params"] if self.key != "run" else [], shown={"from_day", "to_day"})
        add_files(self, self.files[:1])
        add_parameters(self, self.schema["run"]["params"], shown=SETTINGS_SHOWN)
        add_files(self, self.files[1:])
        where = tr("Folder for runs (each gets a dated folder of its own)")
        folder = QgsProcessingParameterFolderDestination("OUTPUT", where, str(usual_folder()))
        folder.setHelp(tr("Nothing in it is written over."))
        self.addParameter(folder)
        self.declare_outputs()
        self.add_numbers()

    def declare_outputs(self) -> None:
        """What the folder gives beside figures."""
        raise NotImplementedError

    def own_options(self, parameters, context):
        options = file_options(self, self.files, parameters, context)
        return options + read_settings(self, self.schema["run"]["params"], parameters, context)

    def processAlgorithm(self, parameters, context, feedback):
        """In a thread."""
        runs = Path(self.parameterAsString(parameters, "OUTPUT", context))
        out = free_folder(runs)
        remarks = [f"--remark={layer.remark}" for layer in self.layers.values() if layer.remark]
        command = [self.key, *remarks, *self.more(parameters, context, out)]
        done = self.run_engine(command, out, context, feedback)
        if not done:
            return {}
        feedback.setProgress(100)
        return {"OUTPUT": str(runs), **self.numbers(done), **self.results(done, context, feedback)}

    def more(self, parameters: dict[str, Any], context: QgsProcessingContext, out: Path) -> list[str]:
        """Options that need the name of the folder to be written."""
        return []

    def results(self, done: dict[str, Any], context: QgsProcessingContext, feedback: Any) -> dict[str, Any]:
        """The declared outputs, figures aside."""
        raise NotImplementedError


class RunAlgorithm(_City):
    """The whole morning: incidents and cells in, briefing, warnings and styled layers out."""

    place = 2
    files = OF_RUN

    def tags(self):
        return [*super().tags(), "hot spot", "hotspot", "warning", "incident", "grid", "热点", "预警", "研判", "晨报"]

    def declare_outputs(self):
        add_outputs(self)

    def more(self, parameters, context, out):
        return public_option(self, parameters, context, out)

    def results(self, done, context, feedback):
        feedback.pushInfo(tr("Briefing: {path}", path=done.get("briefing", "")))
        return load_outputs(done, context)


class CheckAlgorithm(_City):
    """What a run would use of the files and what not: a report, the account, faults of the cells as a layer."""

    place = 1
    files = OF_CHECK

    def tags(self):
        return [*super().tags(), "quality", "account", "topology", "体检", "质量", "拓扑"]

    def declare_outputs(self):
        self.addOutput(QgsProcessingOutputHtml("REPORT", tr("Quality report")))
        self.addOutput(QgsProcessingOutputFolder("FOLDER", tr("Folder of this check")))
        self.addOutput(QgsProcessingOutputVectorLayer("TOPOLOGY", tr("Faults of the cells")))

    def results(self, done, context, feedback):
        report, folder = str(done.get("report", "")), Path(done["out"])
        feedback.pushInfo(tr("Quality report: {path}", path=report))
        found: dict[str, Any] = {"REPORT": report, "FOLDER": str(folder)}
        faults = folder / "topology.gpkg"
        if faults.is_file():
            found["TOPOLOGY"] = f"{faults}|layername=topology"
            load_layer(found["TOPOLOGY"], tr("Faults of the cells"), "TOPOLOGY", "topology", context)
        return found


class ReplayAlgorithm(_City):
    """What would have been warned over a stretch of the past."""

    place = 3
    files = OF_REPLAY

    def tags(self):
        return [*super().tags(), "past", "backtest", "复盘", "回放"]

    def declare_outputs(self):
        self.addOutput(QgsProcessingOutputFolder("FOLDER", tr("Folder of this replay")))
        self.addOutput(QgsProcessingOutputVectorLayer("TABLE", tr("Warnings of the replay")))

    def checkParameterValues(self, parameters, context):
        missing = [name for name in ("FROM_DAY", "TO_DAY") if not str(parameters.get(name) or "").strip()]
        if missing:
            return False, tr("Name the first day and the day after the last.")
        return super().checkParameterValues(parameters, context)

    def own_options(self, parameters, context):
        days = {name: self.parameterAsString(parameters, name, context).strip() for name in ("FROM_DAY", "TO_DAY")}
        return [f"--from={days['FROM_DAY']}", f"--to={days['TO_DAY']}", *super().own_options(parameters, context)]

    def results(self, done, context, feedback):
        table = str(done.get("replay", ""))
        load_layer(table, tr("Warnings of the replay"), "TABLE", "", context)
        return {"FOLDER": str(done["out"]), "TABLE": table}


PINNED = {"check": CheckAlgorithm, "run": RunAlgorithm, "replay": ReplayAlgorithm}
"""In the order in which they stand."""
