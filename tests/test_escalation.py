"""Does one class lead another: planted leads, calm nulls, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from gridbeacon.errors import InputError
from gridbeacon.models.escalation import find_escalation
from hypothesis import given
from hypothesis import strategies as st

STREET = 2


def rhythm(rng: np.random.Generator, n_times: int = 104, n_units: int = 15, mean: float = 3.0) -> np.ndarray:
    """Counts of uneven units with persistence of their own and a season that all share."""
    level, log = rng.normal(0, 0.5, n_units), np.zeros((n_times, n_units))
    for t in range(1, n_times):
        log[t] = 0.6 * log[t - 1] + rng.normal(0, 0.35, n_units)
    season = 0.5 * np.sin(2 * np.pi * np.arange(n_times) / 52)[:, None]
    return rng.poisson(mean * np.exp(level + log + season)).astype(float)


def led_by(disputes: np.ndarray, lag: int, rng: np.random.Generator, strength: float = 0.4) -> np.ndarray:
    earlier = np.concatenate([np.tile(disputes.mean(axis=0), (lag, 1)), disputes[:-lag]])
    return rng.poisson(1 + strength * earlier).astype(float)


@pytest.mark.parametrize("lag", [1, 3, 6])
def test_a_planted_lead_is_found_with_its_time(lag):
    rng = np.random.default_rng(lag)
    disputes = rhythm(rng)
    violence = led_by(disputes, lag, rng)
    found = find_escalation(disputes, violence, STREET, STREET, max_lag=8, replicates=199)
    assert (found.verdict, found.lead) == ("leads", lag)
    assert found.p_any == pytest.approx(1 / 200)
    assert found.reverse_p.min() > 0.05
    turned = find_escalation(violence, disputes, STREET, STREET, max_lag=8, replicates=199)
    assert turned.verdict != "leads"
    np.testing.assert_allclose(turned.reverse, found.association)


def test_shared_season_level_and_persistence_are_no_lead():
    """100 cities whose two classes share the season and nothing else: p over all lags is not too small."""
    p = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p.append(find_escalation(rhythm(rng), rhythm(rng), STREET, STREET, 6, 59, seed).p_any)
    assert np.mean(np.array(p) <= 0.05) <= 0.11  # P(more | 5 %) = 0.4 %
    assert np.mean(np.array(p) <= 0.5) <= 0.63
    assert np.mean(p) < 0.7


def test_units_that_move_together_need_shifts_together():
    """Shocks shared by halves of the city: shifts of each unit alone call too often, shifts in common do not."""
    alone, together = 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        halves = [np.repeat(rhythm(rng, 104, 2, 10.0), 6, axis=1) for _ in range(2)]
        disputes, violence = (rng.poisson(part).astype(float) for part in halves)
        alone += find_escalation(disputes, violence, STREET, STREET, 4, 59, seed).p_any <= 0.05
        groups = np.zeros(12, dtype=int)
        together += find_escalation(disputes, violence, STREET, STREET, 4, 59, seed, groups=groups).p_any <= 0.05
    assert together <= 5
    assert alone > together + 5


def test_two_classes_that_only_move_together_seldom_lead():
    """A driver with persistence that both follow in the same bin: associated at lag 1, both ways alike."""
    verdicts = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        moved = rhythm(rng, 104, 15, 4.0)
        found = find_escalation(rng.poisson(moved), rng.poisson(moved), STREET, STREET, 4, 59, seed)
        verdicts.append(found.verdict)
        assert found.together > found.association.max()
        assert found.verdict == "leads" or found.lead == 0
    assert verdicts.count("leads") <= 5
    assert "moves together" in verdicts


@given(st.permutations(range(6)))
def test_the_order_of_units_leaves_the_associations(order):
    rng = np.random.default_rng(0)
    disputes = rhythm(rng, 60, 6)
    violence = led_by(disputes, 2, rng)
    found, again = (
        find_escalation(disputes[:, o], violence[:, o], STREET, STREET, 4, 1) for o in (np.arange(6), np.array(order))
    )
    np.testing.assert_allclose(found.association, again.association)
    np.testing.assert_allclose(found.reverse, again.reverse)


def test_same_seed_same_answer_and_more_replicates_keep_the_first():
    rng = np.random.default_rng(0)
    disputes, violence = rhythm(rng, 60, 6), rhythm(rng, 60, 6)
    found, again = (find_escalation(disputes, violence, STREET, STREET, 4, 99, 5) for _ in range(2))
    np.testing.assert_array_equal(found.p, again.p)
    other = find_escalation(disputes, violence, STREET, STREET, 4, 99, 6)
    assert not np.array_equal(found.p, other.p)


def test_one_unit_alone_is_enough():
    rng = np.random.default_rng(1)
    disputes = rhythm(rng, 200, 1)
    assert find_escalation(disputes, led_by(disputes, 2, rng, 2.0), 0, STREET, 4, 199).lead == 2


@pytest.mark.parametrize(
    ("disputes", "verdict"),
    [(np.zeros((60, 5)), "no contrast"), (np.full((60, 5), 4.0), "no contrast"), (np.ones((20, 5)), "too few bins")],
)
def test_what_cannot_be_told_is_named(disputes, verdict):
    found = find_escalation(disputes, disputes, STREET, STREET, 8, 19)
    assert (found.verdict, found.lead, found.p_any) == (verdict, 0, 1.0)


def test_cells_below_the_street_are_refused():
    with pytest.raises(InputError, match=r"level 3 is below the streets \(level 2\).*Choose level 2"):
        find_escalation(np.ones((60, 5)), np.ones((60, 5)), 3, STREET)
    with pytest.raises(InputError, match="same bins and units"):
        find_escalation(np.ones((60, 5)), np.ones((60, 4)), STREET, STREET)
