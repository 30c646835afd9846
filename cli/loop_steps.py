"""Steps that look back: two periods compared, complaints that return after closing, and what was closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..layers.incidents.rules import notice
from ..params import param
from .inputs import Files
from .voice import Progress


@dataclass
class CompareSettings:
    """Now against the weeks before and against last year."""

    class_node: str = param(
        "", "Class to look at; empty takes all together and each top class.", zh="分析类别,留空为全部及各大类。"
    )
    finest_level: int = param(
        -1, "Finest level of units; -1 all levels.", low=-1, high=9, zh="最细的单元层级,-1为全部层级。"
    )


@dataclass
class RecomplaintSettings:
    """Complaints that return."""

    class_node: str = param(
        "", "Class to look at, with every class below it; empty takes all.", zh="分析类别(含下级),留空为全部。"
    )
    metres: float = param(
        50.0, "Farthest that the same place reaches.", unit="m", low=0, high=1000, zh="同一地点的距离。"
    )
    same_code: bool = param(
        True, "An address code of 20 digits or more is one place too.", zh="20位及以上的同一地址编码也算同一地点。"
    )
    horizon: int = param(
        90, "Days after closing that are counted.", unit="days", low=1, high=3660, zh="办结后统计天数。"
    )
    by: str = param(
        "place",
        "Units that are compared: where it lies, or who handles it.",
        choices=("place", "handler"),
        zh="比较的单位:所在单元(place)或承办单位(handler)。",
    )
    unit_level: int = param(-1, "Level of the units; -1 the streets.", low=-1, high=9, zh="单元层级,-1为街道。")
    replicates: int = param(
        49, "Times closings are moved in time for the null.", low=9, high=999, advanced=True, zh="时间置换次数。"
    )
    random_state: int = param(0, "Seed of the null.", low=0, advanced=True, zh="随机种子。")


@dataclass
class ClosureSettings:
    """What was closed."""

    period: int = param(90, "Days before the end that are looked at.", unit="days", low=1, high=3660, zh="回看天数。")
    unit_level: int = param(-1, "Level of the units; -1 the streets.", low=-1, high=9, zh="单元层级,-1为街道。")
    citizens: str = param(
        "12345、110、热线、来电、市民、群众、投诉、hotline、citizen",
        "Words, any of which marks a source as citizens' calls.",
        zh="群众来电渠道所含词语,顿号分隔,任一即可。",
    )


def compare_periods(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per unit, class and kind of comparison."""
    from ..pipeline.comparison import comparison_table
    from .steps import prepared_for, settings_of

    own = settings_of(CompareSettings, settings)
    ready = prepared_for(files, settings, progress)
    progress(0.7, "Comparing periods|时段比较")
    table = comparison_table(ready, _known(ready, own.class_node), None, own.finest_level)
    told = notice(
        "N-COMPARE-001",
        n=len(table),
        clear=int(table["verdict"].isin(["up", "down"]).sum()),
        refused=int((table["verdict"] == "not comparable").sum()),
    )
    return table.drop(columns=["unit", "areal"]), [*ready.notices, told]


def find_recomplaints(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per unit, most returns beyond chance first."""
    from ..pipeline.points import level_of
    from ..pipeline.recomplaints import figures_of, find_closings, recomplaint_table
    from ..pipeline.wording import street_level
    from .steps import prepared_for, settings_of

    own = settings_of(RecomplaintSettings, settings)
    ready = prepared_for(files, settings, progress)
    level = level_of(ready, own.unit_level, street_level(ready.counts))
    progress(0.7, "Following closings|办结后追踪")
    facts = (own.metres, own.same_code, own.horizon, own.replicates, own.random_state)
    found, told = find_closings(ready, _known(ready, own.class_node), *facts)
    table = recomplaint_table(ready, found, level, own.by, own.horizon)
    clear = int((table["verdict"] != "").sum())
    said = notice("N-REPEAT-002", days=own.horizon, clear=clear, **figures_of(found))
    return table, [*ready.notices, *told, said]


def tell_closure(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per unit and class: handled, only reported, warnings of the ledger, and the alarm."""
    from ..layers.ledger import open_ledger
    from ..pipeline.closure import closure_table
    from ..pipeline.learning import warning_rows
    from ..pipeline.points import level_of
    from ..pipeline.wording import street_level
    from .steps import prepared_for, settings_of

    own = settings_of(ClosureSettings, settings)
    ready = prepared_for(files, settings, progress)
    level = level_of(ready, own.unit_level, street_level(ready.counts))
    progress(0.7, "Counting what was closed|统计办结")
    rows: list[Any] = []
    if files.ledger:
        with open_ledger(files.ledger, create=False) as book:
            rows = warning_rows(book)
    table = closure_table(ready, level, own.period, rows, own.citizens)
    whole = table[table["category"] == table["category"].iloc[0]]
    counted = notice("N-CLOSE-001", handled=int(whole["handled_n"].sum()), reported=int(whole["reported_n"].sum()))
    return table, [*ready.notices, counted]


def _known(ready: Any, node: str) -> str:
    from ..pipeline.points import known_class

    return known_class(ready.counts, node) if node else ""


LOOP_STEPS = {
    "year_on_year": (
        "Every unit against the weeks before and against last year: like days, exact intervals, honest words.",
        "同比环比:逐单元比较,按星期与农历对齐,给出精确区间,无法区分于波动的如实说明。",
        CompareSettings,
        compare_periods,
    ),
    "recomplaints": (
        "Complaints of the same class that return to a place after closing, against what chance would bring.",
        "办结后再投诉(假性整改):同类同地再现的生存曲线与偶然水平之比。",
        RecomplaintSettings,
        find_recomplaints,
    ),
    "closure": (
        "What was handled and closed, beside it what was only reported, and where reports collapse while calls rise.",
        "办结与报备:分列统计,不合并;报备骤降而来电上升时告警。",
        ClosureSettings,
        tell_closure,
    ),
}
"""Step -> help in English and Chinese, its settings, its work."""
