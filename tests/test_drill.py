"""Drills: what is put in is what was asked for, it is found or not for reasons that show, and everything says 演练."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gridbeacon.cli.entry import execute
from gridbeacon.cube import ALL_CLASSES
from gridbeacon.errors import InputError
from gridbeacon.layers.drills import DRILL_ZH
from gridbeacon.layers.spreadsheets import read_guarded_csv
from gridbeacon.models.early_warning import LEVELS
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.drill import DrillSettings, draw_surges, drill, inject
from gridbeacon.pipeline.drill.detection import Alarm, delays, proportion, rate, strangers
from gridbeacon.pipeline.drill.surges import AFTER, level_of
from gridbeacon.pipeline.journey import gather_inputs, lowest_level
from gridbeacon.pipeline.preparation import prepare
from test_replay import write_cells, write_incidents

SETTINGS = DrillSettings(strength=(12.0,), where=("street", "cell"), spans=(1,), cases=3, stretch=40)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    return gather_inputs([write_incidents(folder, False)], write_cells(folder))


@pytest.fixture(scope="module")
def ready(inputs):
    return prepare(Plan(), inputs, lambda fraction, text: None)


def drawn(ready, **changed):
    settings = replace(SETTINGS, **changed)
    quiet = changed.pop("quiet", lambda *where: True)
    counts = ready.counts
    slots = [counts.end_bin - 40, counts.end_bin - 20]
    return draw_surges(counts, slots, settings, 2, lowest_level(ready), quiet)


def test_a_surge_has_the_size_the_days_and_the_place_it_says(ready):
    """k standard deviations of the unit's own 84 days, at least k incidents; recounted here from the cube."""
    for surge in (s for surges in drawn(ready, strength=(3.0, 10.0), spans=(1, 3)) for s in surges):
        level = level_of(ready.counts, surge.where)
        rows = ready.counts.cells.rows_at(level)
        cube = ready.counts.cube(surge.node, level, measure="distinct")
        at = surge.start - ready.counts.first_bin
        daily = cube.counts[at - 84 : at, int(np.flatnonzero(rows == surge.unit)[0])]
        assert surge.sd == pytest.approx(daily.std())
        assert surge.size == len(surge.rows) == int(np.ceil(surge.strength * max(daily.std(), 1.0)))
        assert set(surge.rows["bin"]) <= set(range(surge.start, surge.start + surge.span))
        inside = ready.counts.cells.lineage[surge.rows["cell"].to_numpy(), level]
        assert (inside == surge.unit).all()


def test_injecting_adds_exactly_the_surge(ready):
    surges = drawn(ready)[0]
    more = inject(ready.counts, surges)
    gained = more.cube(measure="distinct").counts - ready.counts.cube(measure="distinct").counts
    assert gained.sum() == sum(s.size for s in surges) and (gained >= 0).all()
    assert inject(ready.counts, []) is ready.counts


def test_more_cases_leave_the_others_as_they_are(ready):
    few, many = ({s.case: s for surges in drawn(ready, cases=n) for s in surges} for n in (1, 3))
    assert set(few) < set(many)
    for case, surge in few.items():
        assert (surge.unit, surge.size, surge.start) == (many[case].unit, many[case].size, many[case].start)
        pd.testing.assert_frame_equal(surge.rows, many[case].rows)


def test_a_described_class_is_never_put_below_where_it_may_be_looked_at(ready):
    """A class that stops at the city: no surge of it in a cell, of the other there is; in the city both."""
    counts, slots = ready.counts, [ready.counts.end_bin - 40] * 40
    settings = replace(SETTINGS, cases=20, where=("city", "cell"))
    lowest = lambda node: 0 if node == "噪声" else max(counts.cells.levels())  # noqa: E731
    surges = [s for p in draw_surges(counts, slots, settings, 2, lowest, lambda *where: True) for s in p]
    assert {s.node for s in surges if s.where == "cell"} == {"供水"}
    assert {s.node for s in surges if s.where == "city"} == {"供水", "噪声"}


def test_where_nothing_is_quiet_there_is_no_surge(ready):
    slots = [ready.counts.end_bin - 40]
    assert draw_surges(ready.counts, slots, SETTINGS, 2, lowest_level(ready), lambda *where: False) == [[]] * 6


def alarm(unit, category, **seen):
    return Alarm(category, {int(day[1:]): (LEVELS.index(level), unit) for day, level in seen.items()})


def test_delays_are_counted_per_level_and_place(ready):
    """By hand: yellow on the second day, orange on the fourth, never red; elsewhere or later is not found."""
    surge = replace(drawn(ready)[0][0], start=100, span=2)
    cells = ready.counts.cells
    other = next(int(u) for u in cells.rows_at(1) if u != cells.lineage[surge.unit, 1])
    found = alarm(surge.unit, surge.node, d101="yellow", d103="orange", d104="yellow")
    assert delays(cells, [found], surge)[:3] == [1.0, 1.0, 3.0] and np.isnan(delays(cells, [found], surge)[3])
    late = alarm(surge.unit, surge.node, **{f"d{102 + AFTER}": "red"})
    elsewhere, another = alarm(other, surge.node, d100="red"), alarm(surge.unit, "消防", d100="red")
    assert np.isnan(delays(cells, [late, elsewhere, another], surge)).all()
    assert delays(cells, [alarm(0, ALL_CLASSES, d100="blue")], surge)[0] == 0.0
    assert strangers(cells, [found, elsewhere], [surge], [], 0) == [elsewhere]
    assert strangers(cells, [found, elsewhere], [surge], [elsewhere], 0) == []


def test_intervals_are_exact():
    """Clopper-Pearson of 0, 5 and 10 of 10 and Garwood of 0 and 3 events, as tabulated (R binom.test, poisson.test)."""
    assert proportion(0, 10) == pytest.approx((0.0, 0.0, 0.3084971), abs=1e-6)
    assert proportion(5, 10) == pytest.approx((0.5, 0.1870860, 0.8129140), abs=1e-6)
    assert proportion(10, 10) == pytest.approx((1.0, 0.6915029, 1.0), abs=1e-6)
    assert rate(0, 100.0) == pytest.approx((0.0, 0.0, 3.688879), abs=1e-5)
    assert rate(3, 200.0) == pytest.approx((1.5, 0.618672 / 2, 8.767273 / 2), abs=1e-5)


@pytest.fixture(scope="module")
def folder(inputs, tmp_path_factory):
    out = tmp_path_factory.mktemp("drill") / "out"
    files = ["--incidents", *inputs.incidents, "--cells", inputs.cells, "--out", str(out), "--briefing"]
    asked = ["--strength", "12", "--where", "street", "cell", "--spans", "1", "--cases", "3", "--stretch", "40"]
    assert execute(["drill", *files, *asked, "--progress", "none"]) == 0
    return out


def test_big_surges_are_found_and_soon(folder):
    table = read_guarded_csv(folder / "drill.csv")
    assert len(table) >= 3 and (table["level"] != "").all()
    assert set(table["delay_blue"]) <= {"0", "1"}


def test_everything_is_marked_as_a_drill(folder):
    for path in folder.glob("*.csv"):
        table = read_guarded_csv(path)
        assert (table["drill"] == DRILL_ZH).all(), path.name
        assert table["level"].str.startswith(DRILL_ZH).all(), path.name
    told = json.loads((folder / "drill.json").read_text(encoding="utf-8"))
    assert told["drill"] is True and told["title"].startswith(DRILL_ZH)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["drill"] is True
    assert "内部研判" in json.dumps(told, ensure_ascii=False)


def test_the_briefing_of_a_drill_says_so_in_title_banner_and_every_level_word(folder):
    page = (folder / "briefing.html").read_text(encoding="utf-8")
    data = json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])
    facts = data["facts"]
    assert all(facts[name].startswith(DRILL_ZH) for name in ("title", "city", "classification"))
    assert "演练" in facts["notices"][0]["zh"]
    levels = data["palette"]["levels"]
    assert len(levels) == 4 and all(level["zh"].startswith(DRILL_ZH) for level in levels)
    assert all(level["verb_zh"].startswith(DRILL_ZH) for level in levels)
    listed = [row for part in ("inside", "beyond", "ended") for row in data["warnings"][part]]
    assert listed and all(str(row[name]).startswith(DRILL_ZH) for row in listed for name in ("name", "reason"))


def test_a_ledger_and_hours_are_refused(inputs, tmp_path, capsys):
    files = ["--incidents", *inputs.incidents, "--cells", inputs.cells, "--out", str(tmp_path / "o")]
    assert execute(["drill", *files, "--ledger", str(tmp_path / "l.sqlite")]) == 2
    assert "E-ASK-030" in capsys.readouterr().err and not (tmp_path / "l.sqlite").exists()
    with pytest.raises(InputError) as caught:
        drill(Plan().with_settings({"bin": "week"}), inputs, SETTINGS)
    assert caught.value.code == "E-DRILL-001"
    with pytest.raises(InputError) as caught:
        drill(Plan(), inputs, replace(SETTINGS, stretch=150))
    assert caught.value.code == "E-DRILL-002"
