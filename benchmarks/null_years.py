"""False warnings over years in which nothing happens, beside the number that is printed.

    python benchmarks/null_years.py [--years 200] [--tests FOLDER] [--calibration FILE] [--write]

A null year is 2025 of the sample city with 2024 as its past: the ground, the shares of cells, hot spots, weekdays,
seasons, holidays, swings and sources of the city's own generator, drawn anew, and nothing planted. Every day is tested
against the days before it, and the tests go through the whole chain: phenomena, episodes, levels. The printed number
comes from `sample_data/calibration.json`, which knows the two years of the sample city's files and no null year.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
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
from gridbeacon.models.early_warning import LEVELS
from gridbeacon.models.early_warning.episodes import replay
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.almanac import make_almanac
from gridbeacon.pipeline.calibration import Calibration, expected_false_of, in_plan, read_calibration, with_realised
from gridbeacon.pipeline.surveillance import survey
from gridbeacon.pipeline.wording import lowest_described
from gridbeacon.sample_data import CALIBRATION, CELLS, EVENTS, sample_path
from gridbeacon.sample_data.draws import Draws
from gridbeacon.sample_data.ground import Ground, make_ground
from gridbeacon.sample_data.make_city import RANDOM_STATE
from gridbeacon.sample_data.plant import _sources, _with_hot_spots, find_cell
from gridbeacon.sample_data.rates import FIRST_DAY, N_DAYS, cell_weights, daily_counts, day_of
from gridbeacon.sample_data.story import DEFAULT_SHARE, SILENT_CELL
from gridbeacon.sample_data.words import LEAVES, SOURCES
from scipy import stats

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
    since = _since(counts, long, valid)
    return survey(counts, long, valid, lowest, lambda fraction: None, almanac, since=since).tests


def _since(counts: Counts, plan: Plan, valid: np.ndarray) -> int:
    """Where the past looked back to begins: two baselines, on a fixed day of every four weeks."""
    model = plan.nb_predictive
    complete = 2 * model.baseline + model.guard + max(model.windows) + plan.early_warning.replay
    needed = counts.end_bin - 1 - int(np.flatnonzero(np.cumsum(valid[::-1]) >= complete)[0])
    return max(needed - needed % 28, counts.first_bin)


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


WEEKS = DAYS / 7
NOMINAL = (30, 90, 365, 1825, 10_000)


@dataclass(frozen=True)
class Year:
    """One null year: episodes begun of each level at the peak, and the nominal recurrences of all."""

    levels: dict[str, int]
    nominal: np.ndarray


def chain(counts: Counts, tests: pd.DataFrame, plan: Plan, calibration: Calibration | None) -> Year:
    """The whole chain over a null year, as a run with (or without) *calibration* goes."""
    plan = in_plan(plan, calibration)
    told = tests if calibration is None else with_realised(tests, calibration.tail, 1.0)
    rules = replace(plan.early_warning, replay=DAYS)
    found = [e for e in replay(told, counts, rules, bin_days=1.0) if e.loudest is not None]
    levels = {level: sum(e.peak == i for e in found) for i, level in enumerate(LEVELS)}
    return Year(levels, np.array([e.loudest.lead.recurrence_days for e in found]))


def rate(numbers: Sequence[int]) -> tuple[float, float, float]:
    """A year's numbers -> mean a week and its 95 % interval: gamma limits, allowing for years that differ."""
    counts = np.asarray(numbers, dtype=float)
    total, weeks = float(counts.sum()), len(counts) * WEEKS
    spread = max(float(counts.var(ddof=1)) / counts.mean(), 1.0) if total and len(counts) > 1 else 1.0
    n = total / spread
    low = stats.gamma.ppf(0.025, n) if n else 0.0
    return total / weeks, float(low) * spread / weeks, float(stats.gamma.ppf(0.975, n + 1)) * spread / weeks


def table_of(years: Sequence[Year], printed: dict[str, dict[str, float]]) -> list[str]:
    """Realised beside printed, by level."""
    lines = [
        "| level | warnings | realised a week (95 %) | printed a week (95 %) | realised inside |",
        "|---|---|---|---|---|",
    ]
    for level, told in printed.items():
        numbers = [year.levels[level] for year in years]
        mean, low, high = rate(numbers)
        inside = "yes" if told["low"] <= mean <= told["high"] else "**no**"
        span = f"{told['per_week']:.3g} ({told['low']:.3g}–{told['high']:.3g})"
        lines.append(f"| {level} | {sum(numbers)} | {mean:.3g} ({low:.3g}–{high:.3g}) | {span} | {inside} |")
    return lines


def mapping_of(years: Sequence[Year], calibration: Calibration) -> list[str]:
    """How often a nominal recurrence comes about, in the null years and by the calibration."""
    lines = ["| nominal, once in days | null years, once in days | calibration says |", "|---|---|---|"]
    nominal = np.concatenate([year.nominal for year in years])
    for days in NOMINAL:
        seen = int((nominal >= days).sum())
        real = f"{len(years) * DAYS / seen:.0f}" if seen else f"over {len(years) * DAYS / 3:.0f}"
        lines.append(f"| {days} | {real} ({seen} times) | {float(calibration.tail.recurrence(days)):.0f} |")
    return lines


def page(years: dict[str, list[Year]], calibration: Calibration) -> str:
    """The page docs/null-years.md."""
    n, plan = len(years["with"]), Plan()
    content = calibration.content
    return "\n".join(
        [
            "# Years in which nothing happens",
            "",
            f"`benchmarks/null_years.py --years {n}`. " + __doc__.split("\n\n")[2].replace("\n", " "),
            "",
            "An episode counts once, in the week in which it began, at the level of its peak, before the budget.",
            "*Printed* is what stands beside every list: the number expected a week in the long run and the 95 %",
            "interval of that expectation (it knows how short the one history is that the null histories were made",
            "from, and how far the tail reaches beyond them). *Realised* is the mean of all null years; its own",
            "interval allows for years that differ more than chance. How null histories are made was settled with some",
            "of these years in view; the figures of the calibration come from the sample city's files alone.",
            "",
            f"## With `sample_data/calibration.json` ({content['histories']} null histories, "
            f"{content['days'] / 365:.0f} years)",
            "",
            *table_of(years["with"], expected_false_of(plan, calibration)),
            "",
            "## Without a calibration: the bound",
            "",
            *table_of(years["without"], expected_false_of(plan, None)),
            "",
            "## What a recurrence interval means",
            "",
            f"The tail has two parameters: {content['tail']['per_day']:.3g} chance episodes a day at a nominal",
            f"recurrence of {content['tail']['floor']:g} days or more, falling with the power "
            f"{content['tail']['slope']:.3g}.",
            "",
            *mapping_of(years["without"], calibration),
            "",
        ]
    )


def main() -> None:
    """Draw the years, run the chain over each, print the tables; with --write, keep them in docs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=200)
    parser.add_argument("--tests", type=Path, help="keep the tests of finished years here, and go on from them")
    parser.add_argument("--calibration", type=Path, default=None)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    calibration = read_calibration(asked.calibration or sample_path(CALIBRATION), Plan())
    town, years = Town.make(), {"with": [], "without": []}
    for number in range(asked.years):
        counts, tests = null_tests(town, number, asked.tests)
        years["with"].append(chain(counts, tests, Plan(), calibration))
        years["without"].append(chain(counts, tests, Plan(), None))
        print(number, years["with"][-1].levels, flush=True)
    text = page(years, calibration)
    print(text)
    if asked.write:
        (Path(__file__).parents[1] / "docs" / "null-years.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
