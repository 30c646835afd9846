"""Near repeats and concentration: Knox tables by bands, the Lorenz curve, Gini."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.models.clusters import concentration, knox, near_repeat, near_repeats
from hypothesis import given
from hypothesis import strategies as st
from parity import agree
from scipy import stats

BANDS = {"distances": (0.0, 50.0, 120.0), "days": (2.0, 7.0)}


def clustered(n: int = 120, seed: int = 1):
    """Places on whole metres with repeats, whole days."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 600, (n, 2)).astype(float)
    points[n // 2 :] = points[rng.integers(0, n // 2, n - n // 2)] + rng.integers(-1, 2, (n - n // 2, 2)) * 20
    return points, rng.integers(0, 60, n).astype(float)


def all_pairs(points: np.ndarray, times: np.ndarray):
    i, j = np.triu_indices(len(points), 1)
    return np.hypot(*(points[i] - points[j]).T), np.abs(times[i] - times[j])


@pytest.mark.parity
def test_burkitt_is_the_golden_number(shared_data):
    import geopandas as gpd
    import pointpats

    cases = gpd.read_file(shared_data / "reference" / "pysal_examples" / "burkitt" / "burkitt.shp")
    points, times = cases[["X", "Y"]].to_numpy(float), cases["T"].to_numpy(float)
    found = knox(points, times, 20, 5, replicates=999)
    agree("Near repeats", "Knox, Burkitt, delta 20, tau 5", found.table, np.array([[13, 3416], [39, 14110]]),
          source="pointpats 2.5.5")  # fmt: skip
    np.random.seed(0)  # pointpats shuffles by the global generator
    theirs = pointpats.Knox(points, times[:, None].copy(), 20, 5, permutations=999)
    agree("Near repeats", "Knox expected, Burkitt", found.expected, float(theirs.expected[0, 0]),
          source="pointpats 2.5.5", within=1e-12)  # fmt: skip
    above = float(stats.poisson.sf(13, found.expected))  # theirs leaves the observed number itself out
    agree("Near repeats", "Knox Poisson P(more than 13), Burkitt", above, float(theirs.p_poisson),
          source="pointpats 2.5.5", within=1e-12)  # fmt: skip
    agree("Near repeats", "Knox permutation p, Burkitt, 999", found.p, float(theirs.p_sim),
          source="pointpats 2.5.5; Monte Carlo error", within=4 * math.sqrt(2 * 0.2 * 0.8 / 999))  # fmt: skip


@pytest.mark.parity
def test_knox_agrees_with_surveillance(root):
    golden = root / "tests" / "golden"
    cases, tests = pd.read_csv(golden / "clusters_points.csv"), pd.read_csv(golden / "clusters_knox.csv")
    points, times = cases[["x", "y"]].to_numpy(float), cases["day"].to_numpy(float)
    found = [knox(points, times, t.distance, t.span, 999) for t in tests.itertuples()]
    source = "R surveillance 1.20.3 knox (tests/oracles/clusters.R)"
    agree("Near repeats", "Knox statistic, six pairs of bands", np.array([f.table[0, 0] for f in found]),
          tests["statistic"].to_numpy(int), source=source)  # fmt: skip
    agree("Near repeats", "Knox expected", np.array([f.expected for f in found]), tests["expected"].to_numpy(),
          source=source, within=1e-9)  # fmt: skip
    above = np.array([stats.poisson.sf(f.table[0, 0], f.expected) for f in found])
    agree("Near repeats", "Knox Poisson P(more than observed)", above, tests["p_above"].to_numpy(), source=source,
          within=1e-9)  # fmt: skip
    agree("Near repeats", "Knox permutation p, 999", np.array([f.p for f in found]), tests["p_simulated"].to_numpy(),
          source=source + "; Monte Carlo error", within=4 * math.sqrt(2 * 0.25 / 999))  # fmt: skip
    for test in found:
        assert math.exp(test.log_p) == pytest.approx(stats.poisson.sf(test.table[0, 0] - 1, test.expected), rel=1e-10)


@given(st.integers(0, 1000))
def test_bands_hold_every_pair_once(seed):
    points, times = clustered(60, seed)
    found = near_repeat(points, times, **BANDS, replicates=0)
    gap, span = all_pairs(points, times)
    far, late = (-np.inf, *BANDS["distances"]), (-np.inf, *BANDS["days"])
    for d in range(3):
        for t in range(2):
            inside = (gap > far[d]) & (gap <= far[d + 1]) & (span > late[t]) & (span <= late[t + 1])
            assert found.observed[d, t] == inside.sum()


def test_expected_p_and_ratio_are_those_of_shuffled_times():
    points, times = clustered()
    found = near_repeat(points, times, **BANDS, replicates=49, random_state=3)
    rows = np.lexsort((points[:, 1], points[:, 0], times))
    points, times, null = points[rows], times[rows], []
    for stream in np.random.SeedSequence(3).spawn(49):
        shuffled = np.random.default_rng(stream).permutation(times)
        null.append(near_repeat(points, shuffled, **BANDS, replicates=0).observed)
    null = np.array(null)
    np.testing.assert_allclose(found.expected, null.mean(axis=0))
    np.testing.assert_allclose(found.p, (1 + (null >= found.observed).sum(axis=0)) / 50)
    np.testing.assert_allclose(found.ratio, found.observed / null.mean(axis=0))


def test_how_many_are_counted_at_a_time_changes_nothing(monkeypatch):
    points, times = clustered()
    found = near_repeat(points, times, **BANDS, replicates=40)
    monkeypatch.setattr(near_repeats, "_TOGETHER", 7)
    again = near_repeat(points, times, **BANDS, replicates=40)
    np.testing.assert_array_equal(found.p, again.p)
    np.testing.assert_array_equal(found.expected, again.expected)


def test_the_order_of_rows_changes_nothing():
    points, times = clustered()
    order = np.random.default_rng(0).permutation(len(points))
    found, again = (near_repeat(points[o], times[o], **BANDS, replicates=19) for o in (np.arange(len(points)), order))
    np.testing.assert_array_equal(found.observed, again.observed)
    np.testing.assert_array_equal(found.p, again.p)


def test_planted_repeats_stand_out_and_only_in_their_bands():
    rng = np.random.default_rng(4)
    points, times = rng.uniform(0, 3000, (400, 2)), rng.uniform(0, 300, 400)
    points = np.concatenate([points, points[:60] + rng.normal(0, 20, (60, 2)), points[60:90]])
    times = np.concatenate([times, times[:60] + rng.uniform(0, 5, 60), times[60:90] + rng.uniform(8, 13, 30)])
    found = near_repeat(points, times, (0.0, 100.0, 200.0, 300.0), (7.0, 14.0), 499)
    hot = found.q <= 0.05
    assert hot[1, 0]
    assert hot[0, 1]
    assert not hot[2:].any()
    assert found.observed[0, 0] == 0
    assert found.ratio[1, 0] > 3


def test_no_interaction_is_calm():
    p = [near_repeat(*_unrelated(seed), (100.0,), (7.0,), 99).p[0, 0] for seed in range(100)]
    assert sum(value <= 0.05 for value in p) <= 11  # P(more | 5 %) = 0.4 %
    assert 0.3 < np.mean(p) < 0.7


def _unrelated(seed: int):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 500, (150, 2)), rng.uniform(0, 100, 150)


def test_bad_bands_say_what_to_do():
    with pytest.raises(InputError, match=r"distances must be upper ends of bands, rising.*0, 100, 200 metres"):
        near_repeat(np.zeros((2, 2)), np.zeros(2), distances=(100.0, 50.0))


# --- concentration


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60).filter(any))
def test_gini_is_the_mean_difference_and_the_curve_its_area(counts):
    """Gini as half the relative mean absolute difference, and as twice the area between curve and diagonal."""
    found, counts = concentration(np.array(counts)), np.array(counts, float)
    n = len(counts)
    by_pairs = np.abs(counts[:, None] - counts).sum() / (2 * n * counts.sum())
    area = np.trapezoid(found.incidents, found.cells)
    assert found.gini == pytest.approx(by_pairs, abs=1e-12)
    assert found.gini == pytest.approx(2 * area - 1, abs=1e-12)
    most = np.sort(counts)[::-1]
    assert most[: found.n_cells].sum() >= 0.8 * counts.sum() - 1e-9
    assert most[: found.n_cells - 1].sum() < 0.8 * counts.sum()
    assert -1e-12 <= found.generalised_gini <= found.gini + 1e-12


def test_fewer_incidents_than_cells_spread_evenly_are_not_concentrated():
    """Bernasco & Steenbeek (2017): Gini is 1 - c / n there, the generalised one 0; all in one cell nearly 1."""
    even = concentration(np.repeat([1, 0], [25, 75]))
    assert (even.gini, even.generalised_gini) == (pytest.approx(0.75), pytest.approx(0, abs=1e-12))
    one = concentration(np.array([50] + [0] * 99))
    assert one.gini == pytest.approx(0.99)
    assert one.generalised_gini == pytest.approx(0.98)  # (1 - 1/n) with n replaced by c
    assert (one.n_cells, one.share_of_cells) == (1, 0.01)


def test_even_and_empty_cities():
    even = concentration(np.full(10, 3))
    assert (even.gini, even.n_cells, even.status) == (pytest.approx(0, abs=1e-12), 8, "ok")
    empty = concentration(np.zeros(10))
    assert (empty.gini, empty.n_cells, empty.status) == (0, 0, "empty class")
    with pytest.raises(InputError, match="at least 0"):
        concentration(np.array([-1]))
