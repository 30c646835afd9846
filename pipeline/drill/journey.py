"""A drill: the city's recent past with and without surges, through the whole chain of warnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...cube import Counts, bin_start, sum_counts
from ...layers.drills import DRILL_ZH
from ...layers.grids import full_name
from ...models.early_warning import LEVELS
from ...models.early_warning.episodes import replay as walk
from ...params import check
from ..almanac import Almanac, make_almanac
from ..journey import lowest_level
from ..line import rules_in_line
from ..plan import Plan
from ..preparation import Inputs, Prepared, Progress, prepare
from ..refusals import refusal
from ..surveillance import BIN_DAYS, survey
from ..wording import city_name
from .detection import Alarm, delays, rate, strangers, summed, touches
from .settings import DrillSettings
from .surges import AFTER, APART, Surge, draw_surges, inject

_WARM = 28  # bins walked before the first surge, so that what lasts is known
_SETTLED = 0.99  # share of a bin's reports that must be in before a surge is put there


@dataclass(frozen=True)
class Drill:
    """What a drill measured. Everything in it is 演练.

    cases : one row per surge: case, where, cell_id, cell_name, category, start, span, strength, sd, size, level (the
    highest reached, '' for none), `delay_LEVEL` (days until that level or a higher one, NaN where never), found_as.
    summary : see `summed`, by where and strength; by_span likewise by strength and span. false_alarms : per level those
    of the same days without the drill, and those it added outside its surges, each per 100 days with 95 % limits.
    """

    plan: Plan
    settings: DrillSettings
    ready: Prepared
    surges: tuple[Surge, ...]
    cases: pd.DataFrame
    summary: pd.DataFrame
    by_span: pd.DataFrame
    false_alarms: pd.DataFrame
    days: int
    passes: int
    asked: int


def drill(plan: Plan, inputs: Inputs, settings: DrillSettings, *, progress: Progress | None = None) -> Drill:
    """Put surges into the last `stretch` days of the data and walk through them; no ledger is touched.

    Every report is taken as known on its day. A surge has a slot of days of its own, in which the city's data were
    complete and nothing was warned of at its place without it; some passes over the stretch hold all of them.

    Raises InputError where bins are no days, the data are too short, or a setting is out of bounds; Cancelled as
    *progress* does.
    """
    told = progress or (lambda fraction, text: None)
    check(settings)
    if plan.bin != "day":
        raise refusal("E-DRILL-001", where="bin", bin=plan.bin)
    ready = prepare(plan, inputs, lambda f, text: told(0.1 * f, text))
    ground = Stage.of(ready, inputs, settings)
    calm = ground.alarms(ground.counts, lambda f: told(0.1 + 0.1 * f, "Without surges|不含演练"))

    def quiet(unit: int, node: str, first: int, last: int) -> bool:
        return not any(touches(ground.counts.cells, alarm, unit, node, first, last) for alarm in calm)

    facts = (settings, plan.class_depth, lowest_level(ready), quiet)
    passes = draw_surges(ground.counts, ground.slots(settings), *facts)
    rows, added = [], []
    for number, surges in enumerate(passes):
        share = 0.75 / len(passes)
        seen = lambda f, number=number, share=share: told(0.2 + share * (number + f), "Drill|演练")  # noqa: E731
        alarms = ground.alarms(inject(ground.counts, surges), seen)
        rows += [_case(ground, alarms, surge) for surge in surges]
        added += strangers(ground.counts.cells, alarms, surges, calm, ground.first)
    cases, own = pd.DataFrame(rows), [alarm for alarm in calm if alarm.first >= ground.first]
    return Drill(
        plan,
        settings,
        ready,
        tuple(surge for surges in passes for surge in surges),
        cases,
        summed(cases, ["where", "strength"]),
        summed(cases, ["strength", "span"]),
        _false(own, added, ground.days, len(passes)),
        ground.days,
        len(passes),
        settings.cases * len(settings.strength) * len(settings.where),
    )


@dataclass(frozen=True)
class Stage:
    """The stretch of days a drill takes place on: counts with every report on its day, from bin *first* to the end."""

    ready: Prepared
    counts: Counts
    valid: np.ndarray
    almanac: Almanac
    first: int

    @classmethod
    def of(cls, ready: Prepared, inputs: Inputs, settings: DrillSettings) -> Stage:
        """The last `stretch` days of what is known. Raises InputError where less than a baseline lies before them."""
        open_ = int((ready.almanac.share < _SETTLED).sum())
        table = sum_counts(ready.counts.table.assign(reported_bin=ready.counts.table["bin"]))
        counts = replace(ready.counts, table=table).until(bin_start(ready.counts.end_bin - open_, ready.plan.bin)[()])
        valid = ready.valid[: len(counts.bins)]
        first = counts.end_bin - settings.stretch
        model = ready.plan.nb_predictive
        if first - counts.first_bin < model.baseline + model.guard + _WARM:
            needed = settings.stretch + model.baseline + model.guard + _WARM
            raise refusal("E-DRILL-002", where="--stretch", days=len(counts.bins), needed=needed)
        return cls(ready, counts, valid, make_almanac(counts, ready.plan, valid, inputs.days, inputs.events), first)

    @property
    def days(self) -> int:
        """Days of the stretch."""
        return self.counts.end_bin - self.first

    def slots(self, settings: DrillSettings) -> list[int]:
        """First bins of surges far enough apart, on days whose data are complete. Raises InputError where none is."""
        length = max(settings.spans) + AFTER + APART
        starts = range(self.first, self.counts.end_bin - length + 1, length)
        at = self.counts.first_bin
        found = [start for start in starts if self.valid[start - at : start - at + length].all()]
        if not found:
            raise refusal("E-DRILL-003", where="--stretch", days=self.days, needed=length)
        return found

    def alarms(self, counts: Counts, told: Callable[[float], None]) -> list[Alarm]:
        """The warnings of the stretch: tests, phenomena, episodes and levels as in a run, before the budget."""
        plan = self.ready.plan
        rules = replace(rules_in_line(plan), replay=self.days + _WARM)
        long = replace(plan, early_warning=replace(plan.early_warning, replay=self.days + _WARM))
        found = survey(counts, long, self.valid, lowest_level(self.ready), told, self.almanac)
        episodes = walk(found.tests, counts, rules, bin_days=BIN_DAYS[plan.bin])
        return [Alarm(e.category, {b: (s[0], s[2]) for b, s in e.seen.items()}) for e in episodes if e.seen]


def _case(ground: Stage, alarms: list[Alarm], surge: Surge) -> dict[str, object]:
    cells = ground.ready.cells.table
    late = delays(ground.counts.cells, alarms, surge)
    reached = [level for level, delay in zip(LEVELS, late, strict=True) if not np.isnan(delay)]
    name = city_name(ground.ready) if surge.unit == 0 else str(full_name(cells).iloc[surge.unit])
    return {
        "case": surge.case,
        "where": surge.where,
        "cell_id": str(cells["cell_id"].iloc[surge.unit]),
        "cell_name": DRILL_ZH + name,
        "category": surge.category,
        "start": pd.Timestamp(bin_start(surge.start, ground.counts.bin)[()]),
        "span": surge.span,
        "strength": surge.strength,
        "sd": round(surge.sd, 3),
        "size": surge.size,
        "level": reached[-1] if reached else "",
        **{f"delay_{level}": delay for level, delay in zip(LEVELS, late, strict=True)},
    }


def _false(calm: list[Alarm], added: list[Alarm], days: int, passes: int) -> pd.DataFrame:
    """Per level: warnings without the drill, and those it added outside its surges, per 100 days with limits."""
    rows = []
    for number, level in reversed(list(enumerate(LEVELS))):
        without = rate(sum(alarm.peak == number for alarm in calm), days)
        more = rate(sum(alarm.peak == number for alarm in added), days * max(passes, 1))
        names = ("per_100_days", "low", "high")
        rows.append(
            {
                "level": level,
                **{f"without_{name}": value for name, value in zip(names, without, strict=True)},
                **{f"added_{name}": value for name, value in zip(names, more, strict=True)},
            }
        )
    return pd.DataFrame(rows)
