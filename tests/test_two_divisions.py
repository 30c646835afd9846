"""A re-division told by two files, today's cells and those before, is the same as one file that keeps both."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import crosswalk, read_cells
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.pipeline import Plan, check_inputs
from gridbeacon.pipeline.cells import CellFiles
from gridbeacon.pipeline.files import issue, with_ledger
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.pipeline.redivision import walk_since
from shapely.geometry import box
from test_redivision import CHANGE, NEW, OLD, calls, leaves, result, saved, versions, warnings

DAYS = ["生效日期", "失效日期"]


def halves() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The cells before (A, B, C) and today's (B, A, D, E, C), as two files without a day in them."""
    whole = versions()
    before = whole[whole["失效日期"].notna() | (whole["网格编码"] == "B")]
    today = whole[whole["生效日期"].notna() | (whole["网格编码"] == "B")]
    return before.drop(columns=DAYS), today.drop(columns=DAYS)


@pytest.fixture
def files(tmp_path) -> tuple[str, str, str]:
    """(both in one file, today's, the one before)."""
    before, today = halves()
    whole = saved(versions(), tmp_path / "whole.gpkg")
    return whole, saved(today, tmp_path / "today.gpkg"), saved(before, tmp_path / "before.gpkg")


def alike(one, other) -> None:
    columns = ["cell_id", "name", "unit_level", "parent", "role", "population"]
    pd.testing.assert_frame_equal(pd.DataFrame(one.table[columns]), pd.DataFrame(other.table[columns]))
    assert one.table.geometry.geom_equals(other.table.geometry).all()
    assert (one.contiguity != other.contiguity).nnz == 0 and one.level_names == other.level_names
    assert [(n.code, n.en) for n in one.notices] == [(n.code, n.en) for n in other.notices]
    order = ["cell_id", "current", "valid_from"]
    kept = [layer.versions.sort_values(order).reset_index(drop=True) for layer in (one, other)]
    pd.testing.assert_frame_equal(*(pd.DataFrame(table.drop(columns="geometry")) for table in kept))
    assert kept[0].geometry.geom_equals(kept[1].geometry).all()


@pytest.mark.parametrize("at", ["2024-01-01", "2025-06-30 23:59", CHANGE, "2026-01-05", None])
def test_two_files_are_the_same_as_one(files, at):
    whole, today, before = files
    cells = read_cells(today, before=before, since=CHANGE, valid_at=at)
    alike(cells, read_cells(whole, valid_at=at))
    assert leaves(cells) == (OLD if at and at < CHANGE else NEW)


@pytest.mark.parametrize("given", ["today's first days", "the last days of those before", "both"])
def test_the_day_may_stand_in_either_file(tmp_path, files, given):
    before, today = halves()
    if given != "the last days of those before":
        today = today.assign(启用日期=CHANGE)
    if given != "today's first days":
        before = before.assign(停用日期=CHANGE)
    one, other = saved(today, tmp_path / "n.gpkg"), saved(before, tmp_path / "o.gpkg")
    alike(read_cells(one, before=other), read_cells(files[0]))


def test_without_a_day_nothing_is_guessed(files):
    with pytest.raises(InputError, match=r"not known from which day.*before.gpkg.*--cells-since"):
        read_cells(files[1], before=files[2])
    with pytest.raises(InputError, match=r"'last summer' is not a day.*--cells-since"):
        read_cells(files[1], before=files[2], since="last summer")


def test_the_file_before_may_have_other_names_and_another_system(tmp_path, files):
    before, _ = halves()
    other = before.rename(columns={"网格编码": "cell_id"}).to_crs(4326)
    cells = read_cells(files[1], before=saved(other, tmp_path / "o.geojson"), since=CHANGE, valid_at="2025-01-01")
    assert leaves(cells) == OLD
    named = read_cells(
        files[1], columns={"cell_id": "网格编码"}, before=saved(other, tmp_path / "p.gpkg"), since=CHANGE
    )
    assert leaves(named) == NEW
    walk = crosswalk(cells.table.iloc[1:], named.table.iloc[1:])
    shares = {(r.old_id, r.new_id): round(r.share, 3) for r in walk.itertuples() if r.share > 0.01}
    assert shares == {("A", "D"): 0.6, ("A", "A"): 0.4, ("B", "B"): 1.0, ("C", "E"): 1.0}


def test_a_cell_that_moved_to_another_street_changed(tmp_path):
    """Its own ground is the same; the ground of the streets is not, and both divisions keep their own."""
    before, today = halves()
    before = before.assign(街道编码=["S1", "S1", "S2"], 街道=["一", "一", "二"])
    today = today.assign(街道编码=["S2", "S1", "S1", "S2", "S2"], 街道=["二", "一", "一", "二", "二"])
    one, other = saved(today, tmp_path / "n.gpkg"), saved(before, tmp_path / "o.gpkg")
    then = read_cells(one, before=other, since=CHANGE, valid_at="2025-01-01").table
    assert then.loc[then["cell_id"] == "B", "parent"].item() == "S1"
    now = read_cells(one, before=other, since=CHANGE).table
    assert now.loc[now["cell_id"] == "B", "parent"].item() == "S2"


def of(files, kind) -> tuple[str, CellFiles]:
    whole, today, before = files
    return (whole, CellFiles(whole)) if kind == "one" else (today, CellFiles(today, before, CHANGE))


@pytest.mark.parametrize("kind", ["one", "two"])
def test_open_warnings_carry_on_with_both_codes(tmp_path, files, kind):
    path, cells = of(files, kind)
    inputs, book = Inputs(("calls.csv",), path, cell_files=cells), tmp_path / "ledger.sqlite"
    old = warnings(warning_id=["w-old"], cell_id=["A"], level=["yellow"])
    issue(result(files[0], old, "2025-06-30T00:00:00"), book)
    with open_ledger(book) as ledger:
        ledger.record("w-old", "assigned", actor="duty", time="2025-06-30T09:00:00")
    today = result(files[0], warnings(), "2025-07-02T00:00:00")
    if kind == "two":
        layer = read_cells(path, before=cells.before, since=cells.since, valid_at="2025-07-02")
        today = type(today)(layer, today.early_warnings, today.facts)
    row = (done := with_ledger(today, book, inputs)).early_warnings.iloc[0]
    assert (row["change"], row["state"], row["caveats"]) == ("升级", "已交办", "网格调整:原A,现D")
    assert [n["code"] for n in done.facts["notices"]] == ["N-CELL-033"] and "A→D" in done.facts["notices"][0]["zh"]
    issue(done, book)
    with open_ledger(book) as ledger:
        assert ledger.states() == {"w-old": "已销号", "w-new": "已交办"}


@pytest.mark.parametrize("redivision", ["points", "areal"])
def test_history_is_recounted_alike(tmp_path, files, redivision):
    counted = []
    for kind in ("one", "two"):
        path, cells = of(files, kind)
        plan = Plan().with_settings(
            {"as_of": "2025-07-21", **({"redivision": "areal"} if redivision == "areal" else {})}
        )
        inputs = Inputs(
            (calls(tmp_path, points=redivision == "points"),), path, {"cell_code": "网格编码"}, cell_files=cells
        )
        ready = prepare(plan, inputs, lambda fraction, text: None)
        by_cell = ready.counts.table.groupby("cell")["count"].sum()
        counted.append({str(ready.counts.cells.cell_id[row]): int(n) for row, n in by_cell.items()})
    assert counted[0] == counted[1] and sum(counted[0].values()) == 500


def test_codes_without_points_are_refused_alike(tmp_path, files):
    for kind in ("one", "two"):
        path, cells = of(files, kind)
        inputs = Inputs((calls(tmp_path, points=False),), path, {"cell_code": "网格编码"}, cell_files=cells)
        with pytest.raises(InputError, match=r"300 incidents have the code of a former cell"):
            prepare(Plan().with_settings({"as_of": "2025-07-21"}), inputs, lambda fraction, text: None)


def test_a_repaired_copy_keeps_the_division_before(tmp_path, files):
    _, today, before = files
    cells = CellFiles(today, before, CHANGE, repair=True)
    found = check_inputs(Plan(as_of="2025-07-21"), [calls(tmp_path, points=True)], cells)
    assert {"N-CELL-030", "N-CELL-042"} <= {n["code"] for n in found["notices"]}


def test_the_walk_between_two_files_is_that_of_one(files):
    whole, today, before = files
    one = walk_since(read_cells(whole), pd.Timestamp("2025-06-01"), {"path": whole})
    reading = {"path": today, "before": before, "since": CHANGE}
    two = walk_since(read_cells(**reading), pd.Timestamp("2025-06-01"), reading)
    pd.testing.assert_frame_equal(one, two)
    assert walk_since(read_cells(**reading), pd.Timestamp("2025-08-01"), reading) is None


def test_the_command_line_takes_the_file_before(tmp_path):
    """A real run on the tiny city, half of one cell given to a new one in April."""
    incidents, cells = make_tiny_city(tmp_path)
    before = gpd.read_file(cells)
    code = next(name for name in before.columns if name != "geometry" and before[name].is_unique)
    west, south, east, north = before.geometry.iloc[0].bounds
    left = before.geometry.iloc[0].intersection(box(west, south, (west + east) / 2, north))
    today = pd.concat(
        [before, before.iloc[[0]].assign(**{code: "9" * len(str(before[code].iloc[0]))})], ignore_index=True
    )
    today.loc[len(today) - 1, "geometry"] = before.geometry.iloc[0].difference(left)
    today.loc[0, "geometry"] = left
    now = saved(gpd.GeoDataFrame(today, crs=before.crs), tmp_path / "now.gpkg")
    asked = ["run", "--incidents", str(incidents), "--cells", now, "--cells-before", str(cells)]
    asked += ["--cells-since", "2025-04-01", "--out", str(tmp_path / "o"), "--progress", "none"]
    assert execute(asked) == 0
    manifest = json.loads((tmp_path / "o" / "manifest.json").read_text(encoding="utf-8"))
    assert "N-CELL-030" in {n["code"] for n in manifest["notices"]}
    assert {"now.gpkg", cells.name} <= set(manifest["inputs"])
    assert np.isfinite(sum(manifest["account"].values()))
