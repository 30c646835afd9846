"""Runs of the sample city cancelled at random moments, through Processing and through the dock, in a headless QGIS.

python tests/cancels.py --cancels 200 --write docs/cancels.md
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

HERE = Path(__file__).parent
sys.path.append(str(HERE / "qgis"))
from desk import Desk  # noqa: E402
from desktop import city_parameters  # noqa: E402

ROOT = HERE.parent
PYTHON = "/usr/bin/python3"
SPAN = 9.0
"""Seconds within which the moments lie: some more than a run of the sample city takes on a quiet machine."""
AT_ONCE = 25
"""Cancels in one QGIS."""


def moments(number: int, seed: int, span: float = SPAN) -> list[float]:
    """Moments of cancel, in seconds after the start, spread evenly over *span*."""
    draw = random.Random(seed)  # nosec B311 - no secret
    return [round(draw.uniform(0.0, span), 3) for _ in range(number)]


def through_processing(desk: Desk, when: list[float], folder: Path) -> dict[str, Any]:
    """Cancels of `gridbeacon:run` in a thread of Processing."""
    return desk.ask("cancel_runs.py", parameters=city_parameters(desk.plugin, folder / "runs"), moments=when)


def through_the_dock(desk: Desk, when: list[float], folder: Path) -> dict[str, Any]:
    """Cancels of the dock's run: by turns over a text layer, which is written first, and over a file."""
    sample = desk.plugin / "sample_data"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(sample / "incidents_2025.csv.zip") as archive:
        table = Path(archive.extract(archive.namelist()[0], folder))
    places = f"xField={quote('经度')}&yField={quote('纬度')}&crs=EPSG:4326"
    text = [f"{table.as_uri()}?type=csv&encoding=GB18030&detectTypes=yes&{places}", "delimitedtext"]
    return desk.ask(
        "cancel_dock.py",
        layers={"text layer": text, "file layer": [str(table), "ogr"]},
        sources=["text layer", "file layer"],
        cells=str(sample / "cells.geojson.zip"),
        runs=str(folder / "runs"),
        ledger=str(folder / "ledger.sqlite"),
        moments=when,
    )


WAYS = {"Processing": through_processing, "the dock": through_the_dock}


def figures(told: list[dict[str, Any]]) -> dict[str, Any]:
    """What the cancels of one way come to."""
    cancels = [cancel for answer in told for cancel in answer["cancels"]]
    stopped = [cancel for cancel in cancels if cancel["ending"] == ["cancelled"]]
    gone = [cancel["gone"] for cancel in stopped]
    return {
        "cancels": len(cancels),
        "finished": sum(cancel["ending"] == ["finished"] for cancel in cancels),
        "other": sum(cancel["ending"] not in (["finished"], ["cancelled"]) for cancel in cancels),
        "at_work": sum(bool(cancel["seen"]) for cancel in stopped),
        "median": statistics.median(gone) if gone else 0.0,
        "worst": max(gone, default=0.0),
        "strays": sum(len(cancel["left"]) for cancel in cancels),
        "layers": sum(cancel["layers"] for cancel in cancels),
        "left": sum(len(answer["left_runs"]) + len(answer.get("left_work", [])) for answer in told),
    }


HEAD = """# Cancels at random moments

Runs of the sample city with the real engine in a headless QGIS {qgis}, each cancelled at a moment drawn evenly from the
first {span:g} s; a run takes 6 to 9 s on two cores when they have nothing else to do. A run that had ended before its
cancel is counted as such. *Gone* is the time from the cancel to the end of the last process, children included. QGIS
never crashed. Load of the machine meanwhile: {load:.0f} on {cores} cores; above the number of cores the times are
longer than a user sees them. Made by `python tests/cancels.py --cancels {cancels} --write docs/cancels.md`.

"""
COLUMNS = {
    "cancels": "cancels",
    "finished": "ended before",
    "at_work": "engine at work",
    "median": "gone, median (s)",
    "worst": "gone, worst (s)",
    "strays": "stray processes",
    "layers": "layers half-added",
    "left": "folders left",
}


def page(found: dict[str, dict[str, Any]], qgis: str, load: float) -> str:
    """docs/cancels.md."""
    cancels = sum(told["cancels"] for told in found.values())
    head = HEAD.format(qgis=qgis, span=SPAN, cancels=cancels, load=load, cores=os.cpu_count())
    rows = [["through", *COLUMNS.values()], ["---", *("---:" for _ in COLUMNS)]]
    for way, told in found.items():
        shown = [told[name] for name in COLUMNS]
        rows.append([way, *(f"{value:.2f}" if isinstance(value, float) else str(value) for value in shown)])
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def measure(way: str, cancels: int, seed: int, folder: Path, loads: list[float]) -> dict[str, Any]:
    """Cancel that many runs through *way*, some in each QGIS; how loaded the machine was goes into *loads*."""
    desk = Desk(folder / "张三 文档", PYTHON).put_plugin(ROOT)
    told = []
    for part, begin in enumerate(range(0, cancels, AT_ONCE)):
        when = moments(min(AT_ONCE, cancels - begin), seed + part)
        told.append(WAYS[way](desk, when, folder / f"part {part}"))
        loads.append(os.getloadavg()[0])
        print(way, begin + len(when), figures(told), flush=True)
    return figures(told)


def main() -> None:
    """Measure, print, and write the page where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cancels", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    loads: list[float] = []
    for way in WAYS:
        with tempfile.TemporaryDirectory() as scratch:
            found[way] = measure(way, options.cancels // len(WAYS), options.seed, Path(scratch), loads)
    asked = [PYTHON, "-c", "from qgis.core import Qgis; print(Qgis.version().split('-')[0])"]
    qgis = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    text = page(found, qgis, statistics.mean(loads))
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    if any(f["strays"] or f["layers"] or f["left"] or f["other"] or f["worst"] > 2.0 for f in found.values()):
        sys.exit("a cancel left something, or took more than two seconds")


if __name__ == "__main__":
    main()
