"""`briefing.html#warning=ID` opens at that warning: how the table of the window leads to the map."""

from __future__ import annotations

import html
import subprocess
import sys
from urllib.parse import quote

import pytest
from briefing_town import write
from visits import Visit

pytestmark = pytest.mark.chromium


@pytest.fixture
def path(tmp_path):
    """A briefing in a folder with a blank, Chinese and a sharp in its name."""
    folder = tmp_path / "张三 文档 #1"
    folder.mkdir()
    return write(folder / "briefing.html")


def chosen(page):
    """The id of the warning that is chosen, and whether the row that is lit is its row."""
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    lit = page.evaluate("GB.rowNodes.findIndex((node) => node.classList.contains('selected'))")
    return page.evaluate("(GB.current() || {}).warning_id"), lit == page.evaluate("GB.selected")


def test_the_address_chooses_a_warning_and_an_unknown_one_nothing(browser, path):
    visit = Visit(browser, path)
    page, ids = visit.page, visit.page.evaluate("GB.data.warnings.inside.map((w) => w.warning_id)")
    assert len(ids) > 1 and chosen(page)[0] == ids[0]
    page.goto(f"{visit.url}#warning={quote(ids[-1])}")
    page.reload()
    assert chosen(page) == (ids[-1], True)
    page.evaluate("id => { location.hash = 'warning=' + id }", ids[0])
    page.wait_for_function("id => GB.current().warning_id === id", arg=ids[0])
    for nonsense in ("warning=", "warning=no%20such", "warning=%E0%A4%A", "<img src=x>"):
        page.goto(f"{visit.url}#{nonsense}")
        page.reload()
        assert chosen(page)[0] == ids[0]
    assert visit.trouble == []
    page.close()


def test_the_door_of_the_window_leads_to_the_warning(browser, path, root, tmp_path):
    """The page that the window opens in the browser, written by the window's own code, followed by a real browser."""
    visit = Visit(browser, path)
    wanted = visit.page.evaluate("GB.data.warnings.inside.map((w) => w.warning_id)")[-1]
    code = (
        "import sys; from pathlib import Path; from gridbeacon.plugin.qt import QtCore;"
        "from gridbeacon.plugin.desktop.desktop_host import DesktopHost;"
        "app = QtCore.QCoreApplication([]); host = DesktopHost(); host.open_file = lambda path: print(path);"
        "host.show_place(Path(sys.argv[1]), {'warning_id': sys.argv[2]})"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path.parent), wanted], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = browser.new_page()
    page.goto(f"file://{done.stdout.strip()}")
    page.wait_for_url("**/briefing.html*")
    assert chosen(page) == (wanted, True)
    assert html.unescape(page.url).endswith(f"#warning={wanted}")
    page.close()
    visit.calm()
