"""63,684 cells and 1,000,000 incidents as layers of a real QGIS: opened, run from the dock, styled, panned.

    python benchmarks/qgis_city.py [--folder FOLDER] [--written] [--write] [--picture PNG]

The window's heart beats every 5 ms on its main thread; the longest gap between two beats is the longest time in which
nothing could be clicked. QGIS's own opening and drawing of the same two layers is measured in the same session.
With --written the incident layer carries a filter, so that its features are written for the engine one by one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from large_city import write_city

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.append(str(ROOT / "tests" / "qgis"))
from desktop import drive, write_profile  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks" / "qgis-city.md"
LEAD = (
    ": the real desktop under Xvfb, driven from the dock. The window's heart beats every 5 ms on its main\n"
    "thread; a block is a gap between two beats, in which nothing could be clicked. QGIS's own opening of\n"
    "the same two layers stands beside it as a measure: with a filter it counts them, which is its\n"
    "longest. The check and the run are the engine's, in a process and with the memory of its own (see\n"
    "[the briefing](briefing.md)); the movements are made over the results and the two layers, with the\n"
    "map drawn anew each time."
)


def measure(folder: Path, cells: Path, incidents: Path, *, written: bool, picture: Path) -> dict[str, Any]:
    """Drive one QGIS session; what it reports."""
    profiles = folder / "profiles"
    plugins = profiles / "default" / "python" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "gridbeacon").symlink_to(ROOT)
    write_profile(profiles, "gridbeacon", "en_US")
    wish = {
        "name": "gridbeacon",
        "cells": str(cells),
        "incidents": str(incidents),
        "filter": '"来源" IS NOT NULL' if written else "",
        "patience": 1200,
    }
    environment = {**os.environ, "GRIDBEACON_ENGINE_PYTHON": sys.executable, "HOME": str(folder)}
    return drive(profiles, folder / "work", wish, environment, picture, str(HERE / "qgis_city_startup.py"))


def table(report: dict[str, Any]) -> list[str]:
    """One line for each phase."""
    lines = [
        "| phase | seconds | longest block (ms) | blocks > 100 ms | memory of QGIS (MB, peak) |",
        "|---|---|---|---|---|",
    ]
    for name, facts in report["phases"].items():
        if name in ("start", "end"):
            continue
        blocks = f"{facts['longest_block_ms']} | {facts['blocks_over_100_ms']}"
        lines.append(f"| {name} | {facts['seconds']:.1f} | {blocks} | {facts['VmRSS']} ({facts['VmHWM']}) |")
    return lines


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, help="where the city lies or shall lie")
    parser.add_argument("--cells", type=int, default=63_684)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--written", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridbeacon-") as scratch:
        base = Path(scratch)
        cells, incidents = write_city(asked.folder or base / "city", asked.cells, asked.incidents)
        parts = []
        for written in [False, True] if asked.write else [asked.written]:
            picture = asked.picture or base / "picture.png"
            told = measure(base / f"session{written}", cells, incidents, written=written, picture=picture)
            print(json.dumps(told, ensure_ascii=False, indent=1))
            title = "A filtered layer: features written for the engine" if written else "Layers that are files"
            parts += [f"\n## {title}\n", *table(told)]
    if asked.write:
        head = f"# A large city in QGIS\n\n{asked.cells:,} cells, {asked.incidents:,} incidents; {platform.machine()}, "
        lead = f"{os.cpu_count()} cores. Made by `benchmarks/qgis_city.py --write`{LEAD}\n"
        PAGE.write_text("\n".join([head + lead, *parts]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
