"""Scan models on cubes: what they find, what they leave alone, and what they say when there is nothing to scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models.scan import ExpectationScan, PermutationScan, PoissonScan
from gridbeacon.models.scan.expectations import expect
from scipy import sparse, stats

SIDE, DAYS = 7, 70
N = SIDE * SIDE
BLOCK = [16, 17, 18, 23, 24, 25, 30, 31, 32]
MODELS = [PermutationScan, PoissonScan, ExpectationScan]


def cube_of(counts, **more):
    row, column = np.divmod(np.arange(N), SIDE)
    whole = SpaceTimeCube(
        counts=np.asarray(counts, float),
        bins=np.datetime64("2024-01-01") + np.arange(len(counts)),
        cells=np.array([f"c{i:02d}" for i in range(N)], dtype=object),
        centres=np.column_stack([column, row]) * 1000.0,
        areas=np.ones(N),
        contiguity=sparse.csr_matrix((N, N)),
        parents=np.zeros(N, dtype=int),
        exposure=np.full(N, 1000.0),
    )
    return replace(whole, **more)


def ordinary(seed=0, days=DAYS, mean=0.4, weekend=1.0):
    rng = np.random.default_rng(seed)
    week = np.where(np.arange(days) % 7 >= 5, weekend, 1.0)
    return rng.poisson(week[:, None] * rng.gamma(2.0, mean / 2, N)).astype(float)


def raised(counts, cells=BLOCK, days=3, by=3):
    counts = counts.copy()
    counts[-days:, cells] += by
    return counts


@pytest.mark.parametrize("model", MODELS)
def test_a_planted_rise_is_found_where_and_when_it_is(model):
    cube = cube_of(raised(ordinary()))
    fitted = model().fit(cube)
    first = fitted.scan(cube).clusters[0]
    assert set(first.cells) == set(BLOCK)
    assert (first.start, first.end) == (DAYS - 3, DAYS)
    assert first.p_value == fitted.least_p() == 0.001
    told = fitted.details(cube)
    assert set(np.flatnonzero(told["cluster"] == 1)) == set(BLOCK)
    assert told["window"][24] == 3
    assert told["observed"][24] == first.observed
    assert told["recurrence_days"][24] == pytest.approx(1000)
    assert told["gumbel_p"][24] < 1e-6
    assert fitted.evidence(cube)[-1, 24] > 0.5
    assert fitted.log_p(cube)[-1, 24] == pytest.approx(np.log(0.001))


def test_a_rise_of_the_whole_city_is_for_the_expectation_only():
    counts = ordinary(1)
    counts[-3:] += np.random.default_rng(2).poisson(0.6, (3, N))
    cube = cube_of(counts)
    found = {model.__name__: model(max_share=1.0).fit(cube).scan(cube).clusters[0].p_value for model in MODELS}
    assert found["ExpectationScan"] == 0.001
    assert found["PermutationScan"] > 0.05
    assert found["PoissonScan"] > 0.05


def test_a_place_that_is_always_busy_is_a_cluster_by_people_and_none_by_its_past():
    counts = ordinary(3)
    counts[:, 40] += np.random.default_rng(4).poisson(3.0, DAYS)
    cube = cube_of(counts)
    by_people = PoissonScan(expected="exposure").fit(cube)
    assert by_people.details(cube)["cluster"][40] == 1
    assert PoissonScan().fit(cube).log_p(cube)[-1, 40] > np.log(0.05)
    shifted = replace(cube, exposure=np.where(np.arange(N) == 40, 0.0, cube.exposure))
    other = PoissonScan(expected="exposure").fit(shifted)
    assert other.status(shifted)[40] == "no exposure"
    assert other.log_p(shifted)[-1, 40] == 0


def test_the_week_is_no_surprise():
    """The last bin a busy Saturday: what the city always does at weekends is expected, unless bins know no week."""
    cube = cube_of(ordinary(8, 69, weekend=4.0))  # the 69th day is a Saturday
    for model in MODELS:
        clusters = model().fit(cube).scan(cube).clusters
        assert not clusters or clusters[0].p_value > 0.05
    timeless = replace(cube, bin="week")
    assert ExpectationScan().fit(timeless).scan(timeless).clusters[0].p_value == 0.001
    blind = PoissonScan(adjust_time=False).fit(timeless)
    assert blind.scan(timeless).clusters[0].p_value == 0.001


def test_bins_without_data_count_for_nothing():
    counts = ordinary(6)
    valid = np.ones(DAYS, dtype=bool)
    valid[20:30] = False
    broken = counts.copy()
    broken[~valid] = 50.0
    whole, holed = (cube_of(c, factors={"valid": valid}) for c in (counts, broken))
    for model in MODELS:
        fitted = model(n_replicates=99).fit(whole)
        np.testing.assert_array_equal(fitted.log_p(whole), fitted.log_p(holed))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("counts", "trouble"), [(np.zeros((DAYS, N)), "empty class"), (np.ones((1, N)), "too few bins")]
)
def test_nothing_to_scan_has_a_name(model, counts, trouble):
    cube = cube_of(counts)
    fitted = model().fit(cube)
    assert set(fitted.status(cube)) == {trouble}
    assert fitted.scan(cube) is None
    assert not fitted.evidence(cube).any()


def test_a_city_without_a_past_is_told():
    counts = np.zeros((DAYS, N))
    counts[-2:] = 1
    cube = cube_of(counts)
    assert set(PoissonScan().fit(cube).status(cube)) == {"no past"}
    assert set(PermutationScan().fit(cube).status(cube)) == {"ok"}


def test_scattered_counts_need_the_negative_binomial():
    """Counts with variance/mean of about six: Poisson is alarmed in most null cities, the score is not."""
    alarms = {"poisson": 0, "negative binomial": 0}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        cube = cube_of(rng.poisson(rng.gamma(0.2, 1.0 / 0.2, (DAYS, N))))
        for name in alarms:
            model = ExpectationScan(distribution=name, longest=7, max_cells=9, n_replicates=39).fit(cube)
            clusters = model.scan(cube).clusters
            alarms[name] += bool(clusters) and clusters[0].p_value <= 0.05
    assert alarms["poisson"] >= 15
    assert alarms["negative binomial"] <= stats.binom.ppf(0.999, 20, 0.075)


@pytest.mark.parametrize("model", MODELS)
def test_p_is_uniform_on_null_cities(model):
    """Cities of unequal cells, a week's rhythm and a short past: the share of p at most 10, 30, 50 % is nominal."""
    p = []
    for seed in range(60):
        cube = cube_of(ordinary(100 + seed, days=42, mean=0.3, weekend=0.5))
        fitted = model(longest=7, max_cells=9, n_replicates=19, random_state=seed).fit(cube)
        clusters = fitted.scan(cube).clusters
        p.append(clusters[0].p_value if clusters else 1.0)
    for level in (0.1, 0.3, 0.5):
        assert np.sum(np.array(p) <= level) <= stats.binom.ppf(0.999, len(p), level)
    assert np.mean(p) < 0.75


@pytest.mark.parametrize("model", MODELS[1:])
def test_a_short_past_makes_no_alarms(model):
    """Ten days known, ten days scanned: rates taken for certain would be alarmed far too often."""
    p = []
    for seed in range(60):
        cube = cube_of(ordinary(200 + seed, days=20, mean=1.0))
        fitted = model(longest=10, max_cells=9, n_replicates=19, random_state=seed).fit(cube)
        p.append(fitted.scan(cube).clusters[0].p_value)
    assert np.sum(np.array(p) <= 0.1) <= stats.binom.ppf(0.999, len(p), 0.1)


def test_what_the_past_lets_one_expect():
    """A gamma prior by moments, by hand: two cells of 40 and 0 cases in 20 days of a rate of one a day."""
    counts = np.zeros((24, 2))
    counts[:20, 0] = 2
    known = expect(counts, np.ones(24, bool), np.arange(24).astype("datetime64[D]"), "week", 4)
    shape = 1.0 / (1.0 - 1.0 / 20)  # mean 1, variance of the rates 1, of which 1/20 is chance
    np.testing.assert_allclose(known.shape, [40 + shape, shape])
    np.testing.assert_allclose(known.expected, np.tile([(40 + shape) / (20 + shape), shape / (20 + shape)], (4, 1)))
    assert known.size == np.inf


def test_a_setting_out_of_bounds_says_what_to_do():
    cube = cube_of(ordinary())
    with pytest.raises(ValueError, match=r"max_share must be .*not 2.0.*default is 0.5"):
        PermutationScan(max_share=2.0).fit(cube)
    with pytest.raises(ValueError, match=r"expected must be past or exposure"):
        PoissonScan(expected="people").fit(cube)


def test_caps_hold_on_a_cube():
    cube = cube_of(raised(ordinary(), cells=range(N)))
    for caps, most in (({"max_cells": 4}, 4), ({"max_radius": 1000.0}, 5), ({"longest": 2}, N)):
        for cluster in ExpectationScan(n_replicates=19, **caps).fit(cube).scan(cube).clusters:
            assert len(cluster.cells) <= most
            assert cluster.radius <= caps.get("max_radius", np.inf)
            assert cluster.end - cluster.start <= caps.get("longest", 14)
