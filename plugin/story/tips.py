"""What the map says under the pointer. Values reach the tip through one expression that makes them plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qgis.core import QgsExpression, QgsMapLayer, QgsVectorLayer

from ...layers import style
from ..words import pick, speaks_chinese, tr
from .figures import ALL

LAYER = "gridbeacon/layer"
"""Custom property: the output that a layer of a run is."""
MARKUP = (("'&'", "'&amp;'"), ("'<'", "'&lt;'"), ("'>'", "'&gt;'"), ("'\"'", "'&quot;'"), ("''''", "'&#39;'"))
"""Signs of HTML and what shows them, as expressions write them. The ampersand goes first: the others bring new ones."""

LOOK = "width: 280px; font-family: sans-serif; font-size: 13px; line-height: 1.4"
"""Without a width QGIS makes a tip as narrow as it can."""

column, value = QgsExpression.quotedColumnRef, QgsExpression.quotedValue


def dress(layer: QgsMapLayer) -> None:
    """Give *layer* the map tip of its kind, if it is a layer of a run that has one."""
    makers = {"EARLY_WARNINGS": _warning, "RISK": _risk, "HOTSPOTS": _hotspot, "EMERGING": _emerging, "CELLS": _unit}
    maker = makers.get(str(layer.customProperty(LAYER) or ""))
    if maker is not None and isinstance(layer, QgsVectorLayer):
        lines = "<br>".join(maker())
        layer.setMapTipTemplate(f'<div style="{LOOK}">{lines}</div>')


def plain(expression: str) -> str:
    """*expression* as text that HTML shows as it is, and nothing where it is NULL: QGIS puts values into a tip raw."""
    text = f"to_string(coalesce({expression}, ''))"
    for sign, shown in MARKUP:
        text = f"replace({text}, {sign}, {shown})"
    return text


def said(expression: str) -> str:
    """A piece of a template that shows *expression*, whatever stands in it."""
    return f"[% {plain(expression)} %]"


def _cases(pairs: Iterable[tuple[str, str]], otherwise: str) -> str:
    whens = " ".join(f"WHEN {condition} THEN {outcome}" for condition, outcome in pairs)
    return f"CASE {whens} ELSE {otherwise} END"


def _words(name: str, known: Mapping[str, str]) -> str:
    """The word for the value of a column; the value itself where there is none."""
    return _cases(((f"{column(name)} = {value(code)}", value(word)) for code, word in known.items()), column(name))


def _lang() -> str:
    return "zh" if speaks_chinese() else "en"


def _known(otherwise: str) -> str:
    """*otherwise*, but for units without data what that means."""
    return _cases([("\"status\" = 'no data'", value(style.NO_DATA.word(_lang())))], otherwise)


def _head(name: str) -> str:
    category = _words("category", {ALL: tr("all incidents")})
    return f"<b>{said(column(name))}</b> · {said(category)}"


def _days() -> str:
    """The window, with its last day rather than the moment it ends."""
    first = "format_date(\"window_start\", 'yyyy-MM-dd')"
    last = "format_date(\"window_end\" - to_interval('1 second'), 'yyyy-MM-dd')"
    return said(_cases([(f"{first} = {last}", first)], f"{first} || ' – ' || {last}"))


def _counts(seen: str) -> str:
    """How many there were, and how many are usual."""
    usual = _cases([('"expected" < 10', 'format_number("expected", 1)')], 'format_number("expected", 0)')
    counted = said(f"format_number({column(seen)}, 0)")
    return tr("{number} incidents, usually about {usual}", number=counted, usual=said(usual))


def _warning() -> list[str]:
    lang = _lang()
    levels = {level.name: f"{level.numeral} {level.word(lang)} · {level.verb(lang)}" for level in style.LEVELS}
    states = {state: pick(english, state) for state, english in style.STATES.items()}
    return [
        f"<b>{said(_words('level', levels))}</b>",
        _head("cell_name"),
        _days(),
        said(column(pick("reason_en", "reason"))),
        tr("State in this run: {state}", state=said(_words("state", states))),
    ]


def _risk() -> list[str]:
    steps = [(f'"risk" >= {entry.low or 0.0}', value(entry.word(_lang()))) for entry in reversed(style.RISK_CLASSES)]
    return [
        _head("name"),
        tr("Risk: {risk}", risk=said(_known(_cases(steps, "''")))),
        _counts("incidents"),
        _days(),
    ]


def _hotspot() -> list[str]:
    known = {entry.name: entry.word(_lang()) for entry in style.HOTSPOT_CLASSES}
    counted = tr("{number} incidents", number=said('format_number("incidents", 0)'))
    return [_head("name"), said(_known(_words("hotspot_class", known))), counted, _days()]


def _emerging() -> list[str]:
    known = {entry.name: entry.word(_lang()) for entry in style.EMERGING_CLASSES if entry.name != "cold"}
    cold = [("\"pattern\" LIKE '%cold'", value(style.emerging_class_of("_cold").word(_lang())))]
    return [_head("name"), said(_known(_cases(cold, _words("pattern", known)))), _days()]


def _unit() -> list[str]:
    unknown = value(pick(style.UNKNOWN_RESPONSIBLE_EN, style.UNKNOWN_RESPONSIBLE_ZH))
    responsible = _cases([("coalesce(\"responsible\", '') = ''", unknown)], '"responsible"')
    return [
        f"<b>{said(column('name'))}</b>",
        said(column("cell_id")),
        tr("responsible: {unit}", unit=said(responsible)),
    ]
