"""The step that looks for changes of level nobody declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..layers.incidents.rules import notice
from ..params import param
from .inputs import Files
from .voice import Progress


@dataclass
class ChangeSettings:
    """Changes of level of the city's series."""

    class_node: str = param(
        "", "Class to look at; empty takes all together and each top class.", zh="分析类别,留空为全部及各大类。"
    )
    replicates: int = param(199, "Simulated series behind each p.", low=19, high=9999, zh="每个变点的模拟次数。")
    random_state: int = param(0, "Seed of the simulated series.", low=0, advanced=True, zh="随机种子。")


def find_levels(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per change of level."""
    from ..pipeline.changes import change_table
    from .steps import prepared_for, settings_of

    own = settings_of(ChangeSettings, settings)
    ready = prepared_for(files, settings, progress)

    def seen(part: float) -> None:
        progress(0.7 + 0.24 * part, "Looking for changes of level|查找水平变化")

    table = change_table(ready, own.class_node, own.replicates, own.random_state, seen)
    clear = int((table["p_value"] <= 0.05).sum())
    return table, [*ready.notices, notice("N-CHANGE-001", n=len(table), clear=clear)]
