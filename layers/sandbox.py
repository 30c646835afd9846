"""Files that may hurt are parsed in a process of their own, with limits on memory, time and size.

It is told by JSON what to read and answers with JSON and Arrow files in a folder only this user may enter; the folder
is gone when the answer is in. On POSIX one server is kept that forks for every file, so that a file costs no start-up.
Windows has neither forks nor such limits: there each file starts a process, and the clock alone is watched.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import signal
import subprocess  # nosec B404
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..errors import InputError
from .refusals import refusal, trouble

_MODULE = f"{__package__}.parsers"
_SIZE_OF_SMALL = 4 << 20
_GRACE = 3.0
_START = 30.0
"""Seconds, beside those of the file, in which a new process may load its libraries: a virus scanner looks at each."""


@dataclass(frozen=True)
class Limits:
    """What parsing one file may use: seconds, bytes of memory, bytes of each file of the answer."""

    seconds: float = 15.0
    memory: int = 1_400 << 20
    answer: int = 1 << 30


@dataclass(frozen=True)
class Parsed:
    """What was answered: facts as JSON has them, and tables."""

    facts: dict[str, Any]
    tables: tuple[pa.Table, ...]


def limits_for(size: int) -> Limits:
    """The limits for a file of *size* bytes: fixed up to 4 MiB, above that in proportion."""
    share, small = max(1.0, size / _SIZE_OF_SMALL), Limits()
    memory = min(12 << 30, small.memory + 25 * max(0, size - _SIZE_OF_SMALL))
    return Limits(small.seconds * share, memory, int(min(32 << 30, small.answer * share)))


def parse(
    job: str,
    request: dict[str, Any],
    *,
    name: str,
    path: Path | None = None,
    files: dict[str, bytes] | None = None,
    limits: Limits | None = None,
) -> Parsed:
    """Have *job* (a module of `parsers`) done on the file at *path*, or on the first of *files*.

    Parameters
    ----------
    request : what the job is told besides the place; JSON-able.
    name : what the file is called in messages.
    files : file name -> bytes, where the file does not lie on the disk; written beside one another.
    limits : default `limits_for` the file's size.

    Raises
    ------
    InputError
        The parser said so, crashed, or went beyond a limit.
    EnvironmentProblem
        No process could be started, or the disk is full.
    """
    limits = limits or limits_for(_size(path) if path is not None else sum(map(len, (files or {}).values())))
    folder = Path(tempfile.mkdtemp(prefix="gridbeacon-"))
    try:
        for file, data in (files or {}).items():
            (folder / file).write_bytes(data)
        place = path.resolve() if path is not None else folder / next(iter(files or {"": b""}))
        order = {"job": job, "place": str(place), "out": str(folder), "name": name, **request, "limits": asdict(limits)}
        in_time = _do(json.dumps(order).encode(), limits.seconds)
        return _answer(folder, in_time, name)
    except OSError as error:
        raise trouble("E-FILE-018", where=name) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _size(path: Path) -> int:
    """Bytes of a file, of a Shapefile with its parts, or of a folder that is a database."""
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    if path.suffix.lower() != ".shp":
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.parent.iterdir() if part.stem == path.stem and part.is_file())


def _do(order: bytes, seconds: float) -> bool:
    """Whether the order was done, or given up, in time."""
    if os.name != "posix":
        return _do_alone(order, seconds)
    with _LOCK:
        try:
            return _server().do(order, seconds)
        except BrokenPipeError:  # it was ended from outside since the last file
            _forget_server()
            return _server().do(order, seconds)


def _start(*arguments: str, answers: int) -> subprocess.Popen[bytes]:
    """Our own module in this interpreter, without a shell; what it is to do goes by its standard input."""
    return subprocess.Popen(  # nosec B603
        [sys.executable, "-P", "-m", _MODULE, *arguments],
        stdin=subprocess.PIPE,
        stdout=answers,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )


def _do_alone(order: bytes, seconds: float) -> bool:
    child = _start(answers=subprocess.DEVNULL)
    try:
        child.communicate(order, timeout=seconds + _START)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if child.poll() is None:  # too late, or the user stopped the work
            child.kill()
            child.wait()
    return True


class _Server:
    """The process that forks for every file."""

    def __init__(self) -> None:
        self.process = _start("serve", answers=subprocess.PIPE)
        self.fresh = True

    def do(self, order: bytes, seconds: float) -> bool:
        """Whether the fork for *order* ended before its time was out."""
        sink, source = self.process.stdin, self.process.stdout
        if sink is None or source is None:
            raise BrokenPipeError
        sink.write(order + b"\n")
        sink.flush()
        allowed = seconds + (_START if self.fresh else _GRACE)
        try:
            ready, _, _ = select.select([source], [], [], allowed)
            line = source.readline() if ready else b""
        except BaseException:  # the user stopped the work: the fork must not outlive it
            self.end()
            raise
        if not ready:
            self.end()
            return False
        if not line:
            raise BrokenPipeError
        self.fresh = False
        return -int(line) not in (signal.SIGALRM, signal.SIGXCPU)

    def end(self) -> None:
        """Let it go; a fork still at work is ended by its own alarm."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


_LOCK = threading.Lock()
_RUNNING: list[_Server] = []


def _server() -> _Server:
    if _RUNNING and _RUNNING[0].process.poll() is None:
        return _RUNNING[0]
    _forget_server()
    _RUNNING.append(_Server())
    return _RUNNING[0]


@atexit.register
def _forget_server() -> None:
    while _RUNNING:
        _RUNNING.pop().end()


def _environment() -> dict[str, str]:
    """Ours, with our own way of finding modules; one thread, memory straight from the system so that limits hold."""
    single = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GDAL_NUM_THREADS"), "1")
    path = os.pathsep.join(entry for entry in sys.path if entry)
    quiet = {"ARROW_DEFAULT_MEMORY_POOL": "system", "CPL_LOG": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **single, **quiet, "PYTHONPATH": path, "PYTHONUTF8": "1"}


def _answer(folder: Path, in_time: bool, name: str) -> Parsed:
    answer = folder / "answer.json"
    if not in_time:
        raise refusal("E-FILE-016", where=name)
    if not answer.exists():
        raise refusal("E-FILE-017", where=name)
    facts = json.loads(answer.read_text(encoding="utf-8"))
    if "problem" in facts:
        raise InputError(**facts)
    return Parsed(facts, tuple(_table(folder / f"{number}.arrow") for number in range(facts["n_tables"])))


def _table(path: Path) -> pa.Table:
    """The table of an Arrow file: mapped where a file may be removed under its reader, else read."""
    if os.name == "posix":
        with pa.memory_map(str(path)) as mapped:
            return pa.ipc.open_file(mapped).read_all()
    with pa.OSFile(str(path)) as stream:
        return pa.ipc.open_file(stream).read_all()
