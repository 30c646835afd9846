"""A briefing on paper: two sheets of A3 by a real Chromium, the first as a picture; and what is said where none is."""

from __future__ import annotations

import os
import re
import stat
import subprocess

import numpy as np
import pytest
from briefing_town import make_town, make_warnings, write
from gridbeacon.cli.entry import execute
from gridbeacon.errors import EnvironmentProblem, InputError
from gridbeacon.layers import style
from gridbeacon.layers.basemap import Basemap
from gridbeacon.layers.briefing import page
from gridbeacon.pipeline import printing
from rasterio.io import MemoryFile
from visits import Visit

A3 = (1191, 842)


@pytest.fixture
def run_folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write(folder / "briefing.html", warnings=make_warnings(make_town()).assign(within_budget=True))
    return folder


def sheets_of(pdf):
    """The text of every page. Skips nothing: poppler comes with the system packages of the tests."""
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True).stdout.decode()
    return text.split("\f")[:-1]


@pytest.mark.chromium
@pytest.mark.libreoffice  # where poppler is too
@pytest.mark.slow
def test_map_first_and_list_after_on_a3(run_folder, monkeypatch, require):
    monkeypatch.setattr(page, "PACK_ABOVE", 100)  # the page is ready a while after it is loaded
    write(run_folder / "briefing.html", warnings=make_warnings(make_town()).assign(within_budget=True))
    pdf, picture = printing.print_briefing(run_folder, browser=require("chromium"))
    first, second = sheets_of(pdf)
    size = subprocess.run(["pdfinfo", pdf], check=True, capture_output=True, text=True).stdout
    across, down = map(float, re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", size).groups())
    assert (round(across), round(down)) == A3
    assert "城市风险晨报" in first and "街道风险" in first and "近2天停水31件" not in first
    assert second.count("近2天停水31件") >= 4 and "立即核查" in second
    for sheet in (first, second):
        assert style.STATUTORY_ZH in sheet and "需要 Chromium" not in sheet
    assert {"I", "II", "III"} <= set(re.findall(r"\b[IV]+\b", first))  # levels are told without colour
    check_picture(picture)


def check_picture(path):
    with MemoryFile(path.read_bytes()) as memory, memory.open() as opened:
        pixels = np.moveaxis(opened.read()[:3], 0, -1).astype(int)
    assert pixels.shape == (2 * printing.SHEET[1], 2 * printing.SHEET[0], 3)
    for colour in (style.LEVELS[0].dark, style.RISK_CLASSES[0].light):
        near = np.abs(pixels - style.rgb(colour)).max(axis=-1) <= 4
        assert near.sum() > 2000, colour


@pytest.mark.chromium
def test_on_paper_nothing_asks_to_be_clicked(browser, run_folder):
    visit = Visit(browser, run_folder / "briefing.html")
    visit.page.evaluate("GB.print(true)")
    for name in (
        "states",
        "overlays",
        "filters",
        "play",
        "charts-box",
        "about-box",
        "swipe",
        "save-list",
        "search",
        "zoom-in",
    ):
        assert not visit.page.is_visible(f"#{name}"), name
    assert visit.page.is_visible("#legend") and visit.page.is_visible("#rows")
    visit.page.evaluate("GB.print(false)")
    visit.calm()


@pytest.mark.chromium
@pytest.mark.parametrize(("width", "height"), [(780, 440), (360, 400), (300, 200)])
def test_a_window_without_room_beside_the_legend_still_opens(browser, run_folder, width, height):
    visit = Visit(browser, run_folder / "briefing.html", viewport={"width": width, "height": height})
    assert visit.page.evaluate("isFinite(GB.map.getZoom())")
    visit.calm()


def test_the_sheet_says_the_line_of_the_house():
    sheet = (page.ASSETS / "briefing.css").read_text(encoding="utf-8")
    assert style.STATUTORY_ZH in sheet and style.STATUTORY_EN in sheet


def program(tmp_path, body):
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_where_no_browser_is_that_is_said(run_folder, monkeypatch, capsys):
    for name in ("PATH", "GRIDBEACON_CHROMIUM"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(printing, "_usual_places", list)
    assert execute(["print", str(run_folder)]) == 4
    assert "E-PRINT-001" in capsys.readouterr().err
    assert not (run_folder / "briefing.pdf").exists()
    with pytest.raises(InputError, match="no such program"):
        printing.find_browser("nowhere/chromium")


def test_installed_browsers_are_found_where_windows_keeps_them(tmp_path, monkeypatch):
    edge = tmp_path / "Microsoft" / "Edge" / "Application" / "msedge.exe"
    edge.parent.mkdir(parents=True)
    edge.write_text("#!/bin/sh\n")
    edge.chmod(0o700)
    for name, value in (("PATH", ""), ("GRIDBEACON_CHROMIUM", ""), ("ProgramFiles", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(printing.sys, "platform", "win32")
    assert str(edge) in printing._usual_places()


def test_a_browser_that_makes_nothing_or_never_ends_is_told(run_folder, tmp_path, monkeypatch):
    with pytest.raises(EnvironmentProblem, match="made no file"):
        printing.print_briefing(run_folder, browser=program(tmp_path, "exit 0"))
    monkeypatch.setattr(printing, "SECONDS", 0.3)
    with pytest.raises(EnvironmentProblem, match=r"within 0\.3 s"):
        printing.print_briefing(run_folder, browser=program(tmp_path, "exec sleep 20"))
    assert sorted(path.name for path in run_folder.iterdir()) == ["briefing.html"]


def test_what_is_there_stays_and_what_is_no_briefing_is_not_opened(run_folder, tmp_path):
    (run_folder / "map.png").write_bytes(b"mine")
    with pytest.raises(InputError, match="exists already"):
        printing.print_briefing(run_folder, browser=program(tmp_path, "exit 0"))
    (tmp_path / "other.html").write_text("<script>1</script>")
    for other in (tmp_path / "other.html", tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match="no briefing"):
            printing.print_briefing(other)
    assert (run_folder / "map.png").read_bytes() == b"mine"


def told(run_folder, tmp_path, **changes):
    """The arguments a browser is given."""
    if changes:
        write(run_folder / "briefing.html", **changes)
    seen = tmp_path / "seen"
    with pytest.raises(EnvironmentProblem):
        printing.print_briefing(run_folder, browser=program(tmp_path, f'printf "%s\\n" "$@" > {seen}'))
    return seen.read_text().splitlines()


def test_hosts_are_out_of_reach_and_the_sandbox_is_left_to_root_alone(run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    given = told(run_folder, tmp_path)
    assert "--no-sandbox" not in given and "--host-resolver-rules=MAP * ~NOTFOUND" in given
    assert given[-1] == (run_folder / "briefing.html").as_uri()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tiles = Basemap(tiles="https://a.example/{z}/{x}/{y}")
    given = told(run_folder, tmp_path, basemap=tiles)
    assert "--no-sandbox" in given and not any("host-resolver" in one for one in given)
