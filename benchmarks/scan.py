"""The space-time permutation scan at the scale of a city: our search beside the plain way, in one run.

    python benchmarks/scan.py                # a small city, both ways, outputs compared; then the large ones, ours
    python benchmarks/scan.py --write        # the same, into docs/benchmarks/scan.md
    python benchmarks/scan.py --case city    # one case alone: first-run, small, city, grid or growth

No package of the kind was found on PyPI or in Debian, so the peer is what a careful analyst would write with numpy:
for every replicate the cumulative counts of all circles by fancy indexing and `cumsum`, and the ratio of every
window at once. Ours and the peer see the same replicates; every maximum is compared before any time is.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
from gridbeacon.models.scan import PermutationNull, Sites, Zones, circles, scan, spans
from gridbeacon.models.scan.search import Search

ROOT = Path(__file__).parents[1]
CASES = ("first-run", "small", "city", "grid", "growth")


def city(n_cells: int, n_days: int, n_cases: int, seed: int = 1) -> tuple[Sites, np.ndarray]:
    """Cells at random places on 80 x 80 km, uneven; counts (n_days, n_sites) of a quiet city."""
    rng = np.random.default_rng(seed)
    sites = Sites.of(rng.uniform(0, 80_000, (n_cells, 2)))
    rate = np.tile(rng.gamma(0.5, 1.0, n_cells), n_days)
    return sites, rng.multinomial(n_cases, rate / rate.sum()).reshape(n_days, n_cells).astype(float)


def plain_maximum(drawn: np.ndarray, null: PermutationNull, zones: Zones, windows: np.ndarray) -> float:
    """The largest ratio of one replicate, the numpy way: all windows of a circle's row at once, row by row."""
    total, best, first = null.cases, 0.0, len(null.baseline) - len(drawn)
    cumulative = np.cumsum(drawn[::-1], axis=0)[windows[:, 1] - windows[:, 0] - 1]
    expected = np.cumsum(null.baseline[first:][::-1], axis=0)[windows[:, 1] - windows[:, 0] - 1]
    for row in range(zones.n_rows):
        ring = zones.members[zones.start[row] : zones.start[row + 1]]
        c, mu = np.cumsum(cumulative[:, ring], axis=1), np.cumsum(expected[:, ring], axis=1)
        told = (c > mu) & (c >= 2) & (mu < total)
        c, mu = c[told], mu[told]
        left = total - c
        ratio = c * np.log(c / mu) + left * np.log(np.maximum(left, 1e-300) / (total - mu))
        best = max(best, float(ratio.max(initial=0.0)))
    return best


def small() -> list[str]:
    """Ours and the plain way on a small city, replicate by replicate."""
    sites, counts = city(1000, 60, 20_000)
    null, windows = PermutationNull.of(counts), spans(60, 14)
    zones = circles(sites, counts.sum(axis=0), max_share=0.1)
    search = Search(null, zones, windows, side="high", min_cases=2, min_relative_risk=1.0)
    seeds, peers = np.random.SeedSequence(0).spawn(160), 8
    search.set_floor(search.maxima(seeds[:16]))
    ours, mine = timed(lambda: in_passes(search, seeds))
    draw = null.sampler(search.first)
    plain, theirs = timed(
        lambda: [plain_maximum(draw(np.random.default_rng(s)), null, zones, windows) for s in seeds[:peers]]
    )
    worst = float(np.abs(np.asarray(ours)[:peers] / np.array(plain) - 1).max())
    if worst > 1e-9:
        raise SystemExit(f"the two ways differ by {worst:.2g}")
    each, other = mine / len(seeds) * 1e3, theirs / peers * 1e3
    head = "1,000 areas x 60 days, 20,000 cases, 10 % cap, <= 14 days: one replicate"
    return [f"| {head} | {each:.2f} ms | {other:.0f} ms | **{other / each:.0f}x** | {worst:.0e} | {memory()} |"]


def in_passes(search: Search, seeds: list[np.random.SeedSequence]) -> np.ndarray:
    """The maxima of replicates as a scan asks for them: as many at once as stay in the cache."""
    k = search.replicates_of_a_pass
    return np.concatenate([search.maxima(seeds[i : i + k]) for i in range(0, len(seeds), k)])


def whole(n_cells: int, n_cases: int, n_replicates: int, **caps: float) -> list[str]:
    """A whole scan, zones and 999 replicates and all."""
    sites, counts = city(n_cells, 90, n_cases)
    scanned = PermutationNull.of(counts)
    clock = time.perf_counter()
    zones, build = timed(lambda: circles(sites, counts.sum(axis=0), **caps))
    found, cpu = timed(lambda: scan(counts, scanned, sites, zones, spans(90, 14), n_replicates=n_replicates))
    wall = time.perf_counter() - clock
    words = ", ".join(f"{name} {value:g}" for name, value in caps.items())
    head = f"{n_cells:,} areas x 90 days, {n_cases:,} cases, {words}, <= 14 days, {n_replicates} replicates"
    windows = zones.n_zones * 14 * (n_replicates + 1)
    return [
        f"| {head}: p {found.clusters[0].p_value:.3f} | {build + cpu:.0f} s CPU (zones {build:.1f}), {wall:.0f} s by "
        f"the clock; {windows / 1e9:.0f}e9 windows, {1e9 * cpu / windows:.2f} ns each | | | | {memory()} |"
    ]


def growth() -> list[str]:
    """One replicate over the number of areas, at 300 areas a circle."""
    lines = []
    for n_cells in (1000, 4000, 16_000, 64_000):
        sites, counts = city(n_cells, 90, 20 * n_cells)
        null, zones = PermutationNull.of(counts), circles(sites, counts.sum(axis=0), max_sites=300)
        search = Search(null, zones, spans(90, 14), side="high", min_cases=2, min_relative_risk=1.0)
        seeds = np.random.SeedSequence(0).spawn(16)
        search.set_floor(search.maxima(seeds))
        search.maxima(seeds[:1])
        _, cpu = timed(lambda search=search, seeds=seeds: in_passes(search, seeds))
        lines.append(
            f"| {n_cells:,} areas, 300 a circle: one replicate | {cpu / 16 * 1e3:.1f} ms CPU | | | | {memory()} |"
        )
    return lines


def first_run() -> list[str]:
    """The scan of a small city in a fresh interpreter with an empty cache of kernels, and again."""
    code = (
        "import time; t = time.perf_counter()\n"
        "import sys; sys.path.insert(0, 'benchmarks')\n"
        "import scan as script\n"
        "sites, counts = script.city(200, 30, 2000)\n"
        "from gridbeacon.models.scan import PermutationNull, circles, scan, spans\n"
        "scan(counts, PermutationNull.of(counts), sites, circles(sites, counts.sum(axis=0)), spans(30, 7))\n"
        "print(time.perf_counter() - t, time.process_time())"
    )
    told = []
    with tempfile.TemporaryDirectory() as cache:
        for words in ("no cached kernels", "cached kernels"):
            done = subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            wall, cpu = (float(word) for word in done.stdout.split())
            told.append(
                f"| 200 areas x 30 days, 999 replicates, {words} | {wall:.1f} s wall, {cpu:.1f} s CPU | | | | |"
            )
    return told


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """What *work* gives, and the CPU seconds it took, of all threads."""
    clock = time.process_time()
    return work(), time.process_time() - clock


def memory() -> str:
    """The largest memory this process has held."""
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"


MADE_WITH = f"Python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}"

HEAD = f"""# Scan statistic: speed

Written by `python benchmarks/scan.py --write`: {MADE_WITH}, {os.cpu_count()} processors.
Every case runs in a process of its own; its memory is the largest it held. No package of the kind was found on PyPI
or in Debian; the peer is plain numpy, which sees the same replicates, and every maximum is compared first. CPU
seconds are of all threads; seconds by the clock say how busy the machine was.

| what | ours | peer | ratio | largest difference | memory |
|---|---|---|---|---|---|
"""

RUNS: dict[str, Callable[[], list[str]]] = {
    "first-run": first_run,
    "small": small,
    "city": lambda: whole(5612, 100_000, 999, max_share=0.1),
    "grid": lambda: whole(63_684, 300_000, 999, max_share=0.1, max_sites=60),
    "growth": growth,
}


def main() -> None:
    """Run the cases, each in a process of its own, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, help="one case, here")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/scan.md")
    chosen = parser.parse_args()
    if chosen.case:
        print("\n".join(RUNS[chosen.case]()))
        return
    lines = []
    for case in CASES:
        done = subprocess.run([sys.executable, __file__, "--case", case], capture_output=True, text=True, check=True)
        lines.append(done.stdout)
        print(done.stdout, end="", flush=True)
    if chosen.write:
        target = ROOT / "docs" / "benchmarks" / "scan.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
