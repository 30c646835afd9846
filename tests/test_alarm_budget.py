"""The alarm budget over days: what it keeps back, what a ledger says of it, and that red is never cut."""

from __future__ import annotations

import pandas as pd
import pytest
from gridbeacon.models.early_warning import Issued, Record, WarningRules, raise_warnings
from gridbeacon.models.early_warning.episodes import replay
from hypothesis import given, settings
from hypothesis import strategies as st
from test_early_warning import DAY0, SILENT
from test_early_warning import test_of as one_test

LAST = 39


def raised_on(tests, day=LAST, rules=None, record=None):
    """The warnings as of *day*."""
    from dataclasses import replace

    known = [t for t in tests if t["bin"] <= DAY0 + day]
    counts = replace(SILENT, end_bin=DAY0 + day + 1)
    return raise_warnings(
        pd.DataFrame(known), counts, rules or WarningRules(), bin_days=1.0, street_level=1, record=record or Record()
    )


def kept(table, level="orange"):
    live = table["phase"].isin(["open", "escalated"])
    return int((table["within_budget"] & live & (table["level"] == level)).sum())


def orange(unit, name, day):
    return one_test(unit, name, 9, 0.2, day, 400)


def red(unit, name, day):
    return [one_test(unit, name, 20, 0.2, day + step, 1e6) for step in (-1, 0)]


def test_what_was_kept_back_takes_no_place_in_the_streets_week():
    """a on day 30 is issued, b on day 33 kept back; on day 38 the street has had nothing for a week: c is issued."""
    tests = [orange(3, "a", 30), orange(4, "b", 33), orange(3, "c", 38)]
    assert kept(raised_on(tests[:2], 33)) == 0
    assert raised_on(tests, 38).query("category == 'c'")["within_budget"].all()


def test_what_was_kept_back_does_not_slip_in_the_day_after():
    tests = [orange(3, "a", 36), *(orange(4, "b", day) for day in (37, 38, 39))]
    for day in (37, 38, 39):
        assert not raised_on(tests, day).query("category == 'b'")["within_budget"].any()


def test_a_warning_issued_stays_issued_while_it_lasts():
    tests = [*(orange(3, "a", day) for day in (37, 38, 39)), orange(4, "b", 38)]
    table = raised_on(tests, 38)
    assert table.set_index("category")["within_budget"].to_dict() == {"a": True, "b": False}
    assert raised_on(tests, 39).query("category == 'a'")["within_budget"].all()


def test_the_ledgers_word_counts():
    """A ledger in which a was never issued leaves the street's week to b; one in which another was, does not."""
    tests = [orange(3, "a", 36), orange(4, "b", 39)]
    assert kept(raised_on(tests)) == 0
    assert kept(raised_on(tests, record=Record({}))) == 1
    other = Record({"somewhere": Issued("a2", "c", DAY0 + 35)})
    assert kept(raised_on(tests, record=other)) == 0
    long_ago = Record({"somewhere": Issued("a2", "c", DAY0 + 32)})
    assert kept(raised_on(tests, record=long_ago)) == 1


def test_red_is_never_cut_and_takes_its_place():
    tests = [t for unit, name in ((3, "a"), (4, "b"), (3, "c")) for t in red(unit, name, LAST)] + [orange(4, "d", LAST)]
    table = raised_on(tests)
    assert kept(table, "red") == 3 and kept(table) == 0


def test_every_red_asks_for_a_person():
    table = raised_on(red(3, "a", LAST))
    assert table["level"].tolist() == ["red"] and table["needs_confirmation"].all()
    first = raised_on([one_test(3, "a", 20, 0.2, LAST, 1e6)])
    assert (
        first["level"].tolist() == ["orange"] and first["awaiting_second"].all() and first["needs_confirmation"].all()
    )


@pytest.mark.parametrize("by", ["id", "place"])
def test_what_a_person_judged_true_stands_as_red(by):
    """One step, no second source: red by its figures, and red once a person confirmed it."""
    tests = [one_test(3, "a", 20, 0.2, LAST, 1e6)]
    own = raised_on(tests)["warning_id"].item()
    table = raised_on(tests, record=Record(judged=frozenset([own if by == "id" else ("a1", "a")])))
    assert table["level"].tolist() == ["red"]
    assert not table["awaiting_second"].any() and not table["needs_confirmation"].any()
    assert raised_on(tests, record=Record(judged=frozenset(["another"])))["level"].tolist() == ["orange"]


PLACES = st.tuples(st.sampled_from([0, 1, 2, 3, 4, 5, 6]), st.sampled_from("abcdefgh"), st.integers(28, LAST))
LOUD = st.sampled_from([(9, 400.0), (20, 1e6), (5, 100.0)])


@given(st.lists(st.tuples(PLACES, LOUD), max_size=40), st.integers(0, 4), st.integers(0, 2))
@settings(max_examples=12)
def test_the_budget_holds_on_every_day(found, per_day, per_week):
    """Never more than k a day and m a week in a street, but for red; what is kept back is in the table, with a rank."""
    rules = WarningRules(city_per_day=per_day, street_per_week=per_week)
    tests = [one_test(unit, name, n, 0.2, day, days) for (unit, name, day), (n, days) in found]
    if not tests:
        return
    first_kept: dict[str, tuple[int, int]] = {}
    for day in range(30, LAST + 1):
        if not any(t["bin"] <= DAY0 + day for t in tests):
            continue
        table = raised_on(tests, day, rules)
        live = table[table["level"].isin(["orange", "red"]) & table["phase"].isin(["open", "escalated"])]
        assert live.loc[live["level"] == "red", "within_budget"].all()
        issued = live[live["within_budget"]]
        assert len(issued) <= max(per_day, int((live["level"] == "red").sum()))
        assert table["rank"].tolist() == list(range(1, len(table) + 1))
        assert table.loc[~table.index.isin(live.index), "within_budget"].all()
        for row in issued.itertuples():
            street = int(SILENT.cells.lineage[row.unit, 1])
            if row.warning_id not in first_kept and row.level == "orange" and street >= 0:
                before = [d for s, d in first_kept.values() if s == street and d > day - 7]
                assert len(before) < per_week
            first_kept.setdefault(row.warning_id, (street, day))


def test_phenomena_are_counted_not_tests():
    """One rise seen in a cell, its street and the city, in a class and above it, takes one place."""
    tests = [one_test(unit, name, 12, 0.3, LAST, 500) for unit in (0, 1, 3) for name in ("a", "a/b")]
    table = raised_on(tests, rules=WarningRules(city_per_day=1))
    assert len(table) == 1 and kept(table) == 1
    assert len(replay(pd.DataFrame(tests), SILENT, WarningRules(), bin_days=1.0)) == 1


def test_a_ledger_tells_what_was_issued_and_what_people_judged_true(tmp_path):
    from gridbeacon.layers.ledger import open_ledger
    from gridbeacon.pipeline.known import record_of

    first, second, third = (str(pd.Timestamp(SILENT.bins[n]).isoformat()) for n in (30, 31, 32))
    row = {"cell_id": "a1", "category": "water", "within_budget": True}
    with open_ledger(tmp_path / "ledger.sqlite") as book:
        rows = [
            row | {"warning_id": "w", "level": "yellow"},
            row | {"warning_id": "cut", "level": "orange", "within_budget": False},
        ]
        book.issue(rows, first, "r1")
        book.issue([row | {"warning_id": "w", "level": "orange"}], second, "r2")
        book.issue([row | {"warning_id": "late", "level": "red"}], third, "r3")
        book.record("w", "judged", actor="甲", time=second, payload={"verdict": "true"})
        book.record("cut", "judged", actor="甲", time=second, payload={"verdict": "false"})
        known = record_of(book, pd.Timestamp(third), SILENT)
    assert known.issued == {"w": Issued("a1", "water", DAY0 + 30)}
    assert known.is_judged("w", "", "") and known.is_judged("x", "a1", "water") and not known.is_judged("cut", "", "")
