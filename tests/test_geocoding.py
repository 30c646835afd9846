"""Codes as geocoder: rolled up to the finest unit that exists, told, and the account stays exact."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.cube import ROOT_CELL
from gridbeacon.errors import InputError
from gridbeacon.layers.geocoding import geocode, match_codes, own_lengths, read_pattern
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.incidents import read_incidents
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.sample_data import CELLS, INCIDENTS, sample_path
from hypothesis import given
from hypothesis import strategies as st

SIDE = 0.01


def cell_file(
    folder, codes=("440305001001001", "440305001001002", "440305001002001", "440305002001001", "440306001001001")
):
    """Cells in a row; communities, streets and districts follow from the codes."""
    table = gpd.GeoDataFrame(
        {
            "网格编码": list(codes),
            "网格名称": [f"第{n}网格" for n in range(len(codes))],
            "社区编码": [code[:12] for code in codes],
            "街道编码": [code[:9] for code in codes],
            "区编码": [code[:6] for code in codes],
        },
        geometry=[shapely.box(113.5 + n * SIDE, 22.5, 113.5 + (n + 1) * SIDE, 22.51) for n in range(len(codes))],
        crs=4326,
    )
    table.to_file(folder / "cells.gpkg")
    return folder / "cells.gpkg"


def incident_file(folder, rows, columns=("网格编码", "经度", "纬度")):
    """(code, lon, lat) rows, one a minute."""
    table = pd.DataFrame([list(row) for row in rows], columns=list(columns), dtype=object)
    table.insert(0, "类别", "供水")
    table.insert(0, "受理时间", [f"2026-01-{1 + n % 28:02d} {8 + n // 28}:00" for n in range(len(table))])
    table.insert(0, "工单编号", [f"A{n}" for n in range(len(table))])
    table.to_csv(folder / "incidents.csv", index=False)
    return folder / "incidents.csv"


def ready(folder, rows, **settings):
    plan = Plan().with_settings({"as_of": "2026-02-01", "duplicate_minutes": 0.0, **settings})
    return prepare(
        plan, Inputs((str(incident_file(folder, rows)),), str(cell_file(folder))), lambda fraction, text: None
    )


def units(prepared):
    """cell_id each used incident counts for."""
    return prepared.cells.table["cell_id"].to_numpy()[prepared.incidents["cell"]].tolist()


MIDDLE = ("113.505", "22.505")


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("440305001001001", "440305001001001"),
        ("4403050010010010012345678", "440305001001001"),  # 25 digits: a room, in its cell
        (" 440305001001001 ", "440305001001001"),
        ("４４０３０５００１００１００１", "440305001001001"),
        ("440305001001999", "440305001001"),  # no such cell: its community
        ("440305001001", "440305001001"),
        ("440305001999999", "440305001"),
        ("440305999999999", "440305"),
        ("440307001001001", ""),
        ("", ""),
        ("abc", ""),
    ],
)
def test_a_code_names_the_finest_unit_that_exists(tmp_path, code, unit):
    cells = read_cells(cell_file(tmp_path))
    match = match_codes([code], cells)
    assert match.lengths == (15, 12, 9, 6) == own_lengths(cells)
    found = cells.table["cell_id"].iloc[match.unit[0]] if match.unit[0] >= 0 else ""
    assert found == unit and match.length[0] == len(unit) and match.coded[0] == bool(code.strip())


def test_the_pattern_of_the_plan_wins(tmp_path):
    cells = read_cells(cell_file(tmp_path))
    assert match_codes(["440305001001999"], cells, "15,9").length.tolist() == [9]
    assert match_codes(["440305001001999"], cells, "15").unit.tolist() == [-1]
    assert read_pattern("6, 15，9") == (15, 9, 6) and read_pattern("") == ()
    with pytest.raises(InputError, match="15,12,9,6"):
        read_pattern("15 and 12")


def test_codes_that_are_no_hierarchy_only_count_whole(shared_data):
    cells = read_cells(f"{shared_data / 'stlouis_2016_2019' / 'polygons.gpkg'}|grid_1km_205")
    assert own_lengths(cells) == ()
    assert (match_codes(["Q11", "Q119"], cells).unit >= 0).tolist() == [True, False]


@given(st.text("0123456789", max_size=30))
def test_whatever_matches_is_the_beginning_of_the_code(code):
    match = match_codes([code], _SAMPLE_CELLS)
    if match.unit[0] >= 0:
        unit = _SAMPLE_CELLS.table["cell_id"].iloc[match.unit[0]]
        assert code.startswith(unit) and unit != ROOT_CELL and match.length[0] == len(unit)


_SAMPLE_CELLS = read_cells(sample_path(CELLS))


def test_rows_without_coordinates_count_for_the_unit_of_their_code(tmp_path):
    rows = [
        ("", *MIDDLE),
        ("440305001001002", "", ""),
        ("4403050010020010012345678", "0", "0"),
        ("440305002999999", "", ""),
        ("990000000000000", "", ""),
        ("", "", ""),
    ]
    found = ready(tmp_path, rows)
    assert units(found) == ["440305001001001", "440305001001002", "440305001002001", "440305002"]
    assert found.account["rows_used"] == 4 and found.account["rows_quarantined"] == 2
    assert found.account["rows_in"] == 6 == sum(list(found.account.values())[1:])
    assert found.intake.quarantine["rule"].tolist() == ["E-COORD-001"] * 2
    assert found.intake.quarantine["source_row"].tolist() == [6, 7]
    assert found.incidents["by_code"].tolist() == [False, True, True, True]
    assert found.placement.codes["without_point"] == {"coded": 4, "matched": 3, "used": 3}
    assert found.placement.unmatched[["code", "rows", "source_row"]].values.tolist() == [["990000000000000", 1, 6]]
    told = {n.code: n for n in found.notices}
    assert "3行无坐标" in told["N-CODE-001"].zh and told["E-COORD-001"].zh.startswith("2行")
    assert "E-COORD-002" not in told


def test_they_are_shown_inside_their_unit_and_add_up_on_every_level(tmp_path):
    found = ready(tmp_path, [("", *MIDDLE), ("440305001001002", "", ""), ("440305002999999", "", "")])
    table = found.cells.table
    for row, point in zip(found.incidents["cell"], found.incidents.geometry, strict=True):
        assert table.geometry.iloc[row].contains(point)
    totals = {level: found.counts.cube(unit_level=level).counts.sum() for level in range(5)}
    assert totals == {0: 3, 1: 3, 2: 3, 3: 2, 4: 2}  # the third is known to its street only


def test_a_conflict_is_told_and_the_point_wins_unless_the_plan_says_otherwise(tmp_path):
    rows = [("440305002001001", *MIDDLE), ("440305001001001", *MIDDLE), ("440305001001", *MIDDLE), ("77", *MIDDLE)]
    by_point = ready(tmp_path, rows)
    assert units(by_point) == ["440305001001001"] * 4 and not by_point.incidents["by_code"].any()
    (told,) = [n for n in by_point.notices if n.code == "N-CODE-002"]
    assert "1行的编码与坐标不在同一单元" in told.zh and "in 1 rows" in told.en and "以坐标为准" in told.zh
    assert by_point.placement.codes["with_point"] == {"coded": 4, "matched": 3}
    by_code = ready(tmp_path, rows, code_conflict="code")
    assert units(by_code) == ["440305002001001", *["440305001001001"] * 3]
    assert by_code.incidents["by_code"].tolist() == [True, False, False, False]


def test_a_file_of_codes_alone_is_used(tmp_path):
    incident_file(tmp_path, [("440305001001001",), ("440305001001002",)], ["网格编码"])
    found = prepare(
        Plan().with_settings({"as_of": "2026-02-01"}),
        Inputs((str(tmp_path / "incidents.csv"),), str(cell_file(tmp_path))),
        lambda fraction, text: None,
    )
    assert units(found) == ["440305001001001", "440305001001002"] and found.incidents["by_code"].all()


def test_a_file_of_foreign_codes_alone_is_refused(tmp_path):
    incident_file(tmp_path, [("110105001001001",)], ["网格编码"])
    with pytest.raises(InputError, match="no code among them names a unit"):
        prepare(
            Plan(), Inputs((str(tmp_path / "incidents.csv"),), str(cell_file(tmp_path))), lambda fraction, text: None
        )


def test_equal_rows_without_coordinates_are_duplicates(tmp_path):
    path = incident_file(tmp_path, [("440305001001001", *MIDDLE), ("440305001001002", "", "")])
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n", encoding="utf-8")
    intake, cells = read_incidents([path]), read_cells(cell_file(tmp_path))
    dropped = geocode(intake, cells).intake
    assert (len(dropped.incidents), len(dropped.quarantine), dropped.rows_in) == (2, 0, 3)
    assert dropped.duplicates[["source_row", "kept_row", "rule"]].values.tolist() == [[4, 3, "D-DUP-001"]]
    assert len(geocode(intake, cells, duplicates="keep").intake.incidents) == 3


def test_two_reports_of_one_cell_are_no_burst_and_no_pile_up(tmp_path):
    """Forty rows on the representative point of one cell are forty reports, and that point is no default point."""
    rows = [("", *MIDDLE), *[("440305001001002", "", "")] * 40]
    found = ready(tmp_path, rows, burst_minutes=100_000.0)
    assert found.counts.table["distinct"].sum() == 41 and found.default_points.empty


def test_the_sample_city_recovers_its_rows():
    """Of 710 rows without coordinates (640 blank, 70 zero) 338 bear the code of a cell."""
    intake = read_incidents([sample_path(name) for name in INCIDENTS])
    rules = intake.quarantine["rule"].value_counts()
    assert (rules["E-COORD-001"], rules["E-COORD-002"]) == (640, 70)
    found = geocode(intake, _SAMPLE_CELLS)
    left = found.intake.quarantine["rule"].value_counts()
    assert (left["E-COORD-001"], left["E-COORD-002"]) == (330, 42) and found.by_code.sum() == 338
    assert found.facts["used_by_level"] == {"网格": 338} and found.facts["rate"] > 0.999
    assert found.unmatched["rows"].tolist() == [12]  # planted: unknown_cell_code
    assert found.intake.rows_in == intake.rows_in
    assert not np.isfinite(found.intake.incidents.geometry[found.by_code].x).any()
