"""Dates: one explicit layout per column, the one that reads most of it. What it cannot read is named, never bent.

Layouts tell day from month by themselves when the year comes first. Where it comes last, only a column that proves
its order (a day above 12) is read; else every value that could be two days is `E-TIME-003`, ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..refusals import refusal
from .fixed import read_block, read_instants
from .values import is_ascii, is_missing, is_text, to_text

_HALF = r"上午|下午|[AaPp][Mm]"
_CLOCK = (
    rf"(?:(?:[T ]+|\b)(?P<half>{_HALF})? ?(?P<h>\d{{1,2}})[:：](?P<mi>\d{{1,2}})"
    rf"(?:[:：](?P<s>\d{{1,2}})(?:[.,](?P<f>\d{{1,9}}))?)? ?(?P<half2>{_HALF})?"
    r" ?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?$"
)
_YEAR_FIRST = r"^(?P<y>\d{{4}}){0}(?P<mo>\d{{1,2}}){0}(?P<d>\d{{1,2}})"
LAYOUTS = {
    "2026-01-05 08:03": _YEAR_FIRST.format("-") + _CLOCK,
    "2026/1/5 8:03": _YEAR_FIRST.format("/") + _CLOCK,
    "2026.1.5 8:03": _YEAR_FIRST.format(r"\.") + _CLOCK,
    "20260105080300": r"^(?P<y>\d{4})(?P<mo>\d{2})(?P<d>\d{2})(?:[T ]?(?P<h>\d{2})(?P<mi>\d{2})(?P<s>\d{2})?)?$",
    "2026年1月5日 8时3分": (
        r"^(?P<y>\d{4})年(?P<mo>\d{1,2})月(?P<d>\d{1,2})日"
        rf"(?: *(?P<half>{_HALF})? *(?P<h>\d{{1,2}})[时時点點:：]"
        r"(?:(?P<mi>\d{1,2})(?:[分:：](?:(?P<s>\d{1,2})秒?)?)?)?)?$"
    ),
    "5/1/2026 8:03": r"^(?P<a>\d{1,2})[/.\-](?P<b>\d{1,2})[/.\-](?P<y>\d{4})" + _CLOCK,
    "46027.3354": r"^(?P<serial>\d{5}(?:\.\d+)?)$",
}
"""Name (5 January 2026, three past eight) -> pattern. The last is an Excel serial of the 1900 calendar (or 1904's)."""

_EXCEL_ZERO = np.datetime64("1899-12-30", "us")
_ZERO_1904 = np.datetime64("1904-01-01", "us")
_SERIALS = (20_000.0, 80_000.0)
_YEARS = (1950, 2100)
_DAY = 86_400_000_000
_SAMPLE = 2_000

BLANK, UNREADABLE, IMPOSSIBLE, AMBIGUOUS, IMPLAUSIBLE = 4, 1, 2, 3, 5
"""Why a value is not a date: the last digit of its rule `E-TIME-00n`."""


@dataclass(frozen=True)
class Dates:
    """A column of dates, as read.

    values : (n,) datetime64[us] as written, local unless `offsets` tells; NaT where `why` is not 0.
    offsets : (n,) minutes east of Greenwich where the value itself says so, else NaN.
    why : (n,) int8, 0 = read, else one of BLANK, UNREADABLE, IMPOSSIBLE, AMBIGUOUS, IMPLAUSIBLE.
    layout : the layout's name, "" for a column that was typed.
    """

    values: np.ndarray
    offsets: np.ndarray
    why: np.ndarray
    layout: str = ""


def parse_dates(column: pa.ChunkedArray | pa.Array, *, from_1904: bool = False) -> Dates:
    """Read a column of dates: typed ones as they are, anything else by the layout that reads most of its text.

    *from_1904*: days given as numbers are counted from 1904, as the workbook they come from says.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _typed(column)
    text, _ = to_text(column)
    if is_text(kind) and not is_ascii(text) and pc.any(pc.match_substring_regex(text, "[０-９：／－　]")).as_py():
        text = pc.utf8_trim_whitespace(pc.utf8_normalize(text, form="NFKC"))
    blank = is_missing(text)
    written = text.filter(pa.array(~blank)) if blank.any() else text
    order = _layouts_by_sample(written)
    whole = _read_whole(written, order[0])
    name = order[0] if whole else _best_layout(written, order)
    return _finish(*_spread(blank, *(whole or _read(written, name, from_1904))), name)


def _typed(column: pa.ChunkedArray | pa.Array) -> Dates:
    zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
    plain = column.cast(pa.timestamp("us", tz="UTC") if zoned else pa.timestamp("us"), safe=False)
    values = np.asarray(plain.to_numpy(**({} if isinstance(plain, pa.ChunkedArray) else {"zero_copy_only": False})))
    values = values.astype("datetime64[us]")
    blank = np.isnat(values)
    offsets = np.where(blank | (not zoned), np.nan, 0.0)
    return _finish(values, offsets, np.where(blank, BLANK, 0).astype(np.int8), "")


def _finish(values: np.ndarray, offsets: np.ndarray, why: np.ndarray, name: str) -> Dates:
    first, end = np.datetime64(str(_YEARS[0]), "us"), np.datetime64(str(_YEARS[1] + 1), "us")
    why[(why == 0) & ((values < first) | (values >= end))] = IMPLAUSIBLE
    return Dates(values if not why.any() else np.where(why == 0, values, np.datetime64("NaT")), offsets, why, name)


_Read = tuple[np.ndarray, np.ndarray, np.ndarray]


def _spread(blank: np.ndarray, values: np.ndarray, offsets: np.ndarray, why: np.ndarray) -> _Read:
    """What was read of the written values, each at its row; the other rows are BLANK."""
    if not blank.any():
        return values, offsets, why
    n = len(blank)
    every = np.full(n, "NaT", "datetime64[us]"), np.full(n, np.nan), np.full(n, BLANK, np.int8)
    for whole, part in zip(every, (values, offsets, why), strict=True):
        whole[~blank] = part
    return every


def _layouts_by_sample(text: pa.Array) -> list[str]:
    """The layouts, the one that reads most of a sample first."""
    places = np.linspace(0, max(0, len(text) - 1), min(len(text), _SAMPLE)).astype(np.int64)
    sample = text.take(pa.array(np.unique(places)))
    return sorted(LAYOUTS, key=lambda name: -_matches(sample, name))


def _read_whole(text: pa.Array, name: str) -> _Read | None:
    """The fast way, for a column whose values all have one width and shape; None where one has not."""
    instants = read_instants(text, name)
    if instants is not None:
        return instants, np.full(len(text), np.nan), np.zeros(len(text), np.int8)
    block = read_block(text, name)
    if block is None:
        return None
    y, mo, d, h, mi, s = block
    why = np.zeros(len(text), np.int8)
    why[(h > 23) | (mi > 59) | (s > 59)] = IMPOSSIBLE
    clock = ((h * 60 + mi) * 60 + s) * 1_000_000
    return _compose(y, mo, d, clock, why), np.full(len(text), np.nan), why


def _best_layout(text: pa.Array, order: list[str]) -> str:
    """The layout that reads most values. Layouts exclude one another, so what one has read need not be tried again."""
    best, most, rest = "", 0, text
    for name in order:
        if len(rest) <= most:
            break
        found = pc.match_substring_regex(rest, LAYOUTS[name])
        n_read = pc.sum(found).as_py() or 0
        best, most = (name, n_read) if n_read > most else (best, most)
        rest = rest.filter(pc.invert(found))
    return best


def _matches(text: pa.Array, name: str) -> int:
    return pc.sum(pc.match_substring_regex(text, LAYOUTS[name])).as_py() or 0


def _read(text: pa.Array, name: str, from_1904: bool = False) -> _Read:
    """(values, offsets, why) of all rows by one layout; rows it does not fit are UNREADABLE."""
    n = len(text)
    if not name:
        return np.full(n, "NaT", "datetime64[us]"), np.full(n, np.nan), np.full(n, UNREADABLE, np.int8)
    parts = pc.extract_regex(text, LAYOUTS[name])
    fits = np.asarray(parts.is_valid().to_numpy(zero_copy_only=False), bool)
    fields = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
    why = np.where(fits, 0, UNREADABLE).astype(np.int8)
    if "serial" in fields:
        values = _from_serial(fields["serial"], why, _ZERO_1904 if from_1904 else _EXCEL_ZERO)
        return values, np.full(n, np.nan), why
    if "a" in fields:
        day, month = _day_and_month(_number(fields, "a"), _number(fields, "b"), fits, why)
    else:
        day, month = _number(fields, "d"), _number(fields, "mo")
    values = _compose(_number(fields, "y"), month, day, _clock(fields, why), why)
    return values, _offsets(fields, n), why


def _number(fields: dict[str, pa.Array], name: str) -> np.ndarray:
    """A captured group as whole numbers; 0 where the group is optional and absent, or the row does not fit."""
    if name not in fields:
        return np.zeros(len(next(iter(fields.values()))), np.int64)
    text = pc.fill_null(fields[name], "")
    return pc.if_else(pc.equal(text, ""), "0", text).cast(pa.int64()).to_numpy(zero_copy_only=False)


def _day_and_month(a: np.ndarray, b: np.ndarray, fits: np.ndarray, why: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of two leading numbers is the day: what the column's own values prove, else ambiguous."""
    first, second = fits & (a > 12) & (b <= 12), fits & (b > 12) & (a <= 12)
    day_first = first.sum() >= second.sum()
    either = fits & (a <= 12) & (b <= 12) & (a != b)
    if first.any() == second.any():  # nothing proved, or both
        why[either] = AMBIGUOUS
    why[second if day_first else first] = UNREADABLE if first.any() and second.any() else IMPOSSIBLE
    return (a, b) if day_first else (b, a)


def _clock(fields: dict[str, pa.Array], why: np.ndarray) -> np.ndarray:
    """Microseconds since midnight; rows with an impossible clock are marked."""
    h, mi, s = (_number(fields, name) for name in ("h", "mi", "s"))
    late, early = np.zeros(len(h), bool), np.zeros(len(h), bool)
    for name in ("half", "half2"):
        if name in fields:
            half = pc.utf8_lower(pc.fill_null(fields[name], ""))
            late |= np.asarray(pc.is_in(half, value_set=pa.array(["下午", "pm"], half.type)))
            early |= np.asarray(pc.is_in(half, value_set=pa.array(["上午", "am"], half.type)))
    wrong = (h > 23) | (mi > 59) | (s > 59) | (early & (h > 12)) | (early & late)
    why[wrong & (why == 0)] = IMPOSSIBLE
    h = np.where(late & (h < 12), h + 12, np.where(early & (h == 12), 0, h))
    return ((h * 60 + mi) * 60 + s) * 1_000_000 + _fraction(fields)


def _fraction(fields: dict[str, pa.Array]) -> np.ndarray | int:
    if "f" not in fields or not pc.any(pc.not_equal(pc.fill_null(fields["f"], ""), "")).as_py():
        return 0
    padded = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(fields["f"], ""), 6, "0"), 0, 6)
    return padded.cast(pa.int64()).to_numpy(zero_copy_only=False)


def _compose(y: np.ndarray, mo: np.ndarray, d: np.ndarray, clock: np.ndarray, why: np.ndarray) -> np.ndarray:
    """Calendar to instants, checked: there is no 30 February."""
    wrong = (why == 0) & ((mo < 1) | (mo > 12) | (d < 1) | (d > 31))
    months = ((y - 1970) * 12 + np.clip(mo, 1, 12) - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    why[(wrong | (d > length)) & (why == 0)] = IMPOSSIBLE
    values = (first + (d - 1)).astype("datetime64[us]") + clock.astype("timedelta64[us]")
    return np.where(why == 0, values, np.datetime64("NaT"))


def _from_serial(serial: pa.Array, why: np.ndarray, zero: np.datetime64) -> np.ndarray:
    days = pc.fill_null(serial.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    why[(why == 0) & ((days < _SERIALS[0]) | (days > _SERIALS[1]))] = IMPLAUSIBLE
    seconds = np.round(days * 86_400).astype(np.int64)
    return np.where(why == 0, zero + seconds.astype("timedelta64[s]"), np.datetime64("NaT"))


def _offsets(fields: dict[str, pa.Array], n: int) -> np.ndarray:
    """Minutes east of Greenwich, NaN where the value does not say."""
    if "zone" not in fields:
        return np.full(n, np.nan)
    zones = pc.fill_null(fields["zone"], "").dictionary_encode()
    known = [_minutes(text) for text in zones.dictionary.to_pylist()]
    return np.asarray(known, float)[zones.indices.to_numpy(zero_copy_only=False)] if n else np.zeros(0)


def _minutes(zone: str) -> float:
    if not zone:
        return float("nan")
    if zone == "Z":
        return 0.0
    digits = zone[1:].replace(":", "")
    return (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * 60 + int(digits[2:] or 0))


CLOCKS = {
    "8:03": (
        rf"^(?P<half>{_HALF})? ?(?P<h>\d{{1,2}})[:：](?P<mi>\d{{1,2}})"
        rf"(?:[:：](?P<s>\d{{1,2}})(?:[.,](?P<f>\d{{1,9}}))?)? ?(?P<half2>{_HALF})?$"
    ),
    "080300": r"^(?P<h>\d{2})(?P<mi>\d{2})(?P<s>\d{2})?$",
    "8时3分": (
        rf"^(?P<half>{_HALF})? *(?P<h>\d{{1,2}})[时時点點](?:(?P<mi>\d{{1,2}})(?:分(?:(?P<s>\d{{1,2}})秒?)?)?)?$"
    ),
    "0.3354": r"^(?P<share>0?\.\d+|0)$",
}
"""Name (three past eight) -> pattern of a clock in a column of its own. The last is a spreadsheet's share of a day."""


def with_clock(dates: Dates, column: pa.ChunkedArray | pa.Array) -> Dates:
    """Days from one column, the time of day from *column*, by the one layout that reads most of it.

    A row without a clock has no time; a day that brings a clock of its own cannot be read.
    """
    text, _ = to_text(column)
    text = pc.utf8_trim_whitespace(pc.utf8_normalize(text, form="NFKC"))
    blank = is_missing(text)
    matches = {name: pc.sum(pc.match_substring_regex(text, CLOCKS[name])).as_py() or 0 for name in CLOCKS}
    name = max(matches, key=lambda key: matches[key])
    parts = pc.extract_regex(text, CLOCKS[name])
    fits = np.asarray(parts.is_valid().to_numpy(zero_copy_only=False), bool)
    fields = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
    why = np.where(fits, 0, np.where(blank, BLANK, UNREADABLE)).astype(np.int8)
    if "share" in fields:
        share = pc.fill_null(fields["share"].cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        clock = np.round(share * 86_400).astype(np.int64) * 1_000_000
    else:
        clock = _clock(fields, why)
    own = (dates.why == 0) & (dates.values != dates.values.astype("datetime64[D]"))
    why = np.where(dates.why != 0, dates.why, np.where(own, UNREADABLE, why)).astype(np.int8)
    values = np.where(why == 0, dates.values + clock.astype("timedelta64[us]"), np.datetime64("NaT"))
    return Dates(values, dates.offsets, why, f"{dates.layout} + {name}")


def localise(dates: Dates, timezone: str) -> tuple[pd.Series, int, int]:
    """Instants in *timezone*: (series, number of local times the clock change made double, number it skipped).

    A time the clock showed twice is taken as the first of the two; one it never showed is moved on by the hour
    that was skipped. Both stay on their local day; the caller tells how many there were.
    """
    zone = _zone(timezone)
    if np.isnat(dates.values).all():
        return pd.Series(dates.values).dt.tz_localize("UTC").dt.tz_convert(zone), 0, 0
    said = ~np.isnan(dates.offsets)
    local = pd.Series(np.where(said, np.datetime64("NaT"), dates.values))
    times = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    odd = np.flatnonzero(times.isna().to_numpy() & ~local.isna().to_numpy())
    double = 0
    if odd.size:
        again = local.iloc[odd].dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
        double = int(again.isna().sum())
        hour = pd.Timedelta(hours=1)
        first = np.ones(odd.size, bool)
        times.iloc[odd] = local.iloc[odd].dt.tz_localize(zone, ambiguous=first, nonexistent=hour)
    if said.any():
        minutes = np.where(said, dates.offsets, 0).astype(np.int64).astype("timedelta64[m]")
        instants = pd.Series(np.where(said, dates.values - minutes, np.datetime64("NaT")))
        times = times.where(~said, instants.dt.tz_localize("UTC").dt.tz_convert(zone))
    return times, double, int(odd.size) - double


def _zone(timezone: str) -> str:
    try:
        pd.Timestamp("2000-01-01").tz_localize(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise refusal("E-COL-008", where="timezone", timezone=timezone) from error
    return timezone
