"""Levels of units: parents by name, by code and by prefix; codes that stay whole; roles side by side."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import full_name, read_cells
from gridbeacon.layers.overlay import assign_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from lattice_city import EAST, NORTH, chinese_city, four_by_four, levels_of, saved
from shapely.geometry import Point, box


def test_units_of_one_name_under_different_parents_are_different_units(tmp_path):
    """甲社区 lies in four streets, 东街道 in two districts."""
    table = read_cells(saved(chinese_city(), tmp_path / "c.gpkg")).table
    communities = table[table["unit_level"] == 3]
    assert communities["name"].value_counts().to_dict() == {"甲社区": 4, "乙社区": 4}
    assert communities["cell_id"].is_unique
    assert set(communities["parent"]) == set(table.loc[table["unit_level"] == 2, "cell_id"])


def test_codes_and_names_pair_up(tmp_path):
    city = chinese_city()
    city["街道编码"] = city["网格编码"].str[:9]
    table = read_cells(saved(city.drop(columns=["社区", "区"]), tmp_path / "c.gpkg")).table
    streets = table[table["unit_level"] == 1]
    assert streets["cell_id"].tolist() == ["990101001", "990101002", "990102001", "990102002"]
    assert streets["name"].tolist() == ["东街道", "西街道"] * 2


def test_prefixes_of_15_digit_codes_make_the_levels(tmp_path):
    cells = read_cells(saved(chinese_city()[["网格编码", "geometry"]], tmp_path / "c.gpkg"))
    assert levels_of(cells) == {0: 1, 1: 2, 2: 4, 3: 8, 4: 16}
    assert any("6+3+3" in notice.en for notice in cells.notices)
    names = full_name(cells.table)
    assert names.iloc[-1] == "街道 990102002·社区 990102002002·网格 990102002002002"  # never a bare code
    assert cells.table["parent"].iloc[-1] == "990102002002"


def test_parents_named_by_the_user_in_any_order(tmp_path):
    city = chinese_city().rename(columns={"街道": "片", "社区": "组"})
    city["组"] = city["网格编码"].str[:12]
    city["片"] = city["网格编码"].str[:9]
    path = saved(city, tmp_path / "c.gpkg")
    one = read_cells(path, columns={"cell_parent": "组,片"})
    two = read_cells(path, columns={"cell_parent": "片，组"})
    assert levels_of(one) == {0: 1, 1: 4, 2: 8, 3: 16} == levels_of(two)
    assert one.level_names[1] == "level 1"


def test_parents_that_do_not_nest(tmp_path):
    """Codes found by name are told and left out; columns the user named stop the run."""
    city = four_by_four(
        cell_id=[f"c{i:02d}" for i in range(16)], 区编码=["a", "b"] * 8, 街道编码=list("ppqqrrsspqrstttt")
    )
    path = saved(city, tmp_path / "c.gpkg")
    cells = read_cells(path)
    assert levels_of(cells) == {0: 1, 1: 2, 2: 16}
    assert any("街道编码 does not nest" in notice.en for notice in cells.notices)
    with pytest.raises(InputError, match=r"unit 'p' lies in more than one unit of column 区编码.*nest"):
        read_cells(path, columns={"cell_parent": "街道编码,区编码"})


def test_a_file_of_all_levels_linked_by_parent_codes(tmp_path):
    """What our own results.gpkg holds reads back as the same city."""
    cells = read_cells(saved(chinese_city(), tmp_path / "c.gpkg"))
    own = cells.table.drop(columns=["valid_from", "valid_to"])
    again = read_cells(saved(own, tmp_path / "own.gpkg"))
    columns = ["cell_id", "name", "unit_level", "parent", "role", "population", "responsible"]
    pd.testing.assert_frame_equal(again.table[columns], own[columns], check_dtype=False)
    assert (again.contiguity != cells.contiguity).nnz == 0
    without_city = saved(own[own["unit_level"] > 0], tmp_path / "own2.gpkg")
    assert levels_of(read_cells(without_city)) == levels_of(cells)


def test_parents_in_a_circle_are_refused(tmp_path):
    ids = [f"c{i:02d}" for i in range(16)]
    city = four_by_four(cell_id=ids, parent=["", "c02", "c03", "c01", *ids[:12]])
    with pytest.raises(InputError, match="circle"):
        read_cells(saved(city, tmp_path / "c.gpkg"))


def test_cells_without_a_parent_code_hang_higher_and_are_told(tmp_path):
    city = chinese_city()
    city["街道编码"], city["区编码"] = city["网格编码"].str[:9], city["网格编码"].str[:6]
    city = city.drop(columns=["社区", "街道", "区"])
    city.loc[0, "街道编码"] = None
    cells = read_cells(saved(city, tmp_path / "c.gpkg"))
    table = cells.table.set_index("cell_id")
    assert table.loc["990101001001001", "parent"] == "990101" and table.loc["990101001001001", "unit_level"] == 3
    assert any("1 cells lack a parent" in notice.en for notice in cells.notices)
    assert table.loc["990101"].geometry.area == pytest.approx(table.loc["CITY"].geometry.area / 2, rel=1e-3)
    assert len(cells.leaves()) == 16


def test_numeric_codes_stay_whole(tmp_path):
    city = four_by_four(cell_id=np.arange(16) + 110101001001001, town_id=np.arange(16) // 4 + 1)
    cells = read_cells(saved(city, tmp_path / "c.gpkg"))
    assert cells.table["cell_id"].iloc[-1] == "110101001001016" and "1" in set(cells.table["cell_id"])


def test_codes_with_lost_digits_are_refused(tmp_path):
    city = four_by_four(cell_id=[1.1010100100100101e17 + i * 64 for i in range(16)])
    with pytest.raises(InputError, match=r"lost digits.*Export the column as text"):
        read_cells(saved(city, tmp_path / "c.parquet"))
    city = four_by_four(cell_id=[i + 0.5 for i in range(16)])
    with pytest.raises(InputError, match="lost digits"):
        read_cells(saved(city, tmp_path / "d.parquet"))
    city = four_by_four(cell_id=[float(i + 1) for i in range(16)])
    assert read_cells(saved(city, tmp_path / "e.parquet")).table["cell_id"].iloc[1] == "1"


@settings(max_examples=25)
@given(st.lists(st.text("0123456789AB-", min_size=1, max_size=25), min_size=16, max_size=16, unique=True))
def test_any_code_comes_through_unharmed(tmp_path_factory, codes):
    path = tmp_path_factory.mktemp("codes") / "c.parquet"
    cells = read_cells(saved(four_by_four(网格编码=codes), path))
    assert set(codes) <= set(cells.table["cell_id"])


def test_levels_that_share_codes_are_kept_apart(tmp_path):
    city = four_by_four(id=np.arange(1, 17), district_id=np.arange(16) // 8 + 1)
    table = read_cells(saved(city, tmp_path / "c.gpkg")).table
    assert table["cell_id"].is_unique and {"district_id:1", "district_id:2", "1", "2"} < set(table["cell_id"])


def test_sectoral_cells_stand_beside_the_territorial_ones(tmp_path):
    city = chinese_city()
    river = gpd.GeoDataFrame(
        {"网格编码": ["990190900000001"], "网格名称": ["霁江"], "角色": ["专属"]},
        geometry=[box(EAST - 0.01, NORTH + 0.015, EAST + 0.05, NORTH + 0.025)],
        crs=4326,
    )
    cells = read_cells(saved(pd.concat([city.assign(角色="属地"), river]), tmp_path / "c.gpkg"))
    last = cells.table.iloc[-1]
    assert (last["role"], last["parent"], last["unit_level"], last["name"]) == ("sectoral", "", 4, "霁江")
    assert cells.roles == ("territorial", "sectoral")
    assert cells.contiguity[len(cells.table) - 1].nnz == 0  # neighbours within one role only
    assert not any("overlap" in notice.en for notice in cells.notices)
    assert cells.as_cells().parent[-1] == -1
    point = gpd.GeoDataFrame(geometry=[Point(EAST + 0.005, NORTH + 0.016)], crs=4326)
    assert (assign_cells(point, cells) >= 0).all()


def test_the_whole_city_is_the_union_and_centres_are_metres(tmp_path):
    cells = read_cells(saved(chinese_city(), tmp_path / "c.gpkg"))
    seen = cells.as_cells()
    for level in seen.levels():
        rows = seen.rows_at(level)
        assert seen.areas[rows].sum() == pytest.approx(seen.areas[0], rel=1e-6)
    west, south, east, north = cells.table.total_bounds
    assert (seen.centres > [west, south]).all() and (seen.centres < [east, north]).all()
    assert seen.exposure[0] == 1200 and seen.cell_id[0] == "CITY" and seen.parent[0] == -1
