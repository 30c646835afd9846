"""Coordinates as text: degrees, minutes and seconds, letters of the compass, two of them in one cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..columns.values import is_missing, to_numbers, to_text

EAST, NORTH = 1, 2

_SAME = (
    ("[º˚]|degrees?|度", "°"),
    ("[′’‘´`＇]|分", "'"),
    ("[″”“＂]|秒", '"'),
    ("东经|東經|东|東", "E"),
    ("北纬|北緯|北", "N"),
    ("西经|西經|西", "W"),
    ("南纬|南緯|南", "S"),
)
_ANGLE = (
    r"^(?P<before>[NSEW]?)\s*(?P<sign>[+-]?)(?P<degrees>\d{1,3}(?:\.\d+)?)"
    r"(?:\s*°?|\s*[°: -]\s*(?P<minutes>\d{1,2}(?:\.\d+)?)"
    r"(?:\s*'?|\s*[': -]\s*(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:\"|'')?))\s*(?P<after>[NSEW]?)$"
)
_MARKED = r"[°'\"NSEW]"
_PAIR = r"^(?:POINT ?)?[\[(]*\s*(?P<first>[^,;、|/\[\]()]+?)\s*[,;、|/]\s*(?P<second>[^,;、|/\[\]()]+?)\s*[\])]*$"
_APART = r"^(?:POINT ?)?[\[(]*\s*(?P<first>[+-]?\d+(?:\.\d+)?)\s+(?P<second>[+-]?\d+(?:\.\d+)?)\s*[\])]*$"


@dataclass(frozen=True)
class Angles:
    """One column of coordinates, read.

    values : (n,) float, NaN where blank or unreadable. bad : no number and no angle. impossible : an angle with
    60 or more minutes or seconds, or with two letters that disagree. sexagesimal : written in degrees and minutes.
    axis : EAST or NORTH where a letter says so, else 0.
    """

    values: np.ndarray
    bad: np.ndarray
    impossible: np.ndarray
    sexagesimal: np.ndarray
    axis: np.ndarray


def read_angles(column: pa.ChunkedArray | pa.Array) -> Angles:
    """Numbers, or angles such as `113°15′30″E`, `东经113度15分30秒`, `113 15 30` and `113.5E`.

    Without any mark three numbers are needed: `113 15` could be anything, and is bad.
    """
    values, bad = to_numbers(column)
    nothing = np.zeros(len(values), bool)
    impossible, sexagesimal, axis = nothing.copy(), nothing.copy(), np.zeros(len(values), np.int8)
    at = np.flatnonzero(bad)
    if not len(at):
        return Angles(values, bad, impossible, sexagesimal, axis)
    text = plain_angle(to_text(column)[0].take(pa.array(at)))
    parts = pc.extract_regex(text, _ANGLE)
    numbers, found, sound = _numbers(text, parts)
    letter = _letters(parts)
    sound &= letter >= 0
    values[at] = np.where(found & sound, numbers, np.nan)
    bad[at], impossible[at] = ~found, found & ~sound
    sexagesimal[at] = found & sound & _there(parts, "minutes")
    axis[at] = np.where(found & sound, letter, 0)
    return Angles(values, bad, impossible, sexagesimal, axis)


def _numbers(text: pa.Array, parts: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Degrees with their sign; which rows are angles at all; and which of them can be."""
    degrees, minutes, seconds = (_figures(parts, name) for name in ("degrees", "minutes", "seconds"))
    marked = np.asarray(pc.match_substring_regex(text, _MARKED).to_numpy(zero_copy_only=False), bool)
    found = np.asarray(pc.is_valid(parts).to_numpy(zero_copy_only=False), bool) & (marked | _there(parts, "seconds"))
    whole = ~(_there(parts, "minutes") & (degrees % 1 != 0)) & ~(_there(parts, "seconds") & (minutes % 1 != 0))
    sound = whole & (minutes < 60) & (seconds < 60)
    south = _is(parts, "before", "SW") | _is(parts, "after", "SW") | _is(parts, "sign", "-")
    return np.where(south, -1, 1) * (degrees + minutes / 60 + seconds / 3600), found, sound


def _letters(parts: pa.Array) -> np.ndarray:
    """EAST, NORTH, 0 for no letter; -1 where there are two letters, or a letter of the west or south and a minus."""
    letters = [_is(parts, name, "NSEW") for name in ("before", "after")]
    east = _is(parts, "before", "EW") | _is(parts, "after", "EW")
    axis = np.where(letters[0] | letters[1], np.where(east, EAST, NORTH), 0)
    doubled = (letters[0] & letters[1]) | ((letters[0] | letters[1]) & _is(parts, "sign", "-"))
    return np.where(doubled, -1, axis)


def _field(parts: pa.Array, name: str) -> pa.Array:
    return pc.fill_null(pc.struct_field(parts, name), "")


def _there(parts: pa.Array, name: str) -> np.ndarray:
    return np.asarray(pc.not_equal(_field(parts, name), "").to_numpy(zero_copy_only=False), bool)


def _is(parts: pa.Array, name: str, among: str) -> np.ndarray:
    known = pa.array(list(among), _field(parts, name).type)
    return np.asarray(pc.is_in(_field(parts, name), value_set=known).to_numpy(zero_copy_only=False), bool)


def _figures(parts: pa.Array, name: str) -> np.ndarray:
    text = _field(parts, name)
    filled = pc.if_else(pc.equal(text, ""), "0", text)
    return np.array(filled.cast(pa.float64()).to_numpy(zero_copy_only=False), float)


def plain_angle(text: pa.Array) -> pa.Array:
    """*text* half width, in capitals, one sign each for degrees, minutes, seconds and points of the compass."""
    for pattern, sign in _SAME:
        text = pc.replace_substring_regex(text, pattern, sign)
    text = pc.utf8_upper(pc.utf8_normalize(text, form="NFKC"))
    text = pc.replace_substring_regex(text, "[′’]", "'")  # NFKC makes two primes of a double one
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(text, r"\s+", " "))


def split_pairs(column: pa.ChunkedArray | pa.Array) -> tuple[pa.Array, pa.Array, np.ndarray]:
    """Two coordinates in one cell, `113.5,22.5` or `POINT (113.5 22.5)`: (first, second, mask of what is no pair).

    Blank cells are blank in both, and no failure.
    """
    text = to_text(column)[0]
    missing = is_missing(text)
    plain = plain_angle(text)
    parts = pc.extract_regex(plain, _PAIR)
    apart = pc.extract_regex(plain, _APART)
    halves = [pc.coalesce(pc.struct_field(parts, name), pc.struct_field(apart, name)) for name in ("first", "second")]
    unsplit = np.asarray(pc.is_null(halves[0]).to_numpy(zero_copy_only=False), bool) & ~missing
    first, second = (pc.fill_null(half, "") for half in halves)
    return first, second, unsplit
