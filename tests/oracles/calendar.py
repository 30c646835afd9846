"""Regenerate models/calendar_lunar.csv from sxtwl: python tests/oracles/calendar.py models/calendar_lunar.csv."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from itertools import pairwise
from pathlib import Path

import sxtwl

FIRST, LAST = 1950, 2100
QINGMING, WINTER_SOLSTICE = 7, 0


def date_of(day: sxtwl.Day) -> dt.date:
    """The Gregorian date of a day of sxtwl."""
    return dt.date(day.getSolarYear(), day.getSolarMonth(), day.getSolarDay())


def first_of_month(year: int, month: int, leap: bool = False) -> dt.date:
    """The first day of a lunar month."""
    return date_of(sxtwl.fromLunar(year, month, 1, leap))


def lengths(year: int) -> str:
    """Lengths of the year's months in order, 0 for 29 days and 1 for 30, a leap month after the one it repeats."""
    leap = sxtwl.getRunMonth(year)
    starts = [first_of_month(year, month) for month in range(1, 13)]
    if leap:
        starts.insert(leap, first_of_month(year, leap, True))
    starts.append(first_of_month(year + 1, 1))
    return "".join(str((after - start).days - 29) for start, after in pairwise(starts))


def term(year: int, which: int) -> dt.date:
    """The day of a solar term of a Gregorian year."""
    start = dt.date(year, 3, 31) if which == QINGMING else dt.date(year, 12, 18)
    for offset in range(10):
        day = start + dt.timedelta(days=offset)
        solar = sxtwl.fromSolar(day.year, day.month, day.day)
        if solar.hasJieQi() and solar.getJieQi() == which:
            return day
    raise ValueError(f"no solar term {which} in {year}")


def main() -> None:
    """Write the table."""
    with Path(sys.argv[1]).open("w", newline="", encoding="utf-8") as sink:
        out = csv.writer(sink, lineterminator="\n")
        out.writerow(["year", "spring_festival", "leap_month", "month_lengths", "qingming", "winter_solstice"])
        for year in range(FIRST, LAST + 1):
            row = [first_of_month(year, 1), sxtwl.getRunMonth(year), lengths(year)]
            out.writerow([year, *row, term(year, QINGMING), term(year, WINTER_SOLSTICE)])


if __name__ == "__main__":
    main()
