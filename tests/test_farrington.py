"""Farrington's method: weeks, reference weeks, trends, storms, and a tail honest about what was learned."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pytest
import statsmodels.api as sm
from gridbeacon.errors import InputError
from gridbeacon.models.anomaly import FarringtonAnomaly
from gridbeacon.models.anomaly.foretell import foretell, log_tail, plugin_log_p
from gridbeacon.models.anomaly.reference_weeks import reference_weeks, same_week, whole_weeks
from parity import agree
from test_ears import cube_of, null_counts

MONDAYS = np.datetime64("2018-01-01") + 7 * np.arange(330)


def weekly(counts: np.ndarray) -> object:
    cube = cube_of(counts)
    return replace(cube, bin="week", bins=MONDAYS[: cube.n_times])


def reference_of(n_weeks: int, years: int = 5) -> object:
    return reference_weeks(n_weeks - 1, same_week(n_weeks - 1, years), 3, 10, 26)


@pytest.mark.parametrize(
    ("today", "years", "back"),
    [
        ("2024-03-04", 3, [52, 104, 157]),  # Mondays 2023-03-06, 2022-03-07 and 2021-03-01
        ("2021-01-04", 3, [52, 104, 157]),  # 2020-01-06, 2019-01-07 and 2018-01-01
        ("2016-02-29", 4, [52, 104, 156, 209]),  # 29 February: 1 March in years without
    ],
)
def test_the_same_week_is_the_nearest_by_date(today, years, back):
    dates = np.datetime64(today) - 7 * np.arange(300)[::-1]
    found = 299 - same_week(299, years, dates)
    np.testing.assert_array_equal(found, back)
    for year, week in enumerate(dates[same_week(299, years, dates)].astype(object), start=1):
        anniversary = np.datetime64(today).astype(object)
        day = anniversary.replace(year=anniversary.year - year, day=min(anniversary.day, 28))
        assert abs((week - day).days) <= 4


def test_seasons_share_out_the_weeks_between():
    found = reference_of(330, years=2)
    sizes = np.diff(found.first)
    assert sizes.tolist() == [10, 10, 10, 10, 7, 5, 5, 5, 5, 14]  # twice 45 weeks in nines, but for the last 27
    assert found.rows.max() == 329 - 27
    assert sorted(found.rows) == list(range(329 - 104 - 3, 329 - 26))


def test_history_too_short_for_a_window_is_an_error():
    with pytest.raises(ValueError, match="2 more weeks of history"):
        reference_weeks(105, same_week(105, 2), 3, 10, 26)


def test_days_are_whole_weeks_from_monday():
    """A cube of days that begins on a Thursday and ends on a Wednesday: two whole weeks, seen from Sundays on."""
    days = np.arange(1.0, 22)
    cube = replace(cube_of(days), bins=np.datetime64("2024-01-04") + np.arange(21))
    weeks = whole_weeks(cube)
    np.testing.assert_array_equal(weeks.counts[:, 0], [days[4:11].sum(), days[11:18].sum()])
    np.testing.assert_array_equal(weeks.starts, np.array(["2024-01-08", "2024-01-15"], dtype="datetime64[D]"))
    np.testing.assert_array_equal(weeks.last, [-1] * 10 + [0] * 7 + [1] * 4)
    valid = np.ones(21, dtype=bool)
    valid[6] = False
    assert np.isnan(whole_weeks(replace(cube, factors={"valid": valid})).counts[0]).all()
    hours = replace(cube, counts=np.repeat(cube.counts, 24, axis=0), factors={}, bin="hour")
    hours = replace(hours, bins=np.datetime64("2024-01-04T00", "h") + np.arange(504))
    np.testing.assert_array_equal(whole_weeks(hours).counts, 24 * weeks.counts)
    np.testing.assert_array_equal(whole_weeks(hours).last[23::24], weeks.last)


def test_a_cube_of_days_says_what_its_weeks_say():
    days = np.random.default_rng(5).poisson(1.2, (840, 3)).astype(float)
    daily = replace(cube_of(days), bins=MONDAYS[0] + np.arange(840))
    by_week = weekly(days.reshape(120, 7, 3).sum(axis=1))
    model = FarringtonAnomaly().fit(daily)
    log_p = model.log_p(daily)
    np.testing.assert_allclose(log_p[6::7], model.log_p(by_week), rtol=1e-12)
    assert (log_p[-1] < 0).any()
    middle = daily.between(0, 837)  # up to a Thursday: the last whole week is what is judged
    np.testing.assert_allclose(model.log_p(middle)[-1], log_p[-8], rtol=1e-12)
    assert model.details(middle)["week"][0] == str(MONDAYS[118])


def test_a_storm_of_the_past_does_not_hide_the_next():
    counts = np.random.default_rng(1).poisson(8, (330, 1)).astype(float)
    stormy = counts.copy()
    stormy[[329 - 104, 329 - 103], 0] += 90
    calm, down, full = (
        foretell(values, reference_of(330), 5, threshold)
        for values, threshold in ((counts, 2.58), (stormy, 2.58), (stormy, np.inf))
    )
    assert abs(down.mean - calm.mean) < 0.15 * calm.mean
    assert full.mean > 1.5 * calm.mean


def test_trends_are_used_where_they_may_be():
    t = np.arange(330)
    rng = np.random.default_rng(4)
    falling, rising = rng.poisson(np.exp(4 - 0.008 * t)), rng.poisson(np.exp(1 + 0.012 * t))
    counts = np.column_stack([falling, rising]).astype(float)
    told = foretell(counts, reference_of(330), 5)
    assert told.trend.tolist() == [True, False]  # the second foretells more than was ever seen
    assert abs(told.mean[0] - np.exp(4 - 0.008 * 329)) < 1.5
    assert not foretell(counts, reference_of(330, 2), 2).trend.any()
    assert not foretell(counts, reference_of(330), 5, trend_p=0.0).trend.any()


@pytest.mark.parity
def test_fits_agree_with_statsmodels():
    """Poisson regressions on seasons and time, without weights: means, standard errors and dispersion."""
    t = np.arange(330)
    mean = np.exp(1.5 - 0.002 * t + 0.5 * np.cos(2 * np.pi * t / 52))
    counts = np.random.default_rng(9).negative_binomial(mean[:, None], 0.5, (330, 6)).astype(float)
    reference = reference_of(330)
    told = foretell(counts, reference, 5, threshold=np.inf)
    season = np.repeat(np.arange(10), np.diff(reference.first))
    design = np.column_stack([(season[:, None] == np.arange(10)).astype(float), reference.time])
    theirs = []
    for series in counts[reference.rows].T:
        fit = sm.GLM(series, design, family=sm.families.Poisson()).fit(tol=1e-13, maxiter=100)
        row = np.append(np.eye(10)[9], 0.0)
        theirs.append([np.exp(fit.params @ row), row @ fit.cov_params() @ row, fit.pearson_chi2 / fit.df_resid])
    assert told.trend.all()
    ours = np.column_stack([told.mean, told.variance, told.raw_dispersion])
    source = f"statsmodels {version('statsmodels')}, GLM"
    what = "Farrington: fits without weights (stopped as R stops)"
    agree("EARS and Farrington", what, ours, np.array(theirs), within=1e-4, relative=True, source=source)


def test_an_outbreak_where_nothing_ever_was():
    """No fit converges on 230 zeros; the same weeks of former years then stand alone, and seven cases are much."""
    counts = np.zeros((330, 2))
    counts[-1, 0] = 7
    counts[3, 1] = 1
    cube = weekly(counts)
    model = FarringtonAnomaly().fit(cube)
    log_p = model.log_p(cube)
    assert np.isfinite(log_p).all()
    assert -40 < log_p[-1, 0] < np.log(1e-6)
    told = model.details(cube)
    assert told["alarm"].tolist() == [1, 0]
    assert told["reason"][0] == "above the bound, same weeks alone, no fit"
    assert told["reason"][1] == "fewer than 5 incidents in 4 weeks"
    assert told["upper"][0] < 7


def test_what_is_learned_makes_the_tail_heavier():
    rng = np.random.default_rng(6)
    for mean, dispersion in ((0.2, 1), (4, 1), (4, 5), (60, 12)):
        counts = null_counts(rng, mean, dispersion, (330, 500))
        told = foretell(counts, reference_of(330), 5)
        observed = np.ceil(mean + 3 * np.sqrt(mean * dispersion)) * np.ones(500)
        known = np.isfinite(told.mean)
        assert (log_tail(told, observed) >= plugin_log_p(told, observed) - 1e-9)[known].all()


@pytest.mark.parametrize(("mean", "dispersion"), [(0.05, 1), (0.4, 1), (3, 1), (40, 1), (1, 3), (6, 4), (30, 12)])
@pytest.mark.parametrize("years", [2, 5])
def test_the_tail_is_never_too_light(years, mean, dispersion):
    """No more of 5,000 null series below p than p, to within four binomial deviations."""
    season = np.exp(0.4 * np.cos(2 * np.pi * np.arange(330) / 52.18))[:, None]
    rate = np.broadcast_to(mean * season, (330, 5000))
    counts = null_counts(np.random.default_rng(8), rate, dispersion, (330, 5000))
    log_p = log_tail(foretell(counts, reference_of(330, years), years), counts[-1])
    for p in (0.05, 0.01, 0.001):
        assert np.mean(log_p <= np.log(p)) <= p + 4 * np.sqrt(p / 5000)


def test_few_cases_are_never_an_anomaly_unless_asked_for():
    counts = np.zeros((330, 1))
    counts[::40] = 1
    counts[-1] = 4
    cube = weekly(counts)
    assert FarringtonAnomaly().fit(cube).log_p(cube)[-1] == 0
    assert FarringtonAnomaly(min_cases=0).fit(cube).log_p(cube)[-1] < np.log(0.01)


def test_trouble_has_a_name():
    cube = weekly(np.random.default_rng(2).poisson(2, (200, 2)) * [1, 0])
    model = FarringtonAnomaly().fit(cube)
    assert list(model.status(cube)) == ["ok", "empty class"]
    short = cube.between(0, 107)
    assert set(model.status(short)) == {"too few bins"}
    assert (model.log_p(short) == 0).all()
    assert set(model.details(short)["reason"]) == {"too few bins"}
    valid = np.ones(200, dtype=bool)
    valid[-1] = False
    gap = replace(cube, factors={"valid": valid})
    assert set(model.status(gap)) == {"data gap"}
    assert (model.log_p(gap)[-1] == 0).all()


def test_weeks_without_data_are_no_zeros():
    counts = np.random.default_rng(2).poisson(9, (330, 3)).astype(float)
    valid = np.ones(330, dtype=bool)
    valid[np.arange(0, 300, 7)] = False
    gaps = replace(weekly(np.where(valid[:, None], counts, 0)), factors={"valid": valid})
    told = FarringtonAnomaly().fit(gaps).details(gaps)
    assert (np.abs(told["expected"] - 9) < 2.5).all()
    assert (told["reference_weeks"] < 237).all()


def test_more_years_asked_for_than_used():
    with pytest.raises(InputError, match="min_years 4 is more than years 3"):
        FarringtonAnomaly(years=3, min_years=4).fit(weekly(np.zeros((10, 1))))


def test_a_year_full_of_gaps_is_judged_by_its_own_weeks():
    """Fewer counts than levels: no fit, no dispersion, and still a finite tail."""
    counts = np.random.default_rng(3).poisson(3, (60, 2)).astype(float)
    valid = np.zeros(60, dtype=bool)
    valid[[4, 5, 6, 7, 8, 9, 59]] = True
    cube = replace(weekly(counts), factors={"valid": valid})
    model = FarringtonAnomaly(years=1, min_years=1, min_cases=0).fit(cube)
    assert set(model.status(cube)) == {"ok"}
    assert np.isfinite(model.log_p(cube)).all()
    assert (model.log_p(cube)[-1] < 0).any()
    assert set(model.details(cube)["reason"]) == {"within the bound, same weeks alone, no fit"}


def test_a_class_that_has_died_out_may_come_back():
    """The trend foretells 3e-14, as from a million weeks; there are 35 like this one, and two cases are no miracle."""
    counts = np.zeros((330, 1))
    counts[[80, 90, 100, 104, 110, 115, 130]] = 1
    told = foretell(counts, reference_of(330), 5)
    assert told.trend.all()
    assert told.mean[0] < 1e-10
    assert log_tail(told, np.array([2.0]))[0] > np.log(1e-3)
