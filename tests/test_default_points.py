"""Default points: a geocoder's fall-back is found wherever it lies, and the days on which it stuck are listed."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.layers.default_points import at_default_points, find_default_points
from shapely.geometry import Point

CRS = 32650
TAINAN = [(120.227028, 22.999728), (120.33235, 22.958229), (120.209250, 22.994726)]
BOSTON = [(-71.0587, 42.3594)]


def city(n=6000, seed=0) -> gpd.GeoDataFrame:
    """Calls with busy addresses of gradually falling size, four classes, over a year."""
    random = np.random.default_rng(seed)
    spots = random.uniform(0, 20_000, (3000, 2))
    weight = 1 / (np.arange(3000) + 30.0)
    at = spots[random.choice(3000, n, p=weight / weight.sum())]
    times = pd.Timestamp("2024-01-01", tz="Asia/Shanghai") + pd.to_timedelta(random.integers(0, 366 * 86400, n), "s")
    classes = random.choice(["噪声/施工", "停车/违停", "垃圾/堆积", "路灯/不亮"], n, p=[0.4, 0.3, 0.2, 0.1])
    return gpd.GeoDataFrame({"category": classes, "time": times}, geometry=shapely.points(at), crs=CRS)


def piled(calls: gpd.GeoDataFrame, rows: np.ndarray, x=12_345.678, y=9_876.543) -> gpd.GeoDataFrame:
    moved = calls.copy()
    moved.loc[rows, "geometry"] = Point(x, y)
    return moved


def test_an_ordinary_city_has_no_default_points():
    for seed in range(5):
        assert find_default_points(city(seed=seed)).empty


def test_a_fall_back_is_found_wherever_it_lies():
    calls = city()
    rows = np.random.default_rng(1).choice(len(calls), 400, replace=False)
    for x, y in [(12_345.678, 9_876.543), (0.05, -3.0), (1e6, 2.5e6)]:
        spoilt = piled(calls, rows, x, y)
        found = find_default_points(spoilt)
        assert found[["x", "y", "rows", "certain"]].values.tolist() == [[x, y, 400, True]]
        assert np.flatnonzero(at_default_points(spoilt, found)).tolist() == sorted(rows)
        assert "class mix" in found["reason"][0] and "类别构成" in found["reason_zh"][0]


def test_an_outbreak_at_one_address_is_not_a_default_point():
    calls = city()
    day = calls["time"].dt.strftime("%m").eq("03").to_numpy()
    rows = np.flatnonzero(day)[:400]
    calls.loc[rows, "time"] = pd.Timestamp("2024-03-05 08:00", tz="Asia/Shanghai")
    assert find_default_points(piled(calls, rows)).empty


def test_a_persistent_caller_is_a_suspect_and_never_excluded():
    calls = city()
    rows = np.flatnonzero(calls["category"] == "噪声/施工")[::7][:300]
    calls.loc[rows, "category"] = "噪声/施工"
    spoilt = piled(calls, rows)
    found = find_default_points(spoilt)
    assert found["rows"].tolist() == [300] and not found["certain"].any()
    assert not at_default_points(spoilt, found).any() and at_default_points(spoilt, found, suspects=True).sum() == 300


def test_few_or_no_places_are_no_trouble():
    calls = city(50)
    assert find_default_points(calls).empty and find_default_points(calls.iloc[:0]).empty
    calls["geometry"] = None
    assert find_default_points(calls).empty and not at_default_points(calls, find_default_points(calls)).any()


CITIES = {
    "tainan1999": (("lon", "lat", "category", "received_at"), TAINAN, [3541, 1578, 908]),
    "boston311_2011": (("longitude", "latitude", "subject", "opened_at"), BOSTON, [4775]),
    "stlouis_2016_2019": (("lon", "lat", "category", "occurred_at"), [], []),
}


@pytest.fixture(scope="module")
def real(shared_data):
    """The located rows of a real city, in degrees."""

    def read(folder):
        columns = list(CITIES[folder][0])
        table = pd.read_parquet(shared_data / folder / "incidents.parquet", columns=columns).dropna(subset=columns[:2])
        lon, lat, category, time = (table[name] for name in columns)
        return gpd.GeoDataFrame(
            {"category": category.replace("", "?"), "time": time.dt.tz_localize("UTC")},
            geometry=gpd.points_from_xy(lon, lat),
            crs=4326,
        ).reset_index(drop=True)

    return read


@pytest.mark.parametrize("folder", CITIES)
def test_the_known_default_points_are_found_and_no_busy_place(real, folder):
    """Golden: the fall-back geocodes of ../shared/data/README.md; St Louis has none."""
    _, places, golden = CITIES[folder]
    points = real(folder)
    found = find_default_points(points)
    certain = found[found["certain"].astype(bool)]
    assert certain["rows"].tolist() == golden and set(certain["kind"]) <= {"default"}
    np.testing.assert_allclose(
        certain[["x", "y"]].to_numpy(float).reshape(-1, 2), np.reshape(places, (-1, 2)), atol=1e-6
    )
    assert at_default_points(points, found).sum() == sum(golden)


@pytest.mark.parametrize("folder", ["tainan1999", "boston311_2011"])
def test_they_are_found_again_wherever_they_are_moved(real, folder):
    """Must-show: each known point moved to a random place of the city, three times over."""
    _, places, golden = CITIES[folder]
    points = real(folder)
    before = points.geometry.to_numpy()
    x, y = shapely.get_x(before), shapely.get_y(before)
    west, south, east, north = np.quantile(x, 0.05), np.quantile(y, 0.05), np.quantile(x, 0.95), np.quantile(y, 0.95)
    random = np.random.default_rng(7)
    for _ in range(3):
        moved, to = before.copy(), []
        for lon, lat in places:
            at = (np.abs(x - lon) < 5e-7) & (np.abs(y - lat) < 5e-7)
            to.append((round(random.uniform(west, east), 6), round(random.uniform(south, north), 6)))
            moved[at] = Point(to[-1])
        found = find_default_points(points.set_geometry(gpd.GeoSeries(moved, crs=4326)))
        certain = found[found["certain"].astype(bool)]
        assert certain["rows"].tolist() == golden
        np.testing.assert_allclose(certain[["x", "y"]].to_numpy(float), to, atol=1e-6)


def test_the_days_on_which_tainans_geocoder_stuck_are_suspects(real):
    """2018-04-16, (120.233633, 23.010346): ten calls of four districts and two classes, all morning."""
    points = real("tainan1999")
    found = find_default_points(points)
    sticky = found[found["kind"] == "sticky"]
    assert (
        not sticky["certain"].any()
        and "may have stuck" in sticky["reason"].iloc[0]
        and "滞留" in sticky["reason_zh"].iloc[0]
    )
    known = sticky[
        (sticky["day"] == "2018-04-16") & (sticky["x"].round(6) == 120.233633) & (sticky["y"].round(6) == 23.010346)
    ]
    assert known["rows"].tolist() == [10]
    assert (
        sticky["day"].str[:7].isin(["2018-04", "2018-05", "2018-06", "2018-07", "2018-09", "2018-10"]).sum()
        >= len(sticky) - 1
    )
    days = points["time"].dt.strftime("%Y-%m-%d")
    taken = at_default_points(points, sticky, suspects=True)
    assert taken.sum() == sticky["rows"].sum() and set(days[taken]) == set(sticky["day"])


@pytest.mark.parametrize("folder", ["boston311_2011", "stlouis_2016_2019"])
def test_other_cities_have_next_to_no_sticky_days(real, folder):
    found = find_default_points(real(folder))
    assert (found["kind"] == "sticky").sum() <= 5 and not found.loc[found["kind"] == "sticky", "certain"].any()


def stuck(calls: gpd.GeoDataFrame, classes, hours) -> gpd.GeoDataFrame:
    """Eight calls of one day moved to one point."""
    moved = calls.copy()
    rows = np.arange(8)
    moved.loc[rows, "geometry"] = Point(4_321.5, 1_234.5)
    moved.loc[rows, "category"] = [classes[n % len(classes)] for n in rows]
    first = pd.Timestamp("2024-06-05 08:00", tz="Asia/Shanghai")
    moved.loc[rows, "time"] = [(first + pd.Timedelta(hours=hours * n / 7)).floor("s") for n in rows]
    return moved


@pytest.mark.parametrize(
    ("classes", "hours", "listed"),
    [
        (["噪声/施工", "停车/违停", "垃圾/堆积"], 9.0, True),
        (["噪声/施工", "噪声/生活"], 9.0, False),  # one top class: a persistent nuisance
        (["噪声/施工", "停车/违停"], 0.5, False),  # over within the hour: an event
    ],
)
def test_a_stuck_geocoder_is_told_from_an_event(classes, hours, listed):
    found = find_default_points(stuck(city(), classes, hours))
    assert found["kind"].tolist() == (["sticky"] if listed else [])
    assert found["day"].tolist() == (["2024-06-05"] if listed else [])


def test_the_old_address_still_answers():
    from gridbeacon.layers import overlay

    assert overlay.find_default_points is find_default_points and overlay.at_default_points is at_default_points
    with pytest.raises(AttributeError):
        _ = overlay.nothing_of_that_name
