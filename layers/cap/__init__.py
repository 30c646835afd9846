"""Early warnings as messages of the Common Alerting Protocol, version 1.2 (OASIS, ITU-T X.1303 bis)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "CapSettings": ".message",
    "Message": ".message",
    "make_alert": ".message",
    "sent_at": ".message",
    "rings_of": ".area",
    "messages_of_run": ".sequence",
    "messages_of_ledger": ".sequence",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
