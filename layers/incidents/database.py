"""A table or view of PostgreSQL or PostGIS, named by URL, read in one read-only transaction by a server-side cursor.

`postgresql://user@host:5432/database?table=schema.table&geometry=column`. The password comes from ~/.pgpass or the
variable PGPASSWORD, else from the URL; it stands in no message. Only columns that are used are asked for, each as text
(PostgreSQL's own, exact for codes of any length); points come as WKB in the layer's system. Rows are counted from 1 in
the order of the primary key, else of all columns, so that the same table gives the same rows.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from ..refusals import refusal, trouble
from .sources import Loaded, Source
from .urls import shown_name
from .vectors import points_of

_BATCH = 20_000
_CONNECTION = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout")
_SPATIAL = ("geometry", "geography")
_TABLES = """
    SELECT n.nspname, c.relname, c.oid
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = ANY ('{r,v,m,f,p}') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY pg_catalog.pg_table_is_visible(c.oid) DESC, n.nspname, c.relname"""
_COLUMNS = """
    SELECT a.attname, t.typname, pg_catalog.format_type(a.atttypid, a.atttypmod), COALESCE(k.place, 0)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN (SELECT u.attnum, u.place FROM pg_catalog.pg_index i,
               LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, place)
               WHERE i.indrelid = %(oid)s AND i.indisprimary) k ON k.attnum = a.attnum
    WHERE a.attrelid = %(oid)s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_SCHEMA_OF_POSTGIS = """
    SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'postgis'"""


@dataclass(frozen=True)
class _Place:
    """What a URL says: how to connect, which table, which column of points."""

    connection: dict[str, str]
    table: str
    geometry: str
    name: str


@dataclass(frozen=True)
class _Table:
    """What the catalogue says: every name here is safe to be quoted into a query."""

    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    geometry: str
    postgis: str


def open_database(url: str) -> Source:
    """The table that *url* names.

    Raises InputError if the URL or a name in it is wrong, EnvironmentProblem if the database cannot be reached or read.
    """
    place = _parse(url)
    connection = _connect(place)
    with _problems(place.name):
        table = _look_up(connection, place)
        crs = _crs_of(connection, table) if table.geometry else None

    def load(columns: list[str] | None) -> Loaded:
        with _problems(place.name):
            return _load(connection, table, list(table.columns) if columns is None else columns, place.name)

    weakref.finalize(load, connection.close)
    return Source(place.name, table.columns, load, bool(table.geometry), crs, encoding="utf-8")


def _parse(url: str) -> _Place:
    """The URL's parts. No part of it is repeated in a message but names of tables and options."""
    name = "database URL"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        options = dict(parse_qsl(parts.query, strict_parsing=True, keep_blank_values=True)) if parts.query else {}
    except ValueError as error:
        raise refusal("E-DB-001", where=name) from error
    unknown = sorted(set(options) - {"table", "geometry", *_CONNECTION})
    if unknown:
        raise refusal("E-DB-002", where=name, option=unknown[0])
    database = unquote(parts.path.strip("/"))
    if not database or not options.get("table"):
        raise refusal("E-DB-003", where=name)
    given = {"dbname": database, "host": unquote(host), "port": str(port or ""), "user": unquote(parts.username or "")}
    given |= {"password": unquote(parts.password or ""), "connect_timeout": "10"}
    given |= {key: value for key, value in options.items() if key in _CONNECTION}
    connection = {key: value for key, value in given.items() if value}
    return _Place(connection, options["table"], options.get("geometry", ""), shown_name(url))


def _connect(place: _Place) -> Any:
    """An open connection whose one transaction can only read, and sees one moment."""
    try:
        import psycopg
    except ImportError as error:
        raise trouble("E-DB-008", where=place.name) from error
    with _problems(place.name):
        settings = "-c default_transaction_read_only=on -c datestyle=ISO -c timezone=UTC -c client_encoding=UTF8"
        connection = psycopg.connect(**place.connection, options=settings, application_name="gridbeacon")
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


@contextmanager
def _problems(name: str) -> Iterator[None]:
    """The driver's errors in our words: its own may quote values."""
    import psycopg

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise trouble("E-DB-009", where=name) from error.with_traceback(None)
    except psycopg.OperationalError as error:
        raise trouble(_why(error), where=name) from None
    except psycopg.Error as error:
        state = error.sqlstate or "without a code"
        raise trouble("E-DB-013", where=name, state=state) from None


def _why(error: Exception) -> str:
    """The code of the trouble."""
    said = str(error)
    if "password" in said or "authentication" in said or "role" in said:
        return "E-DB-010"
    if "does not exist" in said:
        return "E-DB-011"
    return "E-DB-012"


def _look_up(connection: Any, place: _Place) -> _Table:
    """The table and its columns, as the catalogue spells them."""
    every = connection.execute(_TABLES).fetchall()
    wanted = [row for row in every if place.table in (f"{row[0]}.{row[1]}", row[1])]
    if not wanted:
        names = [f"{schema}.{name}" for schema, name, _ in every]
        near = get_close_matches(place.table, [*names, *(n.partition(".")[2] for n in names)], n=1, cutoff=0.5)
        hint, hint_zh = (f"Did you mean {near[0]}? ", f"是否指{near[0]}?") if near else ("", "")
        raise refusal("E-DB-004", where=place.name, table=place.table, hint=hint, hint_zh=hint_zh, n=len(names))
    schema, name, oid = wanted[0]
    columns = connection.execute(_COLUMNS, {"oid": oid}).fetchall()
    spatial = [column for column, kind, _, _ in columns if kind in _SPATIAL]
    plain = tuple(column for column, kind, _, _ in columns if kind not in (*_SPATIAL, "bytea", "raster"))
    key = tuple(column for column, _, _, at in sorted(columns, key=lambda row: row[3]) if at)
    found = connection.execute(_SCHEMA_OF_POSTGIS).fetchone() if spatial else None
    return _Table(schema, name, plain, key, _choose_geometry(spatial, place), found[0] if found else "")


def _choose_geometry(spatial: list[str], place: _Place) -> str:
    if place.geometry and place.geometry not in spatial:
        listing = ", ".join(spatial)
        raise refusal(
            "E-DB-005", where=place.name, column=place.geometry, columns=listing or "none", columns_zh=listing or "无"
        )
    if len(spatial) > 1 and not place.geometry:
        listing = ", ".join(spatial)
        raise refusal("E-DB-006", where=place.name, n=len(spatial), columns=listing)
    return place.geometry or (spatial[0] if spatial else "")


def _quoted(*names: str) -> Any:
    """Names of the catalogue, quoted for a query: the one place where a name enters SQL."""
    from psycopg import sql

    return sql.Identifier(*names)


def _crs_of(connection: Any, table: _Table) -> Any:
    """The system of the first point, as the database's own table of systems has it."""
    from psycopg import sql

    query = sql.SQL("SELECT {srid}({column}::{kind}) FROM {table} WHERE {column} IS NOT NULL LIMIT 1").format(
        srid=_quoted(table.postgis, "st_srid"),
        kind=_quoted(table.postgis, "geometry"),
        column=_quoted(table.geometry),
        table=_quoted(table.schema, table.name),
    )
    first = connection.execute(query).fetchone()
    if first is None or not first[0]:
        return None
    query = sql.SQL("SELECT auth_name, auth_srid, srtext FROM {systems} WHERE srid = %s").format(
        systems=_quoted(table.postgis, "spatial_ref_sys")
    )
    known = connection.execute(query, first).fetchone()
    try:
        if known is None:
            return pyproj.CRS.from_epsg(first[0])
        return pyproj.CRS.from_user_input(f"{known[0]}:{known[1]}" if known[0] and known[1] else known[2])
    except pyproj.exceptions.CRSError:
        return None


def _load(connection: Any, table: _Table, columns: list[str], name: str) -> Loaded:
    """The rows of *columns* in batches of Arrow text, and the points."""
    batches: list[pa.RecordBatch] = []
    shapes: list[np.ndarray] = []
    schema = pa.schema([(column, pa.string()) for column in columns])
    with connection.cursor(name="gridbeacon") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_query(table, columns))
        while rows := cursor.fetchmany(_BATCH):
            *cells, last = zip(*rows, strict=True)
            arrays = [pa.array(column, pa.string()) for column in cells]
            batches.append(pa.record_batch(arrays, schema=schema) if columns else _nothing(len(rows)))
            if table.geometry:
                shapes.append(shapely.from_wkb(np.array(last, object), on_invalid="ignore"))
    whole = pa.Table.from_batches(batches, schema) if columns else pa.table({})
    n_rows = sum(batch.num_rows for batch in batches)
    numbers = np.arange(1, n_rows + 1)
    if not table.geometry:
        return Loaded(whole, numbers)
    x, y, odd = points_of(np.concatenate(shapes) if shapes else np.empty(0, object))
    if n_rows and odd.sum() == n_rows:
        raise refusal("E-DB-007", where=name)
    return Loaded(whole, numbers, x=x, y=y, odd=odd)


def _nothing(n_rows: int) -> pa.RecordBatch:
    return pa.record_batch({"": pa.nulls(n_rows)})


def _query(table: _Table, columns: list[str]) -> Any:
    """SELECT the columns as text and the points as WKB, in an order that does not change."""
    from psycopg import sql

    text = [sql.SQL("{}::pg_catalog.text").format(_quoted(column)) for column in columns]
    points = sql.SQL("NULL")
    if table.geometry:
        points = sql.SQL("{binary}({column}::{kind})").format(
            binary=_quoted(table.postgis, "st_asbinary"),
            column=_quoted(table.geometry),
            kind=_quoted(table.postgis, "geometry"),
        )
    order = [_quoted(column) for column in table.key] or [
        sql.SQL('{}::pg_catalog.text COLLATE "C"').format(_quoted(column))
        for column in (*table.columns, *((table.geometry,) if table.geometry else ()))
    ]
    return sql.SQL("SELECT {what} FROM {table} ORDER BY {order}").format(
        what=sql.SQL(", ").join([*text, points]),
        table=_quoted(table.schema, table.name),
        order=sql.SQL(", ").join(order),
    )
