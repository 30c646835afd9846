"""Control charts of counts: R's values to the last digit, run lengths, and tails that are never anti-conservative."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.models.anomaly import NegativeBinomialCusum, NegativeBinomialGlr
from gridbeacon.models.anomaly.baseline import Baseline
from gridbeacon.models.anomaly.charts import cusum, glr
from gridbeacon.models.anomaly.cusum import _SHAPES, _mixture_cusum, _rate_nodes
from gridbeacon.models.anomaly.run_length import glr_run_lengths, run_length, solve_glr_threshold, solve_threshold
from hypothesis import given
from hypothesis import strategies as st
from parity import agree
from scipy import optimize, stats
from test_anomaly import cube_of

GOLDEN = Path(__file__).parent / "golden"
SURVEILLANCE = "R surveillance 1.20.3"
CHARTS = [NegativeBinomialCusum, NegativeBinomialGlr]
every_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.__name__)


@pytest.fixture(scope="module")
def golden() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cusum_charts.csv").astype(float)


def column(table: pd.DataFrame, name: str) -> np.ndarray:
    return table[name].to_numpy(float)[:, None]


@pytest.mark.parity
def test_cusum_is_that_of_r(golden):
    x, mean, flat = (column(golden, name) for name in ("observed", "mu0", "flat"))
    rounds = {
        "lr_poisson": (cusum(x, mean, 1.5, threshold=5), 5, "Poisson, ratio 1.5, uneven mean"),
        "lr_nb": (cusum(x, mean, 1.5, 5.0, threshold=5), 5, "negative binomial, ratio 1.5, uneven mean"),
        "lr_flat": (cusum(flat, 0.6, 2.0, threshold=4), 4, "Poisson, ratio 2, mean 0.6"),
    }
    for name, ((ours, _), threshold, what) in rounds.items():
        agree("CUSUM and GLR", f"CUSUM, {what}, 120 bins", ours[:, 0], golden[name],
              within=1e-12, source=f"{SURVEILLANCE} glrnb(theta)")  # fmt: skip
        assert ((ours[:, 0] >= threshold) == golden[f"{name}_alarm"]).all()


@pytest.mark.parity
def test_glr_is_that_of_r(golden):
    x, mean, flat = (column(golden, name) for name in ("observed", "mu0", "flat"))
    rounds = {
        "glr_flat": (glr(flat, 0.6, reach=None)[0], 1e-12, "Poisson, all windows"),
        "glr_poisson": (glr(x, mean, reach=29, least=2)[0], 1e-12, "Poisson, windows of 2 to 29 bins (R: M = 28)"),
        "glr_poisson_alarms": (glr(x, mean, reach=29, least=2, threshold=6)[0], 1e-12, "the same, restarted at 6"),
        "glr_nb": (glr(x, 4.0, 5.0, reach=29)[0], 1e-12, "negative binomial, even mean"),
        "glr_nb_uneven": (glr(x, mean, 5.0, reach=29)[0], 1e-6, "negative binomial, uneven mean (R stops at 1e-6)"),
    }
    for name, (ours, within, what) in rounds.items():
        agree("CUSUM and GLR", f"GLR, {what}, 120 bins", ours[:, 0], golden[name], within=within,
              source=f"{SURVEILLANCE} glrnb")  # fmt: skip


@pytest.mark.parity
def test_run_lengths_are_those_of_r():
    table = pd.read_csv(GOLDEN / "cusum_run_lengths.csv")
    ours = [
        run_length(row["mean"], row.ratio, row.h, row["size"], row["mean"] * row.true, int(row.g), int(row.most))
        for _, row in table.iterrows()
    ]
    agree("CUSUM and GLR", f"run lengths (ARL0 and ARL1) of {len(table)} charts", ours, table.arl, within=1e-9,
          relative=True, source=f"{SURVEILLANCE} LRCUSUM.runlength")  # fmt: skip


def test_run_length_is_that_of_simulated_charts():
    rng = np.random.default_rng(5)
    threshold = solve_threshold(2.0, 2.0, 100)
    for rate in (2.0, 3.0):
        signals = (cusum(rng.poisson(rate, (4000, 100)), 2.0, 2.0, threshold=threshold)[0] >= threshold).sum()
        assert run_length(2.0, 2.0, threshold, true_mean=rate) == pytest.approx(400_000 / signals, rel=0.1)


@pytest.mark.parametrize(("mean", "size"), [(0.05, np.inf), (0.5, 2.0), (4.0, np.inf), (20.0, 5.0)])
def test_the_threshold_solved_gives_the_run_length_and_lies_below_lordens_bound(mean, size):
    threshold = solve_threshold(mean, 2.0, 365, size, states=60)
    assert threshold <= np.log(365)
    assert run_length(mean, 2.0, threshold, size, states=60) >= 365
    if threshold > 1e-3:
        assert run_length(mean, 2.0, threshold - 1e-3, size, states=60) <= 365 * 1.05


def test_simulated_run_lengths_of_the_glr_hold_what_the_threshold_promises():
    threshold = solve_glr_threshold(2.0, 90, runs=400)
    lengths = glr_run_lengths(2.0, threshold, horizon=2000, runs=300, random_state=1)
    assert lengths.mean() == pytest.approx(90, rel=0.2)
    assert glr_run_lengths(2.0, threshold, true_mean=6.0, runs=100).mean() < 5
    np.testing.assert_array_equal(lengths[:50], glr_run_lengths(2.0, threshold, horizon=2000, runs=50, random_state=1))


def brute_glr(counts: np.ndarray, mean: float, reach: int) -> float:
    windows = [(counts[-n:].sum(), n * mean) for n in range(1, min(reach, len(counts)) + 1)]
    law = stats.poisson
    return max(law.logpmf(y, max(y, m)) - law.logpmf(y, m) for y, m in windows)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 12), st.floats(0.1, 5))
def test_glr_is_the_best_of_all_windows(counts, reach, mean):
    series = np.array(counts, dtype=float)
    found = glr(series[:, None], mean, reach=reach)[0][-1, 0]
    assert found == pytest.approx(max(brute_glr(series, mean, reach), 0.0), abs=1e-9)


def test_the_negative_binomial_glr_far_from_its_mean_is_the_maximum_scipy_finds():
    """Where R's Newton iteration runs away; uneven means too, so that ours iterates as well."""
    counts = np.array([0, 0, 2, 0, 9.0])
    for mean in (np.full(5, 0.02), np.array([0.01, 0.02, 0.04, 0.01, 0.03])):
        best = 0.0
        for n in range(1, 6):
            window, calm = counts[-n:], mean[-n:]

            def loss(kappa, window=window, calm=calm):
                moved = calm * np.exp(kappa)
                rise = stats.nbinom.logpmf(window, 5, 5 / (5 + moved)) - stats.nbinom.logpmf(window, 5, 5 / (5 + calm))
                return -rise.sum()

            best = max(best, -optimize.minimize_scalar(loss, bounds=(0, 12), method="bounded").fun)
        assert glr(counts[:, None], mean[:, None], 5.0)[0][-1, 0] == pytest.approx(best, rel=1e-6)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.floats(1.2, 6))
def test_a_sure_baseline_and_one_ratio_make_the_mixture_the_classical_cusum(counts, ratio):
    """Where the rate is known and the variance Poisson's, the model's statistic is Page's chart."""
    series = np.array(counts, dtype=float)[:, None]
    nodes, weights = _rate_nodes()
    ones = np.ones(len(series))
    found, _ = _mixture_cusum(
        series, np.zeros(len(series), dtype=np.int64), ones, np.array([1.5]), np.array([len(_SHAPES) - 1]), nodes,
        weights, np.array([ratio]), 0.0, 1e-9,
    )  # fmt: skip
    assert found[0] == pytest.approx(cusum(series, 1.5, ratio)[0][-1, 0], abs=2e-3)


def test_the_nodes_have_the_moments_of_their_gamma():
    nodes, weights = _rate_nodes()
    for power, moment in ((0, 1.0), (1, 1.0), (2, 1 + 1 / _SHAPES)):
        np.testing.assert_allclose((weights * nodes**power).sum(axis=1), moment * np.ones(len(_SHAPES)), rtol=1e-8)


NULLS = {
    "Poisson .02": lambda rng: rng.poisson(0.02, (220, 120)),
    "Poisson 2": lambda rng: rng.poisson(2.0, (220, 120)),
    "uneven Poisson": lambda rng: rng.poisson(rng.gamma(0.5, 1.0, 120), (220, 120)),
    "negative binomial": lambda rng: rng.negative_binomial(1.0, 1 / 7, (220, 120)),
    "weekdays": lambda rng: rng.poisson(
        3 * np.array([1, 1, 1, 1, 1.2, 0.5, 0.4])[np.arange(220) % 7][:, None], (220, 120)
    ),
}


@every_chart
@pytest.mark.parametrize("null", NULLS)
def test_tails_are_not_anti_conservative(chart, null):
    """P(p <= a) at most a on calm cities. A run of bins shares its past, so 120 cells count and not every bin."""
    cube = cube_of(NULLS[null](np.random.default_rng(11)))
    log_p = chart().fit(cube).log_p(cube)[115:]
    for level in (0.2, 0.05, 0.01, 0.001):
        assert (log_p <= np.log(level)).mean() <= level + 3 * np.sqrt(level / (120 * 4)) * (level < 0.01)


@every_chart
def test_units_in_control_signal_no_more_often_than_promised(chart):
    """Signals that begin on a day, of 2,400 units in control: at most one in 30 days, by four binomial deviations."""
    rng, begun, looks = np.random.default_rng(2), 0, 6 * 400
    for _ in range(6):
        cube = cube_of(rng.poisson(rng.gamma(1.0, 1.0, 400), (120, 400)))
        model = chart(run_length_days=30).fit(cube)
        before, now = (model.details(cube.between(0, end))["alarm"] == 1 for end in (119, 120))
        begun += (now & ~before).sum()
    assert begun <= looks / 30 + 4 * np.sqrt(looks / 30)


@every_chart
def test_a_slow_rise_is_seen_with_its_beginning(chart):
    rng = np.random.default_rng(4)
    counts = rng.poisson(2.0, (200, 60))
    counts[186:, 7] += 4
    cube = cube_of(counts)
    model = chart().fit(cube)
    log_p, told = model.log_p(cube)[-1], model.details(cube)
    assert log_p.argmin() == 7 and log_p[7] < np.log(1e-6)
    assert told["alarm"][7] and told["statistic"][7] > told["threshold"][7]
    began = np.datetime64(told["change_start"][7]) - cube.bins[186]
    assert abs(began / np.timedelta64(1, "D")) <= 3
    assert told["observed"][7] > 1.5 * told["expected"][7]


def test_incomplete_days_are_neither_judged_nor_learned_from():
    counts = np.random.default_rng(6).poisson(3.0, (180, 20))
    valid = np.ones(180, dtype=bool)
    valid[[100, 140, 170]] = False
    wild = counts.copy()
    wild[~valid] = 500
    calm, loud = (cube_of(c, valid=valid) for c in (counts, wild))
    for chart in CHARTS:
        np.testing.assert_array_equal(chart().fit(calm).log_p(calm)[valid], chart().fit(loud).log_p(loud)[valid])
        assert (chart().fit(loud).log_p(loud)[~valid] == 0).all()


def test_a_baseline_is_what_lies_before_its_window():
    """Levels by hand: two units of one group, 84 days before a 28-day window."""
    counts = np.random.default_rng(8).poisson(2.0, (160, 1))
    cube = cube_of(counts)
    state = list(Baseline(cube, 84, 28, 28).walk())[-1]
    assert state.bin == 159 and state.ready
    seen = counts[160 - 28 - 84 : 160 - 28].sum()
    assert state.level[0] == pytest.approx((seen + 0.5) / 84, rel=0.02)  # weekday factors are 1 but for their noise


def test_a_window_out_of_bounds_says_what_to_do():
    with pytest.raises(InputError, match=r"reach must be at least 1 bins .* not 0.*default is 28"):
        NegativeBinomialCusum(reach=0).fit(cube_of(np.zeros((30, 2))))
    with pytest.raises(ValueError, match="ratio"):
        cusum(np.ones((3, 1)), 1.0, 1.0)
    with pytest.raises(ValueError, match="in-control means"):
        glr(np.ones((3, 1)), 0.0)
