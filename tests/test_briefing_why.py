"""A leader's five questions, each answered on one screen; the tickets one click away; hostile text stays text."""

from __future__ import annotations

import pandas as pd
import pytest
from briefing_town import HOSTILE, make_town, make_warnings, write
from gridbeacon.layers.briefing.explained import MOST_TICKETS, make_explained
from visits import Visit

ASKED = {
    "zh": ["为什么是这个级别?", "与去年同期相比?", "谁负责?", "办了没有?", "会不会又是误报?"],
    "en": [
        "Why this level?",
        "Compared with last year?",
        "Who is responsible?",
        "Has it been handled?",
        "Could it be another false alarm?",
    ],
}


def explanation(text=lambda value: value, tickets: int = 31) -> dict:
    """As rich as a typical warning's."""
    said = lambda zh, en: {"sentence": text(zh), "sentence_en": text(en)}  # noqa: E731
    item = lambda name, n: {"observed": n, "usual": 0.4, "excess": n - 0.4, "name": text(name), "category": text(name)}  # noqa: E731
    level = said("红色:碰巧100年以上一遇(≥1825天)、超出22件(≥8)、百倍以上(≥2)", "Red: by chance once in over 100 years")
    week = {
        "observed": [[0] * 24 for _ in range(7)],
        "usual": [[0.1] * 24 for _ in range(7)],
        "hours": [{"hour": h, "observed": h % 5, "usual": 0.1, "excess": h % 5 - 0.1} for h in range(24)],
    }
    week["observed"][2][9] = 7
    return {
        "why": {"level": level, "recurrence_days": 900.0},
        "chance": said("若无异常,全市约每400天才会碰巧出现一次这样的橙色预警", "about once in 400 days"),
        "carriers": {
            "classes": [item("水管爆裂", 10), item("停水", 6), item("水压", 6)],
            "places": [{**item("甲社区", 13), "stands": True}, {**item("乙社区", 9), "stands": False}],
            "week": week,
        },
        "season_before": said("去年同期8件(2024-03-29)、前年同期3件(2023-03-29)", "8 a year ago, 3 two years ago"),
        "year_on_year": said("比上年同期上升57%,95%区间+18%至+91%", "up 57 %, 95 % interval +18 to +91 %"),
        "members": {"number": tickets, "incident_ids": [text(f"T{i:05d}") for i in range(tickets)]},
        "caveats": [{"zh": text("近1天仅到93%"), "en": text("93% are in")}],
        "stability": {"badge": "border-sensitive", "word": "边界敏感", "word_en": "border-sensitive"}
        | said("移动4次2次成立;上级可见;下级2/5可见", "stands in 2 of 4 positions"),
        "record": said("近90天同类橙色12:属实7,误报3,未核2", "12 orange: 7 true, 3 false alarm, 2 unclear"),
        "handling": {
            "state": "已交办",
            "step": "assigned",
            "assigned_to": text("水务局"),
            "due": "2025-03-28T18:00:00",
        },
    }


def page_of(tmp_path, browser_, text=lambda value: value, **options):
    early = make_warnings(make_town(text), text)
    told = {own: explanation(text) for own in early["warning_id"]}
    rows = [(own, text("甲社区"), text("水管爆裂"), 13, 0.4, "finer") for own in early["warning_id"]]
    kin = pd.DataFrame(rows, columns=["warning_id", "cell_name", "category", "observed", "expected", "relation"])
    path = write(tmp_path / "b.html", text=text, warnings=early, explanations=told, grouped=kin)
    return Visit(browser_, path, **options)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_five_questions_are_answered_on_one_screen(browser, tmp_path, lang, theme):
    visit = page_of(tmp_path, browser)
    if lang == "en":
        visit.page.click("#lang")
    if theme == "light":
        visit.page.click("#theme")
    for key in "1234":
        visit.page.keyboard.press(key)
        assert visit.page.eval_on_selector_all("#detail h4", "nodes => nodes.map(n => n.textContent)") == ASKED[lang]
        hidden = visit.page.evaluate(
            """(() => { const d = document.getElementById('detail'), box = d.getBoundingClientRect();
            const parts = [...d.querySelectorAll('.ask, .evidence')];
            const out = parts.filter(n => n.getBoundingClientRect().bottom > innerHeight);
            return [d.scrollHeight > d.clientHeight, box.bottom > innerHeight, out.length]; })()"""
        )  # fmt: skip
        assert hidden == [False, False, 0]
        assert visit.page.evaluate("document.querySelector('.row.selected').getBoundingClientRect().height") > 30
    shown = visit.text("#detail")
    for part in ("水务局", "T00000"):
        assert (part in shown) == (part == "水务局")
    assert ("已超期" if lang == "zh" else "overdue") in shown
    assert ("边界敏感" if lang == "zh" else "border-sensitive") in shown
    visit.calm()


def test_one_click_lists_the_tickets_and_what_the_warning_stands_for(browser, tmp_path):
    visit = page_of(tmp_path, browser)
    visit.page.click(".open-dossier")
    card = visit.text("#dossier-box")
    assert "关联工单 31 件" in card and "T00030" in card and "下级" in card and "单独也超常" in card
    assert visit.page.evaluate("document.querySelectorAll('.week-hour').length") == 168
    visit.page.keyboard.press("Escape")
    assert visit.page.is_hidden("#dossier-box")
    visit.page.click(".open-dossier")
    visit.page.click("#dossier-box .close")
    assert (
        visit.page.is_hidden("#dossier-box")
        and visit.page.evaluate("document.activeElement.className") == "open-dossier"
    )
    visit.calm()


@pytest.mark.parametrize("position", range(0, len(HOSTILE), 6))
def test_hostile_text_stays_text_in_answers_and_card(browser, tmp_path, position):
    picked = HOSTILE[position : position + 6]
    count = iter(range(10**6))
    visit = page_of(tmp_path, browser, lambda value: f"{value}{picked[next(count) % len(picked)]}")
    for key in "123":
        visit.page.keyboard.press(key)
        visit.page.click(".open-dossier")
        visit.page.keyboard.press("Escape")
    assert visit.page.evaluate("window.hit") is None
    assert visit.page.evaluate("document.querySelectorAll('iframe, img, #page script').length") == 0
    visit.calm()


@pytest.mark.parametrize("steps", [[], ["#theme"], [".open-dossier"], ["#theme", ".open-dossier"]])
def test_axe_finds_nothing_serious_in_answers_and_card(browser, tmp_path, steps):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    visit = page_of(tmp_path, browser, bypass_csp=True)
    for selector in steps:
        visit.page.click(selector)
    found = axe.Axe().run(visit.page).response["violations"]
    harmful = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
    assert harmful == []


def test_without_explanations_the_page_says_what_it_said_before(browser, tmp_path):
    visit = Visit(browser, write(tmp_path / "b.html"))
    assert visit.page.query_selector("#detail h4") is None and "31 件" in visit.text("#detail")
    visit.calm()


def test_the_page_names_tickets_only_where_it_is_given_them():
    listed = {"inside": [{"warning_id": "a"}, {"warning_id": "b"}], "beyond": []}
    told = {"a": explanation(tickets=MOST_TICKETS + 5), "b": explanation() | {"members": {"number": 4}}}
    shown = make_explained(told, None, listed)
    assert len(shown["a"]["tickets"]) == MOST_TICKETS and shown["a"]["number"] == MOST_TICKETS + 5
    assert shown["b"]["tickets"] is None and make_explained(None, None, listed) == {}
