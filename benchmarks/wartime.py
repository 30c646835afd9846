"""The wartime preset on the sample city: what hourly runs say on quiet days, and when they see a surge.

    python benchmarks/wartime.py [--write]

Quiet: every hour of seven days in which nothing is planted (2025-12-08 to 14), a day at a time with what was reported
by its end, and the 24 hours of the first of them once more as runs of their own, each knowing what was reported by
then. New warnings of each level are counted and held against the recurrence intervals of the levels. Surges: k reports
of one class between 10:00 and 11:00 in one street, on fourteen quiet days (2025-12-02 to 15) in fourteen streets;
counted is the first run of the day that warns of that street in that class or the one above it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from gridbeacon.cube import bin_of
from gridbeacon.models.early_warning.episodes import replay
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.journey import gather_inputs, lowest_level, warn
from gridbeacon.pipeline.preparation import Ground, Prepared, Source, ground_of, prepare_at, read_source
from gridbeacon.pipeline.presets import preset_settings
from gridbeacon.pipeline.surveillance import BIN_DAYS, survey
from gridbeacon.pipeline.wording import Responsible, street_level
from gridbeacon.sample_data import CELLS, EVENTS, INCIDENTS, sample_path

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks" / "wartime.md"
LEVELS = ("blue", "yellow", "orange", "red")
CLASS, SIZES = "供水排水/供水", (4, 6, 8, 12)


def silent(fraction: float, text: str = "") -> None:
    """No progress is shown."""


def quiet(plan: Plan, source: Source, ground: Ground, first: pd.Timestamp) -> tuple[dict[str, int], int]:
    """New warnings of each level in the 168 hours from *first* on, and how many tests there were an hour."""
    found, n_tests = dict.fromkeys(LEVELS, 0), 0
    for day in pd.date_range(first, periods=7):
        ready = prepare_at(source, ground, day + pd.Timedelta(days=1), silent)
        tests = survey(ready.counts, plan, ready.valid, lowest_level(ready), silent, ready.almanac)
        n_tests, midnight = tests.n_tests, ready.counts.end_bin - 24
        for episode in replay(tests.tests, ready.counts, plan.early_warning, bin_days=BIN_DAYS[plan.bin]):
            if episode.first_bin >= midnight:
                found[LEVELS[episode.peak]] += 1
    return found, n_tests


def hourly(plan: Plan, source: Source, ground: Ground, day: pd.Timestamp) -> tuple[int, float]:
    """New warnings of the 24 runs of one day, and seconds of computing a run, reading apart."""
    new, begun = 0, time.process_time()
    for moment in pd.date_range(day + pd.Timedelta(hours=1), periods=24, freq="h"):
        ready = prepare_at(source, ground, moment, silent)
        tests = survey(ready.counts, plan, ready.valid, lowest_level(ready), silent, ready.almanac)
        table, _ = warn(ready, tests, Responsible.read(None))
        new += int((table["change"] == "新增").sum()) if len(table) else 0
    return new, (time.process_time() - begun) / 24


def with_surges(ready: Prepared, first: pd.Timestamp, streets: Sequence[int], size: int) -> Prepared:
    """The same city with *size* reports more in each of *streets*, one day after the other, between 10:00 and 11:00."""
    counts, table, rows = ready.counts, ready.counts.table, []
    model = table[table["category"].astype(str).str.startswith(CLASS)].head(1)
    level, finest = int(counts.cells.unit_level[streets[0]]), max(counts.cells.levels())
    for number, street in enumerate(streets):
        inside = (counts.cells.lineage[:, level] == street) & (counts.cells.unit_level == finest)
        cells = inside.nonzero()[0][:size]
        hour = ten_of(first, number)
        more = model.loc[model.index.repeat(len(cells))].reset_index(drop=True)
        rows.append(more.assign(cell=cells, bin=hour, reported_bin=hour, count=1, distinct=1))
    return replace(ready, counts=replace(counts, table=pd.concat([table, *rows], ignore_index=True)))


def ten_of(first: pd.Timestamp, number: int) -> int:
    """The bin that begins at 10:00, *number* days after the first."""
    moment = (first + pd.Timedelta(days=number, hours=10)).tz_localize("UTC")
    return int(bin_of(pd.DatetimeIndex([moment]), "hour", "UTC")[0])


def surges(plan: Plan, source: Source, ground: Ground, first: pd.Timestamp) -> list[tuple[int, int, int, int]]:
    """(size, days, seen by 11:00, seen by 12:00) of each size."""
    until = prepare_at(source, ground, first + pd.Timedelta(days=14), silent)
    streets = until.counts.cells.rows_at(street_level(until.counts))[:14]
    long = replace(plan, early_warning=replace(plan.early_warning, replay=14 * 24))
    rows = []
    for size in SIZES:
        now = with_surges(until, first, streets, size)
        found = survey(now.counts, long, now.valid, lowest_level(now), silent, now.almanac)
        late = {}
        for episode in replay(found.tests, now.counts, long.early_warning, bin_days=BIN_DAYS[plan.bin]):
            for number, street in enumerate(streets):
                hours = episode.first_bin - ten_of(first, number)
                if episode.unit == street and CLASS.startswith(episode.category) and 0 <= hours < 14:
                    late[number] = min(hours, late.get(number, 99))
        rows.append((size, len(streets), *(sum(hours <= most for hours in late.values()) for most in (0, 1))))
    return rows


def main() -> None:
    """Measure, print, and with --write leave the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    plan = Plan().with_settings({**preset_settings("wartime"), "as_of": "2025-12-15T00:00"})
    inputs = gather_inputs([sample_path(name) for name in INCIDENTS], sample_path(CELLS), events=sample_path(EVENTS))
    source = read_source(plan, inputs, silent)
    ground = ground_of(source, pd.Timestamp("2025-12-16"), silent)
    monday = pd.Timestamp("2025-12-08")
    facts = quiet(plan, source, ground, monday), surges(plan, source, ground, pd.Timestamp("2025-12-02"))
    text = page(*facts[0], facts[1], hourly(plan, source, ground, monday), plan)
    print(text)
    if given.write:
        DOCS.write_text(text, encoding="utf-8", newline="\n")


def page(found: dict[str, int], n_tests: int, rows: list, runs: tuple[int, float], plan: Plan) -> str:
    """The page in Markdown."""
    days = [getattr(plan.early_warning, f"{level}_days") for level in LEVELS]
    lines = ["# Wartime: hourly runs on the sample city", "", (__doc__ or "").split("\n\n", 2)[2].strip(), ""]
    lines += [f"168 hours, {n_tests} tests an hour. New warnings by the highest level they reached:", ""]
    lines += ["| level | new warnings | that level or above | by chance at most |", "|---|---|---|---|"]
    above = [sum(found[level] for level in LEVELS[i:]) for i in range(len(LEVELS))]
    lines += [f"| {lv} | {found[lv]} | {above[i]} | {7 / days[i]:.2f} |" for i, lv in enumerate(LEVELS)]
    lines += [
        "",
        f"The 24 runs of the first day: {runs[0]} new warnings, {runs[1]:.1f} s of computing a run, reading apart.",
        "",
    ]
    lines += [f"A surge of {CLASS} in one street between 10:00 and 11:00:", ""]
    lines += ["| reports | streets and days | seen by the run of 11:00 | by that of 12:00 |", "|---|---|---|---|"]
    lines += [f"| {size} | {days_} | {first} | {second} |" for size, days_, first, second in rows]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
