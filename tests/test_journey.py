"""The whole journey on the sample city: files in, tables and files out, bad input that ends in one clear message."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import Cancelled, InputError
from gridbeacon.pipeline import Plan, check_inputs, run
from gridbeacon.sample_data import CELLS, INCIDENTS, RESPONSIBLE, TRUTH, sample_path

FILES = {
    "briefing.html",
    "briefing.docx",
    "early_warnings.xlsx",
    "early_warnings.csv",
    "members.csv",
    "results.gpkg",
    "surface.tif",
    "quarantine.csv",
    "manifest.json",
}


def sample_run(plan=None, **more):
    incidents = [sample_path(name) for name in INCIDENTS]
    return run(plan or Plan(), incidents, sample_path(CELLS), responsible=sample_path(RESPONSIBLE), **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("journey")


@pytest.fixture(scope="module")
def outcome(folder):
    """The first run of a city whose ledger is empty."""
    return sample_run(out=folder / "run", ledger=folder / "city.ledger")


def test_every_file_of_the_run_folder_is_there_and_hashed(outcome):
    assert {path.name for path in outcome.out.iterdir()} >= FILES
    manifest = json.loads((outcome.out / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["outputs"]) >= FILES - {"manifest.json"}
    assert manifest["account"] == outcome.account and manifest["plan_version"] == Plan().version


def test_the_account_adds_up_and_is_that_of_the_planted_trouble(outcome):
    account = dict(outcome.account)
    assert account.pop("rows_in") == sum(account.values())
    rows = json.loads(sample_path(TRUTH).read_text(encoding="utf-8"))["rows"]
    assert outcome.account["rows_in"] == (rows if isinstance(rows, int) else sum(rows.values()))


def test_the_last_day_has_the_burst_the_noise_and_few_others(outcome):
    """Planted for 2025-12-31: a burst pipe in 听潮街道 seen by three sources, noise in one cell, a cold snap."""
    table = outcome.early_warnings
    live = table[table["phase"].isin(["open", "escalated"])]
    assert 2 <= len(live) <= 5
    top = live.iloc[0]
    assert (top["level"], top["cell_id"], top["category"]) == ("red", "990101002", "供水排水/供水")
    assert top["source_count"] >= 2 and "12345热线" in top["sources"]
    assert "990102001004004" in set(live["cell_id"])


def test_every_warning_says_why_where_and_who(outcome):
    table = outcome.early_warnings
    assert (table["reason"].str.len() <= 45).all() and table["reason"].str.contains(r"\d+件").all()
    assert not table["cell_name"].str.fullmatch(r"\d+").any()
    assert (table["responsible"] != "").all() and (table["state"] == "待研判").all()
    assert table["rank"].tolist() == list(range(1, len(table) + 1)) and table["warning_id"].is_unique


def test_members_are_the_incidents_behind_the_figures(outcome):
    counted = outcome.members.groupby("warning_id").size()
    table = outcome.early_warnings.set_index("warning_id")
    assert (counted.reindex(table.index) == table["incidents"]).all()
    assert (table["incidents"] >= table["observed"]).all()


def test_the_default_point_is_told_and_is_no_hot_spot(outcome):
    truth = json.loads(sample_path(TRUTH).read_text(encoding="utf-8"))
    cell = truth["default_points"][0]["cell"]
    assert any(n.code == "N-PLACE-002" for n in outcome.notices) and len(outcome.facts["default_points"]) == 1
    hot = outcome.hotspots[(outcome.hotspots["cell_id"] == cell) & (outcome.hotspots["category"] == "全部")]
    assert not hot["hotspot_class"].str.startswith("hot").any()


def test_planted_hot_spots_come_out_hot():
    """All eight persistent hot spots have a hot cell over a year; in 28 days a cell holds two incidents, too few."""
    outcome = sample_run(plan=Plan().with_settings({"window": 365}))
    truth = json.loads(sample_path(TRUTH).read_text(encoding="utf-8"))
    hot = set(outcome.hotspots.loc[outcome.hotspots["hotspot_class"].str.startswith("hot"), "cell_id"])
    assert [spot["name"] for spot in truth["hot_spots"] if not set(map(str, spot["cells"])) & hot] == []


def test_the_surface_holds_the_windows_located_incidents(outcome):
    """Those that the cells hold: classes that are only described are in neither."""
    surface = outcome.surface
    pixel_km2 = (surface.transform[1] / 1000) ** 2
    of_level = outcome.risk[outcome.risk["category"] == "全部"].groupby("unit_level")["incidents"].sum()
    everywhere = of_level[of_level.index.max()]
    assert everywhere < of_level[1]
    assert surface.period == "28 days"
    assert np.nansum(surface.values) * pixel_km2 == pytest.approx(everywhere, rel=0.005)


def test_equal_input_gives_equal_bytes(outcome, tmp_path):
    again = sample_run(out=tmp_path / "again", ledger=tmp_path / "city.ledger")
    assert again.manifest["outputs"] == outcome.manifest["outputs"]


def test_a_ledger_gives_state_and_change_against_the_last_issued_run(outcome, folder):
    first = outcome.early_warnings
    again = sample_run(ledger=folder / "city.ledger").early_warnings
    pd.testing.assert_frame_equal(first.drop(columns="first_seen"), again.drop(columns="first_seen"))


def test_cancelling_leaves_nothing(tmp_path):
    def stop(fraction: float, text: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample_run(out=tmp_path / "never", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_refused_before_the_work(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError, match="already there"):
        sample_run(out=tmp_path / "run")


def test_check_tells_what_would_be_used():
    found = check_inputs(Plan(), [sample_path(name) for name in INCIDENTS], sample_path(CELLS))
    assert found["mapping"]["time"] and found["account"]["rows_in"] == 59565
    assert set(found["dropped_columns"]) >= {"联系人姓名", "联系电话"} and found["default_points"]
    json.dumps(found)


def test_made_cells_work_without_a_cell_file():
    plan = Plan().with_settings({"cell_size": 2000.0, "cell_shape": "hexagon", "as_of": "2025-06-01"})
    outcome = run(plan, [sample_path(name) for name in INCIDENTS])
    assert len(outcome.risk) > 50 and outcome.account["rows_outside"] == 0


def test_little_history_gives_a_map_and_no_orange_or_red():
    plan = Plan().with_settings({"as_of": "2024-02-10"})
    outcome = run(plan, [sample_path(name) for name in INCIDENTS], sample_path(CELLS))
    assert not outcome.early_warnings["level"].isin(["orange", "red"]).any()
    assert any(n["code"] == "N-DATA-003" for n in outcome.facts["notices"]) and len(outcome.risk)


def test_disputes_are_described_at_street_level_and_never_below(outcome):
    """DESIGN rule 1: 矛盾纠纷 is planted; none of it is shown below the street, not even among all classes."""
    fine = outcome.early_warnings[outcome.early_warnings["unit_level"] > outcome.facts["street_level"]]
    assert not fine["category"].str.contains("纠纷").any()
    ready = outcome.hotspots[outcome.hotspots["unit_level"] > outcome.facts["street_level"]]
    assert not ready["category"].str.contains("纠纷").any()


def test_nothing_later_than_the_moment_of_decision_is_looked_at(tmp_path):
    """Rows after as_of change no table: not by default points, bursts, classes or cells."""
    early = pd.DataFrame(
        {
            "case_id": [f"E{i}" for i in range(3000)],
            "received_at": pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(3000) * 57, unit="min"),
            "category": np.array(["a/x", "a/y", "b/z"])[np.arange(3000) % 3],
            "lon": 117.0 + (np.arange(3000) * 37 % 101) / 2000,
            "lat": 31.0 + (np.arange(3000) * 53 % 97) / 2000,
        }
    )
    late = early.assign(case_id="L" + early["case_id"], received_at=early["received_at"] + pd.Timedelta(days=90))
    late = late.assign(category="c/new", lon=117.01, lat=31.01, received_at=late["received_at"] + pd.Timedelta(days=60))
    early.to_parquet(tmp_path / "early.parquet")
    pd.concat([early, late]).to_parquet(tmp_path / "both.parquet")
    plan = Plan().with_settings({"as_of": "2025-04-20", "cell_size": 500.0})
    one, two = (run(plan, [tmp_path / name]) for name in ("early.parquet", "both.parquet"))
    pd.testing.assert_frame_equal(one.risk, two.risk)
    pd.testing.assert_frame_equal(one.early_warnings, two.early_warnings)
    assert two.account["rows_after_as_of"] == one.account["rows_after_as_of"] + 3000


@pytest.mark.parametrize("text", ["garbage", "2025-13-01"])
def test_a_moment_that_is_no_date_is_refused(text):
    with pytest.raises(InputError, match="is not a date"):
        Plan().with_settings({"as_of": text})


@pytest.mark.parametrize("bin_", ["week", "hour"])
def test_other_bins_run(bin_):
    few = {"cell_size": 10_000.0, "class_depth": 0} if bin_ == "hour" else {"cell_size": 3_000.0}
    plan = Plan().with_settings({"bin": bin_, "as_of": "2025-08-06", **few})
    outcome = run(plan, [sample_path(name) for name in INCIDENTS])
    account = dict(outcome.account)
    assert account.pop("rows_in") == sum(account.values()) and len(outcome.risk)


def test_a_plan_survives_its_file(tmp_path):
    plan = Plan().with_settings({"window": 56, "blue_days": 45, "nb_predictive_baseline": 100, "city": "霁州市"})
    path = tmp_path / "city.toml"
    path.write_text(plan.to_toml(), encoding="utf-8")
    assert Plan.from_toml(path).as_dict() == plan.as_dict() and Plan.from_toml(path).version == plan.version


@pytest.mark.parametrize(
    "text", ["[plan]\nwindw = 3\n", "[plans]\nwindow = 3\n", "window = [", "[plan]\nwindow = 'x'\n"]
)
def test_a_plan_file_with_a_slip_is_refused(tmp_path, text):
    path = tmp_path / "city.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        Plan.from_toml(path)


def test_public_names_are_at_the_front_door():
    import gridbeacon

    assert gridbeacon.run is run and gridbeacon.Plan is Plan and Path(gridbeacon.__file__).name == "__init__.py"
