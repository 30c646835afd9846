"""Steps on the incidents themselves: clusters, near repeats, concentration, and whether one class leads another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import Notice
from ..layers.incidents.rules import notice
from ..params import param
from .inputs import Files
from .voice import Progress

DISPUTES = "纠纷、矛盾、dispute"
VIOLENCE = "打架、斗殴、殴打、伤害、家暴、暴力、assault、violence、fight"


@dataclass
class _OneClass:
    class_node: str = param(
        "", "Class to look at, with every class below it; empty takes all.", zh="分析类别(含下级),留空为全部。"
    )


@dataclass
class _Dense(_OneClass):
    distance: float = param(200.0, "Farthest that neighbours lie apart.", unit="m", low=0.1, zh="邻域半径。")
    min_points: int = param(
        5, "Incidents within the distance, the point itself included, that make a dense place.", low=2, high=10000,
        zh="核心点邻域内最少事件数(含自身)。",
    )  # fmt: skip


@dataclass
class DbscanSettings(_Dense):
    """Clusters of one density."""


@dataclass
class StDbscanSettings(_Dense):
    """Clusters in space and time."""

    span: float = param(3.0, "Farthest that neighbours lie apart in time.", unit="days", low=0.0, zh="时间邻域。")


@dataclass
class HdbscanSettings(_OneClass):
    """Clusters of any density."""

    min_cluster_size: int = param(10, "Fewest incidents that make a cluster.", low=2, high=10000, zh="聚类最少事件数。")
    min_points: int = param(
        0, "How much the density is smoothed, in incidents; 0: as many as a cluster needs.", low=0, high=10000,
        zh="密度平滑用的近邻数;0 为与最少事件数相同。",
    )  # fmt: skip


@dataclass
class NearRepeatSettings(_OneClass):
    """The Knox table."""

    width: float = param(100.0, "Width of a band of distance.", unit="m", low=1.0, zh="距离分段宽度。")
    bands: int = param(
        4, "Bands of distance; the same place is one more.", low=1, high=50, zh="距离分段数(同地点另计)。"
    )
    span: float = param(7.0, "Width of a band of time.", unit="days", low=0.01, zh="时间分段宽度。")
    spans: int = param(2, "Bands of time.", low=1, high=50, zh="时间分段数。")
    period: int = param(365, "Days before the end that are looked at.", unit="days", low=2, zh="回看天数。")
    replicates: int = param(999, "Times shuffled for the null.", low=19, high=99999, zh="时间置换次数。")
    random_state: int = param(0, "Seed of the shuffles.", low=0, advanced=True, zh="随机种子。")


@dataclass
class ConcentrationSettings(_OneClass):
    """The Lorenz curve of cells."""

    share: float = param(
        0.8, "Share of incidents whose cells are counted.", low=0.01, high=1.0, zh="统计多少比例的事件所在的网格。"
    )
    unit_level: int = param(
        -1, "Level of the units; -1 the finest.", low=-1, high=9, zh="单元层级,-1为最细。"
    )  # fmt: skip


@dataclass
class EscalationSettings:
    """One class before another, at street level."""

    leading: str = param(
        DISPUTES, "Words, any of which marks a class that may lead.", zh="先行类别所含词语,顿号分隔,任一即可。"
    )
    following: str = param(
        VIOLENCE, "Words, any of which marks a class that may follow.", zh="后继类别所含词语,顿号分隔,任一即可。"
    )
    unit_level: int = param(
        -1, "Level of the units: -1 the streets; finer ones are refused.", low=-1, high=9,
        zh="单元层级:-1为街道;更细的层级不予分析。",
    )  # fmt: skip
    step_days: int = param(7, "Length of a time step.", unit="days", low=1, zh="时间步长(天)。")
    max_lag: int = param(8, "Longest lead looked at, in steps.", low=1, high=60, zh="最长先行步数。")
    replicates: int = param(999, "Shifts in time for the null.", low=19, high=99999, zh="时间平移置换次数。")
    shift_together: bool = param(
        True, "Shift all units by the same amount, which keeps what neighbours share; or each by its own.",
        advanced=True, zh="各单元同步平移(保留邻近单元的共同变化),或各自平移。",
    )  # fmt: skip
    random_state: int = param(0, "Seed of the shifts.", low=0, advanced=True, zh="随机种子。")


def find_dbscan(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """The window's incidents with the number of their cluster."""
    from ..models.clusters import dbscan
    from ..pipeline.points import cluster_table, metres_of

    own, ready, rows, told = _read(DbscanSettings, files, settings, progress)
    found = dbscan(metres_of(rows), own.distance, own.min_points)
    return cluster_table(ready, rows, found), [*told, _clusters_told(found)]


def find_st_dbscan(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """The window's incidents with the number of their cluster in space and time."""
    from ..models.clusters import st_dbscan
    from ..pipeline.points import cluster_table, metres_of, moments_of

    own, ready, rows, told = _read(StDbscanSettings, files, settings, progress)
    found = st_dbscan(metres_of(rows), moments_of(rows), own.distance, own.span, own.min_points)
    return cluster_table(ready, rows, found), [*told, _clusters_told(found)]


def find_hdbscan(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """The window's incidents with the number of their cluster of any density."""
    from ..models.clusters import hdbscan
    from ..pipeline.points import cluster_table, metres_of

    own, ready, rows, told = _read(HdbscanSettings, files, settings, progress)
    found = hdbscan(metres_of(rows), own.min_cluster_size, own.min_points or None)
    return cluster_table(ready, rows, found), [*told, _clusters_told(found)]


def find_near_repeats(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per band of distance and time: pairs seen, pairs expected, ratio, p and q."""
    from ..models.clusters import near_repeat
    from ..pipeline.points import knox_table, metres_of, moments_of

    own, _, rows, told = _read(NearRepeatSettings, files, settings, progress)
    far = [own.width * band for band in range(own.bands + 1)]
    late = [own.span * band for band in range(1, own.spans + 1)]
    places, moments = metres_of(rows), moments_of(rows)

    def seen(part: float) -> None:
        progress(0.7 + 0.24 * part, "Shuffling times|置换时间")

    found = near_repeat(places, moments, far, late, own.replicates, own.random_state, seen)
    table = knox_table(found)
    clear = int((found.q <= 0.05).sum())
    facts = {"n": len(rows), "replicates": own.replicates, "bands": len(table), "clear": clear}
    return table, [*told, notice("N-REPEAT-001", **facts)]


def find_concentration(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per unit, most incidents first: the Lorenz curve. Gini and the 80/20 share are told."""
    from ..models.clusters import concentration
    from ..pipeline.points import level_of, lorenz_table, window_counts
    from .steps import prepared_for, settings_of

    own = settings_of(ConcentrationSettings, settings)
    ready = prepared_for(files, settings, progress)
    level = level_of(ready, own.unit_level, ready.counts.cells.levels()[-1])
    cube, left_out = window_counts(ready, own.class_node, level)
    found = concentration(cube.totals()[0], own.share)
    told = notice(
        "N-CONC-001",
        share=own.share,
        n=found.n_cells,
        share_of_cells=found.share_of_cells,
        gini=found.gini,
        generalised=found.generalised_gini,
    )
    return lorenz_table(ready, cube, found), [*ready.notices, *left_out, told]


def find_lead(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """One row per lag: association of the leading class with what is new in the following one, and the reverse."""
    from ..models.emerging import whole_steps
    from ..models.escalation import find_escalation
    from ..pipeline.points import counts_of_words, lead_table, level_of
    from ..pipeline.wording import lowest_described
    from .steps import prepared_for, settings_of

    own = settings_of(EscalationSettings, settings)
    ready = prepared_for(files, settings, progress)
    street = lowest_described(ready.counts)
    level = level_of(ready, own.unit_level, street)
    sides = (own.leading, "--leading"), (own.following, "--following")
    cubes = [counts_of_words(ready, words, min(level, street), option) for words, option in sides]
    first, second = (whole_steps(cube, own.step_days)[0] for cube in cubes)
    groups = [0] * first.shape[1] if own.shift_together else None
    progress(0.7, "Shifting in time|时间平移置换")
    facts = (own.max_lag, own.replicates, own.random_state)
    found = find_escalation(first, second, level, street, *facts, groups=groups)
    told = notice(
        "N-LEAD-001",
        units=first.shape[1],
        steps=len(first),
        verdict=_VERDICTS[found.verdict],
        verdict_en=found.verdict,
        lead=found.lead * own.step_days,
        p=found.p_any,
    )
    return lead_table(found, own.step_days, level), [*ready.notices, told]


_VERDICTS = {
    "leads": "先行",
    "moves together": "同起同落",
    "does not lead": "未见先行",
    "too few bins": "时段太短",
    "no contrast": "无差异",
}


def _read(cls: Any, files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, Any, Any, list[Any]]:
    """The step's settings, everything prepared, its incidents, and what is to be told."""
    from ..pipeline.points import placed_incidents
    from .steps import prepared_for, settings_of

    own = settings_of(cls, settings)
    ready = prepared_for(files, settings, progress)
    rows, told = placed_incidents(ready, own.class_node, getattr(own, "period", ready.plan.window))
    progress(0.7, "Looking for clusters|聚类分析")
    return own, ready, rows, [*ready.notices, *told]


def _clusters_told(found: Any) -> Notice:
    inside = int((found.labels >= 0).sum())
    return notice("N-CLUSTER-001", n=len(found.labels), clusters=found.n_clusters, inside=inside)


POINT_STEPS = {
    "dbscan": (
        "Clusters of the window's incidents: places where at least so many lie within a distance (DBSCAN).",
        "空间聚类(DBSCAN):给定距离内事件达到一定数量的地点。",
        DbscanSettings,
        find_dbscan,
    ),
    "hdbscan": (
        "Clusters of any density among the window's incidents (HDBSCAN).",
        "分层密度聚类(HDBSCAN):自动适应不同密度。",
        HdbscanSettings,
        find_hdbscan,
    ),
    "st_dbscan": (
        "Clusters of the window's incidents in space and time (ST-DBSCAN).",
        "时空聚类(ST-DBSCAN):既近又接连发生的事件。",
        StDbscanSettings,
        find_st_dbscan,
    ),
    "near_repeat": (
        "Whether incidents close in space are close in time more often than by chance (Knox).",
        "近重复分析(Knox):近处事件是否在时间上也接连发生。",
        NearRepeatSettings,
        find_near_repeats,
    ),
    "concentration": (
        "How concentrated the window's incidents are: Lorenz curve, Gini, and the cells with 80 % of them.",
        "集中度:洛伦兹曲线、基尼系数与80/20网格。",
        ConcentrationSettings,
        find_concentration,
    ),
    "escalation": (
        "Whether disputes lead violence, street by street: lagged association with a permutation null.",
        "民转刑先行分析:街道层面纠纷是否先于暴力事件(滞后关联,置换检验)。",
        EscalationSettings,
        find_lead,
    ),
}
"""Step -> help in English and Chinese, its settings, its work."""
