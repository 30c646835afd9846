"""The ways to get an engine: packages in a folder of the plugin's own, or a virtual environment. Never QGIS's own ones.

Each is a job of processes one after another. What they make is put in place only when the last one has done well; a
cancel or a failure leaves what was there before.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import EngineError
from ..host import Job
from ..keeping import keep
from ..qt import QtCore
from ..words import tr
from .ending import no_folder
from .finding import RECORD, home, own_folder, own_packages, python_of, set_aside
from .hearing import Hearing
from .job import Ear, ProcessJob
from .probing import REQUIREMENTS, SCRIPTS
from .surroundings import clean

PIP = (
    *("pip", "install", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"),
    *("--progress-bar", "off", "--only-binary=:all:", "-r", str(REQUIREMENTS)),
)
GONE = ".gone-"


class Step(NamedTuple):
    """One process of a way: what it does, in words, and the process."""

    text: str
    make: Callable[[], QtCore.QProcess]


class StepJob(ProcessJob):
    """A step: everything it prints is said; a failure is told by the last line in which it complained."""

    def __init__(self, step: Step, parent: QtCore.QObject | None = None):
        super().__init__(step.make, parent)
        self._prints = Hearing(Ear(self))

    def _collect(self) -> None:
        self._prints.take(bytes(self._process.readAllStandardOutput()))

    def _result(self) -> dict[str, Any]:
        self._prints.end()
        complaints = [line for line in self._hearing.lines if line.startswith(("ERROR", "Error"))]
        if self._process.exitCode() and not self._hearing.error and complaints:
            raise EngineError(
                tr("The packages could not be installed."),
                where=complaints[-1],
                fix=tr("Without internet, use a folder of packages; the log tells more."),
            )
        return super()._result()


class Making(Job):
    """Steps one after another, then *accept* puts what they made in place; else *undo* takes it away.

    `finished` carries what *accept* returns: `python`, and `packages` where they lie in a folder of their own.
    """

    def __init__(self, steps: list[Step], accept: Callable[[dict[str, Any]], dict[str, str]], undo: Callable[[], None]):
        super().__init__()
        self._steps, self._accept, self._undo = list(steps), accept, undo
        self._job: StepJob | None = None

    def start(self) -> None:
        self._next({})

    def cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _next(self, done: dict[str, Any]) -> None:
        if not self._steps:
            self._put_in_place(done)
            return
        step = self._steps.pop(0)
        self.progressed.emit(-1.0, step.text)
        self.said.emit(step.text)
        self._job = StepJob(step, self)
        self._job.progressed.connect(self.progressed)
        self._job.said.connect(self.said)
        self._job.finished.connect(self._next)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._stopped)
        self._job.start()

    def _put_in_place(self, done: dict[str, Any]) -> None:
        try:
            made = self._accept(done)
        except OSError as error:
            self._failed(no_folder(error))
            return
        keep("engine_python", "")
        self.finished.emit(made)

    def _failed(self, error: EngineError) -> None:
        self._take_back()
        self.failed.emit(error)

    def _stopped(self) -> None:
        self._take_back()
        self.cancelled.emit()

    def _take_back(self) -> None:
        """What is left because another program holds it is taken away by the next try."""
        try:
            self._undo()
        except OSError as error:
            self.said.emit(no_folder(error).problem)


def packages_online(python: Path) -> Making:
    """`pip install --target` by *python* itself, which stays as it is. Needs pip there, and a package index."""
    new = _new_packages()
    arguments = _lead(*PIP, "--target", str(new))
    step = Step(tr("Installing the packages…"), lambda: _process_into(new, python, arguments))
    return Making([step], lambda done: _use_packages(python, new), lambda: discard(python, new))


def packages_from(python: Path, source: Path) -> Making:
    """Packages out of the folder *source*: wheels are unpacked, an unpacked folder is used where it lies. No pip."""
    new = _new_packages()
    arguments = [*_isolated(SCRIPTS / "wheels.py"), str(source), str(new), str(REQUIREMENTS)]
    step = Step(tr("Reading the folder of packages…"), lambda: _process_into(new, python, arguments))
    return Making([step], lambda done: _use_packages(python, new, Path(done["out"])), lambda: discard(python, new))


def environment_online(python: Path) -> Making:
    """A virtual environment made by *python*, its packages from a package index."""
    return _environment(python, [])


def environment_from(python: Path, wheels: Path) -> Making:
    """A virtual environment made by *python*, its packages from the wheel files in *wheels* and nowhere else."""
    return _environment(python, ["--isolated", "--no-index", "--find-links", str(wheels)])


def _environment(python: Path, source: list[str]) -> Making:
    folder, before = own_folder(), set_aside()
    is_begun = False

    def begin() -> QtCore.QProcess:
        nonlocal is_begun
        if before.exists():  # the program ended in the middle of an earlier try: that one was never whole
            discard(python, folder)
        elif folder.exists():
            folder.rename(before)
        is_begun = True
        return _process(python, _lead("venv", str(folder)))

    def accept(done: dict[str, Any]) -> dict[str, str]:
        (home() / RECORD).unlink(missing_ok=True)
        discard(python, before)
        return {"python": str(python_of(folder))}

    def undo() -> None:
        if not is_begun:  # what lies there is the good one
            return
        discard(python, folder)
        if before.exists():
            before.rename(folder)

    steps = [
        Step(tr("Making a virtual environment…"), begin),
        Step(tr("Installing the packages…"), lambda: _process(python_of(folder), _lead(*PIP, *source))),
    ]
    return Making(steps, accept, undo)


def _use_packages(python: Path, new: Path, made: Path | None = None) -> dict[str, str]:
    """Put the new folder in the place of the old one, or take a folder that is used where it lies; note which."""
    packages = own_packages()
    if made is None or made == new:
        _exchange(python, new, packages)
    else:
        packages = made.resolve()
    noted = {"python": str(python), "packages": str(packages)}
    beside = home() / f"{RECORD}.new"
    beside.write_text(json.dumps(noted, ensure_ascii=False), encoding="utf-8")
    beside.replace(home() / RECORD)
    return noted


def _exchange(python: Path, new: Path, folder: Path) -> None:
    """Put *new* in the place of *folder*, which is back where it was if that cannot be. Raises OSError."""
    gone = _out_of_sight(folder)
    if folder.exists():
        folder.rename(gone)
    try:
        new.rename(folder)
    except OSError:
        if gone.exists():
            gone.rename(folder)
        raise
    discard(python, gone)


def _new_packages() -> Path:
    """The folder that is filled before it takes the place of the plugin's own folder of packages."""
    folder = own_packages()
    return folder.with_name(f"{folder.name}.new")


def _process_into(new: Path, python: Path, arguments: list[str]) -> QtCore.QProcess:
    """A process that fills the folder *new*; what an earlier try has left is taken away first. Raises OSError."""
    for left in (new, *home().glob(f"*{GONE}*")):
        discard(python, left)
    return _process(python, arguments)


def _out_of_sight(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{GONE}{uuid.uuid4().hex[:8]}")


def discard(python: Path, folder: Path) -> None:
    """Take a folder of many files away without waiting for it: out of sight at once, gone when *python* is done."""
    if not folder.exists():
        return
    gone = folder
    if GONE not in folder.name:
        gone = _out_of_sight(folder)
        folder.rename(gone)
    remove = "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)"
    QtCore.QProcess.startDetached(str(python), ["-I", "-c", remove, str(gone)])


def _lead(*arguments: str) -> list[str]:
    return [*_isolated(SCRIPTS / "lead.py"), *arguments]


def _isolated(script: Path) -> list[str]:
    """Neither the user's packages nor variables of the surroundings, and text in UTF-8."""
    return ["-I", "-X", "utf8", str(script)]


def _process(python: Path, arguments: list[str]) -> QtCore.QProcess:
    """A process, not yet started, in the plugin's own folder."""
    home().mkdir(parents=True, exist_ok=True)
    process = QtCore.QProcess()
    process.setProgram(str(python))
    process.setArguments(arguments)
    variables = clean()
    variables.insert("PYTHONNOUSERSITE", "1")
    process.setProcessEnvironment(variables)
    process.setWorkingDirectory(str(home()) + os.sep)
    return process
