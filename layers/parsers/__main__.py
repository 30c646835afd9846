"""The process that parses: read an order, take the limits upon oneself, do the job, write the answer.

With `serve` it stays, and forks for every order it is sent: what a fork does, even crash, is over with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError

_WORK = 0.5
"""Share of the seconds allowed that the processor may work: a parser in a loop is ended sooner than one that waits."""

JOBS = ("workbook", "page", "vector", "columnar", "picture")


def main() -> int:
    """One order from standard input; 0 if it was answered, be it with an error for the user."""
    return answer(json.loads(sys.stdin.buffer.read()))


def serve() -> int:
    """Orders from standard input, one a line; for each its fork's exit code on standard output (POSIX only)."""
    for line in sys.stdin.buffer:
        order = json.loads(line)
        import_module(f".{_job(order)}", __package__)
        fork = os.fork()
        if not fork:
            _in_fork(order)
        code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()
    return 0


def _in_fork(order: dict[str, Any]) -> None:
    """Do the order and end, whatever happens, without running what the server has registered for its end."""
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, order["limits"]["seconds"])
        os.close(0)
        code = answer(order)
    finally:
        os._exit(code)


def answer(order: dict[str, Any]) -> int:
    """Do the job within its limits and write `answer.json`: facts, or the error for the user."""
    _limit(order["limits"])
    out = Path(order["out"])
    try:
        facts = _do(order, out)
    except GridBeaconError as error:
        facts = error.parts()
    except (MemoryError, RecursionError):
        return 1
    written = out / "answer.part"
    written.write_text(json.dumps(facts), encoding="utf-8")
    written.replace(out / "answer.json")
    return 0


def _job(order: dict[str, Any]) -> str:
    """The order's job, if it is one of ours."""
    return JOBS[JOBS.index(order["job"])]


def _do(order: dict[str, Any], out: Path) -> dict[str, Any]:
    facts, tables = import_module(f".{_job(order)}", __package__).parse(order)
    import pyarrow as pa

    for number, table in enumerate(tables):
        with pa.OSFile(str(out / f"{number}.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=1 << 16)
    return {**facts, "n_tables": len(tables)}


def _limit(limits: dict[str, Any]) -> None:
    """Memory, time of the processor, size of a file, no core; where the system knows such limits."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the limit
        return
    wanted = {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_CPU: int(limits["seconds"] * _WORK) + 1,
        resource.RLIMIT_FSIZE: limits["answer"],
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


class _Without:
    """Keeps out packages that pyarrow and pyogrio load if they can, and need for nothing that is asked of them here."""

    names = frozenset(("pandas", "geopandas", "pyproj", "shapely"))

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """There is no such package."""
        if name in self.names:
            raise ModuleNotFoundError(name, name=name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _Without())  # type: ignore[arg-type]
    sys.exit(serve() if sys.argv[1:] == ["serve"] else main())
