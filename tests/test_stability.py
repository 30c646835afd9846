"""Borders drawn otherwise: a rise in one place stands, a rise that a border makes does not, and the city has none."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline import retest as retests
from gridbeacon.pipeline.explanation.sightings import Sightings
from gridbeacon.pipeline.journey import lowest_level
from gridbeacon.pipeline.preparation import Inputs, prepare
from gridbeacon.pipeline.retest import Retest
from gridbeacon.pipeline.stability import CAVEAT, SENSITIVE, STABLE, UNKNOWN, badge_of, stability_of, with_badges
from gridbeacon.pipeline.surveillance import survey
from gridbeacon.pipeline.wording import members_of
from streets_city import BURST, DAYS, EVEN, NOISE, write_city


@pytest.fixture(scope="module")
def retest(tmp_path_factory) -> Retest:
    incidents, cells = write_city(tmp_path_factory.mktemp("streets"))
    ready = prepare(Plan().checked(), Inputs((str(incidents),), str(cells)), lambda fraction, text: None)
    lowest = lowest_level(ready)
    found = survey(ready.counts, ready.plan, ready.valid, lowest, lambda fraction: None, ready.almanac)
    return Retest(ready, found, lowest)


def row_of(retest: Retest, cell_id: str, category: str) -> SimpleNamespace:
    counts = retest.ready.counts
    unit = int(np.flatnonzero(counts.cells.cell_id == cell_id)[0])
    return SimpleNamespace(
        warning_id="w", unit=unit, role="territorial", category=category, window_first=counts.end_bin - 1,
        window_bins=1, within_budget=True, phase="open", caveat_pairs=[("甲", "a")],
    )  # fmt: skip


def again(retest: Retest, cell_id: str, category: str) -> dict:
    table = pd.DataFrame([vars(row_of(retest, cell_id, category))])
    return stability_of(retest, Sightings(retest.ready), table)["w"]


def test_a_pile_in_the_middle_of_a_cell_is_stable(retest):
    told = again(retest, BURST, "供水")
    assert told["badge"] == STABLE and told["word"] == "稳定"
    assert all(shift["stands"] for shift in told["shifts"]) and len(told["shifts"]) == 4
    assert told["shifts"][0]["observed"] >= 15 and told["up"]["stands"] == 1 and told["down"] is None
    assert told["sentence"] == "移动4次均成立;上级可见"


def test_a_rise_spread_evenly_over_one_cell_depends_on_its_border(retest):
    """Sixteen where one is usual, in four rows of four: a square half a side away holds eight, or both ways four."""
    told = again(retest, EVEN, NOISE)
    held = {(s["east"], s["north"]): s["observed"] for s in told["shifts"]}
    assert held[0.0, 0.0] >= 16 and held[0.5, 0.5] <= 0.5 * held[0.0, 0.0]
    assert told["shifts"][0]["stands"] and not told["shifts"][3]["stands"]
    table = pd.DataFrame([vars(row_of(retest, EVEN, NOISE))])
    marked = with_badges(table, {"w": told | {"badge": SENSITIVE}})
    assert marked["stability"].tolist() == ["边界敏感"]
    assert marked["caveats"].tolist() == [f"甲;{CAVEAT[0]}"] and marked["caveats_en"].tolist() == [f"a;{CAVEAT[1]}"]


@pytest.mark.parametrize(
    ("held", "up", "down", "badge"),
    [
        (4, 1, None, STABLE),
        (3, None, None, STABLE),
        (3, 0, 2, STABLE),
        (4, 0, 0, SENSITIVE),
        (2, 1, 1, SENSITIVE),
        (0, None, None, SENSITIVE),
    ],
)
def test_the_badge_by_its_rule(held, up, down, badge):
    """Three of four positions, and the unit above or one inside, where there are any (docs/explanations.md)."""
    shifts = [{"stands": number < held} for number in range(4)]
    level = lambda stands: None if stands is None else {"stands": stands}  # noqa: E731
    assert badge_of(shifts, level(up), level(down)) == badge
    assert badge_of([], level(up), level(down)) == UNKNOWN


def test_the_city_has_no_border_to_move(retest):
    told = again(retest, "CITY", "供水")
    assert told["badge"] == UNKNOWN and told["shifts"] == [] and told["up"] is None
    assert told["down"]["units"] == 1 or told["down"]["stands"] >= 1


def test_without_points_nothing_is_drawn_anew(retest):
    blind = replace(retest.ready, incidents=retest.ready.incidents.assign(by_code=True))
    told = again(Retest(blind, retest.found, retest.lowest_level), BURST, "供水")
    assert told["badge"] == UNKNOWN and "没有坐标" in told["sentence"]


def test_the_retest_of_a_unit_is_the_survey_itself(retest):
    """Where the survey chose the window of one day, its figures come back."""
    tests = retest.found.tests
    same = tests[(tests["bin"] == retest.ready.counts.end_bin - 1) & (tests["window"] == 1)]
    same = same[same["role"] == "territorial"].sort_values("log_p").head(8)
    assert len(same) >= 4
    for test in same.itertuples():
        unit = np.array([test.unit])
        own = retest.of_units(unit, test.category, test.role, test.unit_level, retest.ready.counts.end_bin - 1, 1).iloc[
            0
        ]
        assert own["observed"] == test.observed and own["expected"] == pytest.approx(test.expected, rel=1e-6)


def test_where_units_are_many_only_those_asked_for_are_counted(retest, monkeypatch):
    units = retest.ready.counts.cells.rows_at(int(retest.ready.counts.cells.unit_level.max()))[4:12]
    level, last = int(retest.ready.counts.cells.unit_level.max()), retest.ready.counts.end_bin - 1
    together = retest.of_units(units[::-1], NOISE, "territorial", level, last, 1)
    monkeypatch.setattr(retests, "_MANY", 5)
    alone = retest.of_units(units[::-1], NOISE, "territorial", level, last, 1)
    assert alone["unit"].tolist() == together["unit"].tolist() == units[::-1].tolist()
    assert alone["observed"].tolist() == together["observed"].tolist()
    assert np.allclose(alone["expected"], together["expected"], rtol=0.1)


def test_squares_on_the_cells_give_the_figures_of_the_cells(retest):
    """The unshifted lattice of a square city is its cells: the middle one of the pile has the cell's own count."""
    told = again(retest, BURST, "供水")
    unit = np.flatnonzero(retest.ready.counts.cells.cell_id == BURST)
    level = int(retest.ready.counts.cells.unit_level[unit[0]])
    own = retest.of_units(unit, "供水", "territorial", level, retest.ready.counts.end_bin - 1, 1).iloc[0]
    assert told["shifts"][0]["observed"] == own["observed"]
    assert told["shifts"][0]["expected"] == pytest.approx(own["expected"], abs=0.1)


def test_members_by_arrays_are_those_of_the_words(retest):
    seen = Sightings(retest.ready)
    for cell, category in ((BURST, "供水"), ("CITY", "全部"), (EVEN, "全部"), ("990101009", NOISE)):
        row = row_of(retest, cell, category)
        assert (seen.members(row) == members_of(retest.ready, row)).all() and seen.members(row).any()


def test_a_describe_only_class_is_tested_no_lower_than_streets(retest):
    level = int(retest.ready.counts.cells.unit_level.max())
    units = retest.ready.counts.cells.rows_at(level)[:2]
    assert retest.of_units(units, "矛盾纠纷", "territorial", level, retest.ready.counts.end_bin - 1, 1).empty
    assert DAYS > 365
