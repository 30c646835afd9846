"""One event told by several sources: found, counted once, remembered; near misses and everything else kept."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from gridbeacon.layers.incidents.across import also_sources, find_across_sources
from gridbeacon.models.early_warning.sources import source_mix
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.sample_data import CELLS, INCIDENTS, TRUTH, sample_path
from hypothesis import given
from hypothesis import strategies as st

WATER = "供水/水管/爆裂"


def find(rows, metres=50.0, minutes=30.0, **more):
    """*rows*: (x, minute, source, category)."""
    table = pd.DataFrame(rows, columns=["x", "minute", "source", "category"])
    return find_across_sources(
        table["x"].to_numpy(float),
        np.zeros(len(table)),
        table["minute"].to_numpy(float) * 60,
        table["category"],
        table["source"],
        metres=metres,
        minutes=minutes,
        **more,
    )


def naive(rows, metres, minutes):
    """The rule of the module's first lines, row by row and pair by pair."""
    order = sorted(range(len(rows)), key=lambda k: (rows[k][1], k))
    kept, taken = [-1] * len(rows), set()
    for place, j in enumerate(order):
        best = None
        for i in order[:place]:
            (x, then, source, category), (own_x, now, own_source, own) = rows[i], rows[j]
            a, b = category.split("/"), own.split("/")
            alike = a[:2] == b[:2] or (a[0] == b[0] and 1 in (len(a), len(b)))
            near = abs(x - own_x) <= metres and now - then <= minutes and source != own_source and alike
            if near and kept[i] < 0 and (i, own_source) not in taken and "" not in (source, own_source):
                found = (now - then, abs(x - own_x), i)
                best = found if best is None else min(best, found)
        if best is not None:
            kept[j] = best[2]
            taken.add((best[2], rows[j][2]))
    return kept


ROW = st.tuples(
    st.integers(0, 300),
    st.integers(0, 120),
    st.sampled_from(["12345", "110", "巡查", ""]),
    st.sampled_from(["供水", WATER, "供水/水管/漏水", "供水/水质", "噪声/工地"]),
)


@given(st.lists(ROW, max_size=24))
def test_the_same_rows_as_one_by_one(rows):
    assert find(rows).kept.tolist() == naive(rows, 50, 30)


@given(st.lists(ROW, min_size=2, max_size=24), st.integers(1, 119))
def test_later_rows_change_nothing(rows, cut):
    early = [row for row in rows if row[1] < cut]
    whole = find([*early, *(row for row in rows if row[1] >= cut)])
    assert find(early).kept.tolist() == whole.kept[: len(early)].tolist()


def test_ten_calls_and_five_police_reports_are_ten_events_five_of_them_confirmed():
    rows = [(0, k, "12345", WATER) for k in range(10)] + [(5, 10 + k, "110", WATER) for k in range(5)]
    found = find(rows)
    assert found.dropped.sum() == 5 and len(set(found.kept[found.dropped])) == 5


def test_one_event_of_three_sources_remembers_both_others():
    rows = [(0, 0, "12345", WATER), (10, 5, "110", WATER), (20, 9, "巡查", WATER)]
    found = find(rows)
    assert found.kept.tolist() == [-1, 0, 0]
    assert also_sources(found.kept, pd.Series([row[2] for row in rows])).tolist() == ["110;巡查", "", ""]


@pytest.mark.parametrize(
    "second",
    [
        (0, 5, "12345", WATER),  # the same source
        (0, 5, "110", "供水/水质"),  # another second-level class
        (0, 5, "", WATER),  # a source that is not known
        (500, 5, "110", WATER),
        (0, 500, "110", WATER),
    ],
)
def test_what_is_no_duplicate(second):
    found = find([(0, 0, "12345", WATER), second])
    assert not found.dropped.any() and not len(found.near)


@pytest.mark.parametrize("second", [(80, 5, "110", WATER), (0, 45, "110", WATER)])
def test_near_misses_are_told_and_kept(second):
    found = find([(0, 0, "12345", WATER), second])
    assert not found.dropped.any()
    assert found.near[["row", "other"]].to_numpy().tolist() == [[1, 0]]


def test_bare_dates_and_rows_without_a_class_are_never_dropped():
    rows = [(0, 0, "12345", WATER), (0, 5, "110", WATER)]
    assert not find(rows, vague=np.array([True, False])).dropped.any()
    assert not find([(x, m, s, "未分类") for x, m, s, _ in rows]).dropped.any()


def test_many_rows_take_seconds():
    draw, n = np.random.default_rng(3), 200_000
    classes = draw.choice([f"{a}/{b}/{c}" for a in range(8) for b in range(4) for c in range(6)], n)
    started = time.perf_counter()
    find_across_sources(
        draw.uniform(0, 4e4, n),
        draw.uniform(0, 4e4, n),
        draw.integers(0, 90 * 86_400, n),
        pd.Series(classes),
        pd.Series(draw.choice(["12345", "110", "巡查"], n)),
        metres=50,
        minutes=30,
    )
    assert time.perf_counter() - started < 20


@pytest.fixture(scope="module")
def city():
    return Inputs(tuple(str(sample_path(name)) for name in INCIDENTS), str(sample_path(CELLS)))


@pytest.fixture(scope="module")
def ready(city):
    return prepare(Plan(), city, lambda fraction, text: None)


def test_the_planted_pairs_of_the_sample_city_are_found(ready):
    """401 events were planted that 12345 and 110 both told of."""
    planted = json.loads(sample_path(TRUTH).read_text(encoding="utf-8"))["cross_source_duplicates"]["pairs"]
    ids = dict(zip(zip(ready.points["source_file"], ready.points["source_row"], strict=True), ready.points["incident_id"], strict=True))  # fmt: skip  # noqa: E501
    told = ready.duplicates[ready.duplicates["rule"] == "D-DUP-003"]
    found = {frozenset((ids[a, b], ids[c, d])) for a, b, c, d in told.iloc[:, :4].itertuples(index=False)}
    wanted = {frozenset(pair) for pair in planted}
    recall, others = len(found & wanted) / len(wanted), len(found - wanted)
    print(f"cross-source duplicates: recall {recall:.3f} of {len(wanted)}, {others} merges that were not planted")
    assert recall >= 0.98
    assert others <= 12


def test_each_row_stands_once_in_the_account_and_names_the_row_kept(ready):
    account = dict(ready.account)
    assert account.pop("rows_in") == sum(account.values())
    assert account["rows_duplicate"] == len(ready.duplicates)
    keys = ready.duplicates[["source_file", "source_row"]].apply(tuple, axis=1)
    assert not keys.duplicated().any()
    across = ready.duplicates[ready.duplicates["rule"] == "D-DUP-003"]
    used = set(zip(ready.incidents["source_file"], ready.incidents["source_row"], strict=True))
    assert set(across[["kept_file", "kept_row"]].apply(tuple, axis=1)) <= used
    assert not set(across[["source_file", "source_row"]].apply(tuple, axis=1)) & used


def test_a_remembered_source_speaks_for_a_rise(ready):
    both = ready.incidents[(ready.incidents["also_sources"] != "") & ready.incidents["cell"].ge(0)].iloc[-1]
    counts = ready.counts
    bin_number = int(np.flatnonzero(counts.bins == np.datetime64(both["time"].tz_localize(None).normalize()))[0])
    last = bin_number + counts.first_bin
    mix = source_mix(counts, int(both["cell"]), both["category"], "territorial", last, 1)
    assert {both["source"], *both["also_sources"].split(";")} <= set(mix.now)
    assert counts.table["count"].sum() == ready.counts.table.loc[ready.counts.table["count"] > 0, "count"].sum()


def test_keep_keeps_all(city, ready):
    kept = prepare(Plan(duplicates="keep"), city, lambda fraction, text: None)
    assert kept.account["rows_duplicate"] == 0
    assert kept.account["rows_used"] == ready.account["rows_used"] + ready.account["rows_duplicate"]
