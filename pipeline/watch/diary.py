"""The watch's log: one line a step with its time, rotating, no text from the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from logging import INFO, LogRecord, makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

from ...errors import EnvironmentProblem, GridBeaconError, Refusal
from ..refusals import trouble

_BYTES, _KEPT = 1_000_000, 5
_FACT = re.compile(r"\{[^{}]*\}")


class Diary:
    """An open log; a context manager. Raises EnvironmentProblem where the file cannot be written."""

    def __init__(self, path: Path, clock: Callable[[], datetime]):
        self.clock = clock
        self._last = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handler = RotatingFileHandler(path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
        except OSError as error:
            raise trouble("E-WATCH-003", where=str(path), why=error.strerror or type(error).__name__) from error
        self._handler.handleError = self._lost  # type: ignore[method-assign]

    def __enter__(self) -> Diary:
        return self

    def __exit__(self, *error: object) -> None:
        self._handler.close()

    def line(self, text: str, head: str = "") -> None:
        """One line: the time, *head* and *text*, which is `English|中文` or one language alone."""
        english, _, chinese = text.replace("\n", " ").partition("|")
        both = f"{chinese} / {english}" if chinese else english
        message = f"{self.clock().isoformat(timespec='seconds')} {head}{both}"
        self._handler.emit(makeLogRecord({"msg": message, "levelno": INFO}))

    def step(self, fraction: float, text: str) -> None:
        """The progress callable: a line where the step is another than before."""
        if text != self._last:
            self._last = text
            self.line(text, f"{fraction:4.0%} ")

    @staticmethod
    def _lost(record: LogRecord) -> None:
        """A full disk must not end the run that would say so."""


def told_without_data(error: BaseException, catalogue: dict[str, Refusal]) -> dict[str, str]:
    """`code`, `problem`, `problem_zh`, `fix`, `fix_zh` of an error, without facts from the data.

    What is the machine's (disk, permission, another run) is told as it is. What is wrong with input is told as its
    table words it, facts left out ("…"): they may be names of classes or columns, and a log is read by more people than
    the data.
    """
    if isinstance(error, EnvironmentProblem):
        parts = error.parts()
        return {"code": error.code, "problem_zh": error.problem, "fix_zh": error.fix, **parts}
    if isinstance(error, GridBeaconError):
        table = catalogue.get(error.code)
        bare = {"problem": "input that cannot be used", "problem_zh": "输入无法使用"}
        if table is not None:
            bare = {"problem": table.en, "problem_zh": table.zh, "fix": table.fix, "fix_zh": table.fix_zh}
        bare = {"fix": "Run the command by hand.", "fix_zh": "手动运行一次以查看原因。", **bare}
        return {"code": error.code or "E", **{name: _FACT.sub("…", text) for name, text in bare.items()}}
    fix, fix_zh = "Start it again when you are ready.", "需要时重新运行即可。"
    return {"code": "", "problem": "cancelled", "problem_zh": "已取消", "fix": fix, "fix_zh": fix_zh}
