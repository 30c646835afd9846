"""EARS: bounds by brute force, and a tail that stays calm where seven counts say little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.errors import InputError
from gridbeacon.models.anomaly import EarsAnomaly, ears
from gridbeacon.models.anomaly.dispersion import UPPER_90, UPPER_95, upper_dispersion
from gridbeacon.models.anomaly.ears import ears_bounds
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse, stats

RATES = [(0.05, 1), (0.3, 1), (2, 1), (30, 1), (0.3, 3), (5, 4), (30, 12)]
"""Mean and variance over mean of null series."""


def cube_of(counts: np.ndarray, valid: np.ndarray | None = None) -> SpaceTimeCube:
    counts = np.atleast_2d(np.asarray(counts, dtype=float).T).T
    n_times, n_cells = counts.shape
    return SpaceTimeCube(
        counts=counts,
        bins=np.datetime64("2024-01-01") + np.arange(n_times),
        cells=np.array([f"c{i}" for i in range(n_cells)], dtype=object),
        centres=np.zeros((n_cells, 2)),
        areas=np.ones(n_cells),
        contiguity=sparse.csr_matrix((n_cells, n_cells)),
        parents=np.zeros(n_cells, dtype=int),
        exposure=np.zeros(n_cells),
        factors={"valid": np.ones(n_times, dtype=bool) if valid is None else valid},
    )


def null_counts(rng: np.random.Generator, mean: float, dispersion: float, shape: tuple[int, int]) -> np.ndarray:
    if dispersion == 1:
        return rng.poisson(mean, shape).astype(float)
    return rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, shape).astype(float)


@given(arrays(np.int64, (16, 3), elements=st.integers(0, 60)), st.sampled_from([3, 5, 7]))
def test_bounds_are_those_of_the_definition(counts, baseline):
    upper = ears_bounds(counts, ("C1", "C2"), baseline, alpha=0.01, min_sigma=0.3)
    for t in range(16):
        for method, gap in (("C1", 0), ("C2", 2)):
            window = counts[max(t - gap - baseline, 0) : max(t - gap, 0)]
            if len(window) < baseline:
                assert np.isnan(upper[method][t]).all()
            else:
                sigma = np.maximum(window.std(axis=0, ddof=1), 0.3)
                expected = window.mean(axis=0) + stats.norm.isf(0.01) * sigma
                np.testing.assert_allclose(upper[method][t], expected, rtol=1e-12)


@pytest.mark.parametrize("level", [0.1, 1 / 3, 7.7])
def test_equal_counts_have_no_deviation_at_all(level):
    """Rounding must not make a standard deviation of 1e-17, beside which every count is far out."""
    upper = ears_bounds(np.full((12, 1), level), ("C1",))["C1"]
    np.testing.assert_array_equal(upper[7:], level)


def test_one_incident_after_a_quiet_week_is_no_alarm():
    cube = cube_of(np.append(np.tile([0.0, 0, 1, 0, 0, 0, 0], 5), [0] * 7 + [1]))
    model = EarsAnomaly().fit(cube)
    assert model.status(cube) == ["flat baseline"]
    told = model.details(cube)
    assert (told["alarm"], told["observed"]) == (0, 1)
    assert told["upper"] >= 1
    assert model.log_p(cube)[-1] > np.log(0.01)


def test_nine_incidents_after_a_quiet_week_are_an_alarm():
    cube = cube_of(np.append(np.tile([0.0, 0, 1, 0, 0, 0, 0], 5), [0] * 7 + [9]))
    model = EarsAnomaly().fit(cube)
    assert model.details(cube)["alarm"] == 1
    assert model.log_p(cube)[-1] < np.log(1e-4)


@pytest.mark.parametrize(("mean", "dispersion"), RATES)
@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_the_tail_is_never_too_light(method, mean, dispersion):
    """No more of 40,000 null series below p than p, to within four binomial deviations."""
    counts = null_counts(np.random.default_rng(7), mean, dispersion, (60, 40_000))
    cube = cube_of(counts)
    log_p = EarsAnomaly(method=method).fit(cube).log_p(cube, last=1)[-1]
    for p in (0.05, 0.01, 0.001):
        assert np.mean(log_p <= np.log(p)) <= p + 4 * np.sqrt(p / 40_000)


@pytest.mark.parametrize(
    ("method", "baseline"), [("C1", slice(-8, -1)), ("C2", slice(-10, -3)), ("C3", slice(-10, -3))]
)
def test_without_dispersion_the_predictive_is_the_poisson_one(monkeypatch, method, baseline):
    """Seven bins with S incidents, Jeffreys' prior: a gamma rate of shape S + 1/2, the size of any bins to come."""
    monkeypatch.setattr(ears, "upper_dispersion", lambda spread, *_: np.ones_like(spread))
    counts = np.random.default_rng(4).poisson(3, (40, 6)).astype(float)
    observed, mean, size = EarsAnomaly(method=method)._predict(counts, np.array([39]))
    bins, total = (3 if method == "C3" else 1), counts[baseline].sum(axis=0)
    np.testing.assert_allclose(observed[0], counts[-bins:].sum(axis=0))
    np.testing.assert_allclose(size[0], total + 0.5)
    np.testing.assert_allclose(mean[0], bins * (total + 0.5) / 7)


@pytest.mark.parametrize(("mean", "dispersion"), [(0.5, 3), (20, 5)])
def test_the_limit_of_a_dispersion_holds_about_as_often_as_it_says(mean, dispersion):
    """Of 20,000 samples of 100; with the kurtosis of a normal distribution the first would be 59 % and 64 %."""
    counts = null_counts(np.random.default_rng(0), mean, dispersion, (20_000, 100))
    found = counts.var(axis=1, ddof=1) / np.maximum(counts.mean(axis=1), 1e-9)
    for quantile, says in ((UPPER_90, 0.90), (UPPER_95, 0.95)):
        limit = upper_dispersion(found, counts.mean(axis=1), 99.0, quantile)
        assert says - 0.05 < np.mean(limit >= dispersion) < says + 0.03


def test_a_slow_rise_is_seen_by_three_bins_together():
    counts = np.random.default_rng(3).poisson(10, 60).astype(float)
    counts[-3:] = 21
    cube = cube_of(counts)
    found = {m: EarsAnomaly(method=m).fit(cube).log_p(cube)[-1, 0] for m in ("C1", "C2", "C3")}
    assert found["C3"] < found["C2"] < found["C1"]  # C1 has taken the rise for its baseline


def test_bins_that_are_not_complete_are_left_out():
    rng = np.random.default_rng(1)
    counts = rng.poisson(3, (50, 4)).astype(float)
    valid = np.ones(53, dtype=bool)
    valid[[20, 33, 34]] = False
    holed = np.insert(counts, [20, 32, 32], 999.0, axis=0)
    plain, gaps = cube_of(counts), cube_of(holed, valid)
    log_p = EarsAnomaly().fit(gaps).log_p(gaps)
    np.testing.assert_allclose(log_p[valid], EarsAnomaly().fit(plain).log_p(plain), rtol=1e-12)
    assert (log_p[~valid] == 0).all()


def test_the_last_bins_alone_are_what_they_are_among_all():
    cube = cube_of(np.random.default_rng(2).poisson(2, (60, 5)))
    model = EarsAnomaly(method="C3").fit(cube)
    some = model.log_p(cube, last=3)
    np.testing.assert_allclose(some[-3:], model.log_p(cube)[-3:], rtol=1e-12)
    assert (some[:-3] == 0).all()


def test_trouble_has_a_name():
    cube = cube_of(np.random.default_rng(2).poisson(2, (60, 2)) * [1, 0])
    model = EarsAnomaly().fit(cube)
    assert list(model.status(cube)) == ["ok", "empty class"]
    assert set(model.status(cube.between(0, 21))) == {"too few bins"}
    valid = np.ones(60, dtype=bool)
    valid[-1] = False
    gap = replace(cube, factors={"valid": valid})
    assert set(model.status(gap)) == {"data gap"}
    assert (model.details(gap)["upper"] == 0).all()


def test_a_bad_method_says_what_there_is():
    with pytest.raises(InputError, match=r"method must be C1 or C2 or C3, not 'C4'"):
        EarsAnomaly(method="C4").fit(cube_of(np.zeros(30)))
