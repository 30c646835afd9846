"""False warnings over years in which nothing happens, beside the number that is printed.

    python benchmarks/null_years.py [--years 200] [--tests FOLDER] [--write]

A null year is 2025 of the sample city with 2024 as its past: the ground, the shares of cells, hot spots, weekdays,
seasons, holidays, swings and sources of the city's own generator, drawn anew, and nothing planted. Every day is tested
against the days before it, and the tests go through the whole chain: phenomena, episodes, levels. The printed number
comes from `sample_data/calibration.json`, which knows the two years of the sample city's files and no null year.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from gridbeacon.cube import ALL_CLASSES, Cells, Counts, bin_of, sum_counts
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.privacy import read_policy
from gridbeacon.models.anomaly import find_outages
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.almanac import make_almanac
from gridbeacon.pipeline.surveillance import survey
from gridbeacon.pipeline.wording import lowest_described
from gridbeacon.sample_data import CELLS, EVENTS, sample_path
from gridbeacon.sample_data.draws import Draws
from gridbeacon.sample_data.ground import Ground, make_ground
from gridbeacon.sample_data.make_city import RANDOM_STATE
from gridbeacon.sample_data.plant import DAY, _sources, _with_hot_spots, find_cell
from gridbeacon.sample_data.rates import FIRST_DAY, N_DAYS, cell_weights, daily_counts, day_of
from gridbeacon.sample_data.story import DEFAULT_SHARE, SILENT_CELL
from gridbeacon.sample_data.words import LEAVES, SOURCES

DAYS = 365
SEED = 700_000
"""Null year n is drawn from the stream SEED + n; the sample city itself from `RANDOM_STATE`."""


@dataclass(frozen=True)
class Town:
    """What the sample city is made of before a day is drawn."""

    ground: Ground
    weights: np.ndarray
    cells: Cells

    @classmethod
    def make(cls) -> Town:
        """The ground and the shares of cells exactly as the sample city has them."""
        draws = Draws(RANDOM_STATE)
        ground = make_ground(draws)
        weights, _ = _with_hot_spots(ground, cell_weights(ground, draws))
        return cls(ground, weights, read_cells(str(sample_path(CELLS))).as_cells())

    @cached_property
    def rows(self) -> np.ndarray:
        """Row of `cells` of each cell of the ground."""
        place = {str(code): row for row, code in enumerate(self.cells.cell_id)}
        return np.array([place[code] for code in self.ground.codes])

    @cached_property
    def sectoral(self) -> list[tuple[int, np.ndarray]]:
        """(row, share of each territorial cell that lies inside) of each sectoral unit."""
        shapes = np.array(self.ground.shapes, dtype=object)
        n = self.ground.n_territorial
        share = lambda k: shapely.area(shapely.intersection(shapes[:n], shapes[k])) / shapely.area(shapes[:n])  # noqa: E731
        return [(int(self.rows[k]), share(k)) for k in range(n, len(shapes))]

    def year(self, number: int) -> Counts:
        """Counts of 2024 and of null year *number*; every report is known on its day."""
        draws = Draws(SEED + number)
        counts = daily_counts(draws)
        leaf = np.repeat(np.arange(len(LEAVES)), counts.sum(axis=1))
        day = np.concatenate([np.repeat(np.arange(N_DAYS), row) for row in counts])
        cell = np.concatenate([draws.pick(self.weights[i], int(counts[i].sum())) for i in range(len(LEAVES))])
        silent = self.ground.codes.index(find_cell(self.ground, SILENT_CELL[0]))
        kept = ~((cell == silent) & (day >= day_of(SILENT_CELL[1])))
        leaf, day, cell = leaf[kept], day[kept], cell[kept]
        source = _sources(leaf, draws)
        at = np.where((source == 0) & draws.chance(DEFAULT_SHARE, len(leaf)), 0, self.rows[cell])
        parts = [self._table(leaf, day, source, at)]
        where = draws.uniform(len(leaf))
        for row, share in self.sectoral:
            inside = (where < share[cell]) & (at > 0)
            where = np.where(inside, 2.0, where - share[cell])
            parts.append(self._table(leaf[inside], day[inside], source[inside], np.full(inside.sum(), row)))
        first = int(bin_of(pd.DatetimeIndex([FIRST_DAY]).tz_localize("Asia/Shanghai"), "day", "Asia/Shanghai")[0])
        table = sum_counts(pd.concat(parts, ignore_index=True).assign(bin=lambda t: t["bin"] + first))
        table["reported_bin"] = table["bin"]
        return Counts(table, self.cells, "day", first, first + N_DAYS)

    def _table(self, leaf: np.ndarray, day: np.ndarray, source: np.ndarray, row: np.ndarray) -> pd.DataFrame:
        names = np.array(["/".join(parts) for parts in LEAVES], dtype=object)
        told = {"category": names[leaf], "source": np.array(SOURCES, dtype=object)[source], "kind": "handled"}
        return pd.DataFrame(
            {**told, "cell": row, "bin": day, "reported_bin": 0, "count": 1, "severity_sum": 1.0, "distinct": 1}
        )


def tests_of(counts: Counts, plan: Plan) -> pd.DataFrame:
    """The tests of the last `DAYS` days of *counts* that could matter, as a run's survey hands them over."""
    total = counts.cube(unit_level=0).counts[:, 0]
    valid = ~find_outages(total)
    almanac = make_almanac(counts, plan, valid, events=str(sample_path(EVENTS)))
    long = replace(plan, early_warning=replace(plan.early_warning, replay=DAYS))
    finest, described = max(counts.cells.levels()), lowest_described(counts)
    policy = read_policy(None)
    lowest = lambda node: described if node != ALL_CLASSES and policy.describes_only(node) else finest  # noqa: E731
    return survey(counts, long, valid, lowest, lambda fraction: None, almanac).tests


def null_tests(town: Town, number: int, folder: Path | None) -> tuple[Counts, pd.DataFrame]:
    """Counts and tests of one null year; the tests are kept in *folder* and found there again."""
    counts = town.year(number)
    place = folder / f"{number:03d}.parquet" if folder else None
    if place is not None and place.exists():
        return counts, pd.read_parquet(place)
    tests = tests_of(counts, Plan())
    if place is not None:
        folder.mkdir(parents=True, exist_ok=True)
        beside = place.with_suffix(".partial")
        tests.to_parquet(beside)
        beside.replace(place)
    return counts, tests
