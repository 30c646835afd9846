"""Tables to XLSX and CSV. Text from the data is never a formula, a link or a number.

CSV: a text whose first character is one of `= + - @`, their full-width forms, TAB, CR or LF would be run as a formula
by spreadsheet programs. Such a text gets an apostrophe in front; so does a text that already begins with apostrophes
followed by one of these, which makes the rule reversible: `read_guarded_csv` gives back the exact texts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from . import grouped, settings_sheet, style
from .chance import false_words

_GUARDED = re.compile("'*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_ESCAPED = re.compile("'+[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_LONGEST_TEXT = 32767
_LINK_FREE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


def guard_text(text: str) -> str:
    """*text* as a CSV file may hold it; see the module's docstring."""
    return "'" + text if _GUARDED.match(text) else text


def unguard_text(text: str) -> str:
    """The inverse of `guard_text`."""
    return text[1:] if _ESCAPED.match(text) else text


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write *table* as UTF-8 with BOM, commas, CRLF, times as `2025-01-31 08:00:00`, missing values empty.

    Texts are guarded, numbers are written as they are. Geometry columns are left out.
    """
    names = [name for name in table.columns if table[name].dtype != "geometry"]
    columns = [_csv_texts(table[name]) for name in names]
    with Path(path).open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([guard_text(str(name)) for name in names])
        writer.writerows(zip(*columns, strict=True))


def _csv_texts(column: pd.Series) -> list[str]:
    missing = column.isna()
    if pd.api.types.is_datetime64_any_dtype(column):
        return ["" if gone else _time_text(value) for gone, value in zip(missing, column, strict=True)]
    if pd.api.types.is_float_dtype(column):
        return ["" if gone else f"{float(value):.10g}" for gone, value in zip(missing, column, strict=True)]
    return ["" if gone else _csv_text(value) for gone, value in zip(missing, column, strict=True)]


def _csv_text(value: Any) -> str:
    if isinstance(value, str):
        return guard_text(value)
    return _time_text(value) if isinstance(value, datetime) else str(value)


def _time_text(value: datetime) -> str:
    return pd.Timestamp(value).isoformat(sep=" ")


def read_guarded_csv(path: str | Path) -> pd.DataFrame:
    """A file of `write_csv`, every column as its exact text; what was missing is ''."""
    with Path(path).open(encoding="utf-8-sig", newline="") as stream:
        rows = [[unguard_text(text) for text in row] for row in csv.reader(stream)]
    return pd.DataFrame(rows[1:], columns=rows[0], dtype=object)


@dataclass(frozen=True)
class _Column:
    """A column of the list of warnings: field, header, width in characters, kind, help."""

    field: str
    header: str
    width: float
    kind: str
    help: str


_COLUMNS = (
    _Column("rank", "序号", 6, "whole", "按紧迫程度排序,与地图、简报中的编号一致。"),
    _Column("level", "等级", 14, "level", "红(I)立即核查、橙(II)今日核查、黄(III)关注、蓝(IV)知悉。"),
    _Column("cell_name", "地点", 30, "text", "街道·社区·网格;情况涉及多处时写共同的上级单位。"),
    _Column("category", "事项类别", 20, "text", "分类树中的节点,各级用“/”分隔。"),
    _Column("reason", "理由", 46, "wrap", "一句话说明为什么提示,只含数字与事实。"),
    _Column("observed", "实际(件)", 9, "whole", "时间窗内实际发生的件数。"),
    _Column("expected", "平时(件)", 9, "one", "按本单位自身历史推算的平常件数。"),
    _Column("ratio", "倍数", 9, "ratio", "实际件数除以平时件数。"),
    _Column("excess", "超出(件)", 9, "one", "实际件数减去平时件数。"),
    _Column(
        "recurrence_days",
        "碰巧间隔(天)",
        14,
        "days",
        "若一切正常,全市平均多少天才会碰巧出现一次这样的情况;越大越不像巧合。",
    ),
    _Column("sources", "来源(件)", 20, "wrap", "各受理渠道的件数。"),
    _Column("responsible", "责任单位", 18, "text", "按类别与区域对照表;表中没有的写“待明确”,请补充。"),
    _Column("closed", "办结情况", 22, "text", "关联工单中已办结的件数。"),
    _Column("change", "变化", 8, "text", "与上一次印发的清单相比:新增、升级、持续、解除。"),
    _Column("state", "状态", 9, "text", "待研判、已交办、已办结、已销号。"),
    _Column("window_start", "开始(当地时间)", 17, "time", "时间窗的开始。"),
    _Column("window_end", "截止(不含)", 17, "time", "时间窗的结束,这一刻本身不计入。"),
    _Column("first_seen", "首次出现", 17, "time", "同一情况第一次达到提示标准的时间。"),
    _Column("times_seen", "累计出现(次)", 12, "whole", "同一情况连续达到标准的次数。"),
    _Column("places", "涉及范围(件)", 40, "wrap", "上升集中在哪些下级单位。"),
    _Column("caveats", "注意", 26, "wrap", "数据延迟、默认坐标、类别合并等可能影响判断的因素。"),
    _Column("stability", "边界复核", 11, "text", "换一种划分再检验:稳定、边界敏感、无法复核;未复核的为空。"),
    _Column("models", "模型依据", 24, "wrap", "各模型所占的份量。"),
    _Column("risk", "风险(0—1)", 10, "two", "地图着色用的综合值,不是概率。"),
    _Column("incidents", "关联工单(件)", 12, "whole", "明细见 members.csv(仅内部)。"),
    _Column("cell_id", "单元编码", 28, "text", "网格或上级单元的编码,按文本保存。"),
    _Column("warning_id", "提示编号", 20, "text", "同一情况在各次运行中编号不变。"),
    _Column("merged_into", "并入提示", 20, "text", "已并入的提示:并入哪一条。"),
    _Column("steps", "持续(次)", 10, "whole", "连续达到标准的时段数。"),
    _Column("source_count", "独立来源(个)", 12, "whole", "各自明显高于自身往常的来源个数。"),
    _Column(
        "false_per_week", "同级碰巧误报(条/周)", 16, "two", "没有任何异常时,这一等级平均每周也会出现的条数(预算前)。"
    ),
)

_BARS: tuple[tuple[str, dict[str, Any]], ...] = (("ratio", {"max_type": "num", "max_value": 10}), ("excess", {}))
"""Columns with bars in their cells, and where a bar is full; by default at the column's largest."""

_LAST_PRINTED = [column.field for column in _COLUMNS].index("state")
_ACCOUNT_WORDS = {
    "rows_in": "读入",
    "rows_used": "采用",
    "rows_after_as_of": "截止时间之后",
    "rows_before_period": "所需时段之前",
    "rows_outside": "不在任何网格内",
    "rows_duplicate": "重复",
    "rows_excluded": "类别不计(按策略,或未选)",
    "rows_quarantined": "隔离待查(见 quarantine.csv)",
}


def write_warnings_xlsx(
    path: str | Path,
    early_warnings: pd.DataFrame,
    facts: Mapping[str, Any],
    kin: pd.DataFrame | None = None,
    settings: Sequence[settings_sheet.Setting] = (),
) -> None:
    """Write the list of early warnings as a workbook of the sheets 提示清单, 说明, 参数与账目, 全部参数 and 归并明细.

    The last two hold *settings*, and *kin*, everything the warnings stand for; either is left out where it is empty.
    *early_warnings* as in DESIGN §3, in rank order; columns it lacks stay empty. Level colours, frozen header, filters.
    Codes are text whatever they look like. Equal input gives equal bytes.
    """
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, _LINK_FREE) as book:
        book.set_properties(
            {"title": str(facts.get("title", "")), "comments": style.STATUTORY_ZH, "created": datetime(2000, 1, 1)}
        )
        formats = _Formats(book)
        _write_list(book.add_worksheet("提示清单"), formats, early_warnings, facts)
        _write_help(book.add_worksheet("说明"), formats)
        _write_account(book.add_worksheet("参数与账目"), formats, facts)
        if settings:
            settings_sheet.write_sheet(book.add_worksheet(settings_sheet.SHEET), formats, settings, _clip)
        if kin is not None and len(kin):
            grouped.write_sheet(book.add_worksheet(grouped.SHEET), formats, kin, _clip)
    Path(path).write_bytes(buffer.getvalue())


class _Formats:
    """Cell formats by name, made once per workbook."""

    _KINDS: Mapping[str, Mapping[str, Any]] = {
        "text": {"num_format": "@", "indent": 1},
        "wrap": {"num_format": "@", "indent": 1, "text_wrap": True},
        "whole": {"num_format": "0"},
        "one": {"num_format": "0.0"},
        "two": {"num_format": "0.00"},
        "ratio": {"num_format": '[>=100]"百倍以上";0.0'},
        "days": {"num_format": '[>=3652500]"一万年以上";#,##0'},
        "time": {"num_format": "yyyy-mm-dd hh:mm"},
    }

    def __init__(self, book: xlsxwriter.Workbook):
        base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
        line = {"bottom": 1, "bottom_color": style.GROUND["light"]["line"]}
        muted = {"font_color": style.GROUND["light"]["muted"]}
        self.title = book.add_format({**base, "font_size": 16, "bold": True})
        self.note = book.add_format({**base, **muted})
        self.plain = book.add_format({**base, **line, "num_format": "@"})
        self.number = book.add_format({**base, **line, "num_format": "#,##0"})
        self.wrapped = book.add_format({**base, **line, "num_format": "@", "text_wrap": True})
        self.header = book.add_format(
            {**base, "bold": True, "text_wrap": True, "bg_color": "#1f2f46", "font_color": "#ffffff", "align": "center"}
        )
        self.kinds = {kind: book.add_format({**base, **line, **rules}) for kind, rules in self._KINDS.items()}
        self.aside = {kind: book.add_format({**base, **line, **rules, **muted}) for kind, rules in self._KINDS.items()}
        self.levels = {
            level.name: book.add_format(
                {
                    **base,
                    **line,
                    "bold": True,
                    "align": "center",
                    "bg_color": level.light,
                    "font_color": level.ink_light,
                }
            )
            for level in style.LEVELS
        }


def _write_list(sheet: Any, formats: _Formats, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    last = len(_COLUMNS) - 1
    sheet.write_string(0, 0, _clip(f"{facts.get('title') or '风险提示清单'}  {facts.get('city') or ''}"), formats.title)
    sheet.write_string(1, 0, _clip(_heading(facts)), formats.note)
    for number, column in enumerate(_COLUMNS):
        sheet.set_column(number, number, column.width)
        sheet.write_string(2, number, column.header, formats.header)
    sheet.set_row(0, 27)
    sheet.set_row(2, 32)
    for row, record in enumerate(table.to_dict("records"), start=3):
        _write_row(sheet, formats, row, record)
    if len(table):
        end = 2 + len(table)
        sheet.autofilter(2, 0, end, last)
        for field, most in _BARS:
            at = [column.field for column in _COLUMNS].index(field)
            bar = {"type": "data_bar", "bar_color": "#94c4d8", "bar_solid": True, "min_type": "num", "min_value": 0}
            sheet.conditional_format(3, at, end, at, bar | most)
    else:
        sheet.merge_range(3, 0, 3, last, _clip(_calm_words(facts)), formats.wrapped)
    sheet.freeze_panes(3, 3)
    sheet.print_area(0, 0, max(2 + len(table), 3), _LAST_PRINTED)
    sheet.set_landscape()
    sheet.set_paper(8)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(2)
    sheet.set_footer(f"&L{style.STATUTORY_ZH}&R&P / &N")


def _write_row(sheet: Any, formats: _Formats, row: int, record: Mapping[str, Any]) -> None:
    aside = _aside(record)
    sheet.set_row(row, 36)
    for number, column in enumerate(_COLUMNS):
        value = record.get(column.field)
        look = (formats.aside if aside else formats.kinds).get(column.kind)
        if column.kind == "level":
            _write_level(sheet, formats, row, number, str(value or ""), aside)
        elif value is None or (not isinstance(value, str) and pd.isna(value)):
            sheet.write_blank(row, number, None, look)
        elif column.kind == "time":
            sheet.write_datetime(row, number, pd.Timestamp(value).tz_localize(None).to_pydatetime(), look)
        elif column.kind in ("text", "wrap") or isinstance(value, str):
            sheet.write_string(row, number, _clip(str(value)), look)
        else:
            _write_number(sheet, row, number, float(value), look)


def _write_number(sheet: Any, row: int, number: int, value: float, look: Any) -> None:
    if abs(value) < 1e15:
        sheet.write_number(row, number, value, look)
    else:  # also infinity: Excel knows no such number
        sheet.write_string(row, number, "极大" if value > 0 else "极小", look)


def _aside(record: Mapping[str, Any]) -> str:
    """Why a row stands aside, in grey: it has ended, or is beyond the budget; empty if it does not."""
    gone = {"ended": "已解除", "merged": "已并入"}.get(str(record.get("phase")))
    if gone:
        return gone
    within = record.get("within_budget")
    return "" if within is None or bool(within) else "超出预算"


def _write_level(sheet: Any, formats: _Formats, row: int, number: int, name: str, aside: str) -> None:
    if name not in formats.levels:
        sheet.write_string(row, number, _clip(name), formats.kinds["text"])
        return
    words = style.level_of(name)
    text = f"{words.zh} {words.verb_zh}"
    if aside:
        sheet.write_string(row, number, f"{text} {aside}", formats.aside["wrap"])
    else:
        sheet.write_string(row, number, text, formats.levels[name])


def _heading(facts: Mapping[str, Any]) -> str:
    parts = [f"数据截至 {_day(facts.get('as_of'))}"] if facts.get("as_of") else []
    if facts.get("classification"):
        parts.append(str(facts["classification"]))
    parts.append(style.STATUTORY_ZH)
    false = false_words(facts.get("expected_false") or {})[0]
    if false:
        parts.append(false)
    if facts.get("cut"):
        parts.append(f"另有{facts['cut']}条超出预算,列在后面")
    return " · ".join(parts)


def _calm_words(facts: Mapping[str, Any]) -> str:
    tests = facts.get("tests")
    checked = f"共核对{tests}项" if tests else "已核对全部单元与类别"
    rise = f"达到以下件数就会提示:{facts['smallest_rise']}。" if facts.get("smallest_rise") else ""
    return f"今日没有达到提示标准的情况。{checked}。{rise}"


def _day(value: Any) -> str:
    return str(value).replace("T", " ")[:16]


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _write_help(sheet: Any, formats: _Formats) -> None:
    sheet.set_column(0, 1, 18)
    sheet.set_column(2, 2, 86)
    sheet.write_string(0, 0, "各列说明", formats.title)
    for number, header in enumerate(("列", "字段名", "含义")):
        sheet.write_string(1, number, header, formats.header)
    for row, column in enumerate(_COLUMNS, start=2):
        sheet.write_string(row, 0, column.header, formats.plain)
        sheet.write_string(row, 1, column.field, formats.plain)
        sheet.write_string(row, 2, column.help, formats.wrapped)
    row = len(_COLUMNS) + 3
    sheet.write_string(row, 0, "等级", formats.title)
    for level in style.LEVELS:
        row += 1
        sheet.write_string(row, 0, f"{level.numeral} {level.zh}", formats.levels[level.name])
        sheet.write_string(row, 1, level.verb_zh, formats.plain)
        sheet.write_string(row, 2, level.verb_en, formats.plain)
    sheet.write_string(row + 2, 0, f"{style.STATUTORY_ZH}。{style.STATUTORY_EN}.", formats.note)
    sheet.freeze_panes(2, 0)


def _write_account(sheet: Any, formats: _Formats, facts: Mapping[str, Any]) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 60)
    sheet.write_string(0, 0, "账目(条)", formats.title)
    row = 1
    for name, number in (facts.get("account") or {}).items():
        sheet.write_string(row, 0, f"{_ACCOUNT_WORDS.get(name, '')} {name}".strip(), formats.plain)
        sheet.write_number(row, 1, int(number), formats.number)
        row += 1
    row += 1
    sheet.write_string(row, 0, "本次运行", formats.title)
    for label, text in _run_facts(facts):
        row += 1
        sheet.write_string(row, 0, label, formats.plain)
        sheet.write_string(row, 1, _clip(text), formats.wrapped)
    notices = facts.get("notices") or []
    if notices:
        row += 2
        sheet.write_string(row, 0, "提醒", formats.title)
    for notice in notices:
        row += 1
        sheet.write_string(row, 0, _clip(str(notice.get("code", ""))), formats.plain)
        sheet.write_string(row, 1, _clip(str(notice.get("zh", ""))), formats.wrapped)


def _run_facts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    budget = facts.get("budget") or {}
    rows = [
        ("运行编号", facts.get("run_id")),
        ("数据截至(不含)", _day(facts.get("as_of") or "")),
        ("时区", facts.get("timezone")),
        ("时间粒度", {"hour": "小时", "day": "日", "week": "周"}.get(str(facts.get("bin")), facts.get("bin"))),
        ("热点与密度的时间窗(天)", facts.get("window_days")),
        ("检验总数", facts.get("tests")),
        ("预算:全市每天橙红(条)", budget.get("city_per_day")),
        ("预算:每街道每周橙红(条)", budget.get("street_per_week")),
        ("碰巧误报", false_words(facts.get("expected_false") or {})[0]),
        ("方案版本", facts.get("plan_version")),
        ("软件版本", facts.get("version")),
        ("性质", f"{facts.get('classification') or ''} {style.STATUTORY_ZH}".strip()),
    ]
    return [(label, str(value)) for label, value in rows if value not in (None, "")]
