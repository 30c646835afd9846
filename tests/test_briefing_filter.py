"""The list narrowed by level, class and district, and saved as a table no spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from briefing_town import HOSTILE, make_town, make_warnings, write
from visits import Visit

pytestmark = pytest.mark.chromium


@pytest.fixture
def visit(browser, tmp_path):
    few = make_warnings(make_town())
    many = pd.concat([few, few.assign(warning_id="again" + few["warning_id"].astype(str))], ignore_index=True)
    opened = Visit(browser, write(tmp_path / "a.html", warnings=many.assign(rank=range(1, len(many) + 1))))
    yield opened
    opened.calm()


def shown(page):
    return page.evaluate("GB.rowNodes.map((node, i) => node.hidden ? -1 : i).filter((i) => i >= 0)")


def test_each_choice_leaves_what_it_names_and_all_brings_everything_back(visit):
    page = visit.page
    everything = shown(page)
    levels = page.evaluate("GB.data.warnings.inside.map((w) => w.level)")
    select = page.locator("#filters select").first
    for value in set(levels):
        select.select_option(value)
        assert shown(page) == [i for i, level in enumerate(levels) if level == value]
    select.select_option("")
    assert shown(page) == everything
    areas = page.evaluate("GB.data.warnings.inside.map(GB.areaOf)")
    district = next(area for area in areas if area)
    page.locator("#filters select").last.select_option(district)
    assert shown(page) == [i for i, area in enumerate(areas) if area == district]
    page.click("#lang")
    assert shown(page) == [i for i, area in enumerate(areas) if area == district], "kept through a change of language"


def test_the_saved_list_is_what_is_shown_and_holds_no_formula(browser, tmp_path):
    count = iter(range(10**6))
    texts = ["=1+1", "+2", "@x", '"a,b"', *HOSTILE]
    path = write(tmp_path / "b.html", text=lambda value: f"{texts[next(count) % len(texts)]}{value}")
    visit = Visit(browser, path)
    text = visit.page.evaluate("GB.listAsCsv()")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    listed = visit.page.evaluate("GB.data.warnings.inside.length + GB.data.warnings.beyond.length")
    assert len(rows) == 1 + listed and rows[0][0] == "rank" and all(len(row) == len(rows[0]) for row in rows)
    assert not [field for row in rows for field in row if field[:1] in "=+-@\t\r\n" and field != ""]
    visit.calm()


def test_the_button_hands_over_a_file(visit):
    with visit.page.expect_download() as handed:
        visit.page.click("#save-list")
    assert handed.value.suggested_filename.startswith("early-warnings-")
    visit.requests[:] = [url for url in visit.requests if not url.startswith("blob:")]
