"""The whole command line: the group of `commands`, with the commands that live in modules of their own."""

from . import (
    calibrate_commands,
    compare_commands,
    desktop_commands,
    learn_commands,
    ledger_commands,
    papers_commands,
    print_commands,
    replay_commands,
    watch_commands,
)
from .commands import gridbeacon

__all__ = [
    "calibrate_commands",
    "compare_commands",
    "desktop_commands",
    "gridbeacon",
    "learn_commands",
    "ledger_commands",
    "papers_commands",
    "print_commands",
    "replay_commands",
    "watch_commands",
]
