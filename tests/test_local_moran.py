"""Local Moran and its relatives: by hand, by enumeration, and in cities without any cluster."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models.hotspot import (
    LocalMoran,
    bivariate_local_moran,
    geary_c,
    join_counts,
    local_geary,
    local_join_counts,
    local_moran,
    moderate_counts,
    moderate_rates,
    moran_i,
    row_standardised,
)
from gridbeacon.models.significance import benjamini_hochberg
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse


def queen(rows, cols):
    row, col = np.divmod(np.arange(rows * cols), cols)
    near = (np.abs(row[:, None] - row) <= 1) & (np.abs(col[:, None] - col) <= 1)
    np.fill_diagonal(near, False)
    return sparse.csr_array(near.astype(float))


def cube_of(counts, links, exposure=None):
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    n = counts.shape[1]
    return SpaceTimeCube(
        counts=counts,
        bins=np.arange(len(counts)).astype("datetime64[D]"),
        cells=np.array([f"c{i:03d}" for i in range(n)], dtype=object),
        centres=np.zeros((n, 2)),
        areas=np.ones(n),
        contiguity=links,
        parents=np.zeros(n, dtype=int),
        exposure=np.zeros(n) if exposure is None else np.asarray(exposure, dtype=float),
    )


def planted(side=15, seed=2):
    counts = np.random.default_rng(seed).poisson(1.0, side * side).astype(float)
    middle = side * (side // 2) + side // 2
    block = [middle + side * i + j for i in (-1, 0, 1) for j in (-1, 0, 1)]
    counts[block] += 8
    return counts, middle, block


# --- the statistic


def test_by_hand():
    """A row of four cells 0 0 2 6: mean 2, m2 = 6, so the last has 4 × 0 / 6 and the first -2 × -2 / 6."""
    links = sparse.csr_array(np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1))
    scores = local_moran(np.array([0.0, 0, 2, 6]), row_standardised(links))
    np.testing.assert_allclose(scores.i, [4 / 6, 2 / 6, 0, 0])
    assert scores.quadrant.tolist() == [3, 3, 2, 4]
    np.testing.assert_allclose(
        local_geary(np.array([0.0, 0, 2, 6]), row_standardised(links)), [0, 2 / 6, 10 / 6, 16 / 6]
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_those_of_every_order(weighted):
    """Oracle: all draws of neighbours from the other cells (conditional), with their weights in any order."""
    from itertools import permutations

    values = np.array([0.0, 3, 1, 1, 7, 2, 0])
    links = np.zeros((7, 7))
    links[0, [1, 2, 5]] = links[3, [4, 6]] = 1.0
    links *= np.random.default_rng(0).uniform(0.5, 2, (7, 7)) if weighted else 0.5
    scores = local_moran(values, sparse.csr_array(links))
    z = values - values.mean()
    for cell in (0, 3):
        row = links[cell][links[cell] > 0]
        null = [z[cell] * np.dot(row, draw) / np.mean(z**2) for draw in permutations(np.delete(z, cell), len(row))]
        assert scores.expected[cell] == pytest.approx(np.mean(null))
        assert scores.variance[cell] == pytest.approx(np.var(null))


def test_local_statistics_add_up_to_the_global_ones():
    """Anselin (1995), rows that sum to one: the local I average to Moran's I, and c to 2 n / (n - 1) of Geary's C."""
    counts, links = planted()[0], row_standardised(queen(15, 15))
    assert local_moran(counts, links).i.mean() == pytest.approx(moran_i(counts, links).value)
    assert local_geary(counts, links).mean() == pytest.approx(2 * geary_c(counts, links).value * 225 / 224)


def test_global_moments_are_those_of_every_order():
    """Oracle: all 720 orders of six values, randomisation."""
    from itertools import permutations

    values = np.array([0.0, 3, 1, 1, 7, 2])
    links = sparse.csr_array(np.triu(np.random.default_rng(1).uniform(size=(6, 6)) * (1 - np.eye(6)), -1))
    for statistic in (moran_i, geary_c):
        null = [statistic(np.array(order), links).value for order in permutations(values)]
        told = statistic(values, links)
        assert told.expected == pytest.approx(np.mean(null))
        assert told.variance == pytest.approx(np.var(null))
        assert told.z == pytest.approx((told.value - np.mean(null)) / np.std(null))


def test_join_count_moments_are_those_of_every_set_of_marks():
    near = np.triu(np.random.default_rng(2).uniform(size=(7, 7)) < 0.5, 1)
    links = sparse.csr_array((near | near.T).astype(float))
    found = []
    for chosen in combinations(range(7), 3):
        marks = np.isin(np.arange(7), chosen)
        told = join_counts(marks, links)
        found.append([told[kind].value for kind in ("both", "one", "none")])
    np.testing.assert_allclose([told[kind].expected for kind in ("both", "one", "none")], np.mean(found, axis=0))
    np.testing.assert_allclose([told[kind].variance for kind in ("both", "one", "none")], np.var(found, axis=0))


def test_local_join_counts_are_exact():
    """Of 9 other cells 3 are marked and the cell touches 4: at least two marked in 1 - (15 + 60) / 126 of the draws."""
    links = np.zeros((10, 10))
    links[0, [1, 2, 5, 6]] = 1.0
    count, log_p = local_join_counts(np.arange(10) < 4, sparse.csr_array(links))
    assert count[0] == 2
    assert log_p[0] == pytest.approx(math.log(1 - 75 / 126))
    assert (count[4:] == 0).all()
    assert (log_p[1:] == 0).all()
    with pytest.raises(ValueError, match="bool"):
        local_join_counts(np.ones(10), sparse.csr_array(links))


@given(st.lists(st.integers(0, 9), min_size=25, max_size=25), st.floats(0.01, 100), st.floats(-50, 50))
def test_scale_and_origin_of_the_values_do_not_matter(counts, scale, origin):
    values, links = np.array(counts, dtype=float), row_standardised(queen(5, 5))
    here, there = local_moran(values, links), local_moran(values * scale + origin, links)
    np.testing.assert_allclose(there.i, here.i, atol=1e-7)
    np.testing.assert_allclose(there.z, here.z, atol=1e-5)


def test_two_variables_that_agree_are_one():
    counts, links = planted()[0], row_standardised(queen(15, 15))
    one, two = local_moran(counts, links), bivariate_local_moran(counts, 3 * counts + 1, links)
    np.testing.assert_allclose(two.i, one.i)
    np.testing.assert_allclose(two.variance, one.variance)


def test_weights_of_another_city_are_refused():
    for statistic in (local_moran, moran_i, geary_c, local_geary):
        with pytest.raises(ValueError, match=r"\(4, 4\) to match 4 cells, not \(9, 9\)"):
            statistic(np.arange(4.0), queen(3, 3))
    with pytest.raises(ValueError, match="'conditional' or 'total'"):
        local_moran(np.arange(9.0), queen(3, 3), moments="none")


# --- the model


@pytest.mark.parametrize("scale", ["root", "count"])
def test_tails_are_those_of_every_possible_neighbourhood(scale):
    """Oracle: enumeration of all draws from the other cells, on a 3 × 4 city."""
    counts = np.array([0, 0, 1, 0, 5, 2, 0, 1, 0, 7, 1, 0.0])
    cube = cube_of(counts, queen(3, 4))
    model = LocalMoran(scale=scale).fit(cube)
    upper, lower = (np.exp(tail[0]) for tail in model.log_tails(cube))
    values = counts if scale == "count" else moderate_counts(counts)
    for cell in range(12):
        near = cube.contiguity[[cell]].indices
        sums = np.array([sum(draw) for draw in combinations(np.delete(values, cell), len(near))])
        assert upper[cell] == pytest.approx(np.mean(sums >= values[near].sum()), rel=1e-12)
        assert lower[cell] == pytest.approx(np.mean(sums <= values[near].sum()), rel=1e-12)
    high = counts > counts.mean()
    np.testing.assert_allclose(np.exp(model.log_p(cube)[0]), np.where(high, upper, 1.0))


@pytest.mark.parametrize("tails", ["exact", "permutation", "normal"])
@pytest.mark.parametrize("rate", ["count", "crude", "eb", "eb_global"])
def test_a_planted_cluster_is_high_among_high(tails, rate):
    counts, middle, block = planted()
    cube = cube_of(counts, queen(15, 15), np.full(225, 500.0))
    model = LocalMoran(tails=tails, rate=rate, replicates=9999).fit(cube)  # of 999 none is called among 225 cells
    told = model.details(cube)
    assert told["cluster"][middle] == "HH"
    assert model.log_p(cube)[0].argmin() in block
    assert np.exp(model.log_p(cube)[0, middle]) >= model.least_p() * (1 - 1e-12)
    assert set(told["cluster"]) <= {"", "HH", "LH", "LL", "HL"}
    assert set(model.status(cube)) == {"ok"}


def test_permutation_and_exact_tails_agree():
    counts = planted()[0]
    cube = cube_of(counts, queen(15, 15))
    exact = LocalMoran().fit(cube).two_sided(cube)
    drawn = LocalMoran(tails="permutation", replicates=4999).fit(cube).two_sided(cube)
    assert (np.abs(drawn - exact) <= 9 * np.sqrt(exact / 4999) + 4 / 5000).all()


def test_rates_find_what_counts_hide():
    """A populous quarter has most incidents and an ordinary rate; the quiet one next to it has three times the rate."""
    rng = np.random.default_rng(4)
    people = np.full(225, 300.0)
    people[:75] = 3000.0
    mean = 0.004 * people
    small = np.array([10 * 15 + 7 + 15 * i + j for i in (-1, 0, 1) for j in (-1, 0, 1)])
    mean[small] *= 4
    counts = rng.poisson(mean)
    cube = cube_of(counts, queen(15, 15), people)
    by_count, by_rate = (LocalMoran(rate=rate).fit(cube).details(cube) for rate in ("count", "eb"))
    assert (by_count["cluster"][:75] == "HH").mean() > 0.3
    assert by_rate["cluster"][small[4]] == "HH"
    assert (by_rate["cluster"][:75] == "HH").sum() == 0


def test_cells_without_exposure_are_no_neighbours():
    counts, middle, _ = planted()
    exposure = np.full(225, 500.0)
    exposure[[0, middle + 1]] = 0
    cube = cube_of(counts, queen(15, 15), exposure)
    model = LocalMoran(rate="eb").fit(cube)
    assert model.status(cube)[[0, middle + 1]].tolist() == ["no exposure"] * 2
    assert (model.log_p(cube)[0, [0, middle + 1]] == 0).all()
    assert np.diff(model.links_.indptr).max() == 8
    kept = np.flatnonzero(exposure > 0)
    smaller = cube.take_cells(kept)
    np.testing.assert_allclose(model.log_p(cube)[0, kept], LocalMoran(rate="eb").fit(smaller).log_p(smaller)[0])
    unknown = cube_of(counts, queen(15, 15))
    model = LocalMoran(rate="crude").fit(unknown)
    assert set(model.status(unknown)) == {"no exposure"}
    assert (model.evidence(unknown) <= 0.5).all()
    assert set(model.details(unknown)["cluster"]) == {""}


@pytest.mark.parametrize("tails", ["exact", "permutation", "normal"])
@pytest.mark.parametrize("level", [0, 4, 0.1, 2.7])
def test_an_even_city_has_no_clusters(tails, level):
    cube = cube_of([np.full(36, level), level * (1 + np.resize([0, 2e-16], 36))], queen(6, 6), np.full(36, 100.0))
    for rate in ("count", "eb"):
        model = LocalMoran(tails=tails, rate=rate).fit(cube)
        assert (model.score_samples(cube) == 0).all()
        assert (model.log_p(cube) == 0).all()
        assert (model.evidence(cube) == 0.5).all()
        assert set(model.status(cube)) == {"no contrast" if level else "empty class"}
        assert set(model.details(cube)["quadrant"]) == {""}


@pytest.mark.parametrize("mean", [0.02, 0.1, 0.5, 2.0])
def test_null_cities_are_left_in_peace(mean):
    """Independent Poisson cells: at 10 %, at most one city in ten may show anything (4 sigma for 60 cities)."""
    cube = cube_of(np.random.default_rng(5).poisson(mean, (60, 225)), queen(15, 15))
    p = LocalMoran().fit(cube).two_sided(cube)
    share = np.mean([(benjamini_hochberg(row) <= 0.1).any() for row in p])
    assert share <= 0.1 + 4 * math.sqrt(0.1 * 0.9 / 60)
    for bound in (0.1, 0.01, 0.001):
        assert (p <= bound).mean() <= bound + 4 * math.sqrt(9 * bound / p.size)


def test_null_cities_of_uneven_exposure_are_left_in_peace():
    """Why `eb`: its p stay valid where populations differ, even where small ones lie together."""
    rng = np.random.default_rng(6)
    people = np.exp(rng.normal(7, 0.7, 225)) * np.where(np.arange(225) < 110, 0.3, 1.0)
    cube = cube_of(rng.poisson(0.003 * people, (40, 225)), queen(15, 15), people)
    p = np.exp(LocalMoran(rate="eb").fit(cube).log_p(cube))
    for bound in (0.1, 0.05, 0.01):
        assert (p <= bound).mean() <= bound + 4 * math.sqrt(9 * bound / p.size)


def test_statuses_name_what_kept_a_cell_from_being_scored():
    links = queen(4, 4).tolil()
    links[5, :] = links[:, 5] = 0
    cube = cube_of(np.arange(16.0), sparse.csr_array(links))
    model = LocalMoran().fit(cube)
    assert model.status(cube)[5] == "no neighbours"
    assert model.log_p(cube)[0, 5] == 0
    assert model.details(cube)["quadrant"][5] == ""
    whole = cube_of([1, 2, 3, 4], queen(2, 2))
    assert set(LocalMoran().fit(whole).status(whole)) == {"no contrast"}


def test_moderate_rates_are_whole_steps_without_far_ends():
    rates = np.concatenate([np.linspace(-1, 1, 101), [400.0, -300.0]])
    steps = moderate_rates(rates)
    assert (steps == np.rint(steps)).all()
    assert steps.min() == 0
    assert steps.max() == 200
    assert (np.diff(steps[:101]) >= 0).all()
    assert np.ptp(steps[:101]) > 20  # the far ones do not squeeze the rest into one step
    assert (moderate_rates(np.zeros(4)) == 0).all()


def test_a_bad_setting_says_what_to_do():
    with pytest.raises(ValueError, match=r"rate must be .* not 'deaths'.*default is count"):
        LocalMoran(rate="deaths").fit(cube_of(np.arange(9.0), queen(3, 3)))
    with pytest.raises(ValueError, match=r"no lengths of shared borders.*choose queen"):
        LocalMoran(neighbours="rook").fit(cube_of(np.arange(9.0), queen(3, 3)))
