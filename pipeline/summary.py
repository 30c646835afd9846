"""What a run would use of the files, short enough for a window: rows, cells, period, and trouble by its weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ..errors import Notice
from .preparation import Prepared

_LATE = {
    "rows_after_as_of": ("研判时点之后", "after the moment of decision"),
    "rows_before_period": ("统计期之前", "before the first whole period"),
}
"""Names of the account that no rule stands for, with their words."""

GRAVE = ("N-DATUM-001", "N-DATA-002", "N-DATA-004", "N-DATA-003")
"""Notices about all rows, the gravest first: they stand before what concerns some rows only."""

MINOR = ("N-CLASS-003", "N-DATA-001", "N-COL-005", "N-PLACE-003", "N-DUP-005")
"""Notices about columns, periods and single spots: they stand last."""


def summary_of(ready: Prepared, rules: Iterable[Mapping[str, Any]], notices: Iterable[Notice]) -> dict[str, Any]:
    """The summary of `check`, JSON-able; no value of a row among it.

    rules : every rule that set rows aside, as `check_findings` lists them. notices : everything told. `set_aside` adds
    up with `rows_used` to `rows_in`. `trouble` is what a person should look at, the weightiest first.
    """
    aside = _set_aside(ready, rules)
    counts = ready.counts
    levels = counts.cells.levels()
    return {
        "rows_in": ready.account["rows_in"],
        "rows_used": ready.account["rows_used"],
        "set_aside": aside,
        "cells": [
            {"level": n, "name": ready.cells.level_names.get(n, str(n)), "cells": len(counts.cells.rows_at(n))}
            for n in levels
        ],
        "period": {
            "first": pd.Timestamp(counts.bins[0]).isoformat(),
            "as_of": ready.as_of.isoformat(),
            "bins": len(counts.bins),
            "bin": counts.bin,
        },
        "sources": {str(name): int(n) for name, n in ready.incidents["source"].value_counts().items()},
        "tested_classes": len(counts.nodes(ready.plan.class_depth)),
        "trouble": _trouble(ready, aside, notices),
    }


def _set_aside(ready: Prepared, rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every reason with its rows, the most first: the rules, and what the account counts by time."""
    found = [{name: rule[name] for name in ("code", "zh", "en", "rows")} for rule in rules]
    late = ((code, *words, ready.account[code]) for code, words in _LATE.items())
    found += [dict(zip(("code", "zh", "en", "rows"), row, strict=True)) for row in late if row[-1]]
    return sorted(found, key=lambda entry: (-entry["rows"], entry["code"]))


def _trouble(ready: Prepared, aside: list[dict[str, Any]], notices: Iterable[Notice]) -> list[dict[str, Any]]:
    by_code: dict[str, Notice] = {}
    for told in notices:
        by_code.setdefault(told.code, told)
    rows = [entry for entry in aside if not entry["code"].startswith(("P-", "D-", "rows_"))]
    rows += _partly(ready, by_code)
    rows = sorted(rows, key=lambda entry: (-entry["rows"], entry["code"]))
    grave, minor = (
        [{"code": code, "zh": by_code[code].zh, "en": by_code[code].en, "rows": 0} for code in codes if code in by_code]
        for codes in (GRAVE, MINOR)
    )
    return [*grave, *rows, *minor]


def _partly(ready: Prepared, told: Mapping[str, Notice]) -> list[dict[str, Any]]:
    """Rows that count with something missing: a false place, no class."""
    figures = {
        "N-PLACE-002": int(ready.incidents["default_point"].sum()),
        "N-CLASS-001": int((ready.incidents["category"].astype(str) == "未分类").sum()),
    }
    return [
        {"code": code, "zh": told[code].zh, "en": told[code].en, "rows": n}
        for code, n in figures.items()
        if code in told
    ]
