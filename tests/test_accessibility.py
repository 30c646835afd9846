"""The briefing for people who do not use a mouse, or do not see it: axe-core's rules, contrast, the keyboard alone."""

from __future__ import annotations

import pytest
from briefing_town import write

HARMFUL = {"serious", "critical"}


@pytest.fixture
def page(browser, tmp_path):
    context = browser.new_context(bypass_csp=True, viewport={"width": 1920, "height": 1080}, reduced_motion="reduce")
    opened = context.new_page()
    opened.goto(write(tmp_path / "a.html").as_uri())
    opened.wait_for_selector("html[data-ready]")
    yield opened
    context.close()


@pytest.mark.chromium
@pytest.mark.parametrize("steps", [[], ["#theme"], ["#lang"], ["#about"], ["#states button:nth-child(2)"]])
def test_axe_finds_nothing_serious(page, steps):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    for selector in steps:
        page.click(selector)
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in HARMFUL] == []


@pytest.mark.chromium
def test_axe_would_find_something(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.evaluate(
        "(() => { const b = document.querySelector('#zoom-in');"
        " b.removeAttribute('aria-label'); b.removeAttribute('title'); b.textContent = ''; })()"
    )
    found = axe.Axe().run(page).response["violations"]
    assert "button-name" in {v["id"] for v in found}


FAINT = """() => {
  const parse = (text) => { const v = text.match(/[0-9.]+/g).map(Number); return v.length > 3 ? v : [...v, 1]; };
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => {
    const l = rgb.slice(0, 3).map(linear);
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
  };
  const over = (top, base) => top.slice(0, 3).map((c, i) => c * top[3] + base[i] * (1 - top[3]));
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((base, layer) => over(layer, base), [0, 0, 0]);
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    const seen = node.checkVisibility({ checkVisibilityCSS: true });
    if (!own || !seen || node.closest(".leaflet-marker-pane, .unseen")) continue;
    const style = getComputedStyle(node), base = ground(node), ink = over(parse(style.color), base);
    const a = light(ink), b = light(base), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push([node.className, node.textContent.slice(0, 20), Math.round(ratio * 100) / 100]);
  }
  return found;
}"""
"""Every visible text with its contrast to what lies behind it, where that is below 4.5 (WCAG 2.1)."""


@pytest.mark.chromium
def test_every_text_stands_out_from_its_ground(page):
    assert page.evaluate(FAINT) == []
    page.click("#theme")
    assert page.evaluate(FAINT) == []
    page.evaluate("document.querySelector('#classification').style.color = '#c9c9c9'")
    assert [name for name, *_ in page.evaluate(FAINT)] == ["tag tag-strong"]


@pytest.mark.chromium
def test_the_list_can_be_worked_with_the_keyboard_alone(page):
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("Boolean(document.activeElement.closest('#rows'))"):
            break
    assert page.evaluate("Boolean(document.activeElement.closest('#rows'))"), "the list is reached by Tab"
    first = page.evaluate("GB.selected")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("GB.selected") == first + 1
    assert page.evaluate("document.querySelector('#live').textContent") != ""
    page.keyboard.press("Escape")
    assert page.evaluate("GB.selected") == 0
