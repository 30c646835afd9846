"""Hot spots against spdep, esda and enumeration; and that cities without any are left in peace."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models.base import window_cube
from gridbeacon.models.hotspot import HOTSPOT_CLASSES, GetisOrdHotspots, classify_hotspots, gi, gi_star, moderate_counts
from gridbeacon.models.significance import benjamini_hochberg
from scipy import sparse

LATTICE = "4 1 4 3 5 1 0 5 1 2 1 2 5 5 11 15 2 1 3 6 10 14 2 0 5 1 3 5 5 3 1 4 2 4 7 4"
LATTICE = np.array(LATTICE.split(), dtype=float)


def queen(rows, cols):
    """Binary queen contiguity of a lattice, no diagonal."""
    row, col = np.divmod(np.arange(rows * cols), cols)
    near = (np.abs(row[:, None] - row) <= 1) & (np.abs(col[:, None] - col) <= 1)
    np.fill_diagonal(near, False)
    return sparse.csr_matrix(near.astype(float))


def with_self(links):
    return sparse.csr_matrix(links + sparse.eye(links.shape[0]))


def cube_of(counts, contiguity, centres=None):
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    n = counts.shape[1]
    return SpaceTimeCube(
        counts=counts,
        bins=np.arange(len(counts)).astype("datetime64[D]"),
        cells=np.array([f"c{i:03d}" for i in range(n)], dtype=object),
        centres=np.zeros((n, 2)) if centres is None else np.asarray(centres, dtype=float),
        areas=np.ones(n),
        contiguity=contiguity,
        parents=np.zeros(n, dtype=int),
        exposure=np.zeros(n),
    )


def lattice_cube(counts, rows, cols):
    return cube_of(counts, queen(rows, cols))


# --- the statistic


def test_gi_star_agrees_with_spdep_on_the_lattice():
    """Golden: R spdep localG(include.self, style B) and esda.G_Local(transform="B", star=True); MODELS section 1."""
    z = gi_star(LATTICE, with_self(queen(6, 6)))[0]
    np.testing.assert_allclose(z[[14, 0, 20]], [3.482201, -0.942225, 3.590177], atol=1e-6)


def test_gi_without_self_agrees_with_spdep_on_the_lattice():
    """Golden: the same source, without self."""
    z = gi(LATTICE, queen(6, 6))[0]
    np.testing.assert_allclose(z[[14, 0, 20]], [3.176382, -1.044623, 3.330329], atol=1e-6)


def test_gi_star_agrees_with_pysal_within_a_distance():
    """Golden: docstring of esda.G_Local (transform="B", star=True, threshold 15), commit 11450be."""
    points = [(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)]
    cube = cube_of([2, 3, 3.2, 5, 8, 7], sparse.csr_matrix((6, 6)), points)
    z = GetisOrdHotspots(neighbours="distance", bandwidth=15.0).fit(cube).score_samples(cube)
    golden = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    np.testing.assert_allclose(z[0], golden, rtol=1e-6)


def _st_louis(shared_data):
    folder = shared_data / "stlouis_2016_2019"
    table = pd.read_csv(folder / "reference_spdep_grid2019.csv")
    edges = pd.read_csv(folder / "reference_queen_edges.csv", dtype=str)
    place = {name: i for i, name in enumerate(table["PageName"])}
    ends = edges["i"].map(place).to_numpy(), edges["j"].map(place).to_numpy()
    links = sparse.csr_matrix((np.ones(len(edges)), ends), shape=(len(table),) * 2)
    return table, ((links + links.T) > 0).astype(float).tocsr()


def test_gi_star_agrees_with_spdep_on_st_louis(shared_data):
    """Golden: R spdep 1.2-7 on the 1-km grid, all 2019 rows per cell."""
    table, links = _st_louis(shared_data)
    cube = cube_of(table["n"], links)
    z = GetisOrdHotspots().fit(cube).score_samples(cube)[0]
    np.testing.assert_allclose(z, table["Gi_star_B"], atol=1e-6)
    assert (z > 1.96).sum() == 29
    assert (z > 2.58).sum() == 18


def test_gi_star_agrees_with_esda_on_st_louis(shared_data):
    """Side by side: esda.G_Local, analytic, on the same neighbours."""
    esda = pytest.importorskip("esda")
    graph = pytest.importorskip("libpysal.graph")
    table, links = _st_louis(shared_data)
    weights = graph.Graph.from_sparse(sparse.coo_array(with_self(links)))
    peer = esda.G_Local(table["n"].to_numpy(float), weights, transform="B", star=True, permutations=0)
    np.testing.assert_allclose(gi_star(table["n"], with_self(links))[0], peer.Zs, atol=1e-6)


@pytest.mark.parametrize("level", [0, 4, 0.1, 2.7])
@pytest.mark.parametrize("self_included", [True, False])
@pytest.mark.parametrize("tails", ["exact", "permutation", "normal"])
def test_an_even_city_has_no_hot_spots(level, self_included, tails):
    cube = lattice_cube([np.full(36, level), level * (1 + np.resize([0, 2e-16], 36))], 6, 6)  # the second: rounding
    model = GetisOrdHotspots(self_included=self_included, tails=tails).fit(cube)
    assert (model.score_samples(cube) == 0).all()
    assert (model.log_p(cube) == 0).all()
    assert (model.evidence(cube) == 0.5).all()
    assert set(model.status(cube)) == {"no contrast" if level else "empty class"}


def test_each_bin_is_scored_alone():
    rng = np.random.default_rng(0)
    cube = lattice_cube(rng.poisson(1.0, (3, 36)), 6, 6)
    model = GetisOrdHotspots().fit(cube)
    together = model.log_p(cube)
    for row in range(3):
        np.testing.assert_array_equal(model.log_p(cube.between(row, row + 1))[0], together[row])


def test_weights_of_another_city_are_refused():
    with pytest.raises(ValueError, match=r"\(36, 36\) to match 36 cells, not \(9, 9\)"):
        gi_star(LATTICE, queen(3, 3))
    cube, other = lattice_cube(LATTICE, 6, 6), lattice_cube(np.ones(9), 3, 3)
    with pytest.raises(ValueError, match="fitted on 9 cells"):
        GetisOrdHotspots().fit(other).log_p(cube)


def test_a_bad_bandwidth_says_what_to_do():
    with pytest.raises(ValueError, match=r"bandwidth must be .* not -5.*default is 1000"):
        GetisOrdHotspots(bandwidth=-5.0).fit(lattice_cube(LATTICE, 6, 6))


# --- the tails


@pytest.mark.parametrize("scale", ["root", "count"])
@pytest.mark.parametrize("self_included", [True, False])
def test_tails_are_those_of_every_possible_neighbourhood(self_included, scale):
    """Oracle: enumeration of all draws, on a 3 × 4 city."""
    counts = np.array([0, 0, 1, 0, 5, 2, 0, 1, 0, 7, 1, 0.0])
    cube = lattice_cube(counts, 3, 4)
    model = GetisOrdHotspots(self_included=self_included, scale=scale).fit(cube)
    upper, lower = (np.exp(tail[0]) for tail in model.log_tails(cube))
    counts = counts if scale == "count" else np.rint(20 * np.sqrt(counts))  # none beyond the cap of 1.25 + 6 × 1.25
    for cell in range(12):
        near = cube.contiguity[cell].indices.tolist() + ([cell] if self_included else [])
        pool = counts if self_included else np.delete(counts, cell)
        sums = np.array([sum(draw) for draw in combinations(pool, len(near))])
        assert upper[cell] == pytest.approx(np.mean(sums >= counts[near].sum()), rel=1e-12)
        assert lower[cell] == pytest.approx(np.mean(sums <= counts[near].sum()), rel=1e-12)


def test_two_sided_p_doubles_the_smaller_tail():
    cube = lattice_cube(LATTICE, 6, 6)
    model = GetisOrdHotspots().fit(cube)
    upper, lower = (np.exp(tail) for tail in model.log_tails(cube))
    p, side = model.two_sided(cube)
    np.testing.assert_allclose(p, np.minimum(1, 2 * np.minimum(upper, lower)), rtol=1e-12)
    assert side[0, 14] == 1
    assert side[0, 0] == -1


@pytest.mark.parametrize("neighbours", ["queen", "distance", "knearest"])
def test_permutation_tails_agree_with_exact_ones(neighbours):
    """Gi leaves the cell out of its draw; with permutations Gi* does too, and only holds its own count besides."""
    counts = np.random.default_rng(4).poisson(0.6, 144)
    centres = np.column_stack(np.divmod(np.arange(144), 12)) * 100.0
    cube = cube_of(counts, queen(12, 12), centres)
    place = {"neighbours": neighbours, "bandwidth": 150.0, "k": 5}
    exact, lower = GetisOrdHotspots(self_included=False, **place).fit(cube).log_tails(cube)
    for self_included in (False, True):
        model = GetisOrdHotspots(tails="permutation", replicates=4999, self_included=self_included, **place).fit(cube)
        drawn = model.log_tails(cube)
        for found, p in zip(np.exp(drawn), np.exp([exact, lower]), strict=True):
            assert (np.abs(found - p) <= 5 * np.sqrt(p * (1 - p) / 4999) + 2 / 5000).all()
        assert model.least_p() == 1 / 5000
        assert np.exp(drawn).min() >= 1 / 5000 - 1e-12


def test_exact_and_normal_tails_meet_where_counts_are_large():
    rng = np.random.default_rng(1)
    cube = lattice_cube(rng.poisson(400.0, 900), 30, 30)
    exact = np.exp(GetisOrdHotspots().fit(cube).log_p(cube))
    normal = np.exp(GetisOrdHotspots(tails="normal").fit(cube).log_p(cube))
    np.testing.assert_allclose(exact, normal, atol=0.04)
    exact = np.exp(GetisOrdHotspots(scale="count").fit(cube).log_p(cube))
    np.testing.assert_allclose(exact, normal, atol=0.01)


@pytest.mark.parametrize(("scale", "found"), [("root", True), ("count", False)])
def test_a_pile_up_elsewhere_masks_no_hot_spot(scale, found):
    """Why the default adds capped roots: one cell of 2,000 among 400, and plain counts see no hot spot any more."""
    counts = np.random.default_rng(3).poisson(1.0, 400).astype(float)
    counts[[21, 22, 23, 41, 42, 43, 61, 62, 63]] += 6
    counts[350] = 2000
    cube = lattice_cube(counts, 20, 20)
    p, side = GetisOrdHotspots(scale=scale).fit(cube).two_sided(cube)
    assert bool(benjamini_hochberg(p)[0, 42] <= 0.01 and side[0, 42] == 1) is found


def test_the_cap_is_far_out_and_the_city_s_own():
    """By hand: quartiles 1 and 3, so the cap is 3 + 6 × 2 = 15; on a sparse city 0 + 6 × the smallest count."""
    values = moderate_counts(np.array([1.0, 1, 1, 2, 3, 3, 900, 3, 0]))
    assert values.max() == round(20 * math.sqrt(15))
    assert values[3] == round(20 * math.sqrt(2))
    assert moderate_counts(np.array([0.0, 0, 0, 0, 0, 0, 0, 1, 60])).max() == round(20 * math.sqrt(6))
    assert (moderate_counts(np.zeros(4)) == 0).all()


def test_an_extreme_hot_spot_has_a_finite_tail_far_below_the_smallest_permutation_p():
    counts = np.zeros(400)
    block = [21, 22, 23, 41, 42, 43, 61, 62, 63]
    counts[block] = 500
    cube = lattice_cube(counts, 20, 20)
    log_p = GetisOrdHotspots().fit(cube).log_p(cube)[0]
    assert log_p.argmin() == 42
    assert log_p[42] == pytest.approx(-math.log(math.comb(400, 9)), rel=1e-12)
    assert np.isfinite(log_p).all()


# --- peace


def _share_of_cities_with_a_false_hot_spot(tails, side, mean, cities, seed):
    counts = np.random.default_rng(seed).poisson(mean, (cities, side * side))
    cube = lattice_cube(counts, side, side)
    p, sign = GetisOrdHotspots(tails=tails).fit(cube).two_sided(cube)
    z = GetisOrdHotspots().fit(cube).score_samples(cube)
    return np.mean(
        [(classify_hotspots(z[i], p[i], benjamini_hochberg(p[i]), sign[i]) != "").any() for i in range(cities)]
    )


@pytest.mark.parametrize("side", [10, 15, 20])
@pytest.mark.parametrize("mean", [0.02, 0.1, 0.5, 2.0])
def test_null_cities_are_left_in_peace(side, mean):
    """Independent Poisson cells: at 10 %, at most one city in ten may show anything (4 sigma for 60 cities)."""
    share = _share_of_cities_with_a_false_hot_spot("exact", side, mean, 60, seed=round(1000 * mean) + side)
    assert share <= 0.10 + 4 * math.sqrt(0.1 * 0.9 / 60)


def test_null_cities_with_skewed_counts_are_left_in_peace():
    """One cell in fifty holds a hundred times the others; still exchangeable, so still no hot spot."""
    rng = np.random.default_rng(8)
    counts = rng.poisson(np.where(rng.uniform(size=(100, 225)) < 0.02, 30.0, 0.3))
    cube = lattice_cube(counts, 15, 15)
    p, _ = GetisOrdHotspots().fit(cube).two_sided(cube)
    assert np.mean([(benjamini_hochberg(row) <= 0.05).any() for row in p]) <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 100)


def test_the_normal_tails_would_not_leave_them_in_peace():
    """Why the default is exact: MODELS section 1 counts 91 % of cities at .1 incidents per cell."""
    assert _share_of_cities_with_a_false_hot_spot("normal", 20, 0.1, 40, seed=9) > 0.4


def test_p_values_are_never_too_small_and_uniform_once_randomised():
    rng = np.random.default_rng(10)
    cube = lattice_cube(rng.poisson(0.5, (400, 144)), 12, 12)
    upper, lower = (np.exp(tail) for tail in GetisOrdHotspots().fit(cube).log_tails(cube))
    for bound in (0.1, 0.05, 0.01, 0.001):
        expected = bound * upper.size
        assert (upper <= bound).sum() <= expected + 4 * math.sqrt(9 * expected)  # 9: neighbours share their counts
        assert (lower <= bound).sum() <= expected + 4 * math.sqrt(9 * expected)
    randomised = upper - rng.uniform(size=upper.shape) * (upper + lower - 1)
    shares = np.histogram(randomised, bins=10, range=(0, 1))[0] / upper.size
    np.testing.assert_allclose(shares, 0.1, atol=0.01)


# --- labels and statuses


def test_labels_follow_q_and_the_sign_of_z():
    q = np.array([0.005, 0.01, 0.03, 0.05, 0.08, 0.1, 0.11, 0.005, 0.03, 0.08, 0.001])
    z = np.array([5, 4, 3, 3, 2, 2, 2, -4, -3, -2, 0])
    labels = classify_hotspots(z, q / 4, q)
    assert labels.tolist() == [
        *["hot 99", "hot 99", "hot 95", "hot 95", "hot 90", "hot 90", ""],
        *["cold 99", "cold 95", "cold 90", ""],
    ]
    assert set(labels) <= set(HOTSPOT_CLASSES)


def test_a_tail_against_the_sign_of_z_is_not_called():
    assert classify_hotspots([-0.2, 2.0], [1e-4, 1e-4], [1e-3, 1e-3], side=[1, 1]).tolist() == ["", "hot 99"]


def test_labels_refuse_what_is_no_probability():
    with pytest.raises(ValueError, match="between 0 and 1"):
        classify_hotspots([1.0], [0.5], [1.5])


def test_statuses_name_what_kept_a_cell_from_being_scored():
    links = queen(3, 4).tolil()
    links[5, :] = links[:, 5] = 0
    counts = np.arange(12.0)
    cube = cube_of(counts, sparse.csr_matrix(links))
    star, bare = GetisOrdHotspots().fit(cube), GetisOrdHotspots(self_included=False).fit(cube)
    assert star.status(cube)[5] == "island"
    assert bare.status(cube)[5] == "no neighbours"
    assert star.log_p(cube)[0, 5] == pytest.approx(math.log(7 / 12))  # seven of twelve cells hold five or more
    assert bare.log_p(cube)[0, 5] == 0
    whole = lattice_cube([1, 2, 3, 4], 2, 2)
    assert set(GetisOrdHotspots().fit(whole).status(whole)) == {"no contrast"}
    assert (GetisOrdHotspots().fit(whole).evidence(whole) == 0.5).all()


def test_a_city_of_one_cell_is_calm():
    cube = cube_of([[7.0]], sparse.csr_matrix((1, 1)))
    model = GetisOrdHotspots().fit(cube)
    assert model.score_samples(cube)[0, 0] == model.log_p(cube)[0, 0] == 0
    assert model.status(cube).tolist() == ["no contrast"]


def test_the_window_is_one_bin():
    rng = np.random.default_rng(12)
    cube = lattice_cube(rng.poisson(0.2, (28, 36)), 6, 6)
    window = window_cube(cube)
    np.testing.assert_array_equal(
        GetisOrdHotspots().fit(window).log_p(window), GetisOrdHotspots().fit(cube).log_p(window)
    )
