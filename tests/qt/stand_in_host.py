"""A stand-in for the program around the dock: two layers of incidents, one of cells, jobs that wait for the test."""

from __future__ import annotations

import pytest
from gridbeacon.plugin import keeping
from gridbeacon.plugin.dock.form import RunForm
from gridbeacon.plugin.host import POINTS, POLYGONS, TABLE, Host, Job, Source
from gridbeacon.plugin.qt import QtCore, QtWidgets
from gridbeacon.plugin.request import options

CALLS, LIST, GRID = (
    Source("工单 <b>", POINTS, layer="calls"),
    Source("巡查", TABLE, layer="list"),
    Source("网格", POLYGONS, layer="grid"),
)
FIELDS = {
    "calls": ["工单编号", "受理时间", "发生时间", "诉求大类", "诉求小类", "联系电话", "自定类别"],
    "list": ["编号2", "上报时间", "经度", "纬度"],
    "grid": ["网格编码", "网格名称", "街道"],
}
FOUND = {
    "account": {"rows_in": 1204, "rows_used": 1000, "rows_quarantined": 200, "rows_outside": 4, "rows_duplicate": 0},
    "rules": [
        {"what": "quarantined", "en": "a coordinate is <i>missing</i>", "zh": "坐标缺失", "rows": 150},
        {"what": "quarantined", "en": "no such day or hour", "zh": "日期不存在", "rows": 50},
        {"what": "outside", "en": "in no cell", "zh": "网格外", "rows": 4},
    ],
    "period": {"first": "2025-01-01T00:00:00", "as_of": "2026-01-01T00:00:00", "bins": 365},
    "missing_bins": 3,
    "cells": {"街道": 18, "网格": 1180},
    "sources": {"12345": 700, "110": 300},
    "tested_classes": 35,
    "default_points": [{"rows": 272}],
    "near_duplicates": {"rows": 4},
    "topology": {"rules": [{"count": 0, "en": "no code", "zh": ""}, {"count": 2, "en": "two overlap", "zh": ""}]},
    "notices": [{"en": "2 person columns were dropped", "zh": ""}],
    "class_tree": {
        "供水": {"rows": 600, "below": {"停水": {"rows": 500, "below": {}}, "漏水": {"rows": 100, "below": {}}}},
        "噪声": {"rows": 400, "below": {}},
    },
}


class StandInJob(Job):
    """A job that does what the test says."""

    def __init__(self, command, request):
        super().__init__()
        self.command, self.request, self.state = command, request, "made"

    def start(self):
        self.state = "started"

    def cancel(self):
        self.state = "asked to stop"


class StandInHost(Host):
    """Two layers of incidents, one of cells; every wish is remembered."""

    def __init__(self):
        super().__init__()
        self.jobs, self.wishes, self.points, self.row_count = [], [], [CALLS, LIST], 1204
        self.selection, self.watched = {}, ()

    def incident_sources(self):
        return self.points

    def cell_sources(self):
        return [GRID]

    def fields(self, source):
        return FIELDS.get(source.layer, [])

    def rows(self, source):
        return self.row_count

    def selected(self, source):
        return self.selection.get(source.layer, 0)

    def watch(self, sources):
        self.watched = tuple(source.layer for source in sources)

    def job(self, command, request):
        self.jobs.append(StandInJob(command, request))
        return self.jobs[-1]

    def show_run(self, folder):
        self.wishes.append(("show_run", folder))

    def print_warnings(self, folder):
        self.wishes.append(("print_warnings", folder))

    def open_file(self, path):
        self.wishes.append(("open_file", path))

    def open_engine_page(self):
        self.wishes.append(("open_engine_page",))

    def say(self, text, *, trouble=False):
        self.wishes.append(("say", text))


@pytest.fixture(name="app", scope="module")
def the_app():
    yield QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


@pytest.fixture(name="kept")
def the_kept(tmp_path, monkeypatch):
    """The face's memory, in a file of the test's own."""
    memory = QtCore.QSettings(str(tmp_path / "kept.ini"), QtCore.QSettings.Format.IniFormat)
    monkeypatch.setattr(keeping, "_settings", lambda: memory)
    keeping.keep("runs_folder", str(tmp_path / "runs"))
    return memory


@pytest.fixture(name="made")
def the_made(app, kept):
    """The form on a stand-in host, shown."""
    forms = []

    def make():
        form = RunForm(StandInHost())
        form.resize(400, 700)
        form.show()
        forms.append(form)
        return form

    yield make
    for form in forms:
        form.hide()
        form.deleteLater()
    QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)


def rest(form):
    """What the timers would do once the form is left alone."""
    if form.checking.timer.isActive():
        form.checking.timer.stop()
        form.checking.start()


def unfold_settings(form):
    """Unfold the advanced settings and wait until every field is there."""
    form.choices.setting_fold.unfold()
    while not form.choices.settings.is_built:
        QtWidgets.QApplication.processEvents()


def asked(form):
    """The options of the request that stands in the form, sources by their key."""
    request = form.request()
    keys = {source.key: source.key for source in (*request.incidents, *([request.cells] if request.cells else []))}
    return [part for part in options(request, keys) if not part.startswith("--ledger")]


def pick(box, text):
    """Choose an entry as a person does."""
    row = box.findText(text)
    assert row >= 0, [box.itemText(number) for number in range(box.count())]
    box.setCurrentIndex(row)
    box.activated.emit(row)
