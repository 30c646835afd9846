"""Lists of choices in Processing: in the user's language, while scripts, models and histories keep the value."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "qgis"))
from desk import Desk


@pytest.mark.qgis
@pytest.mark.parametrize(
    ("locale", "bins", "presets"),
    [("zh_CN", ["小时", "天", "周"], ["无", "日常", "每周", "战时"]), ("en", ["hour", "day", "week"], None)],
)
def test_choices_are_words_on_the_screen_and_values_everywhere_else(tmp_path, require, root, locale, bins, presets):
    desk = Desk(tmp_path / "desk", require("qgis")).put_plugin(root)
    told = desk.ask(
        "choice_lists.py",
        locale=locale,
        dialog=[["run", "BIN", "week"], ["run", "PRESET", "wartime"]],
        batch=[["run", "BIN"]],
        designer=[["run", "BIN", "week"]],
    )
    bin_list, preset_list = told["dialog"]
    assert bin_list == {"texts": bins, "first": "day", "set": [bins[2], "week"], "by_hand": "hour"}
    assert preset_list["first"] is None and preset_list["set"][1] == "wartime"
    assert presets is None or preset_list["texts"] == presets
    assert told["batch"] == [bins]
    name, more = told["ready"]["AS_OF"]
    assert name in ("研判时点", "Moment of decision"), "a label that is a sentence would widen the dialog"
    assert "2026-01-05" in more and "2026-01-05" in told["ready_help"]
    assert told["designer"] == [{"texts": [bins], "kept": "week"}]
