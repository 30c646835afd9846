"""Which past weeks a week is held against: the same weeks of former years, and the seasons between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...cube import BIN_HOURS, SpaceTimeCube

WEEKS_A_YEAR = 52
_THURSDAY = 3  # 1970-01-01 was one; weeks start on Monday


@dataclass(frozen=True)
class Weeks:
    """A cube as whole weeks from Monday on.

    counts : (n_weeks, n_cells), NaN where a week's data are not complete; starts : (n_weeks,) datetime64[D];
    last : (n_times,) for each bin of the cube the last week that had ended by its end, -1 for none.
    """

    counts: np.ndarray
    starts: np.ndarray
    last: np.ndarray


def whole_weeks(cube: SpaceTimeCube) -> Weeks:
    """The cube's Monday weeks; of days or hours, those whose every bin is in the cube, so not the week that runs.

    A bin in the middle of a week sees the last whole week before it.
    """
    if cube.bin == "week":
        counts = np.where(cube.valid[:, None], cube.counts, np.nan)
        return Weeks(counts, cube.bins.astype("datetime64[D]"), np.arange(cube.n_times))
    size = 168 // BIN_HOURS[cube.bin]
    week = _week_of(cube.bins)
    first = int(week[0]) + (np.count_nonzero(week == week[0]) < size)
    last = _week_of(cube.bins + np.timedelta64(BIN_HOURS[cube.bin], "h")) - 1 - first
    shape = (int(max(last[-1] + 1, 0)), size)
    inside = np.flatnonzero(week >= first)[: shape[0] * size]
    counts = cube.counts[inside].reshape(*shape, cube.n_cells).sum(axis=1)
    complete = cube.valid[inside].reshape(shape).all(axis=1)
    starts = (first + np.arange(len(counts))) * 7 - _THURSDAY
    return Weeks(np.where(complete[:, None], counts, np.nan), starts.astype("datetime64[D]"), np.maximum(last, -1))


def _week_of(bins: np.ndarray) -> np.ndarray:
    return (bins.astype("datetime64[D]").astype(np.int64) + _THURSDAY) // 7


@dataclass(frozen=True)
class ReferenceWeeks:
    """Rows of the past, season after season; the last season holds the same weeks of former years.

    rows : (n,) positions; first : (n_seasons + 1,) where each season begins among them; time : (n,) weeks, 0 is now.
    """

    rows: np.ndarray
    first: np.ndarray
    time: np.ndarray


def same_week(now: int, years: int, dates: np.ndarray | None = None) -> np.ndarray:
    """(years,) positions of the week in the 1, 2, ... *years* before position *now*; below 0 where history ends.

    With *dates*, the starts of consecutive weeks, it is the week that starts nearest to the same calendar date (52 or
    53 weeks back a year, so that seasons do not drift); without, 52 weeks back a year.
    """
    if dates is None:
        return now - WEEKS_A_YEAR * np.arange(1, years + 1)
    today = pd.Timestamp(dates[now])
    anniversaries = [_years_before(today, ago) for ago in range(1, years + 1)]
    days = np.array([(today - day).days for day in anniversaries], dtype=np.int64)
    return now - (days + 3) // 7


def _years_before(day: pd.Timestamp, years: int) -> pd.Timestamp:
    """The same date; 1 March for a 29 February that does not exist."""
    leap = day.month == 2 and day.day == 29 and not pd.Timestamp(year=day.year - years, month=1, day=1).is_leap_year
    return (day + pd.Timedelta(days=1) if leap else day).replace(year=day.year - years)


def reference_weeks(now: int, anniversaries: np.ndarray, half_width: int, seasons: int, recent: int) -> ReferenceWeeks:
    """The weeks before *now* in *seasons* seasons (1: only the same weeks, no others).

    The season of *now* is the same week of former years (*anniversaries*, latest first) and *half_width* weeks on both
    sides; what lies between two of them is shared out to `seasons - 1` further ones, the first of them longer where the
    weeks do not divide. The last *recent* weeks are left out: an outbreak that has begun must not raise its own bar.

    Raises
    ------
    ValueError
        If history does not reach back to the first window, or the seasons are too many for the weeks between.

    Source: Noufaily et al. (2013), Statistics in Medicine 32(7); numbering as in R surveillance's `farringtonFlexible`.
    """
    if anniversaries[-1] < half_width:
        raise ValueError(f"{-anniversaries[-1] + half_width} more weeks of history are needed")
    season = np.full(now + 1, -1, dtype=np.int64)
    season[now - half_width :] = seasons - 1
    for later, earlier in zip([now, *anniversaries[:-1]], anniversaries, strict=True):
        begin, end = earlier + half_width + 1, later - half_width
        if seasons > 1:
            if end - begin < seasons - 1:
                raise ValueError(f"{end - begin} weeks between two reference windows make no {seasons - 1} seasons")
            shares = np.array_split(np.arange(begin, end), seasons - 1)
            season[begin:end] = np.repeat(np.arange(seasons - 1), [len(share) for share in shares])
        season[earlier - half_width : begin] = seasons - 1
    season[max(now - recent, 0) :] = -1
    rows = np.argsort(season, kind="stable")
    rows = rows[season[rows] >= 0]
    first = np.searchsorted(season[rows], np.arange(seasons + 1))
    return ReferenceWeeks(rows, first, (rows - now).astype(float))
