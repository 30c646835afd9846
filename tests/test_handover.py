"""The hand-over sheet: what comes back is what went out plus what was filled in, and nothing is recorded twice."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from datetime import datetime

import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.handover import RESULTS, Filled, FilledRow, read_handover, record_handover, write_handover
from gridbeacon.layers.handover.columns import CHECK, FILL, OURS, our_texts, row_fingerprint, sheet_fingerprint
from gridbeacon.layers.ledger import open_ledger
from handed_over import FIRST, SECOND, THIRD, assign_three, change_part, fill, issue_three, warning
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, 12)
PARTS = {"list": "xl/worksheets/sheet1.xml", "check": "xl/worksheets/sheet3.xml", "book": "xl/workbook.xml"}


@pytest.fixture
def ledger(tmp_path):
    """A ledger of three warnings that are with units."""
    assign_three(tmp_path / "ledger.sqlite")
    with open_ledger(tmp_path / "ledger.sqlite") as book:
        yield book


@pytest.fixture
def sheet(ledger, tmp_path):
    """The sheet that went out: rows 5, 6 and 7 are the three warnings, columns I to L are to be filled in."""
    path = tmp_path / "交办表.xlsx"
    assert export(ledger, path) == 3
    return path


def export(book, path, **more):
    return write_handover(path, book.warnings(), head=book.head(), time="2026-01-01T09:30:00", **more)


def take(book, path, now=NOW):
    return record_handover(book, read_handover(path), actor="值班员", now=now)


def events_of(book, own):
    return [event["event"] for event in book.events(own)]


def account(rows, recorded=0, known=0, blank=0, refused=0):
    return {"rows": rows, "recorded": recorded, "known": known, "blank": blank, "refused": refused}


def codes_of(taken):
    return {fate.warning_id: fate.error.code for fate in taken.fates if fate.error}


# --- out and back


def test_nothing_filled_in_nothing_recorded(ledger, sheet):
    head = ledger.head()
    taken = take(ledger, sheet)
    assert taken.account == account(3, blank=3) and not taken.missing and ledger.head() == head


def test_what_was_filled_in_is_recorded_once(ledger, sheet, tmp_path):
    cells = {"I5": "已办理", "J5": "已抢修", "K5": "水务专班", "L5": "2026-01-01 11:20", "I6": "已报备", "I7": "收到"}
    back = fill(sheet, tmp_path / "back.xlsx", cells)
    assert take(ledger, back).account == account(3, recorded=3)
    assert ledger.steps() == {FIRST: "handled", SECOND: "reported", THIRD: "received"}
    *_, handled = ledger.events(FIRST)
    payload = json.loads(handled["payload"])
    assert (handled["time"], handled["actor"], handled["note"]) == ("2026-01-01T11:20:00", "值班员", "已抢修")
    assert (payload["unit"], payload["handover"]["sheet"]) == ("水务专班", read_handover(back).sheet)
    assert next(reversed(list(ledger.events(THIRD))))["time"] == "2026-01-01T12:00:00"
    head = ledger.head()
    again = take(ledger, back, now=datetime(2026, 1, 5))
    assert again.account == account(3, known=3) and ledger.head() == head


def test_a_sheet_filled_in_further_adds_only_what_is_new(ledger, sheet, tmp_path):
    first = fill(sheet, tmp_path / "first.xlsx", {"I5": "收到"})
    more = fill(first, tmp_path / "more.xlsx", {"I5": "已办理", "I6": "收到"})
    longer = fill(more, tmp_path / "longer.xlsx", {"J5": "补记:已回访"})
    assert take(ledger, first).account == account(3, recorded=1, blank=2)
    assert take(ledger, more).account == account(3, recorded=2, blank=1)
    assert take(ledger, first).account == account(3, known=1, blank=2)
    assert take(ledger, longer).account == account(3, recorded=1, known=1, blank=1)
    assert events_of(ledger, FIRST)[2:] == ["received", "handled", "noted"]
    assert next(reversed(list(ledger.events(FIRST))))["note"] == "已办理(补充):补记:已回访"


def test_two_copies_of_one_export_are_one(ledger, sheet, tmp_path):
    other = tmp_path / "copy.xlsx"
    write_handover(other, ledger.warnings()[:1], head=ledger.head(), time="2026-01-01T10:00:00")
    assert take(ledger, fill(sheet, tmp_path / "a.xlsx", {"I5": "收到"})).account["recorded"] == 1
    assert take(ledger, fill(other, tmp_path / "b.xlsx", {"I5": "收到"})).account == account(1, known=1)


def test_a_false_alarm_and_a_return_reach_those_who_judge(ledger, sheet, tmp_path):
    cells = {"I5": "误报", "J5": "现场正常", "I6": "退回", "J6": "属区水务局", "I7": "退回"}
    taken = take(ledger, fill(sheet, tmp_path / "back.xlsx", cells))
    assert taken.account == account(3, recorded=2, refused=1) and codes_of(taken) == {THIRD: "E-HAND-009"}
    row = next(row for row in ledger.warnings() if row["warning_id"] == FIRST)
    assert (row["step"], row["verdict"]) == ("handled", "false")
    assert ledger.steps()[SECOND] == "assigned"
    assert next(reversed(list(ledger.events(SECOND))))["note"] == "退回:属区水务局"


def test_an_illegal_move_is_told_by_row_and_the_rest_goes_in(ledger, sheet, tmp_path):
    ledger.record(FIRST, "handled", actor="x", time="2026-01-01T10:00")
    taken = take(ledger, fill(sheet, tmp_path / "back.xlsx", {"I5": "收到", "I6": "收到"}))
    assert taken.account == account(3, recorded=1, blank=1, refused=1)
    assert codes_of(taken) == {FIRST: "E-LEDGER-009"} and taken.fates[0].row == 5


def test_an_answer_to_an_earlier_assignment_is_none_to_a_later_one(ledger, sheet, tmp_path):
    answered = fill(sheet, tmp_path / "back.xlsx", {"I5": "收到", "I6": "收到"})
    assert take(ledger, answered).account == account(3, recorded=2, blank=1)
    ledger.record(FIRST, "assigned", actor="x", time="2026-01-01T13:00", payload={"to": "区局"})
    ledger.record(SECOND, "noted", actor="x", time="2026-01-01T13:00", note="已催")
    ledger.issue([warning(SECOND, "orange"), warning(THIRD, "yellow")], "2026-01-02", "run-2")
    late = fill(answered, tmp_path / "late.xlsx", {"I5": "已办理", "I6": "已办理"})
    taken = take(ledger, late)
    assert taken.account == account(3, recorded=1, blank=1, refused=1) and codes_of(taken) == {FIRST: "E-HAND-013"}
    assert take(ledger, answered).account == account(3, known=2, blank=1)
    export(ledger, tmp_path / "new.xlsx")
    assert take(ledger, fill(tmp_path / "new.xlsx", tmp_path / "b.xlsx", {"I5": "收到"})).account["recorded"] == 1


def test_a_reading_broken_off_is_completed_by_the_next(ledger, sheet, tmp_path, monkeypatch):
    back = fill(sheet, tmp_path / "back.xlsx", {f"I{row}": "收到" for row in (5, 6, 7)})
    record, calls = type(ledger).record, []

    def breaks(*arguments, **more):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return record(*arguments, **more)

    monkeypatch.setattr(type(ledger), "record", breaks)
    with pytest.raises(KeyboardInterrupt):
        take(ledger, back)
    monkeypatch.undo()
    assert take(ledger, back).account == account(3, recorded=1, known=2)


# --- what was tampered with, or slipped


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"A5": "a1b2c3d4-e5f60719".replace("-", ""), "I5": "收到"}, "E-HAND-004"),
        ({"A6": "1234567890123450", "I6": "收到"}, "E-HAND-004"),
        ({"C5": "别处", "I5": "收到"}, "E-HAND-005"),
        ({"B7": "红 立即核查"}, "E-HAND-005"),
        ({"A6": FIRST, "I6": "收到"}, "E-HAND-005"),
        ({"J5": "已抢修"}, "E-HAND-007"),
        ({"I5": "差不多了"}, "E-HAND-008"),
        ({"I5": "收到", "L5": "5/1/2026 8:03"}, "E-HAND-010"),
        ({"I5": "收到", "L5": "昨天"}, "E-HAND-010"),
        ({"I5": "收到", "L5": "2026-01-01 10:00+08:00"}, "E-HAND-010"),
        ({"I5": "收到", "L5": "2026-01-01 12:01"}, "E-HAND-011"),
        ({"I5": "收到", "L5": "2025-12-31 23:00"}, "E-HAND-011"),
    ],
)
def test_what_does_not_hold_is_refused_by_row(ledger, sheet, tmp_path, cells, code):
    head = ledger.head()
    taken = take(ledger, fill(sheet, tmp_path / "back.xlsx", cells))
    assert taken.account == account(3, blank=2, refused=1) and ledger.head() == head
    (refused,) = [fate for fate in taken.fates if fate.error]
    assert refused.error.code == code and refused.error.where == f"back.xlsx, row {refused.row}"


@pytest.mark.parametrize("text", ["2026年1月1日 10时5分", "46023.42013888889", "2026/1/1 10:05", "2026-01-01 10:05"])
def test_times_as_people_write_them(ledger, sheet, tmp_path, text):
    take(ledger, fill(sheet, tmp_path / "back.xlsx", {"I5": "收到", "L5": text}))
    assert next(reversed(list(ledger.events(FIRST))))["time"] == "2026-01-01T10:05:00"


def test_a_time_typed_as_a_date_is_read_as_one(ledger, sheet, tmp_path):
    look = r'<c r="L5"( s="\d+")/>'
    back = change_part(
        fill(sheet, tmp_path / "a.xlsx", {"I5": "收到"}),
        tmp_path / "b.xlsx",
        PARTS["list"],
        lambda xml: re.sub(look, r'<c r="L5"\1><v>46023.42013888889</v></c>', xml),
    )
    take(ledger, back)
    assert next(reversed(list(ledger.events(FIRST))))["time"] == "2026-01-01T10:05:00"


def test_a_row_that_stands_twice_counts_once(ledger, sheet, tmp_path):
    def twice(xml):
        row = re.search(r'<row r="5".*?</row>', xml)[0]
        return xml.replace("</sheetData>", re.sub(r'r="([A-L]?)5"', r'r="\g<1>8"', row) + "</sheetData>")

    back = change_part(fill(sheet, tmp_path / "a.xlsx", {"I5": "收到"}), tmp_path / "b.xlsx", PARTS["list"], twice)
    taken = take(ledger, back)
    assert taken.account == account(4, recorded=1, blank=2, refused=1) and codes_of(taken) == {FIRST: "E-HAND-006"}


def test_a_row_taken_out_is_missed(ledger, sheet, tmp_path):
    gone = change_part(sheet, tmp_path / "b.xlsx", PARTS["list"], lambda xml: re.sub(r'<row r="6".*?</row>', "", xml))
    taken = take(ledger, gone)
    assert taken.account == account(2, blank=2) and taken.missing == (SECOND,)


def test_the_sheet_of_another_ledger_is_refused(sheet, tmp_path):
    issue_three(tmp_path / "other.sqlite")
    with open_ledger(tmp_path / "other.sqlite") as other:
        head = other.head()
        with pytest.raises(InputError, match="another ledger"):
            take(other, fill(sheet, tmp_path / "back.xlsx", {"I5": "收到"}))
        assert other.head() == head


@pytest.mark.parametrize(
    ("part", "change", "code"),
    [
        ("book", lambda xml: xml.replace(CHECK, "其他"), "E-HAND-001"),
        ("list", lambda xml: re.sub(r'<c r="A4".*?</c>', "", xml), "E-HAND-001"),
        ("list", lambda xml: re.sub(r'<c r="L4".*?</c>', "", xml), "E-HAND-002"),
        ("check", lambda xml: re.sub(r'<row r="6".*?</row>', "", xml), "E-HAND-012"),
    ],
)
def test_a_sheet_that_lost_a_part_is_refused(sheet, tmp_path, part, change, code):
    with pytest.raises(InputError) as caught:
        read_handover(change_part(sheet, tmp_path / "back.xlsx", PARTS[part], change))
    assert caught.value.code == code


def test_what_is_no_workbook_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("预警编号,处理结果\n", encoding="utf-8")
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04 cut short")
    for name, code in (("a.csv", "E-HAND-001"), ("b.xlsx", "E-XLS-004"), ("none.xlsx", "E-FILE-001")):
        with pytest.raises(InputError) as caught:
            read_handover(tmp_path / name)
        assert caught.value.code == code


# --- what is in the file


def test_text_stays_text_and_equal_input_gives_equal_bytes(ledger, sheet, tmp_path):
    export(ledger, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == sheet.read_bytes()
    with zipfile.ZipFile(sheet) as book:
        xml = {name: book.read(part).decode() for name, part in PARTS.items()}
    assert "<f>" not in xml["list"] and "hyperlink" not in xml["list"].lower()
    assert re.search(r'<c r="A6" s="\d+" t="s">', xml["list"])
    assert 'state="hidden"' in xml["book"] and "sheetProtection" in xml["list"]
    assert ",".join(result.zh for result in RESULTS) in xml["list"]


def test_only_what_is_to_be_filled_in_is_unlocked(sheet):
    with zipfile.ZipFile(sheet) as book:
        looks = re.search(r"<cellXfs.*?</cellXfs>", book.read("xl/styles.xml").decode(), re.DOTALL)[0]
        xml = book.read(PARTS["list"]).decode()
    free = {str(n) for n, look in enumerate(looks.split("<xf ")[1:]) if 'locked="0"' in look}
    unlocked = {at for at, look in re.findall(r'<c r="([A-Z]+\d+)" s="(\d+)"', xml) if look in free}
    assert unlocked == {f"{column}{row}" for column in "IJKL" for row in (5, 6, 7)}


def test_personal_data_does_not_enter_the_ledger(ledger, sheet, tmp_path):
    cells = {"I5": "已办理", "J5": "来电人张三 13800138000 已回访", "K5": "水务专班 13900139000"}
    taken = take(ledger, fill(sheet, tmp_path / "back.xlsx", cells))
    *_, event = ledger.events(FIRST)
    assert taken.fates[0].masked and event["note"] == "来电人[姓名] [电话] 已回访"
    assert "1390013" not in str(event) and "1380013" not in str(event)


def test_a_sheet_of_nothing_says_so_and_comes_back_as_nothing(ledger, tmp_path):
    write_handover(tmp_path / "empty.xlsx", [], head=ledger.head(), time="2026-01-01T09:30:00")
    assert take(ledger, tmp_path / "empty.xlsx").account == account(0)


def test_a_file_that_is_there_is_not_written_over(ledger, sheet):
    with pytest.raises(InputError, match="exists already"):
        export(ledger, sheet)
    assert export(ledger, sheet, replace=True) == 3
    with pytest.raises(InputError, match="ending"):
        export(ledger, sheet.with_suffix(".csv"))


def test_a_drill_is_marked_everywhere(ledger, tmp_path):
    rows = [{**row, "drill": True} for row in ledger.warnings()]
    assert all(our_texts(row)[1].startswith("【演练】") for row in rows)
    write_handover(tmp_path / "drill.xlsx", rows, head=ledger.head(), time="2026-01-01")
    with zipfile.ZipFile(tmp_path / "drill.xlsx") as book:
        assert "【演练】交办表" in book.read("xl/sharedStrings.xml").decode()


@pytest.mark.calc
@pytest.mark.parametrize("ending", ["xlsx", "ods", "xls"])
def test_a_sheet_saved_again_by_another_program_reads_back(ledger, sheet, tmp_path, require, ending):
    back = fill(sheet, tmp_path / "back.xlsx", {"I5": "已办理", "J5": "已抢修,=1+1", "I6": "收到"})
    command = [require("calc"), "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"]
    subprocess.run([*command, "--convert-to", ending, "--outdir", tmp_path / "saved", back], check=True, timeout=120)
    taken = take(ledger, tmp_path / "saved" / f"back.{ending}")
    assert taken.account == account(3, recorded=2, blank=1)
    assert take(ledger, back).account == account(3, known=2, blank=1)


# --- the account, whatever people write

ANSWERS = st.fixed_dictionaries(
    {
        "result": st.sampled_from(["", *(result.zh for result in RESULTS), "已办", "Handled"]),
        "note": st.sampled_from(["", "已办", "来电人李四"]),
        "unit": st.sampled_from(["", "水务局"]),
        "time": st.sampled_from(["", "2026-01-01 10:00", "2026-01-02", "明天"]),
    }
)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from([FIRST, SECOND, THIRD, "x"]), ANSWERS), max_size=6))
def test_every_row_has_one_fate_and_a_second_reading_adds_nothing(tmp_path_factory, answers):
    place = tmp_path_factory.mktemp("account") / "ledger.sqlite"
    assign_three(place)
    with open_ledger(place) as book:
        head, texts = book.head(), {row["warning_id"]: tuple(our_texts(row)) for row in book.warnings()}
        codes = {own: row_fingerprint(head, ours) for own, ours in texts.items()}
        nobody = ("x",) * len(OURS)
        rows = [FilledRow(n, texts.get(own, nobody), answer) for n, (own, answer) in enumerate(answers, start=5)]
        filled = Filled("back.xlsx", head, sheet_fingerprint(head, codes.values()), codes, tuple(rows))
        before = len(list(book.events()))
        first = record_handover(book, filled, actor="x", now=NOW).account
        after = book.head()
        assert first["rows"] == len(answers) == sum(first.values()) - first["rows"]
        assert len(list(book.events())) == before + first["recorded"]
        second = record_handover(book, filled, actor="x", now=NOW).account
        assert book.head() == after and second == {**first, "recorded": 0, "known": first["recorded"] + first["known"]}
        assert book.verify() == before + first["recorded"]


def test_the_columns_to_fill_in_and_their_choices():
    assert [column.zh for column in FILL] == ["处理结果", "办理情况", "经办单位", "办理时间"]
    assert [result.zh for result in RESULTS] == ["收到", "已办理", "已报备", "误报", "退回"]
