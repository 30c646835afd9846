"""What a run says against the last issued one: missed runs, levels that fell, and the budget already spent today."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from ...errors import Notice
from ...layers import ledger as ledgers
from ...layers.incidents.rules import notice
from ...layers.style import LEVELS
from ..outcome import Outcome
from ..redivision import last_moment
from ..surveillance import BIN_DAYS

_WORDS = {level.name: level for level in LEVELS}
_URGENT = ("red", "orange")
_LISTED = 31


def missed_moments(last: str | pd.Timestamp, now: str | pd.Timestamp, bin: str) -> list[pd.Timestamp]:
    """Moments of decision between two runs, one bin apart, neither end among them; oldest first."""
    first, end = pd.Timestamp(last).tz_localize(None), pd.Timestamp(now).tz_localize(None)
    step = pd.Timedelta(days=BIN_DAYS[bin])
    return list(pd.date_range(first + step, end, freq=step, inclusive="left"))


def since_last(outcome: Outcome, ledger: str | None, last_run: str | None = None) -> Outcome:
    """The outcome with what the last issued run adds to it, in its notices and its warnings.

    Missed runs are counted since the ledger's last one, else since *last_run*, the local moment of decision of the last
    complete run. With hourly bins, orange and red issued earlier on the same day have spent the day's budget.
    """
    as_of = outcome.facts["as_of"]
    last, issued, today = (pd.Timestamp(last_run) if last_run else None), [], set()
    if ledger is not None:
        with ledgers.open_ledger(ledger) as book:
            last = last_moment(book, as_of) or last
            issued = book.last_issued(as_of)
            if outcome.plan.bin == "hour":
                today = _urgent_today(book, as_of)
    outcome = replace(outcome, early_warnings=_with_falls(outcome.early_warnings, issued))
    if ledger is not None and outcome.plan.bin == "hour":
        outcome = _within_day(outcome, today)
    told = _told(last, as_of, outcome.plan.bin)
    listed = [*outcome.facts["notices"], *({"code": n.code, "zh": n.zh, "en": n.en} for n in told)]
    return replace(outcome, facts={**outcome.facts, "notices": listed}, notices=(*outcome.notices, *told))


def _told(last: pd.Timestamp | None, as_of: str, bin: str) -> list[Notice]:
    if last is None:
        return []
    missed = missed_moments(last, as_of, bin)
    if not missed:
        return []
    layout = "%Y-%m-%d %H:%M" if bin == "hour" else "%Y-%m-%d"
    days = [f"{moment:{layout}}" for moment in missed[:_LISTED]]
    more = " …" if len(missed) > _LISTED else ""
    return [notice("N-RUN-001", n=len(missed), days="、".join(days) + more, days_en=", ".join(days) + more,
                   last=f"{last:{layout}}")]  # fmt: skip


def _with_falls(table: pd.DataFrame, issued: list[dict[str, Any]]) -> pd.DataFrame:
    """*table* whose continuing warnings of a lower level than the last issued one's say so in their caveats."""
    before = {row["warning_id"]: row["level"] for row in issued}
    rank = {level.name: number for number, level in enumerate(LEVELS)}
    table = table.copy()
    for row in table[table["change"] == ledgers.CONTINUING].itertuples():
        former = before.get(row.warning_id)
        if former in rank and rank[former] < rank[row.level]:
            note = f"级别由{_WORDS[former].zh}降为{_WORDS[row.level].zh}"
            table.loc[row.Index, "caveats"] = f"{row.caveats};{note}" if row.caveats else note
    return table


def _urgent_today(book: ledgers.Ledger, as_of: str) -> set[str]:
    """Warnings issued as orange or red, within the budget, earlier on the local day that *as_of* ends an hour of."""
    import json

    now = pd.Timestamp(as_of)
    midnight = (now - pd.Timedelta(hours=1)).normalize()
    found = set()
    for event in book.events():
        if event["event"] != ledgers.ISSUED or not midnight < pd.Timestamp(event["time"]) < now:
            continue
        row = json.loads(event["payload"])
        if row.get("level") in _URGENT and row.get("within_budget", True):
            found.add(event["warning_id"])
    return found


def _within_day(outcome: Outcome, today: set[str]) -> Outcome:
    """The day's budget over the hours of the day: what was issued stays in force, what is new has what is left."""
    table = outcome.early_warnings.copy()
    spent, limit = len(today), outcome.plan.early_warning.city_per_day
    table.loc[table["warning_id"].isin(today), "within_budget"] = True
    for row in table.sort_values("rank").itertuples():
        fresh = row.level in _URGENT and row.phase in ("open", "escalated") and row.warning_id not in today
        if not fresh or not row.within_budget:
            continue
        kept = spent < limit or row.level == "red"
        table.loc[row.Index, "within_budget"] = kept
        spent += int(kept)
    cut = int((~table["within_budget"].astype(bool)).sum())
    return replace(outcome, early_warnings=table, facts={**outcome.facts, "cut": cut})
