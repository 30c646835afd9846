"""What each step is called, to which group it belongs and what it tells of itself, in both languages.

A model brings its own title and text (`models/`); the other steps have theirs here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A step's name and text."""

    title: str
    title_zh: str
    about: str
    about_zh: str


GROUPS: dict[tuple[str, str], tuple[str, ...]] = {
    ("Data and cells", "数据与网格"): ("make_cells", "topology", "repair_cells", "count_incidents"),
    ("Hot spots", "热点"): ("getis_ord", "local_moran", "emerging"),
    ("Density", "密度"): ("density_surface", "kernel_density", "relative_risk"),
    ("Clusters", "聚集"): ("dbscan", "hdbscan", "st_dbscan", "near_repeat", "concentration"),
    ("Anomalies", "异常检测"): (
        *("nb_predictive", "ladder", "ears", "farrington", "bayes"),
        *("nb_cusum", "nb_glr", "silence", "isolation_forest"),
    ),
    ("Scan statistics", "时空扫描"): ("scan_permutation", "scan_poisson", "scan_ebp"),
    ("Comparison over time", "对比与变化"): ("year_on_year", "change_points", "escalation"),
    ("Handling and return", "办理闭环"): ("closure", "recomplaints"),
}
"""Group in English and Chinese -> its steps."""

STEP_WORDS: dict[str, Words] = {
    "make_cells": Words(
        "Make cells",
        "生成网格",
        "A regular grid of squares or hexagons over the extent of the incidents, in metres. Each cell has a code and "
        "a name, so that every other algorithm takes them as its cells.",
        "按事件范围生成规则网格(方格或六边形),以米计。每个网格带有编码与名称,可直接作为其他算法的网格输入。",
    ),
    "topology": Words(
        "Examine cells",
        "检查网格拓扑",
        "Looks for overlaps, gaps, slivers, holes, invalid shapes, and for codes that are missing, doubled or point "
        "to no unit. Every finding is one feature, with the rule it breaks and the codes concerned. The file is not "
        "changed.",
        "查找重叠、空隙、碎片、空洞、无效图形,以及缺失、重复或无上级的编码。每处问题为一个要素,附所违反的规则与涉及的编码。原文件不改动。",
    ),
    "repair_cells": Words(
        "Repair cells",
        "修复网格",
        "Writes a copy in which overlaps, slivers and invalid shapes are mended, with the change of area of each "
        "cell in m². What cannot be decided without knowing the place stays as it is and is told.",
        "输出副本:修复重叠、碎片与无效图形,并给出每个单元的面积变化(平方米)。不了解当地情况就无法决定的问题保持原样并予以说明。",
    ),
    "count_incidents": Words(
        "Count incidents",
        "事件计数",
        "One row for each class, source, kind (handled or reported), cell and time bin that holds an incident. "
        "Where the moment of decision is given, long text files are read in pieces, so that memory does not grow "
        "with the rows.",
        "每个类别、来源、办理类型(办理或报备)、网格与时段一行。给定研判时点时,大文本文件分段读取,内存不随行数增长。",
    ),
    "density_surface": Words(
        "Density surface",
        "事件密度面",
        "Kernel density of the window's incidents, drawn as polygons between round values in events per km² and "
        "period. The bandwidth is chosen by likelihood cross-validation, steadied against pile-ups at one point, "
        "unless you give it; it may differ from place to place. The edge of the study area is corrected for.",
        "对窗口内事件做核密度,绘成整数分级的多边形,单位为件/平方公里/时段。带宽默认由似然交叉验证选定并抵抗单点堆积,"
        "也可自行给定或随处而变。研究区边缘已作校正。",
    ),
    "relative_risk": Words(
        "Relative risk",
        "相对风险",
        "The density of one class over that of another, or of all other incidents, with the same bandwidth. "
        "Polygons lie inside the tolerance contours: where the ratio is larger or smaller than random labels would "
        "make it.",
        "一个类别的密度与另一类别(或其余全部)密度之比,带宽相同。输出容忍等值线内的多边形:"
        "比值高于或低于随机标签所能造成之处。",
    ),
    "change_points": Words(
        "Change points",
        "水平变化点",
        "Looks for days on which the level of the whole city's reports changed and stayed changed, for all "
        "incidents and for each top class. A change that begins within a week of a declared event is named after "
        "it.",
        "查找全市来件水平改变并保持的日期,对全部事件与各大类分别进行。已申报的变化前后一周之内的,注明其名称。",
    ),
    "dbscan": Words(
        "Clusters of one density (DBSCAN)",
        "空间聚类(DBSCAN)",
        "A point is dense where at least so many incidents, itself included, lie within the distance; dense points "
        "within the distance of each other make one cluster, and what lies beside them is its border. Default "
        "points and repeated reports of one burst are left out.",
        "给定距离内(含自身)事件达到规定数量的点为核心点;彼此在距离之内的核心点连成一个聚类,其旁的点为边缘。"
        "默认坐标与同一阵发的重复来件不参与。",
    ),
    "hdbscan": Words(
        "Clusters of any density (HDBSCAN)",
        "分层密度聚类(HDBSCAN)",
        "Looks at all densities at once and keeps the clusters that last longest as the density rises; no distance "
        "has to be chosen, only how many incidents make a cluster.",
        "同时考察所有密度,保留随密度升高而持续最久的聚类;无需选定距离,只需给定多少事件成为一个聚类。",
    ),
    "st_dbscan": Words(
        "Clusters in space and time (ST-DBSCAN)",
        "时空聚类(ST-DBSCAN)",
        "As DBSCAN, with neighbours that are near in space and in time as well.",
        "同 DBSCAN,但邻居须在空间上和时间上都接近。",
    ),
    "near_repeat": Words(
        "Near repeats (Knox)",
        "近重复分析(Knox)",
        "Counts pairs of incidents by their distance in space and time, and holds the counts against those of shuffled "
        "times. A ratio well above 1 says that an incident raises the chance of another one nearby for a while.",
        "按空间与时间距离统计事件对数,与打乱时间后的对数相比。比值明显大于1,说明一件事发生后,附近一段时间内再发生的机会更高。",
    ),
    "concentration": Words(
        "Concentration",
        "集中度",
        "Lorenz curve and Gini coefficient of the incidents over the units, also the generalised one, which allows for "
        "there being fewer incidents than units; and the units that hold the share you ask for.",
        "事件在各单元间的洛伦兹曲线与基尼系数,另给出事件少于单元时适用的广义基尼系数,以及占到指定比例事件的单元。",
    ),
    "escalation": Words(
        "Whether one class leads another",
        "先行分析",
        "Correlates the leading class with what is new in the following one, lag by lag and street by street, and the "
        "reverse as a check; the null shifts one series in time. Never finer than streets: it speaks of places, not of "
        "persons.",
        "逐个滞后、逐个街道计算先行类别与后继类别新增部分的关联,并以反向作对照;零假设为时间平移。"
        "不细于街道:说的是地点,不是人。",
    ),
    "year_on_year": Words(
        "Year on year, period on period",
        "同比环比",
        "Each unit and class now, against the weeks before and against last year: like weekdays, festivals by the "
        "lunar calendar, exact intervals of the ratio. Where the data cannot carry a comparison, it says why.",
        "各单元各类别与前几周及去年相比:星期对齐、节日按农历对齐,给出比值的精确区间。数据不足以比较之处说明原因。",
    ),
    "recomplaints": Words(
        "Complaints that return",
        "办结后再投诉",
        "Follows each closing: does a complaint of the same class come back to the same place? One row per unit or "
        "handling unit with the share that returned (Kaplan-Meier) and what chance would bring. Fewer than eight "
        "closings are withheld.",
        "对每次办结追踪同类投诉是否再现于同一地点。按地点单元或承办单位给出再现比例(Kaplan-Meier)与偶然水平。"
        "办结不足八件的不显示。",
    ),
    "closure": Words(
        "Handled and reported",
        "办结与报备",
        "What was handled and closed, beside it what was only reported; never added up. With a ledger also the "
        "warnings. An alarm marks units whose reports collapse while citizens' calls rise.",
        "办理办结与单纯报备分列统计,绝不合并;给出台账时另列预警。报备骤降而群众来电上升的单元予以标出。",
    ),
}

TABLES = (
    *("count_incidents", "change_points", "near_repeat", "escalation"),
    *("year_on_year", "recomplaints", "closure"),
)
"""Steps whose table has no geometry."""
POINTS = ("dbscan", "hdbscan", "st_dbscan")


def geometry_of(step: str) -> str:
    """What a step's table holds: `polygon`, `point`, or nothing."""
    return "" if step in TABLES else "point" if step in POINTS else "polygon"


def group_of(step: str) -> tuple[str, str]:
    """(English, Chinese) of the group a step belongs to. Raises KeyError for a step that was given none."""
    for names, steps in GROUPS.items():
        if step in steps:
            return names
    raise KeyError(f"the step {step!r} belongs to no group")


def words_of(step: str) -> Words:
    """The words of a step: its own, or its model's."""
    from ..models import registry

    if step in STEP_WORDS:
        return STEP_WORDS[step]
    cls = registry()[step]
    first = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    return Words(cls.title, cls.title_zh, f"{first}\n\n{cls.about}", cls.about_zh)
