"""`check` and `replay` for a face: progress and a done line as JSON, and nothing left when they are stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.layers.quality_report import report

COMMANDS = ("check", "replay")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    incidents, cells = make_tiny_city(tmp_path_factory.mktemp("tiny"))
    return ["--incidents", str(incidents), "--cells", str(cells)]


@pytest.fixture(scope="module")
def span(files):
    """The last days of the tiny city, as options of replay."""
    import pandas as pd

    times = pd.to_datetime(pd.read_csv(files[1])["受理时间"])
    end = times.max().normalize()
    return ["--from", f"{end - pd.Timedelta(days=3):%Y-%m-%d}", "--to", f"{end:%Y-%m-%d}"]


def asked(command, files, span, out):
    return [command, *files, *(span if command == "replay" else []), "--out", str(out), "--progress", "json"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_last_line_says_what_was_made_with_figures(command, files, span, tmp_path, capsys):
    assert execute(asked(command, files, span, tmp_path / "out")) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    fractions = [line["fraction"] for line in lines if "fraction" in line]
    assert len(fractions) > 3 and fractions == sorted(fractions) and all(line["text_zh"] for line in lines[:3])
    done = lines[-1]["done"]
    assert done["out"] == str(tmp_path / "out") and Path(done["report"]).is_file()
    wanted = {"check": {"rows_in", "rows_used", "faults"}, "replay": {"moments", "outages", "warnings"}}
    assert wanted[command] <= set(done["numbers"]) and all(isinstance(n, int) for n in done["numbers"].values())


def test_a_check_that_writes_nothing_is_done_too(files, capsys):
    assert execute(["check", *files, "--progress", "json", "--json"]) == 0
    told = capsys.readouterr()
    done = json.loads(told.err.splitlines()[-1])["done"]
    assert set(done) == {"numbers"} and done["numbers"]["rows_in"] == json.loads(told.out)["account"]["rows_in"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_is_there_is_refused_before_any_work(command, files, span, tmp_path, capsys):
    assert execute(asked(command, files, span, tmp_path / "out")) == 0
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    assert execute(asked(command, files, span, tmp_path / "out")) == 2
    (only,) = capsys.readouterr().err.splitlines()
    assert json.loads(only)["error"]["code"].startswith("E-OUT-")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before
    assert execute([*asked(command, files, span, tmp_path / "out"), "--replace"]) == 0


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("after", [1, 5])
def test_stopped_at_any_moment_it_ends_with_130_and_leaves_nothing(command, after, files, span, tmp_path):
    environment = {**os.environ, "GRIDBEACON_GROUP": "1"}
    line = [sys.executable, "-m", "gridbeacon", *asked(command, files, span, tmp_path / "out")]
    with subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True, encoding="utf-8") as engine:
        for _ in range(after):
            engine.stderr.readline()
        engine.send_signal(signal.SIGTERM)
        rest = engine.stderr.read()
        assert engine.wait(60) == 130, rest
    assert json.loads(rest.splitlines()[-1])["error"]["exit_code"] == 130
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_the_former_one_whole(files, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    assert execute(["check", *files, "--out", str(out), "--progress", "none"]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(report, "make_page", lambda *facts: "x" * 9 + "\udfff")  # cannot be encoded: fails at the end
    assert execute(["check", *files, "--out", str(out), "--replace", "--progress", "none"]) == 5
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
