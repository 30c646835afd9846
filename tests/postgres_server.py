"""A PostgreSQL server of our own on loopback, for as long as it is needed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

WORD = "a" * 8 + "-p@ss/w:rd"
"""The password of every user of the server; it must come back in no message."""


@dataclass(frozen=True)
class Server:
    """Where it listens."""

    port: int

    @property
    def facts(self) -> dict[str, str | int]:
        """How its owner connects."""
        return {"host": "127.0.0.1", "port": self.port, "user": "boss", "password": WORD, "dbname": "postgres"}

    def make(self, database: str) -> str:
        """A new, empty database; its URL, without the password (the environment has it)."""
        import psycopg

        with psycopg.connect(**self.facts, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def url(self, database: str = "postgres", user: str = "boss") -> str:
        """The URL of a database, without the password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{quote(database)}"


def as_postgres(*command: str | Path) -> list[str | Path]:
    """Root may not run a server: Debian's user `postgres` does."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else list(command)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(programs: str | Path, durable: bool = False) -> Iterator[Server]:
    """A server made by the *programs* of PostgreSQL; `durable` waits for the disk, as one in service does."""
    import psycopg

    programs = Path(programs)
    folder = Path(tempfile.mkdtemp(prefix="gb-pg-", dir="/var/tmp"))
    (folder / "word").write_text(WORD)
    if os.getuid() == 0:
        for place in (folder, folder / "word"):
            shutil.chown(place, "postgres", "postgres")
    data, server = folder / "data", Server(_free_port())
    options = ["-U", "boss", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"]
    made = as_postgres(programs / "initdb", "-D", data, *options, f"--pwfile={folder / 'word'}")
    subprocess.run(made, check=True, capture_output=True, cwd="/", timeout=120)
    options = ["-h", "127.0.0.1", "-p", str(server.port), "-k", folder, "-c", f"fsync={'on' if durable else 'off'}"]
    process = subprocess.Popen(
        as_postgres(programs / "postgres", "-D", data, *options), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                psycopg.connect(**server.facts).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield server
    finally:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, 2)  # the server's own pid: a fast shutdown
        process.wait(timeout=180)
        shutil.rmtree(folder, ignore_errors=True)
