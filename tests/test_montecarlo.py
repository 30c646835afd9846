"""Monte Carlo tests: ranks, stopping early, the Gumbel tail, and replicates that know their own seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gridbeacon.models.significance import (
    fit_gumbel,
    gumbel_log_p,
    rank_p,
    run_replicates,
    sequential_p,
    stopping_time,
)
from hypothesis import given
from hypothesis import strategies as st
from parity import agree
from scipy import stats


def first_uniforms(seeds):
    return np.array([np.random.default_rng(seed).random() for seed in seeds])


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 4))
def test_batches_and_threads_change_no_replicate(n, batch, threads):
    alone = run_replicates(first_uniforms, n, 5, threads=1)
    np.testing.assert_array_equal(run_replicates(first_uniforms, n, 5, batch=batch, threads=threads), alone)


def test_more_replicates_begin_with_the_same_ones():
    few, many = (run_replicates(first_uniforms, n, 5) for n in (19, 99))
    np.testing.assert_array_equal(many[:19], few)
    assert not np.array_equal(run_replicates(first_uniforms, 19, 6), few)


def test_replicates_end_when_enough_is_known():
    found = run_replicates(first_uniforms, 1000, 5, threads=2, enough=lambda so_far: len(so_far) >= 10)
    assert 10 <= len(found) < 20
    np.testing.assert_array_equal(found, run_replicates(first_uniforms, len(found), 5))


def test_rank_counts_ties_against_the_observed():
    np.testing.assert_allclose(rank_p([5.0, 3.0, 0.0], [1.0, 3.0, 3.0, 4.0]), [1 / 5, 4 / 5, 1.0])
    assert rank_p(1.0, []) == 1.0


def test_sequential_p_by_hand():
    drawn = np.array([1.0, 7.0, 2.0, 9.0, 8.0, 0.0])
    assert stopping_time(7.0, drawn, 2) == 4
    np.testing.assert_allclose(sequential_p([7.0, 8.5, 99.0], drawn, 2), [2 / 4, 2 / 7, 1 / 7])
    np.testing.assert_array_equal(sequential_p([7.0], drawn, 0), rank_p([7.0], drawn))


@pytest.mark.parity
def test_sequential_p_as_printed():
    """50 of 248 replicates reach the most likely cluster: the print says 0.202, recurrence 5.0."""
    drawn = np.zeros(248)
    drawn[-50:] = 4.0
    p = float(sequential_p(3.352053, drawn, 50))
    source = "SaTScan 9.4.4 print, stopped after 248 replicates"
    agree("Scan statistics", "lattice 1, sequential p", p, 0.202, source=source, within=0.0005)
    agree("Scan statistics", "lattice 1, recurrence interval (units)", 1 / p, 5.0, source=source, within=0.05)
    what = "lattice 1, second, recurrence interval (units)"
    agree("Scan statistics", what, 1 / 0.581, 1.7, source=source, within=0.05)


@given(st.integers(0, 10_000))
def test_sequential_p_is_valid(seed):
    """P(p <= alpha) <= alpha for exchangeable values: of a thousand ranks, the share below a level."""
    rng = np.random.default_rng(seed)
    p = np.array([sequential_p(row[0], row[1:], 3) for row in rng.random((400, 40))])
    for level in (0.1, 0.25, 0.5):
        assert (p <= level).mean() <= level + 4 * math.sqrt(level * (1 - level) / len(p))


def test_gumbel_by_moments():
    drawn = stats.gumbel_r.rvs(loc=5.0, scale=0.8, size=200_000, random_state=1)
    location, scale = fit_gumbel(drawn)
    assert location == pytest.approx(5.0, abs=0.02)
    assert scale == pytest.approx(0.8, abs=0.01)
    asked = np.array([0.0, 4.0, 5.0, 9.0, 20.0, 60.0, 2000.0])
    golden = stats.gumbel_r.logsf(asked, loc=location, scale=scale)
    np.testing.assert_allclose(gumbel_log_p(asked, location, scale)[:-1], golden[:-1], rtol=1e-9, atol=1e-12)
    assert gumbel_log_p(2000.0, location, scale) == pytest.approx(-(2000 - location) / scale)


@pytest.mark.parametrize("drawn", [[], [3.0], [2.0, 2.0, 2.0]])
def test_a_tail_that_cannot_be_fitted_says_nothing(drawn):
    assert fit_gumbel(drawn) == (0.0, 0.0)
    assert gumbel_log_p(9.0, *fit_gumbel(drawn)) == 0
