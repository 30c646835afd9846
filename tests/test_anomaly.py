"""The negative-binomial predictive: calm where nothing happens, loud where something does, never anti-conservative."""

from __future__ import annotations

import numpy as np
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.errors import InputError
from gridbeacon.models.anomaly import NegativeBinomialPredictive, find_outages
from gridbeacon.models.anomaly.past import phase_factors
from scipy import sparse


def cube_of(counts: np.ndarray, parents: np.ndarray | None = None, **factors: np.ndarray) -> SpaceTimeCube:
    n_times, n_cells = counts.shape
    start = np.datetime64("2024-01-01", "h")
    return SpaceTimeCube(
        counts=counts.astype(float),
        bins=start + np.arange(n_times) * np.timedelta64(24, "h"),
        cells=np.array([f"c{i:03d}" for i in range(n_cells)], dtype=object),
        centres=np.column_stack([np.arange(n_cells), np.zeros(n_cells)]).astype(float),
        areas=np.ones(n_cells),
        contiguity=sparse.csr_matrix((n_cells, n_cells)),
        parents=np.zeros(n_cells, dtype=int) if parents is None else parents,
        exposure=np.zeros(n_cells),
        factors=factors,
    )


def log_p_of(counts: np.ndarray, **settings: object) -> np.ndarray:
    cube = cube_of(counts)
    return NegativeBinomialPredictive(**settings).fit(cube).log_p(cube)


@pytest.mark.parametrize("mean", [0.02, 0.2, 2.0, 20.0])
def test_tails_are_not_anti_conservative_on_poisson_cities(mean):
    """P(p <= a) may not exceed a: checked at 5, 1 and 0.1 % on independent Poisson cells, four binomial deviations."""
    rng = np.random.default_rng(20260101)
    log_p = log_p_of(rng.poisson(mean, (260, 60)), windows=(1,))[120:]
    for level in (0.05, 0.01, 0.001):
        share, n = (log_p <= np.log(level)).mean(), log_p.size
        assert share <= level + 4 * np.sqrt(level * (1 - level) / n)


@pytest.mark.parametrize("size", [1.0, 5.0])
def test_tails_are_close_to_nominal_on_overdispersed_cities(size):
    """Negative-binomial cells, dispersion 1/size unknown to the model: at 1 % no more than half as much again."""
    rng = np.random.default_rng(7)
    mean = 6.0
    log_p = log_p_of(rng.negative_binomial(size, size / (size + mean), (300, 40)), windows=(1,))[150:]
    assert (log_p <= np.log(0.01)).mean() <= 0.015


def test_a_surge_is_seen_on_its_day_and_not_before():
    rng = np.random.default_rng(3)
    counts = rng.poisson(1.0, (200, 30))
    counts[180, 4] += 12
    log_p = log_p_of(counts)
    assert log_p[180].argmin() == 4 and log_p[180, 4] < np.log(1e-6)
    assert log_p[179].min() > np.log(1e-5)


def test_a_storm_does_not_hide_the_next_one():
    """A surge in the baseline counts less: the second, as large, is nearly as surprising as it would be alone."""
    rng = np.random.default_rng(11)
    counts = rng.poisson(8.0, (220, 1))
    twice = counts.copy()
    counts[210], twice[210] = 80, 80
    twice[195] = 80
    alone, second = (log_p_of(c)[210, 0] for c in (counts, twice))
    assert second < np.log(1e-6) and second < 0.5 * alone


def test_a_monthly_market_is_a_habit_and_no_surprise():
    counts = np.random.default_rng(5).poisson(0.02, (300, 40))
    counts[np.arange(15, 300, 30), 7] += 6
    log_p = log_p_of(counts)
    assert log_p[285, 7] > np.log(1e-3)


def test_incomplete_bins_make_no_baseline_and_are_not_scored():
    rng = np.random.default_rng(2)
    counts = rng.poisson(5.0, (200, 3)).astype(float)
    valid = np.ones(200, dtype=bool)
    valid[150:180] = False
    counts[150:180] = 0
    cube = cube_of(counts, valid=valid)
    scores = NegativeBinomialPredictive().fit(cube).score(cube)
    assert (scores.log_p[150:180] == 0).all()
    assert scores.last_expected[199].mean() == pytest.approx(5.0, rel=0.25)


def test_a_new_unit_borrows_from_its_siblings():
    """An empty unit among busy siblings is expected to be busier than one among quiet ones."""
    counts = np.zeros((150, 20))
    counts[:, :9] = 2
    parents = np.repeat([0, 1], 10)
    cube = cube_of(counts, parents)
    expected = NegativeBinomialPredictive().fit(cube).score(cube).last_expected[-1]
    assert expected[9] > 3 * expected[19] > 0


def test_a_large_grid_is_scored_as_a_small_one_would_be(monkeypatch):
    """With a sample in place of every unit: the same surge, tails and expected counts within what sampling costs."""
    rng = np.random.default_rng(8)
    counts = rng.poisson(rng.gamma(1.0, 0.3, 900), (220, 900))
    counts[215, 500] += 15
    cube = cube_of(counts, np.arange(900) // 30)
    model = NegativeBinomialPredictive().fit(cube)
    whole = model.score(cube, 28)
    monkeypatch.setattr("gridbeacon.models.anomaly.predictive._WHOLE", 300)
    sampled = model.score(cube, 28)
    assert sampled.log_p.shape == whole.log_p.shape == (28, 900)
    assert sampled.log_p[23].argmin() == 500 and sampled.log_p[23, 500] == pytest.approx(whole.log_p[23, 500], rel=0.2)
    np.testing.assert_allclose(sampled.last_expected[-1], whole.last_expected[-1], rtol=0.25, atol=0.02)


def test_weekdays_are_learned():
    days = np.arange(210)
    counts = np.where(days % 7 < 5, 20, 4)[:, None].astype(float)
    cube = cube_of(counts)
    expected = NegativeBinomialPredictive().fit(cube).score(cube).last_expected[-7:, 0]
    assert np.sort(expected)[:2].max() < 8 and np.sort(expected)[2:].min() > 14


def test_an_outage_leaves_the_weekdays_alone():
    """Ten weeks of a fifth of the reports, marked incomplete: the weekend after them is what it was."""
    rhythm = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.6, 0.4])[np.arange(320) % 7]
    counts = np.random.default_rng(0).poisson(70 * rhythm)[:, None]
    valid = (np.arange(320) < 100) | (np.arange(320) >= 170)
    counts[~valid] //= 5
    found = phase_factors(cube_of(counts, valid=valid), 84)
    np.testing.assert_allclose(found[175:], rhythm[175:], rtol=0.25)
    wild = np.where(valid[:, None], counts, 500)
    np.testing.assert_array_equal(phase_factors(cube_of(wild, valid=valid), 84), found)


def test_a_setting_out_of_bounds_says_what_to_do():
    with pytest.raises(InputError, match=r"baseline must be at least 14 days.* not 3.*default is 84"):
        NegativeBinomialPredictive(baseline=3).fit(cube_of(np.ones((5, 2))))


def test_outages_are_told_from_quiet_days_and_from_a_festival():
    rng = np.random.default_rng(1)
    total = rng.poisson(70, 120).astype(float)
    total[40:43], total[60], total[80:90] = [0, 3, 0], 38, rng.poisson(15, 10)
    found = find_outages(total)
    assert found[40:43].all() and found[80:90].all() and found.sum() == 13


def test_weekends_are_no_outages():
    total = np.where(np.arange(70) % 7 >= 5, 12, 90)
    assert find_outages(total.astype(float))[28:].sum() == 0


def test_a_small_city_has_no_outages():
    assert not find_outages(np.random.default_rng(4).poisson(1.5, 300).astype(float)).any()
