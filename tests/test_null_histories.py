"""Null histories: the past shuffled by weeks and units, with its surges dissolved and its rises taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import Counts, sum_counts
from gridbeacon.models.early_warning import (
    Rise,
    null_history,
    weeks_of,
    without_rises,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from test_early_warning import city

MONDAY = 19_726  # 2024-01-04 was a Thursday, day 19726 of the epoch; weeks_of puts Mondays first
WEEKS = 60
FIRST = MONDAY - (MONDAY + 3) % 7


def counts_at(seed=0, weeks=WEEKS, more=()):
    """Two classes in four cells, and *more* rows (class, cell, day, how many)."""
    rng = np.random.default_rng(seed)
    rows = [
        (name, int(cell), FIRST + day, 1)
        for day in range(7 * weeks)
        for name, mean in (("water/pipe", 3.0), ("noise/site", 2.0))
        for cell in rng.choice([3, 4, 5, 6], rng.poisson(mean * (2 if day % 7 == 5 else 1)), p=[0.7, 0.1, 0.1, 0.1])
    ]
    table = pd.DataFrame(
        [*rows, *((n, c, FIRST + d, k) for n, c, d, k in more)], columns=["category", "cell", "bin", "count"]
    )
    table = table.assign(
        source="12345", kind="handled", reported_bin=table["bin"], severity_sum=1.0, distinct=table["count"]
    )
    return Counts(sum_counts(table), city(), "day", FIRST, FIRST + 7 * weeks)


def history_of(counts, seed=1, ordinary=None, regimes=None):
    plain = np.ones(len(counts.bins), dtype=bool) if ordinary is None else ordinary
    return null_history(counts, plain, regimes or {}, np.random.default_rng(seed))


def per(counts, *keys):
    table = counts.table.assign(weekday=(counts.table["bin"] - FIRST) % 7)
    return table.groupby(list(keys), observed=True)["distinct"].sum()


def test_weeks_begin_on_monday():
    counts = counts_at(weeks=3)
    assert np.diff(weeks_of(counts)).nonzero()[0].tolist() == [6, 13]
    assert pd.Timestamp(counts.bins[0]).day_name() == "Monday"


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_a_null_history_keeps_classes_weekdays_and_the_shares_of_units(seed):
    counts = counts_at()
    history = history_of(counts, seed)
    for keys in (("category",), ("category", "weekday")):
        pd.testing.assert_series_equal(per(history, *keys), per(counts, *keys), check_names=False)
    share, before = per(history, "category", "cell"), per(counts, "category", "cell")
    assert (np.abs(share - before) <= 5 * np.sqrt(before)).all()
    assert history.bins.tolist() == counts.bins.tolist()


def test_the_same_stream_gives_the_same_history():
    counts = counts_at()
    pd.testing.assert_frame_equal(history_of(counts, 5).table, history_of(counts, 5).table)
    assert not history_of(counts, 5).table.equals(history_of(counts, 6).table)


def test_a_classs_days_move_as_whole_weeks_of_the_city():
    """Every week of the history is some week of the past, day by day, and classes move each for itself."""
    counts = counts_at()

    def weeks(of, name):
        table = of.table[of.table["category"] == name]
        days = np.bincount(table["bin"] - FIRST, weights=table["distinct"], minlength=7 * WEEKS)
        return [tuple(week) for week in days.reshape(WEEKS, 7)]

    history = history_of(counts)
    moved = {name: weeks(history, name) for name in ("water/pipe", "noise/site")}
    for name, found in moved.items():
        assert sorted(found) == sorted(weeks(counts, name)) and found != weeks(counts, name)
    order = [[weeks(counts, name).index(week) for week in found] for name, found in moved.items()]
    assert order[0] != order[1]


def test_weeks_stay_within_a_season():
    history = history_of(counts_at())
    away = np.abs(weeks_of(history)[history.table["bin"] - FIRST] - history.table["origin"])
    assert 0 < away.max() < 8


def test_weeks_with_days_off_stay_where_they_are():
    counts = counts_at()
    ordinary = np.ones(len(counts.bins), dtype=bool)
    ordinary[7 * 20 + 2] = False
    history = history_of(counts, ordinary=ordinary)
    own = history.table[(history.table["bin"] - FIRST) // 7 == 20]
    assert (own["origin"] == weeks_of(counts)[7 * 20]).all() and len(own)


def test_nothing_crosses_a_declared_beginning():
    counts = counts_at()
    stretch = np.zeros(len(counts.bins), dtype=np.int64)
    stretch[7 * 30 + 3 :] = 1
    history = history_of(counts, regimes={"water/pipe": stretch})
    table = history.table[history.table["category"] == "water/pipe"]
    moved = (table["bin"] - FIRST) // 7
    origin = table["origin"] - weeks_of(counts)[0]
    assert ((moved < 30) == (origin < 30)).all()


def test_a_local_surge_dissolves():
    """Thirty calls of one cell on one day: in the null history they are spread over the class's days and cells."""
    counts = counts_at(more=[("noise/site", 6, 200, 30)])
    most = lambda of: of.table[of.table["cell"] == 6].groupby(["category", "bin"])["distinct"].sum().max()  # noqa: E731
    assert most(counts) >= 30 and max(most(history_of(counts, seed)) for seed in range(5)) < 15


def test_a_sparse_unit_can_have_all_its_incidents_at_once():
    """Two incidents of a cell a year are two on average in the null histories, and sometimes more."""
    table = counts_at().table
    table = table[~((table["cell"] == 6) & (table["category"] == "noise/site"))]
    rows = table.iloc[:2].assign(category="noise/site", cell=6, bin=[FIRST + 3, FIRST + 150], distinct=1, count=1)
    counts = replace(counts_at(), table=pd.concat([table, rows], ignore_index=True))
    found = [
        history_of(counts, seed).table.query("cell == 6 and category == 'noise/site'")["distinct"].sum()
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(2.0, abs=0.7) and max(found) > 2


def test_a_rise_is_taken_out_and_nothing_else():
    counts = counts_at(more=[("noise/site", 6, 200, 60)])
    rise = Rise(6, "noise", "territorial", FIRST + 200, FIRST + 200, 60, 1.0)
    left = without_rises(counts, [rise], np.random.default_rng(0))
    inside = lambda of: int(  # noqa: E731
        of.table.loc[
            (of.table["cell"] == 6) & (of.table["bin"] == FIRST + 200) & (of.table["category"] == "noise/site"),
            "distinct",
        ].sum()
    )
    assert inside(counts) >= 60 and inside(left) <= 5
    assert counts.table["distinct"].sum() - left.table["distinct"].sum() == inside(counts) - inside(left)
