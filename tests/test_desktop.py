"""The window without QGIS, driven under both Qts with the real engine; and the command that opens it."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

SCRIPT = Path(__file__).parent / "qt" / "desktop_window.py"
RIDDANCE = 2.0
"""Seconds within which a cancelled run is gone."""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A user of our own: nothing remembered, nothing set up."""
    return {
        **os.environ,
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "GRIDBEACON_MARK": uuid.uuid4().hex,
        "QT_QPA_PLATFORM": "offscreen",
        "GRIDBEACON_LANG": "zh",
        **more,
    }


def drive(folder: Path, root: Path, binding: str, **wish: object) -> dict:
    """What the script tells after it has driven the window."""
    folder.mkdir(parents=True)
    sample = folder / "样例 数据"
    shutil.copytree(root / "sample_data", sample, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    wish = {
        "binding": binding,
        "files": [str(sample / n) for n in ("incidents_2025.csv.zip", "cells.geojson.zip", "incidents_2024.csv.zip")],
        "runs": str(folder / "成果 目录"),
        "ledger": str(folder / "台账.sqlite"),
        **wish,
    }
    command = [sys.executable, str(SCRIPT), json.dumps(wish)]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=240, cwd=folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return {**json.loads(done.stdout.strip().splitlines()[-1]), "wish": wish, "folder": folder}


@pytest.fixture(scope="module", params=["PyQt5", "PyQt6"])
def told(request, tmp_path_factory, root):
    """One whole morning in the window, under each Qt."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not here")
    return drive(tmp_path_factory.mktemp("desktop") / "张三 文档", root, request.param)


def test_the_window_opens_for_a_new_user(told):
    """Title, icon, menus with their letters; nothing remembered yet; no package of the engine, no QGIS."""
    assert told["title"] == "网格烽燧 GridBeacon" and told["icon"]
    assert told["menus"] == ["文件(&F)", "研判(&U)", "帮助(&H)"]
    assert told["before"] == [0, 0] and told["loaded"] == [] and told["faults"] == []


def test_dropped_files_are_parted_and_their_fields_guessed(told):
    """Polygons become the cells, tables the incidents, both years together; the fields are known without the engine."""
    files = told["wish"]["files"]
    assert told["dropped"] and not told["refused"]
    assert told["unknown"][0] and SCRIPT.name in told["unknown"][1]
    assert told["chosen"] == [[files[0], files[2]], [files[1]]]
    assert told["fields"] == {"time": "发生时间", "category": "诉求大类 › 诉求小类 › 诉求事项", "id": "工单编号"}


def test_a_cancel_leaves_nothing(told):
    assert told["at_work"] >= 1
    assert told["cancel_took"] < RIDDANCE
    assert told["after_cancel"] == {"strays": [], "left": []}


def test_a_run_opens_its_briefing_and_shows_its_warnings(told):
    """The table comes to the front; the briefing is what the browser was asked to open."""
    assert told["problem"] == "" and len(told["finished"]) == 1
    folder = Path(told["finished"][0])
    assert folder.parent == Path(told["wish"]["runs"]) and told["opened"] == [str(folder / "briefing.html")]
    with (folder / "early_warnings.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert told["rows"] == len(list(csv.DictReader(stream))) > 0
    assert told["in_front"]


def test_a_warning_is_judged_in_the_table(told):
    """Into the ledger, without the engine: the command line reads it there."""
    assert told["judged"] == [1] and told["known"] == "true"
    command = [sys.executable, "-m", "gridbeacon", "ledger", "list", "--ledger", told["wish"]["ledger"], "--json"]
    listed = subprocess.run(command, capture_output=True, text=True, env=environment(told["folder"]), check=True)
    assert told["first"] in listed.stdout and "judged" in listed.stdout


def test_a_double_click_opens_the_briefing_at_the_warning(told):
    """Through a page that leads there, since systems drop what follows the # of a file's address."""
    address = re.search(r"url=([^\"]*)", told["door"]).group(1)
    assert address == f"file://{quote(told['finished'][0])}/briefing.html#warning={told['first']}"


@pytest.fixture(scope="module")
def by_command(tmp_path_factory, root):
    """The same files through the command line."""
    folder, sample = tmp_path_factory.mktemp("command"), root / "sample_data"
    command = [sys.executable, "-m", "gridbeacon", "run", "--cells", str(sample / "cells.geojson.zip")]
    for year in ("2025", "2024"):
        command += ["--incidents", str(sample / f"incidents_{year}.csv.zip")]
    command += ["--ledger", str(folder / "ledger.sqlite"), "--out", str(folder / "run")]
    subprocess.run(command, check=True, capture_output=True, env=environment(folder))
    return folder / "run"


def test_the_same_tables_as_the_command_line_byte_for_byte(told, by_command):
    for name in ("early_warnings.csv", "members.csv", "quarantine.csv"):
        assert (Path(told["finished"][0]) / name).read_bytes() == (by_command / name).read_bytes()


def test_what_was_used_is_there_the_next_time(told):
    """The files chosen, and those used lately; nothing is left running, nothing lies about."""
    assert told["again"] == told["chosen"] and told["recent"] == [2, 1]
    assert told["after_close"] == {"strays": [], "doors": False}
    assert told["run_of_drop"]


def test_trouble_is_told_and_the_window_never_stops_for_long(told):
    assert told["strip"][0] and "gone.html" in told["strip"][1]
    assert told["longest_block"] < 0.3, "offscreen, on a machine that runs an engine beside it"


@pytest.mark.parametrize(("language", "word"), [("en", "without QGIS"), ("zh", "无需QGIS")])
def test_the_help_of_the_command_is_light(tmp_path, language, word):
    """In both languages, without Qt or a package of the engine."""
    code = (
        "import sys; from gridbeacon.cli.entry import execute; execute(['desktop', '--help']);"
        "print([n for n in ('PyQt5', 'PyQt6', 'numpy', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(tmp_path, GRIDBEACON_LANG=language),
    )
    assert word in done.stdout and done.stdout.rstrip().endswith("[]"), done.stderr


WITHOUT_QT = (
    "import sys; sys.modules['PyQt5'] = sys.modules['PyQt6'] = None;"
    "from gridbeacon.cli.entry import execute; sys.exit(execute(['desktop']))"
)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["needs PyQt5", "[E-SYS-005]", 'pip install "gridbeacon[desktop]"']), ("zh", ["尚未安装", "E-SYS-005"])],
)
def test_without_qt_the_command_says_what_to_install(tmp_path, language, words):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_QT],
        capture_output=True,
        text=True,
        env=environment(tmp_path, GRIDBEACON_LANG=language),
    )
    assert done.returncode == 4 and all(word in done.stderr for word in words), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_command_says_so(tmp_path):
    kept = environment(tmp_path, GRIDBEACON_LANG="en")
    bare = {k: v for k, v in kept.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run([sys.executable, "-m", "gridbeacon", "desktop"], capture_output=True, text=True, env=bare)
    assert done.returncode == 4 and "[E-SYS-006]" in done.stderr and "Traceback" not in done.stderr


def test_the_command_opens_the_window_and_ends_with_it(tmp_path):
    """SIGTERM, as a session manager sends it: the window closes, nothing stays."""
    pytest.importorskip("PyQt5", exc_type=ImportError)
    mine = environment(tmp_path)
    started = subprocess.Popen([sys.executable, "-m", "gridbeacon", "desktop"], env=mine, stderr=subprocess.PIPE)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            started.wait(4)
        started.terminate()
        assert started.wait(5) == 0, started.stderr.read()
    finally:
        started.kill()
        started.stderr.close()


SIGNALLED = """
import os, shutil, signal, sys
from pathlib import Path
sys.modules["PyQt6" if sys.argv[1] == "PyQt5" else "PyQt5"] = None
from gridbeacon.plugin.desktop import program
from gridbeacon.plugin.desktop.recent import INCIDENTS, note, recent
from gridbeacon.plugin.qt import QtCore, QtWidgets

def end():
    assert len(recent(INCIDENTS)) == 1
    window = next(w for w in QtWidgets.QApplication.topLevelWidgets() if w.objectName() == "gridbeacon_window")
    shutil.rmtree(window.host.doors)
    window.host.open_file = lambda path: print(path.is_file())
    window.host.show_place(Path("run"), {"warning_id": "W1"})
    window.dock.form.job = object()
    os.kill(os.getpid(), signal.SIGTERM)

listen = program.end_on_signals
program.end_on_signals = lambda application: (listen(application), QtCore.QTimer.singleShot(500, end))
note(INCIDENTS, [sys.executable, "/" + 300 * "a"])
sys.exit(program.main(["desktop"]))
"""


@pytest.mark.parametrize("binding", ["PyQt5", "PyQt6"])
def test_a_session_that_ends_is_not_held_up_by_a_question(tmp_path, binding):
    """SIGTERM while a run goes on, in a temporary folder that was cleaned meanwhile: the end, and nothing left.

    A file used lately of which the system will not even say whether it is there does not keep the window from opening.
    """
    pytest.importorskip(binding, exc_type=ImportError)
    place = tmp_path / "tmp"
    place.mkdir()
    mine = environment(tmp_path, TMPDIR=str(place))
    command = [sys.executable, "-c", SIGNALLED, binding]
    done = subprocess.run(command, env=mine, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
    assert not list(place.glob("gridbeacon-doors-*"))
