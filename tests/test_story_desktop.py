"""Stories in the real QGIS window: cells clicked in a city of 64,009, files dropped on the map and on the dock."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from desk import SCRIPTS, Desk
from desktop import drive, write_profile

pytestmark = pytest.mark.qgis
HELD_UP = 100
"""Milliseconds for which no call may hold the window up."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory, require, root):
    """A profile with the whole plugin."""
    return Desk(tmp_path_factory.mktemp("story") / "张三 文档", require("qgis")).put_plugin(root)


@pytest.fixture(scope="module")
def run(desk):
    """A run of 64,009 cells in a folder with an awkward name."""
    folder = desk.folder / "张 三 #1?"
    code = f"import pathlib, small_run; small_run.write_run(pathlib.Path({str(folder)!r}), 253)"
    subprocess.run([desk.python, "-c", code], cwd=SCRIPTS, env=desk.environment(), check=True, capture_output=True)
    return str(folder)


@pytest.fixture(scope="module")
def told(desk, run, root):
    """What happened in QGIS."""
    folder = desk.folder
    profiles = desk.config / "profiles"
    write_profile(profiles, "gridbeacon", "zh-Hans")
    sample = root / "sample_data"
    incidents = [str(sample / f"incidents_{year}.csv.zip") for year in (2024, 2025)]
    wish = {
        "name": "gridbeacon",
        "run": run,
        "cells": ["3-3", "9-0", "200-100"],
        "drop": incidents,
        "drop_on_dock": [*incidents, str(sample / "cells.geojson.zip"), str(sample / "draws.py")],
    }
    environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable}
    answer = drive(profiles, folder / "work", wish, environment, folder / "shot.png", "story_startup.py")
    return {**answer, "incidents": incidents, "cells": str(sample / "cells.geojson.zip")}


def test_a_click_shows_the_story_of_the_cell_and_holds_up_nothing(told):
    """Through the mouse, in a project of other coordinates; the tool before comes back with Esc."""
    assert "error" not in told, told["error"]
    assert [unit for unit, _, _ in told["shown"]] == ["3-3", "9-0", "200-100"]
    assert told["shown"][0][1] == "S0-0街道 · 3-3格" and "共 5 件" in told["shown"][0][2]
    assert "没有事件不等于没有风险" in told["shown"][1][2]
    assert told["in_front"] and told["checked"] and told["given_back"]
    clicks = {phase: pause for phase, pause in told["blocked"].items() if phase.startswith("click")}
    assert len(clicks) == 3 and max(clicks.values()) < HELD_UP, clicks
    assert told["exit_code"] == 0


def test_layers_of_a_run_have_their_tips(told):
    assert {name for name, has_tip in told["tips"].items() if has_tip} == {
        "预警",
        "热点演变",
        "各级单元边界",
        "风险",
        "热点",
    }


def test_files_dropped_on_the_map_stay_qgis_s_and_are_offered_once(told):
    """QGIS opens them as it always does; one line offers both files to the dock, and its button puts them there."""
    assert told["dropped"] and told["opened"] == 2
    words, buttons = told["offered"]
    assert words == ["incidents_2024.csv.zip, incidents_2025.csv.zip:看来是事件表。"] and len(buttons) == 1
    assert told["taken"] == told["incidents"] and told["form_in_front"]


def test_files_dropped_on_the_dock_fill_the_form(told):
    assert told["on_dock"] == [*told["incidents"], told["cells"]]


def test_a_click_finds_the_unit_in_any_projection_and_tips_are_plain_text(desk, run):
    """In 64,009 cells; what is drawn wins over what is not; Esc gives the pointer back; hostile text stays text."""
    told = desk.ask("pick_cells.py", run=run)
    for authid in ("EPSG:32649", "EPSG:4326", "EPSG:3857", "EPSG:4490"):
        assert told["found"][authid] == ["3-3", "9-0", "0-0", None], authid
    assert told["found"]["streets drawn"] == ["S0-0"]
    assert told["took"] < 100
    assert told["is_taken"] and told["is_back"] and told["seen"] == ["S0-0"]
    assert told["missed"] == ["No run is in the project: run first, or open a finished run."]
    safe = "&lt;img src=x onerror=alert(1)&gt;&amp;amp;&quot;quoted&quot;&#39;s [% 1 + 1 %] 供水"
    assert all(safe in tip for tip in told["tips"].values())
    assert not any("<img" in tip or "[%" in tip.replace(safe, "") for tip in told["tips"].values())
    assert "><b>I red · Check now</b><br>" in told["tips"]["EARLY_WARNINGS"]
    assert "Risk: high<br>5 incidents, usually about 0.3<br>2025-12-04 – 2025-12-31" in told["tips"]["RISK"]
