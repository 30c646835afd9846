"""From arguments to exit code: every error a person can meet is caught here, and nowhere else in the command line.

0 done | 2 usage or input that cannot be used | 4 environment | 5 a fault of ours | 130 cancelled
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import click

from ..errors import Cancelled, GridBeaconError, InputError
from .refusals import fault, trouble
from .voice import MODES, Voice

CANCELLED = 130


class Stopped(BaseException):
    """A signal asked this process to end. No library on the way catches it, as some do with an Exception."""


def execute(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code and never lets an exception through, unless GRIDBEACON_DEBUG is set."""
    from .every_command import gridbeacon

    _speak_utf8()
    _lead_own_group()
    voice = Voice(_mode_of(arguments))
    before = _catch_signals()
    try:
        outcome = gridbeacon.main(list(arguments), prog_name="gridbeacon", standalone_mode=False, obj=voice)
        return outcome if isinstance(outcome, int) else 0
    except (Stopped, KeyboardInterrupt, Cancelled, click.Abort):
        fix, fix_zh = (
            "Nothing was written. Start it again when you are ready.",
            "没有写入任何内容。需要时重新运行即可。",
        )
        return voice.error("cancelled", "run", fix, CANCELLED, problem_zh="已取消", fix_zh=fix_zh)
    except Exception as error:
        if os.environ.get("GRIDBEACON_DEBUG"):
            traceback.print_exc()
        told = as_ours(error)
        return voice.error(**told.parts(), exit_code=told.exit_code)
    finally:
        voice.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _mode_of(arguments: Sequence[str]) -> str:
    """The value of --progress, needed before the arguments are parsed: their errors must be told in it too."""
    for here, after in zip(arguments, [*arguments[1:], ""], strict=True):
        asked = after if here == "--progress" else here.removeprefix("--progress=")
        if here.startswith("--progress") and asked in MODES:
            return asked
    return "bar"


def as_ours(error: Exception) -> GridBeaconError:
    """Any exception as one of ours; the text of a foreign one may hold data and is not shown."""
    if isinstance(error, GridBeaconError):
        return error
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "gridbeacon"
        fix, fix_zh = f"`{command} --help` lists what may be given.", f"`{command} --help` 列出可用的选项。"
        return InputError(error.format_message(), where="command line", fix=fix, fix_zh=fix_zh)
    if isinstance(error, ImportError):
        return trouble("E-SYS-001", where=sys.executable, package=error.name or "a package")
    if isinstance(error, MemoryError):
        return trouble("E-SYS-002", where="this run")
    if isinstance(error, OSError) and error.strerror:
        return trouble("E-SYS-003", where=str(error.filename or "disk"), why=error.strerror.lower())
    return fault("E-SYS-004", where=_last_own_line(error), kind=type(error).__name__)


def _last_own_line(error: Exception) -> str:
    """Room and line where a fault surfaced, e.g. `layers/grids.py line 31`."""
    home = Path(__file__).parents[1]
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [(path, line) for path, line in frames if path.is_relative_to(home)]
    return f"{own[-1][0].relative_to(home).as_posix()} line {own[-1][1]}" if own else "gridbeacon"


def _catch_signals() -> dict[int, Any]:
    """Turn the wish to stop into one `Stopped`, so that folders are cleaned up; returns the former handlers."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGBREAK] if hasattr(signal, "SIGBREAK") else [])]

    def stop(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # a second one must not break the tidying up
        raise Stopped

    return {number: signal.signal(number, stop) for number in numbers}


def _lead_own_group() -> None:
    """With GRIDBEACON_GROUP=1 lead a process group of our own, so that the plugin can end us with all our children."""
    if os.environ.get("GRIDBEACON_GROUP") == "1" and hasattr(os, "setsid") and os.getpgrp() != os.getpid():
        os.setsid()


def _speak_utf8() -> None:
    """Chinese on every console, the Windows ones too."""
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
        if encoding != "utf8" and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
