"""The findings of the check in few words."""

from __future__ import annotations

from typing import Any

from ..units import kind_of_unit
from ..words import pick, tr

SET_ASIDE_COLUMNS = {
    "rows_quarantined": "{number} set aside as doubtful",
    "rows_duplicate": "{number} duplicates",
    "rows_outside": "{number} in no cell",
    "rows_after_as_of": "{number} after the moment",
    "rows_before_period": "{number} before the period",
    "rows_excluded": "{number} left out by a rule or a choice",
}
"""Part of the account -> what is said of its rows."""
LONG = 4
"""Names listed before the rest is counted."""


def lines_of(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings as (label, text), what matters most first; a line without a label goes on with the one above."""
    account = found.get("account", {})
    used, every = (f"{account.get(part, 0):,}" for part in ("rows_used", "rows_in"))
    lines = [
        (tr("Rows"), tr("{used} of {all} are used", used=used, all=every)),
        ("", _set_aside(account)),
        ("", _reasons(found)),
        (tr("Period"), _period(found)),
        (
            tr("Cells"),
            " · ".join(f"{kind_of_unit(name)} {number:,}" for name, number in found.get("cells", {}).items()),
        ),
        (tr("Sources"), _listed({name: rows for name, rows in found.get("sources", {}).items() if name})),
        (tr("Classes"), tr("{number} are tested", number=f"{found.get('tested_classes', 0):,}")),
        *_labelled(tr("Trouble"), _trouble(found)),
    ]
    return [(label, text) for label, text in lines if text]


def _set_aside(account: dict[str, int]) -> str:
    """Rows that are not used, by the part of the account they fall to."""
    parts = [tr(text, number=f"{account[part]:,}") for part, text in SET_ASIDE_COLUMNS.items() if account.get(part)]
    return " · ".join(parts)


def _reasons(found: dict[str, Any]) -> str:
    """Why rows are doubtful, in words."""
    rules = [rule for rule in found.get("rules", ()) if rule.get("what") == "quarantined"]
    return _listed({pick(rule.get("en", ""), rule.get("zh", "")): rule.get("rows", 0) for rule in rules}, ": ")


def _period(found: dict[str, Any]) -> str:
    period = found.get("period")
    if not period:
        return ""
    first, as_of = (str(period[name]).replace("T00:00:00", "").replace("T", " ") for name in ("first", "as_of"))
    missing = found.get("missing_bins") or 0
    gap = tr("{number} without data", number=missing) if missing else ""
    return " · ".join(part for part in (f"{first} … {as_of}", tr("{number} bins", number=period["bins"]), gap) if part)


def _cells(found: dict[str, Any]) -> str:
    return " · ".join(f"{kind_of_unit(name)} {number:,}" for name, number in found.get("cells", {}).items())


def _listed(counted: dict[str, int], between: str = " ") -> str:
    """`a 12 · b 3 · 2 more`, the largest first."""
    entries = sorted(counted.items(), key=lambda entry: -entry[1])
    told = [f"{name}{between}{number:,}" for name, number in entries[:LONG]]
    return " · ".join([*told, tr("{number} more", number=len(entries) - LONG)] if len(entries) > LONG else told)


def _trouble(found: dict[str, Any]) -> list[str]:
    """What may mislead: default points, near duplicates, cells that overlap or share a code."""
    points = sum(point.get("rows", 0) for point in found.get("default_points", ()))
    near = (found.get("near_duplicates") or {}).get("rows", 0)
    rules = [rule for rule in (found.get("topology") or {}).get("rules", ()) if rule.get("count")]
    cells = _listed({pick(rule.get("en", ""), rule.get("zh", "")): rule["count"] for rule in rules}, ": ")
    return [
        *([tr("{number} incidents lie on default points", number=f"{points:,}")] if points else []),
        *([tr("{number} rows look like duplicates and are kept", number=f"{near:,}")] if near else []),
        *([tr("cells: {what}", what=cells)] if cells else []),
    ]


def _labelled(label: str, lines: list[str]) -> list[tuple[str, str]]:
    return [(label if number == 0 else "", line) for number, line in enumerate(lines)]
