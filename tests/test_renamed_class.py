"""A class that gets another name between two imports: proposed, saved by one command, and no more news after that."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cli.sample import TINY_CLASSES, make_tiny_city

OLD, NEW = TINY_CLASSES[0], TINY_CLASSES[0] + "类"
DAY = "2025-04-28"


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    """A plan file, the import before the new name, the one after it, and one where the class was always called so."""
    folder = tmp_path_factory.mktemp("city")
    calls, cells = make_tiny_city(folder)
    head, *rows = calls.read_text(encoding="utf-8").splitlines()
    named = lambda row, start: row.replace(f",{OLD},", f",{NEW},") if row.split(",")[1] >= start else row  # noqa: E731
    files = {
        "first.csv": [row for row in rows if row.split(",")[1] < DAY],
        "second.csv": [named(row, DAY) for row in rows],
        "always.csv": [named(row, "") for row in rows],
    }
    for name, chosen in files.items():
        (folder / name).write_text("\n".join([head, *chosen]) + "\n", encoding="utf-8")
    assert f",{OLD}," in (folder / "second.csv").read_text(encoding="utf-8")
    plan_of(folder, "first.csv", cells)
    return folder


def plan_of(folder: Path, incidents: str, cells: Path) -> None:
    text = f'[inputs]\nincidents = "{incidents}"\ncells = "{cells.name}"\n\n[plan]\nclass_depth = 2\n'
    (folder / "city.toml").write_text(text, encoding="utf-8")


def run(folder: Path, name: str, *more: str) -> tuple[pd.DataFrame, dict]:
    """A real run: the table of warnings and the manifest."""
    assert execute(["run", *more, "--out", str(folder / name), "--progress", "none"]) == 0
    table = pd.read_csv(folder / name / "early_warnings.csv", dtype=str, keep_default_na=False)
    return table, json.loads((folder / name / "manifest.json").read_text(encoding="utf-8"))


def test_a_renamed_class_raises_neither_a_surge_nor_a_silence(city, capfd):
    plan, cells = city / "city.toml", next(city.glob("cells*"))
    run(city, "one", "--plan", str(plan))
    assert (city / "last_import.json").exists()
    plan_of(city, "second.csv", cells)
    unsaved, _ = run(
        city, "unsaved", "--incidents", str(city / "second.csv"), "--cells", str(cells), "--class-depth", "2"
    )
    assert NEW in set(unsaved["category"]), "without the mapping the new name is a surge, or this shows nothing"

    capfd.readouterr()
    check = ["check", "--plan", str(plan), "--progress", "none"]
    assert execute([*check, "--json"]) == 0
    said = capfd.readouterr()
    against = json.loads(said.out)["against"]
    assert [(r["old"], r["new"]) for r in against["renamings"]] == [(OLD, NEW)]
    assert "--save-mapping --accept-renamed" in said.err
    assert "classes" not in tomllib.loads(plan.read_text(encoding="utf-8"))  # proposed, not decided

    assert execute([*check, "--save-mapping", "--accept-renamed"]) == 0
    saved = tomllib.loads(plan.read_text(encoding="utf-8"))
    assert saved["classes"] == {OLD: NEW} and saved["columns"]["category"] == "诉求类型"

    after, manifest = run(city, "two", "--plan", str(plan))
    always, _ = run(city, "three", "--incidents", str(city / "always.csv"), "--cells", str(cells), "--class-depth", "2")
    pd.testing.assert_frame_equal(after, always)  # to the last figure, ids too
    assert OLD not in set(after["category"]) and "N-CLASS-005" in {n["code"] for n in manifest["notices"]}

    capfd.readouterr()
    assert execute([*check, "--json"]) == 0  # against the import just made
    assert json.loads(capfd.readouterr().out)["against"]["notices"] == []


def test_accepting_without_saving_is_refused(city, capfd):
    assert execute(["check", "--plan", str(city / "city.toml"), "--accept-renamed", "--progress", "none"]) == 2
    assert "--save-mapping" in capfd.readouterr().err
