"""The briefing: one file, offline, text from the data is never code. Opened in a real Chromium where there is one."""

from __future__ import annotations

import re

import numpy as np
import pytest
from briefing_town import HOSTILE, make_series, make_tables, make_town, make_warnings, write
from gridbeacon.layers import style
from gridbeacon.layers.briefing import page, write_briefing
from visits import Visit, click_everything


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


def test_without_surface_series_and_tables_there_is_still_a_page(browser, tmp_path):
    town = make_town()
    risk, hot, early = make_tables(town)
    path = tmp_path / "b.html"
    nothing = {"risk": risk.iloc[:0], "hotspots": hot.iloc[:0], "early_warnings": early.iloc[:0]}
    write_briefing(path, facts={}, cells=town, surface=None, series=make_series([""]).iloc[:0], **nothing)
    visit = Visit(browser, path)
    assert "今日无红橙预警" in visit.text("#calm")
    visit.calm()
