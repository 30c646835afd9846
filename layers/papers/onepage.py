"""The briefing on one page of A4, for those who print.

Word and WPS open it. Heights of lines and rows are fixed, so that it stays one page whatever fonts a machine has.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from docx import Document
from docx.enum.table import WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from .. import style
from ..chance import false_words, urgent_false
from ..plain_text import one_line
from .archive import still
from .pictures import draw_map, draw_series

MOST_ROWS = 10
_FONT = "Microsoft YaHei"
_WIDTH = 18.0
_TEXT, _MUTED = style.GROUND["light"]["text"], style.GROUND["light"]["muted"]
_LINE = style.GROUND["light"]["line"]
_CHART = (6.1, 3.9)
_PIXELS_PER_CM = 79  # 200 dots per inch
_LONG_AGO = datetime(2000, 1, 1)


def write_docx(
    path: str | Path,
    early_warnings: pd.DataFrame,
    facts: Mapping[str, Any],
    cells: gpd.GeoDataFrame | None = None,
    series: pd.DataFrame | None = None,
) -> None:
    """Write the one-page paper: title, figures, map with numbered beacons, one chart, at most ten warnings.

    early_warnings, facts, cells, series : as in DESIGN §3; without *cells* there is no map, without *series* no chart.
    Equal input gives equal bytes.
    """
    live = _in_force(early_warnings)
    shown = live[_flags(live, "within_budget")].head(MOST_ROWS)
    page = _Page()
    page.head(facts)
    page.figures(_figures(live, facts))
    page.pictures(_map_of(cells, shown), *_chart_of(series, shown, facts))
    if len(shown):
        page.warnings(shown)
    else:
        page.calm(facts)
    page.foot(_foot_lines(early_warnings, live, shown, facts))
    page.save(path, str(facts.get("title") or "风险提示"))


def _flags(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name].astype(bool) if name in table.columns else pd.Series(True, index=table.index)


def _in_force(table: pd.DataFrame) -> pd.DataFrame:
    """The warnings that have not ended."""
    return table[~table["phase"].isin(style.OVER_PHASES)] if "phase" in table.columns else table


def _map_of(cells: gpd.GeoDataFrame | None, shown: pd.DataFrame) -> tuple[bytes, float, float] | None:
    if cells is None or not (cells["role"] == "territorial").any():
        return None
    left, bottom, right, top = cells[cells["role"] == "territorial"].total_bounds
    width, most = 10.9, 8.2 + 0.6 * min(MOST_ROWS - len(shown), 6)
    height = min(max(width * (top - bottom) / max(right - left, 1.0) + 0.4, 6.5), most)
    return draw_map(cells, shown, round(width * _PIXELS_PER_CM), round(height * _PIXELS_PER_CM)), width, height


def _chart_of(
    series: pd.DataFrame | None, shown: pd.DataFrame, facts: Mapping[str, Any]
) -> tuple[tuple[bytes, float, float] | None, str]:
    """The chart of the first warning, or of the whole city where there is none, and its caption."""
    if series is None or not len(series):
        return None, ""
    first = shown.iloc[0] if len(shown) else None
    own = series[series["warning_id"] == (first["warning_id"] if first is not None else "")]
    if not len(own):
        first, own = None, series[series["warning_id"] == ""]
    if not len(own):
        return None, ""
    bins = (own["time"] >= first["window_start"]).sum() if first is not None else 1
    level = None if first is None else str(first["level"])
    picture = draw_series(own, level, int(bins), round(_CHART[0] * _PIXELS_PER_CM), round(_CHART[1] * _PIXELS_PER_CM))
    what = f"{int(first['rank'])} {first['cell_name']} {first['category']}" if first is not None else "全市 全部类别"
    unit = {"hour": "时", "week": "周"}.get(str(facts.get("bin")), "日")
    days = f"{own['time'].iloc[0]:%Y-%m-%d} 至 {own['time'].iloc[-1]:%Y-%m-%d}"
    return (picture, *_CHART), f"{what}|每{unit}件数,{days}。灰带为常态范围,黑线为平时水平。"


def _figures(table: pd.DataFrame, facts: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(label, number, words, colour) of each figure in the strip."""
    inside = table[_flags(table, "within_budget")]
    counts = {level.name: int((inside["level"] == level.name).sum()) for level in style.LEVELS}
    figures = []
    day = facts.get("yesterday") or {}
    if day.get("count") is not None:
        span = f"常态 {day['low']:.0f}–{day['high']:.0f}" if day.get("low") is not None else ""
        figures.append(("昨日工单", f"{day['count']:,.0f}", span, _TEXT))
    for level in style.LEVELS:
        figures.append((level.verb_zh, str(counts[level.name]), f"{level.numeral} {level.zh}", level.light))
    urgent = urgent_false(facts.get("expected_false") or {})
    if urgent is not None:
        figures.append(("碰巧误报(红橙)", f"{urgent:.2g}", "条/周,预算前", _TEXT))
    if isinstance(facts.get("completeness"), (int, float)):
        figures.append(("数据完整度", f"{facts['completeness']:.0%}", "", _TEXT))
    return figures


def _foot_lines(table: pd.DataFrame, live: pd.DataFrame, shown: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    lines = []
    gone = table.loc[table.index.difference(live.index, sort=False)]
    if len(gone):
        told = [f"{one_line(row['cell_name'], 24)} {one_line(row['category'], 14)}" for row in gone.to_dict("records")]
        lines.append(f"已解除 {len(gone)} 条:" + one_line(";".join(told), 90))
    if len(live) > len(shown):
        lines.append(f"另有 {len(live) - len(shown)} 条未列出(超出预算或篇幅),见 early_warnings.xlsx。")
    false = false_words(facts.get("expected_false") or {})[0]
    lines += [f"{false}。"] if false else []
    account = facts.get("account") or {}
    if account:
        lines.append(
            f"账目:读入 {account.get('rows_in', 0):,} 条,采用 {account.get('rows_used', 0):,} 条,"
            f"隔离待查 {account.get('rows_quarantined', 0):,} 条,重复 {account.get('rows_duplicate', 0):,} 条,"
            f"网格外 {account.get('rows_outside', 0):,} 条。"
        )
    names = [("运行", facts.get("run_id")), ("方案", facts.get("plan_version")), ("版本", facts.get("version"))]
    lines.append(" · ".join([style.STATUTORY_ZH, *(f"{label} {value}" for label, value in names if value)]))
    return lines


class _Page:
    """One page of A4, built from the top."""

    def __init__(self) -> None:
        self._document = Document()
        section = self._document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(1.5)
        section.top_margin, section.bottom_margin = Cm(1.2), Cm(1.0)
        section.header_distance = section.footer_distance = Cm(0.4)
        normal = self._document.styles["Normal"]
        normal.font.name, normal.font.size = _FONT, Pt(9)
        fonts = normal.element.rPr.rFonts
        for kind in ("w:eastAsia", "w:hAnsi", "w:cs"):
            fonts.set(qn(kind), _FONT)
        normal.paragraph_format.space_after = normal.paragraph_format.space_before = Pt(0)

    def head(self, facts: Mapping[str, Any]) -> None:
        """Title at the left, classification and the statutory line at the right."""
        row = self._table(1, (11.2, 6.8)).rows[0]
        self._fix(row, 1.55)
        _write(row.cells[0], one_line(facts.get("title") or "风险提示", 24), 20, bold=True, line=25)
        where = [one_line(facts.get("city"), 20)] if facts.get("city") else []
        _add(row.cells[0], " · ".join([*where, *_window_words(facts)]), 9, colour=_MUTED, line=14)
        right = WD_ALIGN_PARAGRAPH.RIGHT
        _write(row.cells[1], one_line(facts.get("classification"), 12), 11, bold=True, line=25, align=right)
        _add(row.cells[1], style.STATUTORY_ZH, 9, colour=_MUTED, line=14, align=right)

    def figures(self, figures: list[tuple[str, str, str, str]]) -> None:
        """A strip of few big numbers."""
        table = self._table(1, (_WIDTH / len(figures),) * len(figures))
        self._fix(table.rows[0], 1.75)
        for cell, (label, number, words, colour) in zip(table.rows[0].cells, figures, strict=True):
            _borders(cell, top=_LINE, bottom=_LINE)
            _write(cell, label, 8, colour=_MUTED, line=14)
            _add(cell, number, 17, bold=True, colour=colour, line=21)
            _add(cell, words, 7.5, colour=_MUTED, line=11)

    def pictures(
        self, city: tuple[bytes, float, float] | None, chart: tuple[bytes, float, float] | None, caption: str
    ) -> None:
        """The map at the left, legend and chart at the right."""
        if city is None and chart is None:
            return
        self._gap(4)
        row = self._table(1, (11.4, 6.6)).rows[0]
        if city is not None:
            self._fix(row, city[2] + 0.1)
            self._picture(row.cells[0], city, "全市地图:编号与下表一致")
        first = True
        for level in style.LEVELS:
            words = f"● {level.numeral} {level.zh} {level.verb_zh}"
            (_write if first else _add)(row.cells[1], words, 8.5, colour=level.light, bold=True, line=14)
            first = False
        _add(row.cells[1], "图中编号与下表一致;浅色为涉及范围。", 7.5, colour=_MUTED, line=13)
        if chart is not None:
            title, _, note = caption.partition("|")
            _add(row.cells[1], one_line(title, 44), 8.5, bold=True, line=13, before=6)
            self._picture(row.cells[1], chart, title)
            _add(row.cells[1], note, 7.5, colour=_MUTED, line=11)

    def warnings(self, table: pd.DataFrame) -> None:
        """The list: number, level, place and reason, who, how far."""
        self._gap(4)
        widths = (1.1, 1.9, 8.9, 2.9, 3.2)
        rows = self._table(len(table) + 1, widths)
        self._fix(rows.rows[0], 0.6)
        for cell, words in zip(rows.rows[0].cells, ("", "等级", "地点 · 事项 · 理由", "责任单位", "办理"), strict=True):
            _shade(cell, "#1f2f46")
            _write(cell, words, 8.5, bold=True, colour="#ffffff", line=13)
        repeat = OxmlElement("w:tblHeader")
        rows.rows[0]._tr.get_or_add_trPr().append(repeat)
        for row, record in zip(rows.rows[1:], table.to_dict("records"), strict=True):
            self._warning(row, record)

    def _warning(self, row: Any, record: Mapping[str, Any]) -> None:
        level = style.level_of(record["level"])
        self._fix(row, 1.28)
        number, word, what, who, done = row.cells
        middle = WD_ALIGN_PARAGRAPH.CENTER
        for cell in row.cells:
            _borders(cell, bottom=_LINE)
        _shade(number, level.light)
        _write(number, str(int(record["rank"])), 12, bold=True, colour=level.ink_light, line=32, align=middle)
        _shade(word, level.fill)
        _write(word, f"{level.numeral} {level.zh}", 8.5, colour=_TEXT, line=14, align=middle, before=2)
        _add(word, level.verb_zh, 9, bold=True, colour=_TEXT, line=14, align=middle)
        head = f"{one_line(record['cell_name'], 24)} · {one_line(record['category'], 14)}"
        _write(what, head, 9, bold=True, line=12.5, before=1.5)
        _add(what, one_line(record.get("reason"), 62), 8, line=10.5)
        _write(who, one_line(record.get("responsible"), 22), 8.5, line=13, before=2)
        _write(done, one_line(record.get("closed"), 24), 7.5, line=13, before=2)
        steps = [one_line(record.get("change"), 4), one_line(record.get("state"), 5)]
        _add(done, " · ".join(step for step in steps if step), 7.5, colour=_MUTED, line=11)

    def calm(self, facts: Mapping[str, Any]) -> None:
        """An empty day: what was checked, the smallest rise that would have been seen, the nearest misses."""
        self._gap(6)
        cell = self._table(1, (_WIDTH,)).rows[0].cells[0]
        _shade(cell, "#eef3f7")
        _write(cell, "今日没有达到提示标准的情况", 13, bold=True, line=22, before=4)
        tests = facts.get("tests")
        checked = f"共核对 {tests:,} 项(单元 × 类别)。" if isinstance(tests, int) else "已核对全部单元与类别。"
        _add(cell, checked, 9, line=14)
        if facts.get("smallest_rise"):
            _add(cell, f"达到以下件数就会提示:{one_line(facts['smallest_rise'], 90)}。", 9, line=14)
        nearest = list(facts.get("nearest") or [])[:3]
        if nearest:
            _add(cell, "最接近标准的情况:", 9, bold=True, line=15, before=4)
        for miss in nearest:
            where = f"{one_line(miss.get('cell_name'), 24)} · {one_line(miss.get('category'), 14)}"
            words = f"{where}:{one_line(miss.get('reason'), 50)}"
            _add(cell, words, 8.5, line=13)
        _add(cell, "", 4, line=5)

    def foot(self, lines: list[str]) -> None:
        """Small print."""
        self._gap(4)
        cell = self._table(1, (_WIDTH,)).rows[0].cells[0]
        _write(cell, one_line(lines[0], 110), 7.5, colour=_MUTED, line=11)
        for line in lines[1:]:
            _add(cell, one_line(line, 130), 7.5, colour=_MUTED, line=11)

    def save(self, path: str | Path, title: str) -> None:
        """Write the file, without a clock or a name in it."""
        core = self._document.core_properties
        core.title, core.comments, core.author = one_line(title), style.STATUTORY_ZH, "GridBeacon"
        core.created = core.modified = _LONG_AGO
        core.last_modified_by, core.revision = "GridBeacon", 1
        last = self._document.add_paragraph()  # Word wants a paragraph after the last table
        _set_line(last, 1)
        buffer = BytesIO()
        self._document.save(buffer)
        Path(path).write_bytes(still(buffer))

    def _table(self, rows: int, widths: tuple[float, ...]) -> Any:
        table = self._document.add_table(rows, len(widths))
        table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        for number, width in enumerate(widths):
            table.columns[number].width = Cm(width)
            for cell in table.columns[number].cells:
                cell.width = Cm(width)
        return table

    def _fix(self, row: Any, height: float) -> None:
        row.height, row.height_rule = Cm(height), WD_ROW_HEIGHT_RULE.EXACTLY

    def _gap(self, points: float) -> None:
        _set_line(self._document.add_paragraph(), points)

    def _picture(self, cell: Any, picture: tuple[bytes, float, float], words: str) -> None:
        first = cell.paragraphs[0]
        paragraph = first if not first.runs and not first.text else cell.add_paragraph()
        inline = paragraph.add_run().add_picture(BytesIO(picture[0]), width=Cm(picture[1]), height=Cm(picture[2]))
        inline._inline.docPr.set("descr", one_line(words, 120))


def _window_words(facts: Mapping[str, Any]) -> list[str]:
    words = []
    if facts.get("as_of"):
        words.append(f"数据截至 {str(facts['as_of']).replace('T', ' ')[:16]}")
    if facts.get("window_days"):
        words.append(f"热点窗口 {facts['window_days']:g} 天")
    return words


def _write(cell: Any, text: str, size: float, **look: Any) -> None:
    _dress(cell.paragraphs[0], text, size, **look)


def _add(cell: Any, text: str, size: float, **look: Any) -> None:
    _dress(cell.add_paragraph(), text, size, **look)


def _dress(
    paragraph: Any,
    text: str,
    size: float,
    *,
    line: float,
    bold: bool = False,
    colour: str = _TEXT,
    align: Any = None,
    before: float = 0,
) -> None:
    run = paragraph.add_run(one_line(text, 200))
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, RGBColor(*style.rgb(colour))
    paragraph.alignment = align
    paragraph.paragraph_format.space_before = Pt(before)
    _set_line(paragraph, line)


def _set_line(paragraph: Any, points: float) -> None:
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    paragraph.paragraph_format.line_spacing = Pt(points)


def _shade(cell: Any, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", colour[1:].upper())):
        shade.set(qn(name), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _borders(cell: Any, **sides: str) -> None:
    borders = OxmlElement("w:tcBorders")
    for side, colour in sides.items():
        edge = OxmlElement(f"w:{side}")
        for name, value in (("w:val", "single"), ("w:sz", "4"), ("w:space", "0"), ("w:color", colour[1:].upper())):
            edge.set(qn(name), value)
        borders.append(edge)
    cell._tc.get_or_add_tcPr().append(borders)
