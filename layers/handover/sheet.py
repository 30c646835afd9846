"""The hand-over sheet, written: what was assigned, four columns to fill in, and what it is checked against."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter

from .. import style
from ..drills import DRILL_ZH, is_drill
from ..refusals import refusal
from .columns import (
    CHECK,
    FILL,
    FORMAT,
    GUIDE,
    NOTHING,
    OURS,
    RESULTS,
    SHEET,
    our_texts,
    row_fingerprint,
    sheet_fingerprint,
)

_TEXT_ONLY = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_FIRST = 4
"""The first row of the list, counted from 0: above it title, origin, hint and header."""
_LINE = 16.5
_TO_FILL, _AMBER = "#fff8dc", "#7a5a00"


def check_place(path: str | Path, replace: bool = False) -> Path:
    """*path*, if a sheet may be written there.

    Raises InputError for a file that exists (unless *replace*), a folder that does not, or an ending other than .xlsx.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise refusal("E-OUT-006", where=path.name, endings=".xlsx")
    if not path.parent.is_dir():
        raise refusal("E-OUT-007", where=str(path.parent))
    if path.exists() and not replace:
        raise refusal("E-OUT-008", where=str(path))
    return path


def write_handover(
    path: str | Path, rows: Iterable[Mapping[str, Any]], *, head: str, time: str, unit: str = "", replace: bool = False
) -> int:
    """Write the hand-over sheet of *rows*; returns how many there are. Equal input gives equal bytes.

    Parameters
    ----------
    rows : rows of `Ledger.warnings`, in the order they are to stand.
    head : the ledger's head, by which the sheet is known again. time : when it goes out, as text.
    unit : the responsible unit it is for, if it is for one.

    Every text is a text, whatever it looks like; only the columns to fill in are unlocked, without a password, for
    the lock keeps from slips. Raises InputError as `check_place` does. A failure leaves nothing behind.
    """
    path = check_place(path, replace)
    rows = list(rows)
    drill = any(map(is_drill, rows))
    texts = [our_texts(row) for row in rows]
    levels = [str(row.get("level") or "") for row in rows]
    title = f"{DRILL_ZH if drill else ''}{SHEET}{f' · {unit}' if unit else ''}"
    partial = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.xlsx")
    try:
        partial.write_bytes(_workbook(title, texts, levels, head, time))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return len(rows)


def _workbook(title: str, texts: Sequence[list[str]], levels: Sequence[str], head: str, time: str) -> bytes:
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, _TEXT_ONLY) as book:
        book.set_properties({"title": title, "comments": style.STATUTORY_ZH, "created": datetime(2000, 1, 1)})
        looks = _Looks(book)
        _write_list(book.add_worksheet(SHEET), looks, title, texts, levels, time)
        _write_guide(book.add_worksheet(GUIDE), looks)
        _write_check(book.add_worksheet(CHECK), looks, texts, head, time)
    return buffer.getvalue()


class _Looks:
    """Cell formats, made once per workbook."""

    def __init__(self, book: xlsxwriter.Workbook):
        base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter", "num_format": "@"}
        amber = {"bold": True, "font_color": _AMBER}
        line = {"border": 1, "border_color": style.GROUND["light"]["line"]}
        muted = {"font_color": style.GROUND["light"]["muted"]}
        head = {"bold": True, "text_wrap": True, "align": "center", "font_color": "#ffffff"}
        self.title = book.add_format({**base, "font_size": 16, "bold": True})
        self.note = book.add_format({**base, **muted})
        self.hint = book.add_format({**base, **amber})
        self.wrapped_note = book.add_format({**base, **muted, "text_wrap": True, "valign": "top"})
        self.header = book.add_format({**base, **line, **head, "bg_color": "#1f2f46"})
        self.header_to_fill = book.add_format({**base, **line, **head, "bg_color": _AMBER})
        self.ours = book.add_format({**base, **line, "text_wrap": True, "indent": 1})
        self.code = book.add_format({**base, **line, "font_name": "Consolas", "indent": 1})
        to_fill = {**base, **line, "text_wrap": True, "indent": 1, "locked": False, "bg_color": _TO_FILL}
        self.to_fill = book.add_format(to_fill)
        self.result = book.add_format({**to_fill, "align": "center", "indent": 0, "bold": True})
        self.time = book.add_format({**to_fill, "num_format": "yyyy-mm-dd hh:mm", "align": "center", "indent": 0})
        self.levels = {
            level.name: book.add_format(
                {**base, **line, "bold": True, "align": "center", "bg_color": level.light}
                | {"font_color": level.ink_light, "text_wrap": True}
            )
            for level in style.LEVELS
        }


def _write_list(
    sheet: Any, looks: _Looks, title: str, texts: Sequence[list[str]], levels: Sequence[str], time: str
) -> None:
    columns, last = (*OURS, *FILL), len(OURS) + len(FILL) - 1
    sheet.write_string(0, 0, title, looks.title)
    origin = f"{style.STATUTORY_ZH} · {style.STATUTORY_EN} · 共{len(texts)}件 · 导出时间 {time.replace('T', ' ')[:16]}"
    sheet.write_string(1, 0, origin, looks.note)
    hint = (
        "只填右侧浅黄色四列,填好后把本文件发回;左侧各列请勿改动。Fill in the four pale columns and send the file back."
    )
    sheet.write_string(2, 0, hint, looks.hint)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        sheet.write_string(3, number, column.header, looks.header if number < len(OURS) else looks.header_to_fill)
    for row, points in ((0, 27), (1, 18), (2, 20), (3, 33)):
        sheet.set_row(row, points)
    for row, (own, level) in enumerate(zip(texts, levels, strict=True), start=_FIRST):
        sheet.set_row(row, _height(own))
        for number, text in enumerate(own):
            sheet.write_string(row, number, text, _look(looks, OURS[number].name, level))
        for number, column in enumerate(FILL, start=len(OURS)):
            look = {"result": looks.result, "time": looks.time}.get(column.name, looks.to_fill)
            sheet.write_blank(row, number, None, look)
    end = _FIRST + len(texts) - 1
    if texts:
        sheet.autofilter(3, 0, end, last)
        _add_choices(sheet, end)
    else:
        sheet.merge_range(_FIRST, 0, _FIRST, last, NOTHING, looks.note)
    sheet.freeze_panes(_FIRST, 3)
    _print_well(sheet, max(end, _FIRST), last)
    sheet.protect("", {"autofilter": True, "format_columns": True, "format_rows": True})


def _look(looks: _Looks, name: str, level: str) -> Any:
    if name == "level":
        return looks.levels.get(level, looks.ours)
    return looks.code if name == "warning_id" else looks.ours


def _height(texts: Sequence[str]) -> float:
    """Points a row needs for its longest text; a Chinese character is as wide as two digits."""
    lines = [
        math.ceil(sum(2 if ord(sign) > 0x2E7F else 1 for sign in text) * 1.15 / column.width)
        for text, column in zip(texts, OURS, strict=True)
    ]
    return min(180.0, _LINE * max(2, *lines))


def _add_choices(sheet: Any, end: int) -> None:
    at = len(OURS)
    rules = {
        "result": {"validate": "list", "source": [result.zh for result in RESULTS]}
        | {"error_title": "请从列表中选择", "error_message": "可选:" + "、".join(result.zh for result in RESULTS)},
        "note": {"validate": "any"},
        "unit": {"validate": "any"},
        "time": {"validate": "any"},
    }
    for number, column in enumerate(FILL, start=at):
        told = {"input_title": column.zh, "input_message": f"{column.help}\n{column.help_en}"}
        sheet.data_validation(_FIRST, number, end, number, {**rules[column.name], **told})


def _print_well(sheet: Any, end: int, last: int) -> None:
    sheet.print_area(0, 0, end, last)
    sheet.set_landscape()
    sheet.set_paper(8)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(3)
    sheet.set_footer(f"&L{style.STATUTORY_ZH}&R&P / &N")


def _write_guide(sheet: Any, looks: _Looks) -> None:
    sheet.set_column(0, 1, 18)
    sheet.set_column(2, 2, 84)
    sheet.write_string(0, 0, GUIDE, looks.title)
    row = 1
    for title, lines in (
        (
            ("要填的列", "Column", "怎么填"),
            [(column.zh, column.en, f"{column.help}\n{column.help_en}") for column in FILL],
        ),
        (
            ("处理结果", "Result", "含义"),
            [(result.zh, result.en, f"{result.help}\n{result.help_en}") for result in RESULTS],
        ),
    ):
        row += 1
        for number, text in enumerate(title):
            sheet.write_string(row, number, text, looks.header)
        for line in lines:
            row += 1
            sheet.set_row(row, 34)
            for number, text in enumerate(line):
                sheet.write_string(row, number, text, looks.ours)
        row += 1
    for text in _GUIDANCE:
        row += 1
        sheet.merge_range(row, 0, row, 2, text, looks.wrapped_note)
        sheet.set_row(row, 48)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.protect("")


_GUIDANCE = (
    "可以先填一部分发回,以后在同一份文件上接着填再发回:已读回的内容不会重复登记。"
    "请不要改动预警编号等左侧各列,不要从别的表粘贴行:核对不上的行不予登记,并逐行说明原因。"
    " It may be sent back half filled, and again when more is filled in: nothing is recorded twice. A row whose left"
    " part was changed is refused, and told why.",
    f"隐藏的工作表“{CHECK}”只存放导出时台账的标识和每行的核对码,用来发现误改,不含其他内容。锁定没有设密码,只防误改。"
    f" The hidden sheet holds nothing but the ledger's head and one check code a row.",
    f"{style.STATUTORY_ZH}。{style.STATUTORY_EN}.",
)


def _write_check(sheet: Any, looks: _Looks, texts: Sequence[list[str]], head: str, time: str) -> None:
    codes = [row_fingerprint(head, own) for own in texts]
    facts = [("format", FORMAT), ("ledger_head", head), ("sheet", sheet_fingerprint(head, codes)), ("exported", time)]
    rows = [*facts, ("warning_id", "fingerprint"), *((own[0], code) for own, code in zip(texts, codes, strict=True))]
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 70)
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text, looks.note)
    sheet.protect("")
    sheet.hide()
