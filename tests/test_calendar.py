"""Days off, moved working days and festivals, against independent calendars; years aligned by the Spring Festival."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.models.calendar import (
    DAY_TYPES,
    FESTIVALS,
    day_table,
    day_types,
    festival_codes,
    festival_day,
    festival_names,
    lunar_day,
    lunar_offset,
    reference_days,
    solar_term,
    spring_festival,
    unknown_years,
)
from hypothesis import given
from hypothesis import strategies as st
from parity import agree

YEARS = range(1950, 2101)
LUNAR = ((1, 1), (1, 15), (5, 5), (7, 7), (8, 15), (9, 9))
"""Spring Festival, Lantern, Dragon Boat, Qixi, Mid-Autumn, Double Ninth."""


def days(first: str, end: str) -> np.ndarray:
    return np.arange(first, end, dtype="datetime64[D]")


def ours(years: range) -> np.ndarray:
    return np.array([str(lunar_day(year, *date)) for year in years for date in LUNAR])


@pytest.mark.parity
def test_lunar_festivals_are_those_of_sxtwl():
    sxtwl = pytest.importorskip("sxtwl")
    theirs = [sxtwl.fromLunar(year, *date, False) for year in YEARS for date in LUNAR]
    texts = [f"{d.getSolarYear():04d}-{d.getSolarMonth():02d}-{d.getSolarDay():02d}" for d in theirs]
    agree("Calendar", "six lunar festivals, 1950 to 2100", ours(YEARS), np.array(texts), source="sxtwl 2.0.7")


@pytest.mark.parity
def test_lunar_festivals_are_those_of_lunar_python_but_one():
    """2057: a new moon within seconds of midnight of 28 September puts the ninth month on the 28th or the 29th."""
    lunar = pytest.importorskip("lunar_python")
    theirs = [lunar.Lunar.fromYmd(year, *date).getSolar().toYmd() for year in YEARS for date in LUNAR]
    mine = ours(YEARS)
    apart = {mine[i] for i in np.flatnonzero(mine != np.array(theirs))}
    assert apart == {"2057-10-06"}
    same = mine == np.array(theirs)
    what = "six lunar festivals, 1950 to 2100, but the Double Ninth of 2057"
    agree("Calendar", what, mine[same], np.array(theirs)[same], source="lunar_python 1.4.8")


@pytest.mark.parity
def test_lunar_festivals_are_those_of_lunardate_but_one():
    """1978: the eighth month began on 3 September at 00:09 Beijing time; lunardate says the 2nd."""
    lunardate = pytest.importorskip("lunardate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [lunardate.LunarDate(year, *date).toSolarDate().isoformat() for year in YEARS[:-1] for date in LUNAR]
    mine = ours(YEARS[:-1])
    same = mine == np.array(theirs)
    assert set(mine[~same]) == {"1978-09-17"}
    what = "six lunar festivals, 1950 to 2099, but the Mid-Autumn of 1978"
    agree("Calendar", what, mine[same], np.array(theirs)[same], source="lunardate 0.3.0")


@pytest.mark.parity
def test_leap_months_are_those_of_lunar_python():
    lunar = pytest.importorskip("lunar_python")
    leaps = [(year, month) for year in YEARS if (month := lunar.LunarYear.fromYear(year).getLeapMonth())]
    theirs = [lunar.Lunar.fromYmd(year, -month, 1).getSolar().toYmd() for year, month in leaps]
    mine = [str(lunar_day(year, month, 1, leap=True)) for year, month in leaps]
    agree("Calendar", "leap months, 1950 to 2100", np.array(mine), np.array(theirs), source="lunar_python 1.4.8")


@pytest.mark.parity
@pytest.mark.parametrize(("term", "name"), [("qingming", "清明"), ("winter_solstice", "DONG_ZHI")])
def test_solar_terms_are_those_of_lunar_python(term, name):
    lunar = pytest.importorskip("lunar_python")
    theirs = [lunar.Lunar.fromYmd(year, 6, 1).getJieQiTable()[name].toYmd() for year in YEARS]
    mine = [str(solar_term(year, term)) for year in YEARS]
    agree("Calendar", f"{term}, 1950 to 2100", np.array(mine), np.array(theirs), source="lunar_python 1.4.8")


@pytest.mark.parity
def test_days_off_are_those_of_chinesecalendar_but_one():
    """Saturday 2012-06-23, the Dragon Boat day itself, is a weekend there; that year's notice gives 22 to 24 June."""
    calendar = pytest.importorskip("chinese_calendar.constants")
    span = days("2004-01-01", "2026-12-31")
    mine = day_types(span, day_table("cn"))
    dates = [dt.date.fromisoformat(str(day)) for day in span]
    off = np.array([day in calendar.holidays or day == dt.date(2012, 6, 23) for day in dates])
    worked = np.array([day in calendar.workdays or day == dt.date(2005, 12, 31) for day in dates])
    agree("Calendar", "days off, 2004 to 2026", mine == "holiday", off, source="chinesecalendar 1.11.0")
    moved = (mine == "moved workday") | ((mine == "eve") & ((span.astype(int) + 3) % 7 >= 5))
    agree("Calendar", "moved working days, 2004 to 2026", moved, worked, source="chinesecalendar 1.11.0")


@pytest.mark.parity
def test_working_days_are_those_of_holidays():
    """Both know which days people worked, though `holidays` does not list days off that fall on a weekend."""
    holidays = pytest.importorskip("holidays")
    for region, first in (("cn", "2004-01-01"), ("tw", "2004-01-01")):
        span = days(first, "2026-12-31")
        theirs = holidays.country_holidays(region.upper(), years=range(2003, 2028))
        worked = np.array([theirs.is_working_day(str(day)) for day in span])
        mine = np.isin(day_types(span, day_table(region)), ["workday", "moved workday", "eve"])
        agree("Calendar", f"working days of {region}, 2004 to 2026", mine, worked, source="holidays 0.109")


def test_the_kinds_of_days_around_national_day_2024():
    """Notice of 2023-10-25: 1 to 7 October off, 29 September (Sunday) and 12 October (Saturday) worked."""
    kinds = day_types(days("2024-09-28", "2024-10-13"), day_table("cn"))
    assert kinds.tolist() == [
        "weekend", "moved workday", "eve", *["holiday"] * 7, *["workday"] * 4, "moved workday",
    ]  # fmt: skip
    assert set(kinds) <= set(DAY_TYPES)


def test_an_unknown_year_falls_back_to_weekends_and_computed_festivals():
    span = days("2031-01-01", "2032-01-01")
    assert unknown_years(span, day_table("cn")) == [2031]
    kinds = dict(zip(span.astype(str), day_types(span, day_table("cn")), strict=True))
    assert kinds["2031-01-23"] == "holiday" and kinds["2031-10-01"] == "holiday"  # Spring Festival, National Day
    assert "moved workday" not in kinds.values()
    assert unknown_years(span, day_table("none")) == []
    assert set(day_types(span, day_table("none"))) == {"workday", "weekend"}


def test_a_users_table_replaces_the_years_it_names():
    more = pd.DataFrame({"date": ["2031-10-02", "2031-10-11"], "kind": ["holiday", "workday"]})
    table = day_table("cn", more)
    assert unknown_years(days("2031-01-01", "2032-01-01"), table) == []
    kinds = day_types(np.array(["2031-10-01", "2031-10-02", "2031-10-11"], dtype="datetime64[D]"), table)
    assert kinds.tolist() == ["eve", "holiday", "moved workday"]
    assert (day_types(days("2024-10-01", "2024-10-08"), table) == "holiday").all()


@given(st.integers(1950, 2099), st.integers(-150, 150))
def test_offsets_lead_back_to_the_nearest_spring_festival(year, shift):
    """Lunar years have 353 to 385 days, so within 150 days the nearest festival is the one started from."""
    day = spring_festival(year) + np.timedelta64(shift, "D")
    if np.datetime64("1950-01-01") <= day < np.datetime64("2100-01-01"):
        assert lunar_offset(np.array([day]))[0] == shift


@given(st.integers(1955, 2090), st.integers(-30, 45))
def test_reference_days_lie_as_far_from_their_festival(year, shift):
    day = spring_festival(year) + np.timedelta64(shift, "D")
    found = reference_days(day, 4, window=2)
    assert found.shape == (4, 5)
    offsets = lunar_offset(found.ravel()).reshape(found.shape)
    assert (offsets == shift + np.arange(-2, 3)).all()


def test_the_same_festival_day_has_the_same_code_every_year():
    span = days("2015-01-01", "2020-01-01")
    codes = festival_codes(span, "cn")
    named = festival_names(codes)
    for key in ("spring_festival", "mid_autumn", "dragon_boat"):
        festival = next(f for f in FESTIVALS if f.key == key)
        own = codes[np.isin(span, [festival_day(festival, year) for year in range(2015, 2020)])]
        assert len(own) == 5 and len(set(own)) == 1 and own[0] > 0
        assert named[int(np.flatnonzero(codes == own[0])[0])][0] is festival
    assert named[0][0].key == "new_year" and named[90] is None
    assert festival_codes(span, "none").sum() == 0


def test_hours_and_weeks_have_festivals_too():
    hours = np.arange("2024-09-17", "2024-09-18", dtype="datetime64[h]")  # Mid-Autumn
    codes = festival_codes(hours, "cn", "hour")
    assert len(set(codes)) == 24 and festival_names(codes, "hour")[3][0].key == "mid_autumn"
    mondays = np.arange("2024-01-01", "2024-03-05", 7, dtype="datetime64[D]")
    found = [(f[0].key, f[1]) if f else None for f in festival_names(festival_codes(mondays, "cn", "week"), "week")]
    assert found[4:9] == [
        ("spring_festival", -1), ("spring_festival", 0), ("spring_festival", 1), ("lantern", 0), None,
    ]  # fmt: skip


def test_every_festival_window_fits_its_code():
    assert all(-50 < f.first <= 0 <= f.last < 50 for f in FESTIVALS)
    assert len({f.key for f in FESTIVALS}) == len(FESTIVALS)


@pytest.mark.parametrize(
    ("date", "message"),
    [((2024, 2, 31), "2024 has no month 2, day 31"), ((2024, 3, 1, True), "no leap month 3"), ((1949, 1, 1), "1949")],
)
def test_a_date_that_does_not_exist_is_refused(date, message):
    *plain, leap = (*date, False) if len(date) == 3 else date
    with pytest.raises(InputError, match=message):
        lunar_day(*plain, leap=leap)
