"""Every setting of a run as a sheet of the workbook: what it is called, what it says, and whether it was changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

SHEET = "全部参数"
_HEADERS = (("参数", 34), ("含义", 52), ("取值", 26), ("单位", 10), ("默认值", 26), ("改动", 8))


@dataclass(frozen=True)
class Setting:
    """One setting as people read it."""

    name: str
    meaning: str
    value: str
    unit: str
    default: str


def write_sheet(sheet: Any, formats: Any, settings: Sequence[Setting], clip: Callable[[str], str]) -> None:
    """Fill *sheet* with *settings*; *formats* are those of the list, *clip* shortens texts as there."""
    for number, (header, width) in enumerate(_HEADERS):
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, header, formats.header)
    for row, one in enumerate(settings, start=1):
        changed = "已改" if one.value != one.default else ""
        for number, text in enumerate((one.name, one.meaning, one.value, one.unit, one.default, changed)):
            sheet.write_string(row, number, clip(text), formats.wrapped)
    if settings:
        sheet.autofilter(0, 0, len(settings), len(_HEADERS) - 1)
    sheet.freeze_panes(1, 1)
