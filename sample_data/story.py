"""The story planted in the sample city, as plain data: hot spots, surges and the decoys that only look like surges."""

from __future__ import annotations

from dataclasses import dataclass

BASELINE_DAYS = 84  # a unit's own counts: its daily counts of the class over the days before the surge
SD_FLOOR = 1.0  # a unit that hardly ever has a case: its spread is taken as one case a day


@dataclass(frozen=True)
class HotSpot:
    """Cells that always have more of a class than the rest."""

    name: str
    place: str  # "street community-cell": the middle
    n_cells: int
    classes: tuple[str, ...]  # nodes of the class tree, "大类/小类/事项" or shorter
    share: float  # of all incidents of these classes in the city


@dataclass(frozen=True)
class Surge:
    """Extra incidents on given days: *strength* standard deviations of the unit's own daily counts, or *planted*."""

    id: str
    note: str
    scope: str  # cell, street or city
    place: str
    category: str
    dates: tuple[str, ...]
    strength: float = 0.0
    planted: tuple[int, ...] = ()  # per date, where the strength follows from the number
    sources: tuple[float, float, float] = (0.7, 0.15, 0.15)
    matters: tuple[str, ...] = ()  # the matters it consists of; all of the class if empty
    hours: tuple[int, int] = (7, 21)
    n_cells: int = 0  # a street surge around one spot touches this many cells; 0: the whole unit
    real: bool = True  # False: a decoy
    kind: str = "surge"


HOT_SPOTS = (
    HotSpot("夜市一条街", "望舒街道 2-05", 4, ("生态环境/噪声/商业噪声", "生态环境/大气/油烟扰民"), 0.20),
    HotSpot("火车站广场", "疏桐街道 2-04", 4, ("治安消防/盗窃", "交通出行/道路/交通拥堵"), 0.22),
    HotSpot("老城排水片区", "汀兰街道 1-06", 6, ("供水排水/排水",), 0.17),
    HotSpot("学校周边停车", "文澜街道 2-05", 4, ("交通出行/停车",), 0.075),
    HotSpot("新城工地群", "青禾街道 3-04", 5, ("生态环境/大气/扬尘", "生态环境/噪声/施工噪声"), 0.20),
    HotSpot("批发市场", "清晏街道 2-04", 3, ("市容环卫/垃圾", "市容环卫/占道/占道经营"), 0.065),
    HotSpot("老旧电梯小区", "采薇街道 1-04", 4, ("住房物业/物业/电梯故障",), 0.26),
    HotSpot("路灯老化片区", "松照街道 2-04", 5, ("公共设施/照明",), 0.22),
)

SURGES = (
    Surge("city-6sd", "强对流大风, 树木倒伏", "city", "", "公共设施/绿化", ("2024-08-22",), 6, matters=("树木倒伏",)),
    Surge(
        "cell-3sd", "小区夜间施工", "cell", "槐序街道 2-05", "生态环境/噪声", ("2024-10-23",), 3, matters=("施工噪声",)
    ),
    Surge(
        "street-6sd",
        "清运车队停工, 垃圾堆积",
        "street",
        "鹿溪街道",
        "市容环卫/垃圾",
        ("2024-11-13",),
        6,
        sources=(0.75, 0.0, 0.25),
        matters=("垃圾堆积",),
    ),
    Surge(
        "burst-1",
        "主管爆裂, 三来源同升",
        "street",
        "槐序街道 1-05",
        "供水排水/供水",
        ("2024-12-11",),
        0,
        (24,),
        sources=(0.55, 0.20, 0.25),
        matters=("水管爆裂", "停水", "水压不足"),
        hours=(6, 20),
        n_cells=6,
        kind="burst pipe",
    ),
    Surge(
        "cell-6sd",
        "一栋楼电梯连续故障",
        "cell",
        "汀兰街道 4-05",
        "住房物业/物业",
        ("2025-03-05",),
        6,
        sources=(0.8, 0.1, 0.1),
        matters=("电梯故障",),
    ),
    Surge("city-3sd", "一批食品被投诉", "city", "", "市场监管/食品", ("2025-04-23",), 3, sources=(0.95, 0.05, 0.0)),
    Surge(
        "street-3sd",
        "道路施工, 停车外溢",
        "street",
        "栖云街道",
        "交通出行/停车",
        ("2025-05-14",),
        3,
        matters=("违规停车",),
    ),
    Surge(
        "city-10sd",
        "暴雨内涝",
        "city",
        "",
        "供水排水/排水",
        ("2025-07-09",),
        10,
        sources=(0.6, 0.2, 0.2),
        matters=("路面积水", "下水道堵塞", "井盖缺失"),
    ),
    Surge(
        "street-10sd",
        "变压器故障, 成片停电",
        "street",
        "文澜街道",
        "能源供应/供电",
        ("2025-08-05",),
        10,
        sources=(0.7, 0.15, 0.15),
        matters=("停电", "线路故障"),
    ),
    Surge(
        "cell-10sd",
        "化工异味",
        "cell",
        "石涧镇 2-04",
        "生态环境/大气",
        ("2025-09-24",),
        10,
        sources=(0.7, 0.2, 0.1),
        matters=("异味",),
    ),
    Surge(
        "burst-2",
        "主管爆裂, 三来源同升",
        "street",
        "听潮街道 2-06",
        "供水排水/供水",
        ("2025-12-30", "2025-12-31"),
        0,
        (9, 22),
        sources=(0.58, 0.17, 0.25),
        matters=("水管爆裂", "停水", "水压不足"),
        hours=(7, 22),
        n_cells=7,
        kind="burst pipe",
    ),
    Surge(
        "noise-2",
        "跨夜施工扰民",
        "cell",
        "清晏街道 4-04",
        "生态环境/噪声",
        ("2025-12-31",),
        0,
        (13,),
        sources=(0.77, 0.23, 0.0),
        matters=("施工噪声",),
        hours=(0, 6),
    ),
    Surge(
        "heating-2",
        "寒潮, 多处供暖不足",
        "city",
        "",
        "能源供应/供热",
        ("2025-12-31",),
        0,
        (15,),
        sources=(0.85, 0.0, 0.15),
    ),
)

DECOYS = (
    Surge(
        "market-week",
        "每周六集市",
        "cell",
        "霜序镇 1-04",
        "市容环卫/占道",
        ("saturday",),
        0,
        (4,),
        sources=(0.3, 0.0, 0.7),
        matters=("占道经营",),
        real=False,
        kind="recurring market day",
    ),
    Surge(
        "market-month",
        "每月15日大集",
        "cell",
        "远岫镇 1-05",
        "交通出行/停车",
        ("15th",),
        0,
        (6,),
        sources=(0.5, 0.1, 0.4),
        matters=("违规停车",),
        real=False,
        kind="recurring market day",
    ),
    Surge(
        "campaign",
        "占道专项行动: 巡查力度加大, 并非问题增多",
        "street",
        "青禾街道",
        "市容环卫/占道",
        tuple(f"2025-07-{d}" for d in range(21, 26)),
        0,
        (9, 8, 9, 7, 8),
        sources=(0.0, 0.0, 1.0),
        real=False,
        kind="patrol campaign",
    ),
    Surge(
        "caller-1",
        "一人一小时内反复来电",
        "cell",
        "望舒街道 3-04",
        "住房物业/物业",
        ("2024-12-27",),
        0,
        (12,),
        sources=(1.0, 0.0, 0.0),
        matters=("物业服务",),
        hours=(14, 14),
        real=False,
        kind="one caller, many calls",
    ),
    Surge(
        "caller-2",
        "一人一小时内反复来电",
        "cell",
        "鹿溪街道 3-04",
        "生态环境/噪声",
        ("2025-04-09",),
        0,
        (14,),
        sources=(1.0, 0.0, 0.0),
        matters=("社会生活噪声",),
        hours=(22, 22),
        real=False,
        kind="one caller, many calls",
    ),
)
RESENT_SAME_IDS = ("2025-05-28",)  # the day's rows are in the file twice, same numbers
RESENT_NEW_IDS = ("2024-09-26", "2025-08-20")  # the day's hotline rows twice, the second time with new numbers
BACKLOG = ("2025-02-26", 45)  # that many older cases registered on one day
DEFAULT_POINT_DAY = ("2025-10-22", 30)  # that many rows of one day fall on the default point

SILENT_CELL = ("望舒街道 1-04", "2025-09-01")
SILENT_CELL_LIFT = 5.0  # busy enough before that its silence means something
DEFAULT_POINT = "文澜街道 1-05"
DEFAULT_SHARE = 0.016  # of the hotline's rows
DEFAULT_POINT_NAME = "市民服务中心"
SLOW_WEEKS = ("2025-06-09", "2025-06-22")
SLOW_SHARE, LATE_SHARE = 0.45, 0.05  # of rows registered days after they happened, in those weeks and at other times
N_CROSS_SOURCE = 420

TROUBLE = {  # rows with each trouble; none of them belongs to a surge, a decoy or another trouble
    "blank_class": 300,
    "blank_matter": 420,
    "blank_coordinates": 640,
    "zero_coordinates": 70,
    "swapped_coordinates": 36,
    "outside_city": 44,
    "full_width_digits": 40,
    "bad_occurrence_time": 14,
    "damaged_cell_code": 9,
    "unknown_cell_code": 12,
    "quoted_text": 30,
    "line_break_in_text": 3,
    "hostile_text": 8,
    "exact_duplicate_rows": 180,
}
BAD_TIMES = ("2024-02-30 10:15", "0000-00-00 00:00", "2025-13-05 08:20", "待补录", "", "1900-01-00 00:00", "25:61")
HOSTILE = ("=HYPERLINK(0)", "{{7*191}}", "<b>急</b>", "+1+1", "@SUM(1)", "${7*191}", "x' OR '1'='1", "<img src=x>")
