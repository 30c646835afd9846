"""The dock over layers of a real QGIS: what it hears of them, and which of their rows reach the engine."""

from __future__ import annotations

import pytest
from desk import Desk

pytestmark = pytest.mark.qgis


@pytest.fixture(scope="module")
def told(tmp_path_factory, require, root):
    """What happened in QGIS."""
    return Desk(tmp_path_factory.mktemp("desk"), require("qgis")).put_stand_in(root).ask("dock_layers.py")


def test_changes_of_a_layer_that_is_used_are_heard_once(told):
    """Five edits are one change; another layer is none of the dock's business; and nothing is heard after the end."""
    assert told["changes"] == {
        "filter": ["rows"],
        "edit": ["rows"],
        "take back": ["rows"],
        "select": ["selection"],
        "another layer": [],
    }
    assert told["gone"] == [] and "rows" in told["still"], "a layer that was taken away is no trouble"
    assert told["closed"] == [] and not told["follows"]


def test_the_selected_rows_alone_are_handed_over(told):
    """Of a filtered layer, and of one that is being edited, with what was added to it."""
    assert told["counted"] == 3
    assert told["selected"]["rows"] == ["D0", "D1", "D2"] and len(told["whole"]["rows"]) == 9
    assert told["edited"]["rows"] == ["D0", "edited", "new"]


def test_what_was_left_behind_is_told_to_the_readers_of_the_results(told):
    """The selection, the filter, and edits that are not saved: each is said once, by the layer's own name."""
    name, rows = told["layer"], "\"工单编号\" <> 'D9'"
    by_filter = f"Of the layer {name} only the rows of its filter were used: {rows}"
    chosen = f"Of the layer {name} only the 3 selected rows were used."
    assert told["whole"]["remark"] == by_filter
    assert told["selected"]["remark"] == f"{chosen} {by_filter}"
    edits = f"The layer {name} was used with edits that are not saved."
    assert told["edited"]["remark"] == f"{chosen} {by_filter} {edits}"


def test_the_engine_is_asked_to_say_it(told):
    (command,) = told["asked"]
    told_by = [part for part in command if part.startswith("--remark=")]
    assert len(told_by) == 1 and "only the rows of its filter" in told_by[0]


def test_a_chosen_field_whose_name_holds_a_comma_is_handed_over(told):
    assert told["selected"]["fields"] == ["工单编号", "受理时间", "类别,细"]


def test_no_offer_outlives_the_plugin(told):
    """A button that leads to a dock that is gone would only raise."""
    assert told["offers"] == [2, 0]


def test_a_full_disk_fails_the_job_in_words(told):
    """An exception on the way would leave the form waiting for an end that never comes."""
    (problem,) = told["failed"]
    assert "No space left on device" in problem


def test_a_database_that_hangs_keeps_no_user_waiting(told):
    """The user is told once, before it answers; the folder is swept when the thread comes back."""
    while_hanging, afterwards = told["hung"]
    assert while_hanging == ["cancelled", True]
    assert afterwards == ["cancelled", False, 0]


def test_files_fill_a_dock_that_nobody_has_looked_at(told):
    """It may stand behind another dock, where being shown is not yet being drawn."""
    assert told["hidden"] and told["taken"] == ["/data/三月.csv"]
