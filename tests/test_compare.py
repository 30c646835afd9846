"""Two briefings on one page: the earlier left of the hand, the later right of it, units matched by code."""

from __future__ import annotations

import json

import pytest
from briefing_town import make_facts, make_tables, make_town, write
from gridbeacon.cli.entry import execute
from gridbeacon.errors import InputError
from gridbeacon.layers.briefing import page as pages
from gridbeacon.layers.briefing.compare import write_comparison
from visits import Visit


@pytest.fixture
def two(tmp_path):
    """Yesterday all calm and one warning fewer; today as usual."""
    risk, _, early = make_tables(make_town(), lambda text: text)
    facts = make_facts(lambda text: text) | {"as_of": "2025-02-28T00:00:00"}
    before = write(tmp_path / "before.html", risk=risk.assign(risk=0.1), warnings=early.iloc[1:], facts=facts)
    return before, write(tmp_path / "after.html")


def test_changes_are_counted_by_unit_and_class(two, tmp_path):
    changes = write_comparison(tmp_path / "both.html", *two)
    assert changes["gone"] == 0 and changes["new"] == 1 and changes["kept"] > 0
    assert write_comparison(tmp_path / "same.html", two[0], two[0])["new"] == 0


@pytest.mark.chromium
def test_each_side_of_the_hand_shows_its_run(browser, two, tmp_path):
    write_comparison(tmp_path / "both.html", *two)
    visit = Visit(browser, tmp_path / "both.html")
    page = visit.page
    assert "2月27日" in visit.text("#swipe-before") and "3月28日" in visit.text("#swipe-after")
    colours = """(share) => {
      GB.setHand(share);
      const c = GB.cellCanvas._container, copy = document.createElement("canvas"), seen = {};
      copy.width = c.width; copy.height = c.height;
      const ctx = copy.getContext("2d", { willReadFrequently: true });
      ctx.drawImage(c, 0, 0);
      const d = ctx.getImageData(0, 0, c.width, c.height).data;
      for (let i = 0; i < d.length; i += 4 * 97) seen[[d[i], d[i + 1], d[i + 2]]] = 1;
      return Object.keys(seen).length;
    }"""
    assert page.evaluate(colours, 0.02) > page.evaluate(colours, 0.98), "the calm day has fewer colours"
    hidden = "() => GB.beacons.filter((b) => b.marker.getElement().style.visibility === 'hidden').length"
    page.evaluate("GB.setHand(0.98)")
    assert page.evaluate(hidden) == page.evaluate("GB.beacons.length") > 0
    page.evaluate("GB.setHand(0.02)")
    assert page.evaluate(hidden) == 0
    page.focus("#swipe")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#swipe", "aria-valuenow") == "7"
    page.evaluate("GB.print(true)")
    page.evaluate("GB.print(false)")
    visit.calm()


@pytest.mark.chromium
def test_packed_pages_compare_too(browser, two, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "PACK_ABOVE", 100)
    packed = write(tmp_path / "packed.html")
    write_comparison(tmp_path / "both.html", two[0], packed)
    visit = Visit(browser, tmp_path / "both.html")
    assert visit.page.is_visible("#swipe")
    visit.calm()


def test_a_page_without_a_comparison_has_no_hand(tmp_path):
    text = write(tmp_path / "a.html").read_text(encoding="utf-8")
    assert 'id="swipe" role="slider" tabindex="0" hidden' in text


@pytest.mark.parametrize("text", ["", "<html></html>", '<script type="application/json" id="data">{"a": 1}</script>'])
def test_what_is_no_briefing_is_refused(two, tmp_path, text):
    (tmp_path / "other.html").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no briefing"):
        write_comparison(tmp_path / "both.html", tmp_path / "other.html", two[1])
    assert not (tmp_path / "both.html").exists()


def test_other_ground_is_refused(two, tmp_path):
    town = make_town()
    risk, hot, early = make_tables(town, lambda text: text)
    other = {"cells": town.assign(cell_id="X" + town["cell_id"], parent="X" + town["parent"])}
    other |= {"risk": risk.assign(cell_id="X" + risk["cell_id"]), "hotspots": hot.assign(cell_id="X" + hot["cell_id"])}
    elsewhere = write(tmp_path / "x.html", warnings=early.assign(cell_id="X" + early["cell_id"]), **other)
    with pytest.raises(InputError, match="no unit in common"):
        write_comparison(tmp_path / "both.html", elsewhere, two[1])


def test_the_command_writes_the_page_and_says_what_changed(two, tmp_path, capsys):
    out = tmp_path / "both.html"
    assert execute(["compare", *map(str, two), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["new"] == 1 and out.exists()
    assert execute(["compare", *map(str, two), "--out", str(out)]) == 2
