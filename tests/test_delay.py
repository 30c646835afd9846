"""Reporting delay and nowcast: R surveillance's numbers, truncation that biases nothing, honest intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gridbeacon.models.delay import nowcast, reporting_delay
from hypothesis import given
from hypothesis import strategies as st
from parity import agree

GOLDEN = Path(__file__).parent / "golden"
DAYS, LONGEST = 90, 14
SHARES = np.array([0.5, 0.2, 0.15, 0.1, 0.05])


@pytest.fixture(scope="module")
def reports() -> pd.DataFrame:
    """Simulated by tests/oracles/delay.R: day, delay, count, also of reports that were still to come."""
    return pd.read_csv(GOLDEN / "delay_reports.csv")


def delay_of(reports: pd.DataFrame, end: int = DAYS):
    return reporting_delay(reports["day"], reports["day"] + reports["delay"], reports["count"], end, LONGEST)


@pytest.mark.parity
def test_completeness_is_that_of_surveillance(reports):
    golden = pd.read_csv(GOLDEN / "delay_lawless.csv")
    share, _ = delay_of(reports).completeness(golden["age"].to_numpy())
    what, source = "completeness of the last 15 days", "R surveillance 1.20.3, nowcast(method='lawless')"
    agree("Reporting delay", what, share, golden["share"].to_numpy(), source=source, within=1e-12)
    found = nowcast(golden["observed"].to_numpy(), golden["age"].to_numpy(), delay_of(reports))
    theirs = (golden["observed"] / golden["share"]).to_numpy()
    agree("Reporting delay", "expected in the end", found.expected, theirs, source=source, within=1e-9)


@pytest.mark.parity
def test_limits_are_those_of_the_bayesian_nowcast(reports):
    """A generalised Dirichlet posterior of the delay, sampled 2,000 times, and a nearly flat prior: within one case."""
    golden = pd.read_csv(GOLDEN / "delay_bayes.csv")
    lawless = pd.read_csv(GOLDEN / "delay_lawless.csv")
    found = nowcast(lawless["observed"].to_numpy(), lawless["age"].to_numpy(), delay_of(reports))
    source = "R surveillance 1.20.3, nowcast(method='bayes.trunc')"
    for name, mine in (("low", found.low), ("high", found.high), ("median", found.expected)):
        agree(
            "Reporting delay", f"nowcast, {name}", mine, golden[name].to_numpy(float), source=source, within=1.0
        )  # fmt: skip


@pytest.mark.parity
def test_hazards_are_the_chain_ladders(reports):
    """Development factors of the textbook: column d + 1 cumulated over column d, over the days that know both."""
    delay = delay_of(reports)
    table = reports.pivot_table(index="day", columns="delay", values="count", fill_value=0)
    table = table.reindex(index=range(DAYS), columns=range(LONGEST + 1), fill_value=0).cumsum(axis=1).to_numpy()
    factors = [table[: DAYS - d, d].sum() / table[: DAYS - d, d - 1].sum() for d in range(1, LONGEST + 1)]
    mine, source = 1 / (1 - delay.hazard[1:]), "chain ladder, computed from the triangle"
    agree("Reporting delay", "development factors", mine, np.array(factors), source=source, within=1e-12)


def triangle(rng: np.random.Generator, mean: float, days: int) -> pd.DataFrame:
    counts = rng.poisson(mean * SHARES, (days, len(SHARES)))
    day, delay = np.nonzero(counts)
    return pd.DataFrame({"day": day, "delay": delay, "count": counts[day, delay]})


def test_what_is_still_to_come_biases_nothing():
    """The same shares from a triangle cut off at its last day as from the delays it was drawn from."""
    reports = triangle(np.random.default_rng(4), 200.0, 60)
    delay = reporting_delay(reports["day"], reports["day"] + reports["delay"], reports["count"], 60, 4)
    np.testing.assert_allclose(delay.share, np.cumsum(SHARES), atol=0.01)
    low, high = delay.interval(np.arange(5))
    assert ((low <= np.cumsum(SHARES) + 1e-12) & (np.cumsum(SHARES) <= high + 1e-12)).all()


def test_later_reports_change_nothing():
    reports = triangle(np.random.default_rng(5), 40.0, 80)
    known = reports[reports["day"] + reports["delay"] < 60]
    one, two = (reporting_delay(r["day"], r["day"] + r["delay"], r["count"], 60, 4) for r in (reports, known))
    np.testing.assert_array_equal(one.share, two.share)


def test_limits_hold_what_comes_as_often_as_they_say():
    """300 triangles of 12 a day: the 95 % limits of the last two days hold the truth at least 92 % of the time."""
    rng, held = np.random.default_rng(6), []
    for _ in range(300):
        reports = triangle(rng, 12.0, 50)
        delay = reporting_delay(reports["day"], reports["day"] + reports["delay"], reports["count"], 50, 4)
        seen = reports[reports["day"] + reports["delay"] < 50].groupby("day")["count"].sum()
        truth = reports.groupby("day")["count"].sum()
        last = [48, 49]
        found = nowcast(seen.reindex(last, fill_value=0), np.array([1, 0]), delay)
        held += list(
            (found.low <= truth.reindex(last, fill_value=0)) & (truth.reindex(last, fill_value=0) <= found.high)
        )
    assert 0.92 <= np.mean(held) <= 1.0


def test_a_share_from_few_incidents_makes_wider_limits():
    """A delay told by 40 incidents against one told by 40,000: the same hundred of today, half as wide again."""
    width = []
    for scale in (1, 1000):
        days = np.repeat(np.arange(20), 2)
        late = np.tile([0, 1], 20)
        delay = reporting_delay(days, days + late, np.full(40, scale), 21, 1)
        found = nowcast(np.array([100]), np.array([0]), delay)
        width.append(float(found.high[0] - found.low[0]))
    assert width[0] > 1.5 * width[1]


@given(st.integers(0, 500), st.integers(0, 20))
def test_a_nowcast_never_falls_below_what_is_there(observed, age):
    reports = triangle(np.random.default_rng(7), 5.0, 30)
    delay = reporting_delay(reports["day"], reports["day"] + reports["delay"], reports["count"], 30, 4)
    found = nowcast(np.array([observed]), np.array([age]), delay)
    assert observed <= found.low[0] <= found.high[0] and np.isfinite(found.expected[0])
    if age >= 4:
        assert found.low[0] == found.high[0] == observed


def test_nothing_late_is_complete_at_once():
    days = np.arange(40)
    delay = reporting_delay(days, days, np.full(40, 3), 40, 5)
    assert (delay.share == 1).all() and (delay.variance == 0).all()


def test_an_empty_record_tells_nothing_and_does_not_fail():
    none = np.zeros(0, dtype=int)
    delay = reporting_delay(none, none, none, 40, 5)
    found = nowcast(np.array([0.0]), np.array([0]), delay)
    assert np.isfinite(found.high).all() and (delay.share == 1).all()
