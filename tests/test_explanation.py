"""Why a warning was given: every figure held against the incidents it was made of, every sentence said in full."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from gridbeacon.layers.grouped import RELATIONS, SHEET
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.layers.spreadsheets import write_warnings_xlsx
from gridbeacon.models.early_warning import WarningRules
from gridbeacon.models.early_warning.phenomena import RELATIONS as ALL_RELATIONS
from gridbeacon.pipeline import Plan, run
from gridbeacon.pipeline.explanation import GROUPED_COLUMNS, for_profile
from gridbeacon.pipeline.explanation.carriers import carried_by, usual_shares
from gridbeacon.pipeline.explanation.levels import chance_words, level_words
from gridbeacon.pipeline.explanation.record import record_of
from gridbeacon.pipeline.explanation.seasons import season_before
from gridbeacon.pipeline.files import issue
from streets_city import BURST, DISPUTE, write_city

# ---- words and figures by hand ------------------------------------------------------------------------------------


def test_usual_shares_are_drawn_towards_the_wider_past():
    """8 and 2 of one's own, even elsewhere, the prior worth ten: (8 + 5) / 20 and (2 + 5) / 20."""
    shares = usual_shares(np.repeat([0, 1], [8, 2]), np.repeat([0, 1], [1000, 1000]), 2)
    assert shares == pytest.approx([0.65, 0.35])
    assert usual_shares(np.zeros(0, int), np.zeros(0, int), 4) == pytest.approx([0.25] * 4)


def test_the_fewest_places_that_carry_three_quarters():
    places = [{"cell_id": name, "excess": excess} for name, excess in (("a", 6.0), ("b", 2.0), ("c", 1.0), ("d", -1.0))]
    assert [place["cell_id"] for place in carried_by(places, 10.0)] == ["a", "b"]
    assert [place["cell_id"] for place in carried_by(places, 40.0)] == ["a", "b", "c"]


def test_what_chance_alone_would_light_in_words():
    """Seven in 400 weeks is one in 400 days."""
    told = chance_words("orange", {"orange": {"per_week": 7 / 400, "low": 0.0, "high": 0.1, "basis": "null years"}})
    assert told["sentence"] == "若无异常,全市约每400天才会碰巧出现一次这样的橙色预警"
    assert told["sentence_en"].endswith("would see an orange like this about once in 400 days")
    bound = chance_words("orange", {"orange": {"per_week": 7 / 400, "basis": "bound"}})
    assert bound["sentence"] == "若无异常,全市400天以上才会碰巧出现一次这样的橙色预警"
    assert chance_words("red", {}) == {}


def row_of(**more):
    base = {"recurrence_days": 638.0, "observed": 31, "expected": 7.0, "excess": 24.0, "steps": 1}
    return SimpleNamespace(**(base | {"one_source": False, "awaiting_second": False} | more))


@pytest.mark.parametrize(
    ("row", "level", "zh"),
    [
        (row_of(), "orange", "橙色:碰巧638天一遇(≥365天)、超出24件(≥5)、4.4倍(≥2)"),
        (row_of(one_source=True), "yellow", "橙色:碰巧638天一遇(≥365天)、超出24件(≥5)、4.4倍(≥2);"
         "仅一个渠道上升,按黄色"),
        (row_of(recurrence_days=9e9, awaiting_second=True), "orange", "红色:碰巧100年以上一遇(≥1825天)、超出24件(≥8)、"
         "4.4倍(≥2);待第二来源、第二时段或人工确认,先按橙色"),
        (row_of(recurrence_days=100, steps=3), "orange", "黄色:碰巧100天一遇(≥90天)、超出24件(≥3)、"
         "4.4倍(≥1.5);已持续3步,升为橙色"),
        (row_of(recurrence_days=40), "red", "蓝色:碰巧40天一遇(≥30天)、超出24件(≥3);此前达红色,未静默满2步不降"),
    ],
)  # fmt: skip
def test_the_level_says_which_limits_were_reached_and_why_it_is_another(row, level, zh):
    told = level_words(row, level, WarningRules())
    assert told["sentence"] == zh and "by chance once in" in told["sentence_en"]


def issued(number: int, verdict: str = "", level: str = "orange", category: str = "水/管", days: int = 10) -> dict:
    first = (pd.Timestamp("2025-03-01") - pd.Timedelta(days=days)).isoformat()
    return {"warning_id": f"w{number}", "level": level, "category": category, "verdict": verdict, "first_issued": first}


def test_the_last_ninety_days_of_such_warnings_and_how_they_ended():
    verdicts = ["true"] * 7 + ["false"] * 3 + ["unclear"] * 2
    alike = [issued(i, verdict) for i, verdict in enumerate(verdicts)]
    others = [
        issued(90, "true", level="red"),
        issued(91, "true", category="噪声"),
        issued(92, "true", days=91),
        issued(93, "true", category="全部"),
        issued(99, "true", days=1),
    ]
    own = {"warning_id": "w99", "category": "水", "level": "orange"}
    told = record_of(own, [*alike, *others], "2025-03-01T00:00:00+08:00")
    assert told["sentence"] == "近90天同类橙色12:属实7,误报3,未核2"
    assert told["sentence_en"] == "12 orange like this in the last 90 days: 7 true, 3 false alarm, 2 unclear"
    waiting = record_of(own, [*alike, issued(50)], "2025-03-01")
    assert waiting["sentence"] == "近90天同类橙色13:属实7,误报3,未核2,待研判1" and waiting["open"] == 1
    assert record_of(own, others, "2025-03-01")["sentence"] == "近90天没有同类橙色预警"


# ---- the same season before ---------------------------------------------------------------------------------------


def history(last_day: str, days: int = 1200, planted: dict | None = None, silent: str = ""):
    """A city of one unit, one a day up to *last_day*, *planted* more on some days; *silent* was not reported."""
    from gridbeacon.cube import Cells, Counts, sum_counts
    from scipy import sparse

    end = np.datetime64(last_day, "D").astype(int) + 1
    extra = {np.datetime64(day, "D").astype(int): n for day, n in (planted or {}).items()}
    table = pd.DataFrame({"bin": np.arange(end - days, end)})
    table["count"] = [1 + extra.get(day, 0) for day in table["bin"]]
    table = table.assign(
        category="a", source="", kind="", cell=0, reported_bin=table["bin"], severity_sum=1.0, distinct=table["count"]
    )
    names = np.array(["CITY"], dtype=object)
    cells = Cells(names, names, np.array([0]), np.array([-1]), np.array(["territorial"], dtype=object),
                  np.zeros((1, 2)), np.ones(1), np.zeros(1), sparse.csr_matrix((1, 1)))  # fmt: skip
    counts = Counts(sum_counts(table), cells, "day", end - days, end)
    valid = np.ones(days, dtype=bool)
    if silent:
        valid[np.datetime64(silent, "D").astype(int) - (end - days)] = False
    row = SimpleNamespace(unit=0, role="territorial", category="a", window_first=end - 3, window_bins=3)
    return SimpleNamespace(counts=counts, valid=valid, plan=SimpleNamespace(calendar="cn")), row


def test_years_are_aligned_by_weekday_away_from_festivals():
    told = season_before(*history("2025-06-18", planted={"2024-06-19": 5, "2023-06-21": 2}))
    assert told["aligned"] == "weekday" and told["now"] == 3
    assert [(y["window_start"][:10], y["observed"]) for y in told["years"][:2]] == [
        ("2024-06-17", 8),
        ("2023-06-19", 5),
    ]
    assert all(pd.Timestamp(y["window_start"]).weekday() == 0 for y in told["years"])
    assert told["sentence"].startswith("去年同期8件(2024-06-17)、前年同期5件(2023-06-19)")


def test_years_are_aligned_by_the_spring_festival_around_it():
    """29 days before the Spring Festivals of 2025-01-29, 2024-02-10 and 2023-01-22 (GB/T 33661-2017)."""
    told = season_before(*history("2024-12-31"))
    assert told["aligned"] == "lunar"
    assert [y["window_end"][:10] for y in told["years"][:2]] == ["2024-01-13", "2022-12-25"]


def test_a_festival_is_held_against_the_same_festival():
    """Mid-Autumn: 2024-09-17, 2023-09-29, 2022-09-10."""
    told = season_before(*history("2024-09-17"))
    assert told["aligned"] == "festival"
    assert [y["window_end"][:10] for y in told["years"][:2]] == ["2023-09-30", "2022-09-11"]


def test_an_outage_is_told_and_not_counted_as_calm():
    told = season_before(*history("2025-06-18", silent="2024-06-18"))
    assert told["years"][0]["status"] == "outage" and "数据中断,不算平静" in told["sentence"]
    assert "data outage, not calm" in told["sentence_en"]


def test_without_an_earlier_year_it_says_so():
    told = season_before(*history("2025-06-18", days=200))
    assert told["years"] == [] and told["sentence"] == "没有更早年份的数据"


# ---- a whole run --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streets")
    incidents, cells = write_city(folder)
    return folder, incidents, cells


@pytest.fixture(scope="module")
def outcome(city):
    folder, incidents, cells = city
    return run(Plan(), [incidents], cells, out=folder / "out", ledger=folder / "ledger.sqlite")


def warning_of(outcome, cell_prefix: str) -> pd.Series:
    table = outcome.early_warnings
    return table[table["cell_id"].str.startswith(cell_prefix) & (table["unit_level"] > 0)].iloc[0]


def told_of(outcome, cell_prefix: str) -> dict:
    return outcome.explanations[warning_of(outcome, cell_prefix)["warning_id"]]


def test_the_burst_is_one_warning_of_the_class_that_carries_both_sub_classes(outcome):
    table = outcome.early_warnings
    water = table[table["category"].str.startswith("供水")]
    assert len(water) == 1 and water["category"].iloc[0] == "供水" and water["cell_id"].iloc[0].startswith("990101005")
    assert len(water["reason"].iloc[0]) <= 45
    own = outcome.grouped[outcome.grouped["warning_id"] == water["warning_id"].iloc[0]]
    assert {"finer class", "broader"} <= set(own["relation"]) <= set(ALL_RELATIONS)


def test_carriers_are_the_sub_classes_the_hour_and_the_cell(outcome):
    told = told_of(outcome, "990101005")["carriers"]
    assert {item["name"]: item["observed"] for item in told["classes"]} == {"停水": 12, "水压": 12}
    assert all(item["excess"] == pytest.approx(item["observed"] - item["usual"], abs=0.011) for item in told["classes"])
    top = max(told["week"]["hours"], key=lambda hour: hour["excess"])
    assert top["hour"] == 9 and top["observed"] == 24
    assert np.sum(told["week"]["observed"]) == 24
    assert np.sum(told["week"]["observed"][(pd.Timestamp("2025-02-28")).weekday()]) == 24


def test_the_usual_of_carriers_adds_up_to_what_was_expected(outcome):
    warning = warning_of(outcome, "990101005")
    told = outcome.explanations[warning["warning_id"]]["carriers"]
    assert np.sum(told["week"]["usual"]) == pytest.approx(warning["expected"], abs=0.1)
    assert sum(item["usual"] for item in told["classes"]) == pytest.approx(warning["expected"], abs=0.05)


def test_members_are_those_of_the_table_and_only_within_the_house(outcome):
    warning = warning_of(outcome, "990101005")["warning_id"]
    listed = outcome.members.loc[outcome.members["warning_id"] == warning, "incident_id"].tolist()
    members = outcome.explanations[warning]["members"]
    assert members["incident_ids"] == listed and members["number"] == len(listed) == 24
    assert for_profile(outcome.explanations, "internal") == outcome.explanations
    public = json.dumps(for_profile(outcome.explanations, "public"), ensure_ascii=False)
    assert not any(f'"{own}"' in public for own in listed) and "carriers" not in public


def test_classes_that_are_only_described_are_explained_at_street_level_and_above(outcome):
    table = outcome.early_warnings
    disputes = table[table["category"].str.startswith("矛盾纠纷")]
    units = outcome.cells.table
    assert len(disputes) and disputes["unit_level"].max() < units["unit_level"].max()
    finest = set(units.loc[units["unit_level"] == units["unit_level"].max(), "cell_id"])
    for own in disputes["warning_id"]:
        text = json.dumps(outcome.explanations[own], ensure_ascii=False)
        assert not any(f'"{cell}"' in text for cell in finest)
    described = outcome.grouped[outcome.grouped["category"].str.startswith("矛盾纠纷")]
    assert not set(described["cell_id"]) & finest


def test_caveats_come_in_both_languages(outcome):
    for row in outcome.early_warnings.itertuples():
        pairs = outcome.explanations[row.warning_id]["caveats"]
        assert row.caveats == ";".join(pair["zh"] for pair in pairs)
        assert row.caveats_en == ";".join(pair["en"] for pair in pairs)
        assert all(pair["en"].isascii() or "→" in pair["en"] for pair in pairs)


def test_a_city_wide_rise_lists_its_streets_with_their_figures(city, tmp_path):
    """Water everywhere on the last day: one warning of the city, and all nine streets beneath it."""
    _, incidents, cells = city
    table = pd.read_csv(incidents, dtype=str)
    more = table[table["诉求类型"].str.startswith("噪声")].drop_duplicates(["经度"]).head(80)
    times = [f"2025-02-28 {8 + i % 12:02d}:{i % 60:02d}:30" for i in range(80)]
    more = more.assign(诉求类型="排水/积水", 受理时间=times)
    more["工单编号"] = [f"R{i:04d}" for i in range(80)]
    pd.concat([table, more]).to_csv(tmp_path / "rain.csv", index=False)
    result = run(Plan(), [tmp_path / "rain.csv"], cells)
    rain = result.early_warnings[result.early_warnings["category"].str.startswith("排水")]
    assert rain["cell_id"].tolist() == ["CITY"]
    own = result.grouped[result.grouped["warning_id"] == rain["warning_id"].iloc[0]]
    level = result.facts["street_level"]
    streets = own[(own["unit_level"] == level) & (own["category"] == rain["category"].iloc[0])]
    assert len(streets) == 9 and streets["observed"].sum() == 80 and set(streets["relation"]) == {"finer"}
    assert streets["expected"].notna().all()


def test_the_files_hold_what_the_warnings_stand_for(outcome):
    out = outcome.out
    with (out / "grouped.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == GROUPED_COLUMNS and len(rows) == len(outcome.grouped)
    layer = pyogrio.read_dataframe(out / "results.gpkg", layer="grouped")
    assert len(layer) == len(rows) and not hasattr(layer, "crs") and set(layer["relation"]) <= set(RELATIONS)
    sheet = openpyxl.load_workbook(out / "early_warnings.xlsx")[SHEET]
    assert sheet.max_row == len(rows) + 1
    told = json.loads((out / "explanations.json").read_text(encoding="utf-8"))
    assert set(told["warnings"]) == set(outcome.explanations) and told["note"]["zh"] == "内部研判,不构成法定预警发布"
    assert {"grouped.csv", "explanations.json"} <= set(outcome.manifest["outputs"])


def test_text_from_the_data_is_never_a_formula_in_the_sheet_of_groups(outcome, tmp_path):
    kin = outcome.grouped.head(3).assign(cell_name="=1+1", category="https://example.invalid/x", cell_id="000123")
    write_warnings_xlsx(tmp_path / "g.xlsx", outcome.early_warnings, outcome.facts, kin)
    rows = list(openpyxl.load_workbook(tmp_path / "g.xlsx")[SHEET].iter_rows(min_row=2))
    assert [(row[2].value, row[2].data_type, row[3].hyperlink, row[10].value) for row in rows] == [
        ("=1+1", "s", None, "000123")
    ] * 3


def test_the_record_comes_from_the_ledger_and_its_absence_is_told(city, outcome):
    folder, incidents, cells = city
    assert told_of(outcome, "990101005")["record"]["sentence"].startswith("近90天没有同类")
    without = run(Plan(), [incidents], cells)
    assert told_of(without, "990101005")["record"]["sentence"] == "没有台账,不知道以往同类预警的结果"
    own = warning_of(outcome, "990101005")["warning_id"]
    with open_ledger(folder / "ledger.sqlite") as book:
        book.record(own, "assigned", actor="值班", time="2025-03-01T09:00:00", payload={"to": "水务局"})
    again = run(Plan(), [incidents], cells, ledger=folder / "ledger.sqlite")
    handling = again.explanations[own]["handling"]
    assert handling["assigned_to"] == "水务局" and handling["state"] == "已交办"


def test_a_merged_warning_is_listed_apart_and_the_ledger_notes_where_it_went(outcome, tmp_path):
    table = outcome.early_warnings
    first, second = table["warning_id"].iloc[:2]
    place = tmp_path / "merged.sqlite"
    issue(outcome, place)
    gone = table["warning_id"] == second
    over = {"phase": table["phase"].mask(gone, "merged"), "merged_into": table["merged_into"].mask(gone, first)}
    facts = {**outcome.facts, "as_of": "2025-03-02T00:00:00"}
    later = replace(outcome, early_warnings=table.assign(**over), facts=facts)
    for _ in range(2):
        issue(later, place)
    with open_ledger(place) as book:
        notes = [event for event in book.events(second) if event["event"] == "noted"]
        assert len(notes) == 1 and json.loads(notes[0]["payload"])["merged_into"] == first
        assert second not in {row["warning_id"] for row in book.last_issued("2025-03-03T00:00:00")}


def test_equal_input_gives_equal_explanations(city, outcome):
    _, incidents, cells = city
    again = run(Plan(), [incidents], cells)
    for own, told in again.explanations.items():
        ledger = {name: outcome.explanations[own][name] for name in ("record", "handling")}
        assert {**told, **ledger} == outcome.explanations[own]
    pd.testing.assert_frame_equal(again.grouped, outcome.grouped)


def test_ids_and_groups_survive_another_order_of_incidents_and_cells(city, outcome, tmp_path):
    _, incidents, cells = city
    table = pd.read_csv(incidents, dtype=str).sample(frac=1, random_state=5)
    table.to_csv(tmp_path / "shuffled.csv", index=False)
    layer = json.loads(cells.read_text(encoding="utf-8"))
    layer["features"].reverse()
    (tmp_path / "cells.geojson").write_text(json.dumps(layer), encoding="utf-8")
    again = run(Plan(), [tmp_path / "shuffled.csv"], tmp_path / "cells.geojson")
    names = ["warning_id", "rank", "level", "cell_id", "category", "observed", "phase", "stability"]
    pd.testing.assert_frame_equal(again.early_warnings[names], outcome.early_warnings[names])
    pd.testing.assert_frame_equal(again.grouped, outcome.grouped)


def test_the_words_of_relations_are_complete():
    assert set(RELATIONS) == set(ALL_RELATIONS)
    assert DISPUTE and BURST
