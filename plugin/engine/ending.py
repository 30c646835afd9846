"""How the engine ended, in words; and how it is ended, with every process it started."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from ...errors import EngineError
from ..qt import QtCore
from ..words import pick, tr
from .hearing import Hearing
from .surroundings import ROOT

OUT_OF_MEMORY = {137, 0xC0000017, 0xC000009A, 0xC000012D}
"""Exit codes of a shell whose child was killed, and of Windows where memory or the page file ran out."""


def outcome_of(process: QtCore.QProcess, hearing: Hearing) -> dict[str, Any]:
    """What the engine says it has done, nothing where it said nothing and did well. Raises EngineError in words."""
    crashed = process.exitStatus() == QtCore.QProcess.ExitStatus.CrashExit
    if not crashed and process.exitCode() == 0:
        return hearing.done or {}
    if hearing.error:
        raise _told(hearing.error)
    code = process.exitCode() & 0xFFFFFFFF
    if crashed or code in OUT_OF_MEMORY:
        raise _crash(process.program(), code)
    raise _broken(process.program(), process.exitCode(), hearing.lines)


def not_started(process: QtCore.QProcess) -> EngineError:
    """The Python is no program of this machine."""
    return EngineError(
        tr("The engine's Python cannot be started: {why}", why=process.errorString()),
        where=process.program(),
        fix=tr("Correct it on the Engine page (menu item Engine…)."),
    )


def no_folder(error: OSError) -> EngineError:
    """A folder that the engine needs cannot be made, or put in place."""
    return EngineError(
        tr("A folder of the engine cannot be made or replaced: {why}", why=error.strerror or error),
        where=str(error.filename or ""),
        fix=tr("Close what uses that folder, make room on the disk, and try again."),
    )


def without_result(python: str, code: int) -> EngineError:
    """It ended, and did not say what it has done."""
    return EngineError(
        tr("The engine ended with code {code} and without a result.", code=code),
        where=python,
        fix=tr("Read the log, and run the self-test on the Engine page (menu item Engine…)."),
    )


def _told(error: dict[str, Any]) -> EngineError:
    return EngineError(
        pick(error.get("problem", ""), error.get("problem_zh", "")),
        where=pick(error.get("where", ""), error.get("where_zh", "")),
        fix=pick(error.get("fix", ""), error.get("fix_zh", "")),
        code=error.get("code", ""),
    )


def _crash(python: str, code: int) -> EngineError:
    """The engine ended without a word. QGIS and the project are untouched."""
    if code == getattr(signal, "SIGKILL", None) or code in OUT_OF_MEMORY:
        problem = tr("The system ended the engine, most often because memory ran out.")
        fix = tr("Close other programs, choose a shorter period or a coarser bin, then run again.")
    else:
        problem = tr("The engine crashed (code {code}). Your project is untouched.", code=code)
        fix = tr("Run the self-test on the Engine page (menu item Engine…); if it passes, please report this.")
    return EngineError(problem, where=python, fix=fix)


def _broken(python: str, code: int, lines: list[str]) -> EngineError:
    """The engine ended with a code of its own but no message: most often a package it lacks."""
    last = lines[-1] if lines else ""
    if "No module named" in last:
        return EngineError(
            tr("The engine's Python lacks a package: {line}", line=last.split("No module named")[-1].strip(" '\"")),
            where=python,
            fix=tr("Install the packages: {command}", command=f'"{python}" -m pip install "{ROOT}"'),
        )
    return without_result(python, code)


def ask_to_end(process: QtCore.QProcess, pid: int) -> None:
    """Ask the process and all it started to stop; returns at once. Windows knows no asking: there it is the end."""
    if sys.platform == "win32":
        QtCore.QProcess.startDetached(*_end_of_tree(pid))
    elif not signal_group(pid, "SIGTERM"):
        process.terminate()


def end_by_force(process: QtCore.QProcess, pid: int) -> None:
    """End the process and all it started; returns at once, on Windows when that is done.

    There the tree hangs on its root: once that is dead, nobody finds what it started.
    """
    if sys.platform == "win32" and process.state() != QtCore.QProcess.ProcessState.NotRunning:
        QtCore.QProcess.execute(*_end_of_tree(pid))
    signal_group(pid, "SIGKILL")
    process.kill()


def _end_of_tree(pid: int) -> tuple[str, list[str]]:
    """Windows' own program and its arguments; by its full path, for the folder at work is looked into first."""
    windows = os.environ.get("SYSTEMROOT", "C:\\Windows")
    return f"{windows}\\System32\\taskkill.exe", ["/PID", str(pid), "/T", "/F"]


def signal_group(pid: int, name: str) -> bool:
    """Send a signal to the group the process made for itself; False where there is no such group."""
    if sys.platform == "win32" or pid <= 0:
        return False
    try:
        os.killpg(pid, getattr(signal, name))
    except (ProcessLookupError, PermissionError):
        return False
    return True
