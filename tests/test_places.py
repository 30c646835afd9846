"""Coordinates as cities write them: what is certain is read and told, what is not is set aside under its own rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.coordinates import read_angles, split_pairs, transformer, wgs84_to_bd09, wgs84_to_gcj02
from gridbeacon.layers.incidents import read_incidents
from hypothesis import given
from hypothesis import strategies as st

GOOD = [(113.5, 22.5), (113.6, 22.6), (113.7, 22.7), (113.8, 22.8)]


def read(folder, rows, header=("经度", "纬度"), **more):
    """Rows of coordinates as texts, in a file of their own."""
    table = pd.DataFrame([list(row) for row in rows], columns=list(header), dtype=object)
    table.insert(0, "受理时间", [f"2026-01-05 08:{n:02d}" for n in range(len(table))])
    table.insert(0, "工单编号", [f"A{n}" for n in range(len(table))])
    table.to_csv(folder / "a.csv", index=False)
    return read_incidents([folder / "a.csv"], **more)


def places(intake):
    return intake.incidents.to_crs(4490).get_coordinates().round(6).to_numpy().tolist()


def codes(intake):
    return {n.code for n in intake.notices}


ANGLES = {
    "113°15′30″E": 113.258333,
    "113°15'30\"": 113.258333,
    "东经113度15分30秒": 113.258333,
    "113 15 30": 113.258333,
    "113-15-30": 113.258333,
    "113:15:30.0": 113.258333,
    "１１３°１５′３０″": 113.258333,
    "E113°15.5′": 113.258333,
    "113º15'30''E": 113.258333,
    "113.258333°": 113.258333,
    "113.258333E": 113.258333,
    "113.258333": 113.258333,
    "W113°15′30″": -113.258333,
    "北緯22°30′": 22.5,
    "22°30′S": -22.5,
}


@pytest.mark.parametrize("text", ANGLES)
def test_an_angle_is_read(text):
    read_back = read_angles(pa.array([text]))
    assert read_back.values[0] == pytest.approx(ANGLES[text], abs=1e-6)
    assert not read_back.bad[0] and not read_back.impossible[0]


@pytest.mark.parametrize("text", ["113 15", "abc", "113°15′30″40", "约113", "1,2", "113.5.2", "°", "E"])
def test_what_is_no_angle_is_not_guessed(text):
    assert read_angles(pa.array([text])).bad.tolist() == [True]


@pytest.mark.parametrize("text", ["113°60′00″", "113°15′75″", "113.5°15′", "113°15.5′30″", "E113°W", "-113°15′E"])
def test_an_impossible_angle_is_told_from_no_angle(text):
    found = read_angles(pa.array([text]))
    assert found.impossible.tolist() == [True] and not found.bad[0] and np.isnan(found.values[0])


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 5999), st.sampled_from(["°′″", "度分秒", "   ", ":: "]))
def test_every_angle_survives_its_spelling(degrees, minutes, hundredths, marks):
    text = f"{degrees}{marks[0]}{minutes:02d}{marks[1]}{hundredths / 100:05.2f}{marks[2]}"
    found = read_angles(pa.array([text.rstrip(), None, ""]))
    assert found.values[0] == pytest.approx(degrees + minutes / 60 + hundredths / 360_000, abs=1e-9)
    assert found.bad.tolist() == [False] * 3


@given(st.text(max_size=25))
def test_no_text_breaks_the_readers(text):
    column = pa.array([text])
    found = read_angles(column)
    first, second, unsplit = split_pairs(column)
    assert len(found.values) == len(first) == len(second) == len(unsplit) == 1
    assert np.isnan(found.values[0]) or not found.bad[0]


def test_degrees_and_minutes_are_told(tmp_path):
    intake = read(tmp_path, [*GOOD, ("113°15′30″E", "22°30′00″N"), ("113 15 30", "22 30 0")])
    assert places(intake)[-2:] == [[113.258333, 22.5]] * 2
    (told,) = [n for n in intake.notices if n.code == "N-COORD-001"]
    assert "2" in told.zh and "2 coordinates" in told.en


def test_letters_that_contradict_the_columns_are_followed_and_told(tmp_path):
    intake = read(tmp_path, [*GOOD, ("22°30′N", "113°30′E")])
    assert places(intake)[-1] == [113.5, 22.5] and "N-COORD-003" in codes(intake)


RULES = {
    "E-COORD-001": ("", "22.5"),
    "E-COORD-002": ("0", "0.000"),
    "E-COORD-003": ("1131530", "22.5"),
    "E-COORD-004": ("22.5", "113.5"),
    "E-COORD-005": ("113 15", "22.5"),
    "E-COORD-007": ("113°75′00″", "22°30′"),
    "E-COORD-008": ("38500000", "2500000"),
    "E-COORD-009": ("113.5", "0"),
}


@pytest.mark.parametrize("rule", RULES)
def test_each_trouble_has_a_rule_of_its_own(tmp_path, rule):
    intake = read(tmp_path, [*GOOD, RULES[rule]])
    assert intake.quarantine["rule"].tolist() == [rule] and intake.quarantine["source_row"].tolist() == [6]
    assert places(intake) == [list(place) for place in GOOD] and rule in codes(intake)


@pytest.mark.parametrize("header", ["坐标", "经纬度", "lnglat", "地理坐标"])
@pytest.mark.parametrize("spelling", ["{0},{1}", "{0}，{1}", "[{0}, {1}]", "POINT ({0} {1})", "{0};{1}", "{0} {1}"])
def test_two_coordinates_in_one_cell(tmp_path, header, spelling):
    intake = read(tmp_path, [(spelling.format(*place),) for place in GOOD], [header])
    assert places(intake) == [list(place) for place in GOOD]
    (told,) = [n for n in intake.notices if n.code == "N-COORD-002"]
    assert header in told.zh and "经度在前" in told.zh and "longitude first" in told.en


def test_latitude_first_is_seen_in_the_numbers_or_in_the_name(tmp_path):
    turned = [(f"{lat},{lon}",) for lon, lat in GOOD]
    for header in ("坐标", "纬经度"):
        intake = read(tmp_path, turned, [header])
        assert places(intake) == [list(place) for place in GOOD]
        assert any("纬度在前" in n.zh for n in intake.notices)
    west = [("43.8,87.6",), ("43.9,87.7",)]  # Urumqi: the numbers do not tell
    assert places(read(tmp_path, west, ["latlng"])) == [[87.6, 43.8], [87.7, 43.9]]
    assert places(read(tmp_path, west, ["坐标"])) == [
        [43.8, 87.6],
        [43.9, 87.7],
    ]  # told; the diagnosis sees it


def test_a_joined_cell_that_cannot_be_split_has_its_rule(tmp_path):
    rows = [*[(f"{lon},{lat}",) for lon, lat in GOOD], ("113.5",), ("",), ("1,2,3",), ("113.5,x",), ("22.5,113.5",)]
    intake = read(tmp_path, rows, ["坐标"])
    expected = ["E-COORD-010", "E-COORD-001", "E-COORD-010", "E-COORD-005", "E-COORD-004"]
    assert intake.quarantine["rule"].tolist() == expected and len(intake.incidents) == 4


def test_a_joined_column_can_be_named(tmp_path):
    rows = [(f"{lon},{lat}",) for lon, lat in GOOD]
    assert places(read(tmp_path, rows, ["上报位置"], columns={"lon": "上报位置", "lat": "上报位置"})) == [
        list(p) for p in GOOD
    ]


def in_zone(epsg, offset=0.0):
    x, y = transformer(4490, epsg).transform([p[0] for p in GOOD], [p[1] for p in GOOD])
    return [(f"{a + offset:.4f}", f"{b:.4f}") for a, b in zip(x, y, strict=True)]


@pytest.mark.parametrize("header", [("X坐标", "Y坐标"), ("经度", "纬度"), ("横坐标", "纵坐标")])
@pytest.mark.parametrize("crs", [None, "cgcs2000", "EPSG:4526"])
def test_metres_with_the_zone_in_front_are_recognised(tmp_path, header, crs):
    """113.5 E to 113.8 E lie in zone 38 (114 E): EPSG 4526."""
    intake = read(tmp_path, in_zone(4526), header, crs=crs)
    assert intake.incidents.crs.to_epsg() == 4526
    np.testing.assert_allclose(intake.incidents.to_crs(4490).get_coordinates(), GOOD, atol=1e-8)
    told = [n for n in intake.notices if n.code == "N-CRS-004"]
    assert len(told) == (crs != "EPSG:4526") and all("38" in n.zh and "EPSG:4526" in n.en for n in told)


def test_surveyors_write_north_first(tmp_path):
    rows = [(y, x) for x, y in in_zone(4526)]
    intake = read(tmp_path, rows, ("X坐标", "Y坐标"))
    np.testing.assert_allclose(intake.incidents.to_crs(4490).get_coordinates(), GOOD, atol=1e-8)
    assert {"N-CRS-004", "N-CRS-005"} <= codes(intake)


def test_a_city_astride_two_zones(tmp_path):
    rows = [in_zone(4526)[3], *in_zone(4525)[:3]]
    intake = read(tmp_path, rows, ("X坐标", "Y坐标"))
    np.testing.assert_allclose(intake.incidents.to_crs(4490).get_coordinates(), [GOOD[3], *GOOD[:3]], atol=1e-8)
    assert any(n.code == "N-CRS-004" and "37,38" in n.zh for n in intake.notices)


def test_the_zone_may_be_named_with_or_without_and_never_wrongly(tmp_path):
    bare = read(tmp_path, in_zone(4547), ("X坐标", "Y坐标"), crs="EPSG:4547")
    assert bare.incidents.crs.to_epsg() == 4547 and "N-CRS-004" not in codes(bare)
    more = read(tmp_path, in_zone(4526), ("X坐标", "Y坐标"), crs="EPSG:4547")
    assert more.incidents.crs.to_epsg() == 4526 and "N-CRS-004" in codes(more)
    less = read(tmp_path, in_zone(4547), ("X坐标", "Y坐标"), crs="EPSG:4526")
    assert less.incidents.crs.to_epsg() == 4547 and "N-CRS-006" in codes(less)
    with pytest.raises(InputError, match=r"x begins with the zone 38, but .* is zone 39"):
        read(tmp_path, in_zone(4526), ("X坐标", "Y坐标"), crs="EPSG:4527")


def test_metres_that_do_not_say_their_zone_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"EPSG:4547"):
        read(tmp_path, in_zone(4547), ("X坐标", "Y坐标"))
    with pytest.raises(InputError, match=r"without the number of their zone.*EPSG:4534"):
        read(tmp_path, in_zone(4547), ("X坐标", "Y坐标"), crs="cgcs2000")
    with pytest.raises(InputError, match="swapped in 4 of 4 rows"):
        read(tmp_path, [(y, x) for x, y in in_zone(4547)], ("X坐标", "Y坐标"), crs="EPSG:4547")


@pytest.mark.parametrize(
    ("crs", "shift"),
    [("gcj02", wgs84_to_gcj02), ("GCJ-02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09), ("百度", wgs84_to_bd09)],
)
def test_shifted_degrees_come_back(tmp_path, crs, shift):
    lon, lat = shift(np.array([p[0] for p in GOOD]), np.array([p[1] for p in GOOD]))
    intake = read(tmp_path, [(f"{x:.12f}", f"{y:.12f}") for x, y in zip(lon, lat, strict=True)], crs=crs)
    np.testing.assert_allclose(intake.incidents.get_coordinates(), GOOD, atol=1e-10)
    assert intake.incidents.crs.to_epsg() == 4326 and "N-CRS-003" in codes(intake)


def test_a_layer_that_calls_itself_wgs84_may_be_said_to_be_shifted(tmp_path):
    from geopandas import GeoDataFrame, points_from_xy

    lon, lat = wgs84_to_gcj02(np.array([p[0] for p in GOOD]), np.array([p[1] for p in GOOD]))
    times = pd.Series([f"2026-01-05 08:0{n}" for n in range(4)])
    layer = GeoDataFrame({"受理时间": times}, geometry=points_from_xy(lon, lat), crs=4326)
    layer.to_file(tmp_path / "a.gpkg")
    intake = read_incidents([tmp_path / "a.gpkg"], crs="gcj02")
    np.testing.assert_allclose(intake.incidents.get_coordinates(), GOOD, atol=1e-10)


def test_cgcs2000_in_degrees(tmp_path):
    intake = read(tmp_path, GOOD, crs="cgcs2000")
    assert intake.incidents.crs.to_epsg() == 4490 and places(intake) == [list(place) for place in GOOD]


@pytest.mark.parametrize("crs", ["mars", "EPSG:999999", "gcj03"])
def test_a_system_nobody_knows_is_refused(tmp_path, crs):
    with pytest.raises(InputError, match="there is no coordinate system"):
        read(tmp_path, GOOD, crs=crs)


def test_beijing_54_is_refused_on_the_way_to_the_cells(tmp_path):
    from gridbeacon.pipeline import Plan
    from gridbeacon.pipeline.preparation import Inputs, prepare
    from gridbeacon.sample_data import CELLS, sample_path

    read(tmp_path, GOOD)
    inputs = Inputs((str(tmp_path / "a.csv"),), str(sample_path(CELLS)), crs="EPSG:4214")
    with pytest.raises(InputError, match="Beijing 1954"):
        prepare(Plan(), inputs, lambda fraction, text: None)


def test_files_in_several_systems_meet_exactly(tmp_path):
    read(tmp_path, in_zone(4526), ("X坐标", "Y坐标"))
    (tmp_path / "a.csv").rename(tmp_path / "zone.csv")
    read(tmp_path, GOOD)
    both = read_incidents([tmp_path / "zone.csv", tmp_path / "a.csv"], duplicates="keep")
    np.testing.assert_allclose(both.incidents.get_coordinates(), [*GOOD, *GOOD], atol=1e-8)
