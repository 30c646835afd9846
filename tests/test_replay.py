"""Replay: a day of the past told as a run of that day told it; outages raised, never passed off as calm."""

from __future__ import annotations

import json
import os

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.cli.entry import execute
from gridbeacon.errors import Cancelled, InputError
from gridbeacon.layers.spreadsheets import read_guarded_csv
from gridbeacon.pipeline import Plan, run
from gridbeacon.pipeline.journey import EARLY_WARNING_COLUMNS, gather_inputs
from gridbeacon.pipeline.replay import Known, replay, write_replay
from gridbeacon.pipeline.replay.outages import OutageLog
from gridbeacon.sample_data import CELLS, EVENTS, INCIDENTS, RESPONSIBLE, sample_path

FIRST, N_DAYS, OUTAGE = pd.Timestamp("2024-01-01"), 160, (150, 151)
SIDE, METRES = 4, 500.0
ORIGIN = (500_000.0, 3_400_000.0)
EVIDENCE = bool(os.environ.get("GRIDBEACON_WRITE_DOCS"))
SAME = "warning_id rank level within_budget cell_id category observed change phase state first_seen reason".split()
CLOSE = "expected ratio excess recurrence_days".split()


def write_cells(folder):
    """Sixteen squares in four streets."""
    rows = []
    for number in range(SIDE * SIDE):
        row, column = divmod(number, SIDE)
        street = 2 * (row // 2) + column // 2
        square = shapely.box(*(METRES * v for v in (column, row, column + 1, row + 1)))
        rows.append({"cell_id": f"99010{street}0{number:02d}", "name": f"格{number}", "geometry": square})
    table = gpd.GeoDataFrame(rows, crs="EPSG:32650")
    table.set_geometry(table.translate(*ORIGIN)).to_crs(4326).to_file(folder / "cells.geojson")
    return folder / "cells.geojson"


def write_incidents(folder, late):
    """160 days; a surge of one cell, one of a street, one of the city; a class that comes late; an outage."""
    rng = np.random.default_rng(5)
    rate = np.full((N_DAYS, SIDE * SIDE, 2), 0.35)
    rate[list(OUTAGE)] *= 0.02
    counts = rng.poisson(rate)
    counts[141, 3, 0] += 9
    counts[144:146, [8, 9, 12, 13], 1] += 4
    counts[155, :, 0] += 2
    day, cell, kind = (np.repeat(axis, counts.ravel()) for axis in (a.ravel() for a in np.indices(counts.shape)))
    day, cell, kind = np.r_[day, 146, 148, 148, 149], np.r_[cell, 5, 5, 6, 5], np.r_[kind, 2, 2, 2, 2]
    n = len(day)
    where = np.column_stack([cell % SIDE, cell // SIDE]) * METRES + rng.uniform(1, METRES - 1, (n, 2)) + ORIGIN
    points = gpd.GeoSeries(gpd.points_from_xy(*where.T), crs=32650).to_crs(4326)
    times = FIRST + pd.to_timedelta(day, "D") + pd.to_timedelta(rng.integers(0, 1440, n), "min")
    table = pd.DataFrame({"工单编号": [f"G{i}" for i in range(n)], "受理时间": times})
    table["诉求类型"], table["经度"], table["纬度"] = np.array(["噪声", "供水", "消防"])[kind], points.x, points.y
    if late:
        table["上报时间"] = times + pd.to_timedelta(rng.choice([0, 1, 3], n, p=[0.7, 0.2, 0.1]), "D")
    table.to_csv(folder / "incidents.csv", index=False)
    return folder / "incidents.csv"


@pytest.fixture(scope="module", params=["in time", "late"])
def town(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    return gather_inputs([write_incidents(folder, request.param == "late")], write_cells(folder)), request.param


def days_of_runs(plan, inputs, first, n, ledger):
    """One real run a day, all with one ledger."""
    told = []
    for day in pd.date_range(first, periods=n) + pd.Timedelta(days=1):
        made = plan.with_settings({"as_of": f"{day:%Y-%m-%d}"})
        facts = {"responsible": inputs.responsible, "events": inputs.events, "ledger": ledger}
        outcome = run(made, inputs.incidents, inputs.cells, **facts)
        told.append(outcome.early_warnings.assign(as_of=day))
    return pd.concat([table for table in told if len(table)], ignore_index=True)


def assert_equal_days(found, told):
    assert found["as_of"].tolist() == told["as_of"].tolist()
    for name in SAME:
        assert found[name].tolist() == told[name].tolist(), name
    for name in CLOSE:
        np.testing.assert_array_equal(found[name].to_numpy(float), told[name].to_numpy(float), err_msg=name)


@pytest.fixture(scope="module")
def span(town):
    """Days compared: in the quick test the street's surge and the outage, or the cell's surge and the street's."""
    whole = {"in time": (141, 158), "late": (141, 158)}
    quick = {"in time": (144, 153), "late": (141, 147)}
    return (whole if EVIDENCE else quick)[town[1]]


def test_every_day_is_told_as_a_run_of_that_day_told_it(town, span, tmp_path):
    """One real run a day, all with one ledger: the same rows in the same order, the figures to the last bit."""
    first, end = (FIRST + pd.Timedelta(days=day) for day in span)
    told = days_of_runs(Plan(), town[0], first, span[1] - span[0], tmp_path / "ledger.sqlite")
    found = replay(Plan(), town[0], str(first), str(end))
    assert_equal_days(found.warnings, told)
    assert {"新增", "持续"} <= set(found.warnings["change"]) and len(found.days) == span[1] - span[0]
    assert found.warnings["level"].isin(["orange", "red"]).any()


def test_silence_is_an_outage_and_an_empty_list_claims_no_calm(town):
    """One silent day of a town with eleven calls a day proves nothing; the second does, and the first with it."""
    start = FIRST + pd.Timedelta(days=OUTAGE[0])
    found = replay(Plan(), town[0], str(start - pd.Timedelta(days=1)), str(start + pd.Timedelta(days=6)))
    outage = found.outages.iloc[0]
    assert len(found.outages) == 1 and (outage.missing, outage.kind) == (2, "partial")
    assert outage.start == start and outage.raised == start + pd.Timedelta(days=2)
    empty = found.days[found.days["in_force"] == 0]
    assert (empty["said"].str.contains("数据中断") == (empty["data"] != "complete")).all()
    assert found.days["data"].tolist()[2:5] == ["outage", "settling", "settling"]
    assert found.days["data"].iloc[-1] == "complete"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    files = ["--incidents", str(write_incidents(folder, False)), "--cells", str(write_cells(folder))]
    span = ["--from", "2024-05-20", "--to", "2024-05-30", "--out", str(folder / "out")]
    assert execute(["replay", *files, *span, "--progress", "none"]) == 0
    return folder / "out"


def test_the_folder_holds_what_a_reader_needs(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"replay.csv", "days.csv", "outages.csv", "weeks.csv", "replay.json", "plan.toml", "manifest.json"}
    table = read_guarded_csv(folder / "replay.csv")
    assert list(table.columns) == ["as_of", *EARLY_WARNING_COLUMNS] and len(table)
    assert set(table["within_budget"]) <= {"True", "False"}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["plan"] == Plan().as_dict() and len(manifest["inputs"]) == 2
    weeks = read_guarded_csv(folder / "weeks.csv")
    assert (weeks["raised"].astype(int) == weeks["issued"].astype(int) + weeks["cut"].astype(int)).all()
    assert "内部研判" in (folder / "replay.json").read_text(encoding="utf-8")


def test_the_same_stretch_gives_the_same_bytes(folder, tmp_path):
    files = gather_inputs([folder.parent / "incidents.csv"], folder.parent / "cells.geojson")
    write_replay(replay(Plan(), files, "2024-05-20", "2024-05-30"), files, tmp_path / "again")
    for name in ("replay.csv", "days.csv", "weeks.csv", "outages.csv", "replay.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.parametrize(("first", "end"), [("2024-05-30", "2024-05-20"), ("2024-05-30", "2024-05-30"), ("soon", "x")])
def test_days_that_are_none_are_refused(town, first, end):
    with pytest.raises(InputError) as caught:
        replay(Plan(), town[0], first, end)
    assert caught.value.code in ("E-REPLAY-001", "E-PLAN-001")


def test_a_replay_is_cancelled_and_leaves_nothing(town, tmp_path):
    def progress(fraction, text):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        replay(Plan(), town[0], "2024-05-20", "2024-05-30", progress=progress)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not EVIDENCE, reason="two minutes: part of `make evidence`")
def test_the_last_days_of_the_sample_city_are_told_as_runs_told_them(tmp_path):
    """Late reports, sectoral units, several sources, declared events, a surge of three sources on the last days."""
    files = [sample_path(name) for name in INCIDENTS]
    facts = {"responsible": sample_path(RESPONSIBLE), "events": sample_path(EVENTS)}
    inputs = gather_inputs(files, sample_path(CELLS), **facts)
    told = days_of_runs(Plan(), inputs, pd.Timestamp("2025-12-26"), 6, tmp_path / "ledger.sqlite")
    found = replay(Plan(), inputs, "2025-12-26", "2026-01-01", responsible=facts["responsible"])
    assert_equal_days(found.warnings, told)
    assert "red" in set(found.warnings["level"])


TAINAN = Plan().with_settings({"calendar": "tw", "timezone": "Asia/Taipei"})
OUTAGES = (
    "2018-01-31 2018-02-01 2018-02-28 2018-04-01 2018-03-06 2018-03-07 2018-07-30 2018-08-01 2018-09-15 2018-09-27 "
    "2018-11-06 2018-11-19 2019-06-05 2019-06-06"
).split()
"""Days of data/README.md without reports or with about 15 of 70."""

HAPPENED = (
    ("2016-02-06", "地震通報", "orange"),
    ("2016-07-08", "民生管線", "yellow"),
    ("2016-09-14", "民生管線", "orange"),
    ("2016-09-27", "民生管線", "orange"),
    ("2016-09-28", "民生管線", "orange"),
    ("2018-08-25", "路燈故障", "yellow"),
)
"""What truly happened (data/README.md), and the least level asked for on the day or the next."""


@pytest.fixture(scope="module")
def tainan(shared_data):
    folder = shared_data / "tainan1999"
    return gather_inputs([folder / "incidents.parquet"], folder / "villages_cunli.parquet")


def test_outages_of_a_real_city_are_raised_on_their_days(tainan):
    """Each as an outage at the end of its own day; of the 62 days of the long one 58 at least."""
    moments = [pd.Timestamp(day) + pd.Timedelta(days=1) for day in OUTAGES]
    known = Known(TAINAN, tainan, lambda fraction, text: None, (min(moments), max(moments)))
    log = OutageLog(np.datetime64("2018-01-01"))
    assert [log.see(known.at(moment)) for moment in moments] == ["outage"] * len(moments)
    ready = known.at(pd.Timestamp("2018-04-04"))
    assert (~ready.valid[-62:]).sum() >= 58


@pytest.mark.skipif(not EVIDENCE, reason="minutes: part of `make evidence`")
@pytest.mark.parametrize(("day", "category", "least"), HAPPENED)
def test_what_truly_happened_is_warned_of_on_the_day_or_the_next(tainan, day, category, least):
    first = pd.Timestamp(day)
    table = replay(TAINAN, tainan, day, str(first + pd.Timedelta(days=2))).warnings
    urgency = ["blue", "yellow", "orange", "red"]
    own = table[table["category"].str.startswith(category) & table["phase"].isin(["open", "escalated"])]
    assert own["level"].map(urgency.index).max() >= urgency.index(least)
