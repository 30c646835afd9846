"""One day after the other: the warnings a run at its end would have issued, against those of the day before."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ...layers.ledger import open_ledger
from ..calibration import realised
from ..facts import run_id_of
from ..files import against, issue_to
from ..journey import DIGITS, EARLY_WARNING_COLUMNS, lowest_level, warn
from ..known import record_of
from ..outcome import Outcome
from ..plan import Plan
from ..preparation import Prepared
from ..surveillance import BIN_DAYS, Survey, survey, with_classes
from ..wording import UNKNOWN, Responsible
from .known import Known, Stretch, cut

Told = Callable[[float], None]
STEP = {"hour": pd.Timedelta(days=1), "day": pd.Timedelta(days=1), "week": pd.Timedelta(days=7)}


@dataclass(frozen=True)
class Day:
    """What a run with this moment of decision would have said.

    warnings : the columns of an early warning; `risk` and `models` are empty, since no map is drawn, and `stability`,
    since nothing is tested on another lattice. `ready` is what was known; `city` the whole city's last bin: observed,
    expected, lower, upper.
    """

    as_of: pd.Timestamp
    warnings: pd.DataFrame
    ready: Prepared
    city: pd.Series


def moments(plan: Plan, first: str, end: str) -> list[pd.Timestamp]:
    """The moments of decision of the days (weeks, where bins are weeks) from *first* to *end*, exclusive.

    A day's moment is its end: the last one is *end*.
    """
    start, stop = (plan.with_settings({"as_of": day}).moment() for day in (first, end))
    step = STEP[plan.bin]
    return [] if start is None or stop is None else list(pd.date_range(start + step, stop, freq=step))


def replay_days(known: Known, days: Sequence[pd.Timestamp], responsible: Responsible, progress: Told) -> Iterator[Day]:
    """The days in order, as runs with one ledger would have gone: identity, change, first seen, budget, day by day.

    Raises Cancelled as *progress* does.
    """
    done = 0
    with tempfile.TemporaryDirectory(prefix="gridbeacon-") as folder, open_ledger(Path(folder) / "past.sqlite") as book:
        for stretch in known.stretches(days):
            begun, share = done / len(days), len(stretch.days) / len(days)
            found = _tested(stretch, lambda f, begun=begun, share=share: progress(begun + 0.7 * share * f))
            for number, day in enumerate(stretch.days):
                progress(begun + share * (0.7 + 0.3 * number / len(stretch.days)))
                ready = cut(stretch.last, day)
                ready = replace(ready, record=record_of(book, day, ready.counts))
                outcome = against(
                    _warned(ready, _known_at(found, stretch, ready), responsible), book, known.source.inputs
                )
                issue_to(book, outcome)
                yield Day(day, outcome.early_warnings, ready, _city(found, ready))
                done += 1


def _tested(stretch: Stretch, told: Told) -> Survey:
    """The tests of every bin that a day of the stretch replays, in one pass."""
    ready, plan = stretch.last, stretch.last.plan
    hours = (stretch.days[-1] - stretch.days[0]) / pd.Timedelta(hours=1)
    more = round(hours / 24 / BIN_DAYS[plan.bin])
    long = replace(plan, early_warning=replace(plan.early_warning, replay=plan.early_warning.replay + more))
    return survey(ready.counts, long, ready.valid, lowest_level(ready), told, ready.almanac, since=stretch.since)


def _known_at(found: Survey, stretch: Stretch, ready: Prepared) -> Survey:
    """The tests of one day of the stretch: the bins it replays, the classes that were known."""
    plan, counts = ready.plan, ready.counts
    bins = found.tests["bin"]
    tests = found.tests[(bins < counts.end_bin) & (bins >= counts.end_bin - plan.early_warning.replay)]
    nodes = counts.since(stretch.since).nodes(plan.class_depth)
    own = with_classes(replace(found, tests=tests), nodes, stretch.last.counts.end_bin, BIN_DAYS[plan.bin])
    return realised(own, ready.calibration)


def _warned(ready: Prepared, found: Survey, responsible: Responsible) -> Outcome:
    """The outcome of one day, without the maps."""
    described, members = warn(ready, found, responsible)
    nothing = pd.DataFrame({"warning_id": pd.Series(dtype=str)})
    return Outcome(
        plan=ready.plan,
        account=ready.account,
        quarantine=nothing,
        cells=ready.cells,
        risk=nothing,
        hotspots=nothing,
        early_warnings=in_columns(described),
        members=members if "warning_id" in members else nothing,
        series=nothing,
        surface=None,
        facts={"as_of": ready.as_of.isoformat(), "run_id": run_id_of(ready), "notices": []},
    )


def in_columns(described: pd.DataFrame) -> pd.DataFrame:
    """Described warnings in the columns of an early warning, without what colours a map or is tested once more."""
    if described.empty:
        return pd.DataFrame(columns=EARLY_WARNING_COLUMNS)
    unknown = {name: "" for name in EARLY_WARNING_COLUMNS if name not in described}
    table = described.assign(**{**unknown, "risk": np.nan, "state": "待研判"}).round(DIGITS)
    table["responsible"] = table["responsible"].replace("", UNKNOWN)
    return table.reindex(columns=EARLY_WARNING_COLUMNS)


def _city(found: Survey, ready: Prepared) -> pd.Series:
    last = pd.Timestamp(ready.counts.bins[-1])
    return found.city[found.city["time"] == last].iloc[-1]
