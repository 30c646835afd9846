"""The papers there are: their names, their numbers, and the words a template may ask for. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from ..plain_text import one_line
from ..refusals import refusal

ACCOUNTABILITY = "问责通知书"
"""An empty form: it is handed out as it lies, and nothing ever fills it."""


@dataclass(frozen=True)
class Kind:
    """One kind of paper: `name` on the command line, `title` on paper and in file names, `prefix` of its numbers."""

    name: str
    title: str
    title_en: str
    prefix: str

    def number(self, year: int, count: int) -> str:
        """The paper's number in words: 交办〔2026〕第0012号."""
        return f"{self.prefix}〔{year}〕第{count:04d}号"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("assign", "交办函", "letters of assignment", "交办"),
        Kind("supervise", "督办函", "letters of supervision", "督办"),
        Kind("tasks", "任务清单书", "lists of tasks", "任务"),
        Kind("rectify", "问题整改书", "demands for rectification", "整改"),
        Kind("weekly", "周清单", "weekly list", "周清单"),
        Kind("monthly", "月清单", "monthly list", "月清单"),
    )
}

ABOUT_ALL = ("演练", "编号", "单位", "期限", "件数", "分级", "日期", "发文单位", "起始", "截止", "统计", "声明")
"""What a paper says once, wherever a template asks for it."""

ABOUT_ITEMS = (
    "序号",
    "等级",
    "地点",
    "类别",
    "情况",
    "实际",
    "平时",
    "时段",
    "研判",
    "承办单位",
    "交办时间",
    "办理期限",
    "督办次数",
    "重启次数",
    "状态",
    "超期",
    "预警编号",
)
"""What a paper says of every warning: a table row that asks for one of these is repeated."""

ABOUT_COUNTS = ("责任单位", "级别", "发出", "属实", "误报", "未核", "办理", "报备", "超期未办", "销号", "在办")
"""What a list says of every unit and level, in a row that is repeated likewise. 办理 and 报备 stand apart."""

PLACEHOLDER = re.compile("〔([^〔〕]{1,20})〕")
_YEAR = re.compile(r"\d{4}年?")


def check_asked(asked: Set[str], where: str) -> None:
    """Raise InputError if a template asks for something unknown, for nothing of the items, or not for the statement.

    A year, as in 交办〔2026〕, asks for nothing.
    """
    known = (*ABOUT_ALL, *ABOUT_ITEMS, *ABOUT_COUNTS)
    strange = sorted(name for name in asked if name not in known and not _YEAR.fullmatch(name))
    if strange:
        raise refusal("E-PAPER-002", where=where, name=one_line(strange[0], 20), known="、".join(known))
    if not asked & set(ABOUT_ITEMS):
        raise refusal("E-PAPER-005", where=where)
    if "声明" not in asked:
        raise refusal("E-PAPER-012", where=where)
