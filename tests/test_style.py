"""The palette: readable, complete, and free of anything but the standard library."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
from gridbeacon.layers import style


def test_levels_run_from_red_to_blue_with_a_verb_each():
    assert style.LEVEL_NAMES == ("red", "orange", "yellow", "blue")
    assert [level.verb("zh") for level in style.LEVELS] == ["立即核查", "今日核查", "关注", "知悉"]
    assert [level.verb("en") for level in style.LEVELS] == ["Check now", "Check today", "Watch", "Note"]
    assert [level.numeral for level in style.LEVELS] == ["I", "II", "III", "IV"]


@pytest.mark.parametrize("level", style.LEVELS, ids=style.LEVEL_NAMES)
@pytest.mark.parametrize("theme", style.THEMES)
def test_a_level_reads_on_every_ground(level, theme):
    for ground in ("page", "panel"):
        assert style.contrast(level.colour(theme), style.GROUND[theme][ground]) >= 4.5
    assert style.contrast(level.colour(theme), level.ink if theme == "dark" else level.ink_light) >= 4.5
    assert style.contrast(level.light, level.fill) >= 4.5


@pytest.mark.parametrize("theme", style.THEMES)
def test_text_reads_on_the_ground(theme):
    ground = style.GROUND[theme]
    for word in ("text", "muted"):
        assert style.contrast(ground[word], ground["page"]) >= 4.5
        assert style.contrast(ground[word], ground["panel"]) >= 4.5


@pytest.mark.parametrize("theme", style.THEMES)
def test_risk_colours_move_one_way_so_that_grey_print_still_ranks(theme):
    ground = style.GROUND[theme]["panel"]
    steps = [style.contrast(entry.colour(theme), ground) for entry in style.RISK_CLASSES]
    assert steps == sorted(steps)
    density = [style.contrast(colour, ground) for colour in style.DENSITY_COLOURS[theme]]
    assert density == sorted(density)


def test_contrast_of_black_and_white_is_21():
    """Golden: WCAG 2.1, definition of contrast ratio."""
    assert style.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert style.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize(
    ("risk", "name"), [(0.0, "calm"), (0.49, "calm"), (0.5, "slight"), (0.95, "high"), (1.0, "highest")]
)
def test_a_lower_bound_belongs_to_the_class_it_opens(risk, name):
    assert style.risk_class_of(risk).name == name


def test_names_are_looked_up_and_an_unknown_level_is_an_error():
    assert style.level_of("orange").verb("zh") == "今日核查"
    assert style.hotspot_class_of("hot 99").name == "hot 99"
    assert style.hotspot_class_of("nonsense").name == ""
    with pytest.raises(KeyError):
        style.level_of("purple")


def test_the_palette_is_plain_json():
    assert json.loads(json.dumps(style.palette()))["levels"][0]["name"] == "red"


def test_style_needs_the_standard_library_only():
    tree = ast.parse(Path(style.__file__).read_text(encoding="utf-8"))
    imported = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)
