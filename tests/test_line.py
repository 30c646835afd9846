"""The surveillance line: which settings are part of it, and what becomes of warnings when one is changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from city_of_years import STREETS, incidents, ready_of
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.files import issue, with_ledger
from gridbeacon.pipeline.journey import study
from gridbeacon.pipeline.line import NO_MATTER, line_of, rules_in_line
from gridbeacon.pipeline.plan import plan_params
from gridbeacon.pipeline.wording import Responsible

OTHER = {float: lambda v: v + 1.0, int: lambda v: v + 1, bool: lambda v: not v, str: lambda v: v + "x"}

MATTERS = (
    "early_warning_orange", "blue_days", "yellow_days", "orange_days", "red_days", "orange_excess", "quiet_steps",
    "city_per_day", "street_per_week", "replay", "nb_predictive_baseline", "nb_predictive_guard", "bin", "class_depth",
    "calendar", "duplicates", "duplicate_metres", "default_points", "burst_minutes", "redivision", "timezone",
)  # fmt: skip
"""What must start a new line."""

WORDS = ("title", "city", "classification", "as_of", "window", "getis_ord_neighbours", "kernel_density_bandwidth")
"""What must not."""


def changed(name: str) -> Plan:
    """The default plan with one setting changed, whatever it is."""
    _, table, own, _, default, p = next(entry for entry in plan_params() if entry[0] == name)
    plan = Plan()
    if p.choices:
        value = next(choice for choice in p.choices if choice != default)
    elif isinstance(default, tuple):
        value = (*default, default[-1] + 1) if default else ("供水排水",)
    else:
        value = OTHER[type(default)](default)
    part = plan.parts()[table]
    object.__setattr__(part, own, value)
    return plan


@pytest.mark.parametrize("name", [entry[0] for entry in plan_params()])
def test_every_setting_is_either_part_of_the_line_or_named_as_of_no_matter(name):
    _, table, own, *_ = next(entry for entry in plan_params() if entry[0] == name)
    no_matter = own in NO_MATTER.get(table, ()) or "*" in NO_MATTER.get(table, ())
    assert (line_of(changed(name))["fingerprint"] == line_of(Plan())["fingerprint"]) == no_matter
    assert (f"{table}.{own}" in line_of(changed(name))["settings"]) != no_matter
    if name in MATTERS:
        assert not no_matter
    if name in WORDS:
        assert no_matter


def test_thresholds_learned_from_history_are_part_of_the_line():
    one, two = line_of(Plan(), "abc"), line_of(Plan(), "abd")
    assert one["fingerprint"] != two["fingerprint"] and one["settings"]["calibration"] == "abc"
    assert rules_in_line(Plan()).line == f"default@{line_of(Plan())['fingerprint']}"
    assert line_of(Plan()) == line_of(Plan()) and line_of(changed("line"))["name"] == "defaultx"


@dataclass(frozen=True)
class Result:
    """As much of an Outcome as the ledger sees."""

    plan: Plan
    early_warnings: pd.DataFrame
    facts: dict
    members: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"warning_id": []}))
    series: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"warning_id": []}))
    explanations: dict = field(default_factory=dict)
    grouped: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"warning_id": []}))
    cells: None = None


def result(plan: Plan, day: str, *rows: tuple[str, str, str], level: str = "yellow") -> Result:
    table = pd.DataFrame(rows, columns=["warning_id", "cell_id", "category"])
    facts = {"level": level, "role": "territorial", "change": "新增", "phase": "open", "state": "待研判", "caveats": ""}
    facts |= {
        "caveats_en": "",
        "merged_into": "",
        "rank": 1,
        "window_start": pd.Timestamp(day),
        "window_end": pd.Timestamp(day),
    }
    table = table.assign(**facts, first_seen=pd.Timestamp(day))
    return Result(plan, table, {"as_of": day, "run_id": day, "notices": []})


def run(plan: Plan, day: str, book, *rows: tuple[str, str, str], level: str = "yellow") -> Result:
    done = with_ledger(result(plan, day, *rows, level=level), book)
    issue(done, book)
    return done


def test_a_changed_setting_starts_a_line_and_its_warnings_succeed_the_former_ones(tmp_path):
    book, first, second = tmp_path / "ledger.sqlite", Plan(), Plan().with_settings({"orange_days": 500.0})
    run(first, "2026-01-02T00:00:00", book, ("a1", "c1", "供水"), ("b1", "c2", "噪声"), ("d1", "c3", "噪声"))
    with open_ledger(book) as ledger:
        ledger.record("a1", "judged", actor="duty", time="2026-01-02T09:00:00", payload={"verdict": "true"})
        ledger.record(
            "a1", "assigned", actor="duty", time="2026-01-02T09:05:00", payload={"to": "水务", "due": "2026-01-09"}
        )
        ledger.record("d1", "dismissed", actor="duty", time="2026-01-02T10:00:00", note="演练")
    rows = ("a2", "c1", "供水"), ("d2", "c3", "噪声"), ("e2", "c9", "噪声")
    for _ in range(2):  # the same run twice adds nothing
        today = run(second, "2026-01-03T00:00:00", book, *rows)
    table = today.early_warnings.set_index("warning_id")
    assert table.loc[["a2", "d2", "e2"], "change"].tolist() == ["持续", "持续", "新增"]
    assert table.loc["b1", "change"] == "解除"
    assert "接续a1" in table.loc["a2", "caveats"] and table.loc["e2", "caveats"] == ""
    assert table.loc["a2", "first_seen"] == pd.Timestamp("2026-01-02") and table.loc["a2", "state"] == "已交办"
    assert today.facts["line"]["changed"] == {"early_warning.orange_days": [365.0, 500.0]}
    (told,) = [n for n in today.facts["notices"] if n["code"] == "N-LINE-001"]
    assert "橙色重现期 365.0 → 500.0" in told["zh"] and "orange_days 365.0 → 500.0" in told["en"]
    with open_ledger(book) as ledger:
        rows = {row["warning_id"]: row for row in ledger.warnings()}
        events = [event["event"] for event in ledger.events("a2")]
        started = [json.loads(e["payload"]) for e in ledger.events("") if e["event"] == "line_started"]
        linked = [json.loads(e["payload"]) for e in ledger.events("a1") if e["event"] == "cancelled"]
    assert events == ["issued", "noted", "assigned"] and linked[0]["successor"] == "a2" and len(linked) == 1
    assert [rows["a2"][name] for name in ("state", "verdict", "assigned_to")] == ["已交办", "true", "水务"]
    assert rows["a2"]["due"].startswith("2026-01-09") and rows["a1"]["state"] == "已销号"
    assert (rows["d2"]["state"], rows["d2"]["verdict"]) == ("已销号", "false") and rows["b1"]["state"] == "待研判"
    assert [s["line"] for s in started] == ["default#1", "default#2"] and rows["e2"]["line"] == "default#2"


def test_within_a_line_a_warning_keeps_its_id_and_words_change_nothing(tmp_path):
    book = tmp_path / "ledger.sqlite"
    run(Plan(), "2026-01-02T00:00:00", book, ("a1", "c1", "供水"))
    renamed = Plan().with_settings({"title": "另一标题", "window": 14})
    today = run(renamed, "2026-01-03T00:00:00", book, ("a2", "c1", "供水"), level="orange")
    assert today.early_warnings["warning_id"].tolist() == ["a1"] and today.early_warnings["change"].tolist() == ["升级"]
    assert today.facts["line"]["changed"] == {} and "carried" not in today.facts and today.facts["notices"] == []


def test_another_line_of_the_same_ledger_is_left_alone(tmp_path):
    book, own = tmp_path / "ledger.sqlite", Plan().with_settings({"line": "hourly"})
    run(own, "2026-01-02T00:00:00", book, ("h1", "c1", "供水"))
    today = run(Plan(), "2026-01-03T00:00:00", book, ("a1", "c1", "供水"))
    assert today.early_warnings["warning_id"].tolist() == ["a1"]
    with open_ledger(book) as ledger:
        assert ledger.states() == {"h1": "待研判", "a1": "待研判"}
    (told,) = today.facts["notices"]
    assert told["code"] == "N-LINE-002" and "hourly" in told["zh"] and "hourly" in told["en"]
    assert today.early_warnings["change"].tolist() == ["新增"]


def test_a_run_gives_the_id_of_its_line(tmp_path):
    counts = np.random.default_rng(3).poisson(2, (250, STREETS))
    counts[-1, 0] += 40
    rows = incidents("2025-04-01", counts)
    told = lambda fraction, text: None  # noqa: E731
    ids = []
    for settings in ({}, {"title": "x"}, {"yellow_days": 91.0}):
        ready = ready_of(tmp_path, rows, as_of="2025-12-07", **settings)
        ids.append(set(study(ready, Responsible.read(None), told).early_warnings["warning_id"]))
    assert ids[0] and ids[0] == ids[1] and not ids[0] & ids[2]
