"""One run per city folder at a time.

The file `watch.lock` stays where it is. Its holder has the operating system's lock on it, which ends with the process
however that dies, and has written into it who it is. The system's lock decides; the written record says who holds it,
and decides alone where a file system knows no locks or another computer may be the holder (a network drive).
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from ..refusals import trouble

_NO_LOCKS = {errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.ENOSYS, getattr(errno, "ENOTSUP", errno.ENOSYS)}
_FAR = 1 << 30  # Windows locks bytes against reading too: one far behind the record leaves it readable
_FOREIGN = timedelta(hours=24)  # a record of another computer is believed so long


def process_start(pid: int) -> str | None:
    """A text that no later process of the same number shares; None where no process has the number.

    Linux: ticks since boot, and the boot. Windows: the time of creation. Elsewhere only whether the process lives ("").
    """
    if os.name == "nt":
        return _windows_start(pid)
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        fields = line.rpartition(")")[2].split()
        return None if fields[0] in ("Z", "X") else f"{boot}:{fields[19]}"
    except FileNotFoundError:
        return _lives(pid)
    except OSError:
        return ""


def _lives(pid: int) -> str | None:
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(pid, 0)  # asks only; never called on Windows, where it would end the process
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


def _windows_start(pid: int) -> str | None:
    import ctypes
    from ctypes import wintypes

    system = ctypes.windll.kernel32  # type: ignore[attr-defined]
    system.OpenProcess.restype = wintypes.HANDLE
    handle = system.OpenProcess(0x1000, False, pid)  # the right to ask a process for its times, no more
    if not handle:
        return "" if system.GetLastError() == 5 else None  # 5: it lives and is somebody else's
    try:
        times = [wintypes.FILETIME() for _ in range(4)]
        known = system.GetProcessTimes(wintypes.HANDLE(handle), *map(ctypes.byref, times))
        begun, ended = ((t.dwHighDateTime << 32) + t.dwLowDateTime for t in times[:2])
        return "" if not known else None if ended else str(begun)
    finally:
        system.CloseHandle(wintypes.HANDLE(handle))


class RunLock:
    """The lock of a city folder; a context manager. `left` tells of a run that died in it, None where none did.

    Raises EnvironmentProblem where another run is under way, naming computer, process and since when, or where the
    file cannot be written.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]):
        self.path, self.clock = path, clock
        self.left: dict[str, Any] | None = None
        self._handle: int | None = None

    def __enter__(self) -> RunLock:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise trouble("E-WATCH-003", where=str(self.path), why=error.strerror or type(error).__name__) from error
        try:
            ours = _try_lock(handle)
            record = _read(handle)
            if ours is False or (record and _holds(record, self.clock(), kernel=ours is True)):
                raise _busy(self.path, record)
            self.left = record or None
            _write(handle, self._record())
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            try:
                _write(self._handle, {})
            finally:
                os.close(self._handle)
                self._handle = None

    def _record(self) -> dict[str, Any]:
        pid = os.getpid()
        since = self.clock().isoformat(timespec="seconds")
        return {"pid": pid, "start": process_start(pid) or "", "host": socket.gethostname(), "since": since}


def lock_state(path: Path, now: datetime) -> dict[str, Any]:
    """`state` free, held or left (its holder died), and of the last two `host`, `pid` and `since`. Takes nothing."""
    if not path.is_file():
        return {"state": "free"}
    handle = os.open(path, os.O_RDWR)
    try:
        ours, record = _try_lock(handle), _read(handle)
    finally:
        os.close(handle)  # and with it the lock
    facts = {name: record[name] for name in ("host", "pid", "since") if name in record}
    if ours is False or (record and _holds(record, now, kernel=ours is True)):
        return {"state": "held", **facts}
    return {"state": "left" if record else "free", **facts}


def _try_lock(handle: int) -> bool | None:
    """True: the lock is ours; False: another process has it; None: this file system knows none."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _NO_LOCKS else False
    return True


def _holds(record: dict[str, Any], now: datetime, kernel: bool) -> bool:
    """Whether the process of a record must be taken for alive, although the system's lock could be had."""
    if record.get("host") != socket.gethostname():
        try:
            return now - datetime.fromisoformat(str(record.get("since"))) < _FOREIGN
        except (ValueError, TypeError):
            return False
    if kernel:
        return False  # on this computer the system's lock is the truth
    pid = record.get("pid")
    start = process_start(pid) if isinstance(pid, int) else None
    return start is not None and start == record.get("start", "")


def _busy(path: Path, record: dict[str, Any]) -> Exception:
    known = {name: record.get(name, "?") for name in ("host", "pid", "since")}
    return trouble("E-WATCH-002", where=str(path.parent), **known)


def _read(handle: int) -> dict[str, Any]:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        record = json.loads(os.read(handle, 4096).decode("utf-8") or "{}")
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _write(handle: int, record: dict[str, Any]) -> None:
    os.lseek(handle, 0, os.SEEK_SET)
    os.ftruncate(handle, 0)
    os.write(handle, json.dumps(record).encode("utf-8") if record else b"")
    os.fsync(handle)
