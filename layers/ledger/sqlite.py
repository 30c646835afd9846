"""A ledger in an SQLite file, or as a table of a GeoPackage. Standard library only."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from ..refusals import refusal, trouble
from .places import refuse_network
from .schema import ABOUT, APPLICATION, GEOPACKAGE, GEOPACKAGE_TABLES, GUARDS, MOVE, REGISTERED, RULES, TABLES
from .states import legal_moves
from .store import COLUMNS, INSERT, VERSION, refuse_newer
from .verifying import damaged

_REASONS = {
    "database or disk is full": ("the disk is full", "磁盘已满"),
    "database is locked": ("another program holds it", "其他程序正占用它"),
}
"""What SQLite says -> what it means, in both languages."""

_PARTS = (
    "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND (name LIKE 'ledger@_%' ESCAPE '@' "
    "OR (type = 'trigger' AND tbl_name LIKE 'ledger@_%' ESCAPE '@'))"
)
"""Our tables, indexes and guards, and any trigger that another put on them."""


class SqliteStore:
    """An open SQLite file or GeoPackage that holds a ledger; made by `open_file`."""

    def __init__(self, connection: sqlite3.Connection, path: Path):
        self.connection = connection
        self.path = path
        self.name = str(path)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """The rows of a query, one after another."""
        try:
            for row in self.connection.execute(statement, values):
                yield dict(row)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise problem(error, self.path) from error

    def row(self, statement: str, values: Sequence[Any] = ()) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        return next(self.rows(statement, values), None)

    def append(self, event: Mapping[str, Any]) -> None:
        """Insert an event."""
        self.connection.execute(INSERT, [event[name] for name in COLUMNS])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """The only writer while it lasts; when it ends without an error, what was written is on the disk."""
        try:
            with writing(self.connection):
                yield
        except sqlite3.Error as error:
            raise problem(error, self.path) from error

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction: all of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(path: Path) -> sqlite3.Connection:
    """A connection that acknowledges nothing before it is on the disk, directory entry of the journal included."""
    connection = sqlite3.connect(path, timeout=60.0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous=EXTRA")
    connection.execute("PRAGMA fullfsync=ON")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def problem(error: Exception, path: Path) -> GridBeaconError:
    """The error of SQLite in our words; what it cannot even spell is damage."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):  # a guard of ours refused it
        return trouble("E-LEDGER-007", where=str(path), why=text, why_zh=text)
    broken = any(word in text for word in ("malformed", "decode", "no such column", "no such table"))
    if isinstance(error, sqlite3.OperationalError) and not broken:
        reason, reason_zh = _REASONS.get(text, (text, text))
        return trouble("E-LEDGER-007", where=str(path), why=reason, why_zh=reason_zh)
    return damaged(str(path), "it cannot be read as a database", "无法作为数据库读取")


def open_file(path: Path, create: bool) -> SqliteStore:
    """The store in the file at *path*; made where no file is, or no ledger in a GeoPackage, unless *create* is false.

    Raises InputError if it is no ledger, damaged, of a newer version or on a network drive.
    """
    refuse_network(path)
    if not path.exists():
        if not create:
            raise refusal("E-LEDGER-001", where=str(path))
        _make(path)
    if not path.is_file():
        raise refusal("E-LEDGER-002", where=str(path))
    connection = None
    try:
        connection = connect(path)
        _check(connection, path, create)
        check_rules(connection, str(path))
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, (sqlite3.Error, UnicodeDecodeError)):
            raise problem(error, path) from error
        raise
    return SqliteStore(connection, path)


def _make(path: Path) -> None:
    """Make an empty ledger beside *path* and put it there at once; a file that came meanwhile is left alone."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(fresh)
        try:
            with writing(connection):
                _lay_out(connection, path)
        finally:
            connection.close()
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not path.exists():
                fresh.rename(path)
    except (OSError, sqlite3.Error) as error:
        raise trouble("E-LEDGER-003", where=str(path)) from error
    finally:
        if fresh.exists():
            fresh.unlink()


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    package = path.suffix.lower() == ".gpkg"
    for statement in GEOPACKAGE_TABLES if package else (f"PRAGMA application_id = {APPLICATION}",):
        connection.execute(statement)
    if not package:
        connection.execute(f"PRAGMA user_version = {VERSION}")
    for statement in TABLES:
        connection.execute(statement)
    add_rules(connection)
    if package:
        connection.execute(REGISTERED)


def add_rules(connection: sqlite3.Connection) -> None:
    """The legal moves, the version, and the guards over all; inside a transaction."""
    for statement in RULES:
        connection.execute(statement)
    connection.executemany(MOVE, legal_moves())
    connection.execute(ABOUT, ("version", str(VERSION)))
    for statement in GUARDS:
        connection.execute(statement)


def _check(connection: sqlite3.Connection, path: Path, create: bool) -> None:
    """Refuse what is no ledger, newer than this program, or does not fit together; bring an older one up to date."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application in GEOPACKAGE:
        _check_package(connection, path, create)
    elif application != APPLICATION:
        raise refusal("E-LEDGER-004", where=str(path))
    else:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        refuse_newer(version, str(path))
        _quick_check(connection, path, "PRAGMA quick_check")
        if version < VERSION:
            from .versions import bring_up_to_date

            bring_up_to_date(connection, path)


def _check_package(connection: sqlite3.Connection, path: Path, create: bool) -> None:
    """A ledger in a GeoPackage is there whole, or it is not there at all."""
    found = {row["name"] for row in connection.execute(_PARTS)}
    listed = connection.execute("SELECT 1 FROM gpkg_contents WHERE table_name = 'ledger_events'").fetchone()
    if not found and not listed:
        _quick_check(connection, path, "PRAGMA quick_check")
        if not create:
            raise refusal("E-LEDGER-019", where=str(path))
        with writing(connection):
            if not list(connection.execute(_PARTS)):
                for statement in TABLES:
                    connection.execute(statement)
                add_rules(connection)
                connection.execute(REGISTERED)
    elif not listed or not {"ledger_events", "ledger_about", "ledger_transitions"} <= found:
        raise damaged(str(path), "a part of it is missing", "缺少一部分")
    else:
        row = connection.execute("SELECT value FROM ledger_about WHERE name = 'version'").fetchone()
        refuse_newer(row["value"] if row else "", str(path))
        _quick_check(connection, path, "PRAGMA quick_check(ledger_events)")


def _quick_check(connection: sqlite3.Connection, path: Path, statement: str) -> None:
    if connection.execute(statement).fetchone()[0] != "ok":
        raise damaged(str(path), "its pages do not fit together", "数据页不一致")


def check_rules(connection: sqlite3.Connection, where: str) -> None:
    """Raise InputError if a table, a guard or a legal move is not as this version made it."""
    found = {row["name"]: row["sql"] for row in connection.execute(_PARTS)}
    expected = {sql.split()[2]: sql for sql in (*TABLES, *RULES, *GUARDS)}
    if any(found.get(name) != sql for name, sql in expected.items()) or set(found) - set(expected):
        raise damaged(where, "its tables or guards are missing or changed", "数据表或保护规则缺失或被改动")
    if {tuple(row) for row in connection.execute("SELECT * FROM ledger_transitions")} != set(legal_moves()):
        raise damaged(where, "its legal moves were changed", "合法流程被改动")
