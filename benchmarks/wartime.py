"""The wartime preset on the sample city: what hourly runs say on quiet days, and when they see a surge.

    python benchmarks/wartime.py [--write]

Quiet: a run at every hour of seven days in which nothing is planted (2025-12-08 to 14), each knowing what was reported
by then. New warnings of each level are counted and held against the recurrence intervals of the levels. Surges: k
reports of one class between 10:00 and 11:00 in one street, on fourteen quiet days (2025-12-02 to 15), one day at a
time; counted is the first run that warns of that street or the city in that class.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
from gridbeacon.cube import bin_of
from gridbeacon.models.early_warning.episodes import replay
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.journey import gather_inputs, lowest_level, warn
from gridbeacon.pipeline.preparation import Prepared, ground_of, prepare_at, read_source
from gridbeacon.pipeline.presets import preset_settings
from gridbeacon.pipeline.surveillance import BIN_DAYS, survey
from gridbeacon.pipeline.wording import Responsible
from gridbeacon.sample_data import CELLS, EVENTS, INCIDENTS, sample_path

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks" / "wartime.md"
LEVELS = ("blue", "yellow", "orange", "red")
STREET, CLASS, SIZES = "文澜街道", "供水排水/供水", (4, 6, 8, 12)


def silent(fraction: float, text: str = "") -> None:
    """No progress is shown."""


def quiet(plan: Plan, source, ground, first: str, hours: int) -> tuple[dict[str, int], int, float]:  # type: ignore[no-untyped-def]
    """New warnings of each level, orange and red kept by the budget, and seconds a run."""
    found, kept, begun = dict.fromkeys(LEVELS, 0), 0, time.perf_counter()
    for moment in pd.date_range(pd.Timestamp(first) + pd.Timedelta(hours=1), periods=hours, freq="h"):
        ready = prepare_at(source, ground, moment, silent)
        tests = survey(ready.counts, plan, ready.valid, lowest_level(ready), silent, ready.almanac)
        table, _ = warn(ready, tests, Responsible.read(None))
        new = table[table["change"] == "新增"] if len(table) else table
        for level in new["level"] if len(new) else ():
            found[level] += 1
        kept += int((new["level"].isin(["orange", "red"]) & new["within_budget"]).sum()) if len(new) else 0
    return found, kept, (time.perf_counter() - begun) / hours


def with_surge(ready: Prepared, day: pd.Timestamp, size: int) -> Prepared:
    """The same city with *size* reports more between 10:00 and 11:00 of *day*, spread over the street's cells."""
    counts, table = ready.counts, ready.counts.table
    street = int((ready.cells.table["name"] == STREET).to_numpy().argmax())
    level = int(counts.cells.unit_level[street])
    inside = (counts.cells.lineage[:, level] == street) & (counts.cells.unit_level == max(counts.cells.levels()))
    cells = inside.nonzero()[0][:size]
    hour = int(bin_of(pd.DatetimeIndex([(day + pd.Timedelta(hours=10)).tz_localize("UTC")]), "hour", "UTC")[0])
    model = table[table["category"].astype(str).str.startswith(CLASS)].head(1)
    rows = model.loc[model.index.repeat(len(cells))].reset_index(drop=True)
    rows = rows.assign(cell=cells, bin=hour, reported_bin=hour, count=1, distinct=1)
    return replace(ready, counts=replace(counts, table=pd.concat([table, rows], ignore_index=True)))


def seen_after(plan: Plan, ready: Prepared, day: pd.Timestamp, size: int) -> int | None:
    """Runs from the one at 11:00 (0) to the first that warns of the surge; None where none does on that day."""
    now = with_surge(ready, day, size)
    found = survey(now.counts, plan, now.valid, lowest_level(now), silent, now.almanac)
    rules, counts = plan.early_warning, now.counts
    ten = int(((day + pd.Timedelta(hours=10)) - pd.Timestamp(counts.bins[0])) / pd.Timedelta(hours=1))
    names = now.cells.table["name"]
    begun = [
        episode.first_bin - counts.first_bin - ten
        for episode in replay(found.tests, counts, rules, bin_days=BIN_DAYS[plan.bin])
        if names.iloc[episode.unit] == STREET and episode.category.split("/")[0] == CLASS.split("/")[0]
    ]
    return min((late for late in begun if 0 <= late < 14), default=None)


def surges(plan: Plan, source, ground) -> list[tuple[int, int, int, int]]:  # type: ignore[no-untyped-def]
    """(size, days, seen by 11:00, seen by 12:00) of each size."""
    rows = []
    for size in SIZES:
        late = []
        for day in pd.date_range("2025-12-02", periods=14):
            until = prepare_at(source, ground, day + pd.Timedelta(days=1), silent)
            late.append(seen_after(plan, until, day, size))
        by = [sum(1 for each in late if each is not None and each <= hours) for hours in (0, 1)]
        rows.append((size, len(late), *by))
    return rows


def main() -> None:
    """Measure, print, and with --write leave the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=168)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    plan = Plan().with_settings({**preset_settings("wartime"), "as_of": "2025-12-15T00:00"})
    inputs = gather_inputs([sample_path(name) for name in INCIDENTS], sample_path(CELLS), events=sample_path(EVENTS))
    source = read_source(plan, inputs, silent)
    ground = ground_of(source, pd.Timestamp("2025-12-16"), silent)
    found, kept, seconds = quiet(plan, source, ground, "2025-12-08", given.hours)
    text = page(found, kept, seconds, surges(plan, source, ground), given.hours, plan)
    print(text)
    if given.write:
        DOCS.write_text(text, encoding="utf-8", newline="\n")


def page(found: dict[str, int], kept: int, seconds: float, rows: list, hours: int, plan: Plan) -> str:
    """The page in Markdown."""
    rules = plan.early_warning
    days = [getattr(rules, f"{level}_days") for level in LEVELS] + [float("inf")]
    due = [hours / 24 * (1 / days[i] - 1 / days[i + 1]) for i in range(len(LEVELS))]
    lines = ["# Wartime: hourly runs on the sample city", "", (__doc__ or "").split("\n\n", 2)[2].strip(), ""]
    lines += [f"{hours} hourly runs on quiet days, {seconds:.1f} s each after reading:", ""]
    lines += ["| level | new warnings | by chance (upper bound) |", "|---|---|---|"]
    lines += [f"| {level} | {found[level]} | {due[i]:.2f} |" for i, level in enumerate(LEVELS)]
    lines += [f"| all | {sum(found.values())} | {sum(due):.2f} |", "", f"Orange and red within the budget: {kept}.", ""]
    lines += [f"A surge of {CLASS} in {STREET} between 10:00 and 11:00:", ""]
    lines += ["| reports | days | seen by the run of 11:00 | by that of 12:00 |", "|---|---|---|---|"]
    lines += [f"| {size} | {days_} | {first} | {second} |" for size, days_, first, second in rows]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
