"""Reading a large CSV: how long, and how much memory, against `pyarrow.csv.read_csv` alone in the same run.

    python benchmarks/reading.py --rows 3000000 [--stream] [--write]

Each way runs in a process of its own, the two in turn, several times; the best time and the largest memory count.
"reading" is `read_incidents`: every column judged, duplicates found, every row accounted for. "streaming" is
`count_stream`: steps 1 to 4 of the journey, batch by batch, down to counts and account.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLASSES = [(f"大类{n // 12}", f"小类{n}") for n in range(180)]
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

    started, busy = time.perf_counter(), time.process_time()
    table = csv.read_csv(path)
    return {"rows": table.num_rows, "seconds": time.perf_counter() - started, "cpu": time.process_time() - busy}


def by_reading(path: Path) -> dict[str, int]:
    """`read_incidents` with all its rules."""
    from gridbeacon.layers.incidents import read_incidents

    started, busy = time.perf_counter(), time.process_time()
    intake = read_incidents([path])
    return {"rows": intake.rows_in, "seconds": time.perf_counter() - started, "cpu": time.process_time() - busy}


def by_streaming(path: Path) -> dict[str, int]:
    """Steps 1 to 4, batch by batch."""
    from gridbeacon.layers.grids import read_cells
    from gridbeacon.pipeline import Plan
    from gridbeacon.pipeline.stream import count_stream

    cells = read_cells(path.with_name("cells.gpkg"))
    started, busy = time.perf_counter(), time.process_time()
    counted = count_stream([path], cells, Plan(as_of="2025-12-01"))
    return {
        "rows": counted.account["rows_in"],
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - busy,
    }


WAYS = {"pyarrow": by_pyarrow, "reading": by_reading, "streaming": by_streaming}


def measured(way: str, path: Path) -> dict[str, float]:
    """One way in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, "--file", str(path)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--way", choices=WAYS)
    asked = parser.parse_args()
    if asked.way:
        found = WAYS[asked.way](asked.file)
        found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = asked.file or Path(folder) / "incidents.csv"
        if not path.exists():
            make_file(path, asked.rows)
        if asked.stream and not path.with_name("cells.gpkg").exists():
            make_cells(path.with_name("cells.gpkg"))
        ways = ["pyarrow", "streaming" if asked.stream else "reading"]
        runs = {way: [] for way in ways}
        for _ in range(asked.rounds):
            for way in ways:
                runs[way].append(measured(way, path))
        tell(runs, path)


def tell(runs: dict[str, list[dict[str, float]]], path: Path) -> None:
    """The table: seconds, ratio to the anchor, memory."""
    import pyarrow

    print(f"{path.stat().st_size / 1e6:.0f} MB, Python {platform.python_version()}, pyarrow {pyarrow.__version__}")
    print("| way | rows | seconds | ratio | CPU seconds | ratio | memory, MB |\n|---|---|---|---|---|---|---|")
    anchor, busy = (min(run[key] for run in runs["pyarrow"]) for key in ("seconds", "cpu"))
    for way, found in runs.items():
        best = min(run["seconds"] for run in found)
        memory = max(run["memory"] for run in found)
        cpu = min(run["cpu"] for run in found)
        figures = f"{best:.2f} | {best / anchor:.1f} | {cpu:.2f} | {cpu / busy:.1f}"
        print(f"| {way} | {found[0]['rows']:,} | {figures} | {memory:.0f} |")


if __name__ == "__main__":
    main()
