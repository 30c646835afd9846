"""The dock over the sample city: in a headless QGIS by mouse and keyboard, and in the real desktop binary."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from desk import Desk
from desktop import drive, write_profile

pytestmark = pytest.mark.qgis
CHOOSE = [["incidents", "工单"], ["cells", "网格"]]
TABLES = (
    *("early_warnings.csv", "members.csv", "quarantine.csv", "duplicates.csv", "grouped.csv", "explanations.json"),
    *("results.gpkg", "surface.tif", "early_warnings.xlsx", "plan.toml"),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory, require, root):
    """A profile with the whole plugin, in a folder with a blank and Chinese in its name; the engine is this Python."""
    return Desk(tmp_path_factory.mktemp("desk") / "张三 文档", require("qgis")).put_plugin(root)


@pytest.fixture(scope="module")
def layers(desk):
    """The city of 2025 as two layers of a GeoPackage."""
    geopandas, pandas = pytest.importorskip("geopandas"), pytest.importorskip("pandas")
    sample = desk.plugin / "sample_data"
    calls = pandas.read_csv(sample / "incidents_2025.csv.zip", dtype=str, encoding="gb18030")
    lon, lat = (pandas.to_numeric(calls.pop(name), errors="coerce") for name in ("经度", "纬度"))
    points = geopandas.GeoDataFrame(calls, geometry=geopandas.points_from_xy(lon, lat), crs=4326)[
        lon.notna() & lat.notna()
    ]
    path = desk.folder / "城市.gpkg"
    options = {"driver": "GPKG", "engine": "pyogrio", "dataset_options": {"VERSION": "1.2"}}
    points.to_file(path, layer="工单", **options)
    geopandas.read_file(f"zip://{sample / 'cells.geojson.zip'}").to_file(path, layer="网格", **options)
    return {name: [f"{path}|layername={name}", "ogr"] for name in ("工单", "网格")}


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in TABLES}


def judged_in(ledger: Path) -> set[str]:
    """The warnings that the command line finds judged in the ledger."""
    command = [sys.executable, "-m", "gridbeacon", "ledger", "list", "--ledger", str(ledger), "--json"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {warning["warning_id"] for warning in listed if warning["verdict"] == "true"}


def test_the_dock_checks_runs_stops_and_runs_again(desk, layers, tmp_path, monkeypatch):
    """Choose two layers, look at the summary, stop twice with Escape, run: results in the project and in the table.

    The tables are those of the command line with the same two files, byte for byte.
    """
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    runs = tmp_path / "成果"
    wish = {"layers": layers, "choose": CHOOSE, "runs": str(runs), "cancels": [0.3, 2.5], "unload_at_work": 1.5}
    wish["filter"] = "\"来源\" = '110接警'"
    told = desk.ask("drive_dock.py", **wish)
    assert told["chosen"] == ["工单", "网格"]
    assert told["facts"][0].endswith("are used") and any("grid cell 1,180" in line for line in told["facts"])
    assert re.match(r"4,\d+ of 4,\d+ are used", told["filtered"][0]), told["filtered"]
    for cancel in told["cancels"]:
        assert cancel["at_work"] and cancel["took"] < 2.0, cancel
        assert (cancel["told"], cancel["groups"]) == ("Stopped. Nothing of this run was kept.", [])
        assert sorted(cancel["layers"]) == ["工单", "网格"]
    assert told["run"]["over"] and told["run"]["problem"] == "", told["run"]
    assert told["run"]["told"].endswith("early warnings.") and told["tab"] == "Warnings"
    assert len(told["run"]["groups"]) == 1 and len(told["run"]["layers"]) > 6
    assert len(told["left"]) == 1 and told["hidden"] == []
    assert told["at_work"] and (told["processes"], told["work"]) == ([], []), "unloaded in the middle of a run"
    assert told["judged"]["zoomed"] and told["judged"]["recorded"] == [1] and told["judged"]["verdict"] == "true"
    assert told["judged"]["warning"] in judged_in(runs / "ledger.sqlite")
    made = runs / told["left"][0]
    typed = tmp_path / "typed"
    path = layers["工单"][0].split("|")[0]
    command = [
        "run",
        "--incidents",
        f"{path}|工单",
        "--cells",
        f"{path}|网格",
        "--ledger",
        str(tmp_path / "typed.sqlite"),
    ]
    subprocess.run([sys.executable, "-m", "gridbeacon", *command, "--out", str(typed)], check=True, capture_output=True)
    assert digests(made) == digests(typed)
    manifests = [json.loads((folder / "manifest.json").read_text(encoding="utf-8")) for folder in (made, typed)]
    assert manifests[0]["account"] == manifests[1]["account"]


def test_the_real_desktop_runs_the_city_from_its_dock(desk, layers, tmp_path):
    """The binary itself, under Xvfb: the dock opened from its action, layers chosen, stopped, run, left."""
    profiles = desk.config / "profiles"
    write_profile(profiles, desk.name, "zh-Hans")
    wish = {
        "name": desk.name,
        "layers": layers,
        "choose": CHOOSE,
        "runs": str(tmp_path / "成果"),
        "cancel": [2.0],
    }
    environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable}
    told = drive(profiles, tmp_path / "work", wish, environment, tmp_path / "x.png", startup="dock_startup.py")
    assert told["exit_code"] == 0 and "error" not in told, told
    assert told["cut_off"] <= 0, "the form fits into a dock of 400 pixels"
    (cancel,) = told["cancelled"]
    assert cancel["at_work"] and cancel["took"] < 2.0 and cancel["groups"] == [], cancel
    assert told["run"]["over"] and told["run"]["problem"] == "" and len(told["run"]["groups"]) == 1
    assert told["judged"]["zoomed"] and told["judged"]["verdict"] == "true", told["judged"]
    assert told["judged"]["warning"] in judged_in(tmp_path / "成果" / "ledger.sqlite")
    assert told["run"]["told"].startswith("共") and "行中使用" in told["facts"][0]
