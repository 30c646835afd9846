"""The same papers as workbooks, for those who work with the list. Text from the data is never a formula or a link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from .. import style
from ..plain_text import one_line

LINK_FREE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_WIDTHS = {"序号": 6, "地点": 28, "类别": 20, "情况": 44, "承办单位": 20, "责任单位": 24, "时段": 24, "预警编号": 20}
_NUMBERS = {"序号", "实际", "平时", "督办次数", "重启次数"}
_FIGURES = {"发出", "属实", "误报", "未核", "办理", "报备", "超期未办", "销号", "在办"}
_TIMES, _TIME = {"办理期限", "交办时间"}, re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_HEADERS = {"级别": "等级", "超期未办": "超期"}
ITEM_COLUMNS = (
    *("序号", "等级", "地点", "类别", "情况", "承办单位", "办理期限", "状态", "超期"),
    *("实际", "平时", "时段", "研判", "交办时间", "督办次数", "重启次数", "预警编号"),
)
"""The columns of a sheet of items; those as far as 超期 are printed."""
_LAST_PRINTED = ITEM_COLUMNS.index("超期")

Table = tuple[str, Sequence[str], Sequence[Mapping[str, str]]]
"""Name of a sheet, its columns, its rows by column."""


def make_workbook(title: str, notes: Sequence[str], tables: Sequence[Table], made: datetime) -> bytes:
    """A workbook with a sheet per table: title, notes, header, rows; frozen, with filters, ready to print.

    Figures are numbers, deadlines are dates, all else is text. Equal input gives equal bytes.
    """
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, LINK_FREE) as book:
        book.set_properties({"title": one_line(title), "comments": style.STATUTORY_ZH, "created": made})
        formats = _formats(book)
        for name, columns, rows in tables:
            _write(book.add_worksheet(name), formats, (title, notes), columns, rows)
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
        "number": book.add_format({**base, **edge, "align": "center"}),
    }


def _write(
    sheet: Any, formats: Mapping[str, Any], head: tuple[str, Sequence[str]], columns: Sequence[str], rows: Any
) -> None:
    title, notes = head
    sheet.write_string(0, 0, one_line(title, 200), formats["title"])
    sheet.set_row(0, 27)
    for number, note in enumerate(notes, start=1):
        sheet.write_string(number, 0, one_line(note, 400), formats["note"])
    top = len(notes) + 1
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _WIDTHS.get(column, 16 if "时" in column or "期限" in column else 11))
        sheet.write_string(top, place, _HEADERS.get(column, column), formats["head"])
    for number, row in enumerate(rows, start=top + 1):
        for place, column in enumerate(columns):
            _cell(sheet, number, place, column, str(row.get(column, "")), formats)
    if rows:
        sheet.autofilter(top, 0, top + len(rows), len(columns) - 1)
    sheet.freeze_panes(top + 1, 0)
    sheet.set_landscape()
    sheet.set_paper(8)
    sheet.print_area(0, 0, top + max(len(rows), 1), min(len(columns) - 1, max(_LAST_PRINTED, len(_FIGURES) + 1)))
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
    sheet.set_footer(f"&L{style.STATUTORY_ZH}&R&P / &N")


def _cell(sheet: Any, row: int, place: int, column: str, text: str, formats: Mapping[str, Any]) -> None:
    figure = column in _NUMBERS or column in _FIGURES
    if figure and text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        sheet.write_number(row, place, float(text), formats["number"])
    elif column in _TIMES and _TIME.fullmatch(text):
        sheet.write_datetime(row, place, datetime.fromisoformat(text), formats["time"])
    else:
        sheet.write_string(row, place, one_line(text, 1000), formats["text"])
