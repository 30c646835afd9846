"""The zip that `make plugin` builds: what the plugin store asks for, and the plugin manager installs it."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest
from desk import Desk
from desktop import city_parameters, drive, write_profile

LIMIT = 25_000_000
REQUIRED = ["name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository"]
BINARIES = (".exe", ".dll", ".so", ".pyd", ".dylib", ".pyc", ".pyo", ".whl", ".jar", ".bin", ".a", ".lib", ".msi")
NETWORK = {"socket", "ssl", "urllib", "http", "ftplib", "smtplib", "requests", "asyncio", "xmlrpc", "socketserver"}


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    """The zip, made as `make plugin` makes it."""
    path = tmp_path_factory.mktemp("zip") / "gridbeacon.zip"
    command = ["git", "archive", "--format=zip", "--prefix=gridbeacon/", "-o", str(path), "HEAD"]
    if not (root / ".git").exists():
        pytest.skip("not a git working copy")
    assert " ".join(command[:4]) in (root / "Makefile").read_text(encoding="utf-8")
    subprocess.run(command, cwd=root, check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def unzipped(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unzipped")
    zipfile.ZipFile(built).extractall(folder)
    return folder / "gridbeacon"


def test_the_zip_is_laid_out_as_the_store_asks(built):
    """One folder whose name is an identifier; nothing hidden, compiled, nor of the tests; far below 25 MB."""
    entries = zipfile.ZipFile(built).infolist()
    names = [entry.filename for entry in entries]
    print(f"gridbeacon.zip: {built.stat().st_size / 1e6:.1f} MB, {len(names)} entries")
    assert built.stat().st_size < LIMIT
    assert {name.split("/")[0] for name in names} == {"gridbeacon"}
    assert "gridbeacon/LICENSE" in names and "gridbeacon/metadata.txt" in names
    parts = {part for name in names for part in name.split("/")[1:] if part}
    assert not {part for part in parts if part.startswith(".") or part == "__pycache__"}
    assert not {"tests", "benchmarks", "release", "dist", "build", "out"} & {name.split("/")[1] for name in names}
    assert [name for name in names if name.lower().endswith(BINARIES)] == []
    assert not [entry.filename for entry in entries if (entry.external_attr >> 28) == 0xA], "no links"


def test_no_file_of_the_zip_is_a_program(unzipped):
    """Not by its name but by its first bytes: ELF, Windows, Mach-O, Python bytecode."""
    heads = (b"\x7fELF", b"MZ", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
    for path in unzipped.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                assert not stream.read(4).startswith(heads), path.name


def test_its_metadata_is_complete_and_can_be_read(unzipped):
    """Read with interpolation as the store reads it; the version is the one the change log and the package tell."""
    parser = ConfigParser()
    parser.read(unzipped / "metadata.txt", encoding="utf-8")
    general = dict(parser.items("general"))
    assert [key for key in REQUIRED if not general.get(key.lower())] == []
    assert (unzipped / general["icon"]).is_file()
    assert f"## {general['version']}" in (unzipped / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (general["qgisminimumversion"], general["qgismaximumversion"]) == ("3.22", "4.99")
    assert general["hasprocessingprovider"] == "yes"
    code = f"import sys; sys.path.insert(0, {str(unzipped.parent)!r}); import gridbeacon; print(gridbeacon.__version__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == general["version"]


def test_the_store_s_scans_find_nothing(unzipped):
    """Bandit and detect-secrets over the whole unzipped tree, as they are run there: any finding refuses."""
    programs = Path(sys.executable).parent
    bandit = subprocess.run([programs / "bandit", "-r", "-q", "-f", "json", "."], cwd=unzipped, capture_output=True)
    found = json.loads(bandit.stdout)
    assert [(hit["filename"], hit["line_number"], hit["test_id"]) for hit in found["results"]] == []
    assert found["errors"] == []
    scan = subprocess.run([programs / "detect-secrets", "scan", "--all-files", "."], cwd=unzipped, capture_output=True)
    assert json.loads(scan.stdout)["results"] == {}


def test_the_face_knows_no_network(root):
    """No module of the network, and no class of Qt's or QGIS's that fetches, is named anywhere in the plugin."""
    found = []
    for path in sorted((root / "plugin").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [node.attr] if isinstance(node, ast.Attribute) else [node.id] if isinstance(node, ast.Name) else []
            found += [
                f"{path.relative_to(root)}:{node.lineno} {name}"
                for name in names
                if (name.split(".")[0] in NETWORK and name != "urllib.parse")
                or name.startswith(("QNetwork", "QgsNetwork", "QTcp", "QWeb", "QSsl"))
            ]
    assert found == []


@pytest.mark.qgis
def test_the_zip_runs_without_any_network(unzipped, tmp_path, require):
    """QGIS, plugin and engine in a network of their own that has not even a loopback: a whole run."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no network namespaces")
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec {" ".join(alone)} {require("qgis")} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    desk = Desk(tmp_path / "desk", str(python)).put_plugin(unzipped)
    told = desk.ask("run_algorithm.py", parameters=city_parameters(desk.plugin, tmp_path / "runs"))
    assert told["error"] == "" and told["results"]["WARNINGS"] > 0, told["log"]


@pytest.mark.qgis
def test_the_plugin_manager_installs_the_zip_into_a_fresh_profile(built, tmp_path, require):
    """The real desktop, nothing set up: installed by QGIS's own code, started, listed; reloads leave it as it was."""
    require("qgis")
    profiles = tmp_path / "profiles"
    write_profile(profiles, "other_plugin", "zh-Hans")
    wish = {
        "zip": str(built),
        "open": ["gridbeacon_engine", "gridbeacon_toggle"],
        "reloads": 5,
    }
    told = drive(profiles, tmp_path / "work", wish, dict(os.environ), tmp_path / "x.png", "desktop_install.py")
    assert told["exit_code"] == 0 and "error" not in told, told
    assert told["fresh"] == {"plugins": [], "provider": None}
    assert told["installed"]["provider"] >= 1 and told["installed"]["active"]
    assert Path(told["installed"]["folder"]) == profiles / "default" / "python" / "plugins" / "gridbeacon"
    assert told["installed"]["modules"] == [] and told["installed"]["opened"]
    assert (told["left"], told["objects"]) == ({}, {})
    assert told["provider_again"] == told["installed"]["provider"]
