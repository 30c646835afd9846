"""Emerging hot spots: Gi* in space and time, Mann-Kendall, and the 17 patterns."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.errors import InputError
from gridbeacon.models.emerging import (
    EmergingHotspots,
    classify_patterns,
    hamed_rao,
    mann_kendall,
    pattern_rules,
    space_time_gi_star,
    whole_steps,
)
from gridbeacon.models.emerging.rules import read_rules
from gridbeacon.models.hotspot import gi_star
from hypothesis import given
from hypothesis import strategies as st
from parity import agree
from scipy import sparse

R = "R 4.2.2, spdep 1.2-7 (tests/oracles/emerging.R)"


def queen(rows: int, columns: int) -> sparse.csr_array:
    """Binary links between cells of a lattice that touch."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    near = (np.abs(row[:, None] - row) <= 1) & (np.abs(column[:, None] - column) <= 1)
    np.fill_diagonal(near, False)
    return sparse.csr_array(near.astype(float))


def lattice(counts: np.ndarray, rows: int, columns: int, bin: str = "day", valid: np.ndarray | None = None):
    n = rows * columns
    row, column = np.divmod(np.arange(n), columns)
    return SpaceTimeCube(
        counts=np.asarray(counts, float),
        bins=np.datetime64("2024-01-01") + np.arange(len(counts)),
        cells=np.array([f"c{i}" for i in range(n)], dtype=object),
        centres=np.column_stack([column, row]) * 1000.0,
        areas=np.ones(n),
        contiguity=sparse.csr_matrix(queen(rows, columns)),
        parents=np.zeros(n, dtype=int),
        exposure=np.zeros(n),
        factors={} if valid is None else {"valid": valid},
        bin=bin,
    )


# --- z in space and time


@pytest.mark.parity
def test_z_agrees_with_spdep(root):
    golden = pd.read_csv(root / "tests" / "golden" / "emerging_gi_star.csv")
    counts = golden["count"].to_numpy(float).reshape(12, 30)
    z = space_time_gi_star(counts, queen(5, 6) + sparse.eye_array(30))
    agree("Emerging hot spots", "space-time Gi*, 12 steps, 5×6 queen, K=1", z.ravel(), golden["z"].to_numpy(),
          source=R, within=1e-10)  # fmt: skip


@pytest.mark.parametrize("back", [0, 1, 3])
def test_z_is_gi_star_on_the_graph_of_all_bins(back):
    """Written out in full: every bin a place, linked to its neighbours now and in the steps before."""
    counts = np.random.default_rng(3).poisson(2, (7, 12)).astype(float)
    links = queen(3, 4) + sparse.eye_array(12)
    in_time = sum(np.eye(7, k=-k) for k in range(back + 1))
    whole = gi_star(counts.reshape(1, -1), sparse.csr_array(sparse.kron(in_time, links)))
    np.testing.assert_allclose(space_time_gi_star(counts, links, back).ravel(), whole[0], atol=1e-10)


def test_a_missing_step_is_no_neighbour_in_time():
    counts = np.random.default_rng(3).poisson(2, (4, 12)).astype(float)
    links = queen(3, 4) + sparse.eye_array(12)
    apart = space_time_gi_star(counts, links, 1, np.array([0, 1, 3, 4]))
    alone = space_time_gi_star(counts, links, 0)
    joined = space_time_gi_star(counts, links, 1)
    np.testing.assert_allclose(apart[2], alone[2])
    np.testing.assert_allclose(apart[[0, 1, 3]], joined[[0, 1, 3]])


# --- the trend


@pytest.mark.parity
def test_mann_kendall_agrees_with_pymannkendall_and_r(root):
    rng, ours, theirs = np.random.default_rng(1), [], []
    for n in (6, 10, 17, 52):
        series = np.concatenate([rng.normal(size=(n, 40)), rng.poisson(1.5, (n, 40)), np.ones((n, 1))], axis=1)
        found = mann_kendall(series)
        ours.append(np.column_stack([found.score, found.variance, found.tau, found.z, found.p])[:-1])
        for column in series[:, :-1].T:
            test = pymannkendall.original_test(column)
            theirs.append([test.s, test.var_s, test.Tau, test.z, test.p])
        assert (found.z[-1], found.p[-1], found.variance[-1]) == (0, 1, 0)  # all equal
    agree("Emerging hot spots", "Mann-Kendall S, variance, tau, z, p, 320 series", np.concatenate(ours),
          np.array(theirs), source="pymannkendall 1.4.3", within=1e-10)  # fmt: skip
    golden = root / "tests" / "golden"
    values, trend = pd.read_csv(golden / "emerging_series.csv"), pd.read_csv(golden / "emerging_trend.csv")
    tests = [mann_kendall(part[["value"]].to_numpy()) for _, part in values.groupby("series")]
    found = np.array([[t.score[0], t.z[0], t.p[0]] for t in tests])
    agree("Emerging hot spots", "Mann-Kendall S, z, p, 24 series", found, trend[["score", "z", "p"]].to_numpy(),
          source="R 4.2.2 cor.test (tests/oracles/emerging.R)", within=1e-10)  # fmt: skip


@pytest.mark.parity
@pytest.mark.parametrize("lags", [None, 3])
def test_hamed_rao_agrees_with_pymannkendall(lags):
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(40, 60))
    for t in range(1, 40):
        noise[t] += 0.6 * noise[t - 1]
    noise[:, 30:] = np.round(noise[:, 30:])
    found, theirs = hamed_rao(noise, lags=lags), []
    for column in noise.T:
        test = pymannkendall.hamed_rao_modification_test(column, lag=lags)
        theirs.append([test.var_s, test.z, test.p])
    theirs = np.array(theirs)
    positive = theirs[:, 0] > 0  # theirs is NaN where the correction would make the variance negative
    assert positive.sum() > 30
    ours = np.column_stack([found.variance, found.z, found.p])
    agree("Emerging hot spots", f"Hamed-Rao variance, z, p, lags {lags or 'all'}", ours[positive], theirs[positive],
          source="pymannkendall 1.4.3", within=1e-8)  # fmt: skip
    plain = mann_kendall(noise)
    np.testing.assert_array_equal(found.variance[~positive], plain.variance[~positive])


@given(st.lists(st.integers(0, 5), min_size=3, max_size=15))
def test_a_series_turned_around_has_the_opposite_trend(values):
    series = np.array(values, float)[:, None]
    there, back = mann_kendall(series), mann_kendall(series[::-1])
    assert there.score[0] == -back.score[0]
    assert there.p[0] == back.p[0]
    assert 0 <= there.p[0] <= 1


# --- the patterns


def by_the_words(states: tuple[int, ...], trend: int) -> str:
    """The source's wordings, read one by one for one history, with the precedence the table states."""
    ends = states[-1]
    sides = [(1, "hot"), (-1, "cold")]
    for sign, side in sides:  # a place hot or cold in the final step is named by it
        if ends != sign:
            continue
        n, mine = len(states), [s == sign for s in states]
        run = len(list(itertools.takewhile(bool, reversed(mine))))
        often = 10 * sum(mine) >= 9 * n
        wordings = {
            "new": sum(mine) == 1 and not often,
            "consecutive": run >= 2 and sum(mine) == run and not often,
            "intensifying": often and trend == sign,
            "persistent": often and trend == 0,
            "diminishing": often and trend == -sign,
            "sporadic": not often and sum(mine) > run and -sign not in states,
            "oscillating": not often and -sign in states[:-1],
        }
        return next(f"{name}_{side}" for name, met in wordings.items() if met)
    for sign, side in sides:
        if 10 * sum(s == sign for s in states) >= 9 * len(states):
            return f"historical_{side}"
    return "none"


@pytest.mark.parametrize("trend", [-1, 0, 1])
def test_every_history_of_ten_steps_has_exactly_one_pattern(trend):
    """All 3^10 of them; `classify_patterns` raises where two rules are met."""
    every = np.array(list(itertools.product((-1, 0, 1), repeat=10))).T
    found = classify_patterns(every, np.full(every.shape[1], trend))
    assert list(found) == [by_the_words(tuple(column), trend) for column in every.T.tolist()]


def test_longer_histories_and_all_17_patterns():
    rng, seen = np.random.default_rng(5), set()
    for _ in range(60):
        n = int(rng.integers(2, 60))
        weights = rng.dirichlet([0.4, 0.3, 0.6], 200)
        states = np.array([rng.choice([-1, 0, 1], n, p=w) for w in weights]).T
        trend = rng.integers(-1, 2, 200)
        found = classify_patterns(states, trend)
        expected = [by_the_words(tuple(c), t) for c, t in zip(states.T.tolist(), trend.tolist(), strict=True)]
        assert list(found) == expected
        seen |= set(found)
    assert seen == set(pattern_rules().names)
    assert len(seen) == 17


@pytest.mark.parametrize(
    ("history", "trend", "pattern"),
    [
        ("..........+", 0, "new_hot"),
        ("-.........+", 0, "new_hot"),
        (".........++", 0, "consecutive_hot"),
        ("++++++++++++++++++.+", 1, "intensifying_hot"),
        ("++++++++++++++++++.+", 0, "persistent_hot"),
        ("++++++++++++++++++.+", -1, "diminishing_hot"),
        (".+..+.....+", 0, "sporadic_hot"),
        ("-+..+.....+", 0, "oscillating_hot"),
        ("++++++++++.", 0, "historical_hot"),
        ("++++++++++-", 0, "new_cold"),
        (".+..+......", 0, "none"),
        ("----------", -1, "intensifying_cold"),
        ("----------", 1, "diminishing_cold"),
    ],
)
def test_patterns_by_hand(history, trend, pattern):
    state = np.array([[{"+": 1, "-": -1, ".": 0}[mark]] for mark in history])
    assert classify_patterns(state, np.array([trend])) == [pattern]


def test_the_table_is_data_and_a_faulty_one_is_refused(root):
    table = json.loads((root / "models" / "emerging_rules.json").read_text(encoding="utf-8"))
    assert table["version"]
    table["rules"][0]["when"].pop("before")  # now "new" is met by what is sporadic too
    with pytest.raises(ValueError, match="more than one"):
        classify_patterns(np.array([[1]] + [[0]] * 8 + [[1]]), np.array([0]), read_rules(table))
    table["rules"][0]["when"]["befor"] = False
    with pytest.raises(ValueError, match="befor"):
        read_rules(table)


def test_the_docs_name_every_pattern_of_the_table(root):
    page = (root / "docs" / "clusters.md").read_text(encoding="utf-8")
    rules = pattern_rules()
    assert f"version {rules.version}" in page
    assert all(f"| {en} | {zh} |" in page for key, (en, zh) in rules.names.items() if key.endswith("_hot"))


# --- the model


def test_a_growing_hot_spot_is_found_and_told():
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.0, (112, 100)).astype(float)
    block = [44, 45, 54, 55]
    counts[:, block] += rng.poisson(np.linspace(3, 9, 112)[:, None], (112, 4))
    cube = lattice(counts, 10, 10)
    told = EmergingHotspots().fit(cube).details(cube)
    assert set(told["pattern"][block]) == {"intensifying_hot"}
    assert set(told["pattern_zh"][block]) == {"加强热点"}
    far = [0, 1, 10, 90, 99]
    assert set(told["pattern"][far]) == {"none"}
    assert (told["mk_p"][block] < 0.01).all()


def test_a_first_step_that_is_not_whole_is_dropped_and_told():
    counts = np.random.default_rng(0).poisson(1.0, (75, 16)).astype(float)
    cube = lattice(counts, 4, 4)
    told = EmergingHotspots().fit(cube).details(cube)
    assert (set(told["steps"]), set(told["bins_left_over"])) == ({10}, {5})
    later = cube.between(5, 75)
    np.testing.assert_array_equal(told["mk_z"], EmergingHotspots().fit(later).details(later)["mk_z"])
    np.testing.assert_array_equal(told["last_step"], counts[-7:].sum(axis=0))


def test_steps_with_incomplete_bins_are_left_out():
    rng = np.random.default_rng(0)
    counts, valid = rng.poisson(1.0, (98, 16)).astype(float), np.ones(98, dtype=bool)
    counts[40:45], valid[40:45] = 0, False
    cube = lattice(counts, 4, 4, valid=valid)
    told = EmergingHotspots().fit(cube).details(cube)
    assert (set(told["steps"]), set(told["steps_left_out"])) == ({12}, {2})
    valid[-1] = False
    ended = lattice(counts, 4, 4, valid=valid)
    assert set(EmergingHotspots().fit(ended).status(ended)) == {"incomplete end"}


@pytest.mark.parametrize("days", [69, 10, 0])
def test_too_few_steps_are_named(days):
    cube = lattice(np.ones((days, 16)), 4, 4)
    model = EmergingHotspots().fit(cube)
    assert set(model.status(cube)) == {"too few bins"}
    assert (model.log_p(cube) == 0).all()
    assert set(model.details(cube)["pattern"]) == {"none"}


def test_weekly_bins_and_steps_that_do_not_fit_them():
    cube = lattice(np.ones((12, 16)), 4, 4, bin="week")
    assert whole_steps(cube, 7)[0].shape == (12, 16)
    with pytest.raises(InputError, match=r"whole weeks, not 10.*multiple of 7"):
        EmergingHotspots(step_days=10).fit(cube)


def test_a_pile_up_hides_no_hot_spot():
    counts = np.random.default_rng(0).poisson(0.3, (84, 100)).astype(float)
    counts[-7:, [44, 45, 54, 55]] += 2
    counts[3, 99] = 3000
    cube = lattice(counts, 10, 10)
    found = EmergingHotspots().fit(cube).emergence(cube)
    assert (found.state[-1, [44, 45, 54, 55]] == 1).all()
    counts[3, 99] = 1e6  # now every other z is below 0: what z and tails disagree on is called neither
    found = EmergingHotspots().fit(cube).emergence(replace(cube, counts=counts))
    assert found.upper[44] < np.log(1e-5)
    assert ((found.state == 0) | (found.state == np.sign(found.z))).all()
    assert (found.state[-1] == 0).all()


@pytest.mark.parametrize("mean", [0.03, 1.0])
def test_null_cities_have_no_more_hot_spots_than_promised(mean):
    """Any bin hot in 5 % of cities at most as far as 40 can tell; normal tails fail where it is sparse."""
    rng, exact, normal, last = np.random.default_rng(9), 0, 0, []
    for _ in range(40):
        cube = lattice(rng.poisson(mean, (12, 144)), 12, 12)
        found = EmergingHotspots(step_days=1).fit(cube).emergence(cube)
        exact += bool((found.state != 0).any())
        last.append(np.exp(found.upper))
        normal += bool((EmergingHotspots(step_days=1, tails="normal").fit(cube).emergence(cube).state != 0).any())
    assert exact <= 5  # P(more | 5 %) = 1.4 %
    assert normal > 20 if mean < 1 else normal >= exact
    for level in (0.01, 0.05, 0.2):
        assert np.mean(np.concatenate(last) <= level) <= level * 1.1


def test_a_trend_by_chance_is_called_as_often_as_told():
    """p <= 0.1 on cities without a trend: a tenth with `own_steps`, a fifth where steps share counts."""
    rng, called = np.random.default_rng(1), {"own_steps": [], "mann_kendall": []}
    for _ in range(12):
        cube = lattice(rng.poisson(0.5, (40, 144)), 12, 12)
        for name, found in called.items():
            model = EmergingHotspots(step_days=1, trend_test=name).fit(cube)
            found.append(model.details(cube)["mk_p"] <= 0.1)
    assert np.mean(called["own_steps"]) == pytest.approx(0.1, abs=0.03)
    assert np.mean(called["mann_kendall"]) == pytest.approx(0.2, abs=0.04)


def test_one_more_incident_at_the_end_is_never_less_surprising():
    counts = np.random.default_rng(0).poisson(1.0, (12, 36)).astype(float)
    cube = lattice(counts, 6, 6)
    more = counts.copy()
    more[-1, 14] += 1
    model = EmergingHotspots(step_days=1, scale="count").fit(cube)
    assert model.log_p(replace(cube, counts=more))[-1, 14] < model.log_p(cube)[-1, 14]
