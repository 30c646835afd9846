"""`results.gpkg`: names are API, codes are text, equal input is equal bytes, and a real QGIS opens it styled."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
from city_of_squares import LEAF, RARE, make_cells, make_hotspots, make_risk, make_warnings
from gridbeacon.layers.geopackage import LAYERS, write_results
from gridbeacon.layers.raster import Surface, write_surface

NAMES = {0: "全市", 1: "街道", 2: "网格"}
CONTRACT = {
    "risk": "cell_id name unit_level category window_start window_end incidents expected risk warning_level",
    "hotspots": "cell_id category window_start window_end incidents gi_star p_value q_value hotspot_class status",
}


def write_city(path, **changes):
    cells = make_cells()
    tables = {
        "cells": cells,
        "risk": make_risk(cells),
        "hotspots": make_hotspots(cells),
        "early_warnings": make_warnings(cells),
    }
    write_results(path, **{**tables, **changes}, level_names=NAMES)
    return path


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return write_city(tmp_path_factory.mktemp("gpkg") / "results.gpkg")


def test_layers_and_columns_are_those_of_the_contract(city):
    assert [name for name, _ in pyogrio.list_layers(city)] == [*LAYERS, "layer_styles"]
    assert list(LAYERS) == ["risk", "hotspots", "early_warnings", "cells"]
    for layer, columns in LAYERS.items():
        info = pyogrio.read_info(city, layer=layer)
        assert list(info["fields"]) == list(columns) and info["geometry_type"] == "MultiPolygon"
        assert pyogrio.read_dataframe(city, layer=layer).crs.to_epsg() == 32650
    for layer, names in CONTRACT.items():
        assert " ".join(list(LAYERS[layer])[:10]) == names


def test_codes_and_rare_characters_come_back_as_text(city):
    cells = make_cells()
    back = pyogrio.read_dataframe(city, layer="cells")
    assert list(back["cell_id"]) == list(cells["cell_id"]) and len(LEAF.format(0)) == 25
    assert RARE in set(back["name"])
    with sqlite3.connect(city) as raw:
        types = {kind for (kind,) in raw.execute("SELECT DISTINCT typeof(cell_id) FROM risk")}
    raw.close()
    assert types == {"text"}


def test_every_row_has_the_polygon_of_its_unit(city):
    shapes = make_cells().set_index("cell_id").geometry
    for layer in ("risk", "hotspots", "early_warnings"):
        back = pyogrio.read_dataframe(city, layer=layer)
        assert all(shape.equals(shapes[name]) for name, shape in zip(back["cell_id"], back.geometry, strict=True))


def test_a_row_of_a_unit_that_is_no_more_has_nothing_of_another_one(tmp_path):
    gone = make_hotspots(make_cells()).head(1).assign(cell_id="gone")
    path = write_city(tmp_path / "results.gpkg", hotspots=gone)
    [back] = pyogrio.read_dataframe(path, layer="hotspots")[["name", "role", "geometry"]].to_numpy()
    assert list(back) == ["", "", None]


def test_values_survive(city):
    warnings, back = make_warnings(make_cells()), pyogrio.read_dataframe(city, layer="early_warnings")
    for name in ("rank", "level", "within_budget", "observed", "ratio", "window_end", "reason", "places"):
        assert list(back[name]) == list(warnings[name]), name
    assert list(back["slot"]) == [0, 0, 0, 1, 0, 0]
    assert pyogrio.read_dataframe(city, layer="hotspots")["q_value"].isna().all()


def test_a_day_without_warnings_keeps_the_columns(tmp_path):
    cells = make_cells()
    empty = pd.DataFrame({"cell_id": [], "window_end": []})
    write_city(tmp_path / "r.gpkg", early_warnings=empty, risk=make_risk(cells).iloc[:0], hotspots=empty)
    for layer in ("early_warnings", "risk", "hotspots"):
        info = pyogrio.read_info(tmp_path / "r.gpkg", layer=layer)
        assert info["features"] == 0 and list(info["fields"]) == list(LAYERS[layer])
        assert dict(zip(info["fields"], info["dtypes"], strict=True))["cell_id"] == "object"
    types = dict(zip(info["fields"], info["dtypes"], strict=True))
    assert types["window_end"].startswith("datetime64") and types["gi_star"] == "float64"


def test_further_columns_are_appended_and_infinity_is_no_number(tmp_path):
    cells = make_cells()
    warnings = make_warnings(cells).assign(ratio=np.inf, further="稳定")
    back = pyogrio.read_dataframe(write_city(tmp_path / "r.gpkg", early_warnings=warnings), layer="early_warnings")
    assert list(back["further"]) == ["稳定"] * 6 and list(back.columns)[-2:] == ["further", "geometry"]
    assert back["ratio"].isna().all()


def test_equal_tables_give_equal_bytes(tmp_path, city):
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    again = write_city(tmp_path / "results.gpkg")
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before
    assert again.read_bytes() == city.read_bytes()
    assert write_city(again).read_bytes() == city.read_bytes()
    with sqlite3.connect(city) as raw:
        assert raw.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall() == [
            ("2025-07-01T00:00:00.000Z",)
        ]
    raw.close()


def test_an_older_reader_is_served(city):
    with sqlite3.connect(city) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (10200,)
    raw.close()


def test_units_named_twice_are_refused(tmp_path):
    cells = make_cells()
    with pytest.raises(ValueError, match="unique"):
        write_city(tmp_path / "r.gpkg", cells=pd.concat([cells, cells.head(1)]))


def test_no_text_of_the_data_enters_an_expression(tmp_path):
    cells = make_cells()
    evil = "x' OR env('HOME') <> '"
    risk = make_risk(cells).assign(category=evil, name=evil, status=evil, warning_level=evil)
    hotspots = make_hotspots(cells).assign(category=evil, hotspot_class=evil)
    warnings = make_warnings(cells).assign(category=evil, cell_name=evil, level=evil)
    path = write_city(tmp_path / "r.gpkg", risk=risk, hotspots=hotspots, early_warnings=warnings)
    with sqlite3.connect(path) as raw:
        styles = [text for (text,) in raw.execute("SELECT styleQML FROM layer_styles")]
    raw.close()
    assert len(styles) == 5 and not any("env" in text for text in styles)


IN_QGIS = Path(__file__).with_name("qgis") / "open_results.py"


@pytest.fixture(scope="module")
def opened(require, city, tmp_path_factory):
    """What a real QGIS says of the file, from a process of its own without our wheels."""
    interpreter = require("qgis")
    pictures = tmp_path_factory.mktemp("pictures")
    surface = Surface(
        np.linspace(0, 40, 400, dtype=np.float32).reshape(20, 20), (5e5, 100, 0, 34e5, 0, -100), 32650, "28 days"
    )
    write_surface(pictures / "surface.tif", surface)
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(pictures), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [interpreter, "-I", str(IN_QGIS), str(city), str(pictures), str(pictures / "surface.tif")],
        env=environment,
        capture_output=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    return json.loads(done.stdout.decode("utf-8").splitlines()[-1]), pictures


@pytest.mark.qgis
def test_qgis_opens_every_layer_with_its_style(opened):
    layers = {name: layer for name, layer in opened[0].items() if name != "surface"}
    assert set(layers) == set(LAYERS)
    for name, layer in layers.items():
        assert layer["valid"] and layer["default_style"], name
        assert layer["renderer"] == "RuleRenderer" and not layer["errors"], name
        assert layer["aliases"]["cell_id"] == "单元编码", name
    assert layers["risk"]["shown_rules"] == ["网格"]
    assert layers["early_warnings"]["labels"] and layers["cells"]["labels"]
    assert layers["early_warnings"]["widgets"]["level"] == "ValueMap"
    assert layers["early_warnings"]["words"]["level"] == "红 立即核查"
    assert layers["early_warnings"]["words"]["window_end"].startswith("2025-07-01")


@pytest.mark.qgis
def test_qgis_opens_the_surface_with_its_classes(opened):
    assert opened[0]["surface"] == {"valid": True, "styled": True, "classes": ["0", "0.7", "2", "3", "7", "15", "30"]}


@pytest.mark.qgis
def test_qgis_draws_the_classes_and_the_beacons(opened):
    layers, pictures = opened
    assert (pictures / "risk.png").stat().st_size > 5000
    colours = layers["risk"]["colours"]
    assert {"#1d5a80", "#c3231b", "#a84c00"} <= set(colours), "the highest risk, a red and an orange beacon"
