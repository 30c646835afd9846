"""The Engine page without QGIS: what can be pressed before anything is known, and answers that come too late."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("PyQt5") if sys.modules.get("PyQt5", 0) is not None else pytest.importorskip("PyQt6")

from gridbeacon.errors import EngineError  # noqa: E402
from gridbeacon.plugin import engine  # noqa: E402
from gridbeacon.plugin.engine_page import EnginePage  # noqa: E402
from gridbeacon.plugin.host import Job  # noqa: E402
from open_table import the_app  # noqa: E402, F401 - a fixture

FACTS = {"version": "3.12.3", "platform": "linux-x86_64", "tag": "cp312", "enough": True, "pip": True, "venv": True}


class Waiting(Job):
    """A look that answers when the test says so."""

    made: list[Waiting] = []  # noqa: RUF012

    def __init__(self, *facts):
        super().__init__()
        self.facts = facts
        self.made.append(self)

    def start(self):
        pass


@pytest.fixture(name="page")
def the_page(app, monkeypatch):
    """The page, with nothing answered yet."""
    Waiting.made.clear()
    for name in ("ProbeJob", "SearchJob"):
        monkeypatch.setattr(engine, name, Waiting)
    monkeypatch.setattr(engine, "find_python", lambda: engine.Found(Path(f"/{len(Waiting.made)}/python"), "here"))
    page = EnginePage()
    yield page
    page.deleteLater()


def test_no_way_is_begun_while_the_python_is_looked_for(page):
    page.refresh()
    buttons = {**page.ways.own.buttons, **page.ways.environment.buttons}
    assert len(buttons) == 4 and not any(button.isEnabled() for button in buttons.values())
    Waiting.made[0].finished.emit({"python": "/usr/bin/python3", "json": FACTS})
    assert all(button.isEnabled() for button in buttons.values())


def test_an_answer_of_a_python_that_is_no_longer_asked_is_passed_over(page, monkeypatch):
    page.refresh()
    page.refresh()
    old, new = (job for job in Waiting.made if job.facts)
    new.finished.emit({"json": {**FACTS, "packages": []}})
    old.finished.emit({"json": {**FACTS, "version": "3.9.1", "enough": False, "packages": []}})
    assert page.title.text() == "The engine is ready" and str(new.facts[0]) in page.state.text()
    page.refresh()
    late = Waiting.made[-1]

    def none():
        raise EngineError("no Python", where="here", fix="Name one.")

    monkeypatch.setattr(engine, "find_python", none)
    page.refresh()
    late.finished.emit({"json": {**FACTS, "packages": []}})
    assert not page.test.isEnabled() and page.stack.currentWidget() is page.ways


def test_a_path_is_taken_with_the_marks_that_windows_copies_around_it(page):
    named = []
    page.ways.named.chosen.connect(named.append)
    page.ways.named.set_path(' "C:\\Program Files\\Python312\\python.exe" ')
    assert named == ["C:\\Program Files\\Python312\\python.exe"]
