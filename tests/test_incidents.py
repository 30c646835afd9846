"""Incidents: every format read, the columns found and mapped, what is not known told."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xlsxwriter
from gridbeacon.errors import Cancelled, InputError
from gridbeacon.layers.incidents import NOTICES, RULES, read_incidents
from three_calls import HEADER, ROWS, codes, csv, layer, table


def write_xlsx(path):
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("工单")
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, table().columns)
        for number, row in enumerate(table().itertuples(index=False), start=1):
            sheet.write(number, 0, row.case_id)
            sheet.write_datetime(number, 1, row.received_at.to_pydatetime(), day)
            sheet.write_row(number, 2, [row.category, row.lon, row.lat])


def zipped(path, write, inner):
    write(path.parent / inner)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.parent / inner, inner)


def plain_csv(path):
    table().to_csv(path, index=False)


FORMATS = {
    "a.csv": plain_csv,
    "a.tsv": lambda path: table().to_csv(path, index=False, sep="\t"),
    "semicolon.csv": lambda path: table().to_csv(path, index=False, sep=";"),
    "bom.csv": lambda path: table().to_csv(path, index=False, encoding="utf-8-sig"),
    "gb.csv": lambda path: table().to_csv(path, index=False, encoding="gb18030"),
    "utf16.txt": lambda path: table().to_csv(path, index=False, encoding="utf-16", sep="\t"),
    "a.csv.gz": lambda path: path.write_bytes(gzip.compress(table().to_csv(index=False).encode())),
    "a.csv.zip": lambda path: zipped(path, plain_csv, "一月.csv"),
    "a.xlsx": write_xlsx,
    "x.zip": lambda path: zipped(path, write_xlsx, "a.xlsx"),
    "a.parquet": lambda path: table().to_parquet(path),
    "geo.parquet": lambda path: layer().to_parquet(path),
    "a.gpkg": lambda path: layer().to_file(path, layer="incidents"),
    "a.geojson": lambda path: layer().to_file(path),
    "a.geojson.zip": lambda path: zipped(path, lambda p: layer().to_file(p), "a.geojson"),
    "a.geojson.gz": lambda path: path.write_bytes(
        gzip.compress(layer().assign(received_at=table().received_at.astype(str)).to_json().encode())
    ),
    "a.fgb": lambda path: layer().to_file(path, SPATIAL_INDEX="NO"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_incidents(tmp_path, name):
    FORMATS[name](tmp_path / name)
    intake = read_incidents([tmp_path / name])
    got = intake.incidents
    assert list(got.incident_id) == ["A1", "A2", "A3"]
    assert [str(t) for t in got.time] == [
        "2026-01-05 08:03:00+08:00",
        "2026-01-05 09:03:00+08:00",
        "2026-01-06 08:03:00+08:00",
    ]
    assert list(got.category) == ["供水", "供水", "未分类"]
    np.testing.assert_allclose(got.get_coordinates(), table()[["lon", "lat"]])
    assert got.crs.to_epsg() == 4326
    first = (
        1
        if Path(name.removesuffix(".zip").removesuffix(".gz")).suffix in {".parquet", ".gpkg", ".geojson", ".fgb"}
        else 2
    )
    assert list(got.source_row) == [first, first + 1, first + 2]
    assert set(got.source_file) == {name}
    assert "N-CLASS-001" in codes(intake)


def test_a_shapefile_alone_and_zipped(tmp_path):
    shapes = (
        layer().rename(columns={"received_at": "date"}).assign(date=table().received_at.dt.strftime("%Y-%m-%d %H:%M"))
    )
    shapes.to_file(tmp_path / "a.shp", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in sorted(tmp_path.glob("a.*")):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    for name in ("a.shp", "a.zip"):
        assert list(read_incidents([tmp_path / name]).incidents.incident_id) == ["A1", "A2", "A3"]


def test_the_columns_of_the_table(tmp_path):
    got = read_incidents([csv(tmp_path, *ROWS)]).incidents
    times = ["reported_time", "closed_time"]
    names = ["incident_id", "time", "category", "severity", "source", "kind", *times, "handler"]
    assert list(got.columns) == [*names, "source_file", "source_row", "geometry"]
    assert str(got.time.dt.tz) == "Asia/Shanghai"
    assert (got.severity == 1).all()
    assert set(got.kind) == {"handled"}
    assert got.closed_time.isna().all()


def test_files_with_drifting_columns_are_mapped_one_by_one(tmp_path):
    """As hotlines do: a column is renamed, another one appears, the order changes."""
    second = csv(
        tmp_path,
        "B1,22.5,113.5,2026/2/1 8:00,供水,2026/2/1 7:30",
        header="案件编号,纬度,经度,登记时间,类别,发生时间",
        name="b.csv",
        encoding="gb18030",
    )
    intake = read_incidents([csv(tmp_path, *ROWS), second])
    last = intake.incidents.iloc[-1]
    assert (last.incident_id, str(last.time), str(last.reported_time)) == (
        "B1",
        "2026-02-01 07:30:00+08:00",
        "2026-02-01 08:00:00+08:00",
    )
    assert intake.mapping["id"] == "工单编号 | 案件编号"
    assert intake.incidents.reported_time.isna().sum() == 3


def test_a_named_column_may_be_missing_from_one_file_if_a_known_name_stands_in(tmp_path):
    odd = csv(tmp_path, "B1,113.5,22.5,2026/2/1 8:00", header="工单编号,经度,纬度,何时", name="b.csv")
    intake = read_incidents([csv(tmp_path, *ROWS), odd], columns={"time": "何时"})
    assert len(intake.incidents) == 4
    assert "N-COL-004" in codes(intake)


def test_two_files_of_one_name_are_told_apart(tmp_path):
    for month in ("01", "02"):
        (tmp_path / month).mkdir()
        csv(tmp_path / month, f"{month}{ROWS[0]}")
    got = read_incidents([tmp_path / "01" / "a.csv", tmp_path / "02" / "a.csv"]).incidents
    assert list(got.source_file) == ["01/a.csv", "02/a.csv"]


def test_files_in_different_systems_meet_in_degrees(tmp_path):
    layer().to_crs(32649).to_file(tmp_path / "a.gpkg")
    moved = layer().assign(case_id=["B1", "B2", "B3"])
    moved.to_crs(32650).to_file(tmp_path / "b.gpkg")
    assert read_incidents([tmp_path / "a.gpkg"]).incidents.crs.to_epsg() == 32649
    got = read_incidents([tmp_path / "a.gpkg", tmp_path / "b.gpkg"]).incidents
    assert got.crs.to_epsg() == 4326
    np.testing.assert_allclose(got.get_coordinates()[:3], got.get_coordinates()[3:], atol=1e-9)


def test_a_title_above_the_header_of_a_sheet(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "一月工单")
        for number, line in enumerate([HEADER, *ROWS], start=2):
            sheet.write_row(number, 0, line.split(","))
        book.add_worksheet("说明").write(0, 0, "notes")
    intake = read_incidents([tmp_path / "a.xlsx"])
    assert list(intake.incidents.source_row) == [4, 5, 6]
    assert "N-FILE-003" in codes(intake)


def test_levels_of_classes(tmp_path):
    rows = ["1,2026-01-05 08:00:00,供水/排水,水管,113.5,22.5,,", "2,2026-01-05 08:00:00,,水管,113.5,22.5,,"]
    intake = read_incidents([csv(tmp_path, *rows)])
    assert list(intake.incidents.category) == ["供水／排水/水管", "未分类/水管"]
    assert {"N-CLASS-001", "N-CLASS-004"} <= codes(intake)
    one = read_incidents([csv(tmp_path, *rows)], columns={"category": "诉求大类"}).incidents
    assert list(one.category) == ["供水/排水", "未分类"]


def test_handling_severity_closing_and_code(tmp_path):
    header = "工单编号,受理时间,发生时间,办结时间,类别,办理类型,严重程度,承办单位,网格编码,经度,纬度"
    rows = [
        "1,2026-01-05 09:00,2026-01-05 08:00,2026-01-06 08:00,供水,报备,3,水务局,044030500100100200,113.5,22.5",
        "2,2026-01-05 09:00,,soon,供水,办理,高,水务局,,113.5,22.5",
        "3,2026-01-05 09:00,2026-01-05 07:00,,供水,别的,,,,113.5,22.5",
    ]
    intake = read_incidents([csv(tmp_path, *rows, header=header)])
    got = intake.incidents
    assert list(got.kind) == ["reported", "handled", "handled"]
    assert list(got.severity) == [3, 1, 1]
    assert list(got.cell_code) == ["044030500100100200", "", ""]
    assert [t.hour for t in got.time] == [8, 9, 7]
    assert list(got.closed_time.notna()) == [True, False, False]
    assert {"N-TIME-001", "N-TIME-002", "N-VALUE-001", "N-VALUE-002"} <= codes(intake)


def test_planar_columns_need_their_system(tmp_path):
    planar = layer().to_crs(32649)
    t = table().drop(columns=["lon", "lat"]).assign(x=planar.geometry.x, y=planar.geometry.y)
    t.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match=r"not degrees.*columns x and y.*--crs"):
        read_incidents([tmp_path / "a.csv"])
    got = read_incidents([tmp_path / "a.csv"], crs="EPSG:32649").incidents
    np.testing.assert_allclose(got.to_crs(4326).get_coordinates(), table()[["lon", "lat"]], atol=1e-9)


def test_notices_and_rules_speak_both_languages():
    assert all(zh and en for zh, en in NOTICES.values())
    assert all(rule.zh and rule.en and rule.fix and rule.plural for rule in RULES.values())


def test_progress_is_told_and_can_stop_the_work(tmp_path):
    told = []
    read_incidents([csv(tmp_path, *ROWS)], progress=lambda fraction, text: told.append((fraction, text)))
    assert [f for f, _ in told] == sorted(f for f, _ in told)
    assert told[-1] == (1.0, "3 incidents|3条事件")

    def stop(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        read_incidents([csv(tmp_path, *ROWS)], progress=stop)
