"""Counts of many batches as one, in little memory: words as numbers, sums now and then rather than after each batch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from ..cube import COUNT_KEYS, COUNT_VALUES, Cells, Counts, bin_start
from .refusals import refusal

_MERGED_AT = 2_000_000
"""Rows of counts that wait before they are summed."""
_WORDS = ("category", "source", "kind")
_NUMBERS = {"cell": np.int32, "bin": np.int32, "reported_bin": np.int32, "count": np.int32, "distinct": np.int32}
_NUMBERS |= {"also": np.int32, "severity_sum": np.float64}
_Columns = dict[str, np.ndarray]


class Sums:
    """The sum of counts on the same cells and in the same bins."""

    def __init__(self, bin: str):
        self.bin = bin
        self.cells: Cells | None = None
        self.bins: list[tuple[int, int]] = []
        self._known: dict[str, dict[str, int]] = {name: {} for name in _WORDS}
        self._waiting: list[_Columns] = []

    def add(self, counts: Counts) -> None:
        """Take one batch more."""
        self.cells = counts.cells
        self.bins.append((counts.first_bin, counts.end_bin))
        self._waiting.append(self._coded(counts.table))
        if sum(_length(c) for c in self._waiting[1:]) > _MERGED_AT + _length(self._waiting[0]):
            self._waiting = [_summed(self._waiting)]

    def total(self) -> Counts:
        """All of them as one, ordered by their keys."""
        if self.cells is None:
            raise refusal("E-RUN-111", where="counts")
        for name in _WORDS:
            self._in_order(name)
        summed = _summed(self._waiting)
        self._waiting = []
        table = pd.DataFrame({name: self._column(name, summed.pop(name)) for name in list(summed)}, copy=False)
        covering = [(first, end) for first, end in self.bins if end > first] or self.bins[:1]
        first, end = min(first for first, _ in covering), max(end for _, end in covering)
        return Counts(table, self.cells, self.bin, first, end)

    def _coded(self, table: pd.DataFrame) -> _Columns:
        columns: _Columns = {}
        for name in _WORDS:
            where, distinct = pd.factorize(table[name])
            known = self._known[name]
            codes = [known.setdefault(str(word), len(known)) for word in distinct]
            columns[name] = np.array(codes, np.int32)[where]
        return columns | {name: table[name].to_numpy(kind) for name, kind in _NUMBERS.items() if name in table}

    def _in_order(self, name: str) -> None:
        """Number the words in their own order, so that rows ordered by number are ordered by word."""
        known = self._known[name]
        rank = np.empty(len(known), np.int32)
        ordered = sorted(known)
        rank[[known[word] for word in ordered]] = np.arange(len(known))
        for columns in self._waiting:
            columns[name] = rank[columns[name]]
        self._known[name] = {word: number for number, word in enumerate(ordered)}

    def _column(self, name: str, values: np.ndarray) -> pd.Series:
        if name in _WORDS:
            return pa.array(list(self._known[name]), pa.large_string()).take(pa.array(values)).to_pandas()
        return pd.Series(values if values.dtype == np.float64 else values.astype(np.int64))


def table_of(counts: Counts) -> pd.DataFrame:
    """Counts for people and other programs, one row per class, source, kind, unit and bin, whenever it was reported.

    Columns `category, source, kind, cell_id, cell_name, unit_level, role, bin_start, count, severity_sum`; `bin_start`
    is local.
    """
    keys = [name for name in COUNT_KEYS if name != "reported_bin"]
    sums = counts.table.groupby(keys, observed=True, sort=True)[["count", "severity_sum"]].sum().reset_index()
    sums = sums[sums["count"] > 0].reset_index(drop=True)
    cells, rows = counts.cells, sums["cell"].to_numpy()
    unit = "h" if counts.bin == "hour" else "D"
    starts = bin_start(sums["bin"].to_numpy(), counts.bin).astype(f"datetime64[{unit}]")
    return pd.DataFrame(
        {
            **{name: sums[name] for name in _WORDS},
            "cell_id": cells.cell_id[rows],
            "cell_name": cells.name[rows],
            "unit_level": cells.unit_level[rows],
            "role": cells.role[rows],
            "bin_start": np.datetime_as_string(starts, "m" if unit == "h" else "D"),
            **{name: sums[name] for name in ("count", "severity_sum")},
        }
    )


def _length(columns: _Columns) -> int:
    return len(columns["cell"])


def _summed(parts: list[_Columns]) -> _Columns:
    """Rows with equal keys become one; order is by key."""
    names = [*COUNT_KEYS, *(name for name in COUNT_VALUES if any(name in part for part in parts))]
    columns = {name: np.concatenate([_values(part, name) for part in parts]) for name in names}
    if not _length(columns):
        return columns
    order, starts = _groups([columns[name] for name in COUNT_KEYS])
    for name in names:
        ordered = columns[name][order]
        columns[name] = ordered[starts] if name in COUNT_KEYS else np.add.reduceat(ordered, starts)
    return columns


def _values(part: _Columns, name: str) -> np.ndarray:
    return part[name] if name in part else np.zeros(_length(part), _NUMBERS[name])


def _groups(keys: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(order by all keys, where in it each new combination starts)."""
    least = [int(key.min()) for key in keys]
    sizes = [int(key.max()) - low + 1 for key, low in zip(keys, least, strict=True)]
    if np.prod([float(size) for size in sizes]) < 2.0**62:  # all of them in one number
        packed = np.zeros(len(keys[0]), np.int64)
        for key, low, size in zip(keys, least, sizes, strict=True):
            packed *= size
            packed += key - low
        keys = [packed]
    order = np.argsort(keys[0], kind="stable") if len(keys) == 1 else np.lexsort(keys[::-1])
    new = np.zeros(len(order), bool)
    new[:1] = True
    for key in keys:
        ordered = key[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(new)
