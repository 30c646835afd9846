"""What a Python is and what it has, asked of the Python itself; and which Python QGIS has brought with it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ...errors import EngineError
from ..host import Job
from ..qt import IN_QGIS, QtCore
from ..words import tr
from .ending import end_by_force
from .job import ProcessJob
from .surroundings import environment

SCRIPTS = Path(__file__).resolve().parent / "scripts"
REQUIREMENTS = Path(__file__).resolve().parent / "requirements.txt"
PATIENCE = 20_000
"""Milliseconds a Python gets to say what it is; a program that is none may never say a word."""


class ProbeJob(ProcessJob):
    """Asks *python* what it is; the answer of `scripts/probe.py` is in `finished` under "json"."""

    def __init__(self, python: Path, packages: Path | None = None, parent: QtCore.QObject | None = None):
        super().__init__(self._prepared, parent)
        self.python, self.packages = python, packages
        self._clock = QtCore.QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._too_long)

    def _prepared(self) -> QtCore.QProcess:
        if "python" not in self.python.name.lower():  # it would be started all the same, with its window
            raise _no_python(self.python)
        process = QtCore.QProcess(self)
        process.setProgram(str(self.python))
        process.setArguments([str(SCRIPTS / "probe.py"), str(REQUIREMENTS)])
        process.setProcessEnvironment(environment(self.packages))
        self._clock.start(PATIENCE)
        return process

    def _too_long(self) -> None:
        """Its end is told as that of any program that gave no answer."""
        end_by_force(self._process, self._pid)

    def _result(self) -> dict[str, Any]:
        try:
            told = json.loads(b"".join(self._printed).decode("utf-8"))
        except ValueError as error:
            raise _no_python(self.python) from error
        if not isinstance(told, dict) or "packages" not in told:
            raise _no_python(self.python)
        return {"json": told}

    def _tidy(self) -> None:
        super()._tidy()
        self._clock.stop()


def _no_python(path: Path) -> EngineError:
    return EngineError(
        tr("This is no Python, or one that does not start."),
        where=str(path),
        fix=tr("Choose python.exe on Windows, bin/python3 elsewhere; 3.11 or newer."),
    )


class SearchJob(Job):
    """Finds the Python that QGIS has brought: the first candidate that starts and is of QGIS's own version.

    `finished` carries its path under "python" and what it says of itself under "json".
    """

    def __init__(self, candidates: list[Path] | None = None, parent: QtCore.QObject | None = None):
        super().__init__(parent)
        self._left = bundled_candidates() if candidates is None else list(candidates)
        self._asked: ProbeJob | None = None
        self._ended = False

    def start(self) -> None:
        QtCore.QTimer.singleShot(0, self._next)

    def cancel(self) -> None:
        if not self._ended:
            self._ended = True
            if self._asked is not None:
                self._asked.end_now()
            self.cancelled.emit()

    def _next(self) -> None:
        if self._ended:
            return
        self._left = [path for path in self._left if path.is_file()]
        if not self._left:
            self._ended = True
            self.failed.emit(
                EngineError(
                    tr("QGIS's own Python was not found as a program of its own."),
                    where=sys.base_prefix,
                    fix=tr("Name a Python, 3.11 or newer, that is installed on this computer."),
                )
            )
            return
        self._asked = ProbeJob(self._left.pop(0), parent=self)
        self._asked.finished.connect(self._answered)
        self._asked.failed.connect(lambda error: self._next())
        self._asked.start()

    def _answered(self, told: dict[str, Any]) -> None:
        same = told["json"]["tag"] == f"cp{sys.version_info[0]}{sys.version_info[1]}"
        if self._ended or not same:
            self._next()
            return
        self._ended = True
        self.finished.emit({"python": str(self._asked.python), "json": told["json"]})


def bundled_candidates() -> list[Path]:
    """Where the Python of this program may lie, the likeliest first. QGIS's `sys.executable` is not among them.

    Inside QGIS that is the first `python3` on the path, or QGIS itself; without QGIS it is the Python that runs us.
    """
    if not IN_QGIS:
        return [Path(sys.executable)]
    application = Path(QtCore.QCoreApplication.applicationDirPath())
    return candidates(sys.platform, Path(sys.base_prefix), application, sys.version_info[:2])


def candidates(platform: str, prefix: Path, application: Path, version: tuple[int, ...]) -> list[Path]:
    """The places for one kind of system: *prefix* of QGIS's Python, folder of the QGIS *application*, its *version*."""
    numbered = f"python{version[0]}.{version[1]}"
    if platform == "win32":
        apps = application.parent / "apps" / f"Python{version[0]}{version[1]}"
        return [prefix / "python.exe", prefix / "python3.exe", apps / "python.exe", application / "python3.exe"]
    if platform == "darwin":
        folders = [prefix / "bin", application / "bin", application.parent / "Frameworks" / "bin"]
    else:
        folders = [prefix / "bin", Path(os.sep, "usr", "bin")]
    return [folder / name for folder in folders for name in (numbered, "python3")]
