"""Counts and the cube: sums that add up, and a cut that removes the future and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import (
    ALL_CLASSES,
    COUNT_KEYS,
    Cells,
    Counts,
    ancestors_of,
    bin_of,
    bin_start,
    combine,
    sum_counts,
)
from gridbeacon.errors import InputError
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse


def small_city() -> Cells:
    """CITY; districts A, B; cells A1, A2, B1; one sectoral unit S at the level of the cells."""
    ids = ["CITY", "A", "B", "A1", "A2", "B1", "S"]
    n = len(ids)
    return Cells(
        cell_id=np.array(ids, dtype=object),
        name=np.array(ids, dtype=object),
        unit_level=np.array([0, 1, 1, 2, 2, 2, 2]),
        parent=np.array([-1, 0, 0, 1, 1, 2, -1]),
        role=np.array(["territorial"] * 6 + ["sectoral"], dtype=object),
        centres=np.arange(2 * n, dtype=float).reshape(n, 2),
        areas=np.ones(n),
        exposure=np.arange(n, dtype=float),
        contiguity=sparse.csr_matrix(([1.0, 1.0, 1.0, 1.0], ([1, 2, 3, 4], [2, 1, 4, 3])), shape=(n, n)),
    )


CELLS = small_city()
FIRST, END = 16_000, 16_010

rows = st.lists(
    st.tuples(
        st.sampled_from(["a/x", "a/y", "a", "b/z/1", "ab"]),
        st.sampled_from(["12345", "110"]),
        st.sampled_from(["handled", "reported"]),
        st.sampled_from([0, 3, 4, 5, 6]),  # CITY itself holds default points
        st.integers(FIRST, END - 1),
        st.integers(0, 3),
        st.integers(1, 5),
    ),
    max_size=25,
)


def counts_of(found, first=FIRST, end=END, bin="day") -> Counts:
    table = pd.DataFrame(found, columns=[*COUNT_KEYS, "count"])
    table["reported_bin"] += table["bin"]
    table = table.astype({"category": str, "source": str, "kind": str})
    for name in ("cell", "bin", "reported_bin", "count"):
        table[name] = table[name].astype(np.int64)
    table["severity_sum"] = table["count"] * 2.0
    table["distinct"] = (table["count"] + 1) // 2
    return Counts(sum_counts(table), CELLS, bin, first, end)


def same(one: Counts, other: Counts) -> bool:
    pd.testing.assert_frame_equal(one.table.reset_index(drop=True), other.table.reset_index(drop=True))
    return (one.first_bin, one.end_bin) == (other.first_bin, other.end_bin)


@settings(max_examples=50)
@given(rows, rows, rows)
def test_batches_add_up_in_any_grouping_and_order(one, two, three):
    a, b, c = counts_of(one), counts_of(two, FIRST - 2), counts_of(three, FIRST, END + 1)
    whole = counts_of(one + two + three, FIRST - 2, END + 1)
    assert same((a + b) + c, whole) and same(a + (b + c), whole) and same(combine([c, a, b]), whole)


@settings(max_examples=25)
@given(rows)
def test_an_empty_batch_changes_nothing(found):
    empty = counts_of([], 0, 0)
    assert same(counts_of(found) + empty, counts_of(found)) and same(empty + counts_of(found), counts_of(found))


@given(rows, st.integers(FIRST - 3, END + 3))
def test_until_keeps_exactly_what_was_known(found, end):
    counts = counts_of(found)
    cut = counts.until(bin_start(end, "day"))
    known = [row for row in found if row[4] < end and row[4] + row[5] < end]
    assert cut.table["count"].sum() == sum(row[6] for row in known)
    assert cut.end_bin == max(end, FIRST)
    assert len(cut.bins) == cut.end_bin - cut.first_bin


@settings(max_examples=50)
@given(rows, rows, st.integers(FIRST, END))
def test_cutting_and_adding_commute(one, two, end):
    a, b, as_of = counts_of(one), counts_of(two), bin_start(end, "day")
    assert same((a + b).until(as_of), a.until(as_of) + b.until(as_of))


@given(rows, st.integers(FIRST + 1, END), st.integers(1, 4))
def test_rows_after_the_cut_cannot_be_told_from_their_absence(found, end, late):
    """Neither a later incident nor an earlier one reported later leaves a trace."""
    as_of = bin_start(end, "day")
    future = [("a/x", "110", "handled", 3, end + late, 0, 9), ("b/z/1", "110", "handled", 4, end - 1, late, 9)]
    straight, tempted = counts_of(found).until(as_of), counts_of([*found, *future]).until(as_of)
    for level in (0, 1, 2):
        np.testing.assert_array_equal(straight.cube("b", level, last=5).counts, tempted.cube("b", level, last=5).counts)
    assert straight.nodes() == tempted.nodes()


@pytest.mark.parametrize(
    ("bin", "as_of", "last_kept"),
    [
        ("day", "2024-03-05 00:00", "2024-03-04"),
        ("day", "2024-03-05 23:59", "2024-03-04"),
        ("day", "2024-03-05 08:00+08:00", "2024-03-04"),
        ("hour", "2024-03-05 10:30", "2024-03-05 09:00"),
        ("week", "2024-03-10 23:00", "2024-02-26"),
        ("week", "2024-03-11 00:00", "2024-03-04"),
    ],
)
def test_of_a_bin_that_the_cut_splits_nothing_is_kept(bin, as_of, last_kept):
    """Weeks start on Monday: 2024-03-04 and 2024-03-11 were Mondays (calendar)."""
    times = pd.Series(pd.date_range("2024-01-01", "2024-06-01", freq="h", tz="Asia/Shanghai"))
    numbers = np.unique(bin_of(times, bin, "Asia/Shanghai"))
    found = [("a", "", "handled", 3, number, 0, 1) for number in numbers]
    cut = counts_of(found, int(numbers[0]), int(numbers[-1]) + 1, bin).until(as_of)
    assert cut.bins[-1] == np.datetime64(last_kept, "h")
    assert cut.table["bin"].max() == cut.end_bin - 1


@given(rows, st.sampled_from([ALL_CLASSES, "a", "a/x", "b", "b/z", "ab", "nothing"]), st.sampled_from([0, 1, 2]))
def test_a_cube_holds_the_sum_over_class_and_unit(found, category, level):
    cube = counts_of(found).cube(category, level)
    for time in range(cube.n_times):
        for column, unit in enumerate(cube.cells):
            expected = sum(
                row[6]
                for row in found
                if row[4] == FIRST + time
                and row[3] != 6
                and category in ancestors_of(row[0])
                and unit in lineage_by_hand(row[3])
            )
            assert cube.counts[time, column] == expected


def lineage_by_hand(row: int) -> set[str]:
    return {0: {"CITY"}, 3: {"CITY", "A", "A1"}, 4: {"CITY", "A", "A2"}, 5: {"CITY", "B", "B1"}}[row]


@given(rows)
def test_levels_add_up_except_for_default_points(found):
    counts = counts_of(found)
    city, districts, cells = (counts.cube(unit_level=level).counts.sum(axis=1) for level in (0, 1, 2))
    np.testing.assert_array_equal(districts, cells)
    on_city = sum(row[6] for row in found if row[3] == 0)
    assert city.sum() - districts.sum() == on_city


@given(rows)
def test_sources_kinds_and_measures_split_the_whole(found):
    counts = counts_of(found)
    whole = counts.cube(unit_level=2).counts
    parts = [counts.cube(unit_level=2, source=source).counts for source in ("12345", "110")]
    np.testing.assert_array_equal(sum(parts), whole)
    kinds = [counts.cube(unit_level=2, kind=kind).counts for kind in ("handled", "reported")]
    np.testing.assert_array_equal(sum(kinds), whole)
    np.testing.assert_array_equal(counts.cube(unit_level=2, measure="severity_sum").counts, 2 * whole)
    assert (counts.cube(unit_level=2, measure="distinct").counts <= whole).all()


def test_sectoral_units_stay_out_of_the_territorial_sum():
    counts = counts_of([("a", "", "handled", 6, FIRST, 0, 7), ("a", "", "handled", 3, FIRST, 0, 2)])
    assert counts.cube(unit_level=0).counts.sum() == 2
    assert counts.cube(unit_level=2, role="sectoral").counts.sum() == 7
    assert counts.cube(unit_level=2, role="sectoral").cells.tolist() == ["S"]


def test_a_cube_carries_the_geography_of_its_level():
    cube = counts_of([]).cube(unit_level=2)
    assert cube.cells.tolist() == ["A1", "A2", "B1"]
    assert cube.contiguity.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert cube.factors["context"].tolist() == ["A", "A", "B"]
    assert cube.parents[0] == cube.parents[1] != cube.parents[2]
    assert cube.exposure.tolist() == [3, 4, 5] and cube.n_times == END - FIRST


def test_the_last_bins_and_their_validity_go_together():
    valid = np.arange(END - FIRST) % 2 == 0
    cube = counts_of([("a", "", "handled", 3, END - 1, 0, 1)]).cube(last=3, valid=valid)
    assert cube.n_times == 3 and cube.valid.tolist() == valid[-3:].tolist() and cube.counts[-1].sum() == 1
    assert cube.window(2).valid.tolist() == valid[-2:].tolist() and cube.window(2).n_times == 2


def test_cells_in_another_order_are_the_same_city():
    cube = counts_of([("a", "", "handled", 3, FIRST, 0, 1), ("a", "", "handled", 5, FIRST, 0, 4)]).cube(unit_level=2)
    turned = cube.take_cells(np.array([2, 0, 1]))
    assert turned.cells.tolist() == ["B1", "A1", "A2"] and turned.counts[0].tolist() == [4, 1, 0]
    assert turned.contiguity.toarray().tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_lineage_names_every_ancestor():
    names = [[CELLS.cell_id[row] if row >= 0 else "" for row in line] for line in CELLS.lineage]
    assert names == [
        ["CITY", "", ""],
        ["CITY", "A", ""],
        ["CITY", "B", ""],
        ["CITY", "A", "A1"],
        ["CITY", "A", "A2"],
        ["CITY", "B", "B1"],
        ["", "", "S"],
    ]


def test_a_subset_keeps_the_parents_it_holds():
    part = CELLS.subset(np.array([1, 3, 5]))
    assert part.cell_id.tolist() == ["A", "A1", "B1"] and part.parent.tolist() == [-1, 0, -1]


def test_the_class_tree_starts_at_its_root_and_repeats_nothing():
    counts = counts_of([(name, "", "handled", 3, FIRST, 0, 1) for name in ("交通/停车", "交通/道路", "环境/噪声")])
    assert counts.nodes() == [ALL_CLASSES, "交通", "交通/停车", "交通/道路", "环境/噪声"]
    assert counts.nodes(depth=1) == [ALL_CLASSES, "交通", "环境"]
    assert counts_of([]).nodes() == [ALL_CLASSES]


def test_different_cells_do_not_add():
    other = counts_of([])
    part = Counts(other.table, CELLS.subset(np.array([0])), "day", FIRST, END)
    with pytest.raises(InputError, match="different cells or bins"):
        _ = other + part


@given(st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2037-01-01")), st.sampled_from(["hour", "day", "week"]))
def test_a_time_lies_in_the_bin_that_starts_before_it(moment, bin):
    local = pd.Timestamp(moment).tz_localize("Asia/Shanghai", nonexistent="shift_forward", ambiguous=True)
    number = bin_of(pd.Series([local]), bin, "Asia/Shanghai")
    wall = local.tz_localize(None)
    assert pd.Timestamp(bin_start(number, bin)[0]) <= wall < pd.Timestamp(bin_start(number + 1, bin)[0])
    if bin == "week":
        assert pd.Timestamp(bin_start(number, bin)[0]).weekday() == 0


def test_class_mix_is_what_lies_right_below_a_class():
    leaves = ["a/x", "a/x", "a/y/z", "b", "a"]
    counts = counts_of([(leaf, "110", "handled", 3, FIRST + i, 0, 1) for i, leaf in enumerate(leaves)])
    every = counts.class_mix(ALL_CLASSES, 1)
    assert every["class_names"].tolist() == ["a", "b"]
    assert every["class_mix"].tolist() == [[4.0, 1.0], [0.0, 0.0]]  # districts A and B
    below = counts.class_mix("a", 1)
    assert below["class_names"].tolist() == ["a/x", "a/y"]
    assert below["class_mix"].tolist() == [[2.0, 1.0], [0.0, 0.0]]
    assert counts.class_mix("c", 1)["class_mix"].shape == (2, 0)
