"""Patterns of hot spots on the run's map: those of the model, one per unit, drawn with their words."""

from __future__ import annotations

import numpy as np
import pytest
from briefing_town import make_tables, make_town, write
from gridbeacon.cube import ALL_CLASSES
from gridbeacon.layers import style
from gridbeacon.models.emerging import EmergingHotspots, pattern_rules
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.journey import lowest_level
from gridbeacon.pipeline.maps import find_hotspots
from gridbeacon.pipeline.patterns import find_patterns
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.sample_data import CELLS, INCIDENTS, sample_path
from visits import Visit


@pytest.fixture(scope="module")
def ready():
    files = tuple(str(sample_path(name)) for name in INCIDENTS)
    return prepare(Plan().checked(), Inputs(files, str(sample_path(CELLS))), lambda fraction, text: None)


def test_patterns_are_the_models_own(ready):
    found = find_patterns(ready, lowest_level(ready)).set_index("cell_id")["pattern"]
    cube = ready.counts.since(ready.counts.end_bin - 182).cube(ALL_CLASSES, 2, valid=ready.valid[-182:])
    assert list(found[cube.cells]) == list(EmergingHotspots().fit(cube).emergence(cube).pattern)
    assert found.index.is_unique and set(found) <= set(pattern_rules().names)


def test_the_hot_spots_table_has_them_for_all_classes_together(ready):
    table, _ = find_hotspots(ready, lowest_level(ready))
    whole = table["category"] == ALL_CLASSES
    many = table["unit_level"] >= 2  # three districts are too few to stand out among
    assert (table.loc[~(whole & many), "pattern"] == "").all() and (table.loc[whole & many, "pattern"] != "").all()


def test_every_pattern_has_a_class_on_the_map():
    for name in pattern_rules().names:
        drawn = style.emerging_class_of(name)
        assert (drawn.name == "") == (name == "none") and (drawn.name == "cold") == name.endswith("_cold")


@pytest.mark.chromium
def test_the_legend_counts_what_is_drawn(browser, tmp_path):
    _, hot, _ = make_tables(make_town())
    hot = hot.assign(pattern=np.resize(["none", "new_hot", "sporadic_cold"], len(hot)))
    visit = Visit(browser, write(tmp_path / "a.html", hotspots=hot))
    visit.page.get_by_role("radio", name="演变").click()
    legend = visit.text("#legend")
    assert "新增热点" in legend and "冷点" in legend and "持续热点" not in legend
    shown = visit.page.evaluate("GB.showing().emerging.k.length")
    assert shown == len(hot)
    visit.page.click("#overlays button:nth-child(1)")
    assert visit.page.get_attribute("#overlays button:nth-child(1)", "aria-pressed") == "false"
    visit.calm()
