"""Complaints that return: survival curves beside R's, places, tickets open at once, and what chance alone brings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from city_of_years import STREETS, incidents, ready_of
from gridbeacon.cli.entry import execute
from gridbeacon.errors import InputError
from gridbeacon.models.recomplaints import (
    NEVER,
    excess_of,
    expected_share,
    kaplan_meier,
    near_places,
    next_complaint,
    same_codes,
)
from gridbeacon.pipeline.recomplaints import find_closings, recomplaint_table
from hypothesis import given
from hypothesis import strategies as st
from parity import agree

GOLDEN = Path(__file__).parent / "golden"
DAY = 86_400


@pytest.mark.parity
def test_survival_and_its_interval_are_those_of_survfit():
    data, golden = (pd.read_csv(GOLDEN / f"recomplaints_{name}.csv") for name in ("data", "survfit"))
    found = kaplan_meier(data["days"].to_numpy(), data["returned"].to_numpy(bool))
    source = "R survival 3.5-3, survfit(conf.type = 'log-log')"
    for name in ("time", "at_risk", "events", "survival", "low", "high"):
        ours = found.times if name == "time" else getattr(found, name)
        agree(
            "Complaints that return", f"curve: {name}", ours, golden[name].to_numpy(float), source=source, within=1e-9
        )


def test_survival_is_that_of_statsmodels_too():
    other = pytest.importorskip("statsmodels.duration.survfunc")
    rng = np.random.default_rng(2)
    days, hit = rng.integers(1, 40, 200).astype(float), rng.random(200) < 0.6
    theirs = other.SurvfuncRight(days, hit)
    ours = kaplan_meier(days, hit)
    np.testing.assert_allclose(ours.survival, theirs.surv_prob[theirs.n_events > 0], atol=1e-12)
    last = kaplan_meier(np.array([1.0, 2.0]), np.array([True, True]))
    assert last.at(5)[0] == 0 and np.isnan(last.at(5)[1]) and last.at(0.5) == (1.0, 1.0, 1.0)


points = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 40), st.integers(0, 12), st.integers(0, 1)),
    min_size=1,
    max_size=25,
)


@given(points, st.sampled_from([0.0, 1.0, 2.5]))
def test_next_and_still_open_are_what_looking_at_every_pair_gives(rows, metres):
    x, y, opened, lasting, group = (np.array(column) for column in zip(*rows, strict=True))
    closed = np.where(lasting == 12, NEVER, opened + lasting)
    places = near_places(np.column_stack([x, y]).astype(float), opened, group, metres)
    who = np.flatnonzero(closed < NEVER)
    after, still = next_complaint([places], who, closed[who]), places.still_open(who, closed)
    for number, i in enumerate(who):
        apart = np.hypot(x - x[i], y - y[i])
        near = [j for j in range(len(x)) if j != i and group[j] == group[i] and apart[j] <= metres]
        assert after[number] == min((opened[j] for j in near if opened[j] > closed[i]), default=NEVER)
        outlived = any(opened[j] <= closed[i] < closed[j] < NEVER for j in near)
        twins = [j for j in near if closed[j] == closed[i]]
        assert still[number] or not outlived
        assert outlived or twins or not still[number]


def test_one_code_is_one_place_and_no_code_is_none():
    codes = np.array(["a", "a", "", "b", "a"], dtype=object)
    places = same_codes(codes, np.array([0, 10, 11, 12, 13]), np.array([0, 0, 0, 0, 1]))
    found = next_complaint([places], np.array([0, 1, 2, 3]), np.array([5, 10, 11, 12]))
    assert found.tolist() == [10, NEVER, NEVER, NEVER]
    nowhere = near_places(np.full((2, 2), np.nan), np.array([0, 1]), np.zeros(2, int), 50)
    assert next_complaint([nowhere], np.array([0]), np.array([0])).tolist() == [NEVER]


def _random_city(seed: int, false: float = 0.0, n: int = 2500, units: int = 12, spots: int = 240):
    """Incidents at places of very unlike rates over 400 days; in unit 0 a share *false* returns."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.6, 1.0, spots)
    spot = rng.choice(spots, n, p=rate / rate.sum())
    opened = rng.integers(0, 400 * DAY, n)
    closed = opened + (rng.gamma(2.0, 2.0, n) * DAY).astype(np.int64)
    if false:
        back = np.flatnonzero((spot % units == 0) & (rng.random(n) < false))
        again = closed[back] + (rng.uniform(1, 30, len(back)) * DAY).astype(np.int64)
        spot, opened = np.append(spot, spot[back]), np.append(opened, again)
        closed = np.append(closed, again + 5 * DAY)
    return spot, opened, closed, units


def _excess(seed: int, false: float = 0.0, spots: int = 240) -> dict[str, np.ndarray]:
    spot, opened, closed, units = _random_city(seed, false, spots=spots)
    end, group = 400 * DAY, np.zeros(len(spot), dtype=int)
    places = [near_places(np.column_stack([spot * 1000.0, np.zeros(len(spot))]), opened, group, 50)]
    who = np.flatnonzero(closed < end)
    who = who[~places[0].still_open(who, closed)]
    follow = np.minimum(90 * DAY, end - closed[who])
    happened = next_complaint(places, who, closed[who]) - closed[who] <= follow
    chance = expected_share(places, who, closed[who], group[who], follow, end, 19, seed)
    return excess_of(happened, chance, spot[who] % units, units)


def test_chance_alone_makes_no_false_rectification():
    """20 cities of 12 units: returns add up to what chance was said to bring, and p is at most .05 in about .05."""
    found = [_excess(seed) for seed in range(20)]
    repeats, expected = (np.sum([f[name] for f in found]) for name in ("repeats", "expected"))
    assert repeats / expected == pytest.approx(1.0, abs=0.02)
    p = np.concatenate([f["p_value"] for f in found])
    assert (p <= 0.05).mean() <= 0.06 and 0.35 < (p <= 0.5).mean() < 0.55
    inside = [(f["low"] <= 0) & (f["high"] >= 0) for f in found]
    assert np.mean(inside) >= 0.95


def test_false_rectification_of_one_unit_shows():
    found = _excess(1, false=0.6, spots=2400)
    assert found["p_value"][0] < 1e-4 and found["low"][0] > 0.03 and found["excess"].argmax() == 0
    assert (found["p_value"][1:] > 0.005).all()


def _city(tmp_path, **facts):
    """Two years; calls of the third street come back within 50 m and three weeks of every second closing."""
    rng = np.random.default_rng(3)
    rows = incidents("2024-01-01", rng.poisson(0.6, (700, STREETS)))
    rows["closed"] = rows["time"] + pd.to_timedelta(rng.uniform(1, 6, len(rows)), unit="D")
    bad = rows[(rows["x"] // 0.01 == 11702) & (rng.random(len(rows)) < 0.5)]
    again = bad.assign(time=bad["closed"] + pd.to_timedelta(rng.uniform(2, 20, len(bad)), unit="D"))
    again["closed"] = again["time"] + pd.Timedelta(days=2)
    again["x"] += 0.0002  # some 20 m
    rows = pd.concat([rows, again], ignore_index=True)
    rows["time"], rows["closed"] = rows["time"].dt.floor("min"), rows["closed"].dt.floor("min")
    return rows.assign(**facts)


def test_the_unit_where_complaints_return_comes_first(tmp_path):
    ready = ready_of(tmp_path, _city(tmp_path), as_of="2025-12-01")
    found, told = find_closings(ready, "", 50.0, True, 90, 29, 0)
    table = recomplaint_table(ready, found, 1, "place", 90)
    assert told == [] and table["cell_name"].iloc[0] == "第3街道"
    assert table["verdict"].tolist() == ["more than chance"] + [""] * (STREETS - 1)
    assert table["excess_low"].iloc[0] > 0.1 and table["share_low"].iloc[0] < table["share_by_horizon"].iloc[0]
    assert table["within_30"].iloc[0] <= table["within_90"].iloc[0] <= table["within_365"].iloc[0]
    again = find_closings(ready, "", 50.0, True, 90, 29, 0)[0]
    assert (again.chance == found.chance).all()  # the same seed, the same null


def test_small_numbers_are_withheld_and_reports_are_no_closings(tmp_path):
    rows = _city(tmp_path)
    own = rows["x"] // 0.01 == 11705
    rows = pd.concat([rows[~own], rows[own].head(5)], ignore_index=True)
    fourth = rows["x"] // 0.01 == 11704
    rows.loc[fourth, "kind"] = "报备"
    ready = ready_of(tmp_path, rows, as_of="2025-12-01")
    found, _ = find_closings(ready, "", 50.0, True, 90, 9, 0)
    table = recomplaint_table(ready, found, 1, "place", 90).set_index("cell_name")
    assert table.loc["第6街道", "status"] == "withheld" and table.loc["第6街道", "closings"] == 0
    assert table.loc["第6街道", ["returned", "expected", "excess", "share_by_horizon"]].isna().all()
    assert "第5街道" not in table.index


def test_places_of_described_classes_are_nobodys_business(tmp_path):
    rows = _city(tmp_path)
    rows.loc[rows.index % 2 == 0, "category"] = "矛盾纠纷/邻里"
    ready = ready_of(tmp_path, rows, as_of="2025-12-01")
    found, told = find_closings(ready, "", 50.0, True, 90, 9, 0)
    assert not found.rows["category"].str.startswith("矛盾").any() and [n.code for n in told] == ["N-CLASS-101"]
    with pytest.raises(InputError, match=r"street level"):
        find_closings(ready, "矛盾纠纷", 50.0, True, 90, 9, 0)


def test_the_step_writes_a_table_by_handler(tmp_path):
    rows = _city(tmp_path)
    rows["handler"] = np.where(rows["x"] // 0.01 == 11702, "甲所", "乙所")
    ready_of(tmp_path, rows)
    out = tmp_path / "again.csv"
    files = ["--incidents", str(tmp_path / "calls.csv"), "--cells", str(tmp_path / "cells.geojson"), "--out", str(out)]
    more = ["--by", "handler", "--as-of", "2025-12-01", "--progress", "none"]
    assert execute(["step", "recomplaints", *files, *more]) == 0
    table = pd.read_csv(out, encoding="utf-8-sig")
    assert table["handler"].tolist() == ["甲所", "乙所"] and table["verdict"].iloc[0] == "more than chance"


def test_without_times_of_closing_it_says_which_column(tmp_path):
    ready = ready_of(tmp_path, _city(tmp_path).drop(columns="closed"), as_of="2025-12-01")
    with pytest.raises(InputError, match=r"no handled incident with a place has a time of closing"):
        find_closings(ready, "", 50.0, True, 90, 9, 0)
