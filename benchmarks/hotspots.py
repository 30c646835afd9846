"""Gi*, local Moran by permutation and neighbours at city size, beside esda and libpysal in the same run.

    python benchmarks/hotspots.py [--cells 63684] [--bins 365] [--rounds 3] [--write]

Each way runs in a process of its own, compiled and warmed up on a small city first, the two ways of a task in turn; the
best CPU time of all rounds counts, and the growth of the process's memory while it worked. Outputs are compared
before a ratio is told. Peers are called their fastest documented way: esda with numba, n_jobs=1 and its simulations not
kept, over libpysal's Graph; Gi* also over its older W, which is what the goal was set by.
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
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the ragged city is the tests' own

SLICES = 10
"""Bins that esda scores one by one; its time for all bins is told as that many times as long."""
GROWTH = [(1_000, 52), (4_000, 52), (16_000, 52), (64_000, 52), (64_000, 365)]


def make_city(folder: Path, n_cells: int, n_bins: int) -> None:
    """Ragged cells, their queen neighbours, Poisson counts with one pile-up of a default point, general weights."""
    import shapely
    from gridbeacon.layers.grids.neighbours import queen
    from ragged_city import ragged_city
    from scipy import sparse

    rng = np.random.default_rng(1)
    shapes = ragged_city(n_cells)
    links = queen(shapes)
    counts = rng.poisson(0.3, (n_bins, n_cells)).astype(float)
    counts[:, 17] += 30
    weights = links.copy()
    weights.data = rng.uniform(0.2, 2.0, links.nnz)
    np.save(folder / "shapes.npy", shapely.to_wkb(shapes), allow_pickle=True)
    np.save(folder / "counts.npy", counts)
    sparse.save_npz(folder / "links.npz", links)
    sparse.save_npz(folder / "weights.npz", weights)


class City:
    """The saved city; `small` is its first cells, to warm up on."""

    def __init__(self, folder: Path, n: int | None = None):
        import shapely
        from scipy import sparse

        self.counts = np.load(folder / "counts.npy")[:, :n]
        self.links = sparse.load_npz(folder / "links.npz")[:n, :n]
        self.weights = sparse.load_npz(folder / "weights.npz")[:n, :n]
        self.window = self.counts.sum(axis=0)
        self.shapes = shapely.from_wkb(np.load(folder / "shapes.npy", allow_pickle=True)[:n])


def our_gi_star(city: City) -> Callable[[], dict[str, np.ndarray]]:
    from gridbeacon.models.hotspot import gi_star
    from scipy import sparse

    near = sparse.csr_array(city.links + sparse.eye(city.links.shape[0]))
    return lambda: {"z": gi_star(city.counts, near)}


def _esda_gi_star(city: City, graph: bool) -> Callable[[], dict[str, np.ndarray]]:
    import esda
    from libpysal.weights import WSP, fill_diagonal
    from scipy import sparse

    near = _graph(city.links, star=True) if graph else fill_diagonal(WSP(sparse.csr_matrix(city.links)).to_W())

    def run() -> dict[str, np.ndarray]:
        slices = city.counts[:SLICES]
        return {"z": np.array([esda.G_Local(row, near, transform="B", star=True, permutations=0).Zs for row in slices])}

    return run


def _our_moran(city: City, links: object) -> Callable[[], dict[str, np.ndarray]]:
    from gridbeacon.models.hotspot import local_moran, row_standardised
    from gridbeacon.models.significance import permutation_tails

    def run() -> dict[str, np.ndarray]:
        weights = row_standardised(links)
        scores, tails = local_moran(city.window, weights), permutation_tails(city.window, links)
        return {"i": scores.i, "q": scores.quadrant, "z": scores.z, "upper": tails.upper, "lower": tails.lower}

    return run


def _esda_moran(city: City, links: object) -> Callable[[], dict[str, np.ndarray]]:
    import esda

    graph = _graph(links).transform("r")

    def run() -> dict[str, np.ndarray]:
        found = esda.Moran_Local(city.window, graph, permutations=999, n_jobs=1, keep_simulations=False, seed=1)
        return {"i": found.Is, "q": found.q, "p": found.p_sim}

    return run


def our_queen(city: City) -> Callable[[], dict[str, np.ndarray]]:
    from gridbeacon.layers.grids.neighbours import queen

    return lambda: _pairs(queen(city.shapes))


def our_rook(city: City) -> Callable[[], dict[str, np.ndarray]]:
    from gridbeacon.layers.grids.borders import shared_borders

    return lambda: _pairs(shared_borders(city.shapes))


def _libpysal(city: City, rook: bool) -> Callable[[], dict[str, np.ndarray]]:
    import geopandas as gpd
    from libpysal.graph import Graph

    shapes = gpd.GeoSeries(city.shapes)
    return lambda: _pairs(Graph.build_contiguity(shapes, rook=rook).sparse)


def _graph(links: object, star: bool = False) -> object:
    from libpysal.graph import Graph
    from scipy import sparse

    graph = Graph.from_sparse(sparse.coo_array(links))
    return graph.assign_self_weight() if star else graph


def _pairs(links: object) -> dict[str, np.ndarray]:
    found = links.tocoo()
    kept = found.row < found.col
    return {"pairs": np.sort(found.row[kept].astype(np.int64) * found.shape[0] + found.col[kept])}


Way = Callable[[City], Callable[[], dict[str, np.ndarray]]]

TASKS: dict[str, tuple[str, str, Way, Way, float]] = {
    "gi": ("Gi* analytic, every bin", "esda.G_Local, W", our_gi_star, lambda city: _esda_gi_star(city, False), 200),
    "gi_graph": ("the same", "esda.G_Local, Graph", our_gi_star, lambda city: _esda_gi_star(city, True), 200),
    "equal": (
        "local Moran, 999 permutations, equal weights",
        "esda.Moran_Local",
        lambda city: _our_moran(city, city.links),
        lambda city: _esda_moran(city, city.links),
        100,
    ),
    "general": (
        "local Moran, 999 permutations, general weights",
        "esda.Moran_Local",
        lambda city: _our_moran(city, city.weights),
        lambda city: _esda_moran(city, city.weights),
        5,
    ),
    "queen": ("queen neighbours", "libpysal Graph", our_queen, lambda city: _libpysal(city, False), 3.9),
    "rook": ("rook neighbours", "libpysal Graph", our_rook, lambda city: _libpysal(city, True), 1),
}
"""Task -> title, peer, our way, the peer's way, the ratio to reach."""


def work(task: str, side: str, folder: Path, rounds: int) -> None:
    """One way in this process: print its best CPU and clock seconds and memory, leave its output in *folder*."""
    warnings.filterwarnings("ignore")
    way = TASKS[task][2 if side == "ours" else 3]
    started = time.perf_counter()
    way(City(folder, 300))()
    first = time.perf_counter() - started
    run = way(City(folder))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = {"cpu": np.inf, "clock": np.inf}
    for _ in range(rounds):
        clock, cpu = time.perf_counter(), time.process_time()
        found = run()
        best = {
            "cpu": min(best["cpu"], time.process_time() - cpu),
            "clock": min(best["clock"], time.perf_counter() - clock),
        }
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    np.savez(folder / f"{task}_{side}.npz", **found)
    print(json.dumps({**best, "memory": grown, "first": first}))


def measured(task: str, side: str, folder: Path, rounds: int) -> dict[str, float]:
    """`work` in a process of its own."""
    order = [sys.executable, __file__, "--work", task, side, "--folder", str(folder), "--rounds", str(rounds)]
    done = subprocess.run(order, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def apart(task: str, folder: Path) -> str:
    """How the outputs differ, in words."""
    mine, other = (np.load(folder / f"{task}_{side}.npz") for side in ("ours", "peer"))
    if task.startswith("gi"):
        return f"z within {np.abs(mine['z'][: len(other['z'])] - other['z']).max():.0e}"
    if task in ("queen", "rook"):
        unlike = len(np.setxor1d(mine["pairs"], other["pairs"]))
        return f"{unlike} of {len(mine['pairs']):,} pairs differ"
    n = len(mine["i"])
    scale = np.abs(mine["i"] * (n - 1) / n - other["i"]).max()
    smaller = np.minimum(mine["upper"], mine["lower"])
    tied = mine["upper"] + mine["lower"] - 1
    noise = 4.5 * np.sqrt(2 * other["p"] * (1 - other["p"]) / 999) + 2e-3
    beyond = (np.abs(smaller - other["p"]) > tied + noise).sum()
    unlike = (mine["q"] != other["q"]).sum()
    return f"I within {scale:.0e}, {unlike} quadrants differ, p beyond Monte Carlo error and ties in {beyond} cells"


def compare(folder: Path, n_bins: int, rounds: int) -> list[str]:
    """The table, a row a task."""
    rows = []
    for task, (title, peer, _, _, goal) in TASKS.items():
        ours, theirs = measured(task, "ours", folder, rounds), measured(task, "peer", folder, rounds)
        again = measured(task, "ours", folder, rounds)
        cpu = min(ours["cpu"], again["cpu"])
        factor = n_bins / SLICES if task.startswith("gi") else 1
        note = f" ({SLICES} bins × {factor:g})" if task.startswith("gi") else ""
        slow, memory = theirs["cpu"] * factor, f"{ours['memory']:.0f} / {theirs['memory']:.0f}"
        rows.append(
            f"| {title} | {peer}{note} | {cpu:.3f} | {slow:.2f} | **{slow / cpu:.0f} ×** | {goal:g} × "
            f"| {apart(task, folder)} | {memory} | {again['first']:.1f} |"
        )
        print(rows[-1], flush=True)
    return rows


def growth() -> list[str]:
    """Seconds of our ways over cells and bins: Gi* of every bin, permutations of the window by both ways."""
    from gridbeacon.models.hotspot import gi_star
    from gridbeacon.models.significance import permutation_tails
    from scipy import sparse

    rows = []
    for n_cells, n_bins in GROWTH:
        side = int(np.sqrt(n_cells))
        row, col = np.divmod(np.arange(side * side), side)
        steps = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
        ends = [((row + i), (col + j)) for i, j in steps]
        inside = [(r >= 0) & (r < side) & (c >= 0) & (c < side) for r, c in ends]
        one = np.concatenate([np.flatnonzero(ok) for ok in inside])
        two = np.concatenate([(r * side + c)[ok] for (r, c), ok in zip(ends, inside, strict=True)])
        links = sparse.csr_array((np.ones(len(one)), (one, two)), shape=(side * side,) * 2)
        counts = np.random.default_rng(0).poisson(0.3, (n_bins, side * side)).astype(float)
        near = sparse.csr_array(links + sparse.eye_array(side * side))
        weights = links.copy()
        weights.data = np.random.default_rng(1).uniform(0.2, 2, links.nnz)
        window, told = counts.sum(axis=0), []
        for run in (
            lambda c=counts, w=near: gi_star(c, w),
            lambda c=window, w=links: permutation_tails(c, w),
            lambda c=window, w=weights: permutation_tails(c, w),
        ):
            best = np.inf
            for _ in range(3):
                busy = time.process_time()
                run()
                best = min(best, time.process_time() - busy)
            told.append(f"{best:.4f}")
        rows.append(f"| {side * side:,} | {n_bins} | {' | '.join(told)} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=63_684)
    parser.add_argument("--bins", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks/hotspots.md")
    parser.add_argument("--work", nargs=2, metavar=("TASK", "SIDE"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(*asked.work, asked.folder, asked.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_city(Path(folder), asked.cells, asked.bins)
        rows = compare(Path(folder), asked.bins, asked.rounds)
    table = page(rows, growth(), asked.cells, asked.bins)
    print(table)
    if asked.write:
        (ROOT / "docs" / "benchmarks" / "hotspots.md").write_text(table, encoding="utf-8")


def page(rows: list[str], grown: list[str], n_cells: int, n_bins: int) -> str:
    """The page of the docs."""
    names = ("numpy", "scipy", "numba", "shapely", "esda", "libpysal")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    return "\n".join(
        [
            "# Hot spots, local Moran and neighbours",
            "",
            f"Written by `benchmarks/hotspots.py`. {n_cells:,} ragged cells with 43 vertices each, {n_bins} bins; "
            f"Python {platform.python_version()}, {packages}. CPU seconds, best of several rounds, one thread, ours "
            "and the peer in processes of their own in one run. Memory is what the process grew by while it worked, in "
            "MB, ours / the peer's. First run is compiling, or loading what was compiled, on a small city, in seconds "
            "by the clock. esda gives one p for the smaller side with ties on one side only; ours are both sides, ties "
            "on both.",
            "",
            "| task | peer | ours, s | peer, s | ratio | goal | outputs | memory | first run |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            "## Growth",
            "",
            "| cells | bins | Gi* of every bin, s | 999 permutations, equal weights, s | general weights, s |",
            "|---|---|---|---|---|",
            *grown,
            "",
        ]
    )


if __name__ == "__main__":
    main()
