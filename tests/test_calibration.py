"""Null histories, the tail learned on them, and the file it is kept in."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import Counts, sum_counts
from gridbeacon.errors import InputError
from gridbeacon.layers.chance import false_words, urgent_false
from gridbeacon.models.early_warning import (
    LEVELS,
    Marks,
    NullEpisodes,
    Rise,
    Tail,
    WarningRules,
    bound_per_week,
    fit_tail,
    level_rates,
    null_history,
    orange_days_for,
    weeks_of,
    without_rises,
)
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.calibration import Calibration, expected_false_of, in_plan, read_calibration, with_realised
from gridbeacon.pipeline.line import line_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_early_warning import city

MONDAY = 19_726  # 2024-01-04 was a Thursday, day 19726 of the epoch; weeks_of puts Mondays first
WEEKS = 60
FIRST = MONDAY - (MONDAY + 3) % 7


def counts_at(seed=0, weeks=WEEKS, more=()):
    """Two classes in four cells, and *more* rows (class, cell, day, how many)."""
    rng = np.random.default_rng(seed)
    rows = [
        (name, int(cell), FIRST + day, 1)
        for day in range(7 * weeks)
        for name, mean in (("water/pipe", 3.0), ("noise/site", 2.0))
        for cell in rng.choice([3, 4, 5, 6], rng.poisson(mean * (2 if day % 7 == 5 else 1)), p=[0.7, 0.1, 0.1, 0.1])
    ]
    table = pd.DataFrame(
        [*rows, *((n, c, FIRST + d, k) for n, c, d, k in more)], columns=["category", "cell", "bin", "count"]
    )
    table = table.assign(
        source="12345", kind="handled", reported_bin=table["bin"], severity_sum=1.0, distinct=table["count"]
    )
    return Counts(sum_counts(table), city(), "day", FIRST, FIRST + 7 * weeks)


def history_of(counts, seed=1, ordinary=None, regimes=None):
    plain = np.ones(len(counts.bins), dtype=bool) if ordinary is None else ordinary
    return null_history(counts, plain, regimes or {}, np.random.default_rng(seed))


def per(counts, *keys):
    table = counts.table.assign(weekday=(counts.table["bin"] - FIRST) % 7)
    return table.groupby(list(keys), observed=True)["distinct"].sum()


def test_weeks_begin_on_monday():
    counts = counts_at(weeks=3)
    assert np.diff(weeks_of(counts)).nonzero()[0].tolist() == [6, 13]
    assert pd.Timestamp(counts.bins[0]).day_name() == "Monday"


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_a_null_history_keeps_classes_weekdays_and_the_shares_of_units(seed):
    counts = counts_at()
    history = history_of(counts, seed)
    for keys in (("category",), ("category", "weekday")):
        pd.testing.assert_series_equal(per(history, *keys), per(counts, *keys), check_names=False)
    share, before = per(history, "category", "cell"), per(counts, "category", "cell")
    assert (np.abs(share - before) <= 5 * np.sqrt(before)).all()
    assert history.bins.tolist() == counts.bins.tolist()


def test_the_same_stream_gives_the_same_history():
    counts = counts_at()
    pd.testing.assert_frame_equal(history_of(counts, 5).table, history_of(counts, 5).table)
    assert not history_of(counts, 5).table.equals(history_of(counts, 6).table)


def test_a_classs_days_move_as_whole_weeks_of_the_city():
    """Every week of the history is some week of the past, day by day, and classes move each for itself."""
    counts = counts_at()

    def weeks(of, name):
        table = of.table[of.table["category"] == name]
        days = np.bincount(table["bin"] - FIRST, weights=table["distinct"], minlength=7 * WEEKS)
        return [tuple(week) for week in days.reshape(WEEKS, 7)]

    history = history_of(counts)
    moved = {name: weeks(history, name) for name in ("water/pipe", "noise/site")}
    for name, found in moved.items():
        assert sorted(found) == sorted(weeks(counts, name)) and found != weeks(counts, name)
    order = [[weeks(counts, name).index(week) for week in found] for name, found in moved.items()]
    assert order[0] != order[1]


def test_weeks_stay_within_a_season():
    history = history_of(counts_at())
    away = np.abs(weeks_of(history)[history.table["bin"] - FIRST] - history.table["origin"])
    assert 0 < away.max() < 8


def test_weeks_with_days_off_stay_where_they_are():
    counts = counts_at()
    ordinary = np.ones(len(counts.bins), dtype=bool)
    ordinary[7 * 20 + 2] = False
    history = history_of(counts, ordinary=ordinary)
    own = history.table[(history.table["bin"] - FIRST) // 7 == 20]
    assert (own["origin"] == weeks_of(counts)[7 * 20]).all() and len(own)


def test_nothing_crosses_a_declared_beginning():
    counts = counts_at()
    stretch = np.zeros(len(counts.bins), dtype=np.int64)
    stretch[7 * 30 + 3 :] = 1
    history = history_of(counts, regimes={"water/pipe": stretch})
    table = history.table[history.table["category"] == "water/pipe"]
    moved = (table["bin"] - FIRST) // 7
    origin = table["origin"] - weeks_of(counts)[0]
    assert ((moved < 30) == (origin < 30)).all()


def test_a_local_surge_dissolves():
    """Thirty calls of one cell on one day: in the null history they are spread over the class's days and cells."""
    counts = counts_at(more=[("noise/site", 6, 200, 30)])
    most = lambda of: of.table[of.table["cell"] == 6].groupby(["category", "bin"])["distinct"].sum().max()  # noqa: E731
    assert most(counts) >= 30 and max(most(history_of(counts, seed)) for seed in range(5)) < 15


def test_a_sparse_unit_can_have_all_its_incidents_at_once():
    """Two incidents of a cell a year are two on average in the null histories, and sometimes more."""
    table = counts_at().table
    table = table[~((table["cell"] == 6) & (table["category"] == "noise/site"))]
    rows = table.iloc[:2].assign(category="noise/site", cell=6, bin=[FIRST + 3, FIRST + 150], distinct=1, count=1)
    counts = replace(counts_at(), table=pd.concat([table, rows], ignore_index=True))
    found = [
        history_of(counts, seed).table.query("cell == 6 and category == 'noise/site'")["distinct"].sum()
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(2.0, abs=0.7) and max(found) > 2


def test_a_rise_is_taken_out_and_nothing_else():
    counts = counts_at(more=[("noise/site", 6, 200, 60)])
    rise = Rise(6, "noise", "territorial", FIRST + 200, FIRST + 200, 60, 1.0)
    left = without_rises(counts, [rise], np.random.default_rng(0))
    inside = lambda of: int(  # noqa: E731
        of.table.loc[
            (of.table["cell"] == 6) & (of.table["bin"] == FIRST + 200) & (of.table["category"] == "noise/site"),
            "distinct",
        ].sum()
    )
    assert inside(counts) >= 60 and inside(left) <= 5
    assert counts.table["distinct"].sum() - left.table["distinct"].sum() == inside(counts) - inside(left)


SLOPES = st.floats(0.4, 1.6)


@given(SLOPES, st.floats(0.01, 1.0), st.floats(11.0, 1e6))
def test_the_tail_is_monotone_and_its_inverse_is_one(slope, per_day, nominal):
    tail = Tail(10.0, per_day, slope)
    assert tail.nominal(float(tail.recurrence(nominal))) == pytest.approx(nominal, rel=1e-6)
    assert tail.recurrence(2 * nominal) > tail.recurrence(nominal)


@pytest.mark.parametrize("slope", [0.6, 1.0, 1.4])
def test_the_tail_is_found_again_although_it_is_cut_off(slope):
    """A Pareto sample drawn by numpy, cut off at 365: the slope comes back, and the rate beyond the cut too."""
    rng = np.random.default_rng(2)
    nominal = 10.0 * (1 + rng.pareto(slope, 6000))
    tail = fit_tail(nominal, 20_000.0, np.ones(6000), 10.0, 365.0)
    assert tail.slope == pytest.approx(slope, rel=0.08)
    assert tail.rate(10.0) == pytest.approx(0.3, rel=0.05)
    assert tail.rate(1825.0) == pytest.approx(0.3 * 182.5**-slope, rel=0.35)


def test_few_episodes_leave_the_slope_nominal():
    assert fit_tail(np.array([12.0, 40.0]), 1000.0, np.ones(2), 10.0, 365.0).slope == 1.0


MARKS = Marks(365.0, 90.0, 365.0, 1825.0)


def episodes(rng, days=10_000.0, slope=0.7, at_ten=0.05, passing=0.8):
    """Walks through null days whose truth is known: Pareto recurrences, a share that passes further conditions."""
    n = rng.poisson(at_ten * days)
    nominal = 10.0 * (1 + rng.pareto(slope, n))
    origin = np.zeros((n, 20))
    origin[np.arange(n), rng.integers(0, 20, n)] = 1.0
    passes = rng.random(n) < passing
    plain = np.select([nominal >= 90, nominal >= 30], [1, 0], -1)
    own = lambda level: NullEpisodes(nominal, level, origin)  # noqa: E731
    walks = {name: own(plain) for name in ("tail", "plan", "lasting")}
    walks["orange"] = own(np.where(passes & (nominal >= 90), 2, plain))
    walks["red"] = own(np.where(passes & (nominal >= 90), 3, plain))
    return walks, {"red": 7 * passing * at_ten * (1825 / 10) ** -slope, "blue": 7 * at_ten * (3**-slope - 9**-slope)}


def test_intervals_cover_the_truth():
    """Two hundred histories drawn anew: the 95 % intervals hold the true rates about as often as they say."""
    held = {"red": 0, "blue": 0}
    for seed in range(200):
        walks, truth = episodes(np.random.default_rng([8, seed]))
        nominal = walks["tail"].nominal
        tail = fit_tail(nominal, 10_000.0, np.ones(len(nominal)), 10.0, 365.0)
        rates = level_rates(walks, 10_000.0, tail, MARKS)
        for level in held:
            held[level] += rates[level].low <= truth[level] <= rates[level].high
    assert held["red"] >= 180 and held["blue"] >= 180


def test_thresholds_meet_their_target():
    walks, _ = episodes(np.random.default_rng(4))
    tail = fit_tail(walks["tail"].nominal, 10_000.0, np.ones(len(walks["tail"].nominal)), 10.0, 365.0)
    orange = orange_days_for(walks, 10_000.0, tail, MARKS, 0.01)
    rates = level_rates(walks, 10_000.0, tail, replace(MARKS, orange=orange, red=orange * MARKS.red / MARKS.orange))
    assert rates["orange"].per_week + rates["red"].per_week == pytest.approx(0.01, rel=1e-6)


def test_a_target_below_what_lasting_alone_gives_has_no_threshold():
    walks, _ = episodes(np.random.default_rng(4))
    walks["lasting"] = replace(walks["lasting"], level=np.full(len(walks["lasting"].level), 2))
    tail = fit_tail(walks["tail"].nominal, 10_000.0, np.ones(len(walks["tail"].nominal)), 10.0, 365.0)
    assert np.isnan(orange_days_for(walks, 10_000.0, tail, MARKS, 0.001))


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
