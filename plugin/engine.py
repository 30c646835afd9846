"""The other process: finds the engine's Python, starts it, listens to it, ends it. Nothing of it runs inside QGIS."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QProcess, QProcessEnvironment

from ..errors import Cancelled, EngineError
from .words import pick, tr

SETTING = "gridbeacon/engine_python"
VARIABLE = "GRIDBEACON_ENGINE_PYTHON"
ROOT = Path(__file__).resolve().parents[1]
LAUNCH = Path(__file__).resolve().parent / "launch"
FOREIGN = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONEXECUTABLE",
    "__PYVENV_LAUNCHER__",
    "PROJ_LIB",
    "PROJ_DATA",
    "GDAL_DATA",
    "GDAL_DRIVER_PATH",
)
"""Variables with which QGIS finds its own Python, PROJ and GDAL; another Python breaks on them."""
POLL = 100
"""Milliseconds between two looks at the cancel button."""
GRACE = 1200
"""Milliseconds the engine gets to tidy up after a cancel, before it is ended by force."""
LAST_LINES = 20


class Found(NamedTuple):
    """The engine's Python, and how it was found."""

    python: Path
    origin: str


class Listener:
    """What the engine says while it runs; the base class hears nothing and never cancels."""

    def hear(self, message: dict[str, Any]) -> None:
        """One JSON message of the engine: progress or a notice."""

    def line(self, text: str) -> None:
        """One line of the engine that is no message."""

    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return False


def own_folder() -> Path:
    """Where the plugin's own engine environment lies: in the QGIS profile, outside the plugin."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "gridbeacon" / "engine"


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def making_commands() -> tuple[str, str]:
    """The two commands that make the plugin's own engine environment."""
    first = "py -3" if os.name == "nt" else "python3"
    environment = own_folder()
    return f'{first} -m venv "{environment}"', f'"{python_of(environment)}" -m pip install "{ROOT}"'


def named_python() -> str:
    """The Python named on the Engine page; empty where none is."""
    return str(QgsSettings().value(SETTING, "") or "")


def find_python() -> Found:
    """The Python that runs the engine: the one named in the settings, in the environment, or the plugin's own.

    Raises EngineError where a named one is missing, or none is there; it tells how to make one.
    """
    named = [
        (tr("the plugin's settings"), named_python()),
        (tr("the variable {name}", name=VARIABLE), os.environ.get(VARIABLE, "")),
    ]
    for origin, text in named:
        if not text.strip():
            continue
        python = Path(text.strip())
        if not python.is_file():
            raise EngineError(
                tr("The engine's Python is not where it should be: {path}", path=python),
                where=origin,
                fix=tr("Correct it under Plugins > GridBeacon > Engine."),
            )
        return Found(python, origin)
    own = python_of(own_folder())
    if own.is_file():
        return Found(own, tr("the plugin's own environment"))
    first, second = making_commands()
    raise EngineError(
        tr("No Python is set up yet to run the engine."),
        where=tr("this QGIS profile"),
        fix=tr(
            "Name one under Plugins > GridBeacon > Engine, or make one with these two commands:\n{first}\n{second}",
            first=first,
            second=second,
        ),
    )


def environment() -> QProcessEnvironment:
    """The environment of the engine: QGIS's own paths removed, text in UTF-8, this copy of the code."""
    variables = QProcessEnvironment.systemEnvironment()
    for name in FOREIGN:
        variables.remove(name)
    variables.insert("PYTHONPATH", str(LAUNCH))
    variables.insert("PYTHONUTF8", "1")
    variables.insert("PYTHONUNBUFFERED", "1")
    variables.insert("GRIDBEACON_GROUP", "1")
    variables.insert("GRIDBEACON_LANG", pick("en", "zh"))
    return variables


def prepare(arguments: list[str], work: Path) -> QProcess:
    """A process, not yet started, that runs `gridbeacon ARGUMENTS` in the folder *work*."""
    process = QProcess()
    process.setProgram(str(find_python().python))
    process.setArguments(["-m", "gridbeacon", *arguments])
    process.setProcessEnvironment(environment())
    process.setWorkingDirectory(str(work))
    return process


def run(arguments: list[str], work: Path, listener: Listener) -> dict[str, Any]:
    """Run `gridbeacon ARGUMENTS --progress json` to its end; return what it says it has done.

    Blocks, so it belongs into a thread of Processing. Raises EngineError in words, Cancelled after a cancel.
    """
    process = prepare([*arguments, "--progress", "json"], work)
    process.setStandardOutputFile(QProcess.nullDevice())
    process.setReadChannel(QProcess.ProcessChannel.StandardError)
    process.start()
    if not process.waitForStarted(10_000):
        raise EngineError(
            tr("The engine's Python cannot be started: {why}", why=process.errorString()),
            where=process.program(),
            fix=tr("Correct it under Plugins > GridBeacon > Engine."),
        )
    pid = process.processId()
    hearing = _Hearing(listener)
    try:
        while process.state() != QProcess.ProcessState.NotRunning:
            if listener.cancelled():
                raise Cancelled
            process.waitForReadyRead(POLL)
            hearing.take(bytes(process.readAllStandardError()))
    finally:
        _end(process, pid)
    hearing.take(bytes(process.readAllStandardError()) + b"\n")
    if listener.cancelled():
        raise Cancelled
    return _outcome(process, hearing)


class _Hearing:
    """The engine's standard error, line by line: JSON messages to the listener, the end of the rest kept."""

    def __init__(self, listener: Listener):
        self.listener = listener
        self.rest = b""
        self.lines: list[str] = []
        self.done: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None

    def take(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if text:
                self._line(text)

    def _line(self, text: str) -> None:
        message = _message(text)
        if message is None:
            self.lines = [*self.lines, text][-LAST_LINES:]
            self.listener.line(text)
            return
        self.done = message.get("done", self.done)
        self.error = message.get("error", self.error)
        self.listener.hear(message)


def _message(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _outcome(process: QProcess, hearing: _Hearing) -> dict[str, Any]:
    """What the engine has done, or the error that tells in words why it has not."""
    crashed = process.exitStatus() == QProcess.ExitStatus.CrashExit
    if not crashed and process.exitCode() == 0 and hearing.done:
        return hearing.done
    if hearing.error:
        error = hearing.error
        raise EngineError(
            pick(error.get("problem", ""), error.get("problem_zh", "")),
            where=pick(error.get("where", ""), error.get("where_zh", "")),
            fix=pick(error.get("fix", ""), error.get("fix_zh", "")),
            code=error.get("code", ""),
        )
    raise _crash(process) if crashed else _broken(process.program(), process.exitCode(), hearing.lines)


def _crash(process: QProcess) -> EngineError:
    """The engine ended without a word. QGIS and the project are untouched."""
    if process.exitCode() == getattr(signal, "SIGKILL", None):
        problem = tr("The system ended the engine, most often because memory ran out.")
        fix = tr("Close other programs, choose a shorter period or a coarser bin, then run again.")
    else:
        problem = tr("The engine crashed (code {code}). Your project is untouched.", code=process.exitCode())
        fix = tr("Run the self-test under Plugins > GridBeacon > Engine; if it passes, please report this.")
    return EngineError(problem, where=process.program(), fix=fix)


def _broken(python: str, code: int, lines: list[str]) -> EngineError:
    """The engine ended with a code of its own but no message: most often a package it lacks."""
    last = lines[-1] if lines else ""
    if "No module named" in last:
        return EngineError(
            tr("The engine's Python lacks a package: {line}", line=last.split("No module named")[-1].strip(" '\"")),
            where=python,
            fix=tr("Install the packages: {command}", command=f'"{python}" -m pip install "{ROOT}"'),
        )
    return EngineError(
        tr("The engine ended with code {code} and without a result.", code=code),
        where=python,
        fix=tr("Read the log above, and run the self-test under Plugins > GridBeacon > Engine."),
    )


def _end(process: QProcess, pid: int) -> None:
    """Make sure that neither the engine nor a process it started is left, within two seconds."""
    if process.state() == QProcess.ProcessState.NotRunning:
        if process.exitStatus() == QProcess.ExitStatus.CrashExit:
            _signal_group(pid, "SIGKILL")
        return
    if os.name == "nt":
        QProcess.execute("taskkill", ["/PID", str(pid), "/T", "/F"])
    else:
        if not _signal_group(pid, "SIGTERM"):
            process.terminate()
        process.waitForFinished(GRACE)
        _signal_group(pid, "SIGKILL")
    process.kill()
    process.waitForFinished(500)


def _signal_group(pid: int, name: str) -> bool:
    """Send a signal to the group the engine made for itself; False where there is no such group."""
    if sys.platform == "win32":
        return False
    try:
        os.killpg(pid, getattr(signal, name))
    except (ProcessLookupError, PermissionError):
        return False
    return True
