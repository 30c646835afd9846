"""The Engine page in a real QGIS: with nothing installed, with an engine, with a wrong one; and it makes one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from desk import Desk
from test_engine_ways import without_network

pytestmark = pytest.mark.qgis
NONE = {"GRIDBEACON_ENGINE_PYTHON": ""}


@pytest.fixture
def desk(tmp_path, require, root):
    """A fresh profile with the whole plugin; the engine is this Python."""
    return Desk(tmp_path / "张三 文档", require("qgis")).put_plugin(root)


@pytest.mark.parametrize(
    ("locale", "title", "button"),
    [
        ("en", "Set up the engine: once, in a few minutes", "From a &folder, without internet…"),
        ("zh_CN", "设置计算引擎:只需一次,几分钟完成", "从文件夹安装,无需联网(&F)…"),
    ],
)
def test_with_nothing_installed_the_page_invites(desk, locale, title, button):
    """It has found the Python of QGIS by itself, and offers the ways that can be gone; nothing is tested."""
    told = desk.ask("open_engine_page.py", locale=locale, acts=[], environment=NONE)["first"]
    assert told["title"] == title and told["ways"] and not told["test"]
    version = subprocess.run([desk.python, "-V"], capture_output=True, text=True).stdout.split()[1]
    assert f"Python {version}" in told["own"]
    assert told["buttons"]["packages_from"] == [button, True]


def test_an_engine_is_shown_tested_and_replaced(desk):
    """Which Python, where it came from, its packages; a Python that lacks them, and one that is none, named."""
    told = desk.ask("open_engine_page.py", acts=["test", "name"], paths=[desk.python, "/nowhere/python"])
    first, tested, (named, gone) = told["first"], told["tested"], told["named"]
    assert first["title"] == "The engine is ready" and not first["ways"] and first["test"]
    assert f"Python: {sys.executable}" in first["state"] and "GRIDBEACON_ENGINE_PYTHON" in first["state"]
    assert ["numpy", "✓ there"] in first["packages"] and len(first["packages"]) > 15
    assert tested["text"].startswith("The engine is ready.") and "numpy" in tested["text"], tested["text"]
    assert named["title"].startswith("This Python lacks ") and named["packages"][0][1] in ("✗ missing", "✗ too old")
    assert told["forgotten"]["title"] == "The engine is ready"
    assert "is not where it should be: /nowhere/python" in gone["title"] and gone["ways"] and not gone["test"]


@pytest.mark.wheels
@pytest.mark.slow
def test_the_page_makes_an_engine_from_wheels_without_a_network(desk, require, monkeypatch):
    """By the Python of QGIS itself, in the profile's own folder; then it tests it. The window lives on."""
    version = subprocess.run([desk.python, "-V"], capture_output=True, text=True).stdout.split()[1]
    if version.split(".")[:2] != [str(number) for number in sys.version_info[:2]]:
        pytest.skip(f"the wheels are for {sys.version_info[:2]}, QGIS has {version}")
    wrap, environment = without_network()
    asked = {"name": desk.name, "acts": ["make"], "wheels": require("wheels"), "environment": {**NONE, **environment}}
    command = [*wrap, desk.python, str(Path(__file__).parent / "qgis" / "open_engine_page.py"), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, env=desk.environment(), timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    made = told["made"]
    assert made["title"] == "The engine is ready" and not made["ways"], made
    assert made["text"].startswith("The engine is ready."), made["text"]
    assert str(desk.plugin.parents[2] / "gridbeacon" / "packages") in made["state"]
    assert told["bundled"] != sys.executable and told["longest"] < 0.5, told["longest"]
