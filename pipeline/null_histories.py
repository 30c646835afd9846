"""Years in which nothing happened, made from a city's own: the whole chain run over them, and what it lights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..cube import Counts
from ..models.early_warning import (
    FLOOR_DAYS,
    LEVELS,
    Marks,
    NullEpisodes,
    Rise,
    Tail,
    WarningRules,
    find_phenomena,
    fit_tail,
    level_rates,
    null_history,
    orange_days_for,
    weeks_of,
    without_rises,
)
from ..models.early_warning.episodes import Episode
from ..models.early_warning.episodes import replay as walk
from .almanac import Almanac
from .calibration import FORMAT, Calibration, with_realised
from .journey import lowest_level
from .line import line_of
from .preparation import Prepared
from .refusals import refusal
from .surveillance import BIN_DAYS, survey

Told = Callable[[float], None]
GROUPS = 20
"""Parts of the past left out in turn to tell how far its length can be trusted."""
_LEAST_WEEKS, _LEAST_DAYS = 26, 182
_NEVER = 1e30
_NOMINAL = (30, 90, 365, 1825, 10_000)


def calibrate(ready: Prepared, years: float, target: float | None, progress: Told) -> Calibration:
    """Null histories from the city's own counts, the whole chain over each, and how often it warns of nothing.

    years : null years wanted, rounded up to whole histories. target : orange and red a week that chance may light; None
    leaves the plan's thresholds. *progress* receives fractions and may raise Cancelled. Everything follows from the
    counts and the plan's `random_state`.

    What the run itself would have warned of as orange is taken out first, and the tail is learned below yellow, far
    enough from where that was (docs/early-warning.md tells how the histories are made). Raises InputError for too short
    a past, and for a target out of reach.
    """
    scored = _scored(ready)
    days = scored * BIN_DAYS[ready.plan.bin]
    number = max(math.ceil(years * 365 / days), 2)
    ceiling = ready.plan.early_warning.yellow_days
    cleaned, taken = _cleaned(ready, scored, ready.plan.early_warning.orange_days)
    tests = []
    for k in range(number):
        progress(0.05 + 0.9 * k / number)
        tests.append(_tests(ready, _history(ready, cleaned, k), scored))
    histories = lambda: (_history(ready, cleaned, k) for k in range(number))  # noqa: E731
    calm = replace(ready.plan.early_warning, replay=scored, blue_days=FLOOR_DAYS)
    walks = {"tail": _walked(histories(), tests, calm, None, ready)}
    total = days * number
    tail = fit_tail(walks["tail"].nominal, total, np.ones(len(walks["tail"].nominal)), FLOOR_DAYS, ceiling)
    rules = replace(ready.plan.early_warning, replay=scored)
    for name, own in _walks(rules).items():
        walks[name] = _walked(histories(), tests, own, tail, ready)
    marks = _marks(rules, tail, ceiling)
    thresholds: dict[str, float] = {}
    if target is not None:
        thresholds = _solved(walks, total, tail, marks, target, rules)
        marks = _marks(replace(rules, **thresholds), tail, ceiling)
    rates = level_rates(walks, total, tail, marks)
    return Calibration(
        {
            "format": FORMAT,
            "line": line_of(ready.plan),
            "bin": ready.plan.bin,
            "history": {**_span(ready), "taken_out": taken},
            "histories": number,
            "days": round(total, 3),
            "random_state": ready.plan.random_state,
            "tail": {"floor": tail.floor, "per_day": _rounded(tail.per_day), "slope": _rounded(tail.slope)},
            "mapping": [[float(x), _rounded(float(tail.recurrence(x)))] for x in _NOMINAL],
            "expected": {
                level: {name: _rounded(getattr(rates[level], name)) for name in ("per_week", "low", "high")}
                for level in LEVELS
            },
            "thresholds": thresholds,
            "target": target,
        }
    )


def _scored(ready: Prepared) -> int:
    """Bins that have two baselines before them. Raises InputError for under half a year of these."""
    model, bin_days = ready.plan.nb_predictive, BIN_DAYS[ready.plan.bin]
    before = (2 * model.baseline + model.guard) / bin_days + max(model.windows_of(ready.plan.bin))
    scored = int(len(ready.valid) - before)
    if scored * bin_days < _LEAST_DAYS:
        weeks = len(ready.valid) * bin_days / 7
        least = (before * bin_days + _LEAST_DAYS) / 7
        raise refusal("E-NULL-003", where="--incidents", weeks=weeks, least=math.ceil(least))
    return scored


def _tests(ready: Prepared, counts: Counts, scored: int) -> pd.DataFrame:
    """The tests of the last *scored* bins of *counts* that may count: rising, and rarer than the floor."""
    long = replace(ready.plan, early_warning=replace(ready.plan.early_warning, replay=scored))
    complete = len(ready.valid)
    almanac = replace(ready.almanac, share=np.ones(complete), spread=np.zeros(complete), delay=None, last=None)
    tests = survey(counts, long, ready.valid, lowest_level(ready), lambda fraction: None, almanac).tests
    return tests[tests["rising"] & (tests["recurrence_days"] >= FLOOR_DAYS)].reset_index(drop=True)


def _cleaned(ready: Prepared, scored: int, least: float) -> tuple[Counts, int]:
    """The counts without what is rarer than *least* days, nominal, and how many rises that was."""
    counts, rules = ready.counts, ready.plan.early_warning
    tests = _tests(ready, counts, scored)
    loud = tests[(tests["recurrence_days"] >= least) & (tests["excess"] >= rules.blue_excess)]
    rises = []
    for _, of_bin in loud.groupby("bin"):
        for phenomenon in find_phenomena(of_bin, counts.cells, rules, BIN_DAYS[counts.bin]):
            rises += [
                Rise(int(t.unit), t.category, t.role, int(t.bin - t.window + 1), int(t.bin), t.observed, t.expected)
                for t in phenomenon.tests
            ]
    rng = np.random.default_rng([ready.plan.random_state, 0])
    return without_rises(counts, rises, rng), len({(r.unit, r.category, r.first, r.last) for r in rises})


def _history(ready: Prepared, cleaned: Counts, number: int) -> Counts:
    """Null history *number*: the same for the same counts, plan and number."""
    rng = np.random.default_rng([ready.plan.random_state, 1, number])
    return null_history(cleaned, _ordinary(ready), _regimes(cleaned, ready.almanac), rng)


def _ordinary(ready: Prepared) -> np.ndarray:
    """(n_bins,) bool: complete bins of plain working days and weekends."""
    factors = ready.almanac.factors
    plain = ready.valid & (factors["festival"] == 0)
    kinds = factors.get("day_type")
    return plain if kinds is None else plain & np.isin(kinds, ["workday", "weekend"])


def _regimes(counts: Counts, almanac: Almanac) -> dict[str, np.ndarray]:
    """class -> (n_bins,) number of the stretch between declared events that a bin lies in."""
    found = {}
    for name in map(str, counts.table["category"].unique()):
        stretch = np.zeros(len(counts.bins), dtype=np.int64)
        for event in almanac.events:
            if event.concerns(name):
                stretch[event.first :] += 1
                stretch[len(stretch) if event.end is None else event.end :] += 1
        found[name] = stretch
    return found


def _walks(rules: WarningRules) -> dict[str, WarningRules]:
    """The rules of each walk but the first; see `models.early_warning.calibration.WALKS`."""
    low = rules.yellow_days
    return {
        "plan": rules,
        "lasting": replace(rules, orange_days=_NEVER, red_days=_NEVER),
        "orange": replace(rules, orange_days=low, red_days=_NEVER),
        "red": replace(rules, orange_days=low, red_days=low),
    }


def _marks(rules: WarningRules, tail: Tail, ceiling: float) -> Marks:
    nominal = {name: tail.nominal(getattr(rules, f"{name}_days")) for name in ("yellow", "orange", "red")}
    return Marks(ceiling, nominal["yellow"], nominal["orange"], nominal["red"])


def _walked(
    histories: Iterator[Counts], tests: list[pd.DataFrame], rules: WarningRules, tail: Tail | None, ready: Prepared
) -> NullEpisodes:
    """The episodes of all histories; with a *tail* recurrence is the realised one."""
    bin_days, parts = BIN_DAYS[ready.plan.bin], []
    for history, own in zip(histories, tests, strict=True):
        told = own if tail is None else with_realised(own, tail, bin_days)
        found = [e for e in walk(told, history, rules, bin_days=bin_days) if e.loudest is not None]
        days = np.array([e.loudest.lead.recurrence_days for e in found if e.loudest is not None], dtype=float)
        parts.append(
            NullEpisodes(
                nominal=days if tail is None else np.array([tail.nominal(d) for d in days], dtype=float),
                level=np.array([e.peak for e in found], dtype=np.int64),
                origin=np.array([_origin(e, history) for e in found]).reshape(-1, GROUPS),
            )
        )
    return NullEpisodes.joined(parts)


def _origin(episode: Episode, history: Counts) -> np.ndarray:
    """(GROUPS,) shares of the parts of the past that the incidents of an episode's loudest window come from."""
    lead: Any = episode.loudest.lead if episode.loudest is not None else None
    table, cells = history.table, history.cells
    bins, rows = table["bin"].to_numpy(), table["cell"].to_numpy()
    inside = (bins > lead.bin - lead.window) & (bins <= lead.bin) & (cells.role[rows] == lead.role)
    inside &= history.in_class(lead.category) & (cells.lineage[rows, cells.unit_level[lead.unit]] == lead.unit)
    weeks = weeks_of(history)
    group = (table["origin"].to_numpy()[inside] - weeks[0]) * GROUPS // (weeks[-1] - weeks[0] + 1)
    return np.bincount(group, minlength=GROUPS) / max(int(inside.sum()), 1)


def _solved(
    walks: dict[str, NullEpisodes], days: float, tail: Tail, marks: Marks, target: float, rules: WarningRules
) -> dict[str, float]:
    """Thresholds of orange and red, in their present proportion, at which both come *target* times a week."""
    nominal = orange_days_for(walks, days, tail, marks, target)
    if math.isnan(nominal):
        raise refusal("E-NULL-004", where="--target", target=target)
    orange = float(tail.recurrence(nominal))
    if orange < rules.yellow_days:
        raise refusal("E-NULL-005", where="--target", target=target, days=rules.yellow_days)
    return {"orange_days": _rounded(orange), "red_days": _rounded(orange * rules.red_days / rules.orange_days)}


def _span(ready: Prepared) -> dict[str, str]:
    first = pd.Timestamp(ready.counts.bins[0])
    return {"first": first.isoformat(), "end": ready.as_of.isoformat()}


def _rounded(value: float) -> float:
    """Five digits: more would say more than is known."""
    return float(f"{value:.5g}")
