"""Facts of papers in the words that stand on them. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .. import style
from ..drills import DRILL_ZH
from ..ledger import HANDLED, VERDICTS
from ..plain_text import one_line
from .kinds import KINDS
from .lists import PeriodList

NO_ISSUER = "（发文单位）"
_AFTER_CHINESE = re.compile("(?<=[\u4e00-\u9fff])[,:;]")
_FULL = {",": "\uff0c", ":": "\uff1a", ";": "\uff1b"}


def long_date(instant: str) -> str:
    """2026-01-05T18:00:00 -> 2026年1月5日."""
    day = datetime.fromisoformat(instant)
    return f"{day.year}年{day.month}月{day.day}日"


def long_time(instant: str) -> str:
    """2026-01-05T18:30:00 -> 2026年1月5日18时30分."""
    time = datetime.fromisoformat(instant)
    return f"{long_date(instant)}{time.hour}时" + (f"{time.minute:02d}分" if time.minute else "")


def short_time(instant: Any) -> str:
    """2026-01-05T18:30:00 -> 2026-01-05 18:30; nothing is —."""
    return str(instant).replace("T", " ")[:16] if instant else "—"


def level_words(name: str) -> str:
    """红·立即核查; an unknown level as it is."""
    known = {level.name: f"{level.zh}·{level.verb_zh}" for level in style.LEVELS}
    return known.get(name, one_line(name, 10))


def level_counts(items: Iterable[Mapping[str, Any]]) -> str:
    """红2、橙1."""
    names = [str(item["level"]) for item in items]
    return "、".join(f"{level.zh}{names.count(level.name)}" for level in style.LEVELS if level.name in names) or "无"


def sentence(text: Any) -> str:
    """A sentence of the engine with the punctuation of a Chinese page."""
    return _AFTER_CHINESE.sub(lambda mark: _FULL[mark[0]], one_line(text, 200))


def late_words(hours: float | None) -> str:
    """63小时, from three days on 12天; not late is —."""
    if not hours:
        return "—"
    return f"{hours:.0f}小时" if hours < 72 else f"{hours / 24:.0f}天"


def state_words(item: Mapping[str, Any]) -> str:
    """One of the four states; of what is done, whether it was handled or only reported."""
    route = {"handled": "办理", "reported": "报备"}.get(str(item.get("route") or ""), "")
    state = one_line(item["state"], 10)
    return f"{state}·{route}" if route and state == HANDLED else state


def item_words(number: int, item: Mapping[str, Any]) -> dict[str, str]:
    """The texts of one item, by placeholder."""
    observed, expected = item.get("observed"), item.get("expected")
    late = item.get("late_hours")
    spans = [short_time(item.get(name))[:10] for name in ("window_start", "window_end")]
    return {
        "序号": str(number),
        "等级": level_words(str(item["level"])),
        "地点": one_line(item["cell_name"], 60),
        "类别": one_line(item["category"], 40),
        "情况": sentence(item["reason"]),
        "实际": "—" if observed is None else f"{observed:g}",
        "平时": "—" if expected is None else f"{expected:.1f}",
        "时段": "至".join(spans),
        "研判": VERDICTS.get(str(item["verdict"] or ""), ("待研判", ""))[0],
        "承办单位": one_line(item["unit"], 40),
        "交办时间": short_time(item["assigned_at"]),
        "办理期限": short_time(item["due"]),
        "督办次数": str(item["supervised"] or 0),
        "重启次数": str(item["reopened"] or 0),
        "状态": state_words(item),
        "超期": late_words(late),
        "预警编号": one_line(item["warning_id"], 40),
    }


def letter_words(paper: Mapping[str, Any], issuer: str = "") -> dict[str, str]:
    """What a numbered letter says once, by placeholder; *paper* is what the ledger recorded of it."""
    items = paper["items"]
    mark = DRILL_ZH if any(item.get("drill") for item in items) else ""
    return {
        "演练": mark,
        "编号": mark + number_words(paper),
        "单位": one_line(paper["unit"], 40),
        "期限": _deadline([str(item["due"]) for item in items if item["due"]], str(paper["time"])),
        "件数": str(len(items)),
        "分级": level_counts(items),
        "日期": long_date(paper["time"]),
        "发文单位": one_line(issuer, 40) or NO_ISSUER,
        "声明": style.STATUTORY_ZH,
        "起始": "—",
        "截止": "—",
        "统计": "",
    }


def list_words(paper: Mapping[str, Any], found: PeriodList, issuer: str = "") -> dict[str, str]:
    """What a numbered list says once, by placeholder."""
    last = (datetime.fromisoformat(found.end) - timedelta(seconds=1)).isoformat()
    totals, told = found.totals, f"（另有演练{found.drills}条，不计入）" if found.drills else ""
    summary = (
        f"本期发出{totals['issued']}条；研判属实{totals['true']}条、误报{totals['false']}条、未核{totals['unclear']}条；"
        f"办理{totals['handled']}条，报备{totals['reported']}条；销号{totals['closed']}条；期末在办{totals['open']}条，"
        f"其中超期{totals['overdue']}条。{told}"
    )
    return {
        "演练": "",
        "编号": number_words(paper),
        "单位": one_line(found.unit, 40) or "全部",
        "期限": _deadline([str(item["due"]) for item in found.items if item["due"]], found.end),
        "件数": str(len(found.items)),
        "分级": level_counts(found.items),
        "日期": long_date(paper["time"]),
        "发文单位": one_line(issuer, 40) or NO_ISSUER,
        "声明": style.STATUTORY_ZH,
        "起始": long_date(found.first),
        "截止": long_date(last),
        "统计": sentence(summary),
    }


def count_words(found: PeriodList) -> list[dict[str, str]]:
    """The rows of a list's first table, by placeholder: units, levels, then all together."""
    names = {
        "发出": "issued",
        "属实": "true",
        "误报": "false",
        "未核": "unclear",
        "办理": "handled",
        "报备": "reported",
    }
    names |= {"超期未办": "overdue", "销号": "closed", "在办": "open"}
    rows = [
        {
            "责任单位": one_line(row["unit"], 40),
            "级别": level_words(row["level"]),
            **{zh: str(row[en]) for zh, en in names.items()},
        }
        for row in found.counts
    ]
    return [*rows, {"责任单位": "合计", "级别": "—", **{zh: str(found.totals[en]) for zh, en in names.items()}}]


def number_words(paper: Mapping[str, Any]) -> str:
    """交办〔2026〕第0012号."""
    return KINDS[paper["kind"]].number(int(paper["year"]), int(paper["number"]))


def _deadline(dues: list[str], now: str) -> str:
    """The earliest deadline in words; one that is past says so and asks for today."""
    if not dues:
        return "以清单所列为准"
    first = min(dues)
    return long_time(first) if first >= now else f"即日（原定{long_time(first)}，已过）"
