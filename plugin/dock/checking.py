"""The check beside the form: run when the inputs have come to rest, stopped when they change again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import GridBeaconError
from ..host import Host, Job, Request
from ..qt import QtCore, Signal
from ..request import CHECK, options
from ..words import tr
from .summary import Summary

REST = 700
"""Milliseconds without a change before the check begins."""
LARGE = 300_000
"""Rows from which on the check waits to be asked for."""
PAGE = "quality.html"


class Checking(QtCore.QObject):
    """Keeps the summary true to the form."""

    found = Signal(dict)
    """What `gridbeacon check --json` printed."""
    engine_asked = Signal()

    def __init__(self, host: Host, request: Callable[[], Request], parent: QtCore.QObject):
        super().__init__(parent)
        self.host, self.request = host, request
        self.summary = Summary()
        self.summary.check_asked.connect(self.start)
        self.summary.page_asked.connect(lambda page: self.host.open_file(Path(page)))
        self.summary.engine_asked.connect(self.engine_asked)
        self.job: Job | None = None
        self.asked: list[str] = []
        self.stale = True
        self.pages = QtCore.QTemporaryDir()
        self.number = 0
        self.timer = QtCore.QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(REST)
        self.timer.timeout.connect(self.start)

    def inputs_changed(self) -> None:
        """The form has changed: check again if it changes what would be used."""
        request = self.request()
        asked = _asked(request)
        if not self.summary.isVisible():
            self.stop()  # nobody looks; the form asks again when it is shown
            return
        if asked == self.asked and not self.stale:
            return
        self.stop()
        self.asked, self.stale = asked, False
        if not request.incidents:
            self.summary.wait(tr("Choose the incidents."))
        elif self._is_large(request):
            self.summary.wait(tr("Large inputs, or of unknown size: check them when you are ready."), by_hand=True)
        else:
            self.summary.working(tr("Checking the inputs…"))
            self.timer.start()

    def rows_changed(self) -> None:
        """The form is as it was, but its sources hold other rows: what was found of them no longer counts."""
        self.stale = True

    def start(self) -> None:
        """Check now."""
        self.stop()
        request = self.request()
        if not request.incidents:
            return
        self.number += 1
        self.asked, self.stale = _asked(request), False
        out = Path(self.pages.path()) / str(self.number)
        job = self.job = self.host.job(CHECK, replace(request, out=str(out)))
        job.progressed.connect(self._progressed)
        job.finished.connect(lambda done: self._finished(job, done, out))
        job.failed.connect(lambda error: self._failed(job, error))
        self.summary.working(tr("Checking the inputs…"))
        job.start()

    def stop(self) -> None:
        """No check from here on; one that is stopped says nothing any more and counts as not made."""
        job, self.job = self.job, None
        if job is not None or self.timer.isActive():
            self.stale = True
        self.timer.stop()
        if job is not None:
            job.cancel()

    def pause(self) -> None:
        """Stop for a run: what the check was to replace is gone, what it has found stays."""
        was_active = self.job is not None or self.timer.isActive()
        self.stop()
        if was_active:
            self.summary.wait("")

    def _is_large(self, request: Request) -> bool:
        """Whether reading the inputs takes its time, or nobody knows that it does not."""
        rows = [self.host.rows(source) for source in request.incidents]
        return min(rows) < 0 or sum(rows) > LARGE

    def _progressed(self, fraction: float, text: str) -> None:
        if self.sender() is self.job and text:
            self.summary.working(text)

    def _finished(self, job: Job, done: dict[str, Any], out: Path) -> None:
        if job is not self.job:
            return
        self.job = None
        findings = done.get("json") or {}
        self.summary.show_findings(findings, str(out / PAGE))
        self.found.emit(findings)

    def _failed(self, job: Job, error: GridBeaconError) -> None:
        if job is self.job:
            self.job = None
            self.summary.fail(error)


def _asked(request: Request) -> list[str]:
    """What a check depends on. Two requests with the same one give the same findings."""
    sources = (*request.incidents, *([request.cells] if request.cells else ()))
    keys = {source.key: f"{source.key}{' selected' * source.selected}" for source in sources}
    return options(request, keys, command=CHECK)
