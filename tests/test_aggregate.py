"""Counting: nothing lost, nothing twice in a role, and what the policies do with a false place."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.cube import Cells, bin_of
from gridbeacon.errors import InputError
from gridbeacon.layers.aggregate import at_named_places, count_incidents, first_of_bursts
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

START = pd.Timestamp("2024-05-06", tz="Asia/Shanghai")


def small_city() -> Cells:
    """CITY, district D, cells D1 D2 D3 (rows 2, 3, 4) and one sectoral unit S (row 5)."""
    ids = np.array(["CITY", "D", "D1", "D2", "D3", "S"], dtype=object)
    return Cells(
        cell_id=ids,
        name=ids,
        unit_level=np.array([0, 1, 2, 2, 2, 2]),
        parent=np.array([-1, 0, 1, 1, 1, -1]),
        role=np.array(["territorial"] * 5 + ["sectoral"], dtype=object),
        centres=np.zeros((6, 2)),
        areas=np.array([6.0, 6.0, 1.0, 2.0, 3.0, 1.0]),
        exposure=np.zeros(6),
        contiguity=sparse.csr_matrix((6, 6)),
    )


CELLS = small_city()

reports = st.lists(
    st.tuples(
        st.sampled_from(["a/x", "a/y", "b"]),
        st.integers(0, 400),  # minutes
        st.integers(0, 12),  # tens of metres east
        st.sampled_from([-1, 2, 3, 4]),
        st.sampled_from([-1, 5]),
        st.booleans(),  # on a default point
        st.sampled_from(["", "12345", "110"]),
        st.sampled_from([None, 0, 3000]),  # reported so many minutes later
    ),
    max_size=40,
)


def table_of(found):
    n = len(found)
    columns = list(zip(*found, strict=True)) if n else [[]] * 8
    times = START + pd.to_timedelta(np.array(columns[1], dtype=float), "min")
    late = pd.to_timedelta(pd.Series(columns[7], dtype=float), "min")
    incidents = gpd.GeoDataFrame(
        {
            "category": pd.Series(columns[0], dtype=str),
            "source": pd.Series(columns[6], dtype=str),
            "kind": pd.Series(["handled"] * n, dtype=str),
            "severity": np.full(n, 0.5),
            "time": pd.Series(times),
            "reported_time": pd.Series(times) + late,
        },
        geometry=shapely.points(np.array(columns[2], dtype=float) * 10, np.zeros(n)),
        crs=32650,
    )
    assigned = np.array([columns[3], columns[4]], dtype=np.int64).reshape(2, n).T
    return incidents, assigned, np.array(columns[5], dtype=bool)


def distinct_by_hand(incidents, metres=30.0, minutes=60.0):
    """The definition, pair by pair."""
    order = sorted(range(len(incidents)), key=lambda i: (incidents["time"].iloc[i], i))
    x, moments, classes = (incidents.geometry.x.tolist(), incidents["time"].tolist(), incidents["category"].tolist())
    first = [True] * len(order)
    for later, i in enumerate(order):
        for j in order[:later]:
            near = abs(x[i] - x[j]) <= metres and moments[i] - moments[j] <= pd.Timedelta(minutes=minutes)
            if near and classes[i] == classes[j]:
                first[i] = False
    return first


@given(reports)
def test_every_placed_row_counts_once_in_its_role(found):
    incidents, assigned, _ = table_of(found)
    counts = count_incidents(incidents, assigned, CELLS)
    for role, column in (("territorial", 0), ("sectoral", 1)):
        assert counts.cube(unit_level=2, role=role).counts.sum() == (assigned[:, column] >= 0).sum()
    assert counts.table["severity_sum"].sum() == 0.5 * counts.table["count"].sum()
    assert (counts.table["distinct"] <= counts.table["count"]).all()
    for row in (2, 3, 4):
        assert counts.table.loc[counts.table["cell"] == row, "count"].sum() == (assigned[:, 0] == row).sum()


@given(reports)
def test_the_city_policy_keeps_a_false_place_out_of_every_unit_below(found):
    incidents, assigned, false_place = table_of(found)
    counts = count_incidents(incidents, assigned, CELLS, default_points=false_place)
    true_place = ~false_place
    assert counts.cube(unit_level=2).counts.sum() == (true_place & (assigned[:, 0] >= 0)).sum()
    assert counts.cube(unit_level=2, role="sectoral").counts.sum() == (true_place & (assigned[:, 1] >= 0)).sum()
    in_city = (true_place & (assigned[:, 0] >= 0)) | false_place  # also where the false place is in no cell
    assert counts.cube(unit_level=0).counts.sum() == in_city.sum()


@settings(max_examples=50)
@given(reports)
def test_keep_and_spread_lose_nothing(found):
    incidents, assigned, false_place = table_of(found)
    kept = count_incidents(incidents, assigned, CELLS, default_points=false_place, policy="keep")
    assert kept.cube(unit_level=2).counts.sum() == (assigned[:, 0] >= 0).sum()
    spread = count_incidents(incidents, assigned, CELLS, default_points=false_place, policy="spread")
    expected = (assigned[:, 0] >= 0) | false_place
    assert spread.cube(unit_level=2).counts.sum() == expected.sum()
    again = count_incidents(incidents, assigned, CELLS, default_points=false_place, policy="spread")
    pd.testing.assert_frame_equal(spread.table, again.table)


def test_spread_follows_the_other_rows_of_the_class():
    found = [("a/x", i * 7, 0, 2, -1, False, "", None) for i in range(30)]
    found += [("a/x", i * 7, 5, 3, -1, False, "", None) for i in range(10)]
    found += [("b", i, 5, 4, -1, False, "", None) for i in range(50)]
    found += [("a/x", i, 9, 4, -1, True, "", None) for i in range(200)]
    incidents, assigned, false_place = table_of(found)
    counts = count_incidents(incidents, assigned, CELLS, default_points=false_place, policy="spread")
    placed = counts.cube("a", 2).counts.sum(axis=0) - np.array([30, 10, 0])
    np.testing.assert_allclose(placed, [150, 50, 0], atol=3)


@given(reports)
def test_distinct_agrees_with_the_definition(found):
    incidents, assigned, false_place = table_of(found)
    counts = count_incidents(incidents, assigned, CELLS, default_points=false_place, policy="keep")
    for role, column in (("territorial", 0), ("sectoral", 1)):
        held = assigned[:, column] >= 0
        expected = sum(distinct_by_hand(incidents[held & ~false_place])) + (held & false_place).sum()
        assert counts.cube(unit_level=2, role=role, measure="distinct").counts.sum() == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 1)),
        min_size=1,
        max_size=60,
    )
)
def test_bursts_in_the_plane_agree_with_brute_force(found):
    """Whole metres and minutes, so that distances and waits of exactly 5 occur: both are inclusive."""
    x, y, minute, code = np.array(found, dtype=float).T
    first = first_of_bursts(x, y, minute * 60, code.astype(int), 5.0, 5.0)
    counted: list[int] = []
    for i in np.argsort(minute, kind="stable"):
        near = [np.hypot(x[j] - x[i], y[j] - y[i]) <= 5.0 and minute[i] - minute[j] <= 5.0 for j in counted]
        same = [code[j] == code[i] for j in counted]
        assert first[i] == (not any(a and b for a, b in zip(near, same, strict=True)))
        if first[i]:
            counted.append(int(i))


def test_a_burst_pipe_counts_once_until_the_wait_is_over():
    n = 40
    moments = np.arange(n) * 50 * 60.0  # every 50 minutes for a day and a half
    zero, code = np.zeros(n), np.zeros(n, dtype=int)
    assert first_of_bursts(zero, zero, moments, code, 30.0, 60.0).sum() == n / 2  # every other one
    assert first_of_bursts(zero, zero, moments / 60, code, 30.0, 60.0).sum() == 1
    assert first_of_bursts(zero, zero, moments, code, 30.0, 49.0).sum() == n
    assert first_of_bursts(zero, zero, moments, code, 0.0, 60.0).sum() == n
    assert first_of_bursts(zero * np.nan, zero, moments, code, 30.0, 60.0).sum() == n


def test_reports_at_a_default_point_are_all_distinct_and_hide_no_other():
    found = [("b", 0, 0, 2, -1, True, "", None)] * 9 + [("b", 5, 0, 2, -1, False, "", None)] * 4
    incidents, assigned, false_place = table_of(found)
    counts = count_incidents(incidents, assigned, CELLS, default_points=false_place)
    assert counts.cube(unit_level=0, measure="distinct").counts.sum() == 9 + 1


@settings(max_examples=50)
@given(reports, st.integers(0, 40))
def test_batches_add_up(found, cut):
    one, two, whole = (count_incidents(*table_of(part)[:2], CELLS) for part in (found[:cut], found[cut:], found))
    together = one + two
    columns = ["category", "source", "kind", "cell", "bin", "reported_bin", "count", "severity_sum"]
    pd.testing.assert_frame_equal(together.table[columns], whole.table[columns])
    if found:
        assert (together.first_bin, together.end_bin) == (whole.first_bin, whole.end_bin)


def test_bins_are_local_and_a_missing_time_of_report_is_that_of_occurrence():
    found = [("b", 23 * 60 + 59, 0, 2, -1, False, "", None), ("b", 24 * 60, 0, 2, -1, False, "", 3000)]
    counts = count_incidents(*table_of(found)[:2], CELLS)
    day = int(bin_of(pd.Series([START]), "day", "Asia/Shanghai")[0])
    assert counts.table[["bin", "reported_bin"]].values.tolist() == [[day, day], [day + 1, day + 3]]
    assert (counts.first_bin, counts.end_bin) == (day, day + 2)
    assert counts.until("2024-05-08").table["count"].sum() == 1  # the second was reported on the 9th
    assert str(counts.bins[0]).startswith("2024-05-06")


def test_the_table_is_sorted_text_and_whole_numbers():
    found = [
        ("b", 0, 0, 3, 5, False, "12345", 0),
        ("a/x", 0, 0, 2, -1, False, "", None),
        ("b", 1, 2, 3, 5, False, "12345", 0),
    ]
    table = count_incidents(*table_of(found)[:2], CELLS).table
    assert table["category"].tolist() == ["a/x", "b", "b"] and table["cell"].tolist() == [2, 3, 5]
    assert table["count"].tolist() == [1, 2, 2] and table["distinct"].tolist() == [1, 1, 1]
    assert all(isinstance(value, str) for value in table["category"])


def test_a_file_without_rows_counts_nothing():
    counts = count_incidents(*table_of([])[:2], CELLS)
    assert counts.table.empty and counts.first_bin == counts.end_bin


def test_arrays_that_do_not_fit_are_refused():
    incidents, assigned, _ = table_of([("b", 0, 0, 2, -1, False, "", None)])
    with pytest.raises(InputError, match=r"1 incidents, 0 places"):
        count_incidents(incidents, assigned[:0], CELLS)
    with pytest.raises(InputError, match=r"policy 'drop'.*city, keep, spread"):
        count_incidents(incidents, assigned, CELLS, policy="drop")


def test_unrelated_reports_in_the_middle_of_a_named_place_are_no_burst():
    """A village's centroid carries many classes: what is reported there together need not be one thing."""
    x = y = np.zeros(24)
    assert at_named_places(x, y, np.arange(24) % 6).all()
    assert not at_named_places(x, y, np.arange(24) % 3).any() and not at_named_places(x[:9], y[:9], np.arange(9)).any()
    assert not at_named_places(x * np.nan, y, np.arange(24) % 6).any()
