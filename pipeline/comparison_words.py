"""What a comparison of two periods says, in both languages, and what someone should know before repeating it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .periods import LAST_YEAR, Pairs

_WORTH_TELLING = 0.05  # a fall to be expected by itself of less than this share is not told

_KIND = {"last_year": ("上年同期", "a year before"), "previous_period": ("上一时段", "the period before")}

_WHY = {
    "no earlier year": ("没有上年同期数据", "there is no earlier year to compare with"),
    "no earlier period": ("没有上一时段数据", "there is no earlier period to compare with"),
    "too few days": ("可比天数不足一半,不作比较", "fewer than half of the days can be compared: no comparison is made"),
    "redivision": (
        "网格调整后部分事件仅按面积折算,不作比较",
        "cells were divided anew and incidents dealt out by area: no comparison is made",
    ),
}

PICKED = (
    "该处因近期偏高而被提示,升幅通常被高估",
    "the place was picked because it is high now, which makes the rise look larger than it is",
)
"""What is told of the rise of a place that was picked for being high."""

_DROPPED = {
    "outage": ("{n}天数据中断,两侧均不计", "{n} day(s) without data are left out on both sides"),
    "festival": (
        "{n}天为节日且无对应日,两侧均不计",
        "{n} festival day(s) without a like one are left out on both sides",
    ),
    "declared": ("{n}天在已申报事件内,两侧均不计", "{n} day(s) inside a declared event are left out on both sides"),
    "no data": ("{n}天在对照期没有数据,不计", "{n} day(s) have no data in the earlier period and are left out"),
}


def percent(value: float, sign: bool = True) -> str:
    """`−22%`, `+5%`; with a true minus."""
    if abs(value) < 0.005:
        return "0%"
    text = f"{value:+.0%}" if sign else f"{abs(value):.0%}"
    return text.replace("-", "−")


def sentences(row: Mapping[str, Any]) -> tuple[str, str]:
    """One sentence in Chinese and in English; figures only where the periods can be compared."""
    then, then_en = _KIND[row["comparison"]]
    if row["why"]:
        return _not_comparable(row["why"])
    if row["now"] + row["before"] == 0:
        return f"本期与{then}均无此类事件", f"none now and none {then_en}"
    if not np.isfinite(row["change"]):
        zh, en = f"{then}为0件,本期{row['now']}件", f"none {then_en}, {row['now']} now"
    elif row["verdict"] == "noise":
        zh, en = _unclear(row, then)
    else:
        zh, en = _clear(row, then)
    if not np.isfinite(row["change"]) and row["verdict"] == "noise":
        zh, en = f"{zh},无法区分于波动", f"{en}: not distinguishable from noise"
    fell = _fell_by_itself(row)
    return (zh + fell[0], en + fell[1]) if fell else (zh, en)


def _not_comparable(why: str) -> tuple[str, str]:
    if why.startswith("restart:"):
        name = why.removeprefix("restart:")
        return f"期间有“{name}”,前后不可比", f"“{name}” lies between the two: they cannot be compared"
    return _WHY[why]


def _clear(row: Mapping[str, Any], then: str) -> tuple[str, str]:
    if row["change"] >= 1:
        size, low, high = (_times(row[name] + 1) for name in ("change", "low", "high"))
        high_zh, high_en = (f"{high}倍", f"{high} times") if high else ("无上限", "no upper limit")
        return f"是{then}的{size}倍,95%区间{low}倍至{high_zh}", f"{size} times, 95 % interval {low} to {high_en}"
    word, word_en = ("下降", "down") if row["change"] < 0 else ("上升", "up")
    size = percent(row["change"], sign=False)
    zh = f"比{then}{word}{size},95%区间{percent(row['low'])}至{_upper(row['high'])}"
    en = f"{word_en} {size[:-1]} %, 95 % interval {percent(row['low'])[:-1]} to {_upper_en(row['high'])}"
    return zh, en


def _times(ratio: float) -> str:
    return (f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}") if np.isfinite(ratio) else ""


def _unclear(row: Mapping[str, Any], then: str) -> tuple[str, str]:
    many = row["low"] > 0 or row["high"] < 0
    among, among_en = (
        (",单看区间不含0,但同时比较多个单元时属常见", ", alone it would stand out, among so many units it does not")
        if many
        else ("", "")
    )
    zh = f"比{then}{percent(row['change'])}(95%区间{percent(row['low'])}至{_upper(row['high'])}){among},无法区分于波动"
    interval = f"95 % interval {percent(row['low'])[:-1]} to {_upper_en(row['high'])}"
    return zh, f"not distinguishable from noise ({percent(row['change'])[:-1]} %, {interval}{among_en})"


def _upper(value: float) -> str:
    return percent(value) if np.isfinite(value) else "无上限"


def _upper_en(value: float) -> str:
    return f"{percent(value)[:-1]} %" if np.isfinite(value) else "no upper limit"


def _fell_by_itself(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a place that was high before was bound to fall: printed beside the fall that was seen."""
    expected = row["expected_change"]
    if not (np.isfinite(expected) and np.isfinite(row["change"])):
        return None
    if expected > -_WORTH_TELLING or row["change"] >= 0 or row["before"] <= 0:
        return None
    seen, due = percent(row["change"], sign=False), percent(expected, sign=False)
    zh = f";对照期偏高,即使不采取措施也预计回落约{due}"
    en = f"; it was high then: of the {seen[:-1]} % fall about {due[:-1]} % were to be expected without any action"
    return zh, en


def caveats_of(pairs: Pairs, learned: bool, divided: bool) -> tuple[list[str], list[str]]:
    """What holds for every unit of a comparison, Chinese and English."""
    told = [
        (zh.format(n=n), en.format(n=n)) for name, n in sorted(pairs.dropped.items()) for zh, en in [_DROPPED[name]]
    ]
    if pairs.moved and pairs.kind == LAST_YEAR:
        told.append(
            (
                f"{pairs.moved}天按农历节日对齐,而非公历同日",
                f"{pairs.moved} day(s) are aligned by festival, not by calendar date",
            )
        )
    if not learned:
        told.append(
            (
                "历史太短,波动大小按最小可能估计",
                "history is too short to learn how much counts vary: the least is taken",
            )
        )
    if divided:
        told.append(
            (
                "其间网格有调整:两期均按现行网格重新统计",
                "cells were divided anew in between: both periods are counted on the cells of today",
            )
        )
    return [zh for zh, _ in told], [en for _, en in told]
