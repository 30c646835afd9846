"""The plugin in a real QGIS: loaded by name from a profile, run, cancelled, and taken out again.

QGIS has a Python of its own. So each test starts a script of `tests/qgis/` with that Python and reads its answer,
one JSON object. Here a stand-in speaks the engine's protocol; `test_plugin_city.py` runs the engine itself.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from desk import SCRIPTS, Desk


@pytest.fixture
def stand_in(tmp_path, require, root):
    """A profile with the face and a stand-in engine."""
    return Desk(tmp_path, require("qgis")).put_stand_in(root)


@pytest.mark.qgis
def test_the_plugin_loads_without_any_package_of_the_engine(stand_in):
    """Loaded by name with None in sys.modules for every compiled package; 20 reloads leave nothing behind."""
    told = stand_in.ask("load_plugin.py", reloads=20)
    assert told["algorithms"] == ["gridbeacon:run"]
    menu = ["GridBeacon dock", "Run everything…", "Story of a cell", "Engine…", "Last briefing", "Help"]
    assert told["menu"] == menu
    assert told["toolbar"] == ["gridbeacon_toggle", "gridbeacon_pick"]
    assert told["icon"]
    assert {"RUN_FOLDER", "BRIEFING", "WARNINGS", "RISK", "HOTSPOTS", "EARLY_WARNINGS", "CELLS", "DENSITY"} <= set(
        told["outputs"]
    )
    assert told["left"]["provider"] is False
    assert (told["left"]["menu"], told["left"]["toolbar"]) == (0, 0)
    assert told["left"]["children_more"] <= 0


@pytest.mark.qgis
def test_every_setting_of_the_schema_becomes_a_parameter(stand_in):
    """Type, label, help and default come from the schema; what is not changed from day to day is folded away."""
    parameters = stand_in.ask("load_plugin.py")["parameters"]
    kinds = {
        name: parameters[name]["type"] for name in ("WINDOW", "CELL_SIZE", "BIN", "AS_OF", "PLACES", "KEEP", "LIMIT")
    }
    assert kinds == {
        "WINDOW": "number",
        "CELL_SIZE": "number",
        "BIN": "enum",
        "AS_OF": "string",
        "PLACES": "string",
        "KEEP": "boolean",
        "LIMIT": "number",
    }
    assert parameters["WINDOW"]["label"] == "Window (days)"
    assert parameters["WINDOW"]["help"] == "Days looked at."
    assert (parameters["WINDOW"]["default"], parameters["BIN"]["default"], parameters["PLACES"]["default"]) == (
        28,
        "day",
        "1,2",
    )
    assert parameters["LIMIT"]["optional"] and not parameters["WINDOW"]["optional"]
    folded = {name for name in kinds if parameters[name]["advanced"]}
    assert folded == {"CELL_SIZE", "PLACES", "KEEP", "LIMIT"}
    assert parameters["OUTPUT"]["default"].endswith("GridBeacon"), "not QGIS's temporary folder, which it clears"
    assert parameters["INCIDENTS"]["optional"] and parameters["CELLS"]["optional"]


@pytest.mark.qgis
def test_the_plugin_speaks_chinese_in_a_chinese_qgis(stand_in):
    """Labels come from the schema and the catalogue; names of parameters stay as they are."""
    told = stand_in.ask("load_plugin.py", locale="zh_CN")
    assert told["title"] == "2 一键研判"
    assert told["menu"] == ["网格烽燧面板", "一键研判……", "网格档案", "计算引擎……", "最近一期晨报", "帮助"]
    assert told["parameters"]["WINDOW"]["label"] == "热点窗口 (天)"
    assert told["parameters"]["INCIDENTS"]["label"] == "事件图层"
    assert told["help"].startswith("识别热点与预警。")


@pytest.mark.qgis
def test_a_run_hands_over_files_settings_and_a_clean_environment(stand_in):
    """Only settings that differ from their default are said; QGIS's own paths do not reach the engine."""
    poison = {
        "PROJ_LIB": "/nowhere",
        "PROJ_DATA": "/nowhere",
        "GDAL_DATA": "/nowhere",
        "PYTHONPATH": "/nowhere",
        "PYTHONHOME": "/nowhere",
    }
    files = [str(stand_in.folder / "一 月.csv"), str(stand_in.folder / "二 月.csv")]
    parameters = {
        "INCIDENT_FILES": files,
        "OUTPUT": str(stand_in.folder / "runs"),
        "WINDOW": 14,
        "BIN": "day",
        "KEEP": False,
        "PLACES": "1,2",
    }
    told = stand_in.run(parameters=parameters, environment=poison)
    assert told["error"] == ""
    run_folder = Path(told["results"]["RUN_FOLDER"])
    asked = json.loads((run_folder / "asked.json").read_text(encoding="utf-8"))
    assert asked["arguments"] == [
        *("run", "--incidents", files[0], "--incidents", files[1], "--window=14", "--no-keep"),
        *("--out", str(run_folder), "--progress", "json"),
    ]
    assert run_folder.parent == stand_in.folder / "runs"
    assert asked["environment"] == {
        **dict.fromkeys(("PYTHONHOME", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA")),
        "PYTHONPATH": str(stand_in.plugin / "plugin" / "launch"),
        "PYTHONUTF8": "1",
        "GRIDBEACON_GROUP": "1",
        "GRIDBEACON_LANG": "en",
    }
    assert told["results"]["WARNINGS"] == 3
    assert told["said"][:3] == ["Reading incidents", "· 2 person columns dropped", "Done"] and told["warned"] == []
    assert told["left_work"] == []
    assert told["imported"] == []


@pytest.mark.qgis
@pytest.mark.parametrize("name", ["网格 烽燧", "grid.beacon-0.1"])
def test_the_engine_runs_this_copy_under_any_folder_name(tmp_path, require, root, name):
    """The plugin's own folder runs as `gridbeacon`, though another one is installed in the engine's Python."""
    desk = Desk(tmp_path / "张三 文档", require("qgis"), name).put_stand_in(root)
    python = {"name": name, "arguments": ["run", "--out", str(tmp_path / "out")]}
    environment = {**desk.environment(), "PYTHONPATH": str(desk.plugin / "plugin" / "launch")}
    done = subprocess.run(
        [sys.executable, "-m", "gridbeacon", *python["arguments"]], env=environment, cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    asked = json.loads((tmp_path / "out" / "asked.json").read_text(encoding="utf-8"))
    assert asked["package"] == str(desk.plugin)
    if "." not in name:  # Python itself imports no folder with a dot; QGIS neither
        told = desk.run()
        assert told["error"] == "" and told["results"]["WARNINGS"] == 3


TROUBLE = {
    "refuse": ["no column holds a time", "calls.csv", "Name it: --time COLUMN"],
    "crash": ["The engine crashed (code 11). Your project is untouched.", "self-test"],
    "starve": ["memory ran out", "shorter period"],
    "lack": ["lacks a package: no_such_package_here", "pip install"],
    "mumble": ["The engine ended with code 3 and without a result.", "Read the log"],
}


@pytest.fixture(scope="module")
def troubles(tmp_path_factory, require, root):
    """What one QGIS tells of every trouble, one after the other."""
    desk = Desk(tmp_path_factory.mktemp("troubles"), require("qgis")).put_stand_in(root)
    return dict(zip(TROUBLE, desk.take_turns([{"behaviour": name} for name in TROUBLE]), strict=True))


@pytest.mark.qgis
@pytest.mark.parametrize("behaviour", TROUBLE)
def test_trouble_of_the_engine_is_told_in_words(troubles, behaviour):
    """No traceback, no layer, no work folder left; problem, where and fix."""
    told = troubles[behaviour]
    assert all(words in told["error"] for words in TROUBLE[behaviour]), told["error"]
    assert "Traceback" not in told["error"]
    assert (told["tree"], told["left_work"]) == ([], [])


@pytest.mark.qgis
@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ["no column holds a time [E-COL-004]", "calls.csv, row 1", "Name it."]),
        ("zh_CN", ["没有识别出事件时间列 [E-COL-004]", "calls.csv,第1行", "用 --time 指定。"]),
    ],
)
def test_a_refusal_is_told_in_the_language_of_qgis(stand_in, locale, words):
    told = stand_in.run("refuse_in_both", locale=locale)
    assert "\n".join(words) in told["error"], told["error"]


@pytest.mark.qgis
def test_without_an_engine_the_two_commands_are_told(stand_in):
    """Nothing set up: what to type. A Python that is not there: where it was named."""
    file = stand_in.folder / "no program"
    file.write_text("no program", encoding="utf-8")
    named = ("", str(stand_in.folder / "no python"), str(file))
    told = stand_in.take_turns([{"environment": {"GRIDBEACON_ENGINE_PYTHON": name}} for name in named])
    none, gone, cannot = (turn["log"] for turn in told)
    assert "No Python is set up yet" in none
    assert f'-m venv "{stand_in.plugin.parents[2] / "gridbeacon" / "engine"}"' in none
    assert f'-m pip install "{stand_in.plugin}"' in none
    assert "is not where it should be" in gone and "GRIDBEACON_ENGINE_PYTHON" in gone
    assert "cannot be started" in told[2]["error"], cannot


@pytest.mark.qgis
@pytest.mark.parametrize("behaviour", ["slow", "deaf"])
def test_a_cancel_ends_the_engine_and_its_children_within_two_seconds(stand_in, behaviour):
    """At several moments, the first ones before the engine has started; children that ignore SIGTERM too."""
    told = stand_in.ask(
        "cancel_runs.py",
        moments=[0.0, 0.02, 0.05, 0.1, 0.3, 1.0, 1.5],
        environment={"GRIDBEACON_STAND_IN": behaviour},
        parameters={"INCIDENT_FILES": [str(SCRIPTS / "session.py")], "OUTPUT": str(stand_in.folder / "runs")},
    )
    for cancel in told["cancels"]:
        assert cancel["took"] is not None and cancel["took"] < 2.0, cancel
        assert cancel["left"] == [] and cancel["layers"] == 0, cancel
    assert told["cancels"][-1]["seen"] == 3, "the engine and its two children were at work before the cancel"
    assert (told["left_work"], told["left_runs"], told["project_layers"]) == ([], [], 0)


@pytest.mark.qgis
def test_layers_go_by_their_own_path_or_as_the_fields_that_are_needed(stand_in):
    """A plain file goes by its path; a filter, an edit, another CRS or source is written, without person fields."""
    told = stand_in.ask("hand_over_layers.py", folder=str(stand_in.folder))
    path = str(stand_in.folder / "工单 表.gpkg")
    assert told["empty"] is None
    assert (told["plain"], told["by_path"]) == (f"{path}|calls", path)
    assert told["table"] == str(stand_in.folder / "calls.csv")
    assert [row[0][-1] for row in (told["filtered"]["rows"])] == ["1"] or [
        row[1][-1] for row in told["filtered"]["rows"]
    ] == ["1"]
    assert len(told["edited"]["rows"]) == 4
    assert told["recast"]["crs"] == "EPSG:32648"
    assert "virtual" in told["virtual"]["fields"]
    assert told["delimited"]["fields"] == ["case_id", "time", "category", "lon", "lat"] and told["delimited"]["spatial"]
    assert told["memory"]["fields"] == ["工单编号", "受理时间", "诉求大类", "来电人姓名", "fid", "自定类别"]
    assert (told["memory"]["crs"], told["memory"]["first"]) == ("EPSG:4490", "Point (103 30)")
    assert told["known"]["fields"] == ["工单编号", "受理时间", "诉求大类", "自定类别"]
    assert told["known"]["rows"][0][0] == "00510100000000000000" and told["known"]["rows"][0][2] == "供水'; DROP"
    assert [row[0][-1] for row in told["selected"]["rows"]] == ["3"]
    assert (told["alike"]["fields"], told["alike"]["rows"]) == (["Code", "geom"], [["A", "POLYGON"]])
    whole, by_filter, chosen, first = ["".join(remarks) for remarks in told["remarks"]]
    assert whole == "" and "rows of its filter" in by_filter
    assert "1 selected rows" in chosen and "rows asked for in the dialog" in first


def test_every_sentence_of_the_plugin_has_its_chinese(root):
    """The catalogue holds exactly the sentences the code says."""
    catalogue: dict[str, str] = {}
    for path in sorted((root / "plugin" / "i18n" / "zh_CN").glob("*.json")):
        catalogue.update(json.loads(path.read_text(encoding="utf-8")))
    assert sentences(root / "plugin") == set(catalogue)
    assert all(places(english) == places(chinese) for english, chinese in catalogue.items())


def sentences(folder: Path) -> set[str]:
    """First arguments of `tr(...)`, and the labels of the columns, which `tr` gets by name."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr"]
        found |= {node.args[0].value for node in calls if isinstance(node.args[0], ast.Constant)}
        tables = [
            node
            for node in tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").endswith("_COLUMNS")
        ]
        found |= {value.value for node in tables for value in node.value.values}
    return found


def places(text: str) -> set[str]:
    """Names in braces."""
    return {part.split("}")[0] for part in text.split("{")[1:]}


def test_the_face_is_written_for_the_oldest_python_of_qgis(root):
    """QGIS 3.22 on Windows brings Python 3.9: its grammar, and no call newer than it where the face loads."""
    for path in [
        *(root / "plugin").rglob("*.py"),
        *(root / name for name in ("__init__.py", "errors.py", "layers/style.py")),
    ]:
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
        newer = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.keyword) and node.arg in {"strict", "slots", "kw_only"}
        ]
        assert not newer, f"{path.name}:{newer[0].value.lineno}"


def test_the_icon_is_a_plain_drawing(root):
    """No script, no link to elsewhere, small enough for a toolbar."""
    path = root / "plugin" / "icons" / "gridbeacon.svg"
    tags = {element.tag.split("}")[-1] for element in ElementTree.parse(path).iter()}
    assert tags <= {"svg", "g", "path"} and path.stat().st_size < 4000
