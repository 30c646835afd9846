"""Layers of `results.gpkg` for the house alone: points set aside, streets day by day, stories."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from gridbeacon.layers import style
from gridbeacon.layers.geopackage import FURTHER, LAYERS, write_results
from gridbeacon.layers.geopackage.house_styles import steps_of
from gridbeacon.layers.geopackage.played_streets import MOST_BYTES, played_on
from gridbeacon.pipeline import Plan, excluded, run
from streets_city import DISPUTE, NOISE, STEP, WEST, write_city

PILE = ("117.0171", "30.0123")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The city of nine streets; 20 rows outside (four of disputes), 10 without a time (one of a refused class with a
    code that lost its digits, one with swapped coordinates), 12 twice, and 900 of every class on one spot."""
    incidents, cells = write_city(tmp_path_factory.mktemp("house"))
    table = pd.read_csv(incidents, dtype=str)
    noise = np.flatnonzero(table["诉求类型"] == NOISE)
    disputes = np.flatnonzero(table["诉求类型"] == DISPUTE)
    table.loc[[*noise[:16], *disputes[:4]], "经度"] = f"{WEST + STEP * 9:.4f}"
    table.loc[noise[20:30], "受理时间"] = "昨天"
    table.loc[noise[20], ["经度", "纬度"]] = ["30.01", "117.01"]
    table.loc[noise[31], ["工单编号", "诉求类型"]] = ["1.23457E+19", "宗教/活动"]
    some = np.random.default_rng(5).choice(
        np.setdiff1d(np.arange(len(table)), [*noise[:40], *disputes[:9]]), 900, False
    )
    table.loc[some, ["经度", "纬度"]] = PILE
    table = pd.concat([table, table.iloc[noise[50:62]]])
    table.to_csv(incidents, index=False)
    return [incidents], cells


@pytest.fixture(scope="module")
def outcome(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return run(Plan(), *files, out=folder / "out", public=folder / "public")


@pytest.fixture(scope="module")
def layers(outcome):
    path = outcome.out / "results.gpkg"
    return {name: pyogrio.read_dataframe(path, layer=name) for name in (*LAYERS, *FURTHER, "layer_styles")}


def test_columns_are_those_of_the_contract(outcome):
    path = outcome.out / "results.gpkg"
    for layer, columns in FURTHER.items():
        info = pyogrio.read_info(path, layer=layer)
        assert list(info["fields"]) == list(columns), layer
    kinds = {layer: pyogrio.read_info(path, layer=layer)["geometry_type"] for layer in FURTHER}
    assert kinds == {"excluded": "Point", "days": "MultiPolygon", "stories": None}
    assert pyogrio.read_info(path, layer="excluded")["crs"] == pyogrio.read_info(path, layer="cells")["crs"]


def test_excluded_rows_lie_where_they_were_found(outcome, layers):
    found = layers["excluded"]
    by_rule = found.groupby("rule").size().to_dict()
    assert by_rule["N-PLACE-001"] == 16 and outcome.account["rows_outside"] == 20  # four are of disputes
    assert by_rule["E-TIME-001"] == 9 and by_rule["D-DUP-001"] == 12
    on_pile = outcome.facts["default_point_rows"]
    assert 800 < by_rule["N-PLACE-002"] < on_pile == 900
    assert set(by_rule) == {"N-PLACE-001", "N-PLACE-002", "E-TIME-001", "D-DUP-001"}
    assert found.loc[found["rule"] == "E-TIME-001", "time"].isna().all()
    outside = found[found["rule"] == "N-PLACE-001"].to_crs(4326)
    assert np.allclose(outside.geometry.x, WEST + STEP * 9, atol=1e-6)
    assert outside["time"].dt.hour.between(7, 22).all()  # local, not UTC
    pile = found[found["rule"] == "N-PLACE-002"].to_crs(4326).geometry
    assert np.allclose([pile.x, pile.y], [[float(PILE[0])], [float(PILE[1])]], atol=1e-6)
    assert (found["reason"].str.len() > 0).all() and (found["reason_en"].str.len() > 0).all()
    rows = pd.read_csv(outcome.out / "quarantine.csv")
    assert set(found.loc[found["rule"] == "E-TIME-001", "source_row"]) < set(rows["source_row"])


def test_refused_and_described_classes_are_never_drawn_as_points(layers):
    classes = set(layers["excluded"]["category"])
    assert classes and not any("宗教" in name or "纠纷" in name for name in classes)


def test_too_many_points_are_cut_and_it_is_told(files, tmp_path, monkeypatch):
    monkeypatch.setattr(excluded, "MOST_POINTS", 20)
    outcome = run(Plan(), *files)
    table = outcome.further["excluded"]
    assert len(table) == 20 and table["rule"].tolist()[:16] == ["N-PLACE-001"] * 16
    (told,) = [n for n in outcome.facts["notices"] if n["code"] == "N-PLACE-006"]
    assert "20" in told["zh"] and "20" in told["en"]


def test_nobody_outside_the_house_sees_them(outcome):
    public = outcome.out.parent / "public" / "results.gpkg"
    assert {name for name, _ in pyogrio.list_layers(public)} == {*LAYERS, "layer_styles"}
    from gridbeacon.pipeline.public import publish

    assert publish(outcome)[0].further == {}


def test_days_are_small_and_sum_to_the_stories(layers, outcome):
    days, stories = layers["days"], layers["stories"].set_index("cell_id")
    level = dict(zip(layers["cells"]["cell_id"], layers["cells"]["level_name"], strict=True))
    assert days["cell_id"].nunique() == 9 and {level[cell] for cell in days["cell_id"]} == {"街道"}
    first = days["day_start"].min()
    for cell, own in days.groupby("cell_id"):
        begin = pd.Timestamp(stories.loc[cell, "first_day"])
        pairs = (pair.split(":") for pair in stories.loc[cell, "days"].split())
        known = {begin + pd.Timedelta(days=int(day)): int(n) for day, n in pairs}
        assert {day: n for day, n in known.items() if day >= first} == dict(
            zip(own["day_start"], own["incidents"], strict=True)
        )
    assert (days["day_end"] - days["day_start"] == pd.Timedelta(days=1)).all()


@pytest.mark.parametrize("corners", [4, 400, 40_000])
def test_streets_with_many_corners_are_drawn_with_fewer_and_stay_a_coverage(corners):
    rng = np.random.default_rng(corners)
    edge = np.column_stack([np.linspace(0, 20_000, corners), rng.normal(0, 3, corners).cumsum() * 0.05])
    below = shapely.Polygon([*edge, (20_000, -9_000), (0, -9_000)])
    above = shapely.Polygon([*edge, (20_000, 9_000), (0, 9_000)])
    cells = gpd.GeoDataFrame(
        {"cell_id": ["a", "b", "c"]}, geometry=[below, above, shapely.box(9e4, 0, 9.1e4, 9)], crs=32650
    )
    days = pd.DataFrame({"cell_id": ["a", "b"] * 31, "incidents": 1})
    shapes = played_on(days, cells).geometry.to_numpy()
    assert shapely.get_num_coordinates(shapes).sum() * 16 <= MOST_BYTES
    assert shapely.coverage_is_valid(shapes[:2]) and shapely.is_valid(shapes).all()
    assert abs(shapely.area(shapes[:2]).sum() / shapely.area([below, above]).sum() - 1) < 1e-3
    if corners == 4:
        assert shapely.equals_exact(shapes[0], below)


@pytest.mark.parametrize("counts", [[], [1], [1, 1, 2], [3, 9, 27, 81], range(1, 900), [10**6] * 9])
def test_the_scale_of_days_is_in_round_rising_numbers(counts):
    lows = steps_of(np.array(list(counts), dtype=np.int64))
    assert lows[0] == 1 and len(lows) <= 6 and lows == sorted(set(lows))


def test_units_are_found_without_reading_a_whole_table(outcome):
    with sqlite3.connect(outcome.out / "results.gpkg") as book:
        for layer, where in (
            ("cells", "cell_id = 'CITY'"),
            ("stories", "cell_id = 'CITY'"),
            ("risk", "category = '全部' AND unit_level = 2"),
            ("hotspots", "category = '全部' AND unit_level = 2"),
        ):
            plan = " ".join(str(row) for row in book.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {layer} WHERE {where}"))
            assert "USING INDEX" in plan, layer
    book.close()


def test_equal_runs_give_equal_bytes(outcome, tmp_path):
    tables = {name: getattr(outcome, name) for name in ("risk", "hotspots", "early_warnings")}
    facts = {"cells": outcome.cells.table, "level_names": outcome.cells.level_names, "kin": outcome.grouped}
    for name in ("one.gpkg", "two.gpkg"):
        write_results(tmp_path / name, **tables, **facts, further=outcome.further)
    same = (tmp_path / "one.gpkg").read_bytes()
    assert same == (tmp_path / "two.gpkg").read_bytes() == (outcome.out / "results.gpkg").read_bytes()


def test_styles_are_two_of_hotspots_and_one_of_each_other_layer(layers):
    styles = layers["layer_styles"]
    assert styles.loc[~styles["useAsDefault"], ["f_table_name", "styleName"]].to_numpy().tolist() == [
        ["hotspots", "emerging"]
    ]
    assert set(styles["f_table_name"]) == {*LAYERS, "excluded", "days"}


@pytest.fixture(scope="module")
def opened(require, outcome, tmp_path_factory):
    """What a real QGIS says of the file."""
    interpreter = require("qgis")
    script = Path(__file__).with_name("qgis") / "open_house_layers.py"
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "PYTHONIOENCODING": "utf-8"}
    environment["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    command = [interpreter, "-I", str(script), str(outcome.out / "results.gpkg")]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    return json.loads(done.stdout.decode("utf-8").splitlines()[-1])


@pytest.mark.qgis
def test_qgis_draws_every_point_by_its_reason_and_plays_the_days(opened, layers):
    points = opened["excluded"]
    assert points["styled"] and points["kind"] == "RuleRenderer" and not points["errors"]
    assert sum(points["rules"].values()) == points["count"] == len(layers["excluded"])
    assert all(f"({n})" in label for label, n in points["rules"].items())
    assert points["rules"]["不在任何网格内 in no cell(16)"] == 16
    days = opened["days"]
    assert days["styled"] and not days["errors"] and sum(days["rules"].values()) == days["count"] == len(layers["days"])
    assert days["plays"] == [True, "day_start", "day_end", 2]
    assert opened["stories"] == {"valid": True, "count": len(layers["stories"]), "spatial": False}


@pytest.mark.qgis
def test_qgis_draws_hot_spots_by_their_pattern_in_the_words_of_the_briefing(opened, layers):
    told = opened["emerging"]
    assert told["understood"] and not told["errors"] and told["names"] == ["emerging", "热点"]
    words = {f"{entry.zh} {entry.en}" for entry in style.EMERGING_CLASSES}
    assert set(told["rules"]) == {*words, f"{style.NO_DATA.zh} {style.NO_DATA.en}"}
    whole = layers["hotspots"][layers["hotspots"]["category"] == "全部"]
    assert sum(told["rules"].values()) >= len(whole)
