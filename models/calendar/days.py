"""What kind of day it is: working day, weekend, day off, moved working day (调休), or the eve of days off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from .festivals import FESTIVALS, REGIONS, festival_day

__all__ = ["DAY_TYPES", "REGIONS", "DayTable", "day_table", "day_types", "unknown_years"]

DAY_TYPES = ("workday", "weekend", "holiday", "moved workday", "eve")
"""What `day_types` says of a day. `eve` is a working day whose morrow is a day off that is no weekend."""


@dataclass(frozen=True)
class DayTable:
    """Days off and moved working days as published for some *years*; other years are computed from the festivals.

    `kind` maps a day (number since 1970) to `holiday` or `workday`.
    """

    region: str
    years: frozenset[int]
    kind: dict[int, str]


@cache
def _published(region: str) -> pd.DataFrame:
    """The table brought along: date, kind, name, name_zh. Source: the yearly notices of the State Council (cn) and of
    the Directorate-General of Personnel Administration (tw).
    """
    columns = ["date", "kind", "name", "name_zh"]
    if region == "none":
        return pd.DataFrame(columns=columns)
    place = files(__package__.rpartition(".")[0]) / f"calendar_{region}.csv"
    with place.open("r", encoding="utf-8") as source:
        return pd.read_csv(source, dtype=str)


def day_table(region: str = "cn", more: pd.DataFrame | None = None) -> DayTable:
    """The published days off of a *region* (`cn`, `tw`, `none`), with *more* rows in place of the same years.

    more : columns `date` (ISO text) and `kind` (`holiday` or `workday`). A year it names at all is taken from it alone,
    so a corrected year replaces the one brought along; a row dated at the turn of the year (a Saturday worked in
    December for the New Year) belongs to the year it is dated.
    """
    table = _published(region)
    days = pd.DataFrame({"date": table["date"].to_numpy(dtype="datetime64[D]"), "kind": table["kind"].to_numpy()})
    if more is not None and len(more):
        own = pd.DataFrame({"date": more["date"].to_numpy(dtype="datetime64[D]"), "kind": more["kind"].to_numpy()})
        days = pd.concat([days[~_year(days["date"]).isin(_year(own["date"]).unique())], own], ignore_index=True)
    off = days[days["kind"] == "holiday"]
    years = frozenset(int(year) for year in _year(off["date"]).unique())
    numbers = days["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    return DayTable(region, years, dict(zip(numbers.tolist(), days["kind"].tolist(), strict=True)))


def _year(dates: pd.Series) -> pd.Series:
    return pd.Series(pd.DatetimeIndex(dates).year, index=dates.index)


def unknown_years(days: np.ndarray, table: DayTable) -> list[int]:
    """Years among *days* whose days off are not published in *table*; none for the region `none`."""
    years = np.unique(np.asarray(days, dtype="datetime64[Y]").astype(np.int64) + 1970)
    return [] if table.region == "none" else [int(year) for year in years if int(year) not in table.years]


def day_types(days: np.ndarray, table: DayTable) -> np.ndarray:
    """(n,) one of `DAY_TYPES` for each of *days* (datetime64).

    Of a year that *table* does not hold, weekends are known, and festivals on their statutory days; moved working days
    are not. Region `none` knows working days and weekends.
    """
    wanted = np.asarray(days, dtype="datetime64[D]")
    both = np.concatenate([wanted, wanted + np.timedelta64(1, "D")])
    kinds = _kinds(both, table)
    today, morrow = kinds[: len(wanted)], kinds[len(wanted) :]
    eve = np.isin(today, ["workday", "moved workday"]) & (morrow == "holiday")
    return np.where(eve, "eve", today).astype(object)


def _kinds(days: np.ndarray, table: DayTable) -> np.ndarray:
    weekend = (days.astype(np.int64) + 3) % 7 >= 5  # 1970-01-01 was a Thursday, three days after a Monday
    kinds = np.where(weekend, "weekend", "workday").astype(object)
    missing = {day for year in unknown_years(days, table) for day in _statutory(table.region, year)}
    words = {"holiday": "holiday", "workday": "moved workday"}
    for i, number in enumerate(days.astype(np.int64).tolist()):
        if number in table.kind:
            kinds[i] = words[table.kind[number]]
        elif number in missing:
            kinds[i] = "holiday"
    return kinds


def _statutory(region: str, year: int) -> list[int]:
    """Numbers of the days off that follow from the festivals alone."""
    return [
        int(festival_day(festival, year).astype(np.int64)) + offset
        for festival in FESTIVALS
        if region in festival.regions
        for offset in festival.days_off
    ]
