"""What is known of every bin before an incident is counted: kinds of days, festivals, declared events, late reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES, Counts, ancestors_of
from ..errors import Notice
from ..layers.calendar_tables import read_days, read_events
from ..layers.incidents.rules import notice
from ..models.anomaly.day_profile import day_factors
from ..models.anomaly.festivals import festival_effects
from ..models.calendar import (
    day_table,
    day_types,
    festival_codes,
    festival_names,
    lunar_offset,
    unknown_years,
)
from ..models.calendar.lunar import FIRST_YEAR, LAST_YEAR
from ..models.delay import Nowcast, ReportingDelay, nowcast, reporting_delay
from .plan import Plan

_LATE = 0.005  # share still missing below which a bin counts as complete
_LONGEST = {"hour": 168, "day": 28, "week": 8}  # delays told apart, in bins


@dataclass(frozen=True)
class Event:
    """Something declared: *first* to *end* (exclusive) are positions among the bins, `end` None where it lasts."""

    name: str
    category: str
    effect: str
    first: int
    end: int | None

    def concerns(self, category: str) -> bool:
        """Whether a class is the event's, lies below it, or holds it (the root only for an event of all classes)."""
        if not self.category or self.category == ALL_CLASSES:
            return True
        return category != ALL_CLASSES and (
            category in ancestors_of(self.category) or category.startswith(self.category + "/")
        )


@dataclass(frozen=True)
class Almanac:
    """Facts of the bins of some `Counts`, (n_bins,) each.

    factors : `day_type`, `lunar_offset`, `festival` as cubes hold them; `hours`, where the day so far is tested, the
        factor of each hour in the day of its kind, of all classes together.
    share, spread : part of each bin's incidents that is reported by now, and its relative variance.
    delay, last : the reporting delay, and what the last incomplete bins will hold; None where nothing comes late.
    """

    factors: dict[str, np.ndarray]
    share: np.ndarray
    spread: np.ndarray
    events: tuple[Event, ...] = ()
    delay: ReportingDelay | None = None
    last: Nowcast | None = None
    notices: tuple[Notice, ...] = field(default=())

    def of_class(self, counts: Counts, category: str, plan: Plan, valid: np.ndarray) -> dict[str, np.ndarray]:
        """Factors of every cube of *category*: the almanac's own, and `load`, `doubt`, `baseline` and `regime`.

        A festival's effect is learned from the whole city's series of the class over everything counted.
        """
        known = {**self.factors, "valid": valid, **_regimes(self.events, category, len(valid))}
        city = counts.cube(category, 0, measure="distinct", factors=known)
        load, doubt = festival_effects(city, plan.nb_predictive)
        return {**known, "load": load * self.share, "doubt": doubt + self.spread}

    def told_of(self, category: str, first: int, end: int, bin: str) -> list[tuple[str, str]]:
        """Caveats (Chinese, English) of a warning on the bins *first* to *end* (exclusive, positions)."""
        told = []
        codes = self.factors["festival"][first:end]
        named = dict.fromkeys(found[0] for found in festival_names(codes, bin) if found)
        earlier = np.isin(codes, self.factors["festival"][: max(first - 1, 0)]) & (codes > 0)
        for festival in named:
            how, how_en = _KNOWN if earlier.any() else _UNKNOWN
            told.append((f"{festival.name_zh}前后,{how}", f"around {festival.name}: {how_en}"))
        for event in self.events:
            near = event.first < end and (event.end is None or first < event.end)
            reach = event.end is not None or end - event.first <= _NEAR[bin]
            if near and reach and event.concerns(category):
                told.append((f"期间有“{event.name}”", f"during “{event.name}”"))
        return told


_KNOWN = ("已按历年同期修正", "allowed for as in earlier years")
_UNKNOWN = ("无历年同期可比,检验已放宽", "no earlier year to compare with, so the test is laxer")
_NEAR = {"hour": 28 * 24, "day": 28, "week": 4}  # bins after an event without end in which warnings name it


def make_almanac(
    counts: Counts,
    plan: Plan,
    valid: np.ndarray,
    days: str | None = None,
    events: str | None = None,
    told: Counts | None = None,
) -> Almanac:
    """The almanac of *counts*, from the plan's region, the user's table of days and table of events (paths or None).

    *told* are those of them whose last bins are told of, where a run is about some classes only.
    Raises InputError for a table that cannot be read.
    """
    table = day_table(plan.calendar, read_days(days) if days else None)
    starts = counts.bins.astype("datetime64[D]")
    codes = festival_codes(counts.bins, plan.calendar, counts.bin)
    factors = {"festival": codes, "lunar_offset": _offsets(starts)}
    if counts.bin != "week":
        factors["day_type"] = day_types(starts, table)
    if plan.nb_predictive.counts_today(counts.bin):
        city = counts.cube(unit_level=0, measure="distinct", factors={**factors, "valid": valid})
        factors["hours"] = day_factors(city, round(plan.nb_predictive.baseline * 24))
    delay = _delay_of(counts)
    age = len(starts) - 1 - np.arange(len(starts))
    share, spread = delay.completeness(age) if delay else (np.ones(len(age)), np.zeros(len(age)))
    share = np.maximum(share, 0.01)
    return Almanac(
        factors,
        share,
        spread / share**2,
        _events_of(events, counts) if events else (),
        delay,
        _last_of(counts if told is None else told, delay) if delay else None,
        tuple(_told(unknown_years(starts, table), share)),
    )


def _offsets(starts: np.ndarray) -> np.ndarray:
    known = (starts >= np.datetime64(f"{FIRST_YEAR}-03-01")) & (starts < np.datetime64(f"{LAST_YEAR}-01-01"))
    offsets = np.zeros(len(starts), dtype=np.int64)
    offsets[known] = lunar_offset(starts[known])
    return offsets


def _regimes(events: tuple[Event, ...], category: str, n_bins: int) -> dict[str, np.ndarray]:
    baseline, regime = np.ones(n_bins, dtype=bool), np.zeros(n_bins, dtype=np.int64)
    for event in sorted(events, key=lambda e: e.first):
        if event.concerns(category):
            if event.effect == "restart":
                regime[event.first :] = event.first
            elif event.effect == "exclude":
                baseline[event.first : event.end] = False
    return {"baseline": baseline, "regime": regime}


def _events_of(path: str, counts: Counts) -> tuple[Event, ...]:
    """Events by positions among the bins; those that lie wholly outside are left out."""
    found = []
    bins = counts.bins.astype("datetime64[s]")
    for row in read_events(path).itertuples():
        first = int(np.searchsorted(bins, np.datetime64(row.start, "s")))
        end = None
        if not pd.isna(row.end):
            end = int(np.searchsorted(bins, np.datetime64(row.end + pd.Timedelta(days=1), "s")))
        if first < len(bins) and (end is None or end > first):
            found.append(Event(row.name, row.category, row.effect, first, end))
    return tuple(found)


def _delay_of(counts: Counts) -> ReportingDelay | None:
    """The delay over the last half year; None where every report came within its bin, or history is too short."""
    table, longest = counts.table, _LONGEST[counts.bin]
    recent = table["bin"] >= counts.end_bin - longest - 26 * {"hour": 168, "day": 7, "week": 1}[counts.bin]
    late = table["reported_bin"] > table["bin"]
    if not (recent & late).any() or counts.end_bin - counts.first_bin <= 2 * longest:
        return None
    picked = table[recent & (counts.cells.role == "territorial")[table["cell"].to_numpy()]]
    return reporting_delay(picked["bin"], picked["reported_bin"], picked["count"], counts.end_bin, longest)


def _last_of(counts: Counts, delay: ReportingDelay) -> Nowcast | None:
    """The last bins of which more than half a per cent is still to come, newest last."""
    open_ = np.flatnonzero(delay.share < 1 - _LATE)
    if not len(open_):
        return None
    age = np.arange(int(open_.max()), -1, -1)
    total = counts.cube(unit_level=0).counts[-len(age) :, 0]
    return nowcast(total, age, delay)


def _told(years: list[int], share: np.ndarray) -> list[Notice]:
    told = []
    if years:
        told.append(notice("N-TIME-102", years="、".join(map(str, years)), years_en=", ".join(map(str, years))))
    if share[-1] < 1 - _LATE:
        told.append(notice("N-DATA-005", share=float(share[-1]), n=int((share < 1 - _LATE).sum())))
    return told
