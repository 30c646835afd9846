"""A ledger on a real PostgreSQL server: guarded by the server itself, and silent about its password."""

from __future__ import annotations

from uuid import uuid4

import pytest
from gridbeacon.errors import EnvironmentProblem, GridBeaconError
from gridbeacon.layers.ledger import open_ledger
from postgres_server import WORD

BY = {"actor": "值班台", "time": "2025-07-01T09:00:00"}
WARNINGS = [{"warning_id": "a", "level": "red"}, {"warning_id": "b", "level": "blue"}]


@pytest.fixture
def url(postgres, monkeypatch):
    """The URL of a new database with a ledger of three events."""
    monkeypatch.setenv("PGPASSWORD", WORD)
    place = postgres.make(f"ledger_{uuid4().hex}")
    with open_ledger(place) as ledger:
        ledger.issue(WARNINGS, "2025-07-01", "run")
    return place


@pytest.fixture
def raw(postgres, url):
    """A connection past the program, as the owner of everything."""
    import psycopg

    with psycopg.connect(**{**postgres.facts, "dbname": url.rsplit("/", 1)[1]}, autocommit=True) as connection:
        yield connection


def code_of(place, **given):
    with pytest.raises(GridBeaconError) as caught:
        open_ledger(place, **given)
    told = str(vars(caught.value)) + str(caught.value) + repr(caught.value.__cause__)
    assert WORD not in told and "a-p@" not in told and "%40" not in told
    return caught.value.code


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE ledger_events SET note = 'x'", "append-only"),
        ("DELETE FROM ledger_events", "append-only"),
        ("TRUNCATE ledger_events", "append-only"),
        ("UPDATE ledger_transitions SET after = 'closed'", "append-only"),
        ("TRUNCATE ledger_transitions", "append-only"),
        ("INSERT INTO ledger_transitions VALUES ('x', 'issued', 'closed', '已销号', 0)", "append-only"),
        ("INSERT INTO ledger_events SELECT 9, {row}", "follow"),
        ("INSERT INTO ledger_events SELECT 4, {row}", "follow"),
        ("SET session_replication_role = replica; DELETE FROM ledger_events", "append-only"),
    ],
)
def test_the_server_refuses_change(raw, url, statement, why):
    import psycopg

    row = "warning_id, event, step, state, actor, time, note, payload, NULL, 'p', 'h' FROM ledger_events WHERE seq = 1"
    with pytest.raises(psycopg.errors.RaiseException, match=why):
        raw.execute(statement.replace("{row}", row))
    with open_ledger(url) as ledger:
        assert ledger.verify() == 3


@pytest.mark.parametrize(
    "values",
    [
        ("a", "handled", "handled", "已办结", "x", "2025-07-01T09:00", ""),
        ("a", "assigned", "handled", "已办结", "x", "2025-07-01T09:00", ""),
        ("a", "assigned", "assigned", "已办结", "x", "2025-07-01T09:00", ""),
        ("c", "assigned", "assigned", "已交办", "x", "2025-07-01T09:00", ""),
        ("", "issued", "issued", "待研判", "x", "2025-07-01T09:00", ""),
        ("a", "dismissed", "dismissed", "已销号", "x", "2025-07-01T09:00", " "),
        ("a", "assigned", "assigned", "已交办", " ", "2025-07-01T09:00", ""),
        ("a", "assigned", "assigned", "已交办", "x", "soon", ""),
    ],
)
def test_the_server_refuses_illegal_moves(raw, values):
    import psycopg

    insert = (
        "INSERT INTO ledger_events SELECT seq + 1, %s, %s, %s, %s, %s, %s, %s, '{}', NULL, hash, 'h' "
        "FROM ledger_events ORDER BY seq DESC LIMIT 1"
    )
    with pytest.raises(psycopg.errors.RaiseException, match=r"legal|actor"):
        raw.execute(insert, values)
    raw.execute(insert, ("a", "assigned", "assigned", "已交办", "x", "2025-07-01T09:00", ""))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE ledger_events DISABLE TRIGGER USER; UPDATE ledger_events SET note = 'x' WHERE seq = 1;"
        "ALTER TABLE ledger_events ENABLE ALWAYS TRIGGER ledger_events_never_change;"
        "ALTER TABLE ledger_events ENABLE ALWAYS TRIGGER ledger_events_never_empty;"
        "ALTER TABLE ledger_events ENABLE ALWAYS TRIGGER ledger_events_admit",
        "ALTER TABLE ledger_events DISABLE TRIGGER ledger_events_admit",
        "DROP TRIGGER ledger_events_never_change ON ledger_events",
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP TABLE ledger_about",
        "ALTER TABLE ledger_events RENAME COLUMN note TO remark",
    ],
    ids=["changed past", "guard off", "guard gone", "guard replaced", "a table gone", "a column renamed"],
)
def test_a_tampered_ledger_is_refused(raw, url, statement):
    raw.execute(statement)
    assert code_of(url) == "E-LEDGER-006" == code_of(url, create=False)


def test_a_foreign_table_and_a_newer_version_are_refused(postgres, raw, url):
    raw.execute("UPDATE ledger_about SET value = '3'")
    assert code_of(url) == "E-LEDGER-005"
    import psycopg

    place = postgres.make(f"foreign_{uuid4().hex}")
    assert code_of(place, create=False) == "E-LEDGER-001"
    with psycopg.connect(**{**postgres.facts, "dbname": place.rsplit("/", 1)[1]}) as connection:
        connection.execute("CREATE TABLE ledger_events (x int)")
    assert code_of(place) == "E-LEDGER-006"


def test_no_message_holds_the_password(postgres, url, monkeypatch):
    monkeypatch.delenv("PGPASSWORD")
    phrase = "a-p%40ss%2Fw%3Ard"
    where = f"127.0.0.1:{postgres.port}"
    assert code_of(f"postgresql://boss:{phrase}@{where}/postgres") == "E-DB-010"
    assert code_of(f"postgresql://boss:{phrase}@127.0.0.1:1/postgres") == "E-DB-012"
    assert code_of(f"postgresql://boss:{phrase}@{where}/postgres?table=x") == "E-LEDGER-020"
    assert code_of(f"postgresql://boss:{phrase}@{where}") == "E-LEDGER-020"
    assert code_of(f"postgresql://boss:{phrase}@[::1/postgres") == "E-LEDGER-020"
    monkeypatch.setenv("PGPASSWORD", WORD)
    assert code_of(f"postgresql://boss@{where}/nowhere") == "E-DB-011"
    with open_ledger(url) as ledger:
        assert ledger.path == "PostgreSQL " + url.rsplit("/", 1)[1]


def test_a_schema_of_its_own(raw, url):
    raw.execute('CREATE SCHEMA "台账 ""2025"""')
    place = url + "?schema=%E5%8F%B0%E8%B4%A6%20%222025%22"
    with open_ledger(place) as own, open_ledger(url) as ledger:
        assert own.verify() == 0 and ledger.verify() == 3
        own.issue(WARNINGS[:1], "2025-07-01", "run")
    with open_ledger(place, create=False) as own:
        assert own.verify() == 2


def test_a_user_who_may_only_read_and_append_is_enough(postgres, raw, url):
    role = f"desk_{uuid4().hex}"
    raw.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{WORD}'")
    with pytest.raises(EnvironmentProblem, match="may not use it"):
        open_ledger(postgres.url(url.rsplit("/", 1)[1], role))
    raw.execute(f"GRANT SELECT, INSERT ON ledger_events TO {role}")
    raw.execute(f"GRANT SELECT ON ledger_transitions, ledger_about TO {role}")
    with open_ledger(postgres.url(url.rsplit("/", 1)[1], role)) as ledger:
        assert ledger.record("a", "assigned", **BY) == "assigned"
    with open_ledger(url) as ledger:
        assert ledger.verify() == 4


def test_a_broken_connection_is_told_and_leaves_no_trace(raw, url):
    with open_ledger(url) as ledger:
        raw.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with pytest.raises(EnvironmentProblem) as caught:
            ledger.record("a", "assigned", **BY)
    assert caught.value.code == "E-DB-012"
    with open_ledger(url) as ledger:
        assert ledger.verify() == 3


def test_an_acknowledged_event_waits_for_the_servers_disk(raw, url):
    name = url.rsplit("/", 1)[1]
    raw.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    with open_ledger(url) as ledger:
        assert ledger._store.row("SHOW synchronous_commit") == {"synchronous_commit": "on"}
