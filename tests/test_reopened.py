"""A project with a run in it, closed and opened again; the run's folder moved away; layers the engine cannot use."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "qgis"))
from desk import Desk

pytestmark = pytest.mark.qgis


@pytest.fixture(scope="module")
def told(tmp_path_factory, require, root, city_run):
    """What QGIS told of a run of the sample city."""
    run = shutil.copytree(city_run, tmp_path_factory.mktemp("project") / "city") / "run"
    with (run / "early_warnings.csv").open(encoding="utf-8-sig", newline="") as file:
        warnings = list(csv.DictReader(file))
    desk = Desk(tmp_path_factory.mktemp("desk"), require("qgis")).put_plugin(root)
    return desk.ask("reopen_project.py", run=str(run), warnings=warnings)


def test_days_are_ready_to_play_in_a_project_that_was_opened_again(told):
    """Standing on the last day, else the days would be drawn over each other; what the user turned off stays off."""
    played = told["first"]
    assert played[0] != 0 and played[2] == played[1] - 1
    assert told["again"] == played
    assert told["by_hand"][0] == 0


def test_the_whole_map_is_the_city_whatever_was_reported_outside(told):
    """The points that were not counted may lie anywhere; zooming to everything is not to go there."""
    assert told["extents"]["EXCLUDED"] == told["extents"]["CELLS"]


def test_a_run_that_was_moved_away_is_said_to_be_gone(told):
    assert told["gone"] == "The results of this run cannot be opened: Early warnings."


def test_a_layer_is_called_by_its_name_when_it_cannot_be_used(told):
    (no_place, where), (no_time, layer) = told["errors"]
    assert (no_place, where) == ("The layer 来电 has no coordinate system.", "来电")
    assert layer.startswith("来电") and ".gpkg" not in layer, (no_time, layer)
