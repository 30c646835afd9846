"""A hundred hostile strings in every field data can reach: none runs, calls out, or becomes a formula."""

from __future__ import annotations

import csv
import json
import re
import zipfile

import openpyxl
import pyogrio
import pytest
from gridbeacon.cli.sample import make_tiny_city
from gridbeacon.pipeline import Plan, run
from visits import Visit

SEEDS = (
    "{{7*191}}",
    "{% raw %}",
    "{{ cycler.__init__.__globals__.os.system('touch CANARY') }}",
    "<script>window.hit=1</script>",
    "</script><script>window.hit=2</script>",
    "<img src=x onerror=window.hit=3>",
    "<svg onload=window.hit=4>",
    "<iframe src=javascript:window.hit=5>",
    "<a href=https://example.invalid/x>去</a>",
    "<style>@import 'https://example.invalid/y'</style>",
    "<!--<script>",
    "]]>--></textarea><base href=https://example.invalid>",
    "${window.hit=6}",
    "$& $1 $`",
    "`+window.hit+`",
    "=1+1",
    "+HYPERLINK(A1)",
    "@SUM(1)",
    "-2+3",
    "=cmd|' /C calc'!A0",
    "' OR '1'='1",
    '"; DROP TABLE events; --',
    "[% eval('1') %]",
    "env('HOME')",
    "&lt;b&gt;",
)
HOSTILE = [f"{seed}{tail}" for tail in ("", "网格", "\u202e𠮷", " {name}\u2028") for seed in SEEDS]
"""One hundred."""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run whose classes, sources, handlers, names of cells, columns and places, file names and plan are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    calls, cells = make_tiny_city(folder)
    rows = list(csv.reader(calls.open(encoding="utf-8")))
    body = []
    for i, row in enumerate(rows[1:]):
        text = HOSTILE[i % 100].replace("/", "∕")
        body.append(
            [f"T{i}{text}", row[1], f"{text}/{HOSTILE[(i + 7) % 100].replace('/', '∕')}", *row[3:], text, text, text]
        )
    for i, row in enumerate(body[-25:]):  # the burst: its class is warned of, and so written everywhere
        row[2] = f"{HOSTILE[3].replace('/', '∕')}{HOSTILE[15]}/{HOSTILE[0]}"
        row[5] = HOSTILE[i % 2]
    head = ["工单编号", "受理时间", "诉求类型", "经度", "纬度", "来源", "承办单位", HOSTILE[0]]
    spoiled = folder / "工单{{7*191}}<b>$(x)'.csv"
    with spoiled.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *body])
    shapes = json.loads(cells.read_text(encoding="utf-8"))
    for i, part in enumerate(shapes["features"]):
        part["properties"]["网格名称"] = HOSTILE[(3 * i) % 100]
        part["properties"]["责任单位"] = HOSTILE[(3 * i + 1) % 100]
    cells.write_text(json.dumps(shapes, ensure_ascii=False), encoding="utf-8")
    words = {"title": HOSTILE[3], "city": HOSTILE[5], "classification": HOSTILE[0], "line": HOSTILE[20]}
    responsible = folder / "responsible.csv"
    with responsible.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["类别", "区域", "责任单位"], ["", "", HOSTILE[4]]])
    plan = Plan().with_settings(words)
    found = run(plan, [spoiled], cells, responsible=responsible, out=folder / "out", public=folder / "public")
    assert not list(folder.rglob("CANARY"))
    return folder, found


def test_the_run_used_them_and_warned(done):
    _, outcome = done
    assert outcome.account["rows_used"] > 1000 and len(outcome.early_warnings) > 0
    assert any("{{7*191}}" in str(value) for value in outcome.early_warnings["category"])


@pytest.mark.chromium
@pytest.mark.parametrize("name", ["out", "public"])
def test_nothing_runs_and_nothing_is_asked_for_in_a_browser(browser, done, name):
    visit = Visit(browser, done[0] / name / "briefing.html")
    page = visit.page
    for button in page.query_selector_all("#rows .row-button"):
        button.click()
    for state in range(1, page.locator("#states button").count() + 1):
        page.click(f"#states button:nth-child({state})")
        for x in range(40, 1300, 90):
            page.mouse.move(x, 600)
        page.mouse.click(640, 600)
    for button in ("#charts", "#about"):
        if page.is_visible(button):
            page.click(button)
            page.keyboard.press("Escape")
    for text in HOSTILE[:30]:
        page.fill("#search", text)
    for button in ("#lang", "#theme"):
        page.click(button)
    assert page.evaluate("window.hit") is None and "1337" not in page.content()
    assert page.evaluate("document.querySelectorAll('iframe, img, base, #page script, #page style').length") == 0
    visit.calm()


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(done):
    for path in done[0].rglob("*.xlsx"):
        for sheet in openpyxl.load_workbook(path):
            for row in sheet.iter_rows():
                assert not [cell.coordinate for cell in row if cell.data_type == "f" or cell.hyperlink], path


def test_no_field_of_a_csv_begins_a_formula(done):
    for path in (done[0] / "out").glob("*.csv"):
        for row in csv.reader(path.open(encoding="utf-8-sig", newline="")):
            for field in row:
                number = re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", field)
                assert number or not re.match("[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]", field), (path.name, field)


def test_map_layers_hold_texts_as_texts_and_styles_hold_none_of_them(done):
    path = done[0] / "out" / "results.gpkg"
    names = pyogrio.read_dataframe(path, layer="cells", read_geometry=False)["name"]
    assert HOSTILE[3] in set(names)
    styles = pyogrio.read_dataframe(path, layer="layer_styles")["styleQML"].astype(str)
    for text in HOSTILE[:25]:
        assert not styles.str.contains(re.escape(text)).any(), text


def test_office_files_open_and_evaluate_nothing(done):
    for path in done[0].rglob("*.docx"):
        with zipfile.ZipFile(path) as archive:
            text = archive.read("word/document.xml").decode("utf-8")
        assert "1337" not in text and "<script" not in text and "w:fldSimple" not in text and "w:instrText" not in text
