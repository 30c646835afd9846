"""Now against before: exact numbers, like days with like, what chance and selection do, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from city_of_years import STREETS, incidents, ready_of, write_cells
from gridbeacon.errors import InputError
from gridbeacon.models.comparison import block_dispersion, exact_ratios, expected_fall, funnel_limits
from gridbeacon.pipeline.comparison import compare_units, comparison_table, year_on_year, year_on_year_facts
from gridbeacon.pipeline.periods import LAST_YEAR, PREVIOUS, pair_days, steps_of
from hypothesis import given
from hypothesis import strategies as st
from parity import agree

GOLDEN = Path(__file__).parent / "golden"
START = "2023-11-06"
TOPIC = "Two periods compared"


def even(days: int, mean: float = 2.0, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, (days, STREETS))


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """Two years of one mean everywhere, up to 2025-11-24."""
    return ready_of(tmp_path_factory.mktemp("calm"), incidents(START, even(749)), as_of="2025-11-24")


@pytest.mark.parity
def test_exact_intervals_and_tails_are_those_of_r():
    golden = pd.read_csv(GOLDEN / "comparison_exact.csv")
    found = exact_ratios(*(golden[name].to_numpy() for name in ("now", "before", "own", "other")))
    golden["high"] = golden["high"].astype(float)
    finite = np.isfinite(golden["high"].to_numpy())
    source = "R 4.2.2, poisson.test and binom.test"
    agree(TOPIC, "lower limits of rate ratios", found.low, golden["low"].to_numpy(), source=source, within=1e-9)
    highs = found.high[finite], golden["high"].to_numpy()[finite]
    agree(TOPIC, "upper limits of rate ratios", *highs, source=source, within=1e-9)
    assert np.isinf(found.high[~finite]).all()
    agree(TOPIC, "one-sided p, more", found.upper, golden["upper"].to_numpy(), source=source, within=1e-12)
    agree(TOPIC, "one-sided p, fewer", found.lower, golden["lower"].to_numpy(), source=source, within=1e-12)


@pytest.mark.parity
def test_funnel_limits_are_the_exact_quantiles_of_r():
    golden = pd.read_csv(GOLDEN / "comparison_funnel.csv")
    for share, rows in golden.groupby("share"):
        low, high = funnel_limits(rows["expected"].to_numpy(), rows["dispersion"].to_numpy(), float(share))
        what, source = f"funnel limits of {share:.1%}", "R 4.2.2, qpois and qnbinom"
        agree(TOPIC, what, np.append(low, high), np.append(rows["low"], rows["high"]), source=source)


@pytest.mark.parametrize(("mean", "size", "units", "ratio"), [(40, 5, 1, 1.0), (8, 3, 12, 0.8), (2, 1, 12, 1.0)])
def test_intervals_cover_what_they_promise_under_over_dispersion(mean, size, units, ratio):
    """Dispersion learned from 22 blocks of 28 days of negative-binomial counts: 95 % intervals hold in 93 to 98 %."""
    rng, hits, tries = np.random.default_rng(5), 0, 700 if units == 1 else 120
    draw = lambda level, days: rng.negative_binomial(size, size / (size + level), (days, units))  # noqa: E731
    for _ in range(tries):
        past = draw(mean, 23 * 28).reshape(23, 28, units).sum(axis=1)
        spread = block_dispersion(past[:22], np.full(22, 28.0))
        found = exact_ratios(draw(mean * ratio, 28).sum(axis=0), past[22], 1, 1, spread.widened())
        hits += int(((found.low <= ratio) & (ratio <= found.high)).sum())
    assert 0.93 <= hits / tries / units <= 0.98
    plain = block_dispersion(np.full((22, 1), 500.0), np.full(22, 28.0))
    assert plain.value[0] == 1 and plain.learned and not block_dispersion(past[:6], np.full(6, 28.0)).learned


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.1, 10), st.floats(1, 9))
def test_the_other_way_round_is_the_reciprocal(now, before, exposure, dispersion):
    one = exact_ratios(now, before, exposure, 1.0, dispersion)
    two = exact_ratios(before, now, 1.0, exposure, dispersion)
    assert one.low[0] <= one.ratio[0] <= one.high[0] and one.p_value[0] == pytest.approx(two.p_value[0])
    if now and before:
        assert [one.ratio[0], one.low[0]] == pytest.approx([1 / two.ratio[0], 1 / two.high[0]], rel=1e-9)
    wider = exact_ratios(now, before, exposure, 1.0, dispersion + 1)
    if min(now, before) > dispersion:
        assert wider.low[0] <= one.low[0] + 1e-12 and wider.high[0] >= one.high[0] * (1 - 1e-12)


def test_places_picked_because_they_were_high_fall_as_foretold():
    """The tenth of 400 equal places with most incidents, 200 times: what they fall is what shrinkage says they will."""
    rng, seen, due, exact = np.random.default_rng(8), [], [], []
    for _ in range(200):
        level = rng.gamma(20, 0.5, 400)
        before, after, usual = rng.poisson(level), rng.poisson(level), np.full(400, 10.0)
        picked = np.argsort(-before)[:40]
        seen.append(after[picked].sum() / before[picked].sum() - 1)
        fall = expected_fall(before, usual, 1.0)[picked]
        due.append((fall * before[picked]).sum() / before[picked].sum())
        exact.append(((20 + before[picked]) / (2 + 1)).sum() / before[picked].sum() - 1)  # the gamma posterior, by hand
    assert np.mean(seen) == pytest.approx(np.mean(exact), abs=0.01) and np.mean(exact) < -0.25
    assert np.mean(due) == pytest.approx(np.mean(exact), abs=0.015)
    assert np.isnan(expected_fall(np.array([0.0, 3.0]), np.array([4.0, 0.0]), 1.0)).all()


def test_a_calm_city_has_nothing_to_tell(calm):
    table = comparison_table(calm)
    units = table[table["unit_level"] > 0]
    assert (table["verdict"] == "noise").mean() > 0.97 and len(units) == 2 * 2 * (10 + 20)
    assert table["sentence"].str.contains("无法区分于波动").mean() > 0.97
    facts = year_on_year_facts(calm)
    assert set(facts["city"]) == {PREVIOUS, LAST_YEAR} and len(facts["streets"]) == STREETS
    assert "not distinguishable from noise" in facts["city"][LAST_YEAR]["sentence_en"]


def test_a_fall_is_told_with_its_interval(tmp_path):
    counts = even(749, 4.0)
    counts[-28:, 2] = np.random.default_rng(4).poisson(1.5, 28)
    ready = ready_of(tmp_path, incidents(START, counts), as_of="2025-11-24")
    streets = ready.cells.table["name"].to_list()
    unit = streets.index("第3街道")
    found = year_on_year(ready, unit, "市容/占道")
    assert found["now"] == counts[-28:, 2].sum() and found["before"] == counts[-28 - 364 : -364, 2].sum()
    assert found["verdict"] == "down" and found["high"] < 0
    assert found["sentence"].startswith("比上年同期下降") and "95%区间−" in found["sentence"]
    assert found["sentence_en"].startswith(f"down {abs(found['change']):.0%}"[:-1]) and " to −" in found["sentence_en"]
    others = [year_on_year(ready, int(u), "市容/占道")["verdict"] for u in ready.counts.cells.rows_at(1)]
    assert others.count("noise") == STREETS - 1


def test_the_first_year_says_that_there_is_no_other(tmp_path):
    ready = ready_of(tmp_path, incidents("2025-05-01", even(200)), as_of="2025-11-10")
    city = year_on_year_facts(ready)["city"]
    assert city[LAST_YEAR]["sentence"] == "没有上年同期数据" and city[LAST_YEAR]["change"] is None
    assert city[LAST_YEAR]["verdict"] == "not comparable" and city[PREVIOUS]["verdict"] == "noise"


def test_festivals_are_held_against_themselves(tmp_path):
    """Spring Festival 2025-01-29 and 2024-02-10: hardly any calls in its week, as every year, is no fall."""
    counts = even(560, 5.0)
    days = pd.date_range("2023-09-01", periods=560)
    for festival in ("2024-02-10", "2025-01-29"):
        apart = (days - pd.Timestamp(festival)).days
        off = (apart >= -1) & (apart <= 7)
        counts[off] = np.random.default_rng(1).poisson(2.5, (off.sum(), STREETS))
    ready = ready_of(tmp_path, incidents("2023-09-01", counts), as_of="2025-02-12")
    steps = steps_of(ready)
    pairs = pair_days(ready, steps, "市容", 28, LAST_YEAR)
    assert (steps.festival[pairs.now] == steps.festival[pairs.before]).all()
    lunar = dict(zip(steps.days[pairs.now].astype(str), steps.days[pairs.before].astype(str), strict=True))
    assert lunar["2025-01-29"] == "2024-02-10" and len(set(lunar.values())) == len(lunar)
    city = year_on_year_facts(ready)["city"]
    assert city[LAST_YEAR]["verdict"] == "noise" and any("农历" in text for text in city[LAST_YEAR]["caveats"])
    assert city[PREVIOUS]["verdict"] == "not comparable"  # most of the period is the festival, the one before is not
    end = days.get_loc(pd.Timestamp("2025-02-12"))
    naive = exact_ratios(counts[end - 28 : end].sum(), counts[end - 28 - 366 : end - 366].sum())
    assert naive.p_value[0] < 0.001 and naive.ratio[0] < 0.95  # date against date, it would have been a clear fall


def test_days_without_data_are_left_out_on_both_sides(tmp_path):
    counts = even(749, 6.0)
    counts[-10:-4] = 0
    counts[-364 - 20 : -364 - 17] = 0
    ready = ready_of(tmp_path, incidents(START, counts), as_of="2025-11-24")
    assert (~ready.valid).sum() == 9
    (row,) = compare_units(ready, "全部", 0, "territorial", LAST_YEAR).to_dict("records")
    kept = np.ones(28, dtype=bool)
    kept[[*range(18, 24), *range(8, 11)]] = False
    assert row["now"] == counts[-28:][kept].sum() and row["before"] == counts[-28 - 364 : -364][kept].sum()
    assert row["verdict"] == "noise" and row["days_dropped"] == 9 and "9天数据中断" in row["caveats"]
    naive = exact_ratios(counts[-28:].sum(), counts[-28 - 364 : -364].sum()).p_value[0]
    assert naive < 0.001
    few = compare_units(ready, "全部", 0, "territorial", LAST_YEAR, window=9).iloc[0]
    assert few["why"] == "too few days" and "不作比较" in few["sentence"]


def test_a_declared_new_beginning_is_not_a_change(tmp_path):
    counts = even(749, 3.0)
    counts[600:] = np.random.default_rng(6).poisson(6.0, (149, STREETS))
    events = tmp_path / "events.csv"
    events.write_text("开始,结束,名称,类别,作用\n2025-06-28,,热线并入,,重新起算\n", encoding="utf-8")
    ready = ready_of(tmp_path, incidents(START, counts), events=str(events), as_of="2025-11-24")
    city = year_on_year_facts(ready)["city"]
    assert city[LAST_YEAR]["sentence"] == "期间有“热线并入”,前后不可比"
    assert city[PREVIOUS]["verdict"] == "noise"


def test_a_moved_working_day_counts_as_what_it_is(tmp_path):
    """Weekends have a quarter of the calls; two Saturdays worked in place of a festival's days are told apart."""
    days = pd.date_range(START, periods=749)
    table = tmp_path / "days.csv"
    moved = [day for day in days[-28:] if day.day_of_week == 5][:3]
    table.write_text("日期,类型\n" + "".join(f"{day:%Y-%m-%d},上班\n" for day in moved) + "2025-01-01,放假\n", "utf-8")
    mean = np.where(days.day_of_week >= 5, 2.0, 8.0)
    mean[days.isin(moved)] = 8.0
    counts = np.random.default_rng(2).poisson(mean[:, None], (749, STREETS))
    ready = ready_of(tmp_path, incidents(START, counts), days=str(table), as_of="2025-11-24")
    (row,) = compare_units(ready, "全部", 0, "territorial", LAST_YEAR).to_dict("records")
    assert row["exposure_ratio"] > 1.02 and abs(row["change"]) < counts[-28:].sum() / counts[-392:-364].sum() - 1


def test_what_is_only_described_stops_at_the_street(tmp_path):
    rows = incidents(START, even(749), category="矛盾纠纷/邻里")
    ready = ready_of(tmp_path, rows, as_of="2025-11-24")
    table = comparison_table(ready)
    assert table[table["category"] != "全部"]["unit_level"].max() == 1
    assert table[(table["category"] == "全部") & (table["unit_level"] == 2)]["now"].sum() == 0
    with pytest.raises(InputError, match=r"street level"):
        year_on_year(ready, int(ready.counts.cells.rows_at(2)[0]), "矛盾纠纷")


@pytest.mark.parametrize("placed", ["points", "codes"])
def test_a_division_between_the_periods_is_counted_on_the_cells_of_today(tmp_path, placed):
    """Incidents with points are counted anew; those dealt out by area refuse the comparison of the cells concerned."""
    since = ["2025-06-01" if number < 2 else "" for number in range(2 * STREETS)]
    cells = write_cells(tmp_path, since=since, former="990101001001009")
    rows = incidents(START, even(749))
    if placed == "codes":
        old = (rows["x"] < 117.01) & (rows["time"] < "2025-06-01")
        rows = rows.assign(code=np.where(old, "990101001001009", ""))
        rows.loc[old, ["x", "y"]] = np.nan
    ready = ready_of(tmp_path, rows, cells, as_of="2025-11-24", redivision="areal")
    table = compare_units(ready, "全部", 2, "territorial", LAST_YEAR)
    refused = table["cell_id"][table["why"] == "redivision"].tolist()
    assert refused == ([] if placed == "points" else ["990101001001001", "990101001001002"])
    assert table["caveats"].str.contains("两期均按现行网格重新统计").all() and table["before"].sum() > 400
    if refused:
        assert "不作比较" in table["sentence"].iloc[0] and table["verdict"].iloc[0] == "not comparable"


def test_the_same_counts_give_the_same_answer_in_hours(tmp_path, calm):
    counts = even(749)
    ready = ready_of(tmp_path, incidents(START, counts), as_of="2025-11-24", bin="hour")
    one, two = (compare_units(r, "全部", 1, "territorial", LAST_YEAR) for r in (ready, calm))
    assert one["now"].tolist() == two["now"].tolist() and one["before"].tolist() == two["before"].tolist()
    noon = ready_of(tmp_path, incidents(START, counts), as_of="2025-11-23T12:00:00", bin="hour")
    (row,) = compare_units(noon, "全部", 0, "territorial", LAST_YEAR).to_dict("records")  # a day that is not over
    assert row["now"] == counts[-29:-1].sum() and row["days"] == 28 and "中断" not in row["caveats"]
    weekly = ready_of(tmp_path, incidents(START, counts), as_of="2025-11-24", bin="week")
    assert compare_units(weekly, "全部", 0, "territorial", LAST_YEAR)["now"].iloc[0] == counts[-28:].sum()
