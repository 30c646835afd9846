"""Figures of the briefing's charts: each held against the plain sum it stands for, and drawn without trouble."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from briefing_town import make_facts, write
from gridbeacon.cube import ALL_CLASSES
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.charts import charts_of
from gridbeacon.pipeline.journey import lowest_level
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.sample_data import CELLS, INCIDENTS, sample_path
from visits import Visit


@pytest.fixture(scope="module")
def ready():
    files = tuple(str(sample_path(name)) for name in INCIDENTS)
    return prepare(Plan().checked(), Inputs(files, str(sample_path(CELLS))), lambda fraction, text: None)


@pytest.fixture(scope="module")
def charts(ready):
    return charts_of(ready, lowest_level(ready))


def test_classes_add_up_to_the_window_and_come_largest_first(ready, charts):
    table = ready.counts.table
    window = table["bin"] >= ready.counts.end_bin - 28
    before = (table["bin"] >= ready.counts.end_bin - 56) & ~window
    assert sum(row["now"] for row in charts["classes"]) == table["count"][window].sum()
    assert sum(row["before"] for row in charts["classes"]) == table["count"][before].sum()
    sizes = [row["now"] for row in charts["classes"] if row["name"]]
    assert sizes == sorted(sizes, reverse=True)


def test_half_of_the_incidents_lie_in_the_cells_that_are_told(ready, charts):
    found, counts = charts["concentration"], ready.counts
    finest = max(counts.cells.levels())
    described = {n for n in counts.table["category"].unique() if lowest_level(ready)(str(n)) < finest}
    shown = counts.since(counts.end_bin - 28).without(described)
    cells = np.sort(shown.cube(ALL_CLASSES, finest).counts.sum(axis=0))[::-1]
    reached = np.cumsum(cells)
    assert reached[found["n_half"] - 1] >= cells.sum() / 2 > reached[found["n_half"] - 2]
    assert found["cells"][-1] == found["incidents"][-1] == 1 and np.all(np.diff(found["incidents"]) >= 0)


def test_days_are_the_citys_own_and_outages_are_no_zeros(ready, charts):
    days = charts["days"]
    index = pd.date_range(days["first"], periods=len(days["n"]))
    whole = pd.Series(ready.counts.cube(ALL_CLASSES, 0).counts[:, 0], index=pd.DatetimeIndex(ready.counts.bins))
    known = pd.Series(days["n"], index=index, dtype=float)
    assert known[pd.Timestamp("2025-03-18")] != known[pd.Timestamp("2025-03-18")], "a day without data"
    told = known.dropna()
    assert (told == whole[told.index]).all() and len(days["n"]) == 371


def test_streets_lie_within_chance_but_for_few(charts):
    rows = charts["streets"]["rows"]
    assert len(rows) == 18 and all(r["low3"] <= r["low"] <= r["expected"] <= r["high"] <= r["high3"] for r in rows)
    assert sum(not r["low"] <= r["now"] <= r["high"] for r in rows) <= 4


@pytest.mark.chromium
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_chart_is_drawn_and_closed_again(browser, tmp_path, charts, theme):
    hostile = {**charts, "classes": [{"name": "<img src=x onerror=alert(1)>{{7*191}}", "now": 3, "before": None}]}
    facts = make_facts(lambda text: text) | {"charts": hostile, "street_level": 2}
    visit = Visit(browser, write(tmp_path / "a.html", facts=facts))
    page = visit.page
    if theme == "light":
        page.click("#theme")
    page.click("#charts")
    assert page.locator("#charts-box svg").count() == 4
    assert "<img src" in visit.text("#charts-box") or "<img sr" in visit.text("#charts-box")
    size = page.evaluate(
        "(() => { const c = document.querySelector('.charts-card'); return [c.scrollHeight, c.clientHeight]; })()"
    )
    assert size[0] <= size[1] + 1, "it fits one screen"
    page.keyboard.press("Escape")
    assert page.is_hidden("#charts-box")
    visit.calm()


@pytest.mark.chromium
@pytest.mark.parametrize(("lang", "width"), [("zh", 1920), ("en", 1366)])
def test_the_strip_says_the_change_with_its_interval(browser, tmp_path, lang, width):
    told = {"kind": "last_year", "now": 86, "before": 100, "change": -0.14, "low": -0.22, "high": -0.05}
    facts = make_facts(lambda text: text)
    facts["year_on_year"] = {"city": {"last_year": told | {"verdict": "down"}}}
    facts["reporting"] = [{"time": "2025-03-28T00:00:00", "share": 0.8}]
    facts["last_list"] = {"n": 6, "waiting": 1, "working": 1, "done": 3, "overdue": 1}
    facts["urgent_record"] = {"days": 90, "n": 12, "true": 7, "false": 3, "open": 2}
    page = write(tmp_path / "a.html", facts=facts, lang=lang)
    visit = Visit(browser, page, viewport={"width": width, "height": round(width * 9 / 16)})
    said = visit.text("#figures")
    words = ("−14%", "−22%", "−5%", "下降", "超期 1", "属实") if lang == "zh" else ("−14%", "down", "1 overdue", "true")
    assert all(word in said for word in words), said
    partial = visit.page.evaluate("[...document.querySelectorAll('.bar-slot')].findIndex((b) => b.matches('.partial'))")
    stamps = visit.page.evaluate("GB.data.series[''].t")
    assert partial == (stamps.index("2025-03-28T00:00") if "2025-03-28T00:00" in stamps else -1)
    strip = visit.page.evaluate("[document.body.scrollWidth, innerWidth]")
    assert strip[0] <= strip[1]
    visit.calm()
