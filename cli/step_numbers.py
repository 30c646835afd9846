"""Figures a step gives beside its table: for models of Processing, and for scripts that read `--json`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Number:
    """One figure: its name, which is API, what it says in both languages, and how it is read off the table."""

    name: str
    help: str
    help_zh: str
    of: Callable[[Any], float]

    def described(self) -> dict[str, str]:
        """Its entry in the schema."""
        return {"name": self.name, "help": self.help, "help_zh": self.help_zh}


def _sum(column: str) -> Callable[[Any], float]:
    return lambda table: float(table[column].sum())


def _largest(column: str) -> Callable[[Any], float]:
    return lambda table: float(table[column].max()) if len(table) else 0.0


def _smallest(column: str) -> Callable[[Any], float]:
    return lambda table: float(table[column].min()) if len(table) else 1.0


def _starting(column: str, word: str) -> Callable[[Any], float]:
    return lambda table: float(table[column].astype(str).str.startswith(word).sum())


def _one_of(column: str, *words: str) -> Callable[[Any], float]:
    return lambda table: float(table[column].isin(words).sum())


def _below(column: str, bound: float) -> Callable[[Any], float]:
    return lambda table: float((table[column] <= bound).sum())


def _of_all_classes(column: str) -> Callable[[Any], float]:
    """The sum over the rows of the first class, which is all classes together."""
    return lambda table: (
        float(table[column][table["category"] == table["category"].iloc[0]].sum()) if len(table) else 0.0
    )


ROWS = Number("rows", "Rows of the table", "结果行数", lambda table: float(len(table)))
_INCIDENTS = Number(
    "incidents",
    "Incidents of the window; for models over time, of its last bin",
    "窗口内的事件数;时序模型为最后时段",
    _sum("incidents"),
)
_LEAST = Number(
    "lowest_p",
    "Lowest probability of any unit, not corrected for looking at many",
    "各单元中最低的概率(未作多重比较校正)",
    lambda table: math.exp(float(table["log_p"].min())) if len(table) else 1.0,
)
_SCORED = (_INCIDENTS, _LEAST)
_ALARMS = (*_SCORED, Number("alarms", "Units above their bound", "超出上限的单元数", _sum("alarm")))
_SCANNED = (
    _INCIDENTS,
    Number("clusters", "Clusters found", "发现的聚集数", _largest("cluster")),
    Number(
        "clear",
        "Clusters clear of chance (p ≤ 0.05)",
        "明确的聚集数(p ≤ 0.05)",
        lambda table: float(table["cluster"][(table["cluster"] > 0) & (table["p_value"] <= 0.05)].nunique()),
    ),
    Number("lowest_p", "Probability of the strongest cluster", "最强聚集的概率", _smallest("p_value")),
)
_GROUPED = (
    Number(
        "clusters",
        "Clusters found",
        "聚类数",
        lambda table: float(table["cluster"].max() + 1) if len(table) else 0.0,
    ),
    Number(
        "inside", "Incidents that lie in a cluster", "位于聚类内的事件数", lambda t: float((t["cluster"] >= 0).sum())
    ),
)

NUMBERS: dict[str, tuple[Number, ...]] = {
    "repair_cells": (
        Number(
            "changed",
            "Cells whose area changed",
            "面积有变化的单元数",
            lambda t: float((t["area_change_m2"] != 0).sum()),
        ),
    ),
    "count_incidents": (Number("incidents", "Incidents counted", "计入的事件数", _sum("count")),),
    "density_surface": (
        Number(
            "highest",
            "Lower bound of the densest band, events per km² and period",
            "最密一级的下限(件/平方公里/时段)",
            _largest("low"),
        ),
    ),
    "relative_risk": (
        Number(
            "raised",
            "Places where the class is thicker than chance",
            "偏密之处的数目",
            _starting("tolerance", "raised"),
        ),
        Number(
            "lowered", "Places where it is thinner than chance", "偏疏之处的数目", _starting("tolerance", "lowered")
        ),
    ),
    "change_points": (
        Number("clear", "Changes clear of chance (p ≤ 0.05)", "明确的变化数(p ≤ 0.05)", _below("p_value", 0.05)),
    ),
    **dict.fromkeys(("dbscan", "hdbscan", "st_dbscan"), _GROUPED),
    "near_repeat": (
        Number("clear", "Bands clear of chance (q ≤ 0.05)", "明确高于偶然的分段数(q ≤ 0.05)", _below("q", 0.05)),
    ),
    "concentration": (
        _INCIDENTS,
        Number("gini", "Gini coefficient", "基尼系数", _largest("gini")),
        Number("units", "Units that hold the share asked for", "占到指定比例的单元数", _sum("within_share")),
    ),
    "escalation": (
        Number(
            "lead_days",
            "Days by which the class leads; 0 where it does not",
            "先行天数;未见先行为0",
            _largest("lead_days"),
        ),
    ),
    "year_on_year": (
        Number("up", "Comparisons that are clearly up", "明确上升的比较数", _one_of("verdict", "up")),
        Number("down", "Comparisons that are clearly down", "明确下降的比较数", _one_of("verdict", "down")),
        Number(
            "refused", "Comparisons the data cannot carry", "数据不足以比较的数目", _one_of("verdict", "not comparable")
        ),
    ),
    "recomplaints": (
        Number(
            "clear",
            "Units with more returns than chance",
            "再投诉多于偶然的单元数",
            _one_of("verdict", "more than chance"),
        ),
    ),
    "closure": (
        Number("handled", "Incidents handled", "办理件数", _of_all_classes("handled_n")),
        Number("reported", "Incidents only reported", "报备件数", _of_all_classes("reported_n")),
        Number("alarms", "Rows whose reports collapse while calls rise", "报备骤降而来电上升的行数", _sum("alarm")),
    ),
    "getis_ord": (
        *_SCORED,
        Number("hot_cells", "Units called hot (q ≤ 0.1)", "热点单元数(q ≤ 0.1)", _starting("hotspot_class", "hot")),
        Number("cold_cells", "Units called quiet (q ≤ 0.1)", "冷点单元数(q ≤ 0.1)", _starting("hotspot_class", "cold")),
    ),
    "local_moran": (
        *_SCORED,
        Number("high", "Units that are high among high neighbours", "高-高聚集的单元数", _one_of("cluster", "HH")),
        Number("odd", "Units unlike their neighbours", "与周边相异的单元数", _one_of("cluster", "HL", "LH")),
    ),
    "emerging": (
        *_SCORED,
        Number(
            "hot_cells",
            "Units with a pattern of a hot spot",
            "属于热点情形的单元数",
            lambda table: float(table["pattern"].astype(str).str.endswith("_hot").sum()),
        ),
        Number("new_cells", "Units that are a new hot spot", "新增热点的单元数", _one_of("pattern", "new_hot")),
    ),
    "kernel_density": (
        _INCIDENTS,
        Number("highest", "Highest density of a unit, events per km²", "单元最高密度(件/平方公里)", _largest("score")),
    ),
    "isolation_forest": (_INCIDENTS,),
    "nb_predictive": _SCORED,
    **dict.fromkeys(("ears", "farrington", "bayes", "ladder", "nb_cusum", "nb_glr"), _ALARMS),
    "silence": (*_SCORED, Number("silent", "Units fallen silent", "失声单元数", _sum("silent"))),
    **dict.fromkeys(("scan_permutation", "scan_poisson", "scan_ebp"), _SCANNED),
}
"""Step -> its figures beside `rows`, which every step has."""


def numbers_of(step: str) -> tuple[Number, ...]:
    """Every figure of a step."""
    return (ROWS, *NUMBERS.get(step, ()))


def tell_numbers(step: str, table: Any) -> dict[str, float]:
    """The figures of a step's table by name: finite, and whole ones as whole numbers."""
    found = {number.name: number.of(table) for number in numbers_of(step)}
    return {name: int(value) if value == int(value) else value for name, value in found.items() if math.isfinite(value)}
