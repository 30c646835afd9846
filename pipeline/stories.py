"""The story of every unit: its days, its hours and weekdays, its classes; for whoever clicks on it in a map."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..cube import ROOT_CELL
from .maps import window_of
from .preparation import Prepared
from .wording import street_level

MOST_DAYS = 1096
"""Days a story goes back: three years, so that every day has its like of two years before."""

COLUMNS = ("cell_id", "first_day", "days", "hours", "weekdays", "classes", "window_start", "window_end", "missing")
DAYS_PLAYED = 31
"""Days of the window, the last ones, that a map plays street by street."""

DAY_COLUMNS = ("cell_id", "name", "day_start", "day_end", "incidents")
_MONDAY = 3  # 1970-01-01 was a Thursday
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class _Told:
    """What of every incident a story tells, one entry each: units of both roles (-1: none), local day and hour since
    1970, number of its class among `classes`, and the finest level it may be told of on."""

    territorial: np.ndarray
    sectoral: np.ndarray
    day: np.ndarray
    hour: np.ndarray
    node: np.ndarray
    lowest: np.ndarray
    classes: list[str]

    def at(self, keep: np.ndarray) -> _Told:
        """Those of the mask *keep*."""
        parts = (self.territorial, self.sectoral, self.day, self.hour, self.node, self.lowest)
        return _Told(*(part[keep] for part in parts), self.classes)

    @cached_property
    def words(self) -> list[str]:
        """The classes as JSON writes them."""
        return [json.dumps(name, ensure_ascii=False) for name in self.classes]


def stories_of(ready: Prepared, lowest_level: Callable[[str], int]) -> pd.DataFrame:
    """Columns `COLUMNS`, a row per unit of any level and role that had an incident in the last three years.

    first_day : ISO, the unit's first day with an incident. days : "offset:count …", days since `first_day` and the
    incidents of that day, days without one left out. hours, weekdays : 24 and 7 counts of the same incidents, midnight
    and Monday first. classes : JSON {node of the second level: incidents of the window}. window_start, window_end :
    ISO, local, the end exclusive. missing : of the city alone, days since its `first_day` without data, by blanks.
    Incidents are those of `Counts`: every report counts, rows on default points stand
    where the plan puts them, and classes that are only described are in no unit below the street's level.
    """
    counts, told = ready.counts, _told(ready, lowest_level)
    recent = counts.bins[-window_of(counts, ready.plan)]
    window = _iso(pd.Timestamp(recent)), _iso(ready.as_of)
    in_window = told.day * 24 + told.hour >= np.datetime64(recent, "h").astype(np.int64)
    parts = [_of_level(units, told.at(seen), in_window[seen], ready) for units, seen in _scales(ready, told)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS[:6]))
    table = table.assign(window_start=window[0], window_end=window[1], missing="")
    whole = table["cell_id"] == ROOT_CELL
    table.loc[whole, "missing"] = [_missing(ready, first) for first in table.loc[whole, "first_day"]]
    return table[list(COLUMNS)]


def days_of(ready: Prepared, lowest_level: Callable[[str], int]) -> pd.DataFrame:
    """Columns `DAY_COLUMNS`: incidents of every street and day of the window's last month, empty days left out.

    `day_start` and `day_end` are local midnights, the end exclusive.
    """
    level = street_level(ready.counts)
    told = _told(ready, lowest_level)
    last = np.datetime64(ready.as_of, "D").astype(np.int64)
    first = np.datetime64(ready.counts.bins[-window_of(ready.counts, ready.plan)], "D").astype(np.int64)
    first = max(first, last - DAYS_PLAYED)
    units = _units(ready, told.territorial, level)
    seen = (units >= 0) & (told.day >= first) & (told.lowest >= level)
    unit, day, n = _daily(units[seen], told.day[seen])
    start = day.astype("datetime64[D]").astype("datetime64[s]")
    known = ready.counts.cells
    values = (known.cell_id[unit], known.name[unit], start, start + _DAY, n)
    return pd.DataFrame(dict(zip(DAY_COLUMNS, values, strict=True)))


def _iso(moment: pd.Timestamp) -> str:
    """A local moment, a midnight as its day alone."""
    return moment.date().isoformat() if moment == moment.normalize() else moment.isoformat()


def _missing(ready: Prepared, first_day: str) -> str:
    """Days since *first_day* no bin of which is complete, by blanks."""
    bins = ready.counts.bins.astype("datetime64[D]").astype(np.int64)
    span = np.arange(7 if ready.plan.bin == "week" else 1)
    complete = np.unique(np.add.outer(bins[ready.valid], span))
    days = np.setdiff1d(np.unique(np.add.outer(bins, span)), complete)
    offsets = days - np.datetime64(first_day).astype(np.int64)
    return " ".join(str(n) for n in offsets if n >= 0)


def _told(ready: Prepared, lowest_level: Callable[[str], int]) -> _Told:
    rows = ready.incidents
    local = pd.DatetimeIndex(rows["time"]).tz_convert(ready.plan.timezone).tz_localize(None)
    hours = local.to_numpy(dtype="datetime64[h]").astype(np.int64)
    leaf, leaves = pd.factorize(rows["category"].astype(str))
    lowest = np.array([lowest_level(name) for name in leaves], dtype=np.int64)
    second = ["/".join(name.split("/")[:2]) for name in leaves]
    node, classes = pd.factorize(np.array(second, dtype=object), sort=True)
    told = _Told(
        rows["cell"].to_numpy(np.int64),
        rows["sectoral"].to_numpy(np.int64),
        hours // 24,
        hours % 24,
        node[leaf],
        lowest[leaf],
        [str(name) for name in classes],
    )
    last = np.datetime64(ready.as_of, "D").astype(np.int64)
    return told.at(told.day >= last - MOST_DAYS)


def _units(ready: Prepared, finest: np.ndarray, level: int) -> np.ndarray:
    """The unit of *level* above each of *finest*, -1 where there is none."""
    return np.where(finest >= 0, ready.counts.cells.lineage[finest, level], -1)


def _scales(ready: Prepared, told: _Told) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every role and level: the unit of each incident that is seen there, and the mask of those."""
    cells = ready.counts.cells
    for role, finest in (("territorial", told.territorial), ("sectoral", told.sectoral)):
        for level in cells.levels(role):
            units = _units(ready, finest, level)
            seen = (units >= 0) & (told.lowest >= level)
            if seen.any():
                yield units[seen], seen


def _of_level(units: np.ndarray, told: _Told, in_window: np.ndarray, ready: Prepared) -> pd.DataFrame:
    unit, day, n = _daily(units, told.day)
    begins = np.flatnonzero(np.diff(unit, prepend=-1))
    here, first = unit[begins], day[begins]
    bounds = np.append(begins, len(unit))
    place = np.searchsorted(here, units)
    pairs = _pairs(day - np.repeat(first, np.diff(bounds)), n)
    return pd.DataFrame(
        {
            "cell_id": ready.counts.cells.cell_id[here],
            "first_day": first.astype("datetime64[D]").astype(str).astype(object),
            "days": _joined(pairs, bounds, " "),
            "hours": _table(place * 24 + told.hour, len(here), 24),
            "weekdays": _table(place * 7 + (told.day + _MONDAY) % 7, len(here), 7),
            "classes": _classes(place[in_window], told.node[in_window], len(here), told.words),
        }
    )


def _daily(units: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(unit, day, incidents) of every pair that occurs, ordered by unit and day."""
    if not len(units):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    first = int(days.min())
    span = int(days.max()) - first + 1
    keys, n = np.unique(units * span + (days - first), return_counts=True)
    return keys // span, keys % span + first, n


def _pairs(left: np.ndarray, right: np.ndarray) -> pa.Array:
    """Texts "left:right"."""
    return pc.binary_join_element_wise(pc.cast(pa.array(left), "string"), pc.cast(pa.array(right), "string"), ":")


def _joined(texts: pa.Array, bounds: np.ndarray, between: str) -> np.ndarray:
    """One text for each stretch of *texts* from one of *bounds* to the next."""
    lists = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), texts)
    return pc.binary_join(lists, between).to_numpy(zero_copy_only=False)


def _table(keys: np.ndarray, n_rows: int, width: int) -> np.ndarray:
    """How often each key occurs, as one text of *width* numbers for each row."""
    found = np.bincount(keys, minlength=n_rows * width)
    return _joined(pc.cast(pa.array(found), "string"), np.arange(0, len(found) + 1, width), " ")


def _classes(place: np.ndarray, node: np.ndarray, n_rows: int, words: list[str]) -> np.ndarray:
    """JSON {class: incidents} for each of the rows, the most frequent class first."""
    keys, n = np.unique(place * max(1, len(words)) + node, return_counts=True)
    row, of_class = keys // max(1, len(words)), keys % max(1, len(words))
    order = np.lexsort((of_class, -n, row))
    names = pa.array(np.array(words, dtype=object), pa.string()).take(pa.array(of_class[order]))
    pairs = pc.binary_join_element_wise(names, pc.cast(pa.array(n[order]), "string"), ": ")
    bounds = np.searchsorted(row[order], np.arange(n_rows + 1))
    inside = pa.array(_joined(pairs, bounds, ", "), pa.string())
    return pc.binary_join_element_wise("{", inside, "}", "").to_numpy(zero_copy_only=False)
