"""Rates: shrinkage towards what is known, exposure of 0, and two counts compared exactly."""

from __future__ import annotations

import numpy as np
import pytest
from gridbeacon.models.rates import compare_counts, crude_rates, eb_local_rates, eb_rates, eb_standardised
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats

CHAIN = sparse.csr_array(np.diag(np.ones(5), 1) + np.diag(np.ones(5), -1))
COUNTS, PEOPLE = np.array([3.0, 0, 12, 1, 40, 2]), np.array([100.0, 20, 900, 0, 1500, 60])

cities = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5000)), min_size=2, max_size=20)


def test_crude_rates_by_hand():
    found = crude_rates(COUNTS, PEOPLE)
    np.testing.assert_allclose(found.rate, [0.03, 0, 12 / 900, 0, 40 / 1500, 2 / 60])
    assert found.status.tolist() == ["ok", "ok", "ok", "no exposure", "ok", "ok"]


@given(cities)
def test_smoothed_rates_lie_between_the_cell_and_the_city(city):
    counts, people = np.array(city, dtype=float).T
    known = people > 0
    found = eb_rates(counts, people)
    assert (found.status == np.where(known, "ok", "no exposure")).all()
    assert (found.rate[~known] == 0).all()
    if known.any():
        mean, crude = counts[known].sum() / people[known].sum(), counts[known] / people[known]
        assert (found.rate[known] >= np.minimum(crude, mean) - 1e-9).all()
        assert (found.rate[known] <= np.maximum(crude, mean) + 1e-9).all()


@given(cities)
def test_a_cell_without_exposure_changes_no_other(city):
    counts, people = np.array(city, dtype=float).T
    for smooth in (eb_rates, eb_standardised):
        alone = smooth(counts, people).rate
        assert np.isfinite(alone).all()
        np.testing.assert_allclose(smooth(np.append(counts, 9.0), np.append(people, 0.0)).rate[:-1], alone)


def test_the_fewer_the_people_the_stronger_the_shrinkage():
    people = np.array([10.0, 100, 1000, 10_000, 10_000])
    counts = np.array([0.2, 2, 20, 200, 20]) * 10
    share = eb_rates(counts, people).rate / (counts / people)
    assert (np.diff(share[:4]) > 0).all()


def test_local_smoothing_looks_no_further_than_the_neighbours():
    counts, people = np.array([5.0, 1, 3, 0, 2, 9]), np.full(6, 100.0)
    here = eb_local_rates(counts, people, CHAIN).rate
    there = eb_local_rates(np.append(counts[:5], 90.0), people, CHAIN).rate
    np.testing.assert_allclose(there[:4], here[:4])
    assert there[4] != here[4]
    assert (eb_local_rates(COUNTS, PEOPLE, CHAIN).status == crude_rates(COUNTS, PEOPLE).status).all()


def test_local_smoothing_makes_clusters_of_nothing():
    """Why it is for maps only: independent cells, and Moran's I of the smoothed rates is far above 0."""
    from gridbeacon.models.hotspot import moran_i, row_standardised

    row, col = np.divmod(np.arange(400), 20)
    near = (abs(row[:, None] - row) <= 1) & (abs(col[:, None] - col) <= 1) & ~np.eye(400, dtype=bool)
    links, people = sparse.csr_array(near.astype(float)), np.full(400, 200.0)
    counts = np.random.default_rng(0).poisson(1.0, 400)
    smooth = eb_local_rates(counts, people, links).rate
    assert moran_i(counts / people, row_standardised(links)).z < 3
    assert moran_i(smooth, row_standardised(links)).z > 10


def test_standardised_rates_of_a_city_without_incidents_are_0():
    found = eb_standardised(np.zeros(6), PEOPLE)
    assert (found.rate == 0).all()
    assert found.status[3] == "no exposure"


@pytest.mark.parametrize("bad", [([1, -1], [1, 1]), ([1, 1], [1, -1]), ([1, np.nan], [1, 1]), ([1], [1, 1])])
def test_impossible_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="incidents and exposure must be"):
        crude_rates(*bad)


# --- two counts


def test_two_counts_by_hand():
    """Given 4 in all, four of one kind and none of the other: 1/16 as many or more, and all as few or fewer."""
    found = compare_counts(4, 0)
    assert found.ratio == found.high == np.inf
    assert found.upper == pytest.approx(1 / 16)
    assert found.lower == 1
    assert found.p_value == pytest.approx(1 / 8)
    assert compare_counts(0, 0).p_value == 1
    assert compare_counts(0, 0).ratio == 1


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.1, 50), st.floats(0.1, 50))
def test_p_is_the_binomial_s_and_agrees_with_the_interval(a, b, t, u):
    found = compare_counts(a, b, exposure=t, other_exposure=u)
    law = stats.binom(a + b, t / (t + u))
    assert found.upper == pytest.approx(law.sf(a - 1), rel=1e-7, abs=1e-200)
    assert found.lower == pytest.approx(law.cdf(a), rel=1e-7, abs=1e-200)
    if abs(found.p_value - 0.05) > 1e-6:
        assert (found.p_value < 0.05) == (not found.low <= 1 <= found.high)
    turned = compare_counts(b, a, exposure=u, other_exposure=t)
    assert turned.p_value == pytest.approx(found.p_value)
    assert found.low * turned.high == pytest.approx(1) or found.low == 0 or found.low == np.inf


@given(st.integers(0, 200), st.integers(0, 200), st.floats(1.01, 20))
def test_dispersion_only_widens(a, b, dispersion):
    thin, wide = compare_counts(a, b), compare_counts(a, b, dispersion=dispersion)
    assert wide.low <= thin.low + 1e-12
    assert wide.high >= thin.high - 1e-12
    assert wide.p_value >= thin.p_value - 1e-12
    assert wide.ratio == thin.ratio


@pytest.mark.parametrize(("mean", "size"), [(20, np.inf), (20, 5), (60, 10), (8, 2)])
def test_the_interval_covers_the_ratio_as_often_as_it_says(mean, size):
    """Negative-binomial counts with a ratio of 1.5 and their own dispersion told: at least 95 %, 4 sigma allowed."""
    rng = np.random.default_rng(1)
    draw = (lambda m: rng.poisson(m)) if np.isinf(size) else (lambda m: rng.negative_binomial(size, size / (size + m)))
    dispersion, covered = 1 + 1.5 * mean / size, 0
    for _ in range(800):
        found = compare_counts(draw(1.5 * mean), draw(mean), dispersion=dispersion)
        covered += found.low <= 1.5 <= found.high
    assert covered / 800 >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 800)


@pytest.mark.parametrize(
    "bad", [{"exposure": 0}, {"other_exposure": -1}, {"dispersion": 0.5}, {"confidence": 1.0}, {"count": -1}]
)
def test_what_cannot_be_compared_is_refused(bad):
    with pytest.raises(ValueError, match=r"must be at least"):
        compare_counts(**{"count": 3, "other": 4, **bad})
