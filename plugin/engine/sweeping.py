"""Work folders: made for one job, locked while it lasts, removed with it; and what dead sessions have left."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ..qt import QtCore

PREFIX = "gridbeacon-"
LOCK = "in-use.lock"
OLD = 24 * 3600.0
"""Seconds after which a folder nobody holds is taken for left behind."""


def work_folder(parent: Path | None = None) -> Path:
    """A new folder for the files of one job, which only this user may enter."""
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))


def hold(work: Path) -> QtCore.QLockFile:
    """Mark *work* as in use for as long as the returned lock lives; the mark of a dead process counts for nothing."""
    lock = QtCore.QLockFile(str(work / LOCK))
    lock.setStaleLockTime(0)
    lock.tryLock(0)
    return lock


def sweep(work: Path, out: Path | None = None) -> None:
    """Remove the work folder, and what an engine ended by force has left beside the folder *out* it was to make."""
    left = [] if out is None else out.parent.glob(f".{glob.escape(out.name)}.*.part")
    for folder in (work, *left):
        shutil.rmtree(folder, ignore_errors=True)


def sweep_dead(now: float | None = None) -> list[Path]:
    """Remove the work folders of sessions that died more than a day ago; returns what is gone.

    Touched are only folders of this user that bear our name, are older than a day and are held by no living process.
    """
    moment = time.time() if now is None else now
    gone = []
    for folder in _left_behind():
        if moment - _changed(folder) > OLD and not _held(folder):
            shutil.rmtree(folder, ignore_errors=True)
            gone += [] if folder.exists() else [folder]
    return gone


def sweep_beside() -> None:
    """`sweep_dead` in a thread: what was left may be large, and nobody waits for it."""
    threading.Thread(target=sweep_dead, name="gridbeacon-sweep", daemon=True).start()


def _left_behind() -> Iterator[Path]:
    """Work folders in the temporary folder, and in those that QGIS's Processing makes there."""
    root = Path(tempfile.gettempdir())
    for pattern in (f"{PREFIX}*", f"processing_*/{PREFIX}*"):
        for folder in root.glob(pattern):
            if folder.is_dir() and not folder.is_symlink() and _ours(folder):
                yield folder


def _ours(folder: Path) -> bool:
    """Whether this user made it; what another session takes away meanwhile is nobody's."""
    try:
        return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    except OSError:
        return False


def _changed(folder: Path) -> float:
    """When anything in *folder* changed last, in seconds of the epoch; now, where it cannot be told."""
    try:
        return max(entry.stat().st_mtime for entry in (folder, *folder.iterdir()))
    except OSError:
        return time.time()


def _held(folder: Path) -> bool:
    """Whether a living process works in *folder*."""
    if not (folder / LOCK).exists():
        return False
    lock = QtCore.QLockFile(str(folder / LOCK))
    lock.setStaleLockTime(0)
    return not lock.tryLock(0)
