"""What can be wrong with cells, and what is told about them: code, Chinese, English, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import Notice


@dataclass(frozen=True)
class CellRule:
    """One thing that can be wrong with cells. With *refused* no run uses the file; otherwise it is told."""

    code: str
    kind: str
    zh: str
    en: str
    fix: str
    refused: bool = False


_RULES = (
    CellRule(
        "E-CELL-001",
        "duplicate code",
        "编码重复",
        "several cells carry one code",
        "Give every cell a code of its own; merge the parts of one cell into a multipolygon.",
        refused=True,
    ),
    CellRule("E-CELL-002", "no code", "没有编码", "a cell has no code", "Fill the code in.", refused=True),
    CellRule(
        "E-CELL-003",
        "orphan parent",
        "上级编码在文件中不存在",
        "the unit above is named and not in the file",
        "Correct the code of the parent, or add the unit it names.",
        refused=True,
    ),
    CellRule("E-CELL-004", "no shape", "没有图形", "a cell has no shape", "Draw it, or remove the row."),
    CellRule(
        "E-CELL-005",
        "invalid ring",
        "边界自相交",
        "the border crosses itself",
        "Redraw it; a run uses it with the border repaired, no area lost.",
    ),
    CellRule(
        "E-CELL-006",
        "overlap",
        "与另一单元重叠",
        "two cells cover the same ground",
        "Redraw the border; incidents there go to the smaller code.",
    ),
    CellRule(
        "E-CELL-007",
        "gap",
        "单元之间有空隙",
        "ground between cells belongs to none",
        "Redraw the border; incidents there are in no cell.",
    ),
    CellRule(
        "E-CELL-008",
        "sliver",
        "狭长碎片(平均宽度不足1米)",
        "a strip of overlap, gap or cell narrower than a metre",
        "Let the borders meet.",
    ),
    CellRule(
        "E-CELL-009",
        "hole",
        "单元内有空洞",
        "a hole inside one cell belongs to no cell",
        "Fill it, unless it is meant: incidents there are in no cell.",
    ),
    CellRule(
        "E-CELL-010",
        "multipart",
        "由多块组成",
        "a cell has several separate parts",
        "Nothing to do if it is meant: the parts count as one cell.",
    ),
)
CELL_RULES = {rule.code: rule for rule in _RULES}
"""Code -> rule, worst first."""

KINDS = {rule.kind: rule for rule in _RULES}

CELL_NOTICES: dict[str, tuple[str, str]] = {
    "N-CELL-001": ("{n}行没有图形,未使用", "{n} rows without a shape were left out"),
    "N-CELL-002": ("{n}个单元的边界自相交,已修复", "{n} cells had an invalid ring, repaired"),
    "N-CELL-003": ("未找到网格编码列,使用 {column}", "no known column of cell codes; {column} is used"),
    "N-CELL-004": ("{n}个单元人口不是数值,按未知处理", "{n} populations are not numbers: unknown"),
    "N-CELL-010": ("列 {column} 与上一级不嵌套,未用作层级", "column {column} does not nest and is not used as a level"),
    "N-CELL-011": ("{n}个单元缺少上级编码,挂在更高一级", "{n} cells lack a parent code and hang on the level above"),
    "N-CELL-012": (
        "上级单元由15位编码前缀(6+3+3)推得",
        "upper units come from the prefixes of the 15-digit codes (6+3+3)",
    ),
    "N-CELL-013": (
        "列 {column} 有重名单元,按上级区分",
        "names of column {column} repeat; parents tell them apart",
    ),
    "N-CELL-020": (
        "{n}对网格重叠,共{area:,.0f}平方米;重叠处的事件计入编码最小的网格",
        "{n} pairs of cells overlap, {area:,.0f} m²; incidents there go to the smallest code",
    ),
    "N-CELL-021": (
        "网格之间有{n}处空隙,共{area:,.0f}平方米;落入的事件不属于任何网格",
        "{n} gaps between cells, {area:,.0f} m²; incidents there are in no cell",
    ),
    "N-CELL-030": (
        "网格有多个版本:采用{at}有效的{n}个,其余{others}个未用;历史按各点位在该版本上重新统计",
        "the cells have versions: the {n} valid at {at} are used, {others} others are not; history is recounted from "
        "its points on these",
    ),
    "N-CELL-031": (
        "编码换了地方:{codes}(共{n}个)在新旧版本中重叠不足一半,不视为同一网格",
        "{n} codes were given to other ground: {codes}; old and new share less than half and are not one cell",
    ),
    "N-CELL-032": (
        "{n}行只有旧网格编码、没有点位,按面积比例分到现行网格(面积折算,仅供参考)",
        "{n} rows have the code of a former cell and no point; they are dealt out by share of area (an estimate)",
    ),
    "N-CELL-033": (
        "网格调整:{n}条未了提示由现行网格接续,{pairs}",
        "cells were re-divided: {n} open warnings carry on in the cells of today, {pairs}",
    ),
    "N-CELL-034": (
        "网格调整:{n}条未了提示的地面上今天没有同类提示,{pairs}",
        "cells were re-divided: on the ground of {n} open warnings there is none of their class today, {pairs}",
    ),
    "N-CELL-040": (
        "已修复{n}个单元:重叠归编码较小者,空隙与碎片归共用边界最长者;共变动{moved:,.1f}平方米,合计面积变化{net:+,.1f}平方米",
        "{n} cells were repaired: overlaps go to the smaller code, gaps and slivers to the neighbour with the longest "
        "shared border; {moved:,.1f} m² changed hands, {net:+,.1f} m² in all",
    ),
    "N-CELL-041": (
        "{n}处空隙大于一般单元,可能缺少单元,未填补(共{area:,.0f}平方米)",
        "{n} gaps are larger than an ordinary cell and are left: a cell may be missing ({area:,.0f} m²)",
    ),
    "N-CELL-042": ("没有需要修复之处", "nothing had to be repaired"),
}
"""Code -> (Chinese, English), with places for figures, codes of cells and names of columns."""


def told(code: str, **facts: Any) -> Notice:
    """The notice *code* with its figures filled in."""
    zh, en = CELL_NOTICES[code]
    return Notice(code, zh.format(**facts), en.format(**facts))
