"""One phenomenon, one warning: rises of parent and child units, neighbours and classes of a branch belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from ...cube import ALL_CLASSES, Cells, ancestors_of
from ..significance import nb_log_sf
from .rules import WarningRules, family_recurrence

_CARRIES = 0.75  # share of the excess from which narrower tests speak for a broader one
_SPREAD = 3  # places of one broader unit that rise together before the broader unit is what rises

RELATIONS = ("broader", "finer", "neighbour", "sibling class", "finer class", "other role", "same episode")
"""What a test is to the warning that stands for it; see `relation`."""


class Test(Protocol):
    """A row of the table of tests: one class in one unit, significant in one bin; see `raise_warnings`."""

    bin: int
    role: str
    unit_level: int
    unit: int
    category: str
    window: int
    observed: float
    expected: float
    size: float
    excess: float
    last_expected: float
    log_p: float
    log_rank: float
    family: float
    n_levels: int
    recurrence_days: float


@dataclass
class Phenomenon:
    """The strongest test of one phenomenon in one bin, and the tests it explains (rows of the same table)."""

    lead: Test
    explained: list[Test] = field(default_factory=list)

    @property
    def tests(self) -> list[Test]:
        """All of it, the lead first."""
        return [self.lead, *self.explained]


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


def relation(test: Test, lead: Test, cells: Cells) -> str:
    """What *test* is to *lead*, the test reported: one of `RELATIONS`, the first that holds.

    `other role`: a unit of the other kind of responsibility; `sibling class`: neither class contains the other;
    `broader`: a unit that contains the lead's, or its own unit and a class that contains the lead's; `finer`: a unit
    inside; `finer class`: its own unit and a class below the lead's; `neighbour`: a unit that touches it; `same
    episode`: a unit that rose with it the days before.
    """
    unit, own = int(test.unit), int(lead.unit)
    if test.role != lead.role:
        return "other role"
    if not same_branch(test.category, lead.category):
        return "sibling class"
    if unit == own:
        return "broader" if _within(lead.category, test.category) else "finer class"
    if contains(cells, unit, own):
        return "broader"
    if contains(cells, own, unit):
        return "finer"
    level = min(cells.unit_level[unit], cells.unit_level[own])
    touching = cells.contiguity[cells.lineage[unit, level], cells.lineage[own, level]] != 0
    return "neighbour" if touching else "same episode"


def find_phenomena(tests: pd.DataFrame, cells: Cells, rules: WarningRules, bin_days: float) -> list[Phenomenon]:
    """Group the significant tests of one bin; the strongest phenomenon first.

    *tests* has the columns unit, role, category, observed, expected, size, excess, last_expected, log_p, log_rank,
    family, n_levels, recurrence_days. In order of strength a test is explained by a stronger one of the same place and
    branch. A broader test speaks for narrower ones instead

    - where it is still a rise without them: for those that are no more than their share of what it rose by as a whole;
    - where at least three places inside it rise and none of them carries it;
    - where it carries sub-classes of its class that rise at its own place.

    It never speaks for a test of a more urgent level. The same tests in another order give the same phenomena.
    """
    found: list[Phenomenon] = []
    rows: list[Test] = list(tests.itertuples(index=False))  # type: ignore[arg-type]
    order = sorted(rows, key=lambda test: _strength(test, cells))
    for test in order:
        kin = [p for p in found if akin(p.lead, test, cells)]
        if not kin:
            found.append(Phenomenon(test))
            continue
        parts, alone = _parts(test, kin, cells, rules, bin_days)
        if parts or alone:
            found = [p for p in found if not _among(p, parts)] + [_joined(test, parts, rules)]
        else:
            kin[0].explained.append(test)
    for test in order:
        found = _with_siblings_joined(test, found, cells, rules)
    return sorted((_concentrated(p, cells, rules) for p in found), key=lambda p: _strength(p.lead, cells))


def _strength(test: Test, cells: Cells) -> tuple:
    """Sorts the strongest test first; ties by the unit's code, so that the order of rows means nothing."""
    return (float(test.log_rank), -float(test.excess), str(cells.cell_id[int(test.unit)]), test.category)


def _level(test: Test, rules: WarningRules) -> int:
    return rules.level_of(test.recurrence_days, test.observed, test.expected)


def akin(first: Test, second: Test, cells: Cells) -> bool:
    """Whether two tests are of one branch of classes and of one place."""
    return same_branch(first.category, second.category) and same_place(cells, int(first.unit), int(second.unit))


def _among(phenomenon: Phenomenon, others: list[Phenomenon]) -> bool:
    return any(phenomenon is other for other in others)


def _joined(test: Test, parts: list[Phenomenon], rules: WarningRules) -> Phenomenon:
    """*parts* as one phenomenon, led by *test* unless one of them is more urgent."""
    leads = [test, *(p.lead for p in parts if p.lead is not test)]
    lead = max(leads, key=lambda t: (_level(t, rules), t is test, -t.log_rank))
    rest = [t for t in [test, *(t for p in parts for t in p.tests)] if t is not lead]
    return Phenomenon(lead, list({id(t): t for t in rest}.values()))


def _parts(
    test: Test, kin: list[Phenomenon], cells: Cells, rules: WarningRules, bin_days: float
) -> tuple[list[Phenomenon], bool]:
    """The narrower phenomena that *test* speaks for, and whether it is a rise without all those inside it."""
    inside = [p for p in kin if contains(cells, test.unit, p.lead.unit) and _within(p.lead.category, test.category)]
    if len(inside) < len(kin):
        return [], False
    rest = test.observed - sum(max(p.lead.excess, 0.0) for p in inside)
    alone = rest - test.expected >= rules.blue_excess and _rare(test, rest, test.expected, rules, bin_days)
    of_class = [p for p in inside if test.category in (p.lead.category, *_uppers(p.lead.category))]
    within_reach = [p for p in of_class if _level(p.lead, rules) <= _level(test, rules)]
    parts = _spread(test, within_reach, cells)
    if alone:
        times = max(rest / max(test.expected, 1e-9), 1.0)
        share = [
            p for p in within_reach if not _rare(p.lead, p.lead.observed, p.lead.expected * times, rules, bin_days)
        ]
        parts += [p for p in share if not _among(p, parts)]
    return parts, alone


def _spread(test: Test, inside: list[Phenomenon], cells: Cells) -> list[Phenomenon]:
    """Those of *inside* that rise in places of their own, if they are at least `_SPREAD` and none carries all."""
    places = [p for p in inside if p.lead.unit != test.unit and p.lead.excess < _CARRIES * test.excess]
    apart = {int(t.unit) for p in places for t in p.tests if t.unit_level == p.lead.unit_level}
    apart = {unit for unit in apart if contains(cells, test.unit, unit)}
    nested = any(a != b and contains(cells, a, b) for a in apart for b in apart)
    return places if len(apart) >= _SPREAD and not nested else []


def _rare(test: Test, observed: float, expected: float, rules: WarningRules, bin_days: float) -> bool:
    """Whether *observed* against *expected* would be noted in the unit and class of *test*."""
    log_p = nb_log_sf(np.array([np.floor(observed)]), np.array([expected]), np.array([test.size]))
    args = (np.array([test.last_expected]), np.array([test.family]), test.n_levels, bin_days)
    return bool(family_recurrence(log_p, *args)[0] >= rules.blue_days)


def _with_siblings_joined(test: Test, found: list[Phenomenon], cells: Cells, rules: WarningRules) -> list[Phenomenon]:
    """*found*, where sub-classes of the class of *test* that rise at its place are one phenomenon, if it carries them.

    The place is the unit of *test*; below the city also a unit inside it, beside a sub-class that rises in it whole.
    """
    if test.category == ALL_CLASSES:
        return found
    of_class = [p for p in found if _within(p.lead.category, test.category)]
    here = [p for p in of_class if p.lead.unit == test.unit]
    if here and test.unit_level > 0:
        here = [p for p in of_class if contains(cells, test.unit, p.lead.unit)]
    carried = sum(p.lead.excess for p in here if p.lead is not test)
    if len({p.lead.category for p in here}) < 2 or test.excess < _CARRIES * carried:
        return found
    rest = [p for p in found if not _among(p, here)]
    for other in rest:
        other.explained = [t for t in other.explained if t is not test]
    return [*rest, _joined(test, here, rules)]


def _concentrated(phenomenon: Phenomenon, cells: Cells, rules: WarningRules) -> Phenomenon:
    """Report where the excess is.

    A class gives way to the class below, a unit to the unit inside, that carries it and reaches the same level.
    """
    lead = phenomenon.lead
    narrower = [
        test
        for test in phenomenon.explained
        if test.excess >= _CARRIES * lead.excess
        and _level(test, rules) >= _level(lead, rules)
        and contains(cells, lead.unit, test.unit)
        and _within(test.category, lead.category)
        and (test.unit != lead.unit or test.category != lead.category)
    ]
    if not narrower:
        return phenomenon
    finest = max(narrower, key=lambda test: (cells.unit_level[test.unit], _depth(test.category), -test.log_rank))
    return Phenomenon(finest, [test for test in phenomenon.tests if test is not finest])


def _depth(category: str) -> int:
    return 0 if category == ALL_CLASSES else 1 + category.count("/")


def _uppers(category: str) -> list[str]:
    """The classes above a class, the root left out: what rises of all classes together speaks for none of them."""
    return [] if category == ALL_CLASSES else ancestors_of(category)[1:-1]


def _within(inner: str, outer: str) -> bool:
    return outer == ALL_CLASSES or inner == outer or inner.startswith(outer + "/")
