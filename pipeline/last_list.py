"""What became of the last list issued, and of the red and orange of the last months: two figures of the page."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd

from ..layers import ledger as ledgers
from ..layers import style
from .outcome import Outcome

DAYS = 90


def with_last_list(outcome: Outcome, book: ledgers.Ledger) -> Outcome:
    """The outcome with `facts["last_list"]` and `facts["urgent_record"]`, None where the ledger holds no run yet.

    The warnings get the column `deadline` (ISO, local), empty where nothing is due.
    """
    as_of = outcome.facts["as_of"]
    rows = book.warnings()
    facts = {"last_list": last_list(book, rows, as_of), "urgent_record": urgent_record(rows, as_of)}
    table = outcome.early_warnings.assign(deadline=_due(outcome.early_warnings, rows, book.deadlines(), as_of))
    return replace(outcome, early_warnings=table, facts={**outcome.facts, **facts})


def _due(table: pd.DataFrame, rows: list[dict[str, Any]], deadlines: ledgers.Deadlines, as_of: str) -> list[str]:
    """When each warning is to be judged or handled; one that this run issues is to be judged."""
    known = {str(row["warning_id"]): row for row in rows}
    found = []
    for own, level, category, phase in zip(*(table[n] for n in _OF_DUE), strict=True):
        row = known.get(str(own))
        if row is not None:
            found.append(row["due"] if row["state"] in (ledgers.TO_JUDGE, ledgers.ASSIGNED) else "")
        else:
            over = phase in style.OVER_PHASES
            found.append("" if over else deadlines.due("judge", str(level), str(category), as_of))
    return found


_OF_DUE = ("warning_id", "level", "category", "phase")


def last_list(book: ledgers.Ledger, rows: list[dict[str, Any]], as_of: str) -> dict[str, int] | None:
    """Of the warnings of the last issued run: how many, and how many wait, are at work, are done, are overdue."""
    issued = {str(row["warning_id"]) for row in book.last_issued(as_of)}
    if not book.has_run_before(as_of):
        return None
    states = Counter(row["state"] for row in rows if str(row["warning_id"]) in issued)
    late = {str(row["warning_id"]) for row in book.overdue(as_of)}
    return {
        "n": len(issued),
        "waiting": states[ledgers.TO_JUDGE],
        "working": states[ledgers.ASSIGNED],
        "done": states[ledgers.HANDLED] + states[ledgers.CLOSED],
        "overdue": len(issued & late),
    }


def urgent_record(rows: list[dict[str, Any]], as_of: str) -> dict[str, int] | None:
    """Red and orange warnings first issued in the last 90 days, and how they were judged."""
    moment = pd.Timestamp(as_of).tz_localize(None)
    recent = [
        row
        for row in rows
        if row.get("level") in ("red", "orange")
        and moment - pd.Timedelta(days=DAYS) <= pd.Timestamp(row["first_issued"]).tz_localize(None) < moment
    ]
    if not rows:
        return None
    verdicts = Counter(row["verdict"] for row in recent)
    n = len(recent)
    true, false = verdicts["true"], verdicts["false"]
    return {"days": DAYS, "n": n, "true": true, "false": false, "open": n - true - false}
