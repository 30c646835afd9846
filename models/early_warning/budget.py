"""The alarm budget: at most so many orange and red a day in the city and a week in a street; red is never cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...cube import Cells
from .rules import LEVELS, WarningRules

if TYPE_CHECKING:
    from .episodes import Episode

_ORANGE, _RED = LEVELS.index("orange"), LEVELS.index("red")


@dataclass(frozen=True)
class Issued:
    """A warning that was issued as orange or red, within the budget, first in *bin*."""

    cell_id: str
    category: str
    bin: int


@dataclass(frozen=True)
class Record:
    """What is known from a ledger.

    issued : orange and red by warning id; None where no ledger says, and the budget's own past is worked out.
    judged : ids, and (cell id, class), of warnings in force that a person judged true.
    """

    issued: Mapping[str, Issued] | None = None
    judged: frozenset[str | tuple[str, str]] = field(default_factory=frozenset)

    def is_judged(self, warning_id: str, cell_id: str, category: str) -> bool:
        """Whether a person judged this warning, or the one of this unit and class, true."""
        return warning_id in self.judged or (cell_id, category) in self.judged


def kept_within(
    episodes: Iterable[Episode],
    ids: Mapping[int, str],
    cells: Cells,
    rules: WarningRules,
    *,
    first: int,
    today: int,
    street_level: int,
    bin_days: float,
    record: Record,
) -> set[int]:
    """The `id` of every episode that the budget of bin *today* lets be orange or red.

    Bins are gone through from *first* on, since what a street had in the last week is what was issued and not what was
    kept back; with a ledger its word counts for the bins before today. A warning once issued takes no second place in
    its street's week, one kept back is looked at anew in every bin. *ids* are the warning ids by the episodes' `id`.
    """
    urgent = [e for e in episodes if any(level >= _ORANGE for level, _, _ in e.seen.values())]
    week, start = int(np.ceil(7 / bin_days)), first if record.issued is None else today
    issued, others = _issued_before(urgent, ids, cells, street_level, record)
    kept: set[int] = set()
    for number in range(start, today + 1):
        kept, spent = set(), 0
        for episode in _in_order(urgent, number, ids):
            level, _, unit = episode.seen[number]
            own = _street(cells, unit, street_level)
            known = [*others, *(place for e, place in issued.items() if e != id(episode))]
            busy = sum(own >= 0 and street == own and number - week < bin <= number for street, bin in known)
            fits = spent < rules.city_per_day and (id(episode) in issued or busy < rules.street_per_week)
            if level == _RED or fits:
                kept.add(id(episode))
                spent += 1
                issued.setdefault(id(episode), (own, number))
    return kept


def _issued_before(
    urgent: Sequence[Episode], ids: Mapping[int, str], cells: Cells, level: int, record: Record
) -> tuple[dict[int, tuple[int, int]], list[tuple[int, int]]]:
    """(street, bin) of what a ledger issued: of episodes of this run by their `id`, and of those it has no more."""
    row_of = {str(cell): row for row, cell in enumerate(cells.cell_id)}
    told = record.issued or {}
    place = {
        own: (_street(cells, row_of[one.cell_id], level) if one.cell_id in row_of else -1, one.bin)
        for own, one in told.items()
    }
    alive = {ids[id(e)]: id(e) for e in urgent}
    return {alive[own]: at for own, at in place.items() if own in alive}, [
        at for own, at in place.items() if own not in alive
    ]


def _in_order(urgent: Sequence[Episode], number: int, ids: Mapping[int, str]) -> list[Episode]:
    """The episodes that are orange or red in bin *number*, in rank order."""
    today = [e for e in urgent if number in e.seen and e.seen[number][0] >= _ORANGE]
    return sorted(today, key=lambda e: (-e.seen[number][0], e.seen[number][1], ids[id(e)]))


def _street(cells: Cells, unit: int, level: int) -> int:
    return int(cells.lineage[unit, level]) if cells.unit_level[unit] >= level else -1
