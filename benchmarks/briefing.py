"""The briefing of a large city beside folium's own choropleth of the same cells: size, writing, opening, answering.

    python benchmarks/briefing.py [--cells 63684] [--without-folium] [--write]

Cells are Voronoi polygons with about 45 corners, in three levels. Both pages are opened by the same Chromium, headless
and without a network (folium's page, which asks seven hosts for its scripts, gets them from a folder it is served from
where one is named by --scripts, else only its size and its writing are measured).
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from gridbeacon.cube import ALL_CLASSES, ROOT_CELL
from gridbeacon.layers.briefing import write_briefing
from gridbeacon.layers.briefing.history import History
from overlay import SIDE, city
from playwright.sync_api import Browser, sync_playwright

CRS = 32650
DAYS = 365
BLOCKS = (6, 40)
"""Districts and streets along one side of the city."""


def town(n_cells: int) -> gpd.GeoDataFrame:
    """The units of every level, the city first: squares of streets and districts, taken from the cells they hold."""
    shapes = city(n_cells)
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    frames = [level_of(0, [ROOT_CELL], [""], [shapely.box(0, 0, SIDE, SIDE)])]
    above = np.full(n_cells, ROOT_CELL, dtype=object)
    for level, blocks in enumerate(BLOCKS, start=1):
        at = np.minimum((centres / SIDE * blocks).astype(int), blocks - 1)
        own = np.array([f"{level}{x:02d}{y:02d}" for x, y in at], dtype=object)
        units, first = np.unique(own.astype(str), return_index=True)
        merged = [shapely.union_all(shapes[own == unit], grid_size=0.01) for unit in units]
        frames.append(level_of(level, units, above[first], merged))
        above = own
    frames.append(level_of(len(BLOCKS) + 1, [f"c{n:06d}" for n in range(n_cells)], above, shapes))
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=CRS)


def level_of(level: int, ids: Any, parents: Any, shapes: Any) -> pd.DataFrame:
    """Rows of one level."""
    columns = {"cell_id": list(ids), "name": [f"第{unit}单元" for unit in ids], "parent": list(parents)}
    return pd.DataFrame(columns | {"unit_level": level, "role": "territorial", "geometry": list(shapes)})


def risk_of(cells: gpd.GeoDataFrame) -> pd.DataFrame:
    """A risk and a count for every unit."""
    rng = np.random.default_rng(0)
    incidents = rng.poisson(3.0, len(cells))
    start = pd.Timestamp("2026-01-01")
    columns = {"cell_id": cells["cell_id"], "name": cells["name"], "unit_level": cells["unit_level"]}
    return pd.DataFrame(
        columns
        | {
            "category": ALL_CLASSES,
            "window_start": start,
            "window_end": start + pd.Timedelta(days=28),
            "incidents": incidents,
            "expected": 3.0,
            "risk": rng.beta(1, 2, len(cells)),
            "warning_level": "",
            "status": "ok",
        }
    )


def facts() -> dict[str, Any]:
    """What the page says of the run."""
    return {
        **{"title": "城市风险晨报", "city": "大市", "run_id": "x", "as_of": "2026-01-29T00:00:00"},
        **{"window_days": 28.0, "window_start": "2026-01-01T00:00:00", "bin": "day", "timezone": "Asia/Shanghai"},
        **{"classification": "内部资料", "plan_version": "x", "version": "x", "account": {}, "notices": []},
        **{"street_level": 2, "level_names": {0: "城市", 1: "区", 2: "街道", 3: "网格"}, "units": {}, "classes": 1},
    }


def year_of(cells: gpd.GeoDataFrame, incidents: int) -> History:
    """A year of days with so many incidents, most of them in few of the cells."""
    rng = np.random.default_rng(1)
    finest = cells.loc[cells["unit_level"] == cells["unit_level"].max(), "cell_id"].to_numpy()
    unit = (len(finest) * rng.beta(0.5, 3.0, incidents)).astype(int)
    table = pd.DataFrame({"cell_id": finest[unit], "step": rng.integers(0, DAYS, incidents), "incidents": 1})
    summed = table.groupby(["step", "cell_id"], as_index=False)["incidents"].sum()
    return History(pd.date_range("2025-01-29", periods=DAYS).to_numpy(), np.ones(DAYS, bool), summed)


def ours(cells: gpd.GeoDataFrame, risk: pd.DataFrame, path: Path, history: History | None = None) -> None:
    """Write our page."""
    hot = pd.DataFrame(columns=["cell_id", "category", "incidents", "gi_star", "hotspot_class", "status", "unit_level"])
    early = pd.DataFrame(columns=["warning_id", "rank", "level", "phase", "cell_id"])
    series = pd.DataFrame(columns=["warning_id", "time", "observed", "expected", "lower", "upper", "valid"])
    tables = {"risk": risk, "hotspots": hot, "early_warnings": early, "series": series}
    write_briefing(path, facts=facts(), cells=cells, surface=None, history=history, **tables)


def theirs(cells: gpd.GeoDataFrame, risk: pd.DataFrame, path: Path) -> None:
    """Write folium's choropleth of the finest level, on canvas, with its tooltip."""
    part = cells[cells["unit_level"] == cells["unit_level"].max()].to_crs(4326)
    part = part[["cell_id", "name", "geometry"]].merge(risk[["cell_id", "incidents", "risk"]], on="cell_id")
    page = folium.Map(location=[0.45, 112.0], zoom_start=9, prefer_canvas=True, tiles=None)
    columns = {"columns": ["cell_id", "risk"], "key_on": "feature.properties.cell_id"}
    folium.Choropleth(part.to_json(), data=part, **columns).add_to(page)
    page.save(path)


def wall(work: Callable[[], Any]) -> float:
    """Seconds by the clock."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def opened(browser: Browser, path: Path) -> tuple[float, float, float]:
    """Seconds until the page is ready, and milliseconds until a hover is drawn: the median and the worst of fifty."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    started = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    ready = time.perf_counter() - started
    for _ in range(4):
        page.click("#zoom-in")
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    for n in range(50):
        page.mouse.move(300 + 12 * n, 300 + 7 * n)
        page.wait_for_timeout(30)
    spent = np.array(page.evaluate("window.spent"))
    page.close()
    return ready, float(np.median(spent)), float(spent.max())


def played(browser: Browser, path: Path) -> float:
    """Milliseconds a day of the year takes to be summed up and drawn, the mean of all of them."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    page.get_by_role("radio", name="过程").click()
    spent = float(page.evaluate(PLAY))
    page.close()
    return spent


PLAY = """() => {
  const n = GB.past.t.length, begun = performance.now();
  for (let step = 0; step < n; step++) GB.showStep(step);
  return (performance.now() - begun) / n;
}"""

WATCH = """() => {
  window.spent = [];
  const map = document.querySelector(".leaflet-container") || document.body;
  map.addEventListener("mousemove", () => {
    const begun = performance.now();
    requestAnimationFrame(() => setTimeout(() => window.spent.push(performance.now() - begun), 0));
  }, true);
}"""
"""The time from a movement to the frame that was drawn after it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=63_684)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--without-folium", action="store_true")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    cells = town(asked.cells)
    risk = risk_of(cells)
    corners = int(shapely.get_num_coordinates(cells.geometry.values).sum())
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"))
        mine, peer = Path(folder, "ours.html"), Path(folder, "folium.html")
        spent = wall(lambda: ours(cells, risk, mine))
        ready, middle, worst = opened(browser, mine)
        size = mine.stat().st_size / 1e6
        history = year_of(cells, asked.incidents)
        whole = wall(lambda: ours(cells, risk, mine, history))
        again, step, large_page = opened(browser, mine)[0], played(browser, mine), mine.stat().st_size / 1e6
        rows.append(f"| the briefing | {size:.1f} | {spent:.1f} | {ready:.1f} | {middle:.0f} / {worst:.0f} |")
        year = f"the same with a year of days, {asked.incidents:,} incidents"
        rows.append(f"| {year} | {large_page:.1f} | {whole:.1f} | {again:.1f} | a day is drawn in {step:.0f} ms |")
        if not asked.without_folium:
            slow = wall(lambda: theirs(cells, risk, peer))
            large = peer.stat().st_size / 1e6
            rows.append(f"| folium.Choropleth | {large:.1f} | {slow:.1f} | blank: no network | |")
            rows.append(f"| ratio | {large / size:.0f} × | {slow / spent:.1f} × | | |")
        browser.close()
    text = "\n".join(
        [
            f"{asked.cells:,} cells, {corners:,} corners in all levels; Python {platform.python_version()}, folium "
            f"{folium.__version__}. By the clock, on a machine that others use too.\n",
            "| page | MB | written in s | ready in s | ms from a movement to its frame, median / worst of 50 |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )
    print(text)
    if asked.write:
        target = Path(__file__).parents[1] / "docs" / "benchmarks" / "briefing.md"
        target.write_text("# The briefing of a large city\n\n" + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
