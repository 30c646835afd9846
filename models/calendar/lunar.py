"""Lunar dates of 1950 to 2100, from a table of new years, month lengths and two solar terms."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from ..refusals import refusal

TERMS = ("qingming", "winter_solstice")
"""Solar terms known: 清明 and 冬至."""

FIRST_YEAR, LAST_YEAR = 1950, 2100
"""Lunar years known."""


@cache
def _table() -> pd.DataFrame:
    """One row per lunar year, indexed by it. Source: `calendar_lunar.csv`, beside the models."""
    place = files(__package__.rpartition(".")[0]) / "calendar_lunar.csv"
    with place.open("r", encoding="utf-8") as source:
        table = pd.read_csv(source, dtype={"month_lengths": str}, index_col="year")
    for name in ("spring_festival", *TERMS):
        table[name] = table[name].to_numpy(dtype="datetime64[D]")
    return table


def _row(year: int) -> pd.Series:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise refusal("E-MODEL-001", where="models/calendar_lunar.csv", year=year, first=FIRST_YEAR, last=LAST_YEAR)
    return _table().iloc[year - FIRST_YEAR]


def spring_festival(year: int) -> np.datetime64:
    """The first day of a lunar year (春节). Raises InputError outside 1950 to 2100."""
    return np.datetime64(_row(year)["spring_festival"], "D")


def lunar_day(year: int, month: int, day: int, *, leap: bool = False) -> np.datetime64:
    """The Gregorian day of a lunar date; *leap* asks for the month that repeats *month*.

    Raises InputError where the date does not exist, or outside 1950 to 2100.

    Source: GB/T 33661-2017; the table is that of sxtwl 2.0.7, held against lunardate and lunar_python in the tests.
    """
    row = _row(year)
    lengths = [29 + int(mark) for mark in row["month_lengths"]]
    repeated = int(row["leap_month"])
    place = month - 1 + (1 if repeated and (month > repeated or (leap and month == repeated)) else 0)
    if not 1 <= month <= 12 or (leap and month != repeated) or not 1 <= day <= lengths[place]:
        name = f"{'leap ' if leap else ''}month {month}, day {day}"
        raise refusal("E-MODEL-002", where="lunar date", year=year, name=name)
    return spring_festival(year) + np.timedelta64(sum(lengths[:place]) + day - 1, "D")


def solar_term(year: int, name: str) -> np.datetime64:
    """The day of `qingming` (清明) or `winter_solstice` (冬至) of a Gregorian year, Beijing time."""
    return np.datetime64(_row(year)[name], "D")


def lunar_offset(days: np.ndarray) -> np.ndarray:
    """(n,) days from the nearest Spring Festival to each of *days* (datetime64): negative before it.

    Days of different years with equal offsets are what a baseline compares: the festival moves by up to a month in the
    Gregorian year. Raises InputError outside 1950 to 2100.
    """
    wanted = np.asarray(days, dtype="datetime64[D]")
    if not len(wanted):
        return np.zeros(0, dtype=np.int64)
    for edge in (wanted.min(), wanted.max()):
        _row(int(str(edge)[:4]))
    starts = _table()["spring_festival"].to_numpy(dtype="datetime64[D]")
    after = np.clip(np.searchsorted(starts, wanted, side="right"), 1, len(starts) - 1)
    both = np.stack([wanted - starts[after - 1], wanted - starts[after]]).astype(np.int64)
    return np.where(np.abs(both[0]) <= np.abs(both[1]), both[0], both[1])
