"""Runs and steps on the command line: input that cannot be used, a whole run, ending early, the table of every step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from command_line import engine, json_lines
from gridbeacon.cli import entry, options, steps
from gridbeacon.cli.entry import execute
from gridbeacon.cli.sample import make_tiny_city


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


@pytest.fixture
def worked_once(monkeypatch):
    """Steps whose work is done once for all formats: what is written, and what refused, is still each one's own."""

    def once(name, step):
        def work(*asked):
            if name not in WORKED:
                WORKED[name] = step.work(*asked)
            table, notices = WORKED[name]
            return table.copy(), list(notices)

        return replace(step, work=work)

    described = steps.all_steps()
    monkeypatch.setattr(steps, "all_steps", lambda: {name: once(name, step) for name, step in described.items()})


WORKED = {}
"""Step -> its table and notices on the tiny city."""


@pytest.mark.parametrize("name", [n for n, s in options.load_schema()["steps"].items() if "incidents" in s["inputs"]])
@pytest.mark.parametrize("suffix", ["gpkg", "csv"])
def test_every_step_writes_its_table(name, suffix, tiny, tmp_path, capsys, worked_once):
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
