"""What every test may lean on: the parts of the machine, the shared real data, calm defaults."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before any Qt: without it the process aborts without a word
os.environ["GRIDBEACON_LANG"] = "en"  # messages and help do not follow the machine's locale here
os.environ.setdefault("OGR_CURRENT_DATE", "2000-01-01T00:00:00Z")

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from postgres_server import WORD, Server, running
from visits import offline_browser

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

settings.register_profile("calm", deadline=None, derandomize=True)
settings.load_profile("calm")


@cache
def _system_python_with_qgis() -> str | None:
    """The interpreter QGIS was built for; rarely the one that runs the tests. GRIDBEACON_QGIS_PYTHON names another."""
    for name in (os.environ.get("GRIDBEACON_QGIS_PYTHON") or "/usr/bin/python3", "python3"):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", "import qgis.core"], capture_output=True).returncode == 0:
            return found
    return None


def _on_path(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


def _postgresql_with_postgis() -> str | None:
    """The folder of the newest PostgreSQL's programs, if PostGIS belongs to it."""
    found = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    found = [p for p in found if Path(f"/usr/share/postgresql/{p.parent.name}/extension/postgis.control").exists()]
    return str(max(found, key=lambda p: int(p.parent.name))) if found else None


def _libreoffice_with_calc() -> str | None:
    """LibreOffice, if its spreadsheet program is installed too: distributions pack it apart."""
    found = _on_path("soffice", "libreoffice")
    home = Path(found).resolve().parent if found else Path()
    return found if found and any((home / f"{stem}sclo{end}").exists() for stem, end in _CALC) else None


CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_CALC = (("lib", ".so"), ("", ".dll"), ("../Frameworks/lib", ".dylib"))


def _wheels_of_the_engine() -> str | None:
    """The folder of wheel files that `make test` fetches once, for the Python of the tests."""
    folder = Path(sys.prefix) / "wheels"
    return str(folder) if (folder / "complete").exists() else None


PARTS: dict[str, Callable[[], str | None]] = {
    "qgis": lambda: _system_python_with_qgis() if _on_path("xvfb-run") else None,
    "chromium": lambda: os.environ.get("GRIDBEACON_CHROMIUM") or _on_path(*CHROMIUMS),
    "firefox": lambda: _on_path("firefox-esr", "firefox"),
    "postgis": lambda: _postgresql_with_postgis(),
    "libreoffice": lambda: _on_path("soffice", "libreoffice") if _on_path("pdftoppm") else None,
    "calc": _libreoffice_with_calc,
    "wheels": lambda: _wheels_of_the_engine(),
}
"""Part of the machine -> where it is, or None."""


def find_part(name: str) -> str:
    """Path of a *part* of the machine; skips the test where it is missing.

    Parts named in GRIDBEACON_REQUIRE (comma separated) may not be missing: there the test fails.
    """
    found = PARTS[name]()
    if found:
        return found
    if name in os.environ.get("GRIDBEACON_REQUIRE", "").split(","):
        pytest.fail(f"{name} is missing, and GRIDBEACON_REQUIRE asks for it")
    pytest.skip(f"{name} is not on this machine")


LONG = """
    models_contract plugin cli_runs journey toolbox plugin_city plugin_zip dock_city nasty_inputs replay desktop
    engine_ways story_postgis engine_page real_cities table_ledger cancels planted_truth plugin_reload incidents_account
    cell_files basemap engine stories briefing aggregate suppression sandbox watch handover story_desktop ledger_kills
"""
"""Files of tests that take long, about the longest first: begun last, one of them would keep one worker alone.

Before them one that compiles every model, beside one that needs none: two would compile the same at the same time, and
copies of the package that are made for a QGIS later bring along what is compiled.
"""


@pytest.hookimpl(trylast=True)  # after pytest-randomly, whose order stands within a file and among the others
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, where each worker takes the next file that is left (`--no-loadscope-reorder`)."""
    place = {f"test_{name}.py": number for number, name in enumerate(LONG.split())}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked with a part of the machine runs only where the part is."""
    for name in PARTS:
        if item.get_closest_marker(name):
            find_part(name)


@pytest.fixture(scope="session")
def require() -> Callable[[str], str]:
    """`require("chromium")` gives the part's path, or skips (or fails, see `find_part`)."""
    return find_part


@pytest.fixture(scope="session")
def postgres(require: Callable[[str], str]) -> Iterator[Server]:
    """A running PostgreSQL server of our own, with PostGIS at hand; its password is `postgres_server.WORD`."""
    pytest.importorskip("psycopg")
    with running(require("postgis")) as server:
        yield server


@pytest.fixture(scope="session")
def browser(require: Callable[[str], str]) -> Iterator[Any]:
    """A headless Chromium without a network, for `visits.Visit`."""
    with offline_browser(require("chromium")) as started:
        yield started


@pytest.fixture(params=["sqlite", "gpkg", "postgres"])
def ledger_place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """Where a ledger may be made: a file, a GeoPackage, or an empty database of a real server."""
    if request.param != "postgres":
        return tmp_path / "city" / f"ledger.{request.param}"
    monkeypatch.setenv("PGPASSWORD", WORD)
    return request.getfixturevalue("postgres").make(f"ledger {uuid4().hex}")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository, which is the package's folder."""
    return ROOT


@pytest.fixture(scope="session")
def city_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `run`, the sample city, and `ledger.sqlite`, into which it was issued. Copy what you change."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "city"
    with locked(folder.with_suffix(".lock")):  # made once for all workers
        if not folder.exists():
            part = tmp_path_factory.mktemp("city")
            asked = ["demo", "--out", str(part / "run"), "--ledger", str(part / "ledger.sqlite")]
            subprocess.run([sys.executable, "-m", "gridbeacon", *asked], check=True, capture_output=True, timeout=300)
            part.rename(folder)
    return folder


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the system lets go of the lock when its holder ends."""
    with path.open("ab") as file:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; the tests that read it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data (../shared/data) is not here")
    return SHARED_DATA


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """`make parity` leaves its table in docs/ when every line held, and none was skipped for want of data or a peer."""
    if os.environ.get("GRIDBEACON_WRITE_PARITY") and exitstatus == 0:
        told = session.config.pluginmanager.get_plugin("terminalreporter").stats
        if told.get("skipped"):
            pytest.exit("docs/parity.md stays as it is: some of its lines were skipped", returncode=1)
        import parity

        apart = ROOT / "tests" / "parity_apart.md"
        parity.write(ROOT / "docs" / "parity.md", apart.read_text(encoding="utf-8") if apart.exists() else "")
