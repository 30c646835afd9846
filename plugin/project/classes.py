"""Which class and which level of units the evidence shows: one at a time, for their polygons lie over each other."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsLayerTreeGroup, QgsRectangle, QgsVectorLayer

from ..words import tr
from .contents import Contents, contents
from .marks import LAYER, NAMED, RANK, RUN, SHOWN_CLASS, SHOWN_LEVEL
from .untouched import untouched

FILTERED = ("RISK", "HOTSPOTS", "EMERGING")
CORNERS = 4


def begin(layer: QgsVectorLayer, folder: Path) -> None:
    """Show all incidents on the finest units, as long as nothing else is chosen."""
    held = contents(folder)
    if held.classes and held.levels:
        _filter(layer, held, held.classes[0], held.levels[0][0])


def show_class(group: QgsLayerTreeGroup, category: str, level: int | None = None) -> None:
    """Let the evidence of a run's group show one class, on units of one level (None: the level shown now)."""
    level = shown(group)[1] if level is None else level
    held = contents(Path(str(group.customProperty(RUN, ""))))
    with untouched():
        for node in group.findLayers():
            if isinstance(node.layer(), QgsVectorLayer):
                _filter(node.layer(), held, category, level)
    group.setCustomProperty(SHOWN_CLASS, category)
    group.setCustomProperty(SHOWN_LEVEL, level)
    name_evidence(group)


def shown(group: QgsLayerTreeGroup) -> tuple[str, int]:
    """The class and the level that the evidence of a run's group shows."""
    held = contents(Path(str(group.customProperty(RUN, ""))))
    category = str(group.customProperty(SHOWN_CLASS, held.classes[0] if held.classes else ""))
    return category, int(group.customProperty(SHOWN_LEVEL, held.levels[0][0] if held.levels else 0))


def evidence_of(group: QgsLayerTreeGroup) -> QgsLayerTreeGroup | None:
    """The sub-group of a run's group that holds its evidence; None where the user has taken it out."""
    return next((node for node in group.findGroups() if node.customProperty(RANK) is not None), None)


def name_evidence(group: QgsLayerTreeGroup) -> None:
    """Let the name of the evidence say which class and which units it is of, unless the user has named it."""
    evidence, held = evidence_of(group), contents(Path(str(group.customProperty(RUN, ""))))
    if evidence is None or evidence.name() != str(evidence.customProperty(NAMED, "")):
        return
    category, level = shown(group)
    units = dict(held.levels).get(level, "")
    name = tr("Evidence: {what}, {units}", what=word_of(category, held), units=units)
    evidence.setName(name)
    evidence.setCustomProperty(NAMED, name)


def word_of(category: str, held: Contents) -> str:
    """What a class is called: all of them together bear a code."""
    return tr("all incidents") if held.classes[:1] == (category,) else category


def _filter(layer: QgsVectorLayer, held: Contents, category: str, level: int) -> None:
    if layer.customProperty(LAYER) not in FILTERED:
        return
    wanted = rows_of(category, level, patterns=layer.customProperty(LAYER) == "EMERGING")
    if layer.subsetString() == wanted or not layer.setSubsetString(wanted):
        return
    if len(held.extent) == CORNERS:
        layer.setExtent(QgsRectangle(*held.extent))  # else QGIS reads every geometry to learn it


def rows_of(category: str, level: int, *, patterns: bool = False) -> str:
    """The SQL condition of one class on one level. Patterns are found for all incidents only, whatever the class."""
    what = "\"pattern\" <> ''" if patterns else f'"category" = {sql_text(category)}'
    return f'{what} AND "unit_level" = {int(level)} AND "role" = \'territorial\''


def sql_text(text: str) -> str:
    """*text* as SQLite reads it: a quote doubled and nothing else. (QgsExpression.quotedValue doubles backslashes.)"""
    return "'" + text.replace("\0", "").replace("'", "''") + "'"
