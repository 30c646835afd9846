"""The zip for a computer without a network: what goes into it, in which order, and what is refused on the way."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from test_engine_ways import put_wheel


@pytest.fixture(scope="module")
def offline(root):
    """release/offline.py, which no package holds."""
    spec = importlib.util.spec_from_file_location("offline", root / "release" / "offline.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["offline"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["offline"]


def needs(*lines: str) -> dict[str, str]:
    """METADATA of the wheel alpha that asks for more."""
    told = "Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n" + "".join(f"Requires-Dist: {line}\n" for line in lines)
    return {"alpha-1.0.dist-info/METADATA": told}


def test_packages_are_those_of_the_system_the_zip_is_for(offline, tmp_path):
    """Markers are those of Windows, not of the machine that makes the zip; extras are left out."""
    lines = ('beta; sys_platform == "win32"', 'gamma; sys_platform == "linux"', 'delta; extra == "more"', "epsilon>=2")
    found = {"alpha": put_wheel(tmp_path, "alpha", **needs(*lines)), "epsilon": put_wheel(tmp_path, "epsilon")}
    closure = offline.closure
    assert closure(offline.TARGETS["windows"], ["alpha>=1"], found) == ({"alpha", "epsilon"}, {"beta"})
    assert closure(offline.TARGETS["linux"], ["alpha>=1"], found) == ({"alpha", "epsilon"}, {"gamma"})


def test_the_same_content_gives_the_same_bytes_and_true_checksums(offline, tmp_path):
    """Whatever the date; every file but the list itself stands in SHA256SUMS."""
    content = [("b/网格.txt", b"2"), ("a.txt", b"1")]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        offline.pack(tmp_path / name / "x.zip", "x", iter(content))
    first, second = ((tmp_path / name / "x.zip").read_bytes() for name in ("one", "two"))
    assert first == second
    with zipfile.ZipFile(tmp_path / "one" / "x.zip") as archive:
        lines = archive.read("x/SHA256SUMS").decode().splitlines()
        assert lines == [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(content)]
        assert archive.read("x/b/网格.txt") == b"2"
        assert {entry.date_time for entry in archive.infolist()} == {offline.MOMENT}


@pytest.mark.parametrize("names", [("a", "a"), ("a" * 181,)])
def test_a_name_twice_or_too_long_for_windows_stops_it(offline, tmp_path, names):
    with pytest.raises(SystemExit, match="twice in the zip, or too long"):
        offline.pack(tmp_path / "x.zip", "x", iter((name, b"") for name in names))
    assert not (tmp_path / "x.zip").exists()


def test_wheels_are_unpacked_as_the_engine_page_would(offline, tmp_path):
    """Scripts are left out; a file that is not what the wheel says stops it."""
    reader = offline.scripts()
    wheel = put_wheel(tmp_path, "alpha", **{"alpha-1.0.data/scripts/alpha": "x", "alpha-1.0.data/purelib/more.py": "y"})
    assert {name for name, _ in offline.unpacked(reader, wheel)} == {
        *("alpha/__init__.py", "more.py"),
        *(f"alpha-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")),
    }
    false = put_wheel(tmp_path / "false", "alpha", RECORD="alpha/__init__.py,sha256=AAAA,1\n")
    with pytest.raises(reader.Refused):
        list(offline.unpacked(reader, false))


def test_everything_the_guide_speaks_of_is_in_the_zip(offline, root, tmp_path, monkeypatch):
    """Plugin, guide with its pictures, sample city, list of packages, packages."""
    monkeypatch.setattr(offline.shutil, "which", lambda name: None)
    (tmp_path / "guide").mkdir()
    offline.make_guide(tmp_path / "guide")
    plugin = tmp_path / "gridbeacon.zip"
    plugin.write_bytes(b"plugin")
    wheels = [put_wheel(tmp_path / "wheels", "alpha")]
    content = dict(offline.members(offline.TARGETS["linux"], wheels, plugin, tmp_path / "guide"))
    page = content["guide.zh.html"].decode()
    pictures = {part.split('"')[0] for part in page.split('src="')[1:]}
    assert len(pictures) >= 4 and pictures <= set(content)
    said = {"gridbeacon.zip", "packages.txt", "sample_city/cells.geojson.zip", "sample_city/incidents_2025.csv.zip"}
    assert said <= set(content) and all(Path(name).name in page for name in said)
    assert "packages/alpha/__init__.py" in content
    assert "没有在真正的 Windows 电脑和 Windows 版 QGIS 上运行过" in page


@pytest.mark.chromium
def test_the_guide_has_two_pages_of_a4(offline, tmp_path, require):
    """Printed as `make offline` prints it; the same bytes each time."""
    require("libreoffice")  # brings pdfinfo
    printed = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        offline.make_guide(tmp_path / name)
        printed.append((tmp_path / name / "guide.zh.pdf").read_bytes())
    told = subprocess.run(["pdfinfo", tmp_path / "one" / "guide.zh.pdf"], capture_output=True, text=True).stdout
    assert "Pages:           2" in told and "(A4)" in told
    assert printed[0] == printed[1]
