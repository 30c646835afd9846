"""The two pictures of the README: the briefing of the sample city, and the same day under a naive rule.

    python benchmarks/pictures.py --out docs

needs Playwright and Chromium. The naive rule is the one in common use: every class on every cell is compared with the
mean of its own last 84 days, and a Poisson tail below 5 % is an alarm. Nothing is pooled, ranked or held back. The
tests are the ones the briefing makes on its finest units, on the same counts; only the rule differs.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
import rasterio.errors
from gridbeacon.layers.briefing import write_briefing
from gridbeacon.layers.grids import full_name
from gridbeacon.pipeline import Outcome, Plan
from gridbeacon.pipeline.journey import lowest_level, study
from gridbeacon.pipeline.preparation import Inputs, Prepared, prepare
from gridbeacon.pipeline.wording import Responsible, short_class
from gridbeacon.sample_data import CELLS, INCIDENTS, RESPONSIBLE, sample_path
from scipy.spatial import cKDTree
from scipy.stats import poisson

SIZE = {"width": 1920, "height": 1080}
BASELINE_DAYS = 84
LIMIT = 0.05
ORDINARY_DAYS = 60
LARGEST = 300_000

EVERY_LIT_CELL = """() => {
  const seen = {};
  GB.shown = GB.data.warnings.inside.filter((w) => !seen[w.unit] && (seen[w.unit] = true));
  GB.selected = -1;
  GB.makeBeacons(); GB.renderDetail(); GB.lightRow(); GB.repaintAll();
  GB.beacons.forEach((b) => { b.name.className = "name name-hidden"; });
  document.querySelectorAll(".figure")[3].remove();
}"""
"""A beacon on every lit cell (the page itself never shows more than ten), and no figure of closed tickets: the naive
rule links none."""


def main() -> None:
    """Make docs/briefing.png, docs/briefing-light.png and docs/naive-map.png, and say what the naive rule found."""
    warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)  # a picture is no map
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the pictures")
    out = parser.parse_args().out
    ready = prepared_sample()
    outcome = study(ready, Responsible.read(sample_path(RESPONSIBLE)), lambda fraction, text: None)
    alarms, n_tests, by_chance = naive_alarms(ready)
    lit = alarms["cell_id"].nunique()
    print(f"{n_tests:,} tests of cells at 5 %: {len(alarms)} alarms in {lit} cells, {by_chance:.0f} of them by chance")
    print(f"the same rule on the {ORDINARY_DAYS} days before: {alarms_per_day(ready):.0f} alarms a day")
    print(f"early warnings of the same day: {len(outcome.early_warnings)}")
    with tempfile.TemporaryDirectory() as folder:
        ours, naive = Path(folder, "briefing.html"), Path(folder, "naive.html")
        write_page(ours, outcome, outcome.facts, outcome.early_warnings, outcome.series)
        told = naive_facts(outcome, alarms, n_tests, by_chance)
        write_page(naive, outcome, told, alarms, outcome.series[outcome.series["warning_id"] == ""])
        shoot(ours, out / "briefing.png")
        shoot(ours, out / "briefing-light.png", theme="light")
        shoot(naive, out / "naive-map.png", script=EVERY_LIT_CELL)


def prepared_sample() -> Prepared:
    """The sample city's incidents on its cells, counted up to the end of its last day."""
    files = tuple(str(sample_path(name)) for name in INCIDENTS)
    return prepare(
        Plan().checked(),
        Inputs(files, str(sample_path(CELLS)), events=str(sample_path("events.csv"))),
        lambda fraction, text: None,
    )


def naive_alarms(ready: Prepared) -> tuple[pd.DataFrame, int, float]:
    """Every cell and class of the last day with a Poisson tail below 5 %, the strongest first.

    Returns the table, the number of tests, and how many alarms such tests give on a day on which nothing happens.
    """
    counts, level = ready.counts, max(ready.counts.cells.levels())
    lowest = lowest_level(ready)
    found, n_tests, by_chance = [], 0, 0.0
    for node in counts.nodes(ready.plan.class_depth):
        if lowest(node) < level:
            continue
        cube = counts.cube(node, level, last=BASELINE_DAYS + 1, valid=ready.valid)
        usual = cube.counts[:-1][cube.valid[:-1]].mean(axis=0)
        today = cube.counts[-1]
        tail = poisson.sf(today - 1, usual)
        least = poisson.ppf(1 - LIMIT, usual) + 1  # the smallest count that is an alarm
        by_chance += float(poisson.sf(least - 1, usual).sum())
        n_tests += cube.n_cells
        hit = np.flatnonzero(tail < LIMIT)
        units = counts.cells.rows_at(level)[hit]
        columns = {"unit": units, "observed": today[hit], "expected": usual[hit], "p": tail[hit]}
        found.append(pd.DataFrame(columns | {"cell_id": cube.cells[hit], "category": node}))
    table = pd.concat(found, ignore_index=True).sort_values(["p", "cell_id", "category"], kind="stable")
    return as_warnings(table.reset_index(drop=True), ready), n_tests, by_chance


def alarms_per_day(ready: Prepared) -> float:
    """The mean number of such alarms on the days before the last one, each against the 84 days before it."""
    counts, level = ready.counts, max(ready.counts.cells.levels())
    lowest = lowest_level(ready)
    total = 0
    for node in counts.nodes(ready.plan.class_depth):
        if lowest(node) < level:
            continue
        seen = counts.cube(node, level, last=BASELINE_DAYS + ORDINARY_DAYS + 1).counts
        for day in range(BASELINE_DAYS, BASELINE_DAYS + ORDINARY_DAYS):
            usual = seen[day - BASELINE_DAYS : day].mean(axis=0)
            total += int((poisson.sf(seen[day] - 1, usual) < LIMIT).sum())
    return total / ORDINARY_DAYS


def as_warnings(table: pd.DataFrame, ready: Prepared) -> pd.DataFrame:
    """The alarms as rows the briefing can draw; the naive rule knows one level and holds nothing back."""
    names = full_name(ready.cells.table).to_numpy()[table["unit"]]
    day = pd.Timestamp(ready.counts.bins[-1])
    words = zip(table["category"], table["observed"], table["expected"], strict=True)
    return table.assign(
        warning_id=[f"naive-{i}" for i in range(len(table))],
        rank=np.arange(1, len(table) + 1),
        level="red",
        within_budget=True,
        cell_name=names,
        window_start=day,
        window_end=ready.as_of,
        reason=[f"当日{short_class(c)}{int(o)}件,{_usual(e)}" for c, o, e in words],
        responsible="待明确",
        place_ids="",
        phase="open",
        x=np.nan,
        y=np.nan,
    )


def _usual(expected: float) -> str:
    return f"平时约{expected:.2f}件" if expected else f"此前{BASELINE_DAYS}天没有"


def naive_facts(outcome: Outcome, alarms: pd.DataFrame, n_tests: int, by_chance: float) -> dict[str, Any]:
    """The run's facts, said of the naive rule: its name, its tests, and its false alarms in a hundred days."""
    finest = max(outcome.facts["units"])
    n_cells = int(outcome.facts["units"][finest])
    return outcome.facts | {
        "title": "逢 5% 就报的地图",
        "city": f"同一天,{alarms['cell_id'].nunique()} 个网格亮起",
        "expected_false": {
            level: {"per_week": 7 * n, "low": 0.0, "high": 7 * n, "basis": "bound"}
            for level, n in (("red", by_chance), ("orange", 0.0))
        },
        "tests": n_tests,
        "units": {finest: n_cells},
        "classes": n_tests // n_cells,
        "cut": 0,
    }


def write_page(path: Path, outcome: Outcome, facts: dict[str, Any], table: pd.DataFrame, series: pd.DataFrame) -> None:
    """A briefing of the run's map with the given warnings."""
    write_briefing(
        path,
        facts=facts,
        cells=outcome.cells.table,
        risk=outcome.risk,
        hotspots=outcome.hotspots,
        surface=outcome.surface,
        early_warnings=table,
        history=outcome.history,
        explanations={own: told for own, told in outcome.explanations.items() if own in set(table["warning_id"])},
        series=series,
    )


def shoot(page: Path, picture: Path, *, theme: str = "dark", script: str | None = None) -> None:
    """Photograph the page as a wall screen shows it, in few enough colours for a repository."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=chromium)
        tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        tab.goto(page.as_uri())
        tab.wait_for_selector("html[data-ready]")
        if theme == "light":
            tab.click("#theme")
        if script:
            tab.evaluate(script)
        tab.wait_for_timeout(600)
        picture.write_bytes(tab.screenshot())
        browser.close()
    in_few_colours(picture)
    print(f"{picture}: {picture.stat().st_size:,} bytes")
    if picture.stat().st_size > LARGEST:
        raise SystemExit(f"{picture} is larger than {LARGEST:,} bytes")


def in_few_colours(picture: Path, most: int = 256) -> None:
    """Rewrite a PNG with a palette of its *most* frequent colours; every pixel takes the nearest."""
    with rasterio.open(picture) as source:
        pixels = source.read()[:3].reshape(3, -1).T
        shape = (source.height, source.width)
    colours, index, count = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    coarse = np.unique(colours // 12, axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((coarse, -count))
    first_of_kind = order[np.sort(np.unique(coarse[order], return_index=True)[1])]  # the commonest of like colours
    palette = colours[first_of_kind[:most]]
    nearest = cKDTree(palette.astype(float)).query(colours.astype(float))[1]
    indices = nearest[index.ravel()].astype(np.uint8).reshape(shape)
    options = {"driver": "PNG", "height": shape[0], "width": shape[1], "count": 1, "dtype": "uint8", "zlevel": 9}
    with rasterio.open(picture, "w", **options) as target:
        target.write(indices, 1)
        target.write_colormap(1, {i: (*map(int, colour), 255) for i, colour in enumerate(palette)})
    picture.with_name(picture.name + ".aux.xml").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
