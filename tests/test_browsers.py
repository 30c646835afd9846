"""Where the briefing opens: Firefox, engines as old as it says, and a plain sentence in anything older."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import esprima
import numpy as np
import pytest
from briefing_town import write
from gridbeacon.layers import style
from gridbeacon.layers.briefing import page
from marionette import running
from rasterio.io import MemoryFile

READY = 'return document.documentElement.hasAttribute("data-ready")'
OWN = sorted(path.name for path in page.ASSETS.glob("briefing*.js"))
SHEETS = sorted(path.name for path in page.ASSETS.glob("briefing*.css"))

NEWER_CALLS = frozenset(
    "at findLast findLastIndex hasOwn groupBy toSorted toReversed toSpliced with withResolvers fromAsync isWellFormed "
    "toWellFormed randomUUID roundRect createConicGradient checkVisibility showPicker showPopover hidePopover "
    "togglePopover startViewTransition timeout throwIfAborted setHTML getHTML moveBefore isSubsetOf union intersection "
    "difference".split()
)
"""Methods that Chromium 86 or Firefox 113 lack (a list kept by hand)."""

NEWER_NAMES = frozenset(
    "structuredClone reportError Segmenter navigation scheduler ariaLabel ariaPressed ariaChecked ariaExpanded "
    "ariaHidden inert popover Temporal CloseWatcher Iterator Highlight import()".split()
)
"""Objects and properties, likewise."""

NEWER_STYLES = (
    *(r":has\(", r":is\(", r":where\(", r"[;{\s]inset(-\w+)*\s*:", r"aspect-ratio\s*:", r"accent-color\s*:"),
    *(
        "@container",
        "@layer",
        r"@property\b",
        r"color-mix\(",
        r"\b(ok)?l(ab|ch)\(",
        r"\d[dsl]v[hw]\b",
        "@starting-style",
    ),
    *(r"overflow\s*:\s*clip", r"[;{\s](translate|rotate|scale)\s*:", r"text-wrap\s*:", r"light-dark\(", "field-sizing"),
    *(r"&\s*[.:#\w]", "scrollbar-gutter", r"\bsubgrid\b", "content-visibility", r"mask-image\s*:"),
)
"""Rules of style sheets, likewise."""


# ---- engines as old as the page says -------------------------------------------------------------------------------


def calls_and_names(text):
    """(methods called, names used) in a script; raises esprima.Error for syntax newer than ECMAScript 2017."""
    calls, names = set(), set()

    def seen(node, _):
        if node.type == "CallExpression" and node.callee.type == "MemberExpression" and not node.callee.computed:
            calls.add(node.callee.property.name)
        if node.type == "CallExpression" and node.callee.type == "Import":
            names.add("import()")
        if node.type == "Identifier":
            names.add(node.name)
        return node

    esprima.parseScript(text, delegate=seen)
    return calls, names


@pytest.mark.parametrize("name", OWN)
def test_no_script_is_newer_than_the_browsers_the_page_names(name):
    calls, names = calls_and_names((page.ASSETS / name).read_text(encoding="utf-8"))
    assert calls & NEWER_CALLS == set()
    assert names & NEWER_NAMES == set()


@pytest.mark.parametrize(
    "snippet",
    ["a?.b", "a ?? b", "a ??= b", "class A { #x = 1 }", "class A { static {} }", "x = 1_000", "10n", "try {} catch {}"],
)
def test_newer_syntax_would_be_found(snippet):
    with pytest.raises(esprima.Error):
        calls_and_names(snippet)


def test_newer_methods_would_be_found():
    calls, names = calls_and_names("a.at(-1); structuredClone(b.toSorted()); import('c'); node.ariaLabel = d")
    assert calls & NEWER_CALLS == {"at", "toSorted"}
    assert names & NEWER_NAMES == {"structuredClone", "ariaLabel", "import()"}


def newer_styles(text):
    plain = re.sub(r"(?s)/\*.*?\*/", "", text)
    return [rule for rule in NEWER_STYLES if re.search(rule, plain)]


@pytest.mark.parametrize("name", SHEETS)
def test_no_style_is_newer_than_the_browsers_the_page_names(name):
    assert newer_styles((page.ASSETS / name).read_text(encoding="utf-8")) == []


def test_newer_styles_would_be_found():
    assert newer_styles("a { inset: 0 } b:has(c) { width: 1dvh }") == [
        r":has\(",
        r"[;{\s]inset(-\w+)*\s*:",
        r"\d[dsl]v[hw]\b",
    ]


# ---- anything older ------------------------------------------------------------------------------------------------

SENTENCE = "需要 Chromium 86、Edge 86、Firefox 113 或更新的浏览器"
GONE = {
    "packed, and nothing that unpacks": "delete window.DecompressionStream",
    "no script runs": None,
    "a script that fails": "Object.assign = undefined",
}


def sentence_of(browser, path, script, scripts=True):
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 1920, "height": 1080})
    opened = context.new_page()
    if script:
        opened.add_init_script(script)
    opened.goto(path.as_uri())
    opened.wait_for_timeout(500)
    shown = opened.inner_text("#unsupported") if opened.is_visible("#unsupported") else ""
    page_seen = opened.is_visible("#title")
    context.close()
    return shown, page_seen


@pytest.mark.chromium
@pytest.mark.parametrize("case", GONE)
def test_an_engine_too_old_shows_one_plain_sentence(browser, tmp_path, monkeypatch, case):
    monkeypatch.setattr(page, "PACK_ABOVE", 100)
    path = write(tmp_path / "a.html")
    shown, page_seen = sentence_of(browser, path, GONE[case], scripts=GONE[case] is not None)
    assert SENTENCE in shown and "needs Chromium 86" in shown and not page_seen


@pytest.mark.chromium
def test_an_engine_that_is_not_too_old_shows_the_page(browser, tmp_path):
    assert sentence_of(browser, write(tmp_path / "a.html"), "") == ("", True)
    small = "delete window.DecompressionStream"  # what is small is not packed and opens without it
    assert sentence_of(browser, write(tmp_path / "b.html"), small) == ("", True)


# ---- Firefox -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def firefox(require, tmp_path_factory):
    with running(require("firefox"), tmp_path_factory.mktemp("firefox") / "profile") as window:
        yield window


def pixels_of(png):
    with MemoryFile(BytesIO(png).getvalue()) as memory, memory.open() as picture:
        return np.moveaxis(picture.read()[:3], 0, -1)


def share_of(pixels, colour, near=6):
    return float((np.abs(pixels.astype(int) - style.rgb(colour)).max(axis=-1) <= near).mean())


def drawn(window):
    """Shares of the screenshot that are in the calm class's colour (cells on canvas) and in that of red beacons."""
    pixels = pixels_of(window.screenshot())
    return share_of(pixels, style.RISK_CLASSES[0].dark), share_of(pixels, style.LEVELS[0].dark)


@pytest.mark.firefox
@pytest.mark.parametrize("packed", [False, True])
def test_firefox_draws_the_page_from_disk(firefox, tmp_path, monkeypatch, packed):
    monkeypatch.setattr(page, "PACK_ABOVE", 100 if packed else page.PACK_ABOVE)
    path = write(tmp_path / "a.html")
    assert ('type="application/gzip" id="data"' in Path(path).read_text(encoding="utf-8")) is packed
    firefox.open(path.as_uri(), READY)
    cells, beacons = drawn(firefox)
    assert cells > 0.02 and beacons > 0.001
    assert firefox.run('return document.querySelectorAll("#rows .row").length') == 4
    assert firefox.run('return getComputedStyle(document.getElementById("unsupported")).display') == "none"
    assert firefox.run('return performance.getEntriesByType("resource").map(e => e.name)') == []


@pytest.mark.firefox
def test_firefox_walks_the_list_and_plays_the_states(firefox, tmp_path):
    firefox.open(write(tmp_path / "a.html").as_uri(), READY)
    firefox.run('window.bad = []; window.addEventListener("error", e => bad.push(e.message)); return 1')
    firefox.run('document.dispatchEvent(new KeyboardEvent("keydown", {key: "3"})); return 1')
    assert firefox.run("return [GB.selected, GB.showing().level]") == [2, 3]
    for n in range(1, firefox.run('return document.querySelectorAll("#states button").length') + 1):
        firefox.run(f'document.querySelector("#states button:nth-child({n})").click(); return 1')
    for name in ("lang", "theme", "zoom-in", "zoom-home", "about"):
        firefox.run(f'document.getElementById("{name}").click(); return 1')
    assert firefox.run('return document.getElementById("rows").textContent').count("Check now") == 2
    firefox.run("GB.print(true); return 1")
    assert firefox.run('return document.querySelectorAll("svg.paper path").length') > 9
    assert firefox.run("GB.print(false); return bad") == []


@pytest.mark.firefox
def test_a_page_that_cannot_start_is_told_from_one_that_is_drawn(firefox, tmp_path):
    path = write(tmp_path / "a.html")
    text = path.read_text(encoding="utf-8").replace("<script>", "<script>throw 1;", 99)  # no hash fits any more
    path.write_text(text, encoding="utf-8")
    firefox.open(path.as_uri(), "return true")
    assert drawn(firefox)[0] < 0.02
    assert firefox.run('return document.getElementById("unsupported").offsetHeight') > 20
