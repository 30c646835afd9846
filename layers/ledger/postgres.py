"""A ledger in PostgreSQL: the same events, hashes and legal moves, enforced by the server.

`postgresql://user@host:5432/database?schema=name`. The password comes from ~/.pgpass or the variable PGPASSWORD, else
from the URL; it stands in no message. The driver (psycopg) is imported only when a ledger is opened here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ...errors import GridBeaconError
from ..refusals import refusal, trouble
from .postgres_schema import FUNCTIONS, GUARDS, LOCK, TABLES, TRIGGERS
from .schema import ABOUT, MOVE
from .states import legal_moves
from .store import COLUMNS, INSERT, VERSION, refuse_newer
from .verifying import damaged

_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout")
_FOUND = (
    "SELECT relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace "
    "WHERE nspname = current_schema() AND relname IN ('ledger_events', 'ledger_transitions', 'ledger_about')"
)
"""Asked of the table itself: `to_regclass` may answer from a memory older than the lock that was waited for."""


@dataclass(frozen=True)
class _Place:
    """What a URL says: how to connect, which schema, and what to call it."""

    connection: dict[str, Any]
    schema: str
    name: str


class PostgresStore:
    """An open connection to a database that holds a ledger; made by `open_database`."""

    def __init__(self, connection: Any, name: str):
        self.connection = connection
        self.name = name

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """The rows of a query, one after another."""
        with problems(self.name):
            yield from self.connection.execute(statement.replace("?", "%s"), values or None)

    def row(self, statement: str, values: Sequence[Any] = ()) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        return next(iter(self.rows(statement, values)), None)

    def do(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run a statement that gives no rows."""
        with problems(self.name):
            self.connection.execute(statement.replace("?", "%s"), values or None)

    def append(self, event: Mapping[str, Any]) -> None:
        """Insert an event."""
        self.do(INSERT, [event[name] for name in COLUMNS])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One writer after another; when it ends without an error, the server has it on its disk."""
        with problems(self.name), self.connection.transaction():
            self.connection.execute(LOCK)
            yield

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def open_database(url: str, create: bool) -> PostgresStore:
    """The store at *url*; made where none is, unless *create* is false.

    Raises InputError for a URL that cannot be read, and for a ledger that is missing, damaged or newer;
    EnvironmentProblem if the database cannot be reached or refuses.
    """
    place = _parse(url)
    store = PostgresStore(_connect(place), place.name)
    try:
        _check(store, create)
    except BaseException:
        store.close()
        raise
    return store


def _parse(url: str) -> _Place:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError:
        raise refusal("E-LEDGER-020", where="PostgreSQL") from None
    database, schema = unquote(parts.path.strip("/")), options.pop("schema", "")
    if not database or set(options) - set(_OPTIONS):
        raise refusal("E-LEDGER-020", where="PostgreSQL")
    given = {"dbname": database, "host": unquote(host), "port": str(port or ""), "user": unquote(parts.username or "")}
    given |= {"password": unquote(parts.password or ""), "connect_timeout": "10", **options}
    name = f"PostgreSQL {database}" + (f".{schema}" if schema else "")
    return _Place({key: value for key, value in given.items() if value}, schema, name)


def _connect(place: _Place) -> Any:
    """An open connection that commits each statement, or transaction, durably."""
    try:
        import psycopg
        from psycopg.rows import dict_row
    except ImportError as error:
        raise trouble("E-DB-008", where=place.name) from error
    with problems(place.name):
        connection = psycopg.connect(
            **place.connection, autocommit=True, row_factory=dict_row, application_name="gridbeacon"
        )
        connection.execute("SELECT set_config('client_encoding', 'UTF8', false)")
        if place.schema:
            path = '"' + place.schema.replace('"', '""') + '"'
            connection.execute("SELECT set_config('search_path', %s, false)", (path,))
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )
    return connection


def _check(store: PostgresStore, create: bool) -> None:
    """A ledger is there whole, or it is not there at all; and it is one this program knows."""
    found = _found(store)
    if not found:
        if not create:
            raise refusal("E-LEDGER-001", where=store.name)
        with store.transaction():
            if not _found(store):
                _make(store)
        found = _found(store)
    if len(found) != 3:
        raise damaged(store.name, "a part of it is missing", "缺少一部分")
    row = store.row("SELECT value FROM ledger_about WHERE name = 'version'")
    refuse_newer(row["value"] if row else "", store.name)
    _check_rules(store)


def _found(store: PostgresStore) -> list[str]:
    return [row["relname"] for row in store.rows(_FOUND)]


def _make(store: PostgresStore) -> None:
    for statement in TABLES:
        store.do(statement)
    with store.connection.cursor() as cursor:
        cursor.executemany(MOVE.replace("?", "%s"), list(legal_moves()))
    store.do(ABOUT, ("version", str(VERSION)))
    for statement in (*FUNCTIONS.values(), *GUARDS):
        store.do(statement)


def _check_rules(store: PostgresStore) -> None:
    """Raise InputError if a column or a guard is missing or changed, or the legal moves are not this version's."""
    columns = store.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('ledger_events') AND attnum > 0 ORDER BY attnum"
    )
    enabled = store.rows(
        "SELECT tgname, tgenabled, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
        "WHERE tgrelid IN (to_regclass('ledger_events'), to_regclass('ledger_transitions')) AND NOT tgisinternal"
    )
    found = {(row["tgname"], _enabled(row["tgenabled"]), row["prosrc"]) for row in enabled}
    expected = {(name, "A", FUNCTIONS[function].split("$$")[1]) for name, function in TRIGGERS.items()}
    if found != expected or [row["attname"] for row in columns] != list(COLUMNS):
        raise damaged(store.name, "its tables or guards are missing or changed", "数据表或保护规则缺失或被改动")
    moves = store.rows("SELECT event, before, after, state, needs_note FROM ledger_transitions")
    if {tuple(row.values()) for row in moves} != set(legal_moves()):
        raise damaged(store.name, "its legal moves were changed", "合法流程被改动")


def _enabled(flag: Any) -> str:
    return flag.decode() if isinstance(flag, bytes) else str(flag)


@contextmanager
def problems(name: str) -> Iterator[None]:
    """The driver's errors in our words: its own may quote the address or values."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise _told(error, name) from None


def _told(error: Any, name: str) -> GridBeaconError:
    import psycopg

    said, state = str(error), error.sqlstate or ""
    if state in ("42703", "42P01"):
        return damaged(name, "its tables are not those of a ledger", "数据表与台账不符")
    if state == "42501":
        return trouble("E-LEDGER-007", where=name, why="this user may not use it", why_zh="该用户没有权限")
    if state.startswith("53"):
        return trouble("E-LEDGER-007", where=name, why="the server's disk is full", why_zh="服务器资源不足(如磁盘已满)")
    if isinstance(error, psycopg.OperationalError) and not state.startswith(("23", "P0")):
        if any(word in said for word in ("password", "authentication", "role")):
            return trouble("E-DB-010", where=name)
        return trouble("E-DB-011" if "does not exist" in said else "E-DB-012", where=name)
    return trouble("E-DB-013", where=name, state=state)
