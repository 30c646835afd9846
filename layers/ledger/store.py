"""What a ledger asks of a database. Statements use `?` for parameters; every row is a dict. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..refusals import refusal
from .verifying import damaged

VERSION = 2
COLUMNS = (
    "seq",
    "warning_id",
    "event",
    "step",
    "state",
    "actor",
    "time",
    "note",
    "payload",
    "once",
    "previous_hash",
    "hash",
)
"""The columns of `ledger_events`, in every database."""

INSERT = (
    "INSERT INTO ledger_events "
    "(seq, warning_id, event, step, state, actor, time, note, payload, once, previous_hash, hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Store(Protocol):
    """A database that holds a ledger's tables and enforces their rules by itself."""

    name: str
    """What messages call it: the file's path, or the database without its password."""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """The rows of a query, one after another."""
        ...

    def row(self, statement: str, values: Sequence[Any] = ()) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        ...

    def append(self, event: Mapping[str, Any]) -> None:
        """Insert an event, inside a transaction."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """One writer at a time; when it ends without an error, what was written is on the disk."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def refuse_newer(version: Any, where: str) -> None:
    """Raise InputError if *version* is one this program does not know."""
    if not str(version).isdigit():
        raise damaged(where, "its version cannot be read", "版本无法读取")
    if int(version) > VERSION:
        raise refusal("E-LEDGER-005", where=where, version=version, known=VERSION)
