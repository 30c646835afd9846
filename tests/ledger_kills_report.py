"""The long version of the ledger's tests, and what it found as a page: `ledger_kills.py` is its face."""

from __future__ import annotations

import argparse
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

import ledger_kills as kills
from conftest import PARTS
from gridbeacon.layers.ledger import Ledger, open_ledger
from ledger_walk import Walk
from postgres_server import WORD, Server, running

HEAD = """# What the ledger survives

Measured by `python tests/ledger_kills.py --kills {kills} --steps {steps} --write docs/ledger-kills.md` on files of a
real disk and on a PostgreSQL server that waits for its disk (`fsync` on). A child process works on the ledger and says
what was acknowledged; it is ended by `kill -9`; the next one begins with what may be half done. *Lost*: acknowledged
and not there. *Doubled*: a warning or a step recorded twice. *Illegal*: the chain of hashes or a move does not hold
when the ledger is opened. *Torn*: a run of which only a part is there. A kill ends the process, not the machine: what a
power cut does rests on SQLite's `synchronous=EXTRA`, PostgreSQL's `fsync` and `synchronous_commit`, and the disk.

| where | killed | kills | acknowledged and checked | lost | doubled | illegal | torn | seconds |
|---|---|---|---|---|---|---|---|---|
"""


def refuse(ledger: Ledger, statement: str, values: tuple) -> None:
    """The database must refuse what comes past the program."""
    connection = ledger._store.connection
    if not isinstance(connection, sqlite3.Connection):
        statement = statement.replace("?", "%s")
    try:
        connection.execute(statement, values)
    except Exception as error:
        if not any(word in str(error) for word in ("append-only", "legal move", "follow")):
            raise
    else:
        raise AssertionError(f"the database took {statement}")


def databases(server: Server, name: str) -> Iterator[str]:
    """URLs of new databases."""
    return (server.make(f"{name}{number}") for number in count())


def both(folder: Path, server: Server | None, name: str) -> list[tuple[str, str]]:
    """A new place of that *name* in every kind of database there is here."""
    found = [("SQLite", str(folder / f"{name}.sqlite"))]
    return found if server is None else [*found, ("PostgreSQL", server.make(name))]


def tallies(folder: Path, server: Server | None, wanted: int) -> Iterator[tuple[str, str, kills.Tally]]:
    """Where, how and with what result, for every way of killing; as many as *wanted* on SQLite, else a fifth of it."""
    for where, ending, share in (("SQLite", "sqlite", 1), ("GeoPackage", "gpkg", 5)):
        places = kills.in_folder(folder / ending, ending)
        yield where, "at a random moment", kills.random_kills(places, wanted // share, seed=1)
        yield where, "at every call of the database", kills.swept_kills(places, count(1), kills.at_call)
        if kills.can_trace():
            yield where, "before every write to its files", kills.swept_kills(places, count(1), kills.before_write)
    if server is not None:
        places = databases(server, "random")
        yield "PostgreSQL", "at a random moment", kills.random_kills(places, wanted // 5, seed=2, longest=2.0)
        places = databases(server, "swept")
        yield "PostgreSQL", "at every call of the database", kills.swept_kills(places, count(1), kills.at_call)


def kill_rows(folder: Path, server: Server | None, wanted: int) -> Iterator[str]:
    """The rows of the table; SystemExit at the first that is not clean."""
    for where, how, tally in tallies(folder, server, wanted):
        found = (tally.kills, tally.acknowledged, tally.lost, tally.duplicated, tally.illegal, tally.torn)
        yield f"| {where} | {how} | " + " | ".join(f"{n:,}" for n in found) + f" | {tally.seconds:.0f} |"
        if not tally.clean:
            raise SystemExit("something was lost, doubled, illegal or torn")


def walks(folder: Path, server: Server | None, steps: int) -> Iterator[str]:
    """The long walk beside the plain model, in both databases."""
    heads = []
    for where, place in both(folder, server, "walk"):
        begun = time.perf_counter()
        told = Walk(place, 50_000, refuse, names=400, reopen=500, whole=1000).run(steps)
        with open_ledger(place) as ledger:
            heads.append(ledger.head())
            events = ledger.verify()
        words = ", ".join(f"{number:,} {word}" for word, number in told.items())
        yield f"- {where}: {steps:,} steps ({words}), {events:,} events, {time.perf_counter() - begun:.0f} s."
    if len(set(heads)) > 1:
        raise SystemExit("the two databases tell different stories")
    if len(heads) > 1:
        yield "- The last hash, and with it every event, is the same in both."


def crowds(folder: Path, server: Server | None) -> Iterator[str]:
    """Sixteen processes at once."""
    for where, place in both(folder, server, "crowd"):
        told = kills.writers_at_once(place)
        yield (
            f"- {where}: {told['writers']} processes at once, half of them writing the same: {told['events']:,} "
            f"events, {told['warnings']:,} warnings, none recorded more than {told['most']} time."
        )


def speeds(folder: Path, server: Server | None) -> Iterator[str]:
    """10,000 warnings ever issued, each listed by five runs and most of them handled."""
    for where, place in both(folder, server, "speed"):
        fill(place)
        begun, busy = time.perf_counter(), time.process_time()
        with open_ledger(place) as ledger:
            opened = f"{time.perf_counter() - begun:.1f} s ({time.process_time() - busy:.1f} s of this processor)"
            begun, busy = time.perf_counter(), time.process_time()
            rows = ledger.warnings()
            listed = f"{time.perf_counter() - begun:.1f} s ({time.process_time() - busy:.1f} s)"
            events = ledger.verify()
        yield (
            f"- {where}: {len(rows):,} warnings, {events:,} events; opening it, with the whole chain checked, "
            f"{opened}; all rows {listed}."
        )


def fill(place: Path | str, warnings: int = 10_000) -> None:
    """A ledger of many warnings whose columns are as long as those of a real run."""
    columns = {f"column {number}": "供水报修31件,平时约9件" for number in range(30)} | {"category": "供水"}
    with open_ledger(place) as ledger:
        for first in range(0, warnings, 100):
            rows = [
                {"warning_id": f"w{first + k}", "level": "yellow", "responsible": "水务科", **columns}
                for k in range(100)
            ]
            for day in range(5):
                ledger.issue(rows, kills.as_of(first * 10 + day), "run")
            for k in range(70):
                by = {"actor": "值班台", "time": kills.as_of(first * 10 + 9)}
                ledger.record(f"w{first + k}", "assigned", payload={"to": "水务科"}, **by)


def main() -> None:
    """Run all of it, print the page, write it where asked, and fail if anything was lost, doubled, illegal or torn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="a folder on the disk that is to be tried")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    os.environ["PGPASSWORD"] = WORD
    programs = PARTS["postgis"]()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        if programs:
            with running(programs, durable=True) as server:
                page = report(Path(name), server, given.kills, given.steps)
        else:
            page = report(Path(name), None, given.kills, given.steps)
    if given.write:
        given.write.write_text(page, encoding="utf-8")


def report(folder: Path, server: Server | None, wanted: int, steps: int) -> str:
    """The page."""
    page = HEAD.format(kills=wanted, steps=steps)
    print(page, end="")
    parts = {
        "": kill_rows(folder, server, wanted),
        "A long walk beside a plain model": walks(folder, server, steps),
        "Many writers": crowds(folder, server),
        "Speed": speeds(folder, server),
    }
    for title, lines in parts.items():
        for line in chain([f"\n## {title}\n"] * bool(title), lines):
            page += line + "\n"
            print(line, flush=True)
    return page
