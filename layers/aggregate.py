"""Incidents and their cells -> counts by class, source, kind, unit and bin. A batch at a time; batches add up."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from ..cube import ROOT_CELL, Cells, Counts, bin_of, sum_counts
from .overlay import coordinates_of
from .refusals import refusal

ROLES = ("territorial", "sectoral")
POLICIES = ("city", "keep", "spread")
_NAMED_ROWS, _NAMED_CLASSES = 20, 5  # from which a spot is a place's middle rather than an address
_LOOK_BACK = 8  # counted reports of one square looked at; more within one wait would have to lie apart
_GOLDEN = (5**0.5 - 1) / 2


def count_incidents(
    incidents: gpd.GeoDataFrame,
    assigned: np.ndarray,
    cells: Cells,
    *,
    bin: str = "day",
    timezone: str = "Asia/Shanghai",
    default_points: np.ndarray | None = None,
    policy: str = "city",
    burst_metres: float = 30.0,
    burst_minutes: float = 60.0,
) -> Counts:
    """Count incidents per class, source, kind, finest unit, bin of occurrence and bin of report; once in each role.

    Parameters
    ----------
    incidents : the incident table, geometry in the working CRS (metres), times timezone-aware.
    assigned : (n_incidents, n_roles) rows of *cells*, -1 outside, as `assign_cells` gives them.
    default_points : (n_incidents,) bool, rows whose place is a geocoder's fall-back; None for none.
    policy : what those count for. `city`: the row of CITY, no unit below, no sectoral unit. `keep`: where they lie.
        `spread`: dealt out over the finest territorial units in proportion to the other rows of their class.
    burst_metres, burst_minutes : a report within both of an earlier one of its class adds nothing to `distinct`.
        Reports at default points and at the middle of a named place are all distinct, since their place is not true.
        Bursts are told within this batch.

    Rows in no cell are not counted, except at default points under `city` and `spread`: a false place outside every
    cell says nothing of the true one. The bins covered are those of all rows. A row without a time of report counts as
    reported when it occurred. Raises InputError for an unknown policy or arrays of another length.
    """
    n = len(incidents)
    false_place = np.zeros(n, dtype=bool) if default_points is None else np.asarray(default_points, dtype=bool)
    if policy not in POLICIES or assigned.shape[0] != n or len(false_place) != n:
        raise refusal(
            "E-RUN-004",
            where="count_incidents",
            n=n,
            n_assigned=len(assigned),
            n_marks=len(false_place),
            policy=policy,
            policies=", ".join(POLICIES),
        )
    times = bin_of(incidents["time"], bin, timezone) if n else np.zeros(0, dtype=np.int64)
    placed = place_rows(incidents, np.asarray(assigned, dtype=np.int64), cells, false_place, policy)
    facts, words = _facts(incidents, times, bin, timezone)
    words["source"] = _with_confirming(words["source"], incidents)
    moments = _seconds(incidents["time"])
    x, y = coordinates_of(incidents.geometry.to_numpy())
    precise = ~false_place & ~at_named_places(x, y, facts["category"].to_numpy())
    parts = []
    for column in range(placed.shape[1]):
        rows = np.flatnonzero(placed[:, column] >= 0)
        at = rows[precise[rows]]
        codes = facts["category"].to_numpy()[at]
        distinct = np.ones(n, dtype=np.int64)
        distinct[at] = first_of_bursts(x[at], y[at], moments[at], codes, burst_metres, burst_minutes)
        parts.append(facts.iloc[rows].assign(cell=placed[rows, column], distinct=distinct[rows]))
        parts.extend(_confirmations(incidents, parts[-1], rows, words["source"]))
    table = sum_counts(pd.concat(parts, ignore_index=True))
    for name, known in words.items():
        table[name] = pd.Series(known[table[name].to_numpy(dtype=np.int64)], dtype=str)
    first, end = (int(times.min()), int(times.max()) + 1) if n else (0, 0)
    return Counts(table, cells, bin, first, end)


def _facts(
    incidents: gpd.GeoDataFrame, times: np.ndarray, bin: str, timezone: str
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The columns of counts that do not depend on the place, text as numbers in its order, and the texts themselves."""
    reported = times.copy()
    if "reported_time" in incidents:
        known = incidents["reported_time"].notna().to_numpy()
        if known.any():
            reported[known] = bin_of(incidents["reported_time"][known], bin, timezone)
    facts = pd.DataFrame({"bin": times, "reported_bin": reported, "count": np.ones(len(times), dtype=np.int64)})
    facts["severity_sum"] = incidents["severity"].to_numpy(float) if "severity" in incidents else 1.0
    words = {}
    for name in ("category", "source", "kind"):
        facts[name], known = pd.factorize(incidents[name], sort=True)
        words[name] = np.asarray(known, dtype=object)
    return facts, words


def _with_confirming(sources: np.ndarray, incidents: gpd.GeoDataFrame) -> np.ndarray:
    """*sources* and, behind them, those that only confirm what others told."""
    if "also_sources" not in incidents:
        return sources
    told = {name for names in incidents["also_sources"].unique() for name in str(names).split(";") if name}
    return np.array([*sources, *sorted(told - set(sources))], dtype=object)


def _confirmations(
    incidents: gpd.GeoDataFrame, counted: pd.DataFrame, rows: np.ndarray, sources: np.ndarray
) -> list[pd.DataFrame]:
    """For every source in `also_sources` a row that counts nothing but `also`: the event it told of too."""
    if "also_sources" not in incidents or not (incidents["also_sources"] != "").any():
        return []
    told = incidents["also_sources"].to_numpy()[rows]
    where = np.flatnonzero(told != "")
    names = [str(names).split(";") for names in told[where]]
    codes = {name: code for code, name in enumerate(sources)}
    again = counted.iloc[np.repeat(where, [len(n) for n in names])]
    nothing = {"count": 0, "severity_sum": 0.0, "distinct": 0, "also": 1}
    return [again.assign(source=[codes[name] for own in names for name in own], **nothing)]


def place_rows(
    incidents: gpd.GeoDataFrame, assigned: np.ndarray, cells: Cells, false_place: np.ndarray, policy: str
) -> np.ndarray:
    """*assigned* with the rows of default points put where the policy wants them."""
    if policy == "keep" or not false_place.any():
        return assigned
    placed = assigned.copy()
    placed[false_place] = -1
    if policy == "city":
        placed[false_place, 0] = int(np.flatnonzero(cells.cell_id == ROOT_CELL)[0])
    else:
        rows = np.flatnonzero(false_place)
        placed[rows, 0] = _spread(incidents["category"], rows, assigned[:, 0], false_place, cells)
    return placed


def _spread(
    categories: pd.Series, rows: np.ndarray, assigned: np.ndarray, false_place: np.ndarray, cells: Cells
) -> np.ndarray:
    """A unit for each of *rows*, in proportion to where the other rows of their class lie.

    Row k of a class takes the unit at the k-th fraction of a golden-ratio sequence along the cumulated counts: no draw,
    the same every time, even in place and in order. A class seen nowhere else follows all classes, then the areas.
    """
    codes, _ = pd.factorize(categories)
    others = np.flatnonzero(~false_place & (assigned >= 0))
    finest = np.flatnonzero((cells.role == "territorial") & ~np.isin(np.arange(len(cells)), cells.parent))
    overall = np.bincount(assigned[others], minlength=len(cells)).astype(float)
    if not overall.any():
        overall[finest] = cells.areas[finest]
    answer = np.empty(len(rows), dtype=np.int64)
    for code in np.unique(codes[rows]):
        own = np.flatnonzero(codes[rows] == code)
        alike = np.bincount(assigned[others[codes[others] == code]], minlength=len(cells)).astype(float)
        edges = np.cumsum(alike if alike.any() else overall)
        fractions = np.mod((np.arange(len(own)) + 0.5) * _GOLDEN, 1.0)
        answer[own] = np.searchsorted(edges, fractions * edges[-1], side="right")
    return answer


def at_named_places(x: np.ndarray, y: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(n,) bool: rows on a spot (to a decimetre) with many rows of many classes: a street or a village, not an address.

    Cities that geocode to the middle of a place put unrelated reports on one spot: they are no burst.
    """
    spots = pd.DataFrame({"x": np.round(x, 1), "y": np.round(y, 1), "code": codes})
    grouped = spots.groupby(["x", "y"], dropna=True)["code"]
    named = (grouped.transform("size") >= _NAMED_ROWS) & (grouped.transform("nunique") >= _NAMED_CLASSES)
    return named.to_numpy(dtype=bool, na_value=False)


def first_of_bursts(
    x: np.ndarray, y: np.ndarray, seconds: np.ndarray, codes: np.ndarray, metres: float, minutes: float
) -> np.ndarray:
    """(n,) bool: reports with no counted one of the same class within *metres* and *minutes* before (both inclusive).

    *x, y* in metres, *seconds* since any epoch, *codes* whole numbers, one per class; all (n,). Of equal times the
    earlier row is the earlier report. Only a report that was counted starts a burst, so one that goes on
    counts again after *minutes*. A report without a place is distinct.
    """
    located = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    distinct = np.ones(len(x), dtype=bool)
    if metres <= 0 or minutes <= 0 or not len(located):
        return distinct
    picked = located[np.argsort(seconds[located], kind="stable")]
    spots = x[picked], y[picked], seconds[picked], codes[picked]
    chained = _has_earlier(*spots, metres, minutes * 60.0)
    distinct[picked[_repeats(*spots, metres, minutes * 60.0, chained)]] = False
    return distinct


def _repeats(
    x: np.ndarray,
    y: np.ndarray,
    seconds: np.ndarray,
    codes: np.ndarray,
    metres: float,
    wait: float,
    chained: np.ndarray,
) -> np.ndarray:
    """Of the *chained* rows, in order of time, those near a report that was itself counted."""
    east, north = (np.floor((v - v.min()) / metres).astype(np.int64) + 1 for v in (x, y))
    key = (codes.astype(np.int64) << 44) + (east << 22) + north
    around = np.array([(i << 22) + j for i in (-1, 0, 1) for j in (-1, 0, 1)])
    concerned = np.flatnonzero(np.isin(key, np.unique(key[chained][:, None] + around)))
    repeats = np.zeros(len(x), dtype=bool)
    counted: dict[int, list[int]] = {}
    for row in concerned.tolist():
        near = (other for step in around for other in counted.get(int(key[row] + step), ())[-_LOOK_BACK:])
        repeats[row] = any(
            seconds[row] - seconds[other] <= wait and np.hypot(x[row] - x[other], y[row] - y[other]) <= metres
            for other in near
        )
        if not repeats[row]:
            counted.setdefault(int(key[row]), []).append(row)
    return repeats


def _seconds(times: pd.Series) -> np.ndarray:
    moments = pd.DatetimeIndex(times).tz_convert("UTC").tz_localize(None)
    return moments.to_numpy(dtype="datetime64[us]").astype(np.int64) / 1e6


def _has_earlier(
    x: np.ndarray, y: np.ndarray, seconds: np.ndarray, codes: np.ndarray, metres: float, wait: float
) -> np.ndarray:
    """Rows, in order of time, with an earlier row of the same code near in place and time.

    Two rows this near share a square of twice the distance in at least one of four lattices, each shifted by half a
    square. Within a square each row is compared with the one before, and on until one is near or too old.
    """
    found = np.zeros(len(x), dtype=bool)
    for shift_x in (0.0, 0.5):
        for shift_y in (0.0, 0.5):
            east = np.floor((x - x.min()) / (2 * metres) + shift_x).astype(np.int64)
            north = np.floor((y - y.min()) / (2 * metres) + shift_y).astype(np.int64)
            key = (codes.astype(np.int64) << 44) + (east << 22) + north
            order = np.argsort(key, kind="stable")  # rows of one square stay in order of time
            key = key[order]
            place = np.flatnonzero(~found[order])
            for lag in range(1, len(x)):
                place = place[place >= lag]
                place = place[key[place] == key[place - lag]]
                row, other = order[place], order[place - lag]
                recent = seconds[row] - seconds[other] <= wait
                place, row, other = place[recent], row[recent], other[recent]
                near = (np.hypot(x[row] - x[other], y[row] - y[other]) <= metres) & (codes[row] == codes[other])
                found[row[near]] = True
                place = place[~near]
                if not len(place):
                    break
    return found
