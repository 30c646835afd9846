"""The story of every unit says what the counts say: days, hours, classes, and nothing finer than it may."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cube import ROOT_CELL, Cells, Counts
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.journey import gather_inputs, lowest_level
from gridbeacon.pipeline.preparation import prepare
from gridbeacon.pipeline.stories import MOST_DAYS, days_of, stories_of
from gridbeacon.pipeline.surveillance import visible_at
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from streets_city import write_city

ZONE = "Asia/Shanghai"
CLASSES = ["供水/停水/大面积", "供水/水压", "噪声", '矛盾"纠纷"/邻里', "未分类"]
END = pd.Timestamp("2025-03-01")


def small_cells() -> Cells:
    """CITY; streets S0, S1; cells C0 to C3, two to a street; sectoral X of level 1."""
    parents = np.array([-1, 0, 0, 1, 1, 2, 2, -1])
    return Cells(
        cell_id=np.array([ROOT_CELL, "S0", "S1", "C0", "C1", "C2", "C3", "X"], dtype=object),
        name=np.array(["", "甲街", "乙街", "0格", "1格", "2格", "3格", "专"], dtype=object),
        unit_level=np.array([0, 1, 1, 2, 2, 2, 2, 1]),
        parent=parents,
        role=np.array(["territorial"] * 7 + ["sectoral"], dtype=object),
        centres=np.zeros((8, 2)),
        areas=np.ones(8),
        exposure=np.zeros(8),
        contiguity=sparse.csr_matrix((8, 8)),
    )


def ready_of(rows: list[tuple[int, int, int, int]], n_days: int = 40, **settings) -> SimpleNamespace:
    """As much of a `Prepared` as a story needs, of rows (minutes before the end, cell, sectoral, class)."""
    table = pd.DataFrame(rows, columns=["minutes", "cell", "sectoral", "class"], dtype=np.int64)
    times = (END - pd.to_timedelta(table["minutes"] + 1, unit="min")).dt.tz_localize(ZONE)
    incidents = pd.DataFrame({"time": times, "cell": table["cell"], "sectoral": table["sectoral"]})
    incidents["category"] = [CLASSES[number] for number in table["class"]]
    last = int(END.value // 86_400_000_000_000)
    counts = Counts(pd.DataFrame({"cell": []}), small_cells(), "day", last - n_days, last)
    plan = Plan().with_settings({"window": 7, **settings})
    return SimpleNamespace(incidents=incidents, counts=counts, plan=plan, as_of=END, valid=np.ones(n_days, dtype=bool))


def lowest(category: str) -> int:
    return 1 if "纠纷" in category else 2


def days_in(story) -> dict[str, int]:
    """ISO day -> incidents of one row of the stories."""
    first = pd.Timestamp(story.first_day)
    pairs = [pair.split(":") for pair in story.days.split()]
    return {(first + pd.Timedelta(days=int(offset))).date().isoformat(): int(n) for offset, n in pairs}


def told_by_hand(ready) -> dict[str, dict[str, Counter]]:
    """Unit -> what its story must say, counted row by row."""
    cells, found = ready.counts.cells, {}
    for row in ready.incidents.itertuples():
        local, level = row.time.tz_localize(None), lowest(row.category)
        units = []
        at = row.cell
        while at >= 0:
            units.append(at)
            at = cells.parent[at]
        units += [row.sectoral] if row.sectoral >= 0 else []
        for unit in units:
            if cells.unit_level[unit] > level:
                continue
            own = found.setdefault(
                cells.cell_id[unit], {n: Counter() for n in ("days", "hours", "weekdays", "classes")}
            )
            own["days"][local.date().isoformat()] += 1
            own["hours"][local.hour] += 1
            own["weekdays"][local.weekday()] += 1
            if local >= END - pd.Timedelta(days=7):
                own["classes"]["/".join(row.category.split("/")[:2])] += 1
    return found


rows = st.lists(
    st.tuples(st.integers(0, 40 * 1440 - 1), st.integers(0, 6), st.sampled_from([-1, 7]), st.integers(0, 4))
)


@settings(max_examples=50)
@given(rows)
def test_every_story_is_what_counting_row_by_row_gives(drawn):
    ready = ready_of(drawn)
    stories = stories_of(ready, lowest)
    known = told_by_hand(ready)
    assert set(stories["cell_id"]) == set(known) and stories["cell_id"].is_unique
    for story in stories.itertuples():
        own = known[story.cell_id]
        assert days_in(story) == dict(own["days"])
        assert story.first_day == min(own["days"]) and story.days.startswith("0:")
        for name, n in (("hours", 24), ("weekdays", 7)):
            numbers = [int(number) for number in getattr(story, name).split(" ")]
            assert numbers == [own[name][k] for k in range(n)]
        assert json.loads(story.classes) == dict(own["classes"])
        assert (story.window_start, story.window_end) == ("2025-02-22", "2025-03-01")


@settings(max_examples=50)
@given(rows)
def test_a_parent_is_the_sum_of_its_children_where_nothing_keeps_them_apart(drawn):
    """Of classes that every level may show, and rows that lie in a cell."""
    ready = ready_of([(m, max(cell, 3), -1, number if number != 3 else 0) for m, cell, _, number in drawn])
    found = {story.cell_id: Counter(days_in(story)) for story in stories_of(ready, lowest).itertuples()}
    for parent, children in (("S0", ("C0", "C1")), ("S1", ("C2", "C3")), (ROOT_CELL, ("S0", "S1"))):
        total = sum((found.get(child, Counter()) for child in children), Counter())
        assert found.get(parent, Counter()) == total


@settings(max_examples=50)
@given(rows)
def test_days_are_the_streets_of_the_stories(drawn):
    ready = ready_of(drawn)
    stories = {story.cell_id: days_in(story) for story in stories_of(ready, lowest).itertuples()}
    window = [(END - pd.Timedelta(days=n)).date().isoformat() for n in range(1, 8)]
    told = days_of(ready, lowest)
    shown = {}
    for row in told.itertuples():
        assert row.day_end - row.day_start == pd.Timedelta(days=1) and row.incidents > 0
        shown[row.cell_id, row.day_start.date().isoformat()] = row.incidents
    known = {(unit, day): n for unit in ("C0", "C1", "C2", "C3") for day, n in stories.get(unit, {}).items()}
    assert shown == {(unit, day): n for (unit, day), n in known.items() if day in window}
    assert set(told["name"]) <= {"0格", "1格", "2格", "3格"}  # no level has eight units: the finest stands for streets


def test_a_story_goes_back_three_years():
    ready = ready_of([(60, 3, -1, 0), (1440 * (MOST_DAYS - 1), 3, -1, 0), (1440 * (MOST_DAYS + 1), 3, -1, 0)], 1200)
    story = next(s for s in stories_of(ready, lowest).itertuples() if s.cell_id == "C0")
    assert sum(days_in(story).values()) == 2 and len(story.days.split()) == 2


def test_days_without_data_are_told_by_the_city():
    ready = ready_of([(39 * 1440, 3, -1, 0), (60, 3, -1, 0)])
    ready.valid[[5, 30]] = False
    told = stories_of(ready, lowest).set_index("cell_id")["missing"]
    first = pd.Timestamp(stories_of(ready, lowest).set_index("cell_id").loc[ROOT_CELL, "first_day"])
    begin = END - pd.Timedelta(days=40)
    assert [first + pd.Timedelta(days=int(n)) for n in told[ROOT_CELL].split()] == [
        begin + pd.Timedelta(days=5),
        begin + pd.Timedelta(days=30),
    ]
    assert set(told.drop(ROOT_CELL)) == {""}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A real city of nine streets with disputes, read and counted."""
    incidents, cells = write_city(tmp_path_factory.mktemp("city"))
    return prepare(Plan(), gather_inputs([incidents], cells), lambda fraction, text: None)


def test_days_add_up_to_the_counts_of_every_unit(city):
    stories = {story.cell_id: days_in(story) for story in stories_of(city, lowest_level(city)).itertuples()}
    for level in city.counts.cells.levels():
        cube = visible_at(city.counts, level, lowest_level(city)).cube(unit_level=level)
        bins = [pd.Timestamp(start).date().isoformat() for start in cube.bins]
        for column, cell in enumerate(cube.cells):
            counted = {day: int(n) for day, n in zip(bins, cube.counts[:, column], strict=True) if n}
            assert stories.get(cell, {}) == counted, cell


def test_no_cell_tells_of_disputes_and_its_street_does(city):
    stories = stories_of(city, lowest_level(city)).set_index("cell_id")
    level = dict(zip(city.counts.cells.cell_id, city.counts.cells.unit_level, strict=True))
    held = {cell for cell, classes in stories["classes"].items() if "纠纷" in classes}
    streets = {cell for cell in held if level[cell] == max(level[c] for c in held)}
    assert ROOT_CELL in held and len(streets) == 9
    assert all(level[cell] < city.counts.cells.unit_level.max() for cell in held)
