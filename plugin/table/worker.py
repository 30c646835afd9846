"""One thread beside the window, for what may take long: reading a run, and the ledger, which waits for the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from ...errors import GridBeaconError
from ..qt import QtCore, Signal
from ..words import tr

Work = Callable[[], Any]
Then = Callable[[Any], None]


class Worker(QtCore.QObject):
    """Does one piece of work after another, each in full, and hands every answer back to the window's thread.

    An answer is what the work returned, or the GridBeaconError it raised. The thread ends with the program whatever it
    waits for: what the ledger has not acknowledged is not in it, so nothing is left half-done.
    """

    _answered = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._waiting: queue.SimpleQueue[tuple[Work, Then] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._answered.connect(self._hand_over)

    def ask(self, work: Work, then: Then) -> None:
        """Do *work* in the thread, then call *then* with the answer in the window's own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="gridbeacon-table", daemon=True)
            self._thread.start()
        self._waiting.put((work, then))

    def stop(self) -> None:
        """Let what is asked be done, hand over nothing more, and end the thread; twice does no harm."""
        if not self._stopped:
            self._stopped = True
            self._answered.disconnect(self._hand_over)
            self._waiting.put(None)

    def wait(self, seconds: float) -> None:
        """After `stop`: wait so long, at most, until all that was asked is done."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _serve(self) -> None:
        while True:
            asked = self._waiting.get()
            if asked is None:
                return
            work, then = asked
            answer = answer_of(work)
            try:
                self._answered.emit(then, answer)
            except RuntimeError:  # the window is gone, and with it the one who asked
                return

    def _hand_over(self, then: Then, answer: Any) -> None:
        then(answer)


def answer_of(work: Work) -> Any:
    """What *work* returns, or why it did not, as a GridBeaconError."""
    try:
        return work()
    except GridBeaconError as error:
        return error
    except Exception as error:  # a thread that dies of a fault of ours would leave the window waiting for ever
        return GridBeaconError(
            tr("GridBeacon has made a mistake: {what}", what=f"{type(error).__name__}: {error}"[:300]),
            where=tr("early-warning table"),
            fix=tr("What was recorded before is safe. Please report this text."),
        )
