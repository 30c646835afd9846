"""Draws the workbooks that come along as templates; see `drawing` for the documents. Equal bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from .. import style
from .kinds import ABOUT_COUNTS

_LINK_FREE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_WIDTHS = {"序号": 6, "地点": 28, "类别": 20, "情况": 44, "承办单位": 20, "责任单位": 24, "时段": 24, "预警编号": 20}
_TIMES = {"办理期限", "交办时间"}
_TEXTS = {"等级", "地点", "类别", "情况", "承办单位", "责任单位", "级别", "时段", "状态", "研判", "预警编号"}
_HEADERS = {"级别": "等级", "超期未办": "超期"}
_ITEMS = (
    *("序号", "等级", "地点", "类别", "情况", "承办单位", "办理期限", "状态", "超期"),
    *("实际", "平时", "时段", "研判", "交办时间", "督办次数", "重启次数", "预警编号"),
)
_PRINTED = 9
"""Columns of a sheet of items that are printed; the others are to work with."""

_LETTER = ("承办单位：〔单位〕  日期：〔日期〕  期限：〔期限〕  〔件数〕项：〔分级〕", "〔声明〕")
_LIST = ("时段：〔起始〕至〔截止〕  责任单位：〔单位〕", "〔统计〕", "〔声明〕")
_LETTERS = ("交办函", "督办函", "任务清单书", "问题整改书")
SHEETS: dict[str, tuple[str, Sequence[str], dict[str, Sequence[str]]]] = {
    **{
        name: (f"{name} 〔编号〕", _LETTER, {name: _ITEMS}) for name in ("交办函", "督办函", "任务清单书", "问题整改书")
    },
    **{name: ("〔编号〕", _LIST, {"统计": ABOUT_COUNTS, "在办": _ITEMS}) for name in ("周清单", "月清单")},
}
"""Name of a template -> title, notes, and the columns of each of its sheets."""


def draw_workbook(name: str) -> bytes:
    """The workbook called *name*: title, notes, header, one row of placeholders; frozen, with filters, printable."""
    title, notes, sheets = SHEETS[name]
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, _LINK_FREE) as book:
        book.set_properties({"title": name, "comments": style.STATUTORY_ZH, "created": datetime(2000, 1, 1)})
        formats = _formats(book)
        for sheet, columns in sheets.items():
            _draw(book.add_worksheet(sheet), formats, (title, *notes), columns)
    return buffer.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
    edge = {"border": 1, "border_color": style.GROUND["light"]["line"]}
    return {
        "title": book.add_format({**base, "font_size": 16, "bold": True}),
        "note": book.add_format({**base, "font_color": style.GROUND["light"]["muted"]}),
        "head": book.add_format({**base, **edge, "bold": True, "align": "center", "bg_color": "#e8edf3"}),
        "text": book.add_format({**base, **edge, "num_format": "@", "text_wrap": True}),
        "time": book.add_format({**base, **edge, "num_format": "yyyy-mm-dd hh:mm", "align": "center"}),
        "figure": book.add_format({**base, **edge, "align": "center"}),
    }


def _draw(sheet: Any, formats: dict[str, Any], lines: Sequence[str], columns: Sequence[str]) -> None:
    for number, line in enumerate(lines):
        sheet.write_string(number, 0, line, formats["note" if number else "title"])
    sheet.set_row(0, 27)
    top, last = len(lines), len(columns) - 1
    for place, column in enumerate(columns):
        kind = "time" if column in _TIMES else "text" if column in _TEXTS else "figure"
        sheet.set_column(place, place, _WIDTHS.get(column, 16 if column in _TIMES else 11))
        sheet.write_string(top, place, _HEADERS.get(column, column), formats["head"])
        sheet.write_string(top + 1, place, f"〔{column}〕", formats[kind])
    sheet.autofilter(top, 0, top + 1, last)
    sheet.freeze_panes(top + 1, 0)
    sheet.print_area(0, 0, top + 1, _PRINTED - 1 if columns is _ITEMS else last)
    sheet.set_landscape()
    sheet.set_paper(8)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
    sheet.set_footer(f"&L{style.STATUTORY_ZH}&R&P / &N")
