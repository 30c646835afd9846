"""A run's folder: complete or absent, with a manifest that names every file and an account that adds up.

Files are written into a hidden folder beside the final name, flushed to the disk, and the folder is renamed when all
is there. Whatever goes wrong before that moment leaves nothing; a killed run leaves a hidden folder that the next
run to the same place removes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import operator
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import AccountError, EnvironmentProblem, GridBeaconError
from .ledger import plain
from .refusals import refusal, trouble

ACCOUNT = (
    "rows_in",
    "rows_used",
    "rows_after_as_of",
    "rows_before_period",
    "rows_outside",
    "rows_duplicate",
    "rows_excluded",
    "rows_quarantined",
)
"""The names of the account, in order; the first is the sum of the others."""

MANIFEST = "manifest.json"
_FIRST_KEYS = ("product", "version", "plan_version", "run_id", "as_of", "account", "plan")
_SORTED_KEYS = {"versions", "inputs", "outputs", "seeds"}
_RUNNING = ".running"
_LIGHT_FILES = ("~$", ".~lock.", "Thumbs.db", "desktop.ini", ".DS_Store")
_SIDE_FILES = (".gpkg-wal", ".gpkg-shm", ".gpkg-journal", ".tif.aux.xml", ".qmd")
_ABANDONED_AFTER = 3600.0
_NO_LOCKS = {errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.ENOSYS, getattr(errno, "ENOTSUP", errno.ENOSYS)}
_LITTLE_SPACE = 1 << 20
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def check_account(account: Mapping[str, int]) -> dict[str, int]:
    """The account as plain whole numbers in its order.

    Raises AccountError if a name is missing, unknown or out of order, a number is negative or not whole, or the
    rows that came in are not the sum of the rows accounted for.
    """
    if tuple(account) != ACCOUNT:
        raise _wrong_account(f"the account has the names {', '.join(account)}", f"It must have {', '.join(ACCOUNT)}.")
    try:
        numbers = {name: operator.index(value) for name, value in account.items()}
    except TypeError:
        raise _wrong_account("the account holds a number that is not whole", "Count rows.") from None
    for name, value in numbers.items():
        if value < 0:
            raise _wrong_account(f"{name} is {value}", "Rows cannot be fewer than none.")
    accounted = sum(numbers.values()) - numbers["rows_in"]
    if accounted != numbers["rows_in"]:
        raise _wrong_account(
            f"{numbers['rows_in']} rows came in and {accounted} are accounted for",
            "Please report this with the plan of the run; the result would not be trustworthy.",
        )
    return numbers


def _wrong_account(problem: str, fix: str) -> AccountError:
    return AccountError(problem, where="account of the run", fix=fix)


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal; of a folder, over the names and contents of its files."""
    path = Path(path)
    digest = hashlib.sha256()
    if path.is_dir():
        for part in _files_of(path):
            digest.update(f"{part.relative_to(path).as_posix()}\0{sha256_of(part)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class RunFolder:
    """Context manager for the folder of one run.

    Inside the `with` block, write into `folder / "name"`. Leaving it without an exception makes the folder appear
    under its final name, complete with `manifest.json`; leaving it with one removes everything.

    Parameters
    ----------
    out : the final folder. It must not exist, unless *replace*.
    replace : put the new run in the place of an older run's folder. Only a folder that a run wrote, and nothing but
        files a run wrote, is replaced.

    Raises
    ------
    InputError
        If *out* exists and may not be replaced.
    EnvironmentProblem
        If the place cannot be written, the disk is full, or a file of the older run is open.
    """

    def __init__(self, out: str | Path, replace: bool = False):
        self.out = Path(out).expanduser().resolve()
        self.replace = replace
        self.manifest: dict[str, Any] = {}
        self._facts: dict[str, Any] = {}
        self._temporary: Path | None = None
        self._lock: int | None = None
        self._made_parents: list[Path] = []

    @property
    def path(self) -> Path:
        """The temporary folder while the run is being written, the final one afterwards."""
        return self._temporary if self._temporary is not None else self.out

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def write_manifest(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Write `manifest.json` from *facts* and the SHA-256 of every file now in the folder; return it.

        It is written again when the folder is completed, so later files are in it too. *facts* usually has `plan`,
        `plan_version`, `version`, `versions`, `inputs` (name -> sha256), `seeds` and `account` (checked).
        """
        self._facts = dict(facts)
        if "account" in self._facts:
            self._facts["account"] = check_account(self._facts["account"])
        outputs = {
            part.relative_to(self.path).as_posix(): sha256_of(part)
            for part in _files_of(self.path)
            if part.name not in (MANIFEST, _RUNNING)
        }
        self.manifest = _in_order({**self._facts, "outputs": outputs})
        text = json.dumps(self.manifest, ensure_ascii=False, indent=1, allow_nan=False)
        (self.path / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")
        return self.manifest

    def __enter__(self) -> RunFolder:
        try:
            self._make_parents()
            _sweep(self.out)
            self.check_place()
            token = secrets.token_hex(6)
            temporary = self.out.with_name(f".{self.out.name}.{token}.part")
            temporary.mkdir()
            self._temporary = temporary
            self._lock = _take_lock(temporary)
        except OSError as error:
            self._remove()
            raise _disk_problem(error, self.out) from error
        except GridBeaconError:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self._complete()
            except OSError as failure:
                self._remove()
                raise _disk_problem(failure, self.out) from failure
            except BaseException:
                self._remove()
                raise
            return
        full = _explain(error, self.out)
        self._remove()
        if full is not None:
            raise full from error

    def _make_parents(self) -> None:
        missing = [parent for parent in self.out.parents if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir(exist_ok=True)
            self._made_parents.append(parent)

    def check_place(self) -> None:
        """Raise InputError if the final folder exists and may not be replaced."""
        if not self.out.exists():
            return
        if not self.replace:
            raise refusal("E-OUT-001", where=str(self.out), folder=self.out.name)
        stranger = _stranger_in(self.out)
        if stranger:
            raise refusal("E-OUT-002", where=str(self.out), folder=self.out.name, why=stranger[0], why_zh=stranger[1])

    def _complete(self) -> None:
        self.write_manifest(self._facts)
        for part in _files_of(self.path):
            if part.name != _RUNNING:
                _flush(part)
        for folder in [part for part in self.path.rglob("*") if part.is_dir()]:
            _flush(folder)
        _flush(self.path)
        self.check_place()
        old = self._move_old_aside()
        try:
            if os.name == "nt":  # an open file would hold the folder in its place
                self._release()
                (self.path / _RUNNING).unlink(missing_ok=True)
            self.path.rename(self.out)
        except BaseException:
            if old is not None and not self.out.exists():
                old.rename(self.out)
            raise
        self._temporary = None
        self._release()
        _flush(self.out.parent)
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)

    def _move_old_aside(self) -> Path | None:
        if not self.out.exists():
            return None
        aside = self.out.with_name(f".{self.out.name}.{secrets.token_hex(6)}.old")
        try:
            self.out.rename(aside)
        except OSError as error:
            raise trouble("E-OUT-003", where=str(self.out), folder=self.out.name) from error
        return aside

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _remove(self) -> None:
        self._release()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
        for parent in reversed(self._made_parents):
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()


def _files_of(folder: Path) -> list[Path]:
    return sorted(part for part in folder.rglob("*") if part.is_file())


def _stranger_in(out: Path) -> tuple[str, str] | None:
    """Why *out* is not simply an older run's folder, in both languages; None if it is one, or an empty folder."""
    if not out.is_dir():
        return "it is a file", "它是一个文件"
    if not any(out.iterdir()):
        return None
    try:
        known = set(json.loads((out / MANIFEST).read_text(encoding="utf-8"))["outputs"]) | {MANIFEST}
    except (OSError, ValueError, KeyError, TypeError):
        return f"it has no {MANIFEST} of a run", f"其中没有运行生成的{MANIFEST}"
    for part in _files_of(out):
        name = part.relative_to(out).as_posix()
        if name not in known and not part.name.startswith(_LIGHT_FILES) and not part.name.endswith(_SIDE_FILES):
            return f"it also holds {name}, which no run wrote", f"其中还有{name},不是运行生成的"
    return None


def _in_order(facts: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in _FIRST_KEYS if name in facts] + sorted(set(facts) - set(_FIRST_KEYS))
    facts = {name: plain(facts[name]) for name in names}
    for name in _SORTED_KEYS & set(facts):
        if isinstance(facts[name], dict):
            facts[name] = dict(sorted(facts[name].items()))
    return facts


def _flush(path: Path) -> None:
    """Ask the system to put a file or a folder on the disk now. Windows knows no such thing for folders."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take_lock(folder: Path) -> int | None:
    """Mark *folder* as in use until the handle is closed or this process ends; None if another process holds it.

    POSIX locks the folder itself, which its renaming does not end; Windows a file in it.
    """
    if os.name == "nt":
        import msvcrt

        handle = os.open(folder / _RUNNING, os.O_RDWR | os.O_CREAT)
        lock, busy = (lambda: msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)), OSError  # type: ignore[attr-defined]
    else:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
        lock, busy = (lambda: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)), BlockingIOError
    try:
        lock()
    except busy:
        os.close(handle)
        return None
    except OSError as error:  # a file system without locks: the age of the folder decides alone
        if error.errno not in _NO_LOCKS:
            os.close(handle)
            raise
    return handle


def _sweep(out: Path) -> None:
    """Remove what dead runs left beside *out*; bring back an older run that a kill left aside."""
    name = re.compile(re.escape(f".{out.name}.") + r"[0-9a-f]{12}\.(old|part)")
    for left in sorted(part for part in out.parent.iterdir() if name.fullmatch(part.name)):
        if left.suffix == ".old" and not out.exists():
            left.rename(out)
        elif left.suffix == ".old" or _is_dead(left):
            shutil.rmtree(left, ignore_errors=True)


def _is_dead(part: Path) -> bool:
    """Whether no process holds *part*, and it is not one that a run has only just made."""
    lock = _take_lock(part)
    if lock is None:
        return False
    os.close(lock)
    begun = any(item.name != _RUNNING for item in part.iterdir())
    return begun or time.time() - part.stat().st_mtime > _ABANDONED_AFTER


def _disk_problem(error: OSError, out: Path) -> EnvironmentProblem:
    if error.errno in _FULL:
        return trouble("E-OUT-004", where=str(out.parent))
    return trouble("E-OUT-005", where=str(out.parent), folder=out.name, why=error.strerror or type(error).__name__)


def _explain(error: BaseException, out: Path) -> EnvironmentProblem | None:
    """The machine's part in *error*, if any: writers of geodata hide a full disk behind errors of their own."""
    if not isinstance(error, Exception) or isinstance(error, GridBeaconError):
        return None
    if isinstance(error, OSError) and error.errno in _FULL | {errno.EROFS}:
        return _disk_problem(error, out)
    try:
        little = shutil.disk_usage(out.parent).free < _LITTLE_SPACE
    except OSError:
        return None
    return _disk_problem(OSError(errno.ENOSPC, "no space left"), out) if little else None
