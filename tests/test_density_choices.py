"""Bandwidth selectors, adaptive surfaces and relative risk against spatstat, sparr and the direct sum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gridbeacon.models.density import (
    StudyArea,
    abramson_bandwidths,
    adaptive_surface,
    density_surface,
    diggle_bandwidth,
    likelihood_bandwidth,
    likelihood_criterion,
    nearest_bandwidths,
    relative_risk,
    scott_bandwidth,
)
from parity import agree
from scipy.stats import kstest, norm

GOLDEN = Path(__file__).parent / "golden"
SPATSTAT, SPARR = "R spatstat.explore 3.0-6", "R sparr 2.2-17"
STUDY = StudyArea((0.0, 0.0, 8000.0, 8000.0), 62.5)
MASKED = StudyArea(STUDY.bounds, 62.5, np.ones((128, 128), dtype=bool))


def _golden(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / f"density_{name}.csv")


def _points(case: int) -> np.ndarray:
    table = _golden("points")
    return table.loc[table["case"] == case, ["x", "y"]].to_numpy() * 1000


CASES, CONTROLS = _points(1), _points(0)


def _at(surface: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    return surface[STUDY.pixel_of(table[["x", "y"]].to_numpy() * 1000)]


def _edge(v: np.ndarray, bandwidth: np.ndarray | float) -> np.ndarray:
    """The part of a gaussian at *v* km that lies between 0 and 8 km."""
    return norm.cdf((8 - v) / bandwidth) - norm.cdf(-v / bandwidth)


@pytest.mark.parity
@pytest.mark.parametrize("kernel", ["gaussian", "quartic"])
def test_likelihood_criterion(kernel):
    golden = _golden("bandwidths").set_index("what")["value"]
    prefix, wide = ("ppl_", 1.0) if kernel == "gaussian" else ("ppl_quartic_", np.sqrt(8))
    sigma = [float(name.removeprefix(prefix)) for name in golden.index if name.removeprefix(prefix)[0].isdigit()]
    theirs = golden[[f"{prefix}{s:g}" for s in sigma]].to_numpy()
    ours = likelihood_criterion(CASES, np.array(sigma) * 1000 * wide, kernel, StudyArea(STUDY.bounds, 31.25))
    ours = ours + len(CASES) * np.log(1e6)  # per km², as theirs
    finite = np.isfinite(theirs)
    assert np.array_equal(np.isfinite(ours), finite)
    assert ours.argmax() == theirs.argmax()
    agree(
        "Density",
        f"bw.ppl criterion, {kernel}, {finite.sum()} bandwidths",
        ours[finite],
        theirs[finite],
        source=SPATSTAT,
        within=0.08,
    )


@pytest.mark.parity
def test_diggle_and_scott_bandwidths():
    golden = _golden("bandwidths").set_index("what")["value"]
    theirs = golden["diggle"] * 1000
    for study in (STUDY, MASKED):  # the mask's set covariance is that of the rectangle
        ours = diggle_bandwidth(CASES, study, 2000.0)
        agree("Density", "bw.diggle, metres", ours, theirs, source=SPATSTAT, within=0.005, relative=True)
    scott = scott_bandwidth(CASES)
    agree("Density", "bw.scott, metres", scott, golden[["scott_x", "scott_y"]] * 1000, source=SPATSTAT, within=1e-9)


@pytest.mark.parity
def test_adaptive_bandwidths_and_surface():
    pilot = density_surface(*CASES.T, None, STUDY.bounds, 62.5, 800.0, "gaussian", STUDY.inside, "none")
    theirs = _golden("adaptive_bandwidths")["h"].to_numpy() * 1000
    ours = abramson_bandwidths(pilot[STUDY.pixel_of(CASES)], 600.0)
    what = "Abramson bandwidths, 149 incidents"
    agree("Density", what, ours, theirs, source=SPARR + " (pilot on its own pixels)", within=0.02, relative=True)
    table = _golden("adaptive")
    surface = adaptive_surface(*CASES.T, None, STUDY.bounds, 62.5, theirs, "gaussian", edge="none")
    peak = float(surface.max())
    agree("Density", "adaptive density, share of the peak", _at(surface, table) / peak, table["none"] / peak,
          source=SPARR, within=0.005)  # fmt: skip


@pytest.mark.parametrize("edge", ["none", "diggle"])
def test_adaptive_surface_is_the_sum_over_incidents(edge):
    """Oracle: the direct sum with the exact edge factor of each incident's own bandwidth."""
    bandwidth = _golden("adaptive_bandwidths")["h"].to_numpy()
    weight = 1 / (_edge(CASES[:, 0] / 1000, bandwidth) * _edge(CASES[:, 1] / 1000, bandwidth))
    weight = weight if edge == "diggle" else np.ones(len(CASES))
    centre = (np.arange(128) + 0.5) / 16
    across, down = np.meshgrid(centre, centre[::-1])
    apart = (across[..., None] - CASES[:, 0] / 1000) ** 2 + (down[..., None] - CASES[:, 1] / 1000) ** 2
    direct = (weight * np.exp(-apart / 2 / bandwidth**2) / (2 * np.pi * bandwidth**2)).sum(axis=-1)
    ours = adaptive_surface(*CASES.T, None, STUDY.bounds, 62.5, bandwidth * 1000, "gaussian", STUDY.inside, edge)
    assert np.abs(ours - direct).max() < 0.01 * direct.max()
    if edge == "diggle":
        assert ours.sum(dtype=float) / 256 == pytest.approx(len(CASES), rel=1e-3)


def test_equal_adaptive_bandwidths_are_a_fixed_one():
    fixed = density_surface(*CASES.T, None, STUDY.bounds, 62.5, 700.0, "quartic", STUDY.inside)
    same = np.full(len(CASES), 700.0)
    adaptive = adaptive_surface(*CASES.T, None, STUDY.bounds, 62.5, same, "quartic", STUDY.inside)
    np.testing.assert_allclose(adaptive, fixed, rtol=1e-6)


def test_nearest_bandwidths_by_hand():
    line = np.array([[0.0, 0], [1, 0], [3, 0], [3, 0]])
    np.testing.assert_array_equal(nearest_bandwidths(line, 1), [1, 1, 1, 1])  # a pile-up gets the smallest above 0
    np.testing.assert_array_equal(nearest_bandwidths(line, 2), [3, 2, 2, 2])
    with pytest.raises(ValueError, match="smaller k"):
        nearest_bandwidths(line, 4)


def test_bandwidths_follow_the_scale_and_not_the_order():
    order = np.random.default_rng(0).permutation(len(CASES))
    doubled = StudyArea((0.0, 0.0, 16_000.0, 16_000.0), 125.0)
    for choose in (likelihood_bandwidth, diggle_bandwidth):
        plain = choose(CASES, STUDY)
        assert choose(CASES[order], STUDY) == pytest.approx(plain)
        assert choose(2 * CASES, doubled) == pytest.approx(2 * plain, rel=1e-6)
    with pytest.raises(ValueError, match="two incidents"):
        likelihood_bandwidth(CASES[:1], STUDY)


@pytest.mark.parity
def test_relative_risk():
    table = _golden("risk")
    found = relative_risk(CASES, CONTROLS, STUDY, 700.0)
    note = " (its pixels are 0.5 % off the direct sum)"
    agree("Density", "log relative risk at 5 places", _at(found.log_risk, table), table["log_risk"],
          source=SPARR + note, within=0.015)  # fmt: skip
    agree("Density", "asymptotic tolerance p at 5 places", _at(found.p_upper, table), table["p"],
          source=SPARR + note, within=0.01)  # fmt: skip


def test_log_risk_is_the_ratio_of_direct_sums():
    table = _golden("risk")
    places = table[["x", "y"]].to_numpy()
    centre = (np.arange(256) + 0.5) / 32
    grid = np.stack(np.meshgrid(centre, centre), axis=-1).reshape(-1, 2)

    def density(points, at):
        apart = ((at[:, None] - points / 1000) ** 2).sum(axis=-1)
        return np.exp(-apart / 2 / 0.49).sum(axis=1) / (_edge(at[:, 0], 0.7) * _edge(at[:, 1], 0.7))

    direct = [density(points, places) / density(points, grid).mean() for points in (CASES, CONTROLS)]
    found = relative_risk(CASES, CONTROLS, STUDY, 700.0)
    np.testing.assert_allclose(_at(found.log_risk, table), np.log(direct[0] / direct[1]), atol=1e-3)


def test_where_both_kinds_are_alike_nothing_is_called_anywhere():
    """By definition: p_anywhere of the highest pixel is uniform over labellings (100 drawn, 19 replicates each)."""
    rng = np.random.default_rng(7)
    both = rng.uniform(0, 8000, (240, 2))
    coarse = StudyArea(STUDY.bounds, 250.0)
    least = [
        np.nanmin(relative_risk(both[order[:80]], both[order[80:]], coarse, 900.0, 19, seed).p_anywhere)
        for seed, order in enumerate(rng.permutation(240) for _ in range(100))
    ]
    assert kstest(np.array(least) - rng.uniform(0, 0.05, 100), "uniform").pvalue > 0.01
    assert (np.array(least) <= 0.05).mean() <= 0.12


def test_relative_risk_is_finite_where_one_kind_is_absent_and_has_a_seed():
    left, right = CASES * [0.4, 1], CASES * [0.4, 1] + [4800, 0]
    first, second = (relative_risk(left, right, STUDY, 300.0, 9, random_state=5) for _ in range(2))
    np.testing.assert_array_equal(first.p_anywhere, second.p_anywhere)
    known = ~np.isnan(first.z)
    assert np.isfinite(first.log_risk[known]).all()
    assert known.any()
    with pytest.raises(ValueError, match="two incidents of each kind, not 1 and 149"):
        relative_risk(CASES[:1], CASES, STUDY, 300.0)
