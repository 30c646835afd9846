"""A workbook with 〔placeholders〕 -> the same workbook with text, figures and dates in their place.

As in Word: placeholders are replaced by plain values, a row that asks for items or counts is repeated for each of them,
what stands below moves down, and nothing put in is a formula, a link or searched again. Cells keep their look.
"""

from __future__ import annotations

import copy
import html
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import etree

from .. import style
from ..papers.archive import still
from ..plain_text import one_line
from ..refusals import refusal
from .kinds import ABOUT_ALL, ABOUT_COUNTS, ABOUT_ITEMS, PLACEHOLDER, check_asked

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STRINGS, _STYLES, _BOOK, _CORE = "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "docProps/core.xml"
_AREA = re.compile(r"(\$?[A-Z]{1,3}\$?)(\d+)")
_FIGURE = re.compile(r"-?\d{1,12}(\.\d{1,6})?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_DATE_FORMATS = {*range(14, 23), *range(45, 48)}
_DAY_ZERO = datetime(1899, 12, 30)
_LONGEST = 1000

Rows = Sequence[Mapping[str, Any]]
Shifts = list[tuple[int, int]]
"""(row of the template, how many rows more it became)."""


class SheetTemplate:
    """An opened workbook, whose placeholders are known to be understood.

    Raises InputError if the file is no workbook, holds a formula, asks for something unknown, or has no row for items.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            with zipfile.ZipFile(self.path) as source:
                self._parts = {info.filename: source.read(info) for info in source.infolist() if not info.is_dir()}
            self._strings = [_text(entry) for entry in _parse(self._parts.get(_STRINGS, b"<sst/>"))]
            self._dated = _date_styles(_parse(self._parts[_STYLES]))
            sheets = [_parse(self._parts[name]) for name in self._sheets()]
        except (zipfile.BadZipFile, KeyError, etree.LxmlError, OSError) as error:
            raise refusal("E-PAPER-010", where=self.path.name) from error
        if any(sheet.find(f".//{_MAIN}f") is not None for sheet in sheets):
            raise refusal("E-PAPER-011", where=self.path.name)
        check_asked({name for sheet in sheets for name in self._asked(sheet)}, self.path.name)

    def fill(self, about: Mapping[str, Any], items: Rows, counts: Rows = (), *, made: datetime, title: str) -> bytes:
        """The workbook with *about* in its cells and a row per item and per count. Equal input gives equal bytes."""
        parts = dict(self._parts)
        moved: dict[int, Shifts] = {}
        for number, name in enumerate(self._sheets()):
            sheet = _parse(parts[name])
            moved[number] = self._fill_sheet(sheet, about, items, counts)
            parts[name] = etree.tostring(sheet, xml_declaration=True, encoding="UTF-8", standalone=True)
        parts[_BOOK] = _with_names(parts[_BOOK], moved)
        if _CORE in parts:  # a part that the package does not list would make Excel repair the file
            parts[_CORE] = _core(title, made)
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as target:
            for name, data in parts.items():
                target.writestr(name, data)
        buffer.seek(0)
        return still(buffer)

    def _sheets(self) -> list[str]:
        """The parts that hold the sheets, in the order of the workbook."""
        relations = {node.get("Id"): node.get("Target") for node in _parse(self._parts[_RELATIONS])}
        targets = [relations[node.get(_ID)] for node in _parse(self._parts[_BOOK]).iter(f"{_MAIN}sheet")]
        return ["xl/" + target.removeprefix("/xl/") for target in targets if "worksheets/" in target]

    def _asked(self, element: Any) -> Iterator[str]:
        for cell in element.iter(f"{_MAIN}c"):
            yield from PLACEHOLDER.findall(self._text_of(cell))

    def _text_of(self, cell: Any) -> str:
        if cell.get("t") == "s":
            return self._strings[int(cell.findtext(f"{_MAIN}v"))]
        return _text(cell) if cell.get("t") == "inlineStr" else ""

    def _fill_sheet(self, sheet: Any, about: Mapping[str, Any], items: Rows, counts: Rows) -> Shifts:
        """Fill one sheet in place; returns the rows that became several."""
        shifts: Shifts = []
        for row in list(sheet.iter(f"{_MAIN}row")):
            number, names = int(row.get("r")), list(self._asked(row))
            below = sum(more for _, more in shifts)
            if set(names) & {*ABOUT_ITEMS, *ABOUT_COUNTS}:
                records = counts if set(names) & set(ABOUT_COUNTS) else items
                records = records or [dict.fromkeys(names, "") | {names[0]: "无"}]
                shifts.append((number, len(records) - 1))
            else:
                records = [{}]
            for place, record in enumerate(records):
                fresh = copy.deepcopy(row)
                self._fill_row(fresh, {**about, **record}, number + below + place)
                row.addprevious(fresh)
            row.getparent().remove(row)
        _move_merged(sheet, shifts)
        for node in sheet.iter(f"{_MAIN}dimension", f"{_MAIN}autoFilter"):
            node.set("ref", _moved(node.get("ref"), shifts))
        for node in sheet.iter(f"{_MAIN}conditionalFormatting", f"{_MAIN}dataValidation"):
            node.set("sqref", _moved(node.get("sqref"), shifts))
        return shifts

    def _fill_row(self, row: Any, values: Mapping[str, Any], number: int) -> None:
        row.set("r", str(number))
        for cell in row.iter(f"{_MAIN}c"):
            cell.set("r", re.sub(r"\d+", "", cell.get("r")) + str(number))
            text = self._text_of(cell)
            if any(name in values for name in PLACEHOLDER.findall(text)):
                self._put(cell, text, values)

    def _put(self, cell: Any, text: str, values: Mapping[str, Any]) -> None:
        """The cell's text with the values in it: as a figure or a date where it asks for just one, else as text."""
        filled = PLACEHOLDER.sub(lambda m: one_line(values[m[1]], _LONGEST) if m[1] in values else m[0], text)
        alone = PLACEHOLDER.fullmatch(text)
        for child in list(cell):
            cell.remove(child)
        cell.attrib.pop("t", None)
        if alone and alone[1] not in _TEXTS and _FIGURE.fullmatch(filled):
            etree.SubElement(cell, f"{_MAIN}v").text = filled
        elif alone and _MOMENT.fullmatch(filled) and cell.get("s") in self._dated:
            span = datetime.fromisoformat(filled) - _DAY_ZERO
            etree.SubElement(cell, f"{_MAIN}v").text = f"{span.total_seconds() / 86400:.9g}"
        else:
            cell.set("t", "inlineStr")
            node = etree.SubElement(etree.SubElement(cell, f"{_MAIN}is"), f"{_MAIN}t")
            node.text = filled
            node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


_TEXTS = {*ABOUT_ALL, "地点", "类别", "情况", "承办单位", "责任单位", "预警编号", "时段"}
"""What stays text even where it looks like a figure: names and codes."""


def _parse(data: bytes) -> Any:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))


def _text(element: Any) -> str:
    """The text of a string or of an inline cell; how it is read aloud (rPh) is no part of it."""
    nodes = element.iter(f"{_MAIN}t")
    return "".join(n.text or "" for n in nodes if next(n.iterancestors(f"{_MAIN}rPh"), None) is None)


def _date_styles(styles: Any) -> set[str]:
    """The numbers of the cell styles that show a date."""
    own = {f.get("numFmtId"): f.get("formatCode", "") for f in styles.iter(f"{_MAIN}numFmt")}
    looks = [look.get("numFmtId", "0") for look in styles.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf")]
    return {str(n) for n, i in enumerate(looks) if int(i) in _DATE_FORMATS or re.search("[yhY]", own.get(i, ""))}


def _moved(areas: str, shifts: Shifts) -> str:
    """Areas of the template where their rows are now: `A4:I4`, or `A4` alone, grows where row 4 became several."""
    moved = []
    for area in areas.split():
        first, _, last = area.partition(":")
        ends = [
            _AREA.sub(lambda m, end=end: m[1] + str(_row(int(m[2]), shifts, end)), text)
            for text, end in ((first, False), (last or first, True))
        ]
        moved.append(ends[0] if ends[0] == ends[1] else ":".join(ends))
    return " ".join(moved)


def _move_merged(sheet: Any, shifts: Shifts) -> None:
    """Merged cells move along; those within a row that became several are merged in each of them."""
    for node in list(sheet.iter(f"{_MAIN}mergeCell")):
        rows = [int(number) for _, number in _AREA.findall(node.get("ref"))]
        more = next((more for row, more in shifts if rows == [row, row]), 0)
        if not more:
            node.set("ref", _moved(node.get("ref"), shifts))
            continue
        first = _row(rows[0], shifts, False)
        for number in range(first, first + more + 1):
            fresh = copy.deepcopy(node)
            fresh.set("ref", _AREA.sub(lambda m, number=number: m[1] + str(number), node.get("ref")))
            node.addprevious(fresh)
        node.getparent().remove(node)
    for cells in sheet.iter(f"{_MAIN}mergeCells"):
        cells.set("count", str(len(cells)))


def _row(number: int, shifts: Shifts, is_end: bool) -> int:
    return number + sum(more for row, more in shifts if number > row or (is_end and number == row))


def _with_names(book: bytes, moved: Mapping[int, Shifts]) -> bytes:
    """The workbook's part with the print areas and filters of its sheets moved along."""
    tree = _parse(book)
    for node in tree.iter(f"{_MAIN}definedName"):
        sheet, _, area = (node.text or "").rpartition("!")
        if node.get("localSheetId") is not None and _AREA.search(area) and "," not in area:
            node.text = f"{sheet}!{_moved(area, moved.get(int(node.get('localSheetId')), []))}"
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)


def _core(title: str, made: datetime) -> bytes:
    """Properties that name no person, whoever made the template."""
    time = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    stamps = "".join(f'<dcterms:{n} xsi:type="dcterms:W3CDTF">{time}</dcterms:{n}>' for n in ("created", "modified"))
    texts = {"dc:title": one_line(title, 200), "dc:creator": "GridBeacon", "dc:description": style.STATUTORY_ZH}
    body = "".join(f"<{name}>{html.escape(text, quote=False)}</{name}>" for name, text in texts.items())
    spaces = (
        'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return f"{head}<cp:coreProperties {spaces}>{body}{stamps}</cp:coreProperties>".encode()
