"""The form of the dock over a stand-in host: what it shows, what it asks for, what it says of the answers.

Everything here runs with PyQt5, and once more in a process that has only PyQt6.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PyQt5") if sys.modules.get("PyQt5", 0) is not None else pytest.importorskip("PyQt6")

from gridbeacon.errors import EngineError, InputError  # noqa: E402
from gridbeacon.plugin.qt import QtCore, QtGui, QtWidgets  # noqa: E402
from stand_in_host import CALLS, FOUND, asked, pick, rest, the_app, the_kept, the_made, unfold_settings  # noqa: E402, F401 - fixtures among them


def test_two_layers_are_enough(made):
    """The likeliest sources are chosen, the fields found by name are shown, and nothing is said that is usual."""
    form = made()
    assert asked(form) == ["--incidents", "calls", "--cells", "grid"]
    shown = {role: box.itemText(0) for role, box in form.choices.columns.boxes.items()}
    assert shown == {"time": "发生时间", "category": "诉求大类 › 诉求小类", "id": "工单编号"}
    assert form.choices.more.boxes["reported_time"].itemText(0) == "受理时间"
    assert form.choices.more.boxes["severity"].itemText(0) == "none found"
    assert form.choices.cell_columns.boxes["cell_id"].itemText(0) == "网格编码"
    assert form.choices.columns.boxes["time"].findText("联系电话") < 0, "personal fields are not offered"
    assert form.request().files["ledger"].endswith("ledger.sqlite")


def test_a_field_chosen_by_hand_is_an_option(made):
    form = made()
    pick(form.choices.columns.boxes["time"], "受理时间")
    several = form.choices.columns.boxes["category"]
    several._turn("自定类别")
    several._turn("诉求小类")
    assert asked(form)[4:] == ["--time=受理时间", "--category=自定类别,诉求小类"]
    several._turn("自定类别")
    pick(form.choices.columns.boxes["time"], "发生时间")  # the entry found by name stands first
    assert asked(form)[4:] == ["--category=诉求小类"]


def test_coordinates_are_asked_for_in_a_table_only(made):
    form = made()
    assert not form.choices.more.boxes["lon"].isVisibleTo(form.choices.more)
    pick(form.choices.incidents.combo, "巡查")
    assert form.choices.more.boxes["lon"].isVisibleTo(form.choices.more)
    assert form.choices.more.boxes["lon"].itemText(0) == "经度"
    pick(form.choices.cells.combo, "none: make a regular grid")
    assert asked(form) == ["--incidents", "list"]


def test_files_are_read_together_and_their_fields_can_be_typed(made, tmp_path):
    form = made()
    paths = [str(tmp_path / name) for name in ("一月.csv", "二月.csv")]
    form.choices.incidents.add_files(paths)
    assert form.choices.incidents.combo.currentText() == "一月.csv and 1 more"
    time = form.choices.columns.boxes["time"]
    assert time.isEditable()
    time.lineEdit().setText("案发")
    assert asked(form)[:4] + asked(form)[6:] == ["--incidents", paths[0], "--incidents", paths[1], "--time=案发"]
    form._take_findings({"files": [{"columns": ["案发", "甲", "来电人"]}], "mapping": {"time": "案发"}})
    assert not time.isEditable() and time.chosen() == "案发" and time.findText("来电人") < 0


def test_the_check_follows_the_form(made):
    """It waits for rest, is stopped by a change, and what a stopped one says is not heard."""
    form = made()
    assert form.host.jobs == [] and form.checking.timer.isActive()
    rest(form)
    first = form.host.jobs[0]
    assert (first.command, first.state) == ("check", "started")
    assert Path(first.request.out).parent.is_dir() and not Path(first.request.out).exists()
    form.choices.record.ledger.set_path("/elsewhere.sqlite")
    form.choices.settings.choose({})
    form._changed()
    assert form.host.jobs == [first] and first.state == "started", "what changes nothing of the data asks for nothing"
    form.choices.period.window_box.setValue(14)
    assert first.state == "asked to stop"
    first.finished.emit({"json": FOUND})
    assert not form.checking.summary.facts.isVisibleTo(form)
    rest(form)
    second = form.host.jobs[1]
    assert second.request.settings == {"window": 14} and second.request.out != first.request.out
    second.finished.emit({"json": FOUND})
    assert form.checking.summary.facts.isVisibleTo(form)
    form._changed()
    assert len(form.host.jobs) == 2 and not form.checking.timer.isActive()


def test_large_inputs_are_checked_on_demand_and_hidden_forms_not_at_all(made):
    form = made()
    form.host.row_count = 1_000_000
    form.choices.period.window_box.setValue(7)
    assert not form.checking.timer.isActive() and form.checking.summary.check_button.isVisibleTo(form)
    form.host.row_count = -1  # a database, which would have to count
    form.choices.period.window_box.setValue(6)
    assert not form.checking.timer.isActive() and form.checking.summary.check_button.isVisibleTo(form)
    form.checking.summary.check_button.click()
    assert [job.command for job in form.host.jobs] == ["check"]
    form.hide()
    form.host.row_count = 10
    form.choices.period.window_box.setValue(9)
    assert form.host.jobs[0].state == "asked to stop" and not form.checking.timer.isActive()
    form.show()
    assert form.checking.timer.isActive()


def test_rows_that_change_are_checked_again(made):
    """A layer that is used was filtered or edited: the form is the same, what would be used is not."""
    form = made()
    assert form.host.watched == ("calls", "grid")
    rest(form)
    form.host.jobs[0].finished.emit({"json": FOUND})
    form.host.rows_changed.emit()
    assert form.checking.timer.isActive()
    form.host.rows_changed.emit()
    rest(form)
    assert len(form.host.jobs) == 2
    form.run()
    form.host.rows_changed.emit()
    assert [job.command for job in form.host.jobs] == ["check", "check", "run"] and not form.checking.timer.isActive()
    form.host.jobs[2].cancelled.emit()
    assert form.checking.timer.isActive(), "looked at when the run is over"
    pick(form.choices.incidents.combo, "巡查")
    assert form.host.watched == ("list", "grid")


def test_selected_features_only(made):
    """As in QGIS's own dialogs: offered where something is selected, gone with the selection, asked of the engine."""
    form = made()
    box = form.choices.selected
    assert box.isVisibleTo(form) and not box.isEnabled() and not form.request().incidents[0].selected
    rest(form)
    form.host.jobs[0].finished.emit({"json": FOUND})
    form.host.selection = {"calls": 1204}
    form.host.selection_changed.emit()
    assert box.isEnabled() and box.text() == "Selected features only (1,204)"
    assert not form.checking.timer.isActive(), "a selection nobody uses changes nothing"
    box.click()
    assert form.request().incidents[0].selected and form.request().incidents[0].key == "calls"
    rest(form)
    form.host.jobs[1].finished.emit({"json": FOUND})
    form.host.selection = {"calls": 3}
    form.host.selection_changed.emit()
    assert form.checking.timer.isActive() and box.text().endswith("(3)")
    pick(form.choices.incidents.combo, "巡查")
    assert not box.isChecked(), "another layer has another selection"
    pick(form.choices.incidents.combo, CALLS.name)
    box.click()
    form.host.selection = {}
    form.host.selection_changed.emit()
    assert not box.isEnabled() and not form.request().incidents[0].selected
    form.choices.incidents.add_files(["/data/a.csv"])
    assert not box.isVisibleTo(form)


def test_the_wheel_scrolls_and_changes_nothing(made):
    """A value is turned only where the focus is: nobody changes a purpose by scrolling past it."""
    form = made()
    unfold_settings(form)
    kinds = (QtWidgets.QComboBox, QtWidgets.QAbstractSpinBox)
    fields = [field for kind in kinds for field in form.choices.findChildren(kind)]
    before = asked(form)
    for field in fields:
        assert field.focusPolicy() == QtCore.Qt.FocusPolicy.StrongFocus
        assert not turn(field).isAccepted(), field.objectName()
    assert len(fields) > 50 and asked(form) == before
    form.activateWindow()
    form.choices.period.window_box.setFocus()
    QtWidgets.QApplication.processEvents()
    turn(form.choices.period.window_box)
    assert form.choices.period.window_box.value() == 29


def turn(field):
    """The wheel over a field, one step up."""
    places, flags = (QtCore.QPointF(5, 5), QtCore.QPointF(5, 5), QtCore.QPoint(), QtCore.QPoint(0, 120)), QtCore.Qt
    still, plain = flags.ScrollPhase.NoScrollPhase, flags.KeyboardModifier.NoModifier
    event = QtGui.QWheelEvent(*places, flags.MouseButton.NoButton, plain, still, False)
    field.wheelEvent(event)
    return event


def test_what_cannot_be_looked_for_is_left_out(made):
    """Remembered files in a folder that is closed to us: the system refuses to say whether they are there."""
    form, gone = made(), "/" + 300 * "a"
    kept = {"files": {"events": gone}, "incidents": [{"name": "a", "kind": "file", "path": gone}]}
    form.choices.restore(kept)
    assert "events" not in form.choices.files.chosen()
    assert all(source.path != gone for source in form.choices.incidents.chosen())


def test_names_from_data_are_shown_as_they_are(made):
    """A tooltip is no page, a title no mnemonic, and long names of classes do not push the form out of the dock."""
    form = made()
    assert "工单 &lt;b&gt;" in form.choices.incidents.combo.toolTip()
    form.choices.classes.offer({"R&D " + "占道经营" * 20: {"rows": 2}, "供水": {"rows": 1}})
    form.choices.classes.tree.topLevelItem(1).setCheckState(0, QtCore.Qt.CheckState.Unchecked)
    assert form.choices.class_fold.head.text().startswith("Classes · R&&D 占道")
    assert form.choices.class_fold.head.sizeHint().width() < 350


def facts(form):
    return [label.text() for label in form.checking.summary.findChildren(QtWidgets.QLabel, "fact")]


def test_the_findings_are_told_in_few_words(made):
    form = made()
    rest(form)
    form.host.jobs[0].finished.emit({"json": FOUND})
    assert facts(form) == [
        "1,000 of 1,204 are used",
        "200 set aside as doubtful · 4 in no cell",
        "a coordinate is <i>missing</i>: 150 · no such day or hour: 50",
        "2025-01-01 … 2026-01-01 · 365 bins · 3 without data",
        "subdistrict 18 · grid cell 1,180",
        "12345 700 · 110 300",
        "35 are tested",
        "272 incidents lie on default points",
        "4 rows look like duplicates and are kept",
        "cells: two overlap: 2",
    ]
    labels = form.findChildren(QtWidgets.QLabel)
    assert all(label.textFormat() == QtCore.Qt.TextFormat.PlainText for label in labels if "<" in label.text())
    assert form.choices.period.latest.text() == "last complete day: 2025-12-31"


def test_a_check_that_fails_says_what_to_do(made):
    form = made()
    rest(form)
    form.host.jobs[0].failed.emit(InputError("no column holds a time", where="calls.csv", fix="Name it."))
    problem = form.checking.summary.problem
    assert [part.text() for part in (problem.what, problem.where, problem.fix)] == [
        *("no column holds a time", "calls.csv", "Name it."),
    ]
    assert problem.isVisibleTo(form) and not problem.engine.isVisibleTo(problem)
    form.choices.period.window_box.setValue(5)
    rest(form)
    form.host.jobs[1].failed.emit(EngineError("No Python is set up.", where="here", fix="Make one."))
    problem.engine.click()
    assert form.host.wishes == [("open_engine_page",)]


def test_classes_are_ticked_in_their_tree(made):
    """All ticked is no restriction; else each node as high up as it is wholly ticked."""
    form = made()
    rest(form)
    form.host.jobs[0].finished.emit({"json": FOUND})
    tree, states = form.choices.classes.tree, QtCore.Qt.CheckState
    assert [(tree.topLevelItem(row).text(0), tree.topLevelItem(row).text(1)) for row in range(2)] == [
        *(("供水", "600"), ("噪声", "400")),
    ]
    assert "--classes" not in "".join(asked(form))
    tree.topLevelItem(0).child(0).setCheckState(0, states.Unchecked)
    assert asked(form)[4:] == ["--classes=供水/漏水,噪声"]
    assert form.choices.class_fold.head.text() == "Classes · 供水/漏水, 噪声"
    rest(form)
    form.host.jobs[1].finished.emit({"json": FOUND})
    assert asked(form)[4:] == ["--classes=供水/漏水,噪声"], "the new tree keeps the choice"
    tree.topLevelItem(0).child(0).setCheckState(0, states.Checked)
    assert len(asked(form)) == 4
    for row in range(2):
        tree.topLevelItem(row).setCheckState(0, states.Unchecked)
    assert len(asked(form)) == 4 and "none ticked" in form.choices.class_fold.head.text()


def test_a_preset_shows_what_it_sets_and_the_users_own_stays(made):
    form = made()
    choices = form.choices
    unfold_settings(form)
    choices.settings.settings["random_state"].field.setValue(7)
    pick(choices.period.preset_box, "Weekly")
    assert "Bin week" in choices.period.about.text() and "84 days" in choices.period.about.text()
    assert choices.period.window_box.value() == 84
    assert choices.settings.settings["bin"].value() == "week"
    assert asked(form)[4:] == ["--preset=weekly", "--random-state=7"]
    choices.settings.settings["bin"].take("day")
    choices.period.window_box.setValue(28)
    assert asked(form)[4:] == ["--preset=weekly", "--window=28", "--bin=day", "--random-state=7"]
    assert choices.settings.settings["bin"].label.font().bold()
    choices.settings.all_back.click()
    assert asked(form)[4:] == ["--preset=weekly", "--window=28"]


def test_every_setting_of_the_engine_has_its_field(made):
    """Those of the schema that have no place of their own; search hides the others."""
    form = made()
    box = form.choices.settings
    unfold_settings(form)
    assert set(box.settings) == {param["name"] for param in box.params}
    assert box.chosen() == {}, "as shown they are the defaults"
    assert box.settings["source_tail"].field.text() == "0.05" and box.settings["red_days"].field.text() == "1825 days"
    assert all(setting.field.toolTip() for setting in box.settings.values())
    box.search.setText("kernel")
    shown = [name for name, setting in box.settings.items() if setting.isVisibleTo(box)]
    assert {"kernel_density_kernel", "kernel_density_bandwidth"} <= set(shown) < set(box.settings)
    box.search.setText("")
    assert not any(fold.is_unfolded() for fold, _ in box.folds)


def test_a_password_in_the_ledgers_address_is_neither_kept_nor_handed_on(made):
    """Typed, remembered by an earlier version, with an @ in it, or as a parameter."""
    form = made()
    record = form.choices.record
    word = "never@kept"
    for typed in (
        f"postgresql://duty:{word}@db:5432/city?schema=a",
        f"postgresql://duty@db:5432/city?schema=a&password={word}",
        f"postgresql://duty@db:5432/city?password={word}&schema=a",
    ):
        record.ledger.set_path(typed)
        assert record.ledger_path() == "postgresql://duty@db:5432/city?schema=a", typed
        assert "kept" not in json.dumps(form.request().files) and not record.note.isHidden()
    record.ledger.set_path(r"D:\\台账@本机\\a:b.sqlite")
    assert record.ledger_path() == r"D:\\台账@本机\\a:b.sqlite"


def test_every_widget_says_what_it_is_for(made):
    """A tooltip on each one that can be used, and none left out of the reach of the keyboard."""
    form = made()
    unfold_settings(form)
    kinds = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QAbstractSpinBox, QtWidgets.QLineEdit)
    own = [widget for kind in kinds for widget in form.findChildren(kind) if not _is_part(widget)]
    assert len(own) > 100
    assert [type(widget).__name__ for widget in own if not widget.toolTip()] == []
    unreached = [widget for widget in own if widget.focusPolicy() == QtCore.Qt.FocusPolicy.NoFocus]
    assert unreached == []


def _is_part(widget):
    """Whether Qt has made it inside another widget: the line of a list, the arrow of a clear button."""
    made_by_qt = (QtWidgets.QComboBox, QtWidgets.QAbstractSpinBox, QtWidgets.QLineEdit, QtWidgets.QScrollBar)
    return isinstance(widget.parent(), made_by_qt) or widget.objectName().startswith("qt_")


@pytest.mark.skipif(not importlib.util.find_spec("PyQt6"), reason="the dev extra brings PyQt6")
@pytest.mark.skipif(sys.modules.get("PyQt5", 0) is None, reason="this is the child")
def test_all_of_it_under_qt_6(tmp_path):
    """The same tests in a process that has only PyQt6."""
    wish = ["-q", "-x", f"--basetemp={tmp_path / 'child'}", "test_dock.py", "test_dock_runs.py"]
    code = f"import sys; sys.modules['PyQt5'] = None; import pytest; sys.exit(pytest.main({wish!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
