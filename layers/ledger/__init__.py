"""The append-only record of warnings and of what people did about them. Standard library only.

Nothing in it is ever changed or removed: the database itself refuses that and every illegal move, and every event holds
the hash of the one before, so that a changed past is found when the ledger is opened. What was acknowledged is on the
disk. There is no clock inside: the caller gives every time, so a run can be repeated.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "open_ledger": ".opening",
    "Ledger": ".book",
    "plain": ".chain",
    "change_of": ".states",
    "NEW": ".states",
    "RAISED": ".states",
    "CONTINUING": ".states",
    "ENDED": ".states",
    "ISSUED": ".states",
    "RUN_ISSUED": ".states",
    "LINE_STARTED": ".states",
    "DEADLINES_SET": ".states",
    "PAPER_NUMBERED": ".states",
    "TO_JUDGE": ".states",
    "ASSIGNED": ".states",
    "HANDLED": ".states",
    "CLOSED": ".states",
    "STATES": ".states",
    "STATE_OF": ".states",
    "TRANSITIONS": ".states",
    "EVENTS": ".states",
    "VERDICTS": ".states",
    "NEEDS_NOTE": ".states",
    "Deadlines": ".deadlines",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
