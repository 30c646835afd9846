"""The engine beside a window without QGIS: what its jobs tell, how they end, what they leave; under PyQt5 and PyQt6.

A stand-in speaks the engine's protocol; `test_engine_ways.py` makes an engine and runs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from desk import Desk

pytest.importorskip("PyQt5")
SESSION = Path(__file__).parent / "qt" / "engine_session.py"
BLOCK = 0.3
"""Seconds the window may stand still: 0.01 on a machine of one's own, more where others work too; a wait is longer."""
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GRIDBEACON_PACKAGES")
POISON = {**dict.fromkeys(FOREIGN, "/nowhere"), "PYTHONIOENCODING": "gbk"}


def ask(
    plugin: Path, home: Path, acts: list[dict[str, Any]], qt: int = 5, wrap: tuple[str, ...] = (), **environment: str
) -> list[dict[str, Any]]:
    """What a session of the plugin in *plugin* answers; *home* is the user's folder."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "XDG_", "VIRTUAL_ENV"))}
    clean = {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONPATH": str(plugin / "plugin" / "launch"),
        "QT_QPA_PLATFORM": "offscreen",
        "GRIDBEACON_MARK": uuid.uuid4().hex,
        **environment,
    }
    command = [*wrap, sys.executable, str(SESSION), json.dumps({"qt": qt, "acts": acts})]
    done = subprocess.run(command, capture_output=True, text=True, env=clean, timeout=600)
    lines = done.stdout.strip().splitlines()
    assert done.returncode == 0 and lines, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    told = json.loads(lines[-1])
    assert told["qt"].startswith(f"PyQt{qt}")
    return told["told"]


@pytest.fixture
def stand_in(tmp_path, root):
    """The face with a stand-in behind it, in a folder with a blank and Chinese in its name."""
    return Desk(tmp_path / "张三 文档", sys.executable).put_stand_in(root).plugin


def run(folder: Path, **facts: Any) -> dict[str, Any]:
    """The act of a run into a new folder."""
    return {"do": "job", "arguments": ["run", "--out", str(folder / uuid.uuid4().hex)], **facts}


WORDS = {
    "refuse": ["no column holds a time", "calls.csv", "Name it: --time COLUMN"],
    "crash": ["The engine crashed (code 11). Your project is untouched.", "self-test"],
    "starve": ["memory ran out", "shorter period"],
    "starve_in_a_shell": ["memory ran out", "shorter period"],
    "lack": ["lacks a package: no_such_package_here", "pip install"],
    "mumble": ["The engine ended with code 3 and without a result.", "Read the log"],
}


@pytest.mark.parametrize("qt", [5, 6])
def test_a_job_tells_its_progress_and_ends_once(stand_in, tmp_path, qt):
    """Well or badly: one ending, in words; no process, no work folder left."""
    home = tmp_path / "home"
    acts = [run(tmp_path), *(run(tmp_path, behaviour=name) for name in WORDS)]
    fine, *troubles = ask(stand_in, home, acts, qt)
    assert (fine["ending"], fine["endings"], fine["done"]["warnings"]) == ("finished", 1, 3)
    assert fine["steps"] == [[0.25, "Reading incidents"], [1.0, "Done"]] and fine["said"] == [
        "2 person columns dropped"
    ]
    for name, told in zip(WORDS, troubles, strict=True):
        assert (told["ending"], told["endings"], told["left"]) == ("failed", 1, []), (name, told)
        assert all(words in "\n".join(told["error"]) for words in WORDS[name]), (name, told["error"])
    assert list(home.glob("gridbeacon-*")) == []


def test_a_full_disk_is_told_before_anything_starts(stand_in, tmp_path):
    (told,) = ask(stand_in, tmp_path / "home", [run(tmp_path, full=True)])
    assert (told["ending"], told["endings"], told["error"][1]) == ("failed", 1, "/somewhere") and "no room" in str(told)


def test_trouble_is_told_in_chinese_too(stand_in, tmp_path):
    told = ask(stand_in, tmp_path / "home", [run(tmp_path, behaviour="starve")], GRIDBEACON_LANG="zh")
    assert told[0]["error"][0] == "系统结束了计算引擎,多半是内存不足。"


@pytest.mark.parametrize(("behaviour", "qt"), [("slow", 5), ("deaf", 5), ("deaf", 6)])
def test_a_cancel_ends_everything_within_two_seconds(stand_in, tmp_path, behaviour, qt):
    """At several moments; the engine and its children may ignore SIGTERM. The window lives on meanwhile."""
    runs, home = tmp_path / "runs", tmp_path / "home"
    runs.mkdir()
    acts = [run(runs, behaviour=behaviour, cancel_after=moment) for moment in (0, 20, 60, 150, 700, 1500)]
    cancels = ask(stand_in, home, acts, qt)
    for told in cancels:
        assert (told["ending"], told["endings"], told["left"]) == ("cancelled", 1, []), told
        assert told["took"] < 2.0 and told["longest"] < BLOCK, told
    assert cancels[-1]["seen"] == 3, "the engine and its two children were at work before the cancel"
    assert list(runs.iterdir()) == [] and list(home.glob("gridbeacon-*")) == []


def test_what_still_runs_is_ended_when_the_window_goes(stand_in, tmp_path):
    (told,) = ask(stand_in, tmp_path / "home", [{"do": "quit_early", "arguments": run(tmp_path)["arguments"]}])
    assert told == {"seen": 3, "left": []}


def test_a_flood_of_output_neither_blocks_nor_is_lost(stand_in, tmp_path):
    """Six megabytes on stdout and as much as a pipe holds many times over on stderr."""
    act = {**run(tmp_path, behaviour="flood", brief=True)}
    act["arguments"] += ["--json"]
    (told,) = ask(stand_in, tmp_path / "home", [act])
    assert told["ending"] == "finished" and told["done"] == {"rows": 50_000}, told
    assert told["steps"][-1][0] > 0.999 and told["longest"] < BLOCK


def test_the_surroundings_of_the_engine_are_clean(stand_in, tmp_path):
    """QGIS's variables do not reach it, and nothing of the work folder is a module; with a folder of packages, no other
    place than it and the standard library is looked at."""
    home, packages = tmp_path / "home", tmp_path / "软件 包"
    packages.mkdir()
    own = home / ".local" / "share" / "GridBeacon"
    own.mkdir(parents=True)
    user_site = home / ".local" / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    user_site.mkdir(parents=True)
    python = Path(sys.base_prefix) / "bin" / "python3"
    (own / "engine.json").write_text(json.dumps({"python": str(python), "packages": str(packages)}), encoding="utf-8")
    act = run(tmp_path)
    told = ask(stand_in, home, [{"do": "poison", "with": POISON}, act, {"do": "find"}], GRIDBEACON_LANG="zh")
    assert [step[1] for step in told[1]["steps"]] == ["读取事件", "完成"], "UTF-8, whatever the user has set"
    asked = json.loads((Path(act["arguments"][-1]) / "asked.json").read_text(encoding="utf-8"))
    assert [asked["environment"][name] for name in ("PYTHONHOME", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA")] == [None] * 4
    launch, *rest = asked["path"]
    assert launch == str(stand_in / "plugin" / "launch") and rest[-1] == str(packages)
    assert not [entry for entry in rest if entry.endswith(("site-packages", "dist-packages"))]
    assert asked["folder"] not in asked["path"] and "" not in asked["path"]
    assert told[2]["packages"] == str(packages) and told[2]["python"] == str(python)


def test_the_last_good_briefing_is_remembered_until_it_is_gone(stand_in, tmp_path):
    """A failed run does not take its place."""
    first, home = run(tmp_path), tmp_path / "home"
    acts = [{"do": "find"}, first, {"do": "find"}, run(tmp_path, behaviour="refuse"), {"do": "find"}]
    told = ask(stand_in, home, acts)
    page = Path(first["arguments"][-1]) / "briefing.html"
    assert [told[place]["last"] for place in (0, 2, 4)] == ["", str(page), str(page)]
    page.unlink()
    assert ask(stand_in, home, [{"do": "find"}])[0]["last"] == ""


def test_only_dead_work_folders_of_ours_are_swept(tmp_path, monkeypatch):
    """Older than a day and held by nobody alive; QGIS's own temporary folders are looked into, never removed."""
    from gridbeacon.plugin.engine import sweeping

    monkeypatch.setattr(sweeping.tempfile, "gettempdir", lambda: str(tmp_path))
    old = time.time() - 25 * 3600
    names = ("gridbeacon-dead", "gridbeacon-held", "gridbeacon-crashed", "gridbeacon-young", "elsewhere")
    folders = {name: tmp_path / name for name in names}
    folders["in qgis"] = tmp_path / "processing_x" / "gridbeacon-dead"
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "layer.gpkg").write_text("x", encoding="utf-8")
    target = tmp_path / "not ours"
    target.mkdir()
    (tmp_path / "gridbeacon-link").symlink_to(target)
    lock = sweeping.hold(folders["gridbeacon-held"])
    _lock_of_a_dead_process(folders["gridbeacon-crashed"])
    for name, folder in folders.items():
        for path in (*folder.iterdir(), folder) if name != "gridbeacon-young" else ():
            os.utime(path, (old, old))
    gone = sweeping.sweep_dead()
    assert sorted(gone) == sorted(folders[name] for name in ("gridbeacon-dead", "gridbeacon-crashed", "in qgis"))
    assert (tmp_path / "processing_x").is_dir() and target.is_dir()
    lock.unlock()
    later = time.time() + 25 * 3600
    assert sorted(sweeping.sweep_dead(later)) == sorted(folders[f"gridbeacon-{name}"] for name in ("held", "young"))


def test_what_an_ended_engine_leaves_beside_its_folder_is_swept(tmp_path):
    """Of that folder alone, whatever signs its name has."""
    from gridbeacon.plugin.engine import sweeping

    for name in ("work", ".run [1].ab12.part", ".run 1.cd34.part"):
        (tmp_path / name).mkdir()
    sweeping.sweep(tmp_path / "work", tmp_path / "run [1]")
    assert [path.name for path in tmp_path.iterdir()] == [".run 1.cd34.part"]


def test_on_windows_the_tree_is_ended_before_its_root(monkeypatch):
    """By Windows' own program: one of that name in the folder at work is not started."""
    from gridbeacon.plugin.engine import ending

    done = []
    qt = SimpleNamespace(ProcessState=ending.QtCore.QProcess.ProcessState)
    qt.execute = qt.startDetached = lambda program, arguments: done.append((program, *arguments))
    monkeypatch.setattr(ending, "QtCore", SimpleNamespace(QProcess=qt))
    monkeypatch.setattr(ending.sys, "platform", "win32")
    monkeypatch.setenv("SYSTEMROOT", "D:\\Win")
    process = SimpleNamespace(state=lambda: qt.ProcessState.Running, kill=lambda: done.append("root"))
    tree = ("D:\\Win\\System32\\taskkill.exe", "/PID", "7", "/T", "/F")
    ending.ask_to_end(process, 7)
    ending.end_by_force(process, 7)
    assert done == [tree, tree, "root"]


def _lock_of_a_dead_process(folder: Path) -> None:
    script = "import os, sys; from PyQt5 import QtCore as c; k = c.QLockFile(sys.argv[1]); k.tryLock(0); os._exit(0)"
    subprocess.run([sys.executable, "-c", script, str(folder / "in-use.lock")], check=True)
    assert (folder / "in-use.lock").exists()


def test_the_python_of_qgis_is_looked_for_where_each_system_has_it(tmp_path):
    """Never `sys.executable`: inside QGIS that is the first python3 on the path."""
    from gridbeacon.plugin.engine.probing import candidates

    windows = candidates("win32", Path("C:/QGIS/apps/Python312"), Path("C:/QGIS/bin"), (3, 12))
    assert Path("C:/QGIS/apps/Python312/python.exe") in windows and Path("C:/QGIS/bin/python3.exe") in windows
    linux = candidates("linux", Path("/usr"), Path("/usr/bin"), (3, 11))
    assert linux[0] == Path("/usr/bin/python3.11") and Path("/usr/bin/python3") in linux
    mac = candidates("darwin", Path("/QGIS.app/Contents/MacOS"), Path("/QGIS.app/Contents/MacOS"), (3, 12))
    assert mac[0] == Path("/QGIS.app/Contents/MacOS/bin/python3.12")
    assert Path(sys.executable) not in {*windows, *linux, *mac}


def test_a_program_that_is_no_python_is_refused(stand_in, tmp_path):
    """It is not even started where its name has nothing of a Python; one of another version is passed over; one that
    never answers is ended."""
    false, mute = tmp_path / "python3", tmp_path / "python"
    false.write_text("#!/bin/sh\necho 3.11\n", encoding="utf-8")
    mute.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    false.chmod(0o755)
    mute.chmod(0o755)
    acts = [
        {"do": "probe", "python": "/bin/ls"},
        {"do": "probe", "python": str(false)},
        {"do": "search", "places": [str(tmp_path / "none"), str(false), sys.executable]},
        {"do": "search", "places": [str(false)]},
        {"do": "probe", "python": str(mute), "patience": 300},
    ]
    first, second, found, none, third = ask(stand_in, tmp_path / "home", acts)
    assert all("no Python" in told["error"][0] for told in (first, second, third))
    assert third["left"] == [] and third["endings"] == 1
    assert found["done"]["python"] == sys.executable and found["done"]["json"]["tag"] == f"cp3{sys.version_info[1]}"
    assert none["ending"] == "failed" and none["endings"] == 1
