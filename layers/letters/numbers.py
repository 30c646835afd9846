"""Numbers for papers, taken from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .lists import PeriodList
from .occasions import Letter


def number_letters(ledger: Any, letters: Iterable[Letter], *, actor: str, time: str) -> list[dict[str, Any]]:
    """What the *ledger* (a `Ledger`) records of each letter, with its number; one that has a number keeps it."""
    found = []
    for letter in letters:
        payload = {"unit": letter.unit, "items": letter.items, "occasions": letter.occasions}
        once = "" if letter.kind == "tasks" else "occasions"
        found.append(ledger.number_paper(letter.kind, letter.key, payload, actor=actor, time=time, once_in=once))
    return found


def number_list(ledger: Any, kind: str, found: PeriodList, *, actor: str, time: str) -> dict[str, Any]:
    """The same of a weekly or monthly list."""
    payload = {"unit": found.unit, "first": found.first, "end": found.end, "totals": found.totals}
    return ledger.number_paper(kind, found.key, payload, actor=actor, time=time)
