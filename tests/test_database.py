"""PostgreSQL and PostGIS: a real server of our own on loopback, started and stopped here."""

from __future__ import annotations

import socket

import pytest
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers.incidents import read_incidents
from postgres_server import WORD

ROWS = '''
    CREATE EXTENSION postgis;
    CREATE SCHEMA "工单";
    CREATE TABLE "工单"."受理 ""2026""" (
        "工单编号" text PRIMARY KEY, "受理时间" timestamp, "上报时间" timestamptz, "大类" text, "联系电话" text,
        "网格编码" numeric(30, 0), geom geometry(Point, 4490), "几何2" geometry);
    INSERT INTO "工单"."受理 ""2026""" VALUES
        ('044030500100100200', '2026-01-05 08:03', '2026-01-05 08:03+08', '供水', '13800138000',
         4403050010010020011223344, ST_SetSRID(ST_MakePoint(113.5, 22.5), 4490), NULL),
        ('B', NULL, NULL, '供水', '13800138000', NULL, ST_SetSRID(ST_MakePoint(113.6, 22.5), 4490), NULL),
        ('C', '2026-01-06 08:03', NULL, '燃气', '13800138000', NULL, NULL, NULL);
    CREATE TABLE plain (case_id double precision, received_at timestamptz, category varchar, lon float8, lat float8);
    INSERT INTO plain SELECT 1e17, '2026-01-05 00:03Z', 'x', 113.5, 22.5;
    INSERT INTO plain SELECT 7, '2026-01-05 00:03Z', 'x', 113.5, 22.5;
    CREATE VIEW seen AS SELECT category, received_at, lon, lat FROM plain UNION ALL
        SELECT category, received_at, lon, lat FROM plain;
    CREATE TABLE many AS SELECT i::text AS case_id, timestamp '2026-01-05' + i * interval '1 minute' AS received_at,
        'x' AS category, 113.5 + i / 1e6 AS lon, 22.5 AS lat FROM generate_series(1, 45000) i;
    CREATE TABLE closed_table AS SELECT * FROM plain;
    CREATE ROLE reader LOGIN PASSWORD '{word}';
    GRANT USAGE ON SCHEMA "工单" TO reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA "工单", public TO reader;
    REVOKE ALL ON closed_table FROM reader;
'''
URL = "%E5%B7%A5%E5%8D%95.%E5%8F%97%E7%90%86+%222026%22"


@pytest.fixture(scope="module")
def server(postgres):
    """`host:port/database` of a running server with the tables above."""
    import psycopg

    postgres.make("incidents")
    with psycopg.connect(**{**postgres.facts, "dbname": "incidents"}) as connection:
        connection.execute(ROWS.replace("{word}", WORD))
    return f"127.0.0.1:{postgres.port}/incidents"


@pytest.fixture
def at(server, monkeypatch):
    """at("table=plain") -> URL of the reader, whose password the environment has."""
    monkeypatch.setenv("PGPASSWORD", WORD)
    return lambda query, user="reader": f"postgresql://{user}@{server}?{query}"


def test_a_layer_with_chinese_names_and_odd_quotes(at):
    intake = read_incidents([at(f"table={URL}&geometry=geom")])
    got = intake.incidents
    assert intake.rows_in == 3
    assert list(got.incident_id) == ["044030500100100200"]
    assert list(got.cell_code) == ["4403050010010020011223344"]
    assert str(got.time[0]) == "2026-01-05 08:03:00+08:00"
    assert (got.geometry.x[0], got.geometry.y[0], got.crs.to_epsg()) == (113.5, 22.5, 4490)
    assert intake.quarantine[["source_row", "rule"]].values.tolist() == [[2, "E-TIME-004"], [3, "E-COORD-001"]]
    assert intake.dropped_columns == ["联系电话"]
    assert "13800138000" not in got.to_csv() + str(intake.notices)


def test_plain_columns_and_a_code_stored_as_a_float(at):
    intake = read_incidents([at("table=plain")])
    assert list(intake.incidents.incident_id) == ["7"]
    assert str(intake.incidents.time[0]) == "2026-01-05 08:03:00+08:00"
    assert list(intake.quarantine.rule) == ["E-CODE-001"]
    assert set(intake.incidents.source_file) == {"incidents:plain"}


def test_a_view_without_a_key_is_read_in_one_order(at):
    intake = read_incidents([at("table=public.seen")])
    assert (intake.rows_in, len(intake.incidents), len(intake.duplicates)) == (4, 1, 3)


def test_many_rows_come_in_batches_by_a_cursor_of_the_server(at):
    intake = read_incidents([at("table=many")])
    assert len(intake.incidents) == 45_000
    assert list(intake.incidents.source_row[[0, 44_999]]) == [1, 45_000]


def test_the_transaction_can_only_read(at):
    import psycopg
    from gridbeacon.layers.incidents.database import _connect, _parse

    connection = _connect(_parse(at("table=plain", user="boss")))
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("DELETE FROM plain")
    connection.close()


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("table=plane", "there is no table plane .*Did you mean .*plain"),
        ("table=plain;DROP TABLE plain", "there is no table"),
        ('table=plain"; DROP TABLE plain; --', "there is no table"),
        (f"table={URL}", "2 columns of points"),
        (f"table={URL}&geometry=x", "no column of points x"),
        ("", "names no database or no table"),
        ("table=plain&tabel=x", "no option tabel"),
        ("table=plain&options=-c%20x", "no option options"),
    ],
)
def test_a_wrong_url_is_one_clear_message(at, query, problem):
    with pytest.raises(InputError, match=problem) as caught:
        read_incidents([at(query)])
    assert WORD not in str(caught.value)


def test_what_the_machine_refuses_never_shows_the_password(server, monkeypatch):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    from urllib.parse import quote

    login = f"reader:{quote(WORD, safe='')}"
    assert len(read_incidents([f"postgresql://{login}@{server}?table=plain"]).incidents) == 1
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    cases = {
        f"postgresql://{login}@{server}?table=closed_table": "may not read the table",
        f"postgresql://reader:{WORD[:6]}@{server}?table=plain": "refuses the user or the password",
        f"postgresql://{login}@{server.partition('/')[0]}/nowhere?table=plain": "there is no such database",
        f"postgresql://{login}@127.0.0.1:{closed.getsockname()[1]}/x?table=plain": "cannot be reached",
    }
    for url, problem in cases.items():
        with pytest.raises(EnvironmentProblem, match=problem) as caught:
            read_incidents([url])
        said = "".join(map(str, (caught.value, caught.value.__cause__)))
        assert WORD not in said and quote(WORD, safe="") not in said and "reader" not in str(caught.value)
    closed.close()


def test_without_the_driver_the_package_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(EnvironmentProblem, match=r"needs the package psycopg.*gridbeacon\[postgis\]"):
        read_incidents(["postgresql://a@127.0.0.1/b?table=c"])
