"""What was closed, what was only reported, and the alarm where reports collapse while citizens' calls rise."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from city_of_years import STREETS, incidents, ready_of
from gridbeacon.cli.entry import execute
from gridbeacon.cli.loop_steps import ClosureSettings
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.models.reporting_shift import reporting_shift
from gridbeacon.pipeline.closure import CITIZENS, closure_table, shift_alarms, shift_table
from gridbeacon.pipeline.journey import study
from gridbeacon.pipeline.learning import warning_rows
from gridbeacon.pipeline.wording import Responsible
from scipy import stats

START, DAYS, END = "2025-01-06", 250, "2025-09-13"


def city(seed: int = 1, collapse: int = -1) -> pd.DataFrame:
    """Calls and reports of every street; in street *collapse* reports fall to a tenth, and calls rise by half."""
    rng = np.random.default_rng(seed)
    reports, calls = np.full((DAYS, STREETS), 0.7), np.full((DAYS, STREETS), 1.5)
    if collapse >= 0:
        reports[-56:, collapse], calls[-56:, collapse] = 0.07, 2.4
    one = incidents(START, rng.poisson(calls), seed=seed)
    two = incidents(START, rng.poisson(reports), source="网格巡查", kind="报备", seed=seed + 1)
    one["closed"] = (one["time"] + pd.to_timedelta(rng.uniform(0, 20, len(one)), unit="D")).dt.floor("min")
    return pd.concat([one, two], ignore_index=True)


def test_all_three_are_needed():
    """One place each: collapse and rise; calls alone; all fall together; reports fall and calls stay; nothing."""
    reported = np.array([5, 40, 12, 5, 40]), np.array([40, 40, 40, 40, 40])
    calls = np.array([130, 130, 25, 80, 80]), np.array([80, 80, 80, 80, 80])
    totals = tuple(a + b for a, b in zip(reported, calls, strict=True))
    found = reporting_shift(reported, calls, totals)
    assert found.alarm.tolist() == [True, False, False, False, False]
    assert found.fall[0] == 0.125 and found.rise[0] == 1.625
    by_hand = max(
        stats.binom.cdf(5, 45, 0.5), stats.binom.sf(129, 210, 0.5), stats.fisher_exact([[5, 40], [130, 80]], "less")[1]
    )
    assert found.p_value[0] == pytest.approx(by_hand, rel=1e-9)
    milder = reporting_shift(
        (np.array([25]), np.array([40])), (np.array([800]), np.array([600])), (np.array([825]), np.array([640]))
    )
    assert milder.p_value[0] < 0.05 and not milder.alarm[0]  # down, but no collapse
    wider = reporting_shift(reported, calls, totals, dispersion=(3.0, 4.0))
    assert wider.p_value[0] > 10 * found.p_value[0]


@pytest.mark.parametrize("excess", [1.0, 2.5])
def test_chance_alone_raises_hardly_an_alarm(excess):
    """2,000 places without a change, over-dispersed or not: no more than .05 have p at most .05, and none an alarm."""
    rng = np.random.default_rng(3)
    draw = lambda mean: (  # noqa: E731
        rng.poisson(mean, 2000) if excess == 1 else rng.negative_binomial(mean / (excess - 1), 1 / excess, 2000)
    )
    reported, calls = (draw(30.0), draw(30.0)), (draw(60.0), draw(60.0))
    totals = tuple(a + b for a, b in zip(reported, calls, strict=True))
    found = reporting_shift(reported, calls, totals, dispersion=(excess, excess))
    assert (found.p_value <= 0.05).mean() <= 0.05 and not found.alarm.any()


def test_a_blind_spot_that_opens_is_told_in_the_run(tmp_path):
    ready = ready_of(tmp_path, city(collapse=4), as_of=END)
    alarms, (told,) = shift_alarms(ready)
    assert {alarm["cell_name"] for alarm in alarms} == {"第5街道"} and alarms[0]["reports_now"] < 12
    assert told.code == "N-SHIFT-001" and "第5街道" in told.zh and "blind spot" in told.en
    outcome = study(ready, Responsible.read(None), lambda fraction, text: None)
    assert outcome.facts["reporting_shift"] == alarms
    assert "N-SHIFT-001" in [n["code"] for n in outcome.facts["notices"]]
    assert set(outcome.facts["year_on_year"]["city"]) == {"previous_period", "last_year"}


def test_a_calm_city_has_no_alarm_and_one_without_reports_no_test(tmp_path):
    ready = ready_of(tmp_path, city(), as_of=END)
    assert shift_alarms(ready) == ([], [])
    table = shift_table(ready, 1)
    assert len(table) == 2 * STREETS and not table["alarm"].any()
    calls = city(collapse=4)
    assert shift_alarms(ready_of(tmp_path, calls[calls["kind"] == "办理"], as_of=END)) == ([], [])


def test_rates_stand_side_by_side_and_are_never_added(tmp_path):
    rows = city()
    ready = ready_of(tmp_path, rows, as_of=END)
    table = closure_table(ready, 1, 60)
    third = table[(table["cell_name"] == "第3街道") & (table["category"] == "全部")].iloc[0]
    end = pd.Timestamp(END)
    own = rows[(rows["x"] // 0.01 == 11702) & (rows["time"] >= end - pd.Timedelta(days=60)) & (rows["time"] < end)]
    handled, reported = own[own["kind"] == "办理"], own[own["kind"] == "报备"]
    assert (third["handled_n"], third["reported_n"]) == (len(handled), len(reported))
    assert third["handled_closed"] == (handled["closed"] < end).sum() and third["reported_closed"] == 0
    assert third["handled_low"] < third["handled_share"] < third["handled_high"]
    assert np.isnan(third["reported_share"])  # reports have no time of closing: no rate, and not a rate of 0
    assert 7 < third["handled_median_days"] < 13 and third["warning_n"] == 0
    assert not [name for name in table.columns if "total" in name]


def test_warnings_of_the_ledger_stand_beside(tmp_path):
    ready = ready_of(tmp_path, city(), as_of=END)
    code = str(ready.counts.cells.cell_id[ready.counts.cells.rows_at(1)[0]])
    facts = {"level": "orange", "recurrence_days": 400.0, "cell_id": code, "category": "市容/占道"}
    with open_ledger(tmp_path / "l.sqlite") as book:
        book.issue([{**facts, "warning_id": f"w{i}"} for i in range(4)], "2025-09-01", "r")
        for i, way in enumerate(("handled", "handled", "reported")):
            for event in ("assigned", way, *(("closed",) if i != 1 else ())):
                book.record(f"w{i}", event, actor="duty", time="2025-09-02")
        rows = warning_rows(book)
    table = closure_table(ready, 1, 60, rows).set_index(["cell_id", "category"])
    for node in ("全部", "市容"):
        own = table.loc[(code, node)]
        assert [own[name] for name in ("warning_n", "warning_closed", "warnings_reported")] == [2, 1, 1]
    assert table["warning_n"].sum() == 4


def test_a_run_says_how_the_city_compares(tmp_path, capsys):
    ready_of(tmp_path, city())
    files = ["--incidents", str(tmp_path / "calls.csv"), "--cells", str(tmp_path / "cells.geojson"), "--as-of", END]
    assert execute(["run", *files, "--out", str(tmp_path / "run"), "--progress", "none"]) == 0
    told = capsys.readouterr().err
    assert re.search(r"all incidents against the weeks before: \d+ and \d+, .*95 % interval .*\d %", told)


def test_the_step_takes_a_ledger_that_is_there(tmp_path, capsys):
    ready_of(tmp_path, city(collapse=4))
    with open_ledger(tmp_path / "l.sqlite") as book:
        book.issue([], "2025-09-01", "r")
    out = tmp_path / "closure.csv"
    files = ["--incidents", str(tmp_path / "calls.csv"), "--cells", str(tmp_path / "cells.geojson"), "--as-of", END]
    more = ["--out", str(out), "--progress", "none"]
    assert execute(["step", "closure", *files, *more, "--ledger", str(tmp_path / "l.sqlite")]) == 0
    assert "no rate adds them up" in capsys.readouterr().err
    table = pd.read_csv(out, encoding="utf-8-sig")
    assert table.loc[table["alarm"].astype(str) == "True", "cell_name"].unique().tolist() == ["第5街道"]
    assert execute(["step", "closure", *files, *more, "--replace", "--ledger", str(tmp_path / "no.sqlite")]) == 2
    assert execute(["step", "year_on_year", *files, "--out", str(tmp_path / "y.csv"), "--progress", "none"]) == 0
    assert "没有上年同期数据" in (tmp_path / "y.csv").read_text("utf-8-sig")
    assert ClosureSettings().citizens == CITIZENS  # said twice, since --help must not load the pipeline
