"""`check` shows what is wrong with the cells, `--repair` uses a copy; the file that was given never changes."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from gridbeacon.cli.entry import execute
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import CELL_RULES, examine_cells, read_cells
from gridbeacon.layers.run_folder import sha256_of
from gridbeacon.pipeline import Plan, check_inputs, run
from gridbeacon.pipeline.cells import CellFiles
from shapely.geometry import MultiPolygon, Polygon


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The tiny city, and its cells with one trouble of every kind that can be drawn."""
    folder = tmp_path_factory.mktemp("city")
    calls, cells = make_tiny_city(folder)
    table = gpd.read_file(cells)
    table = table.to_crs(table.estimate_utm_crs())
    shapes = table.geometry.to_numpy().copy()
    grown = lambda shape, factor: shapely.affinity.scale(shape, factor, factor)  # noqa: E731
    shapes[0] = grown(shapes[0], 1.05)  # overlaps
    side = np.sqrt(shapes[1].area)
    shapes[1] = grown(shapes[1], 1 + 1.0 / side)  # slivers
    shapes[2] = shapes[2].difference(shapes[2].centroid.buffer(side / 8))  # a hole
    corners = shapely.get_coordinates(shapes[3])
    a, b, c, d = (corners[n] for n in (0, 1, 2, 3))
    shapes[3] = Polygon([a, c, b, d])  # a bow-tie: an invalid ring, two parts
    shapes[4] = MultiPolygon([shapes[4], shapely.affinity.translate(shapes[4], 40 * side, 0)])
    bad = folder / "bad.gpkg"
    table.set_geometry(gpd.GeoSeries(shapes, crs=table.crs)).to_file(bad, layer="cells")
    return calls, cells, bad


@pytest.fixture(scope="module")
def checked(city, tmp_path_factory):
    calls, _, bad = city
    out = tmp_path_factory.mktemp("report") / "r"
    before = sha256_of(bad)
    found = check_inputs(Plan(), [calls], CellFiles(str(bad), repair=True), out=out, lang="en")
    assert sha256_of(bad) == before
    return found, out


def test_the_report_has_the_topology_table(checked, city):
    found, out = checked
    report = examine_cells(city[2])
    assert found["topology"] == {**report.as_dict(), "layer": "topology.gpkg"}
    assert {rule["rule"] for rule in found["topology"]["rules"]} == set(CELL_RULES)
    kinds = {rule["kind"] for rule in found["topology"]["rules"] if rule["count"]}
    assert {"overlap", "sliver", "hole", "invalid ring", "multipart"} <= kinds
    page = (out / "quality.html").read_text(encoding="utf-8")
    for rule in found["topology"]["rules"]:
        assert rule["en"] in page  # those found as rows, the others in one line
        if rule["count"]:
            assert f"{rule['rule']} {rule['kind']}" in page and rule["examples"]
    assert json.loads((out / "quality.json").read_text(encoding="utf-8"))["topology"] == found["topology"]


def test_every_fault_is_in_the_layer_and_on_the_map(checked):
    found, out = checked
    layer = gpd.read_file(out / "topology.gpkg")
    total = sum(rule["count"] for rule in found["topology"]["rules"])
    assert len(layer) == total and set(layer["rule"]) <= set(CELL_RULES)
    page = (out / "quality.html").read_text(encoding="utf-8")
    section = page[page.index("<h2>The cells</h2>") :]
    drawing = section[: section.index("</svg>")]
    assert drawing.count('class="digit"') == total


def test_the_copy_is_told_and_sound(checked, city):
    found, out = checked
    repair, copy = found["repair"], out / "cells_repaired.gpkg"
    table = gpd.read_file(copy)
    assert len(table) == len(gpd.read_file(city[2]))
    changed = table["area_change_m2"]
    assert repair["cells"] == int((changed != 0).sum()) > 0
    assert repair["moved_m2"] == pytest.approx(changed.abs().sum(), abs=1.0)
    assert repair["net_m2"] == pytest.approx(changed.sum(), abs=1.0)
    page = (out / "quality.html").read_text(encoding="utf-8")
    assert f"{repair['net_m2']:+,.1f}" in page and f"{repair['changes'][0]['change_m2']:+,.1f}" in page
    assert {n["code"] for n in found["notices"]} >= {"N-CELL-040"}
    left = {code for code, n in examine_cells(copy).counts.items() if n}
    assert not left & {"E-CELL-005", "E-CELL-006", "E-CELL-008"}  # no invalid ring, overlap or sliver
    assert not {n.code for n in read_cells(copy).notices} & {"N-CELL-002", "N-CELL-020"}


def test_without_repair_overlaps_are_told_and_a_clean_city_has_no_map(city, tmp_path):
    calls, clean, bad = city
    told = check_inputs(Plan(), [calls], bad)
    assert "repair" not in told and {"N-CELL-002", "N-CELL-020"} <= {n["code"] for n in told["notices"]}
    found = check_inputs(Plan(), [calls], clean, out=tmp_path / "r", lang="zh")
    page = (tmp_path / "r" / "quality.html").read_text(encoding="utf-8")
    assert sum(rule["count"] for rule in found["topology"]["rules"]) == 0
    assert "未发现问题" in page and 'class="digit"' not in page
    assert gpd.read_file(tmp_path / "r" / "topology.gpkg").empty


def test_a_run_uses_the_repaired_copy_and_keeps_it(city, tmp_path):
    calls, _, bad = city
    before = sha256_of(bad)
    asked = ["run", "--incidents", str(calls), "--cells", str(bad), "--repair", "--out", str(tmp_path / "o")]
    assert execute([*asked, "--progress", "none"]) == 0
    assert sha256_of(bad) == before
    copy = tmp_path / "o" / "cells_repaired.gpkg"
    manifest = json.loads((tmp_path / "o" / "manifest.json").read_text(encoding="utf-8"))
    codes = {n["code"] for n in manifest["notices"]}
    assert "N-CELL-040" in codes and "N-CELL-020" not in codes
    assert manifest["inputs"]["bad.gpkg"] == before and sha256_of(copy) in json.dumps(manifest)
    used = run(Plan(), [calls], copy)
    whole = json.loads((tmp_path / "o" / "manifest.json").read_text(encoding="utf-8"))["account"]
    assert used.account == whole
    ours = gpd.read_file(tmp_path / "o" / "results.gpkg", layer="cells").set_index("cell_id").geometry.area
    theirs = used.cells.table.set_index("cell_id").geometry.area
    np.testing.assert_allclose(ours.sort_index(), theirs.reindex(ours.index).sort_index(), rtol=1e-9)


def test_cells_a_run_refuses_are_left_as_a_layer(city, tmp_path):
    calls, cells, _ = city
    table = gpd.read_file(cells)
    code = next(name for name in table.columns if table[name].is_unique and name != "geometry")
    table.loc[1, code] = table.loc[0, code]
    twice = tmp_path / "twice.gpkg"
    table.to_file(twice, layer="cells")
    with pytest.raises(InputError, match=r"repeat the code.*topology\.gpkg in the report's folder"):
        check_inputs(Plan(), [calls], twice, out=tmp_path / "r")
    layer = gpd.read_file(tmp_path / "r" / "topology.gpkg")
    assert layer["kind"].tolist() == ["duplicate code"] and not (tmp_path / "r" / "quality.html").exists()
    with pytest.raises(InputError, match="repeat the code") as plain:
        check_inputs(Plan(), [calls], twice)
    assert "topology" not in plain.value.fix
    with pytest.raises(InputError, match="cannot be repaired"):
        check_inputs(Plan(), [calls], CellFiles(str(twice), repair=True))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--repair"], "no folder for the repaired copy"),
        (["--repair", "--out", "r"], "no cells were given"),
        (["--cells-before", "old.gpkg"], "no cells were given"),
        (["--cells", "c.gpkg", "--cells-since", "2025-07-01"], "the division before was not given"),
    ],
)
def test_options_that_lack_their_counterpart_say_so(city, tmp_path, monkeypatch, capfd, given, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    assert execute(["check", "--incidents", str(city[0]), *given, "--progress", "none"]) == 2
    assert said in capfd.readouterr().err


def test_a_plan_file_may_say_the_same(city, tmp_path):
    from gridbeacon.cli.inputs import of_plan_file

    plan = tmp_path / "city.toml"
    plan.write_text(
        '[inputs]\nincidents = "a.csv"\ncells = "c.gpkg"\ncells_before = "old.gpkg"\ncells_since = "2025-07-01"\n'
        "repair = true\n",
        encoding="utf-8",
    )
    cells = of_plan_file(plan).for_run()["cells"]
    folder = Path(tmp_path)
    assert cells == CellFiles(str(folder / "c.gpkg"), str(folder / "old.gpkg"), "2025-07-01", repair=True)
