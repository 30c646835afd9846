"""A briefing on paper: A3 as PDF, and its first sheet as a picture, by the Chromium or Edge this machine has.

The page lays itself out for paper; the browser only runs it, without a window and with every host out of reach unless
the page itself names one for its tiles. Its bytes are the browser's own and may differ from one version to the next.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess  # nosec B404
import sys
import tempfile
from pathlib import Path

from ..layers.refusals import refusal, trouble
from ..layers.whole_file import check_place, write_whole

PDF, PICTURE = "briefing.pdf", "map.png"
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
SECONDS = 120
"""A browser that takes longer is ended."""

SHEET = (1510, 1054)
"""The first sheet in CSS pixels: what A3 holds across and down at the margins of `assets/briefing.css`."""

_DATA = re.compile(r'<script type="application/(?:json|gzip)" id="data">')
_OFFLINE = re.compile(r"img-src data:;")
_INSTALLED = {
    "win32": ("Microsoft/Edge/Application/msedge.exe", "Google/Chrome/Application/chrome.exe"),
    "darwin": (
        "Google Chrome.app/Contents/MacOS/Google Chrome",
        "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "Chromium.app/Contents/MacOS/Chromium",
    ),
}


def find_browser(named: str | None = None) -> str:
    """The program that prints: the one *named*, else the one of GRIDBEACON_CHROMIUM, else one that is installed.

    Raises InputError where the named one is none, EnvironmentProblem where there is no other.
    """
    if named:
        found = shutil.which(named)
        if found is None:
            raise refusal("E-PRINT-002", where=named)
        return found
    candidates = [os.environ.get("GRIDBEACON_CHROMIUM", ""), *BROWSERS, *_usual_places()]
    found = next((path for path in map(shutil.which, filter(None, candidates)) if path), None)
    if found is None:
        raise trouble("E-PRINT-001", where="print")
    return found


def _usual_places() -> list[str]:
    """Where browsers lie on Windows and macOS, whose installers put nothing on the PATH."""
    if sys.platform == "darwin":
        folders = ["/Applications"]
    else:
        folders = [os.environ.get(name, "") for name in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")]
    return [str(Path(folder, inside)) for folder in folders if folder for inside in _INSTALLED.get(sys.platform, ())]


def print_briefing(
    source: str | Path, out: str | Path | None = None, *, browser: str | None = None, replace: bool = False
) -> list[Path]:
    """Write `briefing.pdf` (A3, map and legend first, the list after) and `map.png` (its first sheet, twice as fine).

    Parameters
    ----------
    source : the folder of a run, or a briefing. out : the folder to write into, by default the briefing's own.
    browser : a Chromium or Edge; default `find_browser`.

    Raises InputError for what is no briefing and for files that exist, unless *replace*; EnvironmentProblem where no
    browser is found, or where it fails or takes longer than `SECONDS`.
    """
    page = Path(source) / "briefing.html" if Path(source).is_dir() else Path(source)
    text = page.read_text(encoding="utf-8", errors="strict") if page.is_file() else ""
    if not _DATA.search(text):
        raise refusal("E-COMPARE-001", where=str(source))
    folder = Path(out) if out is not None else page.parent
    places = [check_place(folder / name, replace) for name in (PDF, PICTURE)]
    program = find_browser(browser)
    url = page.absolute().as_uri()
    sheet = ["--force-device-scale-factor=2", "--hide-scrollbars"]
    with tempfile.TemporaryDirectory(prefix="gridbeacon-", ignore_cleanup_errors=True) as made:
        pdf, picture = Path(made, PDF), Path(made, PICTURE)
        common = [*_quietly(made), *(["--host-resolver-rules=MAP * ~NOTFOUND"] if _OFFLINE.search(text) else [])]
        paper = ["--no-pdf-header-footer", "--print-to-pdf-no-header", f"--print-to-pdf={pdf}"]
        _run([program, *common, *paper, url], pdf, b"%PDF-")
        _run([program, *common, *sheet, f"--screenshot={picture}", f"{url}#paper"], picture, b"\x89PNG")
        for place, file in zip(places, (pdf, picture), strict=True):
            write_whole(place, file.read_bytes())
    return places


def _quietly(folder: str) -> list[str]:
    """Options of a browser without a window, with a profile of its own that goes when it is done."""
    options = [
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-extensions",
        "--disable-sync",
        "--mute-audio",
    ]
    own = [
        f"--user-data-dir={Path(folder, 'profile')}",
        "--virtual-time-budget=30000",
        "--disable-background-networking",
    ]
    own += [f"--window-size={SHEET[0]},{SHEET[1]}"]
    as_root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # its sandbox refuses root
    return [*options, *own, *as_root]


def _run(command: list[str], made: Path, head: bytes) -> None:
    """Run the browser and see that it made what it was asked for."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        subprocess.run(command, timeout=SECONDS, check=False, **quiet)  # nosec B603
    except subprocess.TimeoutExpired as error:
        raise trouble("E-PRINT-004", where=command[0], seconds=SECONDS) from error
    except OSError as error:
        raise trouble("E-PRINT-003", where=command[0]) from error
    if not made.is_file() or not made.read_bytes().startswith(head):
        raise trouble("E-PRINT-003", where=command[0])
