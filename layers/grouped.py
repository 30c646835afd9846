"""Everything a warning stands for, beside the list of warnings: a sheet of the workbook, a layer without geometry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio

LAYER = "grouped"
SHEET = "归并明细"
DESCRIPTION = "归并明细:每条提示所代表的全部检验"

RELATIONS = {
    "broader": "上级(单元或类别)",
    "finer": "下级单元",
    "neighbour": "相邻单元",
    "sibling class": "同级类别",
    "finer class": "下级类别",
    "other role": "另一权责单元",
    "same episode": "同一过程",
}
"""What a test is to the warning that stands for it, in Chinese."""

_COLUMNS = (
    ("warning_id", "提示编号", 20, "text"),
    ("relation", "关系", 18, "text"),
    ("cell_name", "地点", 34, "text"),
    ("category", "事项类别", 24, "text"),
    ("observed", "实际(件)", 9, "whole"),
    ("expected", "平时(件)", 9, "one"),
    ("ratio", "倍数", 9, "ratio"),
    ("recurrence_days", "碰巧间隔(天)", 14, "days"),
    ("window_start", "开始(当地时间)", 17, "time"),
    ("window_end", "截止(不含)", 17, "time"),
    ("cell_id", "单元编码", 28, "text"),
)
_TIMES = ("window_start", "window_end")


def write_sheet(sheet: Any, formats: Any, table: pd.DataFrame, clip: Any) -> None:
    """Fill *sheet* of a workbook with *table*; *formats* are those of the list, *clip* shortens texts as there."""
    for number, (_, header, width, _) in enumerate(_COLUMNS):
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, header, formats.header)
    for row, record in enumerate(table.to_dict("records"), start=1):
        for number, (name, _, _, kind) in enumerate(_COLUMNS):
            _write(sheet, row, number, _worded(name, record.get(name)), kind, formats.kinds[kind], clip)
    if len(table):
        sheet.autofilter(0, 0, len(table), len(_COLUMNS) - 1)
    sheet.freeze_panes(1, 0)


def _worded(name: str, value: Any) -> Any:
    return RELATIONS.get(str(value), value) if name == "relation" else value


def _write(sheet: Any, row: int, number: int, value: Any, kind: str, look: Any, clip: Any) -> None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        sheet.write_blank(row, number, None, look)
    elif kind == "time":
        sheet.write_datetime(row, number, pd.Timestamp(value).tz_localize(None).to_pydatetime(), look)
    elif kind == "text":
        sheet.write_string(row, number, clip(str(value)), look)
    elif abs(float(value)) < 1e15:
        sheet.write_number(row, number, float(value), look)
    else:
        sheet.write_string(row, number, "极大", look)


def write_layer(path: str | Path, table: pd.DataFrame) -> None:
    """Append *table* to the GeoPackage at *path* as the layer `grouped`, without geometry."""
    typed = {}
    for name in table.columns:
        if name in _TIMES:
            typed[name] = pd.to_datetime(table[name]).dt.tz_localize(None).dt.as_unit("ms")
        elif name in ("unit_level", "observed"):
            typed[name] = pd.to_numeric(table[name]).astype("int64")
        elif name in ("expected", "ratio", "recurrence_days"):
            real = pd.to_numeric(table[name]).to_numpy(dtype=float)
            typed[name] = pd.Series(np.where(np.isfinite(real), real, np.nan))
        else:
            typed[name] = pd.Series(["" if pd.isna(v) else str(v) for v in table[name]], dtype=object)
    frame = pd.DataFrame({name: column.to_numpy() for name, column in typed.items()})
    options = {"IDENTIFIER": LAYER, "DESCRIPTION": DESCRIPTION}
    pyogrio.write_dataframe(
        frame, path, layer=LAYER, driver="GPKG", dataset_options={"VERSION": "1.2"}, layer_options=options
    )
