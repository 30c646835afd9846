"""Levels, the family, grouping, episodes and the budget."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import ALL_CLASSES, Cells, Counts, sum_counts
from gridbeacon.models.early_warning import LEVELS, WarningRules, expected_false, family_recurrence, raise_warnings
from gridbeacon.models.early_warning.phenomena import find_phenomena, same_branch, same_place
from scipy import sparse

RULES = WarningRules()
DAY0 = 19_700  # an arbitrary day number


def city() -> Cells:
    """CITY -> two streets (rows 1, 2) -> two cells each (3, 4 | 5, 6); 4 and 5 touch across the street border."""
    links = sparse.lil_matrix((7, 7))
    for a, b in ((1, 2), (3, 4), (4, 5), (5, 6)):
        links[a, b] = links[b, a] = 1
    names = np.array(["CITY", "A", "B", "a1", "a2", "b1", "b2"], dtype=object)
    return Cells(
        cell_id=names,
        name=names,
        unit_level=np.array([0, 1, 1, 2, 2, 2, 2]),
        parent=np.array([-1, 0, 0, 1, 1, 2, 2]),
        role=np.full(7, "territorial", dtype=object),
        centres=np.zeros((7, 2)),
        areas=np.ones(7),
        exposure=np.zeros(7),
        contiguity=links.tocsr(),
    )


def counts_of(rows: list[tuple[str, str, int, int]], days: int = 40) -> Counts:
    """rows: (class, source, cell row, day offset), one incident each."""
    table = pd.DataFrame(rows, columns=["category", "source", "cell", "bin"])
    table["bin"] += DAY0
    table = table.assign(kind="handled", reported_bin=table["bin"], count=1, severity_sum=1.0, distinct=1)
    return Counts(sum_counts(table), city(), "day", DAY0, DAY0 + days)


def test_of(
    unit: int, category: str, observed: float, expected: float, day: int, days: float = 4000.0, window: int = 1, **more
) -> dict:
    """One test as the survey hands it over."""
    base = {
        "bin": DAY0 + day,
        "role": "territorial",
        "unit_level": int(city().unit_level[unit]),
        "unit": unit,
        "category": category,
    }
    base |= {"window": window, "observed": observed, "expected": expected, "size": 50.0, "excess": observed - expected}
    base |= {
        "last_observed": observed,
        "last_expected": expected,
        "family": 10.0,
        "n_levels": 3,
        "log_p": -np.log(days) - 3,
    }
    return base | {"recurrence_days": days, "log_rank": -np.log(days), "rising": True} | more


test_of.__test__ = False  # type: ignore[attr-defined]


def raised(tests: list[dict], counts: Counts, rules: WarningRules = RULES) -> pd.DataFrame:
    return raise_warnings(pd.DataFrame(tests), counts, rules, bin_days=1.0, street_level=1)


SILENT = counts_of([("x", "", 3, 0)])


@pytest.mark.parametrize(
    ("days", "observed", "expected", "level"),
    [
        (29, 99, 1, -1),
        (30, 4, 1, 0),
        (90, 4, 1, 1),
        (90, 12, 9, 0),
        (365, 6, 1, 2),
        (365, 5, 1, 1),
        (1825, 9, 1, 3),
        (1825, 8.9, 1, 2),
        (9e9, 3.9, 1, -1),
    ],
)
def test_levels_follow_recurrence_excess_and_ratio(days, observed, expected, level):
    """The table of MODELS §9: blue 30 d/3, yellow 90 d/3/1.5, orange 365 d/5/2, red 1825 d/8/2."""
    assert RULES.level_of(days, observed, expected) == level


def test_expected_false_alarms_add_up_to_the_recurrence_intervals():
    assert expected_false(RULES).sum() == pytest.approx(100 / 30)
    assert expected_false(RULES)["red"] == pytest.approx(100 / 1825)


def test_the_family_is_shared_by_level_and_by_expected_count():
    """A single test of a family of one has its own recurrence; among three levels, a tenth of counts, a thirtieth."""
    log_p = np.log(np.array([1e-4]))
    alone = family_recurrence(log_p, np.array([2.0]), np.array([2.0]), 1, 1.0)[0]
    shared = family_recurrence(log_p, np.array([2.0]), np.array([20.0]), 3, 1.0)[0]
    assert alone == pytest.approx(1e4, rel=1e-3) and shared == pytest.approx(1e4 / 30, rel=1e-2)


def test_places_and_branches():
    cells = city()
    assert (
        same_place(cells, 0, 6) and same_place(cells, 3, 1) and same_place(cells, 4, 5) and not same_place(cells, 3, 6)
    )
    assert (
        same_branch("a", "a/b")
        and same_branch(ALL_CLASSES, "z")
        and not same_branch("a/b", "a/c")
        and not same_branch("ab", "a")
    )


def test_one_phenomenon_is_one_warning():
    """A burst in one cell lights its street, the city, the neighbour and the parent class: one warning, at the cell."""
    tests = [
        test_of(4, "water", 20, 0.2, 39, 1e7),
        test_of(1, "water", 21, 0.5, 39, 1e6),
        test_of(0, "water", 23, 2.0, 39, 1e5),
        test_of(0, ALL_CLASSES, 41, 20.0, 39, 60),
        test_of(5, "water", 5, 0.2, 39, 50),
    ]
    table = raised(tests, SILENT)
    assert len(table) == 1 and table["unit"][0] == 4 and len(table["explained"][0]) == 4


def test_a_second_phenomenon_inside_the_same_city_is_not_swallowed():
    """What is left of the city when the burst is taken out is still far too much: two warnings."""
    tests = pd.DataFrame([test_of(4, "water", 20, 0.2, 39, 1e7), test_of(0, "water", 80, 2.0, 39, 1e6)])
    assert len(find_phenomena(tests, city(), RULES, 1.0)) == 2


def test_different_classes_are_different_phenomena():
    assert len(raised([test_of(4, "water", 20, 0.2, 39), test_of(4, "noise", 20, 0.2, 39)], SILENT)) == 2


def test_red_waits_for_a_second_source_or_a_second_day():
    first = raised([test_of(4, "water", 20, 0.2, 39, 1e7)], SILENT)
    assert first["level"].tolist() == ["orange"] and first["awaiting_second"].all()
    second = raised([test_of(4, "water", 20, 0.2, 38, 1e7), test_of(4, "water", 20, 0.2, 39, 1e7)], SILENT)
    assert second["level"].tolist() == ["red"] and second["change"].tolist() == ["升级"]
    both = counts_of([("water", source, 4, 39) for source in ("12345", "110") for _ in range(9)])
    assert raised([test_of(4, "water", 18, 0.2, 39, 1e7)], both)["level"].tolist() == ["red"]


def test_one_source_is_capped_at_yellow_only_where_two_normally_report():
    usual = [("water", source, 4, day) for source in ("12345", "110") for day in range(30)]
    one = counts_of(usual + [("water", "12345", 4, 39)] * 20)
    assert raised([test_of(4, "water", 20, 2.0, 39, 1e7)], one)["level"].tolist() == ["yellow"]
    only = counts_of([("water", "12345", 4, day) for day in range(30)] + [("water", "12345", 4, 39)] * 20)
    assert raised([test_of(4, "water", 20, 1.0, 39, 1e7)], only)["level"].tolist() == ["orange"]


def test_an_episode_keeps_its_identity_and_ends_after_quiet_days():
    loud = [test_of(4, "water", 20, 0.2, day, 1e7) for day in (35, 36)]
    ids = set()
    for days, phase in ((36, "open"), (37, "escalated"), (38, "quiet"), (39, "quiet"), (40, "ended")):
        tests = [t for t in loud if t["bin"] < DAY0 + days]
        table = raised(tests, counts_of([("x", "", 3, 0)], days))
        assert table["phase"].tolist() == [phase]
        ids |= set(table["warning_id"])
    assert len(ids) == 1
    assert raised(loud, counts_of([("x", "", 3, 0)], 41)).empty


def test_a_level_does_not_drop_within_the_quiet_steps():
    tests = [
        test_of(4, "water", 20, 0.2, 37, 1e7),
        test_of(4, "water", 20, 0.2, 38, 1e7),
        test_of(4, "water", 5, 0.2, 39, 40),
    ]
    assert raised(tests, SILENT)["level"].tolist() == ["red"]


def test_the_budget_cuts_orange_visibly_and_never_red():
    tests = [test_of(unit, name, 20, 0.2, 39, 400 + unit) for unit in (3, 6) for name in "abcd"]
    table = raised(tests, SILENT, WarningRules(city_per_day=5))
    assert len(table) == 8 and (table["level"] == "orange").all()
    assert table["within_budget"].sum() == 2  # one a week in each of two streets is the stricter
    red = [test_of(unit, name, 20, 0.2, day, 1e7) for unit in (3, 6) for name in "abcd" for day in (38, 39)]
    table = raised(red, SILENT, WarningRules(city_per_day=5))
    assert (table["level"] == "red").all() and table["within_budget"].all()


def test_the_list_is_ranked_by_level_then_by_surprise():
    tests = [test_of(3, "a", 9, 0.2, 39, 100), test_of(6, "b", 9, 0.2, 39, 500), test_of(0, "c", 30, 9, 39, 900)]
    table = raised(tests, SILENT)
    assert table["level"].tolist() == ["orange", "orange", "yellow"] and table["category"].tolist() == ["c", "b", "a"]
    assert table["rank"].tolist() == [1, 2, 3]


def test_an_empty_day_is_an_empty_table():
    assert raised([test_of(4, "water", 5, 0.2, 39, 10)], SILENT).empty


def test_levels_are_ordered():
    assert LEVELS == ("blue", "yellow", "orange", "red")


def test_a_warning_is_not_moved_to_a_place_that_reaches_less():
    """Red figures in the city, most of the excess in a street that alone is only blue: it stays the city's."""
    table = raised([test_of(0, "water", 10, 1.0, 39, 5000), test_of(1, "water", 8, 0.2, 39, 31)], SILENT)
    assert table["unit"].tolist() == [0] and table["awaiting_second"].all()


def test_a_warning_is_moved_to_the_place_that_carries_it():
    table = raised([test_of(0, "water", 21, 1.0, 39, 9e6), test_of(1, "water", 20, 0.2, 39, 8e6)], SILENT)
    assert table["unit"].tolist() == [1]


def test_the_street_budget_counts_from_the_day_a_warning_became_urgent():
    """Blue yesterday and orange today: three classes in one street are still one orange a week."""
    tests = [test_of(3, name, 20, 0.2, day, days) for name in "abc" for day, days in ((38, 40), (39, 400))]
    table = raised(tests, SILENT)
    assert (table["level"] == "orange").all() and table["within_budget"].sum() == 1


def test_steady_sources_do_not_confirm_one_another_when_history_is_short():
    """Forty days of two steady sources: what they usually report is no rise of both."""
    steady = [("water", source, 4, day) for source in ("12345", "110") for day in range(40) for _ in range(3)]
    table = raised([test_of(4, "water", 6, 0.5, 39, 1e7)], counts_of(steady))
    assert table["source_count"].tolist() == [0]
