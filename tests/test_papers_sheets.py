"""Workbooks from templates: rows multiply, what is below moves; values are text, figures or dates, never formulas."""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO

import openpyxl
import pytest
import xlsxwriter
from gridbeacon.cli.entry import execute
from gridbeacon.errors import InputError
from gridbeacon.layers.letters.sheets import SheetTemplate
from gridbeacon.layers.letters.template import NAMES, SHIPPED, find_template
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from paper_record import EVIL, make_ledger

MADE = datetime(2026, 1, 3)
ITEM = {
    "序号": "1",
    "等级": "红·立即核查",
    "情况": "当日供水22件",
    "实际": "22",
    "平时": "0.2",
    "办理期限": "2026-01-02 09:00",
}


def opened(data):
    return openpyxl.load_workbook(BytesIO(data))


def rows_of(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def own_template(path, **changes):
    """A user's workbook: two sheets in another order, merged cells and a note below the row, a rule, a choice."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "清单"
    sheet["A1"] = "致〔单位〕,文号〔编号〕(办〔2026〕)"
    sheet.append(["序号", "情况", "实际", "期限"])
    sheet.append(["〔序号〕", "〔情况〕", "〔实际〕", "〔办理期限〕"])
    sheet["D3"].number_format = "yyyy/m/d h:mm"
    sheet.append(["共〔件数〕项"])
    sheet.merge_cells("A4:D4")
    sheet["A5"], sheet["B5"] = "不动", "〔声明〕"
    sheet.auto_filter.ref = "A2:D3"
    sheet.print_area = "A1:D5"
    sheet.conditional_formatting.add("C3:C3", CellIsRule(operator="greaterThan", formula=["9"], fill=PatternFill()))
    choice = DataValidation(type="list", formula1='"已办,未办"', sqref="D3")
    sheet.add_data_validation(choice)
    book.create_sheet("封面", 0)["B2"] = "〔单位〕"
    book.properties.creator = "某人"
    for cell, value in changes.items():
        sheet[cell] = value
    book.save(path)
    return path


def filled(path, items, about=None):
    about = about or {"单位": "听潮街道", "编号": "交办〔2026〕第0001号", "件数": str(len(items))}
    return SheetTemplate(path).fill(about, items, made=MADE, title="题")


def test_a_row_is_repeated_and_what_is_below_moves(tmp_path):
    items = [{**ITEM, "序号": str(n)} for n in range(1, 5)]
    book = opened(filled(own_template(tmp_path / "own.xlsx"), items))
    sheet = book["清单"]
    assert book["封面"]["B2"].value == "听潮街道"
    assert sheet["A1"].value == "致听潮街道,文号交办〔2026〕第0001号(办〔2026〕)"
    assert [sheet.cell(row, 1).value for row in range(3, 9)] == [1, 2, 3, 4, "共4项", "不动"]
    assert sheet["D6"].value == datetime(2026, 1, 2, 9) and sheet["C6"].value == 22
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A7:D7"]
    assert sheet.auto_filter.ref == "A2:D6" and sheet.print_area.replace("$", "").endswith("A1:D8")
    assert [str(rule.sqref) for rule in sheet.conditional_formatting] == ["C3:C6"]
    assert str(sheet.data_validations.dataValidation[0].sqref) == "D3:D6"
    assert book.properties.creator == "GridBeacon" and book.properties.created == MADE


def test_cells_merged_within_the_row_are_merged_in_every_row(tmp_path):
    path = own_template(tmp_path / "own.xlsx")
    book = openpyxl.load_workbook(path)
    book["清单"].merge_cells("A3:B3")
    book.save(path)
    sheet = opened(filled(path, [ITEM] * 3))["清单"]
    assert sorted(map(str, sheet.merged_cells.ranges)) == ["A3:B3", "A4:B4", "A5:B5", "A6:D6"]


def test_without_items_the_row_says_so(tmp_path):
    sheet = opened(filled(own_template(tmp_path / "own.xlsx"), []))["清单"]
    assert sheet["A3"].value == "无" and sheet["A4"].value == "共0项"


def test_a_date_needs_a_cell_that_shows_one(tmp_path):
    path = own_template(tmp_path / "own.xlsx")
    book = openpyxl.load_workbook(path)
    book["清单"]["D3"].number_format = "General"
    book.save(path)
    assert opened(filled(path, [ITEM]))["清单"]["D3"].value == "2026-01-02 09:00"


@settings(max_examples=40)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_becomes_a_formula_a_link_or_a_placeholder(first, second):
    template = SheetTemplate(SHIPPED / "交办函.xlsx")
    item = {**ITEM, "情况": first, "地点": second, "序号": "〔单位〕"}
    sheet = opened(template.fill({"单位": "秘"}, [item], made=MADE, title=first)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert "秘" not in {cell.value for cell in cells}


def test_hostile_texts_stay_texts():
    item = dict.fromkeys(("情况", "地点", "类别", "承办单位", "预警编号"), EVIL) | {"预警编号": "0012", "情况": "=1+1"}
    sheet = opened(SheetTemplate(SHIPPED / "交办函.xlsx").fill({}, [item], made=MADE, title=EVIL)).worksheets[0]
    row = {cell.value: cell.data_type for cell in sheet[5]}
    assert row["=1+1"] != "f" and row["0012"] in ("s", "inlineStr")
    assert any(
        "{{7*191}}<script>alert(1)</script>=1+1〔单位〕" in str(value) and "𠮷&]]>" in str(value) for value in row
    )


def test_equal_bytes_and_fixed_dates(tmp_path):
    one, two = (filled(own_template(tmp_path / f"{n}.xlsx"), [ITEM]) for n in "ab")
    first = filled(tmp_path / "a.xlsx", [ITEM])
    assert first == one and len(two) > 1000
    with zipfile.ZipFile(BytesIO(one)) as parts:
        assert {info.date_time for info in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"A6": "〔身份证号〕"}, "E-PAPER-002"),
        ({"A3": "", "B3": "", "C3": "", "D3": ""}, "E-PAPER-005"),
        ({"C4": "=SUM(C3:C3)"}, "E-PAPER-011"),
        ({"B5": ""}, "E-PAPER-012"),
    ],
)
def test_what_a_template_may_not_hold_is_refused(tmp_path, changes, code):
    path = own_template(tmp_path / "own.xlsx")
    book = openpyxl.load_workbook(path)
    book["清单"].unmerge_cells("A4:D4")
    for cell, value in changes.items():
        book["清单"][cell] = value
    book.save(path)
    with pytest.raises(InputError) as caught:
        SheetTemplate(path)
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 broken", b"<html>"])
def test_what_is_no_workbook_is_refused(tmp_path, data):
    (tmp_path / "交办函.xlsx").write_bytes(data)
    with pytest.raises(InputError) as caught:
        SheetTemplate(find_template("交办函.xlsx", tmp_path))
    assert caught.value.code == "E-PAPER-010"


def test_a_document_under_the_wrong_name_is_refused(tmp_path):
    (tmp_path / "交办函.xlsx").write_bytes((SHIPPED / "交办函.docx").read_bytes())
    with pytest.raises(InputError) as caught:
        SheetTemplate(tmp_path / "交办函.xlsx")
    assert caught.value.code == "E-PAPER-010"


def test_text_in_several_types_is_one_text(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "rich.xlsx") as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.write_rich_string(0, 0, "致〔单", bold, "位〕,请阅")
        sheet.write_string(1, 0, "〔序号〕")
        sheet.write_string(2, 0, "〔声明〕")
    assert opened(filled(tmp_path / "rich.xlsx", [ITEM])).worksheets[0]["A1"].value == "致听潮街道,请阅"


def test_users_workbooks_go_first_and_templates_are_handed_out(tmp_path):
    own, place, out = tmp_path / "own", tmp_path / "record.sqlite", tmp_path / "out"
    assert execute(["papers", "templates", "--out", str(own)]) == 0
    assert sorted(path.name for path in own.iterdir()) == sorted(NAMES)
    own_template(own / "交办函.xlsx")
    make_ledger(place).close()
    common = ["--ledger", str(place), "--templates", str(own), "--out", str(out), "--time", "2026-01-03T12:00"]
    assert execute(["papers", "assign", *common]) == 0 and execute(["papers", "weekly", *common]) == 0
    assert opened((out / "交办函-2026-0001.xlsx").read_bytes())["清单"]["A5"].value == "共2项"
    listed = opened((out / "周清单-2026-0001.xlsx").read_bytes())
    assert listed.sheetnames == ["统计", "在办"] and listed["统计"].auto_filter.ref == "A5:K6"
