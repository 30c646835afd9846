"""Name and version come from metadata.txt alone; the wheel and the plugin's zip hold what they should, no more."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path

import gridbeacon
import pytest

ROOT = Path(__file__).parents[1]
REQUIRED = ["name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository"]


def read_metadata():
    parser = ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    return parser["general"]


def git_lists(*arguments):
    """Paths git knows of; the test is skipped outside a working copy."""
    if not shutil.which("git"):
        pytest.skip("git is not here")
    done = subprocess.run(["git", "ls-files", "-z", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git working copy")
    return sorted(name for name in done.stdout.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what git holds (or would), in a folder whose name is no identifier."""
    folder = tmp_path_factory.mktemp("build") / "my-repo.v1"
    for name in git_lists("--cached", "--others", "--exclude-standard"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (path,) = out.glob("*.whl")
    return path


def test_the_version_is_written_once():
    """A second copy of the number in any file that ships would one day disagree."""
    here = read_metadata()["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", here)
    assert gridbeacon.__version__ == version("gridbeacon") == here
    for name in ("setup.py", "pyproject.toml", "__init__.py"):
        assert here not in (ROOT / name).read_text(encoding="utf-8")


def test_the_changelog_tells_this_version():
    assert f"## {read_metadata()['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_store_finds_what_it_asks_for():
    general = read_metadata()
    assert [name for name in REQUIRED if not general.get(name)] == []
    assert "%" not in (ROOT / "metadata.txt").read_text(encoding="utf-8")
    assert (ROOT / general["icon"]).is_file()
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_wheel_holds_the_rooms_and_their_data_but_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name for name in names if ".dist-info/" not in name}
    tops = {name.split("/")[1].removesuffix(".py") for name in inside}
    assert {name.split("/")[0] for name in inside} == {"gridbeacon"}
    assert not tops & {"tests", "benchmarks", "docs", "setup", "conftest", "build"}
    data = [name for name in git_lists("--cached", "--others", "--exclude-standard") if _ships(name)]
    assert [name for name in data if f"gridbeacon/{name}" not in inside] == []


def _ships(name):
    """Whether a file of the repository belongs into the wheel."""
    top = name.split("/")[0]
    rooms = {"cli", "layers", "models", "pipeline", "plugin", "sample_data"}
    return top in rooms or name in {"metadata.txt", "schema.json", "LICENSE", "cube.py", "errors.py", "params.py"}


def test_the_unpacked_wheel_runs_under_another_roof(wheel, tmp_path):
    """Not the working copy that the tests run from: its folder stands first on the path of a fresh interpreter."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from gridbeacon.cli.entry import execute;"
        " print(sys.modules[execute.__module__].__file__); sys.exit(execute(['--version']))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    where, said = done.stdout.splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert said == f"gridbeacon {read_metadata()['version']}"


def test_the_plugin_zip_leaves_out_what_users_do_not_need():
    """`make plugin` is git archive, so .gitattributes decides."""
    if not git_lists("--cached", "--others", "--exclude-standard"):
        pytest.skip("not a git working copy")

    def left_out(name):
        done = subprocess.run(["git", "check-attr", "export-ignore", name], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip().endswith(": set")

    assert all(left_out(name) for name in ("tests", ".ci", "benchmarks", ".gitignore", ".gitattributes"))
    assert not any(
        left_out(name) for name in ("LICENSE", "metadata.txt", "plugin", "cli", "sample_data", "schema.json")
    )


def test_no_binaries_and_nothing_big_is_kept():
    """The store refuses zips above 25 MB; the sample city has 4 MB of it."""
    sizes = {name: (ROOT / name).stat().st_size for name in git_lists("--cached", "--others", "--exclude-standard")}
    assert [name for name in sizes if name.endswith((".pyc", ".so", ".dll", ".exe", ".pyd"))] == []
    assert sum(size for name, size in sizes.items() if name.startswith("sample_data/")) <= 4_000_000
    assert sum(sizes.values()) < 20_000_000
