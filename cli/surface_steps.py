"""Steps on points: the density surface as polygons, and where one class is thicker than another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..layers.incidents.rules import notice
from ..params import param
from .inputs import Files
from .refusals import refusal
from .voice import Progress


@dataclass
class SurfaceSettings:
    """The density surface of the window."""

    class_node: str = param(
        "", "Class to look at, with every class below it; empty takes all.", zh="分析类别(含下级),留空为全部。"
    )
    kernel: str = param(
        "quartic", "Shape of the kernel.", choices=("quartic", "gaussian"), zh="核函数:四次(quartic)或高斯(gaussian)。"
    )
    bandwidth: float = param(
        0.0,
        "Reach of the kernel: radius (quartic) or standard deviation (gaussian). 0: by the rule below.",
        unit="m",
        low=0.0,
        zh="带宽;0 表示按下面的规则自动选择。",
    )
    rule: str = param(
        "auto",
        "Who chooses the bandwidth: auto (likelihood, steadied against pile-ups), likelihood, diggle or scott.",
        choices=("auto", "likelihood", "diggle", "scott"),
        zh="带宽选择规则:自动(auto),即抗堆积的似然;似然交叉验证(likelihood)、均方误差(diggle)或正态参考(scott)。",
    )
    adaptive: str = param(
        "no",
        "Bandwidths that differ from place to place: no, abramson (wider where thin), nearest (k-th nearest).",
        choices=("no", "abramson", "nearest"),
        zh="自适应带宽:否(no)、疏处加宽(abramson)或第k近邻距离(nearest)。",
    )
    k: int = param(
        25, "Which nearest incident sets the bandwidth (adaptive = nearest).", low=1, high=10000, zh="近邻数 k。"
    )


@dataclass
class RiskSettings:
    """One class against another."""

    class_node: str = param(
        "", "Class whose places are looked at, with every class below it.", zh="关注的类别(含下级)。"
    )
    against: str = param(
        "", "Class it is held against; empty takes all other incidents.", zh="对照类别,留空为其余全部事件。"
    )
    bandwidth: float = param(
        0.0, "Standard deviation of the gaussian kernel, the same for both. 0: automatic.", unit="m", low=0.0,
        zh="高斯核标准差,两类相同;0 为自动。",
    )  # fmt: skip
    replicates: int = param(
        199, "Random labellings behind p_anywhere; 0 leaves it out.", low=0, high=9999, zh="随机标签次数;0 为不计算。"
    )
    random_state: int = param(0, "Seed of the random labellings.", low=0, advanced=True, zh="随机种子。")


def draw_surface(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """Polygons between round densities, events/km²/period."""
    from ..pipeline.surfaces import choose_bandwidth, density_regions, draw_density, points_of, study_of
    from .steps import prepared_for, settings_of

    own = settings_of(SurfaceSettings, settings)
    ready = prepared_for(files, settings, progress)
    points = points_of(ready, _node(ready, own.class_node))
    if len(points) < 3:
        raise refusal("E-ASK-017", where="--class-node, --window", n=len(points))
    progress(0.7, "Smoothing|平滑")
    bandwidth = own.bandwidth or choose_bandwidth(points, study_of(ready), own.rule, own.kernel)
    surface = draw_density(ready, points, own.kernel, bandwidth, own.adaptive, own.k)
    told = notice("N-DENSITY-001", n=len(points), bandwidth=bandwidth, period=surface.period)
    return density_regions(surface), [*ready.notices, told]


def compare(files: Files, settings: dict[str, Any], progress: Progress) -> tuple[Any, list[Any]]:
    """Polygons inside the tolerance contours of the relative risk."""
    from ..pipeline.surfaces import compare_classes, risk_regions
    from .steps import prepared_for, settings_of

    own = settings_of(RiskSettings, settings)
    ready = prepared_for(files, settings, progress)
    node = own.class_node or _busiest(ready)
    progress(0.7, "Comparing|对比")
    found, study = compare_classes(
        ready,
        _node(ready, node),
        own.against and _node(ready, own.against),
        own.bandwidth,
        own.replicates,
        own.random_state,
    )
    told = notice(
        "N-RISK-001",
        node=node,
        against=own.against or "其余全部",
        against_en=own.against or "all others",
        bandwidth=found.bandwidth,
    )
    return risk_regions(found, study, ready.cells.crs), [*ready.notices, told]


def _node(ready: Any, node: str) -> str:
    from ..cube import ALL_CLASSES

    node = node or ALL_CLASSES
    if not ready.counts.in_class(node).any():
        nodes = ", ".join(ready.counts.nodes(1)[1:6])
        raise refusal("E-ASK-016", where=node, classes=nodes)
    return node


def _busiest(ready: Any) -> str:
    table = ready.counts.table
    top = table["category"].astype(str).str.split("/").str[0]
    return str(table["count"].groupby(top).sum().sort_values(ascending=False, kind="stable").index[0])
