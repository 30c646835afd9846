"""The account adds up whatever comes in: random tables of incidents on random grids, from file to cube.

The grids overlap, leave gaps, and stand over one another as territorial and sectoral units; the tables hold blank,
wrong and infinite coordinates, points on edges and corners, repeated rows and times that are none.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.cube import Counts
from gridbeacon.errors import InputError
from gridbeacon.layers.aggregate import count_incidents
from gridbeacon.layers.coordinates import reproject
from gridbeacon.layers.grids import CellLayer, read_cells
from gridbeacon.layers.incidents import Intake, read_incidents
from gridbeacon.layers.overlay import assign_cells
from shapely.geometry import box

TABLES, GRIDS = 80, 40
"""Every table meets every grid: 3,200 pairs."""

WEST, SOUTH, STEP = 113.0, 30.0, 0.001
CLASSES = ["噪音/施工", "噪音/商铺", "占道", "", "井盖/破损/路面"]
NOTHING = ["", "nan", "NULL", "inf", "12..5", "0", "999"]


def random_grid(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Boxes on a lattice of 0.001 degrees: side by side, over one another or apart; some are sectoral."""
    rows = []
    for number in range(int(rng.integers(2, 9))):
        x, y = rng.integers(0, 6, 2)
        w, h = rng.integers(1, 4, 2)
        shape = box(WEST + x * STEP, SOUTH + y * STEP, WEST + (x + w) * STEP, SOUTH + (y + h) * STEP)
        role = "sectoral" if number and rng.random() < 0.3 else "territorial"
        rows.append((f"{rng.integers(0, 10)}-{number:02d}", role, f"S{number % 2}", shape))
    ids, roles, streets, shapes = zip(*rows, strict=True)
    facts = {"cell_id": list(ids), "role": list(roles)}
    if rng.random() < 0.5:
        facts["street_code"] = list(streets)
    return gpd.GeoDataFrame(facts, geometry=list(shapes), crs=4326)


def random_table(rng: np.random.Generator, number: int) -> pd.DataFrame:
    """Up to 12 rows as a hotline may export them; halves of the lattice step, so many lie on edges and corners."""
    n = int(rng.integers(1, 13))
    place = rng.integers(-1, 20, (n, 2)) / 2
    lon = [f"{WEST + x * STEP:.4f}" for x in place[:, 0]]
    lat = [f"{SOUTH + y * STEP:.4f}" for y in place[:, 1]]
    hours = rng.integers(0, 24 * 5, n)
    moments = [str(pd.Timestamp("2025-03-03") + pd.Timedelta(hours=int(hour))) for hour in hours]
    for row in rng.choice(n, int(rng.integers(0, n // 3 + 1)), replace=False):  # with more the whole file is refused
        (lon if rng.random() < 0.5 else lat)[row] = str(rng.choice(NOTHING))
    for row in np.flatnonzero(rng.random(n) < 0.08):
        moments[row] = str(rng.choice(["", "2025-02-30 08:00:00", "昨天"]))
    table = pd.DataFrame(
        {
            "工单编号": [f"T{number}-{row}" for row in range(n)],
            "受理时间": moments,
            "诉求类型": rng.choice(CLASSES, n),
            "来源": rng.choice(["12345", "110"], n),
            "经度": lon,
            "纬度": lat,
        }
    )
    again = table.iloc[rng.integers(0, n, int(rng.integers(0, 3)))]
    return pd.concat([table, again], ignore_index=True)


def by_hand(points: gpd.GeoSeries, layer: CellLayer, role: str) -> list[str]:
    """The smallest code among the finest units of a role whose closed region holds each point; '' for none."""
    table = layer.table.iloc[layer.leaves(role)].sort_values("cell_id")
    inside = shapely.intersects(points.to_numpy()[:, None], table.geometry.to_numpy()[None, :])
    return [next(iter(table["cell_id"][row]), "") for row in inside]


@pytest.fixture(scope="module")
def intake(tmp_path_factory) -> Intake:
    """All tables as files of one import; what became of each row is told by file."""
    folder = tmp_path_factory.mktemp("tables")
    for number in range(TABLES):
        random_table(np.random.default_rng(number), number).to_csv(folder / f"{number:03d}.csv", index=False)
    return read_incidents(
        sorted(folder.glob("*.csv")), columns=None, crs=None, timezone="Asia/Shanghai", duplicates="drop"
    )


@pytest.fixture(scope="module")
def grids(tmp_path_factory) -> list[CellLayer]:
    folder, made = tmp_path_factory.mktemp("grids"), []
    for number in range(GRIDS):
        random_grid(np.random.default_rng(1000 + number)).to_parquet(folder / "c.parquet")
        made.append(read_cells(folder / "c.parquet"))
    return made


def test_every_row_that_came_in_is_accounted_for(intake, grids):
    """Of every table on every grid: rows = counted + outside + duplicate + excluded + quarantined.

    Counted is what the cubes hold: each row once in each role, on every level, never twice in a total.
    """
    ends = [part["source_file"].value_counts() for part in (intake.duplicates, intake.excluded, intake.quarantine)]
    assert min(int(end.sum()) for end in (ends[0], ends[2])) > 20
    files, roles, pairs, outside = intake.incidents["source_file"].to_numpy(), set(), 0, 0
    n_rows = [len(random_table(np.random.default_rng(number), number)) for number in range(TABLES)]
    assert sum(n_rows) == intake.rows_in
    by_table = intake.incidents.assign(source=files)  # so that one count of all tells them apart
    for layer in grids:
        assigned = assign_cells(by_table, layer)
        placed = (assigned >= 0).any(axis=1)
        counts = count_incidents(by_table, assigned, layer.as_cells(), burst_metres=0)
        held = {role: held_by_table(counts, role) for role in layer.roles}
        for number in range(TABLES):
            name = f"{number:03d}.csv"
            own = files == name
            in_roles = [held[role].get(name, 0) for role in layer.roles]
            assert in_roles == (assigned[own] >= 0).sum(axis=0).tolist()
            n_placed, n_outside = int(placed[own].sum()), int((~placed[own]).sum())
            assert max(in_roles) <= n_placed <= sum(in_roles)
            account = [n_placed, n_outside, *(int(end.get(name, 0)) for end in ends)]
            assert sum(account) == n_rows[number], (name, account)
            pairs, outside = pairs + 1, outside + n_outside
        roles |= set(layer.roles)
    assert pairs == GRIDS * TABLES >= 2000 and roles == {"territorial", "sectoral"} and outside > 1000


def held_by_table(counts: Counts, role: str) -> dict[str, int]:
    """How many incidents of each table the counts of a role hold; the cubes of its levels must hold as many."""
    own = counts.table[counts.cells.role[counts.table["cell"].to_numpy(dtype=np.int64)] == role]
    found = own.groupby("source")["count"].sum()
    levels = {max(counts.cells.levels(role))} | ({0} if role == "territorial" else set())
    for level in levels:
        assert counts.cube(unit_level=level, role=role).counts.sum() == found.sum()
        some = found.index[level % max(len(found), 1)] if len(found) else ""
        assert not some or counts.cube(unit_level=level, role=role, source=some).counts.sum() == found[some]
    return {str(name): int(n) for name, n in found.items()}


def test_the_place_is_the_one_found_by_hand(intake, grids):
    """Every row on every fifth grid against the slow way: closed regions, the smallest code, each role alone."""
    for layer in grids[::5]:
        ids = layer.table["cell_id"].to_numpy(dtype=object)
        points = reproject(intake.incidents, layer.crs).geometry
        assigned = assign_cells(intake.incidents, layer)
        for column, role in enumerate(layer.roles):
            mine = np.where(assigned[:, column] >= 0, ids[assigned[:, column]], "")
            assert mine.tolist() == by_hand(points, layer, role)


def test_batches_count_as_the_whole_does(intake, grids):
    """Two halves counted by themselves add up to all tables counted at once."""
    incidents, half = intake.incidents, len(intake.incidents) // 2
    for layer in grids[::5]:
        cells, assigned = layer.as_cells(), assign_cells(incidents, layer)
        parts = [
            count_incidents(incidents.iloc[part], assigned[part], cells, burst_metres=0)
            for part in (slice(0, half), slice(half, None))
        ]
        whole = count_incidents(incidents, assigned, cells, burst_metres=0)
        pd.testing.assert_frame_equal(whole.table, (parts[0] + parts[1]).table)


def test_a_table_of_which_nothing_is_left_says_so(tmp_path):
    table = random_table(np.random.default_rng(0), 0).assign(经度="", 纬度="")
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="no row can be used"):
        read_incidents([tmp_path / "t.csv"], columns=None, crs=None, timezone="Asia/Shanghai", duplicates="drop")
