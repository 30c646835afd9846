"""The tail learned on null days: found again, monotone, with intervals that cover, and thresholds of a target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gridbeacon.models.early_warning import (
    Marks,
    NullEpisodes,
    Tail,
    fit_tail,
    level_rates,
    orange_days_for,
)
from hypothesis import given
from hypothesis import strategies as st

SLOPES = st.floats(0.4, 1.6)


@given(SLOPES, st.floats(0.01, 1.0), st.floats(11.0, 1e6))
def test_the_tail_is_monotone_and_its_inverse_is_one(slope, per_day, nominal):
    tail = Tail(10.0, per_day, slope)
    assert tail.nominal(float(tail.recurrence(nominal))) == pytest.approx(nominal, rel=1e-6)
    assert tail.recurrence(2 * nominal) > tail.recurrence(nominal)


@pytest.mark.parametrize("slope", [0.6, 1.0, 1.4])
def test_the_tail_is_found_again_although_it_is_cut_off(slope):
    """A Pareto sample drawn by numpy, cut off at 365: the slope comes back, and the rate beyond the cut too."""
    rng = np.random.default_rng(2)
    nominal = 10.0 * (1 + rng.pareto(slope, 6000))
    tail = fit_tail(nominal, 20_000.0, np.ones(6000), 10.0, 365.0)
    assert tail.slope == pytest.approx(slope, rel=0.08)
    assert tail.rate(10.0) == pytest.approx(0.3, rel=0.05)
    assert tail.rate(1825.0) == pytest.approx(0.3 * 182.5**-slope, rel=0.35)


def test_few_episodes_leave_the_slope_nominal():
    assert fit_tail(np.array([12.0, 40.0]), 1000.0, np.ones(2), 10.0, 365.0).slope == 1.0


MARKS = Marks(365.0, 90.0, 365.0, 1825.0)


def episodes(rng, days=10_000.0, slope=0.7, at_ten=0.05, passing=0.8):
    """Walks through null days whose truth is known: Pareto recurrences, a share that passes further conditions."""
    n = rng.poisson(at_ten * days)
    nominal = 10.0 * (1 + rng.pareto(slope, n))
    origin = np.zeros((n, 20))
    origin[np.arange(n), rng.integers(0, 20, n)] = 1.0
    passes = rng.random(n) < passing
    plain = np.select([nominal >= 90, nominal >= 30], [1, 0], -1)
    own = lambda level: NullEpisodes(nominal, level, origin)  # noqa: E731
    walks = {name: own(plain) for name in ("tail", "plan", "lasting")}
    walks["orange"] = own(np.where(passes & (nominal >= 90), 2, plain))
    walks["red"] = own(np.where(passes & (nominal >= 90), 3, plain))
    return walks, {"red": 7 * passing * at_ten * (1825 / 10) ** -slope, "blue": 7 * at_ten * (3**-slope - 9**-slope)}


def test_intervals_cover_the_truth():
    """Two hundred histories drawn anew: the 95 % intervals hold the true rates about as often as they say."""
    held = {"red": 0, "blue": 0}
    for seed in range(200):
        walks, truth = episodes(np.random.default_rng([8, seed]))
        nominal = walks["tail"].nominal
        tail = fit_tail(nominal, 10_000.0, np.ones(len(nominal)), 10.0, 365.0)
        rates = level_rates(walks, 10_000.0, tail, MARKS)
        for level in held:
            held[level] += rates[level].low <= truth[level] <= rates[level].high
    assert held["red"] >= 180 and held["blue"] >= 180


def test_thresholds_meet_their_target():
    walks, _ = episodes(np.random.default_rng(4))
    tail = fit_tail(walks["tail"].nominal, 10_000.0, np.ones(len(walks["tail"].nominal)), 10.0, 365.0)
    orange = orange_days_for(walks, 10_000.0, tail, MARKS, 0.01)
    rates = level_rates(walks, 10_000.0, tail, replace(MARKS, orange=orange, red=orange * MARKS.red / MARKS.orange))
    assert rates["orange"].per_week + rates["red"].per_week == pytest.approx(0.01, rel=1e-6)


def test_a_target_below_what_lasting_alone_gives_has_no_threshold():
    walks, _ = episodes(np.random.default_rng(4))
    walks["lasting"] = replace(walks["lasting"], level=np.full(len(walks["lasting"].level), 2))
    tail = fit_tail(walks["tail"].nominal, 10_000.0, np.ones(len(walks["tail"].nominal)), 10.0, 365.0)
    assert np.isnan(orange_days_for(walks, 10_000.0, tail, MARKS, 0.001))
