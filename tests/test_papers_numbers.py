"""Numbers: one for each paper and never twice, in a file, a GeoPackage and PostgreSQL alike."""

from __future__ import annotations

from multiprocessing import get_context

import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.layers.letters import letters_due, number_letters
from gridbeacon.layers.letters.words import letter_words
from paper_record import BUREAU, STREET, make_ledger

NOW = "2026-01-03T12:00:00"


@pytest.fixture
def ledger(ledger_place):
    with make_ledger(ledger_place) as opened:
        yield opened


def due(ledger, kind, now=NOW, **which):
    return letters_due(kind, ledger.warnings(), list(ledger.events()), ledger.papers(), now=now, **which)


def number(ledger, letters, time=NOW):
    return number_letters(ledger, letters, actor="papers", time=time)


def test_a_letter_keeps_its_number_and_what_is_new_gets_the_next(ledger):
    first = number(ledger, due(ledger, "assign"))
    assert [(paper["unit"], paper["number"]) for paper in first] == [(STREET, 1), (BUREAU, 2)]
    head = ledger.head()
    assert number(ledger, due(ledger, "assign"), "2026-01-09T08:00:00") == first and ledger.head() == head
    ledger.record("told", "reopened", actor="x", time="2026-01-04T09:00:00", note="又有")
    ledger.record("told", "assigned", actor="x", time="2026-01-04T10:00:00", payload={"to": BUREAU})
    later = number(ledger, due(ledger, "assign"), "2026-01-04T11:00:00")
    assert later[:2] == first and [i["warning_id"] for i in later[2]["items"]] == ["told"] and later[2]["number"] == 3
    assert ledger.verify() == len(list(ledger.events()))


def test_numbers_begin_anew_every_year_and_kinds_count_apart(ledger):
    number(ledger, due(ledger, "assign"))
    assert [p["number"] for p in number(ledger, due(ledger, "tasks"))] == [1, 2]
    ledger.record("over", "assigned", actor="x", time="2027-01-01T09:00:00", payload={"to": BUREAU})
    paper = number(ledger, due(ledger, "assign"), "2027-01-01T10:00:00")[-1]
    assert letter_words(paper)["编号"] == "交办〔2027〕第0001号"


def test_a_letter_that_was_overtaken_takes_no_number(ledger):
    """Two looked at the record; one assigned more and wrote first."""
    stale = due(ledger, "assign", unit=STREET)
    ledger.record("over", "assigned", actor="x", time="2026-01-03T11:00:00", payload={"to": STREET})
    number(ledger, due(ledger, "assign"))
    with pytest.raises(InputError) as caught:
        number(ledger, stale)
    assert caught.value.code == "E-PAPER-009" and len(ledger.papers()) == 2
    assert [p["number"] for p in number(ledger, due(ledger, "assign", unit=STREET))] == [1]


def test_a_task_list_that_changed_is_another_paper(ledger):
    first = number(ledger, due(ledger, "tasks"))
    assert number(ledger, due(ledger, "tasks")) == first
    ledger.record("with", "handled", actor="x", time="2026-01-03T13:00:00")
    assert [p["number"] for p in number(ledger, due(ledger, "tasks"))] == [1]
    ledger.record("late", "handled", actor="x", time="2026-01-03T13:00:00")
    assert [p["number"] for p in number(ledger, due(ledger, "tasks"))] == [3]


def _take(place, start):
    with open_ledger(place) as ledger:
        for count in range(start, start + 20):
            ledger.number_paper("assign", f"letter {count}", {}, actor="papers", time=NOW)


def test_two_who_write_at_once_never_share_a_number(ledger_place, ledger):
    context = get_context("spawn")
    both = [context.Process(target=_take, args=(str(ledger_place), start)) for start in (0, 10)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    papers = ledger.papers()
    assert sorted(paper["number"] for paper in papers) == list(range(1, 31))
    assert len({paper["key"] for paper in papers}) == 30 and ledger.verify()
