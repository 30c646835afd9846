"""The form runs, stops and remembers, over a stand-in host; with PyQt5, and by test_dock.py with PyQt6 alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("PyQt5") if sys.modules.get("PyQt5", 0) is not None else pytest.importorskip("PyQt6")

from gridbeacon.errors import EngineError  # noqa: E402
from gridbeacon.plugin import keeping  # noqa: E402
from gridbeacon.plugin.dock.form import RunForm  # noqa: E402
from gridbeacon.plugin.host import POINTS, Source  # noqa: E402
from gridbeacon.plugin.qt import QtCore, QtGui, QtWidgets  # noqa: E402
from stand_in_host import CALLS, FOUND, StandInHost, asked, pick, rest, the_app, the_kept, the_made, unfold_settings  # noqa: E402, F401 - fixtures among them

KEY, NONE = QtCore.Qt.Key, QtCore.Qt.KeyboardModifier.NoModifier
CONTROL = QtCore.Qt.KeyboardModifier.ControlModifier


def press(widget, key, modifiers=NONE):
    """A key, given to a widget as Qt gives it."""
    QtWidgets.QApplication.sendEvent(widget, QtGui.QKeyEvent(QtCore.QEvent.Type.KeyPress, key, modifiers))


def test_a_run_from_press_to_result(made, tmp_path):
    form, told = made(), []
    form.run_finished.connect(told.append)
    rest(form)
    form.foot.run.click()
    check, run = form.host.jobs
    assert check.state == "asked to stop" and not form.checking.summary.state.isVisibleTo(form)
    assert (run.command, run.state) == ("run", "started")
    assert Path(run.request.out).parent == tmp_path / "runs" and not Path(run.request.out).exists()
    assert run.request.files == {"ledger": str(tmp_path / "runs" / "ledger.sqlite")}
    assert form.foot.cancel.isVisibleTo(form) and not form.foot.run.isVisibleTo(form)
    run.progressed.emit(0.5, "Counting")
    run.said.emit("2 person columns dropped")
    assert (form.foot.bar.value(), form.foot.doing.text()) == (500, "Counting")
    assert form.foot.log.toPlainText() == "2 person columns dropped"
    form.run()
    assert len(form.host.jobs) == 2, "one run at a time"
    run.finished.emit({"out": str(tmp_path / "runs" / "1"), "warnings": 3})
    assert told == [str(tmp_path / "runs" / "1")]
    assert form.host.wishes == [("show_run", tmp_path / "runs" / "1")]
    assert form.foot.told.text() == "3 early warnings." and form.foot.run.isVisibleTo(form)
    form.foot.briefing.click()
    form.foot.print.click()
    assert form.host.wishes[1:] == [
        ("open_file", tmp_path / "runs" / "1" / "briefing.html"),
        ("print_warnings", tmp_path / "runs" / "1"),
    ]


def test_keys_run_and_stop(made):
    """Ctrl+Return and Escape, from any field of the form; nothing is shown of a run that was stopped."""
    form, told = made(), []
    form.run_finished.connect(told.append)
    press(form.choices.incidents.combo, KEY.Key_Escape)
    assert form.host.jobs == []
    press(form.choices.incidents.combo, KEY.Key_Return, CONTROL)
    (run,) = form.host.jobs
    press(form.foot.cancel, KEY.Key_Escape)
    assert run.state == "asked to stop" and form.foot.doing.text() == "Stopping"
    assert form.job is run, "until the engine is gone, it is not over"
    run.cancelled.emit()
    assert form.job is None and form.host.wishes == [] and told == []
    assert form.foot.told.text() == "Stopped. Nothing of this run was kept."
    assert form.checking.timer.isActive(), "and what would be used is looked at again"


def test_a_run_that_fails_says_what_to_do(made):
    form = made()
    form.run()
    form.host.jobs[0].failed.emit(EngineError("memory ran out", where="python", fix="Choose a shorter period."))
    problem = form.foot.problem
    assert problem.isVisibleTo(form) and problem.what.text() == "memory ran out"
    assert problem.fix.text() == "Choose a shorter period." and form.host.wishes == []
    form.run()
    assert not problem.isVisibleTo(form), "a new run begins with a clean slate"


def test_without_incidents_nothing_runs(made):
    form = made()
    form.host.points = []
    form.host.sources_changed.emit()
    form.run()
    assert form.host.jobs == [] and form.host.wishes == [] and form.foot.asked.isVisibleTo(form)
    assert form.checking.summary.state.text() == "Choose the incidents."


def test_layers_come_and_go_and_the_choice_stays(made):
    form = made()
    pick(form.choices.incidents.combo, "巡查")
    form.host.points = [Source("new", POINTS, layer="new"), *form.host.points]
    form.host.sources_changed.emit()
    assert form.choices.incidents.combo.currentText() == "巡查"
    form.host.points = [CALLS]
    form.host.sources_changed.emit()
    assert form.choices.incidents.chosen() == (CALLS,)
    form.host.watched = ()
    form.host.sources_changed.emit()
    assert form.host.watched == ("calls", "grid"), "the same ids may be other layers"


def test_the_form_is_remembered(made, tmp_path, kept):
    """Sources, fields, preset, moment, settings, classes, files: all as left, where they still are there."""
    files = {name: tmp_path / name for name in ("calls.csv", "responsible.csv", "gone.csv")}
    for path in files.values():
        path.write_text("x", encoding="utf-8")
    form = made()
    form.choices.incidents.add_files([str(files["calls.csv"])])
    form.choices.columns.boxes["time"].lineEdit().setText("案发")
    pick(form.choices.cells.combo, "none: make a regular grid")
    pick(form.choices.period.preset_box, "Weekly")
    form.choices.period.latest.setChecked(False)
    form.choices.period.moment.setDateTime(QtCore.QDateTime(QtCore.QDate(2026, 1, 5), QtCore.QTime(8, 30)))
    unfold_settings(form)
    form.choices.settings.settings["random_state"].field.setValue(7)
    form.choices.classes.offer(FOUND["class_tree"])
    form.choices.classes.choose(["噪声"])
    form.choices.files.fields["responsible"].set_path(str(files["responsible.csv"]))
    form.choices.files.fields["events"].set_path(str(files["gone.csv"]))
    before = asked(form)
    assert before[2:] == [
        *("--time=案发", "--preset=weekly", "--as-of=2026-01-05T08:30", "--random-state=7", "--classes=噪声"),
        *(f"--responsible={files['responsible.csv']}", f"--events={files['gone.csv']}"),
    ]
    form.remember()
    files["gone.csv"].unlink()
    again = made()
    assert asked(again) == before[:-1]
    unfold_settings(again)
    assert asked(again) == before[:-1], "unfolding the settings changes nothing"


@pytest.mark.parametrize(
    "text",
    [
        *("", "{not json", "[1]", '{"incidents": [{"path": "/gone.csv", "kind": "file"}]}', '{"incidents": ["x"]}'),
        *('{"period": {"window": "x"}}', '{"settings": [1]}', '{"settings": {"random_state": "x", "bin": "moon"}}'),
    ],
)
def test_a_form_that_cannot_be_read_is_passed_over(made, kept, text):
    keeping.keep("form", text)
    form = made()
    unfold_settings(form)
    assert asked(form) == ["--incidents", "calls", "--cells", "grid"]


def test_what_is_kept_is_plain_json(made, kept):
    form = made()
    form.remember()
    assert json.loads(keeping.recall("form"))["incidents"] is None, "what nobody chose is looked for anew"
    pick(form.choices.incidents.combo, "巡查")
    form.remember()
    assert json.loads(keeping.recall("form"))["incidents"][0]["layer"] == "list"
    assert made().choices.incidents.combo.currentText() == "巡查"


def test_a_change_just_before_the_end_is_remembered(made, kept):
    form = made()
    form.choices.period.window_box.setValue(11)
    form.stop()
    assert made().choices.period.window_box.value() == 11


def test_the_last_briefing_is_one_click_away(made, tmp_path, kept):
    (tmp_path / "briefing.html").write_text("x", encoding="utf-8")
    keeping.keep("last_run", str(tmp_path))
    form = made()
    form.foot.briefing.click()
    assert form.host.wishes == [("open_file", tmp_path / "briefing.html")]


def test_nothing_is_checked_for_a_form_that_is_gone(app, kept):
    """The timer goes with the form, though Python may collect its objects later."""
    form = RunForm(StandInHost())
    form.show()
    checking, host = form.checking, form.host
    assert checking.timer.isActive()
    form.deleteLater()
    QtWidgets.QApplication.sendPostedEvents(form, QtCore.QEvent.Type.DeferredDelete)
    with pytest.raises(RuntimeError):
        checking.timer.isActive()
    assert host.jobs == []


def test_the_form_ends_what_goes_on(made):
    form = made()
    rest(form)
    form.run()
    form.stop()
    assert [job.state for job in form.host.jobs] == ["asked to stop", "asked to stop"]
