"""Files that cannot be used: one message with problem, where and fix; and the real data, read whole."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import xlsxwriter
from gridbeacon.errors import InputError
from gridbeacon.layers.incidents import read_incidents

SHARED = Path(__file__).parents[2] / "shared" / "data"
HEADER = "工单编号,受理时间,类别,经度,纬度,联系电话"
ROW = "A1,2026-01-05 08:03:00,供水,113.5,22.5,13800138000"


def sheet_with(*cells):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for row, column, value in cells:
            sheet.write(row, column, value)
    return out.getvalue()


def archive_of(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def lines(*rows, header=HEADER):
    return "\n".join([header, *rows]).encode() + b"\n"


REFUSED = {
    "empty.csv": (b"", "the file is empty"),
    "header_only.csv": (lines(), "there are no rows"),
    "blank.csv": (b"\n\n\n", "the first row is blank"),
    "no_time.csv": (
        lines("A1,供水,113.5,22.5", header="工单编号,类别,经度,纬度"),
        "no column is known to hold the time",
    ),
    "no_place.csv": (lines("A1,2026-01-05", header="工单编号,受理时间"), "no columns are known to hold coordinates"),
    "one_column.csv": (lines("x", header="工单"), "no column is known to hold the time"),
    "bytes.csv": (lines(ROW) + b"\xff\xfe\xfa\n", "neither UTF-8 nor GB18030"),
    "binary.csv": (b"ab\x00\x01\x02", "the file is not text"),
    "workbook.csv": (sheet_with((0, 0, "a")), "named .csv but holds a ZIP archive or an Excel workbook"),
    "page.xls": (b"<html><table><tr><td>a</td></tr></table></html>", "no column is known to hold the time"),
    "page.xlsx": (b"<html><table><tr><td>a</td></tr></table></html>", "named .xlsx but holds a web page"),
    "text.xlsx": (lines(ROW), "named .xlsx but holds something else"),
    "text.gpkg": (lines(ROW), "named .gpkg but holds something else"),
    "text.parquet": (lines(ROW), "named .parquet but holds something else"),
    "cut.parquet": (b"PAR1" + b"\x00" * 50, "the Parquet file is damaged"),
    "cut.geojson": (b'{"type": "FeatureCollection", "features": [{"type": "Fea', "the layer cannot be read"),
    "cut.zip": (archive_of("a.csv", lines(ROW))[:-30], "the archive is damaged"),
    "text.geojson": (lines(ROW), "holds no JSON"),
    "empty.zip": (archive_of("readme.md", b"hi"), "the archive holds no table"),
    "empty.xlsx": (sheet_with(), "the workbook is empty"),
    "bomb.xlsx": (sheet_with((0, 0, "a"), (1048575, 16383, "b")), "a few stray cells stretch the sheet"),
    "notes.md": (b"hi", "files ending in .md are not read"),
    "open_quote.csv": (lines(ROW, ROW.replace("供水", '"供水'), ROW), "a quotation mark is opened and never closed"),
    "joined.csv": (lines(ROW, 'A2,"2026,供水', ROW, 'A4,"2026,供水', ROW), "lines read as one row"),
    "all_bad.csv": (
        lines(ROW.replace("2026-01-05 08:03:00", "soon")),
        "no row can be used: 1 of 1 incident times are not dates",
    ),
    "no_year.csv": (lines(ROW.replace("2026-01-05 08:03:00", "05/06/2026")), "could be two different days"),
    "swapped.csv": (
        lines(ROW.replace("113.5,22.5", "22.5,113.5")),
        "longitude and latitude are swapped in 1 of 1 rows",
    ),
    "metres.csv": (lines(ROW.replace("113.5,22.5", "500000,2500000")), "1 of 1 coordinates are not degrees"),
    "nowhere.csv": (lines(ROW.replace("113.5,22.5", ",")), "1 of 1 rows have no coordinates"),
    "shifted.csv": (lines(ROW + ",x", ROW + ",x"), "2 of 2 rows have another number of fields"),
    "policy.csv": (lines(ROW.replace("供水", "网络舆情")), "1 of 1 rows are of classes that are not processed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unusable_file_is_one_clear_message(tmp_path, name):
    data, problem = REFUSED[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        read_incidents([tmp_path / name])
    error = caught.value
    assert name in error.where
    assert error.fix.endswith(".")
    assert "13800138000" not in str(error)
    assert str(tmp_path) not in str(error)


def mutated(data, seed):
    """A few bytes changed, cut out, put in or doubled; or the end missing."""
    chance, out = random.Random(seed), bytearray(data)
    for _ in range(chance.randint(1, 5)):
        at, act = chance.randrange(max(1, len(out))), chance.randrange(5)
        if act == 0 and out:
            out[at] = chance.randrange(256)
        elif act == 1:
            del out[at : at + chance.randint(1, 40)]
        elif act == 2:
            out[at:at] = chance.choice([b'"', b"\n", b",", b"\x00", b"\xff", b"9" * 20, "供水".encode("gbk")])
        elif act == 3:
            out[at:at] = out[at : at + 30]
        else:
            out = out[: at + 1]
    return bytes(out)


WHOLE = {
    "a.csv": lines(*[ROW.replace("A1", f"A{i}") for i in range(40)]),
    "a.csv.gz": gzip.compress(lines(ROW)),
    "a.csv.zip": archive_of("a.csv", lines(ROW)),
    "a.xlsx": sheet_with(*((r, c, v) for r, row in enumerate([HEADER, ROW]) for c, v in enumerate(row.split(",")))),
    "a.geojson": gpd.GeoDataFrame({"id": ["1"], "time": ["2026-01-05"]}, geometry=[shapely.Point(1, 2)])
    .to_json()
    .encode(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path, name):
    """Each seed of the mutation is a file: no other error comes out, and every row is accounted for."""
    (tmp_path / name).write_bytes(WHOLE[name])
    assert read_incidents([tmp_path / name]).rows_in
    refused = 0
    for seed in range(60):
        (tmp_path / name).write_bytes(mutated(WHOLE[name], seed))
        try:
            read_incidents([tmp_path / name])
        except InputError as error:
            refused += bool(error.problem and error.where and error.fix)
    assert refused > 0


def test_the_message_names_row_and_column_of_the_first(tmp_path):
    rows = [ROW.replace("2026-01-05 08:03:00", "soon") for _ in range(3)]
    (tmp_path / "3月工单.csv").write_bytes(lines(*rows))
    with pytest.raises(InputError) as caught:
        read_incidents([tmp_path / "3月工单.csv"])
    assert caught.value.where == "3月工单.csv, first in row 2, column 受理时间"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_incidents([tmp_path / "gone.csv"])
    with pytest.raises(InputError, match="the folder holds no table"):
        read_incidents([tmp_path])
    with pytest.raises(InputError, match="no file of incidents"):
        read_incidents([])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"columns": {"time": "时间啊"}}, "there is no column 时间啊"),
        ({"columns": {"when": "受理时间"}}, "there is no role 'when'"),
        ({"columns": {"id": "联系电话"}}, "holds personal data"),
        ({"crs": "EPSG:999999"}, "there is no coordinate system"),
        ({"timezone": "Mars/Base"}, "there is no time zone"),
        ({"duplicates": "maybe"}, "duplicates must be drop or keep"),
    ],
)
def test_a_wrong_setting_is_one_clear_message(tmp_path, settings, problem):
    (tmp_path / "a.csv").write_bytes(lines(ROW))
    with pytest.raises(InputError, match=problem):
        read_incidents([tmp_path / "a.csv"], **settings)


def test_polygons_are_not_incidents(tmp_path):
    frame = gpd.GeoDataFrame({"id": ["1"], "time": ["2026-01-05"]}, geometry=[shapely.box(113, 22, 114, 23)], crs=4326)
    frame.to_file(tmp_path / "a.gpkg")
    with pytest.raises(InputError, match=r"incidents must be points; this layer holds (Multi)?Polygon.*--cells"):
        read_incidents([tmp_path / "a.gpkg"])


def test_a_file_of_several_layers_must_name_one(tmp_path):
    frame = gpd.GeoDataFrame({"id": ["1"], "time": ["2026-01-05"]}, geometry=gpd.points_from_xy([113], [22]), crs=4326)
    for name in ("january", "february"):
        frame.to_file(tmp_path / "a.gpkg", layer=name)
    with pytest.raises(InputError, match=r"2 layers.*january, february"):
        read_incidents([tmp_path / "a.gpkg"])
    assert len(read_incidents([f"{tmp_path / 'a.gpkg'}|february"]).incidents) == 1
    assert len(read_incidents([f"{tmp_path / 'a.gpkg'}|layername=january"]).incidents) == 1
    with pytest.raises(InputError, match=r"no layer march.*january"):
        read_incidents([f"{tmp_path / 'a.gpkg'}|march"])


def real(name):
    path = SHARED / name / "incidents.parquet"
    return pytest.param(path, marks=pytest.mark.skipif(not path.exists(), reason=f"{name} is not here"), id=name)


@pytest.mark.parametrize("path", [real("tainan1999")])
def test_the_tainan_hotline_is_read_whole(path):
    """Figures of data/README.md: 105,337 rows, 14 categories counting blank, which has 263."""
    intake = read_incidents([path], timezone="Asia/Taipei")
    assert (intake.rows_in, len(intake.incidents)) == (105_337, 105_337)
    top = intake.incidents.category.str.partition("/")[0]
    assert (top == "未分类").sum() == 263
    assert top.nunique() == 14
    assert any(n.code == "N-CLASS-001" and "263" in n.en for n in intake.notices)
    places = intake.incidents.get_coordinates().round(6)
    assert ((places.x == 120.227028) & (places.y == 22.999728)).sum() == 3_541


@pytest.mark.parametrize("path", [real("boston311_2011")])
def test_boston_has_three_levels_and_four_odd_hours(path):
    intake = read_incidents([path], timezone="America/New_York")
    assert len(intake.incidents) == 58_251
    assert intake.mapping["category"] == "subject,reason,type"
    trees = intake.incidents[intake.incidents.category.str.split("/").str[1] == "Trees"]
    days = trees.time.dt.date.astype(str).value_counts()
    assert [days[d] for d in ("2011-08-28", "2011-08-29", "2011-08-30", "2011-10-30")] == [777, 314, 122, 93]
    assert intake.incidents.closed_time.isna().sum() == 3_681


@pytest.mark.parametrize("path", [real("stlouis_2016_2019")])
def test_st_louis_rows_without_a_place_are_set_aside(path):
    intake = read_incidents([path], timezone="America/Chicago", duplicates="keep")
    assert (intake.rows_in, len(intake.quarantine)) == (192_255, 4_093)
    assert set(intake.quarantine.rule) == {"E-COORD-001"}
    assert intake.incidents.crs.to_epsg() == 4326
    planar = read_incidents([path], timezone="America/Chicago", duplicates="keep", crs="ESRI:102696").incidents
    apart = planar.to_crs(26915).distance(intake.incidents.to_crs(26915))
    assert pd.Series(apart).median() < 5


@pytest.mark.parametrize("path", [real("tainan1999")])
def test_a_hundred_thousand_rows_take_under_two_seconds(path):
    import time

    begin = time.perf_counter()
    read_incidents([path], timezone="Asia/Taipei")
    assert time.perf_counter() - begin < 2.0
