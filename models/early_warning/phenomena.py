"""One phenomenon, one warning: rises of parent and child units, neighbours and classes of a branch belong together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...cube import ALL_CLASSES, Cells
from ..significance import nb_log_sf
from .rules import WarningRules, family_recurrence

_CARRIES = 0.75  # share of the excess from which a narrower test speaks for a broader one


@dataclass
class Phenomenon:
    """The strongest test of one phenomenon in one bin, and the tests it explains (rows of the same table)."""

    lead: pd.Series
    explained: list[pd.Series] = field(default_factory=list)


def same_branch(first: str, second: str) -> bool:
    """Whether one class contains the other."""
    if ALL_CLASSES in (first, second) or first == second:
        return True
    return first.startswith(second + "/") or second.startswith(first + "/")


def same_place(cells: Cells, first: int, second: int, neighbours: bool = True) -> bool:
    """Whether one unit contains the other, shares ground with it, or (if *neighbours*) touches it on the same level."""
    if contains(cells, first, second) or contains(cells, second, first):
        return True
    if cells.role[first] != cells.role[second]:
        return 0 in (first, second) or bool(cells.overlap is not None and cells.overlap[first, second] != 0)
    return bool(
        neighbours and cells.unit_level[first] == cells.unit_level[second] and cells.contiguity[first, second] != 0
    )


def contains(cells: Cells, outer: int, inner: int) -> bool:
    """Whether *inner* is *outer* or lies below it in the hierarchy."""
    return bool(cells.lineage[inner, cells.unit_level[outer]] == outer)


def find_phenomena(tests: pd.DataFrame, cells: Cells, rules: WarningRules, bin_days: float) -> list[Phenomenon]:
    """Group the significant tests of one bin.

    *tests* has the columns unit, category, observed, expected, size, last_expected, log_p, family, n_levels,
    recurrence_days. The strongest comes first; a test is explained by a stronger one of the same place and branch,
    unless it is broader and still significant when the stronger one's excess is taken out.
    """
    order = tests.sort_values(["log_rank", "excess", "unit", "category"], ascending=[True, False, True, True])
    found: list[Phenomenon] = []
    for _, test in order.iterrows():
        kin = [
            p
            for p in found
            if same_branch(p.lead.category, test.category) and same_place(cells, p.lead.unit, test.unit)
        ]
        if kin and not _stands_alone(test, kin, cells, rules, bin_days):
            kin[0].explained.append(test)
        else:
            found.append(Phenomenon(test))
    return [_concentrated(phenomenon, cells, rules) for phenomenon in found]


def _concentrated(phenomenon: Phenomenon, cells: Cells, rules: WarningRules) -> Phenomenon:
    """Report where the excess is.

    A class gives way to the class below, a unit to the unit inside, that carries it and reaches the same level.
    """
    lead = phenomenon.lead
    level = rules.level_of(lead.recurrence_days, lead.observed, lead.expected)
    narrower = [
        test
        for test in phenomenon.explained
        if test.excess >= _CARRIES * lead.excess
        and rules.level_of(test.recurrence_days, test.observed, test.expected) >= level
        and contains(cells, lead.unit, test.unit)
        and _within(test.category, lead.category)
        and (test.unit != lead.unit or test.category != lead.category)
    ]
    if not narrower:
        return phenomenon
    finest = max(narrower, key=lambda test: (cells.unit_level[test.unit], _depth(test.category), -test.log_rank))
    rest = [lead, *(test for test in phenomenon.explained if test is not finest)]
    return Phenomenon(finest, rest)


def _stands_alone(test: pd.Series, kin: list[Phenomenon], cells: Cells, rules: WarningRules, bin_days: float) -> bool:
    """Whether a broader test is still a rise without what stronger, narrower phenomena inside it explain."""
    inside = [p for p in kin if contains(cells, test.unit, p.lead.unit) and _within(p.lead.category, test.category)]
    if len(inside) < len(kin):
        return False
    rest = test.observed - sum(max(p.lead.observed - p.lead.expected, 0.0) for p in inside)
    if rest - test.expected < rules.blue_excess:
        return False
    rest_log_p = nb_log_sf(np.array([np.floor(rest)]), np.array([test.expected]), np.array([test["size"]]))
    args = (np.array([test.last_expected]), np.array([test.family]), test.n_levels, bin_days)
    return bool(family_recurrence(rest_log_p, *args)[0] >= rules.blue_days)


def _depth(category: str) -> int:
    return 0 if category == ALL_CLASSES else 1 + category.count("/")


def _within(inner: str, outer: str) -> bool:
    return outer == ALL_CLASSES or inner == outer or inner.startswith(outer + "/")
