"""How warnings like this one ended in the last ninety days, from the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ...cube import ALL_CLASSES
from ...layers import style
from ...models.early_warning.phenomena import same_branch
from ..outcome import Outcome

DAYS = 90

_VERDICTS = {"true": ("属实", "true"), "false": ("误报", "false alarm"), "unclear": ("未核", "unclear")}
_OPEN = ("待研判", "not judged yet")
_NO_LEDGER = {
    "sentence": "没有台账,不知道以往同类预警的结果",
    "sentence_en": "there is no ledger: how such warnings ended is not known",
}


def no_record() -> dict[str, Any]:
    """What is said where there is no ledger."""
    return {"ledger": False, "total": 0, **_NO_LEDGER}


def record_of(
    warning: Mapping[str, Any], issued: Iterable[Mapping[str, Any]], as_of: pd.Timestamp | str
) -> dict[str, Any]:
    """Warnings of the branch of classes and the level of *warning* first issued in the `DAYS` days before *as_of*.

    *warning* has warning_id, category and level; *issued* are the rows of `Ledger.warnings()`. The warning itself is
    not one of them. Keys: ledger, days, level, total, true, false, unclear, open, sentence, sentence_en.
    """
    end = pd.Timestamp(as_of).tz_localize(None)
    begin = end - pd.Timedelta(days=DAYS)
    alike = [row for row in issued if _alike(row, warning) and begin <= _moment(row["first_issued"]) <= end]
    ended = Counter(row.get("verdict") or "" for row in alike)
    tally = {name: ended.get(name, 0) for name in _VERDICTS}
    tally["open"] = len(alike) - sum(tally.values())
    zh, en = _sentence(str(warning["level"]), len(alike), tally)
    facts = {"ledger": True, "days": DAYS, "level": str(warning["level"]), "total": len(alike)}
    return {**facts, **tally, "sentence": zh, "sentence_en": en}


def with_record(outcome: Outcome, issued: list[dict[str, Any]]) -> Outcome:
    """The outcome whose explanations say how such warnings ended, and what was done about this one."""
    rows = {str(row["warning_id"]): row for row in issued}
    table = outcome.early_warnings
    told = {}
    for own, category, level in zip(table["warning_id"], table["category"], table["level"], strict=True):
        known = outcome.explanations.get(own)
        if known is not None:
            warning = {"warning_id": own, "category": category, "level": level}
            record = record_of(warning, issued, outcome.facts["as_of"])
            told[own] = {**known, "record": record, "handling": handling_of(rows.get(own))}
    return replace(outcome, explanations={**outcome.explanations, **told})


def handling_of(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the ledger holds of one warning: state, step, verdict, to whom, due, times of judging and closing."""
    names = ("state", "step", "verdict", "assigned_to", "due", "first_issued", "judged_at", "closed_at", "supervised")
    return {} if row is None else {name: row.get(name) for name in names}


def _alike(row: Mapping[str, Any], warning: Mapping[str, Any]) -> bool:
    """Of the same level and branch, another warning. All classes together are of no branch but their own.

    A cancelled one is none: it was issued in error, or another one carries it on and stands for both.
    """
    if row["warning_id"] == warning["warning_id"] or row["level"] != warning["level"] or row.get("step") == "cancelled":
        return False
    pair = (str(row["category"]), str(warning["category"]))
    return pair[0] == pair[1] if ALL_CLASSES in pair else same_branch(*pair)


def _moment(text: Any) -> pd.Timestamp:
    return pd.Timestamp(text).tz_localize(None)


def _sentence(level: str, total: int, tally: Mapping[str, int]) -> tuple[str, str]:
    word = style.level_of(level)
    if not total:
        return f"近{DAYS}天没有同类{word.zh}色预警", f"no {word.en} warning like this in the last {DAYS} days"
    parts = [(zh, en, tally[name]) for name, (zh, en) in _VERDICTS.items()]
    parts += [(*_OPEN, tally["open"])] if tally["open"] else []
    zh = ",".join(f"{word_zh}{n}" for word_zh, _, n in parts)
    en = ", ".join(f"{n} {word_en}" for _, word_en, n in parts)
    return f"近{DAYS}天同类{word.zh}色{total}:{zh}", f"{total} {word.en} like this in the last {DAYS} days: {en}"
