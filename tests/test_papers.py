"""The one-page paper: one page whatever comes, text as it is, equal input equal bytes."""

from __future__ import annotations

import re
import subprocess
import zipfile
from io import BytesIO

import numpy as np
import pytest
import rasterio
from city_of_squares import FACTS, RARE, make_cells, make_series, make_warnings
from docx import Document
from docx.oxml.ns import qn
from gridbeacon.layers import style
from gridbeacon.layers.papers import write_docx
from gridbeacon.layers.papers.canvas import Canvas
from gridbeacon.layers.papers.onepage import one_line
from gridbeacon.layers.papers.pictures import draw_map
from hypothesis import given
from hypothesis import strategies as st


def write_page(path, count=6, **changes):
    cells = make_cells()
    warnings = make_warnings(cells, count).assign(**changes)
    write_docx(path, warnings, FACTS, cells=cells, series=make_series(warnings))
    return path


def text_of(path):
    document = Document(path)
    return "\n".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)


def pixels_of(png):
    with rasterio.open(BytesIO(png)) as source:
        return np.moveaxis(source.read(), 0, -1)


pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def test_the_page_says_what_where_who_and_how_sure(tmp_path):
    text = text_of(write_page(tmp_path / "page.docx"))
    for words in (
        "城市风险晨报",
        "云江市",
        "数据截至 2025-07-01 00:00",
        "内部资料",
        style.STATUTORY_ZH,
        "0.024",
        "97%",
        "60,123",
    ):
        assert words in text, words
    assert f"{RARE} · 民生管线/供水" in text and "近3天供水报修31件" in text and "待明确" in text
    assert "另有 1 条未列出" in text


def test_what_has_ended_is_told_apart(tmp_path):
    document = Document(write_page(tmp_path / "page.docx", 6, phase=["ended", *["open"] * 5]))
    assert [row.cells[0].text for row in document.tables[3].rows[1:]] == ["2", "3", "4", "5"]
    assert "已解除 1 条:第0格 民生管线/供水" in text_of(tmp_path / "page.docx")
    assert document.tables[1].rows[0].cells[1].text.split("\n")[:2] == ["立即核查", "0"]


def test_at_most_ten_rows_each_with_its_level(tmp_path):
    table = Document(write_page(tmp_path / "page.docx", 40)).tables[3]
    assert len(table.rows) == 11
    fills = [row.cells[0]._tc.tcPr.find(qn("w:shd")).get(qn("w:fill")).lower() for row in table.rows[1:5]]
    assert fills == [style.level_of(name).light[1:] for name in ("red", "orange", "orange", "yellow")]
    assert "I 红" in table.rows[1].cells[1].text and "立即核查" in table.rows[1].cells[1].text


def test_chinese_is_set_in_a_chinese_font(tmp_path):
    with zipfile.ZipFile(write_page(tmp_path / "page.docx")) as parts:
        assert 'w:eastAsia="Microsoft YaHei"' in parts.read("word/styles.xml").decode("utf-8")


def test_pictures_have_words_for_those_who_cannot_see_them(tmp_path):
    with zipfile.ZipFile(write_page(tmp_path / "page.docx")) as parts:
        document = parts.read("word/document.xml").decode("utf-8")
    assert len(re.findall(r'<wp:docPr [^>]*descr="[^"]+"', document)) == 2


def test_equal_input_gives_equal_bytes(tmp_path):
    one, two = (write_page(tmp_path / name).read_bytes() for name in ("a.docx", "b.docx"))
    assert one == two
    with zipfile.ZipFile(BytesIO(one)) as parts:
        assert {info.date_time for info in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert parts.namelist()[0] == "[Content_Types].xml"
        assert b"2000-01-01" in parts.read("docProps/core.xml")


def test_an_empty_day_says_what_was_checked_and_what_came_nearest(tmp_path):
    text = text_of(write_page(tmp_path / "page.docx", 0))
    assert "没有达到提示标准" in text and "91,234" in text and "全市单日95件" in text and "第1街道 · 环境/噪声" in text


def test_a_page_without_map_and_chart_is_a_page_too(tmp_path):
    write_docx(tmp_path / "page.docx", make_warnings(make_cells()), {})
    assert "风险提示" in text_of(tmp_path / "page.docx")


@given(st.text())
def test_any_text_can_be_put_on_one_line(text):
    line = one_line(text, 20)
    assert len(line) <= 20 and not re.search("[\x00-\x1f\ud800-\udfff]", line)


def test_texts_from_the_data_stay_texts(tmp_path):
    evil = "<w:br/>&amp;\x00\x0b\n{{7*191}}\u202e𠮷"
    text = text_of(write_page(tmp_path / "page.docx", cell_name=evil, reason=evil, responsible=evil, closed=evil))
    assert "<w:br/>&amp;" in text and "{{7*191}}" in text and "\u202e" not in text


LONG = {
    "cell_name": "极长街道名称" * 9,
    "category": "极长的事项类别/" * 9,
    "reason": "近3天供水报修与排水报修合计1031件," * 9,
    "responsible": "责任单位名称很长的一个部门" * 5,
    "closed": "关联工单31000,已办结22000" * 4,
}


PAGES = {"full": (11, {}), "long": (40, LONG), "calm": (0, {}), "single": (1, {})}


@pytest.mark.libreoffice
def test_it_is_one_page(tmp_path, require):
    papers = [write_page(tmp_path / f"{name}.docx", count, **changes) for name, (count, changes) in PAGES.items()]
    profile = (tmp_path / "profile").as_uri()
    command = [require("libreoffice"), "--headless", f"-env:UserInstallation={profile}", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", tmp_path, *papers], check=True, capture_output=True, timeout=240)
    for name in PAGES:
        subprocess.run(["pdftoppm", "-r", "30", "-png", tmp_path / f"{name}.pdf", tmp_path / name], check=True)
        assert len(list(tmp_path.glob(f"{name}-*.png"))) == 1, name


def test_the_map_shows_levels_and_beacons():
    cells = make_cells()
    picture = pixels_of(draw_map(cells, make_warnings(cells).head(5), 700, 500))
    assert picture.shape == (500, 700, 3)
    for name in ("red", "orange", "yellow"):
        here = (picture == style.rgb(style.level_of(name).light)).all(axis=-1)
        assert here.sum() > 300, name


def test_beacons_of_one_unit_stand_apart():
    cells = make_cells()
    warnings = make_warnings(cells).assign(cell_id="003", unit_level=1, level="red")
    reds = (pixels_of(draw_map(cells, warnings, 700, 500)) == style.rgb(style.level_of("red").light)).all(axis=-1)
    one = (pixels_of(draw_map(cells, warnings.head(1), 700, 500)) == style.rgb(style.level_of("red").light)).all(
        axis=-1
    )
    assert reds.sum() > one.sum() + 5 * 600


def test_a_canvas_draws_what_it_is_told():
    canvas = Canvas(60, 40)
    canvas.disc(30, 20, 10, "#c3231b")
    canvas.text(10, 20, "1", 16, "#000000")
    canvas.disc(-50, -50, 5, "#000000")
    picture = pixels_of(canvas.png())
    assert tuple(picture[20, 30]) == (195, 35, 27) and tuple(picture[2, 2]) == (255, 255, 255)
    assert picture[12:29, 5:16].min() < 60
    assert ((255.0 - picture[:, 18:, 1]) / 220).sum() == pytest.approx(314, abs=4)
