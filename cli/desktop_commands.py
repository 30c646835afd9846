"""The window, started from the command line. The faces know each other by name only."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys

from .asked import spoken
from .commands import gridbeacon
from .options import Command
from .refusals import trouble

BINDINGS = ("PyQt5", "PyQt6")
WINDOW = "plugin.desktop"


@gridbeacon.command(
    "desktop",
    cls=Command,
    help=spoken(
        "Open GridBeacon in a window of its own, without QGIS: files in, briefing in the browser, warnings in a table.",
        "打开独立窗口(无需QGIS):选文件即可研判,晨报在浏览器中查看,预警在表中处置。",
    ),
)
def open_window() -> None:
    """Ends when the window is closed."""
    if not any(importlib.util.find_spec(name) for name in BINDINGS):
        raise trouble("E-SYS-005", where=sys.executable)
    if not has_screen():
        raise trouble("E-SYS-006", where="DISPLAY")
    sys.argv = ["gridbeacon desktop"]  # Qt takes the arguments for its own
    package = (__package__ or "").rpartition(".")[0]
    runpy.run_module(f"{package}.{WINDOW}", run_name="__main__", alter_sys=False)


def has_screen() -> bool:
    """Whether there is something to open a window on; Qt would end the process without a word."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
