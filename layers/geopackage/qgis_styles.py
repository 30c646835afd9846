"""The default style of each layer of `results.gpkg`, as QGIS 3.22 and later read it (QML).

Expressions hold column names and constants of ours only; no text from the data ever becomes part of one.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ...cube import ALL_CLASSES
from .. import style
from . import house_styles, qml

Levels = Mapping[int, tuple[str, float]]
"""unit_level -> name, and the mean side of its units in metres."""

ALIASES = {
    "cell_id": "单元编码",
    "cell_name": "地点",
    "name": "名称",
    "unit_level": "单元层级",
    "parent": "上级单元编码",
    "role": "属地或专属",
    "category": "事项类别",
    "window_start": "开始(当地时间)",
    "window_end": "截止(不含)",
    "incidents": "件数",
    "expected": "平时件数",
    "observed": "实际件数",
    "risk": "风险(0—1)",
    "warning_level": "提示等级",
    "status": "数据状态",
    "gi_star": "Gi*(Z 值)",
    "p_value": "p 值",
    "q_value": "q 值(FDR)",
    "hotspot_class": "热点类别",
    "warning_id": "提示编号",
    "rank": "序号",
    "level": "等级",
    "within_budget": "在预算内",
    "ratio": "倍数",
    "excess": "超出件数",
    "recurrence_days": "碰巧间隔(天)",
    "models": "模型依据",
    "sources": "来源(件)",
    "source_count": "来源数",
    "reason": "理由",
    "reason_en": "理由(英文)",
    "responsible": "责任单位",
    "closed": "办结情况",
    "closed_count": "已办结件数",
    "places": "涉及范围(件)",
    "place_ids": "涉及单元编码",
    "first_seen": "首次出现",
    "times_seen": "累计出现(次)",
    "change": "变化",
    "phase": "阶段",
    "state": "状态",
    "caveats": "注意",
    "x": "中心 X(米)",
    "y": "中心 Y(米)",
    "slot": "同一单元内的次序",
    "population": "人口",
    "valid_from": "启用日期",
    "valid_to": "停用日期",
    "pattern": "热点变化模式",
    "level_name": "层级名称",
}
_LEVEL_WORDS = {level.name: f"{level.zh} {level.verb_zh}" for level in style.LEVELS}
_ROLE_WORDS = {"territorial": "属地", "sectoral": "专属"}
_PHASE_WORDS = {"open": "发生", "escalated": "升级", "merged": "并入", "quiet": "平息", "ended": "结束"}
_HOT_WORDS = {entry.name: entry.zh for entry in style.HOTSPOT_CLASSES}
_STATUS_WORDS = {
    "no data": style.NO_DATA.zh,
    "": "正常",
    "ok": "正常",
    "no contrast": "无差异可比",
    "empty class": "本类无事件",
    "too few bins": "时段太短",
    "too few cells": "单元太少,不作检验",
    "island": "无相邻单元",
    "no neighbours": "无相邻单元",
    "withheld": "不公开",
}
_VALUE_MAPS = {
    "risk": {"warning_level": {**_LEVEL_WORDS, "": "无"}, "role": _ROLE_WORDS, "status": _STATUS_WORDS},
    "hotspots": {"hotspot_class": _HOT_WORDS, "role": _ROLE_WORDS, "status": _STATUS_WORDS},
    "early_warnings": {"level": _LEVEL_WORDS, "role": _ROLE_WORDS, "phase": _PHASE_WORDS},
    "cells": {"role": _ROLE_WORDS},
}
_PREVIEW = {"risk": "name", "hotspots": "name", "early_warnings": "cell_name", "cells": "name"}
_NO_DATA = "\"status\" = 'no data'"
_LABEL_SIDE_METRES = 0.022
_COARSEST_SOONER = 2
"""How much sooner the coarsest units below the city are named: else a city of a few would show no name at all."""
_LINE_SIDE_METRES = 0.002


def style_of(layer: str, table: pd.DataFrame, levels: Levels) -> str:
    """The QML of one layer; *table* tells which classes and levels it holds."""
    makers = {"risk": _risk, "hotspots": _hotspots, "early_warnings": _warnings, "cells": _cells}
    renderer, labels = makers[layer](table, levels)
    return qml.document(renderer, labels, ALIASES, _VALUE_MAPS[layer], _PREVIEW[layer], list(table.columns))


def emerging_of(table: pd.DataFrame, levels: Levels) -> str:
    """The QML of hot spots by how they came about, in place of how hot they are."""
    patterns, symbols = house_styles.pattern_rules()
    outage = qml.Rule(f"{style.NO_DATA.zh} {style.NO_DATA.en}", _NO_DATA, len(symbols))
    children = [qml.Rule(p.label, f"{p.condition} AND {_known()}", p.symbol) for p in patterns]
    renderer = qml.rules(_by_level(table, levels, [*children, outage]), [*symbols, _no_data_fill()])
    return qml.document(renderer, "", ALIASES, _VALUE_MAPS["hotspots"], _PREVIEW["hotspots"], list(table.columns))


def _risk(table: pd.DataFrame, levels: Levels) -> tuple[str, str]:
    symbols, children = [_no_data_fill()], [qml.Rule(style.NO_DATA.zh, _NO_DATA, 0)]
    classes = style.RISK_CLASSES
    for place, entry in enumerate(classes):
        low = f'"risk" >= {entry.low or 0.0}'
        high = f' AND "risk" < {classes[place + 1].low}' if place + 1 < len(classes) else ""
        children.insert(0, qml.Rule(_risk_label(place), f"{low}{high} AND {_known()}", len(symbols)))
        symbols.append(qml.fill(entry.light, outline="#ffffff", width=0.08))
    return qml.rules(_by_level(table, levels, children), symbols), ""


def _risk_label(place: int) -> str:
    entry = style.RISK_CLASSES[place]
    last = place + 1 == len(style.RISK_CLASSES)
    bounds = f"≥ {entry.low:g}" if last else f"{entry.low:g} – {style.RISK_CLASSES[place + 1].low:g}"
    return f"{entry.zh}({bounds})"


def _known() -> str:
    return "\"status\" IS NOT 'no data'"


def _hotspots(table: pd.DataFrame, levels: Levels) -> tuple[str, str]:
    symbols, children = [_no_data_fill()], [qml.Rule(style.NO_DATA.zh, _NO_DATA, 0)]
    for entry in reversed(style.HOTSPOT_CLASSES):
        condition = f"\"hotspot_class\" = '{entry.name}' AND {_known()}"
        children.insert(0, qml.Rule(entry.zh, condition, len(symbols)))
        symbols.append(qml.fill(entry.light, outline="#ffffff", width=0.08))
    return qml.rules(_by_level(table, levels, children), symbols), ""


def _by_level(table: pd.DataFrame, levels: Levels, children: list[qml.Rule]) -> list[qml.Rule]:
    """One group of *children* per level, the finest first and switched on, the others ready to be switched on."""
    present = sorted({int(level) for level in table["unit_level"].dropna()} & set(levels), reverse=True)
    whole = f" AND \"category\" = '{ALL_CLASSES}'" if (table["category"] == ALL_CLASSES).any() else ""
    groups = [
        qml.Rule(
            levels[level][0],
            f'"role" = \'territorial\' AND "unit_level" = {level}{whole}',
            None,
            tuple(children),
            shown=level == present[0],
        )
        for level in present
    ]
    groups.append(qml.Rule("专属单元", f"\"role\" = 'sectoral'{whole}", None, tuple(children), shown=False))
    return groups


def _no_data_fill() -> str:
    return qml.hatch(style.NO_DATA.light)


def _warnings(table: pd.DataFrame, levels: Levels) -> tuple[str, str]:
    symbols: list[str] = []
    children: list[qml.Rule] = []
    gone = f"COALESCE(\"phase\", '') IN ({', '.join(repr(phase) for phase in style.OVER_PHASES)})"
    in_force = f'"within_budget" AND NOT {gone}'
    drawn = '"slot" = 0 AND "unit_level" > 0'
    for level in style.LEVELS:
        label = f"{level.numeral} {level.zh} {level.verb_zh}"
        children.append(qml.Rule(label, f"\"level\" = '{level.name}' AND {in_force} AND {drawn}", len(symbols)))
        symbols.append(qml.fill(level.dark, alpha=28, outline=level.light, width=0.9))
    for label, condition, line in (
        ("已解除或并入", gone, "dot"),
        ("超出预算", f'NOT "within_budget" AND NOT {gone}', "dash"),
    ):
        children.append(qml.Rule(label, f"{condition} AND {drawn}", len(symbols)))
        symbols.append(qml.fill("#000000", alpha=0, outline=style.GROUND["light"]["muted"], width=0.35, line=line))
    children.append(qml.Rule("全市,或同一单元的其他提示:只画编号", '"slot" > 0 OR "unit_level" = 0', len(symbols)))
    symbols.append(qml.fill("#000000", alpha=0, outline="#000000", width=0.0, line="no"))
    colours = " ".join(f"WHEN \"level\" = '{level.name}' THEN '{level.light}'" for level in style.LEVELS)
    muted = style.GROUND["light"]["muted"]
    fill = f"CASE {colours} ELSE '{muted}' END"
    labels = qml.labelling(
        [
            qml.beacon("rank", fill=fill, offset="to_string(\"slot\" * 6.6) || ',0'", only=in_force),
            qml.label('"cell_name"', size=9, bold=True, only=f'{in_force} AND "slot" = 0', below=5.6, priority=9),
        ]
    )
    return qml.rules(children, symbols, order='"rank"'), labels


def _cells(table: pd.DataFrame, levels: Levels) -> tuple[str, str]:
    symbols: list[str] = []
    rules: list[qml.Rule] = []
    labels: list[str] = []
    coarsest = min((level for level in levels if level > 0), default=0)
    for level in sorted(levels, reverse=True):
        name, side = levels[level]
        depth = max(levels) - level
        condition = f'"role" = \'territorial\' AND "unit_level" = {level}'
        rules.append(qml.Rule(name, condition, len(symbols), smallest_scale=side / _LINE_SIDE_METRES))
        symbols.append(qml.fill("#000000", alpha=0, outline="#5c6b7d", width=0.1 + 0.18 * depth))
        if level > 0:
            size, scale = 7 + 1.2 * depth, side / _LABEL_SIDE_METRES
            scale *= _COARSEST_SOONER if level == coarsest else 1
            labels.append(qml.label('"name"', size=size, bold=depth > 1, only=condition, smallest_scale=scale))
    rules.append(qml.Rule("专属单元", "\"role\" = 'sectoral'", len(symbols)))
    symbols.append(qml.fill("#7a4fa3", alpha=25, outline="#7a4fa3", width=0.4, line="dot"))
    return qml.rules(rules, symbols), qml.labelling(labels)
