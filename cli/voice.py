"""How the command line speaks: progress, notices and errors on stderr, for a person or as JSON lines for the plugin."""

from __future__ import annotations

import json
import locale
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from ..errors import Notice

MODES = ("bar", "json", "none")
_WHOLE_PLACES = {
    "command line": "命令行",
    "plan": "方案",
    "cells": "网格",
    "incidents": "事件",
    "database URL": "数据库地址",
    "this run": "本次运行",
}
_PARTS_OF_PLACES = (
    (r", (?:first in row|row|line) (\d+)", r",第\1行"),
    (r", near line (\d+)", r",约第\1行"),
    (r", rows (\d+) and (\d+)", r",第\1、\2行"),
    (r", rows (\d+(?:, \d+)*)", r",第\1行"),
    (r", columns? ", ",列"),
    (r", cells ", ",网格"),
    (r", layer ", ",图层"),
)


def language() -> str:
    """'zh' or 'en': GRIDBEACON_LANG if set, else the locale's."""
    asked = os.environ.get("GRIDBEACON_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    if not asked and os.name == "nt":
        asked = locale.getlocale()[0] or ""
    return "zh" if asked.lower().startswith(("zh", "chinese")) else "en"


def both(text: str) -> tuple[str, str]:
    """(English, Chinese) of a text written `English|中文`; one language alone serves for both."""
    english, _, chinese = text.partition("|")
    return english, chinese or english


def place_in_chinese(where: str) -> str:
    """The *where* of an error with its few words in Chinese; names of files, columns and options stay."""
    for pattern, chinese in _PARTS_OF_PLACES:
        where = re.sub(pattern, chinese, where)
    return _WHOLE_PLACES.get(where, where)


class Voice:
    """One voice per command. In mode `json` stderr carries one JSON object a line and nothing else."""

    def __init__(self, mode: str = "bar", lang: str | None = None):
        self.mode, self.lang = mode, lang or language()
        self._bar: Any = None
        self._task: Any = None
        self._last = ""

    def say(self, text: str = "") -> None:
        """A line for people."""
        if self.mode != "json":
            self._close_bar()
            print(text, file=sys.stderr, flush=True)

    def pick(self, english: str, chinese: str) -> str:
        """The text in the reader's language."""
        return chinese if self.lang == "zh" and chinese else english

    def emit(self, record: dict[str, Any]) -> None:
        """One JSON line on stderr."""
        print(json.dumps(record, ensure_ascii=False), file=sys.stderr, flush=True)

    def progress(self, fraction: float, text: str) -> None:
        """The progress callable handed to the pipeline; *text* is `English|中文`."""
        english, chinese = both(text)
        if self.mode == "json":
            self.emit({"fraction": round(float(fraction), 4), "text": english, "text_zh": chinese})
        elif self.mode == "bar":
            self._draw(float(fraction), self.pick(english, chinese))

    def _draw(self, fraction: float, text: str) -> None:
        if not sys.stderr.isatty():
            if text != self._last:
                print(f"{fraction:4.0%}  {text}", file=sys.stderr, flush=True)
                self._last = text
            return
        if self._bar is None:
            self._open_bar()
        self._bar.update(self._task, completed=fraction, description=text)

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        text = TextColumn("{task.description}", markup=False)
        columns = (BarColumn(bar_width=30), TaskProgressColumn(), TimeElapsedColumn(), text)
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=1.0)
        self._bar.start()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def notice(self, notice: Notice | dict[str, str]) -> None:
        """Something the analyst should know that stops nothing."""
        facts = notice if isinstance(notice, dict) else {"code": notice.code, "zh": notice.zh, "en": notice.en}
        if self.mode == "json":
            self.emit({"notice": facts})
        else:
            self.say("  - " + self.pick(facts["en"], facts["zh"]))

    def error(
        self, problem: str, where: str, fix: str, exit_code: int, code: str = "", problem_zh: str = "", fix_zh: str = ""
    ) -> int:
        """Print what is wrong, where, and what to do, in the reader's language and with the code; return the exit code.

        As JSON both languages are told, after the parts that every error has.
        """
        self.close()
        if self.mode == "json":
            facts = {"problem": problem, "where": where, "fix": fix, "exit_code": exit_code}
            where_zh = place_in_chinese(where) if problem_zh else ""
            more = {"code": code, "problem_zh": problem_zh, "where_zh": where_zh, "fix_zh": fix_zh}
            self.emit({"error": facts | {name: text for name, text in more.items() if text}})
            return exit_code
        what = self.pick(problem, problem_zh) + (f" [{code}]" if code else "")
        lines = [what, self.pick(where, place_in_chinese(where)), self.pick(fix, fix_zh)]
        heads = self.pick("error: |  where: |  fix:   ", "错误:|  位置:|  办法:").split("|")
        self.say("\n".join(map("".join, zip(heads, lines, strict=True))))
        return exit_code

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._close_bar()


def print_json(data: Any) -> None:
    """*data* on stdout: the machine's copy of what people read on stderr."""
    print(json.dumps(data, ensure_ascii=False, indent=1, default=str), flush=True)


Progress = Callable[[float, str], None]
