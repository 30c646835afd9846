"""From how far off the units of a run are named on the map: the style in `results.gpkg`."""

from __future__ import annotations

import re
import sqlite3

import pytest
from city_of_squares import make_cells, make_hotspots, make_risk, make_warnings
from gridbeacon.layers.geopackage import write_results

NAMES = {0: "全市", 1: "街道", 2: "网格"}


def test_the_coarsest_units_are_named_on_a_map_of_the_whole_city(tmp_path):
    """Twice as far off as finer ones of the same size would be: a city of few units shows names at first sight."""
    cells = make_cells()
    tables = {"risk": make_risk(cells), "hotspots": make_hotspots(cells), "early_warnings": make_warnings(cells)}
    write_results(tmp_path / "results.gpkg", cells=cells, **tables, level_names=NAMES)
    with sqlite3.connect(tmp_path / "results.gpkg") as book:
        style = book.execute("SELECT styleqml FROM layer_styles WHERE f_table_name = 'cells'").fetchone()[0]
    drawn, named = style.split("<labeling", 1)
    lines = dict(scales(drawn))
    (street, far), (cell, near) = sorted(scales(named))
    assert (street, cell) == (1, 2)
    assert far / lines[1] == pytest.approx(2 * near / lines[2], rel=0.01)


def scales(part):
    """(level, smallest scale) of each rule that has one."""
    for rule in re.findall(r"<rule [^>]*>", part):
        level, scale = re.search(r"unit_level&quot; = (\d)", rule), re.search(r'scalemaxdenom="(\d+)"', rule)
        if level and scale:
            yield int(level[1]), int(scale[1])
