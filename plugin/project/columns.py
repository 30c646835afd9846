"""What the columns of a run's tables, and the codes in them, are called in QGIS's language."""

from __future__ import annotations

from qgis.core import QgsEditorWidgetSetup, QgsVectorLayer

from ...layers import style
from ..words import pick, tr

RESULT_COLUMNS = {
    "cell_id": "Code of the unit",
    "cell_name": "Place",
    "name": "Name",
    "unit_level": "Level of the unit",
    "level_name": "Kind of unit",
    "parent": "Code of the unit above",
    "role": "Territorial or sectoral",
    "category": "Class",
    "window_start": "From (local time)",
    "window_end": "Until (not included)",
    "day_start": "Day",
    "day_end": "End of the day (not included)",
    "incidents": "Incidents counted",
    "expected": "Usual number",
    "observed": "Observed",
    "risk": "Risk (0–1)",
    "warning_level": "Level of early warning",
    "status": "State of the data",
    "gi_star": "Gi* (z value)",
    "p_value": "p value",
    "q_value": "q value (false-discovery rate)",
    "hotspot_class": "Kind of hot spot",
    "pattern": "How it came about",
    "warning_id": "Number of the warning",
    "rank": "Rank",
    "level": "Level",
    "within_budget": "Within the day's budget",
    "ratio": "Times the usual",
    "excess": "Above the usual",
    "recurrence_days": "By chance once in (days)",
    "models": "Models behind it",
    "sources": "Sources (incidents)",
    "source_count": "Number of sources",
    "reason": "Reason",
    "reason_en": "Reason (English)",
    "responsible": "Responsible unit",
    "closed": "Handling",
    "closed_count": "Closed incidents",
    "places": "Units touched (incidents)",
    "place_ids": "Codes of the units touched",
    "first_seen": "First seen",
    "times_seen": "Times seen",
    "change": "Change",
    "phase": "Phase",
    "state": "State of handling",
    "caveats": "Caveats",
    "caveats_en": "Caveats (English)",
    "stability": "Stability",
    "merged_into": "Merged into",
    "steps": "Steps in force",
    "needs_confirmation": "A person is to confirm it",
    "false_per_week": "False by chance a week",
    "false_low": "False by chance a week, at least",
    "false_high": "False by chance a week, at most",
    "deadline": "Deadline",
    "x": "Centre X (m)",
    "y": "Centre Y (m)",
    "slot": "Order within the unit",
    "population": "Population",
    "valid_from": "Valid from",
    "valid_to": "Valid until",
    "incident_id": "Incident number",
    "rule": "Rule",
    "source_file": "File",
    "source_row": "Row",
    "time": "Time (local)",
}
"""Column -> what it is called."""


def name_columns(layer: QgsVectorLayer) -> None:
    """Aliases for the columns, and words for the codes they hold."""
    codes = _codes()
    for number, field in enumerate(layer.fields()):
        if field.name() in RESULT_COLUMNS:
            layer.setFieldAlias(number, tr(RESULT_COLUMNS[field.name()]))
        if field.name() in codes:
            pairs = [{word: code} for code, word in codes[field.name()].items()]
            layer.setEditorWidgetSetup(number, QgsEditorWidgetSetup("ValueMap", {"map": pairs}))


def _codes() -> dict[str, dict[str, str]]:
    """Column -> code -> word."""
    levels = {level.name: level_words(level) for level in style.LEVELS}
    untold = tr("too little data to tell")
    patterns = {entry.name: pick(entry.en, entry.zh) for entry in style.EMERGING_CLASSES if entry.name}
    cold = [kind.replace("_hot", "_cold") for kind in patterns if kind.endswith("_hot")]
    return {
        "level": levels,
        "warning_level": {**levels, "": tr("none")},
        "role": {"territorial": tr("territorial"), "sectoral": tr("sectoral")},
        "phase": {
            "open": tr("in force"),
            "escalated": tr("raised"),
            "merged": tr("merged"),
            "quiet": tr("grown quiet"),
            "ended": tr("ended"),
        },
        "hotspot_class": {entry.name: pick(entry.en, entry.zh) for entry in style.HOTSPOT_CLASSES},
        "pattern": {
            **patterns,
            **dict.fromkeys(cold, patterns["cold"]),
            "none": pick(style.EMERGING_CLASSES[-2].en, style.EMERGING_CLASSES[-2].zh),
            "": tr("not looked for"),
        },
        "status": {
            "": tr("normal"),
            "ok": tr("normal"),
            "no data": pick(style.NO_DATA.en, style.NO_DATA.zh),
            "no contrast": untold,
            "empty class": tr("no incident of this class"),
            "too few bins": untold,
            "too few cells": untold,
        },
        "change": {chinese: pick(english, chinese) for chinese, english in style.CHANGES.items()},
        "state": {chinese: pick(english, chinese) for chinese, english in style.STATES.items()},
    }


def level_words(level: style.Level) -> str:
    """A level of early warning with what it asks for: `I red · Check now`."""
    return pick(f"{level.numeral} {level.en} · {level.verb_en}", f"{level.numeral} {level.zh} · {level.verb_zh}")
