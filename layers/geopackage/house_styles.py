"""Styles of the layers for the house alone, points set aside and streets day by day, and the patterns of hot spots."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import style
from . import qml

ALIASES = {
    "incident_id": "事件编号",
    "reason": "原因",
    "reason_en": "原因(英文)",
    "rule": "规则编号",
    "source_file": "来源文件",
    "source_row": "行号",
    "time": "时间(当地)",
    "category": "事项类别",
    "cell_id": "单元编码",
    "name": "名称",
    "day_start": "当日起(当地时间)",
    "day_end": "当日止(不含)",
    "incidents": "件数",
}
_KINDS = (
    (("N-PLACE-001",), "triangle", "#a63a1e"),
    (("E-",), "diamond", "#8a5a00"),
    (("D-",), "square", "#4c5a6b"),
    (("N-PLACE-",), "cross2", "#7a4fa3"),
)
"""Beginnings of a rule's code -> shape and colour of its points; the first that fits."""

_STEPS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 100, 150, 200, 300, 500, 1000, 2000, 5000)
_CLASSES = 6


def excluded(table: pd.DataFrame) -> str:
    """Points by their rule, each with its words in both languages and how many there are."""
    found = table.groupby(["rule", "reason", "reason_en"], sort=False).size()
    entries, symbols = [], []
    for (rule, zh, en), n in found.items():
        shape, colour = next((s, c) for starts, s, c in _KINDS if str(rule).startswith(starts))
        entries.append(qml.Rule(f"{zh} {en}({n})", f"\"rule\" = '{rule}'", len(symbols)))
        symbols.append(qml.marker(shape, colour, size=2.4))
    renderer = qml.rules(entries, symbols, kind="marker")
    return qml.document(renderer, "", ALIASES, {}, "reason", list(table.columns), geometry=qml.POINT)


def days(table: pd.DataFrame) -> str:
    """Streets by the incidents of a day, on one scale for all days; the temporal controller plays them."""
    lows = steps_of(table["incidents"].to_numpy())
    entries, symbols = [], []
    for low, high, colour in zip(lows, [*lows[1:], None], style.DENSITY_COLOURS["light"], strict=False):
        label = f"≥ {low}" if high is None else str(low) if high == low + 1 else f"{low} – {high - 1}"
        below = "" if high is None else f' AND "incidents" < {high}'
        entries.append(qml.Rule(f"{label} 件/日 a day", f'"incidents" >= {low}{below}', len(symbols)))
        symbols.append(qml.fill(colour, outline="#ffffff", width=0.08))
    played = qml.played("day_start", "day_end")
    renderer = qml.rules(entries, symbols)
    return qml.document(renderer, "", ALIASES, {}, "name", list(table.columns), temporal=played)


def steps_of(counts: np.ndarray) -> list[int]:
    """At most six lower bounds of classes of counts, from 1, in round numbers: about equally many days in each."""
    if not len(counts):
        return [1]
    marks = np.quantile(counts, np.arange(1, _CLASSES) / _CLASSES)
    rounded = [max((step for step in _STEPS if step <= mark), default=1) for mark in marks]
    return sorted({1, *rounded})


def pattern_rules() -> tuple[list[qml.Rule], list[str]]:
    """Rules and symbols of the patterns, in the words of the briefing in both languages."""
    entries, symbols = [], []
    for entry in style.EMERGING_CLASSES:
        known = "right(\"pattern\", 5) = '_cold'" if entry.name == "cold" else f"\"pattern\" = '{entry.name}'"
        if not entry.name:
            known = "COALESCE(\"pattern\", '') IN ('', 'none')"
        entries.append(qml.Rule(f"{entry.zh} {entry.en}", known, len(symbols)))
        symbols.append(qml.fill(entry.light, outline="#ffffff", width=0.08))
    return entries, symbols
