"""Cells that change: versions in one file, old ground in new cells, codes given away, warnings that carry on."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import carry_over, crosswalk, read_cells, recode
from gridbeacon.layers.grids.versions import changed_since, former_codes, reused_codes
from gridbeacon.pipeline import Plan
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

WEST, SOUTH = 500_000.0, 3_300_000.0
CHANGE = "2025-07-01"


def ground(x0, x1, y0=0, y1=100):
    return box(WEST + x0, SOUTH + y0, WEST + x1, SOUTH + y1)


def versions(**columns) -> gpd.GeoDataFrame:
    """Until July A, B, C of 100 m; then A is split into A and D, B stays, C is given to other ground, E takes C's."""
    rows = [
        ("A", ground(0, 100), None, CHANGE),
        ("B", ground(100, 200), None, None),
        ("C", ground(200, 300), None, CHANGE),
        ("A", ground(0, 40), CHANGE, None),
        ("D", ground(40, 100), CHANGE, None),
        ("E", ground(200, 300), CHANGE, None),
        ("C", ground(300, 400), CHANGE, None),
    ]
    code, shape, start, end = zip(*rows, strict=True)
    facts = {"网格编码": list(code), "生效日期": list(start), "失效日期": list(end), **columns}
    return gpd.GeoDataFrame(facts, geometry=list(shape), crs=32650)


def saved(table: gpd.GeoDataFrame, path) -> str:
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_file(path, layer="cells")
    return str(path)


@pytest.fixture
def file(tmp_path) -> str:
    return saved(versions(), tmp_path / "c.gpkg")


def leaves(cells) -> dict[str, float]:
    table = cells.table[cells.table["unit_level"] == 1]
    return {code: round(area) for code, area in zip(table["cell_id"], table.geometry.area, strict=True)}


OLD = {"A": 10_000, "B": 10_000, "C": 10_000}
NEW = {"A": 4_000, "B": 10_000, "C": 10_000, "D": 6_000, "E": 10_000}


@pytest.mark.parametrize(
    ("at", "expected"),
    [("2024-01-01", OLD), ("2025-06-30 23:59", OLD), (CHANGE, NEW), ("2026-01-05", NEW), (None, NEW)],
)
def test_the_cells_valid_at_the_moment_are_the_cells(file, at, expected):
    cells = read_cells(file, valid_at=at)
    assert leaves(cells) == expected
    (told,) = (notice for notice in cells.notices if notice.code == "N-CELL-030")
    assert f"{len(expected)} valid at" in told.en


def test_a_last_day_on_the_eve_of_the_next_is_inclusive(tmp_path):
    table = versions()
    table["失效日期"] = table["失效日期"].map({CHANGE: "2025-06-30"})
    path = saved(table, tmp_path / "c.gpkg")
    assert leaves(read_cells(path, valid_at="2025-06-30 12:00")) == OLD
    assert leaves(read_cells(path, valid_at=CHANGE)) == NEW


@pytest.mark.parametrize("layout", ["%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "date", "number"])
def test_dates_in_any_one_layout(tmp_path, layout):
    table = versions()
    for name in ("生效日期", "失效日期"):
        days = pd.to_datetime(table[name])
        if layout == "date":
            table[name] = days
        elif layout == "number":
            table[name] = pd.to_numeric(days.dt.strftime("%Y%m%d"))
        else:
            table[name] = days.dt.strftime(layout).fillna("长期" if name == "失效日期" else "")
    for name in ("c.gpkg", "c.parquet"):
        path = saved(table, tmp_path / name)
        assert leaves(read_cells(path, valid_at="2025-06-30")) == OLD and leaves(read_cells(path)) == NEW


def test_dates_that_are_none_are_refused(tmp_path):
    table = versions()
    table.loc[3, "生效日期"] = "去年夏天"
    with pytest.raises(InputError, match=r"1 dates of validity cannot be read.*生效日期, row 4"):
        read_cells(saved(table, tmp_path / "c.gpkg"))


def test_no_cell_of_the_time(tmp_path):
    table = versions().iloc[3:]
    with pytest.raises(InputError, match=r"no cell is valid at 2020-01-01.*生效日期"):
        read_cells(saved(table, tmp_path / "c.gpkg"), valid_at="2020-01-01")


def test_two_versions_valid_at_once_repeat_a_code(tmp_path):
    table = versions()
    table.loc[0, "失效日期"] = None
    with pytest.raises(InputError, match="repeat the code"):
        read_cells(saved(table, tmp_path / "c.gpkg"))


def test_a_file_of_one_time_has_no_versions(tmp_path):
    table = versions().iloc[:3].drop(columns=["生效日期", "失效日期"])
    for columns in ({}, {"valid_from": [None] * 3}, {"valid_from": pd.to_datetime([None] * 3)}):
        cells = read_cells(saved(table.assign(**columns), tmp_path / "c.parquet"))
        assert cells.versions is None and leaves(cells) == OLD
        assert not [n for n in cells.notices if n.code.startswith("N-CELL-03")]


def test_codes_given_to_other_ground_are_told(file):
    cells = read_cells(file)
    (told,) = (notice for notice in cells.notices if notice.code == "N-CELL-031")
    assert "1 codes were given to other ground: C" in told.en  # A was split and kept its code: no re-use
    current = cells.versions["current"]
    found = reused_codes(cells.versions[~current], cells.versions[current])
    assert found.to_dict("records") == [{"cell_id": "C", "overlap": 0.0}]


# -- crosswalk -------------------------------------------------------------------------------------------------------


def test_the_crosswalk_says_where_old_ground_lies(file):
    old, new = read_cells(file, valid_at="2025-01-01").table.iloc[1:], read_cells(file).table.iloc[1:]
    walk = crosswalk(old, new)
    shares = {(r.old_id, r.new_id): round(r.share, 6) for r in walk.itertuples()}
    assert shares == {("A", "D"): 0.6, ("A", "A"): 0.4, ("B", "B"): 1.0, ("C", "E"): 1.0}
    assert walk["area_m2"].round().tolist() == [6000, 4000, 10_000, 10_000]
    assert carry_over("A", walk) == [("D", pytest.approx(0.6)), ("A", pytest.approx(0.4))]
    assert carry_over("C", walk) == [("E", pytest.approx(1.0))] and carry_over("Z", walk) == []


def test_cells_go_to_cells_of_their_role():
    old = gpd.GeoDataFrame(
        {"cell_id": ["a", "r"], "role": ["territorial", "sectoral"]}, geometry=[ground(0, 100)] * 2, crs=32650
    )
    new = gpd.GeoDataFrame(
        {"cell_id": ["b", "s"], "role": ["territorial", "sectoral"]}, geometry=[ground(0, 100)] * 2, crs=32650
    )
    walk = crosswalk(old, new)
    assert list(zip(walk["old_id"], walk["new_id"], strict=True)) == [("a", "b"), ("r", "s")]


@given(st.lists(st.integers(1, 99), max_size=6, unique=True), st.lists(st.integers(1, 99), max_size=6, unique=True))
def test_shares_add_up_however_a_strip_is_cut(before, after):
    def strip(cuts, name):
        edges = [0, *sorted(cuts), 100]
        shapes = [ground(a * 10, b * 10) for a, b in pairwise(edges)]
        return gpd.GeoDataFrame({"cell_id": [f"{name}{i}" for i in range(len(shapes))]}, geometry=shapes, crs=32650)

    old, new = strip(before, "o"), strip(after, "n")
    walk = crosswalk(old, new, least=0.0)
    np.testing.assert_allclose(walk.groupby("old_id")["share"].sum(), 1.0)
    np.testing.assert_allclose(walk.groupby("new_id")["area_m2"].sum().reindex(new["cell_id"]), new.geometry.area)


# -- codes without points --------------------------------------------------------------------------------------------


def times(*days) -> np.ndarray:
    return np.array(days, dtype="datetime64[us]")


def test_a_code_means_the_cell_of_its_time(file):
    cells = read_cells(file)
    when = times("2025-01-01", "2025-08-01", "2025-01-01", "2025-08-01", "2025-01-01", "2025-01-01")
    rows = former_codes(np.array(["A", "A", "C", "C", "B", "?"], dtype=object), when, cells)
    assert rows.tolist() == [0, -1, 2, -1, -1, -1]
    assert changed_since(cells, pd.Timestamp("2025-06-30")) and not changed_since(cells, pd.Timestamp(CHANGE))


def test_history_without_points_on_divided_cells_is_refused(file):
    cells = read_cells(file)
    with pytest.raises(InputError, match=r"2 incidents have the code of a former cell and no point.*areal"):
        recode(["A", "A"], times("2025-01-01", "2025-02-01"), cells)


def test_a_cell_that_only_changed_its_code_needs_no_point(file):
    codes, marked, told = recode(["C", "B"], times("2025-01-01", "2025-01-01"), read_cells(file))
    assert codes.tolist() == ["E", "B"] and not marked.any() and told == []


def test_on_request_rows_are_dealt_out_by_area_and_marked(file):
    cells, n = read_cells(file), 1000
    codes, marked, told = recode(["A"] * n, times(*["2025-01-01"] * n), cells, areal=True)
    assert marked.all() and [notice.code for notice in told] == ["N-CELL-032"] and "estimate" in told[0].en
    assert abs((codes == "D").sum() - 600) <= 2 and set(codes) == {"A", "D"}
    again, *_ = recode(["A"] * n, times(*["2025-01-01"] * n), cells, areal=True)
    assert (again == codes).all()


def test_points_are_recounted_on_the_cells_of_the_day(file):
    """One point counts where it lies today, whatever its cell was called then."""
    from gridbeacon.layers.overlay import assign_cells

    points = gpd.GeoDataFrame(geometry=[Point(WEST + 50, SOUTH + 50), Point(WEST + 250, SOUTH + 50)], crs=32650)
    for at, expected in (("2025-01-01", ["A", "C"]), ("2026-01-01", ["D", "E"])):
        cells = read_cells(file, valid_at=at)
        assert cells.table["cell_id"].to_numpy()[assign_cells(points, cells)[:, 0]].tolist() == expected


# -- through the pipeline --------------------------------------------------------------------------------------------


def calls(tmp_path, *, points: bool) -> str:
    """Ten rows a day in A (at 50 m, today's D) from June to July, with a point or with the code of the cell only."""
    days = pd.date_range("2025-06-01", "2025-07-20", freq="D").repeat(10)
    place = gpd.GeoSeries([Point(WEST + 50, SOUTH + 50)] * len(days), crs=32650).to_crs(4326)
    table = pd.DataFrame(
        {
            "工单编号": [f"T{n}" for n in range(len(days))],
            "受理时间": (days + pd.to_timedelta(np.arange(len(days)) % 10, unit="h")).astype(str),
            "诉求类型": "噪音",
            "网格编码": np.where(days < CHANGE, "A", "D"),
            "经度": place.x if points else "",
            "纬度": place.y if points else "",
        }
    )
    table.to_csv(tmp_path / "calls.csv", index=False)
    return str(tmp_path / "calls.csv")


def checked(tmp_path, file, *, points, **settings):
    from gridbeacon.pipeline.preparation import Inputs, prepare

    plan = Plan().with_settings({"as_of": "2025-07-21", **settings})
    inputs = Inputs((calls(tmp_path, points=points),), file, {"cell_code": "网格编码"})
    ready = prepare(plan, inputs, lambda fraction, text: None)
    by_cell = ready.counts.table.groupby("cell")["count"].sum()
    ids = ready.counts.cells.cell_id
    return {str(ids[row]): int(n) for row, n in by_cell.items()}, {notice.code for notice in ready.notices}


def test_a_run_recounts_all_history_from_the_points(tmp_path, file):
    counted, codes = checked(tmp_path, file, points=True)
    assert counted == {"D": 500} and "N-CELL-030" in codes


def test_a_run_with_codes_only_is_refused_unless_asked(tmp_path, file):
    with pytest.raises(InputError, match=r"300 incidents have the code of a former cell.*--redivision areal"):
        checked(tmp_path, file, points=False)
    counted, codes = checked(tmp_path, file, points=False, redivision="areal")
    assert counted["D"] + counted["A"] == 500 and abs(counted["A"] - 120) <= 2 and "N-CELL-032" in codes


def test_the_cells_of_the_moment_of_decision_count(tmp_path, file):
    counted, _ = checked(tmp_path, file, points=True, as_of="2025-06-30")
    assert counted == {"A": 290}


def warnings(**columns) -> pd.DataFrame:
    rows = {"warning_id": ["w-new"], "cell_id": ["D"], "category": ["噪音"], "role": ["territorial"]}
    rows |= {"level": ["orange"], "phase": ["open"], "change": ["新增"], "state": ["待研判"], "caveats": [""]}
    rows |= {"first_seen": [pd.Timestamp("2025-07-02")], "rank": [1], "merged_into": [""]}
    return pd.DataFrame(rows | columns)


@dataclass(frozen=True)
class Result:
    """As much of an Outcome as the ledger sees."""

    cells: object
    early_warnings: pd.DataFrame
    facts: dict
    plan: Plan = field(default_factory=Plan)
    members: pd.DataFrame = field(default_factory=pd.DataFrame)
    series: pd.DataFrame = field(default_factory=pd.DataFrame)
    grouped: pd.DataFrame = field(default_factory=pd.DataFrame)
    explanations: dict = field(default_factory=dict)


def result(file, table, as_of) -> Result:
    return Result(read_cells(file, valid_at=as_of), table, {"as_of": as_of, "run_id": as_of, "notices": []})


def test_open_warnings_carry_on_in_new_cells_with_both_codes(tmp_path, file):
    from gridbeacon.layers.ledger import open_ledger
    from gridbeacon.pipeline.files import issue, with_ledger
    from gridbeacon.pipeline.preparation import Inputs

    book, inputs = tmp_path / "ledger.sqlite", Inputs(("calls.csv",), file)
    issue(result(file, warnings(warning_id=["w-old"], cell_id=["A"], level=["yellow"]), "2025-06-30T00:00:00"), book)
    with open_ledger(book) as ledger:
        ledger.record("w-old", "assigned", actor="duty", time="2025-06-30T09:00:00")
    today = with_ledger(result(file, warnings(), "2025-07-02T00:00:00"), book, inputs)
    row = today.early_warnings.iloc[0]
    assert (row["change"], row["state"]) == ("升级", "已交办") and row["caveats"] == "网格调整:原A,现D"
    assert row["first_seen"] == pd.Timestamp("2025-06-30")
    assert [notice["code"] for notice in today.facts["notices"]] == ["N-CELL-033"]
    assert "A→D" in today.facts["notices"][0]["zh"]
    for _ in range(2):  # the same day twice adds nothing
        issue(today, book)
        with open_ledger(book) as ledger:
            assert ledger.states() == {"w-old": "已销号", "w-new": "已交办"}
            assert [event["event"] for event in ledger.events("w-new")] == ["issued", "noted", "assigned"]
    later = with_ledger(result(file, warnings(), "2025-07-03T00:00:00"), book, inputs)
    assert later.early_warnings["change"].tolist() == ["持续"] and "carried" not in later.facts


def test_an_heir_comes_to_the_state_of_the_former_and_one_that_was_reported_was_never_handled():
    from gridbeacon.layers.ledger import STATE_OF, TRANSITIONS
    from gridbeacon.pipeline.redivision import INHERITED

    assert set(STATE_OF) - set(INHERITED) == {"issued", "reopened"}
    for former, events in INHERITED.items():
        step = "issued"
        for event in events:
            step = TRANSITIONS[event][step]
        assert STATE_OF[step] == STATE_OF[former] and ("reported" in events) == (former == "reported")


def test_a_warning_whose_ground_is_quiet_is_told_with_both_codes(tmp_path, file):
    from gridbeacon.pipeline.redivision import carry_warnings, walk_since

    cells = read_cells(file)
    walk = walk_since(cells, pd.Timestamp("2025-06-01"), {"path": file})
    last = warnings(warning_id=["w-old"], cell_id=["C"]).to_dict("records")
    carried, notices = carry_warnings(warnings(), last, walk)
    assert carried == [] and [n.code for n in notices] == ["N-CELL-034"] and "C→E" in notices[0].zh
    same = warnings(warning_id=["w-b"], cell_id=["B"]).to_dict("records")
    assert carry_warnings(warnings(), same, walk) == ([], [])
    assert walk_since(cells, pd.Timestamp("2025-08-01"), {"path": file}) is None
