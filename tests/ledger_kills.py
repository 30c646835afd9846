"""Kill -9 on writers of a ledger: at random moments, at every call of the database, before every write of the system.

    python tests/ledger_kills.py --kills 500 --steps 50000 --write docs/ledger-kills.md

A child works on a ledger and says on its standard output what the ledger acknowledged; the parent kills it, looks at
what is there, and lets the next child begin with what the last one may have left half done. Nothing acknowledged may be
missing, nothing may stand twice, no move may be illegal, and a run is there whole or not at all.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from gridbeacon.layers.ledger import open_ledger

WRITES = "pwrite64,write,ftruncate,fsync,fdatasync,unlink,unlinkat,link,linkat,rename,renameat2"
"""System calls that change a file or its folder, or wait for the disk."""

LIFE = {"judged": {"verdict": "true"}, "assigned": {"to": "水务科"}, "received": {}, "handled": {}, "closed": {}}
PER_RUN = 3


# --- the child


def work(place: str, stream: str, start: int, stop: int) -> None:
    """Issue and handle warnings number *start* to *stop* of a stream; say what was acknowledged, line by line."""
    print("begin", flush=True)
    with open_ledger(place) as ledger:
        for number in range(start, stop):
            names = [f"{stream}-{number}-{k}" for k in range(PER_RUN)]
            rows = [
                {"warning_id": name, "level": "red", "category": "供水", "cell_name": "甲街道" * 20} for name in names
            ]
            ledger.issue(rows, as_of(number), "run")
            print(f"{number} issued {' '.join(names)}", flush=True)
            for event, payload in LIFE.items():
                by = {"actor": "值班台", "time": as_of(number), "once": "sheet 1"}
                ledger.record(names[0], event, payload=payload, **by)
                print(f"{number} {event} {names[0]}", flush=True)


def as_of(number: int) -> str:
    """A moment of its own for every run of a stream."""
    return (datetime(2025, 1, 1) + timedelta(seconds=number)).isoformat()


def die_at(call: int) -> None:
    """Kill this process when it makes its *call*-th call of a database."""
    import sqlite3

    from gridbeacon.layers.ledger import postgres, sqlite

    left = [call]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), 9)

    def traced(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(count)
        return connection

    class Counted(postgres.PostgresStore):
        def rows(self, *given):
            count()
            return super().rows(*given)

        def do(self, *given):
            count()
            super().do(*given)

    connect, sqlite.connect, postgres.PostgresStore = sqlite.connect, traced, Counted


# --- the parent


@dataclass
class Tally:
    """What the kills did."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    illegal: int = 0
    torn: int = 0
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, illegal or half there."""
        return not (self.lost or self.duplicated or self.illegal or self.torn)


@dataclass
class Stream:
    """One ledger, and what its children were told."""

    place: str
    tally: Tally
    said: list[str] = field(default_factory=list)
    name: str = "s"

    def child(self, *more: str, before: tuple[str, ...] = (), stop: int = 10**6) -> subprocess.Popen[str]:
        """A writer that begins with the last number that was acknowledged, which may lack its end."""
        start = int(self.said[-1].split()[0]) if self.said else 0
        own = [sys.executable, __file__, "--child", self.place, self.name, str(start), str(stop), *more]
        return subprocess.Popen([*before, *own], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, child: subprocess.Popen[str], read: str = "") -> bool:
        """Take what the child said; whether it was killed (else it must have finished)."""
        rest, trouble = child.communicate()
        lines = (read + rest).split("\n")[:-1]  # what came after the last line end was cut off
        self.said += [line for line in lines if line != "begin"]
        if child.returncode not in (0, -9, 137):
            raise RuntimeError(trouble)
        self.tally.kills += child.returncode != 0
        return child.returncode != 0

    def judge(self) -> None:
        """Open the ledger, which checks its chain and every move, and compare it with what was acknowledged."""
        try:
            with open_ledger(self.place) as ledger:
                events = list(ledger.events())
                rows = {row["warning_id"]: row for row in ledger.warnings()}
        except ValueError:
            self.tally.illegal += 1
            return
        there = Counter((event["warning_id"], event["event"]) for event in events)
        told = {(name, line.split()[1]) for line in self.said for name in line.split()[2:]}
        self.tally.acknowledged += len(told)
        self.tally.lost += sum(1 for key in told if not there[key])
        self.tally.duplicated += sum(times - 1 for (name, _), times in there.items() if name)
        self.tally.duplicated += len(rows) - len({name for name, _ in there if name})
        runs = Counter(event["time"] for event in events if event["event"] == "issued")
        listed = Counter(event["time"] for event in events if event["event"] == "run_issued")
        self.tally.torn += sum(1 for moment in {*runs, *listed} if (runs[moment], listed[moment]) != (PER_RUN, 1))


def random_kills(places: Iterator[str], kills: int, seed: int, each: int = 25, longest: float = 0.12) -> Tally:
    """Kill writers at random moments, up to *longest* seconds after they began; a new ledger after *each* kills."""
    draw, tally, begun = random.Random(seed), Tally(), time.perf_counter()
    while tally.kills < kills:
        stream = Stream(next(places), tally)
        for _ in range(min(each, kills - tally.kills)):
            child = stream.child()
            first = child.stdout.readline()
            time.sleep(draw.uniform(0, longest))
            child.kill()
            stream.end(child, first)
        stream.judge()
    tally.seconds = time.perf_counter() - begun
    return tally


def swept_kills(places: Iterator[str], points: Iterator[int], how: Callable[[int, str], dict]) -> Tally:
    """For every point: a new ledger, a writer of one run killed there, and another that finishes its work.

    *how* gives the arguments of `Stream.child` for a point and a place. Ends when a writer comes through alive.
    """
    tally, begun = Tally(), time.perf_counter()
    for point in points:
        stream = Stream(next(places), tally)
        given = how(point, stream.place)
        killed = stream.end(stream.child(*given.pop("more", ()), **given, stop=1))
        stream.judge()
        if stream.end(stream.child(stop=1)):
            raise RuntimeError("the writer that was to finish was killed")
        stream.judge()
        if not killed:
            break
    tally.seconds = time.perf_counter() - begun
    return tally


def at_call(point: int, place: str) -> dict:
    """Die at that call of the database."""
    return {"more": (str(point),)}


def before_write(point: int, place: str) -> dict:
    """Die before that system call that would change the ledger's folder or a file in it."""
    files = [part for file in (place, f"{place}-journal", str(Path(place).parent)) for part in ("-P", file)]
    tracer = ("strace", "-f", "-qq", "-o", "/dev/null", *files)
    return {"before": (*tracer, "-e", f"trace={WRITES}", "-e", f"inject={WRITES}:signal=KILL:when={point}")}


def writers_at_once(place: str, writers: int = 8, runs: int = 25) -> dict[str, int]:
    """Several processes write, each to warnings of its own and all to the same ones; what the ledger holds after."""
    streams = [Stream(place, Tally(), name=name) for number in range(writers) for name in (f"own{number}", "all")]
    children = [stream.child(stop=runs) for stream in streams]
    for stream, child in zip(streams, children, strict=True):
        if stream.end(child):
            raise RuntimeError("a writer was killed")
    with open_ledger(place) as ledger:
        count, states = ledger.verify(), Counter(ledger.states().values())
        events = Counter((event["warning_id"], event["event"]) for event in ledger.events() if event["warning_id"])
    return {"writers": len(streams), "events": count, "warnings": sum(states.values()), "most": max(events.values())}


def can_trace() -> bool:
    """Whether this machine lets a process be traced and killed at a system call."""
    if not shutil.which("strace"):
        return False
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"], capture_output=True)
    return tried.returncode == 0


def in_folder(folder: Path, ending: str) -> Iterator[str]:
    """Places for one new ledger after another."""
    number = 0
    while True:
        number += 1
        (folder / f"{ending}{number}").mkdir(parents=True)
        yield str(folder / f"{ending}{number}" / f"ledger.{ending}")


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        if len(sys.argv) > 6:
            die_at(int(sys.argv[6]))
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        from ledger_kills_report import main

        main()
