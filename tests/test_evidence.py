"""Several models' tails as one, under a stated dependence; sources judged by their own past."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.errors import InputError
from gridbeacon.models.early_warning import WarningRules, combine_log_p, model_weights
from gridbeacon.models.early_warning.sources import source_mix
from gridbeacon.pipeline.surveillance import _with_others
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats
from test_early_warning import DAY0, SILENT, counts_of

TWO = np.array([0.9, 0.1])
P = st.floats(1e-12, 1.0)


@pytest.mark.parametrize("p", [(0.03, 0.2, 0.7), (1e-6, 0.5, 0.9), (1e-9, 1e-8, 1e-7)])
def test_fisher_agrees_with_scipy(p):
    """Independent source: scipy.stats.combine_pvalues."""
    golden = stats.combine_pvalues(p, method="fisher").pvalue
    assert combine_log_p(np.log(p), np.full(3, 1 / 3), "fisher") == pytest.approx(np.log(golden), rel=1e-9)


@pytest.mark.parametrize("p", [(0.03, 0.2), (1e-4, 0.9), (1e-9, 0.4)])
def test_cauchy_agrees_with_the_cauchy_distribution(p):
    """Independent source: scipy.stats.cauchy; the statistic as in Liu & Xie (2020), equation 1."""
    golden = stats.cauchy.sf(np.sum(TWO * stats.cauchy.isf(p)))
    assert combine_log_p(np.log(p), TWO, "cauchy") == pytest.approx(np.log(golden), rel=1e-6)


def test_bonferroni_by_hand():
    assert combine_log_p(np.log([0.009, 0.5]), TWO) == pytest.approx(np.log(0.01))
    assert combine_log_p(np.log([0.5, 0.0001]), TWO) == pytest.approx(np.log(0.001))


@pytest.mark.parametrize("how", ["bonferroni", "cauchy", "fisher"])
def test_far_out_stays_finite_and_a_calm_model_does_not_outvote(how):
    far = combine_log_p(np.array([-5000.0, 0.0]), TWO, how)
    assert -5001 < far < -4980


@given(st.tuples(P, P), st.sampled_from(["bonferroni", "cauchy", "fisher"]))
def test_stronger_evidence_is_never_weaker_together(p, how):
    before = combine_log_p(np.log(p), TWO, how)
    after = combine_log_p(np.log([p[0] / 2, p[1]]), TWO, how)
    assert after <= before + 1e-9 and before <= 0


def sizes(how, together):
    """Share of null tests at or below 0.01 where two models' p are independent, or one and the same."""
    rng = np.random.default_rng(3)
    p = rng.uniform(size=(2, 400_000))
    p[1] = p[0] if together else p[1]
    return float((combine_log_p(np.log(p), np.array([0.5, 0.5]), how) <= np.log(0.01)).mean())


def test_each_rule_holds_what_it_promises():
    """Bonferroni and Cauchy hold under both dependences; Fisher's promise is broken where models say the same."""
    assert sizes("bonferroni", False) < 0.0105 and sizes("bonferroni", True) < 0.0105
    assert sizes("cauchy", False) == pytest.approx(0.01, rel=0.06) and sizes("cauchy", True) == pytest.approx(
        0.01, rel=0.06
    )
    assert sizes("fisher", False) == pytest.approx(0.01, rel=0.06) and sizes("fisher", True) > 0.02


def test_weights_are_scaled():
    assert model_weights("nb_predictive=3, nb_cusum") == {"nb_predictive": 0.75, "nb_cusum": 0.25}
    assert model_weights(WarningRules().models) == {"nb_predictive": 1.0}


@pytest.mark.parametrize(
    "text",
    ["nb_predictive,silence", "nb_predictive,getis_ord", "ears", "nb_predictive=0", "nb_predictive=x", "", "owl"],
)
def test_models_that_may_not_warn_are_refused(text):
    """Silence looks for too little, Gi* knows no past, and without nb_predictive there is no expected number."""
    with pytest.raises(InputError, match=r"share|warnings"):
        model_weights(text)


def cube_of(counts):
    n = counts.shape[1]
    days = np.datetime64("2024-01-01") + np.arange(len(counts))
    return SpaceTimeCube(
        counts, days, np.arange(n).astype(str), np.zeros((n, 2)), np.ones(n), sparse.csr_matrix((n, n)),
        np.zeros(n, dtype=int), np.zeros(n),
    )  # fmt: skip


def test_a_second_model_adds_its_tail_and_changes_no_figure():
    from gridbeacon.models import registry

    counts = np.random.default_rng(1).poisson(2.0, (160, 4)).astype(float)
    counts[-10:, 2] += 4
    cube = cube_of(counts)
    alone = registry()["nb_predictive"]().fit(cube).score(cube, 28)
    rules = WarningRules(models="nb_predictive=0.8,nb_cusum=0.2")
    both = _with_others(alone, cube, 28, model_weights(rules.models), rules)
    other = registry()["nb_cusum"]().fit(cube).log_p(cube)[-28:]
    golden = np.minimum(np.minimum(alone.log_p - np.log(0.8), other - np.log(0.2)), 0)
    np.testing.assert_allclose(both.log_p, golden)
    np.testing.assert_array_equal(both.observed, alone.observed)
    assert _with_others(alone, cube, 28, {"nb_predictive": 1.0}, rules) is alone


def daily(source, per_day, days=200, cell=3):
    return [("water", source, cell, day) for day in range(days) for _ in range(per_day)]


def mix_of(rows, days=201, expected=0.0):
    return source_mix(counts_of(rows, days), 3, "water", "territorial", DAY0 + days - 1, 1, expected=expected)


def test_a_source_rises_by_the_tail_of_its_own_past():
    """Poisson tails by scipy: P(N >= 9 | 4) is 0.021 and P(N >= 7 | 4) is 0.111; half again as many is no rise."""
    assert stats.poisson.sf(8, 4) < 0.05 < stats.poisson.sf(6, 4)
    past = [*daily("12345", 4), *daily("110", 4)]
    now = [("water", "12345", 3, 200)] * 10 + [("water", "110", 3, 200)] * 7
    mix = mix_of([*past, *now])
    assert mix.rising == ("12345",) and mix.one_only and not mix.confirmed
    assert mix.log_p["110"] == pytest.approx(np.log(stats.poisson.sf(6, 4)), abs=0.15)


def test_two_rising_sources_confirm():
    past = [*daily("12345", 2), *daily("110", 1)]
    now = [("water", "12345", 3, 200)] * 9 + [("water", "110", 3, 200)] * 6
    assert mix_of([*past, *now]).confirmed


def test_what_the_model_expects_of_the_season_is_no_rise():
    """Half a year of one call a day; the model, which knows the season, expects ten: six of each are no rise."""
    past = [*daily("12345", 1), *daily("110", 1)]
    now = [("water", source, 3, 200) for source in ("12345", "110") for _ in range(6)]
    assert mix_of([*past, *now]).confirmed and mix_of([*past, *now], expected=10.0).rising == ()


def test_where_one_source_normally_reports_there_is_no_cap():
    mix = mix_of([*daily("12345", 2), *[("water", "12345", 3, 200)] * 12])
    assert mix.usual == ("12345",) and mix.rising == ("12345",) and not mix.one_only


def test_a_sparse_place_leans_on_the_unit_above():
    """Nothing ever happened in the cell; its street hears from two sources: three calls of one are a rise of one."""
    rows = [*daily("12345", 2, cell=4), *daily("110", 2, cell=4), *[("water", "12345", 3, 200)] * 3]
    mix = mix_of(rows)
    assert set(mix.usual) == {"110", "12345"} and mix.one_only


def test_a_silent_city_has_no_sources():
    mix = source_mix(SILENT, 3, "water", "territorial", SILENT.end_bin - 1, 7)
    assert mix.rising == () and mix.usual == () and mix.text == "" and isinstance(mix.log_p, dict)
    assert isinstance(SILENT.table, pd.DataFrame)
