"""One phenomenon, one warning; everything it stands for is kept; nothing vanishes from one run to the next."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import ALL_CLASSES, Cells, Counts, sum_counts
from gridbeacon.models.early_warning import WarningRules, raise_warnings
from gridbeacon.models.early_warning.episodes import replay
from gridbeacon.models.early_warning.phenomena import RELATIONS, find_phenomena, relation
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

RULES = WarningRules()
DAY0, DAYS = 19_700, 10
STREETS, CELLS = range(1, 7), range(7, 19)
SECTOR = 19


def city() -> Cells:
    """CITY -> six streets in a row (1 to 6) -> two cells each (7 to 18) in a row; a sector (19) over street 1."""
    links = sparse.lil_matrix((20, 20))
    for a, b in [*((s, s + 1) for s in STREETS[:-1]), *((c, c + 1) for c in CELLS[:-1])]:
        links[a, b] = links[b, a] = 1
    shared = sparse.lil_matrix((20, 20))
    for unit in (1, 7, 8):
        shared[unit, SECTOR] = shared[SECTOR, unit] = 1
    names = np.array([f"u{i:02d}" for i in range(20)], dtype=object)
    return Cells(
        cell_id=names,
        name=names,
        unit_level=np.array([0, *[1] * 6, *[2] * 12, 1]),
        parent=np.array([-1, *[0] * 6, *np.repeat(STREETS, 2), -1]),
        role=np.array(["territorial"] * 19 + ["sectoral"], dtype=object),
        centres=np.zeros((20, 2)),
        areas=np.ones(20),
        exposure=np.zeros(20),
        contiguity=links.tocsr(),
        overlap=shared.tocsr(),
    )


TOWN = city()


def one(unit: int, category: str, observed: float, expected: float, days: float, day: int = DAYS - 1) -> dict:
    """A test as the survey hands it over; *days* is its recurrence interval."""
    return {
        "bin": DAY0 + day,
        "role": str(TOWN.role[unit]),
        "unit_level": int(TOWN.unit_level[unit]),
        "unit": unit,
        "category": category,
        "window": 1,
        "observed": observed,
        "expected": expected,
        "size": 50.0,
        "excess": observed - expected,
        "last_observed": observed,
        "last_expected": expected,
        "family": 40.0,
        "n_levels": 3,
        "log_p": -np.log(days) - 3,
        "recurrence_days": days,
        "log_rank": -np.log(days),
        "rising": True,
    }


def grouped(*tests: dict) -> list[tuple[int, str, set]]:
    """Unit and class reported, and what each stands for, of the phenomena of one bin."""
    found = find_phenomena(pd.DataFrame(list(tests)), TOWN, RULES, 1.0)
    return [
        (int(p.lead.unit), p.lead.category, {(int(t.unit), t.category, relation(t, p.lead, TOWN)) for t in p.explained})
        for p in found
    ]


def counts_until(days: int) -> Counts:
    table = pd.DataFrame({"category": ["x"], "source": [""], "cell": [7], "bin": [DAY0]})
    table = table.assign(kind="handled", reported_bin=DAY0, count=1, severity_sum=1.0, distinct=1)
    return Counts(sum_counts(table), TOWN, "day", DAY0, DAY0 + days)


def warned(tests: list[dict], days: int = DAYS, rules: WarningRules = RULES) -> pd.DataFrame:
    seen = [test for test in tests if test["bin"] < DAY0 + days]
    columns = list(one(0, "a", 2, 1, 40))
    return raise_warnings(pd.DataFrame(seen, columns=columns), counts_until(days), rules, bin_days=1.0, street_level=1)


# ---- one bin ------------------------------------------------------------------------------------------------------


def test_every_kind_of_kin_is_one_phenomenon_and_is_told_apart():
    (found,) = grouped(
        one(8, "water", 20, 0.2, 1e7),
        one(1, "water", 21, 0.5, 1e6),
        one(0, ALL_CLASSES, 41, 20.0, 60),
        one(9, "water", 5, 0.2, 50),
        one(8, "water/pipe", 9, 0.1, 40),
        one(SECTOR, "water", 20, 1.0, 70),
    )
    assert found[:2] == (8, "water")
    assert found[2] == {
        (1, "water", "broader"),
        (0, ALL_CLASSES, "broader"),
        (9, "water", "neighbour"),
        (8, "water/pipe", "finer class"),
        (SECTOR, "water", "other role"),
    }


def test_sub_classes_rising_together_are_one_phenomenon_of_the_class_that_carries_both():
    """Stopped supply and low pressure in one street: water supply rose."""
    (found,) = grouped(
        one(1, "water/stopped", 9, 0.3, 4000), one(1, "water/pressure", 8, 0.3, 3000), one(1, "water", 17, 0.8, 2500)
    )
    assert found[:2] == (1, "water")
    assert found[2] == {(1, "water/stopped", "finer class"), (1, "water/pressure", "finer class")}


def test_sub_classes_are_one_phenomenon_whatever_the_order_of_strength():
    tests = [("water/stopped", 9.0), ("water/pressure", 8.0), ("water", 17.0)]
    for days in ((4000, 3000, 2500), (4000, 2500, 3000), (2500, 3000, 4000), (3000, 2500, 4000)):
        rows = [one(1, name, n, 0.4, d) for (name, n), d in zip(tests, days, strict=True)]
        assert [found[1] for found in grouped(*rows)] == ["water"]


def test_a_sub_class_more_urgent_than_its_class_stays_the_one_reported():
    (found,) = grouped(
        one(1, "water/stopped", 12, 0.3, 4000), one(1, "water/pressure", 9, 0.3, 400), one(1, "water", 29, 9.0, 100)
    )
    assert found[:2] == (1, "water/stopped") and (1, "water/pressure", "sibling class") in found[2]


@pytest.mark.parametrize(
    "tests",
    [
        [one(1, "water", 20, 0.2, 4000), one(1, "noise", 20, 0.2, 3000), one(1, ALL_CLASSES, 60, 20.0, 2000)],
        [one(1, "water/a", 9, 0.3, 4000), one(5, "water/b", 9, 0.3, 3000), one(0, "water", 19, 2.0, 100)],
        [one(1, "water/a", 9, 0.3, 4000), one(1, "water/b", 9, 0.3, 3000)],
    ],
    ids=["only all classes carry both", "two places", "the class's own test does not carry them"],
)
def test_unrelated_rises_stay_two(tests):
    assert len(grouped(*tests)) == 2


def test_a_city_wide_rise_is_one_phenomenon_that_holds_its_streets():
    """Rain: every street is up, none carries it, and the city is up without the three that show by themselves."""
    (found,) = grouped(
        *(one(street, "drains", 12, 2.0, days) for street, days in ((1, 9000), (3, 8000), (5, 7000))),
        one(0, "drains", 60, 9.0, 6000),
    )
    assert found[:2] == (0, "drains") and {unit for unit, *_ in found[2]} == {1, 3, 5}


def test_three_streets_that_rise_together_are_the_city_even_if_the_rest_is_calm():
    (found,) = grouped(
        *(one(street, "drains", 12, 0.5, days) for street, days in ((1, 9000), (3, 8000), (5, 7000))),
        one(0, "drains", 37, 3.0, 6000),
    )
    assert found[:2] == (0, "drains") and len(found[2]) == 3


def test_three_streets_that_touch_are_counted_as_three():
    (found,) = grouped(
        *(one(street, "drains", 12, 0.5, days) for street, days in ((2, 9000), (3, 8000), (5, 7000))),
        one(0, "drains", 37, 3.0, 6000),
    )
    assert found[0] == 0 and {unit for unit, *_ in found[2]} == {2, 3, 5}


def test_two_streets_that_carry_all_of_it_are_two_phenomena():
    found = grouped(one(1, "drains", 12, 0.5, 9000), one(5, "drains", 12, 0.5, 8000), one(0, "drains", 25, 3.0, 6000))
    assert [unit for unit, *_ in found] == [1, 5]


def test_a_local_burst_within_a_city_wide_rise_stays_a_phenomenon_of_its_own():
    """Twenty where the city's rise alone would have given seven: MODELS of the negative binomial, size 50."""
    found = grouped(one(7, "drains", 20, 0.2, 1e7), one(0, "drains", 80, 2.0, 1e6))
    assert [unit for unit, *_ in found] == [7, 0]


def test_a_less_urgent_city_does_not_speak_for_red_streets():
    found = grouped(*(one(street, "drains", 12, 0.5, 9000) for street in (1, 3, 5)), one(0, "drains", 37, 20.0, 100))
    assert {unit for unit, *_ in found} == {1, 3, 5}


tests_of_a_day = st.lists(
    st.tuples(
        st.integers(0, SECTOR),
        st.sampled_from(["a", "a/b", "a/c", "d", ALL_CLASSES]),
        st.integers(4, 40),
        st.sampled_from([0.2, 1.0, 8.0]),
        st.integers(31, 9000),
    ),
    max_size=12,
    unique_by=lambda row: row[:2],
)


def rows_of(drawn, day: int = DAYS - 1) -> list[dict]:
    """Tests with an excess, each of another strength than the others."""
    kept = [row for row in drawn if row[2] - row[3] >= RULES.blue_excess]
    return [one(*row[:4], row[4] + i / 100, day) for i, row in enumerate(kept)]


@given(tests_of_a_day, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_grouping_keeps_every_test_once_whatever_their_order(drawn, shuffler):
    rows = rows_of(drawn)
    if not rows:
        return
    first = grouped(*rows)
    shuffler.shuffle(rows)
    assert grouped(*rows) == first
    held = [(unit, name) for unit, name, _ in first] + [key[:2] for *_, kept in first for key in kept]
    assert sorted(held) == sorted((row["unit"], row["category"]) for row in rows)
    assert {key[2] for *_, kept in first for key in kept} <= set(RELATIONS)


# ---- from day to day ----------------------------------------------------------------------------------------------


def test_an_episode_that_another_takes_up_is_merged_and_names_it():
    """Two streets, then the whole city with both: one goes on, the other says where it went, and then is gone."""
    tests = [
        one(1, "drains", 12, 0.5, 9000, 5),
        one(5, "drains", 12, 0.5, 8000, 5),
        *(one(street, "drains", 12, 0.5, 400 + street, day) for street in (1, 3, 5) for day in (6, 7)),
        *(one(0, "drains", 60, 3.0, 9000, day) for day in (6, 7)),
    ]
    first = warned(tests, 6)
    second = warned(tests, 7).set_index("warning_id")
    assert set(first["warning_id"]) <= set(second.index) and len(second) == 2
    merged = second[second["phase"] == "merged"].iloc[0]
    heir = second.loc[merged["merged_into"]]
    assert heir["unit"] == 0 and heir["phase"] in ("open", "escalated") and merged["change"] == "解除"
    assert warned(tests, 8)["warning_id"].tolist() == [merged["merged_into"]]


def test_a_rise_that_moves_next_door_keeps_its_identity():
    tests = [one(8, "a", 12, 0.5, 9000, 5), one(9, "a", 12, 0.5, 9000, 6)]
    assert warned(tests, 6)["warning_id"].tolist() == warned(tests, 7)["warning_id"].tolist()


def test_what_an_episode_held_the_day_before_is_kept_with_it():
    """Both neighbours of yesterday's cell rise today: they do not touch, and are one episode still."""
    tests = [one(8, "a", 12, 0.5, 9000, 5), one(7, "a", 12, 0.5, 9000, 6), one(9, "a", 9, 0.5, 800, 6)]
    table = warned(tests, 7)
    assert len(table) == 1 and [t["relation"] for t in table["explained"][0]] == ["same episode"]


def test_a_city_wide_rise_beside_a_burst_is_two_warnings_on_every_day_with_the_same_ids():
    tests = [row for day in (5, 6) for row in (one(7, "a", 20, 0.2, 1e7, day), one(0, "a", 80, 2.0, 1e6, day))]
    assert set(warned(tests, 6)["warning_id"]) == set(warned(tests, 7)["warning_id"])
    assert warned(tests, 7)["unit"].tolist() == [7, 0]


def test_a_new_burst_does_not_take_the_identity_of_the_city_wide_rise_around_it():
    tests = [one(0, "a", 80, 2.0, 1e6, 5), one(7, "a", 20, 0.2, 1e7, 6), one(0, "a", 80, 2.0, 1e6, 6)]
    city_wide = warned(tests, 6)["warning_id"].tolist()
    second = warned(tests, 7).set_index("unit")["warning_id"]
    assert second.loc[0] == city_wide[0] != second.loc[7]


days_of_tests = st.lists(st.tuples(st.integers(0, DAYS - 1), tests_of_a_day), max_size=8, unique_by=lambda d: d[0])


@given(days_of_tests, st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_no_warning_vanishes_from_one_run_to_the_next_and_ids_survive_another_order(drawn, shuffler):
    """Every warning of a run is in the next: alive, ended, or merged into one that is there too."""
    tests = [row for day, rows in drawn for row in rows_of(rows, day)]
    alive: set[str] = set()
    for days in range(1, DAYS + 1):
        table = warned(tests, days)
        assert alive <= set(table["warning_id"])
        assert table["warning_id"].is_unique
        assert set(table.loc[table["phase"] == "merged", "merged_into"]) <= set(table["warning_id"])
        alive = set(table.loc[~table["phase"].isin(["ended", "merged"]), "warning_id"])
    shuffler.shuffle(tests)
    pd.testing.assert_frame_equal(warned(tests, DAYS), table)


def test_every_loud_test_of_a_bin_is_in_some_episode():
    tests = [row for day in (8, 9) for row in (one(7, "a", 20, 0.2, 1e7, day), one(0, "a/b", 80, 2.0, 1e6, day))]
    frame = pd.DataFrame(tests)
    for days in (9, 10):
        episodes = replay(frame[frame["bin"] < DAY0 + days], counts_until(days), RULES, bin_days=1.0)
        held = [t for e in episodes if e.phenomenon for t in e.phenomenon.tests if t.bin == DAY0 + days - 1]
        assert len(held) == 2
