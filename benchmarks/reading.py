"""Reading a large CSV: how long, and how much memory, against `pyarrow.csv.read_csv` alone in the same run.

    python benchmarks/reading.py --rows 3000000 --ways reading batches counting [--write]

Each way runs in a process of its own, all in turn, several times; the best time and the largest memory count.
"reading" is `read_incidents`: every column judged, duplicates found, every row accounted for. "batches" is the same by
`read_batches`, a batch at a time. "counting" is `count_stream`: steps 1 to 4 of the journey, batch by batch, down to
counts and account. Every way must account for every row, and find the same duplicates.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

CLASSES = [(f"大类{n // 12}", f"小类{n}") for n in range(180)]
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "reading.md"
HEAD = """# Reading

How long it takes to read, judge and account for every row of a CSV, beside `pyarrow.csv.read_csv` alone on the same
file in the same run, each in a process of its own. Written by `benchmarks/reading.py --write`.
"""
SIDE = 40
"""Cells a side of the city that rows are placed on."""


def make_file(path: Path, n_rows: int, seed: int = 7) -> None:
    """A hotline's export: 18-digit codes, times, two levels of classes, places, sources, units; 0.5 % duplicates."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(seed)
    start = np.datetime64("2024-01-01", "s").astype(np.int64)
    with path.open("wb") as sink:
        for first in range(0, n_rows, 500_000):
            n = min(500_000, n_rows - first)
            number = np.arange(first, first + n)
            repeat = rng.random(n) < 0.005
            seconds = np.sort(start + (number / n_rows * 86400 * 700).astype(np.int64))
            kind = rng.integers(0, len(CLASSES), n)
            places = 113.5 + rng.random(n) * 0.4, 22.5 + rng.random(n) * 0.4
            columns = {
                "工单编号": pa.array([f"4401{code:014d}" for code in number.tolist()]),
                "受理时间": pa.array(np.char.replace(np.datetime_as_string(seconds.astype("datetime64[s]")), "T", " ")),
                "诉求大类": pa.array([c[0] for c in CLASSES]).take(pa.array(kind)),
                "诉求小类": pa.array([c[1] for c in CLASSES]).take(pa.array(kind)),
                "经度": pa.array(np.round(places[0], 6)),
                "纬度": pa.array(np.round(places[1], 6)),
                "来源": pa.array(["12345", "110", "网格"]).take(pa.array(rng.integers(0, 3, n))),
                "承办单位": pa.array([f"单位{u}" for u in range(300)]).take(pa.array(rng.integers(0, 300, n))),
            }
            order = np.where(repeat, np.maximum(np.arange(n) - 1, 0), np.arange(n))
            table = pa.table(columns).take(pa.array(order))
            csv.write_csv(table, sink, csv.WriteOptions(include_header=first == 0, quoting_style="none"))


def make_cells(path: Path) -> None:
    """A square city of SIDE by SIDE cells under the rows."""
    import geopandas as gpd
    from shapely.geometry import box

    step = 0.4 / SIDE
    corners = [(113.5 + step * c, 22.5 + step * r) for r in range(SIDE) for c in range(SIDE)]
    shapes = [box(x, y, x + step, y + step) for x, y in corners]
    ids = [f"44010500100312{n:04d}" for n in range(len(shapes))]
    gpd.GeoDataFrame({"cell_id": ids}, geometry=shapes, crs=4326).to_file(path, driver="GPKG")


def by_pyarrow(path: Path) -> dict[str, int]:
    """The anchor."""
    from pyarrow import csv

    return {"rows": csv.read_csv(path).num_rows}


def by_reading(path: Path) -> dict[str, int]:
    """`read_incidents` with all its rules."""
    from gridbeacon.layers.incidents import read_incidents

    intake = read_incidents([path])
    return {"rows": intake.rows_in, "duplicates": len(intake.duplicates)}


def by_batches(path: Path) -> dict[str, int]:
    """The same, a batch at a time."""
    from gridbeacon.layers.incidents.batches import read_batches

    rows = duplicates = 0
    for intake in read_batches([path]):
        rows, duplicates = rows + intake.rows_in, duplicates + len(intake.duplicates)
    return {"rows": rows, "duplicates": duplicates}


def by_counting(path: Path) -> dict[str, int]:
    """Steps 1 to 4, batch by batch."""
    from gridbeacon.layers.grids import read_cells
    from gridbeacon.pipeline import Plan
    from gridbeacon.pipeline.stream import count_stream

    counted = count_stream([path], read_cells(path.with_name("cells.gpkg")), Plan(as_of="2025-12-01"))
    account = counted.account
    return {"rows": account["rows_in"], "duplicates": account["rows_duplicate"], "counts": len(counted.counts.table)}


WAYS = {"pyarrow": by_pyarrow, "reading": by_reading, "batches": by_batches, "counting": by_counting}


_ROOMS = ("gridbeacon.layers.incidents.batches", "gridbeacon.pipeline.stream")


def timed(way: str, path: Path) -> dict[str, float]:
    """One way here and now: imports first, then seconds by the clock and of the processors, and the memory it took."""
    for room in ("pyarrow.csv", *(_ROOMS if way != "pyarrow" else ())):
        import_module(room)
    started, busy = time.perf_counter(), time.process_time()
    found = WAYS[way](path)
    took = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - busy}
    return found | took | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured(way: str, path: Path) -> dict[str, float]:
    """One way in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, "--file", str(path)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, print, and with --write put the table into the page of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS)[1:], default=["reading"])
    parser.add_argument("--file", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(timed(asked.way, asked.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = asked.file or Path(folder) / "incidents.csv"
        if not path.exists():
            make_file(path, asked.rows)
        if "counting" in asked.ways and not path.with_name("cells.gpkg").exists():
            make_cells(path.with_name("cells.gpkg"))
        runs: dict[str, list[dict[str, float]]] = {way: [] for way in ("pyarrow", *asked.ways)}
        for _ in range(asked.rounds):
            for way, found in runs.items():
                found.append(measured(way, path))
        text = table_of(runs, path)
    print(text)
    if asked.write:
        write(f"{int(runs['pyarrow'][0]['rows']):,} rows", text)


def table_of(runs: dict[str, list[dict[str, float]]], path: Path) -> str:
    """What was measured, as Markdown: seconds and ratio to the anchor, memory. Raises where two ways disagree."""
    import pyarrow

    for fact in ("rows", "duplicates"):
        told = {run[fact] for found in runs.values() for run in found if fact in run}
        if len(told) > 1:
            raise SystemExit(f"the ways disagree on {fact}: {sorted(told)}")
    lines = [
        f"{path.stat().st_size / 1e6:.0f} MB, {len(next(iter(runs.values())))} rounds, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, pyarrow {pyarrow.__version__}",
        "",
        "| way | rows | duplicates | counts | seconds | ratio | CPU seconds | ratio | memory, MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    anchor, busy = (min(run[key] for run in runs["pyarrow"]) for key in ("seconds", "cpu"))
    for way, found in runs.items():
        best, cpu = (min(run[key] for run in found) for key in ("seconds", "cpu"))
        rows, *others = (f"{int(found[0][fact]):,}" if fact in found[0] else "" for fact in _FACTS)
        figures = f"{best:.2f} | {best / anchor:.1f} | {cpu:.2f} | {cpu / busy:.1f}"
        lines.append(f"| {way} | {rows} | {' | '.join(others)} | {figures} | {max(r['memory'] for r in found):.0f} |")
    return "\n".join(lines)


_FACTS = ("rows", "duplicates", "counts")


def write(title: str, text: str) -> None:
    """Put a table into the page of results, in the place of the one of the same size."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    head, *sections = before.split("\n## ")
    kept = {section.split("\n", 1)[0]: section.split("\n", 1)[1].strip() for section in sections}
    kept[title] = text
    PAGE.parent.mkdir(exist_ok=True)
    whole = "\n\n".join([head.strip(), *(f"## {name}\n\n{body}" for name, body in kept.items())])
    PAGE.write_text(whole + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
