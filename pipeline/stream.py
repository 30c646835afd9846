"""Steps 1 to 4 of the journey for files of any length: read, judge, place and count, a batch at a time.

Counts add up, so nothing of a batch stays but its counts, its account, and two hashes a row that find duplicates in
later batches. What needs every row at once is not done here: default points are not looked for (hand over those that
are known), sources are not confirmed by one another, bursts are told within a batch, and codes place no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..cube import Counts, sum_counts
from ..errors import InputError
from ..layers.aggregate import count_incidents
from ..layers.coordinates import reproject
from ..layers.grids import CellLayer
from ..layers.incidents import Intake
from ..layers.incidents.batches import read_batches
from ..layers.overlay import assign_cells, at_default_points
from ..layers.points import without_collecting
from .placement import late_rows
from .plan import Plan
from .preparation import _account, _reasons

_MERGED_AT = 2_000_000
"""Rows of counts that wait before they are summed."""


@dataclass(frozen=True)
class Streamed:
    """Counts up to `as_of`, the account of every row that came in, and the rows each rule set aside."""

    counts: Counts
    account: dict[str, int]
    rules: dict[str, int]


def count_stream(
    paths: Sequence[str | Path],
    cells: CellLayer,
    plan: Plan,
    *,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    default_points: pd.DataFrame | None = None,
) -> Streamed:
    """Count text files on *cells* without ever holding all rows.

    *default_points* is a table of `find_default_points`, for instance of the last whole run. The plan must name `as_of`
    and bins of an hour or a day, since both would otherwise follow from all rows.
    Raises InputError where it does not, or no row lies in a cell; CannotStream where the files must be read whole.
    """
    as_of = plan.moment()
    if as_of is None or plan.bin == "week":
        raise InputError(
            "a stream is counted in hours or days up to a moment that is known",
            where="--as-of, --bin",
            fix="Name --as-of, and a bin of an hour or a day.",
        )
    known = cells.as_cells()
    sums = _Sums(plan.bin)
    account: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    batches = read_batches(
        paths, columns=dict(columns or {}) or None, crs=crs, timezone=plan.timezone, duplicates=plan.duplicates
    )
    for intake in batches:
        with without_collecting():
            counts, reasons = _count(intake, cells, known, plan, as_of, default_points)
        account.update(_account(intake, reasons))
        rules.update(intake.quarantine["rule"].value_counts().to_dict())
        sums.add(counts)
    if not account["rows_used"]:
        raise InputError(
            f"none of {account['rows_in']} incidents is counted",
            where=", ".join(Path(path).name for path in paths),
            fix="Check that incidents and cells cover the same city, and --as-of.",
        )
    return Streamed(
        sums.total(), {name: int(n) for name, n in account.items()}, {str(r): int(n) for r, n in rules.items()}
    )


def _count(intake: Intake, cells: CellLayer, known, plan: Plan, as_of: pd.Timestamp, piles):  # type: ignore[no-untyped-def]
    """(counts of the batch's used rows, why each row is used or not)."""
    points = reproject(intake.incidents, cells.crs)
    assigned = assign_cells(points, cells)
    false_place = np.zeros(len(points), dtype=bool)
    if piles is not None and len(piles) and plan.default_points != "keep":
        false_place = at_default_points(intake.incidents, piles)
    reasons = _reasons(points, assigned, false_place, late_rows(points, as_of, plan), plan)
    used = reasons == "used"
    counts = count_incidents(
        points[used],
        assigned[used],
        known,
        bin=plan.bin,
        timezone=plan.timezone,
        default_points=false_place[used],
        policy=plan.default_points,
        burst_metres=plan.burst_metres,
        burst_minutes=plan.burst_minutes,
    )
    return counts.until(as_of), reasons


class _Sums:
    """Counts of batches, summed now and then rather than after each."""

    def __init__(self, bin: str):
        self.bin, self.waiting = bin, []

    def add(self, counts: Counts) -> None:
        """Take one batch more."""
        self.waiting.append(counts)
        if sum(len(c.table) for c in self.waiting[1:]) > _MERGED_AT + len(self.waiting[0].table):
            self.waiting = [self.total()]

    def total(self) -> Counts:
        """All of them as one."""
        whole = [c for c in self.waiting if c.end_bin > c.first_bin] or self.waiting[:1]
        table = sum_counts(pd.concat([c.table for c in whole], ignore_index=True))
        first, end = min(c.first_bin for c in whole), max(c.end_bin for c in whole)
        return Counts(table, whole[0].cells, self.bin, first, end)
