"""Steps 1 to 4 of the journey for files of any length: read, judge, place and count, a batch at a time.

Counts add up, so nothing of a batch stays but its counts, its account, and two hashes a row that find duplicates in
later batches. What needs every row at once is not done here: default points are not looked for (hand over those that
are known), sources are not confirmed by one another, bursts are told within a batch, and codes place no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cube import Counts
from ..errors import Notice
from ..layers.aggregate import count_incidents
from ..layers.coordinates import reproject
from ..layers.grids import CellLayer
from ..layers.incidents import Intake, read_incidents
from ..layers.incidents.batches import read_batches
from ..layers.incidents.pieces import CannotStream
from ..layers.incidents.rules import notice, quarantined
from ..layers.overlay import assign_cells, at_default_points
from ..layers.points import without_collecting
from ..layers.privacy import ClassPolicy, Privacy, class_policy
from .placement import late_rows
from .plan import Plan, floor_to_bin
from .preparation import _account, _at_least_in_the_city, _reasons, _times_of, last_complete_day
from .refusals import refusal
from .scope import check_classes, chosen
from .sums import Sums

_OF_FILES = ("N-FILE", "N-COL", "N-CRS", "N-COORD-002", "N-TIME-004", "N-TIME-005", "N-PERSON-002", "N-CLASS-003")
"""Notices about files and columns: the same for every batch, while others tell a number of rows."""


@dataclass(frozen=True)
class Streamed:
    """Counts up to `as_of`, the account of every row that came in, and the rows each rule set aside.

    `whole` says that all rows were read at once; `notices` tell of the files.
    """

    counts: Counts
    account: dict[str, int]
    rules: dict[str, int]
    as_of: pd.Timestamp
    whole: bool = False
    notices: tuple[Notice, ...] = ()


def count_files(
    paths: Sequence[str | Path],
    cells_at: Callable[[pd.Timestamp], CellLayer],
    plan: Plan,
    *,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    privacy: Privacy | None = None,
    classes: Mapping[str, str] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Streamed:
    """Count files on the cells of a moment: a batch at a time where they can be streamed and the plan names `as_of`,
    else whole.

    Both ways count the same, since neither does what only one of them could: rows on default points count where they
    lie, sources do not confirm one another, and codes place no row. `distinct` alone may differ: bursts are told within
    a batch. Raises InputError where no row lies in a cell, or the files cannot be read at all.
    """
    told = progress or _silent
    facts: dict[str, Any] = {
        "columns": dict(columns or {}) or None,
        "crs": crs,
        "timezone": plan.timezone,
        "duplicates": plan.duplicates,
        "privacy": privacy,
        "classes": dict(classes or {}) or None,
    }
    as_of, policy = plan.moment(), privacy.policy if privacy else class_policy()
    if as_of is not None and plan.bin != "week":
        with suppress(CannotStream):
            told(0.05, "Counting in pieces|分段计数")
            pieces = read_batches(paths, **facts)
            return _sum_up(pieces, cells_at(as_of), plan, as_of, None, paths, told, policy)
    intake = read_incidents(paths, **facts, progress=lambda fraction, text: told(0.6 * fraction, text))
    if as_of is None:
        as_of = floor_to_bin(last_complete_day(_times_of(intake), plan), plan.bin)
    told(0.6, "Counting|计数")
    return replace(_sum_up([intake], cells_at(as_of), plan, as_of, None, paths, told, policy), whole=True)


def _silent(fraction: float, text: str) -> None:
    """Nobody listens."""
    del fraction, text


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
        raise refusal("E-RUN-109", where="--as-of, --bin")
    batches = read_batches(
        paths, columns=dict(columns or {}) or None, crs=crs, timezone=plan.timezone, duplicates=plan.duplicates
    )
    return _sum_up(batches, cells, plan, as_of, default_points, paths, _silent, class_policy())


def _sum_up(
    intakes: Iterable[Intake],
    cells: CellLayer,
    plan: Plan,
    as_of: pd.Timestamp,
    default_points: pd.DataFrame | None,
    paths: Sequence[str | Path],
    told: Callable[[float, str], None],
    policy: ClassPolicy,
) -> Streamed:
    known = cells.as_cells()
    sums = Sums(plan.bin)
    classes: set[str] = set()
    account: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    notices: dict[Notice, None] = {}
    for intake in intakes:
        with without_collecting():
            counts, reasons = _count(intake, cells, known, plan, as_of, default_points)
        account.update(_account(intake, reasons))
        classes.update(intake.incidents["category"].unique())
        rules.update(intake.quarantine["rule"].value_counts().to_dict())
        notices.update(dict.fromkeys(n for n in intake.notices if n.code.startswith(_OF_FILES)))
        sums.add(counts)
        told(0.6, f"{account['rows_in']:,} rows|{account['rows_in']:,}行")
    check_classes(plan.classes, classes, policy)
    if not account["rows_used"]:
        raise refusal("E-RUN-110", where=", ".join(Path(path).name for path in paths), rows_in=account["rows_in"])
    found = {str(rule): int(n) for rule, n in sorted(rules.items())}
    notices.update(dict.fromkeys(quarantined(rule, n) for rule, n in found.items()))
    if account["rows_duplicate"]:
        notices[notice("N-DUP-001", n=account["rows_duplicate"])] = None
    exact = {name: int(n) for name, n in account.items()}
    return Streamed(sums.total(), exact, found, as_of, notices=tuple(notices))


def _count(intake: Intake, cells: CellLayer, known, plan: Plan, as_of: pd.Timestamp, piles):  # type: ignore[no-untyped-def]
    """(counts of the batch's used rows, why each row is used or not)."""
    points = reproject(intake.incidents, cells.crs)
    assigned = _at_least_in_the_city(assign_cells(points, cells))
    false_place = np.zeros(len(points), dtype=bool)
    if piles is not None and len(piles) and plan.default_points != "keep":
        false_place = at_default_points(intake.incidents, piles)
    reasons = _reasons(points, assigned, false_place, late_rows(points, as_of, plan), plan)
    reasons[(reasons == "used") & ~chosen(points["category"], plan.classes)] = "excluded"
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
