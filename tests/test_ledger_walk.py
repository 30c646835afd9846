"""Thousands of random moves, legal and illegal, agree with a plain model; and both databases tell the same story."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from gridbeacon.layers.ledger import TRANSITIONS, open_ledger
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_walk import Model, Walk
from postgres_server import WORD

STEPS = int(os.environ.get("GRIDBEACON_LEDGER_STEPS", "5000"))
SEED = 20250701


def refused_by_sqlite(ledger, statement, values):
    with pytest.raises(sqlite3.DatabaseError, match=r"append-only|legal move|follow"):
        ledger._store.connection.execute(statement, values)


def refused_by_postgres(ledger, statement, values):
    import psycopg

    with pytest.raises(psycopg.errors.RaiseException, match=r"append-only|legal move|follow"):
        ledger._store.connection.execute(statement.replace("?", "%s"), values)


@pytest.fixture
def quick_folder(tmp_path):
    """A folder in memory where there is one: what waits for the disk is tried elsewhere."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_a_long_walk_agrees_with_a_plain_model(quick_folder, postgres, monkeypatch, record_property):
    """The same walk in both: same answers, same hashes."""
    monkeypatch.setenv("PGPASSWORD", WORD)
    places = {quick_folder / "ledger.sqlite": refused_by_sqlite, postgres.make("walk"): refused_by_postgres}
    told, heads = [], []
    for place, raw in places.items():
        told.append(Walk(place, SEED, raw).run(STEPS))
        with open_ledger(place) as ledger:
            heads.append(ledger.head())
    assert told[0] == told[1] and heads[0] == heads[1]
    steps = sum(told[0].values()) - told[0]["reopened"]
    assert steps == STEPS and min(told[0].values()) > STEPS // 200
    record_property("steps", told[0])
    print(f"{steps} steps on SQLite and on PostgreSQL: {told[0]}")


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([*TRANSITIONS, "vanished"])), max_size=30))
def test_any_short_sequence_agrees_too_and_shrinks_where_it_does_not(tmp_path_factory, moves):
    with open_ledger(tmp_path_factory.mktemp("model") / "ledger.gpkg") as ledger:
        model, rows = Model(), [{"warning_id": "a", "level": "red"}, {"warning_id": "b", "level": "blue"}]
        assert ledger.issue(rows, "2025-07-01T00:00:00", "run-1") == model.issue(rows, "2025-07-01T00:00:00")
        for name, event in moves:
            payload = {"judged": {"verdict": "unclear"}, "corrected": {"set": {"cell_name": "x"}}}.get(event, {})
            act = {"actor": "x", "note": "x", "payload": payload}
            expected = model.record(name, event, act)
            if expected is None:
                with pytest.raises(ValueError, match="cannot be"):
                    ledger.record(name, event, time="2025-07-01T09:00", **act)
            else:
                assert ledger.record(name, event, time="2025-07-01T09:00", **act) == expected
        assert ledger.steps() == {name: known["step"] for name, known in model.warnings.items()}
        assert ledger.verify() == model.events
