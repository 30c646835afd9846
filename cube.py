"""Counts of incidents by class, unit and time, and the dense cube that models see. Numbers only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from .errors import InputError

ALL_CLASSES = "全部"
"""The root of the class tree."""

ROOT_CELL = "CITY"
"""The `cell_id` of the synthetic root unit, at `unit_level` 0."""

BIN_HOURS = {"hour": 1, "day": 24, "week": 168}
_MONDAY = 4 * 24  # 1970-01-01 was a Thursday; weeks start on Monday


def bin_of(times: pd.Series | pd.DatetimeIndex, bin: str, timezone: str) -> np.ndarray:
    """Number of the bin each timezone-aware time falls in: whole local hours, days or Monday weeks since 1970.

    Returns an (n,) int64 array. Missing times are not allowed.
    """
    local = pd.DatetimeIndex(times).tz_convert(timezone).tz_localize(None)
    hours = local.to_numpy(dtype="datetime64[h]").astype(np.int64)
    return (hours - _MONDAY) // 168 if bin == "week" else hours // BIN_HOURS[bin]


def bin_start(numbers: np.ndarray | int, bin: str) -> np.ndarray:
    """Local wall-clock start of each bin, datetime64[h]; the inverse of `bin_of`."""
    hours = np.asarray(numbers, dtype=np.int64) * BIN_HOURS[bin] + (_MONDAY if bin == "week" else 0)
    return hours.astype("datetime64[h]")


def ancestors_of(category: str) -> list[str]:
    """Every class-tree node a class counts for, from the root down: 'a/b' -> ['全部', 'a', 'a/b']."""
    parts = category.split("/")
    return [ALL_CLASSES, *("/".join(parts[: i + 1]) for i in range(len(parts)))]


@dataclass(frozen=True)
class Cells:
    """What models may know of units: numbers and names, every level and role, one row each (n = all units).

    `parent` holds row numbers, -1 for the root and for sectoral units. `centres` are metres in the working
    CRS, `areas` km². `contiguity` is (n, n) binary CSR without diagonal; it links units of one role and level only.
    `overlap` is (n, n) binary CSR, symmetric: units of different roles that share ground; None where there is one role.
    `borders` is (n, n) CSR, the metres of border that two units share (0 at a corner); None where not known.
    """

    cell_id: np.ndarray
    name: np.ndarray
    unit_level: np.ndarray
    parent: np.ndarray
    role: np.ndarray
    centres: np.ndarray
    areas: np.ndarray
    exposure: np.ndarray
    contiguity: sparse.csr_matrix
    overlap: sparse.csr_matrix | None = None
    borders: sparse.csr_matrix | None = None

    def __len__(self) -> int:
        return len(self.cell_id)

    def rows_at(self, unit_level: int, role: str = "territorial") -> np.ndarray:
        """Row numbers of the units of one level and role."""
        return np.flatnonzero((self.unit_level == unit_level) & (self.role == role))

    def levels(self, role: str = "territorial") -> list[int]:
        """The unit levels that exist in a role, coarsest first."""
        return sorted({int(v) for v in self.unit_level[self.role == role]})

    @cached_property
    def lineage(self) -> np.ndarray:
        """(n, n_levels) row number of each unit's ancestor at each level (itself at its own), -1 where none."""
        table = np.full((len(self), int(self.unit_level.max()) + 1), -1, dtype=np.int64)
        current = np.arange(len(self))
        for _ in range(table.shape[1]):
            alive = current >= 0
            rows = np.flatnonzero(alive)
            table[rows, self.unit_level[current[rows]]] = current[rows]
            current = np.where(alive, self.parent[np.maximum(current, 0)], -1)
        return table

    def subset(self, rows: np.ndarray) -> Cells:
        """The units in *rows*, in that order; parents outside become -1."""
        place = np.full(len(self) + 1, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        picked = {
            name: getattr(self, name)[rows]
            for name in ("cell_id", "name", "unit_level", "role", "centres", "areas", "exposure")
        }
        overlap, borders = (
            None if links is None else links[rows][:, rows].tocsr() for links in (self.overlap, self.borders)
        )
        return Cells(
            **picked,
            parent=place[self.parent[rows]],
            contiguity=self.contiguity[rows][:, rows].tocsr(),
            overlap=overlap,
            borders=borders,
        )


TIME_FACTORS = ("valid", "day_type", "lunar_offset", "festival", "load", "doubt", "baseline", "regime", "hours")
"""Factors of a cube that hold one value per bin."""


@dataclass(frozen=True)
class SpaceTimeCube:
    """One class on one level of units: what every model sees, and nothing else.

    counts : (n_times, n_cells) incidents; bins : (n_times,) local starts, datetime64; cells : (n_cells,) text ids;
    centres : (n_cells, 2) metres; areas : (n_cells,) km²; contiguity : (n_cells, n_cells) binary CSR, no diagonal;
    parents : (n_cells,) integer group, equal for siblings; exposure : (n_cells,) population or other, 0 unknown;
    factors : optional covariates by name, among them `valid` (n_times,) bool, False where data were not reported,
    `context` (n_cells,) text, the parent's id, `class_mix` (n_cells, n_classes) incidents of each class.
    bin : "hour", "day" or "week"; borders : (n_cells, n_cells) CSR, the
    metres of border that two cells share, None where not known.

    What a calendar may add, (n_times,) each (`TIME_FACTORS`): `day_type` text; `lunar_offset` days from the nearest
    Spring Festival; `festival` a code, equal for the same festival day of every year, 0 for none; `load` what is usual
    is multiplied by (a festival's effect, or the share already reported), with relative variance `doubt`; `baseline`
    bool, False where a bin makes no baseline; `regime` the first bin of the cube that a bin may be compared with;
    `hours` the factor of an hour in the day of its kind, of all classes together.
    """

    counts: np.ndarray
    bins: np.ndarray
    cells: np.ndarray
    centres: np.ndarray
    areas: np.ndarray
    contiguity: sparse.csr_matrix
    parents: np.ndarray
    exposure: np.ndarray
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    bin: str = "day"
    borders: sparse.csr_matrix | None = None

    @property
    def n_times(self) -> int:
        return self.counts.shape[0]

    @property
    def n_cells(self) -> int:
        return self.counts.shape[1]

    @property
    def valid(self) -> np.ndarray:
        """(n_times,) bool: bins whose data are believed complete."""
        return self.factors.get("valid", np.ones(self.n_times, dtype=bool))

    def window(self, n_bins: int) -> SpaceTimeCube:
        """The last *n_bins* bins."""
        return self.between(max(self.n_times - n_bins, 0), self.n_times)

    def between(self, first: int, end: int) -> SpaceTimeCube:
        """Bins *first* to *end* (exclusive), by position."""
        factors = {name: values[first:end] if name in TIME_FACTORS else values for name, values in self.factors.items()}
        if "regime" in factors:
            factors["regime"] = np.maximum(factors["regime"] - first, 0)
        return replace(self, counts=self.counts[first:end], bins=self.bins[first:end], factors=factors)

    def with_time_factors(self, factors: Mapping[str, np.ndarray], first: int = 0) -> SpaceTimeCube:
        """With further *factors* of `TIME_FACTORS`, of which this cube's bins are those from position *first* on."""
        cut = {name: values[first : first + self.n_times] for name, values in factors.items()}
        if "regime" in cut:
            cut["regime"] = np.maximum(cut["regime"] - first, 0)
        return replace(self, factors={**self.factors, **cut})

    def totals(self) -> np.ndarray:
        """(1, n_cells) sum over all bins, as a cube of one bin would hold it."""
        return self.counts.sum(axis=0, keepdims=True)

    def take_cells(self, order: np.ndarray) -> SpaceTimeCube:
        """The cells in *order* (a permutation or a subset)."""
        factors = {name: v[order] if name in ("context", "class_mix") else v for name, v in self.factors.items()}
        return replace(
            self,
            counts=self.counts[:, order],
            cells=self.cells[order],
            centres=self.centres[order],
            areas=self.areas[order],
            contiguity=self.contiguity[order][:, order].tocsr(),
            parents=self.parents[order],
            exposure=self.exposure[order],
            factors=factors,
            borders=None if self.borders is None else self.borders[order][:, order].tocsr(),
        )


COUNT_KEYS = ["category", "source", "kind", "cell", "bin", "reported_bin"]
COUNT_VALUES = ["count", "severity_sum", "distinct", "also"]


@dataclass(frozen=True)
class Counts:
    """Incidents by class, source, kind, unit and bin: sparse, and an associative sum over batches.

    `table` has the columns `category, source, kind, cell, bin, reported_bin, count, severity_sum, distinct`; `cell`
    is a row of `cells`, `bin` a number of `bin_of`. `distinct` counts bursts of reports from one spot once
    (never more than `count`). `also`, where sources confirm each other, counts the incidents this source told of too
    though they are counted under another one: such a row adds nothing else.
    Covered are the bins from `first_bin` to `end_bin` (exclusive), also empty ones.
    """

    table: pd.DataFrame
    cells: Cells
    bin: str
    first_bin: int
    end_bin: int

    def __add__(self, other: Counts) -> Counts:
        """The sum of two batches counted on the same cells and bins."""
        if self.bin != other.bin or not np.array_equal(self.cells.cell_id, other.cells.cell_id):
            raise InputError(
                "two batches were counted on different cells or bins",
                where=f"{self.bin}/{other.bin}",
                fix="Count both with the same cells and the same bin.",
            )
        table = sum_counts(pd.concat([self.table, other.table], ignore_index=True))
        if self.first_bin == self.end_bin or other.first_bin == other.end_bin:  # a batch of no rows covers no bins
            covering = other if self.first_bin == self.end_bin else self
            return replace(covering, table=table)
        first, end = min(self.first_bin, other.first_bin), max(self.end_bin, other.end_bin)
        return replace(self, table=table, first_bin=first, end_bin=end)

    def until(self, as_of: np.datetime64 | pd.Timestamp | str) -> Counts:
        """Cut at the moment of decision, an exclusive local instant, by occurrence *and* by report.

        The only place where the future is removed. Of a bin that *as_of* splits nothing is kept.
        """
        wall = pd.Timestamp(as_of).tz_localize(None)  # a time zone, if named, is the city's own
        hours = np.datetime64(wall, "h").astype(np.int64)
        end = max(int(hours - (_MONDAY if self.bin == "week" else 0)) // BIN_HOURS[self.bin], self.first_bin)
        known = (self.table["bin"] < end) & (self.table["reported_bin"] < end)
        return replace(self, table=self.table[known], end_bin=end)

    def since(self, first_bin: int) -> Counts:
        """Only the bins from *first_bin* on."""
        first = max(first_bin, self.first_bin)
        return replace(self, table=self.table[self.table["bin"] >= first], first_bin=first)

    def without(self, categories: Iterable[str]) -> Counts:
        """The same bins without the incidents of some classes."""
        left_out = set(categories)
        return replace(self, table=self.table[~self.table["category"].isin(left_out)]) if left_out else self

    @cached_property
    def bins(self) -> np.ndarray:
        """Local starts of all bins covered."""
        return bin_start(np.arange(self.first_bin, self.end_bin), self.bin)

    def nodes(self, depth: int = 2) -> list[str]:
        """Class-tree nodes down to *depth*, the root first; a node below it that equals its only child is left out."""
        leaves = self.table["category"].unique()
        children: dict[str, set[str]] = {}
        for leaf in leaves:
            path = ancestors_of(str(leaf))
            for upper, lower in pairwise(path):
                children.setdefault(upper, set()).add(lower)
        own = {str(leaf) for leaf in leaves}
        found = {node for leaf in leaves for node in ancestors_of(str(leaf))[: depth + 1]}

        def repeats(node: str) -> bool:
            below = children.get(node, set())
            return node != ALL_CLASSES and len(below) == 1 and node not in own and below <= found

        kept = sorted((node for node in found if not repeats(node)), key=lambda node: (node != ALL_CLASSES, node))
        return kept or [ALL_CLASSES]

    def cube(
        self,
        category: str = ALL_CLASSES,
        unit_level: int = 0,
        role: str = "territorial",
        source: str | None = None,
        kind: str | None = None,
        last: int | None = None,
        measure: str = "count",
        valid: np.ndarray | None = None,
        factors: Mapping[str, np.ndarray] | None = None,
    ) -> SpaceTimeCube:
        """One class (or class-tree node) on one level, dense, for the *last* bins or all of them.

        *measure* is `count`, `distinct` or `severity_sum`; *valid* marks complete bins among all bins covered;
        *factors* are further ones of `TIME_FACTORS`, of all bins covered.
        """
        first = self.first_bin if last is None else max(self.first_bin, self.end_bin - last)
        rows = self.cells.rows_at(unit_level, role)
        picked = self._rows_of(category, role, source, kind, first)
        told = {} if valid is None else {"valid": valid}
        return self._dense(picked, rows, unit_level, first, measure, {**told, **(factors or {})})

    def _rows_of(self, category: str, role: str, source: str | None, kind: str | None, first: int) -> pd.DataFrame:
        keep = self.in_class(category) & (self.table["bin"].to_numpy() >= first)
        keep &= (self.cells.role == role)[self.table["cell"].to_numpy()]
        for column, wanted in (("source", source), ("kind", kind)):
            if wanted is not None:
                keep &= (self.table[column] == wanted).to_numpy()
        return self.table[keep]

    def class_mix(self, category: str, unit_level: int, role: str = "territorial") -> dict[str, np.ndarray]:
        """Factors `class_mix`, (n_cells, n_classes) incidents of each class below *category*, and `class_names`."""
        prefix = "" if category == ALL_CLASSES else category + "/"
        leaves = [name for name in self._class_codes[1] if name.startswith(prefix)]
        names = sorted({prefix + name.removeprefix(prefix).split("/")[0] for name in leaves})
        columns = [self.cube(name, unit_level, role).totals()[0] for name in names]
        n_cells = len(self.cells.rows_at(unit_level, role))
        mix = np.column_stack(columns) if columns else np.zeros((n_cells, 0))
        return {"class_mix": mix, "class_names": np.array(names, dtype=object)}

    def in_class(self, category: str) -> np.ndarray:
        """(rows of the table,) bool: incidents of the class or of any class below it."""
        if category == ALL_CLASSES:
            return np.ones(len(self.table), dtype=bool)
        codes, names = self._class_codes
        inside = np.array([name == category or name.startswith(category + "/") for name in names], dtype=bool)
        return inside[codes] if len(names) else np.zeros(0, dtype=bool)

    @cached_property
    def _class_codes(self) -> tuple[np.ndarray, list[str]]:
        codes, names = pd.factorize(self.table["category"])
        return codes, [str(name) for name in names]

    def _dense(
        self,
        picked: pd.DataFrame,
        rows: np.ndarray,
        unit_level: int,
        first: int,
        measure: str,
        of_time: Mapping[str, np.ndarray],
    ) -> SpaceTimeCube:
        units = self.cells.lineage[picked["cell"].to_numpy(), unit_level]
        place = np.full(len(self.cells) + 1, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        column, time = place[units], picked["bin"].to_numpy() - first
        inside = column >= 0  # a default point counts for the city and for no unit below
        shape = (self.end_bin - first, len(rows))
        flat = time[inside] * shape[1] + column[inside]
        dense = np.bincount(flat, weights=picked[measure].to_numpy(float)[inside], minlength=shape[0] * shape[1])
        part = self.cells.subset(rows)
        parent = self.cells.parent[rows]
        factors = {"context": np.where(parent >= 0, self.cells.cell_id[np.maximum(parent, 0)], "")}
        whole = SpaceTimeCube(
            counts=dense.reshape(shape),
            bins=bin_start(np.arange(first, self.end_bin), self.bin),
            cells=part.cell_id,
            centres=part.centres,
            areas=part.areas,
            contiguity=part.contiguity,
            parents=np.where(parent >= 0, parent, 0),
            exposure=part.exposure,
            factors=factors,
            bin=self.bin,
            borders=part.borders,
        )
        return whole.with_time_factors(of_time, first - self.first_bin)


def sum_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with equal keys become one; order is by key, so equal input gives equal bytes."""
    values = [name for name in COUNT_VALUES if name in table]
    summed = table.groupby(COUNT_KEYS, observed=True, sort=True, dropna=False)[values].sum()
    return summed.reset_index()


def combine(parts: Iterable[Counts]) -> Counts:
    """The sum of any number of batches."""
    parts = list(parts)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
