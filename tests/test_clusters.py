"""Clusters of points: DBSCAN, HDBSCAN and ST-DBSCAN against independent programs and by their definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.models.clusters import dbscan, hdbscan, st_dbscan
from hypothesis import given, settings
from hypothesis import strategies as st
from parity import agree
from sklearn.cluster import DBSCAN, HDBSCAN
from sklearn.metrics import adjusted_rand_score

SKLEARN = "scikit-learn 1.9.1"


def by_matrix(points: np.ndarray, times: np.ndarray, distance: float, days: float, least: int):
    """(labels, core) by scikit-learn on the matrix max(d / eps1, dt / eps2), rows in the order of time, x and y."""
    order = np.lexsort((points[:, 1], points[:, 0], times))
    gap = np.sqrt(((points[order][:, None] - points[order]) ** 2).sum(axis=-1)) / distance
    span = np.abs(times[order][:, None] - times[order]) / days
    found = DBSCAN(eps=1.0, min_samples=least, metric="precomputed").fit(np.maximum(gap, span))
    labels, core = np.empty(len(points), dtype=int), np.zeros(len(points), dtype=bool)
    labels[order] = found.labels_
    core[order[found.core_sample_indices_]] = True
    return labels, core


def scattered(seed: int):
    """Points on whole metres and days, so that ties and border cases are many."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 200))
    points = rng.integers(0, rng.integers(3, 40), (n, 2)).astype(float)
    times = rng.integers(0, rng.integers(2, 30), n).astype(float)
    return points, times, float(2 ** rng.integers(0, 3)), float(2 ** rng.integers(0, 3)), int(rng.integers(1, 7))


@pytest.mark.parity
def test_st_dbscan_gives_the_labels_of_the_full_matrix():
    """eps are powers of two: dividing by them is exact, so both sides see the same ties."""
    ours, theirs, cores = [], [], []
    for seed in range(150):
        points, times, *chosen = scattered(seed)
        found = st_dbscan(points, times, *chosen)
        labels, core = by_matrix(points, times, *chosen)
        ours.append(found.labels)
        theirs.append(labels)
        cores.append(np.array_equal(core, found.core))
    assert all(cores)
    agree("Clusters", "ST-DBSCAN labels, 150 sets with ties", np.concatenate(ours), np.concatenate(theirs),
          source=f"{SKLEARN} DBSCAN(metric='precomputed')")  # fmt: skip


@pytest.mark.parity
def test_dbscan_agrees_with_scikit_learn_and_r(root):
    golden = pd.read_csv(root / "tests" / "golden" / "clusters_points.csv")
    points = golden[["x", "y"]].to_numpy(float)
    found = dbscan(points, 80, 6)
    agree("Clusters", "DBSCAN core points", found.core, golden["core"].to_numpy(),
          source="R dbscan (tests/oracles/clusters.R)")  # fmt: skip
    same = adjusted_rand_score(golden["cluster"][found.core], found.labels[found.core])
    agree("Clusters", "DBSCAN clusters of core points, adjusted Rand index", same, 1.0,
          source="R dbscan (tests/oracles/clusters.R)")  # fmt: skip
    np.testing.assert_array_equal(golden["cluster"] == 0, found.labels < 0)
    order = np.lexsort(points.T[::-1])
    agree("Clusters", "DBSCAN labels, 263 points", found.labels[order],
          DBSCAN(eps=80, min_samples=6).fit(points[order]).labels_, source=SKLEARN)  # fmt: skip
    flat = st_dbscan(points, np.zeros(len(points)), 80, 1, 6)
    np.testing.assert_array_equal(flat.labels, found.labels)


@pytest.mark.parity
def test_hdbscan_agrees_with_scikit_learn(root):
    points = pd.read_csv(root / "tests" / "golden" / "clusters_points.csv")[["x", "y"]].to_numpy(float)
    found = hdbscan(points, 12, 6)
    theirs = HDBSCAN(min_cluster_size=12, min_samples=6, copy=True).fit(points).labels_
    same = adjusted_rand_score(theirs, found.labels)
    agree("Clusters", "HDBSCAN, adjusted Rand index", same, 1.0, source=SKLEARN, within=0.02)
    assert found.n_clusters == theirs.max() + 1 > 2


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    points, times, *chosen = scattered(seed)
    order = np.random.default_rng(seed).permutation(len(points))
    for find in (
        lambda p, t: st_dbscan(p, t, *chosen),
        lambda p, t: dbscan(p, chosen[0], chosen[2]),
        lambda p, t: hdbscan(p, 5),
    ):
        straight, turned = find(points, times), find(points[order], times[order])
        np.testing.assert_array_equal(turned.labels, straight.labels[order])
        np.testing.assert_array_equal(turned.core, straight.core[order])


@given(st.integers(0, 10_000))
def test_what_st_dbscan_says_is_its_definition(seed):
    points, times, distance, days, least = scattered(seed)
    found = st_dbscan(points, times, distance, days, least)
    near = ((points[:, None] - points) ** 2).sum(axis=-1) <= distance**2
    near &= np.abs(times[:, None] - times) <= days
    np.testing.assert_array_equal(found.core, near.sum(axis=1) >= least)
    together = near & found.core & found.core[:, None]
    assert (found.labels[together.nonzero()[0]] == found.labels[together.nonzero()[1]]).all()
    for i in np.flatnonzero(~found.core):
        reached = found.labels[near[i] & found.core]
        assert found.labels[i] == (reached.min() if len(reached) else -1)
    assert set(found.labels[found.core]) == set(range(found.n_clusters))


def test_a_pile_at_one_address_is_split_by_time_alone():
    n = 20_000
    times = np.concatenate([np.linspace(0, 5, n), np.linspace(20, 25, n)])
    found = st_dbscan(np.full((2 * n, 2), 1e6), times, 100, 3, 10)
    np.testing.assert_array_equal(found.labels, np.repeat([0, 1], n))
    assert found.core.all()
    assert dbscan(np.full((2 * n, 2), 1e6), 100, 10).n_clusters == 1


def test_datetimes_and_days_say_the_same_and_the_last_moment_counts():
    points, days = np.zeros((6, 2)), np.array([0, 3, 6, 9.0, 20, 23])
    moments = np.datetime64("2024-01-01T08:00") + (days * 24).astype("timedelta64[h]")
    for times in (days, moments, moments.astype("datetime64[ns]")):
        np.testing.assert_array_equal(st_dbscan(points, times, 1, 3, 2).labels, [0, 0, 0, 0, 1, 1])
    late = moments + np.array([0, 0, 0, 1, 0, 0], dtype="timedelta64[s]")
    np.testing.assert_array_equal(st_dbscan(points, late, 1, 3, 2).labels, [0, 0, 0, -1, 1, 1])


def test_no_points_are_no_clusters():
    nothing = np.zeros((0, 2))
    assert st_dbscan(nothing, np.zeros(0), 1, 1, 2).n_clusters == 0
    assert dbscan(nothing, 1, 2).n_clusters == 0
    assert hdbscan(np.zeros((3, 2)), 5).labels.tolist() == [-1, -1, -1]


def test_many_points_at_one_place_break_no_hdbscan():
    rng = np.random.default_rng(0)
    points = np.concatenate([np.zeros((200, 2)), rng.normal(500, 20, (60, 2)), rng.uniform(0, 1000, (40, 2))])
    found = hdbscan(points, 20)
    assert len(set(found.labels[:200])) == 1
    assert found.labels[0] >= 0
    assert found.n_clusters >= 2


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: dbscan(np.array([[0, np.nan]]), 1, 2), "finite coordinates in metres.*Leave out rows"),
        (lambda: st_dbscan(np.zeros((2, 2)), np.zeros(1), 1, 1, 2), "one time for each of 2 points"),
        (lambda: st_dbscan(np.zeros((1, 2)), np.array(["NaT"], "M8[s]"), 1, 1, 2), "none missing"),
        (lambda: st_dbscan(np.zeros((1, 2)), np.zeros(1), 0, 1, 2), "distance must be above 0.*200 m"),
        (lambda: hdbscan(np.zeros((50_001, 2)), 5), "at most 50000 points.*use dbscan"),
    ],
)
def test_what_cannot_be_used_says_what_to_do(call, told):
    with pytest.raises(InputError, match=told):
        call()
