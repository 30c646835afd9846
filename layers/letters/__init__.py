"""Papers from the record: 交办函, 督办函, 任务清单书, 问题整改书, 周清单, 月清单; and 问责通知书, an empty form."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "KINDS": ".kinds",
    "Kind": ".kinds",
    "Letter": ".occasions",
    "letters_due": ".occasions",
    "number_letters": ".numbers",
    "Forms": ".writing",
    "write_letter": ".writing",
    "write_list": ".writing",
    "copy_template": ".template",
    "find_template": ".template",
    "period_list": ".lists",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
