"""The ledger forgets nothing, changes nothing, repeats nothing, and refuses what it cannot vouch for."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time

import pandas as pd
import pytest
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers.ledger import (
    ASSIGNED,
    CLOSED,
    CONTINUING,
    NEW,
    RAISED,
    STATES,
    TO_JUDGE,
    TRANSITIONS,
    change_of,
    open_ledger,
    plain,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def warnings_of(**levels):
    return [
        {"warning_id": name, "level": level, "cell_name": "𠮷田街道·'; DROP TABLE events;--"}
        for name, level in levels.items()
    ]


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(tmp_path / "city" / "ledger.sqlite") as opened:
        yield opened


def test_issuing_is_idempotent(ledger):
    assert ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01", "run-1") == 3
    head = ledger.head()
    assert ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01T00:00:00", "run-2") == 0
    assert ledger.head() == head and ledger.verify() == 3
    assert ledger.issue(warnings_of(a="red", b="yellow"), "2025-07-01", "run-3") == 2
    assert ledger.states() == {"a": TO_JUDGE, "b": TO_JUDGE}


def test_a_repeated_older_day_adds_nothing(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "r")
    ledger.issue(warnings_of(b="red"), "2025-07-02", "r")
    assert ledger.issue(warnings_of(a="red"), "2025-07-01", "r") == 0


def test_the_last_issued_run_is_the_measure_of_change(ledger):
    assert ledger.last_issued("2025-07-01") == [] and not ledger.has_run_before("2025-07-01")
    ledger.issue(warnings_of(a="yellow", b="red"), "2025-07-01", "run-1")
    ledger.issue(warnings_of(a="orange"), "2025-07-02", "run-2")
    assert not ledger.has_run_before("2025-07-01")
    before = {row["warning_id"]: row["level"] for row in ledger.last_issued("2025-07-02")}
    assert before == {"a": "yellow", "b": "red"}
    assert [change_of(*pair, before) for pair in (("a", "orange"), ("b", "red"), ("b", "blue"), ("c", "red"))] == [
        RAISED,
        CONTINUING,
        CONTINUING,
        NEW,
    ]
    assert ledger.first_seen() == {"a": "2025-07-01T00:00:00", "b": "2025-07-01T00:00:00"}


def test_a_day_without_warnings_counts_as_issued(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "run-1")
    ledger.issue([], pd.Timestamp("2025-07-02"), "run-2")
    assert ledger.last_issued("2025-07-03") == [] and ledger.has_run_before("2025-07-03")


def test_tables_are_taken_and_come_back_as_they_were(ledger):
    table = pd.DataFrame(warnings_of(a="red")).assign(
        observed=31, ratio=float("inf"), first_seen=pd.Timestamp("2025-06-28"), last=pd.NaT
    )
    ledger.issue(table, "2025-07-01", "run-1")
    (row,) = ledger.last_issued("2025-07-02")
    assert row["cell_name"] == table["cell_name"][0] and row["observed"] == 31 and row["run_id"] == "run-1"
    assert row["ratio"] is None and row["last"] is None and row["first_seen"] == "2025-06-28T00:00:00"


def test_a_warning_goes_its_way_and_no_other(ledger):
    ledger.issue(warnings_of(a="orange"), "2025-07-01", "run-1")
    by = {"actor": "值班员", "time": "2025-07-01T09:00:00"}
    with pytest.raises(InputError, match=r"待研判 cannot be handled.*assigned, dismissed, judged, noted"):
        ledger.record("a", "handled", **by)
    with pytest.raises(InputError, match="no such warning"):
        ledger.record("b", "assigned", **by)
    with pytest.raises(InputError, match="cannot be deleted"):
        ledger.record("a", "deleted", **by)
    assert ledger.record("a", "assigned", note="水务科", payload={"to": "水务科"}, **by) == ASSIGNED
    ledger.issue(warnings_of(a="orange"), "2025-07-02", "run-2")
    assert ledger.states() == {"a": ASSIGNED}
    ledger.record("a", "handled", **by)
    assert ledger.record("a", "closed", once="row 7", **by) == CLOSED
    assert ledger.record("a", "closed", once="row 7", **by) == CLOSED
    ledger.issue(warnings_of(a="orange"), "2025-07-03", "run-3")
    assert ledger.states() == {"a": CLOSED}
    ledger.issue(warnings_of(a="red"), "2025-07-04", "run-4")
    assert ledger.states() == {"a": TO_JUDGE}
    assert [event["event"] for event in ledger.events("a")] == [
        "issued",
        "assigned",
        "issued",
        "handled",
        "closed",
    ] + 2 * ["issued"]


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([*TRANSITIONS, "vanished"])), max_size=30))
def test_any_sequence_of_steps_agrees_with_a_plain_model(tmp_path_factory, steps):
    with open_ledger(tmp_path_factory.mktemp("model") / "ledger.sqlite") as ledger:
        ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01", "run-1")
        model = {"a": TO_JUDGE, "b": TO_JUDGE}
        for number, (name, event) in enumerate(steps):
            after = TRANSITIONS.get(event, {}).get(model[name])
            if after is None:
                with pytest.raises(InputError, match="cannot be"):
                    ledger.record(name, event, actor="x", time=str(number))
            else:
                model[name] = ledger.record(name, event, actor="x", time=str(number))
                assert model[name] == after
            assert model[name] in STATES
        assert ledger.states() == model
        ledger.verify()


def test_the_database_itself_refuses_change(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "run-1")
    with sqlite3.connect(ledger.path) as raw:
        columns = "warning_id, event, state, actor, time, note, payload, NULL, 'p', 'h' FROM events"
        for statement in (
            "UPDATE events SET note = 'x'",
            "DELETE FROM events",
            f"INSERT INTO events SELECT 99, {columns}",
            f"INSERT OR REPLACE INTO events SELECT 1, {columns}",
        ):
            with pytest.raises(sqlite3.DatabaseError, match=r"append-only|follow"):
                raw.execute(statement)
    raw.close()
    assert ledger.verify() == 2


TAMPERING = {
    "a changed note": "UPDATE events SET note = 'x' WHERE seq = 2",
    "a changed level": "UPDATE events SET payload = replace(payload, 'red', 'blue') WHERE seq = 1",
    "a missing event": "DELETE FROM events WHERE seq = 2",
}


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING)
def test_a_changed_past_is_refused(tmp_path, statement):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01", "run-1")
    raw = sqlite3.connect(path)
    raw.executescript("DROP TRIGGER events_never_change; DROP TRIGGER events_never_go;" + statement)
    raw.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"damaged: event . is not what was recorded"):
        open_ledger(path)
    assert path.read_bytes() == before


def test_what_is_no_ledger_is_refused_and_left_alone(tmp_path):
    files = {"text": b"not a database at all, " * 50, "empty": b"", "stub": b"SQLite format 3\0"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=r"not a ledger|damaged"):
            open_ledger(tmp_path / name)
        assert (tmp_path / name).read_bytes() == content
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE events (x)").connection.close()
    with pytest.raises(InputError, match="not a ledger"):
        open_ledger(tmp_path / "other")
    with pytest.raises(InputError, match="not a file"):
        open_ledger(tmp_path)
    with pytest.raises(InputError, match="there is no ledger"):
        open_ledger(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_newer_ledger_is_refused(tmp_path):
    open_ledger(tmp_path / "ledger.sqlite").close()
    raw = sqlite3.connect(tmp_path / "ledger.sqlite")
    raw.execute("PRAGMA user_version=2")
    raw.close()
    with pytest.raises(InputError, match=r"version 2.*Update GridBeacon"):
        open_ledger(tmp_path / "ledger.sqlite")


def test_flipped_bytes_never_pass_for_a_good_ledger(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        for day in range(1, 20):
            ledger.issue(warnings_of(a="red", b="blue"), f"2025-07-{day:02}", "run")
        events = list(ledger.events())
    whole, moments = path.read_bytes(), random.Random(5)
    for _ in range(60):
        broken = bytearray(whole)
        broken[moments.randrange(100, len(broken))] ^= 1 << moments.randrange(8)
        path.write_bytes(broken)
        try:
            with open_ledger(path) as ledger:
                assert list(ledger.events()) == events  # the flip hit free space
        except InputError as error:
            assert "damaged" in error.problem
        assert path.read_bytes() == broken


def test_a_place_that_cannot_be_written_is_the_machines_trouble(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem, match="cannot be made"):
        open_ledger(tmp_path / "file" / "ledger.sqlite")


def test_a_full_disk_loses_nothing(tmp_path):
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.issue(warnings_of(a="red"), "2025-07-01", "run-1")
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(EnvironmentProblem, match="disk is full"):
            ledger.issue(warnings_of(**{f"w{number}": "red" for number in range(500)}), "2025-07-02", "run-2")
        assert ledger.verify() == 2 and ledger.states() == {"a": TO_JUDGE}


CHILD = """
import sys
from gridbeacon.layers.ledger import open_ledger
with open_ledger(sys.argv[1]) as ledger:
    for number in range(10**6):
        as_of = f"2025-01-01T00:00:00.{number:06}"
        ledger.issue([{"warning_id": f"{sys.argv[2]}-{number}", "level": "red"}], as_of, "run")
        print(number, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_what_was_acknowledged_survives_every_kill(tmp_path):
    path, moments, acknowledged = tmp_path / "ledger.sqlite", random.Random(11), []
    for turn in range(6):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(path), str(turn)], stdout=subprocess.PIPE, text=True)
        first = child.stdout.readline()
        time.sleep(moments.uniform(0, 0.15))
        child.kill()
        rest = child.stdout.read()
        child.wait()
        child.stdout.close()
        acknowledged += [f"{turn}-{number}" for number in (first + rest).split("\n")[:-1]]
    with open_ledger(path) as ledger:
        issued = [event["warning_id"] for event in ledger.events() if event["event"] == "issued"]
    assert len(issued) == len(set(issued)) and set(acknowledged) <= set(issued)
    assert len(acknowledged) >= 6 and len(issued) <= len(acknowledged) + 6


def test_several_writers_take_turns(tmp_path):
    path = tmp_path / "ledger.sqlite"
    code = CHILD.replace("10**6", "25").replace("2025-01-01", "2025-01-0{int(sys.argv[2])}")
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(n)], stdout=subprocess.PIPE) for n in (1, 2, 3)
    ]
    for child in children:
        child.communicate()
        assert child.returncode == 0
    with open_ledger(path) as ledger:
        assert ledger.verify() == 150 and len(ledger.states()) == 75


def test_same_history_same_bytes_of_events(tmp_path):
    heads = []
    for name in ("one", "two"):
        with open_ledger(tmp_path / name) as ledger:
            ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01", "run-1")
            ledger.record("a", "assigned", actor="x", time="2025-07-01T09:00")
            heads.append(ledger.head())
    assert heads[0] == heads[1]


def test_plain_values_are_json():
    assert json.loads(json.dumps(plain({"a": {2, 1}, "b": (float("nan"), pd.NaT, None)}))) == {
        "a": [1, 2],
        "b": [None] * 3,
    }
