"""The same season before: a unit and class in the like window of each earlier year there is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...cube import BIN_HOURS, Counts, bin_start
from ...models.calendar import festival_codes, festival_day, festival_names, lunar_offset, reference_days
from ...models.calendar.lunar import FIRST_YEAR, LAST_YEAR
from ..preparation import Prepared
from ..wording import Raised

_AROUND = 45  # days from the Spring Festival within which years are aligned by it
_MOST = 10  # years looked back
_WEEKS = (0, -1, 1, -2, 2, -3, 3)
_DAY = np.timedelta64(1, "D")

_ALIGNED = {
    "festival": ("按节日对齐", "aligned by the festival"),
    "lunar": ("按农历对齐", "aligned by the lunar calendar"),
    "weekday": ("按公历与星期对齐", "aligned by date and weekday"),
}


def season_before(ready: Prepared, row: Raised) -> dict[str, Any]:
    """How many of the warning's unit and class there were in the like window of each earlier year.

    Keys: aligned (`festival`, `lunar` or `weekday`) in words too, now, years: [year, window_start, window_end (local,
    exclusive), observed, status (`ok`, `outage`: not all of it was reported, `partial`: the data begin inside it)],
    and sentence, sentence_en. An ordinary window is never held against a festival's.
    """
    counts = ready.counts
    seen = _series(counts, row)
    first, n = int(row.window_first), int(row.window_bins)
    last_day = bin_start(first + n - 1, counts.bin).astype("datetime64[D]")[()]
    how, days = _like_days(last_day, ready.plan.calendar)
    years = []
    for back, day in enumerate(days, start=1):
        start = first + _shift(last_day, day, counts.bin)
        start = start if how != "weekday" else _ordinary(ready, first, start, n)
        if start + n <= counts.first_bin:
            break
        years.append({"years_ago": back, **_year(ready, seen, start, n)})
    now = int(seen[first - counts.first_bin : first - counts.first_bin + n].sum())
    zh, en = _sentence(years, how, now)
    return {"aligned": how, "now": now, "years": years, "sentence": zh, "sentence_en": en}


def _series(counts: Counts, row: Raised) -> np.ndarray:
    """(n_bins,) what the unit and class had in each bin: reports of one burst once, as tests count them."""
    table = counts.table
    level = counts.cells.unit_level[row.unit]
    cell = table["cell"].to_numpy()
    kept = counts.in_class(row.category) & (counts.cells.role[cell] == row.role)
    kept &= counts.cells.lineage[cell, level] == row.unit
    place = table["bin"].to_numpy()[kept] - counts.first_bin
    return np.bincount(place, weights=table["distinct"].to_numpy(float)[kept], minlength=len(counts.bins))


def _like_days(day: np.datetime64, region: str) -> tuple[str, list[np.datetime64]]:
    """How years are aligned, and the like day of each year before, the last first."""
    year = int(str(day)[:4])
    back = range(1, min(_MOST, year - FIRST_YEAR - 1) + 1)
    found = festival_names(festival_codes(np.array([day]), region))[0] if year <= LAST_YEAR else None
    if found is not None:
        festival, offset = found
        own = min((y for y in (year - 1, year, year + 1)), key=lambda y: abs(_of(festival, y, offset) - day))
        return "festival", [_of(festival, own - k, offset) for k in back]
    if year <= LAST_YEAR and abs(int(lunar_offset(np.array([day]))[0])) <= _AROUND:
        return "lunar", list(reference_days(day, len(back))[:, 0])
    return "weekday", [day - round(365.25 * k / 7) * 7 * _DAY for k in back]


def _of(festival: Any, year: int, offset: int) -> np.datetime64:
    return festival_day(festival, year) + offset * _DAY


def _ordinary(ready: Prepared, first: int, start: int, n: int) -> int:
    """*start*, moved by whole weeks from a festival, if the window from *first* on is not one itself."""
    bin, region = ready.counts.bin, ready.plan.calendar
    week = 168 // BIN_HOURS[bin]
    lively = lambda begin: bool(festival_codes(bin_start(begin + np.arange(n), bin), region, bin).any())  # noqa: E731
    if lively(first):
        return start
    return next((start + move * week for move in _WEEKS if not lively(start + move * week)), start)


def _shift(now: np.datetime64, then: np.datetime64, bin: str) -> int:
    """Bins from *now* to *then*, whole days or weeks."""
    days = int((then - now).astype(np.int64))
    return round(days / 7) if bin == "week" else days * 24 // BIN_HOURS[bin]


def _year(ready: Prepared, seen: np.ndarray, start: int, n: int) -> dict[str, Any]:
    counts = ready.counts
    at = start - counts.first_bin
    begin, end = (bin_start(number, counts.bin)[()] for number in (start, start + n))
    valid = ready.valid[max(at, 0) : at + n]
    status = "partial" if at < 0 else "ok" if valid.all() else "outage"
    return {
        "year": int(str(begin)[:4]),
        "window_start": str(begin.astype("datetime64[m]")),
        "window_end": str(end.astype("datetime64[m]")),
        "observed": int(seen[max(at, 0) : at + n].sum()),
        "status": status,
    }


def _sentence(years: list[dict[str, Any]], how: str, now: int) -> tuple[str, str]:
    if not years:
        return "没有更早年份的数据", "no earlier year to look back to"
    odd = {"outage": ("(数据中断,不算平静)", " (data outage, not calm)"), "partial": ("(数据不全)", " (incomplete)")}
    noted = lambda year: odd.get(year["status"], ("", ""))  # noqa: E731
    parts = [(*_ago(y["years_ago"]), y["observed"], y["window_start"][:10], *noted(y)) for y in years]
    zh = "、".join(f"{ago}同期{n}件({day}){note}" for ago, _, n, day, note, _ in parts)
    en = ", ".join(f"{n} {ago} ({day}){note}" for _, ago, n, day, _, note in parts)
    return f"{zh};本期{now}件({_ALIGNED[how][0]})", f"same season: {en}; {now} now ({_ALIGNED[how][1]})"


def _ago(years: int) -> tuple[str, str]:
    return {1: "去年", 2: "前年"}.get(years, f"{years}年前"), "a year ago" if years == 1 else f"{years} years ago"
