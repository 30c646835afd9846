"""A stretch of the past as its daily runs would have told it, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...layers.run_folder import check_account
from ...layers.style import OVER_PHASES
from ..calibration import expected_false_of
from ..journey import EARLY_WARNING_COLUMNS
from ..plan import Plan
from ..preparation import Inputs, Progress
from ..refusals import refusal
from ..wording import Responsible
from .days import Day, moments, replay_days
from .known import Known
from .outages import OutageLog
from .summary import level_weeks, levels_told

SAID = {
    "outage": ("数据中断,没有提示不等于没有风险", "data outage: no warning does not mean no risk"),
    "settling": ("数据中断后尚未稳定,没有提示不等于没有风险", "data hardly back: no warning does not mean no risk"),
    "complete": ("无预警", "no warning"),
}
"""How a day's data are -> what an empty list says."""


@dataclass(frozen=True)
class Replay:
    """What would have been warned from the day *first* to *end* (exclusive).

    warnings : `as_of` and the columns of an early warning, day by day; those the budget cut have `within_budget` False.
    days : one row a day: as_of, data (complete, outage, settling), incidents, expected, in_force (warnings not ended),
    new (of them 新增 or 升级), cut, said and said_en (what an empty list says). outages : see `OutageLog.table`.
    weeks, levels : warnings per level and week, and over all, beside what was printed (`summary`).
    """

    plan: Plan
    first: str
    end: str
    warnings: pd.DataFrame
    days: pd.DataFrame
    outages: pd.DataFrame
    weeks: pd.DataFrame
    levels: pd.DataFrame
    account: dict[str, int]


def replay(
    plan: Plan,
    inputs: Inputs,
    first: str,
    end: str,
    *,
    responsible: str | Path | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Replay the days from *first* to *end* (exclusive, local dates), each as a run at its end, all with one ledger.

    Nothing later than a day is known on it, by occurrence and by report. Without late reports one pass over some weeks
    gives the same figures as a run a day (see `Known.stretches`). *progress* may raise Cancelled.

    Raises InputError for what are no dates or hold no day, and as `run` does.
    """
    told = progress or (lambda fraction, text: None)
    days = moments(plan, first, end)
    if not days:
        raise refusal("E-REPLAY-001", where="--from, --to", first=first, end=end)
    plan = plan.with_settings({"as_of": ""})
    words = Responsible.read(responsible)
    known = Known(plan, inputs, lambda f, text: told(0.05 * f, text), (days[0], days[-1]))
    log, lists, rows = OutageLog(pd.Timestamp(first).to_datetime64()), [], []
    for day in replay_days(known, days, words, lambda f: told(0.05 + 0.9 * f, "Replaying|回放")):
        lists.append(day.warnings.assign(as_of=day.as_of))
        rows.append(_row_of(day, log.see(day.ready)))
    table, daily = _joined(lists), pd.DataFrame(rows)
    weeks = level_weeks(table, daily, known.plan, expected_false_of(known.plan, known.calibration))
    account = check_account(known.at(days[-1]).account)
    return Replay(known.plan, first, end, table, daily, log.table(), weeks, levels_told(weeks), account)


def _joined(lists: list[pd.DataFrame]) -> pd.DataFrame:
    """One table of the days' lists; without warnings an empty one with its columns."""
    columns = ["as_of", *EARLY_WARNING_COLUMNS]
    full = [table for table in lists if len(table)]
    return pd.concat(full, ignore_index=True)[columns] if full else pd.DataFrame(columns=columns)


def _row_of(day: Day, data: str) -> dict[str, Any]:
    live = day.warnings[~day.warnings["phase"].isin(OVER_PHASES)] if len(day.warnings) else day.warnings
    zh, en = SAID[data] if not len(live) or data != "complete" else ("", "")
    return {
        "as_of": day.as_of,
        "data": data,
        "incidents": int(day.city.observed),
        "expected": round(float(day.city.expected), 2),
        "in_force": len(live),
        "new": int(live["change"].isin(["新增", "升级"]).sum()) if len(live) else 0,
        "cut": int((~live["within_budget"].astype(bool)).sum()) if len(live) else 0,
        "said": zh,
        "said_en": en,
    }
