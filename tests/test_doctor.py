"""The doctor: what it looks at, what it names as missing, and that it asks for what the packaging does."""

from __future__ import annotations

import json
import sys

import pytest
from gridbeacon.cli.entry import execute


def test_doctor_looks_at_everything(capsys):
    """The machine that runs the tests is fit, or nothing else here could pass."""
    assert execute(["doctor", "--json"]) == 0
    told = capsys.readouterr()
    found = {finding["name"]: finding for finding in json.loads(told.out)["findings"]}
    assert {"python", "packages", "disk", "coordinates", "browser", "chinese font", "self-test"} <= set(found)
    assert "made-up incidents" in found["self-test"]["detail"]


def test_doctor_names_what_is_missing_and_ends_with_4(monkeypatch, capsys, tmp_path):
    asked = tmp_path / "requirements.txt"
    asked.write_text("click>=8.1\nno-such-package>=2.5\nrich>=9999\n", encoding="utf-8")
    monkeypatch.setattr("gridbeacon.cli.doctor.REQUIREMENTS", asked)
    assert execute(["doctor", "--quick", "--json"]) == 4
    said = capsys.readouterr()
    assert "pip install no-such-package>=2.5 rich>=9999" in said.err and "missing" in said.err
    told = json.loads(said.out)
    assert [(p["name"], p["needed"], p["ok"]) for p in told["packages"]] == [
        ("click", "8.1", True),
        ("no-such-package", "2.5", False),
        ("rich", "9999", False),
    ]
    assert told["packages"][1]["installed"] == "" and told["packages"][2]["installed"]
    assert told["python"]["executable"] == sys.executable and told["fit"] is False
    assert "self-test" not in {finding["name"] for finding in told["findings"]}


@pytest.mark.parametrize(
    ("installed", "needed", "ok"),
    [
        ("2.10.0", "2.9", True),
        ("2.9", "2.10", False),
        ("3.0.0rc1", "3.0", True),
        ("1", "", True),
        ("1.26", "1.26", True),
    ],
)
def test_a_version_is_compared_by_its_numbers(monkeypatch, installed, needed, ok):
    from gridbeacon.cli import doctor

    monkeypatch.setattr(doctor, "version", lambda name: installed)
    (found,) = doctor.packages_of(f"click>={needed}" if needed else "click")
    assert (found.installed, found.needed, found.ok) == (installed, needed, ok)


def test_doctor_looks_for_what_the_packaging_asks_for():
    from importlib.metadata import requires

    from gridbeacon.cli.doctor import REQUIREMENTS

    needed = [line for line in requires("gridbeacon") if "extra ==" not in line]
    asked = REQUIREMENTS.read_text(encoding="utf-8").split()
    assert sorted(line.lower() for line in asked) == sorted(line.lower() for line in needed)
