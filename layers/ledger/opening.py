"""Opening a ledger, wherever it lies. Standard library only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..refusals import refusal
from .book import Ledger
from .sqlite import open_file, problem


def open_ledger(place: str | Path, create: bool = True) -> Ledger:
    """Open the ledger at *place*; make a new one where none is, unless *create* is false.

    *place* is a file (.sqlite, .db or whatever name), a GeoPackage (.gpkg; the ledger is a table without geometry,
    beside what other layers it holds), or a `postgresql://` URL.

    Raises InputError if it is no ledger, is damaged, from a newer version, on a network drive, or its chain of hashes
    is broken: it is never repaired or made anew, for what it holds may be the only record. Raises EnvironmentProblem
    if it cannot be read or written.
    """
    if str(place).startswith(("postgresql:", "postgres:")):
        from .postgres import open_database

        return _vouched(Ledger(open_database(str(place), create)))
    if "://" in str(place):
        raise refusal("E-LEDGER-020", where="--ledger")
    path = Path(place)
    try:
        return _vouched(Ledger(open_file(path, create)))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise problem(error, path) from error


def _vouched(ledger: Ledger) -> Ledger:
    """The ledger, once its whole past is what was recorded."""
    try:
        ledger.verify()
    except BaseException:
        ledger.close()
        raise
    return ledger
