"""What a user says of the data stands in every output that is read inside, as text, and never outside."""

from __future__ import annotations

import json
import zipfile

import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cli.inputs import of_plan_file
from gridbeacon.cli.sample import make_tiny_city

REMARK = "=1+1 只用了选中的 3 条 <img src=x onerror=alert(1)> {text}"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return make_tiny_city(tmp_path_factory.mktemp("city"))


def asked(command, city, *more):
    incidents, cells = map(str, city)
    return [command, "--incidents", incidents, "--cells", cells, "--progress", "none", *map(str, more)]


@pytest.fixture(scope="module")
def out(city, tmp_path_factory):
    """A run with two remarks and a blank one, and its public folder beside it."""
    folder = tmp_path_factory.mktemp("run")
    remarks = ["--remark", REMARK, "--remark", "去年数据不全", "--remark", "  "]
    arguments = asked("run", city, *remarks, "--out", folder / "out", "--public", folder / "public")
    assert execute(arguments) == 0
    return folder / "out"


def test_every_remark_is_a_notice_of_its_own(out):
    notices = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["notices"]
    told = [(n["en"], n["zh"]) for n in notices if n["code"] == "N-REMARK-001"]
    assert told == [(f"remark: {text}", f"说明:{text}") for text in (REMARK, "去年数据不全")]


def test_it_is_read_where_the_results_are_read_and_is_only_text(out):
    page = (out / "briefing.html").read_text(encoding="utf-8")
    assert "只用了选中的 3 条" in page and "<img src=x" not in page
    with zipfile.ZipFile(out / "early_warnings.xlsx") as book:
        assert "只用了选中的 3 条" in book.read("xl/sharedStrings.xml").decode("utf-8")
        assert not any(b"<f>" in book.read(name) for name in book.namelist())


def test_the_public_page_does_not_hold_it(out):
    """A filter may name what only the office knows."""
    public = out.parent / "public"
    assert any(public.iterdir())
    for path in public.rglob("*"):
        assert path.is_dir() or "只用了选中".encode() not in path.read_bytes()


def test_a_check_tells_it_too(city, capsys):
    assert execute(asked("check", city, "--remark", "试用", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [n["zh"] for n in found["notices"] if n["code"] == "N-REMARK-001"] == ["说明:试用"]


@pytest.mark.parametrize("step", ["count_incidents", "getis_ord", "topology"])
def test_a_step_tells_it_once(city, tmp_path, capsys, step):
    """Whether its work reads incidents whole, in pieces, or not at all."""
    arguments = asked(step, city, "--remark", "试用", "--out", tmp_path / "table.csv")
    assert execute(["step", *arguments]) == 0
    assert capsys.readouterr().err.count("试用") == 1


@pytest.mark.parametrize("text, remarks", [('"一条"', ("一条",)), ('["一", " ", "二"]', ("一", "二"))])
def test_a_plan_file_may_hold_it(tmp_path, text, remarks):
    plan = tmp_path / "city.toml"
    plan.write_text(f'[inputs]\nincidents = "a.csv"\nremark = {text}\n', encoding="utf-8")
    assert of_plan_file(plan).remarks == remarks
