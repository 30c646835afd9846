"""Every row is accounted for exactly once: quarantine, duplicates, classes left out, persons, damaged codes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from gridbeacon.errors import AccountError, InputError
from gridbeacon.layers.incidents import RULES, Intake, read_incidents
from hypothesis import given, settings
from hypothesis import strategies as st
from three_calls import HEADER, ROWS, codes, csv, table, written

BAD = {
    "E-TIME-001": "B,2026/01/05 soon,供水,,113.5,22.5,,",
    "E-TIME-002": "B,2026-02-30 10:00:00,供水,,113.5,22.5,,",
    "E-TIME-004": "B,,供水,,113.5,22.5,,",
    "E-TIME-005": "B,1900-01-01 00:00:00,供水,,113.5,22.5,,",
    "E-COORD-001": "B,2026-01-05 10:00:00,供水,,,22.5,,",
    "E-COORD-002": "B,2026-01-05 10:00:00,供水,,0,0.0,,",
    "E-COORD-003": "B,2026-01-05 10:00:00,供水,,999,22.5,,",
    "E-COORD-004": "B,2026-01-05 10:00:00,供水,,22.5,113.5,,",
    "E-COORD-005": "B,2026-01-05 10:00:00,供水,,约113,22.5,,",
    "E-CODE-001": "4.40305E+17,2026-01-05 10:00:00,供水,,113.5,22.5,,",
    "E-ROW-001": ",,,,,,,",
    "E-ROW-002": "B,2026-01-05 10:00:00,供水,113.5,22.5",
}


@pytest.mark.parametrize("rule", BAD)
def test_a_bad_row_is_set_aside_under_its_rule(tmp_path, rule):
    intake = read_incidents([csv(tmp_path, ROWS[0], BAD[rule], *ROWS[1:])])
    (row,) = intake.quarantine.itertuples(index=False)
    assert (row.source_file, row.source_row, row.rule) == ("a.csv", 3, rule)
    assert (row.reason, row.reason_en) == (RULES[rule].zh, RULES[rule].en)
    assert list(intake.incidents.source_row) == [2, 4, 5]


def test_blank_lines_count_as_rows_but_not_at_the_end(tmp_path):
    intake = read_incidents([written(tmp_path, "a.csv", f"{HEADER}\n{ROWS[0]}\n\n{ROWS[1]}\n\n\n")])
    assert (intake.rows_in, list(intake.incidents.source_row)) == (3, [2, 4])


def test_a_line_break_inside_quotes_is_one_row(tmp_path):
    intake = read_incidents([csv(tmp_path, ROWS[0].replace("水管爆裂", '"水管\n爆裂"'), "only,two", ROWS[1])])
    assert list(intake.incidents.source_row) == [2, 4]
    assert intake.quarantine[["source_row", "rule"]].values.tolist() == [[3, "E-ROW-002"]]
    assert intake.incidents.category[0] == "供水/水管 爆裂"


def test_duplicates_are_the_later_rows_with_all_the_same(tmp_path):
    rows = [ROWS[0], ROWS[1], ROWS[0], ROWS[0].replace("22.5", "22.50"), ROWS[0].replace("113.5", "113.4"), ROWS[0]]
    intake = read_incidents([csv(tmp_path, *rows)])
    assert list(intake.incidents.source_row) == [2, 3, 6]
    assert intake.duplicates[["source_row", "kept_row"]].values.tolist() == [[4, 2], [5, 2], [7, 2]]
    assert {"N-DUP-001", "N-DUP-003"} <= codes(intake)
    kept = read_incidents([csv(tmp_path, *rows)], duplicates="keep")
    assert (len(kept.incidents), len(kept.duplicates)) == (6, 0)


def test_rows_without_identifier_are_duplicates_only_if_equal_in_every_column(tmp_path):
    bare = [row.partition(",")[2] for row in ROWS]
    other_caller = bare[0].replace("13800138000", "13900139000")
    second = csv(tmp_path, bare[0], header=HEADER.partition(",")[2], name="b.csv")
    intake = read_incidents([csv(tmp_path, *bare, other_caller, bare[0], header=HEADER.partition(",")[2]), second])
    assert intake.duplicates[["source_file", "source_row", "kept_row"]].values.tolist() == [
        ["a.csv", 6, 2],
        ["b.csv", 2, 2],
    ]
    assert list(intake.incidents.incident_id) == ["a.csv#2", "a.csv#3", "a.csv#4", "a.csv#5"]


def test_refused_classes_are_left_out_and_counted(tmp_path):
    rows = [row.replace("供水,水管爆裂", "网络舆情,言论") for row in ROWS]
    intake = read_incidents([csv(tmp_path, *rows)])
    assert intake.excluded.values.tolist() == [["a.csv", 2, "P-CLASS-001"]]
    assert "N-CLASS-002" in codes(intake)
    assert "舆情" not in intake.incidents.to_csv()


def test_no_personal_value_leaves_by_any_door(tmp_path):
    header = HEADER + ",承办单位,姓名"
    rows = [f"{row},王小明13700137000,李四" for row in [*ROWS, *BAD.values()] if row.count(",") == 7]
    intake = read_incidents([csv(tmp_path, *rows, header=header)])
    said = " ".join(
        [intake.incidents.to_csv(), intake.quarantine.to_csv(), intake.duplicates.to_csv(), str(intake.notices)]
    )
    assert "1380013" not in said
    assert "13700137000" not in said
    assert "李四" not in said
    assert intake.dropped_columns == ["联系电话", "姓名"]
    assert {"N-COL-001", "N-PERSON-001"} <= codes(intake)


def test_a_column_of_phone_numbers_is_no_identifier(tmp_path):
    rows = [row.replace(f"A{i}", f"1380013800{i}") for i, row in enumerate(ROWS, start=1)]
    intake = read_incidents([csv(tmp_path, *rows)])
    assert list(intake.incidents.incident_id) == ["a.csv#2", "a.csv#3", "a.csv#4"]
    assert "N-PERSON-002" in codes(intake)


def test_an_account_that_does_not_add_up_is_refused(tmp_path):
    intake = read_incidents([csv(tmp_path, *ROWS)])
    facts = {name: getattr(intake, name) for name in Intake.__dataclass_fields__}
    with pytest.raises(AccountError, match=r"4 rows came in and 3"):
        Intake(**{**facts, "rows_in": 4})


NASTY = st.one_of(
    st.sampled_from(
        [
            "",
            "2026-01-05 08:00:00",
            "2026-02-30 08:00:00",
            "113.5",
            "22.5",
            "0",
            "-999",
            "NULL",
            "供水",
            "舆情",
            "1e400",
            "nan",
            "inf",
            "13800138000",
            '"',
            ",",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
)


@settings(max_examples=75)
@given(
    rows=st.lists(st.lists(NASTY, min_size=5, max_size=5), min_size=1, max_size=12),
    duplicates=st.sampled_from(["drop", "keep"]),
)
def test_every_row_is_accounted_for_exactly_once(tmp_path_factory, rows, duplicates):
    good = ["", "2026-01-05 08:00:00", "供水", "113.5", "22.5"]
    frame = pd.DataFrame([good, *rows], columns=["id", "time", "category", "lon", "lat"])
    path = tmp_path_factory.mktemp("account") / "a.csv"
    frame.to_csv(path, index=False)
    try:
        intake = read_incidents([path], duplicates=duplicates)
    except InputError as error:
        assert error.problem and error.where and error.fix
        return
    tables = [intake.incidents, intake.quarantine, intake.duplicates, intake.excluded]
    seen = Counter(int(row) for t in tables for row in t["source_row"])
    assert seen == Counter(range(2, len(frame) + 2))
    assert intake.rows_in == len(frame)
    assert np.isfinite(intake.incidents.get_coordinates()).all(axis=None)
    assert intake.incidents.time.notna().all()


@settings(max_examples=20)
@given(st.lists(st.text("0123456789", min_size=1, max_size=25), min_size=1, max_size=6, unique=True))
def test_codes_survive_text_and_sheets(tmp_path_factory, identifiers):
    t = pd.concat([table().iloc[:1]] * len(identifiers)).assign(case_id=identifiers, grid_code=identifiers)
    t["received_at"] = t["received_at"].astype(str)
    folder = tmp_path_factory.mktemp("codes")
    t.to_csv(folder / "a.csv", index=False, encoding="gb18030")
    t.to_parquet(folder / "a.parquet")
    with xlsxwriter.Workbook(str(folder / "a.xlsx")) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([list(t.columns), *t.to_numpy().tolist()]):
            for column, value in enumerate(row):
                sheet.write_string(number, column, str(value))
    for name in ("a.csv", "a.parquet", "a.xlsx"):
        got = read_incidents([folder / name]).incidents
        assert list(got.incident_id) == identifiers
        assert list(got.cell_code) == identifiers


def test_a_long_number_in_a_cell_is_known_to_be_damaged(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        for number, code in enumerate([440305001001001002, 440305], start=1):
            sheet.write_number(number, 0, code)
            sheet.write_row(number, 1, ROWS[0].split(",")[1:])
    intake = read_incidents([tmp_path / "a.xlsx"])
    assert list(intake.quarantine.rule) == ["E-CODE-001"]
    assert list(intake.incidents.incident_id) == ["440305"]
