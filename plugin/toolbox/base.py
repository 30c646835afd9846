"""What every algorithm does: look at the layers on the main thread, run one command of the engine in a thread."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingUtils,
)
from qgis.PyQt.QtGui import QIcon

from ...errors import Cancelled, GridBeaconError
from .. import engine
from ..help import help_page
from ..schema import help_of
from ..words import in_words, pick, tr
from .convert import Handover
from .fields import label_of
from .sources import incidents_missing, look_at, source_options, written

ICONS = Path(__file__).parents[1] / "icons"
ICON = ICONS / "gridbeacon.svg"


class EngineAlgorithm(QgsProcessingAlgorithm):
    """One command of the engine, described by one entry of the schema. What differs is in the classes below it."""

    def __init__(self, key: str, schema: dict[str, Any]):
        super().__init__()
        self.key, self.schema = key, schema
        self.layers: dict[str, Handover] = {}
        self.options: list[str] = []

    @property
    def entry(self) -> dict[str, Any]:
        """The command's entry in the schema."""
        return self.schema[self.key]

    def createInstance(self):
        return type(self)(self.key, self.schema)

    def name(self):
        return self.key

    def displayName(self):
        return pick(self.entry.get("title", ""), self.entry.get("title_zh", "")) or self.shortDescription()

    def shortDescription(self):
        return pick(self.entry.get("help", ""), self.entry.get("help_zh", ""))

    def shortHelpString(self):
        return "\n".join([*paragraphs(self.entry), *self.notes(), *settings_told(self.settings_shown())])

    def settings_shown(self) -> list[dict[str, Any]]:
        """The settings that are not folded away, in the dialog's order."""
        raise NotImplementedError

    def notes(self) -> list[str]:
        """Further paragraphs of the help, as HTML."""
        return [
            tr(
                "Fields left empty are found by their names. The work is done by a process of its own: QGIS stays "
                "usable, and nothing in your layers is changed."
            )
        ]

    def helpUrl(self):
        return help_page(self.key)

    def icon(self):
        return QIcon(self.svgIconPath())

    def svgIconPath(self):
        own = ICONS / f"{self.icon_name()}.svg"
        return str(own if own.is_file() else ICON)

    def icon_name(self) -> str:
        """The icon's file name without its ending."""
        return self.key

    def tags(self):
        return ["gridbeacon", "12345", "网格", "工单", self.key.replace("_", " "), self.entry.get("title_zh", "")]

    def checkParameterValues(self, parameters, context):
        if incidents_missing(self, parameters):
            return False, tr("Choose an incident layer or incident files.")
        return super().checkParameterValues(parameters, context)

    def prepareAlgorithm(self, parameters, context, feedback):
        """On the main thread: look at the layers, and make sure there is an engine before anything is written."""
        try:
            engine.find_python()
            self.layers = look_at(self, parameters, context)
        except GridBeaconError as error:
            raise QgsProcessingException(in_words(error)) from error
        self.options = [*source_options(self, parameters, context), *self.own_options(parameters, context)]
        return True

    def own_options(self, parameters: dict[str, Any], context: QgsProcessingContext) -> list[str]:
        """Everything but layers, files of incidents and columns, the way the command line spells it."""
        raise NotImplementedError

    def run_engine(
        self, command: list[str], out: Path, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Write what has to be written, run *command* into *out*; what the engine says it has done, empty if cancelled.

        In a thread. Raises QgsProcessingException in words.
        """
        work = engine.work_folder(Path(QgsProcessingUtils.tempFolder()))
        try:
            layers = written(self.layers, work, context, feedback)
            arguments = [*command, *layers, *self.options, "--out", str(out)]
            return engine.run(arguments, work, FeedbackListener(feedback))
        except Cancelled:
            return {}
        except GridBeaconError as error:
            raise QgsProcessingException(in_words(error)) from error
        finally:
            engine.sweep(work, out)

    def add_numbers(self) -> None:
        """Declare the figures the schema names, for models and scripts."""
        taken = {output.name() for output in self.outputDefinitions()}
        for number in self.entry.get("numbers", []):
            if number["name"].upper() not in taken:
                label = pick(number["help"], number["help_zh"])
                self.addOutput(QgsProcessingOutputNumber(number["name"].upper(), label))

    def numbers(self, done: dict[str, Any]) -> dict[str, Any]:
        """The figures the engine ended with, by their outputs' names."""
        known = {number["name"] for number in self.entry.get("numbers", [])}
        return {name.upper(): value for name, value in done.get("numbers", {}).items() if name in known}


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


def paragraphs(entry: dict[str, Any]) -> list[str]:
    """The texts of an entry as HTML; what stands between backquotes is set as code."""
    texts = [pick(entry.get(key, ""), entry.get(f"{key}_zh", "")) for key in ("help", "about")]
    return [_marked(part) for text in texts if text for part in text.split("\n\n")]


def _marked(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def settings_told(params: list[dict[str, Any]]) -> list[str]:
    """A heading and one line for each setting: its label and what it does, as HTML."""
    lines = [_setting(label_of(param), help_of(param)) for param in params]
    return [f"<h3>{tr('Settings')}</h3>", *lines] if lines else []


def _setting(label: str, told: str) -> str:
    """Label and help, where the help does not only repeat the label."""
    name = label.partition(" (")[0]
    rest = re.sub(r"^[:,;。:,;]+", "", told[len(name) :]) if told.startswith(name) else told
    return f"<b>{escape(label)}</b>: {escape(rest)}" if rest else f"<b>{escape(label)}</b>"
