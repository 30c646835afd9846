"""`gridbeacon ledger …` as an operator meets it: a warning's life from judging to signing off, told and recorded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.layers.answers import routes, summarise
from gridbeacon.layers.ledger import open_ledger
from handed_over import FIRST, SECOND, THIRD, fill, issue_three, warning

AT = ["--actor", "值班员", "--time", "2026-01-01T09:00"]


@pytest.fixture
def place(tmp_path):
    """A ledger of three warnings: red, orange, yellow."""
    issue_three(tmp_path / "ledger.sqlite")
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ask(place, capsys):
    """Run one command on the ledger; gives (exit code, stdout, stderr)."""

    def call(*arguments, of=place):
        code = execute(["ledger", *map(str, arguments), *(["--ledger", str(of)] if of else [])])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def answer(ask):
    """Run one command that must succeed; gives its JSON."""

    def call(*arguments, **more):
        code, out, err = ask(*arguments, "--json", **more)
        assert code == 0, err
        return json.loads(out)

    return call


def events_of(place, own):
    with open_ledger(place) as book:
        return [event["event"] for event in book.events(own)]


# --- a life


def test_a_warning_from_judging_to_signing_off(answer, place):
    assert answer("judge", FIRST[:6], "--verdict", "属实", *AT)["state"] == "待研判"
    given = answer("assign", FIRST[:6], *AT)
    assert (given["assigned_to"], given["state"], given["time"]) == ("水务专班", "已交办", "2026-01-01T09:00:00")
    for command in ("receive", "supervise", "handle", "verify", "close"):
        last = answer(command, FIRST, "--note", f"note of {command}", *AT)
    assert (last["step"], last["state"], last["due"]) == ("closed", "已销号", "")
    shown = answer("show", FIRST)
    assert [event["event"] for event in shown["events"]] == [
        *("issued", "judged", "assigned", "received", "supervised", "handled", "verified", "closed")
    ]
    assert shown["events"][-1]["note"] == "note of close" and shown["warning"]["verdict"] == "true"
    assert answer("verify")["head"] == last["head"] == shown["events"][-1]["hash"]


def test_the_other_ways(answer, place):
    assert answer("dismiss", FIRST, "--note", "已知施工", *AT)["state"] == "已销号"
    assert answer("reopen", FIRST, "--note", "又起", *AT)["state"] == "待研判"
    assert answer("assign", SECOND, "--to", "区局", "--due", "2026-01-08", *AT)["due"] == "2026-01-08T18:00:00"
    assert answer("report", SECOND, *AT)["step"] == "reported"
    assert answer("note", SECOND, "--note", "电话已核", *AT)["step"] == "reported"
    answer("correct", THIRD, "--set", "level=blue", "--set", "observed=7", "--note", "重复", *AT)
    corrected = answer("show", THIRD)["warning"]
    assert (corrected["level"], corrected["observed"]) == ("blue", 7)
    assert answer("cancel", THIRD, "--note", "测试数据", *AT)["step"] == "cancelled"
    assert events_of(place, THIRD) == ["issued", "corrected", "cancelled"]


def test_personal_data_in_a_note_are_blotted_out(ask, place):
    said = ask("note", FIRST, "--note", "联系人张三 13800138000 催办", *AT)[2]
    with open_ledger(place) as book:
        *_, event = book.events(FIRST)
    assert event["note"] == "联系人[姓名] [电话] 催办" and "blotted out" in said


def test_an_illegal_move_names_the_legal_ones_and_records_nothing(ask, place):
    code, out, err = ask("close", FIRST, *AT)
    assert (code, out) == (2, "") and "cannot be closed [E-LEDGER-009]" in err
    assert "Possible now: judged, dismissed, assigned, supervised, noted, corrected, cancelled." in err
    assert events_of(place, FIRST) == ["issued"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("judge", "ffff", "--verdict", "true", *AT), "E-ASK-021"),
        (("judge", "a1b", "--verdict", "true", *AT), "E-ASK-021"),
        (("judge", FIRST, "--verdict", "true", "--actor", "x", "--time", "昨天"), "E-ASK-020"),
        (("judge", FIRST, "--verdict", "true", "--actor", "x", "--timezone", "Mars/Base"), "E-ASK-019"),
        (("dismiss", FIRST, *AT), "E-LEDGER-011"),
        (("verify", FIRST), "E-ASK-022"),
        (("correct", THIRD, "--set", "level", "--note", "x", *AT), "E-ASK-023"),
        (("list", "--from", "1月"), "E-ASK-020"),
        (("deadlines", "--apply"), "E-ASK-024"),
        (("export", "--out", "out.csv"), "E-OUT-006"),
        (("import", "none.xlsx", *AT), "E-FILE-001"),
    ],
)
def test_what_cannot_be_done_is_told_by_its_code(ask, arguments, code):
    exit_code, out, err = ask(*arguments)
    assert (exit_code, out) == (2, "") and f"[{code}]" in err


def test_a_prefix_must_be_the_only_one(ask, place):
    with open_ledger(place) as book:
        book.issue([warning("a1b2ffff", "blue")], "2026-01-02", "run-2")
    code, _, err = ask("judge", "a1b2", "--verdict", "true", *AT)
    assert code == 2 and "2 warnings have an id that begins so" in err


def test_no_ledger_named_or_none_there(ask, tmp_path):
    assert ask("list", of=None)[0] == 2
    code, _, err = ask("list", of=tmp_path / "none.sqlite")
    assert code == 2 and "E-LEDGER-001" in err and not (tmp_path / "none.sqlite").exists()


# --- what is told


def ids(rows):
    return [row["warning_id"] for row in rows]


def test_lists_are_filtered_and_in_order_of_urgency(answer):
    answer("assign", SECOND, *AT)
    answer("dismiss", FIRST, "--note", "x", *AT)
    assert ids(answer("list")) == [SECOND, THIRD, FIRST]
    assert ids(answer("list", "--state", "已交办")) == ids(answer("list", "--state", "assigned")) == [SECOND]
    assert ids(answer("list", "--level", "红", "--level", "yellow")) == [THIRD, FIRST]
    assert ids(answer("list", "--unit", "生态")) == ids(answer("list", "--class", "生态环境")) == [SECOND]
    assert ids(answer("list", "--class", "噪声")) == [SECOND] and ids(answer("list", "--class", "生态")) == []
    assert ids(answer("list", "--place", "听潮")) == [FIRST] and ids(answer("list", "--place", "CITY")) == [THIRD]
    assert len(answer("list", "--from", "2026-01-01", "--to", "2026-01-01")) == 3
    assert answer("list", "--to", "2025-12-31") == [] == answer("list", "--from", "2026-01-02")


def test_handled_and_reported_never_mix(answer, ask):
    for own, event in ((FIRST, "handle"), (SECOND, "report"), (THIRD, "report")):
        answer("assign", own, *AT)
        answer(event, own, *AT)
    for own in (FIRST, SECOND):
        answer("verify", own, *AT)
        answer("close", own, *AT)
    assert {row["warning_id"]: row["route"] for row in answer("list")} == {
        FIRST: "handled",
        SECOND: "reported",
        THIRD: "reported",
    }
    said = ask("list")[2]
    assert "signed off: handled" in said and "signed off: only reported" in said
    assert "signed off 2 (handled 1, only reported 1)" in said
    counts = answer("summary", "--time", "2026-01-01T09:00")
    assert counts["routes"]["handled"] == {"answered": 1, "false_alarms": 0, "closed": 1, "rate": 1.0}
    assert counts["routes"]["reported"] == {"answered": 2, "false_alarms": 0, "closed": 1, "rate": 0.5}
    assert counts["states"] == {"待研判": 0, "已交办": 0, "已办结": 1, "已销号": 2}
    assert "handled: 1, of these false alarms 0, signed off 1 (100%)" in ask("summary")[2]


def test_what_is_overdue_proposes_supervision(answer, ask):
    assert answer("overdue", "--time", "2026-01-01T10:00") == []
    late = answer("overdue", "--time", "2026-01-01T11:30")
    assert ids(late) == [FIRST] and late[0]["late_hours"] == 1.0
    said = ask("overdue", "--time", "2026-01-01T11:30")[2]
    assert f"gridbeacon ledger supervise {FIRST[:6]} --actor" in said
    assert answer("overdue", "--time", "2026-01-01T11:30", "--level", "blue") == []


def test_evidence_and_every_event_are_shown(ask, answer):
    answer("assign", FIRST, "--note", "请速办", *AT)
    said = ask("show", FIRST)[2]
    for told in (
        "red",
        "霁南区·听潮街道",
        "22 / 0.2",
        "once in 400 days",
        "2026-01-01 09:00",
        "值班员",
        "请速办",
        "水务专班",
    ):
        assert told in said
    assert said.rstrip().endswith("Internal analysis, not a statutory warning")


def test_everything_is_told_in_chinese_too(ask, answer, monkeypatch):
    answer("assign", FIRST, *AT)
    monkeypatch.setenv("GRIDBEACON_LANG", "zh")
    assert "已交办 1" in ask("list")[2] and "内部研判,不构成法定预警发布" in ask("show", FIRST)[2]
    assert "办理:0件" in ask("summary")[2] and "校验链完整:5条记录,3条预警" in ask("verify")[2]
    assert "现在可以执行:" in ask("close", FIRST, *AT)[2]


def test_text_from_the_record_does_not_drive_the_terminal(ask, place):
    with open_ledger(place) as book:
        book.issue([warning("dddd1111", "red", cell_name="\x1b[2J[bold]x", reason_en="\x1b]0;y")], "2026-01-02", "r")
    said = ask("list")[2] + ask("show", "dddd")[2]
    assert "\x1b" not in said and "[bold]x" in said


def test_a_broken_chain_is_refused(answer, ask, place):
    import sqlite3

    assert answer("verify")["events"] == 4
    raw = sqlite3.connect(place)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f'DROP TRIGGER "{name}"')
    raw.execute("UPDATE ledger_events SET actor = 'x' WHERE seq = 2")
    raw.commit()
    raw.close()
    code, _, err = ask("verify")
    assert code == 2 and "E-LEDGER-006" in err


# --- the plan file


def test_a_plan_names_the_ledger_its_clock_and_its_deadlines(answer, place, tmp_path):
    plan = tmp_path / "city.toml"
    plan.write_text(
        f'[plan]\ntimezone = "Asia/Urumqi"\n[inputs]\nledger = "{place.name}"\n[deadlines.red]\nhandle = "5h"\n',
        encoding="utf-8",
    )
    answer("deadlines", "--plan", plan, "--apply", "--actor", "x", "--time", "2026-01-01", of=None)
    given = answer("assign", FIRST, "--plan", plan, "--actor", "x", "--time", "2026-01-01T09:00+08:00", of=None)
    assert (given["time"], given["due"]) == ("2026-01-01T07:00:00", "2026-01-01T13:30:00")
    assert answer("deadlines")["levels"]["red"]["handle"] == "5h"


# --- the hand-over sheet


def test_the_sheet_goes_out_and_comes_back(answer, ask, place, tmp_path):
    for own in (FIRST, SECOND):
        answer("assign", own, *AT)
    out = tmp_path / "交办表.xlsx"
    assert answer("export", "--out", out, "--time", "2026-01-01T09:30")["rows"] == 2
    assert "E-OUT-008" in ask("export", "--out", out)[2]
    back = fill(out, tmp_path / "back.xlsx", {"I5": "已办理", "J5": "来电13800138000", "I6": "不知道"})
    arguments = ("import", back, "--actor", "值班员", "--time", "2026-01-01T12:00")
    code, _, err = ask(*arguments)
    assert code == 0 and "2 rows = recorded 1 + already known 0 + blank 0 + refused 1" in err
    assert "row 6" in err and "[E-HAND-008]" in err and "blotted out" in err
    (sheet,) = answer(*arguments)["sheets"]
    assert sheet["account"] == {"rows": 2, "recorded": 0, "known": 1, "blank": 0, "refused": 1}
    assert sheet["rows"][1]["code"] == "E-HAND-008"
    assert events_of(place, FIRST) == ["issued", "assigned", "handled"]


def test_every_unit_gets_its_own_sheet(answer, ask, tmp_path):
    for own, unit in ((FIRST, "区局/一科"), (SECOND, "区局:一科"), (THIRD, "区局/一科")):
        answer("assign", own, "--to", unit, *AT)
    written = answer("export", "--out", tmp_path / "out", "--each-unit")["sheets"]
    assert [(sheet["unit"], sheet["rows"]) for sheet in written] == [("区局/一科", 2), ("区局:一科", 1)]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(names) == 2 and "交办表-区局_一科.xlsx" in names
    (tmp_path / "out" / names[0]).unlink()
    assert "E-OUT-008" in ask("export", "--out", tmp_path / "out", "--each-unit")[2]
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_one_strange_sheet_among_several_records_nothing(ask, answer, place, tmp_path):
    answer("assign", FIRST, *AT)
    answer("export", "--out", tmp_path / "own.xlsx")
    issue_three(tmp_path / "other.sqlite")
    answer("assign", SECOND, *AT, of=tmp_path / "other.sqlite")
    answer("export", "--out", tmp_path / "other.xlsx", of=tmp_path / "other.sqlite")
    own = fill(tmp_path / "own.xlsx", tmp_path / "filled.xlsx", {"I5": "收到"})
    code, _, err = ask("import", own, tmp_path / "other.xlsx", *AT)
    assert code == 2 and "E-HAND-003" in err and events_of(place, FIRST) == ["issued", "assigned"]


def test_on_every_kind_of_ledger_the_same(answer, ledger_place, tmp_path):
    issue_three(ledger_place)
    for command in ("judge", "assign"):
        answer(command, FIRST, *(["--verdict", "true"] if command == "judge" else []), *AT, of=ledger_place)
    out = tmp_path / "交办表.xlsx"
    assert answer("export", "--out", out, of=ledger_place)["rows"] == 1
    back = fill(out, tmp_path / "back.xlsx", {"I5": "已报备"})
    for recorded in (1, 0):
        taken = answer("import", back, "--actor", "x", "--time", "2026-01-01T12:00", of=ledger_place)
        assert taken["sheets"][0]["account"]["recorded"] == recorded
    answer("close", FIRST, *AT, of=ledger_place)
    assert answer("summary", of=ledger_place)["routes"]["reported"]["closed"] == 1
    assert [row["step"] for row in answer("list", of=ledger_place)] == ["issued", "issued", "closed"]
    assert answer("verify", of=ledger_place)["events"] == 8


# --- the sums beneath


def test_routes_are_those_since_the_warning_was_last_opened():
    events = [
        ("a", "issued"),
        ("a", "reported"),
        ("b", "issued"),
        ("a", "reopened"),
        ("b", "handled"),
        ("", "run_issued"),
    ]
    told = [{"warning_id": own, "event": event, "step": event} for own, event in events]
    assert routes(told) == {"a": "", "b": "handled"}
    rows = [{"warning_id": own, "state": "已交办", "level": "red", "assigned_to": "x"} for own in "ab"]
    counts = summarise(rows, told, [])
    assert counts["unanswered"] == 1 and counts["routes"]["reported"] == {
        "answered": 0,
        "false_alarms": 0,
        "closed": 0,
        "rate": None,
    }


@pytest.mark.parametrize("arguments", [["ledger", "--help"], ["ledger", "import", "--help"], ["ledger", "list", "-h"]])
def test_help_is_light(arguments):
    heavy = ["numpy", "pandas", "pyarrow", "rich", "xlsxwriter", "sqlite3"]
    code = (
        f"import sys; from gridbeacon.cli.entry import execute; code = execute({arguments!r});"
        f" print(code, [name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
