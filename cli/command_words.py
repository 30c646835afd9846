"""What the three main commands are called and tell of themselves, and the figures they end with, in both languages."""

from __future__ import annotations

from typing import Any

from .report import ACCOUNT_WORDS

Pair = tuple[str, str]

RUN: dict[str, Pair] = {
    "title": ("Run everything", "一键研判"),
    "help": (
        "Read incidents and cells, find hot spots and early warnings, and write one folder: the briefing and its "
        "tables.",
        "读取事件与网格,识别热点与预警,生成含晨报与各类表格的成果文件夹。",
    ),
    "about": (
        "The whole morning in one step. Incidents are read and accounted for, counted by class, unit and day, held "
        "against their own past on every level from the cell to the city, and what chance alone would rarely show "
        "becomes an early warning: few, ranked, each with its reason. Hot spots, density and risk colour the "
        "map.\n\nTwo inputs are enough: incidents with a time, a class and a place; and cells. Without cells a "
        "regular grid is made. The folder holds the briefing, the warnings as a table, styled layers, and a "
        "manifest in which every row of the input is accounted for.",
        "一步完成整个早晨的工作。读取事件并逐行交代去向,按类别、单元与日期计数,从网格到全市逐级与自身历史比较;"
        "碰巧难得一见的上升成为预警:数量少、有次序、各有理由。热点、密度与风险用于给地图着色。\n\n"
        "两项输入即可:带时间、类别与位置的事件,以及网格。没有网格时自动生成规则网格。成果文件夹含晨报、预警表、"
        "已设样式的图层,以及交代每一行输入去向的清单。",
    ),
}
CHECK: dict[str, Pair] = {
    "title": ("Check the data", "体检"),
    "help": (
        "Tell what a run would use of the files and what not, without running it.",
        "不运行模型,先检查文件中哪些会被使用、哪些不会。",
    ),
    "about": (
        "Reads the incidents and the cells as a run would and stops there. The report tells which column was taken "
        "for what, how many rows would be used and where every other row goes and why, the period and its missing "
        "days, the classes, default points, duplicates, and faults of the cells' topology, which are also given as "
        "a layer.",
        "像研判那样读取事件与网格,到此为止。报告说明各字段被认作什么、多少行会被使用、其余各行去了哪里及原因、"
        "时段与缺失日期、类别、默认坐标、重复,以及网格的拓扑问题(另输出为图层)。",
    ),
}
REPLAY: dict[str, Pair] = {
    "title": ("Replay the past", "复盘"),
    "help": (
        "What would have been warned, day by day, over a stretch of the past: each day knows nothing later.",
        "历史回放:逐日给出当时会发出的预警,每一天都只用当时已知的数据。",
    ),
    "about": (
        "Goes through a stretch of the past moment by moment and lists the warnings each would have issued, knowing "
        "only what was known then. The figures say how many warnings of each level a week would bring, and how many "
        "of them chance alone would. No ledger is touched.",
        "逐个时点走过一段历史,列出当时会发出的预警,每一时点只用当时已知的数据。结果说明各级预警平均每周多少条,"
        "其中碰巧会有多少条。不写入台账。",
    ),
}
FROM: Pair = ("First day, e.g. 2016-01-01.", "首日,如 2016-01-01。")
TO: Pair = ("Day after the last, e.g. 2017-01-01.", "末日的次日,如 2017-01-01。")

_LEVELS = {
    "red": ("Warnings to check now (red)", "立即核查(红)的预警数"),
    "orange": ("Warnings to check today (orange)", "今日核查(橙)的预警数"),
    "yellow": ("Warnings to watch (yellow)", "关注(黄)的预警数"),
    "blue": ("Warnings to note (blue)", "知悉(蓝)的预警数"),
}
_ACCOUNT = {name: (f"Rows {english}", f"行数:{chinese}") for name, (english, chinese) in ACCOUNT_WORDS.items()}
NUMBERS: dict[str, dict[str, Pair]] = {
    "run": {"warnings": ("Number of early warnings", "预警条数"), **_LEVELS, **_ACCOUNT},
    "check": {**_ACCOUNT, "faults": ("Faults of the cells' topology", "网格拓扑问题数")},
    "replay": {
        "moments": ("Moments of decision", "研判时点数"),
        "outages": ("Data outages", "数据中断次数"),
        "warnings": ("Warnings that would have been raised", "当时会发出的预警条数"),
        **_LEVELS,
    },
}
"""Command -> its figures by name; the names are API."""


def described(command: str, words: dict[str, Pair]) -> dict[str, Any]:
    """The words and figures of a command as its entry in the schema has them."""
    texts = {key: part for name, (en, zh) in words.items() for key, part in ((name, en), (f"{name}_zh", zh))}
    numbers = [{"name": name, "help": en, "help_zh": zh} for name, (en, zh) in NUMBERS[command].items()]
    return {**texts, "numbers": numbers}
