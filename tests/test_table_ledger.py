"""Judging, assigning and closing in the table, against a real ledger; and what is told when that cannot be."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("PyQt5") if sys.modules.get("PyQt5", 0) is not None else pytest.importorskip("PyQt6")

from desk import Desk  # noqa: E402
from gridbeacon.layers.ledger import open_ledger  # noqa: E402
from gridbeacon.layers.ledger.states import TRANSITIONS  # noqa: E402
from gridbeacon.plugin.qt import QtCore, QtWidgets  # noqa: E402
from gridbeacon.plugin.table import bars, clock, moves, record  # noqa: E402
from made_run import events_of, make_ledger, make_run, warning  # noqa: E402
from open_table import QtTest, click, column, opened, the_app, the_table, wait  # noqa: E402, F401 - fixtures among them

LEFT = QtCore.Qt.MouseButton.LeftButton
SIGN = "hidden"
SHIFT = QtCore.Qt.KeyboardModifier.ShiftModifier


def press(table, event, **answers):
    """Press a button or choose from the menu, fill in the dialog, record."""
    if event in table.bar.buttons:
        QtTest.QTest.mouseClick(table.bar.buttons[event], LEFT)
    else:
        table.bar.actions_of[event].trigger()
    dialog = table.findChildren(QtWidgets.QDialog, f"move_{event}")[-1]
    for name, answer in answers.items():
        if name == "verdict":
            dialog.verdicts[answer].click()
        elif name == "note":
            dialog.note.setPlainText(answer)
        else:
            getattr(dialog, name).setText(answer)
    QtTest.QTest.mouseClick(dialog.record, LEFT)
    wait(lambda: not table.busy and not table.judging.writing)
    return dialog


def of(table, number):
    """The events of a warning, as the table's own ledger holds them."""
    return events_of(Path(table.ledger), number)


def test_a_warning_goes_through_its_whole_life(table):
    """Judged, assigned, received, handled, verified, signed off; each step shown, and in the record."""
    click(table, 0)
    assert table.bar.buttons["judged"].isEnabled() and not table.bar.buttons["closed"].isEnabled()
    press(table, "judged", actor="duty desk", verdict="true", note="seen on the spot")
    assert column(table, "state")[0] == "to be judged: true" and "Recorded: Judge (1)." in table.message.text()
    press(table, "assigned")
    assert column(table, "state")[0] == "assigned" and column(table, "responsible")[0] == "听潮街道专班0"
    assert not column(table, "due")[0].startswith("overdue"), "a new step has its own deadline"
    for event in ("received", "handled", "verified", "closed"):
        assert table.bar.actions_of[event].isEnabled()
        press(table, event)
    assert column(table, "state")[0] == "signed off" and column(table, "due")[0] == ""
    told = of(table, 0)
    assert [event["event"] for event in told] == [
        *("issued", "judged", "assigned", "received", "handled", "verified", "closed")
    ]
    assert {event["actor"] for event in told[1:]} == {"duty desk"}, "asked once, kept"
    assert (told[1]["note"], told[1]["payload"]["verdict"]) == ("seen on the spot", "true")
    assert told[2]["payload"]["to"] == "听潮街道专班0"
    now = clock.now_in("Asia/Shanghai").text
    assert told[1]["time"] <= now and now[:10] == told[-1]["time"][:10], "the city's own clock, without an offset"
    assert "closed" in table.panel.life.text().splitlines()[-1] and "duty desk" in table.bar.actor.text()
    table.filters.only_open.setChecked(True)
    assert "1" not in column(table, "rank") and len(column(table, "rank")) == 11


def test_only_legal_moves_are_offered(table):
    """For every step there is, what the buttons allow is what the ledger's own table of moves allows."""
    click(table, 0)
    walk = ("judged", "assigned", "received", "supervised", "handled", "verified", "closed", "reopened", "dismissed")
    for event in walk:
        step = table.view.current().step
        enabled = {name for name, action in table.bar.actions_of.items() if action.isEnabled()}
        assert enabled == {name for name, steps in TRANSITIONS.items() if step in steps} - {"corrected"}
        answers = {"verdict": "true"} if event == "judged" else {}
        press(table, event, actor="desk", note="why", **answers)
        assert of(table, 0)[-1]["event"] == event
    assert "Possible now" in table.bar.buttons["closed"].toolTip()
    assert table.judging.begin("closed") is None and table.message.text().startswith("⚠")


def test_several_at_once(table):
    """One dialog for four warnings; each goes to its own unit; the one that names none is asked for."""
    click(table, 0)
    click(table, 3, modifier=SHIFT)
    QtTest.QTest.mouseClick(table.bar.buttons["assigned"], LEFT)
    dialog = table.findChildren(QtWidgets.QDialog, "move_assigned")[-1]
    dialog.actor.setText("desk")
    assert not dialog.record.isEnabled() and "1 warnings name none" in dialog.missing.text()
    dialog.reject()
    table.filters.words.setText("专班")
    click(table, 0)
    click(table, 2, modifier=SHIFT)
    press(table, "assigned", actor="desk")
    assert [of(table, n)[-1]["payload"].get("to") for n in (0, 1, 2, 3)] == [
        *("听潮街道专班0", "听潮街道专班1", None, "听潮街道专班3")
    ]
    assert "Recorded: Assign (3)." in table.message.text()
    press(table, "supervised", note="late")
    press(table, "assigned", unit="应急局")
    assert [of(table, n)[-1]["payload"]["to"] for n in (0, 1, 3)] == ["应急局"] * 3
    click(table, 0)
    table.filters.words.clear()
    click(table, 2, modifier=SHIFT)
    enabled = {name for name, action in table.bar.actions_of.items() if action.isEnabled()}
    assert enabled == {"judged", "assigned", "supervised", "noted", "cancelled"}, "what all of them allow"


def test_a_day_of_ones_own_and_the_days_of_the_rules(table):
    click(table, 0)
    QtTest.QTest.mouseClick(table.bar.buttons["assigned"], LEFT)
    dialog = table.findChildren(QtWidgets.QDialog, "move_assigned")[-1]
    usual = moves.usual_due(table.record.deadlines, table.view.current(), clock.now_in("Asia/Shanghai").text)
    assert dialog.due.dateTime().toString("yyyy-MM-ddTHH:mm") == usual[:16] and not dialog.due.isEnabled()
    dialog.with_due.setChecked(True)
    dialog.due.setDateTime(QtCore.QDateTime.fromString("2030-05-06T07:08:00", "yyyy-MM-ddTHH:mm:ss"))
    dialog.actor.setText("desk")
    QtTest.QTest.mouseClick(dialog.record, LEFT)
    wait(lambda: not table.busy and not table.judging.writing)
    assert of(table, 0)[-1]["payload"]["due"] == "2030-05-06T07:08:00" and column(table, "due")[0] == "05-06 07:08"


def test_what_is_needed_is_asked_for(table):
    click(table, 0)
    for event, needed in (("judged", "what it was found to be"), ("dismissed", "a note that says why")):
        table.bar.actions_of[event].trigger()
        dialog = table.findChildren(QtWidgets.QDialog, f"move_{event}")[-1]
        assert (
            not dialog.record.isEnabled() and needed in dialog.missing.text() and "who records" in dialog.missing.text()
        )
        dialog.reject()
    assert [event["event"] for event in of(table, 0)] == ["issued"]


def test_personal_data_do_not_reach_the_record(table):
    click(table, 0)
    press(table, "noted", actor="desk", note="致电13812345678,联系人张三")
    assert of(table, 0)[-1]["note"] == "致电[电话],联系人[姓名]" and "blotted out" in table.message.text()


def test_what_another_has_done_meanwhile_is_seen_before_anything_is_written(table):
    """The dialog is open while another program judges the same warning: nothing is written over, both are told."""
    click(table, 0)
    QtTest.QTest.mouseClick(table.bar.buttons["assigned"], LEFT)
    dialog = table.findChildren(QtWidgets.QDialog, "move_assigned")[-1]
    with open_ledger(table.ledger) as book:
        book.record(f"{0:016x}", "dismissed", actor="night shift", time="2026-01-02T03:00:00", note="nobody there")
    dialog.actor.setText("desk")
    QtTest.QTest.mouseClick(dialog.record, LEFT)
    wait(lambda: not table.busy and not table.judging.writing)
    assert "changed by night shift: dismissed, 2026-01-02 03:00" in table.message.text()
    assert [event["event"] for event in of(table, 0)] == ["issued", "dismissed"]
    assert column(table, "state")[0] == "signed off: dismissed" and not table.bar.buttons["assigned"].isEnabled()


def test_what_another_program_writes_is_shown_without_asking(table):
    with open_ledger(table.ledger) as book:
        book.record(f"{4:016x}", "noted", actor="other", time="2026-01-02T03:00:00", note="called the unit")
    click(table, 4)
    assert "called the unit" not in table.panel.life.text()
    table.look_again()
    wait(lambda: not table.busy)
    assert "called the unit" in table.panel.life.text()
    assert [row.warning["rank"] for row in table.view.selected()] == ["5"]
    before = table.record
    table.look_again()
    wait(lambda: not table.busy)
    assert table.record is before, "an untouched file is not read again"


def test_a_ledger_that_another_program_holds(table, monkeypatch):
    """The window lives while the write waits; then it is told that nothing was recorded, and it can be tried again."""
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout=0, **more: real(path, timeout=0.4, **more))
    monkeypatch.setattr("gridbeacon.plugin.table.judging.PATIENCE_MS", 50)
    click(table, 0)
    holder = real(table.ledger, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    QtTest.QTest.mouseClick(table.bar.buttons["judged"], LEFT)
    dialog = table.findChildren(QtWidgets.QDialog, "move_judged")[-1]
    dialog.actor.setText("desk")
    dialog.verdicts["false"].click()
    start = time.thread_time()
    QtTest.QTest.mouseClick(dialog.record, LEFT)
    assert time.thread_time() - start < 0.1, "the window does not wait"
    wait(lambda: "Another program holds the ledger" in table.message.text())
    assert not table.bar.buttons["judged"].isEnabled()
    wait(lambda: not table.busy and not table.judging.writing)
    text = table.message.text()
    assert "still selected: 1." in text and "another program holds it" in text and "Nothing was recorded" in text
    holder.execute("ROLLBACK")
    holder.close()
    monkeypatch.undo()
    assert [event["event"] for event in of(table, 0)] == ["issued"] and table.view.selected()
    press(table, "judged", verdict="false", actor="desk")
    assert of(table, 0)[-1]["payload"]["verdict"] == "false"


def test_what_was_recorded_before_it_stopped_stays(table):
    """Of three warnings the second was changed meanwhile: the first is recorded, the others stay selected."""
    click(table, 0)
    click(table, 2, modifier=SHIFT)
    table.bar.actions_of["noted"].trigger()
    dialog = table.findChildren(QtWidgets.QDialog, "move_noted")[-1]
    with open_ledger(table.ledger) as book:
        book.record(f"{1:016x}", "noted", actor="other", time="2026-01-02T03:00:00", note="x")
    dialog.actor.setText("desk")
    dialog.note.setPlainText("y")
    QtTest.QTest.mouseClick(dialog.record, LEFT)
    wait(lambda: not table.busy and not table.judging.writing)
    assert [len(of(table, n)) for n in range(3)] == [2, 2, 1]
    assert "Recorded: Add a note (1)." in table.message.text() and "still selected: 2." in table.message.text()
    assert [row.warning["rank"] for row in table.view.selected()] == ["2", "3"]


@pytest.mark.parametrize("kind", ["none", "other", "gone", "no ledger", "postgres"])
def test_a_run_that_cannot_be_judged_says_why(app, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    QtCore.QSettings("GridBeacon", "GridBeacon").clear()
    (tmp_path / "text.sqlite").write_text("no database")
    place, words = {
        "none": ("", "No ledger: warnings can be looked at, not judged."),
        "other": (str(make_ledger(tmp_path / "other.sqlite", [warning(99)])), "no record of this run"),
        "gone": (str(tmp_path / "gone.sqlite"), "there is no ledger"),
        "no ledger": (str(tmp_path / "text.sqlite"), "damaged"),
        "postgres": (f"postgresql://duty:{SIGN}@host/db", "psycopg"),
    }[kind]
    with opened(make_run(tmp_path / "runs" / "a", [warning(0)]), place) as table:
        click(table, 0)
        assert words in table.message.text(), table.message.text()
        assert not any(action.isEnabled() for action in table.bar.actions_of.values())
        assert column(table, "state") == ["not in the ledger"]
        assert SIGN not in table.runs.ledger.text() + table.runs.ledger.toolTip() + table.message.text()
    assert not (tmp_path / "gone.sqlite").exists(), "nothing is made by looking"


def test_the_ledger_beside_a_run_is_found(app, tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    QtCore.QSettings("GridBeacon", "GridBeacon").clear()
    make_ledger(tmp_path / "ledger.sqlite", [warning(0)])
    with opened(make_run(tmp_path / "a", [warning(0)])) as table:
        assert Path(table.ledger).name == "ledger.sqlite" and column(table, "state") == ["to be judged"]
    assert bars.ledger_name(f"postgresql://duty:{SIGN}@host/db?schema=s") == "host/db"
    assert bars.ledger_name(f"postgresql://duty:{SIGN}@[host/db") == "postgresql"


def test_every_kind_of_ledger_is_judged_in(app, tmp_path, monkeypatch, ledger_place):
    """A file, a layer of a GeoPackage, a database."""
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    rows = [warning(0)]
    with opened(make_run(tmp_path / "a", rows), make_ledger(ledger_place, rows)) as table:
        click(table, 0)
        press(table, "judged", actor="desk", verdict="unclear")
        assert events_of(ledger_place, 0)[-1]["payload"]["verdict"] == "unclear"
        with open_ledger(ledger_place) as book:
            book.record(f"{0:016x}", "noted", actor="other", time="2026-01-02T03:00:00", note="from elsewhere")
        table.look_again()
        wait(lambda: not table.busy)
        assert "from elsewhere" in table.panel.life.text()


def test_the_window_can_go_while_something_is_written(app, tmp_path, monkeypatch):
    """Closed and deleted in the middle of a write: the write is whole, nothing crashes, the thread ends."""
    rows = [warning(number) for number in range(40)]
    run, ledger = make_run(tmp_path / "a", rows), make_ledger(tmp_path / "l.sqlite", rows)
    before = threading.active_count()
    with opened(run, ledger) as table:
        move = record.Move("noted", "desk", "2026-01-02T00:00:00", "x")
        seen = {row.warning_id: table.record.last(row.warning_id) for row in table.model.rows}
        table.ask(lambda: record.write(str(ledger), move, seen, {}, table.ids()), lambda answer: None)
        table.worker.stop()
        table._asked = 0
    wait(lambda: threading.active_count() <= before)
    assert [len(events_of(ledger, number)) for number in range(40)] == [2] * 40


def test_what_was_just_recorded_is_written_before_the_program_ends(table, monkeypatch):
    real = record.write
    monkeypatch.setattr("gridbeacon.plugin.table.judging.write", lambda *facts: (time.sleep(0.3), real(*facts))[1])
    click(table, 0)
    QtTest.QTest.mouseClick(table.bar.buttons["judged"], LEFT)
    dialog = table.findChildren(QtWidgets.QDialog, "move_judged")[-1]
    dialog.actor.setText("desk")
    dialog.verdicts["true"].click()
    QtTest.QTest.mouseClick(dialog.record, LEFT)
    table.stop()
    assert of(table, 0)[-1]["event"] == "judged"
    table._asked = 0


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "", "no zone"])
def test_the_clock_names_its_zone(app, zone):
    now = clock.now_in(zone)
    assert len(now.text) == 19 and now.zone and (zone != "Asia/Shanghai" or now.zone == zone)


@pytest.mark.slow
def test_a_run_of_the_engine_is_judged(app, tmp_path, monkeypatch, city_run):
    """The sample city, run with a ledger; then judged here without any engine."""
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    ledger = Path(shutil.copy(city_run / "ledger.sqlite", tmp_path))
    with opened(city_run / "run", ledger) as table:
        assert column(table, "state") == ["to be judged"] * len(table.run.warnings) != []
        click(table, 0)
        assert table.panel.series.shown is not None and len(table.panel.series.shown.observed) == 60
        assert table.panel.hours.shown is not None and table.run.tickets
        assert table.run.checked["tests"] > 0 and "about" in table.run.checked["smallest_rise_en"]
        press(table, "judged", actor="desk", verdict="true")
        assert column(table, "state")[0] == "to be judged: true"
        table.filters.words.setText("nothing has these words")
        assert "0 shown" in table.counts.text()
    with open_ledger(ledger) as book:
        assert [event["event"] for event in book.events()][-1] == "judged"


@pytest.mark.qgis
@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_a_warning_is_judged_in_qgis_without_an_engine(tmp_path, require, root, locale):
    """None stands in sys.modules for every package of the engine; 300 warnings, and no stretch of work of 100 ms."""
    rows = [warning(number) for number in range(300)]
    run, ledger = make_run(tmp_path / "张三 文档" / "run", rows), make_ledger(tmp_path / "台账.sqlite", rows)
    desk = Desk(tmp_path, require("qgis")).put_stand_in(root)
    told = desk.ask("judge_warning.py", locale=locale, run=str(run), ledger=str(ledger))
    chinese = locale != "en"
    assert set(told["first"]) == {"待研判" if chinese else "to be judged"} and told["rows"] == 300
    assert told["after"][0] == ("已交办" if chinese else "assigned")
    assert [event["event"] for event in events_of(ledger, 0)] == ["issued", "judged", "assigned"]
    assert {event["actor"] for event in events_of(ledger, 0)[1:]} == {told["actor"]} == {"值班台"}
    assert told["places"] == ["霁南区·听潮街道·00社区"] and len(told["life"]) == 3
    assert told["loaded"] == [] and told["longest_ms"] < 100, told["longest_ms"]
