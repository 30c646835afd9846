"""Bayes predictive and the ladder: R's bounds exactly, honest tails, and the rung a past can carry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models.anomaly import BayesPredictive, FarringtonAnomaly, Ladder
from gridbeacon.models.anomaly.bayes import bayes_bounds
from gridbeacon.models.anomaly.ladder import METHODS
from parity import agree
from scipy import stats
from test_anomaly import cube_of

GOLDEN = Path(__file__).parent / "golden"


def weeks_of(counts: np.ndarray, **factors: np.ndarray) -> SpaceTimeCube:
    cube = cube_of(counts, **factors)
    return replace(
        cube, bins=np.datetime64("2019-12-30", "h") + np.arange(len(counts)) * np.timedelta64(168, "h"), bin="week"
    )


@pytest.mark.parity
def test_bounds_are_those_of_r():
    charts = pd.read_csv(GOLDEN / "cusum_charts.csv")
    told = pd.read_csv(GOLDEN / "cusum_bayes.csv")
    counts = charts["observed"].to_numpy(float)[:, None]
    for years, reach, this_year in ((0, 6, True), (1, 3, True), (1, 3, False)):
        bounds = bayes_bounds(counts, years, reach, this_year)[told["at"].to_numpy() - 1, 0]
        name = f"b{years}_w{reach}_act{int(this_year)}"
        agree("Bayes predictive", f"upper bounds of 61 weeks, b={years}, w={reach}, actY={this_year}", bounds,
              told[f"upper_{name}"], source="R surveillance 1.20.3 algo.bayes")  # fmt: skip
        alarms = charts["observed"].to_numpy()[told["at"].to_numpy() - 1] > bounds
        np.testing.assert_array_equal(alarms, told[f"alarm_{name}"] == 1)


def test_a_unit_alone_has_the_p_of_the_exact_conditional_test():
    """Independent source: scipy's binomial tail of the bin's share in baseline and bin together."""
    counts = np.random.default_rng(1).poisson(0.5, (8, 1)).astype(float)
    counts[-1] = 4
    model = BayesPredictive(pooling="none", baseline=49, min_history=28).fit(weeks_of(counts))
    mean, size, ready = (part[-1] for part in model.predict_bins(weeks_of(counts)))
    before = counts[:-1].sum()
    assert ready
    assert mean[0] == pytest.approx((before + 1) / 7, rel=1e-9)
    exact = stats.binom.sf(3, before + 4, 1 / 8)
    assert stats.nbinom.sf(3, before + 1, 7 / 8) == pytest.approx(exact, rel=1e-12)  # the identity behind it
    assert np.exp(model.log_p(weeks_of(counts))[-1, 0]) >= exact  # and dispersion only adds
    assert size[0] <= before + 1


NULLS = {
    "Poisson .02": lambda rng: rng.poisson(0.02, (160, 200)),
    "Poisson 2": lambda rng: rng.poisson(2.0, (160, 200)),
    "uneven Poisson": lambda rng: rng.poisson(rng.gamma(0.5, 1.0, 200), (160, 200)),
    "negative binomial": lambda rng: rng.negative_binomial(1.0, 1 / 7, (160, 200)),
}


@pytest.mark.parametrize("pooling", ["siblings", "none"])
@pytest.mark.parametrize("null", NULLS)
def test_tails_are_not_anti_conservative(null, pooling):
    cube = cube_of(NULLS[null](np.random.default_rng(3)))
    log_p = BayesPredictive(pooling=pooling).fit(cube).log_p(cube)[60:]
    for level in (0.2, 0.05, 0.01, 0.001):
        assert (log_p <= np.log(level)).mean() <= level + 4 * np.sqrt(level / log_p.size)


def test_the_class_above_tells_where_a_sparse_class_is_to_be_expected():
    """Rates of a rare class go with those of its sister: borrowing from her foretells better than from siblings."""
    rng = np.random.default_rng(5)
    rate = rng.gamma(0.5, 4.0, 300)
    own, sister = (rng.poisson(share * rate, (60, 300)).astype(float) for share in (0.02, 1.0))
    child, parent = cube_of(own), cube_of(own + sister)
    truth = 0.02 * rate
    errors = []
    for above in (None, parent):
        mean = BayesPredictive().fit(child, parent=above).predict_bins(child)[0][-1]
        errors.append(np.abs(mean - truth).mean())
    assert errors[1] < 0.6 * errors[0]
    cut = BayesPredictive().fit(child.between(0, 50), parent=parent)  # later bins of the class above change nothing
    np.testing.assert_allclose(
        cut.log_p(child.between(0, 50)), BayesPredictive().fit(child, parent=parent).log_p(child)[:50], rtol=1e-9
    )


def test_a_class_that_is_all_of_the_one_above_borrows_from_its_siblings():
    child = cube_of(np.random.default_rng(6).poisson(0.5, (60, 30)).astype(float))
    np.testing.assert_array_equal(
        BayesPredictive().fit(child, parent=child).log_p(child), BayesPredictive().fit(child).log_p(child)
    )


@pytest.mark.parametrize(
    ("weeks", "mean", "method"),
    [
        (140, 3.0, "farrington"),
        (100, 3.0, "farrington_one_year"),
        (50, 3.0, "nb_predictive"),
        (20, 3.0, "poisson_pooled"),
        (140, 0.2, "poisson_pooled"),
    ],
)
def test_the_rung_follows_length_and_sparsity_and_says_why(weeks, mean, method):
    cube = weeks_of(np.random.default_rng(7).poisson(mean, (weeks + 1, 40)))
    told = Ladder().fit(cube).details(cube)
    assert set(told["method"]) == {method}
    assert str(weeks) in told["why"][0] or "one incident in two weeks" in told["why"][0]
    assert (told["upper"] >= told["expected"]).all() and told["why_zh"][0]
    assert ((told["score"] == 0) | (np.abs(told["p"] - 10 ** -told["score"]) < 1e-9)).all()


def test_the_ladder_gives_the_rungs_own_answer():
    """The rung is Farrington's: its bound and its tail; and units on different rungs keep their places."""
    counts = np.random.default_rng(8).poisson(np.r_[np.full(20, 4.0), np.full(20, 0.1)], (150, 40))
    cube = weeks_of(counts)
    told, own = Ladder().fit(cube).details(cube), FarringtonAnomaly().fit(cube).details(cube)
    np.testing.assert_allclose(told["upper"][:20], own["upper"][:20])
    np.testing.assert_allclose(
        Ladder().fit(cube).log_p(cube, 1)[-1, :20], FarringtonAnomaly().fit(cube).log_p(cube, 1)[-1, :20]
    )
    assert list(told["method"]) == [METHODS[0]] * 20 + [METHODS[3]] * 20


def test_days_are_judged_by_the_last_whole_week():
    rng = np.random.default_rng(9)
    counts = rng.poisson(0.5, (20 * 7 + 3, 30))
    counts[19 * 7 : 20 * 7, 4] += 3
    cube = cube_of(counts)
    log_p, told = Ladder().fit(cube).log_p(cube), Ladder().fit(cube).details(cube)
    assert told["observed"][4] == counts[19 * 7 : 20 * 7, 4].sum() and told["alarm"][4]
    assert (log_p[-1] == log_p[-4]).all() and log_p[-1].argmin() == 4
    assert (log_p[: 20 * 7 - 1, 4] > log_p[-1, 4]).all()


@pytest.mark.parametrize("mean", [0.2, 3.0])
def test_the_ladders_tails_are_not_anti_conservative(mean):
    cube = weeks_of(np.random.default_rng(10).poisson(mean, (150, 200)))
    log_p = Ladder().fit(cube).log_p(cube, 30)[-30:]
    for level in (0.05, 0.01):
        assert (log_p <= np.log(level)).mean() <= level + 4 * np.sqrt(level / log_p.size)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="alpha"):
        bayes_bounds(np.ones((9, 1)), alpha=1.0)
    cube = cube_of(np.ones((60, 4)))
    with pytest.raises(ValueError, match="fitted on 4 cells"):
        BayesPredictive().fit(cube, parent=cube_of(np.ones((60, 3))))
