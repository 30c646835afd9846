"""What the page says of the last list, and of how the red and orange of the last months were judged."""

from __future__ import annotations

import pytest
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.pipeline.last_list import last_list, urgent_record

NOW = "2025-07-03T00:00:00"


@pytest.fixture
def book(tmp_path):
    with open_ledger(tmp_path / "l.sqlite") as opened:
        yield opened


def issue(book, day, **levels):
    rows = [{"warning_id": name, "level": level, "category": "供水", "cell_id": "1"} for name, level in levels.items()]
    book.issue(rows, day, "run")


def test_a_ledger_without_a_run_says_nothing(book):
    assert last_list(book, book.warnings(), NOW) is None and urgent_record(book.warnings(), NOW) is None


def test_the_last_list_is_told_by_state_and_overdue_ones_apart(book):
    issue(book, "2025-07-01", gone="red")
    issue(book, "2025-07-02", a="red", b="orange", c="yellow", d="red")
    book.record("a", "judged", actor="x", time="2025-07-02T08:00:00", payload={"verdict": "true"})
    book.record("a", "assigned", actor="x", time="2025-07-02T08:05:00", payload={"to": "水务局"})
    book.record("a", "handled", actor="x", time="2025-07-02T10:00:00")
    book.record("b", "judged", actor="x", time="2025-07-02T08:00:00", payload={"verdict": "true"})
    book.record("b", "assigned", actor="x", time="2025-07-02T08:05:00", payload={"to": "水务局"})
    found = last_list(book, book.warnings(), NOW)
    assert (found["n"], found["done"], found["working"], found["waiting"]) == (4, 1, 1, 2)
    late = {row["warning_id"] for row in book.overdue(NOW)} & set("abcd")
    assert found["overdue"] == len(late) and "d" in late, "a red one is not left unjudged for a day"


def test_verdicts_of_red_and_orange_of_ninety_days(book):
    issue(book, "2025-03-01", old="red")
    issue(book, "2025-07-01", a="red", b="orange", c="yellow", d="red")
    book.record("a", "judged", actor="x", time="2025-07-01T08:00:00", payload={"verdict": "true"})
    book.record("b", "judged", actor="x", time="2025-07-01T08:00:00", payload={"verdict": "false"})
    found = urgent_record(book.warnings(), NOW)
    assert found == {"days": 90, "n": 3, "true": 1, "false": 1, "open": 1}
