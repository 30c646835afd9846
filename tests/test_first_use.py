"""What a person meets in the first hour: no engine yet, nothing chosen, a narrow dock, a window that turns dark.

Over a stand-in host, without QGIS.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("PyQt5") if sys.modules.get("PyQt5", 0) is not None else pytest.importorskip("PyQt6")
sys.path.append(str(Path(__file__).parent / "qt"))

from gridbeacon.errors import EngineError, InputError  # noqa: E402
from gridbeacon.layers.style import LEVELS  # noqa: E402
from gridbeacon.plugin.dock.findings import lines_of  # noqa: E402
from gridbeacon.plugin.dock.option_words import in_form  # noqa: E402
from gridbeacon.plugin.engine_page import EnginePage  # noqa: E402
from gridbeacon.plugin.qt import QtCore, QtGui, QtWidgets  # noqa: E402
from gridbeacon.plugin.table import answers, telling  # noqa: E402
from gridbeacon.plugin.table.cells import Columns, Row  # noqa: E402
from gridbeacon.plugin.table.view import WarningView  # noqa: E402
from gridbeacon.plugin.units import kind_of_unit  # noqa: E402
from made_run import make_run, warning  # noqa: E402
from open_table import QtTest, click, the_table, wait  # noqa: E402, F401 - a fixture
from stand_in_host import CALLS, FOUND, rest, the_app, the_kept, the_made, unfold_settings  # noqa: E402, F401 - fixtures among them

NO_ENGINE = EngineError("No Python is set up yet.", where="here", fix="Open the page.\nOr run:\npython3 -m venv x")


def test_the_way_to_the_engine_stands_before_all_else_there_is_to_read(made):
    """Commands for a terminal are in the tooltip: they would push the button out of a small screen."""
    form = made()
    rest(form)
    form.host.jobs[0].failed.emit(NO_ENGINE)
    problem = form.checking.summary.problem
    QtWidgets.QApplication.processEvents()
    assert problem.engine.y() < problem.where.y() < problem.fix.y()
    assert problem.fix.text() == "Open the page." and "python3 -m venv x" in problem.fix.toolTip()


def test_a_new_engine_is_used_at_once(made):
    """The trouble of the one before goes, and what could not be looked at is looked at."""
    form = made()
    rest(form)
    form.host.jobs[0].failed.emit(NO_ENGINE)
    form.run()
    form.host.jobs[1].failed.emit(NO_ENGINE)
    assert form.foot.problem.isVisibleTo(form)
    rest(form)
    seen = len(form.host.jobs)
    form.engine_changed()
    rest(form)
    assert not form.foot.problem.isVisibleTo(form)
    assert [job.command for job in form.host.jobs[seen:]] == ["check"]


def test_return_takes_the_python_and_leaves_the_page_open(app, kept, monkeypatch):
    page = EnginePage()
    monkeypatch.setattr(page, "refresh", lambda: None)
    page.show()
    field = page.ways.named.field
    field.setFocus()
    field.setText("/opt/python3")
    told = []
    page.changed.connect(lambda: told.append(field.text()))
    QtTest.QTest.keyClick(field, QtCore.Qt.Key.Key_Return)
    assert page.isVisible() and told == ["/opt/python3"]
    page.close()
    page.deleteLater()


def test_what_is_missing_is_said_where_run_was_pressed_and_goes_when_it_is_there(made):
    """Not in QGIS's message bar, which would go on asking for what was chosen long ago."""
    form = made()
    sources, form.host.points = form.host.points, []
    form.offer_sources()
    form.foot.run.click()
    assert form.foot.asked.isVisibleTo(form) and "Choose the incidents first" in form.foot.asked.text()
    assert not [wish for wish in form.host.wishes if wish[0] == "say"]
    form.host.points = sources
    form.offer_sources()
    assert form.request().incidents == (CALLS,) and not form.foot.asked.isVisibleTo(form)


def test_a_double_click_on_run_does_not_cancel(made):
    form = made()
    rest(form)
    form.foot.run.click()
    job = form.host.jobs[-1]
    where = QtCore.QPointF(form.foot.cancel.rect().center())
    left, none = QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier
    for kind in (QtCore.QEvent.Type.MouseButtonDblClick, QtCore.QEvent.Type.MouseButtonRelease):
        event = QtGui.QMouseEvent(kind, where, where, left, left, none)
        QtWidgets.QApplication.sendEvent(form.foot.cancel, event)
    assert job.state == "started"
    form.foot.cancel.click()
    assert job.state == "asked to stop"


def test_nothing_of_the_form_is_cut_off_whatever_the_size_of_the_letters(made):
    """It scrolls down only: it is never narrower than its content, also when that grows."""
    form = made()
    font = form.font()
    font.setPointSizeF(2 * font.pointSizeF())
    form.choices.setFont(font)
    form.choices.period.tell_latest("2026-01-01")
    form.resize(10, 600)
    for _ in range(3):
        QtWidgets.QApplication.processEvents()
    assert form.choices.minimumSizeHint().width() <= form.scroll.viewport().width()


def test_the_tab_key_goes_as_the_eye_does(made, table):
    """From the filter to the table, the reason and what can be done; past the findings before what is folded below."""
    form = made()
    choices, summary = form.choices, form.checking.summary
    for window, stops in (
        (table, (table.filters.only_open, table.view, table.panel, table.bar.buttons["judged"])),
        (form, (choices.class_fold.head, summary.link, summary.check_button, choices.record_fold.head)),
    ):
        chain = [window]
        while chain[-1].nextInFocusChain() is not window and len(chain) < 999:
            chain.append(chain[-1].nextInFocusChain())
        places = [chain.index(stop) for stop in stops]
        assert places == sorted(places)


def test_a_comparison_names_what_it_compares(monkeypatch):
    """Of the window and of the warning's own day: without the numbers one seems to deny the other."""
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    year = {"now": 34, "before": 4, "sentence": "是上年同期的8.6倍", "sentence_en": "8.6 times"}
    told = {
        "year_on_year": year,
        "season_before": {"sentence": "去年同期0件", "sentence_en": "same season: 0 a year ago"},
    }
    found = dict(answers.answers(Row(warning(1), {}, "2026-01-01"), told, Columns()))["Compared with last year?"]
    assert found == ["In the window of the hot spots 34, a year before 4; 8.6 times", "Same season: 0 a year ago"]
    refused = {"year_on_year": {"now": None, "sentence_en": "there is no earlier year"}}
    found = dict(answers.answers(Row(warning(1), {}, "2026-01-01"), refused, Columns()))["Compared with last year?"]
    assert found == ["There is no earlier year"]


def test_of_a_new_run_the_most_urgent_warning_is_chosen(table, tmp_path):
    click(table, 5)
    before = table.view.current().warning_id
    assert before != table.model.shown_rows[0].warning_id
    table.show_run(make_run(tmp_path / "runs" / "tomorrow", [warning(number) for number in range(12)]))
    wait(lambda: table.run.folder.name == "tomorrow" and not table.busy)
    assert table.view.current().warning_id == table.model.shown_rows[0].warning_id


def test_each_setting_stands_in_the_group_it_belongs_to(made):
    form = made()
    unfold_settings(form)
    groups = {
        fold.title: [setting.param["name"] for setting in settings] for fold, settings in form.choices.settings.folds
    }
    assert "city_per_day" in groups["Number of warnings"] and "city" in groups["Briefing"]


def test_warnings_that_were_over_before_they_were_issued_are_no_trouble():
    """The first run in a new ledger may list an episode that has ended: no other ledger knows more of it."""
    over = Row({**warning(1), "phase": "ended"}, {}, "2026-01-01")
    assert telling.unrecorded([over], "ledger.sqlite") == ""
    assert "no record of this run" in telling.unrecorded([over, Row(warning(2), {}, "2026-01-01")], "ledger.sqlite")


def test_kinds_of_units_are_said_in_english(monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    assert [kind_of_unit(name) for name in ("街区", "全市", "Ward")] == ["neighbourhood", "city", "Ward"]
    assert "neighbourhood 26" in dict(lines_of({**FOUND, "cells": {"街区": 26}}))["Cells"]
    monkeypatch.setenv("GRIDBEACON_LANG", "zh")
    assert kind_of_unit("街区") == "街区"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Name it with --time. The columns are: a.", 'Name it with "Time". The columns are: a.'),
        ("Set --cell-id or --getis-ord-bandwidth.", 'Set "Code" or "Getis ord bandwidth".'),
        ("Add --replace, then -- go on.", "Add --replace, then -- go on."),
    ],
)
def test_options_are_called_what_the_form_calls_them(monkeypatch, made, said, shown):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    assert in_form(said) == shown
    form = made()
    rest(form)
    form.host.jobs[0].failed.emit(InputError(said, where="calls.csv", fix=said))
    problem = form.checking.summary.problem
    assert (problem.what.text(), problem.fix.text()) == (shown, shown)


def test_rows_without_a_source_are_no_source(monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    lines = dict(lines_of({**FOUND, "sources": {"": 60}}))
    assert "Sources" not in lines
    assert dict(lines_of({**FOUND, "sources": {"": 60, "110": 5}}))["Sources"] == "110 5"


def test_what_was_seen_is_not_cut_in_a_narrow_dock(table):
    """The place gives way; where there is room for it the state is seen whole too. A width of the user's own stays."""
    view, names = WarningView(table.model), [column.name for column in table.columns.all]
    view.show()
    widths = {name: view.columnWidth(number) for number, name in enumerate(names)}
    beside = sum(widths[name] for name in ("rank", "level", "category", "figures"))
    sign = QtGui.QFontMetrics(view.font()).averageCharWidth()

    def seen(width):
        """The last column that is seen whole, and how many signs the place has."""
        view.resize(width + view.width() - view.viewport().width(), 300)
        QtWidgets.QApplication.processEvents()
        ends = [view.columnViewportPosition(n) + view.columnWidth(n) for n in range(len(names))]
        place = view.columnWidth(names.index("place"))
        return [name for name, end in zip(names, ends, strict=True) if end <= view.viewport().width()][
            -1
        ], place // sign

    assert seen(beside + 13 * sign)[0] == "figures"
    assert seen(beside + widths["state"] + 15 * sign)[0] == "state"
    assert seen(beside + widths["state"] + 80 * sign)[1] < 30, "no wider than names are"
    view.setColumnWidth(names.index("place"), 222)
    seen(beside + 20 * sign)
    assert view.columnWidth(names.index("place")) == 222
    view.close()
    view.deleteLater()


def test_the_title_follows_a_window_that_turns_dark(table):
    dark = QtGui.QPalette(QtGui.QColor("#222222"))
    assert LEVELS[0].colour("light") in table.panel.title.styleSheet()
    table.panel.setPalette(dark)
    QtWidgets.QApplication.processEvents()
    assert LEVELS[0].colour("dark") in table.panel.title.styleSheet()
