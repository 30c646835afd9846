"""The calendar in the baseline: festivals learned and never silenced, declared events, late reports, other bins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import Cells, Counts, SpaceTimeCube, bin_of
from gridbeacon.errors import InputError
from gridbeacon.layers.calendar_tables import read_days, read_events
from gridbeacon.models.anomaly import NegativeBinomialPredictive
from gridbeacon.models.anomaly.festivals import festival_effects
from gridbeacon.models.calendar import festival_codes
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.almanac import make_almanac
from scipy import sparse

START = np.datetime64("2021-01-01")
MOON = np.datetime64("2024-09-17")
"""Mid-Autumn of the fourth year."""
FESTIVE = [np.datetime64(day) for day in ("2021-09-21", "2022-09-10", "2023-09-29", "2024-09-17")]


def city(times: float, until: np.datetime64 = MOON, seed: int = 1) -> SpaceTimeCube:
    """Twenty a day, and *times* as many on Mid-Autumn; the last bin is *until*."""
    bins = np.arange(START, until + 1)
    mean = np.where(np.isin(bins, FESTIVE), 20.0 * times, 20.0)
    counts = np.random.default_rng(seed).poisson(mean).astype(float)[:, None]
    return SpaceTimeCube(
        counts=counts,
        bins=bins.astype("datetime64[h]"),
        cells=np.array(["CITY"], dtype=object),
        centres=np.zeros((1, 2)),
        areas=np.ones(1),
        contiguity=sparse.csr_matrix((1, 1)),
        parents=np.zeros(1, dtype=int),
        exposure=np.zeros(1),
        factors={"festival": festival_codes(bins, "cn")},
    )


def knowing(cube: SpaceTimeCube) -> SpaceTimeCube:
    load, doubt = festival_effects(cube, NegativeBinomialPredictive())
    return cube.with_time_factors({"load": load, "doubt": doubt})


def last_log_p(cube: SpaceTimeCube, seen: float | None = None) -> float:
    counts = cube.counts.copy()
    counts[-1] = counts[-1] if seen is None else seen
    cube = replace(cube, counts=counts)
    return float(NegativeBinomialPredictive().fit(cube).log_p(cube)[-1, 0])


def test_a_festival_is_learned_from_earlier_years():
    cube = knowing(city(4.0))
    assert 2.5 < cube.factors["load"][-1] < 4.5
    assert last_log_p(city(4.0)) < np.log(1e-6) < np.log(0.01) < last_log_p(cube)


def test_an_accident_on_a_festival_still_warns():
    """Eight times the ordinary on a night that holds four times as many every year, and on one never seen before."""
    assert last_log_p(knowing(city(4.0)), 400.0) < np.log(1e-3)
    first = city(1.0, np.datetime64("2021-09-21"))
    assert last_log_p(knowing(first), 400.0) < np.log(1e-6)


def test_a_festival_never_seen_before_is_tested_wider():
    first = knowing(city(2.0, np.datetime64("2021-09-21")))
    assert first.factors["load"][-1] == pytest.approx(1, abs=0.01) and first.factors["doubt"][-1] > 0.02
    assert last_log_p(first, 45.0) > last_log_p(city(2.0, np.datetime64("2021-09-21")), 45.0) + 2


def test_a_class_that_festivals_leave_alone_is_hardly_doubted():
    quiet, loud = knowing(city(1.0)), knowing(city(5.0))
    festive = np.isin(quiet.bins.astype("datetime64[D]"), FESTIVE)
    assert quiet.factors["doubt"][festive][-1] < 0.05 < loud.factors["doubt"][festive][-2]
    assert quiet.factors["load"][festive][-1] == pytest.approx(1.0, abs=0.15)


def test_one_accident_on_a_past_festival_does_not_hide_the_next_ten():
    """No year tells of more than six times the ordinary, and two quiet ones speak against it."""
    cube = city(1.0)
    counts = cube.counts.copy()
    counts[np.flatnonzero(cube.bins.astype("datetime64[D]") == FESTIVE[1])] = 2000
    assert knowing(replace(cube, counts=counts)).factors["load"][-1] < 3.5


def test_effects_are_learned_from_earlier_bins_only():
    whole, part = city(4.0), city(4.0).between(0, 800)
    for mine, known in zip(festival_effects(whole, NegativeBinomialPredictive()),
                           festival_effects(part, NegativeBinomialPredictive()), strict=True):  # fmt: skip
        np.testing.assert_allclose(mine[:800], known)


def test_ordinary_bins_have_no_effect():
    cube = knowing(city(4.0))
    ordinary = cube.factors["festival"] == 0
    assert (cube.factors["load"][ordinary] == 1).all() and (cube.factors["doubt"][ordinary] == 0).all()


def steps(cube: SpaceTimeCube, at: int, times: float) -> SpaceTimeCube:
    counts = np.random.default_rng(9).poisson(20.0, cube.counts.shape).astype(float)
    counts[at:] = np.random.default_rng(10).poisson(20.0 * times, counts[at:].shape)
    return replace(cube, counts=counts)


def test_a_baseline_begun_anew_knows_the_new_level():
    at = 600
    cube = steps(city(1.0), at, 3.0)
    anew = np.where(np.arange(cube.n_times) >= at, at, 0)
    told = cube.with_time_factors({"regime": anew})
    score = lambda c: NegativeBinomialPredictive(windows=(1,)).fit(c).score(c)  # noqa: E731
    before, after = score(cube), score(told)
    assert (before.log_p[at : at + 4] < np.log(1e-6)).all()
    assert (after.log_p[at : at + 9] == 0).all()  # a guard and a week: too short to be scored
    assert (after.log_p[at + 9 : at + 60] > np.log(1e-4)).all()
    np.testing.assert_allclose(after.last_expected[at + 20 : at + 60, 0], 60, rtol=0.15)
    np.testing.assert_array_equal(after.log_p[:at], before.log_p[:at])


def test_a_campaign_makes_no_baseline():
    cube = steps(city(1.0), 600, 1.0)
    counts = cube.counts.copy()
    counts[600:640] += 30
    baseline = np.ones(cube.n_times, dtype=bool)
    baseline[600:640] = False
    told = replace(cube, counts=counts).with_time_factors({"baseline": baseline})
    expected = NegativeBinomialPredictive().fit(told).score(told).last_expected
    assert abs(expected[660, 0] - 20) < 4 and abs(expected[620, 0] - 20) < 4


@pytest.mark.parametrize(("bin", "lengths"), [("hour", {1, 6, 24}), ("day", {1, 3, 7}), ("week", {1, 2, 4})])
def test_windows_fit_the_bins(bin, lengths):
    assert set(NegativeBinomialPredictive().windows_of(bin)) == lengths


def cells_of_one_city() -> Cells:
    one = np.array(["CITY"], dtype=object)
    return Cells(
        cell_id=one,
        name=one,
        unit_level=np.zeros(1, dtype=int),
        parent=np.full(1, -1),
        role=np.array(["territorial"], dtype=object),
        centres=np.zeros((1, 2)),
        areas=np.ones(1),
        exposure=np.zeros(1),
        contiguity=sparse.csr_matrix((1, 1)),
    )


def counted(first: str, n: int, bin: str = "day", late: float = 0.0) -> Counts:
    """Twenty a bin of classes a/x and b, a share of *late* reported a bin later; known until the end."""
    begin = int(bin_of(pd.DatetimeIndex([pd.Timestamp(first, tz="UTC")]), bin, "UTC")[0])
    of, delay = np.meshgrid(np.arange(n), [0, 1], indexing="ij")
    share = np.where(delay == 0, 1 - late, late)
    rows = pd.DataFrame({"bin": (begin + of).ravel(), "reported_bin": (begin + of + delay).ravel()})
    count = np.random.default_rng(3).poisson(20 * share.ravel())
    parts = [rows.assign(category=name, source="s", kind="handled", cell=0, count=count, distinct=count,
                         severity_sum=count, also=0) for name in ("a/x", "b")]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    table = table[(table["reported_bin"] < begin + n) & (table["count"] > 0)]
    return Counts(table, cells_of_one_city(), bin, begin, begin + n)


def almanac_of(counts: Counts, **files: str):
    return make_almanac(
        counts, Plan().with_settings({"bin": counts.bin}), np.ones(len(counts.bins), dtype=bool), **files
    )


def test_late_reports_lower_what_is_expected_of_the_last_bin():
    counts = counted("2024-01-01", 200, late=0.4)
    almanac, valid = almanac_of(counts), np.ones(200, dtype=bool)
    assert almanac.share[-1] == pytest.approx(0.6, abs=0.03) and almanac.share[-2] == 1
    assert any(
        n.code == "N-DATA-005" and "60%" in n.en.replace("59%", "60%").replace("61%", "60%") for n in almanac.notices
    )
    cube = counts.cube("b", factors=almanac.of_class(counts, "b", Plan(), valid))
    expected = NegativeBinomialPredictive().fit(cube).score(cube).last_expected[-3:, 0]
    assert expected[-1] == pytest.approx(12, rel=0.2) and expected[0] == pytest.approx(20, rel=0.2)
    assert len(almanac.last.observed) == 1 and almanac.last.low[0] <= almanac.last.expected[0] <= almanac.last.high[0]


def test_where_nothing_is_late_nothing_is_corrected():
    almanac = almanac_of(counted("2024-01-01", 200))
    assert almanac.delay is None and almanac.last is None and (almanac.share == 1).all() and not almanac.notices


def test_an_unknown_year_is_told():
    told = almanac_of(counted("2031-01-01", 60)).notices
    assert [n.code for n in told] == ["N-TIME-102"] and "2031" in told[0].en


@pytest.mark.parametrize("bin", ["hour", "day", "week"])
def test_every_bin_has_its_factors(bin):
    counts = counted("2024-01-01", 300, bin)
    factors = almanac_of(counts).of_class(counts, "a", Plan().with_settings({"bin": bin}), np.ones(300, dtype=bool))
    assert {"festival", "lunar_offset", "load", "doubt", "baseline", "regime", "valid"} <= set(factors)
    assert ("day_type" in factors) == (bin != "week")
    assert all(len(values) == 300 for values in factors.values())
    assert np.isfinite(factors["load"]).all() and (factors["load"] > 0).all() and (factors["doubt"] >= 0).all()


EVENTS = """开始,结束,名称,类别,作用
2024-03-01,,110并入12345,,
2024-04-01,2024-04-05,专项行动,a/x,
2024-05-01,,改版,b,仅提示
"""


def test_declared_events_restart_exclude_or_are_told(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS, encoding="utf-8")
    counts = counted("2024-01-01", 200)
    almanac = almanac_of(counts, events=str(path))
    assert [(e.effect, e.first, e.end) for e in almanac.events] == [
        ("restart", 60, None), ("exclude", 91, 96), ("caveat", 121, None),
    ]  # fmt: skip
    of = lambda name: almanac.of_class(counts, name, Plan(), np.ones(200, dtype=bool))  # noqa: E731
    assert of("b")["regime"].tolist() == [0] * 60 + [60] * 140 and of("b")["baseline"].all()
    for name in ("a", "a/x", "a/x/y"):
        assert np.flatnonzero(~of(name)["baseline"]).tolist() == list(range(91, 96))
    assert of("全部")["baseline"].all() and of("全部")["regime"][-1] == 60
    assert any("改版" in text for text, _ in almanac.told_of("b", 122, 123, "day"))
    assert not any("改版" in text for text, _ in almanac.told_of("a", 122, 123, "day"))
    assert any("专项行动" in text for text, _ in almanac.told_of("a/x", 93, 94, "day"))


def test_a_festival_is_told_with_what_is_known_of_it():
    counts = counted("2023-01-01", 700)
    almanac = almanac_of(counts)
    at = lambda day: int((np.datetime64(day) - np.datetime64("2023-01-01")).astype(int))  # noqa: E731
    (first,) = almanac.told_of("b", at("2023-09-29"), at("2023-09-30"), "day")
    assert first[0] == "中秋节前后,无历年同期可比,检验已放宽" and first[1].startswith(
        "around Mid-Autumn Festival: no earlier"
    )
    (second,) = almanac.told_of("b", at("2024-09-17"), at("2024-09-18"), "day")
    assert second == ("中秋节前后,已按历年同期修正", "around Mid-Autumn Festival: allowed for as in earlier years")
    assert almanac.told_of("b", at("2024-08-01"), at("2024-08-02"), "day") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start,name\n2024-13-01,x\n", "column start is no date .*row 2"),
        ("start,end,name\n2024-03-02,2024-03-01,x\n", "column end lies before its start"),
        ("start,name,effect\n2024-03-02,x,wipe\n", "column effect is none of restart"),
        ("start\n2024-03-02\n", "no column name/名称"),
    ],
)
def test_a_slip_in_the_events_is_named_with_its_row(tmp_path, text, message):
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_events(path)


def test_a_table_of_days_may_be_chinese_and_in_the_old_encoding(tmp_path):
    path = tmp_path / "days.csv"
    path.write_bytes("日期,类型,名称\n2027-02-05,放假,春节\n2027-02-14,上班,春节\n".encode("gb18030"))
    table = read_days(path)
    assert table["kind"].tolist() == ["holiday", "workday"] and table["date"].iloc[0] == pd.Timestamp("2027-02-05")
    counts = counted("2027-01-01", 60)
    assert not almanac_of(counts, days=str(path)).notices
