"""The briefing: one file, offline, text from the data is never code. Opened in a real Chromium where there is one."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers import style
from gridbeacon.layers.briefing import page, write_briefing
from gridbeacon.layers.raster import Surface

ROOT = Path(page.__file__).parents[2]
OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND"]
HOSTILE = [
    "{{7*191}}",
    "{% raw %}",
    "<script>window.hit=1</script>",
    "</script><script>window.hit=2</script>",
    "<img src=x onerror=window.hit=3>",
    "${window.hit=4}",
    "\"'`><svg onload=window.hit=5>",
    "line\u2028end\u2029 \x00\x1f",
    "<!--<script>",
    "]]>--></textarea><iframe src=javascript:window.hit=6>",
    "$& $1 $` {name} {n}",
    "<a href=https://example.invalid/x>去</a>",
]


# ---- an invented town: 3 districts, 9 streets, 144 square cells ---------------------------------------------------


def make_town(name=lambda text: text):
    rows = [("CITY", "全市", 0, "", shapely.box(0, 0, 12000, 12000))]
    for d in range(3):
        rows.append((f"D{d}", name(f"第{d}区"), 1, "CITY", shapely.box(4000 * d, 0, 4000 * d + 4000, 12000)))
        for s in range(3):
            street = f"D{d}S{s}"
            x0, y0 = 4000 * d, 4000 * s
            rows.append((street, name(f"{d}{s}街道"), 2, f"D{d}", shapely.box(x0, y0, x0 + 4000, y0 + 4000)))
            for c in range(16):
                x, y = x0 + 1000 * (c % 4), y0 + 1000 * (c // 4)
                cell = shapely.box(x, y, x + 1000, y + 1000)
                rows.append((f"{street}C{c:02d}", name(f"{c}格"), 3, street, cell))
    table = pd.DataFrame(rows, columns=["cell_id", "name", "unit_level", "parent", "geometry"])
    table = table.assign(role="territorial", population=0.0, responsible="")
    table["geometry"] = shapely.transform(table["geometry"].to_numpy(), lambda xy: xy + np.array([500_000, 3_300_000]))
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:32650").sort_values(["unit_level", "cell_id"])


def make_tables(town, text=lambda value: value):
    n = np.arange(len(town)) % 23
    window = {"window_start": pd.Timestamp("2025-03-01"), "window_end": pd.Timestamp("2025-03-29")}
    shared = {"cell_id": town["cell_id"].to_numpy(), "category": "全部", **window, "incidents": n}
    risk = pd.DataFrame(
        shared | {"name": town["name"].to_numpy(), "unit_level": town["unit_level"].to_numpy(), "expected": n * 0.8}
    ).assign(risk=n / 23, warning_level="", status=np.where(n == 7, "no data", ""))
    hot = pd.DataFrame(shared | {"gi_star": n / 5.0, "unit_level": town["unit_level"].to_numpy()})
    hot = hot.assign(hotspot_class=np.where(n > 20, "hot 99", ""), p_value=0.5, q_value=0.5, status="")
    return risk, hot[hot["unit_level"] == 3], make_warnings(town, text)


def make_warnings(town, text=lambda value: value):
    centres = town.set_index("cell_id").geometry.representative_point()
    units = [("CITY", "red"), ("D0S0", "red"), ("D0S0C05", "orange"), ("D0S0C06", "yellow"), ("D2S2C15", "blue")]
    names = dict(zip(town["cell_id"], town["name"], strict=True))
    rows = []
    for rank, (cell, level) in enumerate(units, 1):
        rows.append(
            {
                "warning_id": text(f"w{rank}"),
                "rank": rank,
                "level": level,
                "within_budget": rank < 5,
                "cell_id": cell,
                "cell_name": text(names[cell]),
                "category": text("民生/停水"),
                "window_start": pd.Timestamp("2025-03-27"),
                "window_end": pd.Timestamp("2025-03-29"),
                "observed": 31,
                "expected": 9.0,
                "ratio": 3.4,
                "recurrence_days": 900.0,
                "models": text("异常检测 1.00"),
                "sources": text("12345 18;110 9"),
                "source_count": 2,
                "reason": text("近2天停水31件,平时约9件"),
                "reason_en": text("31 calls in 2 days, usually about 9"),
                "responsible": text("供水公司"),
                "incidents": 31,
                "closed": text("关联工单31,已办结22"),
                "closed_count": 22,
                "places": text("00街道 21;01街道 10"),
                "place_ids": "D0S0;D0S1" if cell == "CITY" else "",
                "first_seen": pd.Timestamp("2025-03-27"),
                "times_seen": 2,
                "change": text("新增"),
                "phase": "open",
                "state": text("待研判"),
                "caveats": text("近2天未报全"),
                "x": centres[cell].x,
                "y": centres[cell].y,
            }
        )
    return pd.DataFrame(rows)


def make_series(ids):
    times = pd.date_range("2025-01-28", periods=60)
    parts = [
        pd.DataFrame(
            {"warning_id": name, "time": times, "observed": np.arange(60) % 9, "expected": 4.0, "upper": 8.0}
        ).assign(valid=np.arange(60) != 20)
        for name in ids
    ]
    return pd.concat(parts, ignore_index=True)


def make_facts(text=lambda value: value):
    return {
        "title": text("城市风险晨报"),
        "city": text("样城"),
        "run_id": text("20250329-0800"),
        "as_of": "2025-03-29T00:00:00",
        "window_start": "2025-03-01T00:00:00",
        "window_days": 28,
        "bin": "day",
        "classification": text("内部资料"),
        "plan_version": text("p1"),
        "version": text("0.1.0"),
        "account": {"rows_in": 10, "rows_used": 9, "rows_outside": 1},
        "notices": [{"code": "a", "zh": text("提示"), "en": text("notice")}],
        "expected_false": {
            level: {"per_week": value, "low": value / 2, "high": 2 * value, "basis": "calibrated"}
            for level, value in (("red", 0.004), ("orange", 0.02), ("yellow", 0.08), ("blue", 0.16))
        },
        "tests": 1234,
        "units": {"0": 1, "1": 3, "2": 9, "3": 144},
        "classes": 8,
        "cut": 1,
        "yesterday": {"count": 252, "expected": 101.0, "low": 83, "high": 122},
        "completeness": 0.97,
        "nearest": [
            {
                "cell_name": text("00街道"),
                "category": text("噪声"),
                "observed": 4,
                "expected": 1.5,
                "reason": text("近"),
            }
        ],
        "smallest_rise": text("任一街道增加7件以上"),
        "default_points": [{"x": 505_000.0, "y": 3_305_000.0, "rows": 812}],
        "outage_bins": ["2025-02-27T00:00:00"],
        "level_names": {0: "城市", 1: "区", 2: text("街道"), 3: text("网格")},
    }


def make_surface():
    values = np.full((40, 40), np.nan, dtype="float32")
    values[5:35, 5:35] = np.linspace(0, 90, 900, dtype="float32").reshape(30, 30)
    return Surface(values, (500_000.0, 300.0, 0.0, 3_312_000.0, 0.0, -300.0), "EPSG:32650", "28 days")


def write(path, *, text=lambda value: value, warnings=None, **others):
    town = make_town(text)
    risk, hot, early = make_tables(town, text)
    early = early if warnings is None else warnings
    given = {
        "facts": make_facts(text),
        "cells": town,
        "risk": risk,
        "hotspots": hot,
        "surface": make_surface(),
        "early_warnings": early,
        "series": make_series(["", *early["warning_id"]]),
    }
    write_briefing(path, **(given | others))
    return path


# ---- Chromium -----------------------------------------------------------------------------------------------------


def _chromium() -> str | None:
    names = ["chromium", "chromium-browser", "google-chrome", "msedge"]
    return os.environ.get("GRIDBEACON_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    path = _chromium()
    if sync_playwright is None or path is None:
        if "chromium" in os.environ.get("GRIDBEACON_REQUIRE", ""):
            pytest.fail("chromium or playwright is missing, and GRIDBEACON_REQUIRE asks for it")
        pytest.skip("needs playwright and a Chromium (set GRIDBEACON_CHROMIUM)")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=OFFLINE)
        yield started
        started.close()


class Visit:
    """A page that was opened, and everything that went wrong in it."""

    def __init__(self, browser, path, **options):
        self.trouble, self.requests = [], []
        options = {"viewport": {"width": 1920, "height": 1080}, "reduced_motion": "reduce"} | options
        self.page = browser.new_page(**options)
        self.page.on("console", lambda m: self.trouble.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.url = Path(path).as_uri()
        self.page.goto(self.url)
        self.page.wait_for_selector("html[data-ready]", timeout=20_000)

    def calm(self):
        assert self.trouble == []
        assert [url for url in self.requests if url != self.url] == []
        self.page.close()

    def text(self, selector):
        return self.page.inner_text(selector)


def click_everything(visit):
    page = visit.page
    for row in page.query_selector_all("#rows .row-button"):
        row.click()
    page.click("#beyond summary")
    page.click("#beyond-rows .row-button")
    for state in range(1, 4):
        page.click(f"#states button:nth-child({state})")
        for x in range(60, 1260, 120):
            page.mouse.move(x, 640)
        page.mouse.click(640, 640)
    for button in ("#lang", "#theme", "#zoom-in", "#zoom-out", "#zoom-home"):
        page.click(button)
    page.fill("#search", "<")
    page.click("#about")
    page.keyboard.press("Escape")
    for beacon in page.query_selector_all(".beacon-icon[role=button]"):
        beacon.dispatch_event("click")
        beacon.dispatch_event("mouseover")
    page.hover("#bars .bar-slot:nth-child(3)")
    page.evaluate("GB.print(true)")
    page.evaluate("GB.print(false)")


def test_the_page_opens_from_disk_with_every_host_blocked(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    assert visit.text("#title") == "城市风险晨报"
    assert "内部研判,不构成法定预警发布" in visit.text(".bar")
    assert len(visit.page.query_selector_all("#rows .row")) == 4
    assert "另有 1 条超出预算" in visit.text("#beyond-title")
    assert "252" in visit.text("#figures") and "+150%" in visit.text("#figures")
    assert len(visit.page.query_selector_all(".beacon:not(.satellite), .tray-beacon")) == 4
    click_everything(visit)
    visit.calm()


def test_the_wall_shows_verbs_and_no_statistics(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    wall = visit.text("body")
    for level in style.LEVELS:
        assert level.verb("zh") in wall
    assert re.search(r"(?i)\bp[ =<]|\bq[ =<]|gi\*|z-score|风险0\.", wall) is None
    assert "若无异常,全市约每2年才会碰巧出现一次" in wall
    visit.page.click("#lang")
    assert "Check now" in visit.text("#rows") and "待研判" not in visit.text("#rows")
    assert "Internal analysis, not a statutory warning" in visit.text(".bar")
    visit.calm()


def test_row_and_cell_point_at_each_other(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    page = visit.page
    before = page.evaluate("GB.markCanvas._container.toDataURL()")
    page.click("#rows .row:nth-child(3) .row-button")
    page.wait_for_timeout(100)
    assert page.evaluate("GB.selected") == 2
    assert page.evaluate("GB.markCanvas._container.toDataURL()") != before
    assert page.evaluate("document.querySelector('.beacon.selected .num').textContent") == "3"
    assert "3" in visit.text("#live") and "今日核查" in visit.text("#live")
    page.keyboard.press("Escape")
    assert page.evaluate("GB.selected") == 0
    spot = page.evaluate(
        """() => {
            const unit = GB.units[GB.data.warnings.inside[1].unit], box = unit.layer.geo.boxes, k = 4 * unit.i;
            const at = GB.toLatLng(0.95 * box[k] + 0.05 * box[k + 2], 0.05 * box[k + 1] + 0.95 * box[k + 3]);
            const corner = GB.map.getContainer().getBoundingClientRect(), p = GB.map.latLngToContainerPoint(at);
            return [corner.left + p.x, corner.top + p.y];
        }"""
    )
    page.mouse.click(*spot)
    assert page.evaluate("document.querySelector('.row.selected .num').textContent") == "2"
    visit.calm()


def test_a_warning_of_the_whole_city_shows_its_places_when_chosen(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    assert visit.text("#tray") == "1\n全市 · 停水"
    assert len(visit.page.query_selector_all(".satellite")) == 2
    visit.page.keyboard.press("2")
    assert visit.page.query_selector_all(".satellite") == []
    visit.page.click("#tray button")
    assert len(visit.page.query_selector_all(".satellite")) == 2
    visit.calm()


def test_what_ended_is_told_apart_and_has_no_beacon(browser, tmp_path):
    early = make_warnings(make_town())
    early.loc[early.index[1:3], ["phase", "change"]] = ["ended", "解除"]
    visit = Visit(browser, write(tmp_path / "briefing.html", warnings=early))
    assert len(visit.page.query_selector_all("#rows .row")) == 2
    assert visit.text("#beyond-title") == "另有 1 条超出预算 · 2 条已解除"
    assert len(visit.page.query_selector_all(".beacon:not(.satellite), .tray-beacon")) == 2
    visit.calm()


def test_keys_walk_the_list_and_zoom_shows_cells(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    page = visit.page
    assert page.evaluate("GB.showing().level") == 2
    page.keyboard.press("3")
    assert page.evaluate("GB.selected") == 2
    assert page.evaluate("GB.showing().level") == 3
    assert page.evaluate("GB.map.getZoom() > GB.home")
    page.keyboard.press("Escape")
    assert page.evaluate("GB.showing().level") == 2
    page.focus("#rows .row:nth-child(1) .row-button")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("GB.selected") == 1
    visit.calm()


def test_a_search_finds_a_cell_by_code_and_by_name(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    visit.page.fill("#search", "d1s1c03")
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("GB.units[GB.pinned].layer.ids[GB.units[GB.pinned].i]") == "D1S1C03"
    visit.page.fill("#search", "nowhere at all")
    assert "没有找到" in visit.text("#found")
    visit.calm()


def test_beacons_do_not_hide_each_other(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    boxes = visit.page.evaluate(
        """[...document.querySelectorAll('.beacon .num')].map(n => n.getBoundingClientRect())
            .map(b => [b.x + b.width / 2, b.y + b.height / 2, b.width / 2])"""
    )
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert np.hypot(one[0] - other[0], one[1] - other[1]) >= one[2] + other[2]
    visit.calm()


def test_an_empty_day_says_what_was_checked(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "b.html", warnings=make_warnings(make_town()).iloc[:0]))
    calm = visit.text("#calm")
    assert "今日无红橙预警" in calm and "1,234" in calm and "00街道" in calm and "任一街道增加7件以上" in calm
    assert visit.page.query_selector_all(".beacon") == []
    visit.calm()


def test_silence_is_drawn_grey_and_not_as_calm(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    assert visit.page.evaluate("GB.layers.some(l => l.risk && l.risk.k.includes(-1))")
    visit.page.keyboard.press("3")
    assert "数据中断,不等于没有风险" in visit.text("#legend")
    assert len(visit.page.query_selector_all("#bars .outage")) == 2  # one not valid, one listed
    visit.calm()


@pytest.mark.parametrize("position", range(0, len(HOSTILE), 4))
def test_hostile_text_stays_text(browser, tmp_path, position):
    """Every text the data can reach: shown as it is, run by nobody."""
    picked = HOSTILE[position : position + 4]
    count = iter(range(10**6))

    def spoil(value):
        return f"{value}{picked[next(count) % len(picked)]}"

    visit = Visit(browser, write(tmp_path / "briefing.html", text=spoil))
    click_everything(visit)
    assert visit.page.evaluate("window.hit") is None
    assert "1337" not in visit.page.content()
    shown = visit.page.evaluate("document.getElementById('page').textContent")
    for text in picked:
        assert text.split("\x00")[0] in shown  # what follows is a control mark, which a page shows as it likes
    assert visit.page.evaluate("document.querySelectorAll('iframe, img, #page script').length") == 0
    visit.calm()


def test_json_in_the_page_cannot_leave_its_element():
    value = {"a": "</script><!--&\u2028\u2029", "b": "half a pair \ud800", "c": [1.5, None, True]}
    text = page.embed_json(value)
    assert not set("<>&\u2028\u2029\ud800") & set(text)
    assert json.loads(text) == value


def test_a_template_in_the_data_runs_nothing_while_writing(tmp_path):
    canary = tmp_path / "canary"
    spell = "{{ cycler.__init__.__globals__.os.system('touch " + str(canary) + "') }}{% for x in (1,2) %}"
    write(tmp_path / "briefing.html", text=lambda value: value + spell)
    assert not canary.exists()
    assert spell in (tmp_path / "briefing.html").read_text(encoding="utf-8")


def test_paper_gets_a_drawn_map_first_and_the_list_after(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "briefing.html"))
    visit.page.evaluate("GB.print(true)")
    assert visit.page.evaluate("document.querySelectorAll('svg.paper path').length") > 9
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "light"
    visit.page.evaluate("GB.print(false)")
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert visit.page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
    visit.calm()


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768), (3840, 2160)])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_clipped_or_overflows(browser, tmp_path, width, height, lang):
    visit = Visit(browser, write(tmp_path / "b.html", lang=lang), viewport={"width": width, "height": height})
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    cut = visit.page.evaluate(
        """[...document.querySelectorAll('.bar *, .figure *, .side-head *, .row *, .legend *')]
            .filter(n => n.children.length === 0 && getComputedStyle(n).display !== 'inline')
            .filter(n => n.scrollWidth > n.clientWidth + 1).map(n => n.textContent)"""
    )
    assert cut == []
    visit.calm()


def test_a_large_page_is_packed_and_opens_like_a_small_one(browser, tmp_path, monkeypatch):
    plain = Visit(browser, write(tmp_path / "plain.html"))
    monkeypatch.setattr(page, "PACK_ABOVE", 100)
    packed = Visit(browser, write(tmp_path / "packed.html"))
    assert "application/gzip" in (tmp_path / "packed.html").read_text(encoding="utf-8")
    assert packed.text("#rows") == plain.text("#rows") != ""
    assert packed.page.evaluate("JSON.stringify(GB.data)") == plain.page.evaluate("JSON.stringify(GB.data)")
    plain.calm()
    packed.calm()


# ---- the file itself ----------------------------------------------------------------------------------------------


def test_equal_input_gives_equal_bytes(tmp_path):
    first, second = write(tmp_path / "a.html"), write(tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()


def test_the_policy_names_every_script_and_style_and_nothing_else(tmp_path):
    html = write(tmp_path / "briefing.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    outside_data = re.sub(r'(?s)<script type="application/json".*?</script>', "", html)
    blocks = re.findall(r"(?s)<(script|style)>(.*?)</\1>", outside_data)
    assert len(blocks) >= 9
    for _, text in blocks:
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert re.search(r"(?i)\son\w+\s*=", re.sub(r"(?s)<script>.*?</script>", "", outside_data)) is None
    assert "BSD 2-Clause License" in html and str(Path(__file__).parents[1]) not in html and str(tmp_path) not in html


def test_an_unknown_address_in_the_frame_is_refused(tmp_path, monkeypatch):
    from gridbeacon.layers.briefing.frame import Frame

    smuggled = Frame("", '<div></div><script src="https://cdn.example/x.js"></script>', "", "map")
    monkeypatch.setattr(page, "make_frame", lambda bounds: smuggled)
    with pytest.raises(EnvironmentProblem, match="would ask for"):
        write(tmp_path / "briefing.html")
    assert not (tmp_path / "briefing.html").exists()


def test_a_changed_vendored_file_is_refused(tmp_path, monkeypatch):
    changed = tmp_path / "assets"
    shutil.copytree(page.ASSETS, changed)
    (changed / "leaflet.js").write_text("alert(1)", encoding="utf-8")
    monkeypatch.setattr(page, "ASSETS", changed)
    page._asset.cache_clear()
    page._vendored.cache_clear()
    with pytest.raises(EnvironmentProblem, match=r"leaflet\.js is not the one"):
        page._asset("leaflet.js")
    page._asset.cache_clear()
    page._vendored.cache_clear()


def test_vendored_files_are_those_of_the_manifest():
    manifest = json.loads((page.ASSETS / "MANIFEST.json").read_text(encoding="utf-8"))
    named = {entry["file"] for package in manifest["packages"] for entry in package["files"]} | set(manifest["own"])
    present = {path.name for path in page.ASSETS.iterdir() if path.name.startswith(("leaflet", "briefing", "LICENSE"))}
    assert present <= named
    for package in manifest["packages"]:
        assert package["version"] and package["licence"]


def test_folium_is_imported_in_one_module_only():
    found = set()
    for path in ROOT.rglob("*.py"):
        if {".venv", "build", "dist", "benchmarks"} & {part.split("-")[0] for part in path.relative_to(ROOT).parts}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in {"folium", "branca"} for name in names):
                found.add(path.relative_to(ROOT).as_posix())
    assert found == {"layers/briefing/frame.py"}


def test_cells_without_a_coordinate_system_are_told():
    town = make_town().set_crs(None, allow_override=True)
    risk, hot, early = make_tables(make_town())
    with pytest.raises(InputError, match="no coordinate system"):
        write_briefing(
            "never.html",
            facts=make_facts(),
            cells=town,
            risk=risk,
            hotspots=hot,
            surface=None,
            early_warnings=early,
            series=make_series([""]),
        )
    assert not Path("never.html").exists()


def test_without_surface_series_and_tables_there_is_still_a_page(browser, tmp_path):
    town = make_town()
    risk, hot, early = make_tables(town)
    path = tmp_path / "b.html"
    nothing = {"risk": risk.iloc[:0], "hotspots": hot.iloc[:0], "early_warnings": early.iloc[:0]}
    write_briefing(path, facts={}, cells=town, surface=None, series=make_series([""]).iloc[:0], **nothing)
    visit = Visit(browser, path)
    assert "今日无红橙预警" in visit.text("#calm")
    visit.calm()
