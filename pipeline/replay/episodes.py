"""What would have been warned, bin by bin, over a stretch of the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from ...layers.grids import full_name
from ...models.early_warning import LEVELS, expected_false
from ...models.early_warning.episodes import Episode
from ...models.early_warning.episodes import replay as walk
from ..journey import lowest_level
from ..line import rules_in_line
from ..plan import Plan
from ..preparation import Inputs, Prepared, prepare
from ..surveillance import BIN_DAYS, survey
from ..wording import city_name


def replay_episodes(
    plan: Plan, inputs: Inputs, first: str, end: str, progress: Callable[[float, str], None]
) -> tuple[pd.DataFrame, Prepared]:
    """Every episode that began between the local instants *first* and *end* (exclusive), at its peak, before budgets.

    One pass: every bin is scored against the bins before it only, so this is what runs bin by bin would have said,
    save that reports which came late are known from the start. Columns: warning_id, level (the peak), first_seen,
    time (of the loudest bin), cell_id, cell_name, unit_level, role, category, window, observed, expected, ratio,
    recurrence_days, steps, sources, explained (how many tests it stands for), touched (unit rows and classes).
    """
    plan = plan.with_settings({"as_of": end})
    ready = prepare(plan, inputs, lambda f, text: progress(0.3 * f, text))
    counts = ready.counts
    n_bins = len(counts.bins)
    rules = replace(plan.early_warning, replay=n_bins)
    long = replace(plan, early_warning=rules)
    told = lambda f: progress(0.3 + 0.6 * f, "Testing|检测")  # noqa: E731
    found = survey(counts, long, ready.valid, lowest_level(ready), told, ready.almanac)
    start = np.datetime64(pd.Timestamp(first), "h")
    rows = [
        _row_of(episode, ready)
        for episode in walk(found.tests, counts, rules, bin_days=BIN_DAYS[plan.bin])
        if counts.bins[episode.first_bin - counts.first_bin] >= start
    ]
    table = (
        pd.DataFrame(rows, columns=list(_COLUMNS))
        .sort_values(["first_seen", "cell_id", "category"])
        .reset_index(drop=True)
    )
    progress(1.0, "Done|完成")
    return table, ready


_COLUMNS = (
    "warning_id level first_seen time cell_id cell_name unit_level role category window observed expected ratio "
    "recurrence_days steps sources explained touched"
).split()


def _row_of(episode: Episode, ready: Prepared) -> dict:
    counts, lead = ready.counts, episode.loudest.lead  # type: ignore[union-attr]
    unit = int(lead.unit)
    tests = [lead, *episode.loudest.explained]  # type: ignore[union-attr]
    start = counts.bins[episode.first_bin - counts.first_bin]
    return {
        "warning_id": episode.identity(counts.cells, rules_in_line(ready.plan), start),
        "level": LEVELS[episode.peak],
        "first_seen": pd.Timestamp(start),
        "time": pd.Timestamp(counts.bins[int(lead.bin) - counts.first_bin]),
        "cell_id": str(counts.cells.cell_id[unit]),
        "cell_name": city_name(ready) if unit == 0 else str(full_name(ready.cells.table).iloc[unit]),
        "unit_level": int(counts.cells.unit_level[unit]),
        "role": lead.role,
        "category": lead.category,
        "window": int(lead.window),
        "observed": int(lead.observed),
        "expected": float(lead.expected),
        "ratio": float(lead.observed / max(lead.expected, 0.01)),
        "recurrence_days": float(lead.recurrence_days),
        "steps": episode.steps,
        "sources": episode.mix.text if episode.mix else "",
        "explained": len(tests) - 1,
        "touched": [(int(t.unit), str(t.category)) for t in tests],
    }


def level_table(episodes: pd.DataFrame, plan: Plan, first: str, end: str) -> pd.DataFrame:
    """Warnings of each level per 100 days beside what chance alone would give.

    Columns: level, found, per_100_days, expected, ratio.
    """
    days = (pd.Timestamp(end) - pd.Timestamp(first)) / pd.Timedelta(days=1)
    expected = expected_false(plan.early_warning)
    began = (episodes["first_seen"] >= pd.Timestamp(first)) & (episodes["first_seen"] < pd.Timestamp(end))
    found = episodes.loc[began, "level"].value_counts()
    table = pd.DataFrame({"level": list(reversed(LEVELS))})
    table["found"] = table["level"].map(found).fillna(0).astype(int)
    table["per_100_days"] = table["found"] * 100 / days
    table["expected"] = table["level"].map(expected)
    table["ratio"] = table["per_100_days"] / table["expected"]
    return table
