"""A run's folder is complete or absent, whatever happens, and its account adds up."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import AccountError, Cancelled, EnvironmentProblem, InputError
from gridbeacon.layers.run_folder import ACCOUNT, RunFolder, check_account, sha256_of

GOOD = dict(zip(ACCOUNT, (10, 4, 1, 1, 1, 1, 1, 1), strict=True))


def write_run(out, text="one", **options):
    with RunFolder(out, **options) as folder:
        (folder / "briefing.html").write_text(text, encoding="utf-8")
        folder.write_manifest({"plan": {"window": 28}, "account": GOOD, "inputs": {"a.csv": "00"}})
    return folder


def left_in(place):
    return sorted(part.name for part in place.iterdir())


def test_a_finished_run_appears_with_a_manifest_of_hashes(tmp_path):
    folder = write_run(tmp_path / "deep" / "run")
    assert left_in(tmp_path / "deep") == ["run"]
    assert left_in(folder.path) == ["briefing.html", "manifest.json"]
    manifest = json.loads((folder.out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == folder.manifest
    assert manifest["outputs"] == {"briefing.html": hashlib.sha256(b"one").hexdigest()}
    assert tuple(manifest["account"]) == ACCOUNT


def test_a_file_written_after_the_manifest_is_in_it_too(tmp_path):
    with RunFolder(tmp_path / "run") as folder:
        folder.write_manifest({})
        (folder / "late.csv").write_bytes(b"x")
    assert folder.manifest["outputs"] == {"late.csv": hashlib.sha256(b"x").hexdigest()}


def test_the_manifest_is_the_same_bytes_whatever_the_order_of_facts(tmp_path):
    facts = {
        "seeds": {"b": np.int64(2), "a": 1},
        "plan": {"z": 1, "a": float("nan"), "when": pd.Timestamp("2025-01-02")},
        "versions": {"pandas": "3", "numpy": "2"},
        "account": GOOD,
    }
    for name, items in (("one", list(facts.items())), ("two", list(facts.items())[::-1])):
        with RunFolder(tmp_path / name) as folder:
            folder.write_manifest(dict(items))
    one, two = (tmp_path / name / "manifest.json" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert list(json.loads(one.read_text(encoding="utf-8"))["seeds"]) == ["a", "b"]
    assert json.loads(one.read_text(encoding="utf-8"))["plan"] == {"z": 1, "a": None, "when": "2025-01-02T00:00:00"}


@pytest.mark.parametrize("trouble", [Cancelled(), ValueError("x"), KeyboardInterrupt()])
def test_any_exception_leaves_nothing(tmp_path, trouble):
    with pytest.raises(type(trouble)), RunFolder(tmp_path / "new" / "run") as folder:
        (folder / "briefing.html").write_text("half")
        raise trouble
    assert left_in(tmp_path) == []


def test_an_account_that_does_not_add_up_leaves_nothing(tmp_path):
    with pytest.raises(AccountError, match="10 rows came in and 9"), RunFolder(tmp_path / "run") as folder:
        folder.write_manifest({"account": {**GOOD, "rows_used": 3}})
    assert left_in(tmp_path) == []


def test_an_existing_folder_is_refused(tmp_path):
    write_run(tmp_path / "run")
    with pytest.raises(InputError, match=r"already there.*--replace"):
        write_run(tmp_path / "run", "two")
    assert (tmp_path / "run" / "briefing.html").read_text() == "one"


def test_replace_puts_the_new_run_in_place_of_the_old(tmp_path):
    write_run(tmp_path / "run")
    (tmp_path / "run" / "~$briefing.docx").write_text("a lock of Word")
    write_run(tmp_path / "run", "two", replace=True)
    assert left_in(tmp_path) == ["run"]
    assert left_in(tmp_path / "run") == ["briefing.html", "manifest.json"]
    assert (tmp_path / "run" / "briefing.html").read_text() == "two"


def test_replace_that_fails_keeps_the_old_run(tmp_path):
    write_run(tmp_path / "run")
    with pytest.raises(ValueError, match="late"), RunFolder(tmp_path / "run", replace=True):
        raise ValueError("late")
    assert (tmp_path / "run" / "briefing.html").read_text() == "one"
    assert left_in(tmp_path) == ["run"]


@pytest.mark.parametrize("stranger", ["my_notes.txt", "ledger.sqlite", "sub/photo.jpg"])
def test_replace_never_deletes_what_no_run_wrote(tmp_path, stranger):
    write_run(tmp_path / "run")
    precious = tmp_path / "run" / stranger
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("mine")
    with pytest.raises(InputError, match="no run wrote"):
        write_run(tmp_path / "run", replace=True)
    assert precious.read_text() == "mine"


def test_replace_refuses_a_folder_no_run_made(tmp_path):
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"no manifest\.json"):
        write_run(tmp_path / "documents", replace=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="it is a file"):
        write_run(tmp_path / "file", replace=True)


def test_an_old_folder_that_cannot_be_moved_is_told_and_kept(tmp_path, monkeypatch):
    write_run(tmp_path / "run")
    real = type(tmp_path).rename

    def rename(self, target):
        if self.name == "run":
            raise PermissionError(errno.EACCES, "in use")
        return real(self, target)

    monkeypatch.setattr(type(tmp_path), "rename", rename)
    with pytest.raises(EnvironmentProblem, match=r"open or protected.*Close it"):
        write_run(tmp_path / "run", "two", replace=True)
    assert left_in(tmp_path) == ["run"]
    assert (tmp_path / "run" / "briefing.html").read_text() == "one"


def test_a_full_disk_is_told_as_such(tmp_path):
    with pytest.raises(EnvironmentProblem, match="disk is full"), RunFolder(tmp_path / "run"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert left_in(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_may_not_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EnvironmentProblem, match="cannot be written"):
            write_run(tmp_path / "run")
    finally:
        tmp_path.chmod(0o700)


def test_only_leftovers_of_dead_runs_are_swept(tmp_path):
    dead, fresh, old = (tmp_path / f".run.{number:012x}.part" for number in (1, 2, 3))
    foreign = tmp_path / ".run.notes.part"
    for folder in (dead, fresh, old, foreign):
        folder.mkdir()
    (dead / "briefing.html").touch()
    os.utime(old, (0, 0))
    with RunFolder(tmp_path / "run") as living, RunFolder(tmp_path / "run"):
        (living / "briefing.html").touch()
        with pytest.raises(InputError, match="already there"):
            write_run(tmp_path)
        assert living.path.is_dir()
        assert not dead.exists() and not old.exists()
        assert fresh.exists() and foreign.exists()
        living.replace = True
    assert left_in(tmp_path / "run") == ["briefing.html", "manifest.json"]


def test_of_two_runs_to_one_place_the_slower_is_refused(tmp_path):
    slow = RunFolder(tmp_path / "run [1]")
    with pytest.raises(InputError, match="already there"), slow:
        (slow / "x").touch()
        write_run(tmp_path / "run [1]")
        assert (slow / "x").exists()
    assert left_in(tmp_path) == ["run [1]"]


def test_an_old_run_left_aside_by_a_kill_comes_back(tmp_path):
    write_run(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / ".run.0123456789ab.old")
    with pytest.raises(InputError, match="already there"):
        write_run(tmp_path / "run")
    assert left_in(tmp_path) == ["run"]


CHILD = """
import sys
from gridbeacon.layers.run_folder import RunFolder
with RunFolder(sys.argv[1], replace=True) as folder:
    print("begun", flush=True)
    for number in range(200):
        (folder / f"part{number:03}.bin").write_bytes(bytes([int(sys.argv[2])]) * 20000)
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_after_any_kill_the_folder_is_complete_or_absent(tmp_path):
    moments = random.Random(7)
    out = tmp_path / "run"
    for turn in range(12):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(out), str(turn)], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"begun\n"
        time.sleep(moments.uniform(0, 0.12))
        child.kill()
        child.wait()
        child.stdout.close()
        assert not out.exists() or is_whole(out)
    write_run(out, replace=True)
    assert left_in(tmp_path) == ["run"]


def is_whole(out):
    outputs = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    names = {part.name for part in out.iterdir()} - {"manifest.json"}
    return len(outputs) == 200 and names == set(outputs) and all(sha256_of(out / n) == outputs[n] for n in outputs)


def test_the_account_takes_numpy_numbers_and_gives_plain_ones():
    plain = check_account({name: np.int64(value) for name, value in GOOD.items()})
    assert plain == GOOD and all(type(value) is int for value in plain.values())


@pytest.mark.parametrize(
    ("account", "message"),
    [
        (dict(reversed(GOOD.items())), "must have rows_in, rows_used"),
        ({**GOOD, "rows_lost": 0}, "must have rows_in"),
        ({**GOOD, "rows_in": 11}, "11 rows came in and 10"),
        ({**GOOD, "rows_used": 5, "rows_outside": 0}, None),
        ({**GOOD, "rows_used": 6, "rows_outside": -1}, "rows_outside is -1"),
        ({**GOOD, "rows_used": 4.0}, "not whole"),
    ],
)
def test_a_wrong_account_says_what_is_wrong(account, message):
    if message is None:
        assert check_account(account) == account
        return
    with pytest.raises(AccountError, match=message):
        check_account(account)


def test_the_hash_of_a_folder_follows_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    before = sha256_of(tmp_path / "a")
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert sha256_of(tmp_path / "a") != before
