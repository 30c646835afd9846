"""What the form asks for is what a person would type, and the fields it shows are those the engine will find."""

from __future__ import annotations

import json

import click
import pytest
from gridbeacon.cli.every_command import gridbeacon as main
from gridbeacon.errors import InputError
from gridbeacon.layers.columns.names import find_columns
from gridbeacon.layers.grids import names as cell_names
from gridbeacon.pipeline.plan import Plan
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("PyQt5")
from gridbeacon.plugin import schema
from gridbeacon.plugin.host import FILE, POINTS, Request, Source
from gridbeacon.plugin.request import arguments, option_of, options

CALLS = Source("calls", POINTS, layer="calls_1a2b")
REQUEST = Request(
    incidents=(CALLS, Source("二月.csv", FILE, path="/data/二 月.csv")),
    cells=Source("cells", FILE, path="/data/cells.gpkg|grid"),
    columns={"time": "受理时间", "category": "大类,小类", "cell_id": "网格编码"},
    settings={
        "window": 14,
        "nb_predictive_windows": [1, 3],
        "nb_predictive_so_far": True,
        "getis_ord_self_included": False,
        "classes": ["供水", "噪声/夜间"],
    },
    files={"ledger": "/data/ledger.sqlite", "responsible": "/data/r.csv", "basemap": "", "days": "/data/days.csv"},
    preset="weekly",
    out="/data/runs/1",
)
FILES = {CALLS.key: "/tmp/work/incidents0.gpkg|incidents0"}


def test_a_request_is_what_a_person_would_type():
    assert options(REQUEST, FILES) == [
        *("--incidents", "/tmp/work/incidents0.gpkg|incidents0", "--incidents", "/data/二 月.csv"),
        *("--cells", "/data/cells.gpkg|grid"),
        *("--time=受理时间", "--category=大类,小类", "--cell-id=网格编码"),
        "--preset=weekly",
        *("--window=14", "--nb-predictive-windows=1,3", "--nb-predictive-so-far"),
        *("--no-getis-ord-self-included", "--classes=供水,噪声/夜间"),
        *("--ledger=/data/ledger.sqlite", "--responsible=/data/r.csv", "--days=/data/days.csv"),
        "--out=/data/runs/1",
    ]


@pytest.mark.parametrize("command", ["run", "check"])
def test_the_command_line_understands_every_option(command):
    """`check` is not asked what it does not know: it writes no ledger."""
    name, *asked = arguments(command, REQUEST, FILES)
    known = main.get_command(click.Context(main), name)
    read = known.make_context(name, list(asked)).params
    assert read["incidents"] == ("/tmp/work/incidents0.gpkg|incidents0", "/data/二 月.csv")
    assert (read["time"], read["category"], read["cell_id"]) == ("受理时间", "大类,小类", "网格编码")
    assert (read["preset"], read["window"]) == ("weekly", 14)
    assert (read["nb_predictive_so_far"], read["getis_ord_self_included"]) == (True, False)
    assert read["as_json"] if command == "check" else read["ledger"] == "/data/ledger.sqlite"
    assert read["responsible"] == "/data/r.csv" and read["out"] == "/data/runs/1"


@pytest.mark.parametrize(
    "classes",
    [
        ["噪音,扰民"],
        ["噪音，扰民", "供水/漏水"],
        ["[试点]供水"],
        ['[1, "2"]'],
        ["供水", "噪声/夜间"],
        ["a b", 'c"d', "e,"],
    ],
)
def test_the_engine_reads_the_classes_that_were_ticked(classes):
    """A name with a comma in it, of either width, or that looks like a list, stays one class."""
    option = option_of("classes", classes).partition("=")[2]
    assert Plan().with_settings({"classes": option}).classes == tuple(classes)


@pytest.mark.parametrize("name", ["-x", "a=b", "O'Brien; rm"])
def test_a_field_with_an_odd_name_stays_one_option(name):
    known = main.get_command(click.Context(main), "check")
    request = Request(incidents=REQUEST.incidents, columns={"time": name})
    assert known.make_context("check", arguments("check", request, FILES)[1:]).params["time"] == name


KNOWN = sorted({name for names in json.loads(schema.COLUMNS.read_text("utf-8"))["roles"].values() for name in names})


@given(
    st.lists(st.sampled_from([*KNOWN, "备注", "单位", "Opened-At", "TIME", "诉求大类 "]), unique=True, max_size=12),
    st.booleans(),
)
def test_the_fields_guessed_are_those_the_engine_finds(fields, has_points):
    """For any mixture of known names, unknown ones, and known ones in other letters."""
    try:
        found = find_columns(fields, where="calls", has_geometry=has_points)
    except InputError:
        guessed = schema.guess(fields, has_points=has_points)
        assert "time" not in guessed or not {"lon", "cell_code"} & set(guessed)
        return
    assert schema.guess(fields, has_points=has_points) == found.columns


def test_fields_of_persons_are_known():
    fields = ["联系电话", "来电人姓名", "Caller-Name", "E-Mail", "受理时间", "网格员"]
    assert [name for name in fields if not schema.is_person_field(name)] == ["受理时间"]


def test_the_names_of_cell_fields_are_the_engines():
    """The table beside the incidents' names holds what `layers.grids.names` knows, in its order."""
    table = json.loads(schema.COLUMNS.read_text("utf-8"))["cells"]
    sure = [name for name in cell_names.CELL_IDS if name not in cell_names.LAST_RESORTS]
    assert table["cell_id"] == sure
    assert tuple(table["cell_name"]) == cell_names.CELL_NAMES
    assert tuple(table["cell_population"]) == cell_names.POPULATIONS
    assert tuple(table["cell_responsible"]) == cell_names.RESPONSIBLES
    assert tuple(table["cell_role"]) == cell_names.ROLE_COLUMNS
    guessed = schema.guess_cells(["街道", "网格 编码", "名称", "常住人口", "shape"])
    assert guessed == {"cell_id": "网格 编码", "cell_name": "名称", "cell_population": "常住人口"}


def test_values_of_choices_have_chinese_words(monkeypatch):
    monkeypatch.setenv("GRIDBEACON_LANG", "zh")
    params = {param["name"]: param for param in schema.read_schema()["run"]["params"]}
    assert [schema.choice_of(params["bin"], value) for value in ("hour", "day", "week")] == ["小时", "天", "周"]
    monkeypatch.setenv("GRIDBEACON_LANG", "en")
    assert schema.choice_of(params["bin"], "hour") == "hour"
