"""The low side, and units unlike the others: found where planted, calm where nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gridbeacon.models.anomaly import IsolationAnomaly, Silence
from gridbeacon.models.anomaly.isolation import describe_cells
from gridbeacon.models.significance import nb_log_cdf
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import IsolationForest
from test_anomaly import cube_of


@given(st.integers(0, 200), st.floats(1e-3, 300), st.floats(0.05, 1e4))
def test_lower_tails_are_scipys(count, mean, size):
    """Independent source: scipy's negative binomial, which sums another way."""
    ours = nb_log_cdf(count, mean, size)
    assert ours == pytest.approx(stats.nbinom.logcdf(count, size, size / (size + mean)), rel=1e-8, abs=1e-12)


def test_lower_tails_stay_finite_and_never_below_the_truth():
    assert nb_log_cdf(0, 5000.0, np.inf) == -5000
    for count in (1, 5, 40):
        exact = stats.poisson.logpmf(np.arange(count + 1), 2000.0)
        truth = np.logaddexp.reduce(exact)
        found = float(nb_log_cdf(count, 2000.0, np.inf))
        assert truth <= found + 1e-9 and found == pytest.approx(truth, abs=0.05)
    assert np.isfinite(nb_log_cdf(3, 1e6, 500.0))


NULLS = {
    "Poisson .2": lambda rng: rng.poisson(0.2, (220, 150)),
    "Poisson 2": lambda rng: rng.poisson(2.0, (220, 150)),
    "uneven Poisson": lambda rng: rng.poisson(rng.gamma(0.5, 2.0, 150), (220, 150)),
    "negative binomial": lambda rng: rng.negative_binomial(1.0, 1 / 7, (220, 150)),
}


@pytest.mark.parametrize("null", NULLS)
def test_tails_are_not_anti_conservative(null):
    """A run of days shares its windows: 150 units and four windows count, not every day."""
    cube = cube_of(NULLS[null](np.random.default_rng(2)))
    log_p = Silence().fit(cube).log_p(cube)[115:]
    for level in (0.2, 0.05, 0.01, 0.001):
        assert (log_p <= np.log(level)).mean() <= level + 3 * np.sqrt(level / 600) * (level < 0.01)


def test_a_unit_that_stops_reporting_is_found_and_told():
    counts = np.random.default_rng(3).poisson(1.0, (200, 64))
    counts[-20:, 11] = 0
    cube = cube_of(counts)
    model = Silence().fit(cube)
    log_p, told = model.log_p(cube)[-1], model.details(cube)
    assert log_p.argmin() == 11 and log_p[11] < np.log(1e-5) and np.sort(log_p)[1] > np.log(1e-3)
    assert (
        told["silent"].sum() == 1 and told["silent_bins"][11] >= 20 and told["observed"][11] < told["expected"][11] / 2
    )
    assert told["window"][11] in (14, 28)


def test_a_city_wide_outage_is_nobodys_silence():
    counts = np.random.default_rng(4).poisson(2.0, (200, 40))
    counts[-10:] = 0
    valid = np.arange(200) < 190
    assert Silence().fit(cube_of(counts)).log_p(cube_of(counts))[-1].max() < np.log(0.01)
    gone = cube_of(counts, valid=valid)
    assert (Silence().fit(gone).log_p(gone)[-10:] == 0).all()
    back = cube_of(np.r_[counts, np.random.default_rng(5).poisson(2.0, (3, 40))], valid=np.r_[valid, [True] * 3])
    assert Silence().fit(back).log_p(back)[-1].min() > np.log(1e-3)


def test_units_that_fall_silent_as_a_habit_surprise_less():
    """A patrol that is away a fortnight in every two months, among 60 that are never."""
    counts = np.random.default_rng(6).poisson(2.0, (330, 60))
    for away in (60, 130, 195, 250):
        counts[away : away + 14, 5] = 0
    counts[-14:, [5, 9]] = 0
    cube = cube_of(counts)
    log_p = Silence().fit(cube).log_p(cube)[-1]
    assert log_p[9] < np.log(1e-5) < np.log(0.01) < log_p[5]


def test_an_empty_quarter_is_not_expected_to_speak():
    """Half the units have a hundredth of the people: with exposure their silence is expected, without it a surprise."""
    rng = np.random.default_rng(7)
    people = np.r_[np.full(30, 1000.0), np.full(30, 10.0)]
    counts = rng.poisson(0.004 * people, (130, 60))
    cube = replace(cube_of(counts), exposure=people)
    expected = [Silence(by_exposure=known).fit(cube).details(cube)["expected"][30:].mean() for known in (True, False)]
    assert expected[0] < expected[1]
    assert expected[0] == pytest.approx(0.04 * 7, rel=0.25)  # where nothing tells, the shortest window is told


def test_little_expected_is_a_status_and_neutral():
    cube = cube_of(np.random.default_rng(8).poisson(np.r_[np.full(5, 0.01), np.full(5, 2.0)], (200, 10)))
    model = Silence().fit(cube)
    assert set(model.status(cube)[5:]) == {"ok"}
    assert set(model.status(cube)[:5]) <= {"too little expected", "empty class"}
    assert (model.log_p(cube)[:, :5] == 0).all()


def odd_city(**factors: np.ndarray):
    """Sixty units alike; unit 7 reports on Sundays, unit 21 has another mix of classes."""
    rng = np.random.default_rng(9)
    counts = rng.poisson(2.0, (210, 60))
    sunday = np.arange(210) % 7 == 6
    counts[:, 7] = np.where(sunday, rng.poisson(14.0, 210), 0)
    mix = rng.multinomial(400, [0.5, 0.3, 0.2], 60)
    mix[21] = [40, 40, 320]
    return cube_of(counts, class_mix=mix, class_names=np.array(["noise", "rubbish", "parking"]), **factors)


def test_the_odd_ones_are_first_and_say_why():
    cube = odd_city()
    model = IsolationAnomaly().fit(cube)
    scores, told = model.score_samples(cube)[-1], model.details(cube)
    assert set(np.argsort(scores)[:2]) == {7, 21}
    reasons = [" ".join(told[f"why_{i}"][unit] for i in (1, 2, 3)) for unit in (7, 21)]
    assert "Sunday" in reasons[0] and "class" not in reasons[0]
    assert "share of class parking 0.7" in reasons[1] and "(city 0.2" in reasons[1]
    assert model.evidence(cube)[-1, [7, 21]].min() > 0.55


def test_scores_are_scikit_learns_on_the_same_features():
    cube = odd_city()
    forest = IsolationForest(n_estimators=200, max_samples=60, random_state=0).fit(describe_cells(cube)[0])
    ours = IsolationAnomaly().fit(cube).score_samples(cube)[-1]
    np.testing.assert_allclose(ours, forest.score_samples(describe_cells(cube)[0]), rtol=1e-12)


def test_a_class_mix_of_another_shape_is_refused():
    cube = cube_of(np.ones((60, 5)), class_mix=np.ones((4, 2)))
    with pytest.raises(ValueError, match="class_mix"):
        IsolationAnomaly().fit(cube)
    turned = odd_city().take_cells(np.arange(60)[::-1])
    np.testing.assert_array_equal(turned.factors["class_mix"][0], odd_city().factors["class_mix"][59])
