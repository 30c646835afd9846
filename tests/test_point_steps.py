"""Steps on the incidents themselves: from files to one table, with ids and places only."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.inputs import Files
from gridbeacon.cli.point_steps import POINT_STEPS
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.cli.steps import all_steps, run_step
from gridbeacon.errors import Cancelled, InputError
from gridbeacon.params import params_of

PERSON = "13800138000"
COLUMNS = {"incident_id", "cell_code", "cluster", "cluster_size", "point"}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The tiny city with two years of disputes, and of violence three weeks after them: (incidents, cells)."""
    folder = tmp_path_factory.mktemp("city")
    incidents, cells = make_tiny_city(folder)
    frame = pd.read_csv(incidents, dtype=str)
    bounds = gpd.read_file(cells).to_crs(4326).total_bounds
    rng = np.random.default_rng(1)
    weekly = rng.poisson(12 * np.exp(np.clip(np.cumsum(rng.normal(0, 0.3, 104)), -1, 1)))
    led = rng.poisson(1 + np.concatenate([np.full(3, 10.0), weekly[:-3]]))
    rows = [*_calls(rng, "矛盾纠纷/邻里纠纷", weekly, bounds), *_calls(rng, "治安/打架斗殴", led, bounds)]
    more = pd.DataFrame(rows, columns=["受理时间", "诉求类型", "经度", "纬度"])
    more["工单编号"] = [f"X{i:05d}" for i in range(len(more))]
    both = pd.concat([frame, more], ignore_index=True).assign(联系电话=PERSON, 诉求内容="张三来电")
    path = folder / "calls.csv"
    both.to_csv(path, index=False)
    return str(path), str(cells)


def _calls(rng, category, weekly, bounds):
    ends = pd.Timestamp("2025-04-30")
    for week, n in enumerate(weekly[::-1]):
        for _ in range(n):
            moment = ends - pd.Timedelta(days=7 * week + float(rng.uniform(0, 7)))
            x, y = rng.uniform(bounds[:2], bounds[2:])
            yield moment.strftime("%Y-%m-%d %H:%M"), category, f"{x:.6f}", f"{y:.6f}"


def table_of(city, tmp_path, name, suffix="gpkg", **settings):
    """(the written table, what was told)."""
    out = tmp_path / f"{name}.{suffix}"
    done = run_step(name, Files(incidents=(city[0],), cells=city[1]), settings, str(out), False, lambda f, text: None)
    table = pd.read_csv(out, dtype={"cell_code": str}) if suffix == "csv" else gpd.read_file(out)
    assert len(table) == done["rows"]
    return table, {notice["code"]: notice for notice in done["notices"]}


@pytest.mark.parametrize("name", ["dbscan", "st_dbscan", "hdbscan"])
def test_clusters_carry_ids_and_places_only(city, tmp_path, name):
    table, told = table_of(city, tmp_path, name)
    assert set(table.columns) == COLUMNS | {"geometry"}
    assert table["incident_id"].is_unique
    sizes = table.loc[table["cluster"] >= 0].groupby("cluster")["cluster_size"].agg(["size", "first"])
    assert (sizes["size"] == sizes["first"]).all()
    assert str(len(sizes)) in told["N-CLUSTER-001"]["en"]
    assert told["N-CLUSTER-001"]["zh"]
    assert PERSON not in (tmp_path / f"{name}.gpkg").read_bytes().decode("utf-8", "replace")
    assert "张三" not in (tmp_path / f"{name}.gpkg").read_bytes().decode("utf-8", "replace")


def test_disputes_are_no_points(city, tmp_path):
    table, told = table_of(city, tmp_path, "dbscan", "csv")
    calls = pd.read_csv(city[0], dtype=str).set_index("工单编号")["诉求类型"]
    assert not calls.loc[table["incident_id"]].str.contains("纠纷").any()
    assert "left out" in told["N-CLASS-101"]["en"]
    for name in ("dbscan", "near_repeat", "concentration"):
        with pytest.raises(InputError, match="street level or above"):
            table_of(city, tmp_path, name, "geojson", class_node="矛盾纠纷")


def test_near_repeat_writes_its_bands(city, tmp_path):
    table, told = table_of(city, tmp_path, "near_repeat", bands=3, width=150.0, replicates=99)
    assert table["metres_up_to"].tolist() == [0, 0, 150, 150, 300, 300, 450, 450]
    assert table["days_up_to"].tolist() == [7, 14] * 4
    assert ((table["p"] >= 0.01) & (table["p"] <= 1)).all()
    assert "same place" in told["N-REPEAT-001"]["en"]


def test_concentration_writes_the_lorenz_curve(city, tmp_path):
    table, told = table_of(city, tmp_path, "concentration", class_node="治安")
    assert table["incidents"].is_monotonic_decreasing
    assert table["share_of_incidents"].iloc[-1] == pytest.approx(1)
    inside = table["within_share"].astype(bool)
    assert table["incidents"][inside].sum() >= 0.8 * table["incidents"].sum()
    assert f"{int(inside.sum())} units" in told["N-CONC-001"]["en"]


def test_escalation_finds_the_planted_lead(city, tmp_path):
    table, told = table_of(city, tmp_path, "escalation", "csv", max_lag=6)
    assert (set(table["verdict"]), set(table["lead_days"])) == ({"leads"}, {21})
    assert set(table["unit_level"]) == {0}  # the tiny city has no streets
    assert "no cause" in told["N-LEAD-001"]["en"]
    with pytest.raises(InputError, match="below the streets"):
        table_of(city, tmp_path, "escalation", "geojson", unit_level=1)
    with pytest.raises(InputError, match="no class holds one of the words"):
        table_of(city, tmp_path, "escalation", "geojson", leading="不存在")


def test_a_table_without_geometry_is_written_as_geojson_too(city, tmp_path):
    table, _ = table_of(city, tmp_path, "escalation", "geojson", max_lag=2)
    assert table["lag_days"].tolist() == [7, 14]


def test_a_class_nobody_has_and_a_cancelled_step(city, tmp_path):
    with pytest.raises(InputError, match="place of its own"):
        table_of(city, tmp_path, "dbscan", class_node="没有")

    def stop(fraction, text):
        if "Shuffling" in text:
            raise Cancelled

    files = Files(incidents=(city[0],), cells=city[1])
    with pytest.raises(Cancelled):
        run_step("near_repeat", files, {"replicates": 99}, str(tmp_path / "gone.csv"), False, stop)
    assert not list(tmp_path.glob("*gone*"))


@pytest.mark.parametrize("name", POINT_STEPS)
def test_every_step_speaks_both_languages(name):
    step = all_steps()[name].described(name)
    assert step["help"] and step["help_zh"]
    assert {"incidents", "cells"} == set(step["inputs"])
    for _, _, _, told in params_of(POINT_STEPS[name][2]):
        assert told.help and told.zh
