"""Files made to hurt: each is one clear message, soon, and within the memory it is allowed."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import xlsxwriter
from gridbeacon.errors import GridBeaconError, InputError
from gridbeacon.layers.incidents import read_incidents
from gridbeacon.layers.sandbox import Limits, limits_for, parse
from refused_in_a_child import assert_refused_soon_and_small

posix = pytest.mark.skipif(os.name != "posix", reason="limits of memory are POSIX's")


def small_book(*cells):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for row, column, value in cells:
            sheet.write(row, column, value)
    return out.getvalue()


def with_part(book, name, data):
    """The workbook with one of its parts exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, data if part.filename == name else old.read(part))
    return out.getvalue()


def far_cell():
    """One cell at XFD1048576 whose XML the quick look does not know: calamine itself aborts on it."""
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    cells = b'<row r="1"><c t="n" r="A1"><v>1</v></c></row><row r="1048576"><c t="n" r="XFD1048576"><v>1</v></c></row>'
    return with_part(small_book((0, 0, 1)), "xl/worksheets/sheet1.xml", sheet % cells)


def zip_bomb(size):
    """A sheet of *size* blanks that packs a thousand times."""
    return with_part(small_book((0, 0, 1)), "xl/worksheets/sheet1.xml", b" " * size)


def long_strings():
    """Every cell the same string of 32 KB: a small file, gigabytes of text."""
    text = "x" * 32_000
    return small_book(*((row, column, text) for row in range(2_000) for column in range(30)))


def wide_ods():
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="a"><table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell office:value-type="string" table:number-columns-repeated="16384"><text:p>工单</text:p>'
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", "<manifest/>")
        book.writestr("content.xml", content)
    return out.getvalue()


def wide_page():
    return b"<table><tr>" + b"<td rowspan=1000000 colspan=16384>a</td>" * 3 + b"</tr>" + b"<tr></tr>" * 200_000


def mutated_gpkg(tmp_path):
    frame = gpd.GeoDataFrame({"id": ["1"] * 99}, geometry=shapely.points([[113, 22]] * 99), crs=4326)
    frame.to_file(tmp_path / "whole.gpkg")
    data = bytearray((tmp_path / "whole.gpkg").read_bytes())
    for at in range(5_000, len(data), 97):
        data[at] ^= 0xFF
    return bytes(data)


def swelling_parquet(tmp_path):
    """One class of a thousand letters, said sixty million times in a few kilobytes."""
    always = pa.array(np.zeros(1_000_000, np.int8))
    day, kind = (pa.DictionaryArray.from_arrays(always, [text]) for text in ("2026-01-05 08:00", "水" * 1_000))
    table = pa.table({"受理时间": day, "诉求类型": kind})
    with pq.ParquetWriter(tmp_path / "whole.parquet", table.schema, compression="zstd") as writer:
        for _ in range(60):
            writer.write_table(table)
    return (tmp_path / "whole.parquet").read_bytes()


BOMBS = {
    "swelling.parquet": swelling_parquet,
    "far.xlsx": lambda _: far_cell(),
    "zip.xlsx": lambda _: zip_bomb(1 << 28),
    "strings.xlsx": lambda _: long_strings(),
    "wide.ods": lambda _: wide_ods(),
    "page.xls": lambda _: wide_page(),
    "damaged.gpkg": mutated_gpkg,
    "deep.geojson": lambda _: b'{"type":"FeatureCollection","features":' + b"[" * 2_000_000,
    "bomb.csv.gz": lambda _: gzip.compress(b"\0" * (1 << 28)),
}


@posix
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_clear_message_soon_and_small(tmp_path, name):
    (tmp_path / name).write_bytes(BOMBS[name](tmp_path))
    assert_refused_soon_and_small("incidents", tmp_path / name)


@posix
def test_a_parser_that_takes_too_long_is_ended(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(long_strings())
    start = time.monotonic()
    with pytest.raises(InputError, match="takes too long"):
        parse("workbook", {"layer": ""}, name="a.xlsx", path=tmp_path / "a.xlsx", limits=Limits(0.05))
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("seconds", "start", "problem"),
    [
        (15, 30, "the workbook cannot be opened"),
        (0.01, 30, "the workbook cannot be opened"),
        (0.01, 0, "takes too long"),
    ],
)
def test_a_process_for_each_file_where_there_are_no_forks(tmp_path, monkeypatch, seconds, start, problem):
    """The time in which its libraries are loaded is not counted against the file."""
    from gridbeacon.layers import sandbox

    monkeypatch.setattr(sandbox, "_do", sandbox._do_alone)
    monkeypatch.setattr(sandbox, "_START", start)
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0 no workbook")
    with pytest.raises(InputError, match=problem):
        parse("workbook", {"layer": ""}, name="a.xls", path=tmp_path / "a.xls", limits=Limits(seconds))


def test_a_document_that_ends_in_the_middle_is_told_at_once(tmp_path):
    """calamine looks for the end of such content for ever: found by mutating valid files."""
    with zipfile.ZipFile(io.BytesIO(wide_ods())) as book:
        content = book.read("content.xml")
    (tmp_path / "cut.ods").write_bytes(with_part(wide_ods(), "content.xml", content[: len(content) // 2]))
    start = time.monotonic()
    with pytest.raises(InputError, match="damaged or cut short"):
        read_incidents([tmp_path / "cut.ods"])
    assert time.monotonic() - start < 5


@posix
def test_an_answer_that_grows_too_large_is_ended(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(small_book(*((row, 0, f"{row:060}") for row in range(9_000))))
    with pytest.raises(InputError, match="crashes or exhausts"):
        parse("workbook", {"layer": ""}, name="a.xlsx", path=tmp_path / "a.xlsx", limits=Limits(answer=1 << 16))


def test_after_a_crash_the_next_file_is_read(tmp_path):
    (tmp_path / "far.xlsx").write_bytes(far_cell())
    header = ["工单编号", "受理时间", "经度", "纬度"]
    good = small_book(
        *((r, c, v) for r, row in enumerate([header, ["A", "2026-01-05", "113.5", "22.5"]]) for c, v in enumerate(row))
    )
    (tmp_path / "good.xlsx").write_bytes(good)
    for _ in range(2):
        with pytest.raises(InputError):
            read_incidents([tmp_path / "far.xlsx"])
        assert len(read_incidents([tmp_path / "good.xlsx"]).incidents) == 1


def test_large_files_are_given_more():
    small, large = limits_for(1 << 20), limits_for(80 << 20)
    assert (small.seconds, small.memory <= 1.5e9) == (15, True)
    assert large.seconds > 200 and large.memory > 3e9


def test_the_package_may_have_another_name(tmp_path, root):
    """QGIS and zip files rename the folder; the child is found under whatever name its parent has."""
    (tmp_path / "other_name").symlink_to(root, target_is_directory=True)
    (tmp_path / "a.xlsx").write_bytes(small_book((0, 0, "a")))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from other_name.layers.sandbox import parse\n"
        "print(parse('workbook', {'layer': ''}, name='a', path=Path(sys.argv[1], 'a.xlsx')).tables[0].to_pydict())"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, cwd=Path(root.anchor))
    assert (done.stdout.strip(), done.stderr) == ("{'0': ['a']}", "")


def test_no_file_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.xlsx", small_book((0, 0, "a")))
    (tmp_path / "a.zip").write_bytes(out.getvalue())
    with pytest.raises(GridBeaconError):
        read_incidents([tmp_path / "a.zip"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
