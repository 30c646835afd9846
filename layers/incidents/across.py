"""One event told by several sources: same class subtree, near in place and time, another source.

Rows are taken in order of time. A row is a duplicate of an earlier one if both are at most *metres* and *minutes*
apart, their classes agree (the same first two levels, or one class contains the other), their sources differ, and no
other row of its source was yet taken for the same event: ten calls and five police reports of one burst pipe are ten
events told once each, five of them confirmed. What a row becomes depends on earlier rows only, so later data change
nothing. Rows without a class, or whose time is a bare date, are never dropped; such
pairs, and pairs within twice the distance and twice the time, are near misses: told, and kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

REACH = 2.0
"""Near misses lie within this many times the distance and the time."""
_MOST_EARLIER = 24
_PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)


@dataclass(frozen=True)
class Across:
    """`kept`: (n,) the row each is a duplicate of, -1 where it stays; `near`: pairs `row, other, metres, minutes`."""

    kept: np.ndarray
    near: pd.DataFrame

    @property
    def dropped(self) -> np.ndarray:
        """(n,) bool: rows told by another source already."""
        return self.kept >= 0


def find_across_sources(
    x: np.ndarray,
    y: np.ndarray,
    seconds: np.ndarray,
    categories: pd.Series,
    sources: pd.Series,
    *,
    metres: float,
    minutes: float,
    vague: np.ndarray | None = None,
    unclassified: str = "未分类",
) -> Across:
    """Rows that tell of an event another source told before.

    Parameters
    ----------
    x, y : (n,) metres; seconds : (n,) since any epoch; categories : (n,) paths joined by "/"; sources : (n,) text, ""
        unknown. vague : (n,) bool, rows whose time of day is not known. metres, minutes : both inclusive; 0 finds none.
    """
    n = len(x)
    nothing = Across(np.full(n, -1, np.int64), _near_table(np.zeros((0, 2), np.int64), x, y, np.asarray(seconds)))
    source, _ = pd.factorize(sources)
    known = np.isfinite(x) & np.isfinite(y) & (np.asarray(sources) != "")
    if metres <= 0 or minutes <= 0 or len(np.unique(source[known])) < 2:
        return nothing
    top, second, no_class = _class_codes(categories, unclassified)
    rows = np.flatnonzero(known)
    whole = np.floor(np.asarray(seconds, float)).astype(np.int64)
    pairs = rows[_neighbours(x[rows], y[rows], whole[rows], top[rows], source[rows], metres, minutes)]
    earlier, later = pairs[:, 0], pairs[:, 1]
    alike = (second[earlier] == second[later]) | (second[earlier] < 0) | (second[later] < 0)
    earlier, later = earlier[alike], later[alike]
    apart = np.hypot(x[earlier] - x[later], y[earlier] - y[later])
    wait = whole[later] - whole[earlier]
    doubtful = no_class | (np.zeros(n, bool) if vague is None else np.asarray(vague, bool))
    sure = (apart <= metres) & (wait <= minutes * 60) & ~doubtful[earlier] & ~doubtful[later]
    order = np.lexsort((earlier, apart, wait, later, whole[later]))
    kept, told = _match(earlier[order], later[order], sure[order], source, n)
    near = np.array(told, np.int64).reshape(-1, 2)
    return Across(kept, _near_table(near, x, y, whole))


def also_sources(kept: np.ndarray, sources: pd.Series) -> pd.Series:
    """Per row the further sources that told of the same event, joined by ";", "" for none; duplicates have none."""
    rows = np.flatnonzero(kept >= 0)
    others = pd.Series("", index=range(len(kept)), dtype=object)
    if len(rows):
        told = pd.Series(np.asarray(sources)[rows]).groupby(kept[rows]).agg(lambda names: ";".join(sorted(set(names))))
        others.loc[told.index] = told.to_numpy()
    return others.set_axis(sources.index)


def _class_codes(categories: pd.Series, unclassified: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per row: code of the first level, code of the first two (-1 where there is one only), whether it has no class."""
    where, distinct = pd.factorize(categories)
    paths = [str(name).split("/") for name in distinct]
    top, _ = pd.factorize(np.array([path[0] for path in paths], object))
    second, _ = pd.factorize(np.array(["/".join(path[:2]) for path in paths], object))
    deep = np.array([len(path) > 1 for path in paths], bool)
    none = np.array([path[0] == unclassified for path in paths], bool)
    return top[where].astype(np.int64), np.where(deep, second, -1)[where], none[where]


def _neighbours(
    x: np.ndarray,
    y: np.ndarray,
    seconds: np.ndarray,
    top: np.ndarray,
    source: np.ndarray,
    metres: float,
    minutes: float,
) -> np.ndarray:
    """(k, 2) pairs (earlier, later) of other sources and one first-level class within `REACH` times both limits.

    Rows are put into squares as wide as the reach; the rows of a square stand in order of time, so the earlier ones
    in reach are one slice of it. Of a square at most the last few are looked at: a crowd costs no more than that.
    """
    reach, wait = metres * REACH, int(np.ceil(minutes * 60 * REACH))
    east = np.floor((x - x.min()) / reach).astype(np.uint64)
    north = np.floor((y - y.min()) / reach).astype(np.uint64)
    with np.errstate(over="ignore"):  # a linear hash, modulo 2**64: a neighbour's key is a sum
        keys = top.astype(np.uint64) * _PRIMES[0] + east * _PRIMES[1] + north * _PRIMES[2]
    squares, own = np.unique(keys, return_inverse=True)
    moment = seconds - seconds.min()
    span = int(moment.max()) + wait + 1
    place = own * span + moment
    order = np.argsort(place, kind="stable")
    sorted_places = place[order]
    parts = []
    for step_x in (-1, 0, 1):
        for step_y in (-1, 0, 1):
            with np.errstate(over="ignore"):
                moved = squares + np.uint64(step_x % 2**64) * _PRIMES[1] + np.uint64(step_y % 2**64) * _PRIMES[2]
            at = np.minimum(np.searchsorted(squares, moved), len(squares) - 1)
            rows = order[(squares[at] == moved)[own[order]]]
            base = at[own[rows]] * span
            end = np.searchsorted(sorted_places, base + moment[rows], side="right")
            start = np.searchsorted(sorted_places, base + np.maximum(moment[rows] - wait, 0))
            parts.append(_pairs(rows, np.maximum(start, end - _MOST_EARLIER), end, order, moment, source, x, y, reach))
    return np.concatenate(parts)


def _pairs(
    rows: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    order: np.ndarray,
    moment: np.ndarray,
    source: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    reach: float,
) -> np.ndarray:
    """The (earlier, later) of *rows* with the rows at the places *start* to *end* of *order*, those that are near."""
    many = np.maximum(end - start, 0)
    later = np.repeat(rows, many)
    first = np.repeat(start - np.concatenate([[0], np.cumsum(many)[:-1]]), many)
    earlier = order[np.arange(len(later)) + first]
    before = (moment[earlier] < moment[later]) | ((moment[earlier] == moment[later]) & (earlier < later))
    picked = before & (source[earlier] != source[later])
    earlier, later = earlier[picked], later[picked]
    near = np.hypot(x[earlier] - x[later], y[earlier] - y[later]) <= reach
    return np.column_stack([earlier[near], later[near]])


def _match(
    earlier: np.ndarray, later: np.ndarray, sure: np.ndarray, source: np.ndarray, n: int
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Each row to the nearest earlier one that has no report of its source yet; (kept, near misses)."""
    kept = np.full(n, -1, np.int64)
    taken: set[tuple[int, int]] = set()
    doubts: dict[int, int] = {}
    for i, j, certain in zip(earlier.tolist(), later.tolist(), sure.tolist(), strict=True):
        if kept[i] >= 0 or kept[j] >= 0 or (i, int(source[j])) in taken:
            continue
        if certain:
            kept[j] = i
            taken.add((i, int(source[j])))
            doubts.pop(j, None)
        else:
            doubts.setdefault(j, i)
    near, seen = [], set()
    for j, i in doubts.items():
        if kept[j] < 0 and (i, int(source[j])) not in taken and (i, int(source[j])) not in seen:
            seen.add((i, int(source[j])))
            near.append((j, i))
    return kept, near


def _near_table(near: np.ndarray, x: np.ndarray, y: np.ndarray, seconds: np.ndarray) -> pd.DataFrame:
    row, other = near[:, 0], near[:, 1]
    return pd.DataFrame(
        {
            "row": row,
            "other": other,
            "metres": np.round(np.hypot(x[row] - x[other], y[row] - y[other]), 1),
            "minutes": np.round((seconds[row] - seconds[other]) / 60, 1),
        }
    )
