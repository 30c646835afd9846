"""Real incidents, read from beside the project and never copied into it; skipped by name where they are absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from geopandas import GeoSeries, points_from_xy
from gridbeacon.pipeline import Plan, run

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the real data sets are not beside the project")

TAINAN = (DATA / "tainan1999" / "incidents.parquet", DATA / "tainan1999" / "villages_cunli.parquet")
ST_LOUIS = (
    DATA / "stlouis_2016_2019" / "incidents.parquet",
    f"{DATA / 'stlouis_2016_2019' / 'polygons.gpkg'}|grid_1km_205",
)
BOSTON = (DATA / "boston311_2011" / "incidents.parquet", DATA / "boston311_2011" / "polygons.gpkg")


def run_on(city: tuple, **settings):
    return run(Plan().with_settings(settings), [city[0]], city[1])


def live(outcome) -> pd.DataFrame:
    table = outcome.early_warnings
    return table[table["phase"].isin(["open", "escalated"])]


@pytest.fixture(scope="module")
def tainan():
    return run_on(TAINAN, as_of="2016-09-29")


def test_tainan_adds_up(tainan):
    account = dict(tainan.account)
    assert account.pop("rows_in") == 105_337 == sum(account.values())
    assert account["rows_outside"] <= 0.001 * (account["rows_used"] + account["rows_outside"])


def test_tainan_warns_of_the_blackouts_of_september_2016_first(tainan):
    """113 and 83 calls of 民生管線 on 2016-09-27/28 (typhoon Megi); an ordinary peak is 21."""
    top = live(tainan).iloc[0]
    assert top["level"] in ("orange", "red") and top["category"].startswith("民生管線") and top["cell_id"] == "CITY"


def test_tainan_stays_within_its_budget(tainan):
    urgent = live(tainan)
    urgent = urgent[urgent["level"].isin(["orange", "red"]) & urgent["within_budget"]]
    assert len(urgent) <= 5


def test_tainan_fall_back_points_count_for_no_village():
    """3,541, 1,578 and 908 rows on three points (data/README.md), known by 2019: a naive map is hottest there."""
    settings = {"as_of": "2019-08-09", "window": 1570, "class_depth": 0}
    outcome, naive = (run_on(TAINAN, default_points=policy, **settings) for policy in ("city", "keep"))
    assert sorted(point["rows"] for point in outcome.facts["default_points"]) == [908, 1578, 3541]
    cells = outcome.cells.table
    leaves = cells[cells["unit_level"] == cells["unit_level"].max()]
    ours, theirs = (run_.hotspots.set_index("cell_id")["incidents"] for run_ in (outcome, naive))
    for point in outcome.facts["default_points"]:
        place = GeoSeries(points_from_xy([point["x"]], [point["y"]]), crs=cells.crs).iloc[0]
        village = leaves[leaves.geometry.intersects(place)]["cell_id"].iloc[0]
        assert theirs[village] - ours[village] == point["rows"]


def test_st_louis_gi_star_is_that_of_spdep():
    """R spdep 1.2-7 on all 2019 rows per cell of the 1-km grid, duplicates and default points kept: within 1e-6."""
    outcome = run_on(ST_LOUIS, as_of="2020-01-01", window=365, duplicates="keep", default_points="keep")
    golden = pd.read_csv(DATA / "stlouis_2016_2019" / "reference_spdep_grid2019.csv").set_index("PageName")
    ours = outcome.hotspots[(outcome.hotspots["category"] == "全部") & outcome.hotspots["cell_id"].isin(golden.index)]
    ours = ours.set_index("cell_id").reindex(golden.index)
    assert (ours["incidents"] == golden["n"]).all()
    np.testing.assert_allclose(ours["gi_star"], golden["Gi_star_B"], atol=1e-6)


def test_boston_warns_of_the_trees_on_the_day_of_the_storm():
    """777 requests of reason Trees on 2011-08-28 (hurricane Irene), against about 20 a day."""
    outcome = run_on(BOSTON, as_of="2011-08-29")
    trees = live(outcome)[live(outcome)["category"].str.contains("Trees")]
    assert len(trees) and trees["level"].iloc[0] in ("orange", "red")
    assert trees["window_end"].iloc[0] == pd.Timestamp("2011-08-29")
    assert len(outcome.facts["default_points"]) >= 1
