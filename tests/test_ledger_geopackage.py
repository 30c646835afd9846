"""A ledger is a table without geometry that GDAL and QGIS open, alone in a GeoPackage or beside other layers."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys

import geopandas
import pyogrio
import pytest
from geopandas.testing import assert_geodataframe_equal
from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import open_ledger
from shapely.geometry import Point

BY = {"actor": "值班台", "time": "2025-07-01T09:00:00"}
WARNINGS = [{"warning_id": "a", "level": "red"}, {"warning_id": "b", "level": "blue"}]


@pytest.fixture
def with_layers(tmp_path):
    """A GeoPackage that GDAL made, with a layer in it."""
    path = tmp_path / "results.gpkg"
    frame = geopandas.GeoDataFrame({"name": ["甲", "乙"]}, geometry=[Point(1, 2), Point(3, 4)], crs=4490)
    frame.to_file(path, layer="cells", engine="pyogrio")
    return path


def layers_of(path):
    return {str(name): kind for name, kind in pyogrio.list_layers(path)}


def test_a_new_geopackage_is_one_table_without_geometry(tmp_path):
    path = tmp_path / "city.gpkg"
    with open_ledger(path) as ledger:
        ledger.issue(WARNINGS, "2025-07-01", "run")
        ledger.record("a", "assigned", note="尽快", **BY)
    assert layers_of(path) == {"ledger_events": None}
    table = pyogrio.read_dataframe(path, layer="ledger_events", fid_as_index=True)
    assert list(table.index) == [1, 2, 3, 4] and list(table["step"]) == ["issued", "issued", "", "assigned"]
    assert table["actor"].iloc[-1] == "值班台" and table["state"].iloc[-1] == "已交办"


def test_a_ledger_lives_beside_other_layers(with_layers):
    before = geopandas.read_file(with_layers, layer="cells")
    with pytest.raises(InputError) as caught:
        open_ledger(with_layers, create=False)
    assert caught.value.code == "E-LEDGER-019" and layers_of(with_layers) == {"cells": "Point"}
    with open_ledger(with_layers) as ledger:
        assert ledger.issue(WARNINGS, "2025-07-01", "run") == 3
    assert layers_of(with_layers) == {"cells": "Point", "ledger_events": None}
    assert_geodataframe_equal(geopandas.read_file(with_layers, layer="cells"), before)
    more = geopandas.GeoDataFrame({"name": ["丙"]}, geometry=[Point(5, 6)], crs=4490)
    more.to_file(with_layers, layer="other", engine="pyogrio")
    with open_ledger(with_layers, create=False) as ledger:
        assert ledger.verify() == 3 and ledger.record("a", "noted", note="x", **BY) == "issued"
    assert sqlite3.connect(with_layers).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_begin_a_ledger_in_one_geopackage_and_get_one(with_layers):
    code = "import sys; from gridbeacon.layers.ledger import open_ledger; open_ledger(sys.argv[1]).close()"
    children = [subprocess.Popen([sys.executable, "-c", code, with_layers]) for _ in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    with open_ledger(with_layers, create=False) as ledger:
        assert ledger.verify() == 0


@pytest.mark.parametrize("lost", ["ledger_about", "ledger_transitions", "ledger_events"])
def test_half_a_ledger_is_never_made_whole(with_layers, lost):
    open_ledger(with_layers).close()
    raw = sqlite3.connect(with_layers)
    raw.execute(f"DROP TABLE {lost}")
    raw.close()
    before = with_layers.read_bytes()
    with pytest.raises(InputError) as caught:
        open_ledger(with_layers)
    assert caught.value.code == "E-LEDGER-006" and with_layers.read_bytes() == before


def test_gdal_itself_cannot_change_it(tmp_path):
    path = tmp_path / "city.gpkg"
    with open_ledger(path) as ledger:
        ledger.issue(WARNINGS, "2025-07-01", "run")
    table = pyogrio.read_dataframe(path, layer="ledger_events")
    with pytest.raises(Exception, match=r"legal|follow|actor|append"):
        pyogrio.write_dataframe(table, path, layer="ledger_events", append=True)
    with open_ledger(path) as ledger:
        assert ledger.verify() == 3


QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsVectorLayer
application = QgsApplication([], False)
application.initQgis()
layer = QgsVectorLayer(sys.argv[1] + "|layername=ledger_events", "ledger", "ogr")
told = {
    "valid": layer.isValid(), "spatial": layer.isSpatial(), "rows": layer.featureCount(),
    "fields": [field.name() for field in layer.fields()], "states": [f["state"] for f in layer.getFeatures()],
}
layer.startEditing()
first = next(layer.getFeatures())
layer.changeAttributeValue(first.id(), layer.fields().indexOf("note"), "x")
told["changed"] = layer.commitChanges()
layer.rollBack()
layer.startEditing()
layer.deleteFeature(first.id())
told["deleted"] = layer.commitChanges()
layer.rollBack()
del layer
print("TOLD" + json.dumps(told))
sys.stdout.flush()
import os
os._exit(0)
"""


@pytest.mark.qgis
def test_qgis_opens_it_and_cannot_change_it(tmp_path, require):
    path = tmp_path / "city.gpkg"
    with open_ledger(path) as ledger:
        ledger.issue(WARNINGS, "2025-07-01", "run")
        ledger.record("a", "assigned", **BY)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [require("qgis"), "-c", QGIS, str(path)], capture_output=True, text=True, env=environment, timeout=120
    )
    told = json.loads(done.stdout.split("TOLD")[1])
    assert (told["valid"], told["spatial"], told["rows"]) == (True, False, 4)
    assert told["states"] == ["待研判", "待研判", "", "已交办"] and {"seq", "hash", "actor"} <= set(told["fields"])
    assert (told["changed"], told["deleted"]) == (False, False)
    with open_ledger(path) as ledger:
        assert ledger.verify() == 4
