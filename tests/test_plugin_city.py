"""The plugin with its engine on the sample city: by Processing, by qgis_process, in the real desktop."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from desk import Desk
from desktop import city_parameters, drive, write_profile

pytestmark = pytest.mark.qgis


@pytest.fixture(scope="module")
def desk(tmp_path_factory, require, root):
    """A profile with the whole plugin, in a folder with a blank and Chinese in its name; the engine is this Python."""
    return Desk(tmp_path_factory.mktemp("desk") / "张三 文档", require("qgis")).put_plugin(root)


@pytest.fixture(scope="module")
def by_processing(desk):
    """gridbeacon:run through processing.run, with the layers added as the dialog adds them; run once."""
    told = desk.ask("run_algorithm.py", parameters=city_parameters(desk.plugin, desk.folder / "成果"), locale="zh-Hans")
    assert told["error"] == "", told["log"]
    return told


def test_a_run_loads_its_styled_layers_into_one_group(by_processing):
    """From top to bottom, styled, of the evidence one drawn at a time; nothing of the engine in QGIS."""
    assert by_processing["handled"]
    ((group, layers),) = by_processing["tree"]
    folder = Path(by_processing["results"]["RUN_FOLDER"])
    assert group == f"GridBeacon · {folder.name}"
    evidence, shown = layers.pop()
    assert evidence == "研判依据:全部事项·网格"
    assert [row[0] for row in layers] == ["预警", "逐日件数", "未按原位计入的点", "各级单元边界"]
    assert [row[1] for row in layers] == [True, True, False, True]
    assert [row[2] for row in layers] == ["RuleRenderer", "graduatedSymbol", "RuleRenderer", "RuleRenderer"]
    assert [row[0] for row in shown] == ["风险", "热点", "热点演变", "密度(件/平方公里·统计期)"]
    assert [row[1] for row in shown] == [True, False, False, False]
    assert [row[2] for row in shown] == ["categorizedSymbol"] * 3 + ["singlebandpseudocolor"]
    assert [row for row in [*layers, *shown[:3]] if row[3] <= 0] == []
    assert all(row[4] for row in [*layers, *shown])
    assert layers[0][3] == by_processing["results"]["WARNINGS"] > 0
    assert by_processing["imported"] == [] and by_processing["left_work"] == []
    assert by_processing["steps"][-1] == 100


def test_a_run_leaves_a_complete_folder(by_processing):
    """The files DESIGN names, and an account that adds up."""
    folder = Path(by_processing["results"]["RUN_FOLDER"])
    names = {path.name for path in folder.iterdir()}
    assert {
        "briefing.html",
        "early_warnings.csv",
        "results.gpkg",
        "surface.tif",
        "quarantine.csv",
        "manifest.json",
    } <= names
    assert Path(by_processing["results"]["BRIEFING"]) == folder / "briefing.html"
    account = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["account"]
    rows_in = account.pop("rows_in")
    assert rows_in == sum(account.values()) > 50_000


def test_qgis_process_gives_the_same_warnings(desk, by_processing):
    """Debian's wrapper is broken, so the binary itself; the plugin is switched on as a person would."""
    environment = desk.environment()

    def qgis_process(*arguments: str) -> str:
        command = ["qgis_process.bin", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
        there = "already enabled" in done.stdout + done.stderr  # QGIS counts that as a failure
        assert done.returncode == 0 or there, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    qgis_process("plugins", "enable", "gridbeacon")
    assert "gridbeacon:run" in qgis_process("list")
    asked = city_parameters(desk.plugin, desk.folder / "另一份 成果")
    options = [
        f"{name}={item}" for name, value in asked.items() for item in (value if isinstance(value, list) else [value])
    ]
    told = json.loads(qgis_process("--json", "run", "gridbeacon:run", "--", *options))
    first, second = (Path(results["RUN_FOLDER"]) for results in (by_processing["results"], told["results"]))
    assert first != second
    assert (first / "early_warnings.csv").read_bytes() == (second / "early_warnings.csv").read_bytes()
    with (second / "early_warnings.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == told["results"]["WARNINGS"]


def test_layers_with_a_filter_give_what_their_files_would(desk, tmp_path):
    """A delimited text layer and a filtered polygon layer: rows, times and codes arrive as they stand in the layers."""
    with zipfile.ZipFile(desk.plugin / "sample_data" / "incidents_2025.csv.zip") as archive:
        table = Path(archive.extract(archive.namelist()[0], tmp_path))
    rows = list(csv.DictReader(table.read_text(encoding="gb18030").splitlines()))
    wanted = [row for row in rows if row["来源"] == "12345热线"]
    places = f"xField={quote('经度')}&yField={quote('纬度')}&crs=EPSG:4326"
    uri = f"{table.as_uri()}?type=csv&encoding=GB18030&detectTypes=yes&{places}"
    told = desk.ask(
        "run_algorithm.py",
        parameters={
            "INCIDENTS": {"open": uri, "provider": "delimitedtext", "filter": "\"来源\" = '12345热线'"},
            "CELLS": {"open": str(desk.plugin / "sample_data" / "cells.geojson.zip"), "filter": "\"角色\" = '属地'"},
            "OUTPUT": str(tmp_path / "runs"),
        },
    )
    assert told["error"] == "", told["log"]
    folder = Path(told["results"]["RUN_FOLDER"])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    placed = sum(1 for row in wanted if row["经度"] and row["纬度"])
    assert placed <= manifest["account"]["rows_in"] <= len(wanted)
    assert "联系人姓名" not in (folder / "manifest.json").read_text(encoding="utf-8")
    with (folder / "early_warnings.csv").open(encoding="utf-8-sig", newline="") as stream:
        warnings = list(csv.DictReader(stream))
    assert {warning["role"] for warning in warnings} <= {"territorial"}
    assert all(warning["window_end"].startswith("2026-01-01") for warning in warnings), (
        "no hour was moved by a time zone"
    )


def test_input_that_cannot_be_used_is_one_message(desk):
    """Lines for cells: the engine's own sentence, no layer, no folder left half-written."""
    lines = desk.folder / "lines.geojson"
    line = {
        "type": "Feature",
        "properties": {"id": "1"},
        "geometry": {"type": "LineString", "coordinates": [[113, 30], [114, 30]]},
    }
    lines.write_text(json.dumps({"type": "FeatureCollection", "features": [line]}), encoding="utf-8")
    runs = desk.folder / "none"
    asked = {**city_parameters(desk.plugin, runs), "CELLS": {"open": str(lines)}}
    told = desk.ask("run_algorithm.py", parameters=asked)
    assert told["error"] and "Traceback" not in told["error"] + told["log"]
    assert told["results"] == {} and [row[0] for row in told["tree"]] == ["cells"]
    assert not runs.exists() or list(runs.iterdir()) == []


def test_a_cancelled_run_leaves_nothing(desk):
    """The engine itself, stopped while it starts and while it computes."""
    asked = city_parameters(desk.plugin, desk.folder / "cancelled")
    told = desk.ask("cancel_runs.py", parameters=asked, moments=[0.7, 2.0, 3.5])
    assert [(cancel["left"], cancel["layers"]) for cancel in told["cancels"]] == [([], 0)] * 3
    assert all(cancel["seen"] and cancel["took"] < 2.0 for cancel in told["cancels"]), told["cancels"]
    assert (told["left_work"], told["left_runs"], told["project_layers"]) == ([], [], 0)


def test_the_real_desktop_runs_the_city_from_its_menu(desk, tmp_path, pytestconfig):
    """The binary itself, under Xvfb: menu, dialog, Run, layers, exit without a crash."""
    profiles = desk.config / "profiles"
    write_profile(profiles, desk.name, "en_US")
    picture = tmp_path / "qgis.png"
    wish = {"name": desk.name, "parameters": city_parameters(desk.plugin, tmp_path / "runs")}
    environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable}
    told = drive(profiles, tmp_path / "work", wish, environment, picture)
    assert told["exit_code"] == 0 and "error" not in told, told
    assert any("The briefing is ready." in text for text in told["bar"]) and "Open the briefing" in told["buttons"]
    assert told["actions"][:2] == ["GridBeacon dock", "Run everything…"]
    assert [row[0] for row in told["layers"]][:2] == ["Early warnings", "Incidents day by day"]
    assert [name for name, visible, _ in told["layers"] if visible][-1] == "Risk", "of the evidence, one"
    assert all(valid for _, _, valid in told["layers"]) and len(told["groups"]) == 1
    assert picture.stat().st_size > 50_000
