"""Draws the templates that come along: `python -m gridbeacon.layers.letters.drawing FOLDER`.

Margins, type and line spacing follow GB/T 9704-2012: 37 mm above, 28 mm left, a text area of 156 by 225 mm; the title
in 2号小标宋, the text in 3号仿宋 at 28 points, two characters of indent, page numbers between dashes. What it draws
holds placeholders and no data; a user edits a copy in Word or WPS.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from .. import style
from ..papers.archive import still
from .kinds import ACCOUNTABILITY
from .workbook import SHEETS, draw_workbook

TITLE, BODY, HEAD, PLAIN = "方正小标宋简体", "仿宋", "黑体", "宋体"
_ELSEWHERE = {
    TITLE: "方正小标宋_GBK,FZXiaoBiaoSong-B05S,STZhongsong,Noto Serif CJK SC",
    BODY: "仿宋_GB2312,FangSong,STFangsong,Noto Serif CJK SC",
    HEAD: "SimHei,STHeiti,Noto Sans CJK SC",
    PLAIN: "SimSun,STSong,Noto Serif CJK SC",
}
"""What the fonts are called where they have other names, or which stand in for them."""
_RED = RGBColor(0xC0, 0x00, 0x00)
_LONG_AGO = datetime(2000, 1, 1)
_CENTRE, _RIGHT, _BOTH = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.JUSTIFY

Column = tuple[str, float, str]
"""Header, width in centimetres, text of the repeated row."""


def draw_templates(folder: str | Path) -> list[Path]:
    """Write every template into *folder*; equal versions of the libraries give equal bytes."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in DRAWERS.items():
        path = folder / f"{name}.docx"
        path.write_bytes(draw(name))
        written.append(path)
    for name in SHEETS:
        path = folder / f"{name}.xlsx"
        path.write_bytes(draw_workbook(name))
        written.append(path)
    return written


def _letter(text: Sequence[str], columns: Sequence[Column], subject: str) -> Callable[[str], bytes]:
    """A letter in the form of 信函: red head, number, title, addressee, text, signature; its table on the next page."""

    def draw(name: str) -> bytes:
        page = _Page()
        page.head("〔发文单位〕")
        page.line("〔编号〕", align=_RIGHT)
        page.title(f"〔演练〕{subject}")
        page.line("〔单位〕：")
        for paragraph in text:
            page.text(paragraph)
        page.text(f"附件：{_ATTACHED[name]}（〔件数〕项：〔分级〕）")
        page.signature()
        page.turn()
        page.line("附件", font=HEAD)
        page.title(f"〔演练〕{_ATTACHED[name]}", size=18)
        page.small("〔编号〕  承办单位：〔单位〕")
        page.table(columns)
        page.small("〔声明〕")
        return page.data(name)

    return draw


def _form(title: str, lines: Sequence[str], columns: Sequence[Column], notes: Sequence[str]) -> Callable[[str], bytes]:
    """A paper that is a table to be worked with, on its side."""

    def draw(name: str) -> bytes:
        page = _Page(lying=True)
        page.title(f"〔演练〕{title}")
        for line in lines:
            page.small(line, size=12)
        page.table(columns)
        for note in notes:
            page.small(note)
        page.signature(size=12)
        return page.data(name)

    return draw


def _list(title: str) -> Callable[[str], bytes]:
    """The weekly or monthly list: figures by unit and level, then what is open."""

    def draw(name: str) -> bytes:
        page = _Page(lying=True)
        page.title(f"〔演练〕{title}")
        page.small("〔编号〕  〔发文单位〕  时段：〔起始〕至〔截止〕  责任单位范围：〔单位〕", size=12)
        page.small("〔统计〕", size=12)
        page.line("一、按责任单位与等级统计", font=HEAD, size=14)
        page.table(_COUNTS)
        page.small("“办理”与“报备”分别统计，不合并计算办结率；“属实、误报、未核”为研判结论，含以往发出、本期研判的。")
        page.line("二、在办事项与期限（〔件数〕项）", font=HEAD, size=14)
        page.table(_OPEN)
        page.small("〔声明〕")
        page.signature(size=12)
        return page.data(name)

    return draw


def _accountability(name: str) -> bytes:
    """The empty form of 问责通知书: blanks for a pen, no placeholder, so that nothing can ever fill it."""
    page = _Page()
    page.head("（发文机关）")
    page.line("(    )问责〔    〕第    号", align=_RIGHT)
    page.title("问责通知书")
    page.line("                        :")
    for words in ("事由：", "调查认定的事实：", "依据：", "处理意见：", "整改要求与期限："):
        page.text(words)
        page.text(" ")
    page.text("如有异议，可在规定期限内依规提出陈述、申辩或者复核申请。")
    page.line(" ")
    page.line("（发文机关印章）    ", align=_RIGHT)
    page.line("    年    月    日    ", align=_RIGHT)
    page.small("本表为空白模板，由有权机关依规依纪依法填写；系统只提供格式，不填写任何内容，不涉及任何个人。")
    return page.data(name)


_COUNTS: tuple[Column, ...] = (
    ("责任单位", 5.8, "〔责任单位〕"),
    ("等级", 2.9, "〔级别〕"),
    *((name, 1.75, f"〔{name}〕") for name in ("发出", "属实", "误报", "未核", "办理", "报备")),
    ("超期", 1.75, "〔超期未办〕"),
    ("销号", 1.75, "〔销号〕"),
    ("在办", 1.75, "〔在办〕"),
)
_OPEN: tuple[Column, ...] = (
    ("序号", 1.25, "〔序号〕"),
    ("等级", 2.7, "〔等级〕"),
    ("地点与类别", 5.1, "〔地点〕（〔类别〕）"),
    ("情况", 5.3, "〔情况〕"),
    ("承办单位", 3.0, "〔承办单位〕"),
    ("状态", 2.5, "〔状态〕"),
    ("期限", 2.6, "〔办理期限〕"),
    ("超期", 2.0, "〔超期〕"),
)
_ITEMS: tuple[Column, ...] = (
    ("序号", 1.25, "〔序号〕"),
    ("等级", 2.7, "〔等级〕"),
    ("地点与类别", 3.6, "〔地点〕（〔类别〕）"),
    ("情况", 5.3, "〔情况〕"),
    ("办理期限", 2.75, "〔办理期限〕"),
)
_ATTACHED = {"交办函": "交办事项清单", "督办函": "督办事项清单", "问题整改书": "问题整改清单"}
_APART = "反馈时请将“办理”与“报备”分别填写，两者不得相互替代。"
_NATURE = "本函所列情况系依据数据的内部研判，不构成法定预警发布。"

DRAWERS: dict[str, Callable[[str], bytes]] = {
    "交办函": _letter(
        (
            "经对城市运行数据综合研判，你单位职责范围内有〔件数〕项情况明显超出平时水平，现予交办（清单附后）。",
            "请收函后即行签收，派员现场核实，依法依规处置，并书面反馈办理结果。反馈期限：〔期限〕；各项期限不同的，以清单所列为准。"
            "经核实不属于你单位职责的，请于一个工作日内说明理由并退回。" + _APART,
            _NATURE + "清单中的情况须以现场核实为准。",
        ),
        _ITEMS,
        "关于交办〔件数〕项风险提示事项的函",
    ),
    "督办函": _letter(
        (
            "前期交办你单位的〔件数〕项事项尚未办结（清单附后），现予督办。",
            "请你单位主要负责同志组织研究，抓紧办结并书面反馈办理结果，超过原定期限的说明原因。办结期限：〔期限〕。确有困难、需要协调的，请"
            "一并说明已采取的措施和建议。" + _APART,
            _NATURE,
        ),
        (
            *_ITEMS[:3],
            ("情况", 3.05, "〔情况〕"),
            ("交办时间", 2.5, "〔交办时间〕"),
            ("办理期限", 2.5, "〔办理期限〕"),
        ),
        "关于督促办理〔件数〕项交办事项的函",
    ),
    "问题整改书": _letter(
        (
            "经研判属实并交你单位办理的〔件数〕项事项，在办理中出现办结或销号后重新发生，或者经督办仍未办结的情形（清单附后）。",
            "请对照清单逐项查找原因，制定整改措施，完成整改并书面报告：一是问题是否已从源头解决；二是防止再次发生的"
            "措施；三是需要提请协调的事项。整改期限：〔期限〕。整改结果将按同一地点、同一类别的后续诉求核验。",
            _NATURE,
        ),
        (
            *_ITEMS[:3],
            ("存在问题", 3.75, "〔情况〕；重启〔重启次数〕次，督办〔督办次数〕次"),
            ("整改期限", 2.5, "〔办理期限〕"),
            ("整改结果", 1.8, ""),
        ),
        "问题整改书",
    ),
    "任务清单书": _form(
        "任务清单书",
        ("〔编号〕  承办单位：〔单位〕  任务〔件数〕项：〔分级〕  制发：〔发文单位〕 〔日期〕",),
        (
            *_OPEN[:3],
            ("情况", 5.2, "〔情况〕"),
            ("办理期限", 2.6, "〔办理期限〕"),
            ("办理情况", 3.1, ""),
            ("报备情况", 3.1, ""),
            ("核验", 1.4, ""),
        ),
        (_APART + "核验合格后销号。〔声明〕",),
    ),
    "周清单": _list("城市风险提示办理情况周清单"),
    "月清单": _list("城市风险提示办理情况月清单"),
    ACCOUNTABILITY: _accountability,
}
"""Name of a template -> what draws it."""


class _Page:
    """A4, standing or lying."""

    def __init__(self, lying: bool = False):
        self._document = Document()
        section = self._document.sections[0]
        section.page_width, section.page_height = (Cm(29.7), Cm(21.0)) if lying else (Cm(21.0), Cm(29.7))
        section.orientation = WD_ORIENT.LANDSCAPE if lying else WD_ORIENT.PORTRAIT
        edges = (2.2, 2.2, 2.4, 2.4) if lying else (3.7, 3.5, 2.8, 2.6)
        section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = map(Cm, edges)
        section.header_distance, section.footer_distance = Cm(1.5), Cm(1.2 if lying else 2.5)
        normal = self._document.styles["Normal"]
        normal.font.size = Pt(16)
        _set_font(normal.element.get_or_add_rPr(), BODY)
        normal.paragraph_format.space_after = normal.paragraph_format.space_before = Pt(0)
        self._number_pages(section)

    def head(self, words: str) -> None:
        """Who sends, in red, above a thick and a thin red line."""
        paragraph = self._add(words, 30, TITLE, _CENTRE, line=44)
        paragraph.runs[0].font.color.rgb = _RED
        edge = OxmlElement("w:pBdr")
        bottom = OxmlElement("w:bottom")
        for name, value in (("val", "thickThinSmallGap"), ("sz", "24"), ("space", "6"), ("color", "C00000")):
            bottom.set(qn(f"w:{name}"), value)
        edge.append(bottom)
        paragraph._p.get_or_add_pPr().insert_element_before(edge, "w:shd", "w:spacing", "w:ind", "w:jc", "w:rPr")

    def title(self, words: str, size: float = 22) -> None:
        """The title, with a line's space above and below."""
        paragraph = self._add(words, size, TITLE, _CENTRE, line=size * 1.6)
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(12)

    def line(self, words: str, align: Any = None, font: str = BODY, size: float = 16) -> None:
        """A line from the left edge, or at the right."""
        paragraph = self._add(words, size, font, align, line=28)
        paragraph.paragraph_format.keep_with_next = font == HEAD

    def text(self, words: str) -> None:
        """A paragraph of text, two characters in."""
        paragraph = self._add(words, 16, BODY, _BOTH, line=28)
        indent = OxmlElement("w:ind")
        indent.set(qn("w:firstLineChars"), "200")
        indent.set(qn("w:firstLine"), "640")
        paragraph._p.get_or_add_pPr().insert_element_before(indent, "w:jc", "w:rPr")

    def small(self, words: str, size: float = 10.5) -> None:
        """A line in small type."""
        self._add(words, size, BODY, None, line=size * 1.7)

    def signature(self, size: float = 16) -> None:
        """Sender and date, four characters from the right edge."""
        for words in ("", "〔发文单位〕", "〔日期〕"):
            paragraph = self._add(words, size, BODY, _RIGHT, line=size * 1.75)
            paragraph.paragraph_format.right_indent = Pt(size * 4)
            paragraph.paragraph_format.keep_with_next = words != "〔日期〕"

    def turn(self) -> None:
        """A new page."""
        self._document.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)

    def table(self, columns: Sequence[Column]) -> None:
        """A table of a header, repeated on every page, and one row to be repeated."""
        table = self._document.add_table(2, len(columns))
        table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
        _pad(table)
        for number, (header, width, text) in enumerate(columns):
            table.columns[number].width = Cm(width)
            for row, words, font in ((0, header, HEAD), (1, text, BODY)):
                cell = table.rows[row].cells[number]
                cell.width = Cm(width)
                short = row == 0 or width < 3.0
                _dress(cell.paragraphs[0], words, 10.5, font, _CENTRE if short else None, line=15)
                _middle(cell)
        for row in table.rows:
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))

    def data(self, title: str) -> bytes:
        """The file."""
        core = self._document.core_properties
        core.title, core.comments, core.author, core.last_modified_by = title, style.STATUTORY_ZH, "GridBeacon", ""
        core.created = core.modified = _LONG_AGO
        self._name_fonts()
        buffer = BytesIO()
        self._document.save(buffer)
        return still(buffer)

    def _add(self, words: str, size: float, font: str, align: Any, line: float) -> Any:
        return _dress(self._document.add_paragraph(), words, size, font, align, line)

    def _number_pages(self, section: Any) -> None:
        paragraph = section.footer.paragraphs[0]
        _dress(paragraph, "— ", 14, PLAIN, _CENTRE, line=18)
        run = paragraph.add_run()
        _set_font(run._r.get_or_add_rPr(), PLAIN)
        run.font.size = Pt(14)
        for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
            piece = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                piece.set(qn("w:fldCharType"), kind)
            else:
                piece.text = text
            run._r.append(piece)
        end = paragraph.add_run(" —")
        _set_font(end._r.get_or_add_rPr(), PLAIN)
        end.font.size = Pt(14)

    def _name_fonts(self) -> None:
        """Tell in the table of fonts what else they are called, so that a machine without them finds a neighbour."""
        part = next(rel.target_part for rel in self._document.part.rels.values() if rel.reltype.endswith("/fontTable"))
        entries = "".join(
            f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/></w:font>'
            for name, others in _ELSEWHERE.items()
        )
        part._blob = re.sub(rb"</w:fonts>\s*$", entries.encode("utf-8") + b"</w:fonts>", part.blob)


def _dress(paragraph: Any, words: str, size: float, font: str, align: Any, line: float) -> Any:
    """Words in *size* and *font*, each placeholder in a run of its own; *line* is the distance of lines in points."""
    for piece in re.split("(〔[^〕]*〕)", words):
        if piece:
            run = paragraph.add_run(piece)
            run.font.size = Pt(size)
            _set_font(run._r.get_or_add_rPr(), font)
    paragraph.alignment = align
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    paragraph.paragraph_format.line_spacing = Pt(line)
    return paragraph


def _set_font(properties: Any, font: str) -> None:
    fonts = properties.get_or_add_rFonts()
    for kind in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(kind), font)


def _pad(table: Any) -> None:
    """A millimetre above and below the text of every cell."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("top", "bottom"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), "57")
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")


def _middle(cell: Any) -> None:
    align = OxmlElement("w:vAlign")
    align.set(qn("w:val"), "center")
    cell._tc.get_or_add_tcPr().append(align)


if __name__ == "__main__":
    draw_templates(sys.argv[1])
