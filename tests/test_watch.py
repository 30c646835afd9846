"""The daily watch: one run at a time, nothing done twice, what failed or is late said plainly, the rest kept."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from xml.dom import minidom
from zoneinfo import ZoneInfo

import pytest
from gridbeacon.cli.entry import as_ours, execute
from gridbeacon.cli.quality_page import every_refusal
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.pipeline.refusals import refusal
from gridbeacon.pipeline.watch import lock
from gridbeacon.pipeline.watch.diary import Diary, told_without_data
from gridbeacon.pipeline.watch.lock import RunLock, lock_state, process_start
from gridbeacon.pipeline.watch.page import make_page
from gridbeacon.pipeline.watch.place import CityFolder
from gridbeacon.pipeline.watch.recipes import make_recipe
from gridbeacon.pipeline.watch.settings import WatchSettings
from gridbeacon.pipeline.watch.since import missed_moments
from gridbeacon.pipeline.watch.status import watch_status

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 1, 5, 6, 30, tzinfo=SHANGHAI)
HOLD = (
    "import sys, time; from datetime import datetime; from pathlib import Path;"
    "from gridbeacon.pipeline.watch.lock import RunLock;"
    "RunLock(Path(sys.argv[1]), lambda: datetime.now().astimezone()).__enter__(); print('held', flush=True);"
    "time.sleep(600)"
)


def clock():
    return NOW


# --- the lock


@pytest.fixture
def holder(tmp_path):
    """A living process that holds the lock of the folder: (path, process)."""
    path = tmp_path / "watch.lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield path, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_living_run_keeps_the_next_one_out_and_a_killed_one_does_not(holder):
    path, process = holder
    with pytest.raises(EnvironmentProblem) as refused, RunLock(path, clock):
        pass
    assert refused.value.code == "E-WATCH-002" and refused.value.exit_code == 4
    assert str(process.pid) in refused.value.problem and str(process.pid) in refused.value.problem_zh
    assert lock_state(path, NOW)["state"] == "held"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert lock_state(path, NOW)["state"] == "left" and lock_state(path, NOW)["pid"] == process.pid
    with RunLock(path, clock) as ours:
        assert ours.left["pid"] == process.pid
    assert lock_state(path, NOW) == {"state": "free"}


def test_where_a_file_system_knows_no_locks_the_record_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_try_lock", lambda handle: None)
    path = tmp_path / "watch.lock"
    with RunLock(path, clock):
        assert lock_state(path, NOW)["state"] == "held"
        with pytest.raises(EnvironmentProblem, match="under way"), RunLock(path, clock):
            pass
    record = {"pid": os.getpid(), "start": "another boot:1", "host": lock.socket.gethostname(), "since": "2026"}
    path.write_text(json.dumps(record), encoding="utf-8")
    with RunLock(path, clock) as ours:  # the number is ours by now, the process is another
        assert ours.left["start"] == "another boot:1"


@pytest.mark.parametrize(("hours", "state"), [(1, "held"), (25, "left")])
def test_another_computer_is_believed_for_a_day(tmp_path, hours, state):
    path = tmp_path / "watch.lock"
    record = {"pid": 1, "start": "x", "host": "elsewhere", "since": (NOW - timedelta(hours=hours)).isoformat()}
    path.write_text(json.dumps(record), encoding="utf-8")
    assert lock_state(path, NOW)["state"] == state


def test_a_process_is_known_by_its_start():
    assert process_start(os.getpid()) == process_start(os.getpid()) != ""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert process_start(gone.pid) is None


# --- the log


def test_the_log_has_one_line_a_step_and_rotates(tmp_path, monkeypatch):
    monkeypatch.setattr("gridbeacon.pipeline.watch.diary._BYTES", 2000)
    with Diary(tmp_path / "watch.log", clock) as diary:
        for text in ("Counting|计数", "Counting|计数", "Done|完成"):
            diary.step(0.5, text)
        assert (tmp_path / "watch.log").read_text(encoding="utf-8") == (
            "2026-01-05T06:30:00+08:00  50% 计数 / Counting\n2026-01-05T06:30:00+08:00  50% 完成 / Done\n"
        )
        for number in range(400):
            diary.line(f"step {number}")
    assert {path.name for path in tmp_path.iterdir()} == {"watch.log", *(f"watch.log.{n}" for n in range(1, 6))}
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())


def test_what_is_wrong_with_input_is_logged_without_a_word_of_the_data():
    error = refusal("E-RUN-105", where="--class", classes="张三的投诉, 噪声")
    told = told_without_data(error, every_refusal())
    assert told["code"] == "E-RUN-105" and "…" in told["fix"] and "张三" not in json.dumps(told, ensure_ascii=False)
    assert told_without_data(KeyboardInterrupt(), {})["code"] == ""
    assert "[Errno" not in told_without_data(as_ours(OSError(28, "No space left")), every_refusal())["problem"]


# --- missed runs, and how it stands


def test_missed_moments_lie_between_two_runs():
    assert missed_moments("2026-01-01T00:00:00", "2026-01-04T00:00:00", "day") == missed_moments(
        "2026-01-01", "2026-01-04", "day"
    )
    assert [f"{m:%d}" for m in missed_moments("2026-01-01", "2026-01-04", "day")] == ["02", "03"]
    assert not missed_moments("2026-01-01", "2026-01-02", "day") and not missed_moments(
        "2026-01-02", "2026-01-01", "day"
    )
    assert len(missed_moments("2026-01-01T22:00", "2026-01-02T01:00", "hour")) == 2
    assert len(missed_moments("2026-01-05", "2026-01-26", "week")) == 2


def a_run(place: CityFolder, as_of: str, **facts) -> Path:
    folder = place.folder_for(as_of)
    folder.mkdir(parents=True)
    plan = {"plan": {"title": "城市风险晨报", "city": "云汀市", "classification": "内部资料"}}
    manifest = {"as_of": as_of, "run_id": f"{as_of[:10]}-abc", "plan": plan, **facts}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def place(tmp_path):
    return CityFolder(tmp_path, tmp_path / "runs")


def test_status_says_late_failed_and_broken_off(place):
    settings = WatchSettings()
    state = lambda now: watch_status(place, now, settings, "day", "Asia/Shanghai")  # noqa: E731
    assert not state(NOW)["ok"] and state(NOW)["late"]  # nothing was ever run
    a_run(place, "2026-01-05T00:00:00")
    assert state(NOW)["ok"] and state(NOW)["next_due"] == "2026-01-06T06:30:00+08:00"
    assert state(NOW)["last_good"]["age_hours"] == 6.5
    assert state(NOW + timedelta(hours=26))["ok"] and not state(NOW + timedelta(hours=26.1))["ok"]
    place.note_attempt({"started": "2026-01-05T06:30:00+08:00"})
    assert state(NOW)["last_attempt"]["state"] == "interrupted" and not state(NOW)["ok"]
    with RunLock(place.lock, clock):
        assert state(NOW)["last_attempt"]["state"] == "running" and state(NOW)["ok"]
    place.note_attempt({"started": "2026-01-05T06:30:00+08:00", "exit_code": 2})
    assert state(NOW)["last_attempt"]["state"] == "failed" and not state(NOW)["ok"]


def test_a_drill_and_a_half_written_folder_are_no_good_runs(place):
    a_run(place, "2026-01-05T00:00:00")
    a_run(place, "2026-01-06T00:00:00", drill=True)
    (place.runs / ".2026-01-07.0123456789ab.part").mkdir()
    (place.runs / ".2026-01-07.0123456789ab.part" / "manifest.json").write_text('{"as_of": "2026-01-07T00:00:00"}')
    (place.runs / "2026-01-08").mkdir()
    assert [run.as_of[:10] for run in place.good_runs()] == ["2026-01-05"]
    assert place.folder_for("2026-01-05T00:00:00").name == "2026-01-05_2"
    assert place.folder_for("2026-01-05T10:00:00").name == "2026-01-05T10-00"


# --- the page


def failure(**more):
    words = {"problem": "no <file>", "problem_zh": "没有<文件>", "fix": "Look.", "fix_zh": "检查。", "code": "E-X-001"}
    return {"started": "2026-01-06T06:30:00+08:00", "exit_code": 2, **words, **more}


def test_the_page_leads_to_the_last_good_briefing_and_says_what_failed(place):
    folder = a_run(place, "2026-01-05T00:00:00")
    lines = ["level,change,cell_name,reason,within_budget", "red,新增,<img src=x onerror=1>街道,近3天31件,True"]
    (folder / "early_warnings.csv").write_text("\n".join([*lines, "orange,新增,别处,被裁,False"]), encoding="utf-8")
    calm, broken = make_page(place, {"exit_code": 0}, ""), make_page(place, failure(), "2026-01-06T08:30:00+08:00")
    for page in (calm, broken):
        assert 'href="runs/2026-01-05/briefing.html"' in page and "数据截止 <b>2026-01-05 00:00</b>" in page
        assert "<img" not in page and "&lt;img" in page and "被裁" not in page and "立即核查(红)" in page
        assert "内部研判,不构成法定预警发布" in page and "http" not in page.replace("http-equiv", "")
    assert "缺失" not in calm
    assert "最新晨报缺失:2026-01-06 06:30的运行未完成" in broken and "没有&lt;文件&gt; E-X-001" in broken


@pytest.mark.chromium
@pytest.mark.parametrize(("due", "shown"), [("2020-01-01T00:00:00+08:00", True), ("2999-01-01T00:00:00+08:00", False)])
def test_the_page_itself_notices_that_the_next_briefing_is_late(place, require, due, shown):
    a_run(place, "2026-01-05T00:00:00")
    place.page.write_text(make_page(place, {"exit_code": 0}, due), encoding="utf-8")
    command = [require("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", place.page.as_uri()]
    found = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60).stdout
    late = re.search(r"<section[^>]*id=\"late\"[^>]*>", found).group()
    assert ("hidden" not in late) is shown


# --- recipes


@pytest.mark.parametrize("bin", ["hour", "day", "week"])
def test_recipes_survive_blanks_chinese_and_signs(bin):
    plan, settings = Path("/数据/云汀 市/5%/a&b/city.toml"), WatchSettings(at="05:45", minute=7)
    cron = make_recipe("cron", "/opt/py 3/python", plan, bin, settings)["crontab"]
    times, command = cron.split(" cd ", 1)
    assert times == {"hour": "7 * * * *", "day": "45 5 * * *", "week": "45 5 * * 1"}[bin] and cron.count("\n") == 1
    words = shlex.split(command.replace("\\%", "%"))
    assert (
        words[0] == str(plan.parent)
        and words[words.index("--plan") + 1] == str(plan)
        and "%" not in re.sub(r"\\%", "", command)
    )
    units = make_recipe("systemd", "/opt/py 3/python", plan, bin, settings)
    assert '"/数据/云汀 市/5%%/a&b/city.toml"' in units["gridbeacon-watch.service"]
    windows = make_recipe("windows", r"C:\Program Files\python.exe", plan, bin, settings)
    task = minidom.parseString(windows["gridbeacon-watch.xml"].encode("utf-16"))
    text = lambda name: task.getElementsByTagName(name)[0].firstChild.data  # noqa: E731
    assert text("Command") == r"C:\Program Files\python.exe" and f'"{plan}"' in text("Arguments")
    assert len(task.getElementsByTagName("Repetition")) == (bin == "hour")
    assert windows["schtasks"].startswith("schtasks /Create /TN")


def test_settings_of_the_watch_are_held_against_their_bounds():
    assert WatchSettings.of_table({"at": "07:15", "grace_hours": 3}, "plan").grace_hours == 3
    for table, code in (({"at": "25:00"}, "E-WATCH-001"), ({"when": "x"}, "E-PLAN-004"), ({"at": 7}, "E-PLAN-005"),
                        ({"minute": 60}, "E-SET-001")):  # fmt: skip
        with pytest.raises(InputError) as refused:
            WatchSettings.of_table(table, "plan")
        assert refused.value.code == code


# --- mornings


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_city(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def city(tiny, tmp_path):
    """A city folder with a blank and Chinese in its name."""
    home = tmp_path / "云汀 市"
    home.mkdir()
    files = f'incidents = ["{tiny[0].as_posix()}"]\ncells = "{tiny[1].as_posix()}"\nledger = "ledger.sqlite"\n'
    (home / "city.toml").write_text(f'[inputs]\n{files}[watch]\nat = "06:30"\n', encoding="utf-8")
    return CityFolder(home, home / "runs")


def morning(city, *more):
    return execute(["run", "--plan", str(city.home / "city.toml"), "--progress", "none", *more])


def head_of(city):
    with open_ledger(city.home / "ledger.sqlite") as book:
        return book.head()


def notices_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["notices"]


def test_four_mornings_of_which_one_is_missed_one_fails_and_one_comes_twice(city, capsys):
    assert morning(city, "--as-of", "2025-04-27") == 0
    assert capsys.readouterr().err == ""  # nothing on a terminal is needed
    assert morning(city, "--as-of", "2025-04-30") == 0
    missed = [n for n in notices_of(city.runs / "2025-04-30") if n["code"] == "N-RUN-001"]
    assert len(missed) == 1 and "2025-04-28、2025-04-29" in missed[0]["zh"]
    head, page = head_of(city), city.page.read_bytes()
    broken = [*("--as-of", "2025-05-01"), "--cells", str(city.home / "gone.gpkg")]
    assert morning(city, *broken) == 2
    said = city.page.read_text(encoding="utf-8")
    assert head_of(city) == head and "缺失" in said and "数据截止 <b>2025-04-30 00:00</b>" in said and "E-CELL" in said
    assert sorted(path.name for path in city.runs.iterdir()) == ["2025-04-27", "2025-04-30"]
    assert morning(city, "--as-of", "2025-05-01") == 0 and city.page.read_bytes() != page
    assert not [n for n in notices_of(city.runs / "2025-05-01") if n["code"] == "N-RUN-001"]
    head, made = head_of(city), (city.runs / "2025-05-01" / "manifest.json").stat().st_mtime_ns
    assert morning(city, "--as-of", "2025-05-01") == 0
    assert head_of(city) == head and (city.runs / "2025-05-01" / "manifest.json").stat().st_mtime_ns == made
    assert len(list(city.runs.iterdir())) == 3 and "done before" in city.log_file().read_text(encoding="utf-8")
    log = city.log_file().read_text(encoding="utf-8")
    assert log.count("ends, exit code 0") == 4 and log.count("ends, exit code 2") == 1 and "水管爆裂" not in log
    status = ["watch", "status", "--plan", str(city.home / "city.toml"), "--json", "--now"]
    assert execute([*status, "2025-05-01T07:00"]) == 0 and execute([*status, "2025-05-02T08:31"]) == 4
    assert json.loads(capsys.readouterr().out.split("\n}\n")[0] + "}")["last_good"]["as_of"] == "2025-05-01T00:00:00"


def test_missed_mornings_are_made_up_for_in_their_order(city):
    assert morning(city, "--as-of", "2025-04-27") == 0
    assert morning(city, "--as-of", "2025-05-01", "--catch-up", "2") == 0
    with open_ledger(city.home / "ledger.sqlite") as book:
        issued = [event["time"][:10] for event in book.events("") if event["event"] == "run_issued"]
    assert issued == ["2025-04-27", "2025-04-29", "2025-04-30", "2025-05-01"]
    assert "2025-04-28" in str(notices_of(city.runs / "2025-04-29")) and "N-RUN" not in str(
        notices_of(city.runs / "2025-05-01")
    )


def test_a_killed_morning_leaves_the_last_good_one_and_is_taken_over(city):
    assert morning(city, "--as-of", "2025-04-30") == 0
    page = city.page.read_bytes()
    command = [sys.executable, "-m", "gridbeacon", "run", "--plan", str(city.home / "city.toml"), "--progress", "none"]
    process = subprocess.Popen([*command, "--as-of", "2025-05-01"], cwd=sys.prefix)
    until = time.monotonic() + 60
    log = lambda: city.log_file().read_text(encoding="utf-8").split("begins")  # noqa: E731
    while len(log()) < 3 or "Counting" not in log()[2]:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    assert morning(city, "--as-of", "2025-05-01") == 4  # while it runs
    process.kill()
    process.wait()
    status = ["watch", "status", "--plan", str(city.home / "city.toml"), "--now", "2025-05-01T07:00"]
    assert execute(status) == 4 and city.page.read_bytes() == page
    assert morning(city, "--as-of", "2025-05-01") == 0
    assert "was broken off, taken over" in city.log_file().read_text(encoding="utf-8")
    assert execute(status) == 0 and sorted(p.name for p in city.runs.iterdir()) == ["2025-04-30", "2025-05-01"]
