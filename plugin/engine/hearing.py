"""What the engine says: JSON messages one a line on its standard error, kept apart from everything else there."""

from __future__ import annotations

import json
from typing import Any

LAST_LINES = 20


class Listener:
    """What the engine says while it runs; the base class hears nothing and never cancels."""

    def hear(self, message: dict[str, Any]) -> None:
        """One JSON message of the engine: progress or a notice."""

    def line(self, text: str) -> None:
        """One line of the engine that is no message."""

    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return False


class Hearing:
    """The engine's standard error, line by line: JSON messages to the listener, the end of the rest kept."""

    def __init__(self, listener: Listener):
        self.listener = listener
        self.rest = b""
        self.lines: list[str] = []
        self.done: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None

    def take(self, data: bytes) -> None:
        """More of the stream, cut anywhere."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if text:
                self._line(text)

    def end(self) -> None:
        """The stream has ended; a last line may lack its end."""
        self.take(b"\n")

    def _line(self, text: str) -> None:
        message = message_of(text)
        if message is None:
            self.lines = [*self.lines, text][-LAST_LINES:]
            self.listener.line(text)
            return
        self.done = message.get("done", self.done)
        self.error = message.get("error", self.error)
        self.listener.hear(message)


def message_of(text: str) -> dict[str, Any] | None:
    """The JSON object that is the whole of *text*; None where it is anything else."""
    if not text.startswith("{"):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
