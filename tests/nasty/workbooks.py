"""Spreadsheets: titles, sums, hidden sheets, merged cells, damaged codes, bombs, and what only calls itself one."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import xlsxwriter

from . import HEADER, ROWS, TEXT, nasty, put
from .archives import ZEROS, swollen, zeros_deflated

NAMES = HEADER.split(",")


def cells_of(row: str) -> list[Any]:
    parts: list[Any] = row.split(",")
    parts[4], parts[5] = float(parts[4]), float(parts[5])
    return parts


def sheet(book: xlsxwriter.Workbook, name: str, above: int = 0, rows: list[str] = ROWS) -> Any:
    page = book.add_worksheet(name)
    for number, line in enumerate([NAMES, *(cells_of(row) for row in rows)]):
        page.write_row(above + number, 0, line)
    return page


def book_at(path: Path, **options: Any) -> xlsxwriter.Workbook:
    return xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False, **options})


def workbook(folder: Path, above: int = 0, name: str = "a.xlsx", rows: list[str] = ROWS) -> Path:
    with book_at(folder / name) as book:
        sheet(book, "工单", above, rows)
    return folder / name


def repacked(path: Path, change: dict[str, Any]) -> Path:
    """The same archive with members replaced: name -> bytes, or a function of the old bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            made = change.get(member, old.read(member))
            whole = made(old.read(member)) if callable(made) else made
            new.writestr(member, whole, zipfile.ZIP_STORED if whole[:2] == ZEROS[:2] else None)
    path.write_bytes(sink.getvalue())
    return path


@nasty("read", rows_in=8, rows_used=8)
def workbook_plain(folder: Path):
    return workbook(folder)


@nasty("read", rows_in=8, rows_used=8)
def workbook_title_rows(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        page = sheet(book, "工单", above=3)
        page.write(0, 0, "某市热线工单导出")
        page.write(1, 0, "制表日期")
        page.write(1, 1, dt.date(2026, 2, 1).isoformat())
    return folder / "a.xlsx"


@nasty("read", rows_in=9, rows_used=8)
def workbook_total_row(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        sheet(book, "工单").write_row(9, 0, ["合计", "", "", "", 907.9, 180.0])
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_hidden_sheet(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        sheet(book, "工单")
        sheet(book, "旧", rows=[row.replace("A", "H") for row in ROWS]).hide()
    return folder / "a.xlsx"


@nasty("read", rows_in=16, rows_used=16)
def workbook_two_sheets(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        sheet(book, "1月")
        sheet(book, "2月", rows=[row.replace("A", "B") for row in ROWS])
        book.add_worksheet("说明").write(0, 0, "数据来自热线")
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_merged_title(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        sheet(book, "工单", above=2).merge_range(0, 0, 1, 8, "热线工单(2026年1月)")
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_merged_cells(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        sheet(book, "工单").merge_range(1, 1, 4, 1, "2026-01-01 08:03:00")
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_two_header_rows(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        page = sheet(book, "工单", above=1)
        page.merge_range(0, 0, 0, 3, "基本信息")
        page.merge_range(0, 4, 0, 8, "位置与来源")
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=6, rows_quarantined=2)
def workbook_codes_as_numbers(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        page = sheet(book, "工单")
        page.write_number(1, 0, 440105001003120001)
        page.write_number(2, 0, 4401050010031200000000101)
        page.write_number(3, 0, 12345678)
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_codes_as_text(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        page = sheet(book, "工单")
        page.write_string(1, 0, "4401050010031200000000101")
        page.write_string(2, 0, "000123")
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_true_dates(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        form = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page = sheet(book, "工单")
        for n in range(8):
            page.write_datetime(1 + n, 1, dt.datetime(2026, 1, 1 + n, 8, 3), form)
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_dates_of_1904(folder: Path):
    with book_at(folder / "a.xlsx", date_1904=True) as book:
        form = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page = sheet(book, "工单")
        for n in range(8):
            page.write_datetime(1 + n, 1, dt.datetime(2026, 1, 1 + n, 8, 3), form)
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=8)
def workbook_serials_as_numbers(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        page = sheet(book, "工单")
        for n in range(8):
            page.write_number(1 + n, 1, 46023 + n + 0.3354)
    return folder / "a.xlsx"


@nasty("read", rows_in=8, rows_used=7, rows_quarantined=1)
def workbook_errors_and_formulas(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        page = sheet(book, "工单")
        page.write_formula(1, 4, "=NA()", None, "#N/A")
        page.write_formula(2, 3, '="水管"&"爆裂"', None, "水管爆裂")
        page.write_boolean(3, 3, True)
    return folder / "a.xlsx"


@nasty("refused", "empty")
def workbook_empty(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        book.add_worksheet("x")
    return folder / "a.xlsx"


@nasty("refused", "no rows")
def workbook_header_only(folder: Path):
    return workbook(folder, rows=[])


@nasty("read", rows_in=8, rows_used=8)
def workbook_payload_sheet_name(folder: Path):
    with book_at(folder / "a.xlsx") as book:
        sheet(book, "{{7191}}<b>'x")
    return folder / "a.xlsx"


@nasty("refused", "stray cells")
def workbook_with_a_cell_at_the_end_of_the_world(folder: Path):
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return repacked(workbook(folder), {"xl/worksheets/sheet1.xml": lambda old: old.replace(b"</sheetData>", cell)})


@nasty("refused", "the workbook unpacks to more than can be read")
def workbook_zip_bomb(folder: Path):
    path = repacked(workbook(folder), {"xl/sharedStrings.xml": zeros_deflated(300)})
    return put(folder, "a.xlsx", swollen(path.read_bytes(), "xl/sharedStrings.xml", 300))


@nasty("refused", "cannot be opened")
def workbook_entity_bomb(folder: Path):
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY e0 "lol">{levels}]>'
    return repacked(
        workbook(folder),
        {
            "xl/sharedStrings.xml": lambda old: old.replace(b"<t>", b"<t>&e9;", 1).replace(
                b"<sst", head.encode() + b"<sst", 1
            )
        },
    )


@nasty("refused", "the workbook cannot be opened")
def workbook_cut_short(folder: Path):
    path = workbook(folder)
    return put(folder, "a.xlsx", path.read_bytes()[:-200])


@nasty("refused", "the workbook cannot be opened")
def workbook_without_sheets(folder: Path):
    with zipfile.ZipFile(folder / "a.xlsx", "w") as archive:
        archive.writestr("hello.txt", "not a workbook")
    return folder / "a.xlsx"


@nasty("refused", "the workbook cannot be opened")
def workbook_broken_xml(folder: Path):
    return repacked(workbook(folder), {"xl/worksheets/sheet1.xml": lambda old: old[: len(old) // 2]})


@nasty("refused", "the file is named .xlsx but holds an old Excel workbook")
def workbook_locked_by_password(folder: Path):
    return put(folder, "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000)


@nasty("refused", "the workbook cannot be opened")
def old_workbook_of_noise(folder: Path):
    return put(folder, "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 16)


@nasty("read", rows_in=8, rows_used=8)
def web_page_named_xls(folder: Path):
    lines = [NAMES, *(row.split(",") for row in ROWS)]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines)
    return put(folder, "a.xls", f"<html><meta charset='utf-8'><table>{body}</table></html>")


@nasty("read", rows_in=8, rows_used=8)
def tabs_named_xls(folder: Path):
    return put(folder, "a.xls", TEXT.replace(",", "\t"), "gb18030")


@nasty("refused", "is named .xlsx but holds")
def commas_named_xlsx(folder: Path):
    return put(folder, "a.xlsx", TEXT)


@nasty("refused", "is named .csv but holds")
def workbook_named_csv(folder: Path):
    path = workbook(folder)
    return path.rename(folder / "a.csv")


ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="工单">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
)
ODS_KIND = "application/vnd.oasis.opendocument.spreadsheet"


def ods(folder: Path, tail: str = "") -> Path:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        "<table:table-row>" + "".join(cell.format(word) for word in line.split(",")) + "</table:table-row>"
        for line in TEXT.splitlines()
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS_KIND}"/></manifest:manifest>'
    )
    with zipfile.ZipFile(folder / "a.ods", "w") as archive:
        archive.writestr("mimetype", ODS_KIND)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", ODS.format(rows=rows + tail))
    return folder / "a.ods"


@nasty("read", rows_in=8, rows_used=8)
def open_document(folder: Path):
    return ods(folder)


@nasty("read", rows_in=8, rows_used=8)
def open_document_with_a_million_blank_rows(folder: Path):
    return ods(folder, '<table:table-row table:number-rows-repeated="1048567"><table:table-cell/></table:table-row>')


@nasty("refused", "the workbook cannot be opened")
def open_document_bomb(folder: Path):
    wide = 'table:number-columns-repeated="16384" office:value-type="string"'
    cell = f"<table:table-cell {wide}><text:p>x</text:p></table:table-cell>"
    return ods(folder, f'<table:table-row table:number-rows-repeated="1048567">{cell}</table:table-row>')
