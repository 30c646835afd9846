"""A run of the engine that is waited for: in a thread of Processing, never in the window's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import Cancelled
from ..qt import QtCore
from .ending import ask_to_end, end_by_force, not_started, outcome_of, signal_group, without_result
from .finding import find_python
from .hearing import Hearing, Listener
from .last_run import remember
from .surroundings import environment

POLL = 100
"""Milliseconds between two looks at the cancel button."""
GRACE = 900
"""Milliseconds the engine gets to tidy up after a cancel, before it is ended by force."""


def prepare(arguments: list[str], work: Path, parent: QtCore.QObject | None = None) -> QtCore.QProcess:
    """A process, not yet started, that runs `gridbeacon ARGUMENTS` in the folder *work*. Raises EngineError."""
    found = find_python()
    process = QtCore.QProcess(parent)
    process.setProgram(str(found.python))
    process.setArguments(["-m", "gridbeacon", *arguments])
    process.setProcessEnvironment(environment(found.packages))
    process.setWorkingDirectory(str(work))
    return process


def run(arguments: list[str], work: Path, listener: Listener) -> dict[str, Any]:
    """Run `gridbeacon ARGUMENTS --progress json` to its end; return what it says it has done.

    Raises EngineError in words, Cancelled after a cancel.
    """
    process = prepare([*arguments, "--progress", "json"], work)
    process.setStandardOutputFile(QtCore.QProcess.nullDevice())
    process.setReadChannel(QtCore.QProcess.ProcessChannel.StandardError)
    process.start()
    if not process.waitForStarted(10_000):
        raise not_started(process)
    pid = process.processId()
    hearing = Hearing(listener)
    try:
        while process.state() != QtCore.QProcess.ProcessState.NotRunning:
            if listener.cancelled():
                raise Cancelled
            process.waitForReadyRead(POLL)
            hearing.take(bytes(process.readAllStandardError()))
    finally:
        _end(process, pid)
    hearing.take(bytes(process.readAllStandardError()))
    hearing.end()
    if listener.cancelled():
        raise Cancelled
    done = outcome_of(process, hearing)
    if not done:
        raise without_result(process.program(), process.exitCode())
    remember(done)
    return done


def _end(process: QtCore.QProcess, pid: int) -> None:
    """Make sure that neither the engine nor a process it started is left, within two seconds."""
    if process.state() == QtCore.QProcess.ProcessState.NotRunning:
        if process.exitStatus() == QtCore.QProcess.ExitStatus.CrashExit:
            signal_group(pid, "SIGKILL")
        return
    ask_to_end(process, pid)
    process.waitForFinished(GRACE)
    end_by_force(process, pid)
    process.waitForFinished(500)
