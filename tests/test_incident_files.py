"""What cities hand over as files: fake spreadsheets, titles, totals, hidden sheets, encodings, folders, dates."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections import Counter

import geopandas as gpd
import pytest
import xlsxwriter
from gridbeacon.errors import InputError
from gridbeacon.layers.incidents import read_incidents

HEADER = ["工单编号", "受理时间", "诉求大类", "经度", "纬度", "联系电话"]
ROWS = [
    ["A1", "2026-01-05 08:03:00", "供水", "113.5", "22.5", "13800138000"],
    ["A2", "2026-01-05 09:03:00", "燃气", "113.6", "22.6", "13800138001"],
]
TITLE, TOTAL = ["2026年1月工单", "", "", "", "", ""], ["合计", "", "", "2", "", ""]


def codes(intake):
    return {notice.code for notice in intake.notices}


def book(path, sheets, **options):
    with xlsxwriter.Workbook(str(path), options) as out:
        for name, rows in sheets.items():
            sheet = out.add_worksheet(name.removeprefix("hidden "))
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if name.startswith("hidden "):
                sheet.hide()


def old_book(path, rows):
    xlwt = pytest.importorskip("xlwt")
    out = xlwt.Workbook()
    sheet = out.add_sheet("一月")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    out.save(str(path))


def open_book(path, rows):
    pytest.importorskip("odf")
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    out, table = OpenDocumentSpreadsheet(), Table(name="一月")
    for row in rows:
        line = TableRow()
        for value in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=value))
            line.addElement(cell)
        table.addElement(line)
    out.spreadsheet.addElement(table)
    out.save(str(path))


def page(rows, charset="utf-8"):
    lines = "".join("<tr>" + "".join(f"<td>{cell}&nbsp;</td>" for cell in row) + "</tr>" for row in rows)
    text = (
        f"<html><head><meta charset={charset}><style>td {{}}</style></head><body><table>{lines}</table></body></html>"
    )
    return text.encode(charset)


def xml_book(rows):
    lines = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row) + "</Row>"
        for row in rows
    )
    sheet = f'<Worksheet ss:Name="一月"><Table>{lines}</Table></Worksheet>'
    return f'<?xml version="1.0"?><Workbook>{sheet}</Workbook>'.encode()


def text(rows, delimiter=",", encoding="utf-8"):
    return "".join(delimiter.join(row) + "\r\n" for row in rows).encode(encoding)


WRITERS = {
    "a.xlsx": lambda path, rows: book(path, {"一月": rows}),
    "named.xls": lambda path, rows: book(path, {"一月": rows}),
    "old.xls": old_book,
    "a.ods": open_book,
    "page.xls": lambda path, rows: path.write_bytes(page(rows)),
    "page_gb.xls": lambda path, rows: path.write_bytes(page(rows, "gb18030")),
    "xml.xls": lambda path, rows: path.write_bytes(xml_book(rows)),
    "tabs.xls": lambda path, rows: path.write_bytes(text(rows, "\t", "gb18030")),
    "tabs16.xls": lambda path, rows: path.write_bytes(text(rows, "\t", "utf-16")),
    "a.csv": lambda path, rows: path.write_bytes(text(rows)),
    "semicolon.txt": lambda path, rows: path.write_bytes(text(rows, ";")),
}


@pytest.mark.parametrize("name", WRITERS)
def test_titles_totals_and_a_header_again_are_told_and_counted(tmp_path, name):
    rows = [TITLE, HEADER, ROWS[0], ["小计：", "", "", "1", "", ""], HEADER, ROWS[1], TOTAL]
    WRITERS[name](tmp_path / name, rows)
    intake = read_incidents([tmp_path / name])
    assert intake.incidents[["incident_id", "source_row"]].values.tolist() == [["A1", 3], ["A2", 6]]
    assert intake.quarantine[["source_row", "rule"]].values.tolist() == [
        [4, "E-ROW-003"],
        [5, "E-ROW-004"],
        [7, "E-ROW-003"],
    ]
    assert intake.rows_in == 5
    assert "N-FILE-003" in codes(intake)
    assert str(intake.incidents.time[1]) == "2026-01-05 09:03:00+08:00"
    assert intake.dropped_columns == ["联系电话"]


def test_a_total_with_fewer_cells_is_a_total_and_a_place_that_begins_like_one_is_not(tmp_path):
    rows = [HEADER, ["小区A", *ROWS[0][1:]], ["总站", *ROWS[1][1:]], ["", "合 计", "2"], ["Grand total", "2"]]
    (tmp_path / "a.csv").write_bytes(text(rows))
    intake = read_incidents([tmp_path / "a.csv"])
    assert list(intake.incidents.incident_id) == ["小区A", "总站"]
    assert intake.quarantine[["source_row", "rule"]].values.tolist() == [[4, "E-ROW-003"], [5, "E-ROW-003"]]


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "page.xls"])
@pytest.mark.parametrize(
    "second", [["", "", "", "x", "y", "phone"], ["case_id", "received_at", "category", "lon", "lat", ""]]
)
def test_two_header_rows_are_refused(tmp_path, name, second):
    WRITERS[name](tmp_path / name, [HEADER, second, *ROWS])
    with pytest.raises(InputError, match=rf"two header rows \({name}, rows 1 and 2\)"):
        read_incidents([tmp_path / name])


def test_sheets_of_months_and_hidden_ones(tmp_path):
    path = tmp_path / "年.xlsx"
    book(
        path,
        {
            "一月": [HEADER, ROWS[0]],
            "二月": [TITLE, HEADER, ROWS[1]],
            "hidden 三月": [HEADER, ["A3", *ROWS[1][1:]]],
            "说明": [["x"]],
        },
    )
    intake = read_incidents([path])
    assert intake.incidents[["source_file", "source_row"]].values.tolist() == [["年.xlsx|一月", 2], ["年.xlsx|二月", 3]]
    told = {notice.code: notice.en for notice in intake.notices}
    assert "三月" in told["N-FILE-005"] and "说明" in told["N-FILE-004"]
    assert list(read_incidents([f"{path}|三月"]).incidents.incident_id) == ["A3"]
    book(tmp_path / "b.xlsx", {"一月": [], "hidden 三月": [HEADER, ROWS[0]]})
    with pytest.raises(InputError, match="all sheets with cells are hidden: 三月"):
        read_incidents([tmp_path / "b.xlsx"])


SIMPLIFIED = "工单编号,受理时间,诉求大类,经度,纬度\nA1,2026-01-05 08:03:00,供水管爆裂造成路面积水,113.5,22.5\n"
TRADITIONAL = "案件編號,受理時間,案件類別,經度,緯度\nA1,2026-01-05 08:03:00,自來水管線漏水請派員維修,120.2,23.0\n"


@pytest.mark.parametrize(
    ("words", "codec", "found"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gb2312", "gb18030"),
        (SIMPLIFIED, "utf-16", "utf-16-le"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (TRADITIONAL, "gb18030", "gb18030"),
    ],
)
def test_an_encoding_is_found_by_the_characters_people_write(tmp_path, words, codec, found):
    (tmp_path / "a.csv").write_bytes(words.encode(codec))
    intake = read_incidents([tmp_path / "a.csv"])
    assert intake.files[0].encoding == found
    assert intake.incidents.category[0] in words
    assert ("N-FILE-001" in codes(intake)) == (found != "utf-8")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("page_file", [True, False])
def test_a_shapefile_with_chinese_columns(tmp_path, encoding, packed, page_file):
    frame = gpd.GeoDataFrame(
        {"工单": ["044030500100100200"], "类别": ["供水"], "日期": ["2026-01-05"]},
        geometry=gpd.points_from_xy([113.5], [22.5]),
        crs=4326,
    )
    frame.to_file(tmp_path / "点.shp", encoding=encoding)
    if not page_file:
        (tmp_path / "点.cpg").unlink()
    path = tmp_path / "点.shp"
    if packed:
        path = tmp_path / "点.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for part in sorted(tmp_path.glob("点.*")):
                if part.suffix != ".zip":
                    archive.write(part, part.name)
    intake = read_incidents([path], columns={"id": "工单"})
    assert intake.incidents[["incident_id", "category"]].values.tolist() == [["044030500100100200", "供水"]]


def test_kml(tmp_path):
    place = (
        "<Placemark><name>x</name><ExtendedData><Data name='case_id'><value>007</value></Data><Data name='received_at'>"
        "<value>2026-01-05 08:03</value></Data></ExtendedData>"
        "<Point><coordinates>113.5,22.5</coordinates></Point></Placemark>"
    )
    text_ = f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{place}</Document></kml>'
    (tmp_path / "a.kml").write_text(text_, encoding="utf-8")
    got = read_incidents([tmp_path / "a.kml"]).incidents
    assert got.incident_id[0] == "007"
    assert (got.geometry.x[0], got.crs.to_epsg()) == (113.5, 4326)


def test_a_folder_and_a_pattern_of_months_whose_columns_drift(tmp_path):
    folder = tmp_path / "月报"
    folder.mkdir()
    (folder / "01.csv").write_bytes(text([HEADER, *ROWS]))
    february = [
        ["工单编号", "来电时间", "诉求大类", "经度", "纬度", "街道"],
        ["B1", "2026/2/1 8:00", "供水", "113.5", "22.5", "x"],
    ]
    (folder / "02.csv").write_bytes(text(february, encoding="gb18030"))
    book(folder / "03.xlsx", {"三月": [HEADER, ["C1", *ROWS[0][1:]]]})
    (folder / "readme.md").write_text("x", encoding="utf-8")
    (folder / "~$03.xlsx").write_bytes(b"x")
    whole = read_incidents([folder])
    assert whole.rows_in == 4
    assert list(whole.incidents.source_file) == ["01.csv", "01.csv", "02.csv", "03.xlsx"]
    told = [n.en for n in whole.notices if n.code == "N-FILE-006"]
    assert "02.csv differs from 01.csv in its columns: new 来电时间, 街道; missing 受理时间, 联系电话" in told
    assert "N-FILE-007" in codes(whole)
    assert len(read_incidents([folder / "0[12].csv"]).incidents) == 3
    with pytest.raises(InputError, match="no file matches the pattern"):
        read_incidents([folder / "x*.csv"])


# dates


@pytest.mark.parametrize("from_1904", [False, True])
def test_days_of_a_workbook_follow_its_calendar(tmp_path, from_1904):
    """Shown as a date or left a number, in either calendar: the same moment."""
    moment, zero = dt.datetime(2026, 1, 5, 8, 3), dt.datetime(1904, 1, 1) if from_1904 else dt.datetime(1899, 12, 30)
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx"), {"date_1904": from_1904}) as out:
        for name, shown in (("dates", True), ("numbers", False)):
            sheet = out.add_worksheet(name)
            sheet.write_row(0, 0, HEADER)
            sheet.write_row(1, 0, ROWS[0])
            if shown:
                sheet.write_datetime(1, 1, moment, out.add_format({"num_format": "yyyy/m/d h:mm"}))
            else:
                sheet.write_number(1, 1, (moment - zero).total_seconds() / 86400)
    got = read_incidents([tmp_path / "a.xlsx"], duplicates="keep").incidents
    assert [str(time) for time in got.time] == ["2026-01-05 08:03:00+08:00"] * 2


@pytest.mark.parametrize(
    ("day", "clocks", "hours"),
    [
        ("2026-01-05", ["8:03", "23:59:59", "", "24:00"], [8, 23]),
        ("2026/1/5", ["上午8:03", "下午3:05", "", "x"], [8, 15]),
        ("2026年1月5日", ["8时3分", "23点", "无", "25时"], [8, 23]),
        ("20260105", ["0803", "235959", "", "9999"], [8, 23]),
        ("46027", ["0.3354166", "0.99", "", "8"], [8, 23]),
        ("２０２６-０１-０５", ["８：０３", "２３：００", "", "x"], [8, 23]),
    ],
)
def test_a_day_in_one_column_and_the_clock_in_another(tmp_path, day, clocks, hours):
    header = ["工单编号", "日子", "钟点", "经度", "纬度"]
    rows = [[f"A{i}", day, clock, "113.5", "22.5"] for i, clock in enumerate(clocks)]
    (tmp_path / "a.csv").write_bytes(text([header, *rows]))
    intake = read_incidents([tmp_path / "a.csv"], columns={"time": "日子,钟点"})
    assert [time.hour for time in intake.incidents.time] == hours
    assert set(intake.incidents.time.dt.date) == {dt.date(2026, 1, 5)}
    assert intake.quarantine.rule[0] == "E-TIME-004"
    assert intake.mapping["time"] == "日子,钟点"


def test_a_day_that_has_a_clock_already_is_not_given_another(tmp_path):
    rows = [["A", "2026-01-05 08:00", "9:00", "113.5", "22.5"], ["B", "2026-01-05", "9:00", "113.5", "22.5"]]
    (tmp_path / "a.csv").write_bytes(text([["工单编号", "日子", "钟点", "经度", "纬度"], *rows]))
    intake = read_incidents([tmp_path / "a.csv"], columns={"time": "日子,钟点"})
    assert list(intake.quarantine.rule) == ["E-TIME-001"]


def test_offsets_of_hours_only(tmp_path):
    """As PostgreSQL writes them."""
    (tmp_path / "a.csv").write_bytes(text([HEADER, ["A", "2026-01-05 00:03:00+00", *ROWS[0][2:]]]))
    assert str(read_incidents([tmp_path / "a.csv"]).incidents.time[0]) == "2026-01-05 08:03:00+08:00"


# codes

LONG = 440305001001001002


def numeric_code(path):
    rows = [
        ["工单编号", "受理时间", "经度", "纬度"],
        [float(LONG), "2026-01-05", 113.5, 22.5],
        [7, "2026-01-05", 113.5, 22.5],
    ]
    if path.suffix == ".xlsx":
        book(path, {"a": rows})
    elif path.name == "old.xls":
        old_book(path, rows)
    elif path.suffix == ".csv":
        path.write_bytes(text([[f"{c:.5E}" if c == float(LONG) else str(c) for c in row] for row in rows]))
    elif path.suffix == ".xls":
        path.write_bytes(page([[f"{c:.5E}" if c == float(LONG) else str(c) for c in row] for row in rows]))
    else:
        frame = gpd.GeoDataFrame(
            {"case_id": [float(LONG), 7.0], "date": ["2026-01-05"] * 2},
            geometry=gpd.points_from_xy([113.5] * 2, [22.5] * 2),
            crs=4326,
        )
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)


@pytest.mark.parametrize(
    "name", ["a.xlsx", "old.xls", "page.xls", "a.csv", "a.parquet", "a.gpkg", "a.geojson", "a.fgb", "a.shp"]
)
def test_a_code_that_lost_its_digits_is_set_aside_in_every_format(tmp_path, name):
    numeric_code(tmp_path / name)
    intake = read_incidents([tmp_path / name])
    assert list(intake.quarantine.rule) == ["E-CODE-001"]
    assert list(intake.incidents.incident_id) == ["7"]


def test_every_row_of_a_mixed_import_is_accounted_for_once(tmp_path):
    rows = [TITLE, HEADER, *ROWS, ["", "", "", "", "", ""], TOTAL, HEADER, ["B", "soon", "x", "1", "2", ""]]
    paths = []
    for name, write in WRITERS.items():
        write(tmp_path / name, rows)
        paths.append(tmp_path / name)
    intake = read_incidents(paths)
    tables = [intake.incidents, intake.quarantine, intake.duplicates, intake.excluded]
    seen = Counter((row.source_file, int(row.source_row)) for t in tables for row in t.itertuples())
    assert seen == Counter((path.name, number) for path in paths for number in range(3, 9))
    assert intake.rows_in == 6 * len(paths)
