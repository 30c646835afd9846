"""The early-warning table without QGIS and without an engine: seen, sorted, filtered, explained, copied, written."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("PyQt5") if sys.modules.get("PyQt5", 0) is not None else pytest.importorskip("PyQt6")

from gridbeacon.errors import GridBeaconError  # noqa: E402
from gridbeacon.plugin.qt import QtCore, QtGui, QtWidgets  # noqa: E402
from gridbeacon.plugin.table import cells, export, reading, telling  # noqa: E402
from gridbeacon.plugin.table.model import OVERDUE  # noqa: E402
from gridbeacon.plugin.table.plot import Plot  # noqa: E402
from made_run import make_ledger, make_run, warning  # noqa: E402
from open_table import QtTest, click, column, opened, the_app, the_table, wait  # noqa: E402, F401 - fixtures among them

HOSTILE = '<img src=x onerror=alert(1)>\n=HYPERLINK("http://x")\t\u202eevil\u202c\x07' + "长" * 5000


def test_the_list_says_what_the_run_found(table):
    assert column(table, "rank") == [str(n + 1) for n in range(12)]
    assert column(table, "level")[:4] == ["Check now", "Check today", "Watch", "Note"]
    assert column(table, "figures")[0] == "40 / 0.17" and column(table, "figures")[7] == "33 / 1.4"
    assert column(table, "window")[0] == "12-29 – 12-31"
    assert column(table, "change")[:4] == ["new", "raised", "continuing", "ended"]
    assert set(column(table, "state")) == {"to be judged"}
    assert column(table, "due")[0].startswith("overdue 01-01"), "the clock says it is past"
    assert column(table, "responsible")[2] == "to be assigned"
    assert "12 warnings" in table.counts.text() and "Check now 3" in table.counts.text()
    assert "Check now 0.0027 (0–0.015)" in table.false_ones.text()
    assert table.model.index(0, 1).data(QtCore.Qt.ItemDataRole.DecorationRole) is not None


def test_every_column_sorts_by_what_it_means(table):
    header = [c.name for c in table.columns.all]
    for name in header:
        for order in (QtCore.Qt.SortOrder.AscendingOrder, QtCore.Qt.SortOrder.DescendingOrder):
            table.view.sortByColumn(header.index(name), order)
            keys = [table.columns.all[header.index(name)].key(row) for row in table.model.shown_rows]
            assert keys == sorted(keys, reverse=order == QtCore.Qt.SortOrder.DescendingOrder)
    table.view.sortByColumn(header.index("level"), QtCore.Qt.SortOrder.AscendingOrder)
    assert column(table, "level") == sorted(
        column(table, "level"), key=["Check now", "Check today", "Watch", "Note"].index
    ), "by urgency, not by letter"
    table.view.sortByColumn(header.index("figures"), QtCore.Qt.SortOrder.DescendingOrder)
    assert column(table, "figures")[0] == "40 / 0.17", "by the difference, not as text"


def test_a_click_on_the_header_sorts_and_keeps_what_is_selected(table):
    click(table, 3)
    header = table.view.horizontalHeader()
    place = QtCore.QPoint(header.sectionViewportPosition(3) + 10, header.height() // 2)
    QtTest.QTest.mouseClick(header.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=place)
    assert column(table, "category") == ["供水"] * 4 + ["噪声"] * 4 + ["供热"] * 4, "by the whole path of the class"
    assert [row.warning["rank"] for row in table.view.selected()] == ["4"]


def test_filters_by_words_level_and_state(table):
    QtTest.QTest.keyClicks(table.filters.words, "990101000007")
    assert column(table, "rank") == ["8"] and "1 shown" in table.counts.text()
    table.filters.words.clear()
    table.filters.words.setText("供水 专班0")
    assert column(table, "rank") == ["1"], "all of the words"
    table.filters.words.clear()
    table.filters.levels.setCurrentIndex(table.filters.levels.findData("red"))
    assert set(column(table, "level")) == {"Check now"}
    table.filters.levels.setCurrentIndex(0)
    table.filters.states.setCurrentIndex(table.filters.states.findData(OVERDUE))
    assert len(column(table, "rank")) == 12
    table.filters.states.setCurrentIndex(table.filters.states.findData("已销号"))
    assert column(table, "rank") == []
    QtTest.QTest.keyClick(table.view, QtCore.Qt.Key.Key_F, QtCore.Qt.KeyboardModifier.ControlModifier)
    assert table.focusWidget() is table.filters.words


def test_a_double_click_and_return_ask_for_the_place(table):
    place = click(table, 2)
    QtTest.QTest.mouseDClick(table.view.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=place)
    folder, shown = table.host.places[-1]
    assert folder == table.run.folder and shown["warning_id"] == f"{2:016x}"
    QtTest.QTest.keyClick(table.view, QtCore.Qt.Key.Key_Down)
    QtTest.QTest.keyClick(table.view, QtCore.Qt.Key.Key_Return)
    assert table.host.places[-1][1]["warning_id"] == f"{3:016x}"
    table.host.trouble = GridBeaconError("the layer is gone", where="results.gpkg", fix="Run again.")
    QtTest.QTest.keyClick(table.view, QtCore.Qt.Key.Key_Return)
    assert "the layer is gone" in table.message.text() and "Run again." in table.message.text()


def test_a_place_clicked_on_the_map_selects_its_warnings(table):
    click(table, 0)
    table.host.place_chosen.emit("990101000005")
    assert [row.warning["rank"] for row in table.view.selected()] == ["6"]
    table.host.place_chosen.emit("no such place")
    assert [row.warning["rank"] for row in table.view.selected()] == ["6"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_button_has_a_letter_that_no_menu_of_qgis_has(table, monkeypatch, lang):
    """Two widgets of a window with the same letter would take it from each other."""
    monkeypatch.setenv("GRIDBEACON_LANG", lang)
    with opened(table.run.folder, table.ledger) as other:
        click(other, 0)
        buttons = [button for button in other.findChildren(QtWidgets.QAbstractButton) if "&" in button.text()]
        letters = [button.text().split("&")[1][0].upper() for button in buttons]
    assert len(letters) == len(set(letters)) == 10 and not set(letters) & set("JEVLSPORDWMCH")


def test_columns_can_be_left_out_and_stay_so(table):
    table.view._offer_columns(QtCore.QPoint(5, 5))
    (menu,) = table.view.findChildren(QtWidgets.QMenu)
    named = {action.text(): action for action in menu.actions()}
    named["Sources"].setChecked(False)
    assert table.view.isColumnHidden(list(named).index("Sources")) and not named["Level"].isEnabled()
    menu.close()
    with opened(table.run.folder, table.ledger) as other:
        assert other.view.isColumnHidden(list(named).index("Sources"))


def test_the_panel_answers_the_five_questions(table):
    chosen = []
    table.chosen.connect(chosen.append)
    click(table, 1)
    assert chosen[-1]["warning_id"] == f"{1:016x}" and chosen[-1]["level"] == "orange"
    panel = table.panel
    assert panel.title.text().startswith("II · Check today") and "about 0.338 expected" in panel.sentence.text()
    asked = {question.text(): answer.text() for question, answer in panel.questions}
    assert (
        "once in over 100 years" in asked["Why this level?"]
        and "水管爆裂 10 (usually 0.02)" in asked["Why this level?"]
    )
    assert "8.6 times" in asked["Compared with last year?"] and asked["Who is responsible?"] == "听潮街道专班1"
    assert "to be judged" in asked["Has it been handled?"] and "3 of 39 tickets" in asked["Has it been handled?"]
    doubt = asked["Could it be a false alarm?"].casefold()
    assert all(words in doubt for words in ("stable", "stands in 4 of 4", "last 90 days", "once in 7 years", "93%"))
    assert panel.life.text().startswith("2026-01-01 00:00  issued  Check today  run")
    assert all(
        isinstance(plot, Plot) and plot.isVisibleTo(panel) for plot in (panel.series, panel.hours, panel.weekdays)
    )
    assert "31 bins" in panel.series.accessibleName()
    picture = panel.series.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(0, picture.height(), 2)}
    assert "#1c5cb8" in colours, "the bars are drawn"


def test_what_has_ended_or_was_cut_is_said_and_not_counted(app, tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    rows = [warning(0), warning(1, phase="ended"), warning(2, phase="merged"), warning(3, within_budget=False)]
    with opened(make_run(tmp_path / "runs" / "a", rows)) as table:
        assert table.counts.text() == "2 warnings · Check now 1 · Note 1 · ended 2 · open 4 · overdue 4"
        for row, words in ((1, "grown quiet"), (2, "part of another"), (3, "Beyond the number")):
            click(table, row)
            assert words in table.panel.questions[0][1].text()


def test_tickets_and_tests_are_one_click_away_by_number(table):
    click(table, 0)
    QtTest.QTest.mouseClick(table.panel.tickets, QtCore.Qt.MouseButton.LeftButton)
    (tickets,) = table.findChildren(QtWidgets.QDialog, "list")
    assert [tickets.table.item(row, 0).text() for row in range(3)] == ["H0000000", "H0000001", "H0000002"]
    assert tickets.table.columnCount() == 1
    QtTest.QTest.keyClick(tickets, QtCore.Qt.Key.Key_C, QtCore.Qt.KeyboardModifier.ControlModifier)
    assert QtGui.QGuiApplication.clipboard().text() == "Ticket\nH0000000\nH0000001\nH0000002\n"
    tickets.reject()
    table.panel.grouped.click()
    tests = table.findChildren(QtWidgets.QDialog, "list")[-1]
    assert tests.table.item(0, 0).text() == "above it" and tests.table.item(0, 3).text() == "40 / 0.17"
    tests.reject()


def test_several_rows_are_copied_and_written_without_formulas(table, tmp_path):
    click(table, 0)
    click(table, 2, modifier=QtCore.Qt.KeyboardModifier.ShiftModifier)
    QtTest.QTest.keyClick(table.view, QtCore.Qt.Key.Key_C, QtCore.Qt.KeyboardModifier.ControlModifier)
    lines = QtGui.QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 4 and lines[0].split("\t")[:3] == ["#", "Level", "Place"]
    path = tmp_path / "选中.csv"
    table.sharing.export_to(path, selected=True)
    assert path.read_bytes()[:3] == b"\xef\xbb\xbf"
    written = list(csv.reader(path.open(encoding="utf-8-sig", newline="")))
    assert [row[0] for row in written[1:4]] == ["1", "2", "3"]
    assert written[-1] == ["Internal analysis, not a statutory warning"]
    assert any("False by chance" in row[0] for row in written[4:])
    table.filters.levels.setCurrentIndex(table.filters.levels.findData("red"))
    table.sharing.export_to(path, selected=False)
    assert len(list(csv.reader(path.open(encoding="utf-8-sig", newline="")))) == 1 + 3 + 4
    table.sharing.export_to(tmp_path / "gone" / "a.csv", selected=False)
    assert table.message.text().startswith("⚠") and "another folder" in table.message.text()
    assert [p.name for p in tmp_path.glob(".*.part")] == []


def test_text_from_data_is_plain_text_everywhere(app, tmp_path, monkeypatch):
    """Markup, formulas, control marks and endless words in the files of a run."""
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    names = (
        "cell_name",
        "category",
        "reason",
        "reason_en",
        "responsible",
        "sources",
        "caveats",
        "caveats_en",
        "change",
    )
    rows = [warning(0, **dict.fromkeys(names, HOSTILE)), warning(1, level="no level", rank="x", observed="1e999")]
    rows[1]["cell_name"] = "'=A街道"  # as the engine writes a name that a spreadsheet would run
    with opened(make_run(tmp_path / "runs" / "<b>run", rows), make_ledger(tmp_path / "l.sqlite", rows)) as table:
        click(table, 0)
        assert all(
            label.textFormat() == QtCore.Qt.TextFormat.PlainText
            for label in table.findChildren(QtWidgets.QLabel)
            if label.text() and label.parent() is not table.filters
        )
        for number in range(table.model.columnCount()):
            index = table.model.index(0, number)
            text, tip = index.data(), index.data(QtCore.Qt.ItemDataRole.ToolTipRole)
            assert len(text) <= cells.LONGEST + 1 and text.strip().isprintable() and "\u202e" not in text
            assert "<img" not in tip, "a tooltip would render it"
        assert "<img src=x" in table.panel.title.text()
        assert table.runs.runs.currentText() == "<b>run"
        assert column(table, "figures")[1] == "– / 0.34"
        line = export.as_tsv(table.model.shown_rows[:1], table.columns).splitlines()
        assert len(line) == 2 and "\t=" not in line[1]
        assert column(table, "place")[1] == "=A街道"
        assert export.guarded("=1+1") == "'=1+1" and export.guarded("'=1") == "''=1" and export.guarded("a=1") == "a=1"


def test_a_run_without_warnings_says_what_it_looked_at(app, tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    checked = {
        "tests": 44188, "classes": 35, "units": {"0": 1, "4": 1180},
        "smallest_rise_en": "124 incidents in the whole city in one day", "smallest_rise": "全市单日124件",
        "nearest": [{"cell_name": "清晏街道", "category": "噪声", "reason_en": "15 against about 4.9", "reason": "15"}],
    }  # fmt: skip
    with opened(make_run(tmp_path / "runs" / "calm", [], **checked)) as table:
        text = table.empty.text()
        assert table.pages.currentWidget() is table.empty and "Check now 0.0027" in table.false_ones.text()
        assert all(words in text for words in ("44,188", "1,181 units", "124 incidents", "15 against about 4.9"))
    with opened(make_run(tmp_path / "runs" / "old", [])) as table:
        assert "its briefing does" in table.empty.text(), "an older run does not say it, and nothing is invented"


def test_other_runs_are_a_choice_away(table, tmp_path):
    older = make_run(tmp_path / "runs" / "yesterday", [warning(5)])
    os.utime(older / "manifest.json", (1, 1))
    table.show_run(table.run.folder, table.ledger)
    wait(lambda: not table.busy)
    box = table.runs.runs
    assert [box.itemText(n) for n in range(box.count())] == ["today", "yesterday"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    wait(lambda: not table.busy and table.run.folder == older)
    assert column(table, "rank") == ["6"]
    table.show_run(tmp_path)
    wait(lambda: not table.busy)
    assert "no finished run" in table.message.text() and table.run.folder == older


@pytest.mark.parametrize("name", ["early_warnings.csv", "manifest.json", "explanations.json"])
def test_a_damaged_file_is_told(tmp_path, name, app):
    run = make_run(tmp_path / "run", [warning(0)])
    (run / name).write_bytes(b'{"warnings": {"a": [1, 2\n3')
    with pytest.raises(GridBeaconError) as told:
        reading.read_run(run)
    assert told.value.where == str(run) and told.value.fix


def test_explanations_are_decoded_when_they_are_looked_at():
    told = {"note": {"warnings": 1}, "warnings": {'a"}{': {"x": "}"}, "b": {}, "c": [1]}, "more": {"a": 2}}
    for indent in (None, 1, 3):
        found = reading.Explanations(json.dumps(told, indent=indent))
        assert (found.of('a"}{'), found.of("b"), found.of("c"), found.of("more")) == ({"x": "}"}, {}, {}, {})
    assert reading.Explanations("").of("a") == {} and reading.Explanations('{"x": 1}').of("x") == {}


def test_the_words_are_chinese_in_a_chinese_window(app, tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "zh")
    rows = [warning(number) for number in range(4)]
    with opened(make_run(tmp_path / "r" / "今日", rows), make_ledger(tmp_path / "台账.sqlite", rows)) as table:
        assert column(table, "level") == ["立即核查", "今日核查", "关注", "知悉"]
        assert column(table, "change") == ["新增", "升级", "持续", "解除"] and column(table, "state")[0] == "待研判"
        assert column(table, "due")[0].startswith("已超期") and "预警4条" in table.counts.text()
        assert table.panel.questions[3][0].text() == "办了没有?" and "研判" in table.bar.buttons["judged"].text()


def test_five_thousand_warnings_stay_fluid(app, tmp_path, monkeypatch):
    """Nothing takes the window's own thread 100 ms of work at a stretch, whatever else the machine does."""
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    run = make_run(tmp_path / "r" / "large", [warning(number) for number in range(5000)])
    with opened(run) as table:
        steps = {
            "sort": lambda: table.view.sortByColumn(2, QtCore.Qt.SortOrder.DescendingOrder),
            "filter": lambda: table.filters.words.setText("供水"),
            "unfilter": table.filters.words.clear,
            "scroll": lambda: (table.view.scrollToBottom(), table.view.viewport().repaint()),
            "choose": lambda: table.view.select({f"{77:016x}"}),
            "select all": table.view.selectAll,
            "read anew": table.put,
        }
        took = {name: longest(table, step) for name, step in steps.items()}
        assert table.model.rowCount() == len(table.view.selected()) == 5000
    assert max(took.values()) < 100, took


def longest(table, step):
    """The longest stretch of work in this thread, ms, from *step* until the table is at rest."""
    stretches, start = [], time.thread_time()
    step()
    stretches.append(time.thread_time() - start)
    while table.busy or len(stretches) < 3:
        start = time.thread_time()
        QtWidgets.QApplication.processEvents()
        stretches.append(time.thread_time() - start)
    return round(max(stretches) * 1000)


def test_chance_in_words_of_an_uncalibrated_run(app, tmp_path, monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    run = make_run(tmp_path / "a", [warning(0)], expected_false={"red": {"high": 0.03, "basis": "bound"}})
    assert telling.false_ones(reading.read_run(run)).endswith("at most: Check now ≤0.03")
    old = make_run(tmp_path / "b", [warning(0)], expected_false={})
    assert "Check now 0.0027 (0–0.015)" in telling.false_ones(reading.read_run(old)), "as the table's own columns say"


@pytest.mark.skipif(not importlib.util.find_spec("PyQt6"), reason="the dev extra brings PyQt6")
@pytest.mark.skipif(sys.modules.get("PyQt5", 0) is None, reason="this is the child")
def test_all_of_it_under_qt_6():
    """The same tests in a process that has only PyQt6; QGIS has its own Qt, and the engine none."""
    asked = ["-q", "-x", "-m", "not qgis and not slow", "test_table.py", "test_table_ledger.py"]
    code = f"import sys; sys.modules['PyQt5'] = None; import pytest; sys.exit(pytest.main({asked!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
