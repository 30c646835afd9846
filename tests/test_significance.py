"""The significance engine against exact enumeration, mpmath, statsmodels and arithmetic by hand."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from gridbeacon.models.significance import (
    MAX_RECURRENCE_DAYS,
    benjamini_hochberg,
    exchangeable_tail,
    exchangeable_tails,
    family_log_p,
    log_false_discovery,
    nb_log_sf,
    poisson_log_sf,
    recurrence_interval,
)
from hypothesis import given
from hypothesis import strategies as st

# --- tails of counts


@pytest.mark.parametrize(
    ("count", "mean", "size", "golden"),
    [
        (1, 3.0, np.inf, -0.0510691809427016),
        (113, 9.0, np.inf, -185.109641769562),
        (2000, 9.0, np.inf, -8821.07068795513),
        (100_000, 250.0, np.inf, -499403.127609792),
        (8, 0.09, 2.5, -23.8725463547591),
        (400, 0.3, 0.7, -483.54100854904),
        (5000, 12.0, 40.0, -7116.22084313101),
        (300, 2.0, 1e8, -1208.95458669438),
    ],
)
def test_count_tails_agree_with_mpmath(count, mean, size, golden):
    """Golden: mpmath 1.4.1 at 60 digits, log of the regularised incomplete gamma and of pmf × 2F1(k + r, 1; k + 1)."""
    assert nb_log_sf(count, mean, size) == pytest.approx(golden, rel=1e-12)


def _log_tail_by_mpmath(mp, count, mean, size):
    if math.isinf(size):
        return mp.log(mp.gammainc(count, 0, mean, regularized=True))
    mean, size = mp.mpf(mean), mp.mpf(size)
    x = mean / (size + mean)
    log_pmf = mp.loggamma(size + count) - mp.loggamma(size) - mp.loggamma(count + 1)
    log_pmf += count * mp.log(x) - size * mp.log(1 + mean / size)
    return log_pmf + mp.log(mp.hyp2f1(size + count, 1, count + 1, x))


def test_count_tails_agree_with_mpmath_over_the_whole_range():
    mp = pytest.importorskip("mpmath").mp
    rng = np.random.default_rng(0)
    with mp.workdps(60):
        for _ in range(120):
            count, mean = int(10 ** rng.uniform(0, 4)), float(10 ** rng.uniform(-3, 3))
            size = float(rng.choice([10 ** rng.uniform(-1, 2), 10 ** rng.uniform(2, 14), np.inf]))
            exact = _log_tail_by_mpmath(mp, count, mean, size)
            assert float(nb_log_sf(count, mean, size)) == pytest.approx(float(exact), rel=1e-11, abs=1e-50)


def test_count_tails_are_the_sum_of_the_probabilities():
    """By hand: P(Y >= 3) = 1 - (1 + m + m²/2) e^-m, and the geometric law's tail is q^k."""
    mean = 0.8
    assert poisson_log_sf(3, mean) == pytest.approx(math.log(1 - (1 + mean + mean**2 / 2) * math.exp(-mean)))
    np.testing.assert_allclose(nb_log_sf([1, 7, 2000], 3.0, 1.0), np.array([1, 7, 2000]) * math.log(0.75), rtol=1e-13)


def test_count_tails_stay_finite_and_at_most_zero():
    log_p = nb_log_sf([0, 1, 5, 10, 1e6, 1e7], [0, 0, 1e-300, 1e9, 3, 0.1], [1, 1, 1e-3, 5, 0.01, np.inf])
    assert log_p[0] == 0
    assert np.isfinite(log_p).all()
    assert (log_p <= 0).all()
    assert (log_p[1:3] < -600).all()


@given(
    st.integers(0, 3000),
    st.floats(1e-3, 500),
    st.one_of(st.floats(0.05, 1e6), st.just(float("inf"))),
)
def test_a_larger_count_is_never_less_surprising(count, mean, size):
    here, further = nb_log_sf([count, count + 1], mean, size)
    assert further <= here + 1e-9 * abs(here)


def test_the_negative_binomial_tends_to_the_poisson():
    counts = np.arange(0, 200)
    np.testing.assert_allclose(nb_log_sf(counts, 4.0, 1e13), poisson_log_sf(counts, 4.0), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("bad", [(1, -1.0, 1.0), (1, 1.0, 0.0), (np.nan, 1.0, 1.0), (1, 1.0, np.nan)])
def test_impossible_parameters_are_refused(bad):
    with pytest.raises(ValueError, match="means at least 0 and sizes above 0"):
        nb_log_sf(*bad)


# --- many tests


@pytest.mark.parametrize("method", ["bh", "by"])
def test_q_values_agree_with_statsmodels(method):
    """Oracle: statsmodels.stats.multitest.multipletests, fdr_bh and fdr_by."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    rng = np.random.default_rng(3)
    p = np.concatenate([rng.uniform(size=400), rng.uniform(size=60) ** 6, np.full(40, 0.02), [0.0, 1.0]])
    golden = multitest.multipletests(p, method=f"fdr_{method}")[1]
    np.testing.assert_allclose(benjamini_hochberg(p, method), golden, rtol=0, atol=1e-12)


def test_q_values_by_hand():
    """Benjamini & Hochberg (1995), section 3.1: of these 15 p-values the four smallest are called at .05."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.324,
        0.4262,
        0.5719,
        0.6528,
        0.759,
        1,
    ]
    q = benjamini_hochberg(p)
    assert (q <= 0.05).sum() == 4
    np.testing.assert_allclose(q[:4], [0.0015, 0.003, 0.0095, 0.035625])


def test_q_values_work_where_p_is_no_float():
    log_q = log_false_discovery(np.array([-5000.0, -1.0, -0.1, -6000.0]))
    np.testing.assert_allclose(log_q[[0, 3]], [-5000 + math.log(4 / 2), -6000 + math.log(4)])


@given(st.permutations(range(8)))
def test_q_values_do_not_depend_on_the_order(order):
    p = np.array([0.001, 0.04, 0.04, 0.2, 0.5, 0.9, 0.03, 1.0])
    np.testing.assert_array_equal(benjamini_hochberg(p[order]), benjamini_hochberg(p)[order])


def test_p_values_outside_their_range_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([0.2, 1.2])
    with pytest.raises(ValueError, match="'bh' or 'by'"):
        benjamini_hochberg([0.2], method="holm")


def test_family_chance_is_the_sidak_formula():
    p, tests = np.array([0.3, 1e-3, 1e-9]), 63_684
    direct = [math.log(-math.expm1(tests * math.log1p(-each))) if each < 0.3 else 0.0 for each in p]
    np.testing.assert_allclose(family_log_p(np.log(p), 1 / tests), direct, rtol=1e-12, atol=1e-12)


def test_family_chance_far_below_the_smallest_float():
    np.testing.assert_allclose(family_log_p([-700.0, -5000.0], 1e-6), np.array([-700.0, -5000.0]) + math.log(1e6))


def test_family_chance_is_neutral_at_the_ends():
    assert family_log_p(0.0, 0.25) == 0
    assert family_log_p(-50.0, 0.0) == 0  # no share in the family: never surprising
    np.testing.assert_allclose(family_log_p([-3.0, -1e-9], 1.0), [-3.0, -1e-9], rtol=1e-9)


@given(st.floats(-800, -1e-6), st.floats(1e-7, 1.0))
def test_a_family_is_never_more_surprising_than_its_test(log_p, weight):
    assert log_p - 1e-9 <= family_log_p(log_p, weight) + 1e-12 * abs(log_p)
    assert family_log_p(log_p, weight) <= min(0.0, log_p - math.log(weight)) + 1e-9


def test_recurrence_interval_by_hand():
    """DESIGN: RI = bin_days / (1 - (1 - p)^m)."""
    m, p = 752, 1e-6
    assert recurrence_interval(math.log(p), 1 / m, 1.0) == pytest.approx(1 / (1 - (1 - p) ** m), rel=1e-9)
    assert recurrence_interval(0.0, 1 / m, 7.0) == 7.0
    assert recurrence_interval(-4000.0, 1 / m, 1.0) == pytest.approx(MAX_RECURRENCE_DAYS)


def test_weighted_family_holds_its_promise():
    """On uniform p-values, RI >= 30 days must come about once in 30 days for the whole family, however weighted."""
    rng = np.random.default_rng(11)
    weight = rng.dirichlet(np.full(200, 0.3))
    days = 20_000
    alarms = sum((recurrence_interval(np.log(rng.uniform(size=200)), weight, 1.0) >= 30).any() for _ in range(days))
    assert abs(alarms - days / 30) < 4 * math.sqrt(days / 30)


# --- exchangeable draws


def _enumerate(values, total, k):
    sums = np.array([sum(draw) for draw in combinations(values, k)])
    return np.mean(sums >= total), np.mean(sums <= total)


@given(
    st.lists(st.integers(0, 9), min_size=5, max_size=11),
    st.integers(1, 4),
    st.integers(0, 10_000),
    st.sampled_from([1, 3, 0.5, 0.01]),
    st.sampled_from([0, -7]),
)
def test_exchangeable_tails_are_exact(values, k, seed, unit, shift):
    values = np.array(values) * unit + shift
    total = np.random.default_rng(seed).choice(values, k, replace=False).sum()
    upper, lower = exchangeable_tails(values, [total], k)
    golden = _enumerate(np.rint(values * 100), np.rint(total * 100), k)
    np.testing.assert_allclose(np.exp([upper[0], lower[0]]), golden, rtol=1e-12)


@given(st.lists(st.integers(0, 6), min_size=5, max_size=10), st.integers(1, 3), st.integers(0, 10_000))
def test_conditional_tails_leave_the_own_value_out(values, k, seed):
    rng = np.random.default_rng(seed)
    mine = int(rng.integers(len(values)))
    others = values[:mine] + values[mine + 1 :]
    total = rng.choice(others, k, replace=False).sum()
    upper, lower = exchangeable_tails(values, [total], k, own=np.array([values[mine]]))
    np.testing.assert_allclose(np.exp([upper[0], lower[0]]), _enumerate(others, total, k), rtol=1e-12)


def test_the_deepest_tail_is_one_draw_in_all():
    """By hand: only one of C(63684, 9) draws holds the nine largest values. No floor of 1 / (replicates + 1)."""
    values = np.zeros(63_684)
    values[:9] = np.arange(100, 109)
    log_p = exchangeable_tail(values, [values.sum()], 9)
    assert log_p[0] == pytest.approx(-math.log(math.comb(63_684, 9)), rel=1e-13)


def test_exchangeable_tails_agree_with_drawing():
    rng = np.random.default_rng(2)
    values = rng.negative_binomial(1, 0.02, 752)
    draws = np.array([rng.choice(values, 9, replace=False).sum() for _ in range(20_000)])
    asked = np.quantile(draws, [0.5, 0.9, 0.99]).round()
    p = np.exp(exchangeable_tail(values, asked, 9))
    seen = (draws[:, None] >= asked).mean(axis=0)
    assert (np.abs(seen - p) < 4 * np.sqrt(p * (1 - p) / len(draws))).all()


def test_values_without_a_common_fraction_get_a_bound_close_to_the_truth():
    rng = np.random.default_rng(4)
    values = rng.exponential(size=14)
    for _ in range(20):
        total = rng.choice(values, 4, replace=False).sum()
        upper, lower = np.exp(exchangeable_tails(values, [total], 4))[:, 0]
        exact = _enumerate(values, total * (1 - 1e-12), 4)[0], _enumerate(values, total * (1 + 1e-12), 4)[1]
        assert exact[0] <= upper * (1 + 1e-12)
        assert exact[1] <= lower * (1 + 1e-12)
        assert upper == pytest.approx(exact[0], abs=0.01)


def test_neighbourhoods_too_large_to_count_get_a_bound():
    rng = np.random.default_rng(5)
    values = rng.poisson(3.0, 20_000)
    draws = np.array([rng.choice(values, 600, replace=False).sum() for _ in range(2000)])
    asked = np.quantile(draws, [0.2, 0.9, 0.995])
    assert ((draws[:, None] >= asked).mean(axis=0) <= np.exp(exchangeable_tail(values, asked, 600)) + 0.01).all()
    assert exchangeable_tail(values, [2 * draws.max()], 600)[0] < -100


def test_large_and_many_values_stay_affordable():
    rng = np.random.default_rng(6)
    values = rng.negative_binomial(0.5, 0.0002, 63_684).astype(float)  # about 2,500 each, 10,000 distinct
    sums = values.reshape(-1, 12).sum(axis=1)
    log_p = exchangeable_tail(values, sums, 12)
    assert np.isfinite(log_p).all()
    assert np.mean(log_p <= math.log(0.01)) < 0.0125


def test_a_draw_of_nothing_and_of_everything_is_certain():
    np.testing.assert_array_equal(exchangeable_tails([4, 1, 2], [0.0, 7.0], [0, 3]), np.zeros((2, 2)))


def test_more_draws_than_values_are_refused():
    with pytest.raises(ValueError, match="the 3 values to draw from"):
        exchangeable_tail([1, 2, 3], [4], 4)
