"""Texts come back exactly as they went in, are never a formula, and equal input gives equal bytes."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import openpyxl
import pandas as pd
import pytest
import python_calamine
from gridbeacon.layers import style
from gridbeacon.layers.settings_sheet import Setting
from gridbeacon.layers.spreadsheets import guard_text, read_guarded_csv, unguard_text, write_csv, write_warnings_xlsx
from gridbeacon.pipeline import Plan, files
from gridbeacon.pipeline.plan import plan_params
from hypothesis import given
from hypothesis import strategies as st

CODES = ["000123456789012345", "110101001001001", "4403050010010010012345678", "0", "007", "1e5"]
RARE = ["𠮷野家·䶮社区", "㐂", "\U00020bb7\U0002a6a5", "龘靐齉爩", "é—…"]  # GB18030 beyond GBK
EVIL = [
    "=1+1",
    "+8613800000000",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=2",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "'=1",
    "''-x",
    "'quoted'",
]
EVIL += ["=cmd|' /C calc'!A0", '=HYPERLINK("http://x.example","y")', "{=1}", "http://x.example", "", " ", "NA", "null"]


def warnings_of(texts):
    return pd.DataFrame(
        {
            "warning_id": [f"w{number}" for number in range(len(texts))],
            "rank": range(1, len(texts) + 1),
            "level": [style.LEVEL_NAMES[number % 4] for number in range(len(texts))],
            "within_budget": [number < 5 for number in range(len(texts))],
            "cell_id": texts,
            "cell_name": texts,
            "category": "环境/噪声",
            "phase": ["ended" if number == 4 else "open" for number in range(len(texts))],
            "observed": 31,
            "expected": 9.25,
            "ratio": [float("inf"), *[3.4] * (len(texts) - 1)],
            "window_start": pd.Timestamp("2025-07-01"),
            "first_seen": pd.NaT,
            "reason": "近3天供水报修31件,平时约9件",
        }
    )


FACTS = {
    "title": "城市风险晨报",
    "as_of": "2025-07-04T00:00:00",
    "account": {"rows_in": 3, "rows_used": 3},
    "expected_false": {
        level: {"per_week": value, "low": value / 2, "high": 2 * value, "basis": "calibrated"}
        for level, value in (("red", 0.004), ("orange", 0.02), ("yellow", 0.08), ("blue", 0.16))
    },
    "notices": [{"code": "default_points", "zh": "=默认坐标", "en": "x"}],
    "tests": 1234,
}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_guarding_is_reversible(text):
    assert unguard_text(guard_text(text)) == text
    assert guard_text(text)[:1] not in set("=+-@\t\r\n＝＋－＠")


@given(st.lists(st.text("'=+-@\t\r\n＝,\"a甲", max_size=5), min_size=1))
def test_guarding_is_reversible_where_it_is_hard(texts):
    assert [unguard_text(guard_text(text)) for text in texts] == texts
    assert len({guard_text(text) for text in texts}) == len(set(texts))


def test_texts_come_back_from_csv_byte_for_byte(tmp_path):
    texts = CODES + RARE + EVIL
    table = pd.DataFrame({"cell_id": texts, "=evil": texts[::-1], "number": -1.5, "whole": -3})
    write_csv(tmp_path / "t.csv", table)
    raw = (tmp_path / "t.csv").read_bytes()
    assert raw.startswith("\ufeffcell_id,'=evil,number,whole\r\n".encode())
    back = read_guarded_csv(tmp_path / "t.csv")
    assert list(back.columns) == list(table.columns)
    assert list(back["cell_id"]) == texts and list(back["=evil"]) == texts[::-1]
    assert set(back["number"]) == {"-1.5"} and set(back["whole"]) == {"-3"}


def test_no_field_of_a_csv_starts_a_formula(tmp_path):
    write_csv(tmp_path / "t.csv", pd.DataFrame({"a": EVIL}))
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        fields = pd.read_csv(stream, dtype=str, keep_default_na=False)["a"]
    assert not fields.str.match(r"[=+\-@\t\r\n＝＋－＠]").any()


def test_times_and_gaps_in_csv(tmp_path):
    table = pd.DataFrame(
        {
            "local": [pd.Timestamp("2025-01-31 08:00"), pd.NaT],
            "zoned": [pd.Timestamp("2025-01-31 08:00", tz="Asia/Shanghai"), pd.NaT],
            "float": [0.1 + 0.2, float("nan")],
            "flag": [True, False],
            "none": ["x", None],
        }
    )
    write_csv(tmp_path / "t.csv", table)
    rows = read_guarded_csv(tmp_path / "t.csv").to_numpy().tolist()
    assert rows == [["2025-01-31 08:00:00", "2025-01-31 08:00:00+08:00", "0.3", "True", "x"], ["", "", "", "False", ""]]


def test_an_empty_table_is_a_header(tmp_path):
    write_csv(tmp_path / "t.csv", pd.DataFrame({"a": [], "b": []}))
    assert list(read_guarded_csv(tmp_path / "t.csv").columns) == ["a", "b"]


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "early_warnings.xlsx"
    write_warnings_xlsx(path, warnings_of(CODES + RARE + EVIL), FACTS)
    return path


def column_of(path, header):
    rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name("提示清单").to_python()
    at = rows[2].index(header)
    return [row[at] for row in rows[3:]]


def test_texts_come_back_from_xlsx(workbook):
    texts = CODES + RARE + EVIL
    by_calamine = column_of(workbook, "单元编码")
    assert by_calamine == texts
    sheet = openpyxl.load_workbook(workbook)["提示清单"]
    names = [cell.value for cell in sheet[3]]
    cells = [row[names.index("地点")] for row in sheet.iter_rows(min_row=4)]
    assert [cell.value or "" for cell in cells] == [
        text.replace("\r", "_x000D_") if "\r" in text else text for text in texts
    ]
    assert all(cell.data_type == "s" or cell.value is None for cell in cells)


def test_nothing_in_the_workbook_is_a_formula_or_a_link(workbook):
    with zipfile.ZipFile(workbook) as parts:
        sheets = [name for name in parts.namelist() if "sheet" in name]
        assert len(sheets) == 3
        for name in sheets:
            text = parts.read(name).decode("utf-8")
            assert "<f" not in text and "<hyperlink" not in text, name


def test_the_list_is_ready_to_use(workbook):
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames == ["提示清单", "说明", "参数与账目"]
    sheet = book["提示清单"]
    assert sheet.freeze_panes == "D4" and sheet.auto_filter.ref.startswith("A3:")
    headers = [cell.value for cell in sheet[3]]
    assert {"实际(件)", "平时(件)", "开始(当地时间)"} <= set(headers)
    levels = {row[1].value: row[1].fill.fgColor.rgb[2:].lower() for row in sheet.iter_rows(min_row=4, max_row=7)}
    assert levels == {f"{level.zh} {level.verb_zh}": level.light[1:] for level in style.LEVELS}
    assert sheet.conditional_formatting and sheet["H4"].value == "极大" and sheet["H5"].value == 3.4
    assert "内部研判,不构成法定预警发布" in sheet["A2"].value and "橙0.02" in sheet["A2"].value
    assert "已解除" in sheet["B8"].value and "超出预算" in sheet["B9"].value
    assert sheet.print_title_rows == "$3:$3"


def test_the_account_and_the_notices_are_in_the_book(workbook):
    values = [
        tuple(cell.value for cell in row) for row in openpyxl.load_workbook(workbook)["参数与账目"].iter_rows(max_col=2)
    ]
    assert (
        ("读入 rows_in", 3) in values and ("检验总数", "1234") in values and ("default_points", "=默认坐标") in values
    )


def test_an_empty_day_says_what_was_checked(tmp_path):
    write_warnings_xlsx(
        tmp_path / "e.xlsx", warnings_of(["x"]).iloc[:0], {**FACTS, "smallest_rise": "全市单日95件(平时约61件)"}
    )
    text = openpyxl.load_workbook(tmp_path / "e.xlsx")["提示清单"]["A4"].value
    assert "没有达到提示标准" in text and "1234" in text and "全市单日95件" in text


def test_equal_warnings_give_equal_bytes(tmp_path, workbook):
    write_warnings_xlsx(tmp_path / "again.xlsx", warnings_of(CODES + RARE + EVIL), FACTS)
    assert (tmp_path / "again.xlsx").read_bytes() == workbook.read_bytes()
    with zipfile.ZipFile(BytesIO(workbook.read_bytes())) as parts:
        assert {info.date_time for info in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_every_setting_stands_beside_its_default(tmp_path):
    settings = [
        Setting("window", "热点窗口", "14", "days", "28"),
        Setting("title", "晨报标题", "=1+1", "", "城市风险晨报"),
        Setting("bin", "时间粒度", "day", "", "day"),
    ]
    write_warnings_xlsx(tmp_path / "s.xlsx", warnings_of(["x"]), FACTS, settings=settings)
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    assert book.sheetnames == ["提示清单", "说明", "参数与账目", "全部参数"]
    rows = [[cell.value or "" for cell in row] for row in book["全部参数"].iter_rows(min_row=2)]
    assert [row[-1] for row in rows] == ["已改", "已改", ""] and rows[1][2] == "=1+1"
    assert all(cell.data_type != "f" for row in book["全部参数"].iter_rows() for cell in row)


def test_ratio_and_excess_have_bars(workbook):
    sheet = openpyxl.load_workbook(workbook)["提示清单"]
    headers = [cell.value for cell in sheet[3]]
    barred = {headers[area.bounds[0] - 1] for rules in sheet.conditional_formatting for area in rules.cells.ranges}
    assert barred == {"倍数", "超出(件)"}


def test_every_setting_of_a_plan_has_a_row_in_chinese():
    rows = files._settings(Plan(window=14))
    assert {row.name for row in rows} == {name for name, *_ in plan_params()}
    changed = [row.name for row in rows if row.value != row.default]
    assert changed == ["window"] and all(re.search("[\u4e00-\u9fff]", row.meaning) for row in rows)
