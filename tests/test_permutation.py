"""Conditional permutation: against enumeration, exact tails and itself; the same on any number of threads."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from gridbeacon.models.significance import exchangeable_tails, permutation_tails
from gridbeacon.models.significance.permutation import _draw_orders, stream_seeds
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

RING = sparse.csr_array(sum(np.roll(np.eye(7), shift, axis=1) for shift in (1, 2, -1)))
"""Seven cells with three neighbours each."""


def links_of(n, share, seed, weighted=False):
    rng = np.random.default_rng(seed)
    near = (rng.uniform(size=(n, n)) < share) & ~np.eye(n, dtype=bool)
    return sparse.csr_array(np.where(near, rng.uniform(0.2, 3.0, (n, n)) if weighted else 1.0, 0.0))


def within_noise(found, exact, replicates, sigmas=4.5):
    """Whether p of *replicates* shuffles agrees with the exact one."""
    noise = sigmas * np.sqrt(exact * (1 - exact) / replicates) + 2 / replicates
    return (np.abs(found - exact) <= noise).all()


@pytest.mark.parametrize("counts", [[0, 0, 1, 0, 5, 2, 0], [3, 1, 4, 1, 5, 9, 2], [0, 0, 0, 0, 0, 0, 9]])
def test_equal_weights_agree_with_every_possible_neighbourhood(counts):
    """Oracle: all draws of three from the six other cells, ties on both sides."""
    counts = np.array(counts, dtype=float)
    tails = permutation_tails(counts, RING, replicates=20_000)
    for cell in range(7):
        sums = np.array([sum(draw) for draw in combinations(np.delete(counts, cell), 3)])
        observed = (RING @ counts)[cell]
        assert within_noise(tails.upper[cell], np.mean(sums >= observed), 20_000)
        assert within_noise(tails.lower[cell], np.mean(sums <= observed), 20_000)


@pytest.mark.parametrize("squared", [False, True])
def test_general_weights_agree_with_every_possible_order(squared):
    """Oracle: all ordered draws of the six other cells."""
    values, weights = np.array([0.3, 2.0, 1.1, 0.3, 4.0, 0.9, 2.2]), links_of(7, 0.5, 4, weighted=True)
    tails = permutation_tails(values, weights, replicates=20_000, squared=squared)
    for cell in range(7):
        row = weights[[cell]].toarray().ravel()
        near = np.flatnonzero(row)

        def statistic(others, own=values[cell], row=row, near=near):
            others = np.asarray(others)
            return ((own - others) ** 2 if squared else others) @ row[near]

        null = [statistic(draw) for draw in permutations(np.delete(values, cell), len(near))]
        observed = statistic(values[near])
        assert within_noise(tails.upper[cell], np.mean(null >= observed - 1e-9), 20_000)
        assert within_noise(tails.lower[cell], np.mean(null <= observed + 1e-9), 20_000)


def test_one_pile_up_is_left_out_of_its_own_null():
    """Exact tails of the same null, cell by cell; a null that forgot to leave the pile-up out would be far off."""
    counts = np.random.default_rng(1).poisson(1.0, 200).astype(float)
    counts[17] = 3000
    links = links_of(200, 0.04, 2)
    k = np.diff(links.indptr)
    upper, lower = exchangeable_tails(counts, links @ counts, k, own=counts)
    tails = permutation_tails(counts, links, replicates=9999)
    assert within_noise(tails.upper, np.exp(upper), 9999, sigmas=5)
    assert within_noise(tails.lower, np.exp(lower), 9999, sigmas=5)


def test_the_shortcut_and_the_general_way_are_one():
    """Equal weights by the sorted null; the same weights by the general kernel, which early stopping needs."""
    counts = np.random.default_rng(3).poisson(0.7, 150).astype(float)
    counts[4] = 500
    links = links_of(150, 0.05, 5)
    quick = permutation_tails(counts, links, replicates=499)
    slow = permutation_tails(counts, links, replicates=499, stop_after=500)  # never reached
    np.testing.assert_array_equal(quick.upper, slow.upper)
    np.testing.assert_array_equal(quick.lower, slow.lower)
    scaled = permutation_tails(counts, links * 0.3, replicates=499)
    np.testing.assert_array_equal(quick.upper, scaled.upper)


@pytest.mark.parametrize("stop_after", [0, 10])
@pytest.mark.parametrize("squared", [False, True])
def test_threads_change_nothing(squared, stop_after):
    rng = np.random.default_rng(6)
    values, weights = rng.gamma(1.0, 2.0, 120), links_of(120, 0.06, 7, weighted=True)
    settings_ = {"squared": squared, "stop_after": stop_after, "replicates": 200}
    alone = permutation_tails(values, weights, **settings_)
    for n_jobs in (2, 3, 8):
        several = permutation_tails(values, weights, n_jobs=n_jobs, **settings_)
        np.testing.assert_array_equal(alone.upper, several.upper)
        np.testing.assert_array_equal(alone.lower, several.lower)
        np.testing.assert_array_equal(alone.replicates, several.replicates)


def test_every_replicate_has_a_stream_of_its_own():
    assert len(np.unique(stream_seeds(0, 1000))) == 1000
    np.testing.assert_array_equal(stream_seeds(5, 1000)[:99], stream_seeds(5, 99))
    assert not np.isin(stream_seeds(0, 1000), stream_seeds(1, 1000)).any()


def test_orders_are_uniform_and_none_depends_on_another():
    """Chi-square of the 60 ordered draws of three from five (59 degrees of freedom, p = 1e-5 at 115)."""
    seeds = stream_seeds(0, 12_000)
    draws = _draw_orders(seeds, 5, 3)
    counts = np.unique(draws, axis=0, return_counts=True)[1]
    assert len(counts) == 60
    assert np.sum((counts - 200) ** 2 / 200) < 115
    wide = _draw_orders(seeds[:500], 10_000, 6)
    assert len(np.unique(wide, axis=0)) == 500
    assert (np.diff(np.sort(wide, axis=1), axis=1) > 0).all()  # without replacement
    np.testing.assert_array_equal(_draw_orders(seeds[[7, 3]], 10_000, 6), wide[[7, 3]])


@pytest.mark.parametrize("weighted", [False, True])
def test_re_ordered_cells_re_order_the_answer(weighted):
    rng = np.random.default_rng(8)
    counts, weights = rng.poisson(1.0, 80).astype(float), links_of(80, 0.08, 9, weighted)
    order = rng.permutation(80)
    straight = permutation_tails(counts, weights)
    turned = permutation_tails(counts[order], weights[order][:, order])
    np.testing.assert_allclose(turned.upper, straight.upper[order], rtol=1e-12)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=12), st.integers(0, 10**6), st.booleans(), st.integers(0, 3))
def test_p_is_never_zero_and_both_sides_make_more_than_one(counts, seed, weighted, stop_after):
    n = len(counts)
    tails = permutation_tails(
        np.array(counts, float),
        links_of(n, 0.4, seed, weighted),
        replicates=99,
        random_state=seed,
        stop_after=stop_after,
    )
    for side in (tails.upper, tails.lower):
        assert (side >= 0.01 - 1e-12).all()
        assert (side <= 1).all()
    assert (tails.upper + tails.lower >= 1.0).all() or stop_after
    assert ((tails.two_sided > 0) & (tails.two_sided <= 1)).all()


def test_a_cell_without_neighbours_and_an_even_city_have_p_one():
    links = links_of(30, 0.1, 10).tolil()
    links[3, :] = 0
    tails = permutation_tails(np.arange(30.0), sparse.csr_array(links))
    assert tails.upper[3] == tails.lower[3] == 1
    for level in (0.0, 4.0, 0.1):
        even = permutation_tails(np.full(30, level), links_of(30, 0.1, 10, weighted=True))
        assert (even.two_sided == 1).all()


def test_p_is_valid_under_the_null():
    """Shuffled skewed counts, ties and all: P(p <= bound) is at most the bound (4 sigma; neighbours share counts)."""
    rng = np.random.default_rng(11)
    links, p = links_of(60, 0.1, 12), []
    for seed in range(300):
        counts = rng.poisson(rng.gamma(0.5, 1.0, 60)).astype(float)
        tails = permutation_tails(counts, links, replicates=199, random_state=seed)
        p.append([tails.upper, tails.lower, tails.two_sided])
    p = np.array(p)
    for bound in (0.01, 0.05, 0.1, 0.3):
        shares = (p <= bound + 1e-12).mean(axis=(0, 2))
        assert (shares <= bound + 4 * np.sqrt(6 * bound / p[:, 0].size)).all()


def test_early_stopping_tells_the_same_with_fewer_shuffles():
    """Besag & Clifford (1991): p = h / l at the h-th exceedance; calm cells ask for few, extreme ones for all."""
    counts = np.random.default_rng(13).poisson(1.0, 900).astype(float)
    links = links_of(900, 0.008, 14)
    counts[links[[0]].indices] += 12
    full, early = permutation_tails(counts, links), permutation_tails(counts, links, stop_after=10)
    assert early.upper[0] == full.upper[0] == 0.001
    assert early.replicates[0] == 999
    assert np.median(early.replicates) < 120
    assert np.abs(np.log(early.upper / full.upper)).mean() < 0.35


def test_what_cannot_be_shuffled_is_refused():
    with pytest.raises(ValueError, match=r"\(3, 3\) to match 3 cells, not \(7, 7\)"):
        permutation_tails(np.arange(3.0), RING)
    with pytest.raises(ValueError, match="finite"):
        permutation_tails(np.array([1, np.nan, 3, 4, 5, 6, 7]), RING)
    with pytest.raises(ValueError, match="at least 0"):
        permutation_tails(np.arange(7.0), -RING)
    with pytest.raises(ValueError, match="replicates"):
        permutation_tails(np.arange(7.0), RING, replicates=0)
