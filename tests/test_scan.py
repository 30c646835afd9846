"""Scan statistics against brute force: every window by hand, and every replicate by both kernels."""

from __future__ import annotations

import math
from itertools import product

import gridbeacon.models.scan.search as search_room
import numpy as np
import pytest
from gridbeacon.models.scan import (
    BernoulliNull,
    ExpectationNull,
    NegativeBinomialNull,
    PermutationNull,
    PoissonNull,
    Sites,
    bernoulli_llr,
    circles,
    connected_sets,
    ellipses,
    expectation_llr,
    poisson_llr,
    scan,
    spans,
)
from gridbeacon.models.scan.search import Search
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

KINDS = ("poisson", "permutation", "expectation", "bernoulli", "score")


def town(seed, n_cells=14, n_times=6, mean=1.2):
    """Counts with one raised corner on a lattice with ties, and the expectation of them."""
    rng = np.random.default_rng(seed)
    centres = rng.permutation(np.array(list(product(range(5), range(5))), float))[:n_cells]
    expected = rng.gamma(2.0, mean / 2, n_cells) * rng.uniform(0.7, 1.3, (n_times, 1))
    counts = rng.poisson(expected).astype(float)
    counts[-2:, :3] += rng.poisson(2.0, (min(n_times, 2), 3))
    return centres, counts, np.maximum(expected, 0.05)


def null_of(kind, counts, expected):
    if kind == "poisson":
        return PoissonNull.of(counts, expected)
    if kind == "permutation":
        return PermutationNull.of(counts)
    if kind == "expectation":
        return ExpectationNull.of(counts, expected)
    if kind == "score":
        return NegativeBinomialNull.of(counts, expected, 2.0)
    return BernoulliNull.of(counts, counts + np.ceil(3 * expected))


def xlogy(x, y):
    return x * math.log(y) if x else 0.0


def by_hand(kind, c, window, total):
    """The statistic of one window, from its definition; *window* and *total* are (expected, cases, people, score)."""
    expected, people, (excess, spread) = window
    C, N = total
    if kind in ("poisson", "permutation"):
        return xlogy(c, c / expected) + xlogy(C - c, (C - c) / (C - expected)) if c > expected else 0.0
    if kind == "expectation":
        return xlogy(c, c / expected) + expected - c if c > expected else 0.0
    if kind == "score":
        return (excess / math.sqrt(spread)) ** 2 / 2 if excess > 0 else 0.0
    if c / people <= C / N:
        return 0.0
    inside = xlogy(c, c / people) + xlogy(people - c, 1 - c / people)
    q = (C - c) / (N - people)
    return inside + xlogy(C - c, q) + xlogy(N - people - C + c, 1 - q) - xlogy(C, C / N) - xlogy(N - C, 1 - C / N)


def brute_force(kind, centres, counts, expected, weight, windows, share, least=2):
    """(statistic, members, window) of the best window around each place, places sorted by (x, y)."""
    null = null_of(kind, counts, expected)
    C, N = counts.sum(), null.mass
    order = sorted(range(len(centres)), key=lambda i: tuple(centres[i]))
    found = []
    for centre in order:
        ring = sorted(order, key=lambda i: (((centres[i] - centres[centre]) ** 2).sum(), *centres[i]))
        best = (0.0, frozenset(), None)
        for size in range(1, len(ring) + 1):
            members = ring[:size]
            if weight[members].sum() > share * weight.sum() * (1 + 1e-12):
                break
            for first, end in windows:
                c = counts[first:end, members].sum()
                mu = null.baseline[first:end, members].sum()
                w = 1 + expected[first:end, members] / 2.0
                score = ((counts - expected)[first:end, members] / w).sum(), (expected[first:end, members] / w).sum()
                value = by_hand(kind, c, (mu, mu, score), (C, N)) if c >= least else 0.0
                if value > best[0] * (1 + 1e-9):
                    best = value, frozenset(members), (first, end)
        found.append(best)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prospective", [True, False])
@settings(max_examples=12)
@given(seed=st.integers(0, 10_000))
def test_the_best_window_of_every_centre_is_the_one_found_by_hand(kind, prospective, seed):
    centres, counts, expected = town(seed)
    windows = spans(6, 3, prospective=prospective)
    sites = Sites.of(centres)
    zones = circles(sites, sites.gather(expected.sum(axis=0)), max_share=0.5)
    null = null_of(kind, sites.gather(counts), sites.gather(expected))
    best, length, window = Search(null, zones, windows, side="high", min_cases=2, min_relative_risk=1.0).observed(
        sites.gather(counts)
    )
    cell = np.argsort(sites.of_cell)
    golden = brute_force(kind, centres, counts, expected, expected.sum(axis=0), windows, 0.5)
    np.testing.assert_allclose(best, [value for value, _, _ in golden], rtol=1e-9, atol=1e-9)
    for row, (value, members, when) in enumerate(golden):
        if value:
            assert frozenset(cell[zones.sites_of(row, int(length[row]))]) == members
            assert tuple(windows[window[row]]) == when


def both_ways(null, zones, windows, seeds):
    """The maxima of replicates by lanes and by looking at every window."""
    search = Search(null, zones, windows, side="high", min_cases=2, min_relative_risk=1.0)
    drawn = [null.sampler(search.first)(np.random.default_rng(seed)) for seed in seeds]
    plain = np.array([search._best(counts.astype(float))[0].max() for counts in drawn])
    pilot = search.maxima(seeds)
    search.set_floor(pilot)
    return plain, pilot, search.maxima(seeds)


@pytest.mark.parametrize("kind", KINDS[:4])
@pytest.mark.parametrize(
    ("n_times", "longest", "prospective"), [(6, 3, True), (1, 1, True), (9, 9, False), (40, 20, True)]
)
def test_lanes_find_the_same_maxima_as_looking_at_every_window(kind, n_times, longest, prospective):
    centres, counts, expected = town(3, n_cells=25, n_times=n_times, mean=0.6)
    sites = Sites.of(centres)
    counts, expected = sites.gather(counts), sites.gather(expected)
    zones = circles(sites, expected.sum(axis=0), max_share=0.9)
    null = null_of(kind, counts, expected)
    windows = spans(n_times, longest, prospective=prospective)
    plain, pilot, again = both_ways(null, zones, windows, np.random.SeedSequence(1).spawn(21))
    assert (plain > 0).any() or (kind, n_times) == ("permutation", 1)
    np.testing.assert_array_equal(pilot, plain)
    np.testing.assert_array_equal(again, plain)


def test_lanes_hold_large_counts_shapes_and_parts(monkeypatch):
    """Counts beyond 16 bits, penalties, zones that are one set each, and needs that do not fit at once."""
    centres, counts, expected = town(4, n_cells=25, n_times=12, mean=3.0)
    sites = Sites.of(centres)
    counts, expected = sites.gather(counts), sites.gather(expected)
    weight, seeds = expected.sum(axis=0), np.random.SeedSequence(2).spawn(5)
    near = np.abs(sites.places[:, None] - sites.places).max(axis=2) == 1
    windows = spans(12, 4, prospective=False)
    monkeypatch.setattr(search_room, "_NEEDS_BYTES", 40_000)
    for zones in (
        ellipses(sites, weight, max_share=0.3, penalty=1.0),
        connected_sets(sites, sparse.csr_array(near), max_sites=6),
    ):
        for factor in (1, 100):
            plain, pilot, again = both_ways(PoissonNull.of(counts * factor, expected), zones, windows, seeds)
            np.testing.assert_array_equal(pilot, plain)
            np.testing.assert_array_equal(again, plain)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_change_nothing(kind):
    centres, counts, expected = town(7)
    sites = Sites.of(centres)
    counts, expected = sites.gather(counts), sites.gather(expected)
    null, zones = null_of(kind, counts, expected), circles(sites, expected.sum(axis=0))
    one, two, short = (
        scan(counts, null, sites, zones, spans(6, 3), n_replicates=n, threads=threads)
        for n, threads in ((60, 1), (60, 3), (33, 2))
    )
    np.testing.assert_array_equal(one.maxima, two.maxima)
    np.testing.assert_array_equal(one.maxima[:33], short.maxima)


def test_replicates_keep_what_their_null_keeps():
    """Totals: of all, of every bin and site (permutation), of every bin; and the mean is the baseline."""
    _, counts, expected = town(12)
    rng = np.random.default_rng(1)
    for null in (
        PoissonNull.of(counts, expected),
        PoissonNull.of(counts, expected, 3.0, by_bin=True),
        PermutationNull.of(counts),
    ):
        drawn = np.array([null.sampler(0)(rng) for _ in range(3000)])
        assert (drawn.sum(axis=(1, 2)) == counts.sum()).all()
        np.testing.assert_allclose(drawn.mean(axis=0), null.baseline, atol=0.35)
        if getattr(null, "by_bin", True):
            assert (drawn.sum(axis=2) == counts.sum(axis=1)).all()
        later = np.array([null.sampler(3)(rng) for _ in range(2000)])
        np.testing.assert_allclose(later.mean(axis=0), null.baseline[3:], atol=0.35)
    assert (drawn.sum(axis=1) == counts.sum(axis=0)).all()


def test_a_sequential_scan_is_the_beginning_of_a_full_one():
    centres, counts, expected = town(8)
    sites = Sites.of(centres)
    counts, expected = sites.gather(counts), sites.gather(expected)
    counts[-2:] = np.rint(expected[-2:])  # nothing to be found: the test ends soon
    null, zones = PoissonNull.of(counts, expected), circles(sites, expected.sum(axis=0))
    full, early = (scan(counts, null, sites, zones, spans(6, 3), n_replicates=999, stop_after=s) for s in (0, 10))
    assert 10 <= len(early.maxima) < 500
    np.testing.assert_array_equal(full.maxima[: len(early.maxima)], early.maxima)
    assert early.clusters[0].p_value == 10 / len(early.maxima)
    assert abs(early.clusters[0].p_value - full.clusters[0].p_value) < 0.3


def test_clusters_share_no_cell_and_come_in_order():
    centres, counts, _ = town(9, n_cells=25)
    sites = Sites.of(centres)
    counts = sites.gather(counts)
    found = scan(counts, PermutationNull.of(counts), sites, circles(sites, counts.sum(axis=0)), spans(6, 3))
    cells = np.concatenate([cluster.cells for cluster in found.clusters])
    assert len(found.clusters) > 1
    assert len(set(cells)) == len(cells)
    assert (np.diff([cluster.llr for cluster in found.clusters]) <= 0).all()
    assert (np.diff([cluster.p_value for cluster in found.clusters]) >= 0).all()
    for cluster in found.clusters:
        inside = np.isin(sites.of_cell[np.arange(25)], sites.of_cell[cluster.cells])
        assert cluster.observed == counts[cluster.start : cluster.end][:, np.unique(sites.of_cell[inside])].sum()
        assert cluster.recurrence == pytest.approx(1 / cluster.p_value)
    critical = found.critical(0.05)
    assert [c.p_value <= 0.05 for c in found.clusters] == [
        c.llr > critical or c.p_value <= 0.05 for c in found.clusters
    ]


def test_low_rates_are_found_too():
    centres, counts, expected = town(10)
    sites = Sites.of(centres)
    counts, expected = sites.gather(counts) * 4, sites.gather(expected)
    counts[:, 5] = 0
    zones, one = circles(sites, expected.sum(axis=0), max_share=0.2), spans(6, 6)[-1:]
    found = scan(counts, PoissonNull.of(counts, expected), sites, zones, one, side="low", n_replicates=19).clusters[0]
    assert found.observed < found.expected
    assert 5 in sites.of_cell[found.cells]
    assert found.llr == pytest.approx(float(poisson_llr(found.observed, found.expected, counts.sum())))


def test_small_and_weak_clusters_can_be_left_out():
    centres, counts, expected = town(11)
    sites = Sites.of(centres)
    counts, expected = sites.gather(counts), sites.gather(expected)
    null, zones = PoissonNull.of(counts, expected), circles(sites, expected.sum(axis=0))
    for setting in ({"min_cases": 9}, {"min_relative_risk": 1.8}):
        for cluster in scan(counts, null, sites, zones, spans(6, 3), n_replicates=19, **setting).clusters:
            assert cluster.observed >= setting.get("min_cases", 2)
            assert cluster.relative_risk >= setting.get("min_relative_risk", 1.0)
    assert not scan(counts, null, sites, zones, spans(6, 3), min_relative_risk=50.0).clusters


def test_nothing_expected_and_nothing_there_is_no_cluster():
    sites = Sites.of(np.array([[0.0, 0], [1, 0], [2, 0]]))
    counts = np.zeros((4, 3))
    assert (
        scan(counts, ExpectationNull.of(counts, counts + 1.0), sites, circles(sites, np.ones(3)), spans(4, 2)).clusters
        == []
    )


def test_ratios_by_hand():
    assert float(poisson_llr(3, 0.42, 100)) == pytest.approx(3 * math.log(3 / 0.42) + 97 * math.log(97 / 99.58))
    assert float(expectation_llr(4, 1.5)) == pytest.approx(4 * math.log(4 / 1.5) - 2.5)
    assert float(expectation_llr(0, 1.5)) == 1.5
    assert float(poisson_llr(100, 60, 100)) == pytest.approx(100 * math.log(100 / 60))
    golden = by_hand("bernoulli", 7, (20.0, 20, (0, 1)), (30, 400))
    assert float(bernoulli_llr(7, 20, 30, 400)) == pytest.approx(golden)


def test_what_cannot_be_scanned_is_refused():
    sites = Sites.of(np.array([[0.0, 0], [1, 0]]))
    zones, counts = circles(sites, np.ones(2)), np.ones((3, 2))
    with pytest.raises(ValueError, match="one shape"):
        scan(np.ones((2, 2)), PermutationNull.of(counts), sites, zones, spans(3, 1))
    with pytest.raises(ValueError, match="whole numbers"):
        PermutationNull.of(counts * 0.5)
    with pytest.raises(ValueError, match="at least as many as cases"):
        BernoulliNull.of(counts, counts * 0)
    with pytest.raises(ValueError, match="between 1 and the 3 bins"):
        spans(3, 4)
    with pytest.raises(ValueError, match="no least relative risk"):
        null = NegativeBinomialNull.of(counts, counts, 1.0)
        scan(counts, null, sites, zones, spans(3, 1), min_relative_risk=2.0)
    with pytest.raises(ValueError, match="less than the whole"):
        poisson_llr(3, 100, 100)
