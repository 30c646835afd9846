"""Festivals, lunar and fixed: when they are, how far they reach, and how years are aligned by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .lunar import FIRST_YEAR, LAST_YEAR, lunar_day, lunar_offset, solar_term

REGIONS = ("cn", "tw", "none")
"""Regions whose calendar is known; `none` knows weekends only."""

_DAY = np.timedelta64(1, "D")
_BOTH = ("cn", "tw")
_REACH = 100  # offsets of a festival's window are stored beside its number in one code


@dataclass(frozen=True)
class Festival:
    """A festival, and the days *first* to *last* around it (0 is its day) on which a city behaves otherwise.

    `date` is (month, day), lunar if `lunar`, or a solar term's name. `days_off` are the offsets that are statutory days
    off. `lively` festivals change what is reported; the others have a date and no code.
    """

    key: str
    name: str
    name_zh: str
    date: tuple[int, int] | str
    lunar: bool = False
    first: int = 0
    last: int = 0
    days_off: tuple[int, ...] = ()
    lively: bool = True
    regions: tuple[str, ...] = _BOTH


FESTIVALS = (
    Festival("lantern", "Lantern Festival", "元宵节", (1, 15), True),
    Festival("spring_festival", "Spring Festival", "春节", (1, 1), True, -7, 15, (-1, 0, 1, 2)),
    Festival("qingming", "Qingming", "清明节", "qingming", False, 0, 2, (0,)),
    Festival("dragon_boat", "Dragon Boat Festival", "端午节", (5, 5), True, 0, 2, (0,)),
    Festival("qixi", "Qixi", "七夕", (7, 7), True, lively=False),
    Festival("ghost", "Ghost Festival", "中元节", (7, 15), True, lively=False),
    Festival("mid_autumn", "Mid-Autumn Festival", "中秋节", (8, 15), True, -1, 2, (0,)),
    Festival("double_ninth", "Double Ninth", "重阳节", (9, 9), True, lively=False),
    Festival("winter_solstice", "Winter Solstice", "冬至", "winter_solstice", lively=False),
    Festival("new_year", "New Year", "元旦", (1, 1), False, 0, 2, (0,)),
    Festival("peace_memorial", "Peace Memorial Day", "和平纪念日", (2, 28), False, -1, 1, (0,), regions=("tw",)),
    Festival("children", "Children's Day", "儿童节", (4, 4), days_off=(0,), lively=False, regions=("tw",)),
    Festival("labour_day", "Labour Day", "劳动节", (5, 1), False, -1, 5, (0,), regions=("cn",)),
    Festival("national_day", "National Day", "国庆节", (10, 1), False, -1, 7, (0, 1, 2), regions=("cn",)),
    Festival("double_tenth", "Double Tenth", "双十节", (10, 10), False, -1, 1, (0,), regions=("tw",)),
)
"""Where windows overlap, the first listed holds: a Mid-Autumn in the week of National Day is Mid-Autumn."""


def festival_day(festival: Festival, year: int) -> np.datetime64:
    """The day of *festival* in a Gregorian (fixed, solar) or lunar year. Raises InputError outside 1950 to 2100."""
    if isinstance(festival.date, str):
        return solar_term(year, festival.date)
    if festival.lunar:
        return lunar_day(year, *festival.date)
    return np.datetime64(f"{year:04d}-{festival.date[0]:02d}-{festival.date[1]:02d}")


def festival_codes(days: np.ndarray, region: str = "cn", bin: str = "day") -> np.ndarray:
    """(n,) code of the festival day each bin falls on: 0 for none, equal for the same festival day of every year.

    days : the bins' starts, datetime64. An hour has the code of its day and its hour; a week belongs to the festival
    whose day it holds, and for the Spring Festival the two weeks after and the one before it have codes of their own.
    `festival_names` reads codes. Festivals that are not lively, region `none`, and years outside 1950 to 2100 have
    none.
    """
    if bin == "week":
        return _codes_of_weeks(np.asarray(days, dtype="datetime64[D]"), region)
    starts = np.asarray(days, dtype="datetime64[h]").astype(np.int64)
    by_day, where = np.unique(starts // 24, return_inverse=True)
    codes = _codes_of_days(by_day, region)[where]
    return codes if bin == "day" else np.where(codes > 0, codes * 24 + starts % 24, 0)


def _codes_of_days(numbers: np.ndarray, region: str) -> np.ndarray:
    codes = np.zeros(len(numbers), dtype=np.int64)
    for number, festival in _kept(region):
        for day in _occurrences(festival, numbers):
            offset = numbers - day
            inside = (offset >= festival.first) & (offset <= festival.last) & (codes == 0)
            codes[inside] = _code(number, offset[inside])
    return codes


def _codes_of_weeks(mondays: np.ndarray, region: str) -> np.ndarray:
    codes, numbers = np.zeros(len(mondays), dtype=np.int64), mondays.astype(np.int64)
    for number, festival in _kept(region):
        around = (-1, 2) if festival.key == "spring_festival" else (0, 0)
        for day in _occurrences(festival, numbers):
            offset = -((day - numbers) // 7)
            inside = (offset >= around[0]) & (offset <= around[1]) & (codes == 0)
            codes[inside] = _code(number, offset[inside])
    return codes


def _kept(region: str) -> list[tuple[int, Festival]]:
    return [(i, festival) for i, festival in enumerate(FESTIVALS) if festival.lively and region in festival.regions]


def _occurrences(festival: Festival, numbers: np.ndarray) -> list[int]:
    """Days (since 1970) of the festival in the years around *numbers*."""
    if not len(numbers):
        return []
    years = (numbers[[0, -1]].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970).tolist()
    known = range(max(min(years) - 1, FIRST_YEAR), min(max(years) + 1, LAST_YEAR) + 1)
    return [int(festival_day(festival, year).astype(np.int64)) for year in known]


def _code(number: int, offset: np.ndarray) -> np.ndarray:
    return (number + 1) * _REACH + _REACH // 2 + offset


def festival_names(codes: np.ndarray, bin: str = "day") -> list[tuple[Festival, int] | None]:
    """The festival of each code and the offset from its day (in weeks for weeks), None for 0."""
    days = np.asarray(codes, dtype=np.int64) // (24 if bin == "hour" else 1)
    read = lambda code: (FESTIVALS[code // _REACH - 1], code % _REACH - _REACH // 2) if code else None  # noqa: E731
    return [read(int(code)) for code in days]


def reference_days(day: np.datetime64, years: int, window: int = 0) -> np.ndarray:
    """(years, 2 window + 1) days of the years before that lie as far from their Spring Festival as *day* from its own.

    Row k holds the days around that of k + 1 years earlier, *window* days to either side: what a baseline of reference
    weeks has to be made of near the Spring Festival. Raises InputError outside 1950 to 2100.
    """
    own = np.asarray(day).astype("datetime64[D]")[()]
    offset = int(lunar_offset(np.array([own]))[0])
    year = int(str(own - np.timedelta64(offset, "D"))[:4])
    middles = [lunar_day(year - back, 1, 1) + offset * _DAY for back in range(1, years + 1)]
    return np.array(middles, dtype="datetime64[D]")[:, None] + np.arange(-window, window + 1) * _DAY
