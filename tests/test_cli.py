"""The command line as a person or the plugin meets it: what it says, where it says it, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import engine, json_lines
from gridbeacon.cli import entry, options
from gridbeacon.cli.entry import execute
from gridbeacon.cli.inputs import Files, dated_folder, expand, merged, of_options, of_plan_file
from gridbeacon.cli.voice import Voice, both
from gridbeacon.errors import Cancelled, EnvironmentProblem, InputError

HEAVY = [
    "numpy",
    "pandas",
    "scipy",
    "shapely",
    "geopandas",
    "pyogrio",
    "sklearn",
    "numba",
    "folium",
    "rasterio",
    "rich",
]


# --- quick to start


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["step", "--help"], ["step", "getis_ord", "-h"], ["--version"], ["models"]],
)
def test_help_loads_no_heavy_package(arguments):
    code = (
        f"import sys; from gridbeacon.cli.entry import execute; code = execute({arguments!r});"
        f" print(code, [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


def test_run_has_an_option_for_every_setting_and_shows_its_facts(capsys):
    assert execute(["run", "--help"]) == 0
    said = capsys.readouterr().out
    for entry_ in options.load_schema()["run"]["params"]:
        assert options.flag_of(entry_["name"]) in said, entry_["name"]
    assert "[days; 1..3660; default 28]" in " ".join(said.split())
    assert (
        said.index("Files")
        < said.index("Columns")
        < said.index("\nSettings")
        < said.index("Advanced")
        < said.index("Output")
    )


def test_help_speaks_chinese_where_the_reader_does():
    environment = {**os.environ, "GRIDBEACON_LANG": "zh"}
    said = engine(["run", "--help"], env=environment).stdout
    assert "热点窗口" in said and "默认 28" in said and "文件" in said


# --- arguments


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--incidents a b --cells c", "--incidents a --incidents b --cells c"),
        ("--incidents a --incidents b", "--incidents a --incidents b"),
        ("--cells c --incidents a b d", "--cells c --incidents a --incidents b --incidents d"),
        ("--incidents=a --cells c", "--incidents=a --cells c"),
        ("--out x", "--out x"),
        ("--incidents", "--incidents"),
    ],
)
def test_several_files_follow_one_option(given, meant):
    assert options.repeat_option(given.split(), "--incidents") == meant.split()


def test_options_win_over_the_plan_file(tmp_path):
    (tmp_path / "plan.toml").write_text(
        '[inputs]\nincidents = "a.csv"\ncells = "grid.gpkg"\n[columns]\ntime = "时间"\ncell_id = "码"\n',
        encoding="utf-8",
    )
    beneath = of_plan_file(tmp_path / "plan.toml")
    assert beneath.incidents == (str(tmp_path / "a.csv"),)
    assert beneath.runs == str(tmp_path / "runs")
    both_ = merged(of_options({"incidents": ["b.csv"], "category": "类"}), beneath)
    assert both_.incidents == ("b.csv",)
    assert both_.cells == str(tmp_path / "grid.gpkg")
    assert dict(both_.columns) == {"time": "时间", "category": "类"}
    assert dict(both_.cell_columns) == {"cell_id": "码"}


@pytest.mark.parametrize("text", ['[inputs]\nincident = "a"\n', '[columns]\ntimes = "a"\n', "[inputs"])
def test_a_plan_file_with_unknown_inputs_is_refused(tmp_path, text):
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"plan\.toml"):
        of_plan_file(tmp_path / "plan.toml")


def test_a_run_without_a_folder_gets_a_dated_one(monkeypatch):
    assert dated_folder("city/runs", "2026-01-05") == Path("city/runs/2026-01-05")
    assert dated_folder("city/runs", " 2026-01-05 08:30 ") == Path("city/runs/2026-01-05T08T30")
    assert re.fullmatch(r"gridbeacon-\d{4}-\d\d-\d\d", str(dated_folder(None, "")))


def test_patterns_stand_for_files(tmp_path):
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).touch()
    assert [Path(name).name for name in expand([str(tmp_path / "*.csv")])] == ["a.csv", "b.csv"]
    assert expand(["missing.csv"]) == ["missing.csv"]
    with pytest.raises(InputError, match="no file matches"):
        expand([str(tmp_path / "*.xlsx")])


def test_a_run_without_incidents_says_how_to_name_them():
    with pytest.raises(InputError, match="--incidents"):
        Files().for_run()


# --- the voice


def test_progress_is_one_json_object_a_line(capsys):
    voice = Voice("json")
    voice.progress(0.123456, "Reading|读取")
    voice.say("for people")
    voice.error("a", "b", "c", 2)
    said = capsys.readouterr()
    assert said.out == ""
    assert json_lines(said.err) == [
        {"fraction": 0.1235, "text": "Reading", "text_zh": "读取"},
        {"error": {"problem": "a", "where": "b", "fix": "c", "exit_code": 2}},
    ]


def test_without_a_terminal_each_step_is_one_line(capsys):
    voice = Voice("bar")
    for fraction, text in [(0, "Reading|读取"), (0.1, "Reading|读取"), (0.5, "Testing|检验")]:
        voice.progress(fraction, text)
    assert capsys.readouterr().err.splitlines() == ["  0%  Reading", " 50%  Testing"]
    Voice("none").progress(0.5, "Testing")
    assert capsys.readouterr().err == ""


def test_text_without_a_translation_serves_both_languages():
    assert both("Reading|读取") == ("Reading", "读取")
    assert both("Reading") == ("Reading", "Reading")


# --- errors and exit codes


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            InputError("no rows", where="a.csv", fix="Export it again."),
            2,
            "error: no rows\n  where: a.csv\n  fix:   Export it again.\n",
        ),
        (EnvironmentProblem("disk full", where="D:", fix="Free some."), 4, "error: disk full\n"),
        (PermissionError(13, "Permission denied", "out"), 4, "error: permission denied [E-SYS-003]\n  where: out\n"),
        (
            ModuleNotFoundError("No module", name="rasterio"),
            4,
            "error: the Python package rasterio cannot be loaded [E-SYS-001]\n",
        ),
        (MemoryError(), 4, "error: the machine ran out of memory [E-SYS-002]\n"),
        (KeyError("13800138000"), 5, "error: a fault of ours: KeyError [E-SYS-004]\n"),
        (Cancelled(), 130, "error: cancelled\n"),
        (entry.Stopped(), 130, "error: cancelled\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_error_ends_in_three_lines_and_its_code(monkeypatch, capsys, error, code, said):
    """Whatever the engine raises; the text of a foreign error may hold a person's number and is not shown."""

    def fail(*arguments, **settings):
        raise error

    monkeypatch.delenv("GRIDBEACON_DEBUG", raising=False)
    monkeypatch.setattr("gridbeacon.cli.doctor.examine", fail)
    assert execute(["doctor"]) == code
    told = capsys.readouterr()
    assert told.err.startswith(said)
    assert len(told.err.splitlines()) == 3
    assert "13800138000" not in told.err and "Traceback" not in told.err and told.out == ""


def test_debugging_shows_the_traceback(monkeypatch, capsys):
    def fail(quick):
        raise KeyError("x")

    monkeypatch.setenv("GRIDBEACON_DEBUG", "1")
    monkeypatch.setattr("gridbeacon.cli.doctor.examine", fail)
    assert execute(["doctor"]) == 5
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["run", "--colour", "red"],
        ["run", "--window", "a week"],
        ["run", "--bin", "fortnight"],
        ["run", "left over"],
        ["run", "--incidents"],
        ["run"],
        ["run", "--incidents", "a.csv", "--window", "0"],
        ["run", "--plan", "missing.toml"],
        ["step", "no_such_model"],
        ["step", "getis_ord", "--incidents", "a.csv"],
        ["run", "--progress", "loud"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_message_and_code_2(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert execute(arguments) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].strip() for line in told] == ["error", "where", "fix"]
    assert list(tmp_path.iterdir()) == []


def test_the_plugin_reads_errors_as_json(capsys):
    """Even those of arguments, which come before the option --progress is parsed."""
    assert execute(["run", "--window", "x", "--progress", "json"]) == 2
    (line,) = json_lines(capsys.readouterr().err)
    assert line["error"]["exit_code"] == 2 and "--window" in line["error"]["problem"]


def test_models_and_schema_are_the_committed_schema(capsys):
    assert execute(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == options.load_schema()["models"]
    assert execute(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == options.load_schema()
