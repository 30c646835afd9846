"""The command line as a person or the plugin meets it: what it says, where it says it, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gridbeacon.cli import entry, options
from gridbeacon.cli.entry import execute
from gridbeacon.cli.inputs import Files, dated_folder, expand, merged, of_options, of_plan_file
from gridbeacon.cli.sample import make_tiny_city
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


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A small city as files: (incidents, cells)."""
    return make_tiny_city(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def done(tiny, tmp_path_factory):
    """One whole run on the tiny city, as the plugin starts it: (folder, process)."""
    out = tmp_path_factory.mktemp("runs") / "晨报 1"
    arguments = ["run", "--incidents", tiny[0], "--cells", tiny[1], "--out", out, "--progress", "json", "--json"]
    process = engine(arguments)
    assert process.returncode == 0, process.stderr
    return out, process


def engine(arguments, **more):
    """The engine in a process of its own."""
    command = [sys.executable, "-m", "gridbeacon", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=Path(sys.prefix), **more)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


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


# --- input that cannot be used


def _empty(folder, incidents, cells):
    incidents.write_text("", encoding="utf-8")


def _only_a_header(folder, incidents, cells):
    incidents.write_text(incidents.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


def _no_coordinates(folder, incidents, cells):
    rows = [line.split(",")[:3] for line in incidents.read_text(encoding="utf-8").splitlines()]
    incidents.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")


def _wrong_columns(folder, incidents, cells):
    incidents.write_text("a,b,c\n1,2,3\n4,5,6\n", encoding="utf-8")


def _all_outside(folder, incidents, cells):
    incidents.write_text(incidents.read_text(encoding="utf-8").replace(",117.0", ",113.0"), encoding="utf-8")


def _one_day(folder, incidents, cells):
    lines = incidents.read_text(encoding="utf-8").splitlines()
    incidents.write_text("\n".join([lines[0], *(line for line in lines if "2025-01-05" in line)]), encoding="utf-8")


def _cells_of_lines(folder, incidents, cells):
    line = {"type": "LineString", "coordinates": [[117.0, 30.0], [117.1, 30.1]]}
    feature = {"type": "Feature", "properties": {"网格编码": "1"}, "geometry": line}
    cells.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")


def _cells_that_are_no_map(folder, incidents, cells):
    cells.write_text("not a map", encoding="utf-8")


def _no_incident_file(folder, incidents, cells):
    incidents.unlink()


def _no_cell_file(folder, incidents, cells):
    cells.unlink()


def _a_picture(folder, incidents, cells):
    incidents.write_bytes(bytes(range(256)) * 40)


SPOILED = [
    _empty,
    _only_a_header,
    _no_coordinates,
    _wrong_columns,
    _all_outside,
    _one_day,
    _cells_of_lines,
    _cells_that_are_no_map,
    _no_incident_file,
    _no_cell_file,
    _a_picture,
]


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda spoil: spoil.__name__.strip("_"))
@pytest.mark.parametrize("command", ["run", "check"])
def test_input_that_cannot_be_used_ends_in_one_clear_message(command, spoil, tmp_path, capsys):
    """Exit code 2, three lines, no traceback, and nothing written."""
    incidents, cells = make_tiny_city(tmp_path)
    spoil(tmp_path, incidents, cells)
    before = sorted(path.name for path in tmp_path.iterdir())
    out = ["--out", str(tmp_path / "out")] if command == "run" else []
    code = execute([command, "--incidents", str(incidents), "--cells", str(cells), *out, "--progress", "none"])
    told = capsys.readouterr().err
    assert code == 2, told
    lines = told.splitlines()
    assert [line.split(":")[0].strip() for line in lines[-3:]] == ["error", "where", "fix"]
    assert "Traceback" not in told
    assert sorted(path.name for path in tmp_path.iterdir()) == before


# --- a whole run


def test_a_run_tells_its_progress_and_its_end(done):
    out, process = done
    lines = json_lines(process.stderr)
    fractions = [line["fraction"] for line in lines if "fraction" in line]
    assert fractions == sorted(fractions) and fractions[-1] <= 1 and len(fractions) > 3
    assert all(line["text"] and line["text_zh"] for line in lines if "fraction" in line)
    assert lines[-1]["done"] == {
        "out": str(out),
        "briefing": str(out / "briefing.html"),
        "warnings": lines[-1]["done"]["warnings"],
        "numbers": lines[-1]["done"]["numbers"],
    }
    numbers = lines[-1]["done"]["numbers"]
    levels = [numbers[level] for level in ("red", "orange", "yellow", "blue")]
    assert (numbers["warnings"], sum(levels)) == (lines[-1]["done"]["warnings"], numbers["warnings"])
    assert lines[-1]["done"]["warnings"] >= 1


def test_json_on_stdout_is_the_manifest_of_the_folder(done):
    out, process = done
    assert json.loads(process.stdout) == json.loads((out / "manifest.json").read_text(encoding="utf-8"))


def test_a_folder_is_not_written_over_unless_asked(done, tiny, capsys):
    out, _ = done
    before = (out / "manifest.json").read_bytes()
    arguments = ["run", "--incidents", str(tiny[0]), "--cells", str(tiny[1]), "--out", str(out), "--progress", "none"]
    assert execute(arguments) == 2
    assert "--replace" in capsys.readouterr().err
    assert (out / "manifest.json").read_bytes() == before
    assert execute([*arguments, "--replace"]) == 0
    assert "briefing" in capsys.readouterr().err


def test_check_tells_what_would_be_used_and_writes_nothing(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert execute(["check", "--incidents", str(tiny[0]), "--cells", str(tiny[1]), "--json", "--progress", "none"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["account"]["rows_in"] == len(tiny[0].read_text(encoding="utf-8").splitlines()) - 1
    assert found["mapping"]["time"] == "受理时间"
    assert "受理时间" in told.err
    assert list(tmp_path.iterdir()) == []


# --- ending early


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without a signal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_with_130_and_nothing_behind(tiny, tmp_path, number):
    """As the plugin cancels: the engine leads a group of its own, and the group gets the signal."""
    command = [
        sys.executable,
        "-m",
        "gridbeacon",
        "run",
        "--incidents",
        tiny[0],
        "--cells",
        tiny[1],
        "--out",
        tmp_path / "out",
    ]
    environment = {**os.environ, "GRIDBEACON_GROUP": "1"}
    process = subprocess.Popen([*command, "--progress", "json"], stderr=subprocess.PIPE, text=True, env=environment)
    first = json.loads(process.stderr.readline())
    assert "fraction" in first
    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
    os.killpg(process.pid, number)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert json_lines(rest)[-1]["error"]["exit_code"] == 130
    time.sleep(0.1)
    assert list(tmp_path.iterdir()) == []


def test_only_one_interrupt_reaches_the_tidying_up():
    before = entry._catch_signals()
    try:
        with pytest.raises(entry.Stopped):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the other commands


def test_doctor_looks_at_everything(capsys):
    """The machine that runs the tests is fit, or nothing else here could pass."""
    assert execute(["doctor", "--json"]) == 0
    told = capsys.readouterr()
    found = {finding["name"]: finding for finding in json.loads(told.out)["findings"]}
    assert {"python", "packages", "disk", "coordinates", "browser", "chinese font", "self-test"} <= set(found)
    assert "made-up incidents" in found["self-test"]["detail"]


def test_doctor_names_what_is_missing_and_ends_with_4(monkeypatch, capsys, tmp_path):
    asked = tmp_path / "requirements.txt"
    asked.write_text("click>=8.1\nno-such-package>=2.5\nrich>=9999\n", encoding="utf-8")
    monkeypatch.setattr("gridbeacon.cli.doctor.REQUIREMENTS", asked)
    assert execute(["doctor", "--quick", "--json"]) == 4
    said = capsys.readouterr()
    assert "pip install no-such-package>=2.5 rich>=9999" in said.err and "missing" in said.err
    told = json.loads(said.out)
    assert [(p["name"], p["needed"], p["ok"]) for p in told["packages"]] == [
        ("click", "8.1", True),
        ("no-such-package", "2.5", False),
        ("rich", "9999", False),
    ]
    assert told["packages"][1]["installed"] == "" and told["packages"][2]["installed"]
    assert told["python"]["executable"] == sys.executable and told["fit"] is False
    assert "self-test" not in {finding["name"] for finding in told["findings"]}


@pytest.mark.parametrize(
    ("installed", "needed", "ok"),
    [
        ("2.10.0", "2.9", True),
        ("2.9", "2.10", False),
        ("3.0.0rc1", "3.0", True),
        ("1", "", True),
        ("1.26", "1.26", True),
    ],
)
def test_a_version_is_compared_by_its_numbers(monkeypatch, installed, needed, ok):
    from gridbeacon.cli import doctor

    monkeypatch.setattr(doctor, "version", lambda name: installed)
    (found,) = doctor.packages_of(f"click>={needed}" if needed else "click")
    assert (found.installed, found.needed, found.ok) == (installed, needed, ok)


def test_doctor_looks_for_what_the_packaging_asks_for():
    from importlib.metadata import requires

    from gridbeacon.cli.doctor import REQUIREMENTS

    needed = [line for line in requires("gridbeacon") if "extra ==" not in line]
    asked = REQUIREMENTS.read_text(encoding="utf-8").split()
    assert sorted(line.lower() for line in asked) == sorted(line.lower() for line in needed)


def test_models_and_schema_are_the_committed_schema(capsys):
    assert execute(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == options.load_schema()["models"]
    assert execute(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == options.load_schema()


@pytest.mark.parametrize("name", [n for n, s in options.load_schema()["steps"].items() if "incidents" in s["inputs"]])
@pytest.mark.parametrize("suffix", ["gpkg", "csv"])
def test_every_step_writes_its_table(name, suffix, tiny, tmp_path, capsys):
    import geopandas as gpd
    import pandas as pd

    out = tmp_path / f"{name}.{suffix}"
    cells = ["--cells", str(tiny[1])] if "cells" in options.load_schema()["steps"][name]["inputs"] else []
    if name == "escalation":  # the tiny city has neither disputes nor brawls
        cells += ["--leading", "供水", "--following", "市容"]
    if name == "recomplaints":  # nor times of closing
        cells += ["--closed-time", "受理时间"]
    assert (
        execute(["step", name, "--incidents", str(tiny[0]), *cells, "--out", str(out), "--json", "--progress", "none"])
        == 0
    )
    result = json.loads(capsys.readouterr().out)
    table = gpd.read_file(out) if suffix == "gpkg" else pd.read_csv(out, dtype={"cell_id": str})
    assert len(table) == result["rows"] > 0
    several = {"count_incidents", "closure", "year_on_year"}  # many rows of each unit; points and surfaces have none
    if "cell_id" in table and name not in several:
        assert table["cell_id"].is_unique
    assert execute(["step", name, "--incidents", str(tiny[0]), *cells, "--out", str(out), "--progress", "none"]) == 2
    assert "--replace" in capsys.readouterr().err
