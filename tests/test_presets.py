"""Presets are plain settings; wartime holds the day so far against the same hours of the same kind of day."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.models.anomaly import NegativeBinomialPredictive
from gridbeacon.models.anomaly.day_profile import _of_phase, day_factors
from gridbeacon.models.anomaly.past import Past
from gridbeacon.pipeline import Plan, run
from gridbeacon.pipeline.files import issue, with_ledger
from gridbeacon.pipeline.plan import plan_params
from gridbeacon.pipeline.preparation import last_complete
from gridbeacon.pipeline.presets import PRESETS, preset_settings
from gridbeacon.pipeline.watch.since import since_last
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats

# --- settings


def test_presets_are_settings_of_a_plan_and_daily_is_the_default():
    known = {name for name, *_ in plan_params()}
    for preset in PRESETS.values():
        assert set(preset.settings) <= known and preset.help and preset.help_zh
        Plan().with_settings(preset_settings(preset.name)).checked()
    assert Plan().with_settings(preset_settings("daily")) == Plan() and preset_settings("") == {}
    with pytest.raises(InputError, match="there is no preset 'peace'"):
        preset_settings("peace")


def test_the_plan_file_wins_over_its_preset_and_options_over_both(tmp_path):
    path = tmp_path / "city.toml"
    path.write_text('preset = "wartime"\n[plan]\nwindow = 3\n', encoding="utf-8")
    plan = Plan.from_toml(path)
    assert (plan.bin, plan.finest, plan.window, plan.nb_predictive.so_far) == ("hour", "street", 3, True)
    assert Plan.from_toml(path, "weekly").bin == "week" and Plan.from_toml(path, "weekly").window == 3
    assert plan.with_settings({"window": 5}).window == 5
    path.write_text('preset = "peace"\n', encoding="utf-8")
    with pytest.raises(InputError) as refused:
        Plan.from_toml(path)
    assert refused.value.code == "E-PLAN-008"


def test_an_hourly_run_is_of_the_last_complete_hour_whatever_a_mistyped_date_says():
    times = pd.Series(pd.date_range("2026-01-01", "2026-01-09 10:25", freq="13min", tz="Asia/Shanghai"))
    slip = pd.concat([times, pd.Series([pd.Timestamp("2027-01-09 10:25", tz="Asia/Shanghai")])])
    hourly = Plan().with_settings({"bin": "hour"})
    assert last_complete(times, hourly) == last_complete(slip, hourly) == pd.Timestamp("2026-01-09T10:00")
    assert last_complete(slip, Plan()) == pd.Timestamp("2026-01-09")


# --- the day so far


def city_of_hours(n_days: int, n_cells: int, rate: np.ndarray, seed: int, **factors) -> SpaceTimeCube:
    """Poisson counts around *rate*, (n_days × 24,) incidents a cell and hour, from a Monday on."""
    counts = np.random.default_rng(seed).poisson(np.repeat(rate[:, None], n_cells, axis=1)).astype(float)
    return SpaceTimeCube(
        counts=counts,
        bins=np.datetime64("2025-01-06T00", "h") + np.arange(n_days * 24),
        cells=np.array([f"c{i}" for i in range(n_cells)], dtype=object),
        centres=np.column_stack([np.arange(n_cells), np.zeros(n_cells)]) * 1000.0,
        areas=np.ones(n_cells),
        contiguity=sparse.csr_matrix((n_cells, n_cells)),
        parents=np.zeros(n_cells, dtype=np.int64),
        exposure=np.ones(n_cells),
        bin="hour",
        factors=factors,
    )


DAY = np.r_[np.full(7, 0.2), np.full(14, 1.6), np.full(3, 0.6)]
"""A quiet night, a busy day."""


def usual(n_days: int) -> np.ndarray:
    """Weekends have half of a working day, later."""
    week = np.r_[np.tile(DAY, 5), np.tile(np.roll(DAY, 2) / 2, 2)]
    return np.resize(week, n_days * 24)


MODEL = NegativeBinomialPredictive(so_far=True, hourly_windows=(3,), baseline=56, min_history=14)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.integers(1, 20))
def test_sums_of_a_phase_are_those_counted_one_by_one(phases, length):
    phase, values = np.array(phases), np.arange(1.0, len(phases) + 1)
    by_hand = [sum(values[j] for j in range(max(0, i - length), i) if phase[j] == phase[i]) for i in range(len(values))]
    np.testing.assert_allclose(_of_phase(values, phase, length), by_hand)


def test_hours_follow_the_kind_of_their_day():
    rate = usual(84)
    found = day_factors(city_of_hours(84, 20, rate, 1), 56 * 24)[-168:]
    ratio = found / found.mean() / (rate[-168:] / rate[-168:].mean())
    assert np.abs(ratio[:120] - 1).max() < 0.2 and np.abs(ratio - 1).mean() < 0.1
    holiday = np.full(84 * 24, "workday", dtype=object)
    holiday[-24:] = "holiday"
    same = day_factors(city_of_hours(84, 20, rate, 1, day_type=np.full(84 * 24, "workday", dtype=object)), 56 * 24)
    off = day_factors(city_of_hours(84, 20, rate, 1, day_type=holiday), 56 * 24)
    assert np.array_equal(same[:-24], off[:-24]) and not np.allclose(same[-24:], off[-24:])


def test_a_later_hour_changes_no_factor_before_it():
    cube = city_of_hours(60, 5, usual(60), 2)
    later = cube.counts.copy()
    later[1000:] = 9
    np.testing.assert_array_equal(day_factors(cube, 700)[:1001], day_factors(replace(cube, counts=later), 700)[:1001])


def test_a_piece_of_a_cube_keeps_the_day_of_all_classes_with_its_hours():
    cube = city_of_hours(60, 5, usual(60), 2, hours=usual(60))
    np.testing.assert_array_equal(cube.between(0, 1000).factors["hours"], usual(60)[:1000])
    np.testing.assert_array_equal(day_factors(cube.between(0, 1000), 700), day_factors(cube, 700)[:1000])


def test_the_day_so_far_grows_from_midnight():
    cube = city_of_hours(60, 5, usual(60), 3)
    past = Past(cube, NegativeBinomialPredictive(so_far=True, baseline=28, min_history=14).fit(cube))
    found = past.predict(past.hour + 1, 50 * 24)
    day = cube.counts[50 * 24 :].reshape(10, 24, 5)
    np.testing.assert_array_equal(found.observed.reshape(10, 24, 5), day.cumsum(axis=1))
    assert (np.diff(found.mean.reshape(10, 24, 5), axis=1) > 0).all()


def test_on_calm_days_p_is_what_it_says_at_every_hour():
    """20 units, 100 days, nothing planted: P(p <= .01) of the day so far lies near .01, night and day."""
    cube = city_of_hours(160, 20, usual(160), 4)
    past = Past(cube, MODEL.fit(cube))
    past.weigh(past.predict(1), MODEL.past_surge)
    found, hour = past.predict(past.hour + 1, 60 * 24), past.hour[60 * 24 :]
    p = found.size / (found.size + found.mean)
    low = stats.nbinom.sf(found.observed, found.size, p)  # and a random part of the step: p of counts is discrete
    drawn = low + np.random.default_rng(5).random(low.shape) * stats.nbinom.pmf(found.observed, found.size, p)
    for hours in (range(0, 8), range(8, 16), range(16, 24)):
        share = (drawn[np.isin(hour, hours)] <= 0.01).mean()
        assert 0.003 < share < 0.02, share


def test_a_surge_at_ten_is_seen_at_eleven_and_a_late_one_by_its_last_hours():
    cube = city_of_hours(120, 20, usual(120), 6)
    at = 119 * 24 + 10
    planted = cube.counts.copy()
    planted[at, 7] += 12
    scores = MODEL.fit(cube).score(replace(cube, counts=planted), 24)
    assert scores.log_p[10, 7] < np.log(1e-4) and scores.log_p[9, 7] > np.log(1e-2)
    assert scores.window[10, 7] == 11 and scores.observed[10, 7] == planted[at - 10 : at + 1, 7].sum()
    late = cube.counts.copy()
    late[119 * 24 + 22, 7] += 12
    scores = MODEL.fit(cube).score(replace(cube, counts=late), 24)
    assert scores.log_p[22, 7] < np.log(1e-4)


def test_without_the_day_so_far_nothing_changes():
    cube = city_of_hours(60, 5, usual(60), 7)
    plain = NegativeBinomialPredictive(baseline=28, min_history=14)
    assert plain.windows_of("hour") == (1, 6, 24) and not plain.counts_today("hour")
    assert not replace(plain, so_far=True).counts_today("day")
    assert set(np.unique(plain.fit(cube).score(cube, 48).window)) <= {1, 6, 24}


# --- a whole run


@pytest.fixture(scope="module")
def surge(tmp_path_factory):
    """The tiny city with twelve burst pipes between 10:00 and 11:00 of its last but one day, spread over a cell."""
    incidents, cells = make_tiny_city(tmp_path_factory.mktemp("surge"))
    with incidents.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [
                f"S{i}",
                f"2025-04-29 10:{i * 4:02d}:00",
                "供水/水管爆裂",
                f"{117.0005 + i % 4 * 1e-3:.6f}",
                f"{30.0005 + i // 4 * 1e-3:.6f}",
            ]
            for i in range(12)
        )
    return incidents, cells


@pytest.fixture(scope="module")
def at_eleven(surge):
    plan = Plan().with_settings({**preset_settings("wartime"), "as_of": "2025-04-29T11:00"})
    return run(plan, [surge[0]], surge[1])


def test_wartime_warns_at_eleven_of_what_came_at_ten_in_words_of_the_day(at_eleven):
    table = at_eleven.early_warnings
    assert len(table) and table["level"].iloc[0] in ("yellow", "orange", "red")
    assert table["reason"].iloc[0].startswith("今日0–11时水管爆裂12件,平时")
    assert "today, 00:00 to 11:00" in table["reason_en"].iloc[0]
    assert at_eleven.facts["bin"] == "hour" and at_eleven.facts["as_of"] == "2025-04-29T11:00:00"


def test_streets_and_above_are_tested_in_wartime():
    assert PRESETS["wartime"].settings["finest"] == "street"


# --- against the last issued run


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    incidents, cells = make_tiny_city(tmp_path_factory.mktemp("base"))
    return run(Plan(), [incidents], cells)


def day(base, as_of: str, rows: dict[str, str], **facts):
    """The outcome of a day with one warning per class of *rows*, class -> level."""
    model = base.early_warnings.iloc[[0]]
    parts = [
        model.assign(warning_id=f"{name}-{as_of}", category=name, level=level, caveats="", rank=rank, **facts)
        for rank, (name, level) in enumerate(rows.items(), 1)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else model.iloc[:0]
    return replace(base, early_warnings=table, facts={**base.facts, "as_of": as_of, "run_id": as_of, "notices": []})


def told(outcome, ledger) -> dict[str, tuple[str, str]]:
    """Class -> (change, caveat) against the last issued run."""
    table = since_last(with_ledger(outcome, ledger), ledger).early_warnings
    return {row.category: (row.change, row.caveats) for row in table.itertuples()}


def test_every_row_says_what_changed_against_the_last_issued_run(base, tmp_path):
    """New, raised, lowered, ended; a run that failed before issuing and one without a ledger change nothing."""
    ledger = tmp_path / "ledger.sqlite"
    first = day(base, "2025-05-01T00:00:00", {"a": "yellow", "b": "red", "c": "blue"})
    assert {change for change, _ in told(first, ledger).values()} == {"新增"}
    issue(with_ledger(first, ledger), ledger)
    failed = day(base, "2025-05-02T00:00:00", {"a": "red", "z": "red"})
    assert told(failed, ledger)["a"][0] == "升级"  # and then its files could not be written: never issued
    second = day(base, "2025-05-02T00:00:00", {"a": "orange", "b": "yellow", "d": "blue"})
    assert told(second, ledger) == {
        "a": ("升级", ""), "b": ("持续", "级别由红降为黄"), "d": ("新增", ""), "c": ("解除", "")
    }  # fmt: skip
    issue(since_last(with_ledger(second, ledger), ledger), ledger)
    third = day(base, "2025-05-04T00:00:00", {"a": "orange", "b": "yellow"})
    found = since_last(with_ledger(third, ledger), ledger)
    assert dict(zip(found.early_warnings["category"], found.early_warnings["change"], strict=True)) == {
        "a": "持续", "b": "持续", "d": "解除"
    }  # fmt: skip
    assert [n["code"] for n in found.facts["notices"]] == ["N-RUN-001"] and "2025-05-03" in found.facts["notices"][0][
        "zh"
    ]
    unlisted = since_last(third, None, "2025-05-02T00:00:00")
    assert [n["code"] for n in unlisted.facts["notices"]] == ["N-RUN-001"]


def test_issuing_a_morning_twice_adds_nothing(base, tmp_path):
    ledger = tmp_path / "ledger.sqlite"
    heads = set()
    for _ in range(2):
        issue(with_ledger(day(base, "2025-05-01T00:00:00", {"a": "yellow"}), ledger), ledger)
        with open_ledger(ledger) as book:
            heads.add(book.head())
    assert len(heads) == 1


def test_the_budget_of_a_day_is_spent_over_its_hours(base, tmp_path):
    ledger = tmp_path / "ledger.sqlite"
    hourly = replace(base, plan=Plan().with_settings({"bin": "hour", "city_per_day": 3}))

    def hour(as_of, rows):
        return since_last(with_ledger(day(hourly, as_of, rows, phase="open", within_budget=True), ledger), ledger)

    issue(hour("2025-05-01T00:00:00", {"y": "orange"}), ledger)  # the last hour of the day before
    issue(hour("2025-05-01T10:00:00", {"a": "orange", "b": "orange"}), ledger)
    found = hour("2025-05-01T11:00:00", {"a": "orange", "b": "orange", "c": "orange", "d": "orange", "e": "red"})
    kept = dict(zip(found.early_warnings["category"], found.early_warnings["within_budget"], strict=True))
    assert {name for name in "abcde" if kept[name]} == {"a", "b", "c", "e"} and found.facts["cut"] == 1
    morrow = hour("2025-05-02T01:00:00", {"f": "orange", "g": "orange", "h": "orange", "i": "orange"})
    kept = dict(zip(morrow.early_warnings["category"], morrow.early_warnings["within_budget"], strict=True))
    assert {name for name in "fghi" if kept[name]} == {"f", "g", "h"}
