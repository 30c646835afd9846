"""The Processing provider: an algorithm for each step, in both languages, with help, figures and the same tables."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest
from desk import Desk
from desktop import drive, write_profile
from gridbeacon.cli.file_words import OF_RUNS, OF_SOURCES
from gridbeacon.cli.inputs import CELL_COLUMNS, COLUMNS
from gridbeacon.cli.options import load_schema

PINNED = ["check", "run", "replay"]
READY = ["density_and_hot_spots", "repaired_run", "weekly_hot_spots"]
SMALL = {"REPLICATES": 99, "N_REPLICATES": 99, "TREES": 20}
"""Settings that make a step quick and leave it what it is."""
CHINESE = re.compile("[一-鿿]")
STEPS = load_schema()["steps"]
UNSTYLED = {name for name, step in STEPS.items() if not step["geometry"]}


@pytest.fixture(scope="module")
def quarter(tmp_path_factory, root):
    """The last three months of the sample city as a CSV file in UTF-8, and its cells."""
    folder = tmp_path_factory.mktemp("quarter")
    sample = root / "sample_data"
    with zipfile.ZipFile(sample / "incidents_2025.csv.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode("gb18030")
    rows = list(csv.DictReader(io.StringIO(text)))
    with (folder / "工单.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(row for row in rows if row["登记时间"] >= "2025-10")
    with zipfile.ZipFile(sample / "cells.geojson.zip") as archive:
        archive.extractall(folder)
    return {"INCIDENTS": str(folder / "工单.csv"), "CELLS": str(folder / "cells.geojson"), "AS_OF": "2026-01-01"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory, require, root):
    """A profile with the whole plugin; the engine is this Python."""
    return Desk(tmp_path_factory.mktemp("desk") / "张三 文档", require("qgis")).put_plugin(root)


@pytest.fixture(scope="module")
def described(desk):
    """Every algorithm as QGIS sees it: {locale: {name: facts}}; no engine is started."""
    return desk.ask("toolbox_walk.py", describe=True)["described"]


def given(quarter, step, **more):
    """Parameters of a step over the quarter: those inputs it has, its settings as small as they go."""
    entry = STEPS[step]
    names = {param["name"].upper() for param in entry["params"]}
    asked = {key.upper(): quarter[key.upper()] for key in entry["inputs"] if key.upper() in quarter}
    asked |= {name: value for name, value in {**SMALL, "AS_OF": quarter["AS_OF"]}.items() if name in names}
    asked |= {"LEADING": "供水", "FOLLOWING": "市容"} if step == "escalation" else {}
    return {**asked, **more}


def test_every_step_says_what_it_is_in_both_languages():
    """Title, group, text and figures; Chinese is Chinese."""
    for name, entry in [*STEPS.items(), *((command, load_schema()[command]) for command in PINNED)]:
        for key in ("title", "help", "about", *(("group",) if name in STEPS else ())):
            assert entry[key] and not CHINESE.search(entry[key].replace("网格", "")), f"{name} {key}"
            assert CHINESE.search(entry[f"{key}_zh"]), f"{name} {key}_zh"
        assert entry["numbers"] and all(CHINESE.search(number["help_zh"]) for number in entry["numbers"]), name


def test_no_setting_hides_behind_an_option_of_a_file_or_a_column():
    """A step's setting called `days` would be shadowed by the table of days off, and never be heard."""
    taken = {*OF_SOURCES, *OF_RUNS, *COLUMNS, *CELL_COLUMNS}
    for name, step in STEPS.items():
        assert not taken & {param["name"] for param in step["params"]}, name


@pytest.mark.qgis
def test_the_provider_lists_every_step_every_command_and_the_ready_models(described):
    """Names are ASCII and stand for one algorithm each; the three commands lie outside every group, so on top."""
    english, chinese = described["en"], described["zh_CN"]
    assert sorted(english) == sorted([*STEPS, *PINNED, *READY])
    assert all(re.fullmatch("[a-z_]+", name) for name in english)
    pinned = [name for name, facts in english.items() if not facts["group"]]
    assert sorted(pinned, key=lambda name: english[name]["display"]) == PINNED
    assert [chinese[name]["display"] for name in PINNED] == ["1 体检", "2 一键研判", "3 复盘"]
    for name, facts in english.items():
        assert re.fullmatch("[a-z_]*", facts["group_id"]), name
        assert chinese[name]["group_id"] == facts["group_id"], "a group keeps its id in every language"
        assert bool(CHINESE.search(chinese[name]["group"])) == bool(facts["group"]), name


@pytest.mark.qgis
def test_every_parameter_and_output_has_words_in_both_languages(described):
    """Label and help; ids the same in both languages, none twice, all ASCII."""
    for name, facts in described["en"].items():
        other = described["zh_CN"][name]
        for kind, at_least in (("parameters", 3), ("outputs", 2)):
            ids = [row[0] for row in facts[kind]]
            assert ids == [row[0] for row in other[kind]] and len(set(ids)) == len(ids), name
            assert all(re.fullmatch("[A-Za-z_0-9:]+", text) for text in ids), name
            for english, chinese in zip(facts[kind], other[kind], strict=True):
                assert all(english[1:at_least]) and all(chinese[1:at_least]), f"{name} {english[0]}"
                assert all(CHINESE.search(text) for text in chinese[1:at_least]), f"{name} {chinese[:3]}"
        assert CHINESE.search(other["help"]) and CHINESE.search(other["short"]), name
        assert "<script" not in facts["help"] and "`" not in facts["help"]


@pytest.mark.qgis
def test_every_setting_and_figure_of_a_step_is_there(described):
    """None is lost to a clash of names: QGIS drops the second parameter of a name without a word."""
    for name, step in STEPS.items():
        ids = {row[0] for row in described["en"][name]["parameters"]}
        assert {param["name"].upper() for param in step["params"]} <= ids, name
        assert {key.upper() for key in step["inputs"]} <= ids, name
        figures = {row[0] for row in described["en"][name]["outputs"] if row[2] == "outputNumber"}
        assert {number["name"].upper() for number in step["numbers"]} == figures, name


@pytest.mark.qgis
def test_each_group_and_each_pinned_command_has_its_own_icon(described, root):
    """Plain drawings, small, without a script or a link."""
    icons = {(facts["group_id"] or name): facts["icon"] for name, facts in described["en"].items()}
    assert all(icon == key for key, icon in icons.items()), icons
    for path in (root / "plugin" / "icons").glob("*.svg"):
        tags = {element.tag.split("}")[-1] for element in ElementTree.parse(path).iter()}
        assert tags <= {"svg", "g", "path", "circle", "rect", "line"} and path.stat().st_size < 4000, path.name


@pytest.mark.qgis
@pytest.mark.slow
def test_every_algorithm_runs_and_its_layer_is_drawn(desk, quarter, root):
    """All 32 steps, check and replay: layer, style with words, every row drawn, figures of the table."""
    jobs = [{"id": f"gridbeacon:{name}", "parameters": given(quarter, name)} for name in STEPS]
    city = {**quarter, "OUTPUT": str(desk.folder / "runs")}
    jobs += [{"id": "gridbeacon:check", "parameters": city}]
    jobs += [{"id": "gridbeacon:replay", "parameters": {**city, "FROM_DAY": "2025-12-30", "TO_DAY": "2026-01-01"}}]
    other = Desk(desk.folder.parent / "另一个", desk.python).put_plugin(root)
    with ThreadPoolExecutor() as two:  # two of QGIS side by side: each waits for its engine most of the time
        asked = [two.submit(place.ask, "toolbox_walk.py", jobs=part) for place, part in _halves(desk, other, jobs)]
    told = [answer.result() for answer in asked]
    assert [answer["imported"] for answer in told] == [[], []]
    runs = {job["id"]: job for answer in told for job in answer["runs"]}
    assert sorted(runs) == sorted(job["id"] for job in jobs)
    for job in runs.values():
        name = job["id"].partition(":")[2]
        assert job["error"] == "" and job["handled"] and job["left_work"] == [], f"{name}: {job['error']}"
        assert job["layers"] and all(layer["valid"] for layer in job["layers"]), name
        if name in STEPS:
            _look_at_step(name, job)
    check, replay = runs["gridbeacon:check"], runs["gridbeacon:replay"]
    account = {key: check["results"][key] for key in check["results"] if key.startswith("ROWS_")}
    assert account.pop("ROWS_IN") == sum(account.values()) > 7000
    assert Path(check["results"]["REPORT"]).is_file() and check["results"]["FAULTS"] == check["layers"][0]["rows"]
    assert replay["results"]["MOMENTS"] == 2 and Path(replay["results"]["TABLE"]).is_file()
    assert replay["results"]["WARNINGS"] == sum(
        replay["results"][level] for level in ("RED", "ORANGE", "YELLOW", "BLUE")
    )


def _halves(first, second, jobs):
    return [(first, jobs[::2]), (second, jobs[1::2])]


def _look_at_step(name, job):
    (layer,) = job["layers"]
    assert job["results"]["ROWS"] == layer["rows"] > 0, name
    assert {number["name"].upper() for number in STEPS[name]["numbers"]} == set(job["results"]) - {"OUTPUT"}, name
    if name in UNSTYLED:
        assert layer["renderer"] == "", name
    else:
        assert layer["renderer"] in ("categorizedSymbol", "singleSymbol"), name
        assert layer["drawn"] == min(layer["rows"], 200), f"{name}: some rows fall in no class"
    assert layer["name"] == STEPS[name]["title"]


@pytest.mark.qgis
@pytest.mark.slow
def test_the_tables_are_those_of_the_command_line(desk, quarter, tmp_path):
    """Byte for byte, from three steps and a whole run; a year's weekly preset says its own window."""
    chosen = ["getis_ord", "dbscan", "year_on_year"]
    jobs = [
        {"id": f"gridbeacon:{name}", "parameters": given(quarter, name, OUTPUT=str(tmp_path / f"{name}.csv"))}
        for name in chosen
    ]
    run = {**quarter, "OUTPUT": str(tmp_path / "runs"), "PRESET": "weekly", "TITLE": "周报"}
    told = desk.ask("toolbox_walk.py", jobs=[*jobs, {"id": "gridbeacon:run", "parameters": run}])
    assert [job["error"] for job in told["runs"]] == [""] * 4
    files = ["--incidents", quarter["INCIDENTS"], "--cells", quarter["CELLS"], "--as-of", quarter["AS_OF"]]
    for name in chosen:
        small = ["--replicates", "99"] if name == "getis_ord" else []
        _command("step", name, *files, *small, "--out", str(tmp_path / f"typed_{name}.csv"))
        assert (tmp_path / f"{name}.csv").read_bytes() == (tmp_path / f"typed_{name}.csv").read_bytes(), name
    _command("run", *files, "--preset", "weekly", "--title", "周报", "--out", str(tmp_path / "typed"))
    folder = Path(told["runs"][-1]["results"]["RUN_FOLDER"])
    for name in ("early_warnings.csv", "members.csv", "grouped.csv", "plan.toml", "duplicates.csv", "quarantine.csv"):
        assert (folder / name).read_bytes() == (tmp_path / "typed" / name).read_bytes(), name
    plan = (folder / "plan.toml").read_text(encoding="utf-8")
    assert "window = 84" in plan and 'bin = "week"' in plan, "what is left at its default is the preset's"


def _command(*arguments):
    done = subprocess.run([sys.executable, "-m", "gridbeacon", *arguments], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


@pytest.mark.qgis
def test_a_preset_holds_where_a_setting_is_left_at_its_default(tmp_path, require, root):
    """Only what differs from its default is said, and stands after the preset, over which it wins."""
    desk = Desk(tmp_path, require("qgis")).put_stand_in(root)

    files = {"EVENTS": __file__, "CALIBRATION": __file__, "DAYS": __file__, "RENAME": "旧=新; a=b", "REPAIR": True}
    wishes = [{"PRESET": "weekly", "WINDOW": 28}, {"PRESET": "weekly", "WINDOW": 30}, {}, files]
    plain = {"INCIDENT_FILES": [__file__], "OUTPUT": str(tmp_path / "runs")}
    told = desk.take_turns([{"parameters": {**plain, **wish}} for wish in wishes])
    folders = [Path(turn["results"]["RUN_FOLDER"]) for turn in told]
    asked = [json.loads((folder / "asked.json").read_text(encoding="utf-8"))["arguments"][3:] for folder in folders]
    default, own, none, files = asked
    assert default[0] == "--preset=weekly" and not [part for part in default if part.startswith("--window")]
    assert own[:2] == ["--preset=weekly", "--window=30"]
    assert none[0].startswith("--out")
    options = {part.partition("=")[0] for part in files if part.startswith("--")}
    assert {"--events", "--calibration", "--days", "--rename", "--repair"} <= options
    assert [part for part in files if part.startswith("--rename")] == ["--rename=旧=新", "--rename=a=b"]


@pytest.mark.qgis
@pytest.mark.slow
def test_ready_models_chains_and_a_batch_run_without_a_window(desk, quarter, tmp_path):
    """The plugin's models; a model made by hand, one step's cells and figures in another; a batch over `as_of`."""
    inputs = {key: quarter[key] for key in ("INCIDENTS", "CELLS", "AS_OF")}
    jobs = [{"id": f"gridbeacon:{name}", "parameters": dict(inputs)} for name in READY]
    jobs[READY.index("repaired_run")]["parameters"]["RUNS"] = str(desk.folder / "runs")
    jobs.append({"id": "chain", "parameters": {"CALLS": quarter["INCIDENTS"]}})
    places = {when: tmp_path / f"{when}.csv" for when in ("2025-12-01", "2026-01-01")}
    rows = [given(quarter, "getis_ord", AS_OF=when, OUTPUT=str(place)) for when, place in places.items()]
    answer = desk.ask("toolbox_walk.py", jobs=jobs, batch={"id": "gridbeacon:getis_ord", "rows": rows})
    told = answer["runs"]
    assert [job["error"] for job in told] == [""] * len(jobs)
    names = [sorted(layer["name"] for layer in job["layers"]) for job in told[:4]]
    assert names[0] == sorted([STEPS["density_surface"]["title"], STEPS["getis_ord"]["title"]])
    assert {STEPS["topology"]["title"], STEPS["repair_cells"]["title"], "Early warnings"} <= set(names[1])
    assert names[2] == sorted([STEPS["getis_ord"]["title"], STEPS["emerging"]["title"]])
    assert names[3] == [STEPS["getis_ord"]["title"]] and told[3]["layers"][0]["renderer"] == "categorizedSymbol"
    assert answer["batch"] == [True, True]
    for when, place in places.items():
        ends = {row["window_end"] for row in csv.DictReader(place.read_text(encoding="utf-8-sig").splitlines())}
        assert ends == {f"{when}T00:00"}


@pytest.mark.qgis
def test_the_ready_models_are_those_their_maker_makes(desk, tmp_path, root):
    """`tests/qgis/make_models.py` writes them; nobody edits them by hand."""
    made = desk.ask("make_models.py", folder=str(tmp_path))["made"]
    assert sorted(made) == sorted(path.name for path in (root / "plugin" / "models").glob("*"))
    for name in made:
        both = (tmp_path / name, root / "plugin" / "models" / name)  # Qt writes attributes in any order
        assert len({ElementTree.canonicalize(from_file=path) for path in both}) == 1, name


@pytest.mark.qgis
def test_a_result_never_replaces_its_source_and_a_cancel_leaves_nothing(desk, quarter, tmp_path):
    """Refusals are one sentence; a cancelled step is gone within two seconds, without a file."""
    near = given(quarter, "near_repeat", REPLICATES=99999, PERIOD=90, OUTPUT=str(tmp_path / "never.gpkg"))
    jobs = [
        {"id": "gridbeacon:repair_cells", "parameters": {"CELLS": quarter["CELLS"], "OUTPUT": quarter["CELLS"]}},
        {"id": "gridbeacon:make_cells", "parameters": {"OUTPUT": str(tmp_path / "cells.gpkg")}},
        {"id": "gridbeacon:topology", "parameters": {"CELLS": quarter["CELLS"], "OUTPUT": str(tmp_path / "a.shp")}},
        {"id": "gridbeacon:replay", "parameters": {**quarter, "OUTPUT": str(tmp_path)}},
        {"id": "gridbeacon:near_repeat", "parameters": near, "cancel_after": 6.0},
    ]
    before = Path(quarter["CELLS"]).read_bytes()
    own, none, shape, days, cancelled = desk.ask("toolbox_walk.py", jobs=jobs)["runs"]
    assert "is what the result is made from" in own["error"] and Path(quarter["CELLS"]).read_bytes() == before
    assert none["error"] == "Choose an incident layer or incident files."
    assert "shp" in shape["error"]
    assert days["error"] == "Name the first day and the day after the last."
    assert cancelled["results"] == {} and 6.0 <= cancelled["took"] < 8.0 and cancelled["left_work"] == []
    assert list(tmp_path.iterdir()) == [] and cancelled["layers"] == []


@pytest.mark.qgis
@pytest.mark.slow
def test_qgis_process_runs_three_of_them(desk, quarter, tmp_path):
    """Without a window: cells made, hot spots on them, and the check of the data; figures as numbers."""

    def qgis_process(*arguments):
        command = ["qgis_process.bin", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=desk.environment(), timeout=300)
        assert done.returncode == 0 or "already enabled" in done.stdout + done.stderr, done.stderr[-2000:]
        return done.stdout

    def run(name, **parameters):
        options = [f"{key}={value}" for key, value in parameters.items()]
        return json.loads(qgis_process("--json", "run", f"gridbeacon:{name}", "--", *options))["results"]

    qgis_process("plugins", "enable", "gridbeacon")
    cells = run("make_cells", INCIDENTS=quarter["INCIDENTS"], SIZE=1500, OUTPUT=tmp_path / "cells.gpkg")
    assert cells["ROWS"] > 100 and Path(cells["OUTPUT"]).is_file()
    table = {"INCIDENTS": quarter["INCIDENTS"], "CELLS": cells["OUTPUT"], "AS_OF": quarter["AS_OF"]}
    hot = run("getis_ord", **table, OUTPUT=tmp_path / "hot.geojson")
    assert hot["INCIDENTS"] > 1000 and json.loads(Path(hot["OUTPUT"]).read_text(encoding="utf-8"))["features"]
    checked = run("check", **table, OUTPUT=tmp_path / "checks")
    assert checked["ROWS_USED"] > 6000 and checked["FAULTS"] == 0


@pytest.mark.qgis
@pytest.mark.slow
def test_the_real_toolbox_has_the_three_on_top_and_the_dialog_loads_its_layer(desk, quarter, tmp_path):
    """The desktop binary under Xvfb: what a thread of the dialog makes is added, named and drawn."""
    profiles = desk.config / "profiles"
    write_profile(profiles, desk.name, "zh-Hans")
    wish = {
        "algorithm": "gridbeacon:getis_ord",
        "open": [],
        "layers": [[quarter["CELLS"], "网格"]],
        "parameters": given(quarter, "getis_ord"),
    }
    environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable}
    told = drive(profiles, tmp_path / "work", wish, environment, tmp_path / "qgis.png", "toolbox_startup.py")
    assert told["exit_code"] == 0 and "error" not in told, told
    assert told["toolbox"][:3] == ["1 体检", "2 一键研判", "3 复盘"]
    assert set(told["toolbox"][3:]) == {step["group_zh"] for step in STEPS.values()} | {"现成模型"}
    assert told["layers"][0] == [STEPS["getis_ord"]["title_zh"], "categorizedSymbol"]
