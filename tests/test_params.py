"""A setting is declared once: bounds, words and errors come from the same line; the schema and the plan file follow."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from gridbeacon.cli.options import flag_of
from gridbeacon.cli.schema import describe, make_schema, schema_text
from gridbeacon.errors import InputError
from gridbeacon.params import check, param, params_of
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.plan import plan_params
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]


@dataclass
class Kettle:
    """Settings of many kinds."""

    litres: float = param(1.5, "How much water.", unit="l", low=0.5, high=3.0, zh="水量")
    cups: int = param(4, "How many cups.", low=1)
    tea: str = param("green", "Which tea.", choices=("green", "black"))
    keep_warm: bool = param(True, "Keep it warm.")
    minutes: tuple[int, ...] = param((1, 3), "When to ring.", unit="min", low=1, high=60)
    limit: float | None = param(None, "A limit, or none.", low=0)
    shelf: str = "third"


def test_only_declared_settings_are_settings():
    assert [name for name, *_ in params_of(Kettle)] == ["litres", "cups", "tea", "keep_warm", "minutes", "limit"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"litres": 0.4},
            r"litres must be at least 0.5 l and at most 3.0 l, not 0.4 \(Kettle\). The default is 1.5 l.",
        ),
        ({"cups": 0}, r"cups must be at least 1, not 0"),
        ({"tea": "mint"}, r"tea must be green or black, not 'mint'"),
        ({"minutes": (5, 61)}, r"minutes must be at least 1 min and at most 60 min"),
        ({"limit": -1.0}, r"limit must be at least 0"),
    ],
)
def test_a_value_outside_its_bounds_is_told_with_the_bounds_and_the_default(wrong, said):
    with pytest.raises(InputError, match=said):
        check(Kettle(**wrong))


@given(st.floats(allow_nan=False), st.integers())
def test_a_value_is_refused_exactly_when_it_is_out_of_bounds(litres, cups):
    good = 0.5 <= litres <= 3.0 and cups >= 1
    try:
        check(Kettle(litres=litres, cups=cups))
    except InputError:
        assert not good
    else:
        assert good


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("litres", "float"),
        ("cups", "int"),
        ("tea", "choice"),
        ("keep_warm", "bool"),
        ("minutes", "list"),
        ("limit", "float"),
    ],
)
def test_the_schema_tells_each_kind(name, kind):
    (entry,) = [describe(*facts) for facts in params_of(Kettle) if facts[0] == name]
    assert entry["type"] == kind
    assert json.loads(json.dumps(entry)) == entry


def test_the_committed_schema_is_fresh():
    """`make schema` writes it; the plugin and the command line are built from this file alone."""
    assert (ROOT / "schema.json").read_text(encoding="utf-8") == schema_text()


def settings_of_the_schema():
    schema = make_schema()
    yield from (("run", entry) for entry in schema["run"]["params"])
    for group in ("models", "steps"):
        yield from ((f"{group}.{name}", entry) for name, part in schema[group].items() for entry in part["params"])


def test_every_setting_can_be_read_by_a_newcomer():
    """Help that is a sentence, in both languages; numbers with bounds; a default within its own bounds."""
    for owner, entry in settings_of_the_schema():
        where = f"{owner}.{entry['name']}"
        assert entry["help"].endswith("."), where
        assert entry["zh"], where
        assert entry["name"].isascii() and entry["name"].isidentifier(), where
        if entry["type"] in ("int", "float"):
            assert entry["low"] is not None or entry["high"] is not None, where


def test_names_are_unique_and_free_of_the_fixed_options():
    from gridbeacon.cli.inputs import CELL_COLUMNS, COLUMNS

    names = [name for name, *_ in plan_params()]
    fixed = {
        *COLUMNS,
        *CELL_COLUMNS,
        "incidents",
        "cells",
        "out",
        "plan",
        "ledger",
        "replace",
        "json",
        "progress",
        "crs",
    }
    assert len(names) == len(set(names))
    assert not fixed & set(names)
    assert all(flag_of(name).removeprefix("--").replace("-", "").isalnum() for name in names)


def test_the_plan_survives_its_file(tmp_path):
    plan = Plan().with_settings({"window": 7, "city": '某市 "A" \\ 区', "getis_ord_bandwidth": 750})
    path = tmp_path / "plan.toml"
    path.write_text(plan.to_toml(), encoding="utf-8")
    assert Plan.from_toml(path) == plan
    assert Plan.from_toml(path).version == plan.version != Plan().version
    assert set(tomllib.loads(plan.to_toml())) == set(plan.as_dict())


def other_value(kind, default, p):
    """A value of the setting that is allowed and not its default."""
    if p.choices:
        return next((choice for choice in p.choices if choice != default), default)
    if isinstance(default, bool):
        return not default
    if isinstance(default, tuple):
        return default[:-1] or default * 2 or ("供水排水", "噪音,扰民")
    if isinstance(default, str):
        return default + "某"
    return next(value for value in (default + 1, default - 1, default / 2) if p.allows(type(default)(value)))


@pytest.mark.parametrize("facts", list(plan_params()), ids=lambda facts: facts[0])
def test_every_setting_can_be_changed_and_survives_the_plan_file(facts, tmp_path):
    """One that the plan file or `with_settings` forgets would fail here by name."""
    name, table, own, kind, default, p = facts
    value = "2025-01-05" if name == "as_of" else other_value(kind, default, p)
    try:
        plan = Plan().with_settings({name: value})
    except InputError:
        pytest.fail(f"{name} = {value!r} lies within its bounds and was refused")
    (tmp_path / "plan.toml").write_text(plan.to_toml(), encoding="utf-8")
    again = Plan.from_toml(tmp_path / "plan.toml")
    assert getattr(again.parts()[table], own) == value
    assert again.version != Plan().version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[plan]\nwindw = 7\n", "no setting"),
        ("[weather]\nrain = 1\n", "no setting"),
        ("window = 7\n", "no setting"),
        ("[plan]\nwindow = 0\n", "window must be at least 1"),
        ("[plan]\nwindow = 'a week'\n", "window must be"),
        ("[plan\n", "cannot be read"),
    ],
)
def test_a_wrong_plan_file_is_refused(tmp_path, text, said):
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        Plan.from_toml(tmp_path / "plan.toml")
