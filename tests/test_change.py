"""Change points of counts: exact under the penalty, significant only where something changed."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from gridbeacon.models.anomaly import find_changes
from gridbeacon.models.anomaly.change import estimate_size
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats


def cost(segment: np.ndarray, exposure: np.ndarray, size: float) -> float:
    """-2 log likelihood at the segment's own level, by scipy."""
    level = max(segment.sum() / exposure.sum(), 1e-300) * exposure
    law = stats.poisson(level) if math.isinf(size) else stats.nbinom(size, size / (size + level))
    return float(-2 * law.logpmf(segment).sum())


def cheapest(counts: np.ndarray, exposure: np.ndarray, size: float, penalty: float, least: int) -> float:
    """The cost of the best of all segmentations: of every end the best, by every start of the last segment."""
    best = {0: -penalty}
    for end in range(least, len(counts) + 1):
        starts = [start for start in best if end - start >= least]
        best[end] = min(best[s] + cost(counts[s:end], exposure[s:end], size) + penalty for s in starts)
    return best[len(counts)]


@settings(max_examples=60)
@example([0, 9, 7, 5, 1, 2, 7, 0, 1, 5, 5, 5], math.inf, 2.0, 2, False)  # wrong if starts are dropped at once
@example([1, 1, 6, 3, 6, 6, 1, 4, 3, 0, 0, 5, 7], math.inf, 2.0, 3, False)
@given(
    st.lists(st.integers(0, 12), min_size=8, max_size=24),
    st.sampled_from([math.inf, 2.0]),
    st.floats(0.5, 8),
    st.integers(1, 8),
    st.booleans(),
)
def test_the_segmentation_is_the_best_of_all(counts, size, penalty, least, uneven):
    series = np.array(counts)
    uneven = uneven and math.isinf(size)
    exposure = np.linspace(0.5, 2, len(series)) if uneven else np.ones(len(series))
    found = find_changes(series, exposure if uneven else None, size, penalty, least, replicates=1)
    edges = [0, *(change.index for change in found), len(series)]
    ours = sum(cost(series[a:b], exposure[a:b], size) for a, b in itertools.pairwise(edges)) + penalty * len(found)
    assert min(np.diff(edges)) >= min(least, len(series))
    assert ours == pytest.approx(cheapest(series, exposure, size, penalty, least), abs=1e-6)


def test_two_planted_changes_are_found_with_their_sizes():
    rng = np.random.default_rng(3)
    levels = np.repeat([4.0, 9.0, 2.0], [90, 60, 70])
    found = find_changes(rng.poisson(levels))
    assert len(found) == 2
    assert abs(found[0].index - 90) <= 3 and abs(found[1].index - 150) <= 3
    assert found[0].ratio == pytest.approx(9 / 4, rel=0.2) and found[1].after == pytest.approx(2, rel=0.2)
    assert all(change.p_value == 0.001 for change in found)


def test_what_the_exposure_explains_is_no_change():
    """Half the channel closed from day 140 on, and weekends."""
    weekday = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.6, 0.4])[np.arange(280) % 7]
    exposure = weekday * np.where(np.arange(280) < 140, 1.0, 0.5)
    counts = np.random.default_rng(8).poisson(10 * exposure)
    assert find_changes(counts, exposure) == []
    (found,) = find_changes(counts, weekday, replicates=99)
    assert abs(found.index - 140) <= 3


def test_dispersion_told_keeps_bursts_from_being_changes():
    rng = np.random.default_rng(5)
    counts = rng.negative_binomial(1.5, 1.5 / 11.5, 300)
    size = estimate_size(counts)
    assert size == pytest.approx(1.5, rel=0.35)
    assert len(find_changes(counts, size=size, replicates=99)) == 0
    assert len(find_changes(counts, replicates=1)) > 3


def test_p_values_of_a_calm_series_are_not_anti_conservative():
    """Without a penalty a split is always found; its p pays for the choice of place."""
    rng, low, looks = np.random.default_rng(6), 0, 0
    for _ in range(120):
        found = find_changes(rng.poisson(3.0, 40), penalty=0.0, least=20, replicates=99)
        low, looks = low + sum(change.p_value <= 0.1 for change in found), looks + 1
    assert low <= looks * 0.1 + 3 * np.sqrt(looks * 0.09)


def test_the_same_seed_gives_the_same_and_short_or_even_series_are_calm():
    counts = np.r_[np.full(30, 2), np.full(30, 3)]
    assert find_changes(counts, penalty=1.0) == find_changes(counts, penalty=1.0)
    assert find_changes(np.full(60, 4)) == find_changes(np.zeros(60)) == find_changes(np.array([1, 9])) == []


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="exposures and size"):
        find_changes(np.ones(20), np.zeros(20))
    with pytest.raises(ValueError, match="Poisson only"):
        find_changes(np.ones(20), np.ones(20), size=2.0)
