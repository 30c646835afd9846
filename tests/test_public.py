"""The version for everyone: nothing finer than a street, no row, no point, no small count, in any file."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyogrio
import pytest
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.cube import ALL_CLASSES
from gridbeacon.errors import InputError
from gridbeacon.layers import style
from gridbeacon.layers.spreadsheets import read_guarded_csv
from gridbeacon.pipeline import Plan, run
from gridbeacon.pipeline.journey import study
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.pipeline.public import publish
from gridbeacon.pipeline.publishing import RECORD, write_public
from gridbeacon.pipeline.wording import Responsible
from gridbeacon.sample_data import CELLS, INCIDENTS, RESPONSIBLE, sample_path


@pytest.fixture(scope="module")
def outcome():
    files = tuple(str(sample_path(name)) for name in INCIDENTS)
    ready = prepare(Plan().checked(), Inputs(files, str(sample_path(CELLS))), lambda fraction, text: None)
    return study(ready, Responsible.read(sample_path(RESPONSIBLE)), lambda fraction, text: None)


def silent(fraction, text):
    """No progress."""


def streets_of(table):
    return table[table["unit_level"] == 2]


def test_no_small_count_is_shown_and_totals_add_up_the_shown(outcome):
    public, withheld = publish(outcome)
    risk = public.risk.set_index(["cell_id", "category"])
    true = outcome.risk.set_index(["cell_id", "category"])["incidents"]
    shown = risk["incidents"].dropna()
    assert len(withheld) > 0 and (shown % 5 == 0).all() and not (true[shown.index] < 8).any()
    named = [name for name in public.risk["category"].unique() if name != ALL_CLASSES]
    assert {cell for cell, _ in withheld} <= set(streets_of(public.risk)["cell_id"])
    for name in named:
        parts = streets_of(public.risk).query("category == @name")["incidents"].sum()
        assert risk.loc[("CITY", name), "incidents"] == parts


def test_nothing_lies_below_the_street_and_no_statistic_gives_a_count_away(outcome):
    public, _ = publish(outcome)
    known = set(public.cells.table["cell_id"])
    assert public.cells.table["unit_level"].max() == 2
    for table in (public.risk, public.hotspots, public.early_warnings):
        assert set(table["cell_id"]) <= known
    assert public.hotspots[["incidents", "gi_star", "p_value", "q_value"]].isna().all().all()
    assert len(public.members) == len(public.quarantine) == len(public.duplicates) == 0
    assert public.surface is None and public.history is None


def test_warnings_stand_at_their_street_in_round_figures(outcome):
    public, _ = publish(outcome)
    table = public.early_warnings
    assert len(table) >= 3 and (table["observed"] % 5 == 0).all() and (table["unit_level"] <= 2).all()
    assert table["recurrence_days"].isna().all()
    assert set(table["risk"].dropna()) <= {entry.low for entry in style.RISK_CLASSES}
    few = replace(outcome, early_warnings=outcome.early_warnings.assign(observed=7))
    assert len(publish(few)[0].early_warnings) == 0
    assert publish(few)[0].facts["public"]["left_out"] == len(few.early_warnings)


def test_no_exact_figure_of_the_run_is_left_in_what_is_said_of_it(outcome):
    public, _ = publish(outcome)
    text = json.dumps(public.facts, ensure_ascii=False)
    for name in ("rows_used", "rows_in", "rows_quarantined"):
        assert str(outcome.account[name]) not in text
    assert public.facts["yesterday"]["count"] % 5 == 0
    assert not {"default_points", "nearest", "reporting", "events", "columns"} & set(public.facts)
    values = public.series["observed"].dropna()
    assert (values % 5 == 0).all() and set(public.series["warning_id"]) == {""}


def test_what_was_withheld_in_an_overlapping_period_stays_withheld(outcome, tmp_path):
    first = write_public(outcome, tmp_path / "a", False, silent)
    shown = streets_of(outcome.risk).query("category == '交通出行' and incidents > 20")["cell_id"].iloc[0]
    record = json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))
    record[0]["withheld"].append([shown, "交通出行"])
    record[0]["window_end"] = "2025-12-31T00:00:00"
    (tmp_path / RECORD).write_text(json.dumps(record), encoding="utf-8")
    second = write_public(outcome, tmp_path / "b", False, silent)
    assert (shown, "交通出行") not in first and (shown, "交通出行") in second
    record[0]["window_end"] = record[0]["window_start"] = "2020-01-01T00:00:00"
    (tmp_path / RECORD).write_text(json.dumps(record), encoding="utf-8")
    assert write_public(outcome, tmp_path / "c", False, silent) == first
    assert len(json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))) == 2


def test_a_record_that_cannot_be_read_stops_the_publication(outcome, tmp_path):
    (tmp_path / RECORD).write_text("[{}]", encoding="utf-8")
    with pytest.raises(InputError, match="record of earlier publications"):
        write_public(outcome, tmp_path / "a", False, silent)
    assert not (tmp_path / "a").exists()


def test_no_file_of_the_folder_holds_a_row_a_point_or_a_cell(outcome, tmp_path):
    write_public(outcome, tmp_path / "a", False, silent)
    files = {path.name for path in (tmp_path / "a").iterdir()}
    assert files == {"briefing.html", "early_warnings.csv", "early_warnings.xlsx", "manifest.json", "results.gpkg"}
    cells = outcome.cells.table
    fine = cells.loc[cells["unit_level"] > 2, "cell_id"].astype(str).head(200)
    page = (tmp_path / "a" / "briefing.html").read_text(encoding="utf-8")
    assert "公开版" in page and not any(code in page for code in fine)
    assert not any(str(number) in page for number in outcome.members["incident_id"].head(200))
    for layer, _ in pyogrio.list_layers(tmp_path / "a" / "results.gpkg"):
        table = pyogrio.read_dataframe(tmp_path / "a" / "results.gpkg", layer=layer, read_geometry=False)
        if "incidents" in table:
            values = pd.to_numeric(table["incidents"]).dropna()
            assert np.all(values % 5 == 0), layer
    listed = read_guarded_csv(tmp_path / "a" / "early_warnings.csv")
    assert not {"responsible", "sources", "closed", "incidents"} & set(listed.columns)


def test_equal_outcomes_give_equal_bytes(outcome, tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        write_public(outcome, tmp_path / name / "public", False, silent)
    for path in (tmp_path / "x" / "public").iterdir():
        assert path.read_bytes() == (tmp_path / "y" / "public" / path.name).read_bytes(), path.name


def test_cells_without_streets_above_them_are_never_shown(tmp_path):
    calls, cells = make_tiny_city(tmp_path)
    run(Plan(), [calls], cells, out=tmp_path / "out", public=tmp_path / "public")
    table = pyogrio.read_dataframe(tmp_path / "public" / "results.gpkg", layer="risk", read_geometry=False)
    assert set(table["cell_id"]) == {"CITY"} and (table["incidents"].dropna() % 5 == 0).all()
    assert "990101001001" not in (tmp_path / "public" / "briefing.html").read_text(encoding="utf-8")
