"""By when each step is due: per level and class, from settings that are data; what is late proposes supervision."""

from __future__ import annotations

import tomllib
from datetime import date, datetime

import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import Deadlines, open_ledger
from gridbeacon.layers.ledger.deadlines import AWAITED, DEFAULTS, KINDS
from gridbeacon.layers.ledger.states import STATE_OF, URGENCY
from hypothesis import given
from hypothesis import strategies as st

TABLE = """
[deadlines]
starts = "08:00"
ends = 17:30:00
days_off = [2025-10-01, "2025-10-02"]
days_worked = ["2025-09-28"]
[deadlines.red]
judge = "1h"
[deadlines."供水"]
handle = "2d"
[deadlines."供水".red]
handle = "8h"
[deadlines."供水/爆管"]
handle = "4h"
"""
MINE = Deadlines.read(tomllib.loads(TABLE)["deadlines"])
BY = {"actor": "值班台"}


def due(kind, level, since, category="供电", rules=MINE):
    return rules.due(kind, level, category, since)


@pytest.mark.parametrize(
    ("kind", "level", "category", "since", "expected"),
    [
        # 2025-07-01 is a Tuesday
        ("judge", "red", "供电", "2025-07-01T00:00:00", "2025-07-01T09:00:00"),  # hours count from the desk's opening
        ("judge", "red", "供电", "2025-07-01T14:20:00", "2025-07-01T15:20:00"),
        (
            "judge",
            "red",
            "供电",
            "2025-07-05T23:30:00",
            "2025-07-06T00:30:00",
        ),  # and then day and night, weekend or not
        ("judge", "orange", "供电", "2025-07-01T00:00:00", "2025-07-01T17:30:00"),  # the same working day
        ("judge", "orange", "供电", "2025-07-01T17:30:01", "2025-07-02T17:30:00"),
        ("judge", "orange", "供电", "2025-07-05T10:00:00", "2025-07-07T17:30:00"),  # Saturday: Monday
        ("judge", "yellow", "供电", "2025-07-04T10:00:00", "2025-07-07T17:30:00"),  # Friday + 1 working day
        ("judge", "yellow", "供电", "2025-09-30T10:00:00", "2025-10-03T17:30:00"),  # two days off between
        ("judge", "yellow", "供电", "2025-09-26T10:00:00", "2025-09-28T17:30:00"),  # a Sunday worked in their stead
        ("handle", "yellow", "供水", "2025-07-01T10:00:00", "2025-07-03T17:30:00"),  # the class's own
        ("handle", "red", "供水", "2025-07-01T10:00:00", "2025-07-01T18:00:00"),  # the class's own for that level
        ("handle", "red", "供水/停水", "2025-07-01T10:00:00", "2025-07-01T18:00:00"),  # of the class above
        ("handle", "red", "供水/爆管", "2025-07-01T10:00:00", "2025-07-01T14:00:00"),
        ("handle", "red", "供水二", "2025-07-01T10:00:00", "2025-07-02T10:00:00"),  # another class, of like name
        (
            "close",
            "purple",
            "供电",
            "2025-07-01T10:00:00",
            "2025-07-08T17:30:00",
        ),  # an unknown level waits as blue does
    ],
)
def test_a_deadline_counted_by_hand(kind, level, category, since, expected):
    assert due(kind, level, since, category) == expected


def test_defaults_are_there_for_every_level_and_step_and_stricter_the_higher():
    assert set(AWAITED.values()) == set(KINDS) and set(AWAITED) == {
        s for s, state in STATE_OF.items() if state != "已销号"
    }
    for kind in KINDS:
        dues = [due(kind, level, "2025-07-01T09:00:00", rules=Deadlines()) for level in URGENCY]
        assert dues == sorted(dues, reverse=True) and len(set(dues)) > 1
    assert set(DEFAULTS) == set(URGENCY)
    assert due("judge", "red", "2025-07-01T09:00:00", rules=Deadlines()) == "2025-07-01T11:00:00"
    assert due("judge", "orange", "2025-07-01T09:00:00", rules=Deadlines()) == "2025-07-01T18:00:00"


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2025, 12, 31)), st.sampled_from(KINDS), st.sampled_from(list(URGENCY))
)
def test_no_deadline_lies_before_its_beginning(moment, kind, level):
    found = datetime.fromisoformat(due(kind, level, moment.isoformat()))
    assert found >= moment.replace(microsecond=0)
    if not MINE.span(kind, level, "供电").endswith("h"):
        assert MINE.works(found.date()) and found.time() == MINE.ends


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"red": {"judge": "soon"}}, "E-LEDGER-012"),
        ({"red": {"judge": 2}}, "E-LEDGER-012"),
        ({"red": {"jugde": "2h"}}, "E-LEDGER-013"),
        ({"供水": {"purple": {"judge": "2h"}}}, "E-LEDGER-013"),
        ({"judge": "2h"}, "E-LEDGER-012"),
        ({"starts": "half past eight"}, "E-LEDGER-012"),
        ({"starts": "18:00", "ends": "08:00"}, "E-LEDGER-012"),
        ({"days_off": ["2025-13-01"]}, "E-LEDGER-012"),
        ({"days_off": 7}, "E-LEDGER-012"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused(settings, code):
    with pytest.raises(InputError) as caught:
        Deadlines.read(settings)
    assert caught.value.code == code and caught.value.where.startswith("deadlines")


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def issue(ledger, as_of="2025-07-01", **levels):
    rows = [{"warning_id": name, "level": level, "category": "供水"} for name, level in levels.items()]
    ledger.issue(rows, as_of, "run")


def due_of(ledger, warning_id="a"):
    return next(row["due"] for row in ledger.warnings() if row["warning_id"] == warning_id)


def test_every_step_has_its_due_and_passing_on_gains_no_time(ledger):
    issue(ledger, a="orange")
    assert due_of(ledger) == "2025-07-01T18:00:00"
    told = []
    for event, time, payload in (
        ("judged", "2025-07-01T09:00", {"verdict": "true"}),
        ("judged", "2025-07-02T09:00", {"verdict": "unclear"}),  # judged twice: what is awaited is the same
        ("assigned", "2025-07-02T10:00", {}),
        ("assigned", "2025-07-04T10:00", {}),  # to another unit
        ("received", "2025-07-04T11:00", {}),
        ("supervised", "2025-07-08T09:00", {"due": "2025-07-09"}),
        ("handled", "2025-07-08T12:00", {}),
        ("verified", "2025-07-09T12:00", {}),
        ("closed", "2025-07-09T13:00", {}),
    ):
        ledger.record("a", event, time=time, payload=payload, **BY)
        told.append(due_of(ledger)[5:16])
    judged, handling = ["07-01T18:00"] * 2, ["07-07T18:00"] * 3
    assert told == [*judged, *handling, "07-09T18:00", "07-10T18:00", "07-16T18:00", ""]


def test_a_higher_level_brings_a_deadline_forward_and_a_lower_one_changes_nothing(ledger):
    issue(ledger, a="blue")
    assert due_of(ledger) == "2025-07-04T18:00:00"
    issue(ledger, "2025-07-02", a="red")
    assert due_of(ledger) == "2025-07-02T10:30:00"
    issue(ledger, "2025-07-03", a="blue")
    issue(ledger, "2025-06-30", a="red")
    assert due_of(ledger) == "2025-07-02T10:30:00"


def test_what_is_late_is_told_the_latest_first(ledger):
    issue(ledger, a="blue", b="red", c="red", d="orange", e="red")
    ledger.record("c", "dismissed", time="2025-07-01T09:00", note="演练", **BY)
    ledger.record("d", "assigned", time="2025-07-01T09:00", **BY)
    ledger.record("e", "assigned", time="2025-07-01T09:00", **BY)
    ledger.record("e", "handled", time="2025-07-01T10:00", **BY)
    assert ledger.overdue("2025-07-01T10:30:00") == []
    assert [(row["warning_id"], row["late_hours"]) for row in ledger.overdue("2025-07-01T12:00:00")] == [("b", 1.5)]
    late = ledger.overdue("2025-07-20")
    assert [row["warning_id"] for row in late] == ["b", "a", "d"]  # e waits to be verified, which is no one's delay
    ledger.record("b", "supervised", time="2025-07-20T09:00", **BY)
    assert next(row for row in ledger.overdue("2025-07-21"))["supervised"] == 1


def test_deadlines_are_part_of_the_record_and_bind_what_comes_after(ledger):
    issue(ledger, a="orange")
    assert ledger.set_deadlines({}, actor="admin", time="2025-07-01T08:00") == 0
    ours = {"ends": "17:00", "orange": {"judge": "3h"}, "days_off": [date(2025, 7, 3)]}
    assert ledger.set_deadlines(ours, actor="admin", time="2025-07-01T08:00") == 1
    assert ledger.set_deadlines(ours, actor="admin", time="2025-07-01T08:00") == 0
    issue(ledger, "2025-07-02", b="orange")
    ledger.record("b", "assigned", time="2025-07-02T09:00", payload={"due": "2025-07-08"}, **BY)
    issue(ledger, "2025-07-03", c="orange")
    assert [due_of(ledger, name) for name in "abc"] == [
        "2025-07-01T18:00:00",
        "2025-07-08T17:00:00",
        "2025-07-03T11:30:00",
    ]
    with pytest.raises(InputError):
        ledger.set_deadlines({"red": {"judge": "?"}}, actor="admin", time="2025-07-01T08:00")
    assert ledger.deadlines().ends.hour == 17 and ledger.verify() == 8
