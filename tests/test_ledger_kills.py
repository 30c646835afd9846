"""What was acknowledged survives kill -9, eight writers and a full disk. The long version is `ledger_kills.py`."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from uuid import uuid4

import ledger_kills as kills
import pytest
from gridbeacon.layers.ledger import open_ledger
from postgres_server import WORD

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")


@pytest.fixture
def databases(postgres, monkeypatch):
    """URLs of new databases, one after another."""
    monkeypatch.setenv("PGPASSWORD", WORD)
    return iter(lambda: postgres.make(f"kills_{uuid4().hex}"), None)


@pytest.mark.parametrize("ending", ["sqlite", "gpkg"])
def test_kills_at_random_moments_lose_nothing(tmp_path, ending):
    tally = kills.random_kills(kills.in_folder(tmp_path, ending), kills=5, seed=11, each=3, longest=0.5)
    assert tally.kills == 5 and tally.acknowledged and tally.clean, tally


def test_kills_lose_nothing_where_qgis_left_a_write_ahead_log(tmp_path):
    """QGIS switches a GeoPackage to a write-ahead log when it edits a layer beside the ledger."""

    def places():
        for place in kills.in_folder(tmp_path, "gpkg"):
            open_ledger(place).close()
            raw = sqlite3.connect(place)
            assert raw.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
            raw.close()
            yield place

    tally = kills.random_kills(places(), kills=3, seed=13, each=3, longest=0.5)
    assert tally.kills == 3 and tally.acknowledged and tally.clean, tally


def test_kills_at_random_moments_lose_nothing_in_postgresql(databases):
    tally = kills.random_kills(databases, kills=4, seed=12, each=4, longest=2.0)
    assert tally.kills == 4 and tally.acknowledged and tally.clean, tally


def test_kills_at_calls_of_the_database_lose_nothing(tmp_path, databases):
    """Every 29th call of SQLite from the making of the file on, some calls of PostgreSQL."""
    tally = kills.swept_kills(kills.in_folder(tmp_path, "sqlite"), iter(range(1, 200, 29)), kills.at_call)
    assert tally.kills >= 6 and tally.clean, tally
    tally = kills.swept_kills(databases, iter((3, 30, 60)), kills.at_call)
    assert tally.kills == 3 and tally.clean, tally


def test_kills_before_a_write_lose_nothing(tmp_path):
    if not kills.can_trace():
        pytest.skip("strace is not on this machine, or may not trace")
    tally = kills.swept_kills(kills.in_folder(tmp_path, "gpkg"), iter(range(5, 100, 23)), kills.before_write)
    assert tally.kills >= 4 and tally.clean, tally


def test_the_judge_of_the_kills_sees_what_is_wrong(tmp_path):
    """A tally that could not count a loss, a double or a torn run would prove nothing."""
    stream = kills.Stream(str(tmp_path / "ledger.sqlite"), kills.Tally())
    assert not stream.end(stream.child(stop=2))
    stream.judge()
    assert stream.tally.clean and stream.tally.acknowledged == 2 * (kills.PER_RUN + len(kills.LIFE))
    stream.said.append("7 issued s-7-0 s-7-1 s-7-2")
    with open_ledger(stream.place) as ledger:
        ledger.issue([{"warning_id": "s-8-0", "level": "red"}], kills.as_of(8), "run")
        ledger.record("s-0-1", "judged", actor="x", time=kills.as_of(1), payload={"verdict": "true"})
        ledger.record("s-0-1", "judged", actor="x", time=kills.as_of(1), payload={"verdict": "true"})
    stream.judge()
    assert (stream.tally.lost, stream.tally.duplicated, stream.tally.torn) == (3, 1, 1)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_eight_writers_at_once_take_turns(kind, tmp_path, request):
    """Eight to warnings of their own, eight more all to the same ones, which are recorded once."""
    runs, per_run = 2, kills.PER_RUN + len(kills.LIFE)
    place = str(tmp_path / "ledger.sqlite") if kind == "sqlite" else next(request.getfixturevalue("databases"))
    told = kills.writers_at_once(place, writers=8, runs=runs)
    assert told["most"] == 1 and told["warnings"] == 9 * runs * kills.PER_RUN, told
    assert 9 * runs * per_run <= told["events"] <= 9 * runs * per_run + 16 * runs, told


# --- a full disk

FULL = """
import sys
from gridbeacon.errors import EnvironmentProblem
from gridbeacon.layers.ledger import open_ledger
{limit}
told = []
with open_ledger(sys.argv[1]) as ledger:
    for number in range(10**4):
        rows = [dict(warning_id=f"w{{number}}-{{k}}", level="red", cell_name="x" * 500) for k in range(20)]
        try:
            ledger.issue(rows, "2025-07-01T00:00:00.%06d" % number, "run")
        except EnvironmentProblem as error:
            print(number, error.code, error.problem)
            break
    assert ledger.verify() == 21 * number and len(ledger.states()) == 20 * number
"""
LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))"


def go_on(path, number):
    """Space is there again: what was acknowledged is too, and the ledger goes on."""
    with open_ledger(path) as ledger:
        assert ledger.verify() == 21 * number > 0
        assert ledger.issue([{"warning_id": "new", "level": "red"}], "2025-08-01", "run") == 2


@pytest.mark.parametrize("ending", ["sqlite", "gpkg"])
def test_a_file_that_may_not_grow_loses_nothing(tmp_path, ending):
    path = tmp_path / f"ledger.{ending}"
    code = textwrap.dedent(FULL).format(limit=LIMIT)
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    number, code, _ = done.stdout.split(" ", 2)
    assert code == "E-LEDGER-007", done.stderr
    go_on(path, int(number))


def test_a_full_disk_loses_nothing(tmp_path):
    """A real file system of 500 kB, mounted for one process."""
    (tmp_path / "disk").mkdir()
    code = tmp_path / "fill.py"
    code.write_text(textwrap.dedent(FULL).format(limit=""), encoding="utf-8")
    script = (
        f"mount -t tmpfs -o size=500k tmpfs {tmp_path}/disk || exit 77\n"
        f"{sys.executable} {code} {tmp_path}/disk/ledger.sqlite "
        f"&& cp {tmp_path}/disk/ledger.sqlite {tmp_path}/saved.sqlite"
    )
    if not shutil.which("unshare"):
        pytest.skip("no file system can be mounted here")
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no file system can be mounted here")
    number, code, problem = done.stdout.split(" ", 2)
    assert (code, problem.strip()) == ("E-LEDGER-007", "the ledger cannot be used: the disk is full"), done.stderr
    go_on(tmp_path / "saved.sqlite", int(number))
