"""The ways to get an engine: what is refused, what a cancel leaves, and an engine made and run with no network."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from test_engine import BLOCK, ask

BASE = Path(sys.base_prefix) / "bin" / "python3"
"""A Python without the engine's packages."""
DEAD = "http://127.0.0.1:9"
HERE = f"cp3{sys.version_info[1]}"
POISON = dict.fromkeys(("PYTHONHOME", "PYTHONPATH", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA"), "/nowhere")


def without_network() -> tuple[tuple[str, ...], dict[str, str]]:
    """A command that takes the network away from what it starts; where that may not be, an index that is nowhere."""
    wrap = ("unshare", "-r", "-n")
    done = subprocess.run([*wrap, "true"], capture_output=True) if os.name == "posix" else None
    if done is not None and done.returncode == 0:
        return wrap, {}
    return (), {"PIP_NO_INDEX": "1", "http_proxy": DEAD, "https_proxy": DEAD, "all_proxy": DEAD}


def put_wheel(folder: Path, name: str, tag: str = "py3-none-any", *, version: str = "1.0", **more: str) -> Path:
    """A small wheel as PEP 427 has it; *more* are further members by path, `RECORD` replaces the true list."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    members = {
        f"{name}/__init__.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        **{path: text for path, text in more.items() if path != "RECORD"},
    }
    record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in members.items())
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)
        archive.writestr(f"{info}/RECORD", more.get("RECORD", record + f"{info}/RECORD,,\n"))
    return path


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def unpacked(root: Path, folder: Path, target: Path, needs: str = "alpha>=1.0\n") -> tuple[int, dict[str, Any]]:
    """Exit code and last message of scripts/wheels.py over *folder*."""
    wanted = folder.parent / "requirements.txt"
    wanted.write_text(needs, encoding="utf-8")
    script = root / "plugin" / "engine" / "scripts" / "wheels.py"
    done = subprocess.run(
        [BASE, "-I", "-X", "utf8", script, folder, target, wanted], capture_output=True, text=True, encoding="utf-8"
    )
    return done.returncode, json.loads(done.stderr.strip().splitlines()[-1])


def test_wheels_become_a_folder_of_packages(root, tmp_path):
    """Of several fitting ones the newest; those for other systems are passed over where one fits."""
    folder, target = tmp_path / "包 裹", tmp_path / "made"
    put_wheel(folder, "alpha", version="1.9")
    put_wheel(folder, "alpha", version="1.10", **{"alpha-1.10.data/purelib/alpha/more.py": "x = 1\n"})
    put_wheel(folder, "beta", f"{HERE}-{HERE}-manylinux_2_17_x86_64.manylinux2014_x86_64")
    put_wheel(folder, "beta", "cp312-cp312-win_amd64")
    put_wheel(folder, "gamma", "cp38-abi3-manylinux2014_x86_64")
    code, told = unpacked(root, folder, target, "alpha>=1.10\nbeta\ngamma\n")
    assert (code, told) == (0, {"done": {"out": str(target)}})
    assert (target / "alpha" / "__init__.py").read_text(encoding="utf-8") == "VERSION = '1.10'\n"
    assert (target / "alpha" / "more.py").is_file() and (target / "beta").is_dir() and (target / "gamma").is_dir()
    with (target / "beta-1.0.dist-info" / "RECORD").open("a", encoding="utf-8") as record:
        record.write("../../bin/beta,sha256=AAAA,1\n")  # as `pip install --target` lists a program
    assert unpacked(root, target, tmp_path / "unused")[1] == {"done": {"out": str(target)}}, "it is used where it lies"
    (target / "alpha" / "more.py").write_text("x = 2\n", encoding="utf-8")
    assert "alpha/more.py" in unpacked(root, target, tmp_path / "unused")[1]["error"]["problem"]


WRONG = {
    "other system": ({"tag": f"{HERE}-{HERE}-win_amd64"}, "do not fit this Python"),
    "other version": ({"tag": "cp39-cp39-manylinux2014_x86_64"}, "do not fit this Python"),
    "newer abi3": ({"tag": "cp399-abi3-manylinux2014_x86_64"}, "do not fit this Python"),
    "other machine": ({"tag": f"{HERE}-{HERE}-manylinux2014_s390x"}, "do not fit this Python"),
    "newer glibc": ({"tag": f"{HERE}-{HERE}-manylinux_2_99_x86_64"}, "do not fit this Python"),
    "way out": ({"../evil.py": "x"}, "outside the folder: ../evil.py"),
    "root": ({"/evil.py": "x"}, "outside the folder: /evil.py"),
    "way out in data": ({"alpha-1.0.data/purelib/../../../evil.py": "x"}, "outside the folder"),
    "drive": ({"C:\\evil.py": "x"}, "outside the folder"),
    "damaged": ({"RECORD": "alpha/__init__.py,sha256=AAAA,1\n"}, "is not what the package says"),
    "unlisted": ({"RECORD": ""}, "is not what the package says"),
    "too old": ({"version": "0.9"}, "missing or too old: alpha"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wheels_that_are_wrong_are_refused(root, tmp_path, case):
    """In words and in both languages; nothing is written outside the folder."""
    facts, words = WRONG[case]
    put_wheel(tmp_path / "wheels", "alpha", **facts)
    code, told = unpacked(root, tmp_path / "wheels", tmp_path / "made")
    assert code == 2 and words in told["error"]["problem"], told
    assert all(told["error"][name] for name in ("problem_zh", "where", "fix", "fix_zh"))
    assert list(tmp_path.rglob("evil.py")) == [] and not (tmp_path.parent / "evil.py").exists()


def test_checksums_are_compared_where_they_lie_beside(root, tmp_path):
    folder = tmp_path / "wheels"
    path = put_wheel(folder, "alpha")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  wheels/{path.name}\n", encoding="utf-8")
    assert unpacked(root, folder, tmp_path / "made")[0] == 0
    for text in (f"{'0' * 64}  wheels/{path.name}\n", f"{'0' * 64}  wheels/another.whl\n"):
        sums.write_text(text, encoding="utf-8")
        assert "is not the file that SHA256SUMS lists" in unpacked(root, folder, tmp_path / "no")[1]["error"]["problem"]


def test_an_empty_folder_and_a_broken_wheel_are_refused(root, tmp_path):
    (tmp_path / "none").mkdir()
    assert "neither a wheel" in unpacked(root, tmp_path / "none", tmp_path / "made")[1]["error"]["problem"]
    (tmp_path / "none" / "alpha-1.0-py3-none-any.whl").write_bytes(b"PK no zip")
    assert "cannot be read" in unpacked(root, tmp_path / "none", tmp_path / "made")[1]["error"]["problem"]


def test_a_python_too_old_for_the_engine_is_told(root, monkeypatch, tmp_path):
    path = root / "plugin" / "engine" / "scripts" / "wheels.py"
    spec = importlib.util.spec_from_file_location("wheels", path)
    wheels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(wheels)
    monkeypatch.setattr(wheels.sys, "version_info", (3, 9, 5))
    with pytest.raises(wheels.Refused, match=r"needs 3\.11"):
        wheels.make(tmp_path, tmp_path / "made", "")


@pytest.fixture
def plugin(tmp_path, root):
    """The whole package as a user unzips it, in a folder with a blank and Chinese in its name."""
    return Desk(tmp_path / "张三 文档", sys.executable).put_plugin(root).plugin


@pytest.mark.wheels
@pytest.mark.slow
def test_an_engine_from_a_folder_of_wheels_runs_the_city_without_a_network(plugin, tmp_path, require):
    """QGIS's variables poisoned. A cancel and a wrong folder leave nothing; then the engine is made and runs."""
    wrap, environment = without_network()
    home = tmp_path / "李四 家"
    wheels, wrong = Path(require("wheels")), tmp_path / "wrong"
    put_wheel(wrong, "numpy", "cp39-cp39-win_amd64")
    way = {"do": "way", "name": "packages_from", "python": str(BASE)}
    acts = [
        {"do": "poison", "with": POISON},
        {**way, "folder": str(wrong)},
        {**way, "folder": str(wheels), "cancel_after": 1200},
        {**way, "folder": str(wheels)},
        {"do": "find"},
        {"do": "probe"},
        {"do": "job", "arguments": ["demo", "--out", str(tmp_path / "out")]},
    ]
    _, refused, cancelled, made, found, probed, run = ask(plugin, home, acts, wrap=wrap, **environment)
    assert "do not fit this Python" in refused["error"][0]
    assert (cancelled["ending"], cancelled["left"]) == ("cancelled", []) and cancelled["took"] < 2.0
    assert made["ending"] == "finished" and made["longest"] < BLOCK, made
    own = home / ".local" / "share" / "GridBeacon"
    assert (found["python"], found["packages"]) == (str(BASE), str(own / "packages"))
    assert all(package["ok"] for package in probed["done"]["json"]["packages"])
    assert run["ending"] == "finished" and run["done"]["warnings"] > 0, run
    assert {path.name for path in own.iterdir() if ".gone-" not in path.name} == {"packages", "engine.json"}


def test_a_virtual_environment_from_a_folder_of_wheels(plugin, tmp_path):
    """Made with no network. It stays in use when QGIS ends in the middle of the next try, and when that fails."""
    wrap, environment = without_network()
    home, wheels, empty = tmp_path / "李四 家", tmp_path / "轮 子", tmp_path / "empty"
    empty.mkdir()
    put_wheel(wheels, "alpha")
    (tmp_path / "requirements.txt").write_text("alpha>=1.0\n", encoding="utf-8")
    way = {"do": "way", "name": "environment_from", "python": str(BASE), "folder": str(empty)}
    begin, find, probe = {"do": "require", "file": str(tmp_path / "requirements.txt")}, {"do": "find"}, {"do": "probe"}
    acts = [begin, {**way, "folder": str(wheels)}, find, probe]
    _, made, found, probed = ask(plugin, home, acts, wrap=wrap, **environment)
    own = home / ".local" / "share" / "GridBeacon"
    assert made["ending"] == "finished", made
    own.joinpath("engine").rename(own / "engine.before")
    own.joinpath("engine", "bin").mkdir(parents=True)
    own.joinpath("engine", "bin", "python").touch()
    acts = [begin, find, way, find, probe, {**way, "cancel_after": 0}, find]
    _, aside, failed, still, again, cancelled, last = ask(plugin, home, acts, wrap=wrap, **environment)
    assert aside["python"] == str(own / "engine.before" / "bin" / "python")
    assert failed["error"][0] == "The packages could not be installed." and "alpha" in failed["error"][1]
    assert cancelled["ending"] == "cancelled"
    assert found["python"] == still["python"] == last["python"] == str(own / "engine" / "bin" / "python")
    alpha = {"name": "alpha", "floor": "1.0", "version": "1.0", "ok": True}
    assert [told["done"]["json"]["packages"] for told in (probed, again)] == [[alpha], [alpha]]


def test_a_folder_that_another_program_holds_is_told(plugin, tmp_path):
    """When a way is begun and when it is undone: one ending, in words."""
    way = {"do": "way", "name": "packages_from", "python": str(BASE), "folder": str(tmp_path), "held": True}
    (tmp_path / "home" / ".local" / "share" / "GridBeacon" / "packages.gone-1").mkdir(parents=True)
    (told,) = ask(plugin, tmp_path / "home", [way])
    assert (told["ending"], told["endings"]) == ("failed", 1) and "no room" in told["error"][0]
    assert "no room" in told["said"][-1]


def test_packages_are_back_where_the_new_ones_cannot_be_put(tmp_path):
    """Windows renames no folder in which a file is open."""
    from gridbeacon.plugin.engine import ways

    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "numpy.py").touch()
    with pytest.raises(OSError):
        ways._exchange(BASE, tmp_path / "packages.new", packages)
    assert (packages / "numpy.py").is_file() and len(list(tmp_path.iterdir())) == 1


def test_a_package_without_a_version_does_not_hide_the_others(root, tmp_path):
    for name, version in (("alpha", "unknown"), ("beta", "1.2rc1")):
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("alpha>=1\nbeta>=1.2\n", encoding="utf-8")
    script = root / "plugin" / "engine" / "scripts" / "probe.py"
    environment = {**os.environ, "GRIDBEACON_PACKAGES": str(tmp_path)}
    done = subprocess.run([BASE, script, wanted], capture_output=True, text=True, env=environment)
    assert [package["ok"] for package in json.loads(done.stdout)["packages"]] == [False, True]
