"""The ledger forgets nothing, changes nothing and repeats nothing: the same in a file, a GeoPackage and PostgreSQL."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import (
    ASSIGNED,
    CLOSED,
    CONTINUING,
    HANDLED,
    NEW,
    RAISED,
    STATE_OF,
    STATES,
    TO_JUDGE,
    TRANSITIONS,
    change_of,
    open_ledger,
    plain,
)

BY = {"actor": "值班台", "time": "2025-07-01T09:00:00"}


def warnings_of(**levels):
    return [
        {"warning_id": name, "level": level, "category": "供水", "cell_name": "𠮷田街道·'; DROP TABLE ledger_events;--"}
        for name, level in levels.items()
    ]


@pytest.fixture
def ledger(ledger_place):
    with open_ledger(ledger_place) as opened:
        yield opened


def row_of(ledger, warning_id):
    return next(row for row in ledger.warnings() if row["warning_id"] == warning_id)


def refused(code, act, *given, **named):
    with pytest.raises(InputError) as caught:
        act(*given, **named)
    assert caught.value.code == code
    return str(caught.value)


def test_issuing_is_idempotent(ledger):
    assert ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01", "run-1") == 3
    head = ledger.head()
    assert ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01T00:00:00", "run-2") == 0
    assert ledger.head() == head and ledger.verify() == 3
    assert ledger.issue(warnings_of(a="red", b="yellow"), "2025-07-01", "run-3") == 2
    assert ledger.states() == {"a": TO_JUDGE, "b": TO_JUDGE}


def test_a_repeated_older_day_adds_nothing(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "r")
    ledger.issue(warnings_of(b="red"), "2025-07-02", "r")
    assert ledger.issue(warnings_of(a="red"), "2025-07-01", "r") == 0


def test_a_day_gone_by_that_is_run_again_reopens_nothing_and_changes_no_row(ledger):
    ledger.issue(warnings_of(a="blue"), "2025-07-05", "run-1")
    ledger.record("a", "dismissed", note="演练", **BY)
    assert ledger.issue(warnings_of(a="red"), "2025-07-02", "run-2") == 2
    row = row_of(ledger, "a")
    assert (row["state"], row["level"], row["reopened"]) == (CLOSED, "blue", 0)
    assert (row["first_issued"], row["last_issued"]) == ("2025-07-02T00:00:00", "2025-07-05T00:00:00")
    ledger.issue(warnings_of(a="yellow"), "2025-07-06", "run-3")
    assert row_of(ledger, "a")["state"] == TO_JUDGE


def test_the_last_issued_run_is_the_measure_of_change(ledger):
    assert ledger.last_issued("2025-07-01") == [] and not ledger.has_run_before("2025-07-01")
    ledger.issue(warnings_of(a="yellow", b="red"), "2025-07-01", "run-1")
    ledger.issue(warnings_of(a="orange"), "2025-07-02", "run-2")
    assert not ledger.has_run_before("2025-07-01")
    before = {row["warning_id"]: row["level"] for row in ledger.last_issued("2025-07-02")}
    assert before == {"a": "yellow", "b": "red"}
    pairs = (("a", "orange"), ("b", "red"), ("b", "blue"), ("c", "red"))
    assert [change_of(*pair, before) for pair in pairs] == [RAISED, CONTINUING, CONTINUING, NEW]
    assert ledger.first_seen() == {"a": "2025-07-01T00:00:00", "b": "2025-07-01T00:00:00"}


def test_a_day_without_warnings_counts_as_issued(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "run-1")
    ledger.issue([], pd.Timestamp("2025-07-02"), "run-2")
    assert ledger.last_issued("2025-07-03") == [] and ledger.has_run_before("2025-07-03")


def test_tables_are_taken_and_come_back_as_they_were(ledger):
    table = pd.DataFrame(warnings_of(a="red")).assign(
        observed=31, ratio=float("inf"), first_seen=pd.Timestamp("2025-06-28"), last=pd.NaT
    )
    ledger.issue(table, "2025-07-01", "run-1")
    (row,) = ledger.last_issued("2025-07-02")
    assert row["cell_name"] == table["cell_name"][0] and row["observed"] == 31 and row["run_id"] == "run-1"
    assert row["ratio"] is None and row["last"] is None and row["first_seen"] == "2025-06-28T00:00:00"
    assert row_of(ledger, "a")["cell_name"] == row["cell_name"]


def test_what_no_database_holds_is_no_stumbling_block(ledger):
    odd = "\0half \ud800 pair"
    ledger.issue(
        [{"warning_id": "a", "level": "red", "odd": odd}, {"warning_id": odd, "level": "red"}], "2025-07-01", odd
    )
    ledger.record("a", "noted", actor=odd, time=BY["time"], note=odd, payload={odd: odd})
    assert row_of(ledger, "a")["odd"] == "\0half ? pair" and ledger.verify() == 4
    assert [event["note"] for event in ledger.events("a")] == ["", "half ? pair"]
    refused("E-LEDGER-008", ledger.record, "\ud801", "noted", note="x", **BY)
    assert ledger.record(odd, "dismissed", note="x", **BY) == "dismissed"


def test_a_warning_goes_its_way_and_no_other(ledger):
    ledger.issue(warnings_of(a="orange"), "2025-07-01", "run-1")
    told = refused("E-LEDGER-009", ledger.record, "a", "handled", **BY)
    assert "to be judged (待研判) cannot be handled" in told and "judged, dismissed, assigned, supervised" in told
    refused("E-LEDGER-008", ledger.record, "b", "assigned", **BY)
    refused("E-LEDGER-008", ledger.record, "", "assigned", **BY)
    refused("E-LEDGER-009", ledger.record, "a", "deleted", **BY)
    refused("E-LEDGER-009", ledger.record, "a", "run_issued", **BY)
    assert ledger.record("a", "assigned", note="尽快", payload={"to": "水务科"}, **BY) == "assigned"
    ledger.issue(warnings_of(a="orange"), "2025-07-02", "run-2")
    assert ledger.states() == {"a": ASSIGNED} and row_of(ledger, "a")["verdict"] == "true"
    assert ledger.record("a", "received", **BY) == "received" and ledger.record("a", "handled", **BY) == "handled"
    assert ledger.states() == {"a": HANDLED} and ledger.record("a", "verified", **BY) == "verified"
    assert ledger.record("a", "closed", once="row 7", **BY) == "closed"
    head = ledger.head()
    assert ledger.record("a", "closed", once="row 7", **BY) == "closed" and ledger.head() == head
    ledger.issue(warnings_of(a="orange"), "2025-07-03", "run-3")
    assert ledger.states() == {"a": CLOSED}
    ledger.issue(warnings_of(a="red"), "2025-07-04", "run-4")
    assert ledger.states() == {"a": TO_JUDGE} and row_of(ledger, "a")["reopened"] == 1
    events = [event["event"] for event in ledger.events("a")]
    assert events == ["issued", "assigned", "issued", "received", "handled", "verified", "closed", "issued", "issued"]


def test_the_row_of_a_warning_tells_where_it_stands(ledger):
    ledger.issue(warnings_of(a="orange", b="red", c="blue"), "2025-07-01", "run-1")
    ledger.record("a", "judged", payload={"verdict": "unclear"}, **BY)
    ledger.record("a", "assigned", payload={"to": "水务科", "due": "2025-07-03"}, **BY)
    ledger.record("a", "supervised", note="超期", **BY)
    ledger.record("b", "dismissed", note="演练号码", **BY)
    ledger.issue(warnings_of(a="yellow"), "2025-07-02", "run-2")
    a, b, c = ledger.warnings()
    assert (a["state"], a["step"], a["verdict"], a["assigned_to"]) == (ASSIGNED, "supervised", "unclear", "水务科")
    assert (a["level"], a["due"], a["supervised"], a["judged_at"]) == ("yellow", "2025-07-03T18:00:00", 1, BY["time"])
    assert (a["first_issued"], a["last_issued"]) == ("2025-07-01T00:00:00", "2025-07-02T00:00:00")
    assert (b["state"], b["verdict"], b["due"], b["closed_at"]) == (CLOSED, "false", "", BY["time"])
    assert (c["state"], c["step"], c["verdict"], c["assigned_to"], c["closed_at"]) == (TO_JUDGE, "issued", "", "", "")
    ledger.record("b", "reopened", note="居民再报", **BY)
    b = row_of(ledger, "b")
    assert (b["state"], b["verdict"], b["closed_at"], b["reopened"]) == (TO_JUDGE, "", "", 1)


def test_handled_and_reported_stay_apart(ledger):
    ledger.issue(warnings_of(a="red", b="red"), "2025-07-01", "run-1")
    for name, event in (("a", "handled"), ("b", "reported")):
        ledger.record(name, "assigned", **BY)
        assert ledger.record(name, event, **BY) == event
    assert {row["warning_id"]: row["step"] for row in ledger.warnings()} == {"a": "handled", "b": "reported"}
    assert ledger.record("b", "handled", **BY) == "handled"
    refused("E-LEDGER-009", ledger.record, "a", "reported", **BY)


def test_who_when_and_why_are_not_left_out(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "run-1")
    refused("E-LEDGER-010", ledger.record, "a", "judged", actor=" ", time=BY["time"], payload={"verdict": "true"})
    refused("E-LEDGER-010", ledger.issue, warnings_of(b="red"), "2025-07-02", "run-2", actor="")
    for event in ("dismissed", "cancelled", "noted", "corrected"):
        refused("E-LEDGER-011", ledger.record, "a", event, note=" ", **BY)
    for time in ("soon", "", None, "2025-07-01T09:00:00+08:00"):
        refused("E-LEDGER-014", ledger.record, "a", "judged", actor="x", time=time, payload={"verdict": "true"})
    refused("E-LEDGER-015", ledger.record, "a", "judged", payload={"verdict": "maybe"}, **BY)
    refused("E-LEDGER-014", ledger.record, "a", "assigned", payload={"due": "Friday"}, **BY)
    assert ledger.verify() == 2


def test_a_correction_is_a_linked_update(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "run-1")
    ledger.record("a", "judged", payload={"verdict": "true"}, **BY)
    judged = next(event for event in ledger.events("a") if event["event"] == "judged")
    wrong = {"seq": judged["seq"], "hash": "0" * 64, "set": {"verdict": "false"}}
    refused("E-LEDGER-016", ledger.record, "a", "corrected", note="现场复核", payload=wrong, **BY)
    refused(
        "E-LEDGER-016", ledger.record, "a", "corrected", note="x", payload={"seq": 99, "set": {"verdict": "true"}}, **BY
    )
    for change in ({}, {"to": "x"}, {"level": "red"}, "verdict"):
        payload = {"seq": judged["seq"], "set": change}
        refused("E-LEDGER-017", ledger.record, "a", "corrected", note="x", payload=payload, **BY)
    payload = {"seq": judged["seq"], "set": {"verdict": "maybe"}}
    refused("E-LEDGER-015", ledger.record, "a", "corrected", note="x", payload=payload, **BY)
    payload["set"] = {"verdict": "false"}
    assert ledger.record("a", "corrected", note="现场复核", payload=payload, **BY) == "judged"
    assert ledger.record("a", "corrected", note="改名", payload={"set": {"cell_name": "乙街道"}}, **BY) == "judged"
    row, *_, last = row_of(ledger, "a"), *ledger.events("a")
    assert (row["verdict"], row["cell_name"]) == ("false", "乙街道")
    assert json.loads(last["payload"])["hash"] == next(ledger.events("a"))["hash"]
    assert json.loads(judged["payload"]) == {"verdict": "true"} and ledger.verify() == 5


def test_a_cancel_is_linked_and_closes(ledger):
    ledger.issue(warnings_of(a="red"), "2025-07-01", "run-1")
    assert ledger.record("a", "cancelled", note="重复导入", **BY) == "cancelled"
    issued, cancelled = ledger.events("a")
    linked = json.loads(cancelled["payload"])
    assert (linked["seq"], linked["hash"]) == (issued["seq"], issued["hash"])
    row = row_of(ledger, "a")
    assert (row["state"], row["verdict"], row["due"]) == (CLOSED, "", "")
    refused("E-LEDGER-009", ledger.record, "a", "assigned", **BY)


def test_a_changed_setting_starts_a_new_line(ledger):
    def line(**settings):
        return {"name": "日常", "fingerprint": str(sorted(settings.items())), "settings": settings}

    assert ledger.issue(warnings_of(a="red"), "2025-07-01", "r", line=line(budget=5, window=28)) == 3
    assert ledger.issue(warnings_of(a="red"), "2025-07-01", "r", line=line(budget=5, window=28)) == 0
    assert ledger.issue(warnings_of(b="red"), "2025-07-02", "r", line=line(budget=3, window=28)) == 3
    other = {**line(budget=9), "name": "战时"}
    assert ledger.issue(warnings_of(c="red"), "2025-07-03", "r", line=other) == 3
    assert ledger.issue(warnings_of(b="red"), "2025-07-03", "r", line=line(budget=3, window=28)) == 2
    started = [json.loads(event["payload"]) for event in ledger.events("") if event["event"] == "line_started"]
    assert [(found["line"], found["before"]) for found in started] == [
        ("日常#1", ""),
        ("日常#2", "日常#1"),
        ("战时#1", ""),
    ]
    assert [found["changed"] for found in started] == [{}, {"budget": [5, 3]}, {}]
    assert {row["warning_id"]: row["line"] for row in ledger.warnings()} == {
        "a": "日常#1",
        "b": "日常#2",
        "c": "战时#1",
    }


def test_same_history_same_events_everywhere(ledger_place, tmp_path):
    heads = []
    for place in (ledger_place, tmp_path / "one", tmp_path / "two.gpkg"):
        with open_ledger(place) as ledger:
            ledger.issue(warnings_of(a="red", b="blue"), "2025-07-01", "run-1")
            ledger.record("a", "assigned", actor="x", time="2025-07-01T09:00", note="\0")
            heads.append((ledger.head(), list(ledger.events()), ledger.warnings()))
    assert heads[0] == heads[1] == heads[2]


def test_every_step_has_a_state_and_a_way_on():
    assert set(STATE_OF.values()) == set(STATES) and set(TRANSITIONS["noted"]) == set(STATE_OF)
    for moves in TRANSITIONS.values():
        assert set(moves) <= set(STATE_OF) and set(moves.values()) <= set(STATE_OF)
    for step in STATE_OF:
        assert any(moves.get(step, step) != step for moves in TRANSITIONS.values()), step


def test_plain_values_are_json():
    assert json.loads(json.dumps(plain({"a": {2, 1}, "b": (float("nan"), pd.NaT, None)}))) == {
        "a": [1, 2],
        "b": [None] * 3,
    }
