"""What was known on each day of the past: the files are read once, the future is removed day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd

from ...cube import bin_of
from ...models.anomaly import find_outages
from ..calibration import in_plan, read_calibration
from ..placement import late_rows
from ..plan import Plan
from ..preparation import Ground, Inputs, Prepared, Progress, Source, ground_of, prepare_at, read_source
from ..surveillance import first_needed


@dataclass(frozen=True)
class Stretch:
    """Days within which nothing that is learned later changes what was known, as known on the last of them.

    *since* is the bin at which the past looked at begins, the same for every day.
    """

    days: tuple[pd.Timestamp, ...]
    last: Prepared
    since: int


class Known:
    """The incidents of *inputs* as they were known at any moment. Raises InputError as `prepare` does."""

    def __init__(self, plan: Plan, inputs: Inputs, progress: Progress, span: tuple[pd.Timestamp, pd.Timestamp]):
        self.calibration = read_calibration(inputs.calibration, plan) if inputs.calibration else None
        self.plan = in_plan(plan, self.calibration)
        self.source: Source = read_source(self.plan, inputs, progress)
        self._grounds: dict[int | pd.Timestamp, Ground] = {}
        self._changes = self._days_of_change(span)
        self._ready: dict[pd.Timestamp, Prepared] = {}

    def at(self, as_of: pd.Timestamp) -> Prepared:
        """What a run at *as_of* would have to go by; the last two asked for are kept."""
        if as_of not in self._ready:
            while len(self._ready) > 1:
                self._ready.pop(next(iter(self._ready)))
            ready = prepare_at(self.source, self._ground(as_of), as_of, _silent)
            self._ready[as_of] = replace(ready, calibration=self.calibration)
        return self._ready[as_of]

    def stretches(self, days: Sequence[pd.Timestamp]) -> Iterator[Stretch]:
        """*days* (moments of decision, in order) as stretches of days that one pass over the past answers.

        With reports that come late every day is one of its own. Else days are taken together as long as the past of the
        first is a part of the past of the last: same cells, counts, outages; classes may have come since. The day
        between two that agree agrees too, since all that could differ grows with the rows (spots that become named
        places, classes) or was looked at day by day (outages); of default points the two ends are compared.
        """
        if self._come_late():
            yield from (self._alone(day) for day in days)
            return
        last = self.at(days[-1])
        begin = [self._since(last, day) for day in days]
        for _, alike in groupby(range(len(days)), key=begin.__getitem__):
            yield from self._split([days[number] for number in alike])

    def _since(self, last: Prepared, day: pd.Timestamp) -> int:
        """Where the past that *day* looks at would begin, if it knew the outages that *last* knows."""
        counts = last.counts.until(day)
        return first_needed(counts, self.plan, last.valid[: len(counts.bins)])

    def _split(self, days: Sequence[pd.Timestamp]) -> Iterator[Stretch]:
        if len(days) == 1:
            yield self._alone(days[0])
            return
        last = self.at(days[-1])
        first = self.at(days[0])
        if agree(first, last, self.plan) and self._same_outages(days, last):
            yield Stretch(tuple(days), last, first_needed(last.counts, self.plan, last.valid))
            return
        middle = len(days) // 2
        yield from self._split(days[:middle])
        yield from self._split(days[middle:])

    def _alone(self, day: pd.Timestamp) -> Stretch:
        ready = self.at(day)
        return Stretch((day,), ready, first_needed(ready.counts, self.plan, ready.valid))

    def _same_outages(self, days: Sequence[pd.Timestamp], last: Prepared) -> bool:
        """Whether each day would have marked the outages known at the last."""
        total = last.total
        hour = last.counts.first_bin % 24 if self.plan.bin == "hour" else 0
        ends = [len(last.counts.until(day).bins) for day in days]
        return all(
            np.array_equal(~find_outages(total[:end], self.plan.bin, start_hour=hour), last.valid[:end])
            for end in ends[:-1]
        )

    def _come_late(self) -> bool:
        """Whether any incident was reported in a later bin than it occurred."""
        rows = self.source.intake.incidents
        rows = rows[rows["reported_time"].notna()]
        facts = (self.plan.bin, self.plan.timezone)
        return bool(len(rows)) and bool((bin_of(rows["reported_time"], *facts) > bin_of(rows["time"], *facts)).any())

    def _ground(self, as_of: pd.Timestamp) -> Ground:
        key = as_of if self._changes is None else int(np.searchsorted(self._changes, as_of.to_datetime64(), "right"))
        if key not in self._grounds:
            self._grounds = {key: ground_of(self.source, as_of, _silent)}
        return self._grounds[key]

    def _days_of_change(self, span: tuple[pd.Timestamp, pd.Timestamp]) -> np.ndarray | None:
        """When the cells change within *span*; None where they are made and follow the incidents."""
        if not self.source.inputs.cells:
            return None
        ends = [ground_of(self.source, moment, _silent) for moment in dict.fromkeys(span)]
        versions = [ground.cells.versions for ground in ends if ground.cells.versions is not None]
        if not versions:  # every row of the file is valid at both ends, and so between
            self._grounds = {0: ends[0]}
            return np.zeros(0, dtype="datetime64[us]")
        days = pd.concat([versions[0]["valid_from"], versions[0]["valid_to"]]).dropna().unique()
        return np.sort(np.asarray(days, dtype="datetime64[us]"))


def agree(first: Prepared, last: Prepared, plan: Plan) -> bool:
    """Whether what was known at *first* is the part of what was known at *last* that lies before it."""
    then, counts, n = first.counts, last.counts.until(first.as_of), len(first.counts.bins)
    since = first_needed(then, plan, first.valid)
    same = (
        np.array_equal(first.cells.table["cell_id"], last.cells.table["cell_id"])
        and (then.first_bin, then.end_bin) == (counts.first_bin, counts.end_bin)
        and since == first_needed(last.counts, plan, last.valid)
        and np.array_equal(first.valid, last.valid[:n])
        and last.almanac.delay is None
        and first.almanac.delay is None
    )
    return bool(
        same
        and then.table.reset_index(drop=True).equals(counts.table.reset_index(drop=True))
        and set(then.since(since).nodes(plan.class_depth)) <= set(last.counts.since(since).nodes(plan.class_depth))
    )


def cut(ready: Prepared, as_of: pd.Timestamp) -> Prepared:
    """*ready* as it was at *as_of*, an earlier day of its stretch."""
    if as_of == ready.as_of:
        return ready
    counts, almanac = ready.counts.until(as_of), ready.almanac
    n = len(counts.bins)
    known = ~late_rows(ready.incidents, as_of, ready.plan)
    then = replace(
        almanac,
        factors={name: values[:n] for name, values in almanac.factors.items()},
        share=almanac.share[:n],
        spread=almanac.spread[:n],
        events=tuple(event for event in almanac.events if event.first < n),
    )
    return replace(
        ready,
        counts=counts,
        valid=ready.valid[:n],
        almanac=then,
        as_of=as_of,
        incidents=ready.incidents[known],
        total=ready.total[:n],
    )


def _silent(fraction: float, text: str) -> None:
    """Progress of one of many days is not told."""
