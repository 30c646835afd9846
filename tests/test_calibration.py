"""The file a calibration is kept in: what it refuses, what a run makes of it, and the command that writes it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.chance import false_words, urgent_false
from gridbeacon.models.early_warning import (
    LEVELS,
    Tail,
    WarningRules,
    bound_per_week,
)
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.calibration import Calibration, expected_false_of, in_plan, read_calibration, with_realised
from gridbeacon.pipeline.line import line_of


def content(plan=None, **changes):
    told = {"per_week": 0.02, "low": 0.01, "high": 0.04}
    return {
        "format": 1,
        "line": line_of(plan or Plan()),
        "bin": "day",
        "history": {"first": "2024-01-01", "end": "2026-01-01", "taken_out": 3},
        "histories": 5,
        "days": 2000.0,
        "random_state": 0,
        "tail": {"floor": 10.0, "per_day": 0.03, "slope": 0.7},
        "mapping": [[30.0, 60.0]],
        "expected": dict.fromkeys(LEVELS, told),
        "thresholds": {},
        "target": None,
    } | changes


def kept(tmp_path, told):
    place = tmp_path / "calibration.json"
    place.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return place


def test_a_calibration_comes_back(tmp_path):
    made = Calibration(content())
    again = read_calibration(kept(tmp_path, made.to_json()), Plan())
    assert again.hash == made.hash and again.tail == made.tail
    assert Calibration(content(days=2001.0)).hash != made.hash


def test_another_line_is_refused_by_the_settings_name(tmp_path):
    other = Plan().with_settings({"nb_predictive_baseline": 56})
    with pytest.raises(InputError, match=r"nb_predictive\.baseline"):
        read_calibration(kept(tmp_path, content(other)), Plan())


def test_a_setting_that_is_new_counts_by_its_default(tmp_path):
    told = content()
    del told["line"]["settings"]["early_warning.source_tail"]
    read_calibration(kept(tmp_path, told), Plan())
    with pytest.raises(InputError, match="source_tail"):
        read_calibration(kept(tmp_path, told), Plan().with_settings({"source_tail": 0.01}))


def test_what_changes_no_warning_changes_no_line(tmp_path):
    file = kept(tmp_path, content())
    other = read_calibration(file, Plan().with_settings({"title": "晨报", "as_of": "2025-01-01"}))
    assert other == read_calibration(file, Plan())


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", json.dumps(content(format=9)), json.dumps(content(tail=None))])
def test_what_is_no_calibration_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="no calibration"):
        read_calibration(kept(tmp_path, text), Plan())


def test_thresholds_of_a_target_take_the_plans_place():
    plan = in_plan(Plan(), Calibration(content(thresholds={"orange_days": 500.0, "red_days": 2500.0})))
    assert (plan.early_warning.orange_days, plan.early_warning.red_days) == (500.0, 2500.0)
    assert in_plan(Plan(), None) == Plan()


def test_recurrence_becomes_the_realised_one():
    tests = pd.DataFrame({"recurrence_days": [1.0, 10.0, 1e4]})
    told = with_realised(tests, Tail(10.0, 0.05, 0.5), 1.0)["recurrence_days"].tolist()
    assert told == pytest.approx([20 * 0.1**0.5, 20.0, 20 * 1000**0.5])


def test_without_a_calibration_the_bound_is_printed_and_called_one():
    told = expected_false_of(Plan(), None)
    assert list(told) == ["red", "orange", "yellow", "blue"]
    assert told["red"] == {
        "per_week": pytest.approx(7 / 1825),
        "low": 0.0,
        "high": pytest.approx(7 / 1825),
        "basis": "bound",
    }
    assert told["orange"]["high"] == pytest.approx(7 / 365 + 7 / 270)  # a yellow of three steps becomes orange
    assert "上限" in false_words(told)[0] and "at most" in false_words(told)[1]


def test_with_one_the_interval_is():
    told = expected_false_of(Plan(), Calibration(content()))
    zh, en = false_words(told)
    assert "红0.02(0.01–0.04)" in zh and "95%" in zh and "red 0.02(0.01–0.04)" in en
    assert urgent_false(told) == pytest.approx(0.04)
    assert false_words({}) == ("", "") and urgent_false({}) is None


def test_stricter_rules_have_smaller_bounds():
    loose, strict = bound_per_week(WarningRules()), bound_per_week(WarningRules(orange_days=700, persistence=6))
    assert strict["orange"] < loose["orange"] and strict["blue"] == loose["blue"]


DAYS = 400


@pytest.fixture(scope="module")
def small_city(tmp_path_factory):
    """Sixteen squares, 400 days, three classes: (file of incidents, file of cells)."""
    folder = tmp_path_factory.mktemp("city")
    rng, rows = np.random.default_rng(11), []
    for day in range(DAYS):
        for k in range(rng.poisson(9)):
            where = rng.uniform(0, 0.02, 2)
            time = pd.Timestamp("2024-01-01") + pd.Timedelta(days=day, minutes=int(rng.integers(1440)))
            rows.append(
                [f"{day}-{k}", time, ("市容/占道", "市政/井盖", "供水/停水")[rng.integers(3)], *np.round(where, 6)]
            )
    table = pd.DataFrame(rows, columns=["工单编号", "受理时间", "诉求类型", "经度", "纬度"])
    table["经度"], table["纬度"] = table["经度"] + 117.0, table["纬度"] + 30.0
    table.to_csv(folder / "calls.csv", index=False)
    squares = [
        {
            "type": "Feature",
            "properties": {"网格编码": f"9901010010010{i:02d}", "网格名称": f"第{i}网格"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, y], [x + 0.005, y], [x + 0.005, y + 0.005], [x, y + 0.005], [x, y]]],
            },
        }
        for i, (x, y) in enumerate((117 + 0.005 * (k % 4), 30 + 0.005 * (k // 4)) for k in range(16))
    ]
    (folder / "cells.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": squares}), encoding="utf-8"
    )
    return folder / "calls.csv", folder / "cells.geojson"


@pytest.fixture(scope="module")
def learned(small_city):
    """`gridbeacon calibrate` on it, as a user calls it: (exit code, file)."""
    from gridbeacon.cli.entry import execute

    calls, cells = small_city
    out = calls.parent / "calibration.json"
    asked = ["--incidents", str(calls), "--cells", str(cells), "--years", "1", "--progress", "none"]
    return execute(["calibrate", *asked, "--out", str(out)]), out


def test_calibrate_writes_what_run_reads(learned, small_city, tmp_path):
    from gridbeacon.pipeline import run

    code, place = learned
    assert code == 0
    made = read_calibration(place, Plan())
    assert made.content["histories"] >= 2 and made.content["days"] > 300
    outcome = run(Plan(), *map(str, small_city), calibration=place, out=tmp_path / "out")
    assert outcome.facts["expected_false"]["red"]["basis"] == "calibrated"
    assert outcome.manifest["calibration"]["hash"] == made.hash and "calibration.json" in outcome.manifest["inputs"]


def test_calibrate_overwrites_nothing_unasked(learned, small_city):
    from gridbeacon.cli.entry import execute

    calls, cells = small_city
    assert execute(["calibrate", "--incidents", str(calls), "--cells", str(cells), "--out", str(learned[1])]) == 2


def test_a_short_past_is_refused(small_city, tmp_path):
    from gridbeacon.pipeline.journey import gather_inputs
    from gridbeacon.pipeline.null_histories import calibrate
    from gridbeacon.pipeline.preparation import prepare

    plan = Plan().with_settings({"as_of": "2024-06-01"})
    ready = prepare(plan, gather_inputs([str(small_city[0])], str(small_city[1])), lambda f, text: None)
    with pytest.raises(InputError, match="weeks of history are too few"):
        calibrate(ready, 1, None, lambda f: None)
