"""One file: complete under its name, or not there. Standard library only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from .refusals import refusal, trouble


def write_whole(path: str | Path, data: bytes) -> None:
    """Put *data* at *path*: written beside it, flushed to the disk, renamed. What lay there is replaced.

    Raises EnvironmentProblem if the disk is full or the place may not be written; nothing is left then.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with partial.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise trouble("E-PAPER-001", where=str(path), why=error.strerror or type(error).__name__) from error
    finally:
        partial.unlink(missing_ok=True)


def check_place(path: str | Path, replace: bool = False) -> Path:
    """*path*, if a file may be written there. Raises InputError if its folder is missing or it exists already."""
    path = Path(path)
    if not path.parent.is_dir():
        raise refusal("E-OUT-007", where=str(path.parent))
    if path.exists() and not replace:
        raise refusal("E-OUT-008", where=str(path))
    return path


def _flush_folder(folder: Path) -> None:
    """Make the renaming last, too. Windows knows no such thing for folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
