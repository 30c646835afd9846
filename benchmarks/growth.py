"""How time and memory of the models grow: cells from 1,000 to 64,000 at 182 days, days from 52 to 365 at 4,000 cells.

    python benchmarks/growth.py [--write]

Each model scores the last bin (window models the last 28 days) of a city of 0.2 incidents a cell and day, in a process
of its own; time is the CPU's, memory the peak above what the city itself takes. Weekly models see as many weeks.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from gridbeacon.models import registry
from gridbeacon.models.base import at_last, window_cube
from null_cities import city

CELLS, DAYS = (1_024, 4_096, 16_384, 63_504), (52, 104, 182, 365)
MIDDLE = (4_096, 182)
MODELS = (
    "getis_ord",
    "local_moran",
    "kernel_density",
    "emerging",
    "nb_predictive",
    "ears",
    "bayes",
    "nb_cusum",
    "ladder",
    "farrington",
)


def work(name: str, n_cells: int, n_days: int) -> dict[str, float]:
    """CPU seconds and peak MB of one model on one city."""
    cls = registry()[name]
    counts = np.random.default_rng(0).poisson(0.2, (n_days, n_cells)).astype(float)
    small = np.random.default_rng(0).poisson(0.2, (n_days, 64)).astype(float)
    for values in (small, counts):  # the first, small one compiles
        cube = city_of(values, cls.bin or "day")
        cube = cube if cls.temporal or cls.end_only else window_cube(cube.window(28))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        judge(cls, cube)
        spent = time.process_time() - started
    return {"seconds": spent, "mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def judge(cls: Any, cube: Any) -> None:
    """What a step asks of a model."""
    model = cls().fit(cube)
    if hasattr(model, "score") and cls.temporal:
        model.score(cube, 1)
    else:
        at_last(model.log_p if cls.has_null else model.evidence, cube)


def city_of(counts: np.ndarray, bin: str) -> Any:
    """As `null_cities.city`, without a dense matrix of neighbours."""
    from dataclasses import replace

    from scipy import sparse

    n = counts.shape[1]
    side = int(np.sqrt(n))
    row, col = np.divmod(np.arange(n), side)
    pairs = []
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        there = (row + down < side) & (col + right >= 0) & (col + right < side)
        pairs.append((np.flatnonzero(there), np.flatnonzero(there) + down * side + right))
    one, two = (np.concatenate(part) for part in zip(*pairs, strict=True))
    links = sparse.csr_matrix((np.ones(2 * len(one)), (np.r_[one, two], np.r_[two, one])), shape=(n, n))
    tiny = city(counts[:, :4], bin)
    group = 8 * (row * 8 // side) + col * 8 // side
    return replace(
        tiny,
        counts=counts,
        cells=np.array([f"c{i:05d}" for i in range(n)], dtype=object),
        centres=np.column_stack([col, row]) * 1000.0 + 500.0,
        areas=np.ones(n),
        contiguity=links,
        parents=group,
        exposure=np.full(n, 1000.0),
    )


def measured(name: str, n_cells: int, n_days: int) -> dict[str, float]:
    """One model in a process of its own."""
    told = [sys.executable, __file__, "--work", name, str(n_cells), str(n_days)]
    return json.loads(subprocess.run(told, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def draw(found: dict[str, dict[tuple[int, int], dict[str, float]]], path: Path) -> None:
    """Seconds over cells and over days, one line a model, both axes logarithmic."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    for name, told in found.items():
        panels[0].loglog(CELLS, [told[n, MIDDLE[1]]["seconds"] for n in CELLS], marker="o", ms=3, label=name)
        panels[1].loglog(DAYS, [told[MIDDLE[0], d]["seconds"] for d in DAYS], marker="o", ms=3)
    panels[0].set(xlabel=f"cells ({MIDDLE[1]} bins)", ylabel="CPU seconds for the last bin")
    panels[1].set(xlabel=f"bins ({MIDDLE[0]:,} cells)")
    for panel, sizes in zip(panels, (CELLS, DAYS), strict=True):
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
        panel.minorticks_off()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="center right", fontsize=8)
    figure.tight_layout(rect=(0, 0, 0.87, 1))
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs=3)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    if asked.work:
        print(json.dumps(work(asked.work[0], int(asked.work[1]), int(asked.work[2]))))
        return
    sizes = sorted({(n, MIDDLE[1]) for n in CELLS} | {(MIDDLE[0], d) for d in DAYS})
    found = {name: {size: measured(name, *size) for size in sizes} for name in MODELS}
    head = "| model | " + " | ".join(f"{n:,} × {d}" for n, d in sizes) + " |"
    lines = [head, "|---|" + "---|" * len(sizes)]
    for name, told in found.items():
        lines.append(
            f"| {name} | " + " | ".join(f"{told[s]['seconds']:.2f} s, {told[s]['mb']:.0f} MB" for s in sizes) + " |"
        )
    print("\n".join(lines))
    if asked.write:
        docs = Path(__file__).parents[1] / "docs" / "benchmarks"
        told = __doc__.split("\n\n")
        text = f"# Growth\n\n{told[0]}\n\n{told[2].strip()}\n\n![CPU seconds over cells and bins](growth.png)\n\n"
        (docs / "growth.md").write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
        draw(found, docs / "growth.png")


if __name__ == "__main__":
    main()
