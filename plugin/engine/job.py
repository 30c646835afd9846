"""The engine beside the window: a process that is listened to, never waited for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import EngineError, GridBeaconError
from ..host import Job
from ..qt import QtCore
from ..words import pick
from .ending import ask_to_end, end_by_force, no_folder, not_started, outcome_of, signal_group, without_result
from .hearing import Hearing, Listener
from .last_run import remember
from .running import GRACE, prepare
from .sweeping import hold, sweep, work_folder

_ALIVE: set[ProcessJob] = set()
"""Jobs at work: a process must not be taken apart because nobody looks at its job any more."""


def end_all() -> None:
    """End every job at once and by force: the window closes, the plugin is taken out."""
    for job in list(_ALIVE):
        job.end_now()


class Ear(Listener):
    """What a process says, as the signals of its job."""

    def __init__(self, job: ProcessJob):
        self.job = job

    def hear(self, message: dict[str, Any]) -> None:
        text = pick(str(message.get("text") or ""), str(message.get("text_zh") or ""))
        if "fraction" in message:
            self.job.progressed.emit(float(message["fraction"]), text)
        notice = message.get("notice")
        if notice:
            self.job.said.emit(pick(notice.get("en", ""), notice.get("zh", "")))

    def line(self, text: str) -> None:
        self.job.said.emit(text)


class ProcessJob(Job):
    """A process as a job: its messages become signals, a cancel ends it with all it started within two seconds.

    *make* gives the process, not yet started; it may raise a GridBeaconError or an OSError, told as `failed`.
    """

    def __init__(self, make: Callable[[], QtCore.QProcess], parent: QtCore.QObject | None = None):
        super().__init__(parent)
        self._make = make
        self._hearing = Hearing(Ear(self))
        self._printed: list[bytes] = []
        self._process: QtCore.QProcess | None = None
        self._pid = 0
        self._asked_to_stop = self._ended = False

    def start(self) -> None:
        """Start the process; every ending, a failure to start too, comes as a signal after this call."""
        _ALIVE.add(self)
        application = QtCore.QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.end_now)
        QtCore.QTimer.singleShot(0, self._begin)

    def _begin(self) -> None:
        if self._asked_to_stop:
            self._finish(self.cancelled)
            return
        try:
            process = self._process = self._make()
        except (GridBeaconError, OSError) as error:
            self._finish(self.failed, error if isinstance(error, GridBeaconError) else no_folder(error))
            return
        process.setParent(self)
        process.readyReadStandardError.connect(self._listen)
        process.readyReadStandardOutput.connect(self._collect)
        process.started.connect(self._note_number)
        process.errorOccurred.connect(self._trouble)
        process.finished.connect(self._gone)
        process.setStandardInputFile(QtCore.QProcess.nullDevice())
        process.start()
        self._note_number()

    def _note_number(self) -> None:
        self._pid = int(self._process.processId()) or self._pid

    def cancel(self) -> None:
        """Ask the process and all it started to stop, and end by force what has not stopped after 0.9 s."""
        if self._ended or self._asked_to_stop:
            return
        self._asked_to_stop = True
        if self._process is not None:
            ask_to_end(self._process, self._pid)
            QtCore.QTimer.singleShot(GRACE, self._force)

    def _force(self) -> None:
        if not self._ended and self._process is not None:
            end_by_force(self._process, self._pid)

    def end_now(self) -> None:
        """End by force and say nothing: there is nobody left to hear it."""
        if self._ended:
            return
        self._ended = True
        if self._process is not None:
            self._process.blockSignals(True)
            end_by_force(self._process, self._pid)
        self._tidy()

    def _listen(self) -> None:
        self._hearing.take(bytes(self._process.readAllStandardError()))

    def _collect(self) -> None:
        self._printed.append(bytes(self._process.readAllStandardOutput()))

    def _trouble(self, problem: QtCore.QProcess.ProcessError) -> None:
        """Only a failure to start ends here; other endings come through `_gone`."""
        if problem == QtCore.QProcess.ProcessError.FailedToStart:
            if self._asked_to_stop:
                self._finish(self.cancelled)
            else:
                self._finish(self.failed, not_started(self._process))

    def _gone(self, code: int, status: QtCore.QProcess.ExitStatus) -> None:
        self._listen()
        self._collect()
        self._hearing.end()
        if self._asked_to_stop or status == QtCore.QProcess.ExitStatus.CrashExit:
            signal_group(self._pid, "SIGKILL")  # children that outlive their parent
        if self._asked_to_stop:
            self._finish(self.cancelled)
            return
        try:
            result = self._result()
        except EngineError as error:
            self._finish(self.failed, error)
            return
        self._finish(self.finished, result)

    def _result(self) -> dict[str, Any]:
        """What `finished` carries. Raises EngineError."""
        return outcome_of(self._process, self._hearing)

    def _finish(self, ending: Any, *facts: Any) -> None:
        """Tidy up, then emit the one ending."""
        if self._ended:
            return
        self._ended = True
        self._tidy()
        ending.emit(*facts)

    def _tidy(self) -> None:
        if self in _ALIVE and QtCore.QCoreApplication.instance() is not None:
            QtCore.QCoreApplication.instance().aboutToQuit.disconnect(self.end_now)
        _ALIVE.discard(self)
        if self._process is not None:
            self._process.deleteLater()  # here, not in whatever thread Python collects its garbage


class EngineJob(ProcessJob):
    """`gridbeacon ARGUMENTS --progress json` beside the window.

    The folder *work* belongs to the job and is removed with it; without one it makes its own. What `--json` prints is
    in `finished` under "json".
    """

    def __init__(self, arguments: list[str], work: Path | None = None, parent: QtCore.QObject | None = None):
        super().__init__(self._prepared, parent)
        self.arguments, self.work = list(arguments), work
        self._lock = None if work is None else hold(work)

    def _prepared(self) -> QtCore.QProcess:
        if self.work is None:
            self.work = work_folder()
            self._lock = hold(self.work)
        spoken = [] if self._is_doctor else ["--progress", "json"]
        return prepare([*self.arguments, *spoken], self.work)

    @property
    def _is_doctor(self) -> bool:
        """The doctor tells no progress, and its findings count whether the machine is fit or not."""
        return self.arguments[0] == "doctor"

    def _result(self) -> dict[str, Any]:
        if self._is_doctor and any(self._printed):
            return {"json": self._read_json()}
        done = dict(super()._result())
        if "--json" in self.arguments:
            done["json"] = self._read_json()
        elif not done:
            raise without_result(self._process.program(), self._process.exitCode())
        remember(done)
        return done

    def _read_json(self) -> Any:
        try:
            return json.loads(b"".join(self._printed).decode("utf-8"))
        except ValueError as error:
            raise without_result(self._process.program(), self._process.exitCode()) from error

    def _tidy(self) -> None:
        super()._tidy()
        if self._lock is not None:
            self._lock.unlock()
            sweep(self.work, self._out())

    def _out(self) -> Path | None:
        """The folder the engine was told to make."""
        for here, after in zip(self.arguments, [*self.arguments[1:], ""]):  # noqa: B905 - Python 3.9
            if here == "--out" or here.startswith("--out="):
                return Path(after if here == "--out" else here[len("--out=") :])
        return None
