"""The drop folder: each warning once, whole, in order; and the run's folder it is taken from, as the run wrote it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers.drop_folder import drop, drop_run
from gridbeacon.layers.finished_run import read_run
from gridbeacon.layers.run_folder import RunFolder
from gridbeacon.layers.spreadsheets import write_csv
from gridbeacon.layers.style import STATUTORY_ZH
from paper_record import EVIL, FIRST, warning

FACTS = {"as_of": FIRST, "timezone": "Asia/Shanghai", "run_id": "run-1", "drill": False}
ROWS = [warning("a", "red"), warning("b", "orange", within_budget=False)]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def listed(folder):
    return [(entry["sequence"], entry["warning_id"]) for entry in read(folder / "list.json")["warnings"]]


def test_a_file_per_warning_and_a_list(tmp_path):
    assert [path.name for path in drop(tmp_path, ROWS, FACTS)] == ["00000001.json", "00000002.json"]
    first = read(tmp_path / "00000001.json")
    assert (first["format"], first["version"], first["sequence"], first["status"]) == (
        "gridbeacon.warning",
        1,
        1,
        "internal",
    )
    assert (first["level"], first["verb"], first["statement"]) == ("red", "立即核查", STATUTORY_ZH)
    assert first["warning"]["observed"] == 22 and first["warning"]["reason"] == "当日供水22件,平时约0.2件"
    assert read(tmp_path / "00000002.json")["warning"]["within_budget"] is False
    assert listed(tmp_path) == [(1, "a"), (2, "b")]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_the_same_is_dropped_once_and_a_change_of_level_or_day_again(tmp_path):
    drop(tmp_path, ROWS, FACTS)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert drop(tmp_path, ROWS, FACTS) == [] and {p: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert len(drop(tmp_path, [warning("a", "orange")], FACTS)) == 1
    assert len(drop(tmp_path, ROWS, FACTS | {"as_of": "2026-01-02T00:00:00"})) == 2
    assert [number for number, _ in listed(tmp_path)] == [1, 2, 3, 4, 5]


def test_what_the_reader_took_away_does_not_come_back_and_its_number_is_not_used_again(tmp_path):
    for path in drop(tmp_path, ROWS, FACTS):
        path.unlink()
    assert drop(tmp_path, ROWS, FACTS) == []
    assert [path.name for path in drop(tmp_path, [warning("c")], FACTS)] == ["00000003.json"]


def test_a_drop_that_broke_off_is_carried_on(tmp_path):
    drop(tmp_path, ROWS, FACTS)
    (tmp_path / "list.json").unlink()
    (tmp_path / "00000002.json").unlink()
    assert [path.name for path in drop(tmp_path, ROWS, FACTS)] == ["00000002.json"]
    assert listed(tmp_path) == [(1, "a"), (2, "b")]


DROPPER = """
import sys
sys.path[:0] = [sys.argv[2]]
from gridbeacon.layers.drop_folder import drop
from paper_record import warning
for day in range(400):
    drop(sys.argv[1], [warning(f"w{n}") for n in range(3)], {"as_of": f"day {day:03d}", "drill": False})
"""


def test_killed_at_any_moment_nothing_is_torn_lost_or_doubled(tmp_path):
    here = Path(__file__).parent
    for delay in (0.02, 0.11, 0.23):
        process = subprocess.Popen([sys.executable, "-c", DROPPER, tmp_path, here])
        while not list(tmp_path.glob("*.json")):
            time.sleep(0.02)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    days = [f"day {day:03d}" for day in range(400)]
    for day in days[:60]:
        drop(tmp_path, [warning(f"w{n}") for n in range(3)], {"as_of": day, "drill": False})
    keys = [(e["warning_id"], e["as_of"]) for e in read(tmp_path / "list.json")["warnings"]]
    files = [read(path) for path in sorted(tmp_path.glob("[0-9]*.json"))]
    assert len(set(keys)) == len(keys) == len(files)
    assert [(f["warning_id"], f["as_of"]) for f in files] == keys
    assert [f["sequence"] for f in files] == list(range(1, len(files) + 1))


def test_several_who_drop_at_once_lose_nothing(tmp_path):
    """All begin at the same sign; without the lock they take each other's numbers."""
    here, folder, sign = Path(__file__).parent, tmp_path / "drop", tmp_path / "go"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(sign)!r}).exists(): time.sleep(0.001)\nfor day"
    program = DROPPER.replace("400", "20").replace("for day", wait).replace('f"w', 'f"{sys.argv[3]}')
    several = [subprocess.Popen([sys.executable, "-c", program, folder, here, own]) for own in "xy"]
    time.sleep(2)
    sign.touch()
    assert [process.wait(120) for process in several] == [0, 0]
    keys = [(entry["warning_id"], entry["as_of"]) for entry in read(folder / "list.json")["warnings"]]
    assert len(set(keys)) == len(keys) == len(list(folder.glob("[0-9]*.json"))) == 120


def test_texts_from_the_data_stay_texts(tmp_path):
    evil = warning(EVIL) | dict.fromkeys(("cell_name", "category", "reason"), EVIL + "\ud800")
    (path,) = drop(tmp_path, [evil], FACTS)
    assert path.name == "00000001.json" and read(path)["warning"]["category"] == EVIL + "?"
    assert drop(tmp_path, [evil], FACTS) == []


def test_a_drill_says_so(tmp_path):
    (path,) = drop(tmp_path, [warning("a", cell_name="【演练】某街道")], FACTS)
    assert read(path)["status"] == "exercise"
    (path,) = drop(tmp_path, [warning("b")], FACTS | {"drill": True})
    assert read(path)["status"] == "exercise"


def test_no_number_that_json_lacks(tmp_path):
    (path,) = drop(tmp_path, [warning("a", recurrence_days=float("inf"), expected=float("nan"))], FACTS)
    assert read(path)["warning"]["recurrence_days"] is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": "other", "version": 1}', '{"format": "gridbeacon.list", "version": 9}']
)
def test_a_strange_list_is_refused_and_left_alone(tmp_path, text):
    (tmp_path / "list.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        drop(tmp_path, ROWS, FACTS)
    assert caught.value.code == "E-DROP-001" and (tmp_path / "list.json").read_text(encoding="utf-8") == text
    assert not list(tmp_path.glob("0*.json"))


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem) as caught:
        drop(tmp_path / "file" / "folder", ROWS, FACTS)
    assert caught.value.code == "E-PAPER-001"


@pytest.fixture
def run(tmp_path):
    import pandas as pd

    with RunFolder(tmp_path / "run") as folder:
        write_csv(folder / "early_warnings.csv", pd.DataFrame([*ROWS, warning("c", phase="ended", reason=EVIL)]))
        plan = {"plan": {"timezone": "Asia/Taipei"}}
        folder.write_manifest({"run_id": "r", "as_of": FIRST, "plan": plan})
    return folder.out


def test_a_run_is_read_back_with_its_types(run, tmp_path):
    done = read_run(run)
    assert (done.as_of, done.timezone, done.run_id, done.drill) == (FIRST, "Asia/Taipei", "r", False)
    first = done.warnings[0]
    assert (first["observed"], first["within_budget"], first["window_start"]) == (22, True, "2025-12-31T00:00:00")
    assert done.warnings[2]["reason"] == EVIL.replace("\r\n", "\n")
    assert len(drop_run(tmp_path / "drop", done)) == 3


def test_a_list_that_was_edited_and_a_folder_that_is_no_run_are_refused(run, tmp_path, capsys):
    copy = shutil.copytree(run, tmp_path / "copy")
    with (copy / "early_warnings.csv").open("a", encoding="utf-8") as stream:
        stream.write("x\r\n")
    for folder, code in ((copy, "E-READ-002"), (tmp_path / "none", "E-READ-001")):
        assert execute(["drop", "--run", str(folder), "--out", str(tmp_path / "drop")]) == 2
        assert code in capsys.readouterr().err
    assert execute(["drop", "--out", str(tmp_path / "drop")]) == 2 and "E-READ-003" in capsys.readouterr().err
    assert not (tmp_path / "drop").exists()


def test_the_command_drops_once(run, tmp_path, capsys):
    command = ["drop", "--run", str(run), "--out", str(tmp_path / "drop"), "--json"]
    assert execute(command) == 0 and len(json.loads(capsys.readouterr().out)["files"]) == 3
    assert execute(command) == 0 and json.loads(capsys.readouterr().out)["files"] == []
